//! Time zones by name. The IANA time zone database lies in the binary: the machine may have none, or an old one.

use std::sync::LazyLock;

use axum::http::HeaderMap;
use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;

use super::cookies::Cookie;
use super::request::cookie;
use crate::domain::time::{Span, Time};
use crate::domain::zone::{Shift, Zone};

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// How far back a page shows the right time of day.
const PAST: Span = Span::hours(10 * 366 * 24);
/// And how far ahead.
const FUTURE: Span = Span::hours(2 * 366 * 24);

/// The zone with this name, which may be written in any case, around `now`. None is called so: none.
#[must_use]
pub fn zone(name: &str, now: Time) -> Option<Zone> {
    let found = ZONES.get(name).ok()?;
    let name = found.iana_name()?;
    let (from, until) = (now - PAST, now + FUTURE);
    let stamp = |at: Time| Timestamp::from_millisecond(at.unix_milliseconds()).ok();
    let minutes = |seconds: i32| i16::try_from(seconds / 60).ok();
    let first = Shift { from, minutes: minutes(found.to_offset(stamp(from)?).seconds())? };
    let later = found.following(stamp(from)?).map_while(|shift| {
        let from = Time::from_unix_milliseconds(shift.timestamp().as_millisecond());
        (from <= until).then_some(Shift { from, minutes: minutes(shift.offset().seconds())? })
    });
    Some(Zone::new(name.to_owned(), std::iter::once(first).chain(later).collect()))
}

/// Where whoever sends a request with these headers is, as far as it says so.
#[must_use]
pub fn of(headers: &HeaderMap, https: bool, now: Time) -> Option<Zone> {
    cookie(headers, Cookie::Zone.name(https)).and_then(|name| zone(&name, now))
}

/// The names of all zones that are called after a place and have no newer name, in their order.
#[must_use]
pub fn places() -> Vec<String> {
    let is_newest = |name: &str| ZONES.get(name).is_ok_and(|zone| zone.primary_iana_name() == Some(name));
    let mut places: Vec<String> = ZONES.available().map(|name| name.to_string()).collect();
    places.retain(|name| is_of_a_place(name) && is_newest(name));
    places.sort_unstable();
    places
}

/// Whether a zone is called after a place: the others are abbreviations, or say no more than how far they are from UTC.
#[must_use]
pub fn is_of_a_place(name: &str) -> bool {
    const REGIONS: [&str; 10] = [
        "Africa/",
        "America/",
        "Antarctica/",
        "Arctic/",
        "Asia/",
        "Atlantic/",
        "Australia/",
        "Europe/",
        "Indian/",
        "Pacific/",
    ];
    REGIONS.iter().any(|region| name.starts_with(region))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Time = Time::from_unix_milliseconds(1_795_269_900_000); // 2026-11-21 14:05 UTC

    fn clock(name: &str, at: Time) -> (u8, u8, String) {
        let zone = zone(name, NOON).unwrap();
        (zone.civil(at).hour, zone.civil(at).minute, zone.offset(at))
    }

    #[test]
    fn clocks_are_those_of_the_place_in_summer_and_in_winter() {
        let summer = NOON - Span::hours(120 * 24);
        assert_eq!(clock("Europe/Berlin", NOON), (15, 5, "UTC+1".to_owned()));
        assert_eq!(clock("Europe/Berlin", summer), (16, 5, "UTC+2".to_owned()));
        assert_eq!(clock("America/New_York", NOON), (9, 5, "UTC−5".to_owned()));
        assert_eq!(clock("Asia/Kathmandu", NOON), (19, 50, "UTC+5:45".to_owned()));
        assert_eq!(clock("Europe/Berlin", NOON + Span::hours(220 * 24)), (16, 5, "UTC+2".to_owned()));
        assert_eq!(clock("Europe/Berlin", NOON - Span::hours(9 * 366 * 24)).2, "UTC+1");
    }

    #[test]
    fn a_name_is_found_in_any_case_and_nothing_else_is() {
        assert_eq!(zone("europe/berlin", NOON).unwrap().name(), "Europe/Berlin");
        for name in ["", "Mars/Olympus", "../../etc/passwd", "Etc/Unknown", "Europe/Berlin; Path=/", "+01:00"] {
            assert_eq!(zone(name, NOON), None, "{name}");
        }
    }

    #[test]
    fn every_zone_fits_a_page() {
        for name in ZONES.available() {
            let written = serde_json::to_string(&zone(name.as_str(), NOON).unwrap()).unwrap();
            assert!(written.len() < 2000, "{name} takes {} bytes", written.len());
        }
    }

    #[test]
    fn each_place_is_offered_once_under_its_newest_name() {
        let places = places();
        let offered = |name: &str| places.iter().any(|place| place == name);
        assert!(places.len() > 300 && places.is_sorted());
        assert!(["Europe/Kyiv", "Asia/Kolkata", "America/Argentina/Buenos_Aires"].into_iter().all(offered));
        assert!(!["Europe/Kiev", "Asia/Calcutta", "GB", "Etc/GMT+5", "UTC"].into_iter().any(offered));
    }
}
