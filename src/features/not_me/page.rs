//! `/not-me/{token}`: "this was not me". Opening it changes nothing; only its button does.

use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::api::{Opened, Say, SayOutcome, open};
use crate::features::session::api::ApiError;
use crate::features::session::calm::{calm, failed, help_desk, refusal};
use crate::features::session::flash::{left_by, outcome};
use crate::ui::{Banner, CalmShell, Glyph, Icon, Look, SubmitButton, Tone, minute};
use crate::words::{locale, mail_about, td_string};

type Outcome = Signal<Option<Result<SayOutcome, ApiError>>>;

/// "This was not me".
#[component]
pub fn NotMePage() -> impl IntoView {
    let params = use_params_map();
    let token = Memo::new(move |_| params.read().get("token").unwrap_or_default());
    let opened = Resource::new(move || token.get(), open);
    let action = ServerAction::<Say>::new();
    let outcome = outcome(action, left_by::<SayOutcome>("not_me").map(|left| left.outcome));
    let said = Memo::new(move |_| outcome.get().and_then(Result::ok));
    calm(opened, move |opened| {
        let Some(opened) = opened else {
            #[cfg(feature = "ssr")]
            if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
                response.set_status(axum::http::StatusCode::NOT_FOUND);
            }
            return dead();
        };
        let page = move || match said.get() {
            None => ask(opened.clone(), token.get(), action, outcome),
            Some(SayOutcome::Frozen) => frozen(opened.clone()),
            // The link may become too old while its page is open.
            Some(SayOutcome::Dead) => dead(),
        };
        page.into_any()
    })
}

fn ask(opened: Opened, token: String, action: ServerAction<Say>, outcome: Outcome) -> AnyView {
    let Opened { customer, help_desk: desk, notice, written_at } = opened;
    let title = td_string!(locale(), not_me.title);
    let about = mail_about(locale(), &notice);
    view! {
        <Title text=title/>
        <CalmShell customer help_desk=help_desk(desk)>
            <h1>{title}</h1>
            <p class="lead">{td_string!(locale(), not_me.lead, about = about, moment = minute(written_at))}</p>
            <ul class="points">
                <li><Icon of=Glyph::Lock/>{td_string!(locale(), not_me.point_nobody)}</li>
                <li><Icon of=Glyph::Users/>{td_string!(locale(), not_me.point_owners)}</li>
                <li><Icon of=Glyph::Phone/>{td_string!(locale(), not_me.point_back)}</li>
            </ul>
            {refusal(move || outcome.get().and_then(Result::err).map(failed))}
            <ActionForm action attr:class="form">
                <input type="hidden" name="token" value=token/>
                <SubmitButton look=Look::Red wide=true pending=action.pending()>
                    {td_string!(locale(), not_me.say)}
                </SubmitButton>
            </ActionForm>
            <p class="note">{td_string!(locale(), not_me.was_me)}</p>
        </CalmShell>
    }
    .into_any()
}

fn frozen(opened: Opened) -> AnyView {
    let Opened { customer, help_desk: desk, .. } = opened;
    let title = td_string!(locale(), not_me.done.title);
    let call =
        if desk.is_some() { td_string!(locale(), not_me.done.desk) } else { td_string!(locale(), not_me.done.nobody) };
    view! {
        <Title text=title/>
        <CalmShell customer help_desk=help_desk(desk)>
            <h1>{title}</h1>
            <Banner tone=Tone::Ok fact=td_string!(locale(), not_me.done.fact) icon=Glyph::Lock alert=true>
                {td_string!(locale(), not_me.done.lead)}
            </Banner>
            <ul class="points">
                <li><Icon of=Glyph::Phone/>{call}</li>
                <li><Icon of=Glyph::Mail/>{td_string!(locale(), not_me.done.mail)}</li>
                <li><Icon of=Glyph::Key/>{td_string!(locale(), not_me.done.elsewhere)}</li>
            </ul>
        </CalmShell>
    }
    .into_any()
}

/// The same for every link that is of no notice, or too old; it names nobody.
fn dead() -> AnyView {
    let title = td_string!(locale(), not_me.dead.title);
    view! {
        <Title text=title/>
        <CalmShell>
            <h1>{title}</h1>
            <p class="lead">{td_string!(locale(), not_me.dead.lead)}</p>
            <a class="button primary wide" href="/sign-in">{td_string!(locale(), common.sign_in)}</a>
            <p class="note">{td_string!(locale(), not_me.dead.after)}</p>
        </CalmShell>
    }
    .into_any()
}
