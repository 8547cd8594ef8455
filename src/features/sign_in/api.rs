//! The server functions of sign-in.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::ids::MethodId;
use crate::domain::recovery::Fate;
use crate::domain::sign_in::Way;
use crate::domain::time::Time;
use crate::features::recovery::api::LinkRequired;
use crate::features::session::api::ApiError;

#[cfg(feature = "ssr")]
use super::service;
#[cfg(feature = "ssr")]
use crate::domain::sign_in::Step;
#[cfg(feature = "ssr")]
use crate::features::phones::service::{self as phone_codes, Sent};
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::platform::cookies::Cookie;

/// What came of an address and a password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BeginOutcome {
    /// Right: the browser goes on.
    GoOn,
    /// Right, but after a reset only the link in the mail leads back in.
    LinkRequired(LinkRequired),
    /// Right, but nobody gets in before a reset.
    Frozen(Frozen),
    /// Wrong: one answer whatever is wrong.
    Wrong,
    /// Too many sign-ins at once.
    Busy,
}

/// Whom somebody turns to whose account is frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    /// The customer's name.
    pub customer: String,
    /// The customer's help desk.
    pub help_desk: Option<String>,
}

/// Begins a sign-in.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "sign_in/begin")]
pub async fn begin(
    address: String,
    password: String,
    #[server(default)] next: Option<String>,
) -> Result<BeginOutcome, ApiError> {
    let request = Request::current()?;
    let device = request.cookie(Cookie::Device);
    let Request { platform, origin, .. } = &request;
    let begun = service::begin(platform, origin, &address, password, next.as_deref(), device.as_deref()).await;
    let outcome = match begun {
        Ok(service::Begun::Challenge(token, step)) => {
            request.enter(Cookie::Challenge, &token).await;
            request.go(if step == Step::SetUp { "/set-up" } else { "/sign-in/code" });
            return Ok(BeginOutcome::GoOn);
        }
        Ok(service::Begun::SignedIn(token)) => {
            request.enter(Cookie::Session, &token).await;
            request.go(next.as_deref().unwrap_or("/"));
            return Ok(BeginOutcome::GoOn);
        }
        Ok(service::Begun::LinkRequired(required)) => {
            let outcome = BeginOutcome::LinkRequired(LinkRequired::of(required, platform.now()));
            // The page that follows asks for no address, and shows it masked.
            request.leave("sign_in", &outcome, &[]);
            return Ok(outcome);
        }
        Ok(service::Begun::Frozen(customer)) => {
            let outcome = BeginOutcome::Frozen(Frozen { customer: customer.name, help_desk: customer.help_desk });
            request.leave("sign_in", &outcome, &[]);
            return Ok(outcome);
        }
        Ok(service::Begun::Wrong) => BeginOutcome::Wrong,
        Err(fault) => ApiError::unless_busy(fault, BeginOutcome::Busy)?,
    };
    request.leave("sign_in", &outcome, &[("address", &address)]);
    Ok(outcome)
}

/// What came of a code or backup code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CodeOutcome {
    /// Right: the browser goes on.
    GoOn,
    /// Not six digits, or not a backup code.
    Malformed,
    /// Wrong, or used before.
    Wrong,
    /// By a passkey of which there are two: it signs nobody in any more.
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
    /// This sign-in is over: begin again.
    Over,
}

/// Finishes a sign-in with the digits of an authenticator app, a token or a message, or with a backup code. With `trust` the device is not
/// asked for them again for some days, where that is allowed.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "sign_in/code")]
pub async fn finish(
    code: String,
    #[server(default)] backup: bool,
    #[server(default)] trust: bool,
) -> Result<CodeOutcome, ApiError> {
    let request = Request::current()?;
    let factor = if backup { service::Factor::backup_code(&code) } else { service::Factor::code(&code) };
    finish_with(&request, factor, trust).await
}

/// Finishes a sign-in with what a passkey answered; `trust` as for [`finish`].
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "sign_in/passkey")]
pub async fn finish_with_passkey(
    #[server(default)] answer: String,
    #[server(default)] trust: bool,
) -> Result<CodeOutcome, ApiError> {
    let request = Request::current()?;
    finish_with(&request, Some(service::Factor::answer(answer)), trust).await
}

/// What came of asking for a code on a phone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SendOutcome {
    /// It is on its way.
    OnItsWay(SentTo),
    /// There were too many messages: none is sent before `until`.
    NotBefore {
        /// When the next one is sent.
        until: Time,
        /// When this was said.
        now: Time,
    },
    /// The customer's messages of a day are spent.
    SpentForToday,
    /// There is no such phone, or what the code was for is over.
    Over,
}

/// Where a code went, and how long it counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentTo {
    /// The number, masked.
    pub masked: String,
    /// The first moment at which the code counts no more.
    pub until: Time,
}

#[cfg(feature = "ssr")]
impl SendOutcome {
    /// What is told of it at `now`.
    pub fn of(sent: Option<Sent>, now: Time) -> Self {
        match sent {
            Some(Sent::OnItsWay(waiting)) => Self::OnItsWay(waiting.into()),
            Some(Sent::NotBefore(until)) => Self::NotBefore { until, now },
            Some(Sent::SpentForToday) => Self::SpentForToday,
            None => Self::Over,
        }
    }
}

#[cfg(feature = "ssr")]
impl From<phone_codes::Waiting> for SentTo {
    fn from(waiting: phone_codes::Waiting) -> Self {
        Self { masked: waiting.masked, until: waiting.until }
    }
}

/// Sends a code to a phone of whoever gave the right password.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "sign_in/send_code")]
pub async fn send_code(phone: MethodId) -> Result<SendOutcome, ApiError> {
    let request = Request::current()?;
    let Request { platform, origin, .. } = &request;
    let sent = match request.cookie(Cookie::Challenge) {
        Some(token) => service::send_code(platform, origin, &token, phone).await?,
        None => None,
    };
    let outcome = SendOutcome::of(sent, platform.now());
    request.go(if outcome == SendOutcome::Over { "/sign-in?over=1" } else { "/sign-in/code?with=phone" });
    request.leave("send_code", &outcome, &[]);
    Ok(outcome)
}

/// Sends a code to the phone that whoever is signed in used last, so that they prove themself again.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "sign_in/send_code_to_prove")]
pub async fn send_code_to_prove() -> Result<SendOutcome, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let sent = service::send_code_to_prove(&request.platform, &request.origin, &session).await?;
    Ok(SendOutcome::of(sent, request.platform.now()))
}

#[cfg(feature = "ssr")]
async fn finish_with(request: &Request, factor: Option<service::Factor>, trust: bool) -> Result<CodeOutcome, ApiError> {
    let outcome = match (request.cookie(Cookie::Challenge), factor) {
        (None, _) => CodeOutcome::Over,
        (_, None) => CodeOutcome::Malformed,
        (Some(token), Some(factor)) => {
            match service::finish(&request.platform, &request.origin, &token, &factor, trust).await? {
                service::Finished::SignedIn { token, device, next, few_codes } => {
                    request.enter(Cookie::Session, &token).await;
                    if let Some(device) = device {
                        request.set_token(Cookie::Device, &device);
                    }
                    request.clear(Cookie::Challenge);
                    request.go(if few_codes.is_some() { "/security" } else { &next });
                    return Ok(CodeOutcome::GoOn);
                }
                service::Finished::Wrong => CodeOutcome::Wrong,
                service::Finished::Copied => CodeOutcome::Copied,
                service::Finished::LockedUntil(until) => CodeOutcome::Locked { until, now: request.platform.now() },
                service::Finished::Disabled => CodeOutcome::Disabled,
                service::Finished::Dead => CodeOutcome::Over,
            }
        }
    };
    if outcome == CodeOutcome::Over {
        request.clear(Cookie::Challenge);
        request.go("/sign-in?over=1");
    }
    request.leave("code", outcome, &[("trust", if trust { "true" } else { "" })]);
    Ok(outcome)
}

/// Asks a passkey of whoever gave the right password: the question, for the browser. None when no sign-in waits for one, or
/// no passkey is there.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "sign_in/ask_passkey")]
pub async fn ask_passkey() -> Result<Option<String>, ApiError> {
    let request = Request::current()?;
    match request.cookie(Cookie::Challenge) {
        Some(token) => Ok(service::ask(&request.platform, &token).await?),
        None => Ok(None),
    }
}

/// A question to a passkey for a step-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Goes back with the answer.
    pub token: String,
    /// For the browser.
    pub question: String,
}

/// Asks a passkey of whoever is signed in, so that they prove themself again. None when they have none.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "sign_in/prove")]
pub async fn ask_to_prove() -> Result<Option<Question>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let asked = service::ask_passkey(&request.platform, &session).await?;
    Ok(asked.map(|asked| Question { token: asked.token.0, question: asked.question }))
}

/// For whom the page that asks for a code is: the customer's name and help desk. None when no sign-in waits for one; then
/// the browser is sent to begin again.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "sign_in/waiting")]
pub async fn waiting() -> Result<Option<WaitingFor>, ApiError> {
    let request = Request::current()?;
    let waiting = match request.cookie(Cookie::Challenge) {
        Some(token) => service::waiting(&request.platform, &token).await?,
        None => None,
    };
    match waiting {
        Some(service::Waiting { customer, step: Step::Factor, token_digits, ways, phones, sent, fate }) => {
            Ok(Some(WaitingFor {
                trust_days: customer.policy.trust_days,
                customer: customer.name,
                help_desk: customer.help_desk,
                token_digits,
                ways,
                phones: phones.into_iter().map(|phone| (phone.id, phone.number.masked())).collect(),
                sent: sent.map(SentTo::from),
                fate,
            }))
        }
        Some(_) => {
            request.go("/set-up");
            Ok(None)
        }
        None => {
            request.go("/sign-in?over=1");
            Ok(None)
        }
    }
}

/// For whom a code is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingFor {
    /// The customer's name.
    pub customer: String,
    /// Its help desk.
    pub help_desk: Option<String>,
    /// The most digits that a hardware token of the user shows; none where they have none.
    pub token_digits: Option<u8>,
    /// How the user can go on, the first choice first.
    pub ways: Vec<Way>,
    /// Their phones, the numbers masked, the one used last first.
    pub phones: Vec<(MethodId, String)>,
    /// The code that was sent last and counts.
    pub sent: Option<SentTo>,
    /// For how many days they may choose not to be asked again on this device; 0: not at all.
    pub trust_days: u16,
    /// What became of the link that they may have come from.
    pub fate: Option<Fate>,
}

/// Signs out, wholly or from a half-finished sign-in.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "sign_in/out")]
pub async fn sign_out() -> Result<(), ApiError> {
    let request = Request::current()?;
    let (session, challenge) = (request.cookie(Cookie::Session), request.cookie(Cookie::Challenge));
    service::sign_out(&request.platform, &request.origin, session.as_deref(), challenge.as_deref()).await?;
    for cookie in [Cookie::Session, Cookie::Challenge, Cookie::Codes, Cookie::Flash] {
        request.clear(cookie);
    }
    request.go("/sign-in");
    Ok(())
}

/// Ends all sessions of the signed-in user but this one.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "sign_in/out_elsewhere")]
pub async fn sign_out_elsewhere() -> Result<u64, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let ended = service::sign_out_elsewhere(&request.platform, &request.origin, &session).await?;
    request.leave("sign_out_elsewhere", ended, &[]);
    Ok(ended)
}
