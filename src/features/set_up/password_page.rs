//! `/set-up/password`: a new password, of somebody whom a caller code let in.

use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;

use super::api::{ChoosePassword, PasswordOutcome, PasswordShown, Whose, for_password};
use crate::features::invitation::page::weakness_words;
use crate::features::session::api::ApiError;
use crate::features::session::calm::{calm, failed, help_desk, kept_under, on_the_way, refusal, steps};
use crate::features::session::flash::{left_by, outcome};
use crate::ui::{CalmShell, Look, PasswordField, SubmitButton};
use crate::words::{locale, td_string};

/// A new password.
#[component]
pub fn NewPasswordPage() -> impl IntoView {
    let shown = Resource::new(|| (), |()| for_password());
    let action = ServerAction::<ChoosePassword>::new();
    let outcome = outcome(action, left_by::<PasswordOutcome>("new_password").map(|left| left.outcome));
    let title = td_string!(locale(), set_up.password.title);
    let page = move |shown: Option<PasswordShown>| {
        let Some(PasswordShown { whose, shortest }) = shown else {
            return on_the_way();
        };
        let Whose { customer, help_desk: desk, address, purpose, .. } = whose;
        let weak = Signal::derive(move || match outcome.get() {
            Some(Ok(PasswordOutcome::Weak(weakness))) => Some(weakness_words(weakness)),
            _ => None,
        });
        let failure = move || match outcome.get()? {
            Ok(PasswordOutcome::Busy) => Some(failed(ApiError::Busy)),
            Ok(_) => None,
            Err(error) => Some(failed(error)),
        };
        view! {
            <CalmShell customer steps=steps(purpose, 1) help_desk=help_desk(desk)>
                <h1>{title}</h1>
                <p class="lead">{td_string!(locale(), set_up.password.lead)}</p>
                {refusal(failure)}
                <ActionForm action attr:class="form">
                    {kept_under(address)}
                    <PasswordField
                        name="password"
                        label=td_string!(locale(), set_up.password.label)
                        show=td_string!(locale(), common.show)
                        hide=td_string!(locale(), common.hide)
                        autocomplete="new-password"
                        hint=td_string!(locale(), invitation.hint, least = shortest)
                        error=weak
                    />
                    <SubmitButton look=Look::Primary wide=true pending=action.pending()>
                        {td_string!(locale(), common.go_on)}
                    </SubmitButton>
                </ActionForm>
                <p class="note">{td_string!(locale(), set_up.password.when)}</p>
            </CalmShell>
        }
        .into_any()
    };
    view! { <Title text=title/> {calm(shown, page)} }
}
