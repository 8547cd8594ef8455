//! `/recover/{token}`: a recovery link. Opening it changes nothing; the password takes it further.

use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::api::{Opened, Prove, ProveCaller, ProveOutcome, open};
use crate::domain::sign_in::Purpose;
use crate::features::session::api::ApiError;
use crate::features::session::calm::{calm, failed, help_desk, refusal, steps};
use crate::features::session::flash::{left_by, outcome};
use crate::ui::{CalmShell, CodeField, Glyph, Icon, Look, PasswordField, SubmitButton, clock, is_same_day, minute};
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
    let by_caller = ServerAction::<ProveCaller>::new();
    let of_caller = self::outcome(by_caller, left_by::<ProveOutcome>("recovery_caller").map(|left| left.outcome));
    // The link may die while its page is open.
    let is_dead = |outcome: Outcome| outcome.get() == Some(Ok(ProveOutcome::Dead));
    let died = Memo::new(move |_| is_dead(outcome) || is_dead(of_caller));
    calm(opened, move |opened| {
        if let Some(opened) = opened {
            let page = move || {
                if died.get() {
                    dead()
                } else {
                    live(opened.clone(), token.get(), (action, outcome), (by_caller, of_caller))
                }
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

fn live(
    opened: Opened,
    token: String,
    (action, outcome): (ServerAction<Prove>, Outcome),
    by_caller: (ServerAction<ProveCaller>, Outcome),
) -> AnyView {
    let Opened { customer, help_desk: desk, reset_at, takes_caller_code, now } = opened;
    let wrong = Signal::derive(move || {
        (outcome.get() == Some(Ok(ProveOutcome::Wrong))).then(|| td_string!(locale(), recovery.wrong).to_owned())
    });
    let today = is_same_day(reset_at, now);
    let lead = if today {
        td_string!(locale(), recovery.lead_today, time = clock(reset_at))
    } else {
        td_string!(locale(), recovery.lead_date, date = minute(reset_at))
    };
    let forgot = if takes_caller_code {
        with_code(token.clone(), by_caller)
    } else {
        fold(td_string!(locale(), recovery.forgot), td_string!(locale(), recovery.forgot_lead))
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
            {refusal(move || failure(outcome.get()?))}
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
                {forgot}
                {fold(td_string!(locale(), recovery.not_me), td_string!(locale(), recovery.not_me_lead))}
            </div>
        </CalmShell>
    }
    .into_any()
}

/// What is said above a form.
fn failure(outcome: Result<ProveOutcome, ApiError>) -> Option<(String, String)> {
    match outcome {
        Ok(ProveOutcome::Busy) => Some(failed(ApiError::Busy)),
        Ok(ProveOutcome::ByMail) => Some((
            td_string!(locale(), recovery.by_mail).to_owned(),
            td_string!(locale(), recovery.by_mail_lead).to_owned(),
        )),
        Ok(_) => None,
        Err(error) => Some(failed(error)),
    }
}

/// The other proof: what the help desk read out. It stands open where something is wrong with what was typed.
fn with_code(token: String, (action, outcome): (ServerAction<ProveCaller>, Outcome)) -> AnyView {
    let error = Signal::derive(move || match outcome.get() {
        Some(Ok(ProveOutcome::Malformed)) => Some(td_string!(locale(), recovery.caller.malformed).to_owned()),
        Some(Ok(ProveOutcome::Wrong)) => Some(td_string!(locale(), recovery.caller.wrong).to_owned()),
        _ => None,
    });
    view! {
        <details class="fold" open=move || outcome.get().is_some()>
            <summary>{td_string!(locale(), recovery.caller.title)}</summary>
            <p>{td_string!(locale(), recovery.caller.lead)}</p>
            {refusal(move || failure(outcome.get()?))}
            <ActionForm action attr:class="form">
                <input type="hidden" name="token" value=token/>
                <CodeField name="code" label=td_string!(locale(), recovery.caller.label) places=8 error/>
                <SubmitButton wide=true pending=action.pending()>{td_string!(locale(), common.go_on)}</SubmitButton>
            </ActionForm>
        </details>
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
