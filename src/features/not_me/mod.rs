//! "This was not me": the page that every notice of a change links to, and what saying so does. What follows from it stands in
//! `domain/not_me.rs`.

pub mod api;
pub mod page;
#[cfg(feature = "ssr")]
pub mod service;
