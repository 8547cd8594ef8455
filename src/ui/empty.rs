use leptos::{children::ViewFnOnce, prelude::*};

use super::{Glyph, Icon};

/// Nothing to show: what was looked for, and a way out.
#[component]
pub fn Empty(
    icon: Glyph,
    #[prop(into)] title: String,
    #[prop(optional, into)] actions: Option<ViewFnOnce>,
    children: Children,
) -> AnyView {
    view! {
        <div class="empty">
            <Icon of=icon/>
            <h2>{title}</h2>
            <p>{children()}</p>
            {actions.map(|slot| view! { <div class="actions">{slot.run()}</div> })}
        </div>
    }
    .into_any()
}
