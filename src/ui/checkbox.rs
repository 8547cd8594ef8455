use leptos::prelude::*;

/// A tick box in a label large enough for a thumb. `hidden` keeps the words for ears only, as in a table.
#[component]
pub fn Checkbox(
    #[prop(into)] name: String,
    #[prop(into)] value: String,
    #[prop(into)] label: String,
    #[prop(optional)] hidden: bool,
    #[prop(optional)] checked: bool,
) -> AnyView {
    view! {
        <label class="check">
            <input type="checkbox" name=name value=value checked=checked/>
            <span class:hidden-text=hidden>{label}</span>
        </label>
    }
    .into_any()
}
