use leptos::prelude::*;

/// A moment in UTC milliseconds: the time if it is today (to the second where it matters), the date otherwise, the whole truth
/// in the title.
#[component]
pub fn Time(at: i64, now: i64, #[prop(optional)] seconds: bool) -> impl IntoView {
    let mut words = short(at, now);
    if seconds && words.contains(':') {
        words = format!("{words}:{:02}", Civil::of(at).second % 60);
    }
    view! { <time datetime=iso(at) title=long(at)>{words}</time> }
}

/// "14:05" today, "21 Nov" this year, "21 Nov 2025" otherwise.
pub fn short(at: i64, now: i64) -> String {
    let (moment, today) = (Civil::of(at), Civil::of(now));
    let month = &MONTHS[moment.month][..3];
    if moment.days == today.days {
        clock(at)
    } else if moment.year == today.year {
        format!("{} {month}", moment.day)
    } else {
        format!("{} {month} {}", moment.day, moment.year)
    }
}

/// "21 November 2026, 14:05:31 UTC".
pub fn long(at: i64) -> String {
    let Civil {
        year,
        month,
        day,
        second,
        ..
    } = Civil::of(at);
    format!("{day} {} {year}, {}:{:02} UTC", MONTHS[month], clock(at), second % 60)
}

/// "21 November 2026, 14:05 UTC".
pub fn minute(at: i64) -> String {
    let Civil { year, month, day, .. } = Civil::of(at);
    format!("{day} {} {year}, {} UTC", MONTHS[month], clock(at))
}

/// "14:05".
pub fn clock(at: i64) -> String {
    let second = Civil::of(at).second;
    format!("{:02}:{:02}", second / 3600, second / 60 % 60)
}

fn iso(at: i64) -> String {
    let Civil {
        year,
        month,
        day,
        second,
        ..
    } = Civil::of(at);
    format!("{year:04}-{:02}-{day:02}T{}:{:02}Z", month + 1, clock(at), second % 60)
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A moment on the calendar. Month counts from 0, `second` is of the day.
struct Civil {
    days: i64,
    year: i64,
    month: usize,
    day: i64,
    second: i64,
}

impl Civil {
    /// Days into eras of 400 years that begin on 1 March, so that the leap day is the last of its year.
    fn of(at: i64) -> Self {
        let seconds = at.div_euclid(1000);
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let shifted = days + 719_468;
        let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * from_march + 2) / 5 + 1;
        let month = (from_march + 2) % 12;
        let year = year_of_era + era * 400 + i64::from(month < 2);
        Self {
            days,
            year,
            month: month as usize,
            day,
            second,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{iso, long, minute, short};

    const NOON: i64 = 1_795_269_900_000; // 2026-11-21 14:05 UTC

    #[test]
    fn today_is_a_time_and_the_rest_a_date() {
        assert_eq!(short(NOON, NOON), "14:05");
        assert_eq!(short(NOON - 15 * 3_600_000, NOON), "20 Nov");
        assert_eq!(short(NOON - 365 * 86_400_000, NOON), "21 Nov 2025");
    }

    #[test]
    fn the_calendar_is_right_at_its_edges() {
        assert_eq!(iso(0), "1970-01-01T00:00:00Z");
        assert_eq!(iso(-1), "1969-12-31T23:59:59Z");
        assert_eq!(iso(951_782_400_000), "2000-02-29T00:00:00Z");
        assert_eq!(iso(4_107_542_399_000), "2100-02-28T23:59:59Z");
        assert_eq!(long(NOON + 31_000), "21 November 2026, 14:05:31 UTC");
        assert_eq!(minute(NOON + 31_000), "21 November 2026, 14:05 UTC");
    }
}
