//! How far the clocks of people somewhere are from UTC, and since when.

use serde::{Deserialize, Serialize};

use super::time::{Civil, Span, Time};

/// A time zone, over the years that people look at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// Its name in the IANA time zone database; empty for UTC.
    name: String,
    /// Its shifts, the oldest first. Before the first one its clocks show UTC.
    shifts: Vec<Shift>,
}

/// From a moment on, clocks are so far ahead of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// The moment.
    pub from: Time,
    /// Whole minutes, negative to the west.
    pub minutes: i16,
}

impl Zone {
    /// UTC.
    pub const UTC: Self = Self { name: String::new(), shifts: Vec::new() };

    /// The zone of this name with these shifts, in any order.
    #[must_use]
    pub fn new(name: String, mut shifts: Vec<Shift>) -> Self {
        shifts.sort_by_key(|shift| shift.from);
        Self { name, shifts }
    }

    /// Its name: "Europe/Berlin".
    #[must_use]
    pub fn name(&self) -> &str {
        if self.name.is_empty() { "UTC" } else { &self.name }
    }

    /// What a calendar and a clock there show.
    #[must_use]
    pub fn civil(&self, at: Time) -> Civil {
        (at + Span::minutes(i64::from(self.minutes(at)))).utc()
    }

    /// By how much a clock there differs: "UTC", "UTC+1", "UTC−3:30". Unlike CET or IST, it says the same everywhere.
    #[must_use]
    pub fn offset(&self, at: Time) -> String {
        let minutes = self.minutes(at);
        let sign = if minutes < 0 { '−' } else { '+' };
        match (minutes.unsigned_abs() / 60, minutes.unsigned_abs() % 60) {
            (0, 0) => "UTC".to_owned(),
            (hours, 0) => format!("UTC{sign}{hours}"),
            (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
        }
    }

    /// The day it is there, as a number that grows by one from each day to the next.
    #[must_use]
    pub fn day(&self, at: Time) -> i64 {
        (at + Span::minutes(i64::from(self.minutes(at)))).unix_milliseconds().div_euclid(86_400_000)
    }

    fn minutes(&self, at: Time) -> i16 {
        let since = self.shifts.partition_point(|shift| shift.from <= at);
        since.checked_sub(1).map_or(0, |last| self.shifts[last].minutes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Time = Time::from_unix_milliseconds(1_795_269_900_000); // 2026-11-21 14:05 UTC

    fn zone(minutes: [i16; 2]) -> Zone {
        let shift = |from, minutes| Shift { from, minutes };
        Zone::new("Somewhere/Else".to_owned(), vec![shift(NOON, minutes[1]), shift(NOON - Span::hours(48), minutes[0])])
    }

    #[test]
    fn clocks_show_what_the_zone_says_from_the_very_moment_of_a_shift_on() {
        let zone = zone([60, 120]);
        let clock = |at| (zone.civil(at).hour, zone.civil(at).minute);
        assert_eq!(clock(NOON - Span::seconds(1)), (15, 4));
        assert_eq!(clock(NOON), (16, 5));
        assert_eq!(clock(NOON - Span::hours(72)), (14, 5));
        assert_eq!((zone.offset(NOON), zone.offset(NOON - Span::seconds(1))), ("UTC+2".to_owned(), "UTC+1".to_owned()));
        assert_eq!(Zone::UTC.civil(NOON), NOON.utc());
    }

    #[test]
    fn a_day_begins_where_people_are() {
        assert_eq!(zone([0, 10 * 60]).civil(NOON).day, 22);
        assert_eq!(zone([0, -15 * 60]).civil(NOON).day, 20);
        assert_eq!(zone([0, 10 * 60]).day(NOON), Zone::UTC.day(NOON) + 1);
    }

    #[test]
    fn an_offset_is_written_out() {
        let offset = |minutes| zone([0, minutes]).offset(NOON);
        assert_eq!([0, 60, 345, -210, -30].map(offset), ["UTC", "UTC+1", "UTC+5:45", "UTC−3:30", "UTC−0:30"]);
    }
}
