//! The life of a recovery link: issued, perhaps opened, perhaps proved, and then exactly one end. Opening changes
//! nothing; only a completed set-up spends it.

use serde::{Deserialize, Serialize};

use super::spelled;
use super::time::{Span, Time};

/// Wrong passwords and caller codes after which a link gives up: whoever holds only the mail cannot go on guessing.
pub const WRONG_PASSWORDS: i64 = 10;

/// For how long after its end somebody may still come from a link: mails lie about.
const TOLD_FOR: Span = Span::hours(7 * 24);

/// How long a user who asked their administrators for help waits before they can ask again.
const HELP_WINDOW: Span = Span::hours(1);

/// Whether somebody who last asked their administrators for help then, if ever, may ask at `now`.
#[must_use]
pub fn may_ask_for_help(last_asked_at: Option<Time>, now: Time) -> bool {
    last_asked_at.is_none_or(|at| now >= at + HELP_WINDOW)
}

/// What is stored about a link. A nullable time says what happened, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// When it was issued.
    pub issued_at: Time,
    /// The first moment at which it no longer works.
    pub expires_at: Time,
    /// When its page was first shown.
    pub opened_at: Option<Time>,
    /// When the second proof was first given.
    pub proved_at: Option<Time>,
    /// How many wrong passwords and caller codes were typed at it.
    pub wrong_passwords: i64,
    /// When and how it ended, if it did.
    pub ended: Option<(Time, End)>,
}

/// The ways a link ends other than by time or by guessing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// The user set up a new authenticator through it.
    Completed,
    /// The user set up a new authenticator at sign-in instead.
    CompletedAtSignIn,
    /// A newer reset made a newer link.
    Superseded,
    /// An admin took it back.
    Revoked,
    /// Its user said that what it led to was not them.
    Disowned,
    /// Mails to its user go to another address since: it lies in a mailbox that may be somebody else's.
    AddressChanged,
}
spelled!(End {
    Completed => "completed",
    CompletedAtSignIn => "completed_at_sign_in",
    Superseded => "superseded",
    Revoked => "revoked",
    Disowned => "disowned",
    AddressChanged => "address_changed",
});

/// What a link is at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkState {
    /// It works.
    Live,
    /// Its time is over.
    Expired,
    /// Too many wrong passwords or caller codes.
    Exhausted,
    /// It has ended.
    Ended(End),
}

/// What became of somebody's newest link, as they are told once their password was right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fate {
    /// What it is.
    pub state: LinkState,
    /// When it ended, if it did other than by time or by guessing.
    pub ended_at: Option<Time>,
    /// With this their administrators can be asked for help, for ten minutes; none where they were within the hour.
    pub help: Option<String>,
    /// When they last were, if nothing was done about it since.
    pub help_asked_at: Option<Time>,
    /// When this was said.
    pub now: Time,
}

impl Link {
    /// Whether its user may come from this link at `now`, and wants to know what became of it.
    #[must_use]
    pub fn may_be_come_from(&self, now: Time) -> bool {
        self.ended.is_none_or(|(at, _)| now < at + TOLD_FOR)
    }

    /// What this link is at `now`.
    #[must_use]
    pub fn state(&self, now: Time) -> LinkState {
        match self.ended {
            Some((_, end)) => LinkState::Ended(end),
            None if now >= self.expires_at => LinkState::Expired,
            None if self.wrong_passwords >= WRONG_PASSWORDS => LinkState::Exhausted,
            None => LinkState::Live,
        }
    }

    /// Ends the link, unless it has ended already: the first end stays.
    #[must_use]
    pub fn end(self, now: Time, end: End) -> Self {
        Self { ended: self.ended.or(Some((now, end))), ..self }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn link() -> Link {
        let issued_at = Time::from_unix_milliseconds(1_000_000);
        Link {
            issued_at,
            expires_at: issued_at + Span::minutes(60),
            opened_at: None,
            proved_at: None,
            wrong_passwords: 0,
            ended: None,
        }
    }

    #[test]
    fn it_works_until_the_last_moment_and_not_after() {
        let link = link();
        let before = Time::from_unix_milliseconds(link.expires_at.unix_milliseconds() - 1000);
        assert_eq!(link.state(before), LinkState::Live);
        assert_eq!(link.state(link.expires_at), LinkState::Expired);
        assert_eq!(link.state(link.expires_at + Span::seconds(1)), LinkState::Expired);
    }

    #[test]
    fn help_is_asked_for_once_an_hour() {
        let at = link().issued_at;
        assert!(may_ask_for_help(None, at) && may_ask_for_help(Some(at), at + Span::hours(1)));
        assert!(!may_ask_for_help(Some(at), at + Span::minutes(59)));
    }

    #[test]
    fn what_became_of_a_link_is_told_for_a_week_after_its_end() {
        let at = |hours: i64| link().issued_at + Span::hours(hours);
        assert!(link().may_be_come_from(at(24 * 365)), "as long as nothing came of it");
        let ended = link().end(at(1), End::Completed);
        assert!(ended.may_be_come_from(at(7 * 24)) && !ended.may_be_come_from(at(7 * 24 + 1)));
    }

    #[test]
    fn guessing_ends() {
        assert_eq!(Link { wrong_passwords: 9, ..link() }.state(link().issued_at), LinkState::Live);
        assert_eq!(Link { wrong_passwords: 10, ..link() }.state(link().issued_at), LinkState::Exhausted);
    }

    proptest! {
        #[test]
        fn a_link_has_one_end(ends in prop::collection::vec((prop::sample::select(End::ALL), 0i64..10_000_000), 1..8)) {
            let first = ends[0];
            let mut link = link();
            for (end, at) in ends {
                link = link.end(Time::from_unix_milliseconds(at), end);
            }
            prop_assert_eq!(link.ended, Some((Time::from_unix_milliseconds(first.1), first.0)));
        }

        #[test]
        fn an_ended_link_never_works_again(end in prop::sample::select(End::ALL), at in 0i64..10_000_000) {
            let at = Time::from_unix_milliseconds(at);
            prop_assert_ne!(link().end(at, end).state(at), LinkState::Live);
        }
    }
}
