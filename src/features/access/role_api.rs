//! The server functions of the people of a customer and of their roles in it.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::api::CustomerChoice;
#[cfg(feature = "ssr")]
use super::{
    people,
    roles::{self, Whom, Wish},
    service,
};
use crate::domain::access::RoleOutcome;
#[cfg(feature = "ssr")]
use crate::domain::authority::{Actor, Right};
use crate::domain::authority::{Refusal, Role};
use crate::domain::ids::{CustomerId, UserId};
use crate::domain::time::Time;
use crate::features::session::api::{ApiError, Console};
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::platform::cookies::Cookie;

/// Somebody with a role in a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRow {
    /// Who.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub address: String,
    /// Their home customer's name; none where the reader may not know it.
    pub home: Option<String>,
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
        request.not_found();
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
        request.not_found();
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
