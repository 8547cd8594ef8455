//! Another address for an account: the link in the mail to the new one, and the link in the mail to the old one that undoes
//! it; and a second one, which gets copies. What is decided, and why, stands in `domain/address.rs`; the form that asks for it is part of `security`.

pub mod api;
pub mod page;
#[cfg(feature = "ssr")]
pub mod service;
#[cfg(feature = "ssr")]
mod store;
