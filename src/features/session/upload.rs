//! A file on its way in: what every form with one shares. A server function takes fields, not files.

use std::collections::HashMap;

use axum::extract::Multipart;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Serialize;

use super::flash::Flash;
use super::service::{self, Session};
use crate::platform::cookies::Cookie;
use crate::platform::request::cookie;
use crate::platform::{Fault, Platform, Result};

/// The largest file, in bytes.
pub const LARGEST: usize = 1 << 20;

/// The fields of a form, the last of those with one name.
pub struct Fields(HashMap<String, Vec<u8>>);

impl Fields {
    /// The fields; none when the form is too large or breaks off.
    pub async fn of(mut form: Multipart) -> Option<Self> {
        let mut fields = HashMap::new();
        while let Some(field) = form.next_field().await.ok()? {
            let name = field.name().unwrap_or_default().to_owned();
            fields.insert(name, field.bytes().await.ok()?.to_vec());
        }
        Some(Self(fields))
    }

    /// Takes the bytes of a field; none where nothing is in it.
    pub fn take(&mut self, name: &str) -> Option<Vec<u8>> {
        self.0.remove(name).filter(|bytes| !bytes.is_empty())
    }

    /// Takes the text of a field; empty where it is none.
    pub fn text(&mut self, name: &str) -> String {
        self.take(name).and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

/// Who sends a request with these headers.
///
/// # Errors
/// When the database fails.
pub async fn signed_in(platform: &Platform, headers: &HeaderMap) -> Result<Option<Session>> {
    match token(platform, headers) {
        Some(token) => service::find(platform, &token).await,
        None => Ok(None),
    }
}

/// The same for a page that asks by itself, which keeps no session from being idle.
///
/// # Errors
/// When the database fails.
pub async fn still_signed_in(platform: &Platform, headers: &HeaderMap) -> Result<Option<Session>> {
    match token(platform, headers) {
        Some(token) => service::still(platform, &token).await,
        None => Ok(None),
    }
}

fn token(platform: &Platform, headers: &HeaderMap) -> Option<String> {
    cookie(headers, Cookie::Session.name(platform.config.is_https()))
}

/// Sends the browser to `page`, which finds there what came of `form`.
pub fn leave(platform: &Platform, form: &str, outcome: impl Serialize, page: &str) -> Response {
    let flash: HeaderValue = Cookie::Flash.set(platform.config.is_https(), &Flash::encode(form, outcome, &[]));
    ([(header::SET_COOKIE, flash)], Redirect::to(page)).into_response()
}

/// The answer where something failed inside.
pub fn failed(fault: &Fault) -> Response {
    if matches!(fault, Fault::Busy) {
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "2")]).into_response();
    }
    tracing::error!(error = %fault, "a file could not be handled");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}
