//! Recovery links: issued by a reset, opened without effect, proved with the password or, where that was forgotten, with a
//! code of the help desk.

#[cfg(feature = "ssr")]
pub mod again;
pub mod api;
#[cfg(feature = "ssr")]
pub mod call_back;
#[cfg(feature = "ssr")]
pub mod caller;
pub mod fate;
#[cfg(feature = "ssr")]
pub mod help;
#[cfg(feature = "ssr")]
pub mod links;
pub mod page;
#[cfg(feature = "ssr")]
pub mod service;
#[cfg(feature = "ssr")]
mod store;
