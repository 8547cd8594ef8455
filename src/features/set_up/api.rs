//! The server functions of a set-up.

use std::collections::BTreeMap;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::password::Weakness;
use crate::domain::recovery::Fate;
use crate::domain::sign_in::{Grace, Purpose};
use crate::domain::time::Time;
use crate::features::session::api::ApiError;

#[cfg(feature = "ssr")]
use super::{done, password, service};
#[cfg(feature = "ssr")]
use crate::domain::backup_code::BackupCode;
#[cfg(feature = "ssr")]
use crate::domain::sign_in::Step;
#[cfg(feature = "ssr")]
use crate::domain::totp::read_digits;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::platform::cookies::Cookie;

/// Where somebody who is back after a reset learns what is new.
#[cfg(feature = "ssr")]
const DONE: &str = "/set-up/done";

/// Whose set-up it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whose {
    /// The customer's name.
    pub customer: String,
    /// Its help desk.
    pub help_desk: Option<String>,
    /// The user's address.
    pub address: String,
    /// Where the user came from.
    pub purpose: Purpose,
    /// For how long the set-up may still be put off; none where there is no way round it.
    pub grace: Option<Grace>,
    /// The words by which the help desk confirms the set-up, where it must, and whether it has.
    pub call_back: Option<(String, bool)>,
    /// What became of the link that whoever sets up at sign-in may have come from.
    pub fate: Option<Fate>,
}

/// The key to add to an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Modules a side of the QR code; 0 without one.
    pub qr_size: usize,
    /// The QR code's dark modules as SVG path data.
    pub qr_path: String,
    /// As an address that opens an app on the same device.
    pub uri: String,
    /// To be typed, in groups of four.
    pub text: String,
}

#[cfg(feature = "ssr")]
impl From<service::Key> for Key {
    fn from(key: service::Key) -> Self {
        let (qr_size, qr_path) = key.qr.map_or((0, String::new()), |qr| (qr.size, qr.path));
        Self { qr_size, qr_path, uri: key.uri, text: key.text }
    }
}

/// Shows the set-up that waits in this browser for an authenticator. None when there is none: the browser is sent on, to
/// the codes where the authenticator is registered already, to what is new where they are saved, to the sign-in otherwise.
/// There is no key as long as the help desk has to confirm the set-up.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "set_up/show")]
pub async fn show() -> Result<Option<(Whose, Option<Key>)>, ApiError> {
    let request = Request::current()?;
    let set_up = match request.cookie(Cookie::Challenge) {
        Some(token) => service::show(&request.platform, &token).await?,
        None => None,
    };
    match set_up {
        None => request.go("/sign-in?over=1"),
        Some(service::SetUp { step: Step::NewPassword, .. }) => request.go("/set-up/password"),
        Some(service::SetUp { step: Step::SaveCodes, .. }) => request.go("/set-up/codes"),
        Some(service::SetUp { step: Step::Done, .. }) => request.go(DONE),
        Some(set_up) => {
            let whose = whose(&set_up);
            return Ok(Some((whose, set_up.key.map(Key::from))));
        }
    }
    Ok(None)
}

/// What the page of a new password shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordShown {
    /// Whose set-up it is.
    pub whose: Whose,
    /// How many characters a password has at least.
    pub shortest: u16,
}

/// Shows the set-up that waits in this browser for a new password. None when there is none: the browser is sent on.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "set_up/for_password")]
pub async fn for_password() -> Result<Option<PasswordShown>, ApiError> {
    let request = Request::current()?;
    let set_up = match request.cookie(Cookie::Challenge) {
        Some(token) => service::show(&request.platform, &token).await?,
        None => None,
    };
    match set_up {
        None => request.go("/sign-in?over=1"),
        Some(set_up) if set_up.step == Step::NewPassword => {
            let shortest = crate::domain::password::shortest(set_up.customer.policy.mfa_required);
            return Ok(Some(PasswordShown { whose: whose(&set_up), shortest }));
        }
        Some(_) => request.go("/set-up"),
    }
    Ok(None)
}

/// What came of a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PasswordOutcome {
    /// Taken: the browser goes on.
    GoOn,
    /// It is not taken.
    Weak(Weakness),
    /// This set-up is over: begin again.
    Over,
    /// Too much at once.
    Busy,
}

/// Takes the new password of somebody whom a caller code let in. It takes effect with the new authenticator.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "set_up/choose_password")]
pub async fn choose_password(password: String) -> Result<PasswordOutcome, ApiError> {
    let request = Request::current()?;
    let chosen = match request.cookie(Cookie::Challenge) {
        Some(token) => password::choose(&request.platform, &token, password).await,
        None => Ok(password::Chosen::Dead),
    };
    let outcome = match chosen {
        Ok(password::Chosen::GoOn) => {
            request.go("/set-up");
            return Ok(PasswordOutcome::GoOn);
        }
        Ok(password::Chosen::Weak(weakness)) => PasswordOutcome::Weak(weakness),
        Ok(password::Chosen::Dead) => PasswordOutcome::Over,
        Err(fault) => ApiError::unless_busy(fault, PasswordOutcome::Busy)?,
    };
    if outcome == PasswordOutcome::Over {
        over(&request, Check::Over);
    }
    request.leave("new_password", outcome, &[]);
    Ok(outcome)
}

#[cfg(feature = "ssr")]
fn whose(set_up: &service::SetUp) -> Whose {
    Whose {
        customer: set_up.customer.name.clone(),
        help_desk: set_up.customer.help_desk.clone(),
        address: set_up.address.to_string(),
        purpose: set_up.purpose,
        grace: set_up.grace,
        call_back: set_up.call_back.as_ref().map(|words| (words.words.clone(), words.confirmed_at.is_some())),
        fate: set_up.fate.clone(),
    }
}

/// What came of a code at a set-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Check {
    /// Right: the browser goes on.
    GoOn,
    /// Not six digits, or not a backup code.
    Malformed,
    /// Not the one expected.
    Wrong,
    /// The help desk has not confirmed the words yet.
    Unconfirmed,
    /// It cannot be put off, or not any more.
    NoGrace,
    /// This set-up is over: begin again.
    Over,
}

/// Registers the authenticator whose first code this is.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "set_up/register")]
pub async fn register(code: String) -> Result<Check, ApiError> {
    let request = Request::current()?;
    let outcome = match (request.cookie(Cookie::Challenge), read_digits(&code)) {
        (None, _) => Check::Over,
        (_, None) => Check::Malformed,
        (Some(token), Some(digits)) => {
            match service::register(&request.platform, &request.origin, &token, &digits).await? {
                service::Registered::Right(codes) => {
                    request.set(Cookie::Codes, &codes);
                    request.go("/set-up/codes");
                    return Ok(Check::GoOn);
                }
                service::Registered::Wrong => Check::Wrong,
                service::Registered::Unconfirmed => Check::Unconfirmed,
                service::Registered::Dead => Check::Over,
            }
        }
    };
    over(&request, outcome);
    request.leave("set_up", outcome, &[]);
    Ok(outcome)
}

/// Puts the set-up off, where the days of grace are not over, and signs in without it.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "set_up/postpone")]
pub async fn postpone() -> Result<Check, ApiError> {
    let request = Request::current()?;
    let postponed = match request.cookie(Cookie::Challenge) {
        Some(token) => service::postpone(&request.platform, &request.origin, &token).await?,
        None => service::Postponed::Dead,
    };
    let outcome = match postponed {
        service::Postponed::SignedIn { token, next } => {
            request.enter(Cookie::Session, &token).await;
            request.clear(Cookie::Challenge);
            request.go(&next);
            return Ok(Check::GoOn);
        }
        service::Postponed::Refused => Check::NoGrace,
        service::Postponed::Dead => Check::Over,
    };
    over(&request, outcome);
    request.leave("set_up", outcome, &[]);
    Ok(outcome)
}

#[cfg(feature = "ssr")]
fn over(request: &Request, outcome: Check) {
    if outcome == Check::Over {
        request.clear(Cookie::Challenge);
        request.go("/sign-in?over=1");
    }
}

/// The ten new codes as they are shown; none in a browser that does not hold them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCodes {
    /// Whose they are.
    pub whose: Whose,
    /// The codes, in groups of four.
    pub codes: Option<Vec<String>>,
    /// When this was said, for the print sheet.
    pub now: Time,
}

/// Shows the new codes while one is still to be typed back. None when there is nothing to show: the browser is sent on.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "set_up/codes")]
pub async fn codes() -> Result<Option<NewCodes>, ApiError> {
    let request = Request::current()?;
    let shown = match request.cookie(Cookie::Challenge) {
        Some(token) => service::codes(&request.platform, &token, request.cookie(Cookie::Codes).as_deref()).await?,
        None => None,
    };
    let Some(shown) = shown else {
        request.go("/set-up");
        return Ok(None);
    };
    Ok(Some(NewCodes {
        whose: whose(&shown.set_up),
        codes: shown.codes.map(|codes| codes.0.iter().map(BackupCode::shown).collect()),
        now: request.platform.now(),
    }))
}

/// Finishes a set-up with one of the new backup codes, which is not spent by it.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "set_up/finish")]
pub async fn finish(code: String) -> Result<Check, ApiError> {
    let request = Request::current()?;
    let outcome = match (request.cookie(Cookie::Challenge), BackupCode::read(&code)) {
        (None, _) => Check::Over,
        (_, None) => Check::Malformed,
        (Some(token), Some(code)) => match service::finish(&request.platform, &request.origin, &token, &code).await? {
            service::Finished::SignedIn { token, next, back } => {
                request.enter(Cookie::Session, &token).await;
                request.clear(Cookie::Codes);
                if back {
                    request.go(DONE);
                } else {
                    request.clear(Cookie::Challenge);
                    request.go(&next);
                }
                return Ok(Check::GoOn);
            }
            service::Finished::BackIn => {
                request.clear(Cookie::Codes);
                request.go(DONE);
                return Ok(Check::GoOn);
            }
            service::Finished::Wrong => Check::Wrong,
            service::Finished::Dead => Check::Over,
        },
    };
    over(&request, outcome);
    request.leave("codes", outcome, &[]);
    Ok(outcome)
}

/// What is new for somebody who is back in after a reset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct New {
    /// The customer's name.
    pub customer: String,
    /// Its help desk.
    pub help_desk: Option<String>,
    /// When the new authenticator was added.
    pub added_at: Time,
    /// When the old ones were taken away.
    pub reset_at: Time,
    /// What ended, by the names under which events count it.
    pub lost: BTreeMap<String, String>,
    /// Where to go on; none for whoever signs in first.
    pub next: Option<String>,
}

/// Shows what is new for whoever just finished a set-up after a reset. None in any other browser, and later: it is sent to
/// where it would go on.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "set_up/new")]
pub async fn what_is_new() -> Result<Option<New>, ApiError> {
    let request = Request::current()?;
    let new = match request.cookie(Cookie::Challenge) {
        Some(token) => done::what_is_new(&request.platform, &token).await?,
        None => None,
    };
    let Some(done::WhatIsNew { set_up, added_at, reset_at, lost, next }) = new else {
        request.go("/");
        return Ok(None);
    };
    let customer = set_up.customer;
    Ok(Some(New { customer: customer.name, help_desk: customer.help_desk, added_at, reset_at, lost, next }))
}
