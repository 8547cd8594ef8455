//! `/security/address`: another address. And how it stands, on `/security`.

use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;

use super::address_api::{AddressOutcome, AskForAddress};
use super::api::{ChangePage, OwnAddress, show_change};
use super::parts::{Outcome, back, factor_field, other_way, refused, with_backup};
use crate::features::session::api::ApiError;
use crate::features::session::calm::{calm, help_desk, refusal};
use crate::features::session::flash::{left_by, outcome};
use crate::ui::{Banner, CalmShell, Glyph, Icon, Look, SubmitButton, TextField, Tone, minute};
use crate::words::{locale, td_string};

type Asked = Signal<Option<Result<AddressOutcome, ApiError>>>;

/// Asks for another address, with a fresh second factor.
#[component]
pub fn AddressPage() -> impl IntoView {
    let page = Resource::new(|| (), |()| show_change(None));
    let action = ServerAction::<AskForAddress>::new();
    let left = left_by::<AddressOutcome>("address");
    let typed = left.as_ref().map(|left| left.typed("address")).unwrap_or_default();
    let outcome = outcome(action, left.map(|left| left.outcome));
    let backup = with_backup();
    let page_view = move |page: ChangePage| form(page, typed.clone(), action, outcome, backup);
    view! { <Title text=td_string!(locale(), addresses.ask.title)/> {calm(page, page_view)} }
}

fn form(
    page: ChangePage,
    typed: String,
    action: ServerAction<AskForAddress>,
    outcome: Asked,
    backup: Memo<bool>,
) -> AnyView {
    let proofs = page.proofs;
    let (customer, desk) = (page.customer.clone(), page.help_desk.clone());
    let of_the_factor: Outcome = Signal::derive(move || match outcome.get()? {
        Ok(AddressOutcome::Proof(proof)) => Some(Ok(proof)),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    });
    let wrong = Signal::derive(move || match outcome.get() {
        Some(Ok(AddressOutcome::Malformed)) => Some(td_string!(locale(), addresses.ask.malformed).to_owned()),
        Some(Ok(AddressOutcome::Same)) => Some(td_string!(locale(), addresses.ask.same).to_owned()),
        _ => None,
    });
    let above = move || match outcome.get()? {
        Ok(AddressOutcome::TooMany) => Some((
            td_string!(locale(), addresses.ask.many).to_owned(),
            td_string!(locale(), addresses.ask.many_lead).to_owned(),
        )),
        _ => refused(of_the_factor.get()?),
    };
    let inside = if page.methods == 0 {
        view! {
            <Banner tone=Tone::Warn fact=td_string!(locale(), security.codes.none)>
                {td_string!(locale(), addresses.ask.no_factor)}
            </Banner>
            <a class="button primary wide" href="/security/add">{td_string!(locale(), security.first.title)}</a>
        }
        .into_any()
    } else {
        view! {
            <p class="lead">{td_string!(locale(), addresses.ask.lead)}</p>
            {refusal(above)}
            <ActionForm action attr:class="form">
                <TextField
                    name="address"
                    label=td_string!(locale(), addresses.ask.label)
                    value=typed
                    inputmode="email"
                    autocomplete="email"
                    required=true
                    error=wrong
                />
                {move || factor_field(backup.get(), of_the_factor, proofs)}
                <SubmitButton look=Look::Primary wide=true pending=action.pending()>
                    {td_string!(locale(), addresses.ask.button)}
                </SubmitButton>
            </ActionForm>
            <p class="note">{td_string!(locale(), addresses.ask.undo)}</p>
            {move || other_way(backup.get(), "/security/address", &page)}
        }
        .into_any()
    };
    view! {
        <CalmShell customer help_desk=help_desk(desk)>
            <h1>{td_string!(locale(), addresses.ask.title)}</h1>
            {inside}
            {back()}
        </CalmShell>
    }
    .into_any()
}

/// How one's own address stands.
pub fn address_section(own: OwnAddress) -> AnyView {
    let waiting = own.waiting.map(|(address, until)| {
        let words = td_string!(locale(), addresses.own.waits, moment = minute(until));
        view! {
            <div><dt>{td_string!(locale(), addresses.own.asked)}</dt><dd><bdi>{address}</bdi>" "<span class="note">{words}</span></dd></div>
        }
    });
    view! {
        <div class="head">
            <h2>{td_string!(locale(), addresses.own.title)}</h2>
            <a class="button" href="/security/address"><Icon of=Glyph::Mail/>{td_string!(locale(), addresses.own.change)}</a>
        </div>
        <dl class="facts">
            <div><dt>{td_string!(locale(), addresses.own.address)}</dt><dd><bdi>{own.address}</bdi></dd></div>
            {waiting}
        </dl>
    }
    .into_any()
}
