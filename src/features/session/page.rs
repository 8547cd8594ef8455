//! What every console page shares: the frame with the reader's name, and what stands there when there is no answer.

use leptos::prelude::*;

use super::api::{ApiError, Console, Me};
use crate::domain::time::Time;

use crate::ui::{Banner, ConsoleShell, Glyph, Icon, Section, Tone, clock};

/// A console page that waits for its resource and renders what comes with `page`: what is shown, who reads it, and when it
/// was fetched. What was shown stays when it cannot be fetched again, under a banner that says so.
pub fn console<T, F>(section: Section, resource: Resource<Result<Console<T>, ApiError>>, page: F) -> AnyView
where
    T: Clone + Send + Sync + serde::Serialize + serde::de::DeserializeOwned + 'static,
    F: Fn(T, Me, Time) -> AnyView + Clone + Send + Sync + 'static,
{
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
        let what = format!("What you see was fetched at {}.", clock(now));
        view! { <div class="content"><Banner tone=Tone::Danger fact=fact alert=true>{what}" "<a href="">"Try again"</a></Banner></div> }
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
            <button class="item" type="submit"><Icon of=Glyph::SignOut/>"Sign out"</button>
        </form>
    }
}

/// What a console page says when there is no answer.
fn failure(error: ApiError) -> AnyView {
    let (fact, what) = what_failed(error);
    view! {
        <main class="sheet" id="main">
            <div class="content">
                <h1 class="hidden-text">"No answer"</h1>
                <Banner tone=Tone::Danger fact=fact>{what}" "<a href="">"Try again"</a></Banner>
            </div>
        </main>
    }
    .into_any()
}

const fn what_failed(error: ApiError) -> (&'static str, &'static str) {
    match error {
        ApiError::Busy => ("Rekey is busy.", "Nothing was changed. Try again in a moment."),
        ApiError::Unreachable => ("Rekey cannot be reached.", "Check your connection and try again."),
        ApiError::NotUnderstood => ("The address is not one of Rekey's.", "It may be mistyped."),
        ApiError::Failed | ApiError::SignedOut => (
            "Something failed on the server.",
            "Nothing was changed by this page. Whoever runs Rekey finds it in the log.",
        ),
    }
}
