//! Time-based one-time passwords (RFC 6238): 160-bit secret, SHA-1, six digits, steps of 30 seconds, one step of
//! tolerance either side. The arithmetic of a code is a library's; when a code counts is decided here.

use super::time::Time;

/// Seconds in a step (RFC 6238 §5.2 recommends 30).
pub const STEP_SECONDS: u64 = 30;
/// How many steps before and after the current one are accepted.
pub const TOLERANCE: u16 = 1;
/// Digits of a code.
pub const DIGITS: usize = 6;
/// Bytes of a secret (RFC 4226 §4 R6 recommends 160 bits).
pub const SECRET_BYTES: usize = 20;

/// A time step: whole 30-second intervals since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step(pub i64);

impl Step {
    /// The step that `now` lies in.
    #[must_use]
    pub const fn at(now: Time) -> Self {
        Self((now.unix_seconds() / STEP_SECONDS).cast_signed())
    }

    /// The replay rule (RFC 6238 §5.2: a code is accepted once): whether a code of this step may be taken when the last
    /// one taken was of step `last`.
    #[must_use]
    pub fn is_fresh(self, last: Option<Self>) -> bool {
        last.is_none_or(|last| self > last)
    }
}

/// The six digits a person typed; spaces and hyphens between them do not matter.
#[must_use]
pub fn read_digits(typed: &str) -> Option<String> {
    let digits: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    (digits.len() == DIGITS && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
}

/// The address that a QR code carries to an authenticator app (the key URI format): label, secret, issuer.
#[must_use]
pub fn key_uri(issuer: &str, account: &str, base32_secret: &str) -> String {
    let issuer = percent(issuer);
    format!(
        "otpauth://totp/{issuer}:{}?secret={base32_secret}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}",
        percent(account)
    )
}

/// A key in groups of four, to be typed.
#[must_use]
pub fn in_fours(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// Percent-encodes all but RFC 3986's unreserved characters. A colon would end the label's issuer, so it goes too.
fn percent(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a string does not fail");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_uri_names_issuer_and_account() {
        assert_eq!(
            key_uri("Clínica: São Bento", "zoe@b.example", "JBSWY3DP"),
            "otpauth://totp/Cl%C3%ADnica%3A%20S%C3%A3o%20Bento:zoe%40b.example?secret=JBSWY3DP\
             &issuer=Cl%C3%ADnica%3A%20S%C3%A3o%20Bento&algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn digits_are_read_as_people_type_them() {
        for typed in ["123456", " 123 456 ", "123-456", "1 2 3 4 5 6"] {
            assert_eq!(read_digits(typed).as_deref(), Some("123456"));
        }
        for typed in ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", "123456.0"] {
            assert_eq!(read_digits(typed), None, "{typed}");
        }
    }

    #[test]
    fn keys_are_shown_in_fours() {
        assert_eq!(in_fours("K5QXEZLSMF"), "K5QX EZLS MF");
    }

    proptest! {
        #[test]
        fn a_code_is_spent_once(steps in prop::collection::vec(0i64..40, 1..60)) {
            // Whatever is offered in whatever order, no step is taken twice, and none before one already taken.
            let mut last = None;
            let mut taken = Vec::new();
            for step in steps.into_iter().map(Step) {
                if step.is_fresh(last) {
                    last = Some(step);
                    taken.push(step);
                }
            }
            prop_assert!(taken.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}
