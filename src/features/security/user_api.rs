//! The server functions of a user's details.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::rows::{CodesRow, DeviceRow, Happened, MethodRow, SessionRow};
use crate::domain::authority::{Refusal, Role};
use crate::domain::ids::{MethodId, UserId};
use crate::domain::recovery::LinkState;
use crate::domain::sign_in::CodeProblem;
use crate::domain::time::Time;
use crate::features::session::api::{ApiError, Console};
use crate::features::users::api::{EndOutcome, UserRow};

#[cfg(feature = "ssr")]
use super::user_removal::{self, Order, Removed};
#[cfg(feature = "ssr")]
use super::user_service as service;
#[cfg(feature = "ssr")]
use crate::domain::user::Standing;
#[cfg(feature = "ssr")]
use crate::features::outbox::service::Delivery;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::platform::cookies::Cookie;

/// A recovery link that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingLink {
    /// What it is now: live, expired, or guessed dead.
    pub state: LinkState,
    /// Until when it works.
    pub expires_at: Time,
    /// When its page was first opened.
    pub opened_at: Option<Time>,
    /// When the second proof was given.
    pub proved_at: Option<Time>,
    /// What became of the mail with it.
    pub mail: MailState,
    /// Whether the reader may make a caller code that goes with it.
    pub takes_caller_code: bool,
    /// Whether the reader may confirm a set-up by its three words, and must.
    pub asks_for_words: bool,
}

/// What became of a mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MailState {
    /// Not sent yet.
    Queued,
    /// A mail server took it.
    Sent(Time),
    /// A mail server refused it for good, and said this.
    Bounced(String),
}

/// A user's details.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserPage {
    /// The user.
    pub user: UserRow,
    /// Their methods.
    pub methods: Vec<MethodRow>,
    /// Their backup codes.
    pub codes: CodesRow,
    /// Their sessions, the last used first.
    pub sessions: Vec<SessionRow>,
    /// The devices they trust, the last used first; none where their customer allows no trust.
    pub devices: Option<Vec<DeviceRow>>,
    /// Their roles in the customers that the reader may see, by name, home first.
    pub roles: Vec<(String, Role)>,
    /// Their recovery link, while it has not ended.
    pub link: Option<PendingLink>,
    /// Their last sign-ins.
    pub sign_ins: Vec<Happened>,
    /// What happened last.
    pub happened: Vec<Happened>,
}

/// A user's details; none for a user the reader may not see, whether there is one or not.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "users/user")]
pub async fn show_user(id: UserId) -> Result<Console<Option<UserPage>>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let now = request.platform.now();
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let Some(view) = service::view(&mut conn, &session.actor, id, now).await? else {
        request.not_found();
        return Ok(request.console(&session, None));
    };
    let who = view.user.user;
    let mail = match view.delivery {
        None | Some(Delivery::Queued) => MailState::Queued,
        Some(Delivery::Sent(at)) => MailState::Sent(at),
        Some(Delivery::Failed(_, why)) => MailState::Bounced(why),
    };
    let manages = view.user.standing == Standing::Active
        && session.actor.has_mfa
        && session.actor.may_manage(who, view.user.role).is_ok();
    let link = view.link.map(|link| PendingLink {
        state: link.state(now),
        expires_at: link.expires_at,
        opened_at: link.opened_at,
        proved_at: link.proved_at,
        mail,
        takes_caller_code: manages && view.home.policy.second_proof.takes_caller_codes(),
        asks_for_words: manages && view.home.policy.call_back_check,
    });
    let page = UserPage {
        user: UserRow::of(&view.user, &session.actor),
        methods: view.methods.into_iter().map(|(method, removal)| MethodRow::of(method, removal)).collect(),
        codes: view.codes.into(),
        sessions: view.sessions.into_iter().map(|open| SessionRow::of(open, Some(session.id))).collect(),
        devices: view.devices.map(|all| all.into_iter().map(|device| DeviceRow::of(device, None)).collect()),
        roles: view.roles,
        link,
        sign_ins: view.sign_ins.into_iter().map(Happened::from).collect(),
        happened: view.happened.into_iter().map(|recorded| Happened::of(recorded, who)).collect(),
    };
    Ok(request.console(&session, Some(page)))
}

/// What happened to a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityPage {
    /// The user.
    pub user: UserRow,
    /// At most 50 events, the newest first.
    pub happened: Vec<Happened>,
    /// Where the older ones begin.
    pub next: Option<i64>,
}

/// How many events are on a page.
#[cfg(feature = "ssr")]
const PAGE: usize = 50;

/// What happened to a user, older than event `before`; none for a user the reader may not see.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "users/activity")]
pub async fn show_activity(
    id: UserId,
    #[server(default)] before: Option<i64>,
) -> Result<Console<Option<ActivityPage>>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let limit = i64::try_from(PAGE).unwrap_or(i64::MAX) + 1;
    let Some((user, mut recorded)) = service::activity(&mut conn, &session.actor, id, before, limit).await? else {
        request.not_found();
        return Ok(request.console(&session, None));
    };
    let more = recorded.len() > PAGE;
    recorded.truncate(PAGE);
    let next = recorded.last().filter(|_| more).map(|last| last.entry.number);
    let happened = recorded.into_iter().map(|recorded| Happened::of(recorded, user.user)).collect();
    let page = ActivityPage { user: UserRow::of(&user, &session.actor), happened, next };
    Ok(request.console(&session, Some(page)))
}

/// A method that is about to be removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserMethodPage {
    /// The user.
    pub user: UserRow,
    /// The method; none when the user has no such one.
    pub method: Option<MethodRow>,
    /// Whether the user's customer needs a reason.
    pub reason_required: bool,
    /// Whether it needs a ticket number.
    pub ticket_required: bool,
}

/// What the page of a removal says; none for a user the reader may not see. Nothing is changed by it.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "users/method")]
pub async fn show_user_method(id: UserId, method: MethodId) -> Result<Console<Option<UserMethodPage>>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let now = request.platform.now();
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let Some(view) = service::view(&mut conn, &session.actor, id, now).await? else {
        request.not_found();
        return Ok(request.console(&session, None));
    };
    let page = UserMethodPage {
        user: UserRow::of(&view.user, &session.actor),
        method: view
            .methods
            .into_iter()
            .find(|(listed, _)| listed.id == method)
            .map(|(method, removal)| MethodRow::of(method, removal)),
        reason_required: view.home.policy.reason_required,
        ticket_required: view.home.policy.ticket_required,
    };
    Ok(request.console(&session, Some(page)))
}

/// What came of removing a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RemoveOutcome {
    /// It is gone: the browser goes on.
    GoOn,
    /// Outside the reader's authority.
    Refused(Refusal),
    /// The user has no such method.
    NoMethod,
    /// It is the last one, and only a reset sends the link that its user would need.
    LinkNeeded,
    /// It is the last one of the last owner who could sign in.
    LastOwner,
    /// A reason is needed.
    ReasonMissing,
    /// A ticket number is needed.
    TicketMissing,
    /// The own code was not taken.
    Code(CodeProblem),
}

/// Removes one method of a user, with the reader's own code.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "users/remove_method")]
pub async fn remove_user_method(
    id: UserId,
    method: MethodId,
    #[server(default)] reason: String,
    #[server(default)] ticket: String,
    #[server(default)] code: String,
) -> Result<RemoveOutcome, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let order = Order { reason, ticket, code };
    let Request { platform, origin, .. } = &request;
    let removed = user_removal::remove_method(platform, origin, &session, id, method, &order).await?;
    let (outcome, token) = match removed {
        Removed::Done(token) => (RemoveOutcome::GoOn, Some(token)),
        Removed::Refused(refusal, token) => (RemoveOutcome::Refused(refusal), token),
        Removed::NoMethod(token) => (RemoveOutcome::NoMethod, token),
        Removed::LinkNeeded(token) => (RemoveOutcome::LinkNeeded, token),
        Removed::LastOwner(token) => (RemoveOutcome::LastOwner, token),
        Removed::ReasonMissing => (RemoveOutcome::ReasonMissing, None),
        Removed::TicketMissing => (RemoveOutcome::TicketMissing, None),
        Removed::Code(problem) => (RemoveOutcome::Code(problem), None),
    };
    if let Some(token) = token {
        request.set_token(Cookie::Session, &token);
    }
    if outcome == RemoveOutcome::GoOn {
        request.go(&format!("/users/{id}/methods?done=removed"));
    } else {
        request.leave("remove_user_method", outcome, &[("reason", &order.reason), ("ticket", &order.ticket)]);
    }
    Ok(outcome)
}

/// Ends all sessions of a user.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "users/end_sessions")]
pub async fn end_user_sessions(id: UserId) -> Result<EndOutcome, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let outcome = match service::end_sessions(&request.platform, &request.origin, &session, id).await? {
        Ok(ended) => EndOutcome::Ended(ended),
        Err(refusal) => EndOutcome::Refused(refusal),
    };
    request.leave("end_user_sessions", outcome, &[]);
    Ok(outcome)
}
