//! Text from outside, folded to the forms by which it is found, and values by the one by which they are told apart.

use serde::Serialize;
use unicode_normalization::UnicodeNormalization as _;

use super::keys::sha256;
use crate::domain::user::Address;

/// What all spellings of one mail address have in common: Unicode's compatibility form (NFKC), lower case, and the domain
/// in its ASCII form (UTS 46).
#[must_use]
pub fn address_key(address: &Address) -> String {
    let folded: String = address.as_str().nfkc().collect::<String>().to_lowercase();
    match folded.rsplit_once('@') {
        Some((local, domain)) => match url::Host::parse(domain) {
            Ok(url::Host::Domain(ascii)) => format!("{local}@{ascii}"),
            _ => folded,
        },
        None => folded,
    }
}

/// How names are sorted and searched: compatibility form without marks, lower case.
#[must_use]
pub fn name_key(name: &str) -> String {
    name.nfkd().filter(|c| !unicode_normalization::char::is_combining_mark(*c)).collect::<String>().to_lowercase()
}

/// `text` as a `LIKE` pattern with `\` as escape: anywhere, literally.
#[must_use]
pub fn like_anywhere(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// A cell of a CSV file, in quotes, that no spreadsheet takes for a formula (OWASP, CSV injection).
#[must_use]
pub fn csv_cell(text: &str) -> String {
    let inert = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{inert}{}\"", text.replace('"', "\"\""))
}

/// What names a value as it stands: whoever is shown one and changes it says with this what they saw.
///
/// # Panics
/// When it is no JSON: all that are asked for are.
#[must_use]
pub fn version_of<T: Serialize>(value: &T) -> String {
    sha256(serde_json::to_string(value).expect("what has a version is always JSON").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> String {
        address_key(&text.parse().unwrap())
    }

    #[test]
    fn spellings_of_one_address_meet_and_no_others() {
        assert_eq!(key("Zoë@Bücher.example"), key("zoe\u{308}@xn--bcher-kva.example"));
        assert_eq!(key("ＩＮＦＯ@a.example"), key("info@A.example"));
        assert_ne!(key("zoe@a.example"), key("zoë@a.example"));
        // A Cyrillic а is another letter, not another spelling.
        assert_ne!(key("ines@a.example"), key("ines@\u{430}.example"));
    }

    #[test]
    fn names_are_found_without_their_marks() {
        assert_eq!(name_key("Zoë Brückner"), "zoe bruckner");
        assert_eq!(name_key("Nguyễn"), "nguyen");
    }

    #[test]
    fn a_search_is_literal() {
        assert_eq!(like_anywhere("50%_\\"), "%50\\%\\_\\\\%");
    }
}
