//! The audit as people read it: `/audit`, of the customers that they choose.

pub mod api;
pub mod page;
