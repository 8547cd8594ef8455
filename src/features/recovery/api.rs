//! The server functions of recovery links.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::recovery::Fate;
use crate::domain::time::Time;
use crate::features::session::api::ApiError;

#[cfg(feature = "ssr")]
use super::{again, caller, help, service};
#[cfg(feature = "ssr")]
use crate::domain::caller::read;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::platform::cookies::Cookie;

/// What the page of a working link shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The customer's name.
    pub customer: String,
    /// Its help desk.
    pub help_desk: Option<String>,
    /// When the reset took place.
    pub reset_at: Time,
    /// Whether a code of the help desk will do in the password's place.
    pub takes_caller_code: bool,
    /// When this was said.
    pub now: Time,
}

/// Shows a link; nothing about it changes. None for every link that does not work, whatever the reason.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "recovery/open")]
pub async fn open(token: String) -> Result<Option<Opened>, ApiError> {
    let request = Request::current()?;
    let opened = service::open(&request.platform, &request.origin, &token).await?;
    Ok(opened.map(|opened| Opened {
        takes_caller_code: opened.customer.policy.second_proof.takes_caller_codes(),
        customer: opened.customer.name,
        help_desk: opened.customer.help_desk,
        reset_at: opened.issued_at,
        now: request.platform.now(),
    }))
}

/// What came of a password or a caller code at a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProveOutcome {
    /// Right: the browser goes on.
    GoOn,
    /// Not eight digits.
    Malformed,
    /// Wrong.
    Wrong,
    /// Right, but set with nothing but a mail: it proves no more than the link does.
    ByMail,
    /// The link does not work.
    Dead,
    /// Too much at once.
    Busy,
}

/// Trades the link and the user's password for a set-up in this browser. The token leaves the address bar.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "recovery/prove")]
pub async fn prove(token: String, password: String) -> Result<ProveOutcome, ApiError> {
    let request = Request::current()?;
    let outcome = match service::prove(&request.platform, &request.origin, &token, password).await {
        Ok(service::Proof::Proved(challenge)) => {
            request.enter(Cookie::Challenge, &challenge).await;
            request.clear(Cookie::Codes);
            request.go("/set-up");
            return Ok(ProveOutcome::GoOn);
        }
        Ok(service::Proof::Wrong) => ProveOutcome::Wrong,
        Ok(service::Proof::ByMail) => ProveOutcome::ByMail,
        Ok(service::Proof::Dead) => ProveOutcome::Dead,
        Err(fault) => ApiError::unless_busy(fault, ProveOutcome::Busy)?,
    };
    request.leave("recovery", outcome, &[]);
    Ok(outcome)
}

/// Trades the link and the code that the help desk read out for a set-up in this browser, which begins with a new password.
/// The token leaves the address bar.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "recovery/prove_caller")]
pub async fn prove_caller(token: String, #[server(default)] code: String) -> Result<ProveOutcome, ApiError> {
    let request = Request::current()?;
    let outcome = match read(&code) {
        None => ProveOutcome::Malformed,
        Some(digits) => match caller::prove(&request.platform, &request.origin, &token, &digits).await {
            Ok(service::Proof::Proved(challenge)) => {
                request.enter(Cookie::Challenge, &challenge).await;
                request.clear(Cookie::Codes);
                request.go("/set-up/password");
                return Ok(ProveOutcome::GoOn);
            }
            Ok(service::Proof::Wrong) => ProveOutcome::Wrong,
            Ok(service::Proof::ByMail) => ProveOutcome::ByMail,
            Ok(service::Proof::Dead) => ProveOutcome::Dead,
            Err(fault) => ApiError::unless_busy(fault, ProveOutcome::Busy)?,
        },
    };
    request.leave("recovery_caller", outcome, &[]);
    Ok(outcome)
}

/// Where the link went that is the only way back in, and who helps when it did not come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRequired {
    /// The address, masked.
    pub masked: String,
    /// The customer's name.
    pub customer: String,
    /// The customer's help desk.
    pub help_desk: Option<String>,
    /// When the newest mail was sent; none as long as it waits.
    pub sent_at: Option<Time>,
    /// With this the link can be sent again.
    pub again: Option<String>,
    /// What became of their newest link.
    pub fate: Option<Fate>,
    /// When this was said.
    pub now: Time,
}

#[cfg(feature = "ssr")]
impl LinkRequired {
    /// What is told at `now`.
    #[must_use]
    pub fn of(required: again::LinkRequired, now: Time) -> Self {
        let again::LinkRequired { masked, customer, help_desk, sent_at, again, fate } = required;
        Self { masked, customer, help_desk, sent_at, again, fate, now }
    }
}

/// What came of asking for the link again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AgainOutcome {
    /// A new mail is on its way; the link before it is dead.
    OnItsWay(LinkRequired),
    /// The mail before it is still on its way.
    Already(LinkRequired),
    /// There were too many mails: no further one before this moment.
    NotBefore(Time, LinkRequired),
    /// That is not possible any more: begin again.
    Over,
}

/// Sends the link again to whoever gave the right password a moment ago, as `again` proves.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "recovery/send_again")]
pub async fn send_again(#[server(default)] again: String) -> Result<AgainOutcome, ApiError> {
    let request = Request::current()?;
    let now = request.platform.now();
    let outcome = match again::send(&request.platform, &request.origin, &again).await? {
        again::Again::OnItsWay(required) => AgainOutcome::OnItsWay(LinkRequired::of(required, now)),
        again::Again::Already(required) => AgainOutcome::Already(LinkRequired::of(required, now)),
        again::Again::NotBefore(at, required) => AgainOutcome::NotBefore(at, LinkRequired::of(required, now)),
        again::Again::Over => AgainOutcome::Over,
    };
    request.leave("send_again", &outcome, &[]);
    Ok(outcome)
}

/// What came of asking the administrators for help.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HelpOutcome {
    /// They find it on their board.
    OnTheBoard(LinkRequired),
    /// That is not possible any more: begin again.
    Over,
}

/// Asks the administrators of whoever gave the right password a moment ago, as `help` proves.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "recovery/ask_for_help")]
pub async fn ask_for_help(#[server(default)] help: String) -> Result<HelpOutcome, ApiError> {
    let request = Request::current()?;
    let outcome = match help::ask(&request.platform, &request.origin, &help).await? {
        help::Asked::OnTheBoard(required) => {
            HelpOutcome::OnTheBoard(LinkRequired::of(required, request.platform.now()))
        }
        help::Asked::Over => HelpOutcome::Over,
    };
    request.leave("ask_for_help", &outcome, &[]);
    Ok(outcome)
}
