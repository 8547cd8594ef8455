//! A customer (tenant).

use serde::{Deserialize, Serialize};

use super::ids::CustomerId;
use super::policy::Policy;
use super::user::one_line;

/// How many characters a customer's name or help desk has at most.
const LONGEST: usize = 200;

/// Why what was typed is not a customer's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NameProblem {
    /// A customer needs one.
    Missing,
    /// Longer than one is kept.
    TooLong,
    /// Another customer has it.
    Taken,
}

/// What was typed as a customer's name, as it is kept.
///
/// # Errors
/// Why it is none, whatever others are called.
pub fn read_name(typed: &str) -> Result<String, NameProblem> {
    let name = one_line(typed).ok_or(NameProblem::Missing)?;
    if is_too_long(typed) { Err(NameProblem::TooLong) } else { Ok(name) }
}

/// What was typed is longer than is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// What was typed as a customer's help desk, as it is kept; a customer need not have one.
///
/// # Errors
/// [`TooLong`]: a phone number that mails show without its end reaches nobody.
pub fn read_help_desk(typed: &str) -> Result<Option<String>, TooLong> {
    if is_too_long(typed) { Err(TooLong) } else { Ok(one_line(typed)) }
}

fn is_too_long(typed: &str) -> bool {
    typed.trim().chars().count() > LONGEST
}

/// What is known of a customer beside its policy: all of it stands in mails.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// [`Customer::name`].
    pub name: String,
    /// [`Customer::help_desk`].
    pub help_desk: Option<String>,
    /// [`Customer::language`].
    pub language: Option<String>,
    /// [`Customer::zone`].
    pub zone: Option<String>,
}

impl Details {
    /// What a record says of a change to `new`: which of them, and from what to what.
    #[must_use]
    pub fn changes(&self, new: &Self) -> Vec<(&'static str, String)> {
        let words = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
        let all = [
            ("name", self.name.clone(), new.name.clone()),
            ("help_desk", words(&self.help_desk), words(&new.help_desk)),
            ("language", words(&self.language), words(&new.language)),
            ("zone", words(&self.zone), words(&new.zone)),
        ];
        let differing = all.into_iter().filter(|(_, old, new)| old != new);
        differing.map(|(what, old, new)| (what, format!("{old} → {new}"))).collect()
    }
}

/// An organisation whose users Rekey looks after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Its identifier.
    pub id: CustomerId,
    /// Its name, as people of it write it.
    pub name: String,
    /// How its users reach a person: a phone number or an address, as it stands in mails and on calm pages.
    pub help_desk: Option<String>,
    /// What its mails speak where nothing is known of the user, as a language tag (BCP 47).
    pub language: Option<String>,
    /// Where the times in them are, as a name of the IANA time zone database.
    pub zone: Option<String>,
    /// What it asks of its users and of those who reset them.
    pub policy: Policy,
}

impl Customer {
    /// What is known of it beside its policy.
    #[must_use]
    pub fn details(&self) -> Details {
        let Self { name, help_desk, language, zone, .. } = self.clone();
        Details { name, help_desk, language, zone }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_clean_and_whole_or_not_at_all() {
        assert_eq!(read_name("  Hafenwerk\r\nLogistik ").as_deref(), Ok("Hafenwerk Logistik"));
        assert_eq!(read_name("\r\n\0"), Err(NameProblem::Missing));
        assert_eq!(read_name(&"ä".repeat(200)).as_deref(), Ok("ä".repeat(200).as_str()));
        assert_eq!(read_name(&"ä".repeat(201)), Err(NameProblem::TooLong));
    }

    #[test]
    fn a_help_desk_is_kept_whole_or_not_at_all() {
        assert_eq!(read_help_desk(" \0"), Ok(None));
        assert_eq!(read_help_desk(" room\n7 "), Ok(Some("room 7".to_owned())));
        assert_eq!(read_help_desk(&"1".repeat(200)), Ok(Some("1".repeat(200))));
        assert_eq!(read_help_desk(&"1".repeat(201)), Err(TooLong));
    }

    #[test]
    fn a_change_says_what_was_and_what_is() {
        let old =
            Details { name: "Hafenwerk".to_owned(), zone: Some("Europe/Berlin".to_owned()), ..Details::default() };
        let new = Details { language: Some("de".to_owned()), zone: None, ..old.clone() };
        let changes = [("language", "none → de".to_owned()), ("zone", "Europe/Berlin → none".to_owned())];
        assert_eq!(old.changes(&new), changes);
        assert_eq!(old.changes(&old), []);
    }
}
