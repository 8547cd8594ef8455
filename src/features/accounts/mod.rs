//! An account's beginning and end: inviting one person or a list of them, suspending, reactivating, removing.

pub mod api;
#[cfg(feature = "ssr")]
pub mod files;
#[cfg(feature = "ssr")]
mod held;
#[cfg(feature = "ssr")]
pub mod invite;
pub mod invite_page;
#[cfg(feature = "ssr")]
pub mod list;
pub mod list_api;
pub mod list_page;
pub mod person_page;
#[cfg(feature = "ssr")]
pub mod service;
#[cfg(feature = "ssr")]
mod store;
