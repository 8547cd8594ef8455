//! The bounds on guessing.

use super::super::time::{Span, Time};

/// Wrong codes of one user, over all challenges, step-ups and kinds of code. Only a right password leads to a count, so
/// whoever lacks it can lock nobody (NIST SP 800-63B-4 §3.2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guesses {
    /// Wrong ones since the last right one.
    pub in_a_row: i64,
    /// Wrong ones since `window_started_at`.
    pub recent: i64,
    /// When the current window of 15 minutes began.
    pub window_started_at: Option<Time>,
}

/// Wrong codes within [`GUESS_WINDOW`] that lock second-factor attempts.
pub const GUESSES_IN_WINDOW: i64 = 10;
/// The window in which wrong codes are counted together, and how long the lock lasts from its first.
pub const GUESS_WINDOW: Span = Span::minutes(15);
/// Wrong codes in a row that disable second-factor attempts until a reset.
pub const GUESSES_IN_A_ROW: i64 = 100;

/// Whether another code may be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guessing {
    /// Yes.
    Open,
    /// Not before this time.
    LockedUntil(Time),
    /// Not before a reset.
    Disabled,
}

impl Guesses {
    /// Whether another code may be tried at `now`.
    #[must_use]
    pub fn standing(&self, now: Time) -> Guessing {
        if self.in_a_row >= GUESSES_IN_A_ROW {
            return Guessing::Disabled;
        }
        match self.window_started_at {
            Some(start) if self.recent >= GUESSES_IN_WINDOW && now < start + GUESS_WINDOW => {
                Guessing::LockedUntil(start + GUESS_WINDOW)
            }
            _ => Guessing::Open,
        }
    }

    /// After a wrong code at `now`.
    #[must_use]
    pub fn wrong(self, now: Time) -> Self {
        let in_window = self.window_started_at.is_some_and(|start| now < start + GUESS_WINDOW);
        Self {
            in_a_row: self.in_a_row.saturating_add(1),
            recent: if in_window { self.recent.saturating_add(1) } else { 1 },
            window_started_at: if in_window { self.window_started_at } else { Some(now) },
        }
    }

    /// After a right code.
    #[must_use]
    pub fn right(self) -> Self {
        Self::default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_pace_of_guessing_beats_the_lock(gaps in prop::collection::vec(0i64..400, 1..300)) {
            // Count the wrong codes let through in any 15 minutes: never 20 or more (two windows may touch), never 100 in a row.
            let mut guesses = Guesses::default();
            let mut now = Time::from_unix_milliseconds(0);
            let mut tried: Vec<Time> = Vec::new();
            for gap in gaps {
                now = now + Span::seconds(gap);
                if guesses.standing(now) == Guessing::Open {
                    guesses = guesses.wrong(now);
                    tried.push(now);
                }
            }
            prop_assert!(tried.len() <= 100);
            for (i, start) in tried.iter().enumerate() {
                let within = tried[i..].iter().filter(|at| **at < *start + GUESS_WINDOW).count();
                prop_assert!(within < 20);
            }
        }
    }

    #[test]
    fn ten_lock_and_a_right_one_forgives() {
        let now = Time::from_unix_milliseconds(0);
        let ten = (0..10).fold(Guesses::default(), |guesses, _| guesses.wrong(now));
        assert_eq!(ten.standing(now), Guessing::LockedUntil(now + GUESS_WINDOW));
        assert_eq!(ten.standing(now + GUESS_WINDOW), Guessing::Open);
        assert_eq!(ten.right().standing(now), Guessing::Open);
        let hundred = (0..100).fold(Guesses::default(), |guesses, _| guesses.wrong(now));
        assert_eq!(hundred.standing(now + Span::hours(1000)), Guessing::Disabled);
    }
}
