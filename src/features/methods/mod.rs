//! Authentication methods: authenticator apps, passkeys and security keys.

#[cfg(feature = "ssr")]
pub mod service;
#[cfg(feature = "ssr")]
mod store;
