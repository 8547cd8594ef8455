//! The server functions of the files that hardware tokens come in.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::outcome::ImportOutcome;
use crate::domain::ids::{CustomerId, TokenImportId};
use crate::domain::time::Time;
use crate::domain::token::Untaken;
use crate::domain::totp::Profile;
use crate::features::session::api::{ApiError, Console};

#[cfg(feature = "ssr")]
use super::imports::{self, Weighed};
#[cfg(feature = "ssr")]
use crate::domain::authority::Right;
#[cfg(feature = "ssr")]
use crate::domain::token::IMPORT_LIFETIME;
#[cfg(feature = "ssr")]
use crate::features::customers;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::platform::cookies::Cookie;

/// The customers into whose stock the reader may bring tokens, by name.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "tokens/choices")]
pub async fn stocks() -> Result<Console<Vec<(CustomerId, String)>>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let customers = customers::service::list(&mut conn, &session.actor.scope(Right::Manage)).await?;
    let choices = customers.into_iter().map(|customer| (customer.id, customer.name)).collect();
    Ok(request.console(&session, choices))
}

/// One line of a file. It says nothing of the secret, not even how long it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineRow {
    /// Where in the file it begins.
    pub number: u64,
    /// Its serial number, as far as there is one.
    pub serial: String,
    /// Who made it and what they call it.
    pub model: Option<String>,
    /// How its codes are made.
    pub profile: Option<Profile>,
    /// Who gets it.
    pub owner: Option<String>,
    /// Why it does not come into the stock.
    pub untaken: Option<Untaken>,
    /// The line whose serial number it has again.
    pub same_as: Option<u64>,
}

#[cfg(feature = "ssr")]
impl From<Weighed> for LineRow {
    fn from(line: Weighed) -> Self {
        let token = line.token.as_ref();
        let words = token.map(|token| [token.maker.clone(), token.model.clone()].into_iter().flatten());
        Self {
            number: line.number,
            serial: line.serial,
            model: words.map(|words| words.collect::<Vec<_>>().join(" ")).filter(|words| !words.is_empty()),
            profile: token.map(|token| token.profile),
            owner: line.owner.map(|(_, name)| name),
            untaken: line.untaken,
            same_as: line.same_as,
        }
    }
}

/// A file, and what would come of it or came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportPage {
    /// Which.
    pub id: TokenImportId,
    /// Into whose stock.
    pub customer: (CustomerId, String),
    /// Until when it can be confirmed.
    pub confirm_until: Time,
    /// How many came into the stock and how many did not; none before it was confirmed.
    pub done: Option<(i64, i64)>,
    /// Its lines; none once it was confirmed.
    pub lines: Vec<LineRow>,
}

/// A file, for whoever brought it.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "tokens/import")]
pub async fn show_import(id: TokenImportId) -> Result<Console<Option<ImportPage>>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let Some((import, lines)) = imports::view(&request.platform, &session.actor, id).await? else {
        request.not_found();
        return Ok(request.console(&session, None));
    };
    let page = ImportPage {
        id,
        customer: (import.customer_id, import.customer_name),
        confirm_until: import.created_at + IMPORT_LIFETIME,
        done: import.taken.zip(import.untaken),
        lines: lines.into_iter().map(LineRow::from).collect(),
    };
    Ok(request.console(&session, Some(page)))
}

/// Takes a file into the stock.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "tokens/confirm")]
pub async fn confirm_import(id: TokenImportId, #[server(default)] code: String) -> Result<ImportOutcome, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let (outcome, token) = imports::confirm(&request.platform, &request.origin, &session, id, &code).await?;
    if let Some(token) = token {
        request.set_token(Cookie::Session, &token);
    }
    request.leave("token_import", outcome, &[]);
    request.go(&format!("/tokens/import/{id}"));
    Ok(outcome)
}
