//! The people: their list, their details, their standing, and how often they guessed wrong.

pub mod api;
#[cfg(feature = "ssr")]
pub mod import;
pub mod page;
#[cfg(feature = "ssr")]
pub mod service;
#[cfg(feature = "ssr")]
mod store;
pub mod user_page;
