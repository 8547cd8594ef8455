//! `/methods`: the authentication methods of everybody.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::list_api::{ListedMethodRow, MethodsPage as List, list_methods};
use super::list_filter::toolbar;
use super::list_parts::{
    PLAN, counted, fetched, list_foot, method_glyph, no_factor_banner, order_head, people, refusal_banner,
    refusal_words, reset_item,
};
use super::page::role_badge;
use super::selector::customer_selector;
use crate::domain::count::Count;
use crate::domain::plan::PlanOutcome;
use crate::domain::time::Time as Moment;
use crate::domain::user_filter::Sort;
use crate::features::session::api::{ApiError, Console, Me};
use crate::features::session::flash::left_by;
use crate::features::session::page::console;
use crate::ui::{
    Checkbox, CustomerName, Empty, Glyph, Icon, Menu, Person, Section, SelectAll, SheetHead, Time, rows, today,
};

const HERE: &str = "/methods";

/// `/methods`: every authentication method of everybody whom the reader may see.
#[component]
pub fn MethodsPage() -> impl IntoView {
    let query = use_query_map();
    let query = Memo::new(move |_| query.with(leptos_router::params::ParamsMap::to_query_string));
    let methods = Resource::new(move || query.get(), list_methods);
    let left = left_by::<PlanOutcome>("plan").map(|left| left.outcome);
    view! {
        <Title text="Authentication methods"/>
        {console(Section::Methods, methods, move |list, me, now| sheet(list, me, now, left.clone(), methods))}
    }
}

fn sheet(
    list: List,
    me: Me,
    now: Moment,
    left: Option<PlanOutcome>,
    methods: Resource<Result<Console<List>, ApiError>>,
) -> AnyView {
    let head = &list.head;
    let of = people(head.users);
    let count = match list.total {
        Count::Exactly(1) => format!("1 method of {of}"),
        total => format!("{} methods of {of}", counted(total)),
    };
    let fetched = fetched(HERE, head, now, move || methods.refetch());
    view! {
        <SheetHead title="Authentication methods" beside=customer_selector(HERE, head)>
            {fetched}
        </SheetHead>
        {toolbar(HERE, head, count)}
        {left.and_then(refusal_banner)}
        {(!me.has_mfa).then(no_factor_banner)}
        {table(&list, &me, now)}
    }
    .into_any()
}

fn table(list: &List, me: &Me, now: Moment) -> AnyView {
    let head = &list.head;
    if list.methods.is_empty() {
        return view! {
            <div class="content">
                <Empty
                    icon=Glyph::Device
                    title="No authentication method"
                    actions=|| view! { <a class="button" href="/methods?customer=all">"Show all"</a> }
                >
                    "Nobody here has one that matches."
                </Empty>
            </div>
        }
        .into_any();
    }
    let today = today(now);
    let none = list.methods.iter().all(|method| method.refusal.is_some());
    let rows =
        rows(list.methods.clone(), move |method| (method.clone(), today.clone()), move |method| row(method, now));
    view! {
        <form class="list" method="post" action=PLAN>
            <table class="table users of-methods" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th class="tick" role="columnheader"><SelectAll label="Select all on this page" refused=none/></th>
                        {order_head(HERE, &head.filter, "Name", "name", Sort::Name, Sort::NameDown)}
                        <th class="wide" role="columnheader">"Address"</th>
                        <th class="customer" role="columnheader">"Customer"</th>
                        <th class="state" role="columnheader">"Method"</th>
                        <th class="mid" role="columnheader">"Registered"</th>
                        <th class="mid" role="columnheader">"Last used"</th>
                        <th class="dots" role="columnheader"><span class="hidden-text">"Actions"</span></th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows}</tbody>
            </table>
            // Whoever has none is not on this list, and not meant by all of it.
            {list_foot(HERE, head, me, (list.methods.len(), list.total, " methods"), head.filter.of_holders())}
        </form>
        <form id="one" method="post" action=PLAN></form>
    }
    .into_any()
}

fn row(method: ListedMethodRow, now: Moment) -> AnyView {
    let id = method.user.to_string();
    let refused = method.refusal.map(refusal_words);
    let href = format!("/users/{id}/methods");
    view! {
        <tr role="row">
            <td class="tick" role="cell">
                <Checkbox
                    name="users[]"
                    value=id.clone()
                    label=format!("Select {}", method.name)
                    hidden=true
                    refused=refused.map(str::to_owned)
                />
            </td>
            <td class="name" role="cell">
                <Person name=method.name.clone() href=href.clone() under=method.address.clone() under_narrow=true>
                    {role_badge(method.role)}
                </Person>
            </td>
            <td class="wide" role="cell"><span class="cut" title=method.address.clone()>{method.address.clone()}</span></td>
            <td class="customer" role="cell"><CustomerName name=method.customer.clone()/></td>
            <td class="state" role="cell">
                <span class="method"><Icon of=method_glyph(method.kind)/>{method.kind.label()}</span>
                {method.called.map(|called| view! { <span class="under cut" dir="auto" title=called.clone()>{called.clone()}</span> })}
            </td>
            <td class="mid" role="cell"><Time at=method.registered_at now/></td>
            <td class="mid" role="cell">
                {method.last_used_at.map_or_else(
                    || "Never".into_any(),
                    |at| view! { <Time at now/> }.into_any(),
                )}
            </td>
            <td class="dots" role="cell">
                <Menu label=format!("Actions for {}", method.name)>
                    <a class="item" href=href><Icon of=Glyph::Users/>"Open details"</a>
                    {reset_item(id, refused)}
                </Menu>
            </td>
        </tr>
    }
    .into_any()
}
