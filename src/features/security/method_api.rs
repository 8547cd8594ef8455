//! The server functions that add, rename and remove one's own authentication methods.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::api::Proof;
use crate::domain::ids::MethodId;
use crate::features::session::api::ApiError;
use crate::features::set_up::api::Key;

#[cfg(feature = "ssr")]
use super::api::{factor, settle};
#[cfg(feature = "ssr")]
use super::method_service;
#[cfg(feature = "ssr")]
use crate::domain::method::{MethodKind, read_name};
#[cfg(feature = "ssr")]
use crate::domain::totp::read_digits;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::platform::cookies::Cookie;

/// Begins to add a method of this kind, an authenticator app unless it says otherwise, with a second factor that is there already.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/add")]
pub async fn begin_adding(
    #[server(default)] code: String,
    #[server(default)] backup: bool,
    #[server(default)] kind: String,
) -> Result<Proof, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let outcome = match factor(&code, backup) {
        None => Proof::Malformed,
        Some(factor) => {
            let changed = method_service::begin_adding(&request.platform, &request.origin, &session, &factor).await?;
            match settle(&request, changed) {
                Ok(challenge) => {
                    request.set_token(Cookie::Challenge, &challenge);
                    request.go(match kind.parse() {
                        Ok(MethodKind::Passkey) => "/security/add/passkey",
                        Ok(MethodKind::Phone) => "/security/add/phone",
                        _ => "/security/add/key",
                    });
                    return Ok(Proof::GoOn);
                }
                Err(outcome) => outcome,
            }
        }
    };
    request.leave("add", outcome, &[]);
    Ok(outcome)
}

/// Begins the first set-up of somebody who is signed in by their password alone.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/set_up")]
pub async fn begin_set_up(#[server(default)] password: String) -> Result<Proof, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let outcome = match method_service::begin_first(&request.platform, &request.origin, &session, password).await {
        Ok(method_service::First::Challenge(token)) => {
            request.set_token(Cookie::Challenge, &token);
            request.go("/set-up");
            return Ok(Proof::GoOn);
        }
        Ok(method_service::First::Wrong) => Proof::Wrong,
        Ok(method_service::First::Refused) => Proof::Over,
        Err(fault) => ApiError::unless_busy(fault, Proof::Busy)?,
    };
    request.leave("first", outcome, &[]);
    Ok(outcome)
}

/// An authenticator that waits for its first code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddingPage {
    /// The customer's name.
    pub customer: String,
    /// Its help desk.
    pub help_desk: Option<String>,
    /// The own address.
    pub address: String,
    /// The key to add to an app.
    pub key: Key,
}

/// The authenticator that waits in this browser for its first code. None when there is none: the browser is sent to begin.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/adding")]
pub async fn show_adding() -> Result<Option<AddingPage>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let adding = match request.cookie(Cookie::Challenge) {
        Some(token) => method_service::adding(&request.platform, &session, &token).await?,
        None => None,
    };
    if adding.is_none() {
        request.go("/security/add?over=1");
    }
    Ok(adding.map(|adding| AddingPage {
        customer: adding.customer.name,
        help_desk: adding.customer.help_desk,
        address: adding.address.to_string(),
        key: adding.key.into(),
    }))
}

/// Adds the authenticator whose first code this is.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/register")]
pub async fn add_authenticator(
    #[server(default)] code: String,
    #[server(default)] name: String,
) -> Result<Proof, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let outcome = match (request.cookie(Cookie::Challenge), read_digits(&code), read_name(&name)) {
        (None, ..) => Proof::Over,
        (_, _, Err(_)) => Proof::LongName,
        (_, None, _) => Proof::Malformed,
        (Some(token), Some(digits), Ok(name)) => {
            let Request { platform, origin, .. } = &request;
            match method_service::add(platform, origin, &session, &token, &digits, name.as_deref()).await? {
                method_service::Added::Right => {
                    request.clear(Cookie::Challenge);
                    request.go("/security?done=added");
                    return Ok(Proof::GoOn);
                }
                method_service::Added::Wrong => Proof::Wrong,
                method_service::Added::Over => Proof::Over,
            }
        }
    };
    if outcome == Proof::Over {
        request.clear(Cookie::Challenge);
        request.go("/security/add?over=1");
    }
    request.leave("register", outcome, &[("name", &name)]);
    Ok(outcome)
}

/// Gives one of the own methods another name, or none.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/rename")]
pub async fn rename_method(method: MethodId, #[server(default)] name: String) -> Result<Proof, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let outcome = match read_name(&name) {
        Err(_) => Proof::LongName,
        Ok(name) if method_service::rename(&request.platform, &session, method, name.as_deref()).await? => {
            request.go("/security?done=named");
            return Ok(Proof::GoOn);
        }
        Ok(_) => Proof::NoMethod,
    };
    request.leave("rename", outcome, &[("name", &name)]);
    Ok(outcome)
}

/// Removes one of the own methods.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/remove")]
pub async fn remove_own_method(
    method: MethodId,
    #[server(default)] code: String,
    #[server(default)] backup: bool,
) -> Result<Proof, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let outcome = match factor(&code, backup) {
        None => Proof::Malformed,
        Some(factor) => {
            let changed = method_service::remove(&request.platform, &request.origin, &session, method, &factor).await?;
            match settle(&request, changed) {
                Ok(_) => {
                    request.go("/security?done=removed");
                    return Ok(Proof::GoOn);
                }
                Err(outcome) => outcome,
            }
        }
    };
    request.leave("remove", outcome, &[]);
    Ok(outcome)
}
