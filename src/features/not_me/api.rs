//! The server functions of "this was not me".

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::time::Time;
use crate::features::session::api::ApiError;

#[cfg(feature = "ssr")]
use super::service;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;

/// What the page of a notice shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The customer's name.
    pub customer: String,
    /// Its help desk.
    pub help_desk: Option<String>,
    /// What kind of mail the notice was.
    pub notice: String,
    /// When it was written.
    pub written_at: Time,
}

/// Shows the page of a notice; nothing about the account changes. None for every token that is of no notice, or too old.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "not_me/open")]
pub async fn open(token: String) -> Result<Option<Opened>, ApiError> {
    let request = Request::current()?;
    let shown = service::open(&request.platform, &token).await?;
    Ok(shown.map(|shown| Opened {
        customer: shown.customer.name,
        help_desk: shown.customer.help_desk,
        notice: shown.notice.to_owned(),
        written_at: shown.written_at,
    }))
}

/// What came of saying it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SayOutcome {
    /// The account is frozen.
    Frozen,
    /// The link is of no notice, or too old.
    Dead,
}

/// Says of a notice that it was not its reader, which freezes their account.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "not_me/say")]
pub async fn say(#[server(default)] token: String) -> Result<SayOutcome, ApiError> {
    let request = Request::current()?;
    let outcome = match service::say(&request.platform, &request.origin, &token).await? {
        service::Said::Frozen => SayOutcome::Frozen,
        service::Said::Dead => SayOutcome::Dead,
    };
    request.leave("not_me", outcome, &[]);
    Ok(outcome)
}
