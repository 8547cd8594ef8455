//! The server function of the language control.

use leptos::prelude::*;

use super::api::ApiError;
#[cfg(feature = "ssr")]
use super::{request::Request, service};
#[cfg(feature = "ssr")]
use crate::platform::cookies::Cookie;
#[cfg(feature = "ssr")]
use crate::platform::language::{Language, Source};

/// From here on Rekey speaks this language with whoever reads: in this browser, and where they are signed in, wherever they
/// are. What is no language of ours changes nothing. The browser goes back to where it was.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "session/choose_language")]
pub async fn choose_language(language: String) -> Result<(), ApiError> {
    let request = Request::current()?;
    if let Some(locale) = crate::words::tagged(&language) {
        let source = match request.session().await? {
            Some(session) => {
                service::language::choose(&request.platform, session.actor.user, locale).await?;
                Source::Account
            }
            None => Source::Chosen,
        };
        request.set(Cookie::Language, &Language { locale, source }.cookie());
    }
    request.go(&request.page());
    Ok(())
}
