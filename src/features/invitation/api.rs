//! The server functions of invitations.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::password::Weakness;
use crate::domain::time::Time;
use crate::features::session::api::ApiError;

#[cfg(feature = "ssr")]
use super::service;
#[cfg(feature = "ssr")]
use crate::domain::password::shortest;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::platform::cookies::Cookie;

/// What the page of a working invitation shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The customer's name.
    pub customer: String,
    /// Its help desk.
    pub help_desk: Option<String>,
    /// The address that was invited.
    pub address: String,
    /// Whether a second factor is required.
    pub mfa_required: bool,
    /// How many characters a password has at least.
    pub shortest: u16,
    /// Until when the link works.
    pub expires_at: Time,
}

/// Shows an invitation; nothing about it changes. None for every link that does not work, whatever the reason.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "invitation/open")]
pub async fn open(token: String) -> Result<Option<Opened>, ApiError> {
    let request = Request::current()?;
    let opened = service::open(&request.platform, &request.origin, &token).await?;
    Ok(opened.map(|opened| Opened {
        mfa_required: opened.customer.policy.mfa_required,
        shortest: shortest(opened.customer.policy.mfa_required),
        customer: opened.customer.name,
        help_desk: opened.customer.help_desk,
        address: opened.address.to_string(),
        expires_at: opened.expires_at,
    }))
}

/// What came of a password at an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AcceptOutcome {
    /// Taken: the browser goes on.
    GoOn,
    /// The password is not taken.
    Weak(Weakness),
    /// The link does not work.
    Dead,
    /// Too much at once.
    Busy,
}

/// Takes the first password of somebody invited and sends the browser to the set-up. The token leaves the address bar.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "invitation/accept")]
pub async fn accept(token: String, password: String) -> Result<AcceptOutcome, ApiError> {
    let request = Request::current()?;
    let outcome = match service::accept(&request.platform, &request.origin, &token, password).await {
        Ok(service::Accepted::SetUp(challenge)) => {
            request.enter(Cookie::Challenge, &challenge).await;
            request.clear(Cookie::Codes);
            request.go("/set-up");
            return Ok(AcceptOutcome::GoOn);
        }
        Ok(service::Accepted::Active(challenge)) => {
            request.enter(Cookie::Challenge, &challenge).await;
            request.clear(Cookie::Codes);
            request.go("/invitation");
            return Ok(AcceptOutcome::GoOn);
        }
        Ok(service::Accepted::Weak(weakness)) => AcceptOutcome::Weak(weakness),
        Ok(service::Accepted::Dead) => AcceptOutcome::Dead,
        Err(fault) => ApiError::unless_busy(fault, AcceptOutcome::Busy)?,
    };
    request.leave("invitation", outcome, &[]);
    Ok(outcome)
}
