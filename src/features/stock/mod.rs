//! The stock of hardware OATH tokens: where each is, whose, and whether a code is one of its.

#[cfg(feature = "ssr")]
pub mod service;
#[cfg(feature = "ssr")]
mod store;
