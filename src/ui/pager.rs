use leptos::prelude::*;

/// Pages of a list are addresses; where there is none the word stays, so that nothing jumps.
#[component]
pub fn Pager(
    #[prop(into)] text: String,
    #[prop(optional_no_strip, into)] previous: Option<String>,
    #[prop(optional_no_strip, into)] next: Option<String>,
) -> AnyView {
    let step = |href: Option<String>, rel: &'static str, words: &'static str| match href {
        Some(href) => view! { <a class="button" href=href rel=rel>{words}</a> }.into_any(),
        None => view! { <span aria-disabled="true">{words}</span> }.into_any(),
    };
    view! {
        <nav class="pager" aria-label="Pages">
            <p>{text}</p>
            {step(previous, "prev", "Previous")}
            {step(next, "next", "Next")}
        </nav>
    }
    .into_any()
}
