//! Reset: a selection becomes a frozen plan, is reviewed, confirmed with the own code, and carried out in chunks.
//!
//! What a user had is gone in the same transaction (`domain/method.rs` decides, `tests/suite/house.rs` compares):
//!
//! | what | becomes |
//! |---|---|
//! | Authenticator apps | deleted |
//! | Passkeys and security keys | deleted |
//! | Hardware tokens | deactivated |
//! | Phone numbers | deleted |
//! | Backup codes | deleted |
//! | Sessions | ended |
//! | Trusted devices | ended |
//! | Half-finished sign-ins | ended |
//! | Older recovery links | ended |
//!
//! A hardware token goes back into its customer's stock as returned; given out again, it shows two codes in a row.

pub mod api;
#[cfg(feature = "ssr")]
pub mod approval;
pub mod approval_api;
mod approval_list;
mod approval_page;
#[cfg(feature = "ssr")]
mod approval_told;
#[cfg(feature = "ssr")]
pub mod approval_view;
#[cfg(feature = "ssr")]
pub mod back_notices;
#[cfg(feature = "ssr")]
pub mod board;
#[cfg(feature = "ssr")]
pub mod board_acts;
pub mod board_api;
mod board_people;
#[cfg(feature = "ssr")]
pub mod cancel;
mod changes_view;
#[cfg(feature = "ssr")]
pub mod from_list;
pub mod from_list_api;
#[cfg(feature = "ssr")]
pub mod from_list_file;
pub mod from_list_page;
pub mod list_api;
pub mod list_page;
#[cfg(feature = "ssr")]
pub mod mail_frame;
pub mod page;
#[cfg(feature = "ssr")]
pub mod people;
pub mod people_api;
pub mod people_page;
#[cfg(feature = "ssr")]
pub mod progress;
mod progress_view;
#[cfg(feature = "ssr")]
pub mod remind;
#[cfg(feature = "ssr")]
pub mod report;
mod result_page;
pub mod review_api;
mod review_page;
mod review_view;
#[cfg(feature = "ssr")]
pub mod run;
#[cfg(feature = "ssr")]
pub mod service;
#[cfg(feature = "ssr")]
mod store;
