//! Dates and times as each language writes them, where their reader is.

use super::{Locale, td_string};
use crate::domain::time::{Civil, Time};
use crate::domain::zone::Zone;

/// "21 November 2026".
#[must_use]
pub fn day(locale: Locale, zone: &Zone, at: Time) -> String {
    let civil = zone.civil(at);
    td_string!(locale, dates.day, day = day_of_month(locale, civil), month = month(locale, civil), year = civil.year)
}

/// "21 November 2026, 15:05 UTC+1".
#[must_use]
pub fn minute(locale: Locale, zone: &Zone, at: Time) -> String {
    td_string!(locale, dates.moment, day = day(locale, zone, at), time = clock(zone, at))
}

/// "21 November 2026, 15:05:31 UTC+1".
#[must_use]
pub fn long(locale: Locale, zone: &Zone, at: Time) -> String {
    let time = format!("{}:{:02} {}", bare_clock(zone, at), zone.civil(at).second, zone.offset(at));
    td_string!(locale, dates.moment, day = day(locale, zone, at), time = time)
}

/// "15:05" today, "21 Nov" this year, "21 Nov 2025" otherwise.
#[must_use]
pub fn short(locale: Locale, zone: &Zone, at: Time, now: Time) -> String {
    if is_same_day(zone, at, now) {
        return bare_clock(zone, at);
    }
    let civil = zone.civil(at);
    let (day, month) = (day_of_month(locale, civil), short_month(locale, civil));
    if civil.year == zone.civil(now).year {
        td_string!(locale, dates.short_day, day = day, month = month)
    } else {
        td_string!(locale, dates.short_date, day = day, month = month, year = civil.year)
    }
}

/// "15:05 UTC+1".
#[must_use]
pub fn clock(zone: &Zone, at: Time) -> String {
    format!("{} {}", bare_clock(zone, at), zone.offset(at))
}

/// "15:05", where something else says which zone it is of.
#[must_use]
pub fn bare_clock(zone: &Zone, at: Time) -> String {
    let Civil { hour, minute, .. } = zone.civil(at);
    format!("{hour:02}:{minute:02}")
}

/// Whether two moments lie on one day.
#[must_use]
pub fn is_same_day(zone: &Zone, a: Time, b: Time) -> bool {
    zone.day(a) == zone.day(b)
}

/// Whether one moment lies on the day before another's. A day is not always 24 hours long.
#[must_use]
pub fn is_day_before(zone: &Zone, a: Time, b: Time) -> bool {
    zone.day(a) + 1 == zone.day(b)
}

/// Some languages count the first day and name the others.
fn day_of_month(locale: Locale, civil: Civil) -> String {
    match civil.day {
        1 => td_string!(locale, dates.first).to_owned(),
        day => day.to_string(),
    }
}

fn month(locale: Locale, civil: Civil) -> &'static str {
    match civil.month {
        1 => td_string!(locale, dates.month.january),
        2 => td_string!(locale, dates.month.february),
        3 => td_string!(locale, dates.month.march),
        4 => td_string!(locale, dates.month.april),
        5 => td_string!(locale, dates.month.may),
        6 => td_string!(locale, dates.month.june),
        7 => td_string!(locale, dates.month.july),
        8 => td_string!(locale, dates.month.august),
        9 => td_string!(locale, dates.month.september),
        10 => td_string!(locale, dates.month.october),
        11 => td_string!(locale, dates.month.november),
        _ => td_string!(locale, dates.month.december),
    }
}

fn short_month(locale: Locale, civil: Civil) -> &'static str {
    match civil.month {
        1 => td_string!(locale, dates.short.january),
        2 => td_string!(locale, dates.short.february),
        3 => td_string!(locale, dates.short.march),
        4 => td_string!(locale, dates.short.april),
        5 => td_string!(locale, dates.short.may),
        6 => td_string!(locale, dates.short.june),
        7 => td_string!(locale, dates.short.july),
        8 => td_string!(locale, dates.short.august),
        9 => td_string!(locale, dates.short.september),
        10 => td_string!(locale, dates.short.october),
        11 => td_string!(locale, dates.short.november),
        _ => td_string!(locale, dates.short.december),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Span;
    use crate::domain::zone::Shift;

    const NOON: Time = Time::from_unix_milliseconds(1_795_269_931_000); // 2026-11-21 14:05:31 UTC
    const NEW_YEAR: Time = Time::from_unix_milliseconds(1_798_761_600_000); // 2027-01-01 00:00 UTC

    #[test]
    fn each_language_writes_a_date_its_own_way() {
        for (locale, whole, day_of, first) in [
            (Locale::en, "21 November 2026, 14:05:31 UTC", "21 Nov", "1 January 2027, 00:00 UTC"),
            (Locale::de, "21. November 2026 um 14:05:31 UTC", "21. Nov.", "1. Januar 2027 um 00:00 UTC"),
            (Locale::fr, "21 novembre 2026 à 14:05:31 UTC", "21 nov.", "1er janvier 2027 à 00:00 UTC"),
            (Locale::nl, "21 november 2026 om 14:05:31 UTC", "21 nov", "1 januari 2027 om 00:00 UTC"),
            (Locale::es, "21 de noviembre de 2026 (14:05:31 UTC)", "21 nov", "1 de enero de 2027 (00:00 UTC)"),
        ] {
            assert_eq!(long(locale, &Zone::UTC, NOON), whole);
            assert_eq!(short(locale, &Zone::UTC, NOON, NOON + Span::hours(48)), day_of);
            assert_eq!(minute(locale, &Zone::UTC, NEW_YEAR), first);
            assert_eq!(short(locale, &Zone::UTC, NOON, NOON), "14:05");
        }
        assert_eq!(short(Locale::de, &Zone::UTC, NOON, NEW_YEAR), "21. Nov. 2026");
    }

    #[test]
    fn a_moment_is_said_where_its_reader_is() {
        let east =
            Zone::new("Pacific/Auckland".to_owned(), vec![Shift { from: NOON - Span::hours(1), minutes: 13 * 60 }]);
        assert_eq!(minute(Locale::en, &east, NOON), "22 November 2026, 03:05 UTC+13");
        assert_eq!(long(Locale::de, &east, NOON), "22. November 2026 um 03:05:31 UTC+13");
        assert_eq!(clock(&east, NOON), "03:05 UTC+13");
        assert_eq!(short(Locale::en, &east, NOON, NOON + Span::hours(12)), "03:05");
        assert_eq!(short(Locale::en, &Zone::UTC, NOON, NOON + Span::hours(12)), "21 Nov");
    }

    #[test]
    fn yesterday_is_a_day_of_the_calendar() {
        // On 22 November at 02:00 clocks were put forward to 03:00.
        let shift = Shift { from: NOON - Span::seconds(31 + 5 * 60) + Span::hours(12), minutes: 60 };
        let zone = Zone::new("Somewhere/Else".to_owned(), vec![shift]);
        let (saturday, sunday) = (NOON + Span::hours(9), NOON + Span::hours(22));
        let monday = saturday + Span::hours(25);
        assert!(is_day_before(&zone, saturday, sunday) && is_day_before(&zone, sunday, monday));
        assert!(!is_day_before(&zone, saturday, monday) && !is_day_before(&zone, sunday, sunday));
    }
}
