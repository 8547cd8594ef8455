//! An account's beginning and end: invitations, suspension, reactivation, removal.
