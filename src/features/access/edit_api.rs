//! The server functions of the page on which what is known of a customer is changed.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
use super::edit_service as service;
use crate::domain::access::EditOutcome;
use crate::domain::authority::Refusal;
use crate::domain::customer::Details;
use crate::domain::ids::CustomerId;
use crate::features::session::api::{ApiError, Console};
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::platform::cookies::Cookie;

/// What is known of a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditPage {
    /// Of which.
    pub id: CustomerId,
    /// What is known.
    pub details: Details,
    /// What names it as it stands.
    pub version: String,
    /// Why the reader may not change it.
    pub refusal: Option<Refusal>,
    /// The names of the time zones there are.
    pub zones: Vec<String>,
}

/// What is known of a customer; none for one in whose records the reader may not look, whether there is one or not.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "access/details")]
pub async fn customer_details(id: CustomerId) -> Result<Console<Option<EditPage>>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let Some((details, refusal)) = service::show(&mut conn, &session.actor, id).await? else {
        request.not_found();
        return Ok(request.console(&session, None));
    };
    let version = crate::platform::text::version_of(&details);
    let zones = if refusal.is_none() { crate::platform::zone::places() } else { Vec::new() };
    Ok(request.console(&session, Some(EditPage { id, details, version, refusal, zones })))
}

/// Changes what is known of a customer, with the owner's own code.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "access/edit")]
pub async fn edit_customer(
    id: CustomerId,
    #[server(default)] name: String,
    #[server(default)] help_desk: String,
    #[server(default)] language: String,
    #[server(default)] zone: String,
    #[server(default)] version: String,
    #[server(default)] code: String,
) -> Result<EditOutcome, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let details = Details {
        name: name.clone(),
        help_desk: Some(help_desk.clone()),
        language: Some(language.clone()),
        zone: Some(zone.clone()),
    };
    let answer =
        service::save(&request.platform, &request.origin, &session, id, &service::Asked { details, version, code })
            .await?;
    if let Some(token) = &answer.token {
        request.set_token(Cookie::Session, token);
    }
    let typed = [("name", name.as_str()), ("help_desk", &help_desk), ("language", &language), ("zone", &zone)];
    request.leave("edit_customer", answer.outcome, &typed);
    if answer.outcome == EditOutcome::Done {
        request.go(&format!("/customers/{id}"));
    }
    Ok(answer.outcome)
}
