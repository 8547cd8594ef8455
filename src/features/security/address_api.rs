//! The server functions of one's own addresses.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::api::Proof;
use crate::features::session::api::ApiError;

#[cfg(feature = "ssr")]
use super::address_service as service;
#[cfg(feature = "ssr")]
use super::api::{factor, settle};
#[cfg(feature = "ssr")]
use crate::domain::address::Place;
#[cfg(feature = "ssr")]
use crate::domain::user::Address;
#[cfg(feature = "ssr")]
use crate::features::addresses::service::Asked;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;

/// What came of asking for another address: the same whoever has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AddressOutcome {
    /// A mail is on its way to it: the browser goes on.
    GoOn,
    /// What was typed is no address.
    Malformed,
    /// They have that one already.
    Same,
    /// Too many of late.
    TooMany,
    /// What came of the second factor.
    Proof(Proof),
}

/// Asks for another address, or a second one.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/address")]
pub async fn ask_for_address(
    #[server(default)] address: String,
    #[server(default)] second: bool,
    #[server(default)] code: String,
    #[server(default)] backup: bool,
) -> Result<AddressOutcome, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let Request { platform, origin, .. } = &request;
    let outcome = match (address.parse::<Address>(), factor(&code, backup)) {
        (Err(_), _) => AddressOutcome::Malformed,
        (_, None) => AddressOutcome::Proof(Proof::Malformed),
        (Ok(address), Some(factor)) => {
            let place = if second { Place::Second } else { Place::Primary };
            let asked = service::ask(platform, origin, &session, &factor, (place, &address)).await?;
            match settle(&request, asked) {
                Ok(Asked::Waiting) => {
                    request.go("/security?done=address_asked");
                    return Ok(AddressOutcome::GoOn);
                }
                Ok(Asked::Same) => AddressOutcome::Same,
                Ok(Asked::TooMany) => AddressOutcome::TooMany,
                Err(proof) => AddressOutcome::Proof(proof),
            }
        }
    };
    request.leave("address", outcome, &[("address", &address)]);
    Ok(outcome)
}

/// Takes the second address away.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/remove_second_address")]
pub async fn remove_second_address(
    #[server(default)] code: String,
    #[server(default)] backup: bool,
) -> Result<Proof, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let outcome = match factor(&code, backup) {
        None => Proof::Malformed,
        Some(factor) => {
            let removed = service::remove_second(&request.platform, &request.origin, &session, &factor).await?;
            match settle(&request, removed) {
                Ok(()) => {
                    request.go("/security?done=second_removed");
                    return Ok(Proof::GoOn);
                }
                Err(outcome) => outcome,
            }
        }
    };
    request.leave("remove_second", outcome, &[]);
    Ok(outcome)
}
