//! The days in which a set-up may be put off.

use serde::{Deserialize, Serialize};

use super::super::time::{Span, Time};
use super::{AfterPassword, Facts, Step, after_password};

/// How long a set-up that is due after the right password may still be put off, at `now`. None: not at all. Whoever has a
/// factor or was reset never may; everybody else may during their customer's days of grace, which end for all at once.
#[must_use]
pub fn may_postpone(facts: Facts, now: Time) -> Option<Grace> {
    if after_password(facts) != AfterPassword::Challenge(Step::SetUp) || facts.set_up_due {
        return None;
    }
    let until = facts.policy.grace_until().filter(|until| now < *until)?;
    Some(Grace { until, left: until - now })
}

/// For how long a set-up may still be put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grace {
    /// The first moment at which there is no way round it.
    pub until: Time,
    /// How long that is from now.
    pub left: Span,
}

/// What is left of a grace, as a person counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Whole days: at least one.
    Days(i64),
    /// Whole hours of the last day: at least one.
    Hours(i64),
    /// Less than an hour.
    Minutes(i64),
}

impl Grace {
    /// What is left, never more than there is but for the last minute.
    #[must_use]
    pub const fn counted(self) -> Left {
        let hours = self.left.as_seconds() / 3600;
        match hours {
            24.. => Left::Days(hours / 24),
            1.. => Left::Hours(hours),
            _ => Left::Minutes(self.left.as_minutes_up()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::not_me::Hold;
    use super::super::super::policy::Policy;
    use super::super::super::user::Standing;
    use super::*;

    fn new(policy: Policy) -> Facts {
        Facts {
            standing: Standing::Active,
            has_factor: false,
            set_up_due: false,
            password_by_mail: false,
            hold: Hold::None,
            policy,
        }
    }

    fn at(seconds: i64) -> Time {
        Time::from_unix_milliseconds(seconds * 1000)
    }

    #[test]
    fn a_grace_ends_to_the_millisecond() {
        let policy = Policy { mfa_required_since: Some(at(0)), grace_days: 7, ..Policy::default() };
        let facts = new(policy);
        let end = Time::from_unix_milliseconds(7 * 86_400_000);
        let before = |span: i64| Time::from_unix_milliseconds(end.unix_milliseconds() - span);
        let counted = |now| may_postpone(facts, now).map(Grace::counted);
        assert_eq!(may_postpone(facts, at(0)), Some(Grace { until: end, left: Span::hours(7 * 24) }));
        assert_eq!(counted(at(0)), Some(Left::Days(7)));
        assert_eq!(counted(before(86_400_000)), Some(Left::Days(1)));
        assert_eq!(counted(before(86_399_000)), Some(Left::Hours(23)));
        assert_eq!(counted(before(3_600_000)), Some(Left::Hours(1)));
        assert_eq!(counted(before(3_599_000)), Some(Left::Minutes(60)));
        assert_eq!(counted(before(1)), Some(Left::Minutes(1)));
        assert_eq!(counted(end), None);
        assert_eq!(may_postpone(facts, end + Span::hours(1)), None);
    }

    #[test]
    fn nobody_waits_in_a_customer_that_always_required_a_factor() {
        let policy = Policy { grace_days: 90, ..Policy::default() };
        assert_eq!(may_postpone(new(policy), at(0)), None);
    }
}
