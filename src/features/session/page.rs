//! What every console page shares: the frame with the reader's name, and what stands there when there is no answer.

use leptos::prelude::*;

use super::api::{ApiError, Console, Me};
use crate::domain::time::Time;
use crate::ui::{Banner, ConsoleShell, Glyph, Icon, Section, Tone, clock};
use crate::words::{Locale, locale, speak, td_string};

/// A console page that waits for its resource and renders what comes with `page`: what is shown, who reads it, and when it
/// was fetched. What was shown stays when it cannot be fetched again, under a banner that says so.
pub fn console<T, F>(section: Section, resource: Resource<Result<Console<T>, ApiError>>, page: F) -> AnyView
where
    T: Clone + Send + Sync + serde::Serialize + serde::de::DeserializeOwned + 'static,
    F: Fn(T, Me, Time) -> AnyView + Clone + Send + Sync + 'static,
{
    // One's own security speaks the reader's language, the rest of the console English.
    if section != Section::Security {
        speak(Locale::en);
    }
    let last = StoredValue::new(None);
    view! {
        <Transition>
            {move || {
                let page = page.clone();
                Suspend::new(async move {
                    match (resource.await, last.get_value()) {
                        (Ok(console), _) => {
                            last.set_value(Some(console.clone()));
                            frame(section, console, None, page)
                        }
                        // The browser is on its way to sign in.
                        (Err(ApiError::SignedOut), _) => ().into_any(),
                        (Err(error), Some(shown)) => frame(section, shown, Some(error), page),
                        (Err(error), None) => failure(error),
                    }
                })
            }}
        </Transition>
    }
    .into_any()
}

fn frame<T>(
    section: Section,
    console: Console<T>,
    failed: Option<ApiError>,
    page: impl Fn(T, Me, Time) -> AnyView,
) -> AnyView {
    let Console { me, now, page: shown } = console;
    let (person, customer) = (me.name.clone(), me.customer.clone());
    let failed = failed.map(|error| {
        let fact = what_failed(error).0;
        let what = td_string!(locale(), shell.fetched, time = clock(now));
        let again = td_string!(locale(), shell.again);
        view! { <div class="content"><Banner tone=Tone::Danger fact=fact alert=true>{what}" "<a href="">{again}</a></Banner></div> }
    });
    // For the fields in which the reader proves themself again.
    provide_context(me.proofs);
    let inside = page(shown, me, now);
    view! {
        <ConsoleShell current=section person customer account=|| sign_out_item()>
            {failed}
            {inside}
        </ConsoleShell>
    }
    .into_any()
}

/// A plain form: what WebAssembly holds in memory goes with the page.
fn sign_out_item() -> impl IntoView {
    view! {
        <form method="post" action="/api/sign_in/out">
            <button class="item" type="submit"><Icon of=Glyph::SignOut/>{td_string!(locale(), shell.sign_out)}</button>
        </form>
    }
}

/// What a console page says when there is no answer.
fn failure(error: ApiError) -> AnyView {
    let (fact, what) = what_failed(error);
    view! {
        <main class="sheet" id="main">
            <div class="content">
                <h1 class="hidden-text">{td_string!(locale(), shell.no_answer)}</h1>
                <Banner tone=Tone::Danger fact=fact>{what}" "<a href="">{td_string!(locale(), shell.again)}</a></Banner>
            </div>
        </main>
    }
    .into_any()
}

fn what_failed(error: ApiError) -> (&'static str, &'static str) {
    let locale = locale();
    match error {
        ApiError::Busy => (td_string!(locale, shell.busy), td_string!(locale, shell.busy_lead)),
        ApiError::Unreachable => (td_string!(locale, shell.unreachable), td_string!(locale, shell.unreachable_lead)),
        ApiError::NotUnderstood => {
            (td_string!(locale, shell.not_understood), td_string!(locale, shell.not_understood_lead))
        }
        ApiError::Failed | ApiError::SignedOut => {
            (td_string!(locale, shell.failed), td_string!(locale, shell.failed_lead))
        }
    }
}
