//! Set-up: a new authenticator, its first code, ten backup codes, one of them typed back. The sign-in page and recovery
//! links both lead here.

#[cfg(feature = "ssr")]
pub mod service;
