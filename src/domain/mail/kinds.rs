//! What kind each mail is: how it travels, who else hears of it, who may say that it was not them, and what it is called.

use serde::{Deserialize, Serialize};

use super::Mail;
use crate::domain::spelled;

/// How it reaches people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Channel {
    /// By mail, at their address.
    Mail,
    /// As a text message, at a phone of theirs.
    Phone,
}
spelled!(Channel { Mail => "mail", Phone => "phone" });

impl Mail {
    /// How it reaches its reader.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        match self {
            Self::PhoneCode { .. } => Channel::Phone,
            _ => Channel::Mail,
        }
    }

    /// Whether it tells its reader of something that they can say was not them: a change of what lets them in, or its use.
    #[must_use]
    pub const fn may_be_disowned(&self) -> bool {
        match self {
            Self::Reset { .. }
            | Self::AuthenticatorAdded { .. }
            | Self::MethodAdded { .. }
            | Self::MethodRemoved { .. }
            | Self::PasskeyCopied { .. }
            | Self::DeviceTrusted { .. }
            | Self::PasswordChanged { .. }
            | Self::PasswordSet { .. }
            | Self::CallerCodeMade { .. }
            | Self::CallerCodeUsed { .. }
            | Self::AddressChanged { .. }
            | Self::SecondAddress { .. }
            | Self::BackupCodesMade { .. }
            | Self::BackupCodeUsed { .. } => true,
            // Nothing has changed yet, or nothing that lets anybody in. What goes to an address that is no longer its reader's
            // has a link of its own, or none: it may be a thief's.
            Self::Invitation { .. }
            | Self::TokenAssigned { .. }
            | Self::PhoneCode { .. }
            | Self::NewPassword { .. }
            | Self::NewPasswordHelp { .. }
            | Self::NewAddress { .. }
            | Self::AddressLost { .. }
            | Self::AddressRestored { .. }
            | Self::Suspended { .. }
            | Self::Reactivated { .. }
            | Self::Removed { .. }
            | Self::Frozen { .. }
            | Self::Disowned { .. }
            | Self::RoleGiven { .. }
            | Self::RoleEnded { .. }
            | Self::ApprovalAsked { .. }
            | Self::ApprovalDecided { .. }
            | Self::ApprovalOver { .. }
            | Self::PeopleBack { .. } => false,
        }
    }

    /// Whether a second address hears of it as well: what lets its user in, and whether they may come in at all.
    #[must_use]
    pub const fn goes_to_both(&self) -> bool {
        let of_the_account = matches!(
            self,
            Self::Frozen { .. } | Self::Suspended { .. } | Self::Reactivated { .. } | Self::AddressRestored { .. }
        );
        of_the_account || self.may_be_disowned()
    }

    /// What kind it is, in one word, for lists and the audit.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Reset { .. } => "reset",
            Self::Invitation { .. } => "invitation",
            Self::Suspended { .. } => "suspended",
            Self::Reactivated { .. } => "reactivated",
            Self::Removed { .. } => "removed",
            Self::AuthenticatorAdded { .. } => "authenticator_added",
            Self::MethodAdded { .. } => "method_added",
            Self::MethodRemoved { .. } => "method_removed",
            Self::TokenAssigned { .. } => "token_assigned",
            Self::PasskeyCopied { .. } => "passkey_copied",
            Self::PhoneCode { .. } => "phone_code",
            Self::PasswordChanged { .. } => "password_changed",
            Self::DeviceTrusted { .. } => "device_trusted",
            Self::CallerCodeMade { .. } => "caller_code_made",
            Self::CallerCodeUsed { .. } => "caller_code_used",
            Self::PasswordSet { .. } => "password_set",
            Self::NewPassword { .. } => "new_password",
            Self::NewPasswordHelp { .. } => "new_password_help",
            Self::NewAddress { .. } => "new_address",
            Self::AddressChanged { .. } => "address_changed",
            Self::AddressLost { .. } => "address_lost",
            Self::AddressRestored { .. } => "address_restored",
            Self::SecondAddress { .. } => "second_address",
            Self::Frozen { .. } => "frozen",
            Self::Disowned { .. } => "disowned",
            Self::BackupCodesMade { .. } => "backup_codes_made",
            Self::BackupCodeUsed { .. } => "backup_code_used",
            Self::ApprovalAsked { .. } => "approval_asked",
            Self::ApprovalDecided { .. } => "approval_decided",
            Self::ApprovalOver { .. } => "approval_over",
            Self::PeopleBack { .. } => "people_back",
            Self::RoleGiven { .. } => "role_given",
            Self::RoleEnded { .. } => "role_ended",
        }
    }
}
