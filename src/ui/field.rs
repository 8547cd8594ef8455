use leptos::{children::ViewFnOnce, prelude::*, wasm_bindgen::JsCast, web_sys::HtmlElement};

use super::{Glyph, Icon, ready};

/// One line of text. After a refusal pass what was typed as `value` and the reason as `error`.
#[component]
pub fn TextField(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(default = "text")] kind: &'static str,
    #[prop(optional, into)] value: String,
    /// In grey beside the label: "optional".
    #[prop(optional, into)]
    note: Option<String>,
    #[prop(optional, into)] hint: MaybeProp<String>,
    #[prop(optional, into)] error: MaybeProp<String>,
    #[prop(optional)] autocomplete: Option<&'static str>,
    #[prop(optional)] inputmode: Option<&'static str>,
    #[prop(optional, into)] placeholder: Option<String>,
    #[prop(optional)] required: bool,
    #[prop(optional)] autofocus: bool,
    /// For keys and codes.
    #[prop(optional)]
    mono: bool,
    /// A link at the right of the label.
    #[prop(optional, into)]
    aside: Option<ViewFnOnce>,
    /// Where two fields of a page share a name.
    #[prop(optional, into)]
    id: Option<String>,
) -> AnyView {
    let id = id.unwrap_or_else(|| name.clone());
    // What is no prose is taken as it is typed; phones would make a sentence of it.
    let autocapitalize = if mono { Some("characters") } else { (inputmode == Some("email")).then_some("none") };
    let input = view! {
        <input
            class="input"
            class:mono=mono
            id=id.clone()
            name=name
            type=kind
            value=value
            autocomplete=autocomplete
            inputmode=inputmode
            placeholder=placeholder
            required=required
            autocapitalize=autocapitalize
            spellcheck=autocapitalize.map(|_| "false")
            autofocus=autofocus || wrong_at_first(error)
            aria-invalid=invalid(error)
            aria-describedby=described(&id, hint, error)
        />
    };
    Frame { id, label, note, hint, error, aside }.around(input)
}

/// A password. Show appears with WASM; pasting is welcome.
#[component]
pub fn PasswordField(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(into)] show: String,
    #[prop(into)] hide: String,
    #[prop(default = "current-password")] autocomplete: &'static str,
    #[prop(optional, into)] hint: MaybeProp<String>,
    #[prop(optional, into)] error: MaybeProp<String>,
    #[prop(optional)] autofocus: bool,
    #[prop(optional, into)] aside: Option<ViewFnOnce>,
    #[prop(optional, into)] id: Option<String>,
) -> AnyView {
    let id = id.unwrap_or_else(|| name.clone());
    let ready = ready();
    let shown = RwSignal::new(false);
    let input = view! {
        <div class="with-end">
            <input
                class="input"
                id=id.clone()
                name=name
                type=move || if shown.get() { "text" } else { "password" }
                autocomplete=autocomplete
                autocapitalize="none"
                spellcheck="false"
                required=true
                autofocus=autofocus || wrong_at_first(error)
                aria-invalid=invalid(error)
                aria-describedby=described(&id, hint, error)
            />
            <button
                class="action"
                type="button"
                hidden=move || !ready.get()
                aria-controls=id.clone()
                on:click=move |_| shown.update(|shown| *shown = !*shown)
            >
                {move || if shown.get() { hide.clone() } else { show.clone() }}
            </button>
        </div>
    };
    Frame { id, label, note: None, hint, error, aside }.around(input)
}

/// Some lines of text. Leptos does not escape what stands inside a textarea, so the text goes in escaped, by hand.
#[component]
pub fn TextArea(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(optional, into)] value: String,
    #[prop(optional, into)] note: Option<String>,
    #[prop(optional, into)] hint: MaybeProp<String>,
    #[prop(optional, into)] error: MaybeProp<String>,
    #[prop(default = 3)] rows: u32,
    #[prop(optional)] required: bool,
    #[prop(optional, into)] id: Option<String>,
) -> AnyView {
    let id = id.unwrap_or_else(|| name.clone());
    let input = view! {
        <textarea
            class="input"
            id=id.clone()
            name=name
            rows=rows
            required=required
            inner_html=escape(&value)
            autofocus=wrong_at_first(error)
            aria-invalid=invalid(error)
            aria-describedby=described(&id, hint, error)
        ></textarea>
    };
    Frame { id, label, note, hint, error, aside: None }.around(input)
}

/// Label above, control, then the error or else the hint.
pub(super) struct Frame {
    pub id: String,
    pub label: String,
    pub note: Option<String>,
    pub hint: MaybeProp<String>,
    pub error: MaybeProp<String>,
    pub aside: Option<ViewFnOnce>,
}

impl Frame {
    pub fn around(self, control: impl IntoView) -> AnyView {
        let Self { id, label, note, hint, error, aside } = self;
        focus_after_refusal(error);
        let help = help_id(&id);
        view! {
            <div class="field">
                <label for=id>{label}{note.map(|note| view! { " "<small>{note}</small> })}</label>
                {aside.map(ViewFnOnce::run)}
                {control.into_any()}
                {move || match error.get() {
                    Some(error) => view! { <p class="error" id=help.clone()><Icon of=Glyph::Warning/><span>{error}</span></p> }.into_any(),
                    None => hint.get().map(|hint| view! { <p class="hint" id=help.clone()>{hint}</p> }).into_any(),
                }}
            </div>
        }
        .into_any()
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

fn help_id(id: &str) -> String {
    format!("{id}-help")
}

pub(super) fn invalid(error: MaybeProp<String>) -> impl Fn() -> Option<&'static str> + Clone + Send + Sync + 'static {
    move || error.get().is_some().then_some("true")
}

pub(super) fn described(
    id: &str,
    hint: MaybeProp<String>,
    error: MaybeProp<String>,
) -> impl Fn() -> Option<String> + Clone + Send + Sync + 'static + use<> {
    let help = help_id(id);
    move || (error.get().is_some() || hint.get().is_some()).then(|| help.clone())
}

/// A refused page that comes whole from the server: the browser itself focuses the first field that says so.
pub(super) fn wrong_at_first(error: MaybeProp<String>) -> bool {
    error.get_untracked().is_some()
}

/// A refusal that arrives while the page is open: the focus goes to the first wrong field, whichever says it.
fn focus_after_refusal(error: MaybeProp<String>) {
    Effect::new(move |before: Option<()>| {
        if error.get().is_some() && before.is_some() {
            request_animation_frame(|| {
                let wrong = document().query_selector("[aria-invalid=true]").ok().flatten();
                if let Some(field) = wrong.and_then(|field| field.dyn_into::<HtmlElement>().ok()) {
                    let _ = field.focus();
                }
            });
        }
    });
}

#[cfg(test)]
mod tests {
    #[test]
    fn text_cannot_leave_its_textarea() {
        assert_eq!(super::escape("</textarea><b>&"), "&lt;/textarea>&lt;b>&amp;");
    }
}
