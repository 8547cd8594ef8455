//! Puts a rendered mail into the form that travels (RFC 5322, MIME).

use std::time::{Duration, UNIX_EPOCH};

use lettre::address::Envelope;
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
    /// Where servers report that it cannot be delivered; the sender, where that is nowhere else.
    pub bounces: Option<lettre::Address>,
    /// How its reader reaches a person by mail, where they can.
    pub help_desk: Option<lettre::Address>,
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
    let to = deliverable(heads.to).ok_or(Unsendable::Address)?;
    let back = heads.bounces.clone().unwrap_or_else(|| heads.sender.clone());
    let envelope = Envelope::new(Some(back), vec![to.clone()]).map_err(|_| Unsendable::Message)?;
    let mut builder = Message::builder();
    if let Some(desk) = &heads.help_desk {
        builder = builder.reply_to(Mailbox::new(None, desk.clone()));
    }
    builder
        .envelope(envelope)
        .from(Mailbox::new(display_name(heads.sender_name), heads.sender.clone()))
        .to(Mailbox::new(display_name(heads.to_name), to))
        .subject(&rendered.subject)
        .date(at)
        .message_id(Some(format!("<{}@{}>", heads.id, heads.host)))
        // No out-of-office note in return (RFC 3834).
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into()))
        .multipart(MultiPart::alternative_plain_html(rendered.text.clone(), rendered.html.clone()))
        .map_err(|_| Unsendable::Message)
}

/// The address in how a help desk is reached, where there is one.
pub fn address_in(help_desk: &str) -> Option<lettre::Address> {
    let mut words = help_desk.split(|c: char| c.is_whitespace() || ",;()<>".contains(c));
    words.find_map(|word| deliverable(&word.trim_end_matches('.').parse().ok()?))
}

/// The sender's address as the operator set it.
pub fn sender(address: &str) -> Option<lettre::Address> {
    address.trim().parse().ok()
}

/// A name before an address. It begins with no dot (RFC 5322, 3.2.5): lettre leaves a single word unquoted, and some readers
/// fail on it.
fn display_name(name: &str) -> Option<String> {
    let name = clean_name(name);
    let name = name.trim_start_matches(['.', ' ']);
    (!name.is_empty()).then(|| name.to_owned())
}

/// The address as mail servers take it: the domain in its ASCII form (UTS 46).
fn deliverable(address: &Address) -> Option<lettre::Address> {
    let (local, domain) = address.as_str().rsplit_once('@')?;
    match Host::parse(domain) {
        Ok(Host::Domain(ascii)) => lettre::Address::new(local, ascii).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn made(sender_name: &str, to_name: &str, to: &str) -> Result<String, Unsendable> {
        let rendered = Rendered { subject: "Sübject".into(), text: ".\n".into(), html: "<p>".into() };
        let at = Time::from_unix_milliseconds(1_795_269_900_000);
        let heads = Heads {
            id: MailId::new(at, [0; 10]),
            at,
            host: "rekey.example",
            sender: sender("rekey@rekey.example").unwrap(),
            sender_name,
            bounces: None,
            help_desk: None,
            to: &to.parse().unwrap(),
            to_name,
        };
        Ok(String::from_utf8(message(&heads, &rendered)?.formatted()).unwrap())
    }

    fn header<'a>(mail: &'a str, name: &str) -> &'a str {
        mail.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap()
    }

    #[test]
    fn the_heads_say_who_when_and_that_nobody_wrote_it() {
        let mail = made("Hafenwerk, Inc.", "Zoë", "zoe@b.example").unwrap();
        assert_eq!(header(&mail, "From"), "=?utf-8?b?SGFmZW53ZXJrLCBJbmMu?= <rekey@rekey.example>");
        assert_eq!(header(&mail, "To"), "=?utf-8?b?Wm/Dqw==?= <zoe@b.example>");
        assert_eq!(header(&mail, "Date"), "Sat, 21 Nov 2026 14:05:00 +0000");
        assert_eq!(header(&mail, "Message-ID"), "<01m7z6sdq00000000000000000@rekey.example>");
        assert_eq!(header(&mail, "Auto-Submitted"), "auto-generated");
        assert!(header(&mail, "Content-Type").starts_with("multipart/alternative"));
    }

    #[test]
    fn a_line_break_in_a_name_makes_no_header() {
        let mail = made("A\r\nBcc: x@evil.example", "B\0\r\n\r\nbody", "zoe@b.example").unwrap();
        let (heads, _) = mail.split_once("\r\n\r\n").unwrap();
        assert!(!heads.lines().any(|line| line.starts_with("Bcc")), "{heads}");
        assert_eq!(header(&mail, "To"), "\"B body\" <zoe@b.example>");
    }

    #[test]
    fn no_name_before_an_address_begins_with_a_dot() {
        let mail = made(".NET", " . .", "zoe@b.example").unwrap();
        assert_eq!(header(&mail, "From"), "NET <rekey@rekey.example>");
        assert_eq!(header(&mail, "To"), "zoe@b.example");
    }

    #[test]
    fn domains_travel_in_ascii() {
        assert_eq!(header(&made("", "", "zoe@Bücher.example").unwrap(), "To"), "zoe@xn--bcher-kva.example");
        assert_eq!(made("", "", "a..b@c.example"), Err(Unsendable::Address));
    }

    #[test]
    fn a_help_desk_is_answered_where_it_reads_mail() {
        let found = |desk: &str| address_in(desk).map(|address| address.to_string());
        assert_eq!(found("help@a.example").unwrap(), "help@a.example");
        assert_eq!(found("+49 40 1111, or (help@Bücher.example).").unwrap(), "help@xn--bcher-kva.example");
        assert!(found("+49 40 1111").is_none() && found("@ home").is_none() && found("").is_none());
    }

    #[test]
    fn a_sender_has_an_address() {
        assert!(sender("rekey@localhost").is_some() && sender("rekey@127.0.0.1").is_some());
        assert!(sender("rekey").is_none() && sender("a@b\r\nBcc: c@d").is_none());
    }

    proptest! {
        #[test]
        fn no_name_stops_a_mail(from in "(\\PC|[\\r\\n\\x00-\\x1f\\u{202e}]){0,250}", to in any::<String>()) {
            let mail = made(&from, &to, "zoe@b.example").unwrap();
            let (heads, _) = mail.split_once("\r\n\r\n").unwrap();
            prop_assert!(heads.is_ascii() && !heads.contains('\0'));
            prop_assert!(!heads.replace("\r\n", "").contains(['\r', '\n']));
            prop_assert_eq!(heads.lines().filter(|line| !line.starts_with([' ', '\t'])).count(), 8);
        }
    }
}
