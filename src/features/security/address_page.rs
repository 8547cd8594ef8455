//! `/security/address`: another address. `/security/second-address` and `…/remove`: a second one. And how they stand, on
//! `/security`.

use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;

use super::address_api::{AddressOutcome, AskForAddress, RemoveSecondAddress};
use super::api::{ChangePage, OwnAddress, Proof, show_change};
use super::parts::{Outcome, back, factor_field, other_way, refused, with_backup};
use crate::domain::address::Place;
use crate::domain::time::Time as Moment;
use crate::features::session::api::ApiError;
use crate::features::session::calm::{calm, help_desk, refusal};
use crate::features::session::flash::{left_by, outcome};
use crate::ui::{Banner, CalmShell, Glyph, Icon, Look, SubmitButton, TextField, Time, Tone, minute};
use crate::words::{locale, td_string};

type Asked = Signal<Option<Result<AddressOutcome, ApiError>>>;

/// Asks for another address, with a fresh second factor.
#[component]
pub fn AddressPage() -> impl IntoView {
    asking(Place::Primary)
}

/// Asks for a second address, in the same way.
#[component]
pub fn SecondAddressPage() -> impl IntoView {
    asking(Place::Second)
}

fn asking(place: Place) -> impl IntoView {
    let page = Resource::new(|| (), |()| show_change(None));
    let action = ServerAction::<AskForAddress>::new();
    let left = left_by::<AddressOutcome>("address");
    let typed = left.as_ref().map(|left| left.typed("address")).unwrap_or_default();
    let outcome = outcome(action, left.map(|left| left.outcome));
    let backup = with_backup();
    let page_view = move |page: ChangePage| form(place, page, typed.clone(), action, outcome, backup);
    let title = match place {
        Place::Primary => td_string!(locale(), addresses.ask.title),
        Place::Second => td_string!(locale(), addresses.second.title),
    };
    view! { <Title text=title/> {calm(page, page_view)} }
}

fn form(
    place: Place,
    page: ChangePage,
    typed: String,
    action: ServerAction<AskForAddress>,
    outcome: Asked,
    backup: Memo<bool>,
) -> AnyView {
    let (title, lead, note, path) = match place {
        Place::Primary => (
            td_string!(locale(), addresses.ask.title),
            td_string!(locale(), addresses.ask.lead),
            td_string!(locale(), addresses.ask.undo),
            "/security/address",
        ),
        Place::Second => (
            td_string!(locale(), addresses.second.title),
            td_string!(locale(), addresses.second.lead),
            td_string!(locale(), addresses.second.note),
            "/security/second-address",
        ),
    };
    let is_second = (place == Place::Second).then(|| view! { <input type="hidden" name="second" value="true"/> });
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
        no_factor()
    } else {
        view! {
            <p class="lead">{lead}</p>
            {refusal(above)}
            <ActionForm action attr:class="form">
                {is_second}
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
            <p class="note">{note}</p>
            {move || other_way(backup.get(), path, &page)}
        }
        .into_any()
    };
    view! {
        <CalmShell customer help_desk=help_desk(desk)>
            <h1>{title}</h1>
            {inside}
            {back()}
        </CalmShell>
    }
    .into_any()
}

/// An address leads back into the account: nobody changes one by the password alone.
fn no_factor() -> AnyView {
    view! {
        <Banner tone=Tone::Warn fact=td_string!(locale(), security.codes.none)>
            {td_string!(locale(), addresses.ask.no_factor)}
        </Banner>
        <a class="button primary wide" href="/security/add">{td_string!(locale(), security.first.title)}</a>
    }
    .into_any()
}

/// Takes the second address away, after a fresh second factor.
#[component]
pub fn RemoveSecondAddressPage() -> impl IntoView {
    let page = Resource::new(|| (), |()| show_change(None));
    let action = ServerAction::<RemoveSecondAddress>::new();
    let outcome = outcome(action, left_by::<Proof>("remove_second").map(|left| left.outcome));
    let backup = with_backup();
    let page_view = move |page: ChangePage| removal(page, action, outcome, backup);
    view! { <Title text=td_string!(locale(), addresses.remove.title)/> {calm(page, page_view)} }
}

fn removal(
    page: ChangePage,
    action: ServerAction<RemoveSecondAddress>,
    outcome: Outcome,
    backup: Memo<bool>,
) -> AnyView {
    let proofs = page.proofs;
    let (customer, desk) = (page.customer.clone(), page.help_desk.clone());
    let inside = if page.methods == 0 {
        no_factor()
    } else {
        view! {
            <p class="lead">{td_string!(locale(), addresses.remove.lead)}</p>
            {refusal(move || refused(outcome.get()?))}
            <ActionForm action attr:class="form">
                {move || factor_field(backup.get(), outcome, proofs)}
                <SubmitButton look=Look::Red wide=true pending=action.pending()>
                    {td_string!(locale(), addresses.remove.button)}
                </SubmitButton>
            </ActionForm>
            {move || other_way(backup.get(), "/security/second-address/remove", &page)}
        }
        .into_any()
    };
    view! {
        <CalmShell customer help_desk=help_desk(desk)>
            <h1>{td_string!(locale(), addresses.remove.title)}</h1>
            {inside}
            {back()}
        </CalmShell>
    }
    .into_any()
}

/// How one's own addresses stand.
pub fn address_section(own: OwnAddress, now: Moment) -> AnyView {
    let waiting = own.waiting.map(|(address, until, place)| {
        let asked = match place {
            Place::Primary => td_string!(locale(), addresses.own.asked),
            Place::Second => td_string!(locale(), addresses.own.asked_second),
        };
        let words = td_string!(locale(), addresses.own.waits, moment = minute(until));
        view! { <div><dt>{asked}</dt><dd><bdi>{address}</bdi>" "<span class="note">{words}</span></dd></div> }
    });
    let second = match own.second {
        Some((address, since)) => view! {
            <bdi>{address}</bdi>
            " "
            <span class="note">{td_string!(locale(), addresses.own.since)}" "<Time at=since now/></span>
            " "
            <a href="/security/second-address">{td_string!(locale(), addresses.own.replace)}</a>
            " "
            <a href="/security/second-address/remove">{td_string!(locale(), addresses.own.remove)}</a>
        }
        .into_any(),
        None => view! {
            {td_string!(locale(), addresses.own.none)}
            " "
            <a href="/security/second-address">{td_string!(locale(), addresses.own.add)}</a>
        }
        .into_any(),
    };
    view! {
        <div class="head">
            <h2>{td_string!(locale(), addresses.own.title)}</h2>
            <a class="button" href="/security/address"><Icon of=Glyph::Mail/>{td_string!(locale(), addresses.own.change)}</a>
        </div>
        <dl class="facts">
            <div><dt>{td_string!(locale(), addresses.own.address)}</dt><dd><bdi>{own.address}</bdi></dd></div>
            <div><dt>{td_string!(locale(), addresses.own.copies)}</dt><dd>{second}</dd></div>
            {waiting}
        </dl>
    }
    .into_any()
}
