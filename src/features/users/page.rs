//! The users list, and one user's details.

use leptos::children::ViewFnOnce;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::Form;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::api::{
    CodesRow, CustomerChoice, MethodRow, UserPage as Details, UserRow, UsersPage as List, list_users, show_user,
};
use crate::domain::authority::{Refusal, Role};
use crate::domain::backup_code::FEW;
use crate::domain::method::MethodKind;
use crate::domain::time::Time as Moment;
use crate::domain::user::Standing;
use crate::features::session::api::Me;
use crate::features::session::page::console;
use crate::ui::{
    Badge, Banner, BulkBar, Checkbox, CustomerName, Empty, Glyph, Icon, Menu, Pager, Person, SearchField, Section,
    SelectAll, SheetHead, SubmitButton, Tabs, Time, Tone,
};

/// Where a selection is sent; the reset's server function has this address.
const PLAN: &str = "/api/reset/plan";

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
    let left = crate::features::session::flash::left_by::<serde_json::Value>("plan").map(|left| left.outcome);
    view! {
        <Title text="Users"/>
        {console(Section::Users, users, move |list, me, now| {
            let (search, customer, after) = wanted.get_untracked();
            let customer = customer.map(|id: crate::domain::ids::CustomerId| id.to_string());
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
                {refused.map(refusal_banner)}
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

/// Why a selection was refused, when it was sent without WebAssembly. The outcome is the reset's own; this page only reads
/// its name.
fn refusal_banner(outcome: serde_json::Value) -> AnyView {
    let fact = match outcome.as_str() {
        Some("Nobody") => "Nobody was selected.".to_owned(),
        Some("TooMany") => "That is more than one plan holds.".to_owned(),
        _ => match outcome.get("NoOwnerLeft").and_then(|name| name.as_str()) {
            Some(customer) => format!("{customer} would be left without an owner who can sign in."),
            None => "The selection holds somebody whom you may not reset.".to_owned(),
        },
    };
    view! { <div class="content"><Banner tone=Tone::Danger fact=fact alert=true>"Nothing was changed."</Banner></div> }
        .into_any()
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

const fn refusal_words(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::NoFactorOfYourOwn => "Needs your own factor first",
        Refusal::Yourself => "This is you",
        Refusal::NoRole => "Your role does not reset",
        Refusal::OwnersOnly => "Only an owner may",
    }
}

/// A role worth a badge: the normal one is silent.
pub fn role_badge(role: Role) -> Option<AnyView> {
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

/// `/users/{id}` and `/users/{id}/methods`: one user.
#[component]
pub fn UserPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")).unwrap_or_default());
    let on_methods = Memo::new(move |_| params.with(|params| params.get("tab").as_deref() == Some("methods")));
    // What is no identifier is nobody's: the same answer as for a user who is not there.
    let nobody = crate::domain::ids::UserId::new(Moment::from_unix_milliseconds(0), [0; 10]);
    let user = Resource::new(move || id.get(), move |id| show_user(id.parse().unwrap_or(nobody)));
    console(Section::Users, user, move |details, _, now| match details {
        None => nobody_here(),
        Some(details) => {
            let methods_tab = on_methods.get();
            person(details, methods_tab, now)
        }
    })
}

fn nobody_here() -> AnyView {
    view! {
        <Title text="No such user"/>
        <SheetHead title="No such user" crumb=("/users", "Users")/>
        <div class="content">
            <Empty icon=Glyph::Users title="Nobody is here" actions=|| view! { <a class="button" href="/users">"All users"</a> }>
                "The address may be mistyped, or this person is not one of yours."
            </Empty>
        </div>
    }
    .into_any()
}

fn person(details: Details, methods_tab: bool, now: Moment) -> AnyView {
    let Details { user, methods, codes } = details;
    let id = user.id.to_string();
    let role = match user.role {
        Role::Owner => "Owner",
        Role::Admin => "Admin",
        Role::Auditor => "Auditor",
        Role::Member => "Member",
    };
    let below = {
        let (address, customer) = (user.address.clone(), user.customer.clone());
        move || view! { {address}" · "<bdi>{customer}</bdi>" · "{role} }.into_any()
    };
    let tabs = vec![
        (format!("/users/{id}"), "Summary".to_owned()),
        (format!("/users/{id}/methods"), "Authentication methods".to_owned()),
        (format!("/audit?user={id}"), "Activity".to_owned()),
    ];
    let action = match user.refusal {
        None => view! {
            <form method="post" action=PLAN>
                <input type="hidden" name="users[]" value=id.clone()/>
                <SubmitButton><Icon of=Glyph::Key/>"Reset all multi-factor authentications"</SubmitButton>
            </form>
        }
        .into_any(),
        Some(why) => view! { <p class="fresh">{refusal_words(why)}</p> }.into_any(),
    };
    view! {
        <Title text=user.name.clone()/>
        <SheetHead title=user.name.clone() crumb=("/users", "Users") person=true below=below>{action}</SheetHead>
        <Tabs items=tabs current=usize::from(methods_tab) label="User"/>
        <div class="content">
            {link_banner(&user, now)}
            {if methods_tab { methods_table(methods, &codes, now) } else { summary(&user, methods.len(), &codes, now) }}
        </div>
    }
    .into_any()
}

fn link_banner(user: &UserRow, now: Moment) -> Option<AnyView> {
    let until = user.link_expires_at?;
    let at = until;
    Some(if now < until {
        view! {
            <Banner fact="A recovery link is on its way." icon=Glyph::Mail>"It works until "<Time at now/>"."</Banner>
        }
        .into_any()
    } else {
        view! {
            <Banner tone=Tone::Warn fact="The last recovery link has expired.">
                "They can still set up again by signing in; a new reset sends a new link."
            </Banner>
        }
        .into_any()
    })
}

fn summary(user: &UserRow, methods: usize, codes: &CodesRow, now: Moment) -> AnyView {
    let time = move |at: Option<Moment>| match at {
        Some(at) => view! { <Time at now/> }.into_any(),
        None => "Never".into_any(),
    };
    let standing = match user.standing {
        Standing::Active => view! { "Active since "{time(user.activated_at)} }.into_any(),
        Standing::Invited => "Invited, set-up not finished".into_any(),
        Standing::Suspended => "Suspended".into_any(),
    };
    let factor = match (methods, user.set_up_due_at.is_some()) {
        (0, true) => "None, waiting for the new set-up".to_owned(),
        (0, false) => "None".to_owned(),
        (1, _) => "Authenticator app".to_owned(),
        (n, _) => format!("{n} authenticator apps"),
    };
    let sessions = match user.sessions {
        0 => "None open".to_owned(),
        n => format!("{n} open"),
    };
    view! {
        <div class="head"><h2>"Sign-in"</h2></div>
        <dl class="facts">
            <div><dt>"Standing"</dt><dd>{standing}</dd></div>
            <div><dt>"Second factor"</dt><dd>{factor}</dd></div>
            <div><dt>"Backup codes"</dt><dd>{codes_words(codes)}</dd></div>
            <div><dt>"Last sign-in"</dt><dd>{time(user.last_sign_in_at)}</dd></div>
            <div><dt>"Sessions"</dt><dd>{sessions}</dd></div>
        </dl>
        <div class="head"><h2>"Person"</h2></div>
        <dl class="facts">
            <div><dt>"Home customer"</dt><dd><bdi>{user.customer.clone()}</bdi></dd></div>
            <div>
                <dt>"Address"</dt>
                <dd>{user.address.clone()}{if user.address_verified { ", verified" } else { ", not verified" }}</dd>
            </div>
        </dl>
    }
    .into_any()
}

/// How backup codes stand, in words.
pub fn codes_words(codes: &CodesRow) -> String {
    let left = codes.used_at.iter().filter(|used| used.is_none()).count();
    match (codes.made_at, codes.saved_at) {
        (None, _) => "None".to_owned(),
        (Some(_), None) => format!("{left} left, never shown to be saved"),
        (Some(_), Some(_)) => format!("{left} of {} left", codes.used_at.len()),
    }
}

/// A person's methods in a card.
pub fn methods_table(methods: Vec<MethodRow>, codes: &CodesRow, now: Moment) -> AnyView {
    let time = move |at: Option<Moment>| match at {
        Some(at) => view! { <Time at now/> }.into_any(),
        None => "Never".into_any(),
    };
    let row = move |method: MethodRow| {
        let kind = match method.kind {
            MethodKind::AuthenticatorApp => "Authenticator app",
        };
        view! {
            <tr>
                <td><span class="method"><Icon of=Glyph::Device/>{kind}</span></td>
                <td>{time(Some(method.registered_at))}</td>
                <td>{time(method.last_used_at)}</td>
            </tr>
        }
        .into_any()
    };
    let codes_row = codes.made_at.map(|made_at| {
        let last_used = codes.used_at.iter().flatten().max().copied();
        view! {
            <tr>
                <td><span class="method"><Icon of=Glyph::Key/>"Backup codes: "{codes_words(codes)}</span></td>
                <td>{time(Some(made_at))}</td>
                <td>{time(last_used)}</td>
            </tr>
        }
        .into_any()
    });
    if methods.is_empty() && codes_row.is_none() {
        return view! { <Empty icon=Glyph::Device title="No authentication methods">"There is nothing to reset."</Empty> }.into_any();
    }
    view! {
        <div class="card">
            <table class="table">
                <thead><tr><th>"Method"</th><th>"Registered"</th><th>"Last used"</th></tr></thead>
                <tbody>{methods.into_iter().map(row).collect_view()}{codes_row}</tbody>
            </table>
        </div>
    }
    .into_any()
}
