//! What a new password must be (NIST SP 800-63B-4 §3.1.1.2): long, and not one that is guessed first. No rules about
//! which characters: they make passwords worse.

use serde::{Deserialize, Serialize};

/// The shortest password where it is all there is, in characters.
pub const SHORTEST_ALONE: u16 = 15;
/// The shortest password where a second factor is required beside it, in characters.
pub const SHORTEST_WITH_FACTOR: u16 = 8;
/// The longest password that is taken, in bytes.
pub const LONGEST: usize = 1024;

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Weakness {
    /// It has fewer characters than this.
    Short(u16),
    /// It has more bytes than this.
    Long(u16),
    /// Somebody who guesses tries it among the first.
    Common,
    /// It is the user's own address or name.
    Yourself,
}

/// The shortest password that is taken, in characters.
#[must_use]
pub const fn shortest(mfa_required: bool) -> u16 {
    if mfa_required { SHORTEST_WITH_FACTOR } else { SHORTEST_ALONE }
}

/// Whether `password` may be the new one of somebody who is called `own`: their address, their name. `is_common` says
/// whether it is among those that are guessed first; it is asked last.
///
/// # Errors
/// The first reason against it.
pub fn check(
    password: &str,
    mfa_required: bool,
    own: &[&str],
    is_common: impl FnOnce(&str) -> bool,
) -> Result<(), Weakness> {
    if password.len() > LONGEST {
        return Err(Weakness::Long(1024));
    }
    let least = shortest(mfa_required);
    if password.chars().count() < usize::from(least) {
        return Err(Weakness::Short(least));
    }
    let plain = plain(password);
    let is_own = |name: &&str| {
        let local = name.split('@').next().unwrap_or_default();
        [*name, local].iter().map(|name| self::plain(name)).any(|name| !name.is_empty() && name == plain)
    };
    if own.iter().any(is_own) {
        return Err(Weakness::Yourself);
    }
    if is_common(password) { Err(Weakness::Common) } else { Ok(()) }
}

/// What is left of a name when nothing but its letters and digits counts.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OWN: [&str; 2] = ["zoe.brueckner@hafenwerk.example", "Zoë Brückner"];

    fn checked(password: &str, mfa_required: bool) -> Result<(), Weakness> {
        check(password, mfa_required, &OWN, |password| password == "correct horse battery staple")
    }

    #[test]
    fn length_is_what_counts() {
        assert_eq!(checked("14 characters.", false), Err(Weakness::Short(15)));
        assert_eq!(checked("15 characters..", false), Ok(()));
        assert_eq!(checked("7 chars", true), Err(Weakness::Short(8)));
        assert_eq!(checked("8 chars.", true), Ok(()));
        // Characters are counted, not bytes: eight are eight in every script.
        assert_eq!(checked("ключевое", true), Ok(()));
        assert_eq!(checked(&"x".repeat(1024), false), Ok(()));
        assert_eq!(checked(&"x".repeat(1025), false), Err(Weakness::Long(1024)));
        assert_eq!(checked(&"é".repeat(513), false), Err(Weakness::Long(1024)));
    }

    #[test]
    fn what_everybody_knows_is_no_secret() {
        assert_eq!(checked("correct horse battery staple", false), Err(Weakness::Common));
        for own in ["zoe.brueckner@hafenwerk.example", "ZOE.BRUECKNER", "Zoë Brückner", "zoëbrückner", "zoe-brueckner"]
        {
            assert_eq!(checked(own, true), Err(Weakness::Yourself), "{own}");
        }
        assert_eq!(check("nobody's name", true, &["", "@"], |_| false), Ok(()));
    }

    proptest! {
        #[test]
        fn nothing_but_length_is_asked(password in "\\PC{15,60}") {
            prop_assume!(password.len() <= LONGEST);
            prop_assert_eq!(check(&password, false, &[], |_| false), Ok(()));
        }
    }
}
