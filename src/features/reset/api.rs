//! The server functions of resets.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::authority::Refusal;
use crate::domain::ids::{ResetId, UserId};
use crate::domain::plan::PlanOutcome;
use crate::domain::sign_in::CodeProblem;
use crate::features::session::api::{ApiError, Console};

use super::board_api::BoardPage;
use super::review_api::ResetPage;

#[cfg(feature = "ssr")]
use super::board_api::board_page;
#[cfg(feature = "ssr")]
use super::{review_api, run, service};
#[cfg(feature = "ssr")]
use crate::domain::user_filter::UserFilter;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::platform::cookies::Cookie;
#[cfg(feature = "ssr")]
use crate::platform::request::Query;

/// Freezes a selection and sends the browser to its review. Nothing is reset yet. With `all` it is everybody whom `query`
/// means, the query of a list's address, whoever was ticked; without, nobody else's users than that of the customers it names.
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
    let shown = UserFilter::from_pairs(Query::read(&query).pairs());
    let selection =
        if all { service::Selection::Matching(shown) } else { service::Selection::Ticked(users, shown.customers) };
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

/// A reset: a plan to review until it is confirmed, a board from then on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shown {
    /// To review.
    Plan(Box<ResetPage>),
    /// Running or finished.
    Board(Box<BoardPage>),
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
        request.not_found();
        return Ok(request.console(&session, None));
    };
    Ok(request.console(&session, Some(Shown::Plan(Box::new(review_api::page(&view, &query))))))
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
