//! `/resets/from-list`: a list of addresses goes in. `/resets/from-list/{list}`: whom it means, before anything is planned.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::from_list_api::{
    LineRow, ListOutcome, Listed, ListedPage as Page, Meaning, PAGE, Part, list_text, show_listed,
};
use super::page::people;
use crate::domain::ids::ResetListId;
use crate::domain::plan::{MOST_LINES, PlanOutcome};
use crate::domain::time::Time as Moment;
use crate::features::session::api::Me;
use crate::features::session::flash::left_by;
use crate::features::session::page::console;
use crate::features::users::list_parts::{number, plan_refused, refusal_words};
use crate::features::users::page::role_badge;
use crate::ui::{
    Banner, CustomerName, Empty, Glyph, Look, Pager, Person, Section, SheetHead, StatTile, StatTiles, SubmitButton,
    TextArea, Tone, clock,
};

/// The page that takes a list.
#[component]
pub fn FromListPage() -> impl IntoView {
    let query = use_query_map();
    let kept = Memo::new(move |_| query.read().get("list").and_then(|id| id.parse::<ResetListId>().ok()));
    let page = Resource::new(move || kept.get(), list_text);
    let left = left_by::<ListOutcome>("reset_list").map(|left| left.outcome);
    view! {
        <Title text="Reset from a list"/>
        {console(Section::Users, page, move |text, me, _| {
            let body = if me.manages { form(text, left) } else { not_for(&me) };
            view! {
                <SheetHead title="Reset from a list" crumb=("/users", "Users")/>
                {body}
            }
            .into_any()
        })}
    }
}

/// What stands there for whoever resets nobody.
fn not_for(me: &Me) -> AnyView {
    let why = if me.has_mfa {
        "Owners and admins reset the users of their customers. Ask one of them."
    } else {
        "Set up a second factor of your own first: sign out and in again."
    };
    view! {
        <div class="content">
            <Empty icon=Glyph::Users title="You cannot reset anybody" actions=|| view! { <a class="button" href="/users">"Back to the users"</a> }>
                {why}
            </Empty>
        </div>
    }
    .into_any()
}

fn form(text: String, left: Option<ListOutcome>) -> AnyView {
    let most = number(i64::try_from(MOST_LINES).unwrap_or(i64::MAX));
    let empty = (left == Some(ListOutcome::Empty)).then(|| "Paste the addresses here, or choose a file.".to_owned());
    view! {
        <div class="content">
            <div class="decision">
                {left.and_then(refused)}
                <form class="form" method="post" action="/api/reset/file" enctype="multipart/form-data">
                    <TextArea
                        name="text"
                        label="Addresses"
                        value=text
                        rows=10
                        hint="One a line, or several with commas or semicolons between them. “Name <address>” as mail programs copy it, and a table with a column of addresses, work as they are."
                        error=empty
                    />
                    <div class="field">
                        <label for="file">"Or a file "<small>"it counts instead of what is pasted"</small></label>
                        <input class="input" id="file" type="file" name="file" accept=".csv,text/csv,text/plain" aria-describedby="file-help"/>
                        <p class="hint" id="file-help">
                            {format!("CSV in UTF-8 or UTF-16, with or without a head, at most 1 MB and {most} lines.")}
                        </p>
                    </div>
                    <p class="note">"Nobody is selected yet: the next page shows whom each line means."</p>
                    <div class="actions">
                        <SubmitButton look=Look::Primary>"Look at it first"</SubmitButton>
                        <a class="button quiet" href="/users">"Cancel"</a>
                    </div>
                </form>
            </div>
        </div>
    }
    .into_any()
}

fn refused(outcome: ListOutcome) -> Option<AnyView> {
    let (fact, rest) = match outcome {
        // The field says it.
        ListOutcome::Empty => return None,
        ListOutcome::TooLarge => ("The file is larger than 1 MB.".to_owned(), "Split it."),
        ListOutcome::TooMany => (
            format!("The list has more than {} lines.", number(i64::try_from(MOST_LINES).unwrap_or(i64::MAX))),
            "One plan holds no more people. Split it.",
        ),
        ListOutcome::Encoding => (
            "The file is neither UTF-8 nor UTF-16.".to_owned(),
            "Save it as “CSV UTF-8”; addresses would suffer otherwise.",
        ),
        ListOutcome::TwoColumns => ("A column of addresses is there twice.".to_owned(), "Take one of the two away."),
        ListOutcome::OpenQuote(line) => {
            (format!("A quotation mark is opened on line {line} and never closed."), "Close it, or take it away.")
        }
        ListOutcome::Refused(refusal) => (format!("{}.", refusal_words(refusal)), ""),
    };
    Some(
        view! { <Banner tone=Tone::Danger fact alert=true>{rest}" Nobody was selected, and nothing was changed."</Banner> }
            .into_any(),
    )
}

/// The page of one list.
#[component]
pub fn ListedPage() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let id = Memo::new(move |_| params.read().get("list").unwrap_or_default());
    let query = Memo::new(move |_| query.with(leptos_router::params::ParamsMap::to_query_string));
    let none = ResetListId::new(Moment::from_unix_milliseconds(0), [0; 10]);
    let page = Resource::new(
        move || (id.get(), query.get()),
        move |(id, query)| show_listed(id.parse().unwrap_or(none), query),
    );
    let left = left_by::<PlanOutcome>("plan").map(|left| left.outcome);
    console(Section::Users, page, move |page, _, _| match page {
        None => nothing_here(),
        Some(page) => listed(&page, left.clone()),
    })
}

fn nothing_here() -> AnyView {
    view! {
        <Title text="No such list"/>
        <SheetHead title="No such list" crumb=("/users", "Users")/>
        <div class="content">
            <Empty icon=Glyph::Document title="This list is not here" actions=|| view! { <a class="button" href="/resets/from-list">"Paste it again"</a> }>
                "A list waits for 30 minutes, for the one who pasted it, until they paste another. Nobody was reset by it."
            </Empty>
        </div>
    }
    .into_any()
}

/// The address of a part of a list, from one of its lines on.
fn address(id: ResetListId, part: Part, after: usize) -> String {
    let after = if after > 0 { format!("&after={after}") } else { String::new() };
    format!("/resets/from-list/{id}?show={part}{after}")
}

fn listed(page: &Page, left: Option<PlanOutcome>) -> AnyView {
    let words = |part: Part| match part {
        Part::Matched => "matched",
        Part::LeftOut => "left out",
        Part::Unmatched => "not matched",
        Part::Again => "there twice",
    };
    let tile = |part: Part| {
        let count = number(i64::try_from(page.count(part)).unwrap_or(i64::MAX));
        let href = (page.count(part) > 0).then(|| address(page.id, part, 0));
        match href {
            Some(href) => view! { <StatTile number=count label=words(part) href here=page.part == part/> }.into_any(),
            None => view! { <StatTile number=count label=words(part)/> }.into_any(),
        }
    };
    let tiles = Part::ALL.iter().map(|part| tile(*part)).collect_view();
    let unmatched = page.count(Part::Unmatched);
    let attention = (unmatched > 0).then(|| {
        let fact = if unmatched == 1 {
            "1 line means nobody whom you look after.".to_owned()
        } else {
            format!("{} lines mean nobody whom you look after.", number(i64::try_from(unmatched).unwrap_or(i64::MAX)))
        };
        let href = address(page.id, Part::Unmatched, 0);
        let shown = (page.part != Part::Unmatched).then(|| view! { <a href=href>"Show them"</a> });
        view! { <Banner tone=Tone::Warn fact>"Whoever they were meant for keeps everything. "{shown}</Banner> }
    });
    let title = match page.part {
        Part::Matched => "Who is selected",
        Part::LeftOut => "Who is left out",
        Part::Unmatched => "Lines that mean nobody",
        Part::Again => "Lines that name somebody again",
    };
    let planned = left.and_then(plan_refused);
    let (before, of) = (page.before, page.count(page.part));
    let text = match page.lines.len() {
        0 => "No lines".to_owned(),
        shown => format!("{}–{} of {of}", before + 1, before + shown),
    };
    let previous = (before > 0).then(|| address(page.id, page.part, before.saturating_sub(PAGE)));
    let next = (before + page.lines.len() < of && !page.lines.is_empty())
        .then(|| address(page.id, page.part, before + page.lines.len()));
    view! {
        <Title text="Whom the list means"/>
        <SheetHead title="Whom the list means" crumb=("/users", "Users")/>
        <div class="content columns">
            <div>
                {planned}
                <StatTiles>{tiles}</StatTiles>
                {attention}
                <div class="head"><h2>{title}</h2></div>
                {table(page)}
                <Pager text previous next/>
            </div>
            <aside>{go_on(page)}</aside>
        </div>
    }
    .into_any()
}

fn go_on(page: &Page) -> AnyView {
    let matched = page.count(Part::Matched);
    let back = format!("/resets/from-list?list={}", page.id);
    let inside = if matched == 0 {
        view! {
            <p>"Nobody on this list can be selected."</p>
            <div class="actions"><a class="button" href=back>"Change the list"</a></div>
        }
        .into_any()
    } else {
        view! {
            <form class="form" method="post" action="/api/reset/plan_list">
                <input type="hidden" name="id" value=page.id.to_string()/>
                <p><b>{people(matched)}</b>" will be in the plan. You review everything before it happens."</p>
                <SubmitButton look=Look::Primary wide=true>{format!("Review {}", people(matched))}</SubmitButton>
                <a class="button quiet wide" href=back>"Change the list"</a>
            </form>
        }
        .into_any()
    };
    view! {
        <section class="card">
            <header class="card-head"><h2>"Selection"</h2></header>
            <div class="card-body">{inside}</div>
        </section>
        <p class="note">{format!("The list is kept for you until {}.", clock(page.until))}</p>
    }
    .into_any()
}

fn table(page: &Page) -> AnyView {
    let heads = match page.part {
        Part::Matched => view! { <th>"Name"</th><th class="mid">"Customer"</th> }.into_any(),
        Part::LeftOut => view! { <th>"Name"</th><th class="mid">"Customer"</th><th>"Why"</th> }.into_any(),
        Part::Unmatched | Part::Again => view! { <th>"What stands there"</th><th>"Why"</th> }.into_any(),
    };
    view! {
        <div class="card">
            <table class="table">
                <thead><tr><th class="num">"Line"</th>{heads}</tr></thead>
                <tbody>{page.lines.iter().cloned().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(line: LineRow) -> AnyView {
    let who = |person: Listed| {
        view! {
            <td>
                <Person name=person.name href=format!("/users/{}", person.user) under=person.address>{role_badge(person.role)}</Person>
            </td>
            <td class="mid"><CustomerName name=person.customer/></td>
        }
    };
    let typed = line.typed;
    let stands = move || view! { <td><span class="cut" dir="auto" title=typed.clone()>{typed.clone()}</span></td> };
    let cells = match line.means {
        Meaning::Matched(person) => who(person).into_any(),
        Meaning::LeftOut(person, refusal) => view! { {who(person)}<td>{refusal_words(refusal)}</td> }.into_any(),
        Meaning::Unmatched(why) => view! { {stands()}<td>{why.label()}</td> }.into_any(),
        Meaning::Again(first) => view! { {stands()}<td>{format!("The address of line {first} again")}</td> }.into_any(),
    };
    view! { <tr><td class="num">{line.number}</td>{cells}</tr> }.into_any()
}
