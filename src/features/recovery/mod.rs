//! Recovery links: issued by a reset, opened without effect, proved with the password.

pub mod api;
#[cfg(feature = "ssr")]
pub mod links;
pub mod page;
#[cfg(feature = "ssr")]
pub mod service;
#[cfg(feature = "ssr")]
mod store;
