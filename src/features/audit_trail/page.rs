//! `/audit`: what happened, the newest first.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::api::{AuditPage as Audit, AuditRow, list_events};
use crate::domain::time::Time as Moment;
use crate::features::session::page::console;
use crate::features::users::list_api::{ListHead, with_rest};
use crate::features::users::selector::customer_selector;
use crate::ui::{Badge, CustomerName, Empty, Glyph, Pager, Section, SheetHead, Time, Tone};
use crate::words::{place, zone};

/// The audit of the reader's customers.
#[component]
pub fn AuditPage() -> impl IntoView {
    let query = use_query_map();
    let wanted = Memo::new(move |_| query.with(leptos_router::params::ParamsMap::to_query_string));
    let events = Resource::new(move || wanted.get(), list_events);
    view! {
        <Title text="Audit"/>
        {console(Section::Audit, events, move |audit, _, now| {
            let asked = |name| query.with_untracked(|query| query.get(name));
            sheet(audit, asked("user"), asked("before").is_some(), now)
        })}
    }
}

/// The rows before this one, of the customers that are chosen or about one person; from the newest on without one.
fn address(head: Option<&ListHead>, user: Option<&String>, before: Option<String>) -> String {
    let filter = head.map(|head| head.filter.clone()).unwrap_or_default();
    let user = user.map(|user| ("user".to_owned(), user.clone()));
    let before = before.map(|before| ("before".to_owned(), before));
    with_rest("/audit", &filter, &user.into_iter().chain(before).collect::<Vec<_>>())
}

fn sheet(audit: Audit, user: Option<String>, older: bool, now: Moment) -> AnyView {
    let Audit { rows, next, head, about } = audit;
    let next = next.map(|before| address(head.as_ref(), user.as_ref(), Some(before)));
    let previous = older.then(|| address(head.as_ref(), user.as_ref(), None));
    let text = match rows.len() {
        1 => "1 row".to_owned(),
        n if older => format!("{n} older rows"),
        n => format!("Newest {n} rows"),
    };
    let chip = user.is_some().then(|| {
        let name = about.unwrap_or_else(|| "one person".to_owned());
        view! {
            <div class="toolbar">
                <a class="chip set" href="/audit">"About "<b><bdi>{name}</bdi></b><crate::ui::Icon of=Glyph::Close/><span class="hidden-text">"Show everyone"</span></a>
            </div>
        }
    });
    let table = if rows.is_empty() {
        view! { <div class="content"><Empty icon=Glyph::Document title="Nothing recorded">"What happens from now on stands here."</Empty></div> }
            .into_any()
    } else {
        view! {
            <table class="table audit" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th class="num" role="columnheader">"Row"</th>
                        <th class="time" role="columnheader">{format!("Time ({})", place(zone().name()))}</th>
                        <th class="what" role="columnheader">"What"</th>
                        <th class="who" role="columnheader">"Who"</th>
                        <th class="about" role="columnheader">"About"</th>
                        <th class="customer" role="columnheader">"Customer"</th>
                        <th class="from" role="columnheader">"From"</th>
                        <th class="hash" role="columnheader">"Hash"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows.into_iter().map(|row| event_rows(row, now)).collect_view()}</tbody>
            </table>
            <Pager text previous next/>
        }
        .into_any()
    };
    let title = match &head {
        Some(head) => view! { <SheetHead title="Audit" beside=customer_selector("/audit", head)/> }.into_any(),
        None => view! { <SheetHead title="Audit"/> }.into_any(),
    };
    view! {
        {title}
        {chip}
        {table}
    }
    .into_any()
}

fn event_rows(row: AuditRow, now: Moment) -> AnyView {
    let words = row.what.label();
    let what = if row.what.is_refusal() {
        view! { <Badge tone=Tone::Warn>{words}</Badge> }.into_any()
    } else {
        words.into_any()
    };
    let short = row.hash.rsplit('.').next().map_or_else(String::new, |hash| {
        let end = hash.len().saturating_sub(2);
        format!("{}…{}", hash.get(..4).unwrap_or(hash), hash.get(end..).unwrap_or_default())
    });
    let cut = |name: String| view! { <span class="cut" dir="auto" title=name.clone()>{name.clone()}</span> };
    let who = row.actor.clone().map_or_else(|| "Rekey, or unknown".into_any(), |name| cut(name).into_any());
    let about = match (row.target.clone(), row.target_id) {
        (Some(name), Some(id)) => {
            view! { <a class="cut" dir="auto" title=name.clone() href=format!("/users/{id}")>{name.clone()}</a> }
                .into_any()
        }
        _ => ().into_any(),
    };
    let details = row
        .details
        .iter()
        .map(|(name, value)| {
            let name = sentence(name);
            view! { <div><dt>{name}</dt><dd><bdi>{value.clone()}</bdi></dd></div> }
        })
        .collect_view();
    view! {
        <tr role="row">
            <td class="num mono" role="cell">{row.number}</td>
            <td class="time" role="cell"><Time at=row.at now seconds=true/></td>
            <td class="what" role="cell"><details class="opener"><summary>{what}</summary></details></td>
            <td class="who" role="cell">{who}</td>
            <td class="about" role="cell">{about}</td>
            <td class="customer" role="cell"><CustomerName name=row.customer.clone()/></td>
            <td class="from" role="cell">{row.from.clone().unwrap_or_default()}</td>
            <td class="hash mono" role="cell">{short}</td>
        </tr>
        <tr class="opened" role="row">
            <td colspan="8" role="cell">
                <dl class="facts two">
                    {details}
                    <div><dt>"Hash of this row"</dt><dd class="mono">{row.hash.clone()}</dd></div>
                </dl>
            </td>
        </tr>
    }
    .into_any()
}

/// `half_finished_sign_ins` as people write it.
fn sentence(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
