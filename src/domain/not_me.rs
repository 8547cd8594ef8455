//! "This was not me": what a user says of a notice by a page that is linked in it.
//!
//! Saying so freezes the account: sessions, half-finished sign-ins and the recovery link end, and neither a password nor a
//! second factor opens anything, for nobody knows who set them up. Only a newer reset, by somebody with authority who has
//! spoken with the user, ends that; and since the password may be in wrong hands, only the link of that reset leads back in,
//! whatever the policy allows otherwise.
//!
//! Whoever reads the mailbox can say it too. It opens nothing to them, and the owners hear of it.

use super::time::{Span, Time};

/// How long after a notice was written it can be said of it.
pub const LIFETIME: Span = Span::hours(7 * 24);

/// What holds for the sign-in of somebody, once they said it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hold {
    /// Nothing: they never said it, or are back since.
    #[default]
    None,
    /// Nobody gets in.
    Frozen,
    /// They were reset since: the link of that reset leads back in, and nothing else.
    LinkOnly,
}

impl Hold {
    /// What the stored facts say: when it was said, and since when a reset waits for them to set up again.
    #[must_use]
    pub fn from_facts(disowned_at: Option<Time>, set_up_due_at: Option<Time>) -> Self {
        match (disowned_at, set_up_due_at) {
            (None, _) => Self::None,
            (Some(said), Some(reset)) if reset > said => Self::LinkOnly,
            (Some(_), _) => Self::Frozen,
        }
    }
}

/// Whether it can still be said at `now` of a notice from `written_at`.
#[must_use]
pub fn in_time(written_at: Time, now: Time) -> bool {
    now < written_at + LIFETIME
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_newer_reset_ends_the_freeze() {
        let at = |second: i64| Some(Time::from_unix_milliseconds(0) + Span::seconds(second));
        assert_eq!(Hold::from_facts(None, at(1)), Hold::None);
        assert_eq!(Hold::from_facts(at(2), None), Hold::Frozen);
        assert_eq!(Hold::from_facts(at(2), at(1)), Hold::Frozen);
        assert_eq!(Hold::from_facts(at(2), at(2)), Hold::Frozen);
        assert_eq!(Hold::from_facts(at(2), at(3)), Hold::LinkOnly);
    }

    #[test]
    fn it_can_be_said_for_a_week() {
        let written = Time::from_unix_milliseconds(0);
        assert!(in_time(written, written + Span::hours(167)));
        assert!(!in_time(written, written + LIFETIME));
    }
}
