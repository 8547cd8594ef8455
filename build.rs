//! Turns the message files in `locales/` into Rust, which `src/words.rs` includes: a folder a language, a file a part of the
//! product. A missing message or argument is then an error of the compiler, and no message file is read at run time. All
//! languages have the same messages with the same arguments: what one lacks, or has alone, ends the build.
//!
//! The macro that comes with `leptos_i18n` would do the same but for arguments in plain text, which mails and attributes need.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;
use std::{env, fs};

use leptos_i18n_parser::parse_locales::options::{Config, ParseOptions};
use leptos_i18n_parser::parse_locales::parse_locales;

const FOLDER: &str = "locales";
/// The language that the others are held against.
const DEFAULT: &str = "en";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={FOLDER}");
    let languages = names(Path::new(FOLDER), "")?;
    let config = Config::new(DEFAULT)?
        .add_locales(languages.iter().filter(|language| *language != DEFAULT))?
        .add_namespaces(names(&Path::new(FOLDER).join(DEFAULT), ".json")?)?
        .parse_options(ParseOptions::new().interpolate_display(true));
    let messages = parse_locales(None, config)?;
    for warning in messages.diag.warnings().iter() {
        println!("cargo::error={warning}");
    }
    for error in messages.diag.errors().iter() {
        println!("cargo::error={error}");
    }
    let expected = arguments(DEFAULT)?;
    for language in languages.iter().filter(|language| *language != DEFAULT) {
        let found = arguments(language)?;
        let keys: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
        for key in keys.into_iter().filter(|key| expected.get(*key) != found.get(*key)) {
            println!("cargo::error={}", complaint(language, key, expected.get(key), found.get(key)));
        }
    }
    let code = leptos_i18n_codegen::gen_code(&messages, None, false, None, false)?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("words.rs"), code.to_string())?;
    Ok(())
}

type Arguments = BTreeSet<String>;

fn complaint(language: &str, key: &str, expected: Option<&Arguments>, found: Option<&Arguments>) -> String {
    match (expected, found) {
        (Some(_), None) => format!("{FOLDER}/{language}: {key} is missing"),
        (None, _) => format!("{FOLDER}/{language}: {key} is no message of {FOLDER}/{DEFAULT}"),
        (Some(expected), Some(found)) => {
            format!("{FOLDER}/{language}: {key} has the arguments {found:?}, where {DEFAULT} has {expected:?}")
        }
    }
}

/// The messages of a language, by file and key, with the names of their arguments.
fn arguments(language: &str) -> Result<BTreeMap<String, Arguments>, Box<dyn Error>> {
    let folder = Path::new(FOLDER).join(language);
    let mut found = BTreeMap::new();
    for name in names(&folder, ".json")? {
        let file = serde_json::from_str(&fs::read_to_string(folder.join(format!("{name}.json")))?)?;
        collect(name, &file, &mut found);
    }
    Ok(found)
}

fn collect(at: String, value: &serde_json::Value, found: &mut BTreeMap<String, Arguments>) {
    if let Some(inside) = value.as_object() {
        for (key, value) in inside {
            collect(format!("{at}.{key}"), value, found);
        }
        return;
    }
    let text = value.as_str().unwrap_or_default();
    let argument = |part: &str| Some(part.split_once("}}")?.0.trim().to_owned());
    found.insert(at, text.split("{{").skip(1).filter_map(argument).collect());
}

/// The names in a folder that end so, without the end, sorted.
fn names(folder: &Path, end: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.extend(entry?.file_name().to_str().and_then(|name| name.strip_suffix(end)).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}
