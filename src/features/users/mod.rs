//! The people: their list, their details, their standing, and how often they guessed wrong.

#[cfg(feature = "ssr")]
pub mod service;
#[cfg(feature = "ssr")]
mod store;
