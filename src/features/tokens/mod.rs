//! Hardware OATH tokens: the files they come in, whose each is, and how its holder makes it a second factor. Where they
//! lie, and whether a code is one of theirs, is the stock's.

#[cfg(feature = "ssr")]
mod activate;
pub mod activate_page;
pub mod api;
#[cfg(feature = "ssr")]
pub mod files;
#[cfg(feature = "ssr")]
pub mod import;
pub mod import_api;
pub mod import_page;
#[cfg(feature = "ssr")]
pub mod imports;
pub mod list_page;
pub mod outcome;
#[cfg(feature = "ssr")]
pub mod service;
#[cfg(feature = "ssr")]
mod store;
pub mod token_page;
mod words;
