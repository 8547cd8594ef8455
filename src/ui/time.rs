use leptos::{
    prelude::*,
    wasm_bindgen::{JsCast, JsValue},
    web_sys::js_sys::{Array, Function, Reflect},
};

use crate::domain::time::{Civil, Time as Moment};
use crate::words::{dates, locale, zone};

/// A moment where its reader is: the time if it is today (to the second where it matters), the date otherwise, the whole truth
/// in the title.
#[component]
pub fn Time(at: Moment, now: Moment, #[prop(optional)] seconds: bool) -> impl IntoView {
    let mut words = short(at, now);
    if seconds && is_same_day(at, now) {
        words = format!("{words}:{:02}", at.utc().second);
    }
    view! { <time datetime=iso(at) title=long(at)>{words}</time> }
}

/// "15:05" today, "21 Nov" this year, "21 Nov 2025" otherwise; this and the others in the language of the page and where its
/// reader is.
pub fn short(at: Moment, now: Moment) -> String {
    dates::short(locale(), &zone(), at, now)
}

/// "21 November 2026, 15:05:31 UTC+1".
pub fn long(at: Moment) -> String {
    dates::long(locale(), &zone(), at)
}

/// "21 November 2026, 15:05 UTC+1".
pub fn minute(at: Moment) -> String {
    dates::minute(locale(), &zone(), at)
}

/// "21 November 2026".
pub fn day(at: Moment) -> String {
    dates::day(locale(), &zone(), at)
}

/// "15:05 UTC+1".
pub fn clock(at: Moment) -> String {
    dates::clock(&zone(), at)
}

/// "15:05", where something else says which zone it is of.
pub fn bare_clock(at: Moment) -> String {
    dates::bare_clock(&zone(), at)
}

/// "15:05 UTC+1" today, "21 November 2026, 15:05 UTC+1" otherwise.
pub fn moment(at: Moment, now: Moment) -> String {
    if is_same_day(at, now) { clock(at) } else { minute(at) }
}

/// Whether two moments lie on one day.
pub fn is_same_day(a: Moment, b: Moment) -> bool {
    dates::is_same_day(&zone(), a, b)
}

/// Whether one moment lies on the day before another's.
pub fn is_day_before(a: Moment, b: Moment) -> bool {
    dates::is_day_before(&zone(), a, b)
}

/// What a row that says when something was depends on, beside what is in it: which day it is, and where.
pub fn today(now: Moment) -> String {
    format!("{} {}", day(now), zone().name())
}

/// "2026-11-21T14:05:31Z".
pub fn iso(at: Moment) -> String {
    let Civil { year, month, day, hour, minute, second } = at.utc();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The name of the time zone that this browser is in, where it says.
pub fn browser_zone() -> Option<String> {
    resolved_zone().ok()?.as_string()
}

fn resolved_zone() -> Result<JsValue, JsValue> {
    let intl = Reflect::get(&window(), &"Intl".into())?;
    let make: Function = Reflect::get(&intl, &"DateTimeFormat".into())?.dyn_into()?;
    let format = Reflect::construct(&make, &Array::new())?;
    let resolve: Function = Reflect::get(&format, &"resolvedOptions".into())?.dyn_into()?;
    Reflect::get(&resolve.call0(&format)?, &"timeZone".into())
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
        assert_eq!(clock(NOON), "14:05 UTC");
    }
}
