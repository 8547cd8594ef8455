//! What happened to a person, in words that the person and a help desk understand.

use super::rows::Happened;
use crate::domain::address::Place;
use crate::domain::audit::What;
use crate::domain::caller::Identified;
use crate::domain::method::MethodKind;
use crate::ui::Glyph;
use crate::words::lost::lost;
use crate::words::{Locale, browser_name, locale, mail_about, td_string};

/// One event in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its sign.
    pub sign: Glyph,
    /// What happened.
    pub title: String,
    /// More, a line each.
    pub under: Vec<String>,
}

/// Puts an event into words, in the language of the page.
pub fn tell(event: &Happened) -> Told {
    let locale = locale();
    let detail = |name: &str| event.details.get(name).map(String::as_str);
    let title = match (title(locale, event), &event.by) {
        (title, Some(by)) => td_string!(locale, story.by, what = title, who = by),
        (title, None) => title,
    };
    let title = match &event.about {
        Some(about) => td_string!(locale, story.about, what = title, whom = about),
        None => title,
    };
    let mut under = Vec::new();
    // Whoever declines says why in words of their own.
    let said = if event.what == What::ResetDeclined { detail("why") } else { detail("reason") };
    let quoted = said.map(|reason| td_string!(locale, story.quoted, reason = reason));
    let why: Vec<String> = quoted.into_iter().chain(detail("ticket").map(str::to_owned)).collect();
    under.extend((!why.is_empty()).then(|| why.join(" ")));
    under.extend(identified(locale, event));
    under.extend(lost(locale, &event.details));
    under.extend(explained(locale, event).map(str::to_owned));
    let browser = detail("browser").map(|agent| browser_name(locale, agent));
    let place: Vec<String> = event.from.iter().cloned().chain(browser).filter(|part| !part.is_empty()).collect();
    under.extend((!place.is_empty()).then(|| place.join(", ")));
    Told { sign: sign(event.what), title, under }
}

fn title(locale: Locale, event: &Happened) -> String {
    let detail = |name: &str| event.details.get(name).map_or("", String::as_str);
    let kind = || detail("kind").parse::<MethodKind>().unwrap_or_default();
    let method = |kind: MethodKind| match detail("name") {
        "" => a(locale, kind).to_owned(),
        name => td_string!(locale, story.named, kind = the(locale, kind), name = name),
    };
    let words = match event.what {
        What::PasswordRight => td_string!(locale, story.password_right),
        What::PasswordWrong => td_string!(locale, story.password_wrong),
        What::SignInRefused => td_string!(locale, story.sign_in_refused),
        What::CodeWrong => td_string!(locale, story.code_wrong),
        What::CodeRefused => td_string!(locale, story.code_refused),
        What::ChallengeEnded => td_string!(locale, story.challenge_ended),
        What::BackupCodeUsed => match detail("left") {
            "0" => td_string!(locale, story.backup_last),
            "" => td_string!(locale, story.backup),
            left => return td_string!(locale, story.backup_left, left = left),
        },
        What::SignedIn => match detail("how") {
            "" => td_string!(locale, story.signed_in.plain),
            "password" => td_string!(locale, story.signed_in.password),
            "set-up" => td_string!(locale, story.signed_in.set_up),
            "trusted device" => td_string!(locale, story.signed_in.device),
            "authenticator app" => td_string!(locale, story.signed_in.app),
            "hardware token" => td_string!(locale, story.signed_in.token),
            "passkey" => td_string!(locale, story.signed_in.passkey),
            "backup code" => td_string!(locale, story.signed_in.backup),
            "code sent to a phone" => td_string!(locale, story.signed_in.phone),
            how => return td_string!(locale, story.signed_in.other, how = how),
        },
        What::SignedOut => td_string!(locale, story.signed_out),
        What::SessionsEnded => match detail("count") {
            "" => td_string!(locale, story.sessions),
            "1" => td_string!(locale, story.session),
            count => return td_string!(locale, story.sessions_many, count = count),
        },
        What::DeviceTrusted => match detail("days") {
            "1" => td_string!(locale, story.trusted_one),
            days => return td_string!(locale, story.trusted, days = days),
        },
        What::DeviceEnded => match detail("device") {
            "" => td_string!(locale, story.device_ended),
            agent => return td_string!(locale, story.device_ended_which, device = browser_name(locale, agent)),
        },
        What::SetUpStarted => td_string!(locale, story.set_up_started),
        What::SetUpPostponed => td_string!(locale, story.set_up_postponed),
        What::AuthenticatorAdded => match detail("through") {
            "add_method" => return td_string!(locale, story.added, what = method(kind())),
            "recovery" => td_string!(locale, story.set_up_by_link),
            _ => td_string!(locale, story.set_up),
        },
        What::MethodRemoved => return td_string!(locale, story.removed, what = method(kind())),
        What::PasskeyAdded => return td_string!(locale, story.added, what = method(MethodKind::Passkey)),
        What::PasskeyCopied => return td_string!(locale, story.copied, what = method(MethodKind::Passkey)),
        What::BackupCodesMade => td_string!(locale, story.codes_made),
        What::BackupCodesSaved => td_string!(locale, story.codes_saved),
        What::StepUp => td_string!(locale, story.step_up),
        What::StepUpRefused => td_string!(locale, story.step_up_refused),
        What::PhoneAdded => return td_string!(locale, story.phone_added, number = detail("name")),
        What::PhoneCodeRefused => td_string!(locale, story.phone_refused),
        What::MailQueued if detail("mail") == "phone_code" => td_string!(locale, story.phone_asked),
        What::MailSent if detail("mail") == "phone_code" => td_string!(locale, story.phone_sent),
        What::MailFailed if detail("mail") == "phone_code" => td_string!(locale, story.phone_failed),
        What::MailQueued => return td_string!(locale, story.mail.written, about = mail_about(locale, detail("mail"))),
        What::MailSent => return td_string!(locale, story.mail.sent, about = mail_about(locale, detail("mail"))),
        What::MailFailed => return td_string!(locale, story.mail.failed, about = mail_about(locale, detail("mail"))),
        What::TokenAssigned => return td_string!(locale, story.tokens.given, serial = detail("token")),
        What::TokenActivated => return td_string!(locale, story.tokens.activated, serial = detail("token")),
        What::TokenReturned => return td_string!(locale, story.tokens.returned, serial = detail("token")),
        What::TokenInStep => return td_string!(locale, story.tokens.in_step, serial = detail("token")),
        What::TokenLost => return td_string!(locale, story.tokens.lost, serial = detail("token")),
        What::TokensImported => td_string!(locale, story.tokens.imported),
        What::UserAdded => td_string!(locale, story.account.added),
        What::UserSuspended => td_string!(locale, story.account.suspended),
        What::UserReactivated => td_string!(locale, story.account.reactivated),
        What::UserRemoved => td_string!(locale, story.account.removed),
        What::UserInvited => td_string!(locale, story.account.invited),
        What::InvitationEnded => td_string!(locale, story.account.invitation_ended),
        What::PasswordForgotten => td_string!(locale, story.account.password_forgotten),
        What::PasswordSet if detail("at") == "forgotten" => td_string!(locale, story.account.password_by_mail),
        What::PasswordSet if detail("at") == "recovery" => td_string!(locale, story.account.password_recovered),
        What::PasswordSet if detail("at") == "invitation" => td_string!(locale, story.account.password_set),
        What::PasswordSet => td_string!(locale, story.account.password_changed),
        What::CustomerAdded => td_string!(locale, story.customer_added),
        What::CustomerChanged => td_string!(locale, story.customer_changed),
        What::RoleGiven => td_string!(locale, story.role_given),
        What::RoleEnded => td_string!(locale, story.role_ended),
        What::PolicySet => td_string!(locale, story.policy_set),
        What::Disowned => return td_string!(locale, story.disowned, about = mail_about(locale, detail("mail"))),
        What::HelpAsked => td_string!(locale, story.help_asked),
        What::AddressAsked => return td_string!(locale, story.address.asked, address = detail("new")),
        What::AddressChanged => return td_string!(locale, story.address.changed, address = detail("new")),
        What::AddressRestored => return td_string!(locale, story.address.restored, address = detail("new")),
        What::SecondAddressAdded => return td_string!(locale, story.address.second_added, address = detail("new")),
        What::SecondAddressRemoved => {
            return td_string!(locale, story.address.second_removed, address = detail("old"));
        }
        What::ChangeRefused => td_string!(locale, story.change_refused),
        other => about_reset(locale, other, detail).unwrap_or_else(|| other.label()),
    };
    words.to_owned()
}

/// What happened about a reset or its link.
fn about_reset<'a>(locale: Locale, what: What, detail: impl Fn(&str) -> &'a str) -> Option<&'static str> {
    Some(match what {
        What::ResetPlanned => td_string!(locale, story.reset.planned),
        What::ApprovalAsked => td_string!(locale, story.reset.asked),
        What::ApprovalWithdrawn => td_string!(locale, story.reset.withdrawn),
        What::ApprovalExpired => td_string!(locale, story.reset.expired),
        What::ResetApproved => td_string!(locale, story.reset.approved),
        What::ResetDeclined if detail("decision") == "changes_asked" => td_string!(locale, story.reset.changes),
        What::ResetDeclined => td_string!(locale, story.reset.declined),
        What::Reset => td_string!(locale, story.reset.done),
        What::ResetRefused => td_string!(locale, story.reset.refused),
        What::ResetSkipped => td_string!(locale, story.reset.skipped),
        What::ResetFailed => td_string!(locale, story.reset.failed),
        What::ResetCancelled => td_string!(locale, story.reset.stopped),
        What::CallerCodeMade => td_string!(locale, story.link.caller_code),
        What::CallBackConfirmed => td_string!(locale, story.link.confirmed),
        What::LinkRenewed if detail("at") == "sign_in" => td_string!(locale, story.link.asked_again),
        What::LinkRenewed => td_string!(locale, story.link.renewed),
        What::LinkExtended => td_string!(locale, story.link.extended),
        What::LinkIssued => td_string!(locale, story.link.issued),
        What::LinkOpened if detail("link") == "invitation" => td_string!(locale, story.link.opened_invitation),
        What::LinkOpened => td_string!(locale, story.link.opened),
        What::LinkProved if detail("link") == "invitation" => td_string!(locale, story.link.proved_invitation),
        What::LinkProved if detail("how") == "caller_code" => td_string!(locale, story.link.proved_by_code),
        What::LinkProved => td_string!(locale, story.link.proved),
        What::LinkRefused if detail("why") == "caller_code" => td_string!(locale, story.link.refused_code),
        What::LinkRefused if detail("why") == "password_by_mail" => td_string!(locale, story.link.refused_by_mail),
        What::LinkRefused => td_string!(locale, story.link.refused),
        What::LinkEnded => match detail("how") {
            "completed" => td_string!(locale, story.link.completed),
            "completed_at_sign_in" => td_string!(locale, story.link.completed_at_sign_in),
            "superseded" => td_string!(locale, story.link.superseded),
            "revoked" => td_string!(locale, story.link.revoked),
            "disowned" => td_string!(locale, story.link.disowned),
            "address_changed" => td_string!(locale, story.link.address_changed),
            _ => td_string!(locale, story.link.ended),
        },
        _ => return None,
    })
}

/// A kind of method where it has no name.
fn a(locale: Locale, kind: MethodKind) -> &'static str {
    match kind {
        MethodKind::AuthenticatorApp => td_string!(locale, story.app),
        MethodKind::Passkey => td_string!(locale, story.passkey),
        MethodKind::HardwareToken => td_string!(locale, story.token),
        MethodKind::Phone => td_string!(locale, story.phone),
    }
}

/// The same where its name follows.
fn the(locale: Locale, kind: MethodKind) -> &'static str {
    match kind {
        MethodKind::AuthenticatorApp => td_string!(locale, story.the_app),
        MethodKind::Passkey => td_string!(locale, story.the_passkey),
        MethodKind::HardwareToken => td_string!(locale, story.the_token),
        MethodKind::Phone => td_string!(locale, story.the_phone),
    }
}

/// How a help desk made sure whom it spoke with.
fn identified(locale: Locale, event: &Happened) -> Option<String> {
    let how = match event.details.get("identified")?.parse().ok()? {
        Identified::CalledBack => td_string!(locale, story.identified.called_back),
        Identified::InPerson => td_string!(locale, story.identified.in_person),
        Identified::OnVideo => td_string!(locale, story.identified.on_video),
        Identified::Other => td_string!(locale, story.identified.other),
    };
    let note = event.details.get("identified_note").map(|note| td_string!(locale, story.quoted, reason = note));
    Some(note.map_or_else(|| how.to_owned(), |note| format!("{how} {note}")))
}

/// What a name alone does not say.
fn explained(locale: Locale, event: &Happened) -> Option<&'static str> {
    let why = event.details.get("why").map(String::as_str);
    let to_second = event.details.get("to").is_some_and(|to| to == Place::Second.as_str());
    Some(match (event.what, why) {
        (What::MailQueued | What::MailSent | What::MailFailed, _) if to_second => {
            td_string!(locale, story.why.second_address)
        }
        (What::LinkOpened, _) => td_string!(locale, story.why.opened),
        (What::BackupCodesSaved, _) => td_string!(locale, story.why.saved),
        (What::PhoneCodeRefused, Some("too_many")) => td_string!(locale, story.why.too_many),
        (What::PhoneCodeRefused, Some("spent_for_today")) => td_string!(locale, story.why.spent),
        (What::CodeRefused, Some("locked")) => td_string!(locale, story.why.locked),
        (What::CodeRefused, Some("disabled")) => td_string!(locale, story.why.disabled),
        (What::ResetSkipped, Some("last_owner")) => td_string!(locale, story.why.last_owner),
        (What::ResetSkipped, Some("cancelled")) => td_string!(locale, story.why.cancelled),
        (What::ResetFailed, _) => td_string!(locale, story.why.reset_failed),
        (What::ChangeRefused, Some("last_one")) => td_string!(locale, story.why.last_one),
        _ => return None,
    })
}

const fn sign(what: What) -> Glyph {
    match what {
        What::SignedIn | What::PasswordRight | What::StepUp | What::BackupCodesSaved => Glyph::Check,
        What::SignedOut | What::SessionsEnded | What::DeviceEnded => Glyph::SignOut,
        What::AuthenticatorAdded | What::SetUpStarted => Glyph::Device,
        What::MethodRemoved | What::UserRemoved => Glyph::Trash,
        What::PhoneAdded | What::CallerCodeMade | What::CallBackConfirmed => Glyph::Phone,
        What::PasskeyAdded
        | What::BackupCodeUsed
        | What::BackupCodesMade
        | What::Reset
        | What::ResetPlanned
        | What::ApprovalAsked
        | What::ApprovalWithdrawn
        | What::ResetApproved
        | What::ResetDeclined
        | What::ResetSkipped
        | What::ResetFailed
        | What::ResetCancelled => Glyph::Key,
        What::LinkIssued
        | What::LinkRenewed
        | What::LinkExtended
        | What::LinkOpened
        | What::LinkProved
        | What::LinkEnded
        | What::MailQueued
        | What::MailSent
        | What::AddressAsked
        | What::AddressChanged
        | What::SecondAddressAdded
        | What::SecondAddressRemoved
        | What::UserInvited
        | What::InvitationEnded => Glyph::Mail,
        What::UserSuspended => Glyph::Pause,
        What::PasswordSet | What::PasswordForgotten | What::PolicySet | What::DeviceTrusted | What::AddressRestored => {
            Glyph::Shield
        }
        what if what.is_refusal() => Glyph::Warning,
        What::ChallengeEnded => Glyph::Warning,
        _ => Glyph::Users,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Time;

    fn event(what: What, details: &[(&str, &str)]) -> Happened {
        Happened {
            number: 1,
            at: Time::from_unix_milliseconds(0),
            what,
            by: None,
            about: None,
            from: None,
            details: details.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        }
    }

    #[test]
    fn events_read_like_sentences() {
        let told = tell(&Happened {
            from: Some("192.0.2.1".into()),
            ..event(What::SignedIn, &[("how", "authenticator app"), ("browser", "Firefox/1 (Windows)")])
        });
        assert_eq!(told.title, "Signed in with authenticator app");
        assert_eq!(told.under, ["192.0.2.1, Firefox on Windows"]);
        let told = tell(&Happened {
            by: Some("Ines".into()),
            ..event(
                What::Reset,
                &[
                    ("reason", "Lost"),
                    ("ticket", "T-1"),
                    ("authenticator_apps", "1"),
                    ("backup_codes", "9"),
                    ("sessions", "2"),
                    ("trusted_devices", "1"),
                ],
            )
        });
        assert_eq!(told.title, "Reset by Ines");
        let lost = "Deleted 1 authenticator app and 9 backup codes. Ended 2 sessions and 1 trusted device.";
        assert_eq!(told.under, ["“Lost” T-1", lost]);
        let told = tell(&event(What::MethodRemoved, &[("name", "Old"), ("sessions_ended", "0")]));
        assert_eq!((told.title.as_str(), told.under.len()), ("Removed the authenticator app “Old”", 0));
        let told = tell(&event(What::DeviceEnded, &[("device", "Firefox/1 (Windows)")]));
        assert_eq!((told.title.as_str(), told.under.len()), ("Stopped trusting Firefox on Windows", 0));
        let told = tell(&event(What::SignedIn, &[("how", "trusted device")]));
        assert_eq!(told.title, "Signed in with the password on a trusted device");
    }
}
