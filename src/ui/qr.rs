use leptos::prelude::*;

/// A QR code on white. `svg` goes in as it is: it may come only from our own maker of QR codes.
#[component]
pub fn Qr(svg: String, #[prop(into)] label: String) -> AnyView {
    view! { <div class="qr" role="img" aria-label=label inner_html=svg></div> }.into_any()
}
