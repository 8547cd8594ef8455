//! What proves that a user is who they say, and what becomes of it in a reset.

use serde::{Deserialize, Serialize};

use super::spelled;

/// A kind of authentication method. Further kinds (passkey, hardware OATH token, phone number) are further variants:
/// each then needs its [`Fate`] before anything compiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum MethodKind {
    /// Authenticator app: software OATH, TOTP (RFC 6238).
    AuthenticatorApp,
}
spelled!(MethodKind { AuthenticatorApp => "authenticator_app" });

/// Everything of a user that a reset kills, all in one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Artefact {
    /// An authentication method.
    Method(MethodKind),
    /// The set of backup codes.
    BackupCodes,
    /// A session in a browser.
    Session,
    /// A half-finished sign-in or set-up.
    Challenge,
    /// An older recovery link.
    RecoveryLink,
}

/// What a reset does to an artefact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// Its row is gone.
    Deleted,
    /// It stops working at once.
    Ended,
}

impl Artefact {
    /// The one table of fates: plan, preview and documentation read it.
    #[must_use]
    pub const fn fate(self) -> Fate {
        match self {
            Self::Method(MethodKind::AuthenticatorApp) | Self::BackupCodes => Fate::Deleted,
            Self::Session | Self::Challenge | Self::RecoveryLink => Fate::Ended,
        }
    }
}
