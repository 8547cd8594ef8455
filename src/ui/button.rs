use leptos::prelude::*;

/// Primary is the page's one next step, red its one irreversible one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Look {
    #[default]
    Default,
    Primary,
    Quiet,
    Red,
}

impl Look {
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Default => "button",
            Self::Primary => "button primary",
            Self::Quiet => "button quiet",
            Self::Red => "button red",
        }
    }
}

/// Sends its form. While `pending` it keeps its words, its width and the focus, says that it is busy and ignores a second press.
#[component]
pub fn SubmitButton(
    #[prop(optional)] look: Look,
    #[prop(default = false.into(), into)] pending: Signal<bool>,
    #[prop(optional, into)] name: Option<String>,
    #[prop(optional, into)] value: Option<String>,
    /// The id of a form this button does not stand in.
    #[prop(optional, into)]
    form: Option<String>,
    #[prop(optional)] wide: bool,
    children: Children,
) -> AnyView {
    view! {
        <button
            type="submit"
            class=look.class()
            class:wide=wide
            name=name
            value=value
            form=form
            aria-busy=move || pending.get().then_some("true")
            on:click=move |press| {
                if pending.get_untracked() {
                    press.prevent_default();
                }
            }
        >
            {children()}
        </button>
    }
    .into_any()
}
