//! A plan before it happens, and its confirmation with the own code. What is reviewed stands in `review_view`.

use leptos::prelude::*;
use leptos_meta::Title;

use super::api::{Confirm, ConfirmOutcome};
use super::approval_page::second_person;
use super::page::people;
use super::review_api::ResetPage;
use super::review_view::plan;
use crate::domain::authority::Refusal;
use crate::domain::ids::ResetId;
use crate::domain::plan::PlanOutcome;
use crate::domain::sign_in::CodeProblem;
use crate::domain::time::Time as Moment;
use crate::features::session::api::ApiError;
use crate::features::session::flash::{Left, left_by, outcome};
use crate::features::sign_in::prove::{StepUp, code_problem};
use crate::features::users::list_parts::plan_refused;
use crate::ui::{
    Banner, Glyph, Icon, Look, Seal, SheetHead, SubmitButton, TextArea, TextField, Tone, bare_clock, clock, long,
};

/// The confirmation under way, with or without WebAssembly.
#[derive(Clone)]
pub struct Confirming {
    action: ServerAction<Confirm>,
    outcome: Signal<Option<Result<ConfirmOutcome, ApiError>>>,
    left: Option<Left<ConfirmOutcome>>,
    /// Reason and ticket as they were sent last by a script.
    sent: StoredValue<Option<(String, String)>>,
}

impl Confirming {
    /// For one page. Call it outside of closures.
    pub fn new() -> Self {
        let (action, left) = (ServerAction::<Confirm>::new(), left_by("confirm"));
        let outcome = outcome(action, left.as_ref().map(|left: &Left<ConfirmOutcome>| left.outcome));
        let sent = StoredValue::new(None);
        Effect::new(move || {
            if let Some(Confirm { reason, ticket, .. }) = action.input().get() {
                sent.set_value(Some((reason, ticket)));
            }
        });
        Self { action, outcome, left, sent }
    }

    /// How often the page has to be fetched anew: when it was confirmed from it, and when it shows what is no longer so. After
    /// any other refusal it stays as it is.
    pub fn stale(&self) -> Memo<usize> {
        let (version, outcome) = (self.action.version(), self.outcome);
        Memo::new(move |before: Option<&usize>| {
            let stale = matches!(outcome.get(), Some(Ok(ConfirmOutcome::GoOn | ConfirmOutcome::Outdated)));
            if stale { version.get() } else { before.copied().unwrap_or_default() }
        })
    }

    /// What was typed into a field before it was refused.
    fn typed(&self, field: &str) -> String {
        let sent = self.sent.get_value().and_then(|sent| match field {
            "reason" => Some(sent.0),
            "ticket" => Some(sent.1),
            _ => None,
        });
        sent.or_else(|| self.left.as_ref().map(|left| left.typed(field))).unwrap_or_default()
    }
}

/// The page of a plan that waits for its confirmation.
pub fn review(page: ResetPage, confirming: &Confirming, planned: Option<PlanOutcome>, now: Moment) -> AnyView {
    let (going, plan, export) = (page.going, plan(&page), export(page.id));
    let planned = planned.and_then(plan_refused);
    let confirmation = confirmation(page, going, confirming, now);
    view! {
        <Title text="Review before you reset"/>
        <SheetHead title="Review before you reset" crumb=("/users", "Users")>{export}</SheetHead>
        <div class="content columns">
            {plan}
            <aside>{planned}{confirmation}</aside>
        </div>
    }
    .into_any()
}

/// The plan as a file, for whoever decides about it.
pub(super) fn export(id: ResetId) -> AnyView {
    let file = |ending: &str| format!("/resets/{id}/report.{ending}");
    view! {
        <a class="button" href=file("csv") download rel="external"><Icon of=Glyph::Download/>"Export plan"</a>
        <a class="button" href=file("json") download rel="external"><Icon of=Glyph::Download/>"JSON"</a>
    }
    .into_any()
}

fn confirmation(page: ResetPage, going: usize, confirming: &Confirming, now: Moment) -> AnyView {
    let seal = page.seal.clone();
    let head = view! { <header class="card-head"><h2>"Confirm"</h2><Seal plan=seal/></header> };
    if going == 0 {
        return view! {
            <section class="card">
                {head}
                <div class="card-body">
                    <p>"Nobody in this selection will be reset."</p>
                    <div class="actions"><a class="button" href="/users">"Cancel"</a></div>
                </div>
            </section>
        }
        .into_any();
    }
    let action = confirming.action;
    let (typed_reason, typed_ticket) = (confirming.typed("reason"), confirming.typed("ticket"));
    let outcome = confirming.outcome;
    let failed = move |matches: fn(ConfirmOutcome) -> Option<String>| {
        Signal::derive(move || outcome.get().and_then(Result::ok).and_then(matches))
    };
    let general = move || {
        outcome.get().and_then(general_problem).map(|(fact, rest)| {
            view! { <Banner tone=Tone::Danger fact=fact alert=true>{rest}</Banner> }
        })
    };
    let reason_note =
        if page.reason_required_by.is_empty() { "optional" } else { "shown in the mail and in the audit" };
    let ticket_note = match page.ticket_required_by.as_slice() {
        [] => "optional".to_owned(),
        customers => format!("required by {}", customers.join(", ")),
    };
    let consequence = if going == 1 {
        " loses every second factor and is signed out at once. This cannot be undone. They get a mail to set up again."
    } else {
        " lose every second factor and are signed out at once. This cannot be undone. Each gets a mail to set up again."
    };
    let button = match &page.approval {
        Some(_) => "Ask for approval".to_owned(),
        None if going == 1 => "Reset 1 user".to_owned(),
        None => format!("Reset {going} users"),
    };
    let second = page.approval.as_ref().map(second_person);
    let until = page.confirm_until;
    let expired = now >= page.confirm_until;
    view! {
        <section class="card">
            {head}
            <ActionForm action attr:class="card-body form">
                {general}
                {second}
                <input type="hidden" name="id" value=page.id.to_string()/>
                <input type="hidden" name="hash" value=page.hash.clone()/>
                <TextArea
                    name="reason"
                    label="Reason"
                    note=reason_note
                    value=typed_reason
                    error=failed(|outcome| {
                        (outcome == ConfirmOutcome::ReasonMissing).then(|| "Say in a few words why. It stands in the mail.".to_owned())
                    })
                />
                <TextField
                    name="ticket"
                    label="Ticket"
                    note=ticket_note
                    value=typed_ticket
                    error=failed(|outcome| {
                        (outcome == ConfirmOutcome::TicketMissing).then(|| "A customer of this selection needs a ticket number.".to_owned())
                    })
                />
                <StepUp hint="It counts for this plan only."
                    error=failed(|outcome| problem_of_code(outcome).map(code_problem))
                />
                <p><b>{people(going)}</b>{consequence}</p>
                <SubmitButton look=Look::Red wide=true pending=action.pending()>{button}</SubmitButton>
                <a class="button quiet wide" href="/users">"Cancel"</a>
            </ActionForm>
        </section>
        <p class="note" title=long(until)>
            {if expired {
                "The time to confirm is over. Select again, and everyone is looked at anew.".to_owned()
            } else {
                format!(
                    "Frozen at {}. You can confirm until {}; after that we look at everyone again.",
                    bare_clock(page.created_at),
                    clock(until),
                )
            }}
        </p>
    }
    .into_any()
}

const fn problem_of_code(outcome: ConfirmOutcome) -> Option<CodeProblem> {
    match outcome {
        ConfirmOutcome::Code(problem) => Some(problem),
        _ => None,
    }
}

fn general_problem(outcome: Result<ConfirmOutcome, ApiError>) -> Option<(&'static str, &'static str)> {
    Some(match outcome {
        Err(ApiError::Busy) => ("Rekey is busy.", "Nothing was changed. Try again in a moment."),
        Err(ApiError::Unreachable) => {
            ("Rekey cannot be reached.", "Check your connection; look under Resets before you try again.")
        }
        Err(_) => ("Something failed on the server.", "Look under Resets before you try again."),
        Ok(ConfirmOutcome::Unknown) => ("This plan is not yours to confirm.", "Nothing was changed."),
        Ok(ConfirmOutcome::Expired) => ("The time to confirm is over.", "Nothing was changed. Select again."),
        Ok(ConfirmOutcome::Changed) => ("This is not what was reviewed.", "Nothing was changed. Load the page again."),
        Ok(ConfirmOutcome::Outdated) => (
            "Somebody in it has changed since you looked.",
            "Nothing was changed. Look at who it is, then confirm it, or make a new plan.",
        ),
        Ok(ConfirmOutcome::Nobody) => ("Nobody in it will be reset.", "Nothing was changed."),
        Ok(ConfirmOutcome::Refused(refusal)) => (
            match refusal {
                Refusal::NoFactorOfYourOwn => "You have no second factor of your own any more.",
                Refusal::Yourself => "You are in the selection yourself.",
                Refusal::NoRole => "Your role no longer covers everyone in it.",
                Refusal::OwnersOnly => "Somebody in it has become an owner; only an owner may reset an owner.",
            },
            "Nothing was changed.",
        ),
        Ok(_) => return None,
    })
}
