//! Another mail address for an account. The address is the way back in: whoever could change it unseen would take the account
//! over by mail alone.
//!
//! - A change is asked for with a fresh second factor, and takes effect by a link in a mail to the new address.
//! - The old address is told, and for some days its mailbox alone can undo the change: whoever stole a session has not got that.
//! - The oldest undo wins. A second change leaves the first one's undo as it is, and falls with it: nobody washes an undo out
//!   by changing twice.
//! - A second address hears of what lets its user in, and once it has stood for some days gets the mail after a reset as
//!   well. It signs nobody in.
//! - Changing back by oneself settles what is undone by it. The address that is given up then gets no undo, or whoever holds
//!   it would have the last word.

use serde::{Deserialize, Serialize};

use super::spelled;
use super::time::{Span, Time};
use super::user::Address;

/// How long the link in the mail to a new address works.
pub const LIFETIME: Span = Span::hours(24);
/// How long a change can be undone.
pub const UNDO: Span = Span::hours(72);
/// How many addresses one user may ask for within [`WINDOW`]: each is a mail to whomever they name.
pub const MOST: i64 = 3;
/// The time over which they are counted.
pub const WINDOW: Span = Span::hours(1);

/// Whether a second address that was confirmed then gets links at `now`: only once it has stood for as long as a change could
/// be undone. Notices it gets at once; but whoever brought it along with a stolen session shall not get the way back in.
#[must_use]
pub fn gets_links(confirmed_at: Time, now: Time) -> bool {
    now >= confirmed_at + UNDO
}

/// Whether a second address that was confirmed then falls with the undo of what was changed at `since`: whoever did the one
/// may have done the other shortly before.
#[must_use]
pub fn falls_with(confirmed_at: Time, since: Time) -> bool {
    since < confirmed_at + UNDO
}

/// Which of somebody's addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// The one that mails go to, and that signs them in.
    Primary,
    /// The one that gets copies.
    Second,
}
spelled!(Place { Primary => "primary", Second => "second" });

/// What is stored about a change that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When it took effect.
    pub confirmed_at: Option<Time>,
    /// The address that was given up for it and can be taken back.
    pub old_address: Option<Address>,
}

impl Change {
    /// The address that an undo at `now` brings back, and the moment from which on everything is undone with it. None where
    /// there is nothing to undo, or no longer.
    #[must_use]
    pub fn undo(&self, now: Time) -> Option<(&Address, Time)> {
        let since = self.confirmed_at.filter(|confirmed_at| now < *confirmed_at + UNDO)?;
        Some((self.old_address.as_ref()?, since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_address_has_to_stand_for_a_while() {
        let at = |hour: i64| Time::from_unix_milliseconds(0) + Span::hours(hour);
        assert!(!gets_links(at(0), at(71)) && gets_links(at(0), at(72)));
        assert!(falls_with(at(0), at(71)) && !falls_with(at(0), at(72)) && falls_with(at(5), at(1)));
    }

    #[test]
    fn a_change_is_undone_to_the_last_second_and_not_after() {
        let at = Time::from_unix_milliseconds(0);
        let old: Address = "zoe@a.example".parse().unwrap();
        let change = Change { confirmed_at: Some(at), old_address: Some(old.clone()) };
        assert_eq!(change.undo(at + UNDO - Span::seconds(1)), Some((&old, at)));
        assert_eq!(change.undo(at + UNDO), None);
        assert_eq!(Change { confirmed_at: None, ..change.clone() }.undo(at), None);
        assert_eq!(Change { old_address: None, ..change }.undo(at), None);
    }
}
