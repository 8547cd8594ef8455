use leptos::{children::ViewFnOnce, prelude::*};

use super::{Avatar, Glyph, Icon, Languages, Mark, Square, Stepper, Steps, focus, menu};
use crate::words::{locale, td_string};

/// The places of the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Users,
    Customers,
    Methods,
    Tokens,
    Resets,
    Audit,
    Security,
}

/// Section, icon, address.
type Place = (Section, Glyph, &'static str);

/// The places of the console in three groups, each under its heading.
fn places() -> [(&'static str, &'static [Place]); 3] {
    let locale = locale();
    [
        (
            td_string!(locale, shell.identity),
            &[(Section::Users, Glyph::Users, "/users"), (Section::Customers, Glyph::Building, "/customers")],
        ),
        (
            td_string!(locale, shell.security),
            &[
                (Section::Methods, Glyph::Device, "/methods"),
                (Section::Tokens, Glyph::Token, "/tokens"),
                (Section::Resets, Glyph::Layers, "/resets"),
                (Section::Audit, Glyph::Document, "/audit"),
            ],
        ),
        (td_string!(locale, shell.you), &[(Section::Security, Glyph::Shield, "/security")]),
    ]
}

impl Section {
    fn label(self) -> &'static str {
        let locale = locale();
        match self {
            Self::Users => td_string!(locale, shell.users),
            Self::Customers => td_string!(locale, shell.customers),
            Self::Methods => td_string!(locale, shell.methods),
            Self::Tokens => td_string!(locale, shell.tokens),
            Self::Resets => td_string!(locale, shell.resets),
            Self::Audit => td_string!(locale, shell.audit),
            Self::Security => td_string!(locale, shell.own),
        }
    }
}

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
        let place = |&(section, of, href): &Place| {
            let here = (section == current).then_some("page");
            view! { <li><a href=href aria-current=here><Icon of/>{section.label()}</a></li> }
        };
        view! { <p>{title}</p><ul>{places.iter().map(place).collect_view()}</ul> }
    };
    view! {
        <div class="console">
            <a class="skip" href="#main">{td_string!(locale(), shell.skip)}</a>
            <header class="topbar">
                <a class="brand" href="/users"><Mark/>"Rekey"</a>
                <button class="button quiet icon" type="button" popovertarget="places">
                    <Icon of=Glyph::Bars/>
                    <span class="hidden-text">{td_string!(locale(), shell.menu)}</span>
                </button>
            </header>
            <nav class="sidebar" id="places" popover="auto" aria-label=td_string!(locale(), shell.places)>
                {places().map(group).collect_view()}
                <details class="menu start up account" name="menu">
                    <summary>
                        <Avatar name=person.clone()/>
                        <span><span class="cut" dir="auto">{person}</span><small class="cut" dir="auto">{customer}</small></span>
                    </summary>
                    <div class="menu-list">
                        <a class="item" href="/security"><Icon of=Glyph::Shield/>{Section::Security.label()}</a>
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
    /// The title is a customer's name.
    #[prop(optional)]
    customer: bool,
    /// In grey under the title.
    #[prop(optional, into)]
    below: Option<ViewFnOnce>,
    #[prop(optional, into)] beside: Option<ViewFnOnce>,
    #[prop(optional)] children: Option<Children>,
) -> AnyView {
    view! {
        <header class="sheet-head" class:person-head=person || customer>
            {person.then(|| view! { <Avatar name=title.clone() big=true/> })}
            {customer.then(|| view! { <Square name=title.clone() big=true/> })}
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
/// `help_desk` is its word and how to reach it, `foot` what else the foot holds.
#[component]
pub fn CalmShell(
    #[prop(optional_no_strip, into)] customer: Option<String>,
    #[prop(optional_no_strip, into)] steps: Option<Steps>,
    #[prop(optional_no_strip, into)] help_desk: Option<(String, String)>,
    #[prop(optional, into)] foot: Option<ViewFnOnce>,
    children: Children,
) -> AnyView {
    focus::take_over();
    let brand = match customer {
        Some(name) => {
            let words = name.clone();
            view! { <p class="brand"><Square name big=true/><span class="cut" dir="auto">{words}</span></p> }.into_any()
        }
        None => view! { <p class="brand"><Mark/>"Rekey"</p> }.into_any(),
    };
    let bars = steps.as_ref().map(|steps| view! { <Stepper now=steps.now of=steps.of/> });
    view! {
        <div class="calm">
            <header class="calm-top">{brand}{steps.map(|steps| view! { <p class="note">{steps.label}</p> })}</header>
            <main class="calm-card" id="main" tabindex="-1">{bars}{children()}</main>
            <footer class="calm-foot">
                <Languages/>
                {foot.map(ViewFnOnce::run)}
                {help_desk.map(|(words, desk)| help_desk_link(words, desk))}
                <span>"Rekey"</span>
            </footer>
        </div>
    }
    .into_any()
}

fn help_desk_link(words: String, desk: String) -> AnyView {
    match reach(&desk) {
        Some(href) => view! { <a href=href>{words}" "<bdi>{desk}</bdi></a> }.into_any(),
        None => view! { <p>{words}" "<bdi>{desk}</bdi></p> }.into_any(),
    }
}

/// What a device can do with the way to a help desk, which is whatever somebody wrote: mail it, dial the number it begins
/// with, or nothing.
fn reach(desk: &str) -> Option<String> {
    let desk = desk.trim();
    if desk.contains('@') && !desk.contains([' ', ',', '?', '&', ':']) {
        return Some(format!("mailto:{desk}"));
    }
    let end = desk.find(|c: char| !(c.is_ascii_digit() || " +()-./\u{a0}".contains(c))).unwrap_or(desk.len());
    let number: String = desk[..end].chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    (number.len() >= 3).then(|| format!("tel:{number}"))
}

#[cfg(test)]
mod tests {
    use super::reach;

    #[test]
    fn a_help_desk_is_dialled_mailed_or_read() {
        assert_eq!(reach("+49 (40) 5550-199").as_deref(), Some("tel:+49405550199"));
        assert_eq!(reach("+49 40 5550 4040, weekdays from 6 to 22").as_deref(), Some("tel:+494055504040"));
        assert_eq!(reach("help@alwaha.example").as_deref(), Some("mailto:help@alwaha.example"));
        for told in ["ramal 4040", "room 7", "ask Bo @ room 7", ""] {
            assert_eq!(reach(told), None, "{told}");
        }
    }
}
