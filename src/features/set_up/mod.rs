//! Set-up: a new password where a caller code led here, a new authenticator, its first code, ten backup codes, one of them
//! typed back, and what is new. The sign-in page and recovery links both lead here.

pub mod api;
#[cfg(feature = "ssr")]
pub mod done;
#[cfg(feature = "ssr")]
pub mod download;
pub mod page;
#[cfg(feature = "ssr")]
pub mod password;
pub mod password_page;
#[cfg(feature = "ssr")]
pub mod service;
