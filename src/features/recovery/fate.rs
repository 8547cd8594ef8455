//! What became of a link, said to whoever gave the right password, and how they ask their administrators for help.

use leptos::form::ActionForm;
use leptos::prelude::*;

use super::api::{AskForHelp, HelpOutcome};
use crate::domain::recovery::{End, Fate, LinkState};
use crate::features::session::api::ApiError;
use crate::features::session::calm::failed;
use crate::features::session::flash::{left_by, outcome};
use crate::ui::{Banner, Glyph, SubmitButton, Tone, moment};
use crate::words::{locale, td_string};

/// The question to the administrators on a page, and what came of it.
#[derive(Clone, Copy)]
pub struct Help {
    /// The question.
    pub asking: ServerAction<AskForHelp>,
    /// What came of it.
    pub outcome: Signal<Option<Result<HelpOutcome, ApiError>>>,
}

impl Help {
    /// For a page: to be called once, outside of closures.
    #[must_use]
    pub fn of_page() -> Self {
        let asking = ServerAction::<AskForHelp>::new();
        let left = left_by::<HelpOutcome>("ask_for_help").map(|left| left.outcome);
        Self { asking, outcome: outcome(asking, left) }
    }

    /// What is said about it.
    #[must_use]
    pub fn said(self) -> Option<AnyView> {
        let (tone, icon, fact, rest) = match self.outcome.get()? {
            Ok(HelpOutcome::OnTheBoard(_)) => (
                Tone::Ok,
                Glyph::Users,
                td_string!(locale(), recovery.fate.asked).to_owned(),
                td_string!(locale(), recovery.fate.asked_lead).to_owned(),
            ),
            Ok(HelpOutcome::Over) => (
                Tone::Warn,
                Glyph::Warning,
                td_string!(locale(), sign_in.link.over).to_owned(),
                td_string!(locale(), sign_in.link.over_lead).to_owned(),
            ),
            Err(error) => {
                let (fact, rest) = failed(error);
                (Tone::Warn, Glyph::Warning, fact, rest)
            }
        };
        Some(view! { <Banner tone icon fact alert=true>{rest}</Banner> }.into_any())
    }
}

/// What became of a link.
#[must_use]
pub fn became(fate: &Fate) -> String {
    let at = fate.ended_at.map_or_else(String::new, |at| moment(at, fate.now));
    match fate.state {
        LinkState::Live | LinkState::Ended(End::Superseded) => td_string!(locale(), recovery.fate.newest).to_owned(),
        LinkState::Expired => td_string!(locale(), recovery.fate.expired).to_owned(),
        LinkState::Exhausted => td_string!(locale(), recovery.fate.exhausted).to_owned(),
        LinkState::Ended(End::Revoked) => td_string!(locale(), recovery.fate.revoked, moment = at),
        LinkState::Ended(End::Disowned) => td_string!(locale(), recovery.fate.disowned, moment = at),
        LinkState::Ended(End::AddressChanged) => td_string!(locale(), recovery.fate.address_changed, moment = at),
        LinkState::Ended(End::Completed) => td_string!(locale(), recovery.fate.completed, moment = at),
        LinkState::Ended(End::CompletedAtSignIn) => {
            td_string!(locale(), recovery.fate.completed_at_sign_in, moment = at)
        }
    }
}

/// The button by which the administrators are asked, or when they were. `before` runs when it is pressed.
pub fn ask_for_help(fate: &Fate, help: Help, before: impl Fn() + Clone + Send + Sync + 'static) -> AnyView {
    let button = fate.help.clone().map(|sealed| {
        view! {
            <ActionForm action=help.asking attr:class="form" on:submit=move |_| before()>
                <input type="hidden" name="help" value=sealed/>
                <SubmitButton wide=true pending=help.asking.pending()>{td_string!(locale(), recovery.fate.ask)}</SubmitButton>
            </ActionForm>
        }
    });
    let asked = fate.help_asked_at.map(|at| {
        let moment = moment(at, fate.now);
        view! { <p class="note">{td_string!(locale(), recovery.fate.asked_at, moment = moment)}</p> }
    });
    view! { {button}{asked} }.into_any()
}

/// The same below what a page asks of somebody who may have come from a link; `here` says why they need none. It is folded once
/// the link has ended.
pub fn about_link(fate: Option<Fate>, help: Help, here: &'static str) -> Option<AnyView> {
    let fate = fate?;
    let open = fate.ended_at.is_none() || help.outcome.get_untracked().is_some();
    let body = move || {
        let newer = match help.outcome.get() {
            Some(Ok(HelpOutcome::OnTheBoard(link))) => link.fate,
            _ => None,
        };
        let fate = newer.unwrap_or_else(|| fate.clone());
        view! {
            {help.said()}
            <p>{became(&fate)}" "{here}</p>
            {ask_for_help(&fate, help, || ())}
        }
    };
    Some(
        view! {
            <hr/>
            <details class="fold" open=open>
                <summary>{td_string!(locale(), recovery.fate.title)}</summary>
                {body}
            </details>
        }
        .into_any(),
    )
}
