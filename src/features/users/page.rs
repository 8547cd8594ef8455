//! `/users`: the list.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::api::{EndOutcome, UserRow};
use super::list_api::{UsersPage as List, list_users};
use super::list_filter::toolbar;
use super::list_parts::{
    END_SESSIONS, PLAN, counted, fetched, list_foot, method_glyph, no_factor_banner, not_begun, order_head, people,
    refusal_banner, refusal_words, reset_item, sessions_ended,
};
use super::selector::customer_selector;
use crate::domain::authority::Role;
use crate::domain::method::MethodKind;
use crate::domain::plan::PlanOutcome;
use crate::domain::time::Time as Moment;
use crate::domain::user::Standing;
use crate::domain::user_filter::Sort;
use crate::features::session::api::Me;
use crate::features::session::flash::left_by;
use crate::features::session::page::console;
use crate::ui::{
    Badge, Checkbox, CustomerName, Empty, Glyph, Icon, Menu, Person, Section, SelectAll, SheetHead, Time, Tone, rows,
    today,
};

const HERE: &str = "/users";
/// Where an invitation is sent again; the server function of accounts has this address.
const INVITE_AGAIN: &str = "/api/accounts/invite_again";

/// Where a list of addresses is pasted; the page of resets has this address.
const FROM_LIST: &str = "/resets/from-list";

/// `/users`: everyone whom the reader may see.
#[component]
pub fn UsersPage() -> impl IntoView {
    let query = use_query_map();
    let query = Memo::new(move |_| query.with(leptos_router::params::ParamsMap::to_query_string));
    let users = Resource::new(move || query.get(), list_users);
    let refused = left_by::<PlanOutcome>("plan").map(|left| left.outcome);
    let ended = left_by::<EndOutcome>("end_user_sessions").map(|left| left.outcome);
    view! {
        <Title text="Users"/>
        {console(Section::Users, users, move |list, me, now| {
            let refused = refused.clone().and_then(refusal_banner);
            let ended = ended.map(sessions_ended);
            sheet(list, me, now, view! { {refused}{ended} }.into_any(), users)
        })}
    }
}

type Users = Resource<Result<crate::features::session::api::Console<List>, crate::features::session::api::ApiError>>;

fn sheet(list: List, me: Me, now: Moment, left: AnyView, users: Users) -> AnyView {
    let head = &list.head;
    let count = if head.filter.narrows() {
        format!("{} of {}", counted(head.users), people(head.of))
    } else {
        people(head.users)
    };
    let fetched = fetched(HERE, head, now, move || users.refetch());
    // Where not every shown customer is the reader's to manage, there is nothing to begin.
    let manages = me.manages && head.choice.forbidding == 0;
    let invite = match head.filter.customers.as_slice() {
        [one] => format!("/users/invite?customer={one}"),
        _ => "/users/invite".to_owned(),
    };
    view! {
        <SheetHead title="Users" beside=customer_selector(HERE, head)>
            {fetched}
            {manages.then(|| view! {
                <a class="button" href=FROM_LIST><Icon of=Glyph::Document/><span class="label">"Reset from a list"</span></a>
            })}
            {manages.then(|| view! { <a class="button" href=invite><Icon of=Glyph::Plus/><span class="label">"Invite users"</span></a> })}
        </SheetHead>
        {toolbar(HERE, head, count)}
        {not_begun(HERE, head, &me, "No invitation and no reset")}
        {left}
        {(!me.has_mfa).then(no_factor_banner)}
        {table(&list, &me, now)}
    }
    .into_any()
}

fn table(list: &List, me: &Me, now: Moment) -> AnyView {
    let head = &list.head;
    if list.users.is_empty() {
        return nobody(list);
    }
    let filter = &head.filter;
    let today = today(now);
    let none = list.users.iter().all(|user| user.refusal.is_some());
    let rows = rows(list.users.clone(), move |user| (user.clone(), today.clone()), move |user| row(user, now));
    // Plain forms: with or without WebAssembly the selection leads to a page of its own.
    view! {
        <form class="list" method="post" action=PLAN>
            <table class="table users" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th class="tick" role="columnheader"><SelectAll label="Select all on this page" refused=none/></th>
                        {order_head(HERE, filter, "Name", "name", Sort::Name, Sort::NameDown)}
                        <th class="wide" role="columnheader">"Address"</th>
                        <th class="customer" role="columnheader">"Customer"</th>
                        <th class="mid methods" role="columnheader">"Methods"</th>
                        <th class="state" role="columnheader">"State"</th>
                        {order_head(HERE, filter, "Last sign-in", "wide when", Sort::SignInDown, Sort::SignIn)}
                        <th class="dots" role="columnheader"><span class="hidden-text">"Actions"</span></th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows}</tbody>
            </table>
            {list_foot(HERE, head, me, (list.users.len(), head.users, ""), Some(filter.clone()))}
        </form>
        <form id="one" method="post" action=PLAN></form>
        <form id="again" method="post" action=INVITE_AGAIN></form>
        <form id="end" method="post" action=END_SESSIONS></form>
    }
    .into_any()
}

fn nobody(list: &List) -> AnyView {
    let filter = &list.head.filter;
    let (title, rest) = match (filter.search.is_empty(), filter.narrows()) {
        (true, false) if list.head.choice.chosen > list.head.choice.customers.iter().filter(|c| c.chosen).count() => {
            ("No such customer".to_owned(), "The address may be mistyped, or this customer is not one of yours.")
        }
        (true, false) => ("No users yet".to_owned(), "Invite them, one by one or from a file."),
        (true, true) => ("Nobody matches".to_owned(), "Remove a filter, or choose other customers."),
        (false, _) => (format!("Nobody is called “{}”", filter.search), "Any part of a name or address will do."),
    };
    view! {
        <div class="content">
            <Empty icon=Glyph::Search title actions=|| view! { <a class="button" href="/users?customer=all">"Show everyone"</a> }>
                {rest}
            </Empty>
        </div>
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
            <td class="mid methods" role="cell">{methods(&user.kinds)}</td>
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
                    {reset_item(id.clone(), refused)}
                    <a class="item" href=format!("/users/{id}/activity")><Icon of=Glyph::Document/>"Show activity"</a>
                    <hr/>
                    {standing_items(&user, &id, refused)}
                </Menu>
            </td>
        </tr>
    }
    .into_any()
}

/// What can be done about somebody's account, or why not.
fn standing_items(user: &UserRow, id: &str, refused: Option<&'static str>) -> AnyView {
    let link = |page: &str, of: Glyph, words: &'static str| match refused {
        None => view! { <a class="item" href=format!("/users/{id}/{page}")><Icon of/>{words}</a> }.into_any(),
        Some(why) => {
            view! { <span class="item" aria-disabled="true"><Icon of/>{words}<small>{why}</small></span> }.into_any()
        }
    };
    let again = (user.standing == Standing::Invited && refused.is_none()).then(|| {
        view! {
            <button class="item" type="submit" form="again" name="id" value=id.to_owned()>
                <Icon of=Glyph::Mail/>"Send the invitation again"
            </button>
        }
    });
    let sessions = (user.sessions > 0 && refused.is_none()).then(|| {
        view! {
            <button class="item" type="submit" form="end" name="id" value=id.to_owned()>
                <Icon of=Glyph::SignOut/>"End all sessions"
            </button>
        }
    });
    let suspension = match user.standing {
        Standing::Suspended => link("suspend", Glyph::Check, "Reactivate"),
        Standing::Active | Standing::Invited => link("suspend", Glyph::Pause, "Suspend"),
    };
    view! { {again}{sessions}{suspension}{link("remove", Glyph::Trash, "Remove")} }.into_any()
}

/// A role worth a badge: the normal one is silent.
#[must_use]
pub fn role_badge(role: Role) -> Option<AnyView> {
    let words = match role {
        Role::Owner => "Owner",
        Role::Admin => "Admin",
        Role::Auditor => "Auditor",
        Role::Member => return None,
    };
    Some(view! { <Badge>{words}</Badge> }.into_any())
}

fn methods(kinds: &[(MethodKind, i64)]) -> AnyView {
    if kinds.is_empty() {
        return "None".into_any();
    }
    let of_a_kind = |(kind, count): &(MethodKind, i64)| {
        let words = if *count > 1 { format!("{}: ", kind.labels()) } else { kind.label().to_owned() };
        let count = (*count > 1).then_some(*count);
        view! {
            <span class="method"><Icon of=method_glyph(*kind)/><span class="hidden-text">{words}</span>{count}</span>
        }
    };
    kinds.iter().map(of_a_kind).collect_view().into_any()
}

/// The one thing that differs most from the normal state.
fn state(user: &UserRow) -> AnyView {
    match user.standing {
        Standing::Suspended => view! { <Badge>"Suspended"</Badge> }.into_any(),
        Standing::Invited => view! { <Badge>"Set-up not finished"</Badge> }.into_any(),
        Standing::Active if user.frozen => {
            view! { <Badge tone=Tone::Danger icon=Glyph::Warning>"Frozen"</Badge> }.into_any()
        }
        Standing::Active if user.set_up_due_at.is_some() => {
            view! { <Badge tone=Tone::Accent icon=Glyph::Mail>"Reset, not back yet"</Badge> }.into_any()
        }
        Standing::Active if user.methods == 0 => view! { <Badge tone=Tone::Warn>"No second factor"</Badge> }.into_any(),
        Standing::Active if user.codes_left <= user.codes_low => {
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
