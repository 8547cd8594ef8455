//! `/resets` and `/resets/{id}`: a plan to review until it is confirmed, its result from then on.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::api::{ResetList, ResetRow, Shown, list_resets, show_reset};
use super::approval_list::waiting;
use super::approval_page::approval;
use super::result_page::{Left, result};
use super::review_page::{Confirming, review};
use crate::domain::approval::Answered;
use crate::domain::ids::ResetId;
use crate::domain::time::Time as Moment;
use crate::features::session::flash::left_by;
use crate::features::session::page::console;
use crate::ui::{Empty, Glyph, Seal, Section, SheetHead, Time};

/// `/resets/{id}`.
#[component]
pub fn ResetPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")).unwrap_or_default());
    let none = ResetId::new(Moment::from_unix_milliseconds(0), [0; 10]);
    let confirm = Confirming::new();
    let stale = confirm.stale();
    let answered = left_by::<Answered>("approval");
    let query = use_query_map();
    let query = Memo::new(move |_| query.with(leptos_router::params::ParamsMap::to_query_string));
    let reset = Resource::new(
        move || (id.get(), query.get(), stale.get()),
        move |(id, query, _)| show_reset(id.parse().unwrap_or(none), query),
    );
    let left = Left::take();
    let again = Callback::new(move |()| reset.refetch());
    console(Section::Resets, reset, move |page: Option<Shown>, _, now| match page {
        None => nothing(),
        Some(Shown::Plan(page)) => match page.approval.as_ref().and_then(|approval| approval.state) {
            Some(state) => approval(*page, state, answered.clone(), now),
            None => review(*page, &confirm, left.planned(), now),
        },
        Some(Shown::Board(page)) => result(*page, &left, again, now),
    })
}

fn nothing() -> AnyView {
    view! {
        <Title text="No such reset"/>
        <SheetHead title="No such reset" crumb=("/resets", "Resets")/>
        <div class="content">
            <Empty icon=Glyph::Layers title="Nothing is here" actions=|| view! { <a class="button" href="/resets">"All resets"</a> }>
                "The address may be mistyped, or this reset is not one of yours."
            </Empty>
        </div>
    }
    .into_any()
}

/// `/resets`: what was reset in the reader's customers, the newest first.
#[component]
pub fn ResetsPage() -> impl IntoView {
    let resets = Resource::new(|| (), |()| list_resets());
    view! {
        <Title text="Resets"/>
        {console(Section::Resets, resets, |resets, _, now| list(resets, now))}
    }
}

fn list(ResetList { waiting: rows, resets }: ResetList, now: Moment) -> AnyView {
    if rows.is_empty() && resets.is_empty() {
        return view! {
            <SheetHead title="Resets"/>
            <div class="content">
                <Empty icon=Glyph::Layers title="No resets yet" actions=|| view! { <a class="button" href="/users">"Choose users"</a> }>
                    "Tick the users who lost their second factor; you review everything before it happens."
                </Empty>
            </div>
        }
        .into_any();
    }
    let row = move |row: ResetRow| {
        let title = row.reason.clone().unwrap_or_else(|| "No reason given".to_owned());
        let failed = if row.failed > 0 { format!(", {} failed", row.failed) } else { String::new() };
        let state = match row.completed_at {
            Some(_) => format!("{} of {} done{failed}", row.done, row.resets),
            None => format!("Running: {} of {}{failed}", row.done, row.resets),
        };
        view! {
            <tr>
                <td class="name"><a class="cut" dir="auto" title=title.clone() href=format!("/resets/{}", row.id)>{title.clone()}</a></td>
                <td>{row.ticket.unwrap_or_default()}</td>
                <td><span class="cut" dir="auto">{row.requester}</span></td>
                <td><Time at=row.confirmed_at now/></td>
                <td>{state}</td>
                <td class="num">{row.skipped}</td>
                <td><Seal plan=row.seal/></td>
            </tr>
        }
        .into_any()
    };
    let waits = !rows.is_empty();
    let done = (!resets.is_empty()).then(|| {
        view! {
                {waits.then(|| view! { <div class="head"><h2>"Confirmed"</h2></div> })}
                <div class="card scroll">
                    <table class="table">
                        <thead>
                            <tr>
                                <th>"Reason"</th><th>"Ticket"</th><th>"Asked by"</th><th>"When"</th><th>"State"</th>
                                <th class="num">"Skipped"</th><th>"Plan"</th>
                            </tr>
                        </thead>
                        <tbody>{resets.into_iter().map(row).collect_view()}</tbody>
                    </table>
                </div>
        }
    });
    view! {
        <SheetHead title="Resets">
            <a class="button" href=super::people_api::HERE>"Recovery board"</a>
        </SheetHead>
        <div class="content">
            {waiting(rows, now)}
            {done}
        </div>
    }
    .into_any()
}

/// "1 person", "397 people".
pub(super) fn people(count: usize) -> String {
    if count == 1 { "1 person".to_owned() } else { format!("{count} people") }
}
