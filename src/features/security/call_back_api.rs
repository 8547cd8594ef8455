//! The server functions of the call-back check, on the help desk's side.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::authority::Refusal;
use crate::domain::ids::{ChallengeId, UserId};
use crate::domain::sign_in::CodeProblem;
use crate::domain::time::Time;
use crate::features::session::api::{ApiError, Console};
use crate::features::users::api::UserRow;

#[cfg(feature = "ssr")]
use super::call_back_service::{self as service, Confirmed};
#[cfg(feature = "ssr")]
use super::user_service;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::platform::cookies::Cookie;

/// A set-up that waits, with its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingSetUp {
    /// Which.
    pub id: ChallengeId,
    /// Its words.
    pub words: String,
    /// When it began.
    pub begun_at: Time,
    /// When it was confirmed.
    pub confirmed_at: Option<Time>,
}

/// Why nothing can be confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CallBackAgainst {
    /// Outside the reader's authority.
    Authority(Refusal),
    /// The user's customer asks for no check.
    Policy,
    /// No such set-up waits.
    Nothing,
}

#[cfg(feature = "ssr")]
impl From<service::Against> for CallBackAgainst {
    fn from(against: service::Against) -> Self {
        match against {
            service::Against::Authority(refusal) => Self::Authority(refusal),
            service::Against::Policy => Self::Policy,
            service::Against::Nothing => Self::Nothing,
        }
    }
}

/// What the help desk's page of the check shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallBackPage {
    /// The user.
    pub user: UserRow,
    /// The set-ups that wait, the newest first; or why none is shown.
    pub waiting: Result<Vec<WaitingSetUp>, CallBackAgainst>,
}

/// The words of the set-ups of a user that wait; none for a user the reader may not see. Nothing is confirmed by it.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "users/call_back_page")]
pub async fn show_call_back(id: UserId) -> Result<Console<Option<CallBackPage>>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let Request { platform, .. } = &request;
    let mut conn = platform.db.read().await.map_err(ApiError::from)?;
    let Some(view) = user_service::view(&mut conn, &session.actor, id, platform.now()).await? else {
        request.not_found();
        return Ok(request.console(&session, None));
    };
    let waiting = service::waiting(&mut conn, platform, &session.actor, id).await?;
    let row = |words: crate::features::recovery::call_back::Words| WaitingSetUp {
        id: words.set_up,
        words: words.words,
        begun_at: words.begun_at,
        confirmed_at: words.confirmed_at,
    };
    let waiting = match waiting {
        Ok((_, waiting)) => Ok(waiting.into_iter().map(row).collect()),
        Err(against) => Err(against.into()),
    };
    Ok(request.console(&session, Some(CallBackPage { user: UserRow::of(&view.user, &session.actor), waiting })))
}

/// What came of a confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CallBackOutcome {
    /// The set-up may be completed.
    Done,
    /// Nothing is confirmed.
    Against(CallBackAgainst),
    /// The own code was not taken.
    Code(CodeProblem),
}

/// Confirms the set-up of a user whose words they read out, with the reader's own code.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "users/call_back")]
pub async fn confirm_call_back(
    id: UserId,
    #[server(default)] set_up: String,
    #[server(default)] code: String,
) -> Result<CallBackOutcome, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let Request { platform, origin, .. } = &request;
    let (outcome, token) = match service::confirm(platform, origin, &session, id, set_up.parse().ok(), &code).await? {
        Confirmed::Done(token) => (CallBackOutcome::Done, Some(token)),
        Confirmed::Against(against, token) => (CallBackOutcome::Against(against.into()), token),
        Confirmed::Code(problem) => (CallBackOutcome::Code(problem), None),
    };
    if let Some(token) = token {
        request.set_token(Cookie::Session, &token);
    }
    request.leave("call_back", outcome, &[("set_up", &set_up)]);
    Ok(outcome)
}
