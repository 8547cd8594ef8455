//! What proves that a user is who they say, and what becomes of it in a reset.

use serde::{Deserialize, Serialize};

use super::user::clean_name;
use super::{Unreadable, spelled};

/// A kind of authentication method. Further kinds are further variants: each then needs its [`Fate`] and its count in a plan
/// before anything compiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MethodKind {
    /// Authenticator app: software OATH, TOTP (RFC 6238).
    #[default]
    AuthenticatorApp,
    /// Passkey or security key: WebAuthn.
    Passkey,
    /// Hardware OATH token (TOTP or HOTP) out of the customer's stock.
    HardwareToken,
    /// Phone number, to which codes are sent.
    Phone,
}
spelled!(MethodKind {
    AuthenticatorApp => "authenticator_app",
    Passkey => "passkey",
    HardwareToken => "hardware_token",
    Phone => "phone",
});

impl MethodKind {
    /// In words, for one of them.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::AuthenticatorApp => "Authenticator app",
            Self::Passkey => "Passkey or security key",
            Self::HardwareToken => "Hardware token",
            Self::Phone => "Phone number",
        }
    }

    /// In words, for any number of them.
    #[must_use]
    pub const fn labels(self) -> &'static str {
        match self {
            Self::AuthenticatorApp => "Authenticator apps",
            Self::Passkey => "Passkeys and security keys",
            Self::HardwareToken => "Hardware tokens",
            Self::Phone => "Phone numbers",
        }
    }
}

/// Letters of the longest name of a method.
pub const LONGEST_NAME: usize = 60;
/// Methods that one user may have at once: every one of them is tried at each sign-in.
pub const MOST_METHODS: usize = 10;

/// A name as somebody typed it for a method, on one line; none when nothing was typed.
///
/// # Errors
/// When it has more than [`LONGEST_NAME`] letters.
pub fn read_name(typed: &str) -> Result<Option<String>, Unreadable> {
    let name = clean_name(typed);
    match name.chars().count() {
        0 => Ok(None),
        1..=LONGEST_NAME => Ok(Some(name)),
        _ => Err(Unreadable("name of a method")),
    }
}

/// What taking one of a user's methods away comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Removal {
    /// The user keeps others.
    KeepsOthers,
    /// It is the last one: the backup codes, which only stand in for it, go with it.
    TakesLast,
    /// It is the last one, and may not be taken away on its own.
    Refused,
}

impl Removal {
    /// By the user, who has `methods` of them: never the last one where a second factor is required.
    #[must_use]
    pub const fn own(methods: usize, mfa_required: bool) -> Self {
        match methods {
            2.. => Self::KeepsOthers,
            _ if mfa_required => Self::Refused,
            _ => Self::TakesLast,
        }
    }

    /// By an admin. Taking the last one is a reset in all but name: where that needs a recovery link, or a second person,
    /// only a reset does it.
    #[must_use]
    pub const fn by_admin(methods: usize, needs_reset: bool) -> Self {
        match methods {
            2.. => Self::KeepsOthers,
            _ if needs_reset => Self::Refused,
            _ => Self::TakesLast,
        }
    }
}

/// Everything of a user that a reset kills, all in one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Artefact {
    /// An authentication method.
    Method(MethodKind),
    /// The set of backup codes.
    BackupCodes,
    /// A session in a browser.
    Session,
    /// A browser that its user trusts for some days.
    TrustedDevice,
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
    /// It stops working at once, and is returned to the stock.
    Deactivated,
}

spelled!(Fate { Deleted => "deleted", Ended => "ended", Deactivated => "deactivated" });

impl Artefact {
    /// Every one, methods first.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let others = [Self::BackupCodes, Self::Session, Self::TrustedDevice, Self::Challenge, Self::RecoveryLink];
        MethodKind::ALL.iter().map(|kind| Self::Method(*kind)).chain(others).collect()
    }

    /// In one word, for files and addresses.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Method(MethodKind::AuthenticatorApp) => "authenticator_apps",
            Self::Method(MethodKind::Passkey) => "passkeys",
            Self::Method(MethodKind::HardwareToken) => "hardware_tokens",
            Self::Method(MethodKind::Phone) => "phones",
            Self::BackupCodes => "backup_codes",
            Self::Session => "sessions",
            Self::TrustedDevice => "trusted_devices",
            Self::Challenge => "half_finished_sign_ins",
            Self::RecoveryLink => "older_links",
        }
    }

    /// In words, for any number of them.
    #[must_use]
    pub const fn labels(self) -> &'static str {
        match self {
            Self::Method(kind) => kind.labels(),
            Self::BackupCodes => "Backup codes",
            Self::Session => "Sessions",
            Self::TrustedDevice => "Trusted devices",
            Self::Challenge => "Half-finished sign-ins",
            Self::RecoveryLink => "Older recovery links",
        }
    }

    /// The one table of fates: the plan, its preview, what the reset does and the documentation of `features/reset` read it.
    #[must_use]
    pub const fn fate(self) -> Fate {
        match self {
            Self::Method(MethodKind::AuthenticatorApp | MethodKind::Passkey | MethodKind::Phone)
            | Self::BackupCodes => Fate::Deleted,
            Self::Method(MethodKind::HardwareToken) => Fate::Deactivated,
            Self::Session | Self::TrustedDevice | Self::Challenge | Self::RecoveryLink => Fate::Ended,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_has_one_line() {
        assert_eq!(read_name(" Old\r\n phone "), Ok(Some("Old phone".to_owned())));
        assert_eq!(read_name(" \0 "), Ok(None));
        assert_eq!(read_name(&"ö".repeat(60)), Ok(Some("ö".repeat(60))));
        assert!(read_name(&"ö".repeat(61)).is_err());
    }

    #[test]
    fn the_last_method_goes_only_where_nobody_is_left_with_a_password_alone() {
        assert_eq!(Removal::own(2, true), Removal::KeepsOthers);
        assert_eq!(Removal::own(1, true), Removal::Refused);
        assert_eq!(Removal::own(1, false), Removal::TakesLast);
        assert_eq!(Removal::by_admin(3, true), Removal::KeepsOthers);
        assert_eq!(Removal::by_admin(1, false), Removal::TakesLast);
        assert_eq!(Removal::by_admin(1, true), Removal::Refused);
    }
}
