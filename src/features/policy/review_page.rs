//! `/customers/{id}/policy/review`: what another policy would change, and for whom. Nothing is changed before the owner's
//! own code.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::api::{Change, PolicyPage, ReviewPage, Typed, review_policy};
use super::effect::effect;
use super::page::{customer, nobody_here, sheet, typed};
use super::words::{label, value};
use crate::domain::authority::Refusal;
use crate::domain::policy::{Saved, Setting};
use crate::domain::time::Time as Moment;
use crate::features::customers::head::customer_head;
use crate::features::session::flash::left_by;
use crate::features::session::page::console;
use crate::features::sign_in::prove::{StepUp, code_problem};
use crate::ui::{Banner, Empty, Glyph, Look, Section, SubmitButton, Tone};

/// The review of another policy.
#[component]
pub fn PolicyReviewPage() -> impl IntoView {
    let id = customer();
    let query = use_query_map();
    let asked = Memo::new(move |_| query.with(typed).unwrap_or_default());
    let review = Resource::new(move || (id.get(), asked.get()), |(id, typed)| review_policy(id, typed));
    let left = left_by::<Saved>("policy").map(|left| left.outcome);
    console(Section::Customers, review, move |review, _, now| {
        let Some(ReviewPage { policy, change }) = review else {
            return nobody_here();
        };
        let typed = asked.get_untracked();
        let change = match change {
            Ok(change) => change,
            Err(wrong) => return sheet(&policy, &typed, &wrong, now),
        };
        let seen = query.with_untracked(|query| query.get("seen"));
        let is_stale = seen.is_some_and(|seen| seen != policy.version);
        page(&policy, &change, is_stale, left, now)
    })
}

fn page(policy: &PolicyPage, change: &Change, is_stale: bool, left: Option<Saved>, now: Moment) -> AnyView {
    let typed = Typed::from(&change.asked);
    let back = {
        let pairs: Vec<String> = typed.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("/customers/{}/policy?{}", policy.id, pairs.join("&"))
    };
    let problem = left.and_then(problem).or_else(|| is_stale.then_some(CHANGED)).map(|(tone, fact, rest)| {
        view! { <Banner tone fact alert=true>{rest}</Banner> }
    });
    let body = if change.differing.is_empty() {
        let actions = move || view! { <a class="button" href=back.clone()>"Back to the policy"</a> }.into_any();
        view! {
            <div class="content">
                {problem}
                <Empty icon=Glyph::Check title="Nothing would change" actions>
                    "What you ask for is what holds already."
                </Empty>
            </div>
        }
        .into_any()
    } else {
        let changes = change.differing.iter().map(|setting| row(*setting, policy, change, now)).collect_view();
        view! {
            <div class="content columns">
                <div>
                    {problem}
                    <div class="head">
                        <h2>"What changes"</h2>
                        <p class="note">"Counted just now. Nothing is saved yet."</p>
                    </div>
                    <ul class="card changes">{changes}</ul>
                </div>
                <aside>{confirmation(policy, &typed, back, left)}</aside>
            </div>
        }
        .into_any()
    };
    view! {
        <Title text=format!("Review · Policy · {}", policy.name)/>
        {customer_head(policy.id, &policy.name, 2)}
        {body}
    }
    .into_any()
}

fn row(setting: Setting, policy: &PolicyPage, change: &Change, now: Moment) -> AnyView {
    let effect = effect(setting, policy, change, now);
    let list = effect.list.map(|list| {
        view! { " "<a href=format!("/users?customer={}&{list}", policy.id)>"Show them"</a> }
    });
    let says = if effect.is_warning {
        view! { <Banner tone=Tone::Warn fact=effect.fact>{effect.rest}{list}</Banner> }.into_any()
    } else {
        view! { <p><b>{effect.fact}</b>" "{effect.rest}{list}</p> }.into_any()
    };
    view! {
        <li>
            <h3>{label(setting)}</h3>
            <p class="from-to">
                <span class="hidden-text">"now: "</span><s>{value(setting, &policy.settings)}</s>
                <span aria-hidden="true">" → "</span>
                <span class="hidden-text">"; from now on: "</span><b>{value(setting, &change.asked)}</b>
            </p>
            {says}
        </li>
    }
    .into_any()
}

/// A plain form: its answer is another page, and what WebAssembly holds in memory goes with this one.
fn confirmation(policy: &PolicyPage, typed: &Typed, back: String, left: Option<Saved>) -> AnyView {
    let error = match left {
        Some(Saved::Code(problem)) => Some(code_problem(problem)),
        _ => None,
    };
    let hidden = typed.0.iter().map(|(name, value)| {
        view! { <input type="hidden" name=format!("typed[{name}]") value=value.clone()/> }
    });
    view! {
        <section class="card">
            <header class="card-head"><h2>"Save"</h2></header>
            <form class="card-body form" method="post" action="/api/policy/save">
                <input type="hidden" name="id" value=policy.id.to_string()/>
                <input type="hidden" name="version" value=policy.version.clone()/>
                {hidden.collect_view()}
                <StepUp hint="It counts for this change only."
                    error
                />
                <SubmitButton look=Look::Primary wide=true>"Save the policy"</SubmitButton>
                <a class="button quiet wide" href=back>"Change something else"</a>
            </form>
        </section>
    }
    .into_any()
}

type Problem = (Tone, &'static str, &'static str);

const CHANGED: Problem = (
    Tone::Warn,
    "Somebody else changed this policy meanwhile.",
    "What follows compares what you ask for with what holds now.",
);

fn problem(outcome: Saved) -> Option<Problem> {
    Some(match outcome {
        Saved::Changed => (
            Tone::Danger,
            "Nothing was saved: somebody else changed this policy meanwhile.",
            "What follows compares what you ask for with what holds now. Look at it again, and save then.",
        ),
        Saved::Same => (Tone::Plain, "Nothing was saved.", "What you ask for holds already."),
        Saved::Unknown | Saved::Malformed => {
            (Tone::Danger, "Nothing was saved.", "That is not what a review sends. Begin again at the policy.")
        }
        Saved::Refused(Refusal::NoFactorOfYourOwn) => {
            (Tone::Danger, "Nothing was saved.", "You have no second factor of your own any more.")
        }
        Saved::Refused(_) => {
            (Tone::Danger, "Nothing was saved.", "Only an owner of this customer may change its policy.")
        }
        Saved::Done | Saved::Code(_) => return None,
    })
}
