//! The people: their list, their details, their standing, and how often they guessed wrong.

pub mod api;
#[cfg(feature = "ssr")]
pub mod import;
pub mod list_api;
pub mod list_filter;
pub mod list_parts;
pub mod methods_page;
pub mod page;
pub mod selector;
#[cfg(feature = "ssr")]
pub mod service;
#[cfg(feature = "ssr")]
mod store;
