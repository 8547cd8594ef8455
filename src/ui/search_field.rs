use leptos::{ev, html, prelude::*, wasm_bindgen::JsCast, web_sys::HtmlElement};

use super::{Glyph, Icon, ready};

/// A search field for a form of class `search`. With WASM the key `/` leads to it.
#[component]
pub fn SearchField(
    #[prop(into)] label: String,
    #[prop(default = "q".into(), into)] name: String,
    #[prop(optional, into)] value: String,
) -> AnyView {
    let ready = ready();
    let input = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        let keys = window_event_listener(ev::keydown, move |key| {
            let typing = document()
                .active_element()
                .is_some_and(|at| matches!(at.matches("input:not([type=checkbox]), textarea, select"), Ok(true)));
            if key.key() == "/"
                && !typing
                && !key.ctrl_key()
                && !key.meta_key()
                && let Some(input) = input.get_untracked()
            {
                key.prevent_default();
                let _ = input.unchecked_ref::<HtmlElement>().focus();
            }
        });
        on_cleanup(move || keys.remove());
    });
    view! {
        <Icon of=Glyph::Search/>
        <input
            class="input"
            type="search"
            name=name
            value=value
            placeholder=label.clone()
            aria-label=label
            autocomplete="off"
            spellcheck="false"
            node_ref=input
        />
        <kbd hidden=move || !ready.get() aria-hidden="true">"/"</kbd>
    }
    .into_any()
}
