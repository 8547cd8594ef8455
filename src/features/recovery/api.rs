//! The server functions of recovery links.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::time::Time;
use crate::features::session::api::ApiError;

#[cfg(feature = "ssr")]
use super::service;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::platform::cookies::Cookie;

/// What the page of a working link shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The customer's name.
    pub customer: String,
    /// Its help desk.
    pub help_desk: Option<String>,
    /// When the reset took place.
    pub reset_at: Time,
    /// When this was said.
    pub now: Time,
}

/// Shows a link; nothing about it changes. None for every link that does not work, whatever the reason.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "recovery/open")]
pub async fn open(token: String) -> Result<Option<Opened>, ApiError> {
    let request = Request::current()?;
    let opened = service::open(&request.platform, &request.origin, &token).await?;
    Ok(opened.map(|opened| Opened {
        customer: opened.customer.name,
        help_desk: opened.customer.help_desk,
        reset_at: opened.issued_at,
        now: request.platform.now(),
    }))
}

/// What came of a password at a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProveOutcome {
    /// Right: the browser goes on.
    GoOn,
    /// Wrong.
    Wrong,
    /// The link does not work.
    Dead,
    /// Too much at once.
    Busy,
}

/// Trades the link and the user's password for a set-up in this browser. The token leaves the address bar.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "recovery/prove")]
pub async fn prove(token: String, password: String) -> Result<ProveOutcome, ApiError> {
    let request = Request::current()?;
    let outcome = match service::prove(&request.platform, &request.origin, &token, password).await {
        Ok(service::Proof::Proved(challenge)) => {
            request.enter(Cookie::Challenge, &challenge).await;
            request.clear(Cookie::Codes);
            request.go("/set-up");
            return Ok(ProveOutcome::GoOn);
        }
        Ok(service::Proof::Wrong) => ProveOutcome::Wrong,
        Ok(service::Proof::Dead) => ProveOutcome::Dead,
        Err(fault) => ApiError::unless_busy(fault, ProveOutcome::Busy)?,
    };
    request.leave("recovery", outcome, &[]);
    Ok(outcome)
}
