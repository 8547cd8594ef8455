//! How people, customers, roles and methods are called in the middle of a mail's sentences.

use super::line::isolated;
use crate::domain::authority::Role;
use crate::domain::method::MethodKind;
use crate::domain::user::clean_name;
use crate::words::{Locale, td_string};

/// So many people.
pub(super) fn persons(locale: Locale, count: usize) -> String {
    if count == 1 {
        td_string!(locale, mail.approval.person).to_owned()
    } else {
        td_string!(locale, mail.approval.people, count = count)
    }
}

/// The names of customers, each set apart, and how many more there are.
pub(super) fn listed(locale: Locale, places: &[String], more: usize) -> String {
    let names = places.iter().map(|place| isolated(&clean_name(place))).collect::<Vec<_>>().join(", ");
    match more {
        0 => names,
        more => td_string!(locale, mail.approval.more, names = names, count = more),
    }
}

/// What a user calls a method, or a browser itself, set apart; none where that is no name.
pub(super) fn called(name: Option<&str>) -> Option<String> {
    name.map(isolated).filter(|name| name.chars().count() > 2)
}

/// The passkey or security key of this name, or one without.
pub(super) fn a_passkey(locale: Locale, name: Option<&str>) -> String {
    match called(name) {
        Some(name) => format!("{} “{name}”", the(locale, MethodKind::Passkey)),
        None => a(locale, MethodKind::Passkey).to_owned(),
    }
}

/// A role in the middle of a sentence.
pub(super) fn role_word(locale: Locale, role: Role) -> &'static str {
    match role {
        Role::Owner => td_string!(locale, mail.role.owner),
        Role::Admin => td_string!(locale, mail.role.admin),
        Role::Auditor => td_string!(locale, mail.role.auditor),
        Role::Member => td_string!(locale, mail.role.member),
    }
}

/// What somebody of this role may do.
pub(super) fn role_meaning(locale: Locale, role: Role) -> &'static str {
    match role {
        Role::Owner => td_string!(locale, mail.role.owner_may),
        Role::Admin => td_string!(locale, mail.role.admin_may),
        Role::Auditor => td_string!(locale, mail.role.auditor_may),
        Role::Member => td_string!(locale, mail.role.member_may),
    }
}

/// A kind of method in the middle of a sentence, where it has no name.
pub(super) fn a(locale: Locale, method: MethodKind) -> &'static str {
    match method {
        MethodKind::AuthenticatorApp => td_string!(locale, mail.method.app),
        MethodKind::Passkey => td_string!(locale, mail.method.passkey),
        MethodKind::HardwareToken => td_string!(locale, mail.method.token),
        MethodKind::Phone => td_string!(locale, mail.method.phone),
    }
}

/// The same where its name follows.
pub(super) fn the(locale: Locale, method: MethodKind) -> &'static str {
    match method {
        MethodKind::AuthenticatorApp => td_string!(locale, mail.method.the_app),
        MethodKind::Passkey => td_string!(locale, mail.method.the_passkey),
        MethodKind::HardwareToken => td_string!(locale, mail.method.the_token),
        MethodKind::Phone => td_string!(locale, mail.method.the_phone),
    }
}
