//! A plan before it happens: totals, what needs attention, by customer, what goes, who is skipped, the mail, and the
//! confirmation with the own code.

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos_meta::Title;

use super::api::{Confirm, ConfirmOutcome, ItemRow, ItemState, ResetPage};
use super::approval_page::second_person;
use super::changes_view::changed;
use super::page::people;
use crate::domain::authority::{Refusal, Role};
use crate::domain::method::{Artefact, Fate, MethodKind};
use crate::domain::plan::{Holdings, PlanOutcome, Skip};
use crate::domain::sign_in::CodeProblem;
use crate::domain::time::Time as Moment;
use crate::features::session::api::ApiError;
use crate::features::session::flash::{Left, left_by, outcome};
use crate::features::sign_in::prove::{StepUp, code_problem};
use crate::features::users::list_parts::plan_refused;
use crate::ui::{
    Banner, CustomerName, Glyph, Icon, Look, Seal, SheetHead, StatTile, StatTiles, SubmitButton, TextArea, TextField,
    Tone, clock, long,
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
    let (going, plan) = plan(&page);
    let planned = planned.and_then(plan_refused);
    let confirmation = confirmation(page, going, confirming, now);
    view! {
        <Title text="Review before you reset"/>
        <SheetHead title="Review before you reset" crumb=("/users", "Users")/>
        <div class="content columns">
            {plan}
            <aside>{planned}{confirmation}</aside>
        </div>
    }
    .into_any()
}

/// How many will be reset, and all that is to be reviewed.
pub(super) fn plan(page: &ResetPage) -> (usize, AnyView) {
    let (going, skipped): (Vec<_>, Vec<_>) =
        page.items.iter().cloned().partition(|item| !matches!(item.state, ItemState::Skipped(_)));
    let total = going.iter().fold(Holdings::default(), |sum, item| sum + item.holdings);
    let (selected, resets, kept) = (page.items.len(), going.len(), skipped.len());
    let (privileged, by_customer) = (privileged(&going), by_customer(&page.items));
    let plan = view! {
        <div>
            <StatTiles>
                <StatTile number=selected.to_string() label="selected"/>
                <StatTile number=resets.to_string() label="will be reset"/>
                <StatTile number=kept.to_string() label="skipped"/>
                <StatTile number=total.sessions.to_string() label="sessions end"/>
                <StatTile number=resets.to_string() label="mails go out"/>
            </StatTiles>
            {changed(page)}
            {privileged}
            <div class="head"><h2>"By customer"</h2></div>
            {by_customer}
            {(resets > 0).then(|| view! {
                <div class="head"><h2>"What goes"</h2><p class="note">"every old way in stops at the same moment"</p></div>
                {what_goes(total)}
                <div class="head"><h2>"Who is reset"</h2></div>
                {who(&going)}
            })}
            {(kept > 0).then(|| view! {
                <div class="head">
                    <h2>"Skipped"</h2><p class="note">{people(kept)}{if kept == 1 { " keeps" } else { " keep" }}" everything they have"</p>
                </div>
                {skips(&skipped)}
            })}
        </div>
    };
    (resets, plan.into_any())
}

fn privileged(going: &[ItemRow]) -> Option<AnyView> {
    let count = going.iter().filter(|item| matches!(item.role, Role::Owner | Role::Admin)).count();
    (count > 0).then(|| {
        let fact = if count == 1 {
            "1 owner or admin is in this selection.".to_owned()
        } else {
            format!("{count} owners and admins are in this selection.")
        };
        view! {
            <Banner tone=Tone::Warn fact=fact>"They cannot help others until they are back themselves."</Banner>
        }
        .into_any()
    })
}

fn by_customer(items: &[ItemRow]) -> AnyView {
    #[derive(Default)]
    struct Sums {
        selected: usize,
        reset: usize,
        sessions: i64,
    }
    let mut customers: BTreeMap<String, Sums> = BTreeMap::new();
    for item in items {
        let sums = customers.entry(item.customer.clone()).or_default();
        sums.selected += 1;
        if !matches!(item.state, ItemState::Skipped(_)) {
            sums.reset += 1;
            sums.sessions += item.holdings.sessions;
        }
    }
    let rows = customers
        .into_iter()
        .map(|(name, sums)| {
            view! {
                <tr>
                    <td><CustomerName name/></td>
                    <td class="num">{sums.selected}</td>
                    <td class="num">{sums.reset}</td>
                    <td class="num">{sums.selected - sums.reset}</td>
                    <td class="num">{sums.sessions}</td>
                </tr>
            }
            .into_any()
        })
        .collect_view();
    view! {
        <div class="card">
            <table class="table">
                <thead>
                    <tr>
                        <th>"Customer"</th><th class="num">"Selected"</th><th class="num">"Reset"</th>
                        <th class="num">"Skipped"</th><th class="num">"Sessions"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn what_goes(total: Holdings) -> AnyView {
    let line = |what: &'static str, count: i64| view! { <div><dt>{what}</dt><dd>{count}</dd></div> };
    let methods = |fate: Fate| {
        let of_this_fate = MethodKind::ALL.iter().filter(move |kind| Artefact::Method(**kind).fate() == fate);
        of_this_fate.map(|kind| line(kind.labels(), total.of(*kind))).collect_view()
    };
    view! {
        <div class="card goes">
            <section>
                <h3><Icon of=Glyph::Trash/>"Deleted"</h3>
                <dl class="sums">
                    {methods(Fate::Deleted)}
                    {line("Backup codes", total.backup_codes)}
                </dl>
            </section>
            {(total.hardware_tokens > 0).then(|| view! {
                <section>
                    <h3><Icon of=Glyph::Token/>"Deactivated"</h3>
                    <dl class="sums">{line("Hardware tokens", total.hardware_tokens)}</dl>
                    <p class="note">"returned to stock"</p>
                </section>
            })}
            <section>
                <h3><Icon of=Glyph::SignOut/>"Ended"</h3>
                <dl class="sums">
                    {line("Sessions", total.sessions)}
                    {line("Trusted devices", total.trusted_devices)}
                    {line("Half-finished sign-ins", total.challenges)}
                    {line("Older recovery links", total.links)}
                </dl>
            </section>
        </div>
    }
    .into_any()
}

fn who(going: &[ItemRow]) -> AnyView {
    let row = |item: &ItemRow| {
        let name = item.name.clone();
        view! {
            <tr>
                <td><a class="cut" dir="auto" title=name.clone() href=format!("/users/{}", item.user)>{name.clone()}</a></td>
                <td><span class="cut" title=item.address.clone()>{item.address.clone()}</span></td>
                <td class="num">{item.holdings.methods()}</td>
                <td class="num">{item.holdings.backup_codes}</td>
                <td class="num">{item.holdings.sessions}</td>
            </tr>
        }
        .into_any()
    };
    view! {
        <div class="card scroll">
            <table class="table">
                <thead>
                    <tr>
                        <th>"Name"</th><th>"Mail goes to"</th><th class="num">"Methods"</th><th class="num">"Codes"</th>
                        <th class="num">"Sessions"</th>
                    </tr>
                </thead>
                <tbody>{going.iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn skips(skipped: &[ItemRow]) -> AnyView {
    let mut reasons: BTreeMap<Skip, Vec<&ItemRow>> = BTreeMap::new();
    for item in skipped {
        if let ItemState::Skipped(skip) = item.state {
            reasons.entry(skip).or_default().push(item);
        }
    }
    let rows = reasons
        .into_iter()
        .map(|(skip, items)| {
            let names = items
                .iter()
                .map(|item| view! { <li><a href=format!("/users/{}", item.user)><bdi>{item.name.clone()}</bdi></a></li> })
                .collect_view();
            view! {
                <tr>
                    <td>{skip.label()}</td>
                    <td>
                        <details class="fold"><summary>{people(items.len())}</summary><ul>{names}</ul></details>
                    </td>
                    <td>{skip.meaning()}</td>
                </tr>
            }
            .into_any()
        })
        .collect_view();
    view! {
        <div class="card scroll">
            <table class="table">
                <thead><tr><th>"Reason"</th><th>"Who"</th><th>"What it means"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
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
                    "Frozen at {}. You can confirm until {} UTC; after that we look at everyone again.",
                    clock(page.created_at),
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
