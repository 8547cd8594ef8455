//! A file of tokens on its way in.

use std::net::SocketAddr;

use axum::extract::multipart::MultipartRejection;
use axum::extract::{ConnectInfo, Multipart, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::imports;
use super::outcome::ReadOutcome;
use crate::domain::ids::CustomerId;
use crate::features::session::upload::{self, Fields, LARGEST, failed, signed_in};
use crate::platform::Platform;
use crate::platform::request::Origin;

/// Takes a file, holds it sealed and sends the browser to its preview.
pub async fn upload(
    State(platform): State<Platform>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    let session = match signed_in(&platform, &headers).await {
        Ok(Some(session)) => session,
        Ok(None) => return Redirect::to("/sign-in?next=%2Ftokens%2Fimport").into_response(),
        Err(fault) => return failed(&fault),
    };
    let Ok(form) = form else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let Some(mut fields) = Fields::of(form).await else {
        return leave(&platform, None, ReadOutcome::TooLarge);
    };
    let Ok(customer) = fields.text("customer").parse::<CustomerId>() else {
        return leave(&platform, None, ReadOutcome::NoCustomer);
    };
    let (bytes, key) = (fields.take("file").unwrap_or_default(), fields.text("key"));
    if bytes.len() > LARGEST || key.len() > 1000 {
        return leave(&platform, Some(customer), ReadOutcome::TooLarge);
    }
    let origin = Origin::new(Some(peer.ip()), &headers);
    match imports::read(&platform, &origin, &session.actor, customer, bytes, key).await {
        Ok(ReadOutcome::Waits(id)) => Redirect::to(&format!("/tokens/import/{id}")).into_response(),
        Ok(outcome) => leave(&platform, Some(customer), outcome),
        Err(fault) => failed(&fault),
    }
}

fn leave(platform: &Platform, customer: Option<CustomerId>, outcome: ReadOutcome) -> Response {
    let page =
        customer.map_or_else(|| "/tokens/import".to_owned(), |customer| format!("/tokens/import?customer={customer}"));
    upload::leave(platform, "token_file", outcome, &page)
}
