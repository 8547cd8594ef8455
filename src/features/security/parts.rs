//! What the pages share that change one's own factors: the form that asks for a fresh one, and its refusals.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::api::{ChangePage, Proof};
use super::rows::MethodRow;
use crate::domain::method::MethodKind;
use crate::features::session::api::{ApiError, Proofs};
use crate::features::session::calm::failed;
use crate::features::sign_in::page::{disabled, locked};
use crate::features::sign_in::prove::{BackupCode, StepUp};
use crate::ui::begin_anew;
use crate::words::{locale, td_string};

pub type Outcome = Signal<Option<Result<Proof, ApiError>>>;

/// Whether the page is asked for with `?with=backup`: the second factor is then a backup code.
pub fn with_backup() -> Memo<bool> {
    let query = use_query_map();
    let backup = Memo::new(move |_| query.read().get("with").as_deref() == Some("backup"));
    // The fields take each other's place under somebody who has just pressed a link.
    Effect::new(move |before: Option<bool>| {
        let now = backup.get();
        if before.is_some_and(|before| before != now) {
            begin_anew();
        }
        now
    });
    backup
}

/// The field for a second factor: six digits, or a backup code.
pub fn factor_field(backup: bool, outcome: Outcome, proofs: Proofs) -> AnyView {
    if backup {
        let error =
            error(outcome, td_string!(locale(), common.not_a_backup_code), td_string!(locale(), sign_in.backup.wrong));
        view! {
            <BackupCode error/>
        }
        .into_any()
    } else {
        let error = error(outcome, td_string!(locale(), common.not_six), td_string!(locale(), sign_in.code.wrong));
        view! { <StepUp label=td_string!(locale(), security.prove.label) error proofs/> }.into_any()
    }
}

/// The link to the other field, for whoever has backup codes.
pub fn other_way(backup: bool, path: &str, page: &ChangePage) -> Option<AnyView> {
    let path = path.to_owned();
    (backup || page.codes_left > 0).then(|| {
        let (instead, href, link) = if backup {
            (td_string!(locale(), sign_in.backup.instead), path, td_string!(locale(), sign_in.backup.instead_link))
        } else {
            let href = format!("{path}{}with=backup", if path.contains('?') { '&' } else { '?' });
            (td_string!(locale(), sign_in.code.instead), href, td_string!(locale(), sign_in.code.instead_link))
        };
        view! {
            <div>
                <p class="note">{instead}</p>
                <p class="ways"><a href=href>{link}</a></p>
            </div>
        }
        .into_any()
    })
}

/// What is said at the field of a code.
pub fn error(outcome: Outcome, malformed: &'static str, wrong: &'static str) -> Signal<Option<String>> {
    Signal::derive(move || match outcome.get() {
        Some(Ok(Proof::Malformed)) => Some(malformed.to_owned()),
        Some(Ok(Proof::Wrong)) => Some(wrong.to_owned()),
        _ => None,
    })
}

/// What is said above a form.
pub fn refused(outcome: Result<Proof, ApiError>) -> Option<(String, String)> {
    let words = |fact: &'static str, rest: &'static str| Some((fact.to_owned(), rest.to_owned()));
    match outcome {
        Ok(Proof::Locked { until, now }) => Some(locked(until, now)),
        Ok(Proof::Disabled) => Some(disabled()),
        Ok(Proof::Copied) => {
            words(td_string!(locale(), sign_in.passkey.copied), td_string!(locale(), sign_in.passkey.copied_lead))
        }
        Ok(Proof::Over) => words(td_string!(locale(), security.over), td_string!(locale(), security.over_lead)),
        Ok(Proof::NoMethod) => Some((
            format!("{}.", td_string!(locale(), security.gone.title)),
            td_string!(locale(), security.gone.lead).to_owned(),
        )),
        Ok(Proof::NoFactor) => {
            words(td_string!(locale(), security.codes.none), td_string!(locale(), security.codes.none_lead))
        }
        Ok(Proof::TooMany) => {
            words(td_string!(locale(), security.add.many), td_string!(locale(), security.add.many_lead))
        }
        Ok(Proof::Busy) => words(td_string!(locale(), security.first.busy), ""),
        Ok(Proof::LastOne) => words(td_string!(locale(), security.remove.refused), ""),
        Ok(Proof::GoOn | Proof::Malformed | Proof::Wrong | Proof::LongName) => None,
        Err(error) => Some(failed(error)),
    }
}

/// The link back, at the end of a page.
pub fn back() -> AnyView {
    view! { <p class="ways"><a href="/security">{td_string!(locale(), security.back)}</a></p> }.into_any()
}

/// What a method is called: by its user, or else by its kind.
pub fn called(method: &MethodRow) -> String {
    method.name.clone().unwrap_or_else(|| kind_words(method.kind).to_owned())
}

/// What a kind of method is called, one of it.
pub fn kind_words(kind: MethodKind) -> &'static str {
    match kind {
        MethodKind::AuthenticatorApp => td_string!(locale(), common.kind.app),
        MethodKind::Passkey => td_string!(locale(), common.kind.passkey),
        MethodKind::HardwareToken => td_string!(locale(), common.kind.token),
        MethodKind::Phone => td_string!(locale(), common.kind.phone),
    }
}
