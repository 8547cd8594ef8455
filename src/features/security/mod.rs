//! Security, one's own and that of the users whom one looks after: single methods, backup codes, sessions, and what
//! happened to them.

pub mod add_page;
pub mod address_api;
pub mod address_page;
#[cfg(feature = "ssr")]
pub mod address_service;
pub mod api;
pub mod call_back_api;
pub mod call_back_page;
#[cfg(feature = "ssr")]
pub mod call_back_service;
pub mod caller_api;
pub mod caller_page;
#[cfg(feature = "ssr")]
pub mod caller_service;
pub mod codes_api;
pub mod codes_page;
#[cfg(feature = "ssr")]
pub mod codes_service;
pub mod device_api;
#[cfg(feature = "ssr")]
pub mod device_service;
mod devices;
#[cfg(feature = "ssr")]
pub mod download;
pub mod method_api;
pub mod method_page;
#[cfg(feature = "ssr")]
pub mod method_service;
pub mod page;
mod parts;
pub mod passkey_api;
pub mod passkey_page;
#[cfg(feature = "ssr")]
pub mod passkey_service;
pub mod password_api;
pub mod password_page;
#[cfg(feature = "ssr")]
pub mod password_service;
pub mod phone_api;
pub mod phone_page;
#[cfg(feature = "ssr")]
pub mod phone_service;
pub mod rows;
#[cfg(feature = "ssr")]
pub mod service;
mod story;
mod story_list;
mod user_activity;
pub mod user_api;
pub mod user_method_page;
mod user_methods;
pub mod user_page;
#[cfg(feature = "ssr")]
pub mod user_removal;
#[cfg(feature = "ssr")]
pub mod user_service;
mod user_summary;
