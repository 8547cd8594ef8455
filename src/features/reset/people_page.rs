//! `/resets/people`: the recovery board across resets.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::board_people::{bar, row, table as rows_of};
use super::people_api::{DAYS, HERE, PeoplePage as List, PersonRow, USUAL_DAYS, show_people};
use super::result_page::{Left, said, tiles};
use crate::domain::board::Stage;
use crate::domain::count::Count;
use crate::domain::time::Time as Moment;
use crate::domain::user_filter::{MfaState, UserFilter};
use crate::features::session::page::console;
use crate::features::users::list_api::{ListHead, address, with_rest};
use crate::features::users::list_parts::{counted, number};
use crate::features::users::selector::customer_selector;
use crate::ui::{Banner, Empty, Glyph, Icon, Pager, Section, SheetHead, Tabs, Time, Tone, rows, today};

const LINKS: &str = "/api/reset/people/links";
const SELECT: &str = "/api/reset/people/select";

/// Everybody who was reset lately, and where they stand.
#[component]
pub fn RecoveryBoardPage() -> impl IntoView {
    let query = use_query_map();
    let query = Memo::new(move |_| query.with(leptos_router::params::ParamsMap::to_query_string));
    let page = Resource::new(move || query.get(), show_people);
    let left = Left::take();
    view! {
        <Title text="Recovery board"/>
        {console(Section::Resets, page, move |list, _, now| sheet(list, &left, now))}
    }
}

/// The address of the board with this period and these stages, from its beginning or after somebody.
fn place(head: &ListHead, days: u16, stages: &[Stage], after: Option<&str>) -> String {
    let after = after.map(|after| ("after", after.to_owned()));
    let days = (days != USUAL_DAYS).then(|| ("days", days.to_string()));
    let state = (!stages.is_empty() && stages != Stage::NOT_BACK).then(|| ("state", Stage::write(stages)));
    let rest = after.into_iter().chain(days).chain(state).map(|(name, value)| (name.to_owned(), value));
    with_rest(HERE, &head.filter, &rest.collect::<Vec<_>>())
}

fn period(days: u16) -> String {
    if days == 1 { "The last day".to_owned() } else { format!("The last {days} days") }
}

/// Those who said that it was not them, whether a reset brought them here or another mail did.
fn frozen_people(head: &ListHead, count: Count) -> Option<AnyView> {
    let fact = match count {
        Count::Exactly(0) => return None,
        Count::Exactly(1) => "1 account is frozen.".to_owned(),
        count => format!("{} accounts are frozen.", counted(count)),
    };
    let mut filter = UserFilter { mfa: Some(MfaState::Frozen), ..UserFilter::default() };
    filter.customers.clone_from(&head.filter.customers);
    let who = address("/users", &filter, None);
    let actions = move || view! { <a class="button quiet" href=who>"Who"</a> }.into_any();
    let words = "Their users say of a mail that it was not them. Nobody gets in before you have spoken with them and reset them.";
    Some(view! { <Banner tone=Tone::Danger fact icon=Glyph::Warning actions>{words}</Banner> }.into_any())
}

fn sheet(list: List, left: &Left, now: Moment) -> AnyView {
    let List { head, days, stages, counts, rows: people, next, frozen, manages } = list;
    let of: i64 = counts.iter().filter(|(stage, _)| stages.contains(stage)).map(|(_, count)| count).sum();
    let here = place(&head, days, &stages, None);
    let again = here.clone();
    let query = here.split_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default();
    let tiles = {
        let head = head.clone();
        // Pressed once more it shows again who is not back.
        tiles(&counts, &stages, move |stages| place(&head, days, stages, None))
    };
    let periods = DAYS.map(|other| (place(&head, other, &stages, None), period(other))).to_vec();
    let current = DAYS.iter().position(|other| *other == days).unwrap_or_default();
    let default = stages == Stage::NOT_BACK;
    let chip = (!default).then(|| {
        let words: Vec<&str> = stages.iter().map(|stage| stage.label()).collect();
        view! {
            <a class="chip set" href=place(&head, days, &[], None)>
                "State "<b>{words.join(", ")}</b><Icon of=Glyph::Close/><span class="hidden-text">"Show who is not back"</span>
            </a>
        }
    });
    let shown = people.len();
    let later = head.after.is_some();
    let text = match (later, shown) {
        (true, _) => format!("{shown} more of {}", number(of)),
        (false, 0) => "Nobody".to_owned(),
        (false, _) => format!("1–{shown} of {}", number(of)),
    };
    let next = next.map(|after| place(&head, days, &stages, Some(&after)));
    let previous = later.then(|| place(&head, days, &stages, None));
    let frozen = frozen_people(&head, frozen);
    let title = if default { "Not back" } else { "People" };
    let beside = customer_selector(HERE, &head);
    let table = if shown == 0 {
        let (title, words) = if default {
            ("Everybody is back", "Whoever was reset in this time has set up again.")
        } else {
            ("Nobody is here", "Those who were have moved on.")
        };
        view! { <div class="content"><Empty icon=Glyph::Users title=title>{words}</Empty></div> }.into_any()
    } else {
        let today = today(now);
        let rows = rows(
            people,
            move |row| (row.clone(), today.clone()),
            move |one: PersonRow| {
                let value = format!("{}.{}", one.reset, one.row.user);
                row(one.row, value, Some(one.reset), manages, now)
            },
        );
        view! {
            <form class="list" method="post" action=LINKS>
                <input type="hidden" name="query" value=query/>
                {rows_of(rows, manages)}
                <Pager text=text.clone() previous next/>
                {manages.then(|| bar(of, SELECT))}
            </form>
        }
        .into_any()
    };
    view! {
        <SheetHead title="Recovery board" crumb=("/resets", "Resets") beside=beside>
            <p class="fresh">"Fetched at "<Time at=now now seconds=true/></p>
            <a class="button icon" href=again><Icon of=Glyph::Refresh/><span class="hidden-text">"Refresh"</span></a>
        </SheetHead>
        <Tabs items=periods current label="Period"/>
        <div class="content">{said(left)}{frozen}{tiles}</div>
        <div class="toolbar"><h2>{title}</h2>{chip}<p class="count">{text}</p></div>
        {table}
    }
    .into_any()
}
