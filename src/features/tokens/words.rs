//! What the pages of this slice say alike.

use leptos::prelude::*;

use super::api::TokenRow;
use crate::domain::authority::Refusal;
use crate::domain::token::TokenState;
use crate::domain::totp::{Digest, Moving, Profile};
use crate::ui::{Badge, Banner, Glyph, Tone};

/// Why something was refused.
pub const fn refusal_words(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::NoFactorOfYourOwn => "You have no second factor of your own.",
        Refusal::Yourself | Refusal::NoRole => "Your role does not cover this.",
        Refusal::OwnersOnly => "Only an owner may do this to an owner.",
    }
}

pub fn refused(refusal: Refusal) -> AnyView {
    view! { <Banner tone=Tone::Danger fact=refusal_words(refusal) alert=true>"Nothing was changed."</Banner> }
        .into_any()
}

/// "TOTP, every 60 seconds".
pub fn kind(profile: Profile) -> String {
    match profile.moving {
        Moving::Time(seconds) => format!("TOTP, {seconds} s"),
        Moving::Counter => "HOTP, by button".to_owned(),
    }
}

/// The same with digits and digest.
pub fn whole_kind(profile: Profile) -> String {
    let digest = match profile.digest {
        Digest::Sha1 => "SHA-1",
        Digest::Sha256 => "SHA-256",
        Digest::Sha512 => "SHA-512",
    };
    let moving = match profile.moving {
        Moving::Time(seconds) => format!("TOTP, a new code every {seconds} seconds"),
        Moving::Counter => "HOTP, a new code at each press".to_owned(),
    };
    format!("{moving}, {} digits, {digest}", profile.digits)
}

/// Maker and model.
pub fn model(token: &TokenRow) -> String {
    let words: Vec<&str> = [token.maker.as_deref(), token.model.as_deref()].into_iter().flatten().collect();
    words.join(" ")
}

/// Where a token is. In the drawer is the normal state, and so is in use.
pub fn state(state: TokenState) -> AnyView {
    match state {
        TokenState::InStock | TokenState::Active | TokenState::Returned => state.label().into_any(),
        TokenState::Assigned => view! { <Badge tone=Tone::Accent icon=Glyph::Mail>{state.label()}</Badge> }.into_any(),
        TokenState::Lost => view! { <Badge tone=Tone::Warn>{state.label()}</Badge> }.into_any(),
    }
}

/// `1 token`, `412 tokens`.
pub fn tokens(count: i64) -> String {
    if count == 1 {
        "1 token".to_owned()
    } else {
        format!("{} tokens", crate::features::users::list_parts::number(count))
    }
}
