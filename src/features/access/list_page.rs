//! `/customers`: the list.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::Form;
use leptos_router::hooks::use_query_map;

use super::api::{CustomerRow, CustomersPage as List, list_customers};
use super::words::{last_day, role};
use crate::domain::time::Time as Moment;
use crate::features::session::api::Me;
use crate::features::session::page::console;
use crate::ui::{Badge, Empty, Glyph, Icon, Pager, SearchField, Section, SheetHead, Square, Time, Tone, minute, short};

/// Every customer in whose records the reader may look.
#[component]
pub fn CustomersPage() -> impl IntoView {
    let query = use_query_map();
    let wanted = Memo::new(move |_| {
        query.with(|query| {
            let get = |key: &str| query.get(key).filter(|value| !value.is_empty());
            (get("q").unwrap_or_default(), get("after"))
        })
    });
    let customers = Resource::new(move || wanted.get(), |(search, after)| list_customers(search, after));
    view! {
        <Title text="Customers"/>
        {console(Section::Customers, customers, move |list, me, now| {
            let (search, after) = wanted.get_untracked();
            let here = address(&search, after.as_deref());
            let found = found(list.total, !search.is_empty());
            let may_add = list.may_add;
            let (shown, cleared) = (search.clone(), !search.is_empty());
            view! {
                <SheetHead title="Customers">
                    <p class="fresh">"Fetched at "<Time at=now now seconds=true/></p>
                    <a class="button icon" href=here>
                        <Icon of=Glyph::Refresh/><span class="hidden-text">"Refresh"</span>
                    </a>
                    {may_add.then(|| view! { <a class="button" href="/customers/new"><Icon of=Glyph::Plus/>"Add customer"</a> })}
                </SheetHead>
                <div class="toolbar">
                    <Form method="GET" action="/customers" attr:class="search" attr:role="search">
                        <SearchField label="Find by name" value=shown/>
                    </Form>
                    {cleared.then(|| view! { <a class="button quiet" href="/customers">"Clear"</a> })}
                    <p class="count">{found}</p>
                </div>
                {table(list, &me, now, &search, after.is_some())}
            }
            .into_any()
        })}
    }
}

fn address(search: &str, after: Option<&str>) -> String {
    let escape = leptos_router::location::Url::escape;
    let parts: Vec<String> = [("q", Some(search)), ("after", after)]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)))
        .map(|(name, value)| format!("{name}={}", escape(value)))
        .collect();
    if parts.is_empty() { "/customers".to_owned() } else { format!("/customers?{}", parts.join("&")) }
}

fn found(total: i64, searched: bool) -> String {
    let found = if searched { " found" } else { "" };
    if total == 1 { format!("1 customer{found}") } else { format!("{total} customers{found}") }
}

fn table(list: List, me: &Me, now: Moment, search: &str, later: bool) -> AnyView {
    if list.customers.is_empty() {
        return empty(me, search, list.may_add);
    }
    let next = list.next.as_deref().map(|after| address(search, Some(after)));
    let previous = later.then(|| address(search, None));
    let many = list.customers.len();
    let text = if later { format!("{many} more of {}", list.total) } else { format!("1–{many} of {}", list.total) };
    let rows = list.customers.into_iter().map(|customer| row(customer, now)).collect_view();
    view! {
        <table class="table customers" role="table">
            <thead role="rowgroup">
                <tr role="row">
                    <th class="name" role="columnheader">"Name"</th>
                    <th role="columnheader">"Your role"</th>
                    <th class="num" role="columnheader">"Users"</th>
                    <th class="mid" role="columnheader">"Second factor"</th>
                    <th class="wide" role="columnheader">"Help desk"</th>
                </tr>
            </thead>
            <tbody role="rowgroup">{rows}</tbody>
        </table>
        <Pager text previous next/>
    }
    .into_any()
}

fn empty(me: &Me, search: &str, may_add: bool) -> AnyView {
    let (title, rest) = match (me.reads, search.is_empty()) {
        (false, _) => ("No customers to look after".to_owned(), "Your role covers yourself. My security is yours."),
        (true, true) => ("No more customers".to_owned(), "The list ends before this page."),
        (true, false) => (format!("No customer is called “{search}”"), "Any part of a name will do."),
    };
    let reads = me.reads;
    let actions = move || {
        view! {
            {reads.then(|| view! { <a class="button" href="/customers">"Show every customer"</a> })}
            {may_add.then(|| view! { <a class="button" href="/customers/new">"Add customer"</a> })}
            {(!reads).then(|| view! { <a class="button" href="/security">"My security"</a> })}
        }
        .into_any()
    };
    view! { <div class="content"><Empty icon=Glyph::Building title actions>{rest}</Empty></div> }.into_any()
}

fn row(customer: CustomerRow, now: Moment) -> AnyView {
    let CustomerRow { id, name, help_desk, users, .. } = customer.clone();
    let title = name.clone();
    let people = if users == 1 { " user" } else { " users" };
    view! {
        <tr role="row">
            <td class="name" role="cell">
                <span class="customer-name">
                    <Square name=name.clone()/>
                    <a class="cut" dir="auto" title=title href=format!("/customers/{id}")>{name}</a>
                </span>
            </td>
            <td class="role" role="cell">
                {role(customer.role)}
                {customer.ends_at.map(|at| view! { " "<span class="until">{format!("until {}", last_day(at))}</span> })}
            </td>
            <td class="num" role="cell">
                <a class="count-link" href=format!("/users?customer={id}")>{users}<span class="unit">{people}</span></a>
            </td>
            <td class="mid" role="cell">{factor(customer.mfa_required, customer.grace_until, now)}</td>
            <td class="wide" role="cell">
                {help_desk.map(|desk| view! { <span class="cut" dir="auto" title=desk.clone()>{desk.clone()}</span> })}
            </td>
        </tr>
    }
    .into_any()
}

/// Whether a second factor is required. The normal state is plain text.
pub(super) fn factor(required: bool, grace_until: Option<Moment>, now: Moment) -> AnyView {
    match (required, grace_until) {
        (true, None) => "Required".into_any(),
        (true, Some(until)) => view! {
            <span title=minute(until)><Badge tone=Tone::Warn>{format!("Grace until {}", short(until, now))}</Badge></span>
        }
        .into_any(),
        (false, _) => view! { <Badge tone=Tone::Warn>"Not required"</Badge> }.into_any(),
    }
}
