//! `/customers/{id}/people/give` and `/customers/{id}/people/{user}`: giving a role, and changing one.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::customer_page::{customer_of_address, nothing_here};
use super::role_api::{PersonRow, RolePage, show_role};
use super::words::{last_day as day_words, may, refusal, role as role_words};
use crate::domain::access::{EndProblem, LONGEST_YEARS, RoleOutcome, last_day};
use crate::domain::authority::Role;
use crate::domain::ids::UserId;
use crate::domain::time::Time as Moment;
use crate::features::customers::head::customer_head;
use crate::features::session::flash::{Left, left_by};
use crate::features::session::page::console;
use crate::features::sign_in::prove::{StepUp, code_problem};
use crate::ui::{Banner, Choice, Empty, Glyph, Look, Person, Pick, Section, SubmitButton, TextField, Tone};

/// Where the forms are sent.
const GIVE: &str = "/api/access/give";
const CHANGE: &str = "/api/access/change";

/// A role for whoever has an address.
#[component]
pub fn GiveRolePage() -> impl IntoView {
    let id = customer_of_address();
    let role = Resource::new(move || id.get(), |id| show_role(id, None));
    let left = left_by::<RoleOutcome>("role");
    console(Section::Customers, role, move |page, _, _| {
        let left = left.clone();
        page.map_or_else(nothing_here, |page| sheet(page, left))
    })
}

/// Another role for somebody who holds one.
#[component]
pub fn ChangeRolePage() -> impl IntoView {
    let id = customer_of_address();
    let params = use_params_map();
    let nobody = UserId::new(Moment::from_unix_milliseconds(0), [0; 10]);
    let user = Memo::new(move |_| {
        params.with(|params| params.get("user")).and_then(|user| user.parse().ok()).unwrap_or(nobody)
    });
    let role = Resource::new(move || (id.get(), user.get()), |(id, user)| show_role(id, Some(user)));
    let left = left_by::<RoleOutcome>("role");
    console(Section::Customers, role, move |page, _, _| {
        let left = left.clone();
        page.map_or_else(nothing_here, |page| sheet(page, left))
    })
}

fn sheet(page: RolePage, left: Option<Left<RoleOutcome>>) -> AnyView {
    let title = if page.person.is_some() { "Change role" } else { "Give access" };
    let head = customer_head(page.customer.id, &page.customer.name, 1);
    let back = format!("/customers/{}/people", page.customer.id);
    let inside = match page.refusal {
        Some(why) => view! {
            <Empty icon=Glyph::Lock title="Not yours to change" actions=move || view! { <a class="button" href=back.clone()>"People and roles"</a> }>
                {refusal(why)}
            </Empty>
        }
        .into_any(),
        None => form(page, title, left),
    };
    view! {
        <Title text=title/>
        {head}
        <div class="content">{inside}</div>
    }
    .into_any()
}

fn form(page: RolePage, title: &'static str, left: Option<Left<RoleOutcome>>) -> AnyView {
    let RolePage { customer, person, roles, .. } = page;
    let typed = |field: &str| left.as_ref().map(|left| left.typed(field));
    let (address, chosen, until) = (typed("address"), typed("role"), typed("until"));
    let outcome = left.as_ref().map(|left| left.outcome.clone());
    let back = format!("/customers/{}/people", customer.id);
    let chosen = chosen.unwrap_or_else(|| match &person {
        Some(person) if person.role == Role::Member => "none".to_owned(),
        Some(person) => person.role.to_string(),
        None => String::new(),
    });
    let until =
        until.unwrap_or_else(|| person.as_ref().and_then(|person| person.ends_at).map(last_day).unwrap_or_default());
    let role_problem = (outcome == Some(RoleOutcome::NoRole)).then(|| "Choose a role.".to_owned());
    let end_problem = end_problem(outcome.as_ref());
    let code = match outcome {
        Some(RoleOutcome::Code(problem)) => Some(code_problem(problem)),
        _ => None,
    };
    let is_home = person.as_ref().is_some_and(|person| person.is_home);
    let action = if person.is_some() { CHANGE } else { GIVE };
    let who = match &person {
        Some(person) => whom(person),
        None => by_address(address.unwrap_or_default(), outcome.as_ref()),
    };
    let button = if person.is_some() { "Change role" } else { "Give access" };
    view! {
        <form class="form narrow" method="post" action=action>
            <h2>{title}</h2>
            {outcome.as_ref().and_then(general)}
            <input type="hidden" name="customer" value=customer.id.to_string()/>
            {who}
            <Choice name="role" label="Role" picks=picks(&roles, person.as_ref()) value=chosen error=role_problem/>
            {(!is_home).then(|| view! {
                <TextField
                    name="until"
                    kind="date"
                    label="Last day"
                    note="optional"
                    value=until
                    hint="Access ends by itself at the end of this day, UTC. Empty: it does not end."
                    error=end_problem
                />
            })}
            <StepUp hint="It counts for this change only." error=code/>
            <p class="note">"They are told by mail."</p>
            <div class="actions">
                <SubmitButton look=Look::Primary>{button}</SubmitButton>
                <a class="button quiet" href=back>"Cancel"</a>
            </div>
        </form>
    }
    .into_any()
}

fn by_address(typed: String, outcome: Option<&RoleOutcome>) -> AnyView {
    let problem = match outcome {
        Some(RoleOutcome::NoAddress) => Some("This is no mail address."),
        Some(RoleOutcome::Nobody) => Some("Nobody with this address can be given access here."),
        _ => None,
    };
    view! {
        <TextField
            name="address"
            label="Address"
            value=typed
            required=true
            inputmode="email"
            autocomplete="off"
            hint="The exact address of somebody who is in Rekey already, here or elsewhere."
            error=problem.map(str::to_owned)
        />
    }
    .into_any()
}

fn whom(person: &PersonRow) -> AnyView {
    let from = (!person.is_home).then(|| match person.home.clone() {
        Some(home) => view! { ", at home in "<bdi>{home}</bdi> }.into_any(),
        None => ", at home in another company".into_any(),
    });
    let until = person.ends_at.map(|at| format!(" until {}", day_words(at)));
    view! {
        <input type="hidden" name="user" value=person.id.to_string()/>
        <Person name=person.name.clone() under=person.address.clone()/>
        <p class="note">
            {role_words(person.role)}{until}{from}
        </p>
    }
    .into_any()
}

fn picks(roles: &[Role], person: Option<&PersonRow>) -> Vec<Pick> {
    let pick = |role: &Role| Pick {
        value: role.to_string(),
        words: role_words(*role).to_owned(),
        meaning: may(*role).to_owned(),
    };
    let none = person.map(|person| {
        let (words, meaning) = if person.is_home {
            ("Member", "Looks after their own sign-in only.")
        } else {
            ("No access", "They no longer see anybody here, from this moment on.")
        };
        Pick { value: "none".to_owned(), words: words.to_owned(), meaning: meaning.to_owned() }
    });
    roles.iter().map(pick).chain(none).collect()
}

fn end_problem(outcome: Option<&RoleOutcome>) -> Option<String> {
    match outcome {
        Some(RoleOutcome::End(EndProblem::NoDate)) => Some("This is no date. Write it as 2027-06-30.".to_owned()),
        Some(RoleOutcome::End(EndProblem::Past)) => Some("That day is over.".to_owned()),
        Some(RoleOutcome::End(EndProblem::TooFar)) => Some(format!("At most {LONGEST_YEARS} years ahead.")),
        Some(RoleOutcome::AtHome) => {
            Some("They are at home here: their role does not end by itself. Leave this empty.".to_owned())
        }
        _ => None,
    }
}

fn general(outcome: &RoleOutcome) -> Option<AnyView> {
    let (fact, rest) = match outcome {
        RoleOutcome::NoOwnerLeft => (
            "There would be no owner left who can sign in.",
            "Make somebody else an owner first, without a last day. Nothing was changed.",
        ),
        RoleOutcome::Refused(why) => (refusal(*why), "Nothing was changed."),
        RoleOutcome::Unknown => ("This person holds no role here any more.", "Nothing was changed."),
        _ => return None,
    };
    Some(view! { <Banner tone=Tone::Danger fact=fact alert=true>{rest}</Banner> }.into_any())
}
