//! A user as pages show them.

use serde::{Deserialize, Serialize};

use crate::domain::authority::{Refusal, Role};
use crate::domain::ids::UserId;
use crate::domain::method::MethodKind;
use crate::domain::time::Time;
use crate::domain::user::Standing;

#[cfg(feature = "ssr")]
use super::service;
#[cfg(feature = "ssr")]
use crate::domain::authority::Actor;
#[cfg(feature = "ssr")]
use crate::domain::not_me::Hold;

/// One user of a list.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UserRow {
    /// Who.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Where mails go.
    pub address: String,
    /// Whether that address is known to reach them.
    pub address_verified: bool,
    /// Their home customer.
    pub customer: String,
    /// Their role there.
    pub role: Role,
    /// Whether they can sign in.
    pub standing: Standing,
    /// When they finished their set-up.
    pub activated_at: Option<Time>,
    /// When they last signed in.
    pub last_sign_in_at: Option<Time>,
    /// Since when a new set-up is due.
    pub set_up_due_at: Option<Time>,
    /// Whether nobody gets in before a reset, since they said of a notice that it was not them.
    pub frozen: bool,
    /// How many authentication methods they have.
    pub methods: i64,
    /// How many of each kind that they have.
    pub kinds: Vec<(MethodKind, i64)>,
    /// How many backup codes are not spent.
    pub codes_left: i64,
    /// As few as this their customer warns of.
    pub codes_low: i64,
    /// How many sessions they have.
    pub sessions: i64,
    /// Until when their recovery link works.
    pub link_expires_at: Option<Time>,
    /// Why the reader may not reset them; none when they may.
    pub refusal: Option<Refusal>,
}

/// What came of ending all sessions of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EndOutcome {
    /// So many ended.
    Ended(u64),
    /// Outside the reader's authority.
    Refused(Refusal),
}

#[cfg(feature = "ssr")]
impl UserRow {
    /// The user as `actor` sees them.
    #[must_use]
    pub fn of(user: &service::User, actor: &Actor) -> Self {
        Self {
            id: user.user.id,
            name: user.name.clone(),
            address: user.address.to_string(),
            address_verified: user.address_verified_at.is_some(),
            customer: user.customer_name.clone(),
            role: user.role,
            standing: user.standing,
            activated_at: user.activated_at,
            last_sign_in_at: user.last_sign_in_at,
            set_up_due_at: user.set_up_due_at,
            frozen: user.hold == Hold::Frozen,
            methods: user.methods,
            kinds: user.kinds(),
            codes_left: user.codes_left,
            codes_low: user.codes_low,
            sessions: user.sessions,
            link_expires_at: user.link.map(|(_, until)| until),
            refusal: actor.may_manage(user.user, user.role).err(),
        }
    }
}
