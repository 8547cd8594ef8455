//! Turns a mail into words, as text and as HTML: one sheet, two templates, so that both say the same in the same order.
//! What each mail says is in `said`, what was decided in `decision`, and how things are called in `named`; `line` sets apart
//! what people wrote.

mod decision;
mod line;
mod named;
mod said;
#[cfg(test)]
mod tests;

use line::{Line, isolated, one_line};
use said::{Said, said};

use askama::Template;

use crate::domain::mail::Mail;
use crate::domain::time::Time;
use crate::domain::user::clean_name;
use crate::domain::zone::Zone;
use crate::platform::zone::zone;
use crate::words::dates::minute;
use crate::words::{Locale, direction, tag, tagged, td_string};

/// Whom a mail speaks to, and for whom.
#[derive(Clone, Copy, Debug)]
pub struct Recipient<'a> {
    /// Their name.
    pub name: &'a str,
    /// Their customer's name.
    pub customer: &'a str,
    /// What it speaks.
    pub locale: Locale,
    /// Where its times are.
    pub zone: &'a Zone,
    /// How people of that customer reach a person.
    pub help_desk: Option<&'a str>,
    /// Where they say that it was not them, in a mail of which that can be said.
    pub not_me: Option<&'a str>,
}

impl Recipient<'_> {
    /// A moment as they read it.
    fn moment(&self, at: Time) -> String {
        minute(self.locale, self.zone, at)
    }
}

/// The language of a mail, by its tag as it is stored; English where there is none.
#[must_use]
pub fn locale_of(tag: Option<&str>) -> Locale {
    tag.and_then(tagged).unwrap_or_default()
}

/// Where the times of a mail are, by the name of a zone as it is stored; UTC where there is none.
#[must_use]
pub fn zone_of(name: Option<&str>, now: Time) -> Zone {
    name.and_then(|name| zone(name, now)).unwrap_or_default()
}

/// Where the button of a mail leads.
#[derive(Clone, Debug)]
pub enum Way {
    /// To the link, which works until then.
    Link(String, Time),
    /// To signing in, where the same set-up waits: the link is over before the mail could be sent.
    SignIn(String),
    /// To a page for whoever is signed in.
    Page(String),
}

/// A mail in words.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// The subject.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

/// Puts `mail` into words. `way` is for mails with a button.
///
/// # Errors
/// When a template fails, which no content makes it do.
pub fn render(mail: &Mail, to: &Recipient<'_>, way: Option<Way>) -> askama::Result<Rendered> {
    let letter = letter(mail, to, way);
    let (text, html) = (TextPart { letter: &letter }.render()?, HtmlPart { letter: &letter }.render()?);
    Ok(Rendered { subject: letter.subject.to_owned(), text, html })
}

/// What goes to a phone: its last line is for the phone itself, which then offers the code to this site alone
/// (origin-bound one-time codes).
#[must_use]
pub fn message_to_phone(locale: Locale, code: &str, host: &str) -> String {
    format!("{}\n\n@{host} #{code}", td_string!(locale, mail.phone_code.text, code = code))
}

/// Plain text as a page.
#[must_use]
pub fn html_of(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "<br>");
    format!("<!doctype html><html><head><title></title></head><body><p>{escaped}</p></body></html>")
}

#[derive(Template)]
#[template(path = "mail/letter.txt")]
struct TextPart<'a> {
    letter: &'a Letter,
}

#[derive(Template)]
#[template(path = "mail/letter.html")]
struct HtmlPart<'a> {
    letter: &'a Letter,
}

struct Letter {
    language: &'static str,
    direction: &'static str,
    subject: &'static str,
    customer: Line,
    hello: Line,
    says: Vec<Line>,
    way: Option<Button>,
    facts: Vec<(&'static str, Line)>,
    doubt: &'static str,
    doubt_do: Line,
    not_me: Option<(&'static str, String)>,
    sent: Line,
}

struct Button {
    label: &'static str,
    note: Option<Line>,
    bare: &'static str,
    address: String,
}

fn letter(mail: &Mail, to: &Recipient<'_>, way: Option<Way>) -> Letter {
    let locale = to.locale;
    let Said { subject, says, doubt, doubt_do } = said(mail, to, way.as_ref());
    let desk = match to.help_desk.map(one_line).filter(|desk| !desk.is_empty()) {
        Some(desk) => td_string!(locale, mail.help_desk, help_desk = isolated(&desk)),
        None => td_string!(locale, mail.no_help_desk).to_owned(),
    };
    let name = clean_name(to.name);
    let customer = isolated(&clean_name(to.customer));
    Letter {
        language: tag(locale),
        direction: direction(locale),
        subject,
        hello: Line(if name.is_empty() {
            td_string!(locale, mail.hello_nobody).to_owned()
        } else {
            td_string!(locale, mail.hello, name = isolated(&name))
        }),
        says,
        way: way.map(|way| button(mail, to, way)),
        facts: facts(locale, mail),
        doubt,
        doubt_do: Line(format!("{doubt_do} {desk} {}", td_string!(locale, mail.never_asked))),
        not_me: to.not_me.map(|address| (td_string!(locale, mail.not_me), address.to_owned())),
        sent: Line(td_string!(locale, mail.sent, customer = &customer)),
        customer: Line(customer),
    }
}

fn button(mail: &Mail, to: &Recipient<'_>, way: Way) -> Button {
    let locale = to.locale;
    let bare = td_string!(locale, mail.bare);
    match way {
        Way::Link(address, until) if matches!(mail, Mail::Invitation { .. }) => {
            let note = Line(td_string!(locale, mail.invitation.until, moment = to.moment(until)));
            Button { label: td_string!(locale, mail.invitation.button), note: Some(note), bare, address }
        }
        Way::Link(address, until) if matches!(mail, Mail::NewPassword { .. }) => {
            let note = Line(td_string!(locale, mail.new_password.until, moment = to.moment(until)));
            Button { label: td_string!(locale, mail.new_password.button), note: Some(note), bare, address }
        }
        Way::Link(address, until) if matches!(mail, Mail::NewAddress { .. }) => {
            let note = Line(td_string!(locale, mail.new_address.until, moment = to.moment(until)));
            Button { label: td_string!(locale, mail.new_address.button), note: Some(note), bare, address }
        }
        Way::Link(address, until) if matches!(mail, Mail::AddressLost { .. }) => {
            let note = Line(td_string!(locale, mail.address.until, moment = to.moment(until)));
            Button { label: td_string!(locale, mail.address.undo), note: Some(note), bare, address }
        }
        Way::Link(address, until) => {
            let note = Line(td_string!(locale, mail.reset.until, moment = to.moment(until)));
            Button { label: td_string!(locale, mail.reset.button), note: Some(note), bare, address }
        }
        Way::SignIn(address) => Button { label: td_string!(locale, mail.reset.late_button), note: None, bare, address },
        Way::Page(address) => {
            let (label, note) = match mail {
                Mail::ApprovalAsked { until, .. } => {
                    let until = td_string!(locale, mail.approval.until, moment = to.moment(*until));
                    (td_string!(locale, mail.approval.button), Some(Line(until)))
                }
                Mail::Disowned { .. } => (td_string!(locale, mail.disowned.button), None),
                _ => (td_string!(locale, mail.approval.decided_button), None),
            };
            Button { label, note, bare, address }
        }
    }
}

fn facts(locale: Locale, mail: &Mail) -> Vec<(&'static str, Line)> {
    let (reason, ticket) = match mail {
        Mail::Reset { reason, ticket, .. }
        | Mail::MethodRemoved { reason, ticket, .. }
        | Mail::ApprovalAsked { reason, ticket, .. } => (reason, ticket),
        Mail::ApprovalDecided { reason, .. } => (reason, &None),
        _ => return Vec::new(),
    };
    let fact = |label, value: &Option<String>| {
        let value = value.as_deref().map(one_line).filter(|value| !value.is_empty())?;
        Some((label, Line(isolated(&value))))
    };
    let (reason, ticket) =
        (fact(td_string!(locale, mail.reason), reason), fact(td_string!(locale, mail.ticket), ticket));
    reason.into_iter().chain(ticket).collect()
}
