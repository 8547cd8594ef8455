//! Phone numbers as people type them, by the numbering plans of the phonenumber crate; and how they are sealed.

use phonenumber::country::Id;
use phonenumber::metadata::DATABASE;

use super::{Fault, Keys, Result, Rng};
use crate::domain::ids::PhoneCodeId;
use crate::domain::phone::PhoneNumber;

/// Why what was typed is no number that codes can be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// No number of that country.
    NotANumber,
    /// A number that takes no text messages, or one that costs its caller more.
    NotAMobile,
}

/// Reads a number as it is written in `country` (ISO 3166-1 alpha-2). One that begins with `+` says itself where it is.
///
/// # Errors
/// When no code can be sent to it.
pub fn read(country: &str, typed: &str) -> std::result::Result<PhoneNumber, Unusable> {
    use phonenumber::Type;
    // No number is longer, however it is grouped, and nothing else may reach the parser.
    let plain = |c: char| c.is_ascii_digit() || " +-./()\u{a0}\u{2011}\u{2013}".contains(c);
    let typed = typed.trim();
    if typed.chars().count() > 40 || !typed.chars().all(plain) {
        return Err(Unusable::NotANumber);
    }
    let country = country.parse::<Id>().ok();
    let number = phonenumber::parse(country, typed).map_err(|_| Unusable::NotANumber)?;
    if !number.is_valid() {
        return Err(Unusable::NotANumber);
    }
    match number.number_type(&DATABASE) {
        Type::Mobile | Type::FixedLineOrMobile | Type::Voip if number.country().id().is_some() => {}
        _ => return Err(Unusable::NotAMobile),
    }
    // Some countries write zeros before a number that are part of it.
    let rest = number.national().to_string();
    PhoneNumber::new(number.country().code(), &rest).map_err(|_| Unusable::NotANumber)
}

/// The calling code of a country (ISO 3166-1 alpha-2).
#[must_use]
pub fn calling_code(country: &str) -> Option<u16> {
    DATABASE.by_id(country).map(phonenumber::Metadata::country_code)
}

/// Where the number of a code that is sent lies: sealed for one place, it opens in no other.
#[must_use]
pub fn code_place(id: PhoneCodeId) -> String {
    format!("phone code {id}")
}

/// Seals a number for one place.
#[must_use]
pub fn seal(keys: &Keys, rng: &Rng, place: &str, number: &PhoneNumber) -> String {
    keys.seal(rng, place, number.kept().as_bytes())
}

/// Opens what [`seal`] sealed for `place`.
///
/// # Errors
/// [`Fault::Sealed`] when it does not open, or is no number.
pub fn open(keys: &Keys, place: &str, sealed: &str) -> Result<PhoneNumber> {
    let bytes = keys.open(place, sealed)?;
    std::str::from_utf8(&bytes).ok().and_then(|text| text.parse().ok()).ok_or(Fault::Sealed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn e164(country: &str, typed: &str) -> Result<String, Unusable> {
        read(country, typed).map(|number| number.e164())
    }

    #[test]
    fn numbers_are_read_as_their_country_writes_them() {
        for (country, typed, number) in [
            ("DE", "0170 123 45 67", "+491701234567"),
            ("DE", "+49 (0)170 1234567", "+491701234567"),
            ("DE", "+351 912 345 678", "+351912345678"),
            ("PT", "912 345 678", "+351912345678"),
            ("US", "(201) 555-0123", "+12015550123"),
            ("GB", "07400 123456", "+447400123456"),
            ("FR", "06 12 34 56 78", "+33612345678"),
            ("BR", "(11) 96123-4567", "+5511961234567"),
            ("SA", "051 234 5678", "+966512345678"),
        ] {
            assert_eq!(e164(country, typed).as_deref(), Ok(number), "{country} {typed}");
        }
    }

    #[test]
    fn what_takes_no_message_is_refused() {
        for (country, typed) in [
            ("DE", ""),
            ("DE", "110"),
            ("DE", "0170"),
            ("DE", "0170 123 45 67 89 01 23 45"),
            ("", "0170 1234567"),
            ("XX", "0170 1234567"),
            ("DE", "0170x1234567"),
            ("DE", "0170\r\n1234567"),
            ("DE", "tel:+491701234567"),
        ] {
            assert_eq!(e164(country, typed), Err(Unusable::NotANumber), "{country} {typed:?}");
        }
        assert_eq!(e164("DE", "030 123456"), Err(Unusable::NotAMobile), "a fixed line");
        assert_eq!(e164("DE", "0900 1 123456"), Err(Unusable::NotAMobile), "a premium rate");
        assert_eq!(e164("DE", "0800 1234567"), Err(Unusable::NotAMobile), "a free call");
        assert_eq!(e164("GB", "070 1234 5678"), Err(Unusable::NotAMobile), "a personal number");
        assert!(e164("", "+881 6 1234 5678").is_err(), "a satellite");
    }

    #[test]
    fn countries_have_calling_codes() {
        assert_eq!((calling_code("DE"), calling_code("PT"), calling_code("XX")), (Some(49), Some(351), None));
    }
}
