//! Reset: a selection becomes a frozen plan, is reviewed, confirmed with the own code, and carried out in chunks.

pub mod api;
#[cfg(feature = "ssr")]
pub mod approval;
pub mod approval_api;
mod approval_list;
mod approval_page;
#[cfg(feature = "ssr")]
pub mod approval_view;
pub mod page;
mod result_page;
mod review_page;
#[cfg(feature = "ssr")]
pub mod run;
#[cfg(feature = "ssr")]
pub mod service;
#[cfg(feature = "ssr")]
mod store;
