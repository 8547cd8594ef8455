//! Why somebody who was selected is not reset, in a word for the database and in words for people.

use serde::{Deserialize, Serialize};

use super::super::spelled;

/// Why somebody in the selection keeps everything they have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Skip {
    /// Invited, and not finished.
    SetUpNotFinished,
    /// Kept out by an admin.
    Suspended,
    /// The mail could not reach them.
    NoVerifiedAddress,
    /// No second factor and no reset under way.
    NothingToReset,
    /// No authority over them: never, in a selection of everybody who matches, or none any more since the review.
    NoAuthority,
    /// The one who asks: their own Security page serves that.
    Yourself,
    /// Resetting them would leave their customer without an owner who can sign in.
    LastOwner,
    /// Removed between review and reset.
    Gone,
    /// A newer reset took place while this one waited for approval.
    ResetSince,
    /// The reset was stopped before they were begun.
    Cancelled,
}
spelled!(Skip {
    SetUpNotFinished => "set_up_not_finished",
    Suspended => "suspended",
    NoVerifiedAddress => "no_verified_address",
    NothingToReset => "nothing_to_reset",
    NoAuthority => "no_authority",
    Yourself => "yourself",
    LastOwner => "last_owner",
    Gone => "gone",
    ResetSince => "reset_since",
    Cancelled => "cancelled",
});

impl Skip {
    /// In words, for a list.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::SetUpNotFinished => "Set-up not finished",
            Self::Suspended => "Suspended",
            Self::NoVerifiedAddress => "No verified address",
            Self::NothingToReset => "Nothing to reset",
            Self::NoAuthority => "No authority over them",
            Self::Yourself => "Yourself",
            Self::LastOwner => "Last owner who can sign in",
            Self::Gone => "No longer here",
            Self::ResetSince => "Reset by another one since",
            Self::Cancelled => "Stopped before",
        }
    }

    /// What it means, in a sentence.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::SetUpNotFinished => "They have no factor yet. The invitation does the same job.",
            Self::Suspended => "They cannot sign in at all.",
            Self::NoVerifiedAddress => "The mail could not reach them.",
            Self::NothingToReset => "They have no second factor, and no reset is under way.",
            Self::NoAuthority => "Only an owner may reset an owner.",
            Self::Yourself => "Nobody resets themself here. My security serves that.",
            Self::LastOwner => "The customer would be locked out.",
            Self::Gone => "They were removed after the review.",
            Self::ResetSince => "Another reset took place while this one waited for approval.",
            Self::Cancelled => "The reset was stopped before they were begun.",
        }
    }
}

/// Why somebody could not be reset, though nothing speaks against it. They keep everything, and may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Failure {
    /// The database did not take what it was told.
    Refused,
    /// What is stored of them or of their customer cannot be read.
    Unreadable,
}
spelled!(Failure { Refused => "refused", Unreadable => "unreadable" });

impl Failure {
    /// In words, for a list.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Refused => "The database refused it",
            Self::Unreadable => "What is stored of them cannot be read",
        }
    }
}
