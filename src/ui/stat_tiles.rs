use leptos::prelude::*;

/// Numbers in one box, parted by hairlines.
#[component]
pub fn StatTiles(children: Children) -> AnyView {
    view! { <dl class="tiles">{children()}</dl> }.into_any()
}

/// A number and what it counts; with `href` it opens its list, and `here` is the one that is open.
#[component]
pub fn StatTile(
    #[prop(into)] number: String,
    #[prop(into)] label: String,
    #[prop(optional, into)] href: Option<String>,
    #[prop(optional)] here: bool,
) -> AnyView {
    let number = match href {
        Some(href) => view! { <a href=href aria-current=here.then_some("true")>{number}</a> }.into_any(),
        None => number.into_any(),
    };
    view! { <div class:here=here><dt>{label}</dt><dd>{number}</dd></div> }.into_any()
}
