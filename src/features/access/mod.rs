//! Who may do what in which customer: customers, their people and roles, and access that ends by itself.

pub mod api;
pub mod customer_page;
pub mod edit_api;
pub mod edit_page;
#[cfg(feature = "ssr")]
pub mod edit_service;
pub mod list_page;
pub mod new_page;
#[cfg(feature = "ssr")]
pub mod people;
pub mod people_page;
pub mod role_api;
pub mod role_page;
#[cfg(feature = "ssr")]
pub mod roles;
#[cfg(feature = "ssr")]
pub mod service;
#[cfg(feature = "ssr")]
mod store;
mod words;
