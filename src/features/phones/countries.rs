//! The countries that a number can be of, with their English names (CLDR).

use std::sync::OnceLock;

use crate::platform::phone::calling_code;

const NAMES: &str = include_str!("countries.tsv");

/// A country with a numbering plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Country {
    /// ISO 3166-1 alpha-2.
    pub id: &'static str,
    /// Its name, in English.
    pub name: &'static str,
    /// Its calling code, without the plus.
    pub code: u16,
}

/// All of them, by name.
pub fn all() -> &'static [Country] {
    static ALL: OnceLock<Vec<Country>> = OnceLock::new();
    ALL.get_or_init(|| {
        let country = |line: &'static str| {
            let (id, name) = line.split_once('\t')?;
            Some(Country { id, name, code: calling_code(id)? })
        };
        NAMES.lines().filter_map(country).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_country_has_a_calling_code() {
        assert_eq!(all().len(), NAMES.lines().count());
        assert_eq!(all().iter().find(|country| country.id == "DE").map(|country| country.code), Some(49));
    }
}
