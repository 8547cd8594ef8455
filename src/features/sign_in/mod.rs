//! Sign-in: address and password, then a code of the authenticator or a backup code.

#[cfg(feature = "ssr")]
pub mod service;
