//! What an event took from somebody: methods, backup codes, sessions, trusted devices.

use std::collections::BTreeMap;

use super::{Locale, td_string};

/// The details that are counts of what somebody lost, but for the sessions that a set-up ends: those are in `sessions_ended`.
pub const COUNTS: [&str; 7] =
    ["authenticator_apps", "hardware_tokens", "passkeys", "phones", "backup_codes", "sessions", "trusted_devices"];

/// What somebody lost by an event with these details, counted; none when nothing.
#[must_use]
pub fn lost(locale: Locale, details: &BTreeMap<String, String>) -> Option<String> {
    let count = |name: &str| details.get(name)?.parse::<u64>().ok().filter(|count| *count > 0);
    let deleted: Vec<String> = [
        count("authenticator_apps").map(|count| match count {
            1 => td_string!(locale, story.lost.app).to_owned(),
            count => td_string!(locale, story.lost.apps, count = count),
        }),
        count("hardware_tokens").map(|count| match count {
            1 => td_string!(locale, story.lost.token).to_owned(),
            count => td_string!(locale, story.lost.tokens, count = count),
        }),
        count("passkeys").map(|count| match count {
            1 => td_string!(locale, story.lost.passkey).to_owned(),
            count => td_string!(locale, story.lost.passkeys, count = count),
        }),
        count("phones").map(|count| match count {
            1 => td_string!(locale, story.lost.phone).to_owned(),
            count => td_string!(locale, story.lost.phones, count = count),
        }),
        count("backup_codes").map(|count| match count {
            1 => td_string!(locale, story.lost.code).to_owned(),
            count => td_string!(locale, story.lost.codes, count = count),
        }),
    ]
    .into_iter()
    .flatten()
    .collect();
    let ended: Vec<String> = [
        count("sessions").or_else(|| count("sessions_ended")).map(|count| match count {
            1 => td_string!(locale, story.lost.session).to_owned(),
            count => td_string!(locale, story.lost.sessions, count = count),
        }),
        count("trusted_devices").map(|count| match count {
            1 => td_string!(locale, story.lost.device).to_owned(),
            count => td_string!(locale, story.lost.devices, count = count),
        }),
    ]
    .into_iter()
    .flatten()
    .collect();
    let last = details.contains_key("last").then(|| td_string!(locale, story.lost.last).to_owned());
    let all = |parts: Vec<String>| {
        parts.into_iter().reduce(|first, last| td_string!(locale, story.lost.and, first = first, last = last))
    };
    let deleted = all(deleted).map(|what| td_string!(locale, story.lost.deleted, what = what));
    let ended = all(ended).map(|what| td_string!(locale, story.lost.ended, what = what));
    let words: Vec<String> = deleted.into_iter().chain(last).chain(ended).collect();
    (!words.is_empty()).then(|| words.join(" "))
}
