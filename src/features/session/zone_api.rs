//! The server function by which a browser says where it is.

use leptos::prelude::*;

use super::api::ApiError;
#[cfg(feature = "ssr")]
use super::{request::Request, service};
use crate::domain::zone::Zone;
#[cfg(feature = "ssr")]
use crate::platform::{cookies::Cookie, zone::zone};

/// From here on the times in this browser are in the zone of this name, and those in the mails to whoever is signed in there.
/// What is no zone changes nothing. Says in which zone they are.
///
/// # Errors
/// When something fails on the server.
#[server(endpoint = "session/tell_zone")]
pub async fn tell_zone(name: String) -> Result<Zone, ApiError> {
    let request = Request::current()?;
    let Some(zone) = zone(&name, request.platform.now()) else {
        return Ok(request.zone());
    };
    if zone == request.zone() {
        return Ok(zone);
    }
    if let Some(session) = request.session().await? {
        service::zone::set(&request.platform, session.actor.user, zone.name()).await?;
    }
    request.set(Cookie::Zone, zone.name());
    Ok(zone)
}
