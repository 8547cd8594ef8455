//! Turns a mail into words, as text and as HTML: one sheet, two templates, so that both say the same in the same order.

use askama::Template;
use askama::filters::{Escaper as _, Html};

use crate::domain::mail::Mail;
use crate::domain::time::Time;
use crate::domain::user::clean_name;
use crate::words::{Locale, td_string};

/// Whom a mail speaks to, and for whom.
#[derive(Clone, Copy, Debug)]
pub struct Recipient<'a> {
    /// Their name.
    pub name: &'a str,
    /// Their customer's name.
    pub customer: &'a str,
    /// How people of that customer reach a person.
    pub help_desk: Option<&'a str>,
}

/// Where the button of a mail about a reset leads.
#[derive(Clone, Debug)]
pub enum Way {
    /// To the recovery link, which works until then.
    Link(String, Time),
    /// To signing in, where the same set-up waits: the link is over before the mail could be sent.
    SignIn(String),
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

/// Puts `mail` into words. `way` is for mails about a reset.
///
/// # Errors
/// When a template fails, which no content makes it do.
pub fn render(locale: Locale, mail: &Mail, to: &Recipient<'_>, way: Option<Way>) -> askama::Result<Rendered> {
    let letter = letter(locale, mail, to, way);
    let (text, html) = (TextPart { letter: &letter }.render()?, HtmlPart { letter: &letter }.render()?);
    Ok(Rendered { subject: letter.subject.to_owned(), text, html })
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
    subject: &'static str,
    customer: Line,
    hello: Line,
    says: Vec<Line>,
    way: Option<Button>,
    facts: Vec<(&'static str, Line)>,
    doubt: &'static str,
    doubt_do: Line,
    sent: Line,
}

struct Button {
    label: &'static str,
    note: Option<Line>,
    bare: &'static str,
    address: String,
}

fn letter(locale: Locale, mail: &Mail, to: &Recipient<'_>, way: Option<Way>) -> Letter {
    let says = |text: String| Line(text);
    let (subject, says, doubt, doubt_do) = match mail {
        Mail::Reset { reset_at, requester, .. } => {
            let happened = td_string!(
                locale,
                mail.reset.happened,
                moment = moment(locale, *reset_at),
                who = isolated(requester)
            );
            let mut lines = vec![says(format!("{happened} {}", td_string!(locale, mail.reset.stopped)))];
            lines.push(says(td_string!(locale, mail.reset.needed).to_owned()));
            if matches!(way, Some(Way::SignIn(_))) {
                lines.push(says(td_string!(locale, mail.reset.late).to_owned()));
            }
            let doubt = (td_string!(locale, mail.reset.doubt), td_string!(locale, mail.reset.doubt_do));
            (td_string!(locale, mail.reset.subject), lines, doubt.0, doubt.1)
        }
        Mail::AuthenticatorAdded { at } => {
            let happened = td_string!(locale, mail.added.happened, moment = moment(locale, *at));
            let lines = vec![says(happened), says(td_string!(locale, mail.added.now).to_owned())];
            let doubt = (td_string!(locale, mail.added.doubt), td_string!(locale, mail.added.doubt_do));
            (td_string!(locale, mail.added.subject), lines, doubt.0, doubt.1)
        }
        Mail::BackupCodeUsed { at, left } => {
            let happened = td_string!(locale, mail.backup_code.happened, moment = moment(locale, *at));
            let left = match left {
                0 => td_string!(locale, mail.backup_code.left_none).to_owned(),
                1 => td_string!(locale, mail.backup_code.left_one).to_owned(),
                count => td_string!(locale, mail.backup_code.left, count = count),
            };
            let doubt = (td_string!(locale, mail.backup_code.doubt), td_string!(locale, mail.backup_code.doubt_do));
            (td_string!(locale, mail.backup_code.subject), vec![says(happened), says(left)], doubt.0, doubt.1)
        }
    };
    let desk = match to.help_desk.map(one_line).filter(|desk| !desk.is_empty()) {
        Some(desk) => td_string!(locale, mail.help_desk, help_desk = isolated(&desk)),
        None => td_string!(locale, mail.no_help_desk).to_owned(),
    };
    let name = clean_name(to.name);
    let customer = isolated(&clean_name(to.customer));
    Letter {
        language: leptos_i18n::Locale::as_str(locale),
        subject,
        hello: Line(if name.is_empty() {
            td_string!(locale, mail.hello_nobody).to_owned()
        } else {
            td_string!(locale, mail.hello, name = isolated(&name))
        }),
        says,
        way: way.map(|way| button(locale, way)),
        facts: facts(locale, mail),
        doubt,
        doubt_do: Line(format!("{doubt_do} {desk} {}", td_string!(locale, mail.never_asked))),
        sent: Line(td_string!(locale, mail.sent, customer = &customer)),
        customer: Line(customer),
    }
}

fn button(locale: Locale, way: Way) -> Button {
    let bare = td_string!(locale, mail.bare);
    match way {
        Way::Link(address, until) => {
            let note = Line(td_string!(locale, mail.reset.until, moment = moment(locale, until)));
            Button { label: td_string!(locale, mail.reset.button), note: Some(note), bare, address }
        }
        Way::SignIn(address) => Button { label: td_string!(locale, mail.reset.late_button), note: None, bare, address },
    }
}

fn facts(locale: Locale, mail: &Mail) -> Vec<(&'static str, Line)> {
    let Mail::Reset { reason, ticket, .. } = mail else { return Vec::new() };
    let fact = |label, value: &Option<String>| {
        let value = value.as_deref().map(one_line).filter(|value| !value.is_empty())?;
        Some((label, Line(isolated(&value))))
    };
    let (reason, ticket) =
        (fact(td_string!(locale, mail.reason), reason), fact(td_string!(locale, mail.ticket), ticket));
    reason.into_iter().chain(ticket).collect()
}

/// "22 November 2026, 14:05 UTC".
fn moment(locale: Locale, at: Time) -> String {
    let utc = at.utc();
    let month = match utc.month {
        1 => td_string!(locale, mail.month.january),
        2 => td_string!(locale, mail.month.february),
        3 => td_string!(locale, mail.month.march),
        4 => td_string!(locale, mail.month.april),
        5 => td_string!(locale, mail.month.may),
        6 => td_string!(locale, mail.month.june),
        7 => td_string!(locale, mail.month.july),
        8 => td_string!(locale, mail.month.august),
        9 => td_string!(locale, mail.month.september),
        10 => td_string!(locale, mail.month.october),
        11 => td_string!(locale, mail.month.november),
        _ => td_string!(locale, mail.month.december),
    };
    let time = format!("{:02}:{:02}", utc.hour, utc.minute);
    td_string!(locale, mail.moment, day = utc.day, month = month, year = utc.year, time = time)
}

const ISOLATE: char = '\u{2068}';
const END: char = '\u{2069}';

/// Text from people, set apart so that its writing direction turns nothing around it. [`clean_name`] leaves neither mark in
/// it, so it cannot break out.
fn isolated(text: &str) -> String {
    format!("{ISOLATE}{}{END}", one_line(text))
}

/// Longer text from people, on one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().map(clean_name).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A sentence, with what people wrote in it set apart.
struct Line(String);

impl Line {
    /// For the text part: the marks stay only where some letter runs from right to left; elsewhere a plain reader would
    /// show them as boxes for nothing.
    fn text(&self) -> String {
        if self.0.chars().any(runs_right_to_left) { self.0.clone() } else { self.0.replace([ISOLATE, END], "") }
    }

    /// For the HTML part, escaped: a `<bdi>` for each pair of marks.
    fn html(&self) -> String {
        let mut escaped = String::with_capacity(self.0.len() + 32);
        Html.write_escaped_str(&mut escaped, &self.0).expect("writing to a string does not fail");
        escaped.replace(ISOLATE, "<bdi>").replace(END, "</bdi>")
    }
}

/// Letters of Hebrew, Arabic and their neighbours.
const fn runs_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}
