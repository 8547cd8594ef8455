//! What became of everybody in a confirmed reset: where each stands on the way back, and what can be done about their links.
//! How far it is in all stands in `progress`.

use serde::{Deserialize, Serialize};

use super::recovery::{End, Link, LinkState};
use super::spelled;
use super::time::{Span, Time};

/// How many people are on a page of a board.
pub const PAGE: usize = 50;
/// The longest that one token of a link may work, however often it is extended.
pub const LONGEST_LINK: Span = Span::hours(24);
/// What was done for somebody in a confirmed reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// Nothing yet.
    Pending,
    /// Nothing, for a reason.
    Skipped,
    /// Nothing: it could not be.
    Failed,
    /// They were reset, and have this link.
    Reset(OnTheWay),
}

/// How far a link has come, and what its user said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnTheWay {
    /// The link.
    pub link: Link,
    /// What became of the newest mail with it.
    pub mail: Mailed,
    /// Whether they asked their administrators for help, and nothing was done about it since.
    pub asks_for_help: bool,
    /// Whether they said that what it led to was not them.
    pub is_disowned: bool,
}

/// What became of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mailed {
    /// It is on its way.
    Queued,
    /// A mail server took it.
    Sent,
    /// It came back.
    Bounced,
}

/// Where somebody in a confirmed reset stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Stage {
    /// About to be reset.
    Pending,
    /// Could not be reset, and keeps everything.
    Failed,
    /// Keeps everything, for a reason.
    Skipped,
    /// Reset; the mail is on its way.
    Queued,
    /// Reset; a mail server took the mail.
    Sent,
    /// Reset; the mail came back.
    Bounced,
    /// They opened the link.
    Opened,
    /// They gave the second proof at the link.
    Proved,
    /// Back, set up through the link.
    Back,
    /// Back, set up at sign-in.
    BackAtSignIn,
    /// The link's time is over.
    Expired,
    /// Too many wrong passwords or caller codes at the link.
    Exhausted,
    /// A newer reset made a newer link.
    Superseded,
    /// An admin took the link back.
    Revoked,
    /// The link died with the address that its mail went to.
    AddressChanged,
    /// They cannot go on, and ask their administrators for help.
    AsksForHelp,
    /// They say that it was not them, whatever came of the link.
    Disowned,
}
spelled!(Stage {
    Pending => "pending",
    Failed => "failed",
    Skipped => "skipped",
    Queued => "queued",
    Sent => "sent",
    Bounced => "bounced",
    Opened => "opened",
    Proved => "proved",
    Back => "back",
    BackAtSignIn => "back_at_sign_in",
    Expired => "expired",
    Exhausted => "exhausted",
    Superseded => "superseded",
    Revoked => "revoked",
    AddressChanged => "address_changed",
    AsksForHelp => "asks_for_help",
    Disowned => "disowned",
});

impl Stage {
    /// The life of a link, as a function of what is written down: issued (its mail queued), sent, opened, proved (and with that
    /// the set-up is under way), and then completed, there or at sign-in; or run out, guessed dead, superseded, taken back. The
    /// SQL of the board decides the same, for ten thousand at once.
    #[must_use]
    pub fn of(done: Done, now: Time) -> Self {
        let OnTheWay { link, mail, asks_for_help, is_disowned } = match done {
            Done::Pending => return Self::Pending,
            Done::Skipped => return Self::Skipped,
            Done::Failed => return Self::Failed,
            Done::Reset(on_the_way) => on_the_way,
        };
        match link.state(now) {
            _ if is_disowned => Self::Disowned,
            _ if asks_for_help => Self::AsksForHelp,
            LinkState::Ended(End::Completed) => Self::Back,
            LinkState::Ended(End::CompletedAtSignIn) => Self::BackAtSignIn,
            LinkState::Ended(End::Superseded) => Self::Superseded,
            LinkState::Ended(End::Revoked) => Self::Revoked,
            LinkState::Ended(End::AddressChanged) => Self::AddressChanged,
            LinkState::Ended(End::Disowned) => Self::Disowned,
            LinkState::Expired => Self::Expired,
            LinkState::Exhausted => Self::Exhausted,
            LinkState::Live if link.proved_at.is_some() => Self::Proved,
            LinkState::Live if link.opened_at.is_some() => Self::Opened,
            LinkState::Live => match mail {
                Mailed::Queued => Self::Queued,
                Mailed::Sent => Self::Sent,
                Mailed::Bounced => Self::Bounced,
            },
        }
    }

    /// Everybody who was reset, is not back, and whom no newer reset took over.
    pub const NOT_BACK: [Self; 11] = [
        Self::Queued,
        Self::Sent,
        Self::Bounced,
        Self::Opened,
        Self::Proved,
        Self::Expired,
        Self::Exhausted,
        Self::Revoked,
        Self::AddressChanged,
        Self::AsksForHelp,
        Self::Disowned,
    ];

    /// In words, for a list.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Pending => "To be done",
            Self::Failed => "Failed",
            Self::Skipped => "Skipped",
            Self::Queued => "Mail queued",
            Self::Sent => "Link sent",
            Self::Bounced => "Bounced",
            Self::Opened => "Opened",
            Self::Proved => "Second proof given",
            Self::Back => "Back by link",
            Self::BackAtSignIn => "Back at sign-in",
            Self::Expired => "Expired",
            Self::Exhausted => "Too many wrong tries",
            Self::Superseded => "A newer reset took over",
            Self::Revoked => "Revoked",
            Self::AddressChanged => "Address changed",
            Self::AsksForHelp => "Asks for help",
            Self::Disowned => "“This was not me”",
        }
    }

    /// Whether they have a second factor again.
    #[must_use]
    pub const fn is_back(self) -> bool {
        matches!(self, Self::Back | Self::BackAtSignIn)
    }

    /// Whether there is a token at this stage that its user holds, or may hold, and that works.
    #[must_use]
    pub const fn has_live_link(self) -> bool {
        matches!(self, Self::Sent | Self::Opened | Self::Proved)
    }

    /// The stages that an address names, `sent,bounced`; what is none is left out.
    #[must_use]
    pub fn read(text: &str) -> Vec<Self> {
        let mut stages: Vec<Self> = text.split(',').filter_map(|name| name.trim().parse().ok()).collect();
        stages.sort_unstable();
        stages.dedup();
        stages
    }

    /// The same as an address names them.
    #[must_use]
    pub fn write(stages: &[Self]) -> String {
        stages.iter().map(|stage| stage.as_str()).collect::<Vec<_>>().join(",")
    }
}

/// What an admin does about a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// A new token goes out; the one before it is dead.
    SendAgain,
    /// The token that is out works longer.
    Extend,
    /// No token works any more.
    Revoke,
}
spelled!(Act { SendAgain => "send_again", Extend => "extend", Revoke => "revoke" });

impl Act {
    /// Whether it does anything to a link at this stage.
    #[must_use]
    pub const fn applies(self, stage: Stage) -> bool {
        match stage {
            // Whoever says that it was not them comes back by nothing but another reset.
            Stage::Pending
            | Stage::Failed
            | Stage::Skipped
            | Stage::Back
            | Stage::BackAtSignIn
            | Stage::Superseded
            | Stage::Disowned => false,
            // Its mail is on its way already.
            Stage::Queued => !matches!(self, Self::SendAgain),
            Stage::Sent | Stage::Bounced | Stage::Opened | Stage::Proved | Stage::AsksForHelp => true,
            // No token that is dead revives.
            Stage::Expired | Stage::Exhausted => !matches!(self, Self::Extend),
            Stage::Revoked | Stage::AddressChanged => matches!(self, Self::SendAgain),
        }
    }
}

/// Until when an extended link works: the customer's lifetime from now on, and no longer than [`LONGEST_LINK`] from when
/// its token was made. None when that is no later than it is.
#[must_use]
pub fn extended(made_at: Time, expires_at: Time, lifetime: Span, now: Time) -> Option<Time> {
    let until = (now + lifetime).min(made_at + LONGEST_LINK);
    (until > expires_at).then_some(until)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_names_stages() {
        assert_eq!(Stage::read("sent,bounced,nonsense,sent,"), [Stage::Sent, Stage::Bounced]);
        assert_eq!(Stage::write(&[Stage::Sent, Stage::BackAtSignIn]), "sent,back_at_sign_in");
        assert!(Stage::read("").is_empty());
    }

    #[test]
    fn a_link_goes_its_way_step_by_step() {
        let at = |minute: i64| Time::from_unix_milliseconds(0) + Span::minutes(minute);
        let mut link = Link {
            issued_at: at(0),
            expires_at: at(60),
            opened_at: None,
            proved_at: None,
            wrong_passwords: 0,
            ended: None,
        };
        let stage = |link, mail, minute| {
            let on_the_way = OnTheWay { link, mail, asks_for_help: false, is_disowned: false };
            Stage::of(Done::Reset(on_the_way), at(minute))
        };
        assert_eq!(stage(link, Mailed::Queued, 1), Stage::Queued);
        assert_eq!(stage(link, Mailed::Bounced, 2), Stage::Bounced);
        assert_eq!(stage(link, Mailed::Sent, 3), Stage::Sent);
        link.opened_at = Some(at(4));
        assert_eq!(stage(link, Mailed::Sent, 4), Stage::Opened);
        link.proved_at = Some(at(5));
        assert_eq!(stage(link, Mailed::Sent, 5), Stage::Proved);
        assert_eq!(stage(link, Mailed::Sent, 60), Stage::Expired);
        for (end, then) in
            [(End::Completed, Stage::Back), (End::Superseded, Stage::Superseded), (End::Revoked, Stage::Revoked)]
        {
            // Whatever follows, the first end stays.
            let ended = link.end(at(6), end).end(at(7), End::CompletedAtSignIn);
            assert_eq!((stage(ended, Mailed::Sent, 7), stage(ended, Mailed::Sent, 600)), (then, then));
        }
    }

    #[test]
    fn nobody_who_is_back_or_was_never_reset_is_touched() {
        for act in Act::ALL {
            for stage in Stage::ALL {
                assert!(!act.applies(*stage) || Stage::NOT_BACK.contains(stage), "{act} {stage}");
            }
        }
        assert!(!Act::Extend.applies(Stage::Expired) && Act::SendAgain.applies(Stage::Expired));
    }

    proptest! {
        #[test]
        fn no_token_works_longer_than_a_day(made in 0i64..1_000_000, age in 0i64..100_000, life in 5i64..=1440, already in 5i64..=1440) {
            let made_at = Time::from_unix_milliseconds(made * 1000);
            let (now, expires_at) = (made_at + Span::seconds(age), made_at + Span::minutes(already));
            if let Some(until) = extended(made_at, expires_at, Span::minutes(life), now) {
                prop_assert!(until > expires_at && until <= made_at + LONGEST_LINK);
            }
        }
    }
}
