//! `/security/add/passkey`: one more passkey or security key.

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast as _;
use leptos::web_sys::HtmlInputElement;
use leptos_meta::Title;

use super::api::{ChangePage, Proof, show_change};
use super::parts::{Outcome, back, refused};
use super::passkey_api::{AddPasskey, ask_new_passkey};
use crate::domain::method::LONGEST_NAME;
use crate::domain::sign_in::Purpose;
use crate::features::session::calm::{calm, help_desk, refusal, steps};
use crate::features::sign_in::page::key_words;
use crate::ui::{Asking, CalmShell, KeyButton, KeyQuestion, Look, TextField};
use crate::words::{locale, td_string};

/// A name, and the key itself.
#[component]
pub fn PasskeyPage() -> impl IntoView {
    let page = Resource::new(|| (), |()| show_change(None));
    let action = ServerAction::<AddPasskey>::new();
    let outcome: Outcome = Signal::derive(move || action.value().get());
    view! {
        <Title text=td_string!(locale(), security.passkey.title)/>
        {calm(page, move |page| new_key(page, action, outcome))}
    }
}

const ASK: Asking = || {
    Box::pin(async {
        let question = ask_new_passkey().await.ok().flatten()?;
        Some(KeyQuestion { carry: String::new(), question })
    })
};

fn new_key(page: ChangePage, action: ServerAction<AddPasskey>, outcome: Outcome) -> AnyView {
    let wrong = move || match outcome.get()? {
        Ok(Proof::Wrong) => Some((td_string!(locale(), security.passkey.wrong).to_owned(), String::new())),
        other => refused(other),
    };
    let words = key_words(td_string!(locale(), security.passkey.button), td_string!(locale(), security.over));
    let then = move |(_, answer)| {
        action.dispatch(AddPasskey { answer, name: typed_name() });
    };
    view! {
        <CalmShell customer=page.customer steps=steps(Purpose::AddMethod, 2) help_desk=help_desk(page.help_desk)>
            <h1>{td_string!(locale(), security.passkey.title)}</h1>
            <p class="lead">{td_string!(locale(), security.passkey.lead)}</p>
            <p>{td_string!(locale(), security.passkey.how)}</p>
            {refusal(wrong)}
            <div class="form">
                <TextField
                    name="name"
                    label=td_string!(locale(), security.key.name)
                    note=td_string!(locale(), security.key.name_note)
                    hint=td_string!(locale(), security.key.name_hint)
                    autocomplete="off"
                />
                <KeyButton words new=true ask=ASK then=Callback::new(then) pending=action.pending() look=Look::Primary wide=true/>
            </div>
            {back()}
        </CalmShell>
    }
    .into_any()
}

/// The key is made before its name is sent, so a name that is too long is cut rather than refused.
fn typed_name() -> String {
    let field = document().get_element_by_id("name").and_then(|field| field.dyn_into::<HtmlInputElement>().ok());
    field.map(|field| field.value().chars().take(LONGEST_NAME).collect()).unwrap_or_default()
}
