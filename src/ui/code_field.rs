use leptos::{prelude::*, web_sys::HtmlInputElement};

use super::field::{Frame, described, invalid, wrong_at_first};

/// Six digits, or eight: one real input that CSS draws as so many places, so that pasting, filling in by the system and screen readers just
/// work. It may hold "123 456", and nothing is sent before the button is pressed.
#[component]
pub fn CodeField(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(optional, into)] hint: MaybeProp<String>,
    #[prop(optional, into)] error: MaybeProp<String>,
    #[prop(optional)] autofocus: bool,
    /// For a code that only some of what a form sends needs.
    #[prop(optional)]
    may_be_empty: bool,
    /// How many digits are drawn. Eight may be typed anywhere: a hardware token may show them.
    #[prop(default = 6)]
    places: u8,
    #[prop(optional, into)] id: Option<String>,
) -> AnyView {
    let id = id.unwrap_or_else(|| name.clone());
    let input = view! {
        <div class="code" class:eight=places == 8>
            <input
                id=id.clone()
                name=name
                type="text"
                inputmode="numeric"
                autocomplete="one-time-code"
                maxlength="9"
                required=!may_be_empty
                autofocus=autofocus || wrong_at_first(error)
                aria-invalid=invalid(error)
                aria-describedby=described(&id, hint, error)
                on:input=move |typed| {
                    let text = event_target_value(&typed);
                    if text.contains(char::is_whitespace) {
                        event_target::<HtmlInputElement>(&typed).set_value(&text.split_whitespace().collect::<String>());
                    }
                }
            />
        </div>
    };
    Frame { id, label, note: None, hint, error, aside: None }.around(input)
}
