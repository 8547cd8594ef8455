use leptos::prelude::*;

use crate::domain::time::{Time as Moment, Utc};
pub use crate::words::dates::{clock, is_same_day};
use crate::words::{dates, locale};

/// A moment in UTC: the time if it is today (to the second where it matters), the date otherwise, the whole truth in the
/// title.
#[component]
pub fn Time(at: Moment, now: Moment, #[prop(optional)] seconds: bool) -> impl IntoView {
    let mut words = short(at, now);
    if seconds && words.contains(':') {
        words = format!("{words}:{:02}", at.utc().second);
    }
    view! { <time datetime=iso(at) title=long(at)>{words}</time> }
}

/// "14:05" today, "21 Nov" this year, "21 Nov 2025" otherwise; this and the others in the language of the page.
pub fn short(at: Moment, now: Moment) -> String {
    dates::short(locale(), at, now)
}

/// "21 November 2026, 14:05:31 UTC".
pub fn long(at: Moment) -> String {
    dates::long(locale(), at)
}

/// "21 November 2026, 14:05 UTC".
pub fn minute(at: Moment) -> String {
    dates::minute(locale(), at)
}

/// "21 November 2026".
pub fn day(at: Moment) -> String {
    dates::day(locale(), at)
}

/// "2026-11-21T14:05:31Z".
pub fn iso(at: Moment) -> String {
    let Utc { year, month, day, hour, minute, second } = at.utc();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Span;

    const NOON: Moment = Moment::from_unix_milliseconds(1_795_269_900_000); // 2026-11-21 14:05 UTC

    #[test]
    fn today_is_a_time_and_the_rest_a_date() {
        assert_eq!(short(NOON, NOON), "14:05");
        assert_eq!(short(NOON, NOON + Span::hours(15)), "21 Nov");
        assert_eq!(short(NOON, NOON + Span::hours(24 * 365)), "21 Nov 2026");
    }

    #[test]
    fn a_moment_is_written_out() {
        assert_eq!(iso(NOON), "2026-11-21T14:05:00Z");
        assert_eq!(long(NOON + Span::seconds(31)), "21 November 2026, 14:05:31 UTC");
        assert_eq!(minute(NOON + Span::seconds(31)), "21 November 2026, 14:05 UTC");
    }
}
