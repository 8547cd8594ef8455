//! A mail of each kind, to whom it goes and with what comes to them.

use super::super::*;
use crate::domain::approval::Decision;
use crate::domain::authority::Role;
use crate::domain::ids::{ChallengeId, LinkId, ResetId, UserId};
use crate::domain::method::MethodKind;

pub(super) const AT: Time = Time::from_unix_milliseconds(1_795_269_900_000);
pub(super) const TOKEN: &str = "https://rekey.example/recover/01m7z6sdq00w3ge1r70w3ge1r7.4k9wTpVx2mQz71LbN0cYeH3aUg";
pub(super) const NOT_ME: &str =
    "https://rekey.example/not-me/01m7z6sdq00w3ge1r70w3ge1r7.a1b2c3d4.4k9wTpVx2mQz71LbN0cYeH3aUg";
pub(super) const TO: Recipient<'_> = Recipient {
    name: "Zoë",
    customer: "Hafenwerk",
    help_desk: Some("+49 40 5550 199"),
    locale: Locale::en,
    zone: &Zone::UTC,
    not_me: Some(NOT_ME),
};

pub(super) fn reset(requester: &str, reason: Option<&str>, ticket: Option<&str>) -> Mail {
    Mail::Reset {
        link: LinkId::new(AT, [0; 10]),
        generation: 1,
        expires_at: AT,
        reset_at: AT,
        requester: requester.to_owned(),
        reason: reason.map(str::to_owned),
        ticket: ticket.map(str::to_owned),
        reminder: false,
    }
}

pub(super) fn role_given(until: Option<Time>) -> Mail {
    Mail::RoleGiven { at: AT, place: "Hafenwerk".into(), by: "Ines (Nordlicht)".into(), role: Role::Admin, until }
}

pub(super) fn removed(name: Option<&str>, by: Option<&str>, last: bool) -> Mail {
    let (name, by) = (name.map(str::to_owned), by.map(str::to_owned));
    let reason = by.as_ref().map(|_| "Stolen".to_owned());
    Mail::MethodRemoved { at: AT, method: MethodKind::AuthenticatorApp, name, by, reason, ticket: None, last }
}

pub(super) fn added(method: MethodKind, name: Option<&str>) -> Mail {
    Mail::MethodAdded { at: AT, method, name: name.map(str::to_owned) }
}

pub(super) fn invitation(by: &str) -> Mail {
    let by = by.to_owned();
    Mail::Invitation { link: LinkId::new(AT, [0; 10]), generation: 1, expires_at: AT, at: AT, by }
}

pub(super) fn approval(people: usize, places: &[&str], more_places: usize) -> Mail {
    Mail::ApprovalAsked {
        reset: ResetId::new(AT, [0; 10]),
        at: AT,
        by: "Ines (Nordlicht)".into(),
        people,
        places: places.iter().map(|place| (*place).to_owned()).collect(),
        more_places,
        until: AT,
        reason: Some("Lost phones".into()),
        ticket: Some("NL-20418".into()),
    }
}

pub(super) fn decided(decision: Decision, reason: Option<&str>) -> Mail {
    let (reset, by) = (ResetId::new(AT, [0; 10]), "Ole".to_owned());
    Mail::ApprovalDecided { reset, at: AT, by, people: 12, decision, reason: reason.map(str::to_owned) }
}

pub(super) fn over(decision: Decision) -> Mail {
    Mail::ApprovalOver { reset: ResetId::new(AT, [0; 10]), at: AT, by: "Ole".to_owned(), people: 12, decision }
}

pub(super) fn back(back: i64) -> Mail {
    Mail::PeopleBack { reset: ResetId::new(AT, [0; 10]), since: AT, lately: 2, back, of: 12 }
}

pub(super) fn new_password() -> Mail {
    Mail::NewPassword { challenge: ChallengeId::new(AT, [0; 10]), key_id: "a1b2c3d4".into(), at: AT, expires_at: AT }
}

pub(super) fn new_address() -> Mail {
    Mail::NewAddress { challenge: ChallengeId::new(AT, [0; 10]), key_id: "a1b2c3d4".into(), at: AT, expires_at: AT }
}

pub(super) fn address_lost(until: Option<Time>) -> Mail {
    Mail::AddressLost {
        change: ChallengeId::new(AT, [0; 10]), at: AT, address: "z••••@new.example".into(), until
    }
}

pub(super) fn second_address(added: bool) -> Mail {
    Mail::SecondAddress { at: AT, address: "z••••@home.example".into(), added }
}

pub(super) fn disowned(address: &str) -> Mail {
    let (user, name) = (UserId::new(AT, [0; 10]), "Zoë".to_owned());
    Mail::Disowned { user, at: AT, name, address: address.to_owned(), notice: "reset".to_owned() }
}

pub(super) fn page() -> Way {
    Way::Page("https://rekey.example/resets/01m7z6sdq00w3ge1r70w3ge1r7".to_owned())
}

pub(super) fn link() -> Way {
    Way::Link(TOKEN.to_owned(), AT)
}

pub(super) fn rendered(mail: &Mail, to: &Recipient<'_>, way: Option<Way>) -> Rendered {
    render(mail, to, way).unwrap()
}

/// Every mail, with what comes to whoever gets it.
pub(super) fn in_language(locale: Locale) -> Vec<Rendered> {
    let rendered = |mail: &Mail, to: &Recipient<'_>, way: Option<Way>| {
        let to = Recipient { locale, not_me: to.not_me.filter(|_| mail.may_be_disowned()), ..*to };
        render(mail, &to, way).unwrap()
    };
    let password = Way::Link("https://rekey.example/new-password/01m7z6sdq00w3ge1r70w3ge1r7.4k9wTp".to_owned(), AT);
    let confirm = Way::Link("https://rekey.example/address/01m7z6sdq00w3ge1r70w3ge1r7.4k9wTp".to_owned(), AT);
    let undo = Way::Link("https://rekey.example/address/undo/01m7z6sdq00w3ge1r70w3ge1r7.a1b2c3d4.4k9w".to_owned(), AT);
    let person = Way::Page("https://rekey.example/users/01m7z6sdq00w3ge1r70w3ge1r7".to_owned());
    vec![
        rendered(&reset("Ines", Some("Lost phone"), Some("NL-20418")), &TO, Some(link())),
        rendered(&reset("Ines", None, None), &TO, Some(Way::SignIn("https://rekey.example/sign-in".into()))),
        rendered(&Mail::AuthenticatorAdded { at: AT }, &Recipient { help_desk: None, ..TO }, None),
        rendered(&Mail::BackupCodeUsed { at: AT, left: 2 }, &TO, None),
        rendered(&role_given(Some(AT)), &TO, None),
        rendered(
            &Mail::RoleEnded { at: AT, place: "Hafenwerk".into(), by: "Ines".into() },
            &Recipient { help_desk: None, ..TO },
            None,
        ),
        rendered(&Mail::BackupCodesMade { at: AT }, &TO, None),
        rendered(
            &Mail::MethodAdded { at: AT, method: MethodKind::AuthenticatorApp, name: Some("New phone".into()) },
            &TO,
            None,
        ),
        rendered(&Mail::TokenAssigned { at: AT, serial: "10001000".into(), by: "Ines".into() }, &TO, None),
        rendered(&added(MethodKind::Passkey, None), &TO, None),
        rendered(&Mail::PasskeyCopied { at: AT, name: Some("Blue key".into()) }, &TO, None),
        rendered(&Mail::DeviceTrusted { at: AT, until: AT, browser: Some("Firefox/1 (Windows)".into()) }, &TO, None),
        rendered(&Mail::DeviceTrusted { at: AT, until: AT, browser: None }, &TO, None),
        rendered(&removed(None, None, false), &TO, None),
        rendered(&removed(Some("Old phone"), Some("Ines"), true), &TO, None),
        rendered(&invitation("Ines"), &TO, Some(link())),
        rendered(&Mail::Suspended { at: AT, by: "Ines".into() }, &TO, None),
        rendered(&Mail::Reactivated { at: AT, by: "Ines".into(), invited: false }, &TO, None),
        rendered(&Mail::Reactivated { at: AT, by: "Ines".into(), invited: true }, &TO, None),
        rendered(&Mail::Removed { at: AT, by: "Ines".into() }, &TO, None),
        rendered(&approval(1, &["Hafenwerk"], 0), &TO, Some(page())),
        rendered(&decided(Decision::ChangesAsked, Some("Too many")), &TO, Some(page())),
        rendered(&decided(Decision::Expired, None), &TO, Some(page())),
        rendered(&over(Decision::Withdrawn), &TO, Some(page())),
        rendered(&back(3), &TO, Some(page())),
        rendered(&back(12), &TO, Some(page())),
        rendered(&Mail::PasswordChanged { at: AT }, &TO, None),
        rendered(&Mail::PasswordSet { at: AT }, &TO, None),
        rendered(&Mail::CallerCodeMade { at: AT, by: "Ines".into(), until: AT }, &TO, None),
        rendered(&Mail::CallerCodeUsed { at: AT }, &TO, None),
        rendered(&new_password(), &TO, Some(password)),
        rendered(&Mail::NewPasswordHelp { at: AT }, &TO, None),
        rendered(&new_address(), &TO, Some(confirm)),
        rendered(&Mail::AddressChanged { at: AT, address: "z••••@new.example".into() }, &TO, None),
        rendered(&address_lost(Some(AT)), &TO, Some(undo)),
        rendered(&address_lost(None), &TO, None),
        rendered(&Mail::AddressRestored { at: AT, address: "z••••@new.example".into() }, &TO, None),
        rendered(&second_address(true), &TO, None),
        rendered(&second_address(false), &TO, None),
        rendered(&Mail::Frozen { at: AT }, &TO, None),
        rendered(&disowned("zoe@hafenwerk.example"), &TO, Some(person)),
    ]
}
