//! The demo's mailbox: what would have been mailed, kept in memory and shown in the browser. Mounted by the demo alone.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderValue};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;

use super::frame::framed;
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
        link: mail
            .text
            .lines()
            .find(|line| {
                ["/recover/", "/invitation/", "/new-password/", "/address/", "/resets/", "/users/"]
                    .iter()
                    .any(|place| line.contains(place))
            })
            .map(path)
            .map(str::to_owned),
        mail,
    });
    let page = Page { css: &shown.css, search: search.trim(), mails: &mails, open: open.as_ref() };
    match page.render() {
        Ok(html) => ([(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE))], Html(html)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn html_part(State(shown): State<Shown>, Path(number): Path<u64>) -> Response {
    match shown.mailbox.get(number) {
        Some(mail) => framed(&mail.html, true),
        None => StatusCode::NOT_FOUND.into_response(),
    }
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

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt as _;

    use super::*;

    fn mail(to: &str) -> DevMail {
        let link = "https://rekey.example/recover/id.tag";
        DevMail {
            number: 0,
            id: "<1@rekey.example>".into(),
            at: Time::from_unix_milliseconds(1_795_269_900_000),
            from: "<b>A</b> <rekey@rekey.example>".into(),
            to: to.into(),
            subject: "Set up".into(),
            text: format!("Hello <script>\n{link}\n"),
            html: format!(
                "<!doctype html><html><head><title></title></head><body><a href=\"{link}\">x</a></body></html>"
            ),
        }
    }

    async fn answer(mailbox: &DevMailbox, path: &str) -> (StatusCode, String, String) {
        let router: Router = routes(mailbox.clone(), "/assets/main.css".into());
        let response = router.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        let policy = response.headers().get(header::CONTENT_SECURITY_POLICY);
        let policy = policy.map_or(String::new(), |policy| policy.to_str().unwrap().to_owned());
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, policy, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn mails_are_listed_found_and_shown() {
        let mailbox = DevMailbox::new();
        assert!(answer(&mailbox, "/dev/mailbox").await.2.contains("No mail yet."));
        mailbox.push(mail("zoe@a.example"));
        mailbox.push(mail("ines@b.example"));
        let all = answer(&mailbox, "/dev/mailbox").await.2;
        assert!(all.find("ines@b.example") < all.find("zoe@a.example"), "the newest first");
        let found = answer(&mailbox, "/dev/mailbox?q=ZOE%40").await.2;
        assert!(found.contains("zoe@a.example") && !found.contains("ines@b.example"));
        let one = answer(&mailbox, "/dev/mailbox/1?q=zoe").await.2;
        assert!(
            one.contains(r#"href="/recover/id.tag""#) && one.contains(r#"href="/dev/mailbox/1?q=zoe" aria-current"#)
        );
        assert!(one.contains("Hello &#60;script&#62;") && one.contains("&#60;b&#62;A&#60;/b&#62;"));
        assert_eq!(answer(&mailbox, "/dev/mailbox/3").await.0, StatusCode::NOT_FOUND);
        assert!(answer(&mailbox, "/dev/mailbox?q=%22%3E%3Cscript%3E").await.2.contains("&#60;script&#62;"));
    }

    #[tokio::test]
    async fn the_html_part_can_do_nothing() {
        let mailbox = DevMailbox::new();
        mailbox.push(mail("zoe@a.example"));
        let (_, policy, part) = answer(&mailbox, "/dev/mailbox/1/html").await;
        assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"));
        assert!(!policy.contains("script"));
        assert!(part.contains("<head><base target=\"_top\">"));
        assert!(!answer(&mailbox, "/dev/mailbox/1").await.1.contains("unsafe"));
    }

    #[test]
    fn the_newest_five_hundred_are_kept() {
        let mailbox = DevMailbox::new();
        for _ in 0..510 {
            mailbox.push(mail("zoe@a.example"));
        }
        let numbers: Vec<u64> = mailbox.newest_first().iter().map(|mail| mail.number).collect();
        assert_eq!((numbers.len(), numbers[0], numbers[499]), (500, 510, 11));
        assert!(mailbox.get(10).is_none() && mailbox.get(11).is_some());
    }
}
