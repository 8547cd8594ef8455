//! `/customers/{id}/edit`: what is known of a customer, to be changed.

use leptos::prelude::*;
use leptos_meta::Title;

use super::customer_page::{customer_of_address, nothing_here};
use super::edit_api::{EditPage as Page, customer_details};
use super::words::{HELP_DESK_TOO_LONG, name_problem};
use crate::domain::access::EditOutcome;
use crate::domain::authority::Refusal;
use crate::features::customers::head::customer_head;
use crate::features::session::flash::{Left, left_by};
use crate::features::session::page::console;
use crate::features::sign_in::prove::{StepUp, code_problem};
use crate::ui::{Banner, Empty, Glyph, Look, Section, SelectField, SubmitButton, TextField, Tone};
use crate::words::{languages, place, tag};

/// Where the form is sent.
const EDIT: &str = "/api/access/edit";

/// One form.
#[component]
pub fn EditCustomerPage() -> impl IntoView {
    let id = customer_of_address();
    let page = Resource::new(move || id.get(), customer_details);
    let left = left_by::<EditOutcome>("edit_customer");
    console(Section::Customers, page, move |page, _, _| {
        page.map_or_else(nothing_here, |page| sheet(page, left.clone()))
    })
}

fn sheet(page: Page, left: Option<Left<EditOutcome>>) -> AnyView {
    let (id, name) = (page.id, page.details.name.clone());
    let inside = match page.refusal {
        Some(refusal) => view! {
            <Empty
                icon=Glyph::Building
                title="You cannot change this"
                actions=move || view! { <a class="button" href=format!("/customers/{id}")>"Back to the customer"</a> }
            >
                {if refusal == Refusal::NoFactorOfYourOwn {
                    "It takes a second factor of your own. Sign out and in again to set one up."
                } else {
                    "Only an owner changes what is known of a customer."
                }}
            </Empty>
        }
        .into_any(),
        None => form(page, left),
    };
    view! {
        <Title text="Edit customer"/>
        {customer_head(id, &name, 0)}
        <div class="content"><h2>"Edit customer"</h2>{inside}</div>
    }
    .into_any()
}

fn form(page: Page, left: Option<Left<EditOutcome>>) -> AnyView {
    let Page { id, details, version, zones, .. } = page;
    let typed = |field: &str, now: Option<String>| match &left {
        Some(left) => left.typed(field),
        None => now.unwrap_or_default(),
    };
    let name = typed("name", Some(details.name));
    let help_desk = typed("help_desk", details.help_desk);
    let (language, zone) = (typed("language", details.language), typed("zone", details.zone));
    let outcome = left.as_ref().map(|left| left.outcome);
    let wrong_name = match outcome {
        Some(EditOutcome::Name(problem)) => Some(name_problem(problem).to_owned()),
        _ => None,
    };
    let too_long = (outcome == Some(EditOutcome::HelpDeskTooLong)).then(|| HELP_DESK_TOO_LONG.to_owned());
    let code = match outcome {
        Some(EditOutcome::Code(problem)) => Some(code_problem(problem)),
        _ => None,
    };
    let fact = match outcome {
        Some(EditOutcome::Same) => Some("Nothing differs from what is there."),
        Some(EditOutcome::Changed) => Some("Somebody else has changed this customer since you opened the form."),
        Some(EditOutcome::Malformed) => Some("Choose the language and the time zone from the lists."),
        _ => None,
    };
    let banner = fact.map(|fact| view! { <Banner tone=Tone::Danger fact alert=true>"Nothing was changed."</Banner> });
    let default = |words: &str| vec![(String::new(), words.to_owned())];
    let spoken = languages().into_iter().map(|(locale, name)| (tag(locale).to_owned(), name.to_owned()));
    let tongues = default("English (default)").into_iter().chain(spoken).collect();
    let places = default("UTC (default)").into_iter();
    let places = places.chain(zones.into_iter().map(|name| (name.clone(), place(&name)))).collect();
    view! {
        <form class="form narrow" method="post" action=EDIT>
            {banner}
            <input type="hidden" name="id" value=id.to_string()/>
            <input type="hidden" name="version" value=version/>
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
            <SelectField name="language" label="Language of mails" options=tongues value=language/>
            <SelectField name="zone" label="Time zone of mails" options=places value=zone/>
            <p class="note">"Until a user’s own language and time zone are known: a browser tells them at sign-in."</p>
            <StepUp hint="It counts for this change only." error=code/>
            <div class="actions">
                <SubmitButton look=Look::Primary>"Save"</SubmitButton>
                <a class="button quiet" href=format!("/customers/{id}")>"Cancel"</a>
            </div>
        </form>
    }
    .into_any()
}
