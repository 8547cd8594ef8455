use leptos::prelude::*;

use crate::words::{languages, locale, tag, td_string};

/// Where a language is chosen.
const CHOOSE: &str = "/api/session/choose_language";

/// The language of the page, and under it those there are. A plain form: the page comes anew in the language that was chosen.
#[component]
pub fn Languages() -> AnyView {
    let now = locale();
    let name = languages().into_iter().find(|(locale, _)| *locale == now).map(|(_, name)| name);
    let button = |(locale, name): (_, &'static str)| {
        let here = (locale == now).then_some("true");
        view! { <button class="action" type="submit" name="language" value=tag(locale) lang=tag(locale) aria-current=here>{name}</button> }
    };
    view! {
        <details class="languages">
            <summary><span class="hidden-text">{td_string!(now, common.language)}" "</span>{name}</summary>
            <form method="post" action=CHOOSE>{languages().map(button).collect_view()}</form>
        </details>
    }
    .into_any()
}
