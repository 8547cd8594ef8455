//! Who is asking: sessions, the half-finished sign-ins and set-ups before them, and trusted devices. Also what every server
//! function shares: the request it serves, the errors it may answer with, and the outcome it leaves for a page without
//! WebAssembly.

pub mod api;
pub mod calm;
pub mod flash;
pub mod language_api;
pub mod page;
#[cfg(feature = "ssr")]
pub mod request;
#[cfg(feature = "ssr")]
pub mod service;
#[cfg(feature = "ssr")]
mod store;
#[cfg(feature = "ssr")]
pub mod upload;
pub mod zone_api;
