//! How far a confirmed reset is: how many are done, and how many of those are back.

use serde::{Deserialize, Serialize};

use super::time::{Span, Time};

/// How long after its requester was told how many are back they can be told again, unless everybody is.
const RETURNS_TOLD_EVERY: Span = Span::hours(1);
/// For how long after a reset its requester is told.
pub const RETURNS_TOLD_FOR: Span = Span::hours(30 * 24);

/// How far a reset is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// How many are reset.
    pub reset: i64,
    /// How many keep everything, for a reason.
    pub skipped: i64,
    /// How many could not be reset.
    pub failed: i64,
    /// How many are to be done.
    pub pending: i64,
    /// How long it has been running, in milliseconds.
    pub elapsed: i64,
    /// Whether it has come to its end.
    pub over: bool,
}

impl Progress {
    /// How many were to be reset when it began, as far as nothing spoke against it.
    #[must_use]
    pub const fn all(&self) -> i64 {
        self.reset + self.failed + self.pending
    }

    /// How many are done a second, and how many seconds are left at that pace; none before anybody is done.
    #[must_use]
    pub const fn pace(&self) -> Option<(i64, i64)> {
        let done = self.reset + self.failed;
        if done == 0 || self.elapsed <= 0 {
            return None;
        }
        let rate = done * 1000 / self.elapsed;
        let left = (self.pending * self.elapsed + done * 1000 - 1) / (done * 1000);
        Some((if rate > 0 { rate } else { 1 }, left))
    }
}

/// How many of a reset are back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Returned {
    /// So many are.
    pub back: i64,
    /// Of so many who lost their second factors.
    pub of: i64,
}

impl Returned {
    /// Whether nobody is missing any more.
    #[must_use]
    pub const fn is_everybody(self) -> bool {
        self.back >= self.of
    }

    /// Whether the requester, who was last told of so many then, is told at `now`.
    #[must_use]
    pub fn is_told(self, (at, back): (Time, i64), now: Time) -> bool {
        self.back > back && (self.is_everybody() || now >= at + RETURNS_TOLD_EVERY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn returns_are_told_once_an_hour_and_when_all_are_back() {
        let at = |minute: i64| Time::from_unix_milliseconds(0) + Span::minutes(minute);
        let is_told = |back, told, minute| Returned { back, of: 10 }.is_told((at(0), told), at(minute));
        assert!(!is_told(0, 0, 600), "nobody");
        assert!(!is_told(3, 3, 600), "nobody else");
        assert!(!is_told(3, 0, 59) && is_told(3, 0, 60));
        assert!(is_told(10, 9, 1), "everybody");
        assert!(!is_told(10, 10, 600), "and they know");
    }

    #[test]
    fn the_pace_is_of_what_was_done() {
        let progress = Progress { reset: 30, failed: 1, pending: 62, elapsed: 1000, ..Progress::default() };
        assert_eq!((progress.all(), progress.pace()), (93, Some((31, 2))));
        assert_eq!(Progress { reset: 0, failed: 0, ..progress }.pace(), None);
        assert_eq!(Progress { elapsed: 60_000, ..progress }.pace(), Some((1, 120)));
        assert_eq!(Progress { pending: 0, ..progress }.pace(), Some((31, 0)));
    }
}
