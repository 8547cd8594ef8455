//! One's own security: methods, backup codes and sessions.

pub mod api;
pub mod page;
