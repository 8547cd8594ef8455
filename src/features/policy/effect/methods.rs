//! What a change does of what people may have, and where they are not asked.

use super::super::api::{Change, PolicyPage};
use super::{Effect, people};

pub(super) fn trust_days(policy: &PolicyPage, change: &Change) -> Effect {
    let (before, days) = (policy.settings.trust_days, change.asked.trust_days);
    let (trusted, by) = change.concerned.trusted_devices;
    let fact = match (trusted, by) {
        (0, _) => "No device is trusted now.".to_owned(),
        (1, _) => "1 device of 1 person is trusted now.".to_owned(),
        (_, 1) => format!("{trusted} devices of 1 person are trusted now."),
        _ => format!("{trusted} devices of {by} people are trusted now."),
    };
    let lasts = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
    match (days, trusted) {
        (0, 0) => Effect::says(fact, "From now on every sign-in asks for the second factor."),
        (0, 1) => Effect::says(fact, "It ends at once: the next sign-in there asks for the second factor again."),
        (0, _) => Effect::says(fact, "They all end at once: the next sign-in there asks for the second factor again."),
        (_, 0) => Effect::warns(
            fact,
            format!("A device that is trusted from now on asks for the password only, for {lasts}."),
        ),
        (days, _) if days < before => {
            Effect::says(fact, format!("Each ends {lasts} after it was trusted. Those that are older end at once."))
        }
        _ => Effect::warns(fact, format!("They keep the end they have. Those trusted from now on last {lasts}.")),
    }
}

pub(super) fn allowed(is_allowed: bool, have: i64, what: &str, list: &'static str) -> Effect {
    let fact = match have {
        0 => format!("Nobody has {what}."),
        _ => format!("{} {what}.", people(have, "has", "have")),
    };
    let rest = match (is_allowed, have) {
        (true, _) => "From now on people may add one.",
        (false, 0) => "Nobody can add one any more.",
        (false, _) => "It goes on working until it is removed or its user is reset. Nobody can add one any more.",
    };
    Effect::says(fact, rest).listed(have, list)
}

pub(super) fn verified(change: &Change) -> Effect {
    let have = change.concerned.passkeys;
    let fact = match have {
        0 => "Nobody has a passkey or security key.".to_owned(),
        _ => format!("{} a passkey or security key.", people(have, "has", "have")),
    };
    match (change.asked.passkeys_verify_user, have) {
        (false, _) => Effect::says(fact, "A key that asks for nothing will do as well."),
        (true, 0) => Effect::says(fact, "A key that asks for nothing will be refused."),
        (true, _) => Effect::warns(
            fact,
            "Whose key cannot ask for a PIN, a finger or a face uses another method, or a backup code, from the next sign-in.",
        ),
    }
}

pub(super) fn phone_messages(change: &Change) -> Effect {
    let (sent, most) = (change.concerned.phone_messages, i64::from(change.asked.phone_messages_a_day));
    let fact = match sent {
        0 => "No message went to a phone in the last 24 hours.".to_owned(),
        1 => "1 message went to a phone in the last 24 hours.".to_owned(),
        _ => format!("{sent} messages went to phones in the last 24 hours."),
    };
    let have = change.concerned.phones;
    let who = match have {
        0 => "Nobody has a phone number here".to_owned(),
        _ => format!("{} a phone number", people(have, "has", "have")),
    };
    let effect = match (most, have) {
        (0, 0) => Effect::says(fact, format!("None will be sent any more. {who}.")),
        (0, _) => Effect::warns(fact, format!("None will be sent any more. {who}, which is then of no use.")),
        _ if sent >= most => {
            Effect::warns(fact, format!("The next one is sent when enough of them are older than that. {who}."))
        }
        _ => Effect::says(fact, format!("{} more may be sent now. {who}.", most - sent)),
    };
    effect.listed(have, "kind=phone")
}
