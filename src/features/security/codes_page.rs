//! `/security/codes/new`, `/security/codes` and its print sheet: ten new backup codes.

use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;

use super::api::{ChangePage, Proof, show_change};
use super::codes_api::{MakeCodes, NewCodes, SaveCodes, show_codes};
use super::parts::{Outcome, back, error, factor_field, other_way, refused, with_backup};
use crate::features::session::calm::{calm, help_desk, on_the_way, refusal};
use crate::features::session::flash::{left_by, outcome};
use crate::features::set_up::page::{codes_to_keep, sheet};
use crate::ui::{Banner, CalmShell, Look, SubmitButton, TextField, Tone};
use crate::words::{locale, td_string};

/// Where the new codes are shown.
const CODES: &str = "/security/codes";

/// Makes new codes, after a fresh second factor.
#[component]
pub fn MakeCodesPage() -> impl IntoView {
    let page = Resource::new(|| (), |()| show_change(None));
    let action = ServerAction::<MakeCodes>::new();
    let outcome = outcome(action, left_by::<Proof>("make_codes").map(|left| left.outcome));
    let backup = with_backup();
    let page_view = move |page: ChangePage| ask(page, action, outcome, backup);
    view! { <Title text=td_string!(locale(), security.codes.title)/> {calm(page, page_view)} }
}

fn ask(page: ChangePage, action: ServerAction<MakeCodes>, outcome: Outcome, backup: Memo<bool>) -> AnyView {
    let proofs = page.proofs;
    let (customer, desk) = (page.customer.clone(), page.help_desk.clone());
    let inside = if page.methods == 0 {
        view! {
            <Banner tone=Tone::Warn fact=td_string!(locale(), security.codes.none)>
                {td_string!(locale(), security.codes.none_lead)}
            </Banner>
            <a class="button primary wide" href="/security/add">{td_string!(locale(), security.first.title)}</a>
        }
        .into_any()
    } else {
        view! {
            <p class="lead">{td_string!(locale(), security.codes.lead)}" "{td_string!(locale(), security.remove.ends)}</p>
            {refusal(move || refused(outcome.get()?))}
            <ActionForm action attr:class="form">
                {move || factor_field(backup.get(), outcome, proofs)}
                <SubmitButton look=Look::Primary wide=true pending=action.pending()>
                    {td_string!(locale(), security.codes.button)}
                </SubmitButton>
            </ActionForm>
            {move || other_way(backup.get(), "/security/codes/new", &page)}
        }
        .into_any()
    };
    view! {
        <CalmShell customer help_desk=help_desk(desk)>
            <h1>{td_string!(locale(), security.codes.title)}</h1>
            {inside}
            {back()}
        </CalmShell>
    }
    .into_any()
}

/// The ten codes, of which one is to be typed back.
#[component]
pub fn NewCodesPage() -> impl IntoView {
    let shown = Resource::new(|| (), |()| show_codes());
    let action = ServerAction::<SaveCodes>::new();
    let outcome = outcome(action, left_by::<Proof>("save_codes").map(|left| left.outcome));
    let page = move |shown: Option<NewCodes>| match shown {
        Some(shown) => keep(shown, action, outcome),
        None => on_the_way(),
    };
    view! { <Title text=td_string!(locale(), set_up.codes.title)/> {calm(shown, page)} }
}

fn keep(shown: NewCodes, action: ServerAction<SaveCodes>, outcome: Outcome) -> AnyView {
    let NewCodes { customer, help_desk: desk, codes, .. } = shown;
    let is_gone = codes.is_none();
    let top = match codes {
        Some(codes) => view! {
            <h1>{td_string!(locale(), set_up.codes.title)}</h1>
            <p class="lead">{td_string!(locale(), security.codes.keep_lead)}</p>
            {codes_to_keep(&codes, CODES)}
        }
        .into_any(),
        None => view! {
            <h1>{td_string!(locale(), set_up.gone.title)}</h1>
            <p class="lead">{td_string!(locale(), security.codes.gone_lead)}</p>
            <p>{td_string!(locale(), set_up.gone.have)}</p>
        }
        .into_any(),
    };
    let label = if is_gone { td_string!(locale(), set_up.gone.label) } else { td_string!(locale(), set_up.codes.back) };
    let error =
        error(outcome, td_string!(locale(), common.not_a_backup_code), td_string!(locale(), set_up.codes.wrong));
    let lost = is_gone.then(|| {
        view! {
            <hr/>
            <section>
                <h2>{td_string!(locale(), set_up.gone.lost)}</h2>
                <p class="lead">{td_string!(locale(), security.codes.lost_lead)}</p>
                <a class="button wide" href="/security/codes/new">{td_string!(locale(), security.codes.title)}</a>
            </section>
        }
    });
    view! {
        <CalmShell customer help_desk=help_desk(desk)>
            {top}
            {refusal(move || refused(outcome.get()?))}
            <ActionForm action attr:class="form">
                <TextField
                    name="code"
                    label
                    hint=td_string!(locale(), set_up.codes.back_hint)
                    error
                    mono=true
                    autocomplete="off"
                    required=true
                />
                <SubmitButton look=Look::Primary wide=true pending=action.pending()>
                    {td_string!(locale(), set_up.codes.finish)}
                </SubmitButton>
            </ActionForm>
            {lost}
            {back()}
        </CalmShell>
    }
    .into_any()
}

/// The codes as a sheet of paper.
#[component]
pub fn CodesPrintPage() -> impl IntoView {
    let shown = Resource::new(|| (), |()| show_codes());
    let page = |shown: Option<NewCodes>| match shown {
        Some(NewCodes { customer, help_desk, address, codes: Some(codes), now }) => {
            sheet(customer, address, help_desk, &codes, now, CODES)
        }
        // Nothing to print: the page of the codes says why.
        Some(_) => view! { <leptos_router::components::Redirect path=CODES/> }.into_any(),
        None => on_the_way(),
    };
    view! { <Title text=td_string!(locale(), set_up.sheet.title)/> {calm(shown, page)} }
}
