//! `/security/password`: another password.

use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;

use super::parts::{Outcome, back, factor_field, other_way, refused, with_backup};
use super::password_api::{ChangePassword, PasswordOutcome, PasswordPage as Shown, show_password};
use crate::features::invitation::page::weakness_words;
use crate::features::session::api::ApiError;
use crate::features::session::calm::{calm, help_desk, refusal};
use crate::features::session::flash::{left_by, outcome};
use crate::ui::{CalmShell, Look, PasswordField, SubmitButton};
use crate::words::{locale, td_string};

/// The old password, the new one, and the second factor of whoever has one.
#[component]
pub fn PasswordPage() -> impl IntoView {
    let page = Resource::new(|| (), |()| show_password());
    let action = ServerAction::<ChangePassword>::new();
    let outcome = outcome(action, left_by::<PasswordOutcome>("password").map(|left| left.outcome));
    let backup = with_backup();
    let page_view = move |page: Shown| form(page, action, outcome, backup);
    view! { <Title text=td_string!(locale(), security.password.title)/> {calm(page, page_view)} }
}

type Changed = Signal<Option<Result<PasswordOutcome, ApiError>>>;

fn form(page: Shown, action: ServerAction<ChangePassword>, outcome: Changed, backup: Memo<bool>) -> AnyView {
    let Shown { change, address, shortest } = page;
    let (proofs, has_factor) = (change.proofs, change.methods > 0);
    let (customer, desk) = (change.customer.clone(), change.help_desk.clone());
    let of_the_factor: Outcome = Signal::derive(move || match outcome.get()? {
        Ok(PasswordOutcome::Proof(proof)) => Some(Ok(proof)),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    });
    let wrong = Signal::derive(move || {
        (outcome.get() == Some(Ok(PasswordOutcome::WrongPassword)))
            .then(|| td_string!(locale(), security.password.wrong).to_owned())
    });
    let weak = Signal::derive(move || match outcome.get() {
        Some(Ok(PasswordOutcome::Weak(weakness))) => Some(weakness_words(weakness)),
        _ => None,
    });
    view! {
        <CalmShell customer help_desk=help_desk(desk)>
            <h1>{td_string!(locale(), security.password.title)}</h1>
            <p class="lead">{td_string!(locale(), security.password.lead)}</p>
            {refusal(move || refused(of_the_factor.get()?))}
            <ActionForm action attr:class="form">
                // For those who keep passwords for people: under which name to keep the new one. It is not sent.
                <input type="email" value=address autocomplete="username" readonly=true hidden=true/>
                <PasswordField
                    name="old"
                    label=td_string!(locale(), security.password.old)
                    show=td_string!(locale(), common.show)
                    hide=td_string!(locale(), common.hide)
                    autocomplete="current-password"
                    error=wrong
                />
                <PasswordField
                    name="new"
                    label=td_string!(locale(), security.password.new)
                    show=td_string!(locale(), common.show)
                    hide=td_string!(locale(), common.hide)
                    autocomplete="new-password"
                    hint=td_string!(locale(), invitation.hint, least = shortest)
                    error=weak
                />
                {move || has_factor.then(|| factor_field(backup.get(), of_the_factor, proofs))}
                <SubmitButton look=Look::Primary wide=true pending=action.pending()>
                    {td_string!(locale(), security.password.button)}
                </SubmitButton>
            </ActionForm>
            {move || has_factor.then(|| other_way(backup.get(), "/security/password", &change))}
            {back()}
        </CalmShell>
    }
    .into_any()
}
