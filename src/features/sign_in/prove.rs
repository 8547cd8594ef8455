//! The field in which somebody who is signed in proves themself again: six digits, or with a script a code that comes to their
//! phone, or a passkey.

use leptos::prelude::*;

use super::api::{SendCodeToProve, SendOutcome, SentTo, ask_to_prove};
use crate::domain::sign_in::{CodeProblem, PASSKEY};
use crate::features::session::api::Proofs;
use crate::ui::{Asking, CodeField, Glyph, Icon, KeyButton, KeyQuestion, KeyWords, TextField, clock, ready};
use crate::words::{locale, td_string};

/// `code`, wherever an action asks for a fresh second factor. What the reader can prove themself with comes from the console's
/// frame around it, or as `proofs`.
#[component]
pub fn StepUp(
    #[prop(default = td_string!(locale(), common.prove.label))] label: &'static str,
    /// What the code is good for, after where it comes from.
    #[prop(optional)]
    hint: &'static str,
    #[prop(optional, into)] error: MaybeProp<String>,
    /// For a code that only some of what a form sends needs.
    #[prop(optional)]
    may_be_empty: bool,
    #[prop(optional)] proofs: Option<Proofs>,
) -> AnyView {
    let proofs = proofs.or_else(use_context::<Proofs>).unwrap_or(Proofs { apps: true, ..Proofs::default() });
    let hint = format!("{} {hint}", from(proofs)).trim_end().to_owned();
    let places = proofs.token_digits.max(6);
    let answered = RwSignal::new(None::<String>);
    // An answer counts once: whoever was refused is asked again.
    Effect::new(move |_| {
        if error.get().is_some() {
            answered.set(None);
        }
    });
    let field = move || {
        if let Some(proof) = answered.get() {
            return view! {
                <input type="hidden" name="code" value=proof/>
                <p class="hint"><Icon of=Glyph::Check/>" "{td_string!(locale(), common.prove.answered)}</p>
            }
            .into_any();
        }
        // Whoever has nothing that shows codes is not asked for one.
        let code = proofs.show_codes() || proofs.phones || !proofs.passkeys;
        let phone = proofs.phones.then(send_button);
        let key = proofs.passkeys.then(|| {
            let then =
                move |(token, answer): (String, String)| answered.set(Some(format!("{PASSKEY}{token} {answer}")));
            view! { <KeyButton words=words() ask=ASK then=Callback::new(then)/> }
        });
        let wrong = move || error.get().filter(|_| !code);
        view! {
            {code.then(|| view! { <CodeField name="code" label hint=hint.clone() error may_be_empty places/> })}
            {phone}
            {move || wrong().map(|error| view! { <p class="error"><Icon of=Glyph::Warning/>{error}</p> })}
            {key}
        }
        .into_any()
    };
    view! { <div class="form">{field}</div> }.into_any()
}

/// Where a code comes from.
fn from(proofs: Proofs) -> &'static str {
    match (proofs.apps, proofs.token_digits > 0, proofs.phones) {
        (true, true, _) => td_string!(locale(), common.code_from.either),
        (false, true, _) => td_string!(locale(), common.code_from.token),
        (false, false, true) => td_string!(locale(), common.code_from.phone),
        (true, false, _) | (false, false, false) => td_string!(locale(), common.code_from.app),
    }
}

/// Has a code sent to the phone that was used last, and says what came of it.
fn send_button() -> AnyView {
    let (ready, action) = (ready(), ServerAction::<SendCodeToProve>::new());
    let pending = action.pending();
    let said = move || {
        action.value().get().map(|outcome| match outcome {
            Ok(SendOutcome::OnItsWay(SentTo { masked, until })) => {
                td_string!(locale(), common.prove.sent, number = masked, time = clock(until))
            }
            Ok(SendOutcome::NotBefore { until, .. }) => {
                td_string!(locale(), common.prove.not_before, time = clock(until))
            }
            Ok(SendOutcome::SpentForToday) => td_string!(locale(), common.prove.spent).to_owned(),
            Ok(SendOutcome::Over) => td_string!(locale(), common.prove.over).to_owned(),
            Err(_) => td_string!(locale(), common.prove.failed).to_owned(),
        })
    };
    let press = move |_| {
        if !pending.get_untracked() {
            action.dispatch(SendCodeToProve {});
        }
    };
    view! {
        <div class="field">
            <button
                class="button"
                type="button"
                disabled=move || !ready.get()
                aria-busy=move || pending.get().then_some("true")
                on:click=press
            >
                <Icon of=Glyph::Phone/>
                {td_string!(locale(), common.prove.send)}
            </button>
            <p class="hint" role="status">{said}</p>
            <noscript inner_html=format!("<p class=\"note\">{}</p>", td_string!(locale(), common.prove.send_no_script))></noscript>
        </div>
    }
    .into_any()
}

/// `code`, where one of the codes on paper stands in for everything else.
#[component]
pub fn BackupCode(#[prop(into)] error: MaybeProp<String>, #[prop(optional)] autofocus: bool) -> AnyView {
    view! {
        <input type="hidden" name="backup" value="true"/>
        <TextField
            name="code"
            id="backup-code"
            label=td_string!(locale(), sign_in.backup.label)
            hint=td_string!(locale(), sign_in.backup.hint)
            error
            mono=true
            autocomplete="off"
            required=true
            autofocus
        />
    }
    .into_any()
}

/// Why what was typed into [`StepUp`] was not taken.
#[must_use]
pub fn code_problem(problem: CodeProblem) -> String {
    let locale = locale();
    match problem {
        CodeProblem::Malformed => td_string!(locale, common.not_six).to_owned(),
        CodeProblem::Wrong => td_string!(locale, common.prove.wrong).to_owned(),
        CodeProblem::Copied => td_string!(locale, common.prove.copied).to_owned(),
        CodeProblem::Locked { until, now } => match (until - now).as_minutes_up() {
            ..=1 => td_string!(locale, common.prove.locked_one).to_owned(),
            minutes => td_string!(locale, common.prove.locked_many, minutes = minutes),
        },
        CodeProblem::Disabled => td_string!(locale, common.prove.disabled).to_owned(),
    }
}

const ASK: Asking = || {
    Box::pin(async {
        let question = ask_to_prove().await.ok().flatten()?;
        Some(KeyQuestion { carry: question.token, question: question.question })
    })
};

fn words() -> KeyWords {
    let locale = locale();
    KeyWords {
        label: td_string!(locale, common.prove.key),
        no_script: td_string!(locale, common.prove.key_no_script),
        over: td_string!(locale, common.prove.key_over),
        cancelled: td_string!(locale, common.key.cancelled),
        known: td_string!(locale, common.prove.key_known),
        unable: td_string!(locale, common.prove.key_unable),
    }
}
