//! What somebody can prove a second factor with, and what is offered first.

use serde::{Deserialize, Serialize};

use super::super::method::MethodKind;
use super::super::spelled;
use super::super::time::Time;

/// A way to prove a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Way {
    /// A passkey or security key answers.
    Passkey,
    /// An authenticator app or a hardware token shows digits.
    App,
    /// A code is sent to a phone.
    Phone,
    /// One of the codes on paper.
    BackupCode,
}
spelled!(Way { Passkey => "passkey", App => "app", Phone => "phone", BackupCode => "backup" });

impl Way {
    /// The way that goes with a kind of method.
    #[must_use]
    pub const fn of(kind: MethodKind) -> Self {
        match kind {
            MethodKind::AuthenticatorApp | MethodKind::HardwareToken => Self::App,
            MethodKind::Passkey => Self::Passkey,
            MethodKind::Phone => Self::Phone,
        }
    }
}

/// The ways of somebody with these methods, each with its last use, and so many backup codes: the one used last first, then
/// the best. A backup code is for when nothing else is at hand, so it comes last however lately one was used.
#[must_use]
pub fn ways(methods: &[(MethodKind, Option<Time>)], codes_left: usize) -> Vec<Way> {
    let has = |way: &Way| match way {
        Way::BackupCode => codes_left > 0,
        way => methods.iter().any(|(kind, _)| Way::of(*kind) == *way),
    };
    let mut ways: Vec<Way> = Way::ALL.iter().copied().filter(has).collect();
    let last = methods.iter().filter(|(_, used)| used.is_some()).max_by_key(|(_, used)| *used);
    if let Some((kind, _)) = last {
        ways.sort_by_key(|way| *way != Way::of(*kind));
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::from_unix_milliseconds(seconds * 1000)
    }

    #[test]
    fn the_way_used_last_comes_first_and_backup_codes_last() {
        use MethodKind::{AuthenticatorApp, Passkey, Phone};
        let all = |app, key| ways(&[(AuthenticatorApp, app), (Passkey, key)], 3);
        assert_eq!(all(None, None), [Way::Passkey, Way::App, Way::BackupCode]);
        assert_eq!(all(Some(at(2)), Some(at(1))), [Way::App, Way::Passkey, Way::BackupCode]);
        assert_eq!(all(Some(at(1)), Some(at(2))), [Way::Passkey, Way::App, Way::BackupCode]);
        assert_eq!(ways(&[(AuthenticatorApp, None)], 0), [Way::App]);
        assert_eq!(ways(&[(Passkey, None)], 1), [Way::Passkey, Way::BackupCode]);
        let with_phone = ways(&[(Phone, None), (AuthenticatorApp, None)], 1);
        assert_eq!(with_phone, [Way::App, Way::Phone, Way::BackupCode]);
    }
}
