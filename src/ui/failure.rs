use leptos::prelude::*;

use super::CalmShell;

/// A calm page in place of one that could not be shown. `again` is the words of the link that loads the page anew.
#[component]
pub fn Failure(#[prop(into)] title: String, #[prop(into)] lead: String, #[prop(into)] again: String) -> AnyView {
    view! {
        <CalmShell>
            <h1>{title}</h1>
            <p class="lead">{lead}</p>
            // The browser itself loads it, so that everything is fetched once more.
            <a class="button primary wide" href="" rel="external">{again}</a>
        </CalmShell>
    }
    .into_any()
}
