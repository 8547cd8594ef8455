//! Trusted devices: browsers in which a right password is enough for some days. What ends sessions ends them, in the same
//! functions: see [`super::end_all`], [`super::end_others`] and [`super::end_one`].

use super::super::store::devices as store;
use super::{NewToken, Session};
use crate::domain::authority::Scope;
use crate::domain::device::{MOST_DEVICES, Trust, lasting};
use crate::domain::ids::{CustomerId, DeviceId};
use crate::domain::time::Time;
use crate::domain::user::UserRef;
use crate::platform::keys::{new_token, sha256};
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result};

/// One trusted device in a list.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its name.
    pub id: DeviceId,
    /// Since when, and until when.
    pub trust: Trust,
    /// When a password alone last signed its user in there; before that, when it became trusted.
    pub last_used_at: Time,
    /// Where it became trusted.
    pub origin: Origin,
}

impl From<store::DeviceRow> for Device {
    fn from(row: store::DeviceRow) -> Self {
        Self {
            id: row.id,
            trust: Trust { trusted_at: row.trusted_at, ends_at: row.ends_at },
            last_used_at: row.last_used_at,
            origin: Origin { address: row.from_address, browser: row.browser },
        }
    }
}

/// A device that has just become trusted.
pub struct Trusted {
    /// Its name.
    pub id: DeviceId,
    /// For its cookie.
    pub token: NewToken,
    /// Until when at most.
    pub until: Time,
    /// How many older ones of the same user ended, since nobody has more than [`MOST_DEVICES`].
    pub ended: u64,
}

/// Trusts a browser of `user` for so many days.
///
/// # Errors
/// When the database fails.
pub async fn trust(conn: &mut Conn, platform: &Platform, user: UserRef, origin: &Origin, days: u16) -> Result<Trusted> {
    let now = platform.now();
    let until = Trust::begun(now, days).ends_at;
    let token = new_token(&platform.rng);
    let id = platform.rng.id(now, DeviceId::new);
    store::insert(conn, &sha256(token.as_bytes()), id, user, now, until, origin).await?;
    let ended = store::delete_oldest(conn, user, MOST_DEVICES).await?;
    Ok(Trusted { id, token: NewToken(token), until, ended })
}

/// The device of `user` that holds this token, if it is still trusted where so many days are allowed; its use is written
/// down. Somebody else's token is none.
///
/// # Errors
/// When the database fails.
pub async fn take(conn: &mut Conn, user: UserRef, token: &str, days: u16, now: Time) -> Result<Option<DeviceId>> {
    let found = store::by_token(conn, user, &sha256(token.as_bytes())).await?.map(Device::from);
    let Some(device) = found.filter(|device| device.trust.holds(days, now)) else {
        return Ok(None);
    };
    // It may have been ended since it was read.
    Ok(store::touch(conn, user, device.id, now).await?.then_some(device.id))
}

/// Remembers to which trusted device the session with this token belongs: what its user changes from there ends the others.
///
/// # Errors
/// When the database fails.
pub async fn belongs(conn: &mut Conn, session: &NewToken, device: DeviceId) -> Result<()> {
    store::set_session(conn, &sha256(session.0.as_bytes()), device).await
}

/// The trusted device that `session` belongs to, if any; it may have ended.
///
/// # Errors
/// When the database fails.
pub async fn of_session(conn: &mut Conn, session: &Session) -> Result<Option<DeviceId>> {
    store::of_session(conn, session.actor.user, session.id).await
}

/// The devices that `user` trusts where so many days are allowed, the last used first.
///
/// # Errors
/// When the database fails.
pub async fn list(conn: &mut Conn, user: UserRef, days: u16, now: Time) -> Result<Vec<Device>> {
    let rows = store::of_user(conn, user).await?;
    Ok(rows.into_iter().map(Device::from).filter(|device| device.trust.holds(days, now)).collect())
}

/// Ends one trusted device of `user`, and with it the sessions that it was signed in to, but for the one that asks; the device
/// that ended, if there was one.
///
/// # Errors
/// When the database fails.
pub async fn end_one(conn: &mut Conn, user: UserRef, id: DeviceId, asking: &Session) -> Result<Option<Device>> {
    let ended = store::delete_one(conn, user, id).await?;
    store::delete_sessions_of(conn, user, id, asking.id).await?;
    Ok(ended.map(Device::from))
}

/// Brings a customer's trusted devices under a policy that allows so many `days` where `was` were allowed. Fewer days cut
/// them short for good: what is shortened now, a later policy does not lengthen. With none, they all end.
///
/// # Errors
/// When the database fails.
pub async fn cut_short(conn: &mut Conn, scope: &Scope, customer: CustomerId, was: u16, days: u16) -> Result<()> {
    if was == 0 || days == 0 {
        // Also where none was allowed so far: a sign-in that was under way at that moment may have left one.
        store::delete_of_customer(conn, scope, customer).await?;
        return Ok(());
    }
    store::bring_forward(conn, scope, customer, lasting(days)).await
}
