//! What time it is: the system's clock, or one that a test holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::domain::time::{Span, Time};

/// A source of the current time.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Held(Arc<AtomicI64>),
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `time` until it is [moved](Clock::advance).
    #[must_use]
    pub fn held(time: Time) -> Self {
        Self(Source::Held(Arc::new(AtomicI64::new(time.unix_milliseconds()))))
    }

    /// The current time.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
    pub fn now(&self) -> Time {
        Time::from_unix_milliseconds(match &self.0 {
            Source::Held(time) => time.load(Ordering::SeqCst),
            Source::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
        })
    }

    /// Moves a held clock; the system's goes its own way.
    pub fn advance(&self, span: Span) {
        if let Source::Held(time) = &self.0 {
            time.fetch_add(span.as_milliseconds(), Ordering::SeqCst);
        }
    }
}
