//! A selection by a list of addresses, before it is a plan.

use serde::{Deserialize, Serialize};

use super::super::time::Span;

/// How long what was pasted or uploaded waits for its reader.
pub const LIST_LIFETIME: Span = Span::minutes(30);

/// Why nobody is meant by a line of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unmatched {
    /// Nobody whom the reader may see has this address, whether or not somebody else's user does.
    Nobody,
    /// No address stands there.
    NoAddress,
    /// A guest of another directory, without an address.
    Guest,
    /// What stands there is no mail address.
    BadAddress,
    /// More cells than columns.
    Slipped,
}

impl Unmatched {
    /// In words, for a list.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Nobody => "None of your users has this address",
            Self::NoAddress => "No address",
            Self::Guest => "A guest without an address",
            Self::BadAddress => "Not a mail address",
            Self::Slipped => "More cells than columns",
        }
    }
}
