//! Dates and times as each language writes them. All of them are in UTC and say so.

use super::{Locale, td_string};
use crate::domain::time::{Time, Utc};

/// "21 November 2026".
#[must_use]
pub fn day(locale: Locale, at: Time) -> String {
    let utc = at.utc();
    td_string!(locale, dates.day, day = day_of_month(locale, utc), month = month(locale, utc), year = utc.year)
}

/// "21 November 2026, 14:05 UTC".
#[must_use]
pub fn minute(locale: Locale, at: Time) -> String {
    td_string!(locale, dates.moment, day = day(locale, at), time = clock(at))
}

/// "21 November 2026, 14:05:31 UTC".
#[must_use]
pub fn long(locale: Locale, at: Time) -> String {
    td_string!(locale, dates.moment, day = day(locale, at), time = format!("{}:{:02}", clock(at), at.utc().second))
}

/// "14:05" today, "21 Nov" this year, "21 Nov 2025" otherwise.
#[must_use]
pub fn short(locale: Locale, at: Time, now: Time) -> String {
    if is_same_day(at, now) {
        return clock(at);
    }
    let utc = at.utc();
    let (day, month) = (day_of_month(locale, utc), short_month(locale, utc));
    if utc.year == now.utc().year {
        td_string!(locale, dates.short_day, day = day, month = month)
    } else {
        td_string!(locale, dates.short_date, day = day, month = month, year = utc.year)
    }
}

/// "14:05".
#[must_use]
pub fn clock(at: Time) -> String {
    let Utc { hour, minute, .. } = at.utc();
    format!("{hour:02}:{minute:02}")
}

/// Whether two moments lie on one day.
#[must_use]
pub fn is_same_day(a: Time, b: Time) -> bool {
    let day = |at: Time| (at.utc().year, at.utc().month, at.utc().day);
    day(a) == day(b)
}

/// Some languages count the first day and name the others.
fn day_of_month(locale: Locale, utc: Utc) -> String {
    match utc.day {
        1 => td_string!(locale, dates.first).to_owned(),
        day => day.to_string(),
    }
}

fn month(locale: Locale, utc: Utc) -> &'static str {
    match utc.month {
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

fn short_month(locale: Locale, utc: Utc) -> &'static str {
    match utc.month {
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
            assert_eq!(long(locale, NOON), whole);
            assert_eq!(short(locale, NOON, NOON + Span::hours(48)), day_of);
            assert_eq!(minute(locale, NEW_YEAR), first);
            assert_eq!(short(locale, NOON, NOON), "14:05");
        }
        assert_eq!(short(Locale::de, NOON, NEW_YEAR), "21. Nov. 2026");
    }
}
