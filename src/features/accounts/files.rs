//! What is no form of fields: the file of a list on its way in, and the lines that were not taken on their way out.

use axum::extract::{ConnectInfo, Multipart, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use std::net::SocketAddr;

use super::list::{self, Read};
use super::list_api::UploadOutcome;
use crate::domain::ids::{CustomerId, InviteListId};
use crate::domain::invitation::Untaken;
use crate::features::session::upload::{self, Fields, LARGEST, failed, signed_in};
use crate::features::users::import::FileProblem;
use crate::platform::Platform;
use crate::platform::request::Origin;
use crate::platform::text::csv_cell;

/// Takes a list as a file or as pasted text, freezes it and sends the browser to its preview.
pub async fn upload(
    State(platform): State<Platform>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    form: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Response {
    let session = match signed_in(&platform, &headers).await {
        Ok(Some(session)) => session,
        Ok(None) => return Redirect::to("/sign-in?next=%2Fusers%2Finvite%2Ffile").into_response(),
        Err(fault) => return failed(&fault),
    };
    let Ok(form) = form else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let Some(mut fields) = Fields::of(form).await else {
        return leave(&platform, None, UploadOutcome::TooLarge);
    };
    let bytes = fields.take("file").or_else(|| fields.take("text")).unwrap_or_default();
    let Ok(customer) = fields.text("customer").parse::<CustomerId>() else {
        return leave(&platform, None, UploadOutcome::NoCustomer);
    };
    if bytes.len() > LARGEST {
        return leave(&platform, Some(customer), UploadOutcome::TooLarge);
    }
    let origin = Origin::new(Some(peer.ip()), &headers);
    let outcome = match list::read(&platform, &origin, &session.actor, customer, &bytes).await {
        Ok(Read::Frozen(id)) => return Redirect::to(&format!("/users/invite/file/{id}")).into_response(),
        Ok(Read::Unreadable(problem)) => unreadable(&problem),
        Ok(Read::TooMany) => UploadOutcome::TooMany,
        Ok(Read::Nobody) => UploadOutcome::Empty,
        Ok(Read::Refused(refusal)) => UploadOutcome::Refused(refusal),
        Err(fault) => return failed(&fault),
    };
    leave(&platform, Some(customer), outcome)
}

const fn unreadable(problem: &FileProblem) -> UploadOutcome {
    match problem {
        FileProblem::TooLarge => UploadOutcome::TooLarge,
        FileProblem::Empty => UploadOutcome::Empty,
        FileProblem::Encoding => UploadOutcome::Encoding,
        FileProblem::Columns => UploadOutcome::Columns,
        FileProblem::TwoColumns(_) => UploadOutcome::TwoColumns,
        FileProblem::OpenQuote(line) => UploadOutcome::OpenQuote(*line),
    }
}

fn leave(platform: &Platform, customer: Option<CustomerId>, outcome: UploadOutcome) -> Response {
    let page = customer
        .map_or_else(|| "/users/invite/file".to_owned(), |customer| format!("/users/invite/file?customer={customer}"));
    upload::leave(platform, "invite_file", outcome, &page)
}

/// The lines of a list that were not taken, as a CSV file.
pub async fn untaken(State(platform): State<Platform>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    let session = match signed_in(&platform, &headers).await {
        Ok(Some(session)) => session,
        Ok(None) => return Redirect::to("/sign-in?next=%2Fusers").into_response(),
        Err(fault) => return failed(&fault),
    };
    let found = match id.parse::<InviteListId>() {
        Ok(id) => list::view(&platform, &session.actor, id).await,
        Err(_) => Ok(None),
    };
    match found {
        Ok(Some((_, lines))) => {
            let rows = lines.iter().filter_map(|line| Some((line.number, line.who.as_str(), line.untaken?)));
            let disposition = "attachment; filename=\"not-invited.csv\"";
            let kind = "text/csv; charset=utf-8";
            ([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)], table(rows)).into_response()
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(fault) => failed(&fault),
    }
}

/// `line,who,why`; with the mark by which spreadsheets know UTF-8.
fn table<'a>(rows: impl Iterator<Item = (i64, &'a str, Untaken)>) -> String {
    let mut text = "\u{feff}line,who,why\r\n".to_owned();
    for (number, who, why) in rows {
        text.push_str(&format!("{number},{},{}\r\n", csv_cell(who), csv_cell(why.label())));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let rows =
            ["=1+1", "+49", "-x", "@sum", "\tx", "zoë \"z\""].into_iter().map(|who| (2, who, Untaken::NoAddress));
        let text = table(rows);
        assert!(text.starts_with("\u{feff}line,who,why\r\n2,\"'=1+1\",\"No address\"\r\n2,\"'+49\","));
        assert!(text.contains("\"'-x\"") && text.contains("\"'@sum\"") && text.contains("\"'\tx\""));
        assert!(text.ends_with("2,\"zoë \"\"z\"\"\",\"No address\"\r\n"));
    }
}
