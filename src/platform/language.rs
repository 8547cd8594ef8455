//! The language in which a request wants its answer.

use axum::http::{HeaderMap, header};

use super::cookies::Cookie;
use super::request::cookie;
use crate::words::{self, Locale};

/// A language, and how it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Language {
    /// Which.
    pub locale: Locale,
    /// Whose word it is.
    pub source: Source,
}

/// How a language is known, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Somebody chose it in this browser who was not signed in: it becomes that of whoever signs in next.
    Chosen,
    /// It is that of whoever was signed in last in this browser.
    Account,
    /// The browser asks for it.
    Browser,
    /// It is not: Rekey speaks English then.
    Nothing,
}

/// What ends the cookie of a language that was chosen by somebody who was not signed in.
const CHOSEN: &str = ".chosen";

impl Language {
    /// Of a request with these headers.
    #[must_use]
    pub fn of(headers: &HeaderMap, https: bool) -> Self {
        let kept = cookie(headers, Cookie::Language.name(https)).and_then(|value| Self::kept(&value));
        let browser = || {
            let accepts = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
            words::accepted(&accepts.collect::<Vec<_>>().join(","))
        };
        kept.or_else(|| browser().map(|locale| Self { locale, source: Source::Browser }))
            .unwrap_or(Self { locale: Locale::default(), source: Source::Nothing })
    }

    fn kept(value: &str) -> Option<Self> {
        let (tag, source) = value.strip_suffix(CHOSEN).map_or((value, Source::Account), |tag| (tag, Source::Chosen));
        Some(Self { locale: words::tagged(tag)?, source })
    }

    /// The value of its cookie.
    #[must_use]
    pub fn cookie(self) -> String {
        let end = if self.source == Source::Chosen { CHOSEN } else { "" };
        format!("{}{end}", words::tag(self.locale))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language(cookie: &str, accepts: &str) -> (Locale, Source) {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, format!("__Host-rekey-language={cookie}").parse().unwrap());
        headers.insert(header::ACCEPT_LANGUAGE, accepts.parse().unwrap());
        let Language { locale, source } = Language::of(&headers, true);
        (locale, source)
    }

    #[test]
    fn what_was_chosen_comes_before_what_the_browser_asks_for() {
        assert_eq!(language("de", "fr"), (Locale::de, Source::Account));
        assert_eq!(language("nl.chosen", "fr"), (Locale::nl, Source::Chosen));
        assert_eq!(language("", "fr"), (Locale::fr, Source::Browser));
        assert_eq!(language("tlh.chosen", "es"), (Locale::es, Source::Browser));
        assert_eq!(language("../..", "pt"), (Locale::en, Source::Nothing));
    }

    #[test]
    fn a_cookie_says_what_it_was_made_of() {
        for source in [Source::Chosen, Source::Account] {
            let language = Language { locale: Locale::es, source };
            assert_eq!(Language::kept(&language.cookie()), Some(language));
        }
    }
}
