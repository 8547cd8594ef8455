//! The server functions of a running or finished reset: its board, stopping it, its links, and new plans out of it.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::authority::Refusal;
use crate::domain::board::{Act, Stage};
use crate::domain::ids::{ResetId, UserId};
use crate::domain::plan::{Failure, PlanOutcome, Skip};
use crate::domain::progress::Progress;
use crate::domain::time::Time;
use crate::features::session::api::ApiError;

#[cfg(feature = "ssr")]
use super::board::{self, Picked};
#[cfg(feature = "ssr")]
use super::board_acts::{self, Acted};
#[cfg(feature = "ssr")]
use super::cancel::Cancelled;
#[cfg(feature = "ssr")]
use super::{run, service};
#[cfg(feature = "ssr")]
use crate::domain::authority::Actor;
#[cfg(feature = "ssr")]
use crate::domain::plan::seal;
#[cfg(feature = "ssr")]
use crate::domain::user::UserRef;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::features::session::service::Session;
#[cfg(feature = "ssr")]
use crate::platform::Platform;
#[cfg(feature = "ssr")]
use crate::platform::request::Query;

/// One user of a confirmed reset.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BoardRow {
    /// Who.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// Where mails go.
    pub address: String,
    /// Their home customer.
    pub customer: String,
    /// Where they stand.
    pub stage: Stage,
    /// When they came there, where that is known.
    pub at: Option<Time>,
    /// Until when the link works or worked, where there is one.
    pub until: Option<Time>,
    /// Why they are skipped.
    pub skip: Option<Skip>,
    /// Why they could not be reset.
    pub failure: Option<Failure>,
    /// What the mail server said.
    pub mail_error: Option<String>,
    /// Whether they came back from a network from which they had never signed in.
    pub new_network: bool,
    /// Why the reader can do nothing about them.
    pub refusal: Option<Refusal>,
}

#[cfg(feature = "ssr")]
impl BoardRow {
    /// What `actor` sees of it.
    pub(super) fn of(row: &board::Row, actor: &Actor) -> Self {
        Self {
            user: row.user_id,
            name: row.name.clone(),
            address: row.address.clone(),
            customer: row.customer_name.clone(),
            stage: row.stage,
            at: reached(row),
            until: row.expires_at,
            skip: row.skip,
            failure: row.failed_why,
            mail_error: row.mail_error.clone().filter(|_| matches!(row.stage, Stage::Bounced | Stage::Queued)),
            new_network: row.new_network_at.is_some(),
            refusal: service::offered(actor, row.user(), row.role()),
        }
    }
}

/// A running or finished reset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardPage {
    /// Which.
    pub id: ResetId,
    /// The short form of the plan's hash.
    pub seal: String,
    /// Who asked for it.
    pub requester: String,
    /// Who approved it, where somebody had to.
    pub approver: Option<String>,
    /// When it was confirmed.
    pub confirmed_at: Time,
    /// When the last user was done.
    pub completed_at: Option<Time>,
    /// When it was stopped.
    pub cancelled_at: Option<Time>,
    /// Why.
    pub reason: Option<String>,
    /// The help desk's ticket.
    pub ticket: Option<String>,
    /// How far it is.
    pub progress: Progress,
    /// How many stand where.
    pub counts: Vec<(Stage, i64)>,
    /// The stages that are shown; none is all.
    pub stages: Vec<Stage>,
    /// At most 50 of those at these stages.
    pub rows: Vec<BoardRow>,
    /// Whether this is not the first page.
    pub later: bool,
    /// Where the next page begins.
    pub next: Option<String>,
    /// How many were back when, by link and in all.
    pub returns: Vec<(Time, i64, i64)>,
    /// Whether the reader may stop it now.
    pub may_cancel: bool,
    /// Whether the reader manages anybody in it.
    pub manages: bool,
    /// Whether the reader is told by mail who is back; none where it is not their reset.
    pub told: Option<bool>,
}

/// The board of a confirmed reset, as its address asks for it; none for one that the reader may not see.
///
/// # Errors
/// When the database fails.
#[cfg(feature = "ssr")]
pub async fn board_page(
    platform: &Platform,
    session: &Session,
    id: ResetId,
    query: &str,
) -> Result<Option<Box<BoardPage>>, ApiError> {
    let query = Query::read(query);
    let stages = Stage::read(query.value("state").unwrap_or_default());
    let after = query.value("after").and_then(read_cursor);
    let actor = &session.actor;
    let Some(view) = board::view(platform, actor, id, &stages, after).await? else {
        return Ok(None);
    };
    let reset = &view.reset;
    Ok(Some(Box::new(BoardPage {
        id,
        seal: seal(&reset.plan_hash),
        requester: reset.requester_name.clone(),
        approver: reset.decider_name.clone(),
        confirmed_at: reset.confirmed_at.unwrap_or(reset.created_at),
        completed_at: reset.completed_at,
        cancelled_at: reset.cancelled_at,
        reason: reset.reason.clone(),
        ticket: reset.ticket.clone(),
        progress: view.progress,
        rows: view.rows.iter().map(|row| BoardRow::of(row, actor)).collect(),
        later: after.is_some(),
        next: view.next.map(|user| format!("{}.{}", user.customer, user.id)),
        counts: view.counts,
        stages,
        returns: view.returns,
        may_cancel: view.may_cancel,
        manages: view.manages,
        told: (reset.requester() == actor.user).then_some(reset.back_told_at.is_some()),
    })))
}

#[cfg(feature = "ssr")]
fn read_cursor(text: &str) -> Option<UserRef> {
    let (customer, id) = text.split_once('.')?;
    Some(UserRef { customer: customer.parse().ok()?, id: id.parse().ok()? })
}

/// When somebody came to where they stand.
#[cfg(feature = "ssr")]
pub(super) const fn reached(row: &board::Row) -> Option<Time> {
    match row.stage {
        Stage::Pending | Stage::Exhausted => None,
        Stage::Failed => row.failed_at,
        Stage::Skipped | Stage::Queued => row.done_at,
        Stage::Sent => row.sent_at,
        Stage::Bounced => row.bounced_at,
        Stage::Opened => row.opened_at,
        Stage::Proved => row.proved_at,
        Stage::Expired => row.expires_at,
        Stage::AsksForHelp => row.help_asked_at,
        Stage::Disowned => row.disowned_at,
        Stage::Back | Stage::BackAtSignIn | Stage::Superseded | Stage::Revoked | Stage::AddressChanged => row.ended_at,
    }
}

/// What came of stopping a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CancelOutcome {
    /// So many who had not been begun keep everything.
    Stopped(i64),
    /// Nobody was left.
    Over,
    /// No such reset.
    Unknown,
    /// Not the reader's to stop.
    Refused(Refusal),
}

/// Stops what has not begun of a running reset.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "reset/cancel")]
pub async fn cancel_reset(id: ResetId) -> Result<CancelOutcome, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let outcome = match super::cancel::cancel(&request.platform, &request.origin, &session.actor, id).await? {
        Cancelled::Stopped(left) => {
            // Whoever is left is written down as skipped, even where nobody runs it at the moment.
            run::begin(&request.platform, id).await;
            CancelOutcome::Stopped(left)
        }
        Cancelled::Over => CancelOutcome::Over,
        Cancelled::Unknown => CancelOutcome::Unknown,
        Cancelled::Refused(refusal) => CancelOutcome::Refused(refusal),
    };
    request.leave("cancel_reset", outcome, &[]);
    Ok(outcome)
}

/// What came of switching those mails on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoticesOutcome {
    /// They come from now on.
    On,
    /// They do not.
    Off,
    /// No reset of the reader's own.
    Unknown,
}

/// Switches the mails on or off that tell whoever asked for a reset how many are back.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "reset/back_notices")]
pub async fn tell_of_returns(id: ResetId, on: bool) -> Result<NoticesOutcome, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let outcome = match super::back_notices::set(&request.platform, &session.actor, id, on).await? {
        true if on => NoticesOutcome::On,
        true => NoticesOutcome::Off,
        false => NoticesOutcome::Unknown,
    };
    request.leave("back_notices", outcome, &[]);
    Ok(outcome)
}

/// Freezes a plan of users of a reset: of those who are ticked or, with `all`, of everybody at the stages that `state`
/// names. It is reviewed and confirmed as any other.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "reset/select")]
pub async fn plan_of(
    id: ResetId,
    #[server(default)] users: Vec<UserId>,
    #[server(default)] all: bool,
    #[server(default)] state: String,
) -> Result<PlanOutcome, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let (platform, actor) = (&request.platform, &session.actor);
    let chosen = board::picked(platform, actor, id, picked(users, all, &state)).await?.unwrap_or_default();
    let selection = service::Selection::Ticked(chosen, Vec::new());
    Ok(super::api::planned(&request, service::plan(platform, &request.origin, actor, selection).await?))
}

#[cfg(feature = "ssr")]
fn picked(users: Vec<UserId>, all: bool, state: &str) -> Picked {
    if all { Picked::Matching(Stage::read(state)) } else { Picked::Ticked(users) }
}

/// What came of an act on links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ActOutcome {
    /// It was done.
    Done {
        /// What.
        act: Act,
        /// To how many links.
        done: i64,
        /// To how many others it does nothing.
        left: i64,
    },
    /// Nobody was picked.
    Nobody,
    /// No such reset.
    Unknown,
    /// Somebody is outside the reader's authority.
    Refused(Refusal),
}

/// Sends links again, extends them or takes them back: those of whoever is ticked or, with `all`, of everybody at the
/// stages that `state` names.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "reset/links")]
pub async fn act_on_links(
    id: ResetId,
    act: Act,
    #[server(default)] users: Vec<UserId>,
    #[server(default)] all: bool,
    #[server(default)] state: String,
) -> Result<ActOutcome, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let (platform, origin, actor) = (request.platform.clone(), request.origin.clone(), session.actor);
    let picked = picked(users, all, &state);
    // On its own: a browser that goes away stops nothing.
    let doing = tokio::spawn(async move { board_acts::act(&platform, &origin, &actor, act, vec![(id, picked)]).await });
    let outcome = acted(act, doing.await.map_err(|_| ApiError::Failed)??);
    request.leave("links", outcome, &[]);
    Ok(outcome)
}

#[cfg(feature = "ssr")]
pub(super) const fn acted(act: Act, acted: Acted) -> ActOutcome {
    match acted {
        Acted::Done(done, left) => ActOutcome::Done { act, done, left },
        Acted::Nobody => ActOutcome::Nobody,
        Acted::Unknown => ActOutcome::Unknown,
        Acted::Refused(refusal) => ActOutcome::Refused(refusal),
    }
}
