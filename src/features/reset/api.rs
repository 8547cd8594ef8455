//! The server functions of resets.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::approval_api::{Approval, WaitingRow};
use crate::domain::authority::{Refusal, Role};
use crate::domain::ids::{ResetId, UserId};
use crate::domain::plan::{Change, Holdings, PlanOutcome, Skip};
use crate::domain::sign_in::CodeProblem;
use crate::domain::time::Time;
use crate::features::session::api::{ApiError, Console};

use super::board_api::BoardPage;

#[cfg(feature = "ssr")]
use super::board_api::board_page;
#[cfg(feature = "ssr")]
use super::{approval_view, run, service};
#[cfg(feature = "ssr")]
use crate::domain::plan::{LIFETIME, seal};
#[cfg(feature = "ssr")]
use crate::domain::user::UserRef;
#[cfg(feature = "ssr")]
use crate::domain::user_filter::UserFilter;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::platform::cookies::Cookie;

/// Freezes a selection and sends the browser to its review. Nothing is reset yet. With `all` it is everybody whom `query`
/// means, the query of a list's address, whoever was ticked.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "reset/plan")]
pub async fn plan(
    #[server(default)] users: Vec<UserId>,
    #[server(default)] all: bool,
    #[server(default)] query: String,
) -> Result<PlanOutcome, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let selection = if all {
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let pairs = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        service::Selection::Matching(UserFilter::from_pairs(pairs))
    } else {
        service::Selection::Ticked(users)
    };
    Ok(planned(&request, service::plan(&request.platform, &request.origin, &session.actor, selection).await?))
}

/// Sends the browser to the review of what was frozen, or says on its page why nothing was.
#[cfg(feature = "ssr")]
pub(super) fn planned(request: &Request, planned: service::Planned) -> PlanOutcome {
    let outcome = match planned {
        service::Planned::Frozen(id) => {
            request.go(&format!("/resets/{id}"));
            return PlanOutcome::GoOn;
        }
        service::Planned::Nobody => PlanOutcome::Nobody,
        service::Planned::TooMany => PlanOutcome::TooMany,
        service::Planned::Refused(refusal) => PlanOutcome::Refused(refusal),
        service::Planned::NoOwnerLeft(customer) => PlanOutcome::NoOwnerLeft(customer),
    };
    request.leave("plan", &outcome, &[]);
    outcome
}

/// Freezes a plan of the same people anew, whoever of them is still there, and sends the browser to its review.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "reset/again")]
pub async fn plan_again(id: ResetId) -> Result<PlanOutcome, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let selection = service::Selection::Again(id);
    Ok(planned(&request, service::plan(&request.platform, &request.origin, &session.actor, selection).await?))
}

/// What will become of one user of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ItemState {
    /// Will be reset once it is confirmed.
    Pending,
    /// Keeps everything.
    Skipped(Skip),
}

/// One user of a reset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemRow {
    /// Who.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// Where mails go.
    pub address: String,
    /// Their home customer.
    pub customer: String,
    /// Their role there.
    pub role: Role,
    /// What they had.
    pub holdings: Holdings,
    /// Where they stand.
    pub state: ItemState,
}

/// A reset: a plan to review until it is confirmed, a board from then on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shown {
    /// To review.
    Plan(Box<ResetPage>),
    /// Running or finished.
    Board(Box<BoardPage>),
}

/// A plan to review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetPage {
    /// Which.
    pub id: ResetId,
    /// The short form of the plan's hash.
    pub seal: String,
    /// What is reviewed: the plan, and who in it has changed since.
    pub hash: String,
    /// Whether the reader asked for it.
    pub is_mine: bool,
    /// Who asked for it.
    pub requester: String,
    /// When the plan was frozen.
    pub created_at: Time,
    /// Until when it can be confirmed.
    pub confirm_until: Time,
    /// Why.
    pub reason: Option<String>,
    /// The help desk's ticket.
    pub ticket: Option<String>,
    /// The customers of the selection that need a reason.
    pub reason_required_by: Vec<String>,
    /// The customers of the selection that need a ticket.
    pub ticket_required_by: Vec<String>,
    /// How long the links will work, in minutes: the shortest and the longest.
    pub link_minutes: (i64, i64),
    /// Everyone in it whom the reader may see.
    pub items: Vec<ItemRow>,
    /// What there is to say of a second person's approval.
    pub approval: Option<Approval>,
    /// How many people in it have changed since it was frozen.
    pub changed: usize,
    /// Who they are, some of them.
    pub changes: Vec<ChangedRow>,
}

/// How many of those who have changed are shown at once.
pub const CHANGES: usize = 50;

/// Somebody in a plan who is not as they were reviewed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedRow {
    /// Who.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// How.
    pub change: Change,
}

/// A reset; none for one the reader may not see, whether there is one or not. `query` is that of its address: a board is
/// shown in parts.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "reset/page")]
pub async fn show_reset(id: ResetId, #[server(default)] query: String) -> Result<Console<Option<Shown>>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    if let Some(board) = board_page(&request.platform, &session, id, &query).await? {
        return Ok(request.console(&session, Some(Shown::Board(board))));
    }
    let Some(view) = service::view(&request.platform, &session.actor, id).await? else {
        request.status(axum::http::StatusCode::NOT_FOUND);
        return Ok(request.console(&session, None));
    };
    let names = |needs: fn(&crate::domain::policy::Policy) -> bool| {
        view.customers.iter().filter(|customer| needs(&customer.policy)).map(|customer| customer.name.clone()).collect()
    };
    let minutes = || view.customers.iter().map(|customer| customer.policy.link_lifetime().as_minutes_up());
    let row = |row: &super::store::ItemRow| ItemRow {
        user: row.user_id,
        name: row.name.clone(),
        address: row.address.to_string(),
        customer: row.customer_name.clone(),
        role: row.role.parse().unwrap_or(Role::Member),
        holdings: row.item().holdings,
        state: row.skip.map_or(ItemState::Pending, ItemState::Skipped),
    };
    let name = |user: UserRef| view.items.iter().find(|row| row.user_id == user.id).map(|row| row.name.clone());
    let changed = |change: &Change| ChangedRow {
        user: change.planned.user.id,
        name: name(change.planned.user).unwrap_or_default(),
        change: change.clone(),
    };
    let page = ResetPage {
        id,
        seal: seal(&view.reset.plan_hash),
        hash: service::reviewed(&view.reset.plan_hash, &view.changes),
        is_mine: view.is_mine,
        requester: view.reset.requester_name.clone(),
        created_at: view.reset.created_at,
        confirm_until: view.reset.created_at + LIFETIME,
        reason: view.reset.reason.clone(),
        ticket: view.reset.ticket.clone(),
        reason_required_by: names(|policy| policy.reason_required),
        ticket_required_by: names(|policy| policy.ticket_required),
        link_minutes: (minutes().min().unwrap_or(60), minutes().max().unwrap_or(60)),
        items: view.items.iter().map(row).collect(),
        approval: view.approval.clone(),
        changed: view.changes.len(),
        changes: view.changes.iter().take(CHANGES).map(changed).collect(),
    };
    Ok(request.console(&session, Some(Shown::Plan(Box::new(page)))))
}

/// What came of a confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConfirmOutcome {
    /// It runs, or ran already, or waits for a second person: the page shows how far it is.
    GoOn,
    /// No such plan.
    Unknown,
    /// Reviewed too long ago: freeze it anew.
    Expired,
    /// Not what was reviewed.
    Changed,
    /// Somebody in it has changed since it was looked at.
    Outdated,
    /// Nobody in it will be reset.
    Nobody,
    /// A reason is needed.
    ReasonMissing,
    /// A ticket number is needed.
    TicketMissing,
    /// The own proof was not taken.
    Code(CodeProblem),
    /// Authority over somebody in it was lost.
    Refused(Refusal),
}

/// Confirms a reviewed plan with the admin's own code. It runs to its end whether the browser waits or not.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "reset/confirm")]
pub async fn confirm(
    id: ResetId,
    hash: String,
    #[server(default)] reason: String,
    #[server(default)] ticket: String,
    #[server(default)] code: String,
) -> Result<ConfirmOutcome, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let confirmation = service::Confirmation { plan_hash: hash, reason: reason.clone(), ticket: ticket.clone(), code };
    let outcome = match service::confirm(&request.platform, &request.origin, &session, id, &confirmation).await? {
        service::Confirmed::Running(token) => {
            request.set_token(Cookie::Session, &token);
            run::begin(&request.platform, id).await;
            request.go(&format!("/resets/{id}"));
            return Ok(ConfirmOutcome::GoOn);
        }
        service::Confirmed::Asked(token) => {
            request.set_token(Cookie::Session, &token);
            request.go(&format!("/resets/{id}"));
            return Ok(ConfirmOutcome::GoOn);
        }
        service::Confirmed::Already => {
            request.go(&format!("/resets/{id}"));
            return Ok(ConfirmOutcome::GoOn);
        }
        service::Confirmed::Unknown => ConfirmOutcome::Unknown,
        service::Confirmed::Expired => ConfirmOutcome::Expired,
        service::Confirmed::Changed => ConfirmOutcome::Changed,
        service::Confirmed::Outdated => ConfirmOutcome::Outdated,
        service::Confirmed::Nobody => ConfirmOutcome::Nobody,
        service::Confirmed::ReasonMissing => ConfirmOutcome::ReasonMissing,
        service::Confirmed::TicketMissing => ConfirmOutcome::TicketMissing,
        service::Confirmed::Code(problem) => ConfirmOutcome::Code(problem),
        service::Confirmed::Refused(refusal) => ConfirmOutcome::Refused(refusal),
    };
    request.leave("confirm", outcome, &[("reason", &reason), ("ticket", &ticket)]);
    Ok(outcome)
}

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
    /// When it was confirmed.
    pub confirmed_at: Time,
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
    /// Those that wait for the reader's approval, and those of the reader that wait for somebody's.
    pub waiting: Vec<WaitingRow>,
    /// The newest that were confirmed.
    pub resets: Vec<ResetRow>,
}

/// The newest resets that concern the reader's customers.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "reset/list")]
pub async fn list_resets() -> Result<Console<ResetList>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let row = |summary: super::store::Summary| ResetRow {
        id: summary.id,
        seal: seal(&summary.plan_hash),
        requester: summary.requester_name,
        reason: summary.reason,
        ticket: summary.ticket,
        confirmed_at: summary.confirmed_at,
        completed_at: summary.completed_at,
        resets: summary.resets,
        done: summary.done,
        failed: summary.failed,
        skipped: summary.skipped,
    };
    let resets = service::list(&mut conn, &session.actor).await?.into_iter().map(row).collect();
    let waiting = approval_view::waiting(&mut conn, &session.actor, request.platform.now()).await?;
    let waiting = waiting.into_iter().map(WaitingRow::from).collect();
    Ok(request.console(&session, ResetList { waiting, resets }))
}
