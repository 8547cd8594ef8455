//! The server functions around one's own security: its page, what every change of it shares, and the end of a session.
//! The changes themselves are in `method_api` and `codes_api`.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::rows::{CodesRow, DeviceRow, Happened, MethodRow, SessionRow};
use crate::domain::address::Place;
use crate::domain::ids::{MethodId, SessionId, TokenId};
use crate::domain::time::Time;
use crate::features::session::api::{ApiError, Console, Proofs};

#[cfg(feature = "ssr")]
use super::address_service;
#[cfg(feature = "ssr")]
use super::method_service;
#[cfg(feature = "ssr")]
use super::service::{self, Changed, Refused};
#[cfg(feature = "ssr")]
use crate::domain::sign_in::CodeProblem;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::features::sign_in::service::Factor;
#[cfg(feature = "ssr")]
use crate::platform::cookies::Cookie;

/// One's own addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnAddress {
    /// Where mails go.
    pub address: String,
    /// Where copies go, and since when.
    pub second: Option<(String, Time)>,
    /// What waits for its link, until when, and what it is to be.
    pub waiting: Option<(String, Time, Place)>,
}

/// One's own security.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityPage {
    /// The own methods.
    pub methods: Vec<MethodRow>,
    /// The own tokens that wait to be activated, with their serial numbers.
    pub waiting: Vec<(TokenId, String)>,
    /// Whether passkeys can be used at the address of this page at all.
    pub passkeys_work: bool,
    /// Whether phone numbers can be added.
    pub phones_work: bool,
    /// The own backup codes.
    pub codes: CodesRow,
    /// With this many of them left or fewer the own customer warns.
    pub codes_low: usize,
    /// The own addresses.
    pub address: OwnAddress,
    /// The own sessions, the last used first.
    pub sessions: Vec<SessionRow>,
    /// The own trusted devices, the last used first; none where the own customer allows no trust.
    pub devices: Option<Vec<DeviceRow>>,
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
    use crate::domain::method::MethodKind;
    use crate::domain::totp::Moving;
    use crate::features::{audit, backup_codes, customers, session, stock};
    let request = Request::current()?;
    let asking = request.signed_in().await?;
    let user = asking.actor.user;
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let own = method_service::own_methods(&mut conn, &asking).await?;
    let tokens = stock::service::of_user(&mut conn, user).await?;
    let counting: Vec<TokenId> = tokens
        .iter()
        .filter(|token| token.facts.activated_at.is_some() && token.profile.moving == Moving::Counter)
        .map(|token| token.id)
        .collect();
    let waiting = tokens.into_iter().filter(|token| token.facts.activated_at.is_none());
    let method = |own: method_service::OwnMethod| {
        let token = own.method.token.filter(|token| counting.contains(token));
        MethodRow { counting: token, ..MethodRow::of(own.method, own.removal) }
    };
    let codes = backup_codes::service::left(&mut conn, user).await?;
    let policy =
        customers::service::of_user(&mut conn, user.customer).await?.map(|home| home.policy).unwrap_or_default();
    let own_address = address_service::own(&mut conn, &request.platform, &asking).await?.ok_or(ApiError::SignedOut)?;
    let sessions = session::service::list(&mut conn, user, request.platform.now()).await?;
    let devices = super::device_service::listed(&mut conn, user, &policy, request.platform.now()).await?;
    let this = session::service::devices::of_session(&mut conn, &asking).await?;
    let happened = audit::service::own(&mut conn, &asking.actor, EVENTS).await?;
    let page = SecurityPage {
        methods: own.into_iter().map(method).collect(),
        waiting: waiting.map(|token| (token.id, token.serial)).collect(),
        passkeys_work: policy.allows(MethodKind::Passkey)
            && crate::features::methods::service::passkeys::are_offered(&request.platform),
        phones_work: policy.allows(MethodKind::Phone) && request.platform.reaches_phones,
        codes: codes.into(),
        codes_low: usize::from(policy.codes_low),
        address: OwnAddress {
            address: own_address.address.to_string(),
            second: own_address.second.map(|(address, since)| (address.to_string(), since)),
            waiting: own_address.waiting.map(|waiting| (waiting.address.to_string(), waiting.until, waiting.place)),
        },
        sessions: sessions.into_iter().map(|open| SessionRow::of(open, Some(asking.id))).collect(),
        devices: devices.map(|all| all.into_iter().map(|device| DeviceRow::of(device, this)).collect()),
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
    /// What else they can prove themself with.
    pub proofs: Proofs,
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
        proofs: request.proofs(&asking),
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
    /// By a passkey of which there are two.
    Copied,
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
pub(super) fn factor(code: &str, backup: bool) -> Option<Factor> {
    if backup { Factor::backup_code(code) } else { Factor::proof(code) }
}

/// Why a second factor was not taken, as forms say it.
#[cfg(feature = "ssr")]
pub(super) const fn of_problem(problem: CodeProblem) -> Proof {
    match problem {
        CodeProblem::Malformed => Proof::Malformed,
        CodeProblem::Wrong => Proof::Wrong,
        CodeProblem::Copied => Proof::Copied,
        CodeProblem::Locked { until, now } => Proof::Locked { until, now },
        CodeProblem::Disabled => Proof::Disabled,
    }
}

/// What came of a change; what was made by it, if it was done.
#[cfg(feature = "ssr")]
pub(super) fn settle<T>(request: &Request, changed: Changed<T>) -> Result<T, Proof> {
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
        Changed::Code(problem) => Err(of_problem(problem)),
    }
}
