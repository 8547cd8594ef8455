//! Users: who they are, how they are reached, and whether they can sign in at all.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::{CustomerId, UserId};
use super::time::Time;
use super::{Unreadable, spelled};

/// Which user, with the home customer first: every key of a user's rows begins with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UserRef {
    /// The home customer.
    pub customer: CustomerId,
    /// The user.
    pub id: UserId,
}

/// Whether a user can sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Standing {
    /// Set-up not finished.
    Invited,
    /// Can sign in.
    Active,
    /// Kept out by an admin.
    Suspended,
}
spelled!(Standing { Invited => "invited", Active => "active", Suspended => "suspended" });

impl Standing {
    /// What the stored facts say: a suspension weighs more than a finished set-up.
    #[must_use]
    pub const fn from_facts(activated_at: Option<Time>, suspended_at: Option<Time>) -> Self {
        match (activated_at, suspended_at) {
            (_, Some(_)) => Self::Suspended,
            (Some(_), None) => Self::Active,
            (None, None) => Self::Invited,
        }
    }
}

/// A mail address that can be written to: one `@`, no spaces, no control characters, at most 254 bytes (RFC 5321
/// §4.5.3.1.3). It keeps the spelling it came in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address(String);

impl Address {
    /// The address as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two spellings of one address have in common: lower case. The server folds Unicode forms and international
    /// domain names before it makes an `Address`.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }

    /// What a person who may know the address already can recognise, and nobody else can use: `z••••@hafenwerk.example`.
    #[must_use]
    pub fn masked(&self) -> String {
        let (local, domain) = self.0.split_once('@').unwrap_or((&self.0, ""));
        let first: String = local.chars().take(1).collect();
        format!("{first}••••@{domain}")
    }
}

impl std::str::FromStr for Address {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let well_formed = text.len() <= 254
            && text.split_once('@').is_some_and(|(local, domain)| {
                (1..=64).contains(&local.len())
                    && !domain.is_empty()
                    && !domain.contains('@')
                    && !domain.starts_with(['.', '-'])
                    && !domain.ends_with(['.', '-'])
                    && !domain.contains("..")
            })
            && !text.chars().any(|c| c.is_whitespace() || c.is_control() || "<>()[]\\,;:\"".contains(c));
        if well_formed { Ok(Self(text.to_owned())) } else { Err(Unreadable("mail address")) }
    }
}

impl TryFrom<String> for Address {
    type Error = Unreadable;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

/// What was typed, on one line as [`clean_name`] has it; none when nothing was.
#[must_use]
pub fn one_line(typed: &str) -> Option<String> {
    let line = clean_name(typed);
    (!line.is_empty()).then_some(line)
}

/// A name on one line: control characters (CR, LF, NUL and their kin, and those that turn the writing direction) become
/// spaces, runs of spaces one, and 200 characters are kept.
#[must_use]
pub fn clean_name(name: &str) -> String {
    let plain: String = name.chars().map(|c| if is_unprintable(c) { ' ' } else { c }).collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    words.join(" ").chars().take(200).collect()
}

fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_that_nobody_can_write_to_are_refused() {
        for text in [
            "",
            "zoe",
            "@b.example",
            "a@",
            "a@b@c.example",
            "a b@c.example",
            "a@b..example",
            "a@.example",
            "a@example.",
            "a@b.example\r\nBcc: x@y.example",
            "\"a\"@b.example",
            "<a@b.example>",
            "a,b@c.example",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text:?}");
        }
        for text in ["a@b.example", "o'hara+x@sub.b.example", "δήμος@παράδειγμα.example", " a@b.example "]
        {
            assert!(text.parse::<Address>().is_ok(), "{text:?}");
        }
    }

    #[test]
    fn spellings_of_one_address_share_a_key() {
        let key = |text: &str| text.parse::<Address>().unwrap().key();
        assert_eq!(key("Zoe@Hafenwerk.EXAMPLE"), key("zoe@hafenwerk.example"));
    }

    #[test]
    fn an_address_in_a_log_is_masked() {
        let address: Address = "zoe@hafenwerk.example".parse().unwrap();
        assert_eq!(format!("{address:?}"), "z••••@hafenwerk.example");
    }

    #[test]
    fn standing_follows_the_facts() {
        let at = Some(Time::from_unix_milliseconds(1));
        assert_eq!(Standing::from_facts(None, None), Standing::Invited);
        assert_eq!(Standing::from_facts(at, None), Standing::Active);
        assert_eq!(Standing::from_facts(at, at), Standing::Suspended);
        assert_eq!(Standing::from_facts(None, at), Standing::Suspended);
    }

    proptest! {
        #[test]
        fn a_clean_name_has_one_line(name in "(\\PC|[\\r\\n\\t\\x00\\x1b\\u{202e}]){0,300}") {
            let clean = clean_name(&name);
            prop_assert!(!clean.chars().any(is_unprintable));
            prop_assert!(clean.chars().count() <= 200);
            prop_assert_eq!(clean_name(&clean), clean.trim_end());
        }
    }
}
