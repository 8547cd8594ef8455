//! Sign-in: address and password, then a second factor. And the second factor asked for once
//! more, wherever a single step is worth it.

pub mod api;
mod link_page;
pub mod page;
pub mod phone_form;
pub mod prove;
#[cfg(feature = "ssr")]
pub mod service;
mod trust;
