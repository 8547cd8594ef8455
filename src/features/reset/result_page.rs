//! A reset once it is confirmed: how far it is, who is back, where each of the others stands, and what can be done.

use leptos::prelude::*;
use leptos_meta::Title;

use super::board_api::{ActOutcome, BoardPage, CancelOutcome, NoticesOutcome};
use super::board_people::{address, people_of};
use super::page::people;
use super::progress_view::running;
use crate::domain::board::{Act, Stage};
use crate::domain::plan::PlanOutcome;
use crate::domain::time::Time as Moment;
use crate::features::session::flash::left_by;
use crate::features::users::list_parts::{number, plan_refused, refusal_words};
use crate::ui::{
    Banner, Chart, Glyph, Icon, Line, Look, Seal, SheetHead, StatTile, StatTiles, SubmitButton, Time, Toast, Tone,
    clock, is_same_day, moment, short,
};

const BACK_NOTICES: &str = "/api/reset/back_notices";
const CANCEL: &str = "/api/reset/cancel";
/// Where a new plan is made of some of a reset's users.
pub const SELECT: &str = "/api/reset/select";

/// What the forms of this page left.
#[derive(Clone)]
pub struct Left {
    cancelled: Option<CancelOutcome>,
    planned: Option<PlanOutcome>,
    acted: Option<ActOutcome>,
    told: Option<NoticesOutcome>,
}

impl Left {
    /// Once a page, outside of closures.
    pub fn take() -> Self {
        let cancelled = left_by("cancel_reset").map(|left| left.outcome);
        let planned = left_by("plan").map(|left| left.outcome);
        let acted = left_by("links").map(|left| left.outcome);
        let told = left_by("back_notices").map(|left| left.outcome);
        Self { cancelled, planned, acted, told }
    }

    /// Why nothing was planned, where somebody tried.
    pub fn planned(&self) -> Option<PlanOutcome> {
        self.planned.clone()
    }
}

/// The page of a confirmed reset.
pub fn result(page: BoardPage, left: &Left, again: Callback<()>, now: Moment) -> AnyView {
    let title = page.reason.clone().unwrap_or_else(|| "Reset".to_owned());
    let (seal, id) = (page.seal.clone(), page.id);
    let ticket = page.ticket.clone().map(|ticket| format!(" · {ticket}"));
    let approved = page.approver.clone().map(|by| view! { ", approved by "<bdi>{by}</bdi> });
    let stop = page.may_cancel.then(|| {
        view! {
            <form method="post" action=CANCEL>
                <input type="hidden" name="id" value=id.to_string()/>
                <SubmitButton>"Stop what has not begun"</SubmitButton>
            </form>
        }
    });
    let over = page.completed_at.is_some();
    let report = over.then(|| {
        view! {
            <a class="button" href=format!("/resets/{id}/report.csv") download rel="external">
                <Icon of=Glyph::Download/>"Report as CSV"
            </a>
            <a class="button" href=format!("/resets/{id}/report.json") download rel="external">
                <Icon of=Glyph::Download/>"JSON"
            </a>
        }
    });
    let tell = page.told.filter(|_| count(&page, &[Stage::Back, Stage::BackAtSignIn]) < page.progress.reset || !over);
    let tell = tell.map(|told| {
        let words = if told { "No more mails about it" } else { "Mail me who is back" };
        view! {
            <form method="post" action=BACK_NOTICES>
                <input type="hidden" name="id" value=id.to_string()/>
                <input type="hidden" name="on" value=(!told).to_string()/>
                <SubmitButton>{words}</SubmitButton>
            </form>
        }
    });
    let how_far = if over { back(&page) } else { running(id, page.progress, again) };
    view! {
        <Title text=title.clone()/>
        <SheetHead title=title.clone() crumb=("/resets", "Resets") beside=move || view! { <Seal plan=seal/> }.into_any()>
            {stop}
            {tell}
            {report}
            <a class="button" href="" rel="external"><Icon of=Glyph::Refresh/>"Refresh"</a>
        </SheetHead>
        <div class="content">
            {said(left)}
            {stopped(&page, now)}
            {failed(&page)}
            <p class="note">"Confirmed "<Time at=page.confirmed_at now/>" by "<bdi>{page.requester.clone()}</bdi>{approved}{ticket}</p>
            {how_far}
            {over.then(|| tiles(&page.counts, &page.stages, move |stages| address(id, stages, None)))}
            {chart(&page, now)}
        </div>
        {people_of(page, now)}
    }
    .into_any()
}

fn count(page: &BoardPage, of: &[Stage]) -> i64 {
    page.counts.iter().filter(|(stage, _)| of.contains(stage)).map(|(_, count)| count).sum()
}

fn back(page: &BoardPage) -> AnyView {
    let (back, all) = (count(page, &[Stage::Back, Stage::BackAtSignIn]), page.progress.reset);
    let of = format!(" of {} {} back", number(all), if all == 1 { "person is" } else { "people are" });
    view! {
        <div class="head"><p class="hero"><b>{number(back)}</b>{of}</p></div>
        <progress class="bar" aria-label="Back" max=all.max(1).to_string() value=back.to_string()>
            {format!("{back} of {all}")}
        </progress>
    }
    .into_any()
}

/// One tile a stage that somebody is at, each with the list of those.
pub fn tiles(counts: &[(Stage, i64)], shown: &[Stage], address: impl Fn(&[Stage]) -> String) -> AnyView {
    const ORDER: [Stage; 16] = [
        Stage::Disowned,
        Stage::AsksForHelp,
        Stage::Back,
        Stage::BackAtSignIn,
        Stage::Proved,
        Stage::Opened,
        Stage::Sent,
        Stage::Queued,
        Stage::Bounced,
        Stage::Expired,
        Stage::Exhausted,
        Stage::Revoked,
        Stage::AddressChanged,
        Stage::Superseded,
        Stage::Failed,
        Stage::Skipped,
    ];
    let of = |stage: &Stage| counts.iter().find(|(one, _)| one == stage).map_or(0, |(_, count)| *count);
    let tile = |stage: &Stage| {
        let here = shown == [*stage];
        // Pressed once more it shows again what it did before.
        let href = address(if here { &[] } else { std::slice::from_ref(stage) });
        let number = number(of(stage));
        view! { <StatTile number label=stage.label() href here/> }
    };
    let there = ORDER.iter().filter(|stage| of(stage) > 0);
    let tiles: Vec<_> = there.map(tile).collect();
    (!tiles.is_empty()).then(|| view! { <StatTiles>{tiles}</StatTiles> }).into_any()
}

fn stopped(page: &BoardPage, now: Moment) -> Option<AnyView> {
    let at = page.cancelled_at?;
    let fact = format!("Stopped {} {}.", if is_same_day(at, now) { "at" } else { "on" }, moment(at, now));
    Some(
        view! { <Banner fact=fact icon=Glyph::Pause>"Whoever had not been begun keeps everything they have."</Banner> }
            .into_any(),
    )
}

fn failed(page: &BoardPage) -> Option<AnyView> {
    let (failed, id) = (page.progress.failed, page.id);
    let fact = match failed {
        0 => return None,
        1 => "1 person could not be reset.".to_owned(),
        failed => format!("{} people could not be reset.", number(failed)),
    };
    let again = (page.completed_at.is_some() && page.manages).then(|| {
        let words = if failed == 1 { "Try again" } else { "Try them again" };
        view! { <SelectForm id=id.to_string() state=Stage::Failed.to_string()>{words}</SelectForm> }
    });
    let who = address(id, &[Stage::Failed], None);
    let actions = move || view! { <a class="button quiet" href=who>"Who"</a>{again} }.into_any();
    Some(
        view! { <Banner tone=Tone::Warn fact=fact actions=actions>"Nothing of theirs was changed."</Banner> }
            .into_any(),
    )
}

/// A button that makes a plan of everybody at some stages.
#[component]
pub fn SelectForm(id: String, state: String, children: Children) -> AnyView {
    view! {
        <form method="post" action=SELECT>
            <input type="hidden" name="id" value=id/>
            <input type="hidden" name="all" value="true"/>
            <input type="hidden" name="state" value=state/>
            <SubmitButton look=Look::Default>{children()}</SubmitButton>
        </form>
    }
    .into_any()
}

/// What came of what was just asked for.
pub fn said(left: &Left) -> AnyView {
    let done = |words: String| view! { <Toast>{words}</Toast> }.into_any();
    let refused =
        |fact: String| view! { <Banner tone=Tone::Danger fact=fact>"Nothing was changed."</Banner> }.into_any();
    let whom = |count: i64| people(usize::try_from(count).unwrap_or(0));
    let cancelled = left.cancelled.map(|cancelled| match cancelled {
        CancelOutcome::Stopped(left) => {
            done(format!("Stopped. {} {} everything they have.", whom(left), if left == 1 { "keeps" } else { "keep" }))
        }
        CancelOutcome::Over => done("Nobody was left: it was over already.".to_owned()),
        CancelOutcome::Unknown => refused("There is no such reset.".to_owned()),
        CancelOutcome::Refused(refusal) => {
            refused(format!("It was not stopped: {}.", refusal_words(refusal).to_lowercase()))
        }
    });
    let planned = left.planned.clone().and_then(plan_refused);
    let acted = left.acted.map(|acted| match acted {
        ActOutcome::Done { act, done: count, left } => {
            let what = match act {
                Act::SendAgain => "Sent again to",
                Act::Extend => "Extended for",
                Act::Revoke => "Taken back from",
            };
            let left = if left > 0 { format!(" It does nothing for {}.", whom(left)) } else { String::new() };
            done(format!("{what} {}.{left}", whom(count)))
        }
        ActOutcome::Nobody => refused("Nobody was selected.".to_owned()),
        ActOutcome::Unknown => refused("There is no such reset.".to_owned()),
        ActOutcome::Refused(refusal) => {
            refused(format!("The selection was refused: {}.", refusal_words(refusal).to_lowercase()))
        }
    });
    let told = left.told.map(|told| match told {
        NoticesOutcome::On => {
            done("You hear by mail how many are back: once an hour at most, and when all are.".to_owned())
        }
        NoticesOutcome::Off => done("No more mails about this reset.".to_owned()),
        NoticesOutcome::Unknown => refused("There is no such reset.".to_owned()),
    });
    view! { {cancelled}{planned}{acted}{told} }.into_any()
}

/// Who was back when; nothing while nobody is.
fn chart(page: &BoardPage, now: Moment) -> Option<AnyView> {
    let (_, by_link, back) = *page.returns.last()?;
    let all = page.progress.reset;
    let steps = page.returns.iter().map(|(at, ..)| {
        let clock = clock(*at);
        if is_same_day(*at, now) { clock } else { format!("{}, {clock}", short(*at, now)) }
    });
    let told = format!("{back} of {} are back, {by_link} of them by link.", people(usize::try_from(all).unwrap_or(0)));
    let lines = vec![
        Line { label: "back in all", look: "dashed", values: page.returns.iter().map(|(.., back)| *back).collect() },
        Line { label: "by link", look: "solid", values: page.returns.iter().map(|(_, by_link, _)| *by_link).collect() },
    ];
    Some(
        view! { <Chart title="Back over time" told=told steps=steps.collect() lines=lines most=all most_label="everyone"/> }
            .into_any(),
    )
}
