//! Sign-in: address and password, then a code of the authenticator or a backup code.

pub mod api;
pub mod page;
#[cfg(feature = "ssr")]
pub mod service;
