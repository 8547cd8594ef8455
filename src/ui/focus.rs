use leptos::{
    prelude::*,
    wasm_bindgen::JsCast,
    web_sys::{Element, HtmlElement},
};

/// A page that took the place of another one without the browser's help: what had the focus is gone, so it goes to where the
/// page begins. A page that came from the server has it from the browser.
pub(super) fn take_over() {
    let from_server = Owner::current_shared_context().is_some_and(|context| context.during_hydration());
    Effect::new(move |_| {
        if !from_server {
            request_animation_frame(|| {
                if document().active_element().is_none_or(|focused| focused.tag_name() == "BODY") {
                    begin();
                }
            });
        }
    });
}

/// Moves the focus to where the page begins, after what the page shows has changed.
pub fn begin_anew() {
    request_animation_frame(begin);
}

/// The field that is to be filled in first, or else the whole.
fn begin() {
    let found = |selector| document().query_selector(selector).ok().flatten();
    let first = found("#main [autofocus]").or_else(|| found("#main"));
    if let Some(first) = first.and_then(|first: Element| first.dyn_into::<HtmlElement>().ok()) {
        let _ = first.focus();
    }
}
