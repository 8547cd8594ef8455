//! The server functions of a forgotten password.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::password::Weakness;
use crate::features::session::api::ApiError;

#[cfg(feature = "ssr")]
use super::service;
#[cfg(feature = "ssr")]
use crate::domain::password::shortest;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;

/// What came of asking for a new password: the same for every address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AskOutcome {
    /// Taken.
    Taken,
    /// What was typed is no address.
    Malformed,
    /// Too many from one place.
    TooMany,
    /// Too much at once.
    Busy,
}

/// Asks for a new password.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "forgotten/ask")]
pub async fn ask(#[server(default)] address: String) -> Result<AskOutcome, ApiError> {
    let request = Request::current()?;
    let outcome = match service::ask(&request.platform, &request.origin, &address).await {
        Ok(service::Asked::Taken) => AskOutcome::Taken,
        Ok(service::Asked::Malformed) => AskOutcome::Malformed,
        Ok(service::Asked::TooMany) => AskOutcome::TooMany,
        Err(fault) => ApiError::unless_busy(fault, AskOutcome::Busy)?,
    };
    let typed = [("address", address.as_str())];
    request.leave("forgotten", outcome, if outcome == AskOutcome::Taken { &[] } else { &typed });
    Ok(outcome)
}

/// What the page of a working link shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The customer's name.
    pub customer: String,
    /// Its help desk.
    pub help_desk: Option<String>,
    /// Whose password it is.
    pub address: String,
    /// How many characters a password has at least.
    pub shortest: u16,
}

/// Shows a link to a new password; nothing about it changes. None for every link that does not work, whatever the reason.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "forgotten/open")]
pub async fn open(token: String) -> Result<Option<Opened>, ApiError> {
    let request = Request::current()?;
    let opened = service::open(&request.platform, &token).await?;
    Ok(opened.map(|opened| Opened {
        shortest: shortest(opened.customer.policy.mfa_required),
        customer: opened.customer.name,
        help_desk: opened.customer.help_desk,
        address: opened.address.to_string(),
    }))
}

/// What came of a new password at a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SetOutcome {
    /// Taken: the browser goes on.
    GoOn,
    /// It is not taken.
    Weak(Weakness),
    /// The link does not work.
    Dead,
    /// Too much at once.
    Busy,
}

/// Sets the password that was chosen at a link, and sends the browser to sign in with it.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "forgotten/set")]
pub async fn set(token: String, #[server(default)] password: String) -> Result<SetOutcome, ApiError> {
    let request = Request::current()?;
    let outcome = match service::set(&request.platform, &request.origin, &token, password).await {
        Ok(service::Set::Done) => {
            request.go("/sign-in?password=new");
            return Ok(SetOutcome::GoOn);
        }
        Ok(service::Set::Weak(weakness)) => SetOutcome::Weak(weakness),
        Ok(service::Set::Dead) => SetOutcome::Dead,
        Err(fault) => ApiError::unless_busy(fault, SetOutcome::Busy)?,
    };
    request.leave("set_password", outcome, &[]);
    Ok(outcome)
}
