//! The server functions of one's own security.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::rows::{CodesRow, Happened, MethodRow, SessionRow};
use crate::domain::ids::{MethodId, SessionId};
use crate::domain::time::Time;
use crate::features::session::api::{ApiError, Console};
use crate::features::set_up::api::Key;

#[cfg(feature = "ssr")]
use super::service::{self, Changed, Refused};
#[cfg(feature = "ssr")]
use super::{codes_service, method_service};
#[cfg(feature = "ssr")]
use crate::domain::backup_code::BackupCode;
#[cfg(feature = "ssr")]
use crate::domain::method::read_name;
#[cfg(feature = "ssr")]
use crate::domain::totp::read_digits;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::features::sign_in::service::Factor;
#[cfg(feature = "ssr")]
use crate::platform::Fault;
#[cfg(feature = "ssr")]
use crate::platform::cookies::Cookie;

/// One's own security.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityPage {
    /// The own methods.
    pub methods: Vec<MethodRow>,
    /// The own backup codes.
    pub codes: CodesRow,
    /// With this many of them left or fewer the own customer warns.
    pub codes_low: usize,
    /// The own sessions, the last used first.
    pub sessions: Vec<SessionRow>,
    /// What happened last.
    pub happened: Vec<Happened>,
}

/// How many events the page shows.
#[cfg(feature = "ssr")]
const EVENTS: i64 = 20;

/// One's own methods, codes and sessions, and what happened last.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/page")]
pub async fn show_security() -> Result<Console<SecurityPage>, ApiError> {
    use crate::features::{audit, backup_codes, customers, session};
    let request = Request::current()?;
    let asking = request.signed_in().await?;
    let user = asking.actor.user;
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let own = method_service::own_methods(&mut conn, &asking).await?;
    let codes = backup_codes::service::left(&mut conn, user).await?;
    let home = customers::service::of_user(&mut conn, user.customer).await?;
    let sessions = session::service::list(&mut conn, user, request.platform.now()).await?;
    let happened = audit::service::own(&mut conn, &asking.actor, EVENTS).await?;
    let page = SecurityPage {
        methods: own.into_iter().map(|own| MethodRow::of(own.method, own.removal)).collect(),
        codes: codes.into(),
        codes_low: usize::from(home.map(|home| home.policy).unwrap_or_default().codes_low),
        sessions: sessions.into_iter().map(|open| SessionRow::of(open, Some(asking.id))).collect(),
        happened: happened.into_iter().map(|recorded| Happened::of(recorded, user)).collect(),
    };
    Ok(request.console(&asking, page))
}

/// Ends one of the own sessions.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/end_session")]
pub async fn end_session(session: SessionId) -> Result<bool, ApiError> {
    let request = Request::current()?;
    let asking = request.signed_in().await?;
    let ended = service::end_session(&request.platform, &request.origin, &asking, session).await?;
    request.go(if ended { "/security?done=session" } else { "/security" });
    Ok(ended)
}

/// What a page that changes one's own factors says around its form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangePage {
    /// The customer's name.
    pub customer: String,
    /// Its help desk.
    pub help_desk: Option<String>,
    /// How many methods the user has.
    pub methods: usize,
    /// How many backup codes are left to prove oneself with.
    pub codes_left: usize,
    /// The method the page is about; none when there is no such method.
    pub method: Option<MethodRow>,
}

/// What the page of a change says around its form; nothing is changed by it.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/change")]
pub async fn show_change(#[server(default)] method: Option<MethodId>) -> Result<ChangePage, ApiError> {
    use crate::features::{backup_codes, customers};
    let request = Request::current()?;
    let asking = request.signed_in().await?;
    let user = asking.actor.user;
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let customer = customers::service::of_user(&mut conn, user.customer).await?.ok_or(ApiError::Failed)?;
    let own = method_service::own_methods(&mut conn, &asking).await?;
    let methods = own.len();
    let method = own.into_iter().find(|own| Some(own.method.id) == method);
    Ok(ChangePage {
        customer: customer.name,
        help_desk: customer.help_desk,
        methods,
        codes_left: backup_codes::service::left(&mut conn, user).await?.count(),
        method: method.map(|own| MethodRow::of(own.method, own.removal)),
    })
}

/// What came of a form that changes one's own factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Proof {
    /// Right: the browser goes on.
    GoOn,
    /// Not six digits, or not a backup code.
    Malformed,
    /// Wrong, or used before.
    Wrong,
    /// Too many wrong ones: none is taken before `until`.
    Locked {
        /// When the next one is taken.
        until: Time,
        /// When this was said.
        now: Time,
    },
    /// Far too many wrong ones: none is taken before a reset.
    Disabled,
    /// The name is too long.
    LongName,
    /// It is the last method, and one is required.
    LastOne,
    /// There is no such method.
    NoMethod,
    /// No second factor is there to stand on.
    NoFactor,
    /// There are as many methods as there may be.
    TooMany,
    /// Too late, or the session ended: begin again.
    Over,
    /// Too many passwords are being checked.
    Busy,
}

/// The second factor as it was typed.
#[cfg(feature = "ssr")]
fn factor(code: &str, backup: bool) -> Option<Factor> {
    if backup { Factor::backup_code(code) } else { Factor::code(code) }
}

/// What came of a change; what was made by it, if it was done.
#[cfg(feature = "ssr")]
fn settle<T>(request: &Request, changed: Changed<T>) -> Result<T, Proof> {
    let refused = |why: Refused| match why {
        Refused::SessionOver => Proof::Over,
        Refused::NoMethod => Proof::NoMethod,
        Refused::LastOne => Proof::LastOne,
        Refused::NoFactor => Proof::NoFactor,
        Refused::TooMany => Proof::TooMany,
    };
    match changed {
        Changed::Done(token, made) => {
            request.set_token(Cookie::Session, &token);
            Ok(made)
        }
        Changed::Refused(why, token) => {
            if let Some(token) = token {
                request.set_token(Cookie::Session, &token);
            }
            Err(refused(why))
        }
        Changed::Wrong => Err(Proof::Wrong),
        Changed::LockedUntil(until) => Err(Proof::Locked { until, now: request.platform.now() }),
        Changed::Disabled => Err(Proof::Disabled),
    }
}

/// Begins to add an authenticator with a second factor that is there already.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/add")]
pub async fn begin_adding(#[server(default)] code: String, #[server(default)] backup: bool) -> Result<Proof, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let outcome = match factor(&code, backup) {
        None => Proof::Malformed,
        Some(factor) => {
            let changed = method_service::begin_adding(&request.platform, &request.origin, &session, &factor).await?;
            match settle(&request, changed) {
                Ok(challenge) => {
                    request.set_token(Cookie::Challenge, &challenge);
                    request.go("/security/add/key");
                    return Ok(Proof::GoOn);
                }
                Err(outcome) => outcome,
            }
        }
    };
    request.leave("add", outcome, &[]);
    Ok(outcome)
}

/// Begins the first set-up of somebody who is signed in by their password alone.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/set_up")]
pub async fn begin_set_up(#[server(default)] password: String) -> Result<Proof, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let outcome = match method_service::begin_first(&request.platform, &request.origin, &session, password).await {
        Ok(method_service::First::Challenge(token)) => {
            request.set_token(Cookie::Challenge, &token);
            request.go("/set-up");
            return Ok(Proof::GoOn);
        }
        Ok(method_service::First::Wrong) => Proof::Wrong,
        Ok(method_service::First::Refused) => Proof::Over,
        Err(Fault::Busy) => {
            let _ = ApiError::from(Fault::Busy);
            Proof::Busy
        }
        Err(fault) => return Err(fault.into()),
    };
    request.leave("first", outcome, &[]);
    Ok(outcome)
}

/// An authenticator that waits for its first code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddingPage {
    /// The customer's name.
    pub customer: String,
    /// Its help desk.
    pub help_desk: Option<String>,
    /// The own address.
    pub address: String,
    /// The key to add to an app.
    pub key: Key,
}

/// The authenticator that waits in this browser for its first code. None when there is none: the browser is sent to begin.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/adding")]
pub async fn show_adding() -> Result<Option<AddingPage>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let adding = match request.cookie(Cookie::Challenge) {
        Some(token) => method_service::adding(&request.platform, &session, &token).await?,
        None => None,
    };
    if adding.is_none() {
        request.go("/security/add?over=1");
    }
    Ok(adding.map(|adding| AddingPage {
        customer: adding.customer.name,
        help_desk: adding.customer.help_desk,
        address: adding.address.to_string(),
        key: adding.key.into(),
    }))
}

/// Adds the authenticator whose first code this is.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/register")]
pub async fn add_authenticator(
    #[server(default)] code: String,
    #[server(default)] name: String,
) -> Result<Proof, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let outcome = match (request.cookie(Cookie::Challenge), read_digits(&code), read_name(&name)) {
        (None, ..) => Proof::Over,
        (_, _, Err(_)) => Proof::LongName,
        (_, None, _) => Proof::Malformed,
        (Some(token), Some(digits), Ok(name)) => {
            let Request { platform, origin, .. } = &request;
            match method_service::add(platform, origin, &session, &token, &digits, name.as_deref()).await? {
                method_service::Added::Right => {
                    request.clear(Cookie::Challenge);
                    request.go("/security?done=added");
                    return Ok(Proof::GoOn);
                }
                method_service::Added::Wrong => Proof::Wrong,
                method_service::Added::Over => Proof::Over,
            }
        }
    };
    if outcome == Proof::Over {
        request.clear(Cookie::Challenge);
        request.go("/security/add?over=1");
    }
    request.leave("register", outcome, &[("name", &name)]);
    Ok(outcome)
}

/// Gives one of the own methods another name, or none.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/rename")]
pub async fn rename_method(method: MethodId, #[server(default)] name: String) -> Result<Proof, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let outcome = match read_name(&name) {
        Err(_) => Proof::LongName,
        Ok(name) if method_service::rename(&request.platform, &session, method, name.as_deref()).await? => {
            request.go("/security?done=named");
            return Ok(Proof::GoOn);
        }
        Ok(_) => Proof::NoMethod,
    };
    request.leave("rename", outcome, &[("name", &name)]);
    Ok(outcome)
}

/// Removes one of the own methods.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/remove")]
pub async fn remove_own_method(
    method: MethodId,
    #[server(default)] code: String,
    #[server(default)] backup: bool,
) -> Result<Proof, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let outcome = match factor(&code, backup) {
        None => Proof::Malformed,
        Some(factor) => {
            let changed = method_service::remove(&request.platform, &request.origin, &session, method, &factor).await?;
            match settle(&request, changed) {
                Ok(_) => {
                    request.go("/security?done=removed");
                    return Ok(Proof::GoOn);
                }
                Err(outcome) => outcome,
            }
        }
    };
    request.leave("remove", outcome, &[]);
    Ok(outcome)
}

/// Makes new backup codes in place of the old ones.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/make_codes")]
pub async fn make_codes(#[server(default)] code: String, #[server(default)] backup: bool) -> Result<Proof, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let outcome = match factor(&code, backup) {
        None => Proof::Malformed,
        Some(factor) => {
            let changed = codes_service::make_codes(&request.platform, &request.origin, &session, &factor).await?;
            match settle(&request, changed) {
                Ok(sealed) => {
                    request.set(Cookie::Codes, &sealed);
                    request.go("/security/codes");
                    return Ok(Proof::GoOn);
                }
                Err(outcome) => outcome,
            }
        }
    };
    request.leave("make_codes", outcome, &[]);
    Ok(outcome)
}

/// New codes as they are shown once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCodes {
    /// The customer's name.
    pub customer: String,
    /// Its help desk.
    pub help_desk: Option<String>,
    /// The own address.
    pub address: String,
    /// The codes, in groups of four; none in a browser that does not hold them.
    pub codes: Option<Vec<String>>,
    /// When this was said, for the print sheet.
    pub now: Time,
}

/// Shows the new codes until one is typed back. None when no set waits for that: the browser is sent back.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/codes")]
pub async fn show_codes() -> Result<Option<NewCodes>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let shown = codes_service::codes(&request.platform, &session, request.cookie(Cookie::Codes).as_deref()).await?;
    if shown.is_none() {
        request.go("/security");
    }
    Ok(shown.map(|shown| NewCodes {
        customer: shown.customer.name,
        help_desk: shown.customer.help_desk,
        address: shown.address.to_string(),
        codes: shown.codes.map(|codes| codes.0.iter().map(BackupCode::shown).collect()),
        now: request.platform.now(),
    }))
}

/// Takes it that the user has the new codes, since they typed one back; it is not spent by that.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/save_codes")]
pub async fn save_codes(#[server(default)] code: String) -> Result<Proof, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let outcome = match BackupCode::read(&code) {
        None => Proof::Malformed,
        Some(code) => match codes_service::save_codes(&request.platform, &request.origin, &session, &code).await? {
            codes_service::Saved::Right => {
                request.clear(Cookie::Codes);
                request.go("/security?done=codes");
                return Ok(Proof::GoOn);
            }
            codes_service::Saved::Wrong => Proof::Wrong,
            codes_service::Saved::LockedUntil(until) => Proof::Locked { until, now: request.platform.now() },
            codes_service::Saved::Disabled => Proof::Disabled,
            codes_service::Saved::Over => Proof::Over,
        },
    };
    request.leave("save_codes", outcome, &[]);
    Ok(outcome)
}
