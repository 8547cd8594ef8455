//! A plan for which approval was asked: whoever asked sees that it waits, whoever may approve it reviews the same plan and
//! decides. Both see what became of it.

use leptos::prelude::*;
use leptos_meta::Title;

use super::approval_api::Approval;
use super::page::people;
use super::review_api::ResetPage;
use super::review_page::export;
use super::review_view::plan;
use crate::domain::approval::{Answered, Decision, Reason, State};
use crate::domain::time::Time as Moment;
use crate::features::session::flash::Left;
use crate::features::sign_in::prove::{StepUp, code_problem};
use crate::ui::{Banner, Glyph, Look, Seal, SheetHead, SubmitButton, TextField, Time, Tone, minute};

/// The page of such a plan. Its forms are plain ones: each answer is this page anew.
pub fn approval(page: ResetPage, state: State, left: Option<Left<Answered>>, now: Moment) -> AnyView {
    let (going, plan, export) = (page.going, plan(&page), export(page.id));
    let title = match (state, page.is_mine) {
        (State::Waiting, true) => "Waiting for approval",
        (State::Waiting, false) => "Review before you approve",
        (State::Expired | State::Decided(Decision::Expired), _) => "Not approved in time",
        (State::Decided(Decision::Approved), _) => "Approved",
        (State::Decided(Decision::Declined), _) => "Declined",
        (State::Decided(Decision::ChangesAsked), _) => "Changes are asked for",
        (State::Decided(Decision::Withdrawn), _) => "Withdrawn",
    };
    let outcome = left.as_ref().map(|left| left.outcome);
    let problem = outcome.and_then(|outcome| problem(outcome, state)).map(|(fact, rest)| {
        view! { <Banner tone=Tone::Danger fact alert=true>{rest}</Banner> }
    });
    let decision = match (state, page.is_mine) {
        (State::Waiting, true) => waits(&page),
        (State::Waiting, false) => decide(&page, going, left.as_ref()),
        (over, is_mine) => became(&page, over, is_mine, now),
    };
    let request = request(&page, now);
    view! {
        <Title text=title/>
        <SheetHead title crumb=("/resets", "Resets")>{export}</SheetHead>
        <div class="content columns">
            {plan}
            <aside>
                {problem}
                {request}
                {decision}
            </aside>
        </div>
    }
    .into_any()
}

/// Beside what is to be confirmed: that it will wait for a second person, why, and for whom.
pub(super) fn second_person(approval: &Approval) -> AnyView {
    let (why, whom) = (why(&approval.reasons), approvers(approval));
    view! {
        <Banner fact="A second person has to approve this." icon=Glyph::Users>
            {why}" Nobody is reset before that. "{whom}
        </Banner>
    }
    .into_any()
}

fn approvers(approval: &Approval) -> AnyView {
    if approval.approvers.is_empty() {
        return "Now nobody can: it takes another owner or admin, with a second factor, who may reset everybody in it."
            .into_any();
    }
    let names = approval.approvers.iter().enumerate().map(|(n, name)| {
        view! { {(n > 0).then_some(", ")}<bdi>{name.clone()}</bdi> }
    });
    view! { "It can be approved by: "{names.collect_view()}"." }.into_any()
}

fn why(reasons: &[Reason]) -> String {
    let say = |reason: &Reason| match reason {
        Reason::Many(count, from) => {
            format!("{} of one customer would be reset; it asks for that from {from} on.", people(*count))
        }
        Reason::Across => "It goes across several customers.".to_owned(),
        Reason::Privileged => "An owner or admin is in it.".to_owned(),
    };
    reasons.iter().map(say).collect::<Vec<_>>().join(" ")
}

/// What was asked for.
fn request(page: &ResetPage, now: Moment) -> AnyView {
    let seal = page.seal.clone();
    let until = page.approval.as_ref().and_then(|approval| approval.until);
    let reason = page.reason.clone().unwrap_or_else(|| "None given".to_owned());
    let ticket = page.ticket.clone().map(|ticket| view! { <div><dt>"Ticket"</dt><dd>{ticket}</dd></div> });
    view! {
        <section class="card">
            <header class="card-head"><h2>"Request"</h2><Seal plan=seal/></header>
            <dl class="card-body facts">
                <div><dt>"Asked by"</dt><dd><bdi>{page.requester.clone()}</bdi></dd></div>
                <div><dt>"Planned"</dt><dd><Time at=page.created_at now/></dd></div>
                <div><dt>"Reason"</dt><dd><bdi>{reason}</bdi></dd></div>
                {ticket}
                {until.map(|until| view! { <div><dt>"Approval counts until"</dt><dd>{minute(until)}</dd></div> })}
            </dl>
        </section>
    }
    .into_any()
}

/// For whoever asked.
fn waits(page: &ResetPage) -> AnyView {
    let approval = page.approval.as_ref();
    let why = approval.map(|approval| why(&approval.reasons));
    let whom = approval.map(approvers);
    view! {
        <section class="card">
            <header class="card-head"><h2>"A second person has to approve it"</h2></header>
            <form class="card-body form" method="post" action="/api/reset/withdraw">
                <p>{why}" Nobody is reset before that."</p>
                <p>{whom}</p>
                <input type="hidden" name="id" value=page.id.to_string()/>
                <SubmitButton wide=true>"Withdraw"</SubmitButton>
            </form>
        </section>
    }
    .into_any()
}

/// For whoever may approve it.
fn decide(page: &ResetPage, going: usize, left: Option<&Left<Answered>>) -> AnyView {
    let code = match left.map(|left| left.outcome) {
        Some(Answered::Code(problem)) => Some(code_problem(problem)),
        _ => None,
    };
    let lacks = left.is_some_and(|left| left.outcome == Answered::ReasonMissing);
    let missing = lacks.then(|| "Say in a few words why. They get it by mail.".to_owned());
    let typed = left.map(|left| left.typed("why")).unwrap_or_default();
    let consequence = if going == 1 {
        " loses every second factor and is signed out at once. This cannot be undone."
    } else {
        " lose every second factor and are signed out at once. This cannot be undone."
    };
    let (id, requester) = (page.id.to_string(), page.requester.clone());
    view! {
        <section class="card">
            <header class="card-head"><h2>"Approve"</h2></header>
            <form class="card-body form" method="post" action="/api/reset/approve">
                <input type="hidden" name="id" value=id.clone()/>
                <input type="hidden" name="hash" value=page.hash.clone()/>
                <StepUp hint="It counts for this plan only." error=code/>
                <p><b>{people(going)}</b>{consequence}</p>
                <SubmitButton look=Look::Red wide=true>
                    {if going == 1 { "Approve and reset 1 user".to_owned() } else { format!("Approve and reset {going} users") }}
                </SubmitButton>
            </form>
        </section>
        <section class="card">
            <header class="card-head"><h2>"Or do not"</h2></header>
            <form class="card-body form" method="post" action="/api/reset/decline">
                <input type="hidden" name="id" value=id/>
                <p>"Nobody is reset then. "<bdi>{requester}</bdi>" is told by mail, with your reason."</p>
                <TextField name="why" label="Your reason" value=typed error=missing/>
                <SubmitButton wide=true name="decision" value=Decision::ChangesAsked.as_str()>"Ask for changes"</SubmitButton>
                <SubmitButton wide=true name="decision" value=Decision::Declined.as_str()>"Decline"</SubmitButton>
            </form>
        </section>
    }
    .into_any()
}

/// What became of it, where it does not wait any more.
fn became(page: &ResetPage, state: State, is_mine: bool, now: Moment) -> AnyView {
    let approval = page.approval.as_ref();
    let by = approval.and_then(|approval| approval.by.clone()).unwrap_or_default();
    let at = approval
        .filter(|_| state != State::Expired)
        .and_then(|approval| approval.decided_at)
        .map(|at| view! { " "<Time at now/> });
    let words = match state {
        State::Decided(Decision::Declined) => "Declined by ",
        State::Decided(Decision::ChangesAsked) => "Changes were asked for by ",
        State::Decided(Decision::Withdrawn) => "Withdrawn by ",
        State::Decided(Decision::Approved) => "Approved by ",
        State::Waiting | State::Expired | State::Decided(Decision::Expired) => "Nobody decided within 24 hours.",
    };
    let why = approval.and_then(|approval| approval.why.clone()).map(|why| view! { <p>"“"<bdi>{why}</bdi>"”"</p> });
    let again = is_mine.then(|| {
        view! {
            <p>"To go on, select again: everyone is looked at anew."</p>
            <div class="actions"><a class="button" href="/users">"Choose users"</a></div>
        }
    });
    view! {
        <section class="card">
            <header class="card-head"><h2>"What became of it"</h2></header>
            <div class="card-body form">
                <p>{words}<bdi>{by}</bdi>{at}</p>
                {why}
                <p>"Nobody was reset by this plan, and nobody will be."</p>
                {again}
            </div>
        </section>
    }
    .into_any()
}

/// What came of a form, where the page itself does not say it.
fn problem(outcome: Answered, state: State) -> Option<(&'static str, &'static str)> {
    Some(match outcome {
        Answered::Over(over) if over == state => ("It was decided before.", "What you did just now changed nothing."),
        Answered::Over(_) | Answered::Unknown => ("This is not yours to decide any more.", "Nothing was changed."),
        Answered::Yours => {
            ("You asked for this reset yourself.", "Only a second person can approve it. Nothing was changed.")
        }
        Answered::Changed => ("This is not what was reviewed.", "Nothing was changed. Load the page again."),
        Answered::Outdated => (
            "Somebody in it has changed since you looked.",
            "Nobody was reset. Look at who it is, then approve it, or ask for changes.",
        ),
        Answered::RequesterMayNot => (
            "Whoever asked for it may no longer reset everybody in it.",
            "Nobody was reset. Decline it, so that somebody else can plan it anew.",
        ),
        Answered::Lacking => (
            "By now a customer in it needs a reason or a ticket number.",
            "Nobody was reset. Ask for changes, so that it is planned anew with one.",
        ),
        Answered::Done(_) | Answered::Code(_) | Answered::ReasonMissing => return None,
    })
}
