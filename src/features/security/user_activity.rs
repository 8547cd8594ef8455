//! `/users/{id}/activity`: what happened to somebody.

use leptos::prelude::*;
use leptos_meta::Title;

use super::story_list::by_day;
use super::user_api::ActivityPage;
use super::user_page::{Tab, head};
use crate::domain::time::Time as Moment;
use crate::ui::{Empty, Glyph, Pager};
use crate::words::{place, zone};

pub(super) fn activity(page: ActivityPage, older: bool, now: Moment) -> AnyView {
    let ActivityPage { user, happened, next } = page;
    let path = format!("/users/{}/activity", user.id);
    let count = match happened.len() {
        1 => "1 event".to_owned(),
        count => format!("{count} events"),
    };
    let pages = (older || next.is_some()).then(|| {
        let previous = older.then(|| path.clone());
        let next = next.map(|before| format!("{path}?before={before}"));
        view! { <Pager text=count previous next/> }
    });
    let days = if happened.is_empty() {
        view! { <Empty icon=Glyph::Document title="Nothing happened yet">"What happens from now on stands here."</Empty> }
            .into_any()
    } else {
        by_day(happened, now)
    };
    view! {
        <Title text=user.name.clone()/>
        {head(&user, Tab::Activity)}
        <div class="toolbar">
            <p class="count">"Times in "{place(zone().name())}</p>
        </div>
        <div class="content days">{days}</div>
        {pages}
    }
    .into_any()
}
