//! The server functions of one's own backup codes.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::api::Proof;
use crate::domain::time::Time;
use crate::features::session::api::ApiError;

#[cfg(feature = "ssr")]
use super::api::{factor, settle};
#[cfg(feature = "ssr")]
use super::codes_service;
#[cfg(feature = "ssr")]
use crate::domain::backup_code::BackupCode;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::platform::cookies::Cookie;

/// Makes new backup codes in place of the old ones.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/make_codes")]
pub async fn make_codes(#[server(default)] code: String, #[server(default)] backup: bool) -> Result<Proof, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let outcome = match factor(&code, backup) {
        None => Proof::Malformed,
        Some(factor) => {
            let changed = codes_service::make_codes(&request.platform, &request.origin, &session, &factor).await?;
            match settle(&request, changed) {
                Ok(sealed) => {
                    request.set(Cookie::Codes, &sealed);
                    request.go("/security/codes");
                    return Ok(Proof::GoOn);
                }
                Err(outcome) => outcome,
            }
        }
    };
    request.leave("make_codes", outcome, &[]);
    Ok(outcome)
}

/// New codes as they are shown once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCodes {
    /// The customer's name.
    pub customer: String,
    /// Its help desk.
    pub help_desk: Option<String>,
    /// The own address.
    pub address: String,
    /// The codes, in groups of four; none in a browser that does not hold them.
    pub codes: Option<Vec<String>>,
    /// When this was said, for the print sheet.
    pub now: Time,
}

/// Shows the new codes until one is typed back. None when no set waits for that: the browser is sent back.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/codes")]
pub async fn show_codes() -> Result<Option<NewCodes>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let shown = codes_service::codes(&request.platform, &session, request.cookie(Cookie::Codes).as_deref()).await?;
    if shown.is_none() {
        request.go("/security");
    }
    Ok(shown.map(|shown| NewCodes {
        customer: shown.customer.name,
        help_desk: shown.customer.help_desk,
        address: shown.address.to_string(),
        codes: shown.codes.map(|codes| codes.0.iter().map(BackupCode::shown).collect()),
        now: request.platform.now(),
    }))
}

/// Takes it that the user has the new codes, since they typed one back; it is not spent by that.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/save_codes")]
pub async fn save_codes(#[server(default)] code: String) -> Result<Proof, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let outcome = match BackupCode::read(&code) {
        None => Proof::Malformed,
        Some(code) => match codes_service::save_codes(&request.platform, &request.origin, &session, &code).await? {
            codes_service::Saved::Right => {
                request.clear(Cookie::Codes);
                request.go("/security?done=codes");
                return Ok(Proof::GoOn);
            }
            codes_service::Saved::Wrong => Proof::Wrong,
            codes_service::Saved::LockedUntil(until) => Proof::Locked { until, now: request.platform.now() },
            codes_service::Saved::Disabled => Proof::Disabled,
            codes_service::Saved::Over => Proof::Over,
        },
    };
    request.leave("save_codes", outcome, &[]);
    Ok(outcome)
}
