//! The server functions of one's own password.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::api::{ChangePage, Proof};
use crate::domain::password::Weakness;
use crate::features::session::api::ApiError;

#[cfg(feature = "ssr")]
use super::api::{factor, of_problem, show_change};
#[cfg(feature = "ssr")]
use super::password_service::{self, Set};
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::platform::cookies::Cookie;

/// What the page of the own password says around its form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordPage {
    /// What every change says.
    pub change: ChangePage,
    /// Under which address the password is kept.
    pub address: String,
    /// How many characters a new one has at least.
    pub shortest: u16,
}

/// What the page of the own password says around its form; nothing is changed by it.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/password_page")]
pub async fn show_password() -> Result<PasswordPage, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let shown = password_service::show(&request.platform, &session).await?.ok_or(ApiError::Failed)?;
    let change = show_change(None).await?;
    Ok(PasswordPage { change, address: shown.address.to_string(), shortest: shown.shortest })
}

/// What came of a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PasswordOutcome {
    /// It is the password from now on: the browser goes on.
    GoOn,
    /// It is not taken.
    Weak(Weakness),
    /// The old one is wrong.
    WrongPassword,
    /// What came of the second factor.
    Proof(Proof),
}

/// Sets a new password.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/password")]
pub async fn change_password(
    #[server(default)] old: String,
    #[server(default)] new: String,
    #[server(default)] code: String,
    #[server(default)] backup: bool,
) -> Result<PasswordOutcome, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let Request { platform, origin, .. } = &request;
    let factor = factor(&code, backup);
    let changed = password_service::change(platform, origin, &session, factor.as_ref(), (old, new)).await;
    let outcome = match changed {
        Ok(Set::Done(token)) => {
            request.set_token(Cookie::Session, &token);
            request.go("/security?done=password");
            return Ok(PasswordOutcome::GoOn);
        }
        Ok(Set::Weak(weakness)) => PasswordOutcome::Weak(weakness),
        Ok(Set::WrongPassword(token)) => {
            if let Some(token) = token {
                request.set_token(Cookie::Session, &token);
            }
            PasswordOutcome::WrongPassword
        }
        Ok(Set::Code(problem)) => PasswordOutcome::Proof(of_problem(problem)),
        Ok(Set::Over) => PasswordOutcome::Proof(Proof::Over),
        Err(fault) => ApiError::unless_busy(fault, PasswordOutcome::Proof(Proof::Busy))?,
    };
    request.leave("password", outcome, &[]);
    Ok(outcome)
}
