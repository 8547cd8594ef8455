//! What a change of each setting does, and to whom.

mod methods;
#[cfg(test)]
mod tests;

use methods::{allowed, phone_messages, trust_days, verified};

use super::api::{Change, PolicyPage};
use crate::domain::policy::Setting;
use crate::domain::time::Time;
use crate::ui::minute;

/// What a change does, before it is saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// Whether it takes protection away or leaves somebody outside.
    pub is_warning: bool,
    /// Whom it concerns.
    pub fact: String,
    /// What becomes of them.
    pub rest: String,
    /// Where the list of users shows them, as its address has it.
    pub list: Option<&'static str>,
}

impl Effect {
    fn says(fact: impl Into<String>, rest: impl Into<String>) -> Self {
        Self { is_warning: false, fact: fact.into(), rest: rest.into(), list: None }
    }

    /// The fact counts those whom this list shows, where it counts anybody.
    fn listed(self, count: i64, list: &'static str) -> Self {
        Self { list: (count > 0).then_some(list), ..self }
    }

    /// What holds for everybody who can sign in, from the moment it is saved.
    fn from_now_on(change: &Change, rest: impl Into<String>) -> Self {
        let active = change.concerned.active;
        let fact = match active {
            0 => "Applies from now on. Nobody can sign in here yet.".to_owned(),
            _ => format!("Applies from now on to {}.", counted(active)),
        };
        Self::says(fact, rest).listed(active, "standing=active")
    }

    /// The same as a warning.
    fn warning(self) -> Self {
        Self { is_warning: true, ..self }
    }

    fn warns(fact: impl Into<String>, rest: impl Into<String>) -> Self {
        Self::says(fact, rest).warning()
    }
}

/// "1 person has", "23 people have".
fn people(count: i64, one: &str, many: &str) -> String {
    format!("{} {}", counted(count), if count == 1 { one } else { many })
}

/// "1 person", "23 people".
fn counted(count: i64) -> String {
    if count == 1 { "1 person".to_owned() } else { format!("{count} people") }
}

/// What the change of `setting` does, at `now`.
pub fn effect(setting: Setting, policy: &PolicyPage, change: &Change, now: Time) -> Effect {
    let concerned = change.concerned;
    match setting {
        Setting::MfaRequired => mfa_required(change, now).listed(concerned.without_factor, "mfa=none"),
        Setting::GraceDays => grace_days(policy, change, now),
        Setting::TrustDays => trust_days(policy, change),
        Setting::PasskeysAllowed => {
            allowed(change.asked.passkeys_allowed, concerned.passkeys, "a passkey or security key", "kind=passkey")
        }
        Setting::PasskeysVerifyUser => verified(change).listed(concerned.passkeys, "kind=passkey"),
        Setting::HardwareTokensAllowed => {
            let has = concerned.hardware_tokens;
            allowed(change.asked.hardware_tokens_allowed, has, "a hardware token", "kind=hardware_token")
        }
        Setting::PhonesAllowed => {
            allowed(change.asked.phones_allowed, concerned.phones, "a phone number", "kind=phone")
        }
        Setting::PhoneMessagesADay => phone_messages(change),
        Setting::SetUpAtSignIn => set_up_at_sign_in(change).listed(concerned.reset, "mfa=reset"),
        Setting::LinkMinutes => link_minutes(change),
        Setting::RemindAfterHours => remind_after_hours(change),
        Setting::SecondProof => second_proof(change),
        Setting::CallBackCheck => call_back_check(change).listed(concerned.reset, "mfa=reset"),
        Setting::ReasonRequired => demanded(change, change.asked.reason_required, "a reason"),
        Setting::TicketRequired => demanded(change, change.asked.ticket_required, "a ticket number"),
        Setting::ApproverFrom => {
            let (before, from) = (policy.settings.approver_from, change.asked.approver_from);
            approved(change, from > 0 && (before == 0 || from < before))
        }
        Setting::ApproverAcross => approved(change, change.asked.approver_across),
        Setting::ApproverPrivileged => approved(change, change.asked.approver_privileged),
        Setting::CodesLow => codes_low(policy, change).listed(concerned.few_codes.0, "codes=low"),
    }
}

fn mfa_required(change: &Change, now: Time) -> Effect {
    let without = change.concerned.without_factor;
    let fact = format!("{} no second factor.", people(without, "has", "have"));
    if !change.asked.mfa_required {
        return match without {
            0 => Effect::warns(
                "Nobody is without a second factor today.",
                "Whoever is added from now on signs in with the password only. Whoever has a factor is still asked for it.",
            ),
            1 => Effect::warns(fact, "They will sign in with the password only."),
            _ => Effect::warns(fact, "They will each sign in with the password only."),
        };
    }
    match (without, change.grace_until.filter(|until| now < *until)) {
        (0, _) => Effect::says(
            "Everybody who can sign in has a second factor.",
            "Whoever is added from now on is led through the set-up at their first sign-in.",
        ),
        (_, None) => {
            Effect::says(fact, "They are led through the set-up at their next sign-in, and cannot put it off.")
        }
        (_, Some(until)) => Effect::says(
            fact,
            format!(
                "They will be asked to set one up at their next sign-in; from {} they cannot put it off.",
                minute(until)
            ),
        ),
    }
}

fn grace_days(policy: &PolicyPage, change: &Change, now: Time) -> Effect {
    let without = change.concerned.without_factor;
    let fact = match without {
        0 => "Everybody who can sign in has a second factor.".to_owned(),
        _ => format!("{} no second factor.", people(without, "has", "have")),
    };
    if !change.asked.mfa_required {
        return Effect::says("Nothing changes now.", "The days count from the moment MFA is required.");
    }
    if !policy.settings.mfa_required {
        return Effect::says("The days count from the moment you save.", "They end for everybody at once.");
    }
    let (Some(until), Some(before)) = (change.grace_until, policy.grace_until) else {
        return Effect::says(
            "Nothing changes now.",
            "MFA has been required here from the beginning. Days of grace count from the moment it is switched on again.",
        );
    };
    match (now < until, now < before) {
        (false, false) => Effect::says("Nothing changes now.", format!("The grace ended on {}.", minute(before))),
        (false, true) => {
            let rest = "From the moment you save nobody can put the set-up off any more.";
            Effect::says(fact, rest).listed(without, "mfa=none")
        }
        (true, _) => {
            let (until, before) = (minute(until), minute(before));
            let rest = format!("The set-up may be put off until {until}; so far it was until {before}.");
            Effect::says(fact, rest).listed(without, "mfa=none")
        }
    }
}

fn set_up_at_sign_in(change: &Change) -> Effect {
    let (waiting, lost) = (change.concerned.reset, change.concerned.reset_without_link);
    let fact = format!("{} reset and not back yet.", people(waiting, "is", "are"));
    match (change.asked.set_up_at_sign_in, waiting) {
        (true, 0) => Effect::says(
            "Nobody is waiting for their new set-up.",
            "Whoever is reset from now on may begin it at sign-in too, with the password alone.",
        ),
        (true, _) => Effect::says(fact, "They may begin their new set-up at sign-in too, with the password alone."),
        (false, 0) => Effect::says(
            "Nobody is waiting for their new set-up.",
            "Whoever is reset from now on comes back by the link in their mail only.",
        ),
        (false, _) => {
            let only = "They can come back by the link in their mail only.";
            match lost {
                0 => Effect::says(fact, only),
                1 => {
                    Effect::warns(fact, format!("{only} For 1 of them no link works any more: a new reset sends one."))
                }
                _ => Effect::warns(
                    fact,
                    format!("{only} For {lost} of them no link works any more: a new reset sends one."),
                ),
            }
        }
    }
}

fn link_minutes(change: &Change) -> Effect {
    let rest = match change.concerned.links {
        0 => "No link is on its way now.".to_owned(),
        1 => "1 link on its way keeps its own lifetime.".to_owned(),
        links => format!("{links} links on their way keep their lifetime."),
    };
    Effect::from_now_on(change, rest)
}

fn remind_after_hours(change: &Change) -> Effect {
    let rest = match change.concerned.reset {
        0 => "Nobody is waiting for their new set-up.".to_owned(),
        reset => {
            let who = people(reset, "is reset and not back yet, and is", "are reset and not back yet, and are");
            format!("{who} reminded as it was said at their reset.")
        }
    };
    Effect::from_now_on(change, rest)
}

fn second_proof(change: &Change) -> Effect {
    let links = match change.concerned.links {
        0 => "No link is on its way now.".to_owned(),
        1 => "That goes for 1 link too that is on its way now.".to_owned(),
        links => format!("That goes for {links} links too that are on their way now."),
    };
    if change.asked.second_proof.takes_caller_codes() {
        let rest = "Your help desk can let in whoever has forgotten the password, and must identify them first.";
        return Effect::from_now_on(change, format!("{rest} {links}")).warning();
    }
    let rest = "No caller code is made or taken any more, and set-ups that one led to end.";
    Effect::from_now_on(change, format!("{rest} {links}"))
}

fn call_back_check(change: &Change) -> Effect {
    let fact = match change.concerned.reset {
        0 => "Nobody is waiting for their new set-up.".to_owned(),
        reset => format!("{} reset and not back yet.", people(reset, "is", "are")),
    };
    if change.asked.call_back_check {
        let rest =
            "From now on a new set-up needs a call with your help desk, and begins at the link in the mail only.";
        return Effect::says(fact, rest);
    }
    Effect::warns(fact, "From now on a new set-up is complete without a call.")
}

fn demanded(change: &Change, is_required: bool, what: &str) -> Effect {
    if !is_required {
        return Effect::from_now_on(change, format!("Their reset may be confirmed without {what}."));
    }
    let rest = match change.concerned.plans {
        0 => String::new(),
        1 => " That goes for 1 plan too that waits for its confirmation now.".to_owned(),
        plans => format!(" That goes for {plans} plans too that wait for their confirmation now."),
    };
    Effect::from_now_on(change, format!("No reset of theirs is confirmed without {what}.{rest}"))
}

fn approved(change: &Change, is_stricter: bool) -> Effect {
    let waiting = match change.concerned.requests {
        0 => String::new(),
        1 => " 1 reset that waits for an approval now goes on waiting.".to_owned(),
        requests => format!(" {requests} resets that wait for an approval now go on waiting."),
    };
    if !is_stricter {
        return Effect::from_now_on(change, format!("Fewer resets of theirs need a second person.{waiting}")).warning();
    }
    let plans = match change.concerned.plans {
        0 => String::new(),
        1 => " That is asked of 1 plan too that waits for its confirmation now.".to_owned(),
        plans => format!(" That is asked of {plans} plans too that wait for their confirmation now."),
    };
    let rest = format!("Such a reset of theirs runs when a second person approves it.{plans}{waiting}");
    Effect::from_now_on(change, rest)
}

fn codes_low(policy: &PolicyPage, change: &Change) -> Effect {
    let (now, then) = change.concerned.few_codes;
    let fact = match now {
        0 => "Nobody is warned now.".to_owned(),
        _ => format!("{} warned now.", people(now, "is", "are")),
    };
    let more = then - now;
    let rest = match (more, change.asked.codes_low > policy.settings.codes_low) {
        (0, _) => "It stays at that.".to_owned(),
        (_, true) => format!("{} more will be: {then} in all.", counted(more)),
        (_, false) => match then {
            0 => "Nobody will be.".to_owned(),
            _ => format!("It will be {then}."),
        },
    };
    Effect::says(fact, rest)
}
