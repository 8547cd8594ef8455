//! Passwords that are guessed first.

use zxcvbn::zxcvbn;

use crate::domain::password::{self, Weakness};

/// Whoever guesses tries fewer than this many before.
const TOO_FEW_GUESSES: u64 = 1_000_000;

/// Whether `password` is on the list of those that people choose most, or so near to one of them, or to one of these words
/// of its owner, that a guesser comes to it as soon.
#[must_use]
pub fn is_common(password: &str, own: &[&str]) -> bool {
    zxcvbn(password, own).guesses() < TOO_FEW_GUESSES
}

/// Whether `password` may be the new one of somebody with this address and name.
///
/// # Errors
/// The first reason against it.
pub fn check(password: &str, mfa_required: bool, own: &[&str]) -> Result<(), Weakness> {
    password::check(password, mfa_required, own, |password| is_common(password, own))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guessed_first_is_known() {
        for common in [
            "password1",
            "P@ssw0rd",
            "iloveyou1",
            "12345678",
            "qwertyuiop",
            "drowssap",
            "aaaaaaaaaaaaaaa",
            "zoebrueckner",
        ] {
            assert!(is_common(common, &["Zoe", "Brueckner"]), "{common}");
        }
        for uncommon in ["correct horse battery staple", "nordlicht-hafenwerk", "tide over gravel", "wXq4lamp"] {
            assert!(!is_common(uncommon, &[]), "{uncommon}");
        }
        assert!(!is_common(&"tide over gravel ".repeat(60), &[]));
    }
}
