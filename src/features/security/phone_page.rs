//! `/security/add/phone`: one more phone number, and the code that proves that it is one's own.

use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::api::Proof;
use super::parts::{Outcome, back, error, refused};
use super::phone_api::{AddPhone, NewPhonePage, NumberOutcome, show_new_phone};
use crate::domain::sign_in::Purpose;
use crate::features::session::calm::{apart, calm, help_desk, on_the_way, refusal, steps};
use crate::features::session::flash::{left_by, outcome};
use crate::features::sign_in::api::SentTo;
use crate::features::sign_in::phone_form::not_sent;
use crate::ui::{CalmShell, CodeField, Look, SelectField, SubmitButton, TextField, clock};
use crate::words::{locale, td_string};

/// The number; once a code is on its way to it, the code.
#[component]
pub fn NewPhonePage() -> impl IntoView {
    let shown = Resource::new(|| (), |()| show_new_phone());
    let query = use_query_map();
    let other = Memo::new(move |_| query.read().get("other").is_some());
    let action = ServerAction::<AddPhone>::new();
    let left = left_by::<Proof>("add_phone");
    let named = left.as_ref().map(|left| left.typed("name")).unwrap_or_default();
    let outcome = outcome(action, left.map(|left| left.outcome));
    let typed = left_by::<NumberOutcome>("phone");
    let typed = typed.map(|left| (left.typed("country"), left.typed("number"), left.outcome));
    let page = move |shown: Option<NewPhonePage>| match shown {
        None => on_the_way(),
        Some(mut page) => match page.sent.take() {
            Some(sent) if !other.get() => code(page, sent, named.clone(), action, outcome),
            sent => number(page, sent.is_some(), typed.clone()),
        },
    };
    view! { <Title text=td_string!(locale(), security.phone.title)/> {calm(shown, page)} }
}

fn number(page: NewPhonePage, is_other: bool, typed: Option<(String, String, NumberOutcome)>) -> AnyView {
    let NewPhonePage { customer, help_desk: desk, countries, .. } = page;
    let (country, number, left) =
        typed.map_or_else(Default::default, |(country, number, left)| (country, number, Some(left)));
    let wrong = match left {
        Some(NumberOutcome::NotANumber) => Some(td_string!(locale(), security.phone.malformed).to_owned()),
        Some(NumberOutcome::NotAMobile) => Some(td_string!(locale(), security.phone.no_mobile).to_owned()),
        Some(NumberOutcome::Known) => Some(td_string!(locale(), security.phone.known).to_owned()),
        _ => None,
    };
    let above = match left {
        Some(NumberOutcome::Sending(outcome)) => not_sent(&outcome),
        Some(NumberOutcome::NotAllowed) => Some((
            td_string!(locale(), security.phone.not_allowed).to_owned(),
            td_string!(locale(), security.phone.not_allowed_lead).to_owned(),
        )),
        _ => None,
    };
    let mut options = vec![(String::new(), td_string!(locale(), security.phone.choose).to_owned())];
    options.extend(countries);
    let had = is_other.then(|| {
        view! { <p class="ways"><a href="/security/add/phone">{td_string!(locale(), security.phone.had)}</a></p> }
    });
    view! {
        <CalmShell customer steps=steps(Purpose::AddMethod, 2) help_desk=help_desk(desk)>
            <h1>{td_string!(locale(), security.phone.title)}</h1>
            <p class="lead">{td_string!(locale(), security.phone.lead)}</p>
            {refusal(move || above.clone())}
            // A plain form: the page that follows shows what the server knows of the code.
            <form class="form" method="post" action="/api/security/send_code">
                <SelectField name="country" label=td_string!(locale(), security.phone.country) options value=country/>
                <TextField
                    name="number"
                    label=td_string!(locale(), security.phone.number)
                    hint=td_string!(locale(), security.phone.number_hint)
                    value=number
                    inputmode="tel"
                    autocomplete="tel"
                    required=true
                    error=wrong
                />
                <SubmitButton look=Look::Primary wide=true>{td_string!(locale(), security.phone.send)}</SubmitButton>
            </form>
            <p class="note">{td_string!(locale(), security.phone.risk)}</p>
            {had}
            {back()}
        </CalmShell>
    }
    .into_any()
}

fn code(
    page: NewPhonePage,
    SentTo { masked, until }: SentTo,
    named: String,
    action: ServerAction<AddPhone>,
    outcome: Outcome,
) -> AnyView {
    let wrong = error(outcome, td_string!(locale(), common.not_six), td_string!(locale(), sign_in.phone.wrong));
    let long = Signal::derive(move || {
        (outcome.get() == Some(Ok(Proof::LongName))).then(|| td_string!(locale(), security.key.name_long).to_owned())
    });
    view! {
        <CalmShell customer=page.customer steps=steps(Purpose::AddMethod, 2) help_desk=help_desk(page.help_desk)>
            <h1>{td_string!(locale(), security.phone.code_title)}</h1>
            <p class="lead">{td_string!(locale(), sign_in.phone.sent, number = apart(&masked), time = clock(until))}</p>
            {refusal(move || refused(outcome.get()?))}
            <ActionForm action attr:class="form">
                <CodeField name="code" label=td_string!(locale(), sign_in.code.label) error=wrong autofocus=true/>
                <TextField
                    name="name"
                    label=td_string!(locale(), security.key.name)
                    note=td_string!(locale(), security.key.name_note)
                    hint=td_string!(locale(), security.key.name_hint)
                    value=named
                    error=long
                    autocomplete="off"
                />
                <SubmitButton look=Look::Primary wide=true pending=action.pending()>
                    {td_string!(locale(), security.key.finish)}
                </SubmitButton>
            </ActionForm>
            <div>
                <p class="note">{td_string!(locale(), sign_in.phone.again)}</p>
                <p class="ways"><a href="/security/add/phone?other=1">{td_string!(locale(), security.phone.other)}</a></p>
            </div>
            {back()}
        </CalmShell>
    }
    .into_any()
}
