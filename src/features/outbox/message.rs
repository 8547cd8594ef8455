//! Puts a rendered mail into the form that travels (RFC 5322, MIME).

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart};
use url::Host;

use super::render::Rendered;
use crate::domain::ids::MailId;
use crate::domain::time::Time;
use crate::domain::user::{Address, clean_name};

/// Who writes to whom, when.
pub struct Heads<'a> {
    pub id: MailId,
    pub at: Time,
    /// The host in the Message-ID: the same at each try, so that a mail that arrives twice can be known by it.
    pub host: &'a str,
    pub sender: lettre::Address,
    pub sender_name: &'a str,
    pub to: &'a Address,
    pub to_name: &'a str,
}

/// Why a mail cannot be put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsendable {
    #[error("no mail can be written to this address")]
    Address,
    #[error("the mail cannot be put together")]
    Message,
}

/// The whole message. Names are cleaned first: lettre panics on a line break in one and fails on a NUL.
pub fn message(heads: &Heads<'_>, rendered: &Rendered) -> Result<Message, Unsendable> {
    let at = UNIX_EPOCH + Duration::from_millis(heads.at.unix_milliseconds().unsigned_abs());
    Message::builder()
        .from(Mailbox::new(display_name(heads.sender_name), heads.sender.clone()))
        .to(Mailbox::new(display_name(heads.to_name), deliverable(heads.to).ok_or(Unsendable::Address)?))
        .subject(&rendered.subject)
        .date(at)
        .message_id(Some(format!("<{}@{}>", heads.id, heads.host)))
        // No out-of-office note in return (RFC 3834).
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into()))
        .multipart(MultiPart::alternative_plain_html(rendered.text.clone(), rendered.html.clone()))
        .map_err(|_| Unsendable::Message)
}

/// The sender's address as the operator set it.
pub fn sender(address: &str) -> Option<lettre::Address> {
    address.trim().parse().ok()
}

fn display_name(name: &str) -> Option<String> {
    Some(clean_name(name)).filter(|name| !name.is_empty())
}

/// The address as mail servers take it: the domain in its ASCII form (UTS 46).
fn deliverable(address: &Address) -> Option<lettre::Address> {
    let (local, domain) = address.as_str().rsplit_once('@')?;
    match Host::parse(domain) {
        Ok(Host::Domain(ascii)) => lettre::Address::new(local, ascii).ok(),
        _ => None,
    }
}
