use leptos::prelude::*;

use super::{Glyph, Icon};

/// The frozen plan, the same wherever it is shown: `plan` is its short name, "7F3A 91C2".
#[component]
pub fn Seal(#[prop(into)] plan: String) -> AnyView {
    view! { <span class="seal"><Icon of=Glyph::Lock/>"Plan "{plan}</span> }.into_any()
}
