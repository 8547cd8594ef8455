//! The server functions that add a passkey to one's own methods.

use leptos::prelude::*;

use super::api::Proof;
use crate::features::session::api::ApiError;

#[cfg(feature = "ssr")]
use super::method_service::Added;
#[cfg(feature = "ssr")]
use super::passkey_service;
#[cfg(feature = "ssr")]
use crate::domain::method::read_name;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::platform::cookies::Cookie;

/// Asks for a new key, where a fresh factor opened an addition in this browser: the question, for the browser. None when
/// there is no addition any more.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/ask_passkey")]
pub async fn ask_new_passkey() -> Result<Option<String>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    match request.cookie(Cookie::Challenge) {
        Some(token) => Ok(passkey_service::ask(&request.platform, &session, &token).await?),
        None => Ok(None),
    }
}

/// Adds the key that gave this answer.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/add_passkey")]
pub async fn add_passkey(
    #[server(default)] answer: String,
    #[server(default)] name: String,
) -> Result<Proof, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let outcome = match (request.cookie(Cookie::Challenge), read_name(&name)) {
        (None, _) => Proof::Over,
        (_, Err(_)) => Proof::LongName,
        (Some(token), Ok(name)) => {
            let Request { platform, origin, .. } = &request;
            match passkey_service::add(platform, origin, &session, &token, &answer, name.as_deref()).await? {
                Added::Right => {
                    request.clear(Cookie::Challenge);
                    request.go("/security?done=passkey");
                    return Ok(Proof::GoOn);
                }
                Added::Wrong => Proof::Wrong,
                Added::Over => Proof::Over,
            }
        }
    };
    if outcome == Proof::Over {
        request.clear(Cookie::Challenge);
        request.go("/security/add?kind=passkey&over=1");
    }
    Ok(outcome)
}
