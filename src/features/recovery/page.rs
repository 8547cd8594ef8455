//! `/recover/{token}`: a recovery link. Opening it changes nothing; the password takes it further.

use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::api::{Opened, Prove, ProveOutcome, open};
use crate::domain::sign_in::Purpose;
use crate::features::session::api::ApiError;
use crate::features::session::calm::{calm, failed, help_desk, refusal, steps};
use crate::features::session::flash::{left_by, outcome};
use crate::ui::{CalmShell, Glyph, Icon, Look, PasswordField, SubmitButton, clock, is_same_day, minute};
use crate::words::{locale, td_string};

type Outcome = Signal<Option<Result<ProveOutcome, ApiError>>>;

/// A recovery link.
#[component]
pub fn RecoverPage() -> impl IntoView {
    let params = use_params_map();
    let token = Memo::new(move |_| params.read().get("token").unwrap_or_default());
    let opened = Resource::new(move || token.get(), open);
    let action = ServerAction::<Prove>::new();
    let outcome = outcome(action, left_by::<ProveOutcome>("recovery").map(|left| left.outcome));
    // The link may die while its page is open.
    let died = Memo::new(move |_| outcome.get() == Some(Ok(ProveOutcome::Dead)));
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

fn live(opened: Opened, token: String, action: ServerAction<Prove>, outcome: Outcome) -> AnyView {
    let Opened { customer, help_desk: desk, reset_at, now } = opened;
    let wrong = Signal::derive(move || {
        (outcome.get() == Some(Ok(ProveOutcome::Wrong))).then(|| td_string!(locale(), recovery.wrong).to_owned())
    });
    let failure = move || match outcome.get()? {
        Ok(ProveOutcome::Busy) => Some(failed(ApiError::Busy)),
        Ok(_) => None,
        Err(error) => Some(failed(error)),
    };
    let today = is_same_day(reset_at, now);
    let lead = if today {
        td_string!(locale(), recovery.lead_today, time = clock(reset_at))
    } else {
        td_string!(locale(), recovery.lead_date, date = minute(reset_at))
    };
    view! {
        <Title text=td_string!(locale(), recovery.title)/>
        <CalmShell customer steps=steps(Purpose::Recovery, 1) help_desk=help_desk(desk)>
            <h1>{td_string!(locale(), recovery.heading)}</h1>
            <p class="lead">{lead}</p>
            <ul class="points">
                <li><Icon of=Glyph::Lock/>{td_string!(locale(), recovery.point_password)}</li>
                <li><Icon of=Glyph::Device/>{td_string!(locale(), recovery.point_app)}</li>
                <li><Icon of=Glyph::Key/>{td_string!(locale(), recovery.point_codes)}</li>
            </ul>
            {refusal(failure)}
            <ActionForm action attr:class="form">
                <input type="hidden" name="token" value=token/>
                <PasswordField
                    name="password"
                    label=td_string!(locale(), recovery.password)
                    show=td_string!(locale(), common.show)
                    hide=td_string!(locale(), common.hide)
                    error=wrong
                />
                <SubmitButton look=Look::Primary wide=true pending=action.pending()>
                    {td_string!(locale(), common.go_on)}
                </SubmitButton>
            </ActionForm>
            <div>
                {fold(td_string!(locale(), recovery.forgot), td_string!(locale(), recovery.forgot_lead))}
                {fold(td_string!(locale(), recovery.not_me), td_string!(locale(), recovery.not_me_lead))}
            </div>
        </CalmShell>
    }
    .into_any()
}

fn fold(summary: &'static str, text: &'static str) -> AnyView {
    view! { <details class="fold"><summary>{summary}</summary><p>{text}</p></details> }.into_any()
}

/// The same for every link that does not work, whatever the reason; it names nobody.
fn dead() -> AnyView {
    let title = td_string!(locale(), recovery.dead.title);
    view! {
        <Title text=title/>
        <CalmShell>
            <h1>{title}</h1>
            <p class="lead">{td_string!(locale(), recovery.dead.lead)}</p>
            <a class="button primary wide" href="/sign-in">{td_string!(locale(), common.sign_in)}</a>
            <p class="note">{td_string!(locale(), recovery.dead.after)}</p>
            <hr/>
            <section>
                <h2>{td_string!(locale(), recovery.dead.forgot)}</h2>
                <p class="lead">{td_string!(locale(), recovery.dead.forgot_lead)}</p>
            </section>
        </CalmShell>
    }
    .into_any()
}
