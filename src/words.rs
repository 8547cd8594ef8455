//! What Rekey says to people outside the console: sign-in, set-up, recovery, their own security, mails. The sentences lie in
//! `locales/`, a folder a language and a file a part of the product; `td_string!(locale(), sign_in.title)` is one of them, with
//! its arguments by name where it has some.
//!
//! A message is plain text: whoever shows it escapes it. There is a `td!` as well, which makes views and a hundred times the
//! WASM; it stays inside.

pub mod dates;
pub mod lost;

use std::sync::Arc;

use leptos::prelude::{GetValue as _, SetValue as _, StoredValue, provide_context, use_context};
use leptos_i18n::Locale as _;

use crate::domain::device::browser_and_system;
use crate::domain::zone::Zone;

/// Made by `build.rs`.
#[allow(warnings, clippy::all, clippy::pedantic, clippy::restriction, missing_docs)]
mod made {
    include!(concat!(env!("OUT_DIR"), "/words.rs"));
}

pub use made::i18n::{Locale, td_string};

/// The language of the page that is being made: the reader's, but for pages that speak one language only.
#[must_use]
pub fn locale() -> Locale {
    use_context().unwrap_or_default()
}

/// Has everything below the place that calls this speak `locale`.
pub fn speak(locale: Locale) {
    provide_context(locale);
}

/// The time zone of whoever reads the page that is being made; UTC where it is not known.
#[must_use]
pub fn zone() -> Arc<Zone> {
    use_context::<StoredValue<Arc<Zone>>>().map(|zone| zone.get_value()).unwrap_or_default()
}

/// The name of a time zone, for a person: "America/New York".
#[must_use]
pub fn place(zone: &str) -> String {
    zone.replace('_', " ")
}

/// Has everything below the place that calls this be in `zone`.
pub fn be_in(zone: Zone) {
    provide_context(StoredValue::new(Arc::new(zone)));
}

/// Has pages that are made from here on be in `zone`. The one that is shown stays as it is: half of it would not do.
pub fn move_to(zone: Zone) {
    if let Some(now) = use_context::<StoredValue<Arc<Zone>>>() {
        now.set_value(Arc::new(zone));
    }
}

/// All languages, by what they call themselves.
#[must_use]
pub fn languages() -> [(Locale, &'static str); 5] {
    [
        (Locale::de, "Deutsch"),
        (Locale::en, "English"),
        (Locale::es, "Español"),
        (Locale::fr, "Français"),
        (Locale::nl, "Nederlands"),
    ]
}

/// The language with this tag, as in `<html lang>`.
#[must_use]
pub fn tagged(tag: &str) -> Option<Locale> {
    Locale::get_all().iter().copied().find(|locale| locale.as_str() == tag)
}

/// The tag of a language, as in `<html lang>`.
#[must_use]
pub fn tag(locale: Locale) -> &'static str {
    locale.as_str()
}

/// Which way a language runs, as in `<html dir>`.
#[must_use]
pub fn direction(locale: Locale) -> &'static str {
    locale.direction().as_str()
}

/// What a mail of this kind was about, for the middle of a sentence.
#[must_use]
pub fn mail_about(locale: Locale, kind: &str) -> &'static str {
    match kind {
        "reset" => td_string!(locale, story.mail.reset),
        "token_assigned" => td_string!(locale, story.mail.token),
        "authenticator_added" | "method_added" => td_string!(locale, story.mail.added),
        "method_removed" => td_string!(locale, story.mail.removed),
        "passkey_copied" => td_string!(locale, story.mail.copied),
        "password_changed" | "password_set" => td_string!(locale, story.mail.password),
        "caller_code_made" => td_string!(locale, story.mail.caller_code),
        "caller_code_used" => td_string!(locale, story.mail.caller_code_used),
        "new_password" => td_string!(locale, story.mail.new_password),
        "new_password_help" => td_string!(locale, story.mail.new_password_help),
        "device_trusted" => td_string!(locale, story.mail.device),
        "backup_codes_made" => td_string!(locale, story.mail.codes),
        "backup_code_used" => td_string!(locale, story.mail.code),
        "invitation" => td_string!(locale, story.mail.invitation),
        "new_address" => td_string!(locale, story.mail.new_address),
        "address_changed" | "address_lost" | "address_restored" => td_string!(locale, story.mail.address),
        "second_address" => td_string!(locale, story.mail.second_address),
        "frozen" => td_string!(locale, story.mail.frozen),
        "disowned" => td_string!(locale, story.mail.disowned),
        "approval_asked" => td_string!(locale, story.mail.asked),
        "approval_decided" => td_string!(locale, story.mail.decided),
        _ => td_string!(locale, story.mail.other),
    }
}

/// What people call their browser and system, from what it says of itself.
#[must_use]
pub fn browser_name(locale: Locale, agent: &str) -> String {
    match browser_and_system(agent) {
        (Some(browser), Some(system)) => {
            td_string!(locale, common.browser_on, browser = browser, system = system)
        }
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => agent.chars().take(40).collect(),
    }
}

/// The language of ours that fits best what a browser says it accepts (RFC 9110, 12.5.4): the one it weighs most, of equals
/// the one it names first. None when it accepts none of them, or says nothing.
#[must_use]
pub fn accepted(header: &str) -> Option<Locale> {
    let mut ranges: Vec<(&str, u16)> = header.split(',').filter_map(range).collect();
    ranges.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
    ranges.into_iter().find_map(|(tag, _)| {
        let tag = tag.parse::<leptos_i18n::reexports::icu::locid::LanguageIdentifier>().ok()?;
        Locale::find_matchs(tag).first().copied()
    })
}

/// One language of such a header with its weight in thousandths; none where it is malformed, or weighs nothing.
fn range(text: &str) -> Option<(&str, u16)> {
    let (tag, parameters) = text.split_once(';').unwrap_or((text, ""));
    let weight = match parameters.trim() {
        "" => 1000,
        weight => {
            let (name, value) = weight.split_once('=')?;
            let value: f32 = name.trim().eq_ignore_ascii_case("q").then(|| value.trim().parse().ok())??;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 1000")]
            (0.0..=1.0).contains(&value).then_some((value * 1000.0) as u16)?
        }
    };
    (weight > 0).then_some((tag.trim(), weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_text_with_its_arguments() {
        assert_eq!(td_string!(Locale::en, common.product), "Rekey");
        assert_eq!(td_string!(Locale::en, mail.hello, name = "Zoë <b>"), "Hello Zoë <b>,");
    }

    #[test]
    fn browsers_are_called_what_people_call_them() {
        assert_eq!(browser_name(Locale::en, "Firefox/1 (Windows)"), "Firefox on Windows");
        assert_eq!(browser_name(Locale::de, "Firefox/1 (Windows)"), "Firefox unter Windows");
        assert_eq!(browser_name(Locale::fr, "Firefox/1"), "Firefox");
        assert_eq!(browser_name(Locale::nl, "curl/8.0"), "curl/8.0");
    }

    #[test]
    fn a_browser_gets_what_it_weighs_most() {
        for (header, expected) in [
            ("de", Some(Locale::de)),
            ("de-AT,de;q=0.9,en;q=0.8", Some(Locale::de)),
            ("en;q=0.5, fr-CA;q=0.7, nl;q=0.6", Some(Locale::fr)),
            ("pt-BR,pt;q=0.9,es;q=0.3,en;q=0.2", Some(Locale::es)),
            ("sv, nl ; q=0.001", Some(Locale::nl)),
            ("fr;q=0, en;q=0.1", Some(Locale::en)),
            ("en, de", Some(Locale::en)),
            ("DE-de", Some(Locale::de)),
            ("*", None),
            ("pt-BR,ja;q=0.5", None),
            ("", None),
            (";;q=1,=,en;q=2,fr;q=x,de;x=1", None),
        ] {
            assert_eq!(accepted(header), expected, "{header}");
        }
    }

    #[test]
    fn every_language_is_offered_and_runs_some_way() {
        let mut offered: Vec<Locale> = languages().into_iter().map(|(locale, _)| locale).collect();
        offered.sort_by_key(|locale| locale.as_str());
        let mut all = Locale::get_all().to_vec();
        all.sort_by_key(|locale| locale.as_str());
        assert_eq!(offered, all);
        for locale in all {
            assert_eq!(tagged(tag(locale)), Some(locale));
            assert_eq!(direction(locale), "ltr");
        }
        assert_eq!(tagged("tlh"), None);
    }
}
