//! What pages about a person's security show of methods, backup codes, sessions, trusted devices and events.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
use crate::domain::audit::Entry;
use crate::domain::audit::What;
use crate::domain::backup_code::Used;
use crate::domain::ids::{DeviceId, MethodId, SessionId, TokenId};
use crate::domain::method::{MethodKind, Removal};
use crate::domain::time::Time;
#[cfg(feature = "ssr")]
use crate::domain::user::UserRef;
#[cfg(feature = "ssr")]
use crate::features::{audit, backup_codes, methods, session};

/// One authentication method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodRow {
    /// Which.
    pub id: MethodId,
    /// What it is.
    pub kind: MethodKind,
    /// What its user calls it.
    pub name: Option<String>,
    /// When it was registered.
    pub registered_at: Time,
    /// When it was last used.
    pub last_used_at: Option<Time>,
    /// Since when it is refused, because there are two of it.
    pub copied_at: Option<Time>,
    /// Which token it is, where it counts presses: it may run out of step.
    pub counting: Option<TokenId>,
    /// What the reader's removing it would come to.
    pub removal: Removal,
}

#[cfg(feature = "ssr")]
impl MethodRow {
    /// `method`, whose removal comes to `removal`.
    pub(super) fn of(method: methods::service::Method, removal: Removal) -> Self {
        Self {
            id: method.id,
            kind: method.kind,
            name: method.name,
            registered_at: method.registered_at,
            last_used_at: method.last_used_at,
            copied_at: method.copied_at,
            counting: None,
            removal,
        }
    }
}

/// How backup codes stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodesRow {
    /// When the set was made; none when there is no set.
    pub made_at: Option<Time>,
    /// When one was typed back.
    pub saved_at: Option<Time>,
    /// The use of each, in their order.
    pub used: Vec<Option<Used>>,
}

impl CodesRow {
    /// How many are not spent.
    #[must_use]
    pub fn left(&self) -> usize {
        self.used.iter().filter(|used| used.is_none()).count()
    }
}

#[cfg(feature = "ssr")]
impl From<backup_codes::service::CodesLeft> for CodesRow {
    fn from(left: backup_codes::service::CodesLeft) -> Self {
        Self { made_at: left.made_at, saved_at: left.saved_at, used: left.used }
    }
}

/// One session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRow {
    /// Its name.
    pub id: SessionId,
    /// Whether it is the one that asks.
    pub is_this: bool,
    /// When it began.
    pub created_at: Time,
    /// When it was last used.
    pub last_seen_at: Time,
    /// The network address it began from.
    pub address: Option<String>,
    /// What the browser calls itself.
    pub browser: Option<String>,
}

#[cfg(feature = "ssr")]
impl SessionRow {
    /// `open`, read by whoever holds `mine`.
    pub(super) fn of(open: session::service::OpenSession, mine: Option<SessionId>) -> Self {
        Self {
            id: open.id,
            is_this: Some(open.id) == mine,
            created_at: open.created_at,
            last_seen_at: open.last_seen_at,
            address: open.origin.address,
            browser: open.origin.browser,
        }
    }
}

/// One trusted device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRow {
    /// Its name.
    pub id: DeviceId,
    /// Whether the asking session belongs to it.
    pub is_this: bool,
    /// Since when it is trusted.
    pub trusted_at: Time,
    /// When a password alone last signed its user in there; before that, when it became trusted.
    pub last_used_at: Time,
    /// Until when it is trusted at most.
    pub ends_at: Time,
    /// The network address it became trusted from.
    pub address: Option<String>,
    /// What the browser calls itself.
    pub browser: Option<String>,
}

#[cfg(feature = "ssr")]
impl DeviceRow {
    /// `device`, read in a session that belongs to `mine`.
    pub(super) fn of(device: session::service::devices::Device, mine: Option<DeviceId>) -> Self {
        Self {
            id: device.id,
            is_this: Some(device.id) == mine,
            trusted_at: device.trust.trusted_at,
            last_used_at: device.last_used_at,
            ends_at: device.trust.ends_at,
            address: device.origin.address,
            browser: device.origin.browser,
        }
    }
}

/// Something that happened about one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happened {
    /// Its number in its customer's chain.
    pub number: i64,
    /// When.
    pub at: Time,
    /// What.
    pub what: What,
    /// Who did it, by name, where it was somebody else than the person.
    pub by: Option<String>,
    /// Whom it concerns, by name, where it is somebody else.
    pub about: Option<String>,
    /// The network address.
    pub from: Option<String>,
    /// More, by name.
    pub details: BTreeMap<String, String>,
}

#[cfg(feature = "ssr")]
impl Happened {
    /// `recorded`, as it concerns `person`.
    pub(super) fn of(recorded: audit::service::Recorded, person: UserRef) -> Self {
        let event = &recorded.entry.event;
        let by = recorded.actor_name.filter(|_| event.actor != Some(person));
        let about = recorded.target_name.filter(|_| event.target != Some(person.id));
        Self { by, about, ..Self::from(recorded.entry) }
    }
}

#[cfg(feature = "ssr")]
impl From<Entry> for Happened {
    /// What somebody did to nobody but themself.
    fn from(Entry { number, event }: Entry) -> Self {
        Self { number, at: event.at, what: event.what, by: None, about: None, from: event.from, details: event.details }
    }
}
