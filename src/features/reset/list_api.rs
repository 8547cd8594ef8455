//! The list of resets: the server function.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::approval_api::WaitingRow;
use crate::domain::approval::Decision;
use crate::domain::ids::ResetId;
use crate::domain::reset_filter::ResetFilter;
use crate::domain::time::Time;
use crate::features::session::api::{ApiError, Console};
use crate::features::users::list_api::ListHead;

#[cfg(feature = "ssr")]
use super::service;
#[cfg(feature = "ssr")]
use super::store::list::Summary;
#[cfg(feature = "ssr")]
use crate::domain::plan::{LIFETIME, seal};
#[cfg(feature = "ssr")]
use crate::domain::reset_filter::Tab;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::features::users::list_api::chosen;
#[cfg(feature = "ssr")]
use crate::platform::request::Query;

/// How many resets are on a page.
pub const PAGE: usize = 50;

/// One reset of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetRow {
    /// Which.
    pub id: ResetId,
    /// The short form of the plan's hash.
    pub seal: String,
    /// Who asked for it.
    pub requester: String,
    /// Why.
    pub reason: Option<String>,
    /// The help desk's ticket.
    pub ticket: Option<String>,
    /// When it was planned.
    pub created_at: Time,
    /// Until when it can be confirmed, while it can.
    pub confirm_until: Option<Time>,
    /// When it was confirmed.
    pub confirmed_at: Option<Time>,
    /// What was decided about it, where somebody had to.
    pub decision: Option<Decision>,
    /// Whether it was stopped.
    pub stopped: bool,
    /// When the last user was done.
    pub completed_at: Option<Time>,
    /// How many of the users whom the reader may see are to be reset.
    pub resets: i64,
    /// How many of them are done.
    pub done: i64,
    /// How many of them could not be reset.
    pub failed: i64,
    /// How many keep everything.
    pub skipped: i64,
}

/// What stands on the page of all resets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetList {
    /// Of which customers.
    pub head: ListHead,
    /// What was asked for, as it was understood.
    pub filter: ResetFilter,
    /// Those that wait for the reader's approval, and those of the reader that wait for somebody's; of all customers, for
    /// none of them is to be missed.
    pub waiting: Vec<WaitingRow>,
    /// A page of the others.
    pub resets: Vec<ResetRow>,
    /// Whether this is not the first page.
    pub later: bool,
    /// Where the next page begins.
    pub next: Option<ResetId>,
}

/// The resets that the query of the list's address means, of those that concern the reader's customers.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "reset/list")]
pub async fn list_resets(#[server(default)] query: String) -> Result<Console<ResetList>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let asked = Query::read(&query);
    let filter = ResetFilter::from_pairs(asked.pairs());
    let before = asked.value("before").and_then(|id| id.parse().ok());
    let (actor, now) = (&session.actor, request.platform.now());
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let (scope, head) = chosen(&mut conn, &request, actor, "/resets", &query).await?;
    let waiting = service::waiting(&mut conn, actor, &filter, now).await?.into_iter().map(WaitingRow::from).collect();
    let mut found = match filter.tab {
        Tab::Waiting => Vec::new(),
        _ => service::list(&mut conn, &scope, actor.user, &filter, before, now, PAGE + 1).await?,
    };
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let next = found.last().filter(|_| more).map(|row| row.id);
    let resets = found.into_iter().map(row).collect();
    Ok(request.console(&session, ResetList { head, filter, waiting, resets, later: before.is_some(), next }))
}

#[cfg(feature = "ssr")]
fn row(summary: Summary) -> ResetRow {
    let open = summary.confirmed_at.is_none() && summary.approval_asked_at.is_none();
    ResetRow {
        id: summary.id,
        seal: seal(&summary.plan_hash),
        requester: summary.requester_name,
        reason: summary.reason,
        ticket: summary.ticket,
        created_at: summary.created_at,
        confirm_until: open.then_some(summary.created_at + LIFETIME),
        confirmed_at: summary.confirmed_at,
        decision: summary.decision,
        stopped: summary.cancelled_at.is_some(),
        completed_at: summary.completed_at,
        resets: summary.resets,
        done: summary.done,
        failed: summary.failed,
        skipped: summary.skipped,
    }
}
