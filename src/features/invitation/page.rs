//! `/invitation/{token}`: an invitation. Opening it changes nothing; a password takes it further. `/invitation`: the account
//! is there, and a second factor may follow.

use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::api::{Accept, AcceptOutcome, Opened, open};
use crate::domain::password::Weakness;
use crate::domain::sign_in::Purpose;
use crate::features::session::api::ApiError;
use crate::features::session::calm::{apart, calm, failed, help_desk, kept_under, refusal, steps};
use crate::features::session::flash::{left_by, outcome};
use crate::ui::{CalmShell, Glyph, Icon, Look, PasswordField, SubmitButton, minute};
use crate::words::{locale, td_string};

type Outcome = Signal<Option<Result<AcceptOutcome, ApiError>>>;

/// An invitation.
#[component]
pub fn InvitationPage() -> impl IntoView {
    let params = use_params_map();
    let token = Memo::new(move |_| params.read().get("token").unwrap_or_default());
    let opened = Resource::new(move || token.get(), open);
    let action = ServerAction::<Accept>::new();
    let outcome = outcome(action, left_by::<AcceptOutcome>("invitation").map(|left| left.outcome));
    // The link may die while its page is open.
    let died = Memo::new(move |_| outcome.get() == Some(Ok(AcceptOutcome::Dead)));
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

fn live(opened: Opened, token: String, action: ServerAction<Accept>, outcome: Outcome) -> AnyView {
    let Opened { customer, help_desk: desk, address, mfa_required, shortest, expires_at } = opened;
    let weak = Signal::derive(move || match outcome.get() {
        Some(Ok(AcceptOutcome::Weak(weakness))) => Some(weakness_words(weakness)),
        _ => None,
    });
    let failure = move || match outcome.get()? {
        Ok(AcceptOutcome::Busy) => Some(failed(ApiError::Busy)),
        Ok(_) => None,
        Err(error) => Some(failed(error)),
    };
    let app = if mfa_required {
        td_string!(locale(), invitation.point_app)
    } else {
        td_string!(locale(), invitation.point_app_optional)
    };
    let title = td_string!(locale(), invitation.title);
    view! {
        <Title text=title/>
        <CalmShell customer=customer.clone() steps=steps(Purpose::Invitation, 1) help_desk=help_desk(desk)>
            <h1>{title}</h1>
            <p class="lead">{td_string!(locale(), invitation.lead, customer = apart(&customer))}</p>
            <ul class="points">
                <li><Icon of=Glyph::Lock/>{td_string!(locale(), invitation.point_password)}</li>
                <li><Icon of=Glyph::Device/>{app}</li>
                <li><Icon of=Glyph::Key/>{td_string!(locale(), invitation.point_codes)}</li>
            </ul>
            {refusal(failure)}
            <ActionForm action attr:class="form">
                <input type="hidden" name="token" value=token/>
                {kept_under(address)}
                <PasswordField
                    name="password"
                    label=td_string!(locale(), invitation.password)
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
            <p class="note">{td_string!(locale(), invitation.until, moment = minute(expires_at))}</p>
            <details class="fold">
                <summary>{td_string!(locale(), invitation.not_me)}</summary>
                <p>{td_string!(locale(), invitation.not_me_lead)}</p>
            </details>
        </CalmShell>
    }
    .into_any()
}

/// Why a password is not taken, and what would be.
#[must_use]
pub fn weakness_words(weakness: Weakness) -> String {
    match weakness {
        Weakness::Short(least) => td_string!(locale(), invitation.short, least = least),
        Weakness::Long(most) => td_string!(locale(), invitation.long, most = most),
        Weakness::Common => td_string!(locale(), invitation.common).to_owned(),
        Weakness::Yourself => td_string!(locale(), invitation.yourself).to_owned(),
    }
}

/// The same for every invitation that does not work, whatever the reason; it names nobody.
fn dead() -> AnyView {
    let title = td_string!(locale(), invitation.dead.title);
    view! {
        <Title text=title/>
        <CalmShell>
            <h1>{title}</h1>
            <p class="lead">{td_string!(locale(), invitation.dead.lead)}</p>
            <a class="button primary wide" href="/sign-in">{td_string!(locale(), common.sign_in)}</a>
            <p class="note">{td_string!(locale(), invitation.dead.after)}</p>
        </CalmShell>
    }
    .into_any()
}

/// The account is active without a second factor: one is offered, and need not be.
#[component]
pub fn WelcomePage() -> impl IntoView {
    let title = td_string!(locale(), invitation.welcome.title);
    view! {
        <Title text=title/>
        <CalmShell>
            <p class="done"><Icon of=Glyph::Check/></p>
            <h1>{title}</h1>
            <p class="lead">{td_string!(locale(), invitation.welcome.lead)}</p>
            <a class="button primary wide" href="/set-up">{td_string!(locale(), invitation.welcome.set_up)}</a>
            <p class="note">{td_string!(locale(), invitation.welcome.why)}</p>
            <a class="button wide" href="/sign-in">{td_string!(locale(), invitation.welcome.later)}</a>
        </CalmShell>
    }
    .into_any()
}
