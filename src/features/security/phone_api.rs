//! The server functions that add a phone number to one's own methods.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::api::Proof;
use crate::features::session::api::ApiError;
use crate::features::sign_in::api::{SendOutcome, SentTo};

#[cfg(feature = "ssr")]
use super::method_service::Added;
#[cfg(feature = "ssr")]
use super::phone_service::{self, Asked};
#[cfg(feature = "ssr")]
use crate::domain::method::read_name;
#[cfg(feature = "ssr")]
use crate::domain::totp::read_digits;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::platform::cookies::Cookie;
#[cfg(feature = "ssr")]
use crate::platform::phone::{self, Unusable};

/// What the page of a new number shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPhonePage {
    /// The customer's name.
    pub customer: String,
    /// Its help desk.
    pub help_desk: Option<String>,
    /// Country (ISO 3166-1 alpha-2) with its name and calling code, by name.
    pub countries: Vec<(String, String)>,
    /// The code that was sent last and counts.
    pub sent: Option<SentTo>,
}

/// What the page of a new number shows. None when there is no addition in this browser: it is sent to begin.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/new_phone")]
pub async fn show_new_phone() -> Result<Option<NewPhonePage>, ApiError> {
    use crate::features::customers;
    use crate::features::phones::countries;
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let waiting = match request.cookie(Cookie::Challenge) {
        Some(token) => phone_service::waiting(&request.platform, &session, &token).await?,
        None => None,
    };
    let Some(sent) = waiting else {
        request.go("/security/add?kind=phone&over=1");
        return Ok(None);
    };
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let home = customers::service::of_user(&mut conn, session.actor.user.customer).await?.ok_or(ApiError::Failed)?;
    let country =
        |country: countries::Country| (country.id.to_owned(), format!("{} (+{})", country.name, country.code));
    Ok(Some(NewPhonePage {
        customer: home.name,
        help_desk: home.help_desk,
        countries: countries::all(request.language().locale).into_iter().map(country).collect(),
        sent: sent.map(SentTo::from),
    }))
}

/// What came of a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NumberOutcome {
    /// What came of sending a code to it.
    Sending(SendOutcome),
    /// No number of that country.
    NotANumber,
    /// A number that takes no messages, or one that costs more.
    NotAMobile,
    /// It is one of the own numbers already.
    Known,
    /// The customer allows no new ones.
    NotAllowed,
}

/// Sends a code to a number that is to be added.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/send_code")]
pub async fn send_code_to_new_phone(
    #[server(default)] country: String,
    #[server(default)] number: String,
) -> Result<NumberOutcome, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let Request { platform, origin, .. } = &request;
    let asked = match (request.cookie(Cookie::Challenge), phone::read(&country, &number)) {
        (None, _) => Ok(Asked::Over),
        (_, Err(unusable)) => Err(unusable),
        (Some(token), Ok(number)) => Ok(phone_service::send_code(platform, origin, &session, &token, &number).await?),
    };
    let outcome = match asked {
        Ok(Asked::Sent(sent)) => NumberOutcome::Sending(SendOutcome::of(Some(sent), platform.now())),
        Ok(Asked::Over) => NumberOutcome::Sending(SendOutcome::Over),
        Ok(Asked::Known) => NumberOutcome::Known,
        Ok(Asked::NotAllowed) => NumberOutcome::NotAllowed,
        Err(Unusable::NotANumber) => NumberOutcome::NotANumber,
        Err(Unusable::NotAMobile) => NumberOutcome::NotAMobile,
    };
    match &outcome {
        NumberOutcome::Sending(SendOutcome::Over) => {
            request.clear(Cookie::Challenge);
            request.go("/security/add?kind=phone&over=1");
        }
        NumberOutcome::Sending(SendOutcome::OnItsWay(_)) => request.go("/security/add/phone"),
        _ => request.go("/security/add/phone?other=1"),
    }
    request.leave("phone", &outcome, &[("country", &country), ("number", &number)]);
    Ok(outcome)
}

/// Adds the number whose code this is.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/add_phone")]
pub async fn add_phone(#[server(default)] code: String, #[server(default)] name: String) -> Result<Proof, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let outcome = match (request.cookie(Cookie::Challenge), read_digits(&code), read_name(&name)) {
        (None, ..) => Proof::Over,
        (_, _, Err(_)) => Proof::LongName,
        (_, None, _) => Proof::Malformed,
        (Some(token), Some(digits), Ok(name)) => {
            let Request { platform, origin, .. } = &request;
            match phone_service::add(platform, origin, &session, &token, &digits, name.as_deref()).await? {
                Added::Right => {
                    request.clear(Cookie::Challenge);
                    request.go("/security?done=phone");
                    return Ok(Proof::GoOn);
                }
                Added::Wrong => Proof::Wrong,
                Added::Over => Proof::Over,
            }
        }
    };
    if outcome == Proof::Over {
        request.clear(Cookie::Challenge);
        request.go("/security/add?kind=phone&over=1");
    }
    request.leave("add_phone", outcome, &[("name", &name)]);
    Ok(outcome)
}
