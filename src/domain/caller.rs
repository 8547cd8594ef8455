//! Caller codes: what a help desk reads out to somebody whom it has identified, and who has forgotten the password. A code
//! goes with one recovery link. Neither opens anything alone.

use serde::{Deserialize, Serialize};

use super::spelled;
use super::time::{Span, Time};

/// How long a code counts.
pub const LIFETIME: Span = Span::minutes(10);
/// Wrong codes that end one that was made.
pub const WRONG_CODES: i64 = 5;
/// How many codes are made for one user within [`WINDOW`].
pub const MOST_IN_WINDOW: usize = 5;
/// The time over which those codes are counted.
pub const WINDOW: Span = Span::hours(1);
const DIGITS: usize = 8;

/// What is asked for beside a recovery link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondProof {
    /// The password, and nothing in its place.
    #[default]
    Password,
    /// The password, or a code that the help desk reads out.
    PasswordOrCallerCode,
}
spelled!(SecondProof { Password => "password", PasswordOrCallerCode => "password_or_caller_code" });

impl SecondProof {
    /// Whether caller codes are made and taken.
    #[must_use]
    pub const fn takes_caller_codes(self) -> bool {
        matches!(self, Self::PasswordOrCallerCode)
    }
}

/// How a help desk made sure whom it spoke with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Identified {
    /// Called back on a number that was known before.
    CalledBack,
    /// Met in person.
    InPerson,
    /// Saw an identity document, and the person with it, on video.
    OnVideo,
    /// In another way, which a line of text names.
    Other,
}
spelled!(Identified {
    CalledBack => "called_back",
    InPerson => "in_person",
    OnVideo => "on_video",
    Other => "other",
});

impl Identified {
    /// In words, for a list.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::CalledBack => "Called back on a number we know",
            Self::InPerson => "Met in person",
            Self::OnVideo => "Identity document on video",
            Self::Other => "Other",
        }
    }
}

/// Eight digits out of a keyed hash. One hash in 2^37 falls on a shorter rest: no number is likelier by more than that.
#[must_use]
pub fn digits(hash: [u8; 32]) -> String {
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    format!("{:08}", u64::from_be_bytes(first) % 100_000_000)
}

/// As it is read out: `1234 5678`.
#[must_use]
pub fn grouped(digits: &str) -> String {
    digits.split_at_checked(DIGITS / 2).map_or_else(|| digits.to_owned(), |(first, rest)| format!("{first} {rest}"))
}

/// The digits of what was typed, with or without spaces and hyphens between them; none when those are not eight digits.
#[must_use]
pub fn read(typed: &str) -> Option<String> {
    let digits: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    (digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}

/// When the next code may be made for a user for whom some were made at these times, the newest first. None: at once.
#[must_use]
pub fn next_at(made: &[Time], now: Time) -> Option<Time> {
    let last_that_counts = *made.get(MOST_IN_WINDOW - 1)?;
    Some(last_that_counts + WINDOW).filter(|at| now < *at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_grouped() {
        for typed in ["12345678", "1234 5678", " 12 34-56 78 ", "1234\u{a0}5678"] {
            assert_eq!(read(typed).as_deref(), Some("12345678"), "{typed}");
        }
        for typed in ["", "1234567", "123456789", "1234 567x", "１２３４５６７８", "1234_5678", "12345678\0"] {
            assert_eq!(read(typed), None, "{typed}");
        }
    }

    #[test]
    fn five_codes_an_hour() {
        let at = |minute: i64| Time::from_unix_milliseconds(0) + Span::minutes(minute);
        assert_eq!(next_at(&[at(4), at(3), at(2), at(1)], at(4)), None);
        let five = [at(5), at(4), at(3), at(2), at(1)];
        assert_eq!(next_at(&five, at(5)), Some(at(61)));
        assert_eq!(next_at(&five, at(61)), None);
    }

    proptest! {
        #[test]
        fn every_code_has_eight_digits_and_is_read_back(hash: [u8; 32]) {
            let code = digits(hash);
            prop_assert_eq!(read(&grouped(&code)), Some(code));
        }
    }
}
