//! What happened: one chain of keyed hashes a customer, written by everyone, read on a page, verified by a command.

pub mod api;
pub mod page;
#[cfg(feature = "ssr")]
pub mod service;
#[cfg(feature = "ssr")]
mod store;
