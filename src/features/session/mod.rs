//! Who is asking: sessions, and the half-finished sign-ins and set-ups before them.

#[cfg(feature = "ssr")]
pub mod service;
#[cfg(feature = "ssr")]
mod store;
