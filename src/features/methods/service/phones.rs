//! Phone numbers: registers them, has codes sent to them, and judges those.

use super::super::store;
use super::place;
use crate::domain::ids::{CustomerId, MethodId, UserId};
use crate::domain::method::MethodKind;
use crate::domain::phone::{About, PhoneNumber};
use crate::domain::time::Time;
use crate::domain::user::UserRef;
use crate::features::phones;
use crate::features::phones::service::Sent;
use crate::platform::{Conn, Platform, Result, phone};

/// A phone number of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    /// Which method it is.
    pub id: MethodId,
    /// What its user calls it.
    pub name: Option<String>,
    /// The number.
    pub number: PhoneNumber,
}

/// The phone numbers of `user`: the one used last first, then the oldest.
///
/// # Errors
/// When the database fails or a number does not open.
pub async fn list(conn: &mut Conn, platform: &Platform, user: UserRef) -> Result<Vec<Phone>> {
    let mut rows = store::of_user(conn, user).await?;
    rows.retain(|row| row.kind == MethodKind::Phone);
    rows.sort_by_key(|row| (std::cmp::Reverse(row.last_used_at), row.id));
    let phone = |row: store::Row| {
        let number = phone::open(&platform.keys, &place(user, row.id), &row.secret)?;
        Ok(Phone { id: row.id, name: row.name, number })
    };
    rows.into_iter().map(phone).collect()
}

/// Registers a number to which a code was sent that came back right.
///
/// # Errors
/// When the database fails.
pub async fn register(
    conn: &mut Conn,
    platform: &Platform,
    user: UserRef,
    number: &PhoneNumber,
    name: Option<&str>,
) -> Result<MethodId> {
    let now = platform.now();
    let id = platform.rng.id(now, MethodId::new);
    let sealed = phone::seal(&platform.keys, &platform.rng, &place(user, id), number);
    store::insert_phone(conn, user, id, &sealed, &called(number, name), now).await?;
    Ok(id)
}

/// What a number is called: what is shown of it, after the name that its user gave it.
#[must_use]
pub fn called(number: &PhoneNumber, name: Option<&str>) -> String {
    name.map_or_else(|| number.masked(), |name| format!("{name} ({})", number.masked()))
}

/// Has a code sent to one of the user's phones, or to the one used last; none when there is no such one. The caller holds the
/// user's lock.
///
/// # Errors
/// When the database fails or a number does not open.
pub async fn send(
    conn: &mut Conn,
    platform: &Platform,
    user: UserRef,
    which: Option<MethodId>,
    about: About,
    most_a_day: u16,
) -> Result<Option<Sent>> {
    if !platform.reaches_phones {
        return Ok(None);
    }
    let phones = list(conn, platform, user).await?;
    let Some(phone) = phones.iter().find(|phone| which.is_none_or(|id| phone.id == id)) else {
        return Ok(None);
    };
    let to = (Some(phone.id), &phone.number);
    Ok(Some(phones::service::send(conn, platform, user, to, about, most_a_day).await?))
}

/// What a number is called once its user has typed this for the name it is shown with.
pub(super) fn renamed(number: &PhoneNumber, typed: Option<&str>) -> String {
    let masked = number.masked();
    let name = typed.map(|typed| typed.strip_suffix(&format!("({masked})")).unwrap_or(typed).trim());
    called(number, name.filter(|name| !name.is_empty() && *name != masked))
}

/// Ends the codes that are on their way to phones of these users, and forgets where they went.
pub(super) async fn forget(conn: &mut Conn, customer: CustomerId, users: &[UserId], now: Time) -> Result<()> {
    phones::service::forget(conn, customer, users, now).await
}

/// Takes a code that was sent to one of the user's phones for `about`.
pub(super) async fn take_code(
    conn: &mut Conn,
    platform: &Platform,
    user: UserRef,
    about: About,
    digits: &str,
) -> Result<Option<MethodKind>> {
    let taken = phones::service::take_code(conn, platform, user, about, digits).await?;
    let Some(id) = taken.and_then(|taken| taken.method) else {
        return Ok(None);
    };
    // It may have been removed since the code was sent.
    let rows = store::of_user(conn, user).await?;
    if rows.iter().all(|row| row.id != id) {
        return Ok(None);
    }
    store::set_used(conn, user, id, platform.now()).await?;
    Ok(Some(MethodKind::Phone))
}
