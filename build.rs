//! Turns the message files in `locales/` into Rust, which `src/words.rs` includes: a folder a language, a file a part of the
//! product. A missing message or argument is then an error of the compiler, and no message file is read at run time.
//!
//! The macro that comes with `leptos_i18n` would do the same but for arguments in plain text, which mails and attributes need.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use leptos_i18n_parser::parse_locales::options::{Config, ParseOptions};
use leptos_i18n_parser::parse_locales::parse_locales;

const FOLDER: &str = "locales";
/// The language that every message exists in; another may lack some.
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
        println!("cargo::warning={warning}");
    }
    for error in messages.diag.errors().iter() {
        println!("cargo::error={error}");
    }
    let code = leptos_i18n_codegen::gen_code(&messages, None, false, None, false)?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("words.rs"), code.to_string())?;
    Ok(())
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
