use leptos::html;
use leptos::prelude::*;

/// A tick box in a label large enough for a thumb. `hidden` keeps the words for ears only, as in a table. With `refused` it
/// cannot be ticked, and says why.
#[component]
pub fn Checkbox(
    #[prop(into)] name: String,
    #[prop(into)] value: String,
    #[prop(into)] label: String,
    #[prop(optional)] hidden: bool,
    #[prop(optional)] checked: bool,
    #[prop(optional_no_strip, into)] refused: Option<String>,
    #[prop(optional)] node_ref: NodeRef<html::Input>,
) -> AnyView {
    let label = refused.as_ref().map_or_else(|| label.clone(), |why| format!("{label}: {why}"));
    view! {
        <label class="check" title=refused.clone()>
            <input type="checkbox" node_ref=node_ref name=name value=value checked=checked disabled=refused.is_some()/>
            <span class:hidden-text=hidden>{label}</span>
        </label>
    }
    .into_any()
}
