//! A customer's policy: what it asks of its users and of those who reset them. Whoever reads the customer reads it; its
//! owners change it, after a review that says whom each change concerns.

pub mod api;
mod effect;
pub mod page;
mod review_page;
#[cfg(feature = "ssr")]
pub mod service;
#[cfg(feature = "ssr")]
mod store;
mod words;
