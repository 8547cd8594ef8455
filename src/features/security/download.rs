//! `/security/codes.txt`: the new codes as a file to keep.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::codes_service::{self, ShownCodes};
use crate::features::session;
use crate::features::set_up::download::{failed, file};
use crate::platform::cookies::Cookie;
use crate::platform::request::cookie;
use crate::platform::{Platform, Result};

/// The file, for the browser that holds the codes; any other is sent to their page, which says what to do.
pub async fn codes(State(platform): State<Platform>, headers: HeaderMap) -> Response {
    match shown(&platform, &headers).await {
        Ok(Some(ShownCodes { customer, address, codes: Some(codes) })) => {
            file(&platform, &headers, &customer, &address, &codes)
        }
        Ok(_) => Redirect::to("/security/codes").into_response(),
        Err(fault) => failed(&fault),
    }
}

async fn shown(platform: &Platform, headers: &HeaderMap) -> Result<Option<ShownCodes>> {
    let brought = |which: Cookie| cookie(headers, which.name(platform.config.is_https()));
    let session = match brought(Cookie::Session) {
        Some(token) => session::service::find(platform, &token).await?,
        None => None,
    };
    match session {
        Some(session) => codes_service::codes(platform, &session, brought(Cookie::Codes).as_deref()).await,
        None => Ok(None),
    }
}
