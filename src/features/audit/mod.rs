//! What happened: one chain of keyed hashes a customer, written by everyone, verified by a command. `audit_trail` shows it.

#[cfg(feature = "ssr")]
pub mod service;
#[cfg(feature = "ssr")]
mod store;
