//! The demo's mailbox: what would have been mailed, kept in memory and shown in the browser. Mounted by the demo alone.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;

use crate::domain::time::Time;

/// The mails of the demo, in memory: the newest 500.
#[derive(Clone, Default)]
pub struct DevMailbox(Arc<Mutex<VecDeque<DevMail>>>);

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevMail {
    /// Its number in the mailbox, from 1.
    pub number: u64,
    /// Its Message-ID.
    pub id: String,
    /// When it was sent.
    pub at: Time,
    /// The sender, with a name.
    pub from: String,
    /// The address it went to.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

impl DevMailbox {
    const KEPT: usize = 500;

    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// All of them, the newest first.
    #[must_use]
    pub fn newest_first(&self) -> Vec<DevMail> {
        self.lock().iter().rev().cloned().collect()
    }

    /// The mail of this number.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<DevMail> {
        self.lock().iter().find(|mail| mail.number == number).cloned()
    }

    pub(super) fn push(&self, mail: DevMail) {
        let mut mails = self.lock();
        let number = mails.back().map_or(1, |last| last.number + 1);
        mails.push_back(DevMail { number, ..mail });
        if mails.len() > Self::KEPT {
            mails.pop_front();
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<DevMail>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The pages over `mailbox`. `css` is the address of the site's stylesheet.
pub fn routes<S>(mailbox: DevMailbox, css: String) -> Router<S> {
    Router::new()
        .route("/dev/mailbox", get(list))
        .route("/dev/mailbox/{number}", get(one))
        .route("/dev/mailbox/{number}/html", get(html_part))
        .with_state(Shown { mailbox, css })
}

#[derive(Clone)]
struct Shown {
    mailbox: DevMailbox,
    css: String,
}

/// The pages: the site's stylesheet, and a frame with a mail's HTML part.
const PAGE: &str = "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// The HTML part: its inline styles and nothing else; no script, and links only out of the frame.
const PART: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; \
    sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation";

#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    q: String,
}

#[derive(Template)]
#[template(path = "mailbox/page.html")]
struct Page<'a> {
    css: &'a str,
    search: &'a str,
    mails: &'a [Item],
    open: Option<&'a Open>,
}

/// A line of the list.
struct Item {
    number: u64,
    to: String,
    subject: String,
    at: String,
    is_open: bool,
}

struct Open {
    mail: DevMail,
    date: String,
    /// The address that the mail asks to open, without the host: it is this server's.
    link: Option<String>,
}

async fn list(State(shown): State<Shown>, Query(search): Query<Search>) -> Response {
    page(&shown, &search.q, None)
}

async fn one(State(shown): State<Shown>, Path(number): Path<u64>, Query(search): Query<Search>) -> Response {
    match shown.mailbox.get(number) {
        Some(mail) => page(&shown, &search.q, Some(mail)),
        None => (StatusCode::NOT_FOUND, "No such mail.\n").into_response(),
    }
}

fn page(shown: &Shown, search: &str, open: Option<DevMail>) -> Response {
    let wanted = search.trim().to_lowercase();
    let item = |mail: DevMail| Item {
        number: mail.number,
        at: format!("{:02}:{:02}", mail.at.utc().hour, mail.at.utc().minute),
        is_open: open.as_ref().is_some_and(|open| open.number == mail.number),
        to: mail.to,
        subject: mail.subject,
    };
    let newest = shown.mailbox.newest_first().into_iter();
    let mails: Vec<Item> = newest.filter(|mail| mail.to.to_lowercase().contains(&wanted)).map(item).collect();
    let open = open.map(|mail| Open {
        date: date(mail.at),
        link: mail.text.lines().find(|line| line.contains("/recover/")).map(path).map(str::to_owned),
        mail,
    });
    let page = Page { css: &shown.css, search: search.trim(), mails: &mails, open: open.as_ref() };
    match page.render() {
        Ok(html) => with_policy(PAGE, Html(html)),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn html_part(State(shown): State<Shown>, Path(number): Path<u64>) -> Response {
    match shown.mailbox.get(number) {
        Some(mail) => {
            // Links leave the frame: no page of ours lets itself be shown in one.
            let html = mail.html.replacen("<head>", "<head><base target=\"_top\">", 1);
            let mut response = with_policy(PART, Html(html));
            response.headers_mut().insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
            response
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn with_policy(policy: &'static str, html: Html<String>) -> Response {
    const POLICY: HeaderName = header::CONTENT_SECURITY_POLICY;
    ([(POLICY, HeaderValue::from_static(policy))], html).into_response()
}

/// "2026-11-22 14:05:31 UTC".
fn date(at: Time) -> String {
    let utc = at.utc();
    format!("{}-{:02}-{:02} {:02}:{:02}:{:02} UTC", utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second)
}

/// What follows the host in an address.
fn path(address: &str) -> &str {
    let address = address.trim();
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.find('/').map_or("/", |at| &rest[at..])
}
