use leptos::prelude::*;

/// Where somebody is on a short way; `label` says it in words.
#[derive(Clone, Debug)]
pub struct Steps {
    pub now: u8,
    pub of: u8,
    pub label: String,
}

/// One bar a step, for eyes only: the words stand in the head of the page.
#[component]
pub fn Stepper(now: u8, of: u8) -> AnyView {
    view! {
        <ol class="steps" aria-hidden="true">
            {(1..=of).map(|step| view! { <li class:past={step <= now}></li> }).collect_view()}
        </ol>
    }
    .into_any()
}
