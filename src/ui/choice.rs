use leptos::prelude::*;

use super::{Glyph, Icon};

/// One of the options of a [`Choice`].
#[derive(Clone, Debug)]
pub struct Pick {
    pub value: String,
    pub words: String,
    /// What choosing it means, in a sentence.
    pub meaning: String,
}

/// One of a few, all of them in sight, each with what it means.
#[component]
pub fn Choice(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    picks: Vec<Pick>,
    /// The value that is chosen at first.
    #[prop(optional, into)]
    value: String,
    #[prop(optional_no_strip, into)] error: Option<String>,
) -> AnyView {
    let help = format!("{name}-help");
    let described = error.is_some().then(|| help.clone());
    let wrong = error.is_some();
    let pick = |(at, pick): (usize, Pick)| {
        let here = pick.value == value;
        view! {
            <label>
                <input
                    type="radio"
                    name=name.clone()
                    value=pick.value
                    checked=here
                    autofocus=wrong && at == 0
                    aria-invalid=wrong.then_some("true")
                />
                <span><b><bdi>{pick.words}</bdi></b><small>{pick.meaning}</small></span>
            </label>
        }
        .into_any()
    };
    let picks = picks.into_iter().enumerate().map(pick).collect_view();
    view! {
        <fieldset class="choice" aria-describedby=described>
            <legend>{label}</legend>
            {picks}
            {error.map(|error| view! { <p class="error" id=help><Icon of=Glyph::Warning/><span>{error}</span></p> })}
        </fieldset>
    }
    .into_any()
}
