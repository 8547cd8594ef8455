//! What time it is: the system's clock, or one that a test holds. It never goes back, so that nothing that has run out works
//! again when a clock is corrected.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::domain::time::{Span, Time};

/// A clock on the wall that is set back by more than this was wrong by so much that it is believed: to stand still for days
/// would keep everybody out.
const MOST_STANDSTILL: Span = Span::hours(24);

/// A source of the current time. Its clones are the same clock.
#[derive(Clone)]
pub struct Clock {
    wall: Wall,
    /// The latest time that this clock has told, in milliseconds since 1970.
    newest: Arc<AtomicI64>,
}

#[derive(Clone)]
enum Wall {
    System,
    Held(Arc<AtomicI64>),
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self { wall: Wall::System, newest: Arc::default() }
    }

    /// A clock that stands at `time` until it is [moved](Clock::advance).
    #[must_use]
    pub fn held(time: Time) -> Self {
        Self { wall: Wall::Held(Arc::new(AtomicI64::new(time.unix_milliseconds()))), newest: Arc::default() }
    }

    /// The current time. While the clock on the wall is behind a time that was told before, it stands still.
    #[must_use]
    pub fn now(&self) -> Time {
        let wall = self.wall();
        let told = Time::from_unix_milliseconds(self.newest.fetch_max(wall.unix_milliseconds(), Ordering::SeqCst));
        if told - wall > MOST_STANDSTILL {
            self.newest.store(wall.unix_milliseconds(), Ordering::SeqCst);
            return wall;
        }
        told.max(wall)
    }

    /// What the clock on the wall shows, which may be set back: authenticators go by it.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
    pub fn wall(&self) -> Time {
        Time::from_unix_milliseconds(match &self.wall {
            Wall::Held(time) => time.load(Ordering::SeqCst),
            Wall::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
        })
    }

    /// Goes on from `time`, which was told before this process began.
    pub fn go_on_from(&self, time: Time) {
        self.newest.fetch_max(time.unix_milliseconds(), Ordering::SeqCst);
    }

    /// Moves a held clock; the system's goes its own way.
    pub fn advance(&self, span: Span) {
        if let Wall::Held(time) = &self.wall {
            time.fetch_add(span.as_milliseconds(), Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stands_still_until_a_clock_that_was_set_back_has_caught_up() {
        let at = |minute: i64| Time::from_unix_milliseconds(0) + Span::hours(1000) + Span::minutes(minute);
        let clock = Clock::held(at(0));
        assert_eq!(clock.now(), at(0));
        clock.advance(Span::minutes(60));
        assert_eq!((clock.now(), clock.wall()), (at(60), at(60)));
        clock.advance(Span::minutes(-60));
        assert_eq!((clock.now(), clock.wall()), (at(60), at(0)));
        clock.advance(Span::minutes(59));
        assert_eq!(clock.clone().now(), at(60));
        clock.advance(Span::minutes(2));
        assert_eq!(clock.now(), at(61));
        clock.go_on_from(at(90));
        assert_eq!(clock.now(), at(90), "what another process told before");
    }

    #[test]
    fn a_clock_that_was_wrong_by_days_is_believed() {
        let at = |hour: i64| Time::from_unix_milliseconds(0) + Span::hours(hour);
        let clock = Clock::held(at(1000));
        assert_eq!(clock.now(), at(1000));
        clock.advance(Span::hours(-24));
        assert_eq!(clock.now(), at(1000));
        clock.advance(Span::seconds(-1));
        assert_eq!(clock.now(), clock.wall());
        clock.advance(Span::hours(1));
        assert_eq!(clock.now(), clock.wall(), "and goes on from there");
    }
}
