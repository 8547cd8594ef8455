//! Rekey resets multi-factor authentication for many users across many customers, safely, and gets every one of them
//! back in. See `README.md` for the house and its arrows.

// Views are types, and those of whole pages nest deeply.
#![recursion_limit = "512"]

pub mod app;
#[cfg(feature = "ssr")]
pub mod commands;
#[cfg(feature = "ssr")]
pub mod demo;
pub mod domain;
pub mod features;
#[cfg(feature = "ssr")]
pub mod platform;
#[cfg(feature = "ssr")]
pub mod server;
pub mod ui;
pub mod words;

/// Takes over the page that the server rendered.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(app::App);
    // For style sheets, and for whoever waits until a page answers to keys and clicks.
    if let Some(page) = leptos::prelude::document().document_element() {
        let _ = page.set_attribute("data-hydrated", "");
    }
}
