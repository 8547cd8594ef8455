use leptos::prelude::*;

use super::{Avatar, Square};

/// A person in a row: avatar, name (the link), badges as children, and a second line. A name too long loses its end, whatever
/// its script, and is whole in the title. `under_narrow` shows the second line only where its own column has left.
#[component]
pub fn Person(
    #[prop(into)] name: String,
    #[prop(optional, into)] href: Option<String>,
    #[prop(optional, into)] under: Option<String>,
    #[prop(optional)] under_narrow: bool,
    #[prop(optional)] children: Option<Children>,
) -> AnyView {
    let title = name.clone();
    let words = name.clone();
    let name_view = match href {
        Some(href) => view! { <a class="cut" dir="auto" title=title href=href>{words}</a> }.into_any(),
        None => view! { <span class="cut" dir="auto" title=title>{words}</span> }.into_any(),
    };
    view! {
        <div class="person">
            <Avatar name/>
            <div class="line">{name_view}{children.map(|badges| badges())}</div>
            {under.map(|under| view! { <span class="under cut" dir="auto" class:narrow=under_narrow title=under.clone()>{under.clone()}</span> })}
        </div>
    }
    .into_any()
}

/// A customer in a row: square and name.
#[component]
pub fn CustomerName(#[prop(into)] name: String) -> AnyView {
    let title = name.clone();
    let words = name.clone();
    view! {
        <span class="customer-name"><Square name/><span class="cut" dir="auto" title=title>{words}</span></span>
    }
    .into_any()
}
