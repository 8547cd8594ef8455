//! Reset: a selection becomes a frozen plan, is reviewed, confirmed with the own code, and carried out in chunks.

pub mod api;
#[cfg(feature = "ssr")]
pub mod board;
#[cfg(feature = "ssr")]
pub mod board_acts;
pub mod board_api;
mod board_people;
#[cfg(feature = "ssr")]
pub mod cancel;
pub mod page;
#[cfg(feature = "ssr")]
pub mod progress;
mod progress_view;
#[cfg(feature = "ssr")]
pub mod report;
mod result_page;
mod review_page;
#[cfg(feature = "ssr")]
pub mod run;
#[cfg(feature = "ssr")]
pub mod service;
#[cfg(feature = "ssr")]
mod store;
