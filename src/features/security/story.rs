//! What happened to a person, in words that the person and a help desk understand.

use leptos::prelude::*;

use super::rows::Happened;
use crate::domain::audit::What;
use crate::domain::device::browser_name;
use crate::domain::method::MethodKind;
use crate::domain::time::{Span, Time as Moment};
use crate::ui::{Glyph, Icon, Time, clock, is_same_day, long, minute};

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

/// Puts an event into words.
pub fn tell(event: &Happened) -> Told {
    let detail = |name: &str| event.details.get(name).map(String::as_str);
    let title = match (title(event), &event.by) {
        (title, Some(by)) => format!("{title} by {by}"),
        (title, None) => title,
    };
    let title = match &event.about {
        Some(about) => format!("{title}: {about}"),
        None => title,
    };
    let mut under = Vec::new();
    // Whoever declines says why in words of their own.
    let said = if event.what == What::ResetDeclined { detail("why") } else { detail("reason") };
    let quoted = said.map(|reason| format!("“{reason}”"));
    let why: Vec<String> = quoted.into_iter().chain(detail("ticket").map(str::to_owned)).collect();
    under.extend((!why.is_empty()).then(|| why.join(" ")));
    under.extend(lost(event));
    under.extend(explained(event).map(str::to_owned));
    let place: Vec<String> =
        event.from.iter().cloned().chain(detail("browser").map(browser_name)).filter(|part| !part.is_empty()).collect();
    under.extend((!place.is_empty()).then(|| place.join(", ")));
    Told { sign: sign(event.what), title, under }
}

fn title(event: &Happened) -> String {
    let detail = |name: &str| event.details.get(name).map_or("", String::as_str);
    let kind = detail("kind").parse::<MethodKind>().unwrap_or_default().label().to_lowercase();
    let app = || match detail("name") {
        "" => format!("{} {kind}", if kind.starts_with('a') { "an" } else { "a" }),
        name => format!("the {kind} “{name}”"),
    };
    let passkey = || match detail("name") {
        "" => "a passkey".to_owned(),
        name => format!("the passkey “{name}”"),
    };
    match event.what {
        What::PasswordRight => "Right password, second factor asked for".to_owned(),
        What::PasswordWrong => "Wrong password".to_owned(),
        What::CodeWrong => "Wrong code".to_owned(),
        What::CodeRefused => "Code refused".to_owned(),
        What::ChallengeEnded => "Sign-in ended after too many wrong codes".to_owned(),
        What::BackupCodeUsed => match detail("left") {
            "0" => "Used the last backup code".to_owned(),
            "" => "Used a backup code".to_owned(),
            left => format!("Used a backup code, {left} left"),
        },
        What::SignedIn => match detail("how") {
            "password" => "Signed in with the password alone".to_owned(),
            "set-up" => "Signed in after setting up".to_owned(),
            "trusted device" => "Signed in with the password on a trusted device".to_owned(),
            "" => "Signed in".to_owned(),
            how => format!("Signed in with {how}"),
        },
        What::SessionsEnded => match detail("count") {
            "" => "Sessions ended".to_owned(),
            "1" => "1 session ended".to_owned(),
            count => format!("{count} sessions ended"),
        },
        What::DeviceTrusted => match detail("days") {
            "1" => "Trusted a device for 1 day".to_owned(),
            days => format!("Trusted a device for {days} days"),
        },
        What::DeviceEnded => match detail("device") {
            "" => "Stopped trusting a device".to_owned(),
            browser => format!("Stopped trusting {}", browser_name(browser)),
        },
        What::SetUpStarted => "Began to set up a second factor".to_owned(),
        What::AuthenticatorAdded => match detail("through") {
            "add_method" => format!("Added {}", app()),
            "recovery" => "Set up an authenticator app by recovery link".to_owned(),
            _ => "Set up an authenticator app".to_owned(),
        },
        What::MethodRemoved => format!("Removed {}", app()),
        What::PasskeyAdded => format!("Added {}", passkey()),
        What::PasskeyCopied => format!("Refused {}: there seem to be two of it", passkey()),
        What::BackupCodesMade => "Ten new backup codes made".to_owned(),
        What::BackupCodesSaved => "Typed a backup code back".to_owned(),
        What::ResetPlanned => "Prepared a reset".to_owned(),
        What::ApprovalAsked => "Asked for approval of a reset".to_owned(),
        What::ApprovalWithdrawn => "Withdrew a reset that waited for approval".to_owned(),
        What::ResetApproved => "Approved a reset".to_owned(),
        What::ResetDeclined if detail("decision") == "changes_asked" => "Asked for changes to a reset".to_owned(),
        What::ResetDeclined => "Declined a reset".to_owned(),
        What::StepUp => "Confirmed a step with a fresh code".to_owned(),
        What::StepUpRefused => "Step refused for want of a right code".to_owned(),
        What::Reset => "Reset".to_owned(),
        What::LinkRenewed => "Recovery link sent again".to_owned(),
        What::LinkExtended => "Recovery link extended".to_owned(),
        What::LinkIssued => "Recovery link issued".to_owned(),
        What::LinkOpened if detail("link") == "invitation" => "Opened the invitation".to_owned(),
        What::LinkOpened => "Opened the recovery link".to_owned(),
        What::LinkProved if detail("link") == "invitation" => "Chose a password at the invitation".to_owned(),
        What::LinkProved => "Right password at the recovery link".to_owned(),
        What::LinkRefused => "Wrong password at the recovery link".to_owned(),
        What::LinkEnded => match detail("how") {
            "completed" => "Back in by recovery link".to_owned(),
            "completed_at_sign_in" => "Back in, set up at sign-in".to_owned(),
            "superseded" => "Recovery link replaced by a newer one".to_owned(),
            "revoked" => "Recovery link taken back".to_owned(),
            _ => "Recovery link ended".to_owned(),
        },
        What::PhoneAdded => format!("Added the phone number {}", detail("name")),
        What::MailQueued if detail("mail") == "phone_code" => "Asked for a code on a phone".to_owned(),
        What::MailSent if detail("mail") == "phone_code" => "Code sent to a phone".to_owned(),
        What::MailFailed if detail("mail") == "phone_code" => "Code for a phone could not be sent".to_owned(),
        What::MailQueued => format!("Mail written: {}", mail(detail("mail"))),
        What::MailSent => format!("Mail accepted: {}", mail(detail("mail"))),
        What::MailFailed => format!("Mail came back: {}", mail(detail("mail"))),
        What::TokenAssigned => format!("Given the hardware token {}", detail("token")),
        What::TokenActivated => format!("Activated the hardware token {}", detail("token")),
        What::TokenReturned => format!("Hardware token {} taken back", detail("token")),
        What::TokenInStep => format!("Brought the hardware token {} into step", detail("token")),
        What::TokenLost => format!("Hardware token {} reported lost", detail("token")),
        What::UserAdded => "Account added".to_owned(),
        What::PasswordSet if detail("at") == "invitation" => "Password set".to_owned(),
        What::PasswordSet => "Password changed".to_owned(),
        other => other.label().to_owned(),
    }
}

/// What a mail was about.
fn mail(kind: &str) -> &'static str {
    match kind {
        "reset" => "the recovery link",
        "token_assigned" => "a hardware token",
        "authenticator_added" | "method_added" => "a new method",
        "method_removed" => "a removed method",
        "passkey_copied" => "a copied passkey",
        "password_changed" => "a new password",
        "device_trusted" => "a trusted device",
        "backup_codes_made" => "new backup codes",
        "backup_code_used" => "a used backup code",
        "invitation" => "the invitation",
        "approval_asked" => "a reset to approve",
        "approval_decided" => "a reset that was decided about",
        _ => "a notice",
    }
}

/// What somebody lost by it, counted.
fn lost(event: &Happened) -> Option<String> {
    let count = |name: &str, one: &str, many: &str| {
        let count: u64 = event.details.get(name)?.parse().ok()?;
        Some(if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }).filter(|_| count > 0)
    };
    let deleted: Vec<String> = [
        count("authenticator_apps", "authenticator app", "authenticator apps"),
        count("hardware_tokens", "hardware token", "hardware tokens"),
        count("passkeys", "passkey", "passkeys"),
        count("phones", "phone number", "phone numbers"),
        count("backup_codes", "backup code", "backup codes"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let sessions = count("sessions", "session", "sessions").or_else(|| count("sessions_ended", "session", "sessions"));
    let ended: Vec<String> =
        sessions.into_iter().chain(count("trusted_devices", "trusted device", "trusted devices")).collect();
    let last =
        event.details.contains_key("last").then(|| "It was the last one; the backup codes went with it.".to_owned());
    let deleted = (!deleted.is_empty()).then(|| format!("Deleted {}.", deleted.join(" and ")));
    let ended = (!ended.is_empty()).then(|| format!("Ended {}.", ended.join(" and ")));
    let words: Vec<String> = deleted.into_iter().chain(last).chain(ended).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// What a name alone does not say.
fn explained(event: &Happened) -> Option<&'static str> {
    let why = event.details.get("why").map(String::as_str);
    match (event.what, why) {
        (What::LinkOpened, _) => Some("Nothing is changed by opening."),
        (What::BackupCodesSaved, _) => Some("It was not spent by that."),
        (What::PhoneCodeRefused, Some("too_many")) => {
            Some("Three messages an hour go to a number, and six an hour and twenty a day to a person.")
        }
        (What::PhoneCodeRefused, Some("spent_for_today")) => {
            Some("The messages that the policy allows in a day are spent.")
        }
        (What::CodeRefused, Some("locked")) => Some("Too many wrong codes: none is taken for a while."),
        (What::CodeRefused, Some("disabled")) => Some("Far too many wrong codes: none is taken before a reset."),
        (What::ResetSkipped, Some("last_owner")) => Some("Nobody else could sign in as an owner."),
        (What::ResetSkipped, Some("cancelled")) => Some("The reset was stopped before they were begun."),
        (What::ResetFailed, _) => Some("Nothing of theirs was changed."),
        (What::ChangeRefused, Some("last_one")) => Some("The last method stays where a second factor is required."),
        _ => None,
    }
}

const fn sign(what: What) -> Glyph {
    match what {
        What::SignedIn | What::PasswordRight | What::StepUp | What::BackupCodesSaved => Glyph::Check,
        What::SignedOut | What::SessionsEnded | What::DeviceEnded => Glyph::SignOut,
        What::AuthenticatorAdded | What::SetUpStarted => Glyph::Device,
        What::MethodRemoved | What::UserRemoved => Glyph::Trash,
        What::PhoneAdded => Glyph::Phone,
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
        | What::UserInvited
        | What::InvitationEnded => Glyph::Mail,
        What::UserSuspended => Glyph::Pause,
        What::PasswordSet | What::PolicySet | What::DeviceTrusted => Glyph::Shield,
        what if what.is_refusal() => Glyph::Warning,
        What::ChallengeEnded => Glyph::Warning,
        _ => Glyph::Users,
    }
}

/// Events as a story, the newest first; `clocks` where a heading names the day.
pub fn story(events: Vec<Happened>, now: Moment, clocks: bool) -> AnyView {
    let line = move |event: Happened| {
        let at = event.at;
        let Told { sign, title, under } = tell(&event);
        let time = if clocks {
            view! { <time title=long(at)>{clock(at)}</time> }.into_any()
        } else {
            view! { <Time at now/> }.into_any()
        };
        view! {
            <li>
                <Icon of=sign/>
                <div><b><bdi>{title}</bdi></b>{under.into_iter().map(|line| view! { <p><bdi>{line}</bdi></p> }).collect_view()}</div>
                {time}
            </li>
        }
        .into_any()
    };
    view! { <ol class="story">{events.into_iter().map(line).collect_view()}</ol> }.into_any()
}

/// Events by day, each under its heading.
pub fn by_day(events: Vec<Happened>, now: Moment) -> AnyView {
    let mut days: Vec<(Moment, Vec<Happened>)> = Vec::new();
    for event in events {
        match days.last_mut() {
            Some((day, of_day)) if is_same_day(*day, event.at) => of_day.push(event),
            _ => days.push((event.at, vec![event])),
        }
    }
    days.into_iter()
        .map(|(day, events)| {
            view! { <section class="day"><h2>{day_name(day, now)}</h2>{story(events, now, true)}</section> }.into_any()
        })
        .collect_view()
        .into_any()
}

/// "Today, 21 November 2026", "Yesterday, …", "19 November 2026".
fn day_name(day: Moment, now: Moment) -> String {
    let date = minute(day);
    let date = date.split_once(',').map_or(date.as_str(), |(date, _)| date);
    if is_same_day(day, now) {
        format!("Today, {date}")
    } else if is_same_day(day + Span::hours(24), now) {
        format!("Yesterday, {date}")
    } else {
        date.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(what: What, details: &[(&str, &str)]) -> Happened {
        Happened {
            number: 1,
            at: Moment::from_unix_milliseconds(0),
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

    #[test]
    fn days_are_named() {
        let noon = Moment::from_unix_milliseconds(1_795_269_900_000);
        assert_eq!(day_name(noon, noon), "Today, 21 November 2026");
        assert_eq!(day_name(noon, noon + Span::hours(24)), "Yesterday, 21 November 2026");
        assert_eq!(day_name(noon, noon + Span::hours(48)), "21 November 2026");
    }
}
