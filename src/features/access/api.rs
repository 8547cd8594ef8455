//! The server functions of customers and of the roles in them.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::access::{AddOutcome, RoleOutcome};
use crate::domain::authority::{Refusal, Role};
use crate::domain::ids::{CustomerId, UserId};
#[cfg(feature = "ssr")]
use crate::domain::resilience;
use crate::domain::resilience::Weakness;
use crate::domain::time::Time;
use crate::domain::user::Standing;
use crate::features::session::api::{ApiError, Console};

#[cfg(feature = "ssr")]
use super::{
    people,
    roles::{self, Whom, Wish},
    service,
};
#[cfg(feature = "ssr")]
use crate::domain::authority::{Actor, Right};
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
        request.status(axum::http::StatusCode::NOT_FOUND);
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

/// Somebody with a role in a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRow {
    /// Who.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub address: String,
    /// Their home customer's name.
    pub home: String,
    /// Whether that is this customer.
    pub is_home: bool,
    /// Whether the reader may open their details.
    pub is_open: bool,
    /// Their role.
    pub role: Role,
    /// Since when.
    pub since: Time,
    /// When it ends by itself.
    pub ends_at: Option<Time>,
    /// Why the reader may not change it.
    pub refusal: Option<Refusal>,
}

#[cfg(feature = "ssr")]
impl PersonRow {
    fn of(held: people::Held, actor: &Actor, customer: CustomerId) -> Self {
        Self {
            id: held.user.id,
            name: held.name,
            address: held.address.to_string(),
            home: held.home,
            is_home: held.user.customer == customer,
            is_open: actor.scope(Right::Read).covers(held.user.customer),
            role: held.role,
            since: held.since,
            ends_at: held.ends_at,
            refusal: actor.may_give(customer, held.user, Some(held.role), None).err(),
        }
    }
}

/// The people of a customer who may do something there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeoplePage {
    /// The customer.
    pub customer: CustomerChoice,
    /// At most 50 people, the most powerful first.
    pub people: Vec<PersonRow>,
    /// How many there are in all.
    pub total: i64,
    /// Where the next page begins.
    pub next: Option<String>,
    /// Whether the reader gives roles here.
    pub may_give: bool,
}

/// Who holds a role in a customer; none for one in whose records the reader may not look.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "access/people")]
pub async fn show_people(
    id: CustomerId,
    #[server(default)] after: Option<String>,
) -> Result<Console<Option<PeoplePage>>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let (actor, now) = (&session.actor, request.platform.now());
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let profile = service::profile(&mut conn, actor, id, now).await?;
    let page = people::people(&mut conn, actor, id, after.as_deref(), now).await?;
    let Some(((profile, _), page)) = profile.zip(page) else {
        request.status(axum::http::StatusCode::NOT_FOUND);
        return Ok(request.console(&session, None));
    };
    let page = PeoplePage {
        customer: CustomerChoice { id, name: profile.customer.name },
        people: page.people.into_iter().map(|held| PersonRow::of(held, actor, id)).collect(),
        total: page.total,
        next: page.next,
        may_give: actor.scope(Right::Manage).covers(id),
    };
    Ok(request.console(&session, Some(page)))
}

/// What a form that gives or changes a role is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolePage {
    /// Where.
    pub customer: CustomerChoice,
    /// Whose role is changed; none where one is given to whoever has an address.
    pub person: Option<PersonRow>,
    /// The roles that the reader may give, the most powerful first.
    pub roles: Vec<Role>,
    /// Why the reader gives none at all.
    pub refusal: Option<Refusal>,
}

/// What it takes to give a role in a customer, or to change that of `user`; none for a customer in whose records the
/// reader may not look, and for somebody without a role there.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "access/role")]
pub async fn show_role(
    id: CustomerId,
    #[server(default)] user: Option<UserId>,
) -> Result<Console<Option<RolePage>>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let (actor, now) = (&session.actor, request.platform.now());
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let profile = service::profile(&mut conn, actor, id, now).await?;
    let held = match user {
        Some(user) => people::held(&mut conn, actor, id, user, now).await?,
        None => None,
    };
    let Some((profile, _)) = profile.filter(|_| user.is_none() || held.is_some()) else {
        request.status(axum::http::StatusCode::NOT_FOUND);
        return Ok(request.console(&session, None));
    };
    let person = held.map(|held| PersonRow::of(held, actor, id));
    let may = |role: &Role| *role != Role::Member && roles::may_offer(actor, id, *role).is_ok();
    let page = RolePage {
        customer: CustomerChoice { id, name: profile.customer.name },
        refusal: match &person {
            Some(person) => person.refusal,
            None => roles::may_offer(actor, id, Role::Auditor).err(),
        },
        person,
        roles: Role::ALL.iter().copied().filter(may).collect(),
    };
    Ok(request.console(&session, Some(page)))
}

/// Gives whoever has `address` a role.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "access/give")]
pub async fn give_role(
    customer: CustomerId,
    #[server(default)] address: String,
    #[server(default)] role: String,
    #[server(default)] until: String,
    #[server(default)] code: String,
) -> Result<RoleOutcome, ApiError> {
    let request = Request::current()?;
    let wish = Wish { customer, whom: Whom::Address(address.clone()), role, until, code };
    wished(&request, wish, &address).await
}

/// Changes or ends the role of somebody who holds one.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "access/change")]
pub async fn change_role(
    customer: CustomerId,
    user: UserId,
    #[server(default)] role: String,
    #[server(default)] until: String,
    #[server(default)] code: String,
) -> Result<RoleOutcome, ApiError> {
    let request = Request::current()?;
    wished(&request, Wish { customer, whom: Whom::User(user), role, until, code }, "").await
}

#[cfg(feature = "ssr")]
async fn wished(request: &Request, wish: Wish, address: &str) -> Result<RoleOutcome, ApiError> {
    let session = request.signed_in().await?;
    let answer = roles::change(&request.platform, &request.origin, &session, &wish).await?;
    if let Some(token) = &answer.token {
        request.set_token(Cookie::Session, token);
    }
    let typed = [("address", address), ("role", wish.role.as_str()), ("until", wish.until.as_str())];
    request.leave("role", &answer.outcome, &typed);
    if matches!(answer.outcome, RoleOutcome::Given { .. } | RoleOutcome::Ended { .. } | RoleOutcome::Same) {
        request.go(&format!("/customers/{}/people", wish.customer));
    }
    Ok(answer.outcome)
}
