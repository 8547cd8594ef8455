//! What the calm pages share, those before a session: sign-in, recovery, set-up.

use leptos::prelude::*;
use leptos_meta::Title;

use super::api::ApiError;
use crate::domain::sign_in::Purpose;
use crate::ui::{Banner, CalmShell, Failure, Steps, Tone};
use crate::words::{locale, td_string};

/// A calm page that waits for its resource and renders what comes with `page`.
pub fn calm<T, F>(resource: Resource<Result<T, ApiError>>, page: F) -> AnyView
where
    T: Clone + Send + Sync + serde::Serialize + serde::de::DeserializeOwned + 'static,
    F: Fn(T) -> AnyView + Clone + Send + Sync + 'static,
{
    view! {
        <Transition>
            {move || {
                let page = page.clone();
                Suspend::new(async move {
                    match resource.await {
                        Ok(shown) => page(shown),
                        Err(error) => {
                            let (title, lead) = words(error);
                            let again = td_string!(locale(), common.failure.again);
                            view! { <Title text=title/><Failure title lead again/> }.into_any()
                        }
                    }
                })
            }}
        </Transition>
    }
    .into_any()
}

/// The address that goes with a password that is being chosen. It is for those who keep passwords for people, who learn under
/// which name to keep this one; it is not sent.
pub fn kept_under(address: String) -> AnyView {
    view! {
        <div class="field">
            <label for="address">{td_string!(locale(), invitation.address)}</label>
            <input class="input" id="address" type="email" value=address autocomplete="username" readonly=true/>
        </div>
    }
    .into_any()
}

/// What stands there while the browser is on its way to another page.
pub fn on_the_way() -> AnyView {
    view! { <CalmShell>""</CalmShell> }.into_any()
}

/// Says above a form what concerns none of its fields: a bold fact, and what to do.
pub fn refusal(said: impl Fn() -> Option<(String, String)> + Send + Sync + 'static) -> AnyView {
    (move || said().map(|(fact, rest)| view! { <Banner tone=Tone::Danger fact alert=true>{rest}</Banner> })).into_any()
}

/// An error of the server as a [`refusal`].
#[must_use]
pub fn failed(error: ApiError) -> (String, String) {
    let (title, lead) = words(error);
    (format!("{title}."), lead.to_owned())
}

/// The fact and what to do about it.
fn words(error: ApiError) -> (&'static str, &'static str) {
    match error {
        ApiError::Busy => (td_string!(locale(), common.failure.busy), td_string!(locale(), common.failure.busy_lead)),
        ApiError::Unreachable => {
            (td_string!(locale(), common.failure.unreachable), td_string!(locale(), common.failure.unreachable_lead))
        }
        ApiError::NotUnderstood => (
            td_string!(locale(), common.failure.not_understood),
            td_string!(locale(), common.failure.not_understood_lead),
        ),
        ApiError::Failed | ApiError::SignedOut => {
            (td_string!(locale(), common.failure.failed), td_string!(locale(), common.failure.failed_lead))
        }
    }
}

/// A name for the middle of a sentence: one that runs from right to left turns only itself around.
#[must_use]
pub fn apart(name: &str) -> String {
    format!("\u{2068}{name}\u{2069}")
}

/// The word for a help desk and how to reach it, for the foot of a page.
#[must_use]
pub fn help_desk(desk: Option<String>) -> Option<(String, String)> {
    desk.map(|desk| (td_string!(locale(), common.help_desk).to_owned(), desk))
}

/// Where somebody is on the way through a set-up: a recovery link begins with the password, a sign-in has asked for it.
#[must_use]
pub fn steps(purpose: Purpose, step: u8) -> Steps {
    let (now, of) = match purpose {
        Purpose::Recovery | Purpose::Invitation => (step, 3),
        Purpose::Forgotten | Purpose::NewAddress => (step, 1),
        Purpose::SignIn => (step - 1, 2),
        Purpose::AddMethod | Purpose::StepUp => (step, 2),
    };
    Steps { now, of, label: td_string!(locale(), common.step, now = now, of = of) }
}
