//! The server functions behind the links in the mails about an address.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::address::Place;
use crate::features::session::api::ApiError;

#[cfg(feature = "ssr")]
use super::service;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;

/// What the page of a working link shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The customer's name.
    pub customer: String,
    /// Its help desk.
    pub help_desk: Option<String>,
    /// The address that the link gives, or gives back.
    pub address: String,
    /// As what.
    pub place: Place,
}

#[cfg(feature = "ssr")]
impl From<service::Opened> for Opened {
    fn from(opened: service::Opened) -> Self {
        let service::Opened { customer, address, place } = opened;
        Self { customer: customer.name, help_desk: customer.help_desk, address: address.to_string(), place }
    }
}

/// Shows the link to a new address; nothing about it changes. None for every link that does not work, whatever the reason.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "addresses/open")]
pub async fn open(token: String) -> Result<Option<Opened>, ApiError> {
    let request = Request::current()?;
    Ok(service::open(&request.platform, &token).await?.map(Opened::from))
}

/// What came of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkOutcome {
    /// It did what it is for.
    Done(Place),
    /// The address is somebody else's.
    Taken,
    /// The link does not work.
    Dead,
}

/// Gives the address of this link to whoever asked for it.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "addresses/confirm")]
pub async fn confirm(#[server(default)] token: String) -> Result<LinkOutcome, ApiError> {
    let request = Request::current()?;
    let outcome = match service::confirm(&request.platform, &request.origin, &token).await? {
        service::Confirmed::Done(place) => LinkOutcome::Done(place),
        service::Confirmed::Taken => LinkOutcome::Taken,
        service::Confirmed::Dead => LinkOutcome::Dead,
    };
    request.leave("confirm_address", outcome, &[]);
    Ok(outcome)
}

/// Shows the link that undoes a change of address; nothing about it changes. None for every link that does not work.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "addresses/open_undo")]
pub async fn open_undo(token: String) -> Result<Option<Opened>, ApiError> {
    let request = Request::current()?;
    Ok(service::open_undo(&request.platform, &token).await?.map(Opened::from))
}

/// Undoes a change of address.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "addresses/undo")]
pub async fn undo(#[server(default)] token: String) -> Result<LinkOutcome, ApiError> {
    let request = Request::current()?;
    let done = service::undo(&request.platform, &request.origin, &token).await?;
    let outcome = if done { LinkOutcome::Done(Place::Primary) } else { LinkOutcome::Dead };
    request.leave("undo_address", outcome, &[]);
    Ok(outcome)
}
