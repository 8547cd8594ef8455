use std::cell::Cell;
use std::hash::Hash;

use leptos::{
    ev, html,
    prelude::*,
    tachys::view::keyed::keyed,
    wasm_bindgen::JsCast,
    web_sys::{Element, HtmlElement, HtmlInputElement},
};

use super::ready;

/// The rows of a table's body. Fetched again, whoever has not changed keeps their very row, wherever it now stands: with
/// its tick, its open menu and the focus. `key` is everything that the row shows, and different in each row.
pub fn rows<T, K>(
    items: Vec<T>,
    key: impl Fn(&T) -> K + Send + 'static,
    row: impl Fn(T) -> AnyView + Send + 'static,
) -> AnyView
where
    T: Send + 'static,
    K: Eq + Hash + 'static,
{
    keyed(items, key, move |_, item| (|_| (), row(item))).into_any()
}

/// The box in the head of a table: all, some or none of this page's rows. It also brings what only a script can do for
/// rows: ticking a range with shift, walking up and down with the arrows. With `refused` there is nothing to tick.
#[component]
pub fn SelectAll(#[prop(into)] label: String, #[prop(optional)] refused: bool) -> AnyView {
    let ready = ready();
    let head = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        let last = Cell::new(None);
        let clicks = window_event_listener(ev::click, move |click| {
            let Some(head) = head.get_untracked() else { return };
            let rows = boxes(&head);
            let hit = click.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
            if let Some(hit) = hit {
                if hit == head {
                    for row in rows {
                        row.set_checked(head.checked());
                    }
                } else if let Some(at) = rows.iter().position(|row| *row == hit) {
                    if click.shift_key()
                        && let Some(from) = last.get()
                    {
                        let (low, high) = if from < at { (from, at) } else { (at, from) };
                        rows.iter().take(high + 1).skip(low).for_each(|row| row.set_checked(hit.checked()));
                    }
                    last.set(Some(at));
                }
            }
            // After the form's own reset, too.
            request_animation_frame(move || reflect(&head));
        });
        let keys = window_event_listener(ev::keydown, |key| {
            let down = match key.key().as_str() {
                "ArrowDown" => true,
                "ArrowUp" => false,
                _ => return,
            };
            if let Some(next) = document().active_element().and_then(|here| neighbour(&here, down)) {
                key.prevent_default();
                let _ = next.focus();
            }
        });
        on_cleanup(move || {
            clicks.remove();
            keys.remove();
        });
    });
    view! {
        // Without a script there is no box, and the column still has a name.
        <span class="hidden-text" hidden=move || ready.get()>"Selection"</span>
        <label class="check" hidden=move || !ready.get()>
            <input type="checkbox" autocomplete="off" node_ref=head disabled=refused/>
            <span class="hidden-text">{label}</span>
        </label>
    }
    .into_any()
}

/// The boxes of the rows that may be ticked.
fn boxes(head: &HtmlInputElement) -> Vec<HtmlInputElement> {
    let Ok(Some(table)) = head.closest("table") else {
        return Vec::new();
    };
    let all = table.get_elements_by_tag_name("input");
    (0..all.length())
        .filter_map(|at| all.item(at)?.dyn_into::<HtmlInputElement>().ok())
        .filter(|row| row != head && row.type_() == "checkbox" && !row.disabled())
        .collect()
}

fn reflect(head: &HtmlInputElement) {
    let rows = boxes(head);
    let ticked = rows.iter().filter(|row| row.checked()).count();
    head.set_checked(ticked > 0 && ticked == rows.len());
    head.set_indeterminate(ticked > 0 && ticked < rows.len());
}

/// The tick box or the name of the next row, as the focus is now on one of them.
fn neighbour(here: &Element, down: bool) -> Option<HtmlElement> {
    let same = [".tick input", ".name a"]
        .into_iter()
        .find(|same| matches!(here.matches(&format!("tbody {same}")), Ok(true)))?;
    let row = here.closest("tr").ok()??;
    let next = if down { row.next_element_sibling() } else { row.previous_element_sibling() }?;
    next.query_selector(same).ok()??.dyn_into().ok()
}
