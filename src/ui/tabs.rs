use leptos::prelude::*;

/// Tabs are places: each has an address. `current` counts from 0.
#[component]
pub fn Tabs(#[prop(into)] label: String, items: Vec<(String, String)>, current: usize) -> AnyView {
    view! {
        <nav class="tabs" aria-label=label>
            {items
                .into_iter()
                .enumerate()
                .map(|(at, (href, words))| view! { <a href=href aria-current=(at == current).then_some("page")>{words}</a> })
                .collect_view()}
        </nav>
    }
    .into_any()
}
