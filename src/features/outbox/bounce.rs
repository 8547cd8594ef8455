//! Mails that a server had taken and another one sent back. Each leaves with an envelope sender of its own (VERP), so that what
//! comes back says by its address which mail it is about; the report itself (RFC 3464) says whether that is for good.

use mail_parser::{MessageParser, MimeHeaders as _};

use super::store;
use super::transport::without_addresses;
use super::worker::event;
use crate::domain::audit::What;
use crate::domain::ids::MailId;
use crate::features::audit;
use crate::platform::{Platform, Result};

/// The longest reason that is kept, in characters.
const LONGEST_REASON: usize = 300;

/// The envelope sender of a mail: `NAME+ID.TAG@HOST`, where mails to `NAME@HOST` are taken (RFC 5233). The tag keeps anybody
/// from reporting a mail that they never had.
pub(super) fn sender(platform: &Platform, bounces: &lettre::Address, id: MailId) -> Option<lettre::Address> {
    let local = format!("{}+{id}.{}", bounces.user(), platform.keys.bounce_tag(id));
    lettre::Address::new(local, bounces.domain()).ok()
}

/// Which mail such an address is about, if it is one of ours. Servers may change its case.
fn mail_of(platform: &Platform, recipient: &str) -> Option<MailId> {
    let recipient = recipient.trim().trim_matches(['<', '>']).to_lowercase();
    let (local, _) = recipient.rsplit_once('@')?;
    let (_, ours) = local.rsplit_once('+')?;
    let (id, tag) = ours.split_once('.')?;
    let id = id.parse().ok()?;
    platform.keys.is_bounce_tag(id, tag).then_some(id)
}

/// What a report says of its mail.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Report {
    /// It will never arrive, and why.
    Failed(String),
    /// Something else: it arrives later, was passed on, or somebody is on holiday.
    Other,
}

/// Reads what came back.
fn read(message: &[u8]) -> Report {
    let Some(message) = MessageParser::default().parse(message) else {
        return Report::Other;
    };
    let is_report = message.content_type().is_some_and(|kind| {
        kind.ctype().eq_ignore_ascii_case("multipart")
            && kind.subtype().is_some_and(|subtype| subtype.eq_ignore_ascii_case("report"))
    });
    let status = message.parts.iter().find(|part| {
        part.content_type().is_some_and(|kind| {
            kind.ctype().eq_ignore_ascii_case("message")
                && kind.subtype().is_some_and(|subtype| {
                    ["delivery-status", "global-delivery-status"].iter().any(|one| subtype.eq_ignore_ascii_case(one))
                })
        })
    });
    match status.filter(|_| is_report) {
        Some(part) => read_status(&String::from_utf8_lossy(part.contents())),
        None => Report::Other,
    }
}

/// Reads the fields of a delivery status (RFC 3464, 2.3): one mail has one recipient.
fn read_status(text: &str) -> Report {
    let unfolded = text.replace("\r\n", "\n").replace("\n ", " ").replace("\n\t", " ");
    let field = |wanted: &str| {
        let mut fields = unfolded.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim())
    };
    if !field("Action").is_some_and(|action| action.eq_ignore_ascii_case("failed")) {
        return Report::Other;
    }
    // "smtp; 550 5.1.1 No such user": what the server said, without how it was spoken to.
    let said = field("Diagnostic-Code").map(|code| code.split_once(';').map_or(code, |(_, said)| said).trim());
    let why = said.filter(|said| !said.is_empty()).or_else(|| field("Status")).unwrap_or("It could not be delivered");
    Report::Failed(without_addresses(why).chars().take(LONGEST_REASON).collect())
}

/// What came of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounced {
    /// The mail came back.
    Marked,
    /// That was known already, or nobody waits for that mail any more.
    Known,
    /// It says nothing final: nothing was done.
    NotFinal,
    /// It is about no mail of ours.
    Unknown,
    /// The mail is being sent at this moment: the report came too soon, and should come again.
    TooSoon,
}

/// Takes a report that came to `recipient`.
///
/// # Errors
/// When the database fails.
pub async fn take(platform: &Platform, recipient: &str, message: &[u8]) -> Result<Bounced> {
    let Some(id) = mail_of(platform, recipient) else {
        return Ok(Bounced::Unknown);
    };
    let Report::Failed(why) = read(message) else {
        return Ok(Bounced::NotFinal);
    };
    let now = platform.now();
    let mut tx = platform.db.begin().await?;
    let Some(row) = store::set_bounced(&mut tx, id, now, &why).await? else {
        return Ok(match store::is_waiting(&mut tx, id).await? {
            None => Bounced::Unknown,
            Some(true) => Bounced::TooSoon,
            Some(false) => Bounced::Known,
        });
    };
    let event = event(now, What::MailFailed, &row).with("error", &why).with("how", "bounced");
    audit::service::record(&mut tx, platform, event).await?;
    tx.commit().await?;
    Ok(Bounced::Marked)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn report(status: &str) -> String {
        format!(
            "From: MAILER-DAEMON@mx.example\r\nTo: bounces@rekey.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"x\"\r\n\r\n\
             --x\r\nContent-Type: text/plain\r\n\r\nAction: failed\r\n\r\n\
             --x\r\nContent-Type: message/delivery-status\r\n\r\n{status}\r\n\
             --x\r\nContent-Type: message/rfc822\r\n\r\nSubject: Get back in\r\n\r\nDear\r\n--x--\r\n"
        )
    }

    fn fields(action: &str, more: &str) -> String {
        format!(
            "Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; zoe@b.example\r\nAction: {action}\r\n{more}"
        )
    }

    #[test]
    fn a_report_says_whether_it_is_for_good_and_why() {
        let failed = |why: &str| Report::Failed(why.to_owned());
        let said = "Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 <zoe@b.example>:\r\n Recipient unknown\r\n";
        let read = |status: &str| read(report(status).as_bytes());
        assert_eq!(read(&fields("failed", said)), failed("550 5.1.1 <zoe@b.example>: Recipient unknown"));
        assert_eq!(read(&fields("FAILED", "status: 5.2.2\r\n")), failed("5.2.2"));
        assert_eq!(read(&fields("failed", "")), failed("It could not be delivered"));
        for other in ["delayed", "relayed", "delivered", "expanded", ""] {
            assert_eq!(read(&fields(other, said)), Report::Other, "{other}");
        }
    }

    #[test]
    fn whoever_is_on_holiday_has_no_bad_address() {
        for mail in [
            "Subject: Out of office\r\nAuto-Submitted: auto-replied\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n",
            "Content-Type: message/delivery-status\r\n\r\nAction: failed\r\n",
            "",
            "\u{0}",
        ] {
            assert_eq!(read(mail.as_bytes()), Report::Other, "{mail}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_comes_in_stops_it(bytes in prop::collection::vec(any::<u8>(), 0..600), status in "(\\PC|[\\r\\n\\t:;]){0,300}") {
            let _any = read(&bytes);
            if let Report::Failed(why) = read(report(&fields("failed", &status)).as_bytes()) {
                let is_one_line = !why.contains(|c: char| c.is_control());
                prop_assert!(is_one_line && why.chars().count() <= LONGEST_REASON);
            }
        }
    }
}
