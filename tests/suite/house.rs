//! The house: arrows between its modules only go down. This reads what each file names and fails when one turns round.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rekey::domain::method::Artefact;

/// A source file, without its comments.
struct File {
    /// Where it lies below `src`.
    path: String,
    /// Its module, as in `["features", "audit", "store"]`; empty for the crate's root.
    module: Vec<String>,
    code: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn files() -> Vec<File> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let src = root().join("src");
    let mut found = Vec::new();
    walk(&src, &mut found);
    found.sort();
    assert!(found.len() > 40, "the sources are where they are looked for");
    let file = |path: PathBuf| {
        let below = path.strip_prefix(&src).unwrap().with_extension("");
        let mut module: Vec<String> = below.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
        if module.last().is_some_and(|last| last == "mod") || module == ["lib"] {
            module.pop();
        }
        let text = fs::read_to_string(&path).unwrap();
        let code = text.lines().map(without_comment).collect::<Vec<_>>().join("\n");
        File { path: below.display().to_string(), module, code }
    };
    found.into_iter().map(file).collect()
}

/// `//` outside an address begins a comment.
fn without_comment(line: &str) -> &str {
    let comment = line.match_indices("//").find(|(at, _)| !line[..*at].ends_with(':'));
    comment.map_or(line, |(at, _)| &line[..at])
}

/// The paths that a tree of names stands for: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn paths(tree: &str) -> Vec<Vec<String>> {
    fn read<'a>(mut rest: &'a str, prefix: &[String], found: &mut Vec<Vec<String>>) -> &'a str {
        rest = rest.trim_start();
        if let Some(group) = rest.strip_prefix('{') {
            rest = group;
            loop {
                rest = rest.trim_start();
                if let Some(after) = rest.strip_prefix('}') {
                    return after;
                }
                rest = read(rest, prefix, found).trim_start();
                rest = rest.strip_prefix(',').unwrap_or(rest);
                assert!(!rest.is_empty(), "an open brace");
            }
        }
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (name, after) = rest.split_at(end.max(usize::from(rest.starts_with('*'))));
        let mut path = prefix.to_vec();
        if !name.is_empty() {
            path.push(name.to_owned());
        }
        match after.strip_prefix("::") {
            Some(deeper) if !deeper.starts_with('<') => read(deeper, &path, found),
            _ => {
                found.push(path);
                // `as other_name` is no further path.
                let renamed = after.trim_start().strip_prefix("as ");
                renamed.map_or(after, |renamed| {
                    let renamed = renamed.trim_start();
                    &renamed[renamed.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(renamed.len())..]
                })
            }
        }
    }
    let mut found = Vec::new();
    read(tree, &[], &mut found);
    found
}

/// Every module of this crate that a file names, as a path from the crate's root.
fn named(file: &File) -> Vec<Vec<String>> {
    let mut named = Vec::new();
    for (at, _) in file.code.match_indices("crate::").filter(|(at, _)| starts_a_word(&file.code, *at)) {
        named.extend(paths(&file.code[at + "crate::".len()..]));
    }
    for (at, _) in file.code.match_indices("super::").filter(|(at, _)| starts_a_word(&file.code, *at)) {
        if file.code[..at].ends_with("super::") {
            continue;
        }
        let mut rest = &file.code[at..];
        let mut up = 0;
        while let Some(after) = rest.strip_prefix("super::") {
            (rest, up) = (after, up + 1);
        }
        // Unit tests are a module of their own at the end of a file.
        up -= usize::from(file.code[..at].contains("mod tests {"));
        let base = &file.module[..file.module.len().saturating_sub(up)];
        named.extend(paths(rest).into_iter().map(|path| [base, &path].concat()));
    }
    named
}

fn starts_a_word(text: &str, at: usize) -> bool {
    !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// The slices on each floor, the highest first, as the doc of `src/features/mod.rs` draws them.
fn floors() -> Vec<Vec<String>> {
    let doc = fs::read_to_string(root().join("src/features/mod.rs")).unwrap();
    let picture = doc.split("//! ```").nth(1).expect("the floors are drawn there");
    let floors = picture
        .lines()
        .skip(1)
        .map(|line| line.trim_start_matches("//!").split_whitespace().map(str::to_owned).collect());
    floors.filter(|floor: &Vec<String>| !floor.is_empty()).collect()
}

fn slices() -> BTreeSet<String> {
    let entries = fs::read_dir(root().join("src/features")).unwrap().map(|entry| entry.unwrap());
    entries.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name().into_string().unwrap()).collect()
}

/// How high a module stands: whoever names another must stand higher.
fn height(module: &[String], floors: &[Vec<String>]) -> Option<usize> {
    let below = ["domain", "words", "ui platform"];
    let above = ["app", "server demo", "commands", "main"];
    let is_on = |names: &str| names.split(' ').any(|name| module.first().is_some_and(|first| first == name));
    let slice = || floors.iter().rev().position(|floor| module.get(1).is_some_and(|slice| floor.contains(slice)));
    below
        .iter()
        .position(|names| is_on(names))
        .or_else(|| above.iter().position(|names| is_on(names)).map(|place| below.len() + floors.len() + place))
        .or_else(|| if is_on("features") { slice().map(|place| below.len() + place) } else { None })
}

/// What may name itself: a slice, or anything else by its first name.
fn house(module: &[String]) -> &[String] {
    let depth = if module.first().is_some_and(|first| first == "features") { 2 } else { 1 };
    &module[..depth.min(module.len())]
}

#[test]
fn every_slice_has_its_floor_in_the_doc_and_in_the_readme() {
    let floors = floors();
    let drawn: Vec<&String> = floors.iter().flatten().collect();
    let once: BTreeSet<String> = drawn.iter().map(|slice| (*slice).clone()).collect();
    assert_eq!(drawn.len(), once.len(), "a slice stands on two floors");
    assert_eq!(once, slices());

    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let picture = readme.split("```").find(|block| block.contains("main →")).expect("README draws the arrows");
    let in_readme: Vec<Vec<String>> = picture
        .lines()
        .map(|line| line.split_whitespace().map(str::to_owned).filter(|word| once.contains(word)).collect())
        .filter(|floor: &Vec<String>| !floor.is_empty())
        .collect();
    assert_eq!(in_readme, floors, "README's picture is another");
}

#[test]
fn arrows_only_go_down() {
    let floors = floors();
    let mut wrong = Vec::new();
    for file in files() {
        let Some(mine) = height(&file.module, &floors) else {
            assert!(file.module.is_empty() || file.module == ["features"], "{} stands nowhere in the house", file.path);
            continue;
        };
        for path in named(&file) {
            if house(&path) == house(&file.module) || path.is_empty() {
                continue;
            }
            match height(&path, &floors) {
                Some(theirs) if theirs < mine => {}
                Some(_) => wrong.push(format!("{} names {}, which is not below it", file.path, path.join("::"))),
                None => {
                    wrong.push(format!("{} names {}, which stands nowhere in the house", file.path, path.join("::")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn a_store_is_its_slices_own_and_all_of_its_sql() {
    let mut stores = 0;
    for file in files() {
        let in_store = file.module.first().is_some_and(|first| first == "features")
            && file.module.get(2).is_some_and(|part| part == "store");
        stores += usize::from(in_store);
        assert!(!file.code.contains("pub mod store") && !file.code.contains("pub(crate) mod store"), "{}", file.path);
        for path in named(&file).iter().filter(|path| path.iter().any(|name| name == "store")) {
            assert_eq!(house(path), house(&file.module), "{} names {}", file.path, path.join("::"));
        }
        if !in_store && file.module.first().is_none_or(|first| first != "platform") {
            assert!(!file.code.contains("sqlx::"), "{} speaks SQL outside a store", file.path);
        }
    }
    assert!(stores >= 8);
}

#[test]
fn the_domain_knows_nothing_but_itself() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let dependencies = manifest.split("\n[").find(|part| part.starts_with("dependencies]")).unwrap();
    let crates: Vec<String> = dependencies
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.trim().replace('-', "_"))
        .filter(|name| !["serde", "serde_json", "thiserror"].contains(&name.as_str()))
        .collect();
    assert!(crates.contains(&"sqlx".to_owned()) && crates.contains(&"leptos".to_owned()));
    for file in files().iter().filter(|file| file.module.first().is_some_and(|first| first == "domain")) {
        for name in &crates {
            let is_named = file.code.match_indices(&format!("{name}::")).any(|(at, _)| starts_a_word(&file.code, at));
            assert!(!is_named, "{} names {name}", file.path);
        }
    }
}

#[test]
fn an_arrow_that_turns_round_is_seen() {
    let file = |module: &str, code: &str| File {
        path: module.replace("::", "/"),
        module: module.split("::").map(str::to_owned).collect(),
        code: code.to_owned(),
    };
    let floors = floors();
    let goes_down = |file: &File| {
        let mine = height(&file.module, &floors).unwrap();
        named(file)
            .iter()
            .all(|path| house(path) == house(&file.module) || height(path, &floors).is_some_and(|theirs| theirs < mine))
    };
    for (module, code) in [
        ("features::recovery::service", "use crate::features::{audit, session::service::{Session, find}};"),
        ("features::users::import::table", "use super::super::store; fn f() { crate::domain::user::clean_name(x) }"),
        ("domain::plan", "use super::user::UserRef; mod tests { use super::super::ids; }"),
        ("ui::time", "use crate::words::td_string;"),
    ] {
        assert!(goes_down(&file(module, code)), "{code}");
    }
    for (module, code) in [
        ("features::recovery::service", "use crate::features::{audit, set_up};"),
        ("features::recovery::service", "fn f() { crate::features::sign_in::service::begin() }"),
        ("features::users::import::table", "use super::super::super::reset::service;"),
        ("features::session::service", "use crate::features::audit;"),
        ("domain::plan", "use crate::platform::Rng;"),
        ("domain::plan", "use super::super::words;"),
        ("platform::db", "use crate::features::session::service;"),
        ("ui::time", "use crate::features::session::api::Console;"),
        ("ui::time", "use crate::platform::text;"),
        ("app", "use crate::server::router;"),
    ] {
        assert!(!goes_down(&file(module, code)), "{code}");
    }
}

#[test]
fn the_documentation_says_what_a_reset_does() {
    let doc = fs::read_to_string(root().join("src/features/reset/mod.rs")).unwrap();
    let told: Vec<&str> = doc.lines().filter_map(|line| line.strip_prefix("//! | ")).skip(1).collect();
    let expected = Artefact::all().into_iter().map(|what| {
        let fate = format!("{:?}", what.fate()).to_lowercase();
        format!("{} | {fate} |", what.labels())
    });
    assert_eq!(told, expected.collect::<Vec<_>>());
}

#[test]
fn trees_of_names_are_read_whole() {
    let read = |tree: &str| paths(tree).into_iter().map(|path| path.join("::")).collect::<Vec<_>>();
    assert_eq!(read("a::b;"), ["a::b"]);
    assert_eq!(read("a::{b, c::{d, e as f}, self}, g"), ["a::b", "a::c::d", "a::c::e", "a::self"]);
    assert_eq!(read("a::b::<T>()"), ["a::b"]);
    assert_eq!(read("a::\n    b(c::d)"), ["a::b"]);
    assert_eq!(without_comment("use a; // crate::b"), "use a; ");
    assert_eq!(without_comment("\"http://x\" // y"), "\"http://x\" ");
}
