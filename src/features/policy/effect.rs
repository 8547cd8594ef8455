//! What a change of each setting does, and to whom.

use super::api::{Change, PolicyPage};
use crate::domain::customer::Setting;
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

    fn warns(fact: impl Into<String>, rest: impl Into<String>) -> Self {
        Self { is_warning: true, ..Self::says(fact, rest) }
    }
}

/// "1 person has", "23 people have".
fn people(count: i64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 person {one}") } else { format!("{count} people {many}") }
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

fn trust_days(policy: &PolicyPage, change: &Change) -> Effect {
    let (before, days) = (policy.settings.trust_days, change.asked.trust_days);
    let trusted = change.concerned.trusted_devices;
    let fact = match trusted {
        0 => "No device is trusted now.".to_owned(),
        1 => "1 device is trusted now.".to_owned(),
        _ => format!("{trusted} devices are trusted now."),
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

fn allowed(is_allowed: bool, have: i64, what: &str, list: &'static str) -> Effect {
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

fn verified(change: &Change) -> Effect {
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

fn phone_messages(change: &Change) -> Effect {
    let (sent, most) = (change.concerned.phone_messages, i64::from(change.asked.phone_messages_a_day));
    let fact = match sent {
        0 => "No message went to a phone in the last 24 hours.".to_owned(),
        1 => "1 message went to a phone in the last 24 hours.".to_owned(),
        _ => format!("{sent} messages went to phones in the last 24 hours."),
    };
    match (most, change.concerned.phones) {
        (0, 0) => Effect::says(fact, "None will be sent any more."),
        (0, have) => {
            let who = people(have, "has", "have");
            Effect::warns(fact, format!("None will be sent any more. {who} a phone number, which is then of no use."))
                .listed(have, "kind=phone")
        }
        _ if sent >= most => Effect::warns(fact, "The next one is sent when enough of them are older than that."),
        _ => Effect::says(fact, format!("{} more may be sent now.", most - sent)),
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
        1 => "1 link on its way keeps its own.".to_owned(),
        links => format!("{links} links on their way keep theirs."),
    };
    Effect::says("Applies to links sent from now on.", rest)
}

fn demanded(change: &Change, is_required: bool, what: &str) -> Effect {
    if !is_required {
        return Effect::says("Applies from now on.", format!("A reset may be confirmed without {what}."));
    }
    let rest = match change.concerned.plans {
        0 => String::new(),
        1 => " That goes for 1 plan too that waits for its confirmation now.".to_owned(),
        plans => format!(" That goes for {plans} plans too that wait for their confirmation now."),
    };
    Effect::says("Applies from now on.", format!("No reset is confirmed without {what}.{rest}"))
}

fn approved(change: &Change, is_stricter: bool) -> Effect {
    let waiting = match change.concerned.requests {
        0 => String::new(),
        1 => " 1 reset that waits for an approval now goes on waiting.".to_owned(),
        requests => format!(" {requests} resets that wait for an approval now go on waiting."),
    };
    if !is_stricter {
        return Effect::warns("Applies from now on.", format!("Fewer resets need a second person.{waiting}"));
    }
    let plans = match change.concerned.plans {
        0 => String::new(),
        1 => " That is asked of 1 plan too that waits for its confirmation now.".to_owned(),
        plans => format!(" That is asked of {plans} plans too that wait for their confirmation now."),
    };
    Effect::says("Applies from now on.", format!("Such a reset runs when a second person approves it.{plans}{waiting}"))
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
        (_, true) => format!("{} more will be: {then} in all.", people(more, "", "").trim_end()),
        (_, false) => match then {
            0 => "Nobody will be.".to_owned(),
            _ => format!("It will be {then}."),
        },
    };
    Effect::says(fact, rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::customer::{Policy, Settings};
    use crate::domain::ids::CustomerId;
    use crate::domain::policy::Concerned;
    use crate::domain::time::Span;

    const NOW: Time = Time::from_unix_milliseconds(1_795_269_900_000); // 2026-11-21 14:05 UTC

    fn said(setting: Setting, old: Policy, new: impl Fn(&mut Settings), concerned: Concerned) -> (bool, String) {
        let mut asked = old.settings();
        new(&mut asked);
        let policy = PolicyPage {
            id: CustomerId::new(NOW, [0; 10]),
            name: "A".into(),
            settings: old.settings(),
            required_since: old.mfa_required_since,
            grace_until: old.grace_until(),
            version: String::new(),
            refusal: None,
        };
        let grace_until = old.changed_to(asked, NOW).grace_until();
        let change = Change { asked, differing: old.settings().differing(&asked), grace_until, concerned };
        let effect = effect(setting, &policy, &change, NOW);
        (effect.is_warning, format!("{} {}", effect.fact, effect.rest))
    }

    #[test]
    fn switching_mfa_on_and_off_names_those_without_a_factor() {
        let off = Policy { mfa_required: false, ..Policy::default() };
        let without = |without_factor| Concerned { without_factor, ..Concerned::default() };
        let on = |days| {
            move |asked: &mut Settings| {
                asked.mfa_required = true;
                asked.grace_days = days;
            }
        };
        let setting = Setting::MfaRequired;
        assert_eq!(
            said(setting, off, on(14), without(23)).1,
            "23 people have no second factor. They will be asked to set one up at their next sign-in; from 5 December \
             2026, 14:05 UTC they cannot put it off."
        );
        assert_eq!(
            said(setting, off, on(0), without(1)).1,
            "1 person has no second factor. They are led through the set-up at their next sign-in, and cannot put it off."
        );
        let switched_off = said(setting, Policy::default(), |asked| asked.mfa_required = false, without(2));
        assert_eq!(
            switched_off,
            (true, "2 people have no second factor. They will each sign in with the password only.".into())
        );
    }

    #[test]
    fn days_of_grace_say_until_when() {
        let before = |hours: i64| Time::from_unix_milliseconds(NOW.unix_milliseconds() - hours * 3_600_000);
        let old = Policy { mfa_required_since: Some(before(24)), grace_days: 3, ..Policy::default() };
        let concerned = Concerned { without_factor: 4, ..Concerned::default() };
        let said = |old, days| said(Setting::GraceDays, old, |asked| asked.grace_days = days, concerned).1;
        assert_eq!(
            said(old, 10),
            "4 people have no second factor. The set-up may be put off until 30 November 2026, 14:05 UTC; so far it was \
             until 23 November 2026, 14:05 UTC."
        );
        assert_eq!(
            said(old, 1),
            "4 people have no second factor. From the moment you save nobody can put the set-up off any more."
        );
        let over = Policy { mfa_required_since: Some(NOW), grace_days: 0, ..old };
        assert!(said(over, 1).contains(&minute(NOW + Span::hours(24))));
        assert!(said(Policy::default(), 9).starts_with("Nothing changes now."));
    }

    #[test]
    fn trusted_devices_are_counted_and_told_when_they_end() {
        let said = |before, days, trusted_devices| {
            let concerned = Concerned { trusted_devices, ..Concerned::default() };
            let old = Policy { trust_days: before, ..Policy::default() };
            said(Setting::TrustDays, old, move |asked| asked.trust_days = days, concerned)
        };
        let on =
            "No device is trusted now. A device that is trusted from now on asks for the password only, for 30 days.";
        assert_eq!(said(0, 30, 0), (true, on.into()));
        let off =
            "4 devices are trusted now. They all end at once: the next sign-in there asks for the second factor again.";
        assert_eq!(said(30, 0, 4), (false, off.into()));
        let lowered =
            "1 device is trusted now. Each ends 1 day after it was trusted. Those that are older end at once.";
        assert_eq!(said(30, 1, 1), (false, lowered.into()));
        let raised = "2 devices are trusted now. They keep the end they have. Those trusted from now on last 60 days.";
        assert_eq!(said(30, 60, 2), (true, raised.into()));
    }

    #[test]
    fn what_is_allowed_no_longer_goes_on_for_those_who_have_it() {
        let said = |passkeys, on: bool| {
            let concerned = Concerned { passkeys, ..Concerned::default() };
            let old = Policy { passkeys_allowed: !on, ..Policy::default() };
            said(Setting::PasskeysAllowed, old, move |asked| asked.passkeys_allowed = on, concerned).1
        };
        assert_eq!(said(0, false), "Nobody has a passkey or security key. Nobody can add one any more.");
        assert_eq!(
            said(3, false),
            "3 people have a passkey or security key. It goes on working until it is removed or its user is reset. Nobody \
             can add one any more."
        );
        assert_eq!(said(1, true), "1 person has a passkey or security key. From now on people may add one.");
    }

    #[test]
    fn counts_are_written_out() {
        let default = |setting, new: fn(&mut Settings), concerned| said(setting, Policy::default(), new, concerned).1;
        let links = |links| {
            let concerned = Concerned { links, ..Concerned::default() };
            default(Setting::LinkMinutes, |asked| asked.link_minutes = 30, concerned)
        };
        assert_eq!(links(4), "Applies to links sent from now on. 4 links on their way keep theirs.");
        assert_eq!(links(1), "Applies to links sent from now on. 1 link on its way keeps its own.");
        let codes = |few_codes| {
            let concerned = Concerned { few_codes, ..Concerned::default() };
            default(Setting::CodesLow, |asked| asked.codes_low = 5, concerned)
        };
        let approver = |from, concerned| {
            let old = Policy { approver_from: 10, ..Policy::default() };
            said(Setting::ApproverFrom, old, move |asked| asked.approver_from = from, concerned)
        };
        let waiting = Concerned { plans: 1, requests: 2, ..Concerned::default() };
        assert_eq!(
            approver(5, waiting),
            (
                false,
                "Applies from now on. Such a reset runs when a second person approves it. That is asked of 1 plan too that \
                 waits for its confirmation now. 2 resets that wait for an approval now go on waiting."
                    .into()
            )
        );
        for fewer in [0, 11] {
            assert_eq!(
                approver(fewer, Concerned { requests: 0, ..waiting }),
                (true, "Applies from now on. Fewer resets need a second person.".into())
            );
        }
        assert_eq!(codes((1, 2)), "1 person is warned now. 1 person more will be: 2 in all.");
        assert_eq!(codes((0, 0)), "Nobody is warned now. It stays at that.");
    }

    #[test]
    fn whoever_would_be_left_outside_is_a_warning() {
        let old = Policy::default();
        let off = |asked: &mut Settings| asked.set_up_at_sign_in = false;
        let waiting = |reset, reset_without_link| Concerned { reset, reset_without_link, ..Concerned::default() };
        let said = |concerned| said(Setting::SetUpAtSignIn, old, off, concerned);
        assert!(!said(waiting(2, 0)).0);
        let (is_warning, words) = said(waiting(3, 2));
        assert!(is_warning);
        assert_eq!(
            words,
            "3 people are reset and not back yet. They can come back by the link in their mail only. For 2 of them no link \
             works any more: a new reset sends one."
        );
    }
}
