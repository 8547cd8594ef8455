//! The server function of the audit page.

use std::collections::BTreeMap;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::audit::What;
use crate::domain::ids::UserId;
use crate::domain::time::Time;
use crate::features::session::api::{ApiError, Console};
use crate::features::users::list_api::ListHead;

#[cfg(feature = "ssr")]
use crate::domain::authority::Right;
#[cfg(feature = "ssr")]
use crate::domain::user::UserRef;
#[cfg(feature = "ssr")]
use crate::features::audit::service;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::features::users::list_api::chosen;
#[cfg(feature = "ssr")]
use crate::platform::request::Query;

/// How many rows are on a page.
pub const PAGE: usize = 50;

/// One row of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// Its number in its customer's chain.
    pub number: i64,
    /// When.
    pub at: Time,
    /// What happened.
    pub what: What,
    /// Who did it, by name; none for the system and for whoever had not proved who they are.
    pub actor: Option<String>,
    /// Whom it concerns, by name.
    pub target: Option<String>,
    /// Whom it concerns.
    pub target_id: Option<UserId>,
    /// The customer's name.
    pub customer: String,
    /// The network address.
    pub from: Option<String>,
    /// More, by name.
    pub details: BTreeMap<String, String>,
    /// Its hash.
    pub hash: String,
}

/// A page of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    /// The newest rows.
    pub rows: Vec<AuditRow>,
    /// Where the older ones begin.
    pub next: Option<String>,
    /// Whose records, and what else is asked; none when the page is about one person.
    pub head: Option<ListHead>,
    /// Whom the page is about, by name, when it is about one person.
    pub about: Option<String>,
}

/// The newest rows that the query of the page's address means, of the chains whose records the reader may read: of the
/// customers that are chosen, or about one person, wherever that is.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "audit/page")]
pub async fn list_events(#[server(default)] query: String) -> Result<Console<AuditPage>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let asked = Query::read(&query);
    let user: Option<UserId> = asked.value("user").and_then(|id| id.parse().ok());
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let (scope, head) = if user.is_some() {
        (session.actor.scope(Right::Read), None)
    } else {
        let (scope, head) = chosen(&mut conn, &request, &session.actor, "/audit", &query).await?;
        (scope, Some(head))
    };
    let before = asked.value("before").and_then(|before| {
        let mut parts = before.split('.');
        let at = Time::from_unix_milliseconds(parts.next()?.parse().ok()?);
        Some((at, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    });
    let target = user.map(|id| UserRef { customer: session.actor.user.customer, id });
    let limit = i64::try_from(PAGE).unwrap_or(i64::MAX) + 1;
    let mut recorded = service::newest(&mut conn, &scope, target, before, limit).await?;
    let more = recorded.len() > PAGE;
    recorded.truncate(PAGE);
    let next = recorded.last().filter(|_| more).and_then(|last| {
        let event = &last.entry.event;
        Some(format!("{}.{}.{}", event.at.unix_milliseconds(), last.entry.number, event.customer?))
    });
    let rows: Vec<AuditRow> = recorded.into_iter().map(row).collect();
    let about =
        user.and_then(|user| rows.iter().find(|row| row.target_id == Some(user)).and_then(|row| row.target.clone()));
    Ok(request.console(&session, AuditPage { rows, next, head, about }))
}

#[cfg(feature = "ssr")]
fn row(recorded: service::Recorded) -> AuditRow {
    let event = recorded.entry.event;
    AuditRow {
        number: recorded.entry.number,
        at: event.at,
        what: event.what,
        actor: recorded.actor_name,
        target: recorded.target_name,
        target_id: event.target,
        customer: recorded.customer_name,
        from: event.from,
        details: event.details,
        hash: recorded.hash,
    }
}
