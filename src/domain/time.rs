//! Points in time and spans, in whole milliseconds. Where "now" comes from is the caller's affair.

use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

use super::Unreadable;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(i64);

/// A span of time in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(i64);

impl Time {
    /// From milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_unix_milliseconds(milliseconds: i64) -> Self {
        Self(milliseconds)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn unix_milliseconds(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01T00:00:00Z; 0 for what lies before.
    #[must_use]
    pub const fn unix_seconds(self) -> u64 {
        self.0.div_euclid(1000).unsigned_abs()
    }

    /// The date and time of day in UTC.
    #[must_use]
    pub const fn utc(self) -> Civil {
        // Howard Hinnant's days-to-civil algorithm: years begin in March, so that the leap day is the last of a year.
        let days = self.0.div_euclid(86_400_000);
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let day_of_era = z.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let milliseconds = self.0.rem_euclid(86_400_000);
        Civil {
            year: era * 400 + year_of_era + (month <= 2) as i64,
            month: small(month),
            day: small(day_of_year - (153 * shifted_month + 2) / 5 + 1),
            hour: small(milliseconds / 3_600_000),
            minute: small(milliseconds / 60_000 % 60),
            second: small(milliseconds / 1000 % 60),
        }
    }
}

/// A part of a date or time of day: 0 to 59.
#[expect(clippy::cast_possible_truncation, reason = "parts of dates and times of day are below 60")]
const fn small(part: i64) -> u8 {
    part.unsigned_abs() as u8
}

impl TryFrom<Civil> for Time {
    type Error = Unreadable;

    /// The moment at which this is shown in UTC: the way back of [`Time::utc`]. A date that no calendar has, or a time of day
    /// that no clock shows, is none.
    fn try_from(utc: Civil) -> Result<Self, Unreadable> {
        // Days are counted from March, as in `utc`. What was no date comes back as another one.
        if !(0..10_000).contains(&utc.year) {
            return Err(Unreadable("date"));
        }
        let (month, day) = (i64::from(utc.month), i64::from(utc.day));
        let year = utc.year - i64::from(month <= 2);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let days =
            year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468;
        let seconds = i64::from(utc.hour) * 3600 + i64::from(utc.minute) * 60 + i64::from(utc.second);
        let time = Self((days * 86_400 + seconds) * 1000);
        if time.utc() == utc { Ok(time) } else { Err(Unreadable("date")) }
    }
}

/// What a calendar and a clock show: a date of the proleptic Gregorian calendar and a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// The year; negative before year 0.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
}

impl Span {
    /// From whole seconds.
    #[must_use]
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds * 1000)
    }

    /// From whole minutes.
    #[must_use]
    pub const fn minutes(minutes: i64) -> Self {
        Self::seconds(minutes * 60)
    }

    /// From whole hours.
    #[must_use]
    pub const fn hours(hours: i64) -> Self {
        Self::minutes(hours * 60)
    }

    /// Milliseconds.
    #[must_use]
    pub const fn as_milliseconds(self) -> i64 {
        self.0
    }

    /// Whole seconds, rounded down.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Whole minutes, rounded up: what a person is asked to wait.
    #[must_use]
    pub const fn as_minutes_up(self) -> i64 {
        (self.0 + 59_999).div_euclid(60_000)
    }
}

impl Add<Span> for Time {
    type Output = Self;

    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub for Time {
    type Output = Span;

    fn sub(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Sub<Span> for Time {
    type Output = Self;

    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let utc = |seconds: i64| {
            let t = Time::from_unix_milliseconds(seconds * 1000).utc();
            (t.year, t.month, t.day, t.hour, t.minute, t.second)
        };
        assert_eq!(utc(0), (1970, 1, 1, 0, 0, 0));
        assert_eq!(utc(951_782_399), (2000, 2, 28, 23, 59, 59));
        assert_eq!(utc(951_782_400), (2000, 2, 29, 0, 0, 0));
        assert_eq!(utc(1_709_164_799), (2024, 2, 28, 23, 59, 59));
        assert_eq!(utc(1_709_164_800), (2024, 2, 29, 0, 0, 0));
        assert_eq!(utc(4_107_542_400), (2100, 3, 1, 0, 0, 0));
        assert_eq!(utc(-1), (1969, 12, 31, 23, 59, 59));
    }

    #[test]
    fn waiting_is_rounded_up_to_whole_minutes() {
        assert_eq!(Span::seconds(1).as_minutes_up(), 1);
        assert_eq!(Span::seconds(60).as_minutes_up(), 1);
        assert_eq!(Span::seconds(61).as_minutes_up(), 2);
    }

    #[test]
    fn what_no_calendar_has_is_no_time() {
        let utc = |month, day, hour| Civil { year: 2026, month, day, hour, minute: 0, second: 0 };
        for no_date in [utc(2, 29, 0), utc(4, 31, 0), utc(13, 1, 0), utc(0, 1, 0), utc(1, 0, 0), utc(1, 1, 24)] {
            assert!(Time::try_from(no_date).is_err(), "{no_date:?}");
        }
        assert_eq!(Time::try_from(utc(3, 1, 0)).map(Time::utc), Ok(utc(3, 1, 0)));
    }

    proptest! {
        #[test]
        fn a_date_leads_back_to_its_time(seconds in 0i64..253_402_300_800) {
            let time = Time::from_unix_milliseconds(seconds * 1000);
            prop_assert_eq!(Time::try_from(time.utc()), Ok(time));
        }
    }
}
