//! Invitations: issued to people whose set-up is not finished, opened without effect, accepted with a password.

pub mod api;
pub mod page;
#[cfg(feature = "ssr")]
pub mod service;
#[cfg(feature = "ssr")]
mod store;
