//! What a user has of everything that a reset takes.

use serde::{Deserialize, Serialize};

use super::super::method::{Artefact, MethodKind};

/// How much of each artefact a user has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holdings {
    /// Authenticator apps.
    pub authenticator_apps: i64,
    /// Passkeys and security keys.
    pub passkeys: i64,
    /// Hardware tokens.
    pub hardware_tokens: i64,
    /// Phone numbers.
    pub phones: i64,
    /// Backup codes that are not spent.
    pub backup_codes: i64,
    /// Sessions in browsers.
    pub sessions: i64,
    /// Browsers that are trusted for some days.
    pub trusted_devices: i64,
    /// Half-finished sign-ins and set-ups.
    pub challenges: i64,
    /// Recovery links that work or wait.
    pub links: i64,
}

impl Holdings {
    /// How many there are of one kind of authentication method.
    #[must_use]
    pub const fn of(&self, kind: MethodKind) -> i64 {
        match kind {
            MethodKind::AuthenticatorApp => self.authenticator_apps,
            MethodKind::Passkey => self.passkeys,
            MethodKind::HardwareToken => self.hardware_tokens,
            MethodKind::Phone => self.phones,
        }
    }

    /// How many there are of an artefact.
    #[must_use]
    pub const fn count(&self, what: Artefact) -> i64 {
        match what {
            Artefact::Method(kind) => self.of(kind),
            Artefact::BackupCodes => self.backup_codes,
            Artefact::Session => self.sessions,
            Artefact::TrustedDevice => self.trusted_devices,
            Artefact::Challenge => self.challenges,
            Artefact::RecoveryLink => self.links,
        }
    }

    /// How many authentication methods there are, of all kinds.
    #[must_use]
    pub fn methods(&self) -> i64 {
        MethodKind::ALL.iter().map(|kind| self.of(*kind)).sum()
    }
}

impl std::ops::Add for Holdings {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            authenticator_apps: self.authenticator_apps + other.authenticator_apps,
            passkeys: self.passkeys + other.passkeys,
            hardware_tokens: self.hardware_tokens + other.hardware_tokens,
            phones: self.phones + other.phones,
            backup_codes: self.backup_codes + other.backup_codes,
            sessions: self.sessions + other.sessions,
            trusted_devices: self.trusted_devices + other.trusted_devices,
            challenges: self.challenges + other.challenges,
            links: self.links + other.links,
        }
    }
}
