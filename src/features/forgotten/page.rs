//! `/forgot-password`: the address of whoever has forgotten the password. `/new-password/{token}`: the link that came by mail.
//! Opening it changes nothing.

use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::api::{Ask, AskOutcome, Opened, Set, SetOutcome, open};
use crate::features::invitation::page::weakness_words;
use crate::features::session::api::ApiError;
use crate::features::session::calm::{calm, failed, help_desk, kept_under, refusal};
use crate::features::session::flash::{left_by, outcome};
use crate::ui::{CalmShell, Glyph, Icon, Look, PasswordField, SubmitButton, TextField};
use crate::words::{locale, td_string};

/// Asks for the address.
#[component]
pub fn ForgotPasswordPage() -> impl IntoView {
    let action = ServerAction::<Ask>::new();
    let left = left_by::<AskOutcome>("forgotten");
    let typed = left.as_ref().map(|left| left.typed("address")).unwrap_or_default();
    let outcome = outcome(action, left.map(|left| left.outcome));
    let taken = Memo::new(move |_| outcome.get() == Some(Ok(AskOutcome::Taken)));
    let title = td_string!(locale(), forgotten.title);
    let form = move || {
        let typed = typed.clone();
        let error = Signal::derive(move || {
            (outcome.get() == Some(Ok(AskOutcome::Malformed)))
                .then(|| td_string!(locale(), forgotten.malformed).to_owned())
        });
        let failure = move || match outcome.get()? {
            Ok(AskOutcome::Busy) => Some(failed(ApiError::Busy)),
            Ok(AskOutcome::TooMany) => Some((
                td_string!(locale(), forgotten.many).to_owned(),
                td_string!(locale(), forgotten.many_lead).to_owned(),
            )),
            Ok(_) => None,
            Err(error) => Some(failed(error)),
        };
        view! {
            <p class="lead">{td_string!(locale(), forgotten.lead)}</p>
            {refusal(failure)}
            <ActionForm action attr:class="form">
                <TextField
                    name="address"
                    label=td_string!(locale(), forgotten.address)
                    value=typed
                    inputmode="email"
                    autocomplete="username"
                    required=true
                    error
                />
                <SubmitButton look=Look::Primary wide=true pending=action.pending()>
                    {td_string!(locale(), forgotten.send)}
                </SubmitButton>
            </ActionForm>
            <p class="note">{td_string!(locale(), forgotten.factor)}</p>
            <a class="button wide" href="/sign-in">{td_string!(locale(), forgotten.back)}</a>
        }
        .into_any()
    };
    view! {
        <Title text=title/>
        <CalmShell>
            <h1>{title}</h1>
            {move || if taken.get() { sent() } else { form() }}
        </CalmShell>
    }
}

/// The same for every address.
fn sent() -> AnyView {
    view! {
        <p class="lead" role="status">{td_string!(locale(), forgotten.sent)}</p>
        <ul class="points">
            <li><Icon of=Glyph::Mail/>{td_string!(locale(), forgotten.sent_link)}</li>
            <li><Icon of=Glyph::Search/>{td_string!(locale(), forgotten.sent_look)}</li>
            <li><Icon of=Glyph::Users/>{td_string!(locale(), forgotten.sent_desk)}</li>
        </ul>
        <a class="button primary wide" href="/sign-in">{td_string!(locale(), forgotten.back)}</a>
    }
    .into_any()
}

type Outcome = Signal<Option<Result<SetOutcome, ApiError>>>;

/// A new password at the link.
#[component]
pub fn SetPasswordPage() -> impl IntoView {
    let params = use_params_map();
    let token = Memo::new(move |_| params.read().get("token").unwrap_or_default());
    let opened = Resource::new(move || token.get(), open);
    let action = ServerAction::<Set>::new();
    let outcome = outcome(action, left_by::<SetOutcome>("set_password").map(|left| left.outcome));
    // The link may die while its page is open.
    let died = Memo::new(move |_| outcome.get() == Some(Ok(SetOutcome::Dead)));
    calm(opened, move |opened| {
        if let Some(opened) = opened {
            let page = move || {
                if died.get() { dead() } else { live(opened.clone(), token.get(), action, outcome) }
            };
            page.into_any()
        } else {
            #[cfg(feature = "ssr")]
            if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
                response.set_status(axum::http::StatusCode::NOT_FOUND);
            }
            dead()
        }
    })
}

fn live(opened: Opened, token: String, action: ServerAction<Set>, outcome: Outcome) -> AnyView {
    let Opened { customer, help_desk: desk, address, shortest } = opened;
    let weak = Signal::derive(move || match outcome.get() {
        Some(Ok(SetOutcome::Weak(weakness))) => Some(weakness_words(weakness)),
        _ => None,
    });
    let failure = move || match outcome.get()? {
        Ok(SetOutcome::Busy) => Some(failed(ApiError::Busy)),
        Ok(_) => None,
        Err(error) => Some(failed(error)),
    };
    let title = td_string!(locale(), forgotten.choose.title);
    view! {
        <Title text=title/>
        <CalmShell customer help_desk=help_desk(desk)>
            <h1>{title}</h1>
            <p class="lead">{td_string!(locale(), forgotten.choose.lead)}</p>
            {refusal(failure)}
            <ActionForm action attr:class="form">
                <input type="hidden" name="token" value=token/>
                {kept_under(address)}
                <PasswordField
                    name="password"
                    label=td_string!(locale(), forgotten.choose.label)
                    show=td_string!(locale(), common.show)
                    hide=td_string!(locale(), common.hide)
                    autocomplete="new-password"
                    hint=td_string!(locale(), invitation.hint, least = shortest)
                    error=weak
                />
                <SubmitButton look=Look::Primary wide=true pending=action.pending()>
                    {td_string!(locale(), forgotten.choose.save)}
                </SubmitButton>
            </ActionForm>
            <p class="note">{td_string!(locale(), forgotten.choose.ends)}</p>
        </CalmShell>
    }
    .into_any()
}

/// The same for every link that does not work, whatever the reason; it names nobody.
fn dead() -> AnyView {
    let title = td_string!(locale(), forgotten.dead.title);
    view! {
        <Title text=title/>
        <CalmShell>
            <h1>{title}</h1>
            <p class="lead">{td_string!(locale(), forgotten.dead.lead)}</p>
            <a class="button primary wide" href="/forgot-password">{td_string!(locale(), forgotten.dead.again)}</a>
            <a class="button wide" href="/sign-in">{td_string!(locale(), common.sign_in)}</a>
        </CalmShell>
    }
    .into_any()
}
