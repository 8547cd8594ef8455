//! `/set-up/codes.txt`: the new codes as a file to keep.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::service::{self, ShownCodes};
use crate::domain::backup_code::BackupCode;
use crate::domain::customer::Customer;
use crate::domain::time::Time;
use crate::domain::user::Address;
use crate::domain::zone::Zone;
use crate::features::backup_codes::service::NewCodes;
use crate::platform::cookies::Cookie;
use crate::platform::language::Language;
use crate::platform::request::cookie;
use crate::platform::{Fault, Platform, zone};
use crate::words::dates::minute;
use crate::words::{Locale, tag, td_string};

/// The file, for the browser that holds the codes; any other is sent to their page, which says what to do.
pub async fn codes(State(platform): State<Platform>, headers: HeaderMap) -> Response {
    let brought = |which: Cookie| cookie(&headers, which.name(platform.config.is_https()));
    let shown = match brought(Cookie::Challenge) {
        Some(token) => service::codes(&platform, &token, brought(Cookie::Codes).as_deref()).await,
        None => Ok(None),
    };
    match shown {
        Ok(Some(ShownCodes { set_up, codes: Some(codes) })) => {
            file(&platform, &headers, &set_up.customer, &set_up.address, &codes)
        }
        Ok(_) => Redirect::to("/set-up/codes").into_response(),
        Err(fault) => failed(&fault),
    }
}

/// The codes as a file, for their page's `Download`.
pub fn file(
    platform: &Platform,
    headers: &HeaderMap,
    customer: &Customer,
    address: &Address,
    codes: &NewCodes,
) -> Response {
    let https = platform.config.is_https();
    let (locale, zone) =
        (Language::of(headers, https).locale, zone::of(headers, https, platform.now()).unwrap_or_default());
    let disposition = "attachment; filename=\"rekey-backup-codes.txt\"";
    let kind = "text/plain; charset=utf-8";
    let text =
        text(&customer.name, address.as_str(), customer.help_desk.as_deref(), codes, platform.now(), (locale, &zone));
    let about = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CONTENT_LANGUAGE, tag(locale)),
        (header::VARY, "accept-language, cookie"),
    ];
    (about, text).into_response()
}

/// What a download answers when something fails.
pub fn failed(fault: &Fault) -> Response {
    match fault {
        Fault::Busy => (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "2")]).into_response(),
        fault => {
            tracing::error!(error = %fault, "the codes could not be downloaded");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// What the print sheet says, as plain text.
fn text(
    customer: &str,
    address: &str,
    help_desk: Option<&str>,
    codes: &NewCodes,
    now: Time,
    (locale, zone): (Locale, &Zone),
) -> String {
    let made = td_string!(locale, set_up.sheet.made, moment = minute(locale, zone, now));
    let numbered = |(index, code): (usize, &BackupCode)| format!("{:>2}  {}\n", index + 1, code.shown());
    let lines: String = codes.0.iter().enumerate().map(numbered).collect();
    let help_desk = help_desk
        .map_or_else(String::new, |desk| format!("{}\n", td_string!(locale, set_up.sheet.number, number = desk)));
    format!(
        "{title}\n{customer}\n{address}\n{made}\n\n{each}\n\n{lines}\n{how}\n{how_lead}\n\n{lost}\n{lost_lead}\n{help_desk}",
        title = td_string!(locale, set_up.sheet.title),
        each = td_string!(locale, set_up.sheet.use_each),
        how = td_string!(locale, set_up.sheet.how),
        how_lead = td_string!(locale, set_up.sheet.how_lead),
        lost = td_string!(locale, set_up.sheet.lost),
        lost_lead = td_string!(locale, set_up.sheet.lost_lead),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_says_whose_codes_these_are_and_numbers_them() {
        let codes = NewCodes(std::array::from_fn(|_| BackupCode::from_bytes([0; 10])));
        let text = text(
            "Hafenwerk",
            "zoe@hafenwerk.example",
            Some("ramal 4040"),
            &codes,
            Time::from_unix_milliseconds(0),
            (Locale::en, &Zone::UTC),
        );
        assert!(
            text.starts_with("Backup codes\nHafenwerk\nzoe@hafenwerk.example\nMade on 1 January 1970, 00:00 UTC\n\n")
        );
        assert!(text.contains("\n 1  0000 0000 0000 0000\n"));
        assert!(text.contains("\n10  0000 0000 0000 0000\n"));
        assert!(text.ends_with("\nHelp desk: ramal 4040.\n"));
    }
}
