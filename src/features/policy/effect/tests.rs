use super::*;
use crate::domain::caller::SecondProof;
use crate::domain::ids::CustomerId;
use crate::domain::policy::{Concerned, Policy, Settings};
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
    let said = |before, days, devices| {
        let trusted_devices = (devices, (devices + 1) / 2);
        let concerned = Concerned { trusted_devices, ..Concerned::default() };
        let old = Policy { trust_days: before, ..Policy::default() };
        said(Setting::TrustDays, old, move |asked| asked.trust_days = days, concerned)
    };
    let on = "No device is trusted now. A device that is trusted from now on asks for the password only, for 30 days.";
    assert_eq!(said(0, 30, 0), (true, on.into()));
    let off = "4 devices of 2 people are trusted now. They all end at once: the next sign-in there asks for the second factor again.";
    assert_eq!(said(30, 0, 4), (false, off.into()));
    let lowered =
        "1 device of 1 person is trusted now. Each ends 1 day after it was trusted. Those that are older end at once.";
    assert_eq!(said(30, 1, 1), (false, lowered.into()));
    let raised =
        "2 devices of 1 person are trusted now. They keep the end they have. Those trusted from now on last 60 days.";
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
        let concerned = Concerned { links, active: 412, ..Concerned::default() };
        default(Setting::LinkMinutes, |asked| asked.link_minutes = 30, concerned)
    };
    assert_eq!(links(4), "Applies from now on to 412 people. 4 links on their way keep their lifetime.");
    assert_eq!(links(1), "Applies from now on to 412 people. 1 link on its way keeps its own lifetime.");
    let remind = |reset| {
        let concerned = Concerned { reset, active: 1, ..Concerned::default() };
        default(Setting::RemindAfterHours, |asked| asked.remind_after_hours = 30, concerned)
    };
    assert_eq!(remind(0), "Applies from now on to 1 person. Nobody is waiting for their new set-up.");
    assert_eq!(
        remind(2),
        "Applies from now on to 1 person. 2 people are reset and not back yet, and are reminded as it was said at their \
         reset."
    );
    let codes = |few_codes| {
        let concerned = Concerned { few_codes, ..Concerned::default() };
        default(Setting::CodesLow, |asked| asked.codes_low = 5, concerned)
    };
    let approver = |from, concerned| {
        let old = Policy { approver_from: 10, ..Policy::default() };
        said(Setting::ApproverFrom, old, move |asked| asked.approver_from = from, concerned)
    };
    let waiting = Concerned { plans: 1, requests: 2, active: 7, ..Concerned::default() };
    assert_eq!(
        approver(5, waiting),
        (
            false,
            "Applies from now on to 7 people. Such a reset of theirs runs when a second person approves it. That is asked of 1 plan too that \
             waits for its confirmation now. 2 resets that wait for an approval now go on waiting."
                .into()
        )
    );
    for fewer in [0, 11] {
        assert_eq!(
            approver(fewer, Concerned { requests: 0, ..waiting }),
            (true, "Applies from now on to 7 people. Fewer resets of theirs need a second person.".into())
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

#[test]
fn every_change_of_a_setting_says_how_many_people_it_is_about() {
    // A number that nothing else has: whoever reads the effect finds it.
    let concerned = Concerned {
        active: 977,
        without_factor: 977,
        reset: 977,
        few_codes: (977, 977),
        passkeys: 977,
        hardware_tokens: 977,
        phones: 977,
        trusted_devices: (977, 977),
        ..Concerned::default()
    };
    let old = Policy { mfa_required_since: Some(NOW), grace_days: 7, ..Policy::default() };
    for setting in Setting::ALL {
        let (_, words) = said(*setting, old, |asked| *asked = turned(*setting, asked), concerned);
        assert!(words.contains("977"), "{setting}: {words}");
    }
}

/// The same settings but for one.
fn turned(setting: Setting, settings: &Settings) -> Settings {
    let mut values = serde_json::to_value(settings).unwrap();
    let value = &mut values[setting.as_str()];
    *value = match value {
        serde_json::Value::Bool(on) => (!*on).into(),
        serde_json::Value::Number(number) => (number.as_u64().unwrap() + 1).into(),
        _ => serde_json::to_value(SecondProof::PasswordOrCallerCode).unwrap(),
    };
    serde_json::from_value(values).unwrap()
}
