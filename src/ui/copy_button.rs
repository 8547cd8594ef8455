use leptos::{
    prelude::*,
    wasm_bindgen::{JsCast, JsValue, closure::Closure},
    web_sys::js_sys::{Function, Promise, Reflect},
};

use super::{Glyph, Icon, ready};

/// Copies `text`. Only a script can, so the button appears with WASM.
#[component]
pub fn CopyButton(#[prop(into)] text: String, #[prop(into)] label: String, #[prop(into)] done: String) -> AnyView {
    let ready = ready();
    let copied = RwSignal::new(false);
    view! {
        <button
            class="button"
            type="button"
            hidden=move || !ready.get()
            aria-live="polite"
            on:click=move |_| {
                let _ = copy(&text, move || copied.set(true));
            }
        >
            <Icon of=Glyph::Copy/>
            {move || if copied.get() { done.clone() } else { label.clone() }}
        </button>
    }
    .into_any()
}

/// By name, because the clipboard is missing where the page came over plain HTTP; then nothing happens.
fn copy(text: &str, then: impl FnOnce() + 'static) -> Result<(), JsValue> {
    let clipboard = Reflect::get(&window().navigator(), &"clipboard".into())?;
    let write: Function = Reflect::get(&clipboard, &"writeText".into())?.dyn_into()?;
    let written: Promise = write.call1(&clipboard, &text.into())?.dyn_into()?;
    let said = Closure::once(move |_: JsValue| then());
    let _ = written.then(&said);
    said.forget();
    Ok(())
}

/// Opens the browser's print dialog; it appears with WASM.
#[component]
pub fn PrintButton(#[prop(into)] label: String) -> AnyView {
    let ready = ready();
    view! {
        <button
            class="button"
            type="button"
            hidden=move || !ready.get()
            on:click=move |_| {
                let _ = window().print();
            }
        >
            <Icon of=Glyph::Print/>
            {label}
        </button>
    }
    .into_any()
}
