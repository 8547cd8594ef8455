use leptos::{children::ViewFnOnce, prelude::*};

use super::{Avatar, Glyph, Icon, Mark, Square, Stepper, Steps, menu};

/// The places of the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Users,
    Resets,
    Audit,
    Security,
}

/// Section, icon, address, word.
type Place = (Section, Glyph, &'static str, &'static str);

const NAV: [(&str, &[Place]); 3] = [
    ("Identity", &[(Section::Users, Glyph::Users, "/users", "Users")]),
    (
        "Security",
        &[
            (Section::Resets, Glyph::Layers, "/resets", "Resets"),
            (Section::Audit, Glyph::Document, "/audit", "Audit"),
        ],
    ),
    ("You", &[(Section::Security, Glyph::Shield, "/security", "My security")]),
];

/// The console: a sidebar and one sheet. Under 960 px a bar on top opens the sidebar, which is a popover then and needs no
/// script. `account` goes into the person's own menu (signing out).
#[component]
pub fn ConsoleShell(
    current: Section,
    #[prop(into)] person: String,
    #[prop(into)] customer: String,
    #[prop(optional, into)] account: Option<ViewFnOnce>,
    children: Children,
) -> AnyView {
    menu::tend();
    let group = |(title, places): (&'static str, &'static [Place])| {
        let place = |&(section, of, href, words): &Place| {
            let here = (section == current).then_some("page");
            view! { <li><a href=href aria-current=here><Icon of/>{words}</a></li> }
        };
        view! { <p>{title}</p><ul>{places.iter().map(place).collect_view()}</ul> }
    };
    view! {
        <div class="console">
            <a class="skip" href="#main">"Skip to content"</a>
            <header class="topbar">
                <a class="brand" href="/users"><Mark/>"Rekey"</a>
                <button class="button quiet icon" type="button" popovertarget="places">
                    <Icon of=Glyph::Bars/>
                    <span class="hidden-text">"Menu"</span>
                </button>
            </header>
            <nav class="sidebar" id="places" popover="auto" aria-label="Places">
                {NAV.map(group).collect_view()}
                <details class="menu start up account" name="menu">
                    <summary>
                        <Avatar name=person.clone()/>
                        <span><span class="cut" dir="auto">{person}</span><small class="cut" dir="auto">{customer}</small></span>
                    </summary>
                    <div class="menu-list">
                        <a class="item" href="/security"><Icon of=Glyph::Shield/>"My security"</a>
                        {account.map(ViewFnOnce::run)}
                    </div>
                </details>
            </nav>
            <main class="sheet" id="main" tabindex="-1">{children()}</main>
        </div>
    }
    .into_any()
}

/// The head of a sheet: the way back, the title (the page's one h1), what stands beside it and the actions (children).
#[component]
pub fn SheetHead(
    #[prop(into)] title: String,
    /// Address and words of the page above.
    #[prop(optional)]
    crumb: Option<(&'static str, &'static str)>,
    /// The title is a person's name.
    #[prop(optional)]
    person: bool,
    /// In grey under the title.
    #[prop(optional, into)]
    below: Option<ViewFnOnce>,
    #[prop(optional, into)] beside: Option<ViewFnOnce>,
    #[prop(optional)] children: Option<Children>,
) -> AnyView {
    view! {
        <header class="sheet-head" class:person-head=person>
            {person.then(|| view! { <Avatar name=title.clone() big=true/> })}
            <div class="title">
                {crumb.map(|(href, words)| view! { <p><a href=href>{words}</a>" /"</p> })}
                <h1><bdi>{title.clone()}</bdi></h1>
                {below.map(|slot| view! { <p>{slot.run()}</p> })}
            </div>
            {beside.map(ViewFnOnce::run)}
            {children.map(|actions| view! { <div class="ends">{actions()}</div> })}
        </header>
    }
    .into_any()
}

/// Sign-in, recovery and set-up: one column, one thing at a time. The customer's name stands on top, or else Rekey's mark.
/// `help_desk` is its word and its phone number, `foot` what else the foot holds.
#[component]
pub fn CalmShell(
    #[prop(optional_no_strip, into)] customer: Option<String>,
    #[prop(optional_no_strip, into)] steps: Option<Steps>,
    #[prop(optional_no_strip, into)] help_desk: Option<(String, String)>,
    #[prop(optional, into)] foot: Option<ViewFnOnce>,
    children: Children,
) -> AnyView {
    let brand = match customer {
        Some(name) => {
            let words = name.clone();
            view! { <p class="brand"><Square name big=true/><span class="cut" dir="auto">{words}</span></p> }.into_any()
        }
        None => view! { <p class="brand"><Mark/>"Rekey"</p> }.into_any(),
    };
    let bars = steps
        .as_ref()
        .map(|steps| view! { <Stepper now=steps.now of=steps.of/> });
    view! {
        <div class="calm">
            <header class="calm-top">{brand}{steps.map(|steps| view! { <p class="note">{steps.label}</p> })}</header>
            <main class="calm-card" id="main" tabindex="-1">{bars}{children()}</main>
            <footer class="calm-foot">
                {foot.map(ViewFnOnce::run)}
                {help_desk.map(|(words, number)| view! { <a href=dial(&number)>{words}" "<bdi>{number.clone()}</bdi></a> })}
                <span>"Rekey"</span>
            </footer>
        </div>
    }
    .into_any()
}

/// The number as a phone dials it.
fn dial(number: &str) -> String {
    let digits: String = number.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    format!("tel:{digits}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_number_to_dial_has_no_spaces() {
        assert_eq!(super::dial("+49 (40) 5550-199"), "tel:+49405550199");
    }
}
