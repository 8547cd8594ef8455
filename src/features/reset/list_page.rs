//! `/resets`: what was reset in the reader's customers and what is about to be, the newest first.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::Form;
use leptos_router::hooks::use_query_map;

use super::approval_list::waiting;
use super::list_api::{ResetList, ResetRow, list_resets};
use crate::domain::approval::Decision;
use crate::domain::ids::ResetId;
use crate::domain::reset_filter::{ResetFilter, Tab};
use crate::domain::time::Time as Moment;
use crate::domain::user_filter::UserFilter;
use crate::features::session::api::Me;
use crate::features::session::page::console;
use crate::features::users::list_api::{ListHead, with_rest};
use crate::features::users::list_parts::{not_begun, number};
use crate::features::users::selector::customer_selector;
use crate::ui::{Banner, Empty, Glyph, Icon, Pager, Seal, SearchField, Section, SheetHead, Tabs, Time, clock};

/// `/resets`.
#[component]
pub fn ResetsPage() -> impl IntoView {
    let query = use_query_map();
    let query = Memo::new(move |_| query.with(leptos_router::params::ParamsMap::to_query_string));
    let resets = Resource::new(move || query.get(), list_resets);
    view! {
        <Title text="Resets"/>
        {console(Section::Resets, resets, |resets, me, now| list(resets, &me, now))}
    }
}

/// The address of a list of these customers, from the reset before `before` on.
fn address(customers: &UserFilter, filter: &ResetFilter, before: Option<ResetId>) -> String {
    let pairs = filter.pairs().into_iter().map(|(name, value)| (name.to_owned(), value));
    let before = before.map(|before| ("before".to_owned(), before.to_string()));
    with_rest("/resets", customers, &pairs.chain(before).collect::<Vec<_>>())
}

/// The customers of a list, without what else is asked of it.
fn customers(head: &ListHead) -> UserFilter {
    UserFilter { customers: head.filter.customers.clone(), ..UserFilter::default() }
}

fn list(list: ResetList, me: &Me, now: Moment) -> AnyView {
    let (filter, of) = (list.filter.clone(), customers(&list.head));
    let beside = customer_selector("/resets", &list.head);
    let may_begin = list.head.choice.forbidding == 0;
    let not_begun = not_begun("/resets", &list.head, me, "No reset from a list");
    let tab = |tab: Tab| (address(&of, &ResetFilter { tab, ..filter.clone() }, None), tab.label().to_owned());
    let tabs: Vec<(String, String)> = Tab::ALL.iter().map(|one| tab(*one)).collect();
    let current = Tab::ALL.iter().position(|tab| *tab == filter.tab).unwrap_or(0);
    let kept =
        (filter.tab != Tab::default()).then(|| view! { <input type="hidden" name="show" value=filter.tab.as_str()/> });
    let kept_customers =
        of.pairs().into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value/> });
    let kept_customers = kept_customers.collect_view();
    let cleared = (!filter.search.is_empty()).then(|| {
        let href = address(&of, &ResetFilter { search: String::new(), ..filter.clone() }, None);
        view! { <a class="button quiet" href=href>"Clear"</a> }
    });
    let body = if filter.tab == Tab::Waiting {
        if list.waiting.is_empty() {
            empty(&filter)
        } else {
            view! { <div class="content">{waiting(list.waiting, now)}</div> }.into_any()
        }
    } else {
        let for_me = list.waiting.iter().filter(|row| !row.is_mine).count();
        let asks = (for_me > 0 && !list.later).then(|| asks(for_me));
        let rest = if list.resets.is_empty() { empty(&filter) } else { table(list, now) };
        view! { {asks}{rest} }.into_any()
    };
    let manages = me.manages && may_begin;
    view! {
        <SheetHead title="Resets" beside=beside>
            <a class="button" href=super::people_api::HERE><Icon of=Glyph::Users/><span class="label">"Recovery board"</span></a>
            {manages.then(|| view! {
                <a class="button" href="/resets/from-list"><Icon of=Glyph::Document/><span class="label">"Reset from a list"</span></a>
            })}
        </SheetHead>
        <Tabs items=tabs current label="Resets"/>
        <div class="toolbar">
            <Form method="GET" action="/resets" attr:class="search" attr:role="search">
                <SearchField label="Search people, reason, ticket or plan" value=filter.search.clone()/>
                {kept}
                {kept_customers}
            </Form>
            {cleared}
        </div>
        {not_begun}
        {body}
    }
    .into_any()
}

/// That somebody waits for the reader.
fn asks(for_me: usize) -> AnyView {
    let fact = if for_me == 1 {
        "1 reset waits for your approval.".to_owned()
    } else {
        format!("{for_me} resets wait for your approval.")
    };
    let href = address(&UserFilter::default(), &ResetFilter { tab: Tab::Waiting, ..ResetFilter::default() }, None);
    view! { <div class="content"><Banner fact icon=Glyph::Users><a href=href>"Show"</a></Banner></div> }.into_any()
}

fn empty(filter: &ResetFilter) -> AnyView {
    let (title, rest) = match (filter.search.is_empty(), filter.tab) {
        (false, _) => (
            format!("Nothing is found for “{}”", filter.search),
            "Any part of a name, an address, a reason or a ticket will do, or the beginning of a plan.",
        ),
        (true, Tab::Waiting) => ("Nothing waits".to_owned(), "No reset needs a second person at the moment."),
        (true, Tab::Running) => ("Nothing is running".to_owned(), "Every reset has come to its end."),
        (true, Tab::Mine) => (
            "You asked for no reset yet".to_owned(),
            "Tick the users who lost their second factor; you review everything before it happens.",
        ),
        (true, Tab::Customers | Tab::Done) => (
            "No resets yet".to_owned(),
            "Tick the users who lost their second factor; you review everything before it happens.",
        ),
    };
    let (href, words) = if filter.search.is_empty() && matches!(filter.tab, Tab::Customers | Tab::Mine | Tab::Done) {
        ("/users".to_owned(), "Choose users")
    } else {
        ("/resets".to_owned(), "All resets")
    };
    view! {
        <div class="content">
            <Empty icon=Glyph::Layers title actions=move || view! { <a class="button" href=href>{words}</a> }>{rest}</Empty>
        </div>
    }
    .into_any()
}

fn table(list: ResetList, now: Moment) -> AnyView {
    let ResetList { head, filter, resets, later, next, .. } = list;
    let next = next.map(|before| address(&customers(&head), &filter, Some(before)));
    let previous = later.then(|| address(&customers(&head), &filter, None));
    let text = match (resets.len(), later) {
        (1, false) => "1 reset".to_owned(),
        (many, true) => format!("{many} more"),
        (many, false) => format!("The newest {many}"),
    };
    let pages = (next.is_some() || previous.is_some()).then(|| view! { <Pager text previous next/> });
    view! {
        <table class="table resets" role="table">
            <thead role="rowgroup">
                <tr role="row">
                    <th class="name" role="columnheader">"Reason"</th>
                    <th class="mid" role="columnheader">"Ticket"</th>
                    <th class="wide" role="columnheader">"Asked by"</th>
                    <th class="mid" role="columnheader">"When"</th>
                    <th class="state" role="columnheader">"State"</th>
                    <th class="wide num" role="columnheader">"Skipped"</th>
                    <th class="mid plan" role="columnheader">"Plan"</th>
                </tr>
            </thead>
            <tbody role="rowgroup">{resets.into_iter().map(|reset| row(reset, now)).collect_view()}</tbody>
        </table>
        {pages}
    }
    .into_any()
}

fn row(row: ResetRow, now: Moment) -> AnyView {
    let title = row.reason.clone().unwrap_or_else(|| match row.confirm_until {
        Some(_) => "Not confirmed yet".to_owned(),
        None => "No reason given".to_owned(),
    });
    view! {
        <tr role="row">
            <td class="name" role="cell"><a class="cut" dir="auto" title=title.clone() href=format!("/resets/{}", row.id)>{title.clone()}</a></td>
            <td class="mid" role="cell"><span class="cut" dir="auto">{row.ticket.clone().unwrap_or_default()}</span></td>
            <td class="wide" role="cell"><span class="cut" dir="auto">{row.requester.clone()}</span></td>
            <td class="mid" role="cell"><Time at=row.confirmed_at.unwrap_or(row.created_at) now/></td>
            <td class="state" role="cell">{state(&row)}</td>
            <td class="wide num" role="cell">{number(row.skipped)}</td>
            <td class="mid plan" role="cell"><Seal plan=row.seal/></td>
        </tr>
    }
    .into_any()
}

fn state(row: &ResetRow) -> String {
    let failed = if row.failed > 0 { format!(", {} failed", number(row.failed)) } else { String::new() };
    let so_far = format!("{} of {}{failed}", number(row.done), number(row.resets));
    match (row.confirmed_at, row.completed_at, row.decision) {
        (Some(_), Some(_), _) if row.stopped => format!("Stopped: {so_far}"),
        (Some(_), Some(_), _) => format!("{} of {} done{failed}", number(row.done), number(row.resets)),
        (Some(_), None, _) => format!("Running: {so_far}"),
        (None, _, Some(Decision::Declined)) => "Declined".to_owned(),
        (None, _, Some(Decision::ChangesAsked)) => "Changes asked for".to_owned(),
        (None, _, Some(Decision::Withdrawn)) => "Withdrawn".to_owned(),
        (None, _, Some(Decision::Expired)) => "Not approved in time".to_owned(),
        (None, ..) => match row.confirm_until {
            Some(until) => format!("{} to confirm until {}", number(row.resets), clock(until)),
            None => format!("Waits for approval: {}", number(row.resets)),
        },
    }
}
