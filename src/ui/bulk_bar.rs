use leptos::{children::ViewFnOnce, prelude::*};

use super::{Glyph, Icon};

/// What can be done with the ticked rows: last in the form `.list` that holds them. CSS shows it with the first tick and
/// counts, so it works without a script; the × is the form's own reset. `more` stands beside the count.
#[component]
pub fn BulkBar(#[prop(optional, into)] more: Option<ViewFnOnce>, children: Children) -> AnyView {
    view! {
        <div class="bulk-bar" role="group" aria-label="Selection">
            <span class="chosen">"selected"</span>
            {more.map(ViewFnOnce::run)}
            {children()}
            <button class="button icon close" type="reset">
                <Icon of=Glyph::Close/>
                <span class="hidden-text">"Clear selection"</span>
            </button>
        </div>
    }
    .into_any()
}
