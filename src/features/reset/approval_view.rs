//! What is shown of approvals, and to whom: on a plan's page and on top of all resets.

use super::approval::{approvers, going, needed};
use super::approval_api::Approval;
use super::store::{self, ItemRow, Reset};
use crate::domain::approval::{LIFETIME, State, may_approve};
use crate::domain::authority::{Actor, Right};
use crate::domain::customer::Customer;
use crate::domain::ids::CustomerId;
use crate::domain::plan::Plan;
use crate::domain::time::Time;
use crate::features::customers;
use crate::platform::{Conn, Result};

/// Whether `actor` is one of those who may decide about a plan for which approval was asked, and so sees it. `rows` is what
/// they may read of it.
///
/// # Errors
/// When the database fails.
pub async fn may_see(conn: &mut Conn, actor: &Actor, reset: &Reset, rows: &[ItemRow]) -> Result<bool> {
    if reset.approval_asked_at.is_none() {
        return Ok(false);
    }
    let customers = store::approval::customers(conn, reset.id).await?;
    Ok(may_approve(actor, reset.requester(), &customers, going(rows)).is_ok())
}

/// What a plan's page says of its approval; none where none is needed.
///
/// # Errors
/// When the database fails.
pub async fn shown(
    conn: &mut Conn,
    actor: &Actor,
    (reset, rows): (&Reset, &[ItemRow]),
    customers: &[Customer],
    now: Time,
) -> Result<Option<Approval>> {
    let state = reset.approval_asked_at.map(|at| State::of(at, reset.decision, now));
    let mut approval = Approval {
        reasons: Vec::new(),
        approvers: Vec::new(),
        until: reset.approval_asked_at.map(|at| at + LIFETIME),
        state,
        by: reset.decider_name.clone(),
        decided_at: reset.decided_at,
        why: reset.decided_why.clone(),
    };
    if reset.confirmed_at.is_none() {
        let plan = Plan { requester: reset.requester(), items: rows.iter().map(ItemRow::item).collect() };
        approval.reasons = needed(conn, reset.id, &plan, customers, now).await?;
    }
    let is_open = matches!(state, Some(State::Waiting)) || (state.is_none() && !approval.reasons.is_empty());
    if is_open {
        let scope = actor.scope(Right::Manage);
        let readable = actor.scope(Right::Read);
        let met: Vec<CustomerId> = customers.iter().map(|customer| customer.id).collect();
        let met = readable.narrowed(&met);
        for approver in approvers(conn, &scope, reset.requester(), (reset.id, rows), now).await? {
            let home = approver.user.customer;
            let is_provider = customers::service::is_provider_of(conn, home, &met).await?;
            approval.approvers.push(if readable.knows_home(home, is_provider) {
                customers::service::introduced(conn, &approver, actor.user.customer).await?
            } else {
                approver.name
            });
        }
    }
    Ok((is_open || state.is_some()).then_some(approval))
}

/// A plan that waits, for a list.
pub struct Waiting {
    /// The plan.
    pub reset: Reset,
    /// How many people it resets.
    pub people: usize,
    /// Whether the reader is the one who asked for it.
    pub is_mine: bool,
}

/// The plans that wait for `actor` to decide, and those of theirs that wait for somebody.
///
/// # Errors
/// When the database fails.
pub async fn waiting(conn: &mut Conn, actor: &Actor, now: Time) -> Result<Vec<Waiting>> {
    let scope = actor.scope(Right::Read);
    let mut waiting = Vec::new();
    for id in store::approval::waiting(conn, &scope, actor.user, now).await? {
        let Some(reset) = store::get(conn, id).await? else {
            continue;
        };
        let within = store::within(conn, &scope, id).await?;
        let rows = store::items(conn, &within, id).await?;
        let is_mine = reset.requester() == actor.user;
        if is_mine || may_see(conn, actor, &reset, &rows).await? {
            waiting.push(Waiting { people: going(&rows).count(), is_mine, reset });
        }
    }
    Ok(waiting)
}
