//! Backup codes: ten single-use codes of 80 random bits, written as 16 characters of Crockford's Base32 in groups of
//! four (NIST SP 800-63B-4 §3.1.2, look-up secrets).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::time::Time;

/// How many codes are in a set.
pub const CODES: usize = 10;
/// Random bytes in a code.
pub const CODE_BYTES: usize = 10;
/// With this many unspent codes or fewer, the user is warned.
pub const FEW: u32 = 3;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 16;

/// The one use of a code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// When.
    pub at: Time,
    /// The network address that it came from, where that is known.
    pub from: Option<String>,
}

/// One backup code. Its `Debug` says nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct BackupCode([u8; CODE_BYTES]);

impl BackupCode {
    /// The code that these random bytes are.
    #[must_use]
    pub const fn from_bytes(random: [u8; CODE_BYTES]) -> Self {
        Self(random)
    }

    /// The bytes, to be hashed or sealed.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; CODE_BYTES] {
        &self.0
    }

    /// What a person typed: case, spaces and hyphens do not matter, and O is read as 0, I and L as 1, as Crockford's
    /// alphabet intends.
    #[must_use]
    pub fn read(typed: &str) -> Option<Self> {
        let mut value: u128 = 0;
        let mut length = 0;
        for c in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let c = match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let digit = ALPHABET.iter().position(|&letter| char::from(letter) == c)?;
            value = value << 5 | digit as u128;
            length += 1;
            if length > LENGTH {
                return None;
            }
        }
        let mut bytes = [0; CODE_BYTES];
        bytes.copy_from_slice(&value.to_be_bytes()[16 - CODE_BYTES..]);
        (length == LENGTH).then_some(Self(bytes))
    }

    /// As it is shown: `7KQF M2XR 9WTD 4HJP`.
    #[must_use]
    pub fn shown(&self) -> String {
        let value = self.0.iter().fold(0u128, |value, &byte| value << 8 | u128::from(byte));
        let letter = |place: usize| char::from(ALPHABET[(value >> (5 * (LENGTH - 1 - place))) as usize & 31]);
        super::totp::in_fours(&(0..LENGTH).map(letter).collect::<String>())
    }
}

impl fmt::Debug for BackupCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BackupCode(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_bits_are_shown() {
        assert_eq!(BackupCode::from_bytes([0; 10]).shown(), "0000 0000 0000 0000");
        assert_eq!(BackupCode::from_bytes([255; 10]).shown(), "ZZZZ ZZZZ ZZZZ ZZZZ");
    }

    #[test]
    fn letters_that_look_alike_are_read_alike() {
        let read = |text| BackupCode::read(text).map(|code| code.shown());
        assert_eq!(read("o1il-ABCD-efgh-jkmn").as_deref(), Some("0111 ABCD EFGH JKMN"));
        for wrong in ["", "7KQF", "7KQF M2XR 9WTD 4HJP 0", "7KQF M2XR 9WTD 4HJU", "7KQF M2XR 9WTD 4HJ!"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_code_in_a_log_says_nothing() {
        assert_eq!(format!("{:?}", BackupCode::from_bytes([7; 10])), "BackupCode(…)");
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(bytes: [u8; 10]) {
            let code = BackupCode::from_bytes(bytes);
            prop_assert_eq!(BackupCode::read(&code.shown()), Some(code.clone()));
            prop_assert_eq!(BackupCode::read(&code.shown().to_lowercase().replace(' ', "-")), Some(code));
        }
    }
}
