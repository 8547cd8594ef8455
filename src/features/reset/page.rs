//! `/resets/{id}`: a plan to review until it is confirmed, its result from then on.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::api::{Shown, show_reset};
use super::approval_page::approval;
use super::result_page::{Left, result};
use super::review_page::{Confirming, review};
use crate::domain::approval::Answered;
use crate::domain::ids::ResetId;
use crate::domain::time::Time as Moment;
use crate::features::session::flash::left_by;
use crate::features::session::page::console;
use crate::ui::{Empty, Glyph, Section, SheetHead};

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

/// "1 person", "397 people".
pub(super) fn people(count: usize) -> String {
    if count == 1 { "1 person".to_owned() } else { format!("{count} people") }
}
