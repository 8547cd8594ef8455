use leptos::prelude::*;

/// One of a few values. The first of them is what nothing chosen means.
#[component]
pub fn SelectField(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    /// Value and words.
    options: Vec<(String, String)>,
    #[prop(optional, into)] value: String,
    #[prop(optional, into)] id: Option<String>,
) -> AnyView {
    let id = id.unwrap_or_else(|| name.clone());
    let option = |(choice, words): (String, String)| {
        let here = choice == value;
        view! { <option value=choice selected=here>{words}</option> }
    };
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <select class="input" id=id name=name autocomplete="off">{options.into_iter().map(option).collect_view()}</select>
        </div>
    }
    .into_any()
}
