//! `/users/{id}/call-back`: the words of a user's set-up, to be compared on the phone.

use leptos::prelude::*;
use leptos_meta::Title;

use super::call_back_api::{CallBackAgainst, CallBackOutcome, CallBackPage, WaitingSetUp, show_call_back};
use super::user_page::{in_address, nobody_here};
use crate::domain::authority::Refusal;
use crate::features::session::flash::{Left, left_by};
use crate::features::session::page::console;
use crate::features::sign_in::prove::{StepUp, code_problem};
use crate::ui::{Banner, Choice, Empty, Glyph, Look, Pick, Section, SheetHead, SubmitButton, Tone, clock};

const CONFIRM: &str = "/api/users/call_back";

/// Compares and confirms the words of a set-up.
#[component]
pub fn UserCallBackPage() -> impl IntoView {
    let id = in_address();
    let page = Resource::new(move || id.get(), show_call_back);
    let left: Option<Left<CallBackOutcome>> = left_by("call_back");
    let chosen = left.as_ref().map(|left| left.typed("set_up")).unwrap_or_default();
    let outcome = left.map(|left| left.outcome);
    console(Section::Users, page, move |page, _, _| match page {
        None => nobody_here(),
        Some(page) => sheet(page, outcome, &chosen),
    })
}

fn sheet(page: CallBackPage, outcome: Option<CallBackOutcome>, chosen: &str) -> AnyView {
    let CallBackPage { user, waiting } = page;
    let (path, back) = (format!("/users/{}/call-back", user.id), format!("/users/{}", user.id));
    let title = format!("Three words with {}", user.name);
    let below = {
        let (address, customer) = (user.address.clone(), user.customer.clone());
        move || view! { {address}" · "<bdi>{customer}</bdi> }.into_any()
    };
    let inside = match waiting {
        Err(against) => {
            let (fact, rest) = against_words(against);
            view! { <Banner tone=Tone::Warn fact>{rest}</Banner> }.into_any()
        }
        Ok(waiting) if waiting.is_empty() => {
            let again =
                move || view! { <a class="button" href=path.clone() rel="external">"Look again"</a> }.into_any();
            view! {
                <Empty icon=Glyph::Phone title="No set-up waits" actions=again>
                    "It waits from the moment the user has opened the link and proved themself."
                </Empty>
            }
            .into_any()
        }
        Ok(waiting) => form(&user.id.to_string(), &path, &waiting, outcome, chosen),
    };
    view! {
        <Title text=title.clone()/>
        <SheetHead title crumb=("/users", "Users") below=below/>
        <div class="content confirm">
            {inside}
            <p><a href=back>"Back to the user"</a></p>
        </div>
    }
    .into_any()
}

/// A plain form: its answer is this page as it is then.
fn form(id: &str, path: &str, waiting: &[WaitingSetUp], outcome: Option<CallBackOutcome>, chosen: &str) -> AnyView {
    let (id, path) = (id.to_owned(), path.to_owned());
    let confirmed = waiting.iter().find(|set_up| set_up.confirmed_at.is_some()).map(|set_up| {
        let fact = format!("Confirmed: {}.", set_up.words);
        let at = set_up.confirmed_at.map_or_else(String::new, |at| format!(" At {}.", clock(at)));
        view! { <Banner tone=Tone::Ok fact icon=Glyph::Check>{at}" They can go on, by Continue on their page."</Banner> }
    });
    let problem = match outcome {
        Some(CallBackOutcome::Against(CallBackAgainst::Nothing)) => Some((
            "Nothing was confirmed.",
            "Choose the words that they read out. A set-up that is over is not here any more.",
        )),
        Some(CallBackOutcome::Against(against)) => Some(against_words(against)),
        _ => None,
    };
    let problem = problem.map(|(fact, rest)| view! { <Banner tone=Tone::Danger fact alert=true>{rest}</Banner> });
    let error = match outcome {
        Some(CallBackOutcome::Code(problem)) => Some(code_problem(problem)),
        _ => None,
    };
    let pick = |set_up: &WaitingSetUp| Pick {
        value: set_up.id.to_string(),
        words: set_up.words.clone(),
        meaning: format!("Begun at {}.", clock(set_up.begun_at)),
    };
    let picks: Vec<Pick> = waiting.iter().map(pick).collect();
    let value = chosen.to_owned();
    view! {
        {confirmed}
        <Banner fact="Let them read their words to you.">
            "Call them on a number that you knew before. Do not say the words first: whoever only repeats them proves nothing."
        </Banner>
        <section class="card">
            <header class="card-head"><h2>"Confirm"</h2></header>
            <form class="card-body form" method="post" action=CONFIRM>
                {problem}
                <input type="hidden" name="id" value=id/>
                <Choice name="set_up" label="Which words did they read out?" picks value/>
                <StepUp hint="It counts for this set-up only." error/>
                <SubmitButton look=Look::Primary wide=true>"They are the same"</SubmitButton>
                <a class="button quiet wide" href=path rel="external">"Look again"</a>
            </form>
        </section>
        <p class="note">"None of these? Then somebody else is setting up this account. Reset them again: that ends every set-up and the link."</p>
    }
    .into_any()
}

const fn against_words(against: CallBackAgainst) -> (&'static str, &'static str) {
    match against {
        CallBackAgainst::Authority(Refusal::NoFactorOfYourOwn) => {
            ("You have no second factor of your own.", "Set one up, and you may confirm set-ups.")
        }
        CallBackAgainst::Authority(Refusal::Yourself) => ("This is you.", "Somebody else must confirm your set-up."),
        CallBackAgainst::Authority(Refusal::NoRole) => {
            ("Your role confirms no set-ups.", "An owner or admin of this customer may.")
        }
        CallBackAgainst::Authority(Refusal::OwnersOnly) => {
            ("Only an owner may do this for an owner.", "Ask one of them.")
        }
        CallBackAgainst::Policy => {
            ("This customer asks for no call-back check.", "An owner may change that in the policy.")
        }
        CallBackAgainst::Nothing => ("No such set-up waits.", "Look again."),
    }
}
