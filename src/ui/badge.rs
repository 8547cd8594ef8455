use leptos::prelude::*;

use super::{Glyph, Icon};

/// What a colour says: amber needs you, red is danger, green is confirmed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Plain,
    Accent,
    Warn,
    Danger,
    Ok,
}

impl Tone {
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Accent => "accent",
            Self::Warn => "warn",
            Self::Danger => "danger",
            Self::Ok => "ok",
        }
    }

    /// Amber and red never stand as a colour alone.
    pub(super) const fn glyph(self) -> Option<Glyph> {
        match self {
            Self::Warn | Self::Danger => Some(Glyph::Warning),
            Self::Ok => Some(Glyph::Check),
            Self::Plain | Self::Accent => None,
        }
    }
}

/// What differs from the normal state. The normal state has no badge.
#[component]
pub fn Badge(#[prop(optional)] tone: Tone, #[prop(optional)] icon: Option<Glyph>, children: Children) -> AnyView {
    view! {
        <span class=format!("badge {}", tone.class())>
            {icon.or(tone.glyph()).map(|of| view! { <Icon of/> })}
            {children()}
        </span>
    }
    .into_any()
}
