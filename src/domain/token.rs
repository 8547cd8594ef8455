//! A hardware token, which belongs to a customer and goes from hand to hand: what may become of it, and what its next
//! holder has to show.

use serde::{Deserialize, Serialize};

use super::Unreadable;
use super::spelled;
use super::time::{Span, Time};
use super::user::clean_name;

/// Letters of the longest serial number, maker or model.
pub const LONGEST_SERIAL: usize = 60;
/// The most tokens that one file brings.
pub const MOST_TOKENS: usize = 10_000;
/// How long a file waits for its confirmation.
pub const IMPORT_LIFETIME: Span = Span::minutes(30);

/// Where a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenState {
    /// In the drawer, and nobody's yet.
    InStock,
    /// Somebody's, who has not shown a code of it yet: it opens nothing.
    Assigned,
    /// A second factor of its holder.
    Active,
    /// In the drawer again: somebody else had it in their hands.
    Returned,
    /// Nobody knows where.
    Lost,
}
spelled!(TokenState {
    InStock => "in_stock",
    Assigned => "assigned",
    Active => "active",
    Returned => "returned",
    Lost => "lost",
});

impl TokenState {
    /// In words, for a list.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::InStock => "In stock",
            Self::Assigned => "Not activated yet",
            Self::Active => "Active",
            Self::Returned => "Returned",
            Self::Lost => "Lost",
        }
    }
}

/// What is done with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenAct {
    /// It came with a file.
    Add,
    /// Given to somebody.
    Assign,
    /// Its holder showed a code of it.
    Activate,
    /// It is nobody's second factor any more: by a reset, or taken away alone.
    Deactivate,
    /// Back in the drawer, or found again.
    Return,
    /// Gone.
    Lose,
}
spelled!(TokenAct {
    Add => "add",
    Assign => "assign",
    Activate => "activate",
    Deactivate => "deactivate",
    Return => "return",
    Lose => "lose",
});

impl TokenAct {
    /// In words, for a history.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Add => "Came into the stock",
            Self::Assign => "Assigned",
            Self::Activate => "Activated",
            Self::Deactivate => "Deactivated and returned to stock",
            Self::Return => "Returned to stock",
            Self::Lose => "Reported lost",
        }
    }
}

/// What a token's row says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// When it was given to whoever has it.
    pub assigned_at: Option<Time>,
    /// When they showed a code of it.
    pub activated_at: Option<Time>,
    /// When it last came back from somebody.
    pub returned_at: Option<Time>,
    /// When it was lost.
    pub lost_at: Option<Time>,
}

impl Facts {
    /// Where it is.
    #[must_use]
    pub const fn state(&self) -> TokenState {
        match self {
            Self { lost_at: Some(_), .. } => TokenState::Lost,
            Self { activated_at: Some(_), .. } => TokenState::Active,
            Self { assigned_at: Some(_), .. } => TokenState::Assigned,
            Self { returned_at: Some(_), .. } => TokenState::Returned,
            _ => TokenState::InStock,
        }
    }

    /// Since when it is there, if it came there after it came at all.
    #[must_use]
    pub fn since(&self) -> Option<Time> {
        self.lost_at.or(self.activated_at).or(self.assigned_at).or(self.returned_at)
    }

    /// Whether its next holder shows two codes in a row: somebody else may know one of them.
    #[must_use]
    pub const fn wants_two_codes(&self) -> bool {
        self.returned_at.is_some()
    }

    /// The row after `act`; none when that cannot be done with a token that is where this one is.
    #[must_use]
    pub fn after(self, act: TokenAct, now: Time) -> Option<Self> {
        use TokenState::{Active, Assigned, InStock, Lost, Returned};
        let back = Self { returned_at: Some(now), ..Self::default() };
        match (self.state(), act) {
            (InStock | Returned, TokenAct::Assign) => Some(Self { assigned_at: Some(now), ..self }),
            (Assigned, TokenAct::Activate) => Some(Self { activated_at: Some(now), ..self }),
            // Whoever holds an active one loses a second factor, which is another thing and has rules of its own.
            (Active, TokenAct::Deactivate) | (Assigned | Lost, TokenAct::Return) => Some(back),
            (InStock | Assigned | Returned, TokenAct::Lose) => {
                Some(Self { lost_at: Some(now), returned_at: self.returned_at, ..Self::default() })
            }
            _ => None,
        }
    }
}

/// A serial number, a maker or a model as a file has it, on one line.
///
/// # Errors
/// When it is empty or has more than [`LONGEST_SERIAL`] letters.
pub fn read_serial(typed: &str) -> Result<String, Unreadable> {
    let serial = clean_name(typed);
    if (1..=LONGEST_SERIAL).contains(&serial.chars().count()) { Ok(serial) } else { Err(Unreadable("serial number")) }
}

/// How serial numbers are compared: without case, spaces and hyphens, which labels and files set as they like.
#[must_use]
pub fn serial_key(serial: &str) -> String {
    serial.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Why a token of a file does not come into the stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Untaken {
    /// Nothing to know it by.
    NoSerial,
    /// Nothing to make codes from.
    NoSecret,
    /// Not Base32, hexadecimal or Base64, whichever it had to be.
    BadSecret,
    /// Fewer than 128 bits, or more than 1,024.
    SecretLength,
    /// What it is encrypted or authenticated with did not hold: changed, or another key.
    Unopened,
    /// Steps of neither 30 nor 60 seconds.
    BadInterval,
    /// Neither six nor eight digits.
    BadDigits,
    /// A counter that is none.
    BadCounter,
    /// Neither HOTP nor TOTP.
    OtherKind,
    /// Cells have slipped, as after a separator that is not in quotes.
    Slipped,
    /// The serial number of an earlier line again.
    Twice,
    /// In this customer's stock already.
    Here,
    /// The owner's address is none.
    BadOwner,
    /// Nobody at this customer has the owner's address.
    NoOwner,
    /// Only an owner gives an owner a token.
    OwnersOnly,
    /// The customer's policy lets nobody activate one.
    NotAllowed,
}
spelled!(Untaken {
    NoSerial => "no_serial",
    NoSecret => "no_secret",
    BadSecret => "bad_secret",
    SecretLength => "secret_length",
    Unopened => "unopened",
    BadInterval => "bad_interval",
    BadDigits => "bad_digits",
    BadCounter => "bad_counter",
    OtherKind => "other_kind",
    Slipped => "slipped",
    Twice => "twice",
    Here => "here",
    BadOwner => "bad_owner",
    NoOwner => "no_owner",
    OwnersOnly => "owners_only",
    NotAllowed => "not_allowed",
});

impl Untaken {
    /// In words, for a list.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::NoSerial => "No serial number",
            Self::NoSecret => "No secret",
            Self::BadSecret => "The secret holds a character that is none",
            Self::SecretLength => "The secret is too short or too long",
            Self::Unopened => "The key does not open it, or it was changed",
            Self::BadInterval => "The interval is neither 30 nor 60 seconds",
            Self::BadDigits => "Its codes have neither 6 nor 8 digits",
            Self::BadCounter => "The counter is none",
            Self::OtherKind => "Neither TOTP nor HOTP",
            Self::Slipped => "More cells than columns",
            Self::Twice => "The same serial number again",
            Self::Here => "In the stock already",
            Self::BadOwner => "The owner’s address is none",
            Self::NoOwner => "Nobody here has the owner’s address",
            Self::OwnersOnly => "Only an owner gives an owner a token",
            Self::NotAllowed => "The policy of this customer allows no hardware tokens: bring it in without its owner",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn serial_numbers_are_one_however_they_are_set() {
        assert_eq!(read_serial(" 10 001\r\n000 "), Ok("10 001 000".to_owned()));
        assert_eq!(serial_key("GAHT-10 001"), "gaht10001");
        assert!(read_serial(" \0").is_err() && read_serial(&"1".repeat(61)).is_err());
    }

    #[test]
    fn the_table_of_what_may_be_done() {
        let now = Time::from_unix_milliseconds(7);
        let new = Facts::default();
        let assigned = new.after(TokenAct::Assign, now).unwrap();
        let active = assigned.after(TokenAct::Activate, now).unwrap();
        let returned = active.after(TokenAct::Deactivate, now).unwrap();
        let lost = new.after(TokenAct::Lose, now).unwrap();
        let all = [
            (new, TokenState::InStock, vec![TokenAct::Assign, TokenAct::Lose]),
            (assigned, TokenState::Assigned, vec![TokenAct::Activate, TokenAct::Return, TokenAct::Lose]),
            (active, TokenState::Active, vec![TokenAct::Deactivate]),
            (returned, TokenState::Returned, vec![TokenAct::Assign, TokenAct::Lose]),
            (lost, TokenState::Lost, vec![TokenAct::Return]),
        ];
        for (facts, state, may) in all {
            assert_eq!(facts.state(), state);
            for act in TokenAct::ALL {
                assert_eq!(facts.after(*act, now).is_some(), may.contains(act), "{state} {act}");
            }
        }
        assert!(!assigned.wants_two_codes());
        assert!(returned.after(TokenAct::Assign, now).unwrap().wants_two_codes());
        assert!(lost.after(TokenAct::Return, now).unwrap().after(TokenAct::Assign, now).unwrap().wants_two_codes());
    }

    proptest! {
        #[test]
        fn a_token_opens_something_only_from_a_code_until_it_is_taken_away(
            acts in prop::collection::vec(prop::sample::select(TokenAct::ALL), 0..30),
        ) {
            let mut facts = Facts::default();
            let (mut was_somebodys, mut active) = (false, false);
            for (n, act) in (1..).zip(acts) {
                let now = Time::from_unix_milliseconds(n);
                let Some(after) = facts.after(act, now) else { continue };
                active = match act {
                    TokenAct::Activate => true,
                    TokenAct::Deactivate => false,
                    // No other act begins or ends it.
                    _ => active,
                };
                was_somebodys |= matches!(act, TokenAct::Deactivate | TokenAct::Return);
                facts = after;
                prop_assert_eq!(facts.state() == TokenState::Active, active);
                prop_assert_eq!(facts.since(), Some(now));
                // What was once in other hands is never again taken for new.
                prop_assert_eq!(facts.wants_two_codes(), was_somebodys);
            }
        }
    }
}
