//! What is mailed, and what goes to phones: queued with what it tells of, in one transaction; rendered and sent later, at least once.

#[cfg(feature = "ssr")]
pub mod bounce;
#[cfg(feature = "ssr")]
pub mod frame;
#[cfg(feature = "ssr")]
pub mod gateway;
#[cfg(feature = "ssr")]
pub mod mailbox;
#[cfg(feature = "ssr")]
mod message;
#[cfg(feature = "ssr")]
pub mod render;
#[cfg(feature = "ssr")]
pub mod service;
#[cfg(feature = "ssr")]
mod smtp;
#[cfg(feature = "ssr")]
mod store;
#[cfg(feature = "ssr")]
pub mod transport;
#[cfg(feature = "ssr")]
pub mod worker;
