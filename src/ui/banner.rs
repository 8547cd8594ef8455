use leptos::{children::ViewFnOnce, prelude::*};

use super::{Glyph, Icon, Tone};

/// The fact in bold, then what to do about it (children), then buttons.
/// `alert` is for one that appears while the page is open.
#[component]
pub fn Banner(
    #[prop(optional)] tone: Tone,
    #[prop(into)] fact: String,
    #[prop(optional)] icon: Option<Glyph>,
    #[prop(optional)] alert: bool,
    #[prop(optional, into)] actions: Option<ViewFnOnce>,
    #[prop(optional)] children: Option<Children>,
) -> AnyView {
    let of = icon.or(tone.glyph()).unwrap_or(Glyph::Info);
    view! {
        <div class=format!("banner {}", tone.class()) role=alert.then_some("alert")>
            <p><Icon of/><span><b>{fact}</b>" "{children.map(|rest| rest())}</span></p>
            {actions.map(|slot| view! { <div class="actions">{slot.run()}</div> })}
        </div>
    }
    .into_any()
}

/// For things that are done, never for errors. It leaves by itself, and waits under a pointer or the focus (style/notice.css).
#[component]
pub fn Toast(children: Children) -> AnyView {
    view! {
        <div class="toast" role="status">
            <Icon of=Glyph::Check/>
            {children()}
        </div>
    }
    .into_any()
}
