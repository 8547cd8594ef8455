use leptos::{
    children::ViewFnOnce,
    ev,
    prelude::*,
    wasm_bindgen::JsCast,
    web_sys::{HtmlDetailsElement, HtmlElement, Node},
};

use super::{Glyph, Icon};

/// Links and buttons of class `item` behind a ⋮ (or behind `face`). A `<details>`, so it opens without a script; all menus of
/// a page share a name, so only one is open.
#[component]
pub fn Menu(
    /// For ears, where the face has no words: "Actions for Zoë".
    #[prop(into)]
    label: String,
    #[prop(optional, into)] face: Option<ViewFnOnce>,
    /// Gives the face an edge.
    #[prop(optional)]
    button: bool,
    /// Opens from the start edge of its face instead of the end edge.
    #[prop(optional)]
    start: bool,
    children: Children,
) -> AnyView {
    let look = match (&face, button) {
        (Some(_), _) => "button",
        (None, true) => "button icon",
        (None, false) => "button icon quiet",
    };
    let face = match face {
        Some(face) => face.run(),
        None => view! { <Icon of=Glyph::Dots/> }.into_any(),
    };
    view! {
        <details class="menu" class:start=start name="menu">
            <summary class=look>{face}<span class="hidden-text">{label}</span></summary>
            <div class="menu-list">{children()}</div>
        </details>
    }
    .into_any()
}

/// What a script adds to every menu of a page, once: a click elsewhere or on an item closes it, Esc closes it and gives the
/// focus back, arrows walk through it and letters jump.
pub(super) fn tend() {
    Effect::new(|_| {
        let click = window_event_listener(ev::click, |click| {
            let Some(menu) = open_menu() else { return };
            let target = click.target().and_then(|target| target.dyn_into::<Node>().ok());
            let inside = menu.contains(target.as_ref());
            let on_item = || {
                let element = target.as_ref().and_then(|node| node.dyn_ref::<leptos::web_sys::Element>());
                element.is_some_and(|element| matches!(element.closest(".item:not([aria-disabled])"), Ok(Some(_))))
            };
            if !inside || on_item() {
                menu.set_open(false);
            }
        });
        let keys = window_event_listener(ev::keydown, |key| {
            let Some(menu) = open_menu() else { return };
            let items = items(&menu);
            let here = document().active_element();
            // Who types into a field of the menu means the field.
            let typing =
                here.as_ref().is_some_and(|at| matches!(at.matches("input:not([type=checkbox]), select"), Ok(true)));
            let at = items.iter().position(|item| here.as_ref() == Some(item.as_ref()));
            let last = items.len().wrapping_sub(1);
            let next = match key.key().as_str() {
                "Escape" => {
                    menu.set_open(false);
                    menu.query_selector("summary").ok().flatten().and_then(|face| face.dyn_into().ok())
                }
                "ArrowDown" => items.get(at.map_or(0, |at| if at == last { 0 } else { at + 1 })).cloned(),
                "ArrowUp" => items.get(at.map_or(last, |at| if at == 0 { last } else { at - 1 })).cloned(),
                "Home" if !typing => items.first().cloned(),
                "End" if !typing => items.last().cloned(),
                letter if letter.chars().count() == 1 && letter != " " && !typing => {
                    let letter = letter.to_lowercase();
                    let from = at.map_or(0, |at| at + 1);
                    let starts = |item: &&HtmlElement| {
                        item.text_content().unwrap_or_default().trim().to_lowercase().starts_with(&letter)
                    };
                    items.iter().skip(from).chain(items.iter().take(from)).find(starts).cloned()
                }
                _ => None,
            };
            if let Some(next) = next {
                key.prevent_default();
                let _ = next.focus();
            }
        });
        on_cleanup(move || {
            click.remove();
            keys.remove();
        });
    });
}

fn open_menu() -> Option<HtmlDetailsElement> {
    document().query_selector("details.menu[open]").ok().flatten()?.dyn_into().ok()
}

/// What the arrows walk through: items that can be pressed, and boxes that can be ticked.
fn items(menu: &HtmlDetailsElement) -> Vec<HtmlElement> {
    let Ok(all) = menu.query_selector_all(".item:not([aria-disabled]), :not([hidden]) > label > input[type=checkbox]")
    else {
        return Vec::new();
    };
    (0..all.length()).filter_map(|at| all.item(at)?.dyn_into().ok()).collect()
}
