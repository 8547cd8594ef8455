//! `/customers/new`: adding a customer.

use leptos::prelude::*;
use leptos_meta::Title;

use super::api::{CustomerChoice, list_providers};
use super::words::{HELP_DESK_TOO_LONG, name_problem};
use crate::domain::access::AddOutcome;
use crate::features::session::api::Me;
use crate::features::session::flash::{Left, left_by};
use crate::features::session::page::console;
use crate::features::sign_in::prove::{StepUp, code_problem};
use crate::ui::{Banner, Choice, Empty, Glyph, Look, Pick, Section, SheetHead, SubmitButton, TextField, Tone};

/// Where the form is sent.
const ADD: &str = "/api/access/add";

/// A form for one customer.
#[component]
pub fn NewCustomerPage() -> impl IntoView {
    let providers = Resource::new(|| (), |()| list_providers());
    let left = left_by::<AddOutcome>("add_customer");
    view! {
        <Title text="Add customer"/>
        {console(Section::Customers, providers, move |providers, me, _| {
            let inside = if providers.is_empty() { not_yours(&me) } else { form(providers, left.clone()) };
            view! {
                <SheetHead title="Add customer" crumb=("/customers", "Customers")/>
                <div class="content">{inside}</div>
            }
            .into_any()
        })}
    }
}

fn not_yours(me: &Me) -> AnyView {
    let why = if me.has_mfa {
        "Owners and admins of a provider add customers."
    } else {
        "It takes a second factor of your own. Sign out and in again to set one up."
    };
    view! {
        <Empty icon=Glyph::Building title="You add no customers" actions=|| view! { <a class="button" href="/customers">"All customers"</a> }>
            {why}
        </Empty>
    }
    .into_any()
}

fn form(providers: Vec<CustomerChoice>, left: Option<Left<AddOutcome>>) -> AnyView {
    let typed = |field: &str| left.as_ref().map(|left| left.typed(field)).unwrap_or_default();
    let (name, help_desk, chosen) = (typed("name"), typed("help_desk"), typed("provider"));
    let outcome = left.map(|left| left.outcome);
    let wrong_name = match outcome {
        Some(AddOutcome::Name(problem)) => Some(name_problem(problem).to_owned()),
        _ => None,
    };
    let too_long = (outcome == Some(AddOutcome::HelpDeskTooLong)).then(|| HELP_DESK_TOO_LONG.to_owned());
    let code = match outcome {
        Some(AddOutcome::Code(problem)) => Some(code_problem(problem)),
        _ => None,
    };
    let refused = matches!(outcome, Some(AddOutcome::Refused(_))).then(|| {
        view! { <Banner tone=Tone::Danger fact="You no longer add customers there." alert=true>"Nothing was changed."</Banner> }
    });
    let missing = (outcome == Some(AddOutcome::ProviderMissing)).then(|| "Choose a provider.".to_owned());
    let through = if let [one] = providers.as_slice() {
        let (id, name) = (one.id.to_string(), one.name.clone());
        view! {
            <input type="hidden" name="provider" value=id/>
            <p>"It comes through "<bdi>{name}</bdi>", and you become its owner."</p>
        }
        .into_any()
    } else {
        let pick = |provider: &CustomerChoice| Pick {
            value: provider.id.to_string(),
            words: provider.name.clone(),
            meaning: String::new(),
        };
        let picks = providers.iter().map(pick).collect();
        view! {
            <Choice name="provider" label="Through which provider" picks value=chosen error=missing/>
            <p>"You become its owner."</p>
        }
        .into_any()
    };
    view! {
        <form class="form narrow" method="post" action=ADD>
            {refused}
            <TextField name="name" label="Name" value=name required=true error=wrong_name autocomplete="off"/>
            <TextField
                name="help_desk"
                label="Help desk"
                note="optional"
                value=help_desk
                error=too_long
                hint="How its users reach a person: a phone number or an address, as mails show it."
                autocomplete="off"
            />
            {through}
            <StepUp hint="It counts for this customer only." error=code/>
            <div class="actions">
                <SubmitButton look=Look::Primary>"Add customer"</SubmitButton>
                <a class="button quiet" href="/customers">"Cancel"</a>
            </div>
        </form>
    }
    .into_any()
}
