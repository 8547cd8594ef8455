//! A list of addresses on its way in: a file, or what was pasted.

use std::net::SocketAddr;

use axum::extract::multipart::MultipartRejection;
use axum::extract::{ConnectInfo, Multipart, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::from_list::{self, Read};
use super::from_list_api::ListOutcome;
use crate::domain::ids::ResetListId;
use crate::features::session::upload::{self, Fields, LARGEST, failed, signed_in};
use crate::features::users::import::FileProblem;
use crate::platform::Platform;
use crate::platform::request::Origin;

/// Takes a list and sends the browser to what it means, or back to where it was pasted.
pub async fn upload(
    State(platform): State<Platform>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    let session = match signed_in(&platform, &headers).await {
        Ok(Some(session)) => session,
        Ok(None) => return Redirect::to("/sign-in?next=%2Fresets%2Ffrom-list").into_response(),
        Err(fault) => return failed(&fault),
    };
    let Ok(form) = form else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let bytes = match Fields::of(form).await {
        Some(mut fields) => fields.take("file").or_else(|| fields.take("text")).unwrap_or_default(),
        None => return leave(&platform, None, ListOutcome::TooLarge),
    };
    if bytes.len() > LARGEST {
        return leave(&platform, None, ListOutcome::TooLarge);
    }
    let origin = Origin::new(Some(peer.ip()), &headers);
    match from_list::read(&platform, &origin, &session.actor, &bytes).await {
        Ok(Read::Kept(id)) => Redirect::to(&format!("/resets/from-list/{id}")).into_response(),
        Ok(Read::Unreadable(id, problem)) => leave(&platform, id, unreadable(&problem)),
        Ok(Read::TooMany(id)) => leave(&platform, Some(id), ListOutcome::TooMany),
        Ok(Read::Refused(refusal)) => leave(&platform, None, ListOutcome::Refused(refusal)),
        Err(fault) => failed(&fault),
    }
}

const fn unreadable(problem: &FileProblem) -> ListOutcome {
    match problem {
        FileProblem::TooLarge => ListOutcome::TooLarge,
        FileProblem::Empty | FileProblem::Columns => ListOutcome::Empty,
        FileProblem::Encoding => ListOutcome::Encoding,
        FileProblem::TwoColumns(_) => ListOutcome::TwoColumns,
        FileProblem::OpenQuote(line) => ListOutcome::OpenQuote(*line),
    }
}

fn leave(platform: &Platform, id: Option<ResetListId>, outcome: ListOutcome) -> Response {
    let page = id.map_or_else(|| "/resets/from-list".to_owned(), |id| format!("/resets/from-list?list={id}"));
    upload::leave(platform, "reset_list", outcome, &page)
}
