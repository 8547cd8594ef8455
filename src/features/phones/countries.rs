//! The countries that a number can be of, with their names in each language (CLDR): English, German, Spanish, French, Dutch.

use crate::platform::phone::calling_code;
use crate::platform::text::name_key;
use crate::words::Locale;

const NAMES: &str = include_str!("countries.tsv");

/// A country with a numbering plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Country {
    /// ISO 3166-1 alpha-2.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its calling code, without the plus.
    pub code: u16,
}

/// All of them, by their names in this language.
#[must_use]
pub fn all(locale: Locale) -> Vec<Country> {
    let column = match locale {
        Locale::en => 1,
        Locale::de => 2,
        Locale::es => 3,
        Locale::fr => 4,
        Locale::nl => 5,
    };
    let country = |line: &'static str| {
        let mut columns = line.split('\t');
        let id = columns.next()?;
        Some(Country { id, name: columns.nth(column - 1)?, code: calling_code(id)? })
    };
    let mut all: Vec<Country> = NAMES.lines().filter_map(country).collect();
    all.sort_by_cached_key(|country| name_key(country.name));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::languages;

    #[test]
    fn every_country_has_a_calling_code_and_a_name_in_every_language() {
        for (locale, _) in languages() {
            let all = all(locale);
            assert_eq!(all.len(), NAMES.lines().count());
            assert!(all.iter().all(|country| !country.name.is_empty()));
        }
        let germany =
            |locale| all(locale).into_iter().find(|country| country.id == "DE").map(|found| (found.name, found.code));
        assert_eq!(germany(Locale::en), Some(("Germany", 49)));
        assert_eq!(germany(Locale::fr), Some(("Allemagne", 49)));
        assert_eq!(all(Locale::de)[0].name, "Afghanistan");
        assert_eq!(all(Locale::nl).last().map(|last| last.id), Some("CH"));
    }
}
