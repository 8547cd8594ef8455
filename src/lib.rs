//! Rekey resets multi-factor authentication for many users across many customers, safely, and gets every one of them
//! back in. See `README.md` for the house and its arrows.

pub mod domain;
#[cfg(feature = "ssr")]
pub mod platform;
pub mod features;
pub mod ui;
pub mod words;
