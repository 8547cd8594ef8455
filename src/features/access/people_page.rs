//! `/customers/{id}/people`: who may do something in a customer.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::customer_page::{customer_of_address, nothing_here};
use super::role_api::{PeoplePage as List, PersonRow, show_people};
use super::words::{a_role, last_day, refusal, role};
use crate::domain::access::RoleOutcome;
use crate::domain::authority::Role;
use crate::domain::ids::CustomerId;
use crate::domain::time::Time as Moment;
use crate::features::customers::head::customer_head;
use crate::features::session::flash::left_by;
use crate::features::session::page::console;
use crate::ui::{Badge, CustomerName, Glyph, Icon, Menu, Pager, Person, Section, Time, Toast, Tone};

/// People and roles.
#[component]
pub fn PeoplePage() -> impl IntoView {
    let id = customer_of_address();
    let query = use_query_map();
    let after = Memo::new(move |_| query.with(|query| query.get("after").filter(|after| !after.is_empty())));
    let people = Resource::new(move || (id.get(), after.get()), |(id, after)| show_people(id, after));
    let done = left_by::<RoleOutcome>("role").map(|left| left.outcome);
    console(Section::Customers, people, move |list, _, now| {
        let later = after.get_untracked().is_some();
        list.map_or_else(nothing_here, |list| page(list, later, done.clone(), now))
    })
}

fn page(list: List, later: bool, done: Option<RoleOutcome>, now: Moment) -> AnyView {
    let List { customer, people, total, next, may_give } = list;
    let id = customer.id;
    let many = people.len();
    let text = if later { format!("{many} more of {total}") } else { format!("1–{many} of {total}") };
    let next =
        next.map(|after| format!("/customers/{id}/people?after={}", leptos_router::location::Url::escape(&after)));
    let previous = later.then(|| format!("/customers/{id}/people"));
    let pages = (next.is_some() || previous.is_some()).then(|| view! { <Pager text previous next/> });
    let rows = people.into_iter().map(|person| row(id, person, now)).collect_view();
    let count = if total == 1 { "1 person".to_owned() } else { format!("{total} people") };
    view! {
        <Title text=format!("People and roles · {}", customer.name)/>
        {customer_head(id, &customer.name, 1)}
        <div class="toolbar">
            <p class="note">"Everyone with more than a member’s role, and everyone from elsewhere."</p>
            <p class="count">{count}</p>
            {may_give.then(|| view! { <a class="button" href=format!("/customers/{id}/people/give")><Icon of=Glyph::Plus/>"Give access"</a> })}
        </div>
        <table class="table people" role="table">
            <thead role="rowgroup">
                <tr role="row">
                    <th class="name" role="columnheader">"Name"</th>
                    <th class="mid" role="columnheader">"Home customer"</th>
                    <th role="columnheader">"Role"</th>
                    <th class="wide" role="columnheader">"Since"</th>
                    <th role="columnheader">"Until"</th>
                    <th class="dots" role="columnheader"><span class="hidden-text">"Actions"</span></th>
                </tr>
            </thead>
            <tbody role="rowgroup">{rows}</tbody>
        </table>
        {pages}
        {done.and_then(toast)}
    }
    .into_any()
}

fn row(customer: CustomerId, person: PersonRow, now: Moment) -> AnyView {
    let user = person.id;
    let change = format!("/customers/{customer}/people/{user}");
    let details = person.is_open.then(|| format!("/users/{user}"));
    let name = person.name.clone();
    let person_view = match details.clone() {
        Some(href) => view! { <Person name=name.clone() href under=person.address.clone()/> },
        None => view! { <Person name=name.clone() under=person.address.clone()/> },
    };
    let is_home = person.is_home;
    // Whoever comes from elsewhere stands out; whoever is at home here does not.
    let home = match person.home {
        _ if person.is_home => "Here".into_any(),
        Some(name) => view! { <CustomerName name/> }.into_any(),
        None => "Another company".into_any(),
    };
    let until = match person.ends_at {
        Some(at) => Some(ends(at, now)),
        None => (!is_home).then(|| "No end".into_any()),
    };
    view! {
        <tr role="row">
            <td class="name" role="cell">{person_view}</td>
            <td class="mid home" class:here=is_home role="cell">{home}</td>
            <td class="role" role="cell">{role(person.role)}</td>
            <td class="wide" role="cell"><Time at=person.since now/></td>
            <td class="until" role="cell">{until}</td>
            <td class="dots" role="cell">
                <Menu label=format!("Actions for {name}")>
                    {match person.refusal {
                        None => view! { <a class="item" href=change><Icon of=Glyph::Key/>"Change role"</a> }.into_any(),
                        Some(why) => view! {
                            <span class="item" aria-disabled="true"><Icon of=Glyph::Key/>"Change role "<small>{refusal(why)}</small></span>
                        }
                        .into_any(),
                    }}
                    {details.map(|href| view! { <a class="item" href=href><Icon of=Glyph::Users/>"Open details"</a> })}
                </Menu>
            </td>
        </tr>
    }
    .into_any()
}

/// The last day of an access, in amber when it is near.
fn ends(at: Moment, now: Moment) -> AnyView {
    let near = (at - now).as_seconds() < 14 * 86_400;
    if near { view! { <Badge tone=Tone::Warn>{last_day(at)}</Badge> }.into_any() } else { last_day(at).into_any() }
}

fn toast(done: RoleOutcome) -> Option<AnyView> {
    let words = match done {
        RoleOutcome::Given { name, role: Role::Member, .. } => {
            view! { <bdi>{name}</bdi>" is a member again. They were told by mail." }.into_any()
        }
        RoleOutcome::Given { name, role, until: None } => {
            view! { <bdi>{name}</bdi>" is "{a_role(role)}" now. They were told by mail." }.into_any()
        }
        RoleOutcome::Given { name, role, until: Some(at) } => {
            view! { <bdi>{name}</bdi>" is "{a_role(role)}" until "{last_day(at)}". They were told by mail." }.into_any()
        }
        RoleOutcome::Ended { name } => {
            view! { <bdi>{name}</bdi>" has no access any more. They were told by mail." }.into_any()
        }
        RoleOutcome::Same => "Nothing has changed: it was so before.".into_any(),
        _ => return None,
    };
    Some(view! { <Toast><span>{words}</span></Toast> }.into_any())
}
