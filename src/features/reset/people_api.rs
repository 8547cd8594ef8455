//! The server functions of the recovery board across resets.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::board_api::{ActOutcome, BoardRow};
use crate::domain::board::{Act, Stage};
use crate::domain::count::Count;
use crate::domain::ids::ResetId;
use crate::domain::plan::PlanOutcome;
use crate::features::session::api::{ApiError, Console};
use crate::features::users::list_api::ListHead;

#[cfg(feature = "ssr")]
use super::api::planned;
#[cfg(feature = "ssr")]
use super::board::Picked;
#[cfg(feature = "ssr")]
use super::board_api::acted;
#[cfg(feature = "ssr")]
use super::people::{Asked, page, picks, ticked};
#[cfg(feature = "ssr")]
use super::{board_acts, service};
#[cfg(feature = "ssr")]
use crate::domain::authority::{Actor, Right, Scope};
#[cfg(feature = "ssr")]
use crate::domain::ids::UserId;
#[cfg(feature = "ssr")]
use crate::domain::time::{Span, Time};
#[cfg(feature = "ssr")]
use crate::domain::user::UserRef;
#[cfg(feature = "ssr")]
use crate::domain::user_filter::{MfaState, UserFilter};
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::features::users;
#[cfg(feature = "ssr")]
use crate::features::users::list_api::chosen;
#[cfg(feature = "ssr")]
use crate::platform::request::Query;

/// How far back the board looks, in days.
pub const DAYS: [u16; 4] = [1, 7, 30, 90];
/// And where its address does not say.
pub const USUAL_DAYS: u16 = 7;
/// The address of the board.
pub const HERE: &str = "/resets/people";

/// Somebody who was reset.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PersonRow {
    /// By which reset.
    pub reset: ResetId,
    /// Where they stand.
    pub row: BoardRow,
}

/// A page of the board across resets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeoplePage {
    /// Of which customers, and where this page begins.
    pub head: ListHead,
    /// Of how many days, one of [`DAYS`].
    pub days: u16,
    /// The stages that are shown.
    pub stages: Vec<Stage>,
    /// How many stand where.
    pub counts: Vec<(Stage, i64)>,
    /// At most 50 of those at these stages.
    pub rows: Vec<PersonRow>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// How many are frozen, since they said of a mail that it was not them: also those whom no reset brought here.
    pub frozen: Count,
    /// Whether the reader manages any of the shown customers.
    pub manages: bool,
}

/// What an address asks for beside its customers.
#[cfg(feature = "ssr")]
fn asked(query: &str, scope: Scope, now: Time) -> (Asked, u16) {
    let query = Query::read(query);
    let days =
        query.value("days").and_then(|days| days.parse().ok()).filter(|days| DAYS.contains(days)).unwrap_or(USUAL_DAYS);
    let stages = query.value("state").map(Stage::read).filter(|stages| !stages.is_empty());
    let since = now - Span::hours(24 * i64::from(days));
    (Asked { scope, since, stages: stages.unwrap_or_else(|| Stage::NOT_BACK.to_vec()) }, days)
}

/// Everybody who was reset lately in the reader's customers: those who are not back, or those at the stages of the address.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "reset/people")]
pub async fn show_people(#[server(default)] query: String) -> Result<Console<PeoplePage>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let now = request.platform.now();
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let actor = &session.actor;
    let (scope, head) = chosen(&mut conn, &request, actor, HERE, &query).await?;
    let (asked, days) = asked(&query, scope, now);
    let after = head.after.as_deref().and_then(read_cursor);
    let view = page(&mut conn, &asked, after, now).await?;
    let manage = actor.scope(Right::Manage);
    let frozen = UserFilter { mfa: Some(MfaState::Frozen), ..UserFilter::default() };
    let frozen = users::service::count(&mut conn, &asked.scope, &frozen, now).await?;
    let rows = view.rows.iter().map(|row| PersonRow { reset: row.reset_id, row: BoardRow::of(row, actor) }).collect();
    let page = PeoplePage {
        manages: asked.scope.customers().iter().any(|customer| manage.covers(*customer)),
        head,
        days,
        stages: asked.stages,
        counts: view.counts,
        frozen,
        rows,
        next: view.next.map(|(user, reset)| format!("{}.{}.{reset}", user.customer, user.id)),
    };
    Ok(request.console(&session, page))
}

#[cfg(feature = "ssr")]
fn read_cursor(text: &str) -> Option<(UserRef, ResetId)> {
    let mut parts = text.split('.');
    let user = UserRef { customer: parts.next()?.parse().ok()?, id: parts.next()?.parse().ok()? };
    Some((user, parts.next()?.parse().ok()?))
}

/// Those who were ticked, each as `reset.user`, or everybody whom the query of the board's address means.
#[cfg(feature = "ssr")]
async fn picked(
    request: &Request,
    actor: &Actor,
    users: &[String],
    all: bool,
    query: &str,
) -> Result<Vec<(ResetId, Picked)>, ApiError> {
    if all {
        let filter = UserFilter::from_pairs(Query::read(query).pairs());
        let whole = actor.scope(Right::Read);
        let scope = if filter.customers.is_empty() { whole } else { whole.narrowed(&filter.customers) };
        let now = request.platform.now();
        let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
        return Ok(picks(&mut conn, &asked(query, scope, now).0, now).await?);
    }
    let read = |one: &String| -> Option<(ResetId, UserId)> {
        let (reset, user) = one.split_once('.')?;
        Some((reset.parse().ok()?, user.parse().ok()?))
    };
    Ok(ticked(users.iter().filter_map(read).collect()))
}

/// Sends links again, extends them or takes them back: of whoever is ticked or, with `all`, of everybody whom `query` means,
/// that of the board's address.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "reset/people/links")]
pub async fn act_on_people(
    act: Act,
    #[server(default)] users: Vec<String>,
    #[server(default)] all: bool,
    #[server(default)] query: String,
) -> Result<ActOutcome, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let picks = picked(&request, &session.actor, &users, all, &query).await?;
    let (platform, origin, actor) = (request.platform.clone(), request.origin.clone(), session.actor);
    // On its own: a browser that goes away stops nothing.
    let doing = tokio::spawn(async move { board_acts::act(&platform, &origin, &actor, act, picks).await });
    let outcome = acted(act, doing.await.map_err(|_| ApiError::Failed)??);
    request.leave("links", outcome, &[]);
    Ok(outcome)
}

/// Freezes a plan of whoever is ticked or, with `all`, of everybody whom `query` means. It is reviewed and confirmed as any
/// other.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "reset/people/select")]
pub async fn plan_of_people(
    #[server(default)] users: Vec<String>,
    #[server(default)] all: bool,
    #[server(default)] query: String,
) -> Result<PlanOutcome, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let actor = &session.actor;
    let mut chosen = Vec::new();
    for (_, picked) in picked(&request, actor, &users, all, &query).await? {
        if let Picked::Ticked(users) | Picked::Found(users, _) = picked {
            chosen.extend(users);
        }
    }
    let selection = service::Selection::Ticked(chosen, Vec::new());
    Ok(planned(&request, service::plan(&request.platform, &request.origin, actor, selection).await?))
}
