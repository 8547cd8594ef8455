//! The server functions of customers. Those of the roles in them are in `role_api`.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::access::AddOutcome;
use crate::domain::authority::Role;
use crate::domain::ids::CustomerId;
#[cfg(feature = "ssr")]
use crate::domain::resilience;
use crate::domain::resilience::Weakness;
use crate::domain::time::Time;
use crate::domain::user::Standing;
use crate::features::session::api::{ApiError, Console};

#[cfg(feature = "ssr")]
use super::service;
#[cfg(feature = "ssr")]
use crate::domain::authority::Right;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::platform::cookies::Cookie;

/// One customer of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerRow {
    /// Which.
    pub id: CustomerId,
    /// Its name.
    pub name: String,
    /// How its users reach a person.
    pub help_desk: Option<String>,
    /// The reader's role there.
    pub role: Role,
    /// When that role ends by itself.
    pub ends_at: Option<Time>,
    /// How many users are at home there.
    pub users: i64,
    /// Whether every user needs a second factor.
    pub mfa_required: bool,
    /// Until when whoever has none may put it off.
    pub grace_until: Option<Time>,
}

/// A page of the list of customers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomersPage {
    /// At most 50, by name.
    pub customers: Vec<CustomerRow>,
    /// How many match in all.
    pub total: i64,
    /// Where the next page begins.
    pub next: Option<String>,
    /// Whether the reader adds customers.
    pub may_add: bool,
}

/// The reader's customers whose name contains `search`.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "access/list")]
pub async fn list_customers(
    #[server(default)] search: String,
    #[server(default)] after: Option<String>,
) -> Result<Console<CustomersPage>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let now = request.platform.now();
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let page = service::page(&mut conn, &session.actor, &search, after.as_deref(), now).await?;
    let row = |listed: service::Listed| CustomerRow {
        id: listed.customer.id,
        name: listed.customer.name,
        help_desk: listed.customer.help_desk,
        role: listed.role,
        ends_at: listed.ends_at,
        users: listed.users,
        mfa_required: listed.customer.policy.mfa_required,
        grace_until: listed.customer.policy.grace_until().filter(|until| now < *until),
    };
    let customers = page.customers.into_iter().map(row).collect();
    Ok(request
        .console(&session, CustomersPage { customers, total: page.total, next: page.next, may_add: page.may_add }))
}

/// A customer and its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerChoice {
    /// Which.
    pub id: CustomerId,
    /// Its name.
    pub name: String,
}

/// The providers through which the reader adds customers.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "access/providers")]
pub async fn list_providers() -> Result<Console<Vec<CustomerChoice>>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let providers = service::providers(&mut conn, &session.actor).await?;
    let choice = |provider: crate::domain::customer::Customer| CustomerChoice { id: provider.id, name: provider.name };
    Ok(request.console(&session, providers.into_iter().map(choice).collect()))
}

/// Adds a customer through a provider, and makes whoever adds it its owner.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "access/add")]
pub async fn add_customer(
    #[server(default)] provider: Option<CustomerId>,
    #[server(default)] name: String,
    #[server(default)] help_desk: String,
    #[server(default)] code: String,
) -> Result<AddOutcome, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let new = service::NewCustomer { provider, name: name.clone(), help_desk: help_desk.clone(), code };
    let answer = service::add(&request.platform, &request.origin, &session, &new).await?;
    if let Some(token) = &answer.token {
        request.set_token(Cookie::Session, token);
    }
    let provider = provider.map(|id| id.to_string()).unwrap_or_default();
    request.leave(
        "add_customer",
        answer.outcome,
        &[("name", &name), ("help_desk", &help_desk), ("provider", &provider)],
    );
    if let AddOutcome::Added(id) = answer.outcome {
        request.go(&format!("/customers/{id}"));
    }
    Ok(answer.outcome)
}

/// One customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerPage {
    /// Which.
    pub id: CustomerId,
    /// Its name.
    pub name: String,
    /// How its users reach a person.
    pub help_desk: Option<String>,
    /// What its mails speak before anything is known of the user.
    pub language: Option<String>,
    /// And where their times are.
    pub zone: Option<String>,
    /// Whether the reader may change these.
    pub may_edit: bool,
    /// When it came.
    pub added_at: Time,
    /// Whether its owners and admins add customers.
    pub is_provider: bool,
    /// Through which provider it came; the identifier for those who may look there.
    pub provider: Option<(Option<CustomerId>, String)>,
    /// The reader's role.
    pub role: Role,
    /// When that role ends by itself.
    pub ends_at: Option<Time>,
    /// Whether every user needs a second factor.
    pub mfa_required: bool,
    /// Until when whoever has none may put it off.
    pub grace_until: Option<Time>,
    /// How many users there are of each standing.
    pub standings: Vec<(Standing, i64)>,
    /// How many users have each weakness.
    pub weaknesses: Vec<(Weakness, i64)>,
    /// How resilient they are, of 100; none where there are no users.
    pub score: Option<i64>,
    /// What would raise the score most, and to what.
    pub most_worth: Option<(Weakness, i64)>,
}

/// One customer; none for one in whose records the reader may not look, whether there is one or not.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "access/customer")]
pub async fn show_customer(id: CustomerId) -> Result<Console<Option<CustomerPage>>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let now = request.platform.now();
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let Some((profile, ends_at)) = service::profile(&mut conn, &session.actor, id, now).await? else {
        request.not_found();
        return Ok(request.console(&session, None));
    };
    let figures = service::figures(&mut conn, &session.actor, id, now).await?;
    let having = |weakness: &Weakness| (*weakness, resilience::having(&figures.census, *weakness));
    let read = session.actor.scope(Right::Read);
    let customer = profile.customer;
    let page = CustomerPage {
        id,
        name: customer.name,
        help_desk: customer.help_desk,
        language: customer.language,
        zone: customer.zone,
        may_edit: session.actor.governs(id).is_ok(),
        added_at: profile.added_at,
        is_provider: profile.provider_since.is_some(),
        provider: profile.provider.map(|(id, name)| (Some(id).filter(|id| read.covers(*id)), name)),
        role: session.actor.role_in(id).unwrap_or(Role::Member),
        ends_at,
        mfa_required: customer.policy.mfa_required,
        grace_until: customer.policy.grace_until().filter(|until| now < *until),
        weaknesses: Weakness::ALL.iter().map(having).collect(),
        score: resilience::score(&figures.census),
        most_worth: resilience::most_worth(&figures.census),
        standings: figures.standings,
    };
    Ok(request.console(&session, Some(page)))
}
