//! `/users/{id}/caller-code`: a code to read out to a caller who was identified.

use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;

use super::caller_api::{Against, CallerOutcome, CallerPage, MakeCallerCode, ToReadOut, show_caller_code};
use super::user_page::{in_address, nobody_here};
use crate::domain::authority::Refusal;
use crate::domain::caller::Identified;
use crate::domain::time::Time as Moment;
use crate::features::session::api::ApiError;
use crate::features::session::flash::{Left, left_by, outcome};
use crate::features::session::page::console;
use crate::features::sign_in::prove::{StepUp, code_problem};
use crate::ui::{Banner, Choice, Look, Pick, Section, SheetHead, SubmitButton, TextField, Tone, clock};

type Outcome = Signal<Option<Result<CallerOutcome, ApiError>>>;

/// Makes a caller code.
#[component]
pub fn CallerCodePage() -> impl IntoView {
    let id = in_address();
    let page = Resource::new(move || id.get(), show_caller_code);
    let action = ServerAction::<MakeCallerCode>::new();
    let left: Option<Left<CallerOutcome>> = left_by("caller_code");
    let outcome = outcome(action, left.as_ref().map(|left| left.outcome.clone()));
    let typed = move |field: &str| left.as_ref().map(|left| left.typed(field)).unwrap_or_default();
    let typed = (typed("identified"), typed("note"));
    console(Section::Users, page, move |page, _, now| match page {
        None => nobody_here(),
        Some(page) => sheet(page, action, outcome, typed.clone(), now),
    })
}

fn sheet(
    page: CallerPage,
    action: ServerAction<MakeCallerCode>,
    outcome: Outcome,
    typed: (String, String),
    now: Moment,
) -> AnyView {
    let CallerPage { user, against } = page;
    let back = format!("/users/{}", user.id);
    let title = format!("Caller code for {}", user.name);
    let below = {
        let (address, customer) = (user.address.clone(), user.customer.clone());
        move || view! { {address}" · "<bdi>{customer}</bdi> }.into_any()
    };
    let id = user.id.to_string();
    // Whoever has just made one looks at that one, whatever stands against another.
    let inside = move || match (outcome.get(), against) {
        (Some(Ok(CallerOutcome::Made { code, until })), _) => made(code, until),
        (_, Some(against)) => {
            let (fact, rest) = against_words(against, now);
            view! { <Banner tone=Tone::Warn fact>{rest}</Banner> }.into_any()
        }
        (_, None) => form(id.clone(), action, outcome, typed.clone(), now),
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

/// The code, once.
fn made(code: ToReadOut, until: Moment) -> AnyView {
    view! {
        <section class="card read-out">
            <header class="card-head"><h2>"Read this code out"</h2></header>
            <div class="card-body form">
                <p class="read-out-code" role="status"><code>{code.0}</code></p>
                <p>{format!("It counts once, until {}, together with the link in their mailbox.", clock(until))}</p>
                <p class="note">
                    "It is shown only now. Do not write it into a ticket, a chat or a mail: whoever has the link and the code \
                     sets up this account. They are told by mail that you made it."
                </p>
            </div>
        </section>
    }
    .into_any()
}

fn form(
    id: String,
    action: ServerAction<MakeCallerCode>,
    outcome: Outcome,
    (identified, note): (String, String),
    now: Moment,
) -> AnyView {
    let failed = move |matches: fn(CallerOutcome) -> Option<String>| {
        Signal::derive(move || outcome.get().and_then(Result::ok).and_then(matches))
    };
    let general = move || {
        outcome.get().and_then(|outcome| general_problem(outcome, now)).map(|(fact, rest)| {
            view! { <Banner tone=Tone::Danger fact alert=true>{rest}</Banner> }
        })
    };
    let pick = |way: &Identified| {
        let (words, meaning) = (way.label().to_owned(), meaning(*way).to_owned());
        Pick { value: way.to_string(), words, meaning }
    };
    let picks: Vec<Pick> = Identified::ALL.iter().map(pick).collect();
    let missing = failed(|outcome| {
        (outcome == CallerOutcome::HowMissing).then(|| "Say how you made sure that it is them.".to_owned())
    });
    view! {
        <Banner fact="Make sure that it is them first.">
            "A voice, a name and a staff number are known to others. Call back on a number that you knew before the call."
        </Banner>
        <section class="card">
            <header class="card-head"><h2>"Make a code"</h2></header>
            <ActionForm action attr:class="card-body form">
                {general}
                <input type="hidden" name="id" value=id/>
                <Choice name="identified" label="How was the caller identified?" picks value=identified error=missing/>
                <TextField
                    name="note"
                    label="In which other way"
                    note="only for Other"
                    value=note
                    error=failed(|outcome| {
                        (outcome == CallerOutcome::NoteMissing).then(|| "Name the other way in one short line.".to_owned())
                    })
                />
                <StepUp hint="It counts for this code only."
                    error=failed(|outcome| match outcome {
                        CallerOutcome::Code(problem) => Some(code_problem(problem)),
                        _ => None,
                    })
                />
                <SubmitButton look=Look::Primary wide=true pending=action.pending()>"Make 1 code"</SubmitButton>
            </ActionForm>
        </section>
    }
    .into_any()
}

const fn meaning(way: Identified) -> &'static str {
    match way {
        Identified::CalledBack => "Not the number that they called from, nor one that they told you.",
        Identified::InPerson => "You know them, or you saw an identity document.",
        Identified::OnVideo => "You saw the document, and the person beside it.",
        Identified::Other => "Say which, in one line.",
    }
}

fn against_words(against: Against, now: Moment) -> (&'static str, String) {
    match against {
        Against::Authority(Refusal::NoFactorOfYourOwn) => {
            ("You have no second factor of your own.", "Set one up, and you may make codes.".to_owned())
        }
        Against::Authority(Refusal::Yourself) => ("This is you.", "Somebody else must make a code for you.".to_owned()),
        Against::Authority(Refusal::NoRole) => {
            ("Your role makes no caller codes.", "An owner or admin of this customer may.".to_owned())
        }
        Against::Authority(Refusal::OwnersOnly) => {
            ("Only an owner may do this for an owner.", "Ask one of them.".to_owned())
        }
        Against::Policy => (
            "This customer takes no caller codes.",
            "Beside the recovery link only the password counts there. An owner may change that in the policy."
                .to_owned(),
        ),
        Against::NoLink => (
            "They have no recovery link that works.",
            "A code goes with a link. Reset them, or send the link again, and make the code then.".to_owned(),
        ),
        Against::NotBefore(at) => {
            let rest = match (at - now).as_minutes_up() {
                ..=1 => "The next one can be made in 1 minute.".to_owned(),
                minutes => format!("The next one can be made in {minutes} minutes."),
            };
            ("Five codes were made for them within an hour.", rest)
        }
    }
}

/// What is wrong with the whole, and what to do.
fn general_problem(outcome: Result<CallerOutcome, ApiError>, now: Moment) -> Option<(String, String)> {
    let said = |fact: &str, rest: &str| Some((fact.to_owned(), rest.to_owned()));
    match outcome {
        Ok(CallerOutcome::Against(against)) => {
            let (fact, rest) = against_words(against, now);
            Some((fact.to_owned(), format!("No code was made. {rest}")))
        }
        Ok(_) => None,
        Err(ApiError::Busy) => said("Rekey is busy.", "No code was made. Try again in a moment."),
        Err(ApiError::Unreachable) => said("Rekey cannot be reached.", "Check your connection and try again."),
        Err(_) => said("Something failed on the server.", "Try again: a newer code takes the place of an older one."),
    }
}
