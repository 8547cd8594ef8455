//! Backup codes: made ten at a time, shown once, spent one by one.

#[cfg(feature = "ssr")]
pub mod service;
#[cfg(feature = "ssr")]
mod store;
