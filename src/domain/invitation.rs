//! The life of an invitation: issued, perhaps sent again, perhaps opened, and then exactly one end. Opening changes nothing;
//! it is spent when the account becomes active.

use serde::{Deserialize, Serialize};

use super::spelled;
use super::time::{Span, Time};

/// How long an invitation works.
pub const LIFETIME: Span = Span::hours(7 * 24);
/// How many mails with an invitation one user gets within [`MAIL_WINDOW`].
pub const MAILS_IN_WINDOW: usize = 3;
/// The time over which those mails are counted.
pub const MAIL_WINDOW: Span = Span::hours(1);
/// How long a list of people to invite waits for its confirmation.
pub const LIST_LIFETIME: Span = Span::minutes(30);
/// How many people a list holds.
pub const MOST_PEOPLE: usize = 5_000;

/// The ways an invitation ends other than by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// The account became active through it.
    Accepted,
    /// The account was suspended or removed, or became active in another way.
    Revoked,
}
spelled!(End { Accepted => "accepted", Revoked => "revoked" });

/// What is stored about an invitation. A nullable time says what happened, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// When it was last issued.
    pub issued_at: Time,
    /// The first moment at which it no longer works.
    pub expires_at: Time,
    /// When its page was first shown since then.
    pub opened_at: Option<Time>,
    /// When and how it ended, if it did.
    pub ended: Option<(Time, End)>,
}

impl Invitation {
    /// Whether it works at `now`.
    #[must_use]
    pub fn is_live(&self, now: Time) -> bool {
        self.ended.is_none() && now < self.expires_at
    }
}

/// Why nobody is invited by a line of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Untaken {
    /// Somebody whom the reader may see has this address already.
    Here,
    /// The address of an earlier line again.
    Twice,
    /// No address stands there.
    NoAddress,
    /// What stands there is no mail address.
    BadAddress,
    /// Nothing to call them.
    NoName,
    /// A guest of another directory, without an address.
    Guest,
    /// Neither active nor suspended in the other directory.
    Status,
    /// Kept out by the other directory.
    Suspended,
    /// Not a role.
    BadRole,
    /// Only owners make owners.
    OwnersOnly,
    /// More cells than columns.
    Slipped,
    /// Not to be invited, whatever the reason: it may be somebody else's affair.
    Cannot,
    /// The one who confirmed lost the authority before this line's turn came.
    NoAuthority,
}
spelled!(Untaken {
    Here => "here",
    Twice => "twice",
    NoAddress => "no_address",
    BadAddress => "bad_address",
    NoName => "no_name",
    Guest => "guest",
    Status => "status",
    Suspended => "suspended",
    BadRole => "bad_role",
    OwnersOnly => "owners_only",
    Slipped => "slipped",
    Cannot => "cannot",
    NoAuthority => "no_authority",
});

impl Untaken {
    /// In words, for a list.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Here => "Here already",
            Self::Twice => "The same address again",
            Self::NoAddress => "No address",
            Self::BadAddress => "Not a mail address",
            Self::NoName => "No name",
            Self::Guest => "A guest without an address",
            Self::Status => "Neither active nor suspended",
            Self::Suspended => "Suspended in the other directory",
            Self::BadRole => "Not a role",
            Self::OwnersOnly => "Only an owner invites owners",
            Self::Slipped => "More cells than columns",
            Self::Cannot => "This address cannot be invited",
            Self::NoAuthority => "Your authority ended before its turn",
        }
    }
}

/// When the next mail with an invitation may go to a user who was sent some at these times, the newest first. None: at
/// once.
#[must_use]
pub fn next_mail_at(sent: &[Time], now: Time) -> Option<Time> {
    let third = *sent.get(MAILS_IN_WINDOW - 1)?;
    Some(third + MAIL_WINDOW).filter(|at| now < *at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Time {
        Time::from_unix_milliseconds(0) + Span::minutes(minute)
    }

    #[test]
    fn it_works_until_the_last_moment_and_not_after() {
        let issued_at = at(0);
        let open = Invitation { issued_at, expires_at: issued_at + LIFETIME, opened_at: None, ended: None };
        let before = Time::from_unix_milliseconds(open.expires_at.unix_milliseconds() - 1);
        assert!(open.is_live(issued_at) && open.is_live(before));
        assert!(!open.is_live(open.expires_at));
        for end in End::ALL {
            assert!(!Invitation { ended: Some((at(1), *end)), ..open }.is_live(at(1)));
        }
    }

    #[test]
    fn three_mails_an_hour() {
        assert_eq!(next_mail_at(&[], at(0)), None);
        assert_eq!(next_mail_at(&[at(2), at(1)], at(2)), None);
        assert_eq!(next_mail_at(&[at(3), at(2), at(1)], at(60)), Some(at(61)));
        assert_eq!(next_mail_at(&[at(3), at(2), at(1)], at(61)), None);
        assert_eq!(next_mail_at(&[at(61), at(3), at(2), at(1)], at(61)), Some(at(62)));
    }
}
