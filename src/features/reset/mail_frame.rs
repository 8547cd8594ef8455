//! The mail that the people of a plan get, as a frame of its page shows it.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::service;
use crate::domain::ids::ResetId;
use crate::features::outbox::frame::framed;
use crate::features::session::upload::{failed, signed_in};
use crate::platform::Platform;

/// What one of them gets.
pub async fn show(State(platform): State<Platform>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    let session = match signed_in(&platform, &headers).await {
        Ok(Some(session)) => session,
        Ok(None) => return Redirect::to("/sign-in?next=%2Fresets").into_response(),
        Err(fault) => return failed(&fault),
    };
    let Ok(id) = id.parse::<ResetId>() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match service::mail(&platform, &session.actor, id).await {
        Ok(Some(preview)) => framed(&preview.mail.html, false),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(fault) => failed(&fault),
    }
}
