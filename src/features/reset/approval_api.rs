//! The server functions of approvals.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::approval::{Answered, Reason, State};
use crate::domain::ids::ResetId;
use crate::domain::time::Time;
use crate::features::session::api::ApiError;

#[cfg(feature = "ssr")]
use super::{approval, approval_view, run};
#[cfg(feature = "ssr")]
use crate::domain::approval::Decision;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::platform::cookies::Cookie;

/// What a plan's page says of its approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Why a second person is needed, as the policies are now.
    pub reasons: Vec<Reason>,
    /// Who may approve it now, some of them.
    pub approvers: Vec<String>,
    /// Until when it can be approved, once approval was asked for.
    pub until: Option<Time>,
    /// Where the request stands, once there is one.
    pub state: Option<State>,
    /// Who decided.
    pub by: Option<String>,
    /// When.
    pub decided_at: Option<Time>,
    /// Why.
    pub why: Option<String>,
}

/// A plan that waits for an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingRow {
    /// Which.
    pub id: ResetId,
    /// The short form of the plan's hash.
    pub seal: String,
    /// Who asked for it.
    pub requester: String,
    /// Whether that is the reader.
    pub is_mine: bool,
    /// Why.
    pub reason: Option<String>,
    /// The help desk's ticket.
    pub ticket: Option<String>,
    /// How many people it resets.
    pub people: usize,
    /// Until when it can be approved.
    pub until: Option<Time>,
}

#[cfg(feature = "ssr")]
impl From<approval_view::Waiting> for WaitingRow {
    fn from(waiting: approval_view::Waiting) -> Self {
        let reset = waiting.reset;
        Self {
            id: reset.id,
            seal: crate::domain::plan::seal(&reset.plan_hash),
            requester: reset.requester_name,
            is_mine: waiting.is_mine,
            reason: reset.reason,
            ticket: reset.ticket,
            people: waiting.people,
            until: reset.approval_asked_at.map(|at| at + crate::domain::approval::LIFETIME),
        }
    }
}

/// Approves a plan of somebody else with the own code; from then on it runs.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "reset/approve")]
pub async fn approve(id: ResetId, hash: String, #[server(default)] code: String) -> Result<Answered, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let (answered, token) = approval::approve(&request.platform, &request.origin, &session, id, &hash, &code).await?;
    if let Some(token) = token {
        request.set_token(Cookie::Session, &token);
    }
    if answered == Answered::Done(Decision::Approved) {
        run::begin(&request.platform, id).await;
    }
    leave(&request, id, answered, "");
    Ok(answered)
}

/// Declines a plan of somebody else, or asks for changes.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "reset/decline")]
pub async fn decline(
    id: ResetId,
    #[server(default)] decision: String,
    #[server(default)] why: String,
) -> Result<Answered, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let wants_changes = decision == Decision::ChangesAsked.as_str();
    let answered = approval::decline(&request.platform, &request.origin, &session, id, wants_changes, &why).await?;
    leave(&request, id, answered, &why);
    Ok(answered)
}

/// Takes the own request for approval back.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "reset/withdraw")]
pub async fn withdraw(id: ResetId) -> Result<Answered, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let answered = approval::withdraw(&request.platform, &request.origin, &session.actor, id).await?;
    leave(&request, id, answered, "");
    Ok(answered)
}

/// Whatever came of it stands on the plan's own page.
#[cfg(feature = "ssr")]
fn leave(request: &Request, id: ResetId, answered: Answered, why: &str) {
    request.go(&format!("/resets/{id}"));
    request.leave("approval", answered, &[("why", why)]);
}
