//! The capabilities of Rekey, a folder each: page → api → service → store. Between them the house has floors, and
//! arrows only go down (`tests/suite/house.rs` holds them to it):
//!
//! ```text
//! audit_trail
//! reset  accounts  access  policy  security  tokens
//! set_up
//! sign_in
//! forgotten  not_me  addresses
//! recovery  invitation
//! users
//! customers  methods  backup_codes
//! phones
//! outbox
//! audit  stock
//! session
//! ```

pub mod access;
pub mod accounts;
pub mod addresses;
pub mod audit;
pub mod audit_trail;
pub mod backup_codes;
pub mod customers;
pub mod forgotten;
pub mod invitation;
pub mod methods;
pub mod not_me;
pub mod outbox;
pub mod phones;
pub mod policy;
pub mod recovery;
pub mod reset;
pub mod security;
pub mod session;
pub mod set_up;
pub mod sign_in;
pub mod stock;
pub mod tokens;
pub mod users;
