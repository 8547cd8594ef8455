//! The server functions of caller codes, on the help desk's side.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::authority::Refusal;
use crate::domain::ids::UserId;
use crate::domain::sign_in::CodeProblem;
use crate::domain::time::Time;
use crate::features::session::api::{ApiError, Console};
use crate::features::users::api::UserRow;

#[cfg(feature = "ssr")]
use super::caller_service::{self as service, Made, Missing, Order};
#[cfg(feature = "ssr")]
use super::user_service;
#[cfg(feature = "ssr")]
use crate::domain::caller::grouped;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::platform::cookies::Cookie;

/// Why no code is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Against {
    /// Outside the reader's authority.
    Authority(Refusal),
    /// The user's customer takes no caller codes.
    Policy,
    /// The user has no recovery link that works.
    NoLink,
    /// There were too many: none before this moment.
    NotBefore(Time),
}

#[cfg(feature = "ssr")]
impl From<service::Against> for Against {
    fn from(against: service::Against) -> Self {
        match against {
            service::Against::Authority(refusal) => Self::Authority(refusal),
            service::Against::Policy => Self::Policy,
            service::Against::NoLink => Self::NoLink,
            service::Against::NotBefore(at) => Self::NotBefore(at),
        }
    }
}

/// What the page of a caller code says before one is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerPage {
    /// The user.
    pub user: UserRow,
    /// What stands against a code; none where nothing does.
    pub against: Option<Against>,
}

/// What stands against a caller code for a user; none for a user the reader may not see. Nothing is made by it.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "users/caller_code_page")]
pub async fn show_caller_code(id: UserId) -> Result<Console<Option<CallerPage>>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let now = request.platform.now();
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let Some(view) = user_service::view(&mut conn, &session.actor, id, now).await? else {
        request.not_found();
        return Ok(request.console(&session, None));
    };
    let against = service::against(&mut conn, &session.actor, id, now).await?.map(Against::from);
    Ok(request.console(&session, Some(CallerPage { user: UserRow::of(&view.user, &session.actor), against })))
}

/// A code that is read out: its digits, in two groups. Its `Debug` shows none of them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ToReadOut(pub String);

impl std::fmt::Debug for ToReadOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ToReadOut(…)")
    }
}

/// What came of asking for a caller code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CallerOutcome {
    /// Here it is, once.
    Made {
        /// The code.
        code: ToReadOut,
        /// The first moment at which it counts no more.
        until: Time,
    },
    /// None is made.
    Against(Against),
    /// How the caller was identified is not said.
    HowMissing,
    /// In which other way is not said.
    NoteMissing,
    /// The own code was not taken.
    Code(CodeProblem),
}

/// Makes a caller code for the recovery link of a user, with the reader's own code.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "users/caller_code")]
pub async fn make_caller_code(
    id: UserId,
    #[server(default)] identified: String,
    #[server(default)] note: String,
    #[server(default)] code: String,
) -> Result<CallerOutcome, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let order = Order { identified: identified.parse().ok(), note, code };
    let Request { platform, origin, .. } = &request;
    let (outcome, token) = match service::make(platform, origin, &session, id, &order).await? {
        Made::Done { digits, until, token } => {
            (CallerOutcome::Made { code: ToReadOut(grouped(&digits)), until }, Some(token))
        }
        Made::Against(against, token) => (CallerOutcome::Against(against.into()), token),
        Made::HowMissing(Missing::Way) => (CallerOutcome::HowMissing, None),
        Made::HowMissing(Missing::Note) => (CallerOutcome::NoteMissing, None),
        Made::Code(problem) => (CallerOutcome::Code(problem), None),
    };
    if let Some(token) = token {
        request.set_token(Cookie::Session, &token);
    }
    let made = matches!(outcome, CallerOutcome::Made { .. });
    let typed = [("identified", identified.as_str()), ("note", order.note.as_str())];
    request.leave("caller_code", &outcome, if made { &[] } else { &typed });
    Ok(outcome)
}
