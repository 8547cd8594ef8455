//! The server functions of inviting a list.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::authority::{Refusal, Role};
use crate::domain::ids::{InviteListId, UserId};
use crate::domain::invitation::Untaken;
use crate::domain::sign_in::CodeProblem;
use crate::domain::time::Time;
use crate::features::session::api::{ApiError, Console};

#[cfg(feature = "ssr")]
use super::list::{self, Confirmed};
#[cfg(feature = "ssr")]
use crate::domain::invitation::LIST_LIFETIME;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::platform::cookies::Cookie;

/// Why a file was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UploadOutcome {
    /// More than a mebibyte.
    TooLarge,
    /// More people than one list holds.
    TooMany,
    /// Nothing is in it.
    Empty,
    /// Neither UTF-8 nor UTF-16.
    Encoding,
    /// Its columns are none that we know.
    Columns,
    /// Two columns say the same thing.
    TwoColumns,
    /// A quotation mark is opened on this line and never closed.
    OpenQuote(u64),
    /// No customer was chosen.
    NoCustomer,
    /// No authority there.
    Refused(Refusal),
}

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineRow {
    /// Where in the file it begins.
    pub number: i64,
    /// Who, as the file has it.
    pub who: String,
    /// Their name.
    pub name: Option<String>,
    /// Their role.
    pub role: Option<Role>,
    /// Why nobody is invited by it.
    pub untaken: Option<Untaken>,
    /// The line whose address it has again.
    pub same_as: Option<i64>,
    /// The account it became.
    pub user: Option<UserId>,
}

/// A list: a preview until it is confirmed, a report from then on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListPage {
    /// Which.
    pub id: InviteListId,
    /// To which customer.
    pub customer: String,
    /// Until when it can be confirmed.
    pub confirm_until: Time,
    /// When it was confirmed.
    pub confirmed_at: Option<Time>,
    /// When the last of them was invited.
    pub completed_at: Option<Time>,
    /// Its lines.
    pub lines: Vec<LineRow>,
}

/// A list; none for one that is not the reader's, or was not confirmed in time.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "accounts/list")]
pub async fn show_list(id: InviteListId) -> Result<Console<Option<ListPage>>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let Some((list, lines)) = list::view(&request.platform, &session.actor, id).await? else {
        request.not_found();
        return Ok(request.console(&session, None));
    };
    let row = |line: super::store::Line| LineRow {
        number: line.number,
        who: line.who,
        name: line.name,
        role: line.role,
        untaken: line.untaken,
        same_as: line.same_as,
        user: line.user_id,
    };
    let page = ListPage {
        id,
        customer: list.customer_name,
        confirm_until: list.created_at + LIST_LIFETIME,
        confirmed_at: list.confirmed_at,
        completed_at: list.completed_at,
        lines: lines.into_iter().map(row).collect(),
    };
    Ok(request.console(&session, Some(page)))
}

/// What came of a confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConfirmListOutcome {
    /// It runs, or ran already.
    GoOn,
    /// No such list, or it was read too long ago.
    Unknown,
    /// Nobody in it would be invited.
    Nobody,
    /// The own code was not taken.
    Code(CodeProblem),
    /// No authority any more.
    Refused(Refusal),
}

/// Confirms a list with the own code. It runs to its end whether the browser waits or not.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "accounts/confirm_list")]
pub async fn confirm_list(id: InviteListId, #[server(default)] code: String) -> Result<ConfirmListOutcome, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let outcome = match list::confirm(&request.platform, &request.origin, &session, id, &code).await? {
        Confirmed::Running(token) => {
            request.set_token(Cookie::Session, &token);
            // On its own: a browser that goes away stops nothing.
            let platform = request.platform.clone();
            let running = tokio::spawn(async move { list::run(&platform, id).await });
            if let Ok(Err(fault)) = running.await {
                tracing::error!(error = %fault, "a list stopped; it will be resumed");
            }
            ConfirmListOutcome::GoOn
        }
        Confirmed::Already => ConfirmListOutcome::GoOn,
        Confirmed::Unknown => ConfirmListOutcome::Unknown,
        Confirmed::Nobody => ConfirmListOutcome::Nobody,
        Confirmed::Code(problem) => ConfirmListOutcome::Code(problem),
        Confirmed::Refused(refusal) => ConfirmListOutcome::Refused(refusal),
    };
    if outcome != ConfirmListOutcome::GoOn {
        request.leave("invite_list", outcome, &[]);
    }
    request.go(&format!("/users/invite/file/{id}"));
    Ok(outcome)
}
