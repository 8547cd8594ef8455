//! Codes for phones: sent, counted, and taken once. Which numbers are whose is known above, where the methods are.

#[cfg(feature = "ssr")]
pub mod countries;
#[cfg(feature = "ssr")]
pub mod service;
#[cfg(feature = "ssr")]
mod store;
