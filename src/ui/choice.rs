use leptos::prelude::*;

use super::field::{invalid, wrong_at_first};
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
    #[prop(optional, into)] error: MaybeProp<String>,
) -> AnyView {
    let help = format!("{name}-help");
    let described = {
        let help = help.clone();
        move || error.get().is_some().then(|| help.clone())
    };
    let pick = |(at, pick): (usize, Pick)| {
        let here = pick.value == value;
        view! {
            <label>
                <input
                    type="radio"
                    name=name.clone()
                    value=pick.value
                    checked=here
                    autofocus=at == 0 && wrong_at_first(error)
                    aria-invalid=invalid(error)
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
            {move || error.get().map(|error| {
                view! { <p class="error" id=help.clone()><Icon of=Glyph::Warning/><span>{error}</span></p> }
            })}
        </fieldset>
    }
    .into_any()
}
