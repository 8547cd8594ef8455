//! The server functions that end trusted devices: one's own, and those of a user whom one looks after.

use leptos::prelude::*;

use crate::domain::ids::{DeviceId, UserId};
use crate::features::session::api::ApiError;
use crate::features::users::api::EndOutcome;

#[cfg(feature = "ssr")]
use super::device_service as service;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;

/// Ends one of the own trusted devices.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/end_device")]
pub async fn end_device(device: DeviceId) -> Result<bool, ApiError> {
    let request = Request::current()?;
    let asking = request.signed_in().await?;
    let ended = service::end_own(&request.platform, &request.origin, &asking, device).await?;
    request.go(if ended { "/security?done=device" } else { "/security" });
    Ok(ended)
}

/// Ends one trusted device of a user.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "users/end_device")]
pub async fn end_user_device(id: UserId, device: DeviceId) -> Result<EndOutcome, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let outcome = match service::end_of_user(&request.platform, &request.origin, &session, id, device).await? {
        Ok(ended) => EndOutcome::Ended(u64::from(ended)),
        Err(refusal) => EndOutcome::Refused(refusal),
    };
    request.leave("end_user_device", outcome, &[]);
    Ok(outcome)
}
