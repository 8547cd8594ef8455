//! The language of a user: what they chose, or else what their browser asked for when they first proved themself.

use super::super::store::reader as store;
use super::NewToken;
use crate::domain::user::UserRef;
use crate::platform::keys::sha256;
use crate::platform::language::{Language, Source};
use crate::platform::{Platform, Result};
use crate::words::{self, Locale};

/// Of whom a session was just opened for, in a browser that speaks `language`: what somebody chose there is theirs from now on.
/// None when there is no such session.
///
/// # Errors
/// When the database fails.
pub async fn of_session(platform: &Platform, token: &NewToken, language: Language) -> Result<Option<Language>> {
    let found = store::by_session(&mut *platform.db.read().await?, &sha256(token.0.as_bytes())).await?;
    settle(platform, found, language, language.source == Source::Chosen).await
}

/// The same where a right password was given and no more: it changes nothing of what is known.
///
/// # Errors
/// When the database fails.
pub async fn of_challenge(platform: &Platform, token: &NewToken, language: Language) -> Result<Option<Language>> {
    if language.source == Source::Chosen {
        return Ok(Some(language));
    }
    let found = store::by_challenge(&mut *platform.db.read().await?, &sha256(token.0.as_bytes())).await?;
    settle(platform, found, language, false).await
}

async fn settle(
    platform: &Platform,
    found: Option<store::Found>,
    language: Language,
    takes_over: bool,
) -> Result<Option<Language>> {
    let Some(found) = found else {
        return Ok(None);
    };
    let known = found.language.as_deref().and_then(words::tagged);
    let of_account = |locale| Some(Language { locale, source: Source::Account });
    match known {
        Some(known) if !takes_over || known == language.locale => Ok(of_account(known)),
        None if language.source == Source::Nothing => Ok(None),
        _ => {
            choose(platform, found.user(), language.locale).await?;
            Ok(of_account(language.locale))
        }
    }
}

/// Makes `locale` the language of `user`.
///
/// # Errors
/// When the database fails.
pub async fn choose(platform: &Platform, user: UserRef, locale: Locale) -> Result<()> {
    let mut tx = platform.db.begin().await?;
    store::set_language(&mut tx, user, words::tag(locale)).await?;
    tx.commit().await
}
