//! A new password for whoever has forgotten theirs: asked for at the sign-in page, answered by mail, never round the second
//! factor. What is decided, and why, stands in `domain/forgotten.rs`.

pub mod api;
pub mod page;
#[cfg(feature = "ssr")]
pub mod service;
#[cfg(feature = "ssr")]
mod store;
