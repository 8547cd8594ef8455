//! `/users`: the list.

use leptos::children::ViewFnOnce;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::Form;
use leptos_router::hooks::use_query_map;

use super::api::{CustomerChoice, UserRow, UsersPage as List, list_users};
use crate::domain::authority::{Refusal, Role};
use crate::domain::backup_code::FEW;
use crate::domain::ids::CustomerId;
use crate::domain::plan::PlanOutcome;
use crate::domain::time::Time as Moment;
use crate::domain::user::Standing;
use crate::features::session::api::Me;
use crate::features::session::flash::left_by;
use crate::features::session::page::console;
use crate::ui::{
    Badge, Banner, BulkBar, Checkbox, CustomerName, Empty, Glyph, Icon, Menu, Pager, Person, SearchField, Section,
    SelectAll, SheetHead, SubmitButton, Time, Tone,
};

/// Where a selection is sent; the reset's server function has this address.
pub(super) const PLAN: &str = "/api/reset/plan";

/// `/users`: everyone whom the reader may see.
#[component]
pub fn UsersPage() -> impl IntoView {
    let query = use_query_map();
    let wanted = Memo::new(move |_| {
        query.with(|query| {
            let get = |key: &str| query.get(key).filter(|value| !value.is_empty());
            (get("q").unwrap_or_default(), get("customer").and_then(|id| id.parse().ok()), get("after"))
        })
    });
    let users = Resource::new(move || wanted.get(), |(search, customer, after)| list_users(search, customer, after));
    let left = left_by::<PlanOutcome>("plan").map(|left| left.outcome);
    view! {
        <Title text="Users"/>
        {console(Section::Users, users, move |list, me, now| {
            let (search, customer, after) = wanted.get_untracked();
            let customer = customer.map(|id: CustomerId| id.to_string());
            let refused = left.clone();
            let here = address(&search, customer.as_deref(), after.as_deref());
            let cleared = (!search.is_empty()).then(|| address("", customer.as_deref(), None));
            let choose = customers_menu(list.customers.clone(), customer.clone(), &search);
            let table = table(&list, &me, now, &search, customer.as_deref(), after.is_some());
            view! {
                <SheetHead title="Users" beside=choose>
                    <p class="fresh">"Fetched at "<Time at=now now seconds=true/></p>
                    <a class="button icon" href=here>
                        <Icon of=Glyph::Refresh/><span class="hidden-text">"Refresh"</span>
                    </a>
                </SheetHead>
                <div class="toolbar">
                    <Form method="GET" action="/users" attr:class="search" attr:role="search">
                        <SearchField label="Search name or address" value=search/>
                        {customer.map(|id| view! { <input type="hidden" name="customer" value=id/> })}
                    </Form>
                    {cleared.map(|href| view! { <a class="button quiet" href=href>"Clear"</a> })}
                    <p class="count">{people(list.total)}</p>
                </div>
                {refused.and_then(refusal_banner)}
                {(!me.has_mfa).then(no_factor_banner)}
                {table}
            }
            .into_any()
        })}
    }
}

fn address(search: &str, customer: Option<&str>, after: Option<&str>) -> String {
    let mut parts = Vec::new();
    for (name, value) in [("q", Some(search)), ("customer", customer), ("after", after)] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            parts.push(format!("{name}={}", escape(value)));
        }
    }
    if parts.is_empty() { "/users".to_owned() } else { format!("/users?{}", parts.join("&")) }
}

/// Percent-encodes a query value.
fn escape(value: &str) -> String {
    leptos_router::location::Url::escape(value)
}

fn people(count: i64) -> String {
    if count == 1 { "1 person".to_owned() } else { format!("{count} people") }
}

fn customers_menu(customers: Vec<CustomerChoice>, chosen: Option<String>, search: &str) -> ViewFnOnce {
    let search = search.to_owned();
    let name = chosen.as_ref().and_then(|id| customers.iter().find(|customer| customer.id.to_string() == *id));
    let face = name.map_or_else(
        || {
            if customers.len() == 1 { customers[0].name.clone() } else { format!("All {} customers", customers.len()) }
        },
        |customer| customer.name.clone(),
    );
    ViewFnOnce::from(move || {
        let choice = |href: String, name: String, here: bool| {
            view! { <a class="item" href=href aria-current=here.then_some("true")><bdi>{name}</bdi></a> }
        };
        view! {
            <Menu label=" shown: choose customers" start=true face=move || view! { <span class="cut" dir="auto">{face}</span><Icon of=Glyph::Chevron/> }>
                {choice(address(&search, None, None), "All mine".to_owned(), chosen.is_none())}
                {customers
                    .into_iter()
                    .map(|customer| {
                        let id = customer.id.to_string();
                        let here = chosen.as_deref() == Some(&id);
                        choice(address(&search, Some(&id), None), customer.name, here)
                    })
                    .collect_view()}
            </Menu>
        }
        .into_any()
    })
}

fn no_factor_banner() -> AnyView {
    view! {
        <div class="content">
            <Banner tone=Tone::Warn fact="You have no second factor of your own.">
                "Set one up before you reset anybody else's: sign out and in again."
            </Banner>
        </div>
    }
    .into_any()
}

/// Why a selection was refused.
fn refusal_banner(outcome: PlanOutcome) -> Option<AnyView> {
    let fact = match outcome {
        PlanOutcome::GoOn => return None,
        PlanOutcome::Nobody => "Nobody was selected.".to_owned(),
        PlanOutcome::TooMany => "That is more than one plan holds.".to_owned(),
        PlanOutcome::NoOwnerLeft(customer) => format!("{customer} would be left without an owner who can sign in."),
        PlanOutcome::Refused(_) => "The selection holds somebody whom you may not reset.".to_owned(),
    };
    let banner = view! {
        <div class="content"><Banner tone=Tone::Danger fact=fact alert=true>"Nothing was changed."</Banner></div>
    };
    Some(banner.into_any())
}

fn table(list: &List, me: &Me, now: Moment, search: &str, customer: Option<&str>, later: bool) -> AnyView {
    if list.users.is_empty() {
        let search = search.to_owned();
        let (title, rest) = match (me.reads, search.is_empty()) {
            (false, _) => ("No users to look after".to_owned(), "Your role covers yourself. My security is yours."),
            (true, true) => {
                ("No users yet".to_owned(), "They are added from the command line: rekey admin import-users.")
            }
            (true, false) => (format!("Nobody is called “{search}”"), "Any part of a name or address will do."),
        };
        return view! {
            <div class="content">
                <Empty icon=Glyph::Search title actions=|| view! { <a class="button" href="/users">"Show everyone"</a> }>{rest}</Empty>
            </div>
        }
        .into_any();
    }
    let next = list.next.as_deref().map(|after| address(search, customer, Some(after)));
    let previous = later.then(|| address(search, customer, None));
    let many = list.users.len();
    let text = if later { format!("{many} more of {}", list.total) } else { format!("1–{many} of {}", list.total) };
    let rows = list.users.iter().cloned().map(|user| row(user, now)).collect_view();
    // Plain forms: with or without WebAssembly the selection leads to a page of its own.
    view! {
        <form class="list" method="post" action=PLAN>
            <table class="table users" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th class="tick" role="columnheader"><SelectAll label="Select all on this page"/></th>
                        <th role="columnheader">"Name"</th>
                        <th class="wide" role="columnheader">"Address"</th>
                        <th class="customer" role="columnheader">"Customer"</th>
                        <th class="mid methods" role="columnheader">"Methods"</th>
                        <th class="state" role="columnheader">"State"</th>
                        <th class="wide when" role="columnheader">"Last sign-in"</th>
                        <th class="dots" role="columnheader"><span class="hidden-text">"Actions"</span></th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows}</tbody>
            </table>
            <Pager text previous next/>
            <BulkBar><SubmitButton>"Reset all multi-factor authentications"</SubmitButton></BulkBar>
        </form>
        <form id="one" method="post" action=PLAN></form>
    }
    .into_any()
}

fn row(user: UserRow, now: Moment) -> AnyView {
    let id = user.id.to_string();
    let href = format!("/users/{id}");
    let refused = user.refusal.map(refusal_words);
    view! {
        <tr role="row">
            <td class="tick" role="cell">
                <Checkbox name="users[]" value=id.clone() label=format!("Select {}", user.name) hidden=true refused=refused.map(str::to_owned)/>
            </td>
            <td class="name" role="cell">
                <Person name=user.name.clone() href=href.clone() under=user.address.clone() under_narrow=true>
                    {role_badge(user.role)}
                </Person>
            </td>
            <td class="wide" role="cell"><span class="cut" title=user.address.clone()>{user.address.clone()}</span></td>
            <td class="customer" role="cell"><CustomerName name=user.customer.clone()/></td>
            <td class="mid methods" role="cell">{methods(user.methods)}</td>
            <td class="state" role="cell">{state(&user)}</td>
            <td class="wide when" role="cell">
                {user.last_sign_in_at.map_or_else(
                    || "Never".into_any(),
                    |at| view! { <Time at now/> }.into_any(),
                )}
            </td>
            <td class="dots" role="cell">
                <Menu label=format!("Actions for {}", user.name)>
                    <a class="item" href=href><Icon of=Glyph::Users/>"Open details"</a>
                    {match refused {
                        None => view! {
                            <button class="item" type="submit" form="one" name="users[]" value=id.clone()>
                                <Icon of=Glyph::Key/>"Reset all multi-factor authentications"
                            </button>
                        }
                        .into_any(),
                        Some(why) => view! {
                            <span class="item" aria-disabled="true">
                                <Icon of=Glyph::Key/>"Reset all multi-factor authentications "<small>{why}</small>
                            </span>
                        }
                        .into_any(),
                    }}
                    <a class="item" href=format!("/audit?user={id}")><Icon of=Glyph::Document/>"Show in audit"</a>
                </Menu>
            </td>
        </tr>
    }
    .into_any()
}

pub(super) const fn refusal_words(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::NoFactorOfYourOwn => "Needs your own factor first",
        Refusal::Yourself => "This is you",
        Refusal::NoRole => "Your role does not reset",
        Refusal::OwnersOnly => "Only an owner may",
    }
}

/// A role worth a badge: the normal one is silent.
fn role_badge(role: Role) -> Option<AnyView> {
    let words = match role {
        Role::Owner => "Owner",
        Role::Admin => "Admin",
        Role::Auditor => "Auditor",
        Role::Member => return None,
    };
    Some(view! { <Badge>{words}</Badge> }.into_any())
}

fn methods(count: i64) -> AnyView {
    if count == 0 {
        return "None".into_any();
    }
    view! {
        <span class="method">
            <Icon of=Glyph::Device/><span class="hidden-text">"Authenticator app"{(count > 1).then_some("s: ")}</span>
            {(count > 1).then_some(count)}
        </span>
    }
    .into_any()
}

/// The one thing that differs most from the normal state.
fn state(user: &UserRow) -> AnyView {
    match user.standing {
        Standing::Suspended => view! { <Badge>"Suspended"</Badge> }.into_any(),
        Standing::Invited => view! { <Badge>"Set-up not finished"</Badge> }.into_any(),
        Standing::Active if user.set_up_due_at.is_some() => {
            view! { <Badge tone=Tone::Accent icon=Glyph::Mail>"Reset, not back yet"</Badge> }.into_any()
        }
        Standing::Active if user.methods == 0 => view! { <Badge tone=Tone::Warn>"No second factor"</Badge> }.into_any(),
        Standing::Active if user.codes_left <= i64::from(FEW) => {
            let words = match user.codes_left {
                0 => "No codes left".to_owned(),
                1 => "1 code left".to_owned(),
                left => format!("{left} codes left"),
            };
            view! { <Badge tone=Tone::Warn>{words}</Badge> }.into_any()
        }
        Standing::Active => "Active".into_any(),
    }
}
