//! Recovery links: issued by a reset, opened without effect, proved with the password.

#[cfg(feature = "ssr")]
pub mod service;
#[cfg(feature = "ssr")]
mod store;
