//! Registers authenticators, judges their codes, and takes them all away.

use super::store;
use crate::domain::ids::{CustomerId, MethodId, UserId};
use crate::domain::method::MethodKind;
use crate::domain::time::Time;
use crate::domain::totp::Step;
use crate::domain::user::UserRef;
use crate::platform::totp::TotpSecret;
use crate::platform::{Conn, Fault, Platform, Result};

/// One authentication method, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// Its identifier.
    pub id: MethodId,
    /// What it is.
    pub kind: MethodKind,
    /// What its user calls it.
    pub name: Option<String>,
    /// When it was registered.
    pub registered_at: Time,
    /// When it was last used to sign in or for a step-up.
    pub last_used_at: Option<Time>,
}

/// The methods of `user`, the oldest first.
///
/// # Errors
/// When the database fails.
pub async fn list(conn: &mut Conn, user: UserRef) -> Result<Vec<Method>> {
    let rows = store::of_user(conn, user).await?;
    Ok(rows
        .into_iter()
        .map(|row| Method {
            id: row.id,
            kind: row.kind,
            name: row.name,
            registered_at: row.registered_at,
            last_used_at: row.last_used_at,
        })
        .collect())
}

/// Registers an authenticator app whose first code, of `step`, was right: that code counts no second time.
///
/// # Errors
/// When the database fails.
pub async fn register(
    conn: &mut Conn,
    platform: &Platform,
    user: UserRef,
    secret: &TotpSecret,
    step: Step,
) -> Result<MethodId> {
    let now = platform.now();
    let id = platform.rng.id(now, MethodId::new);
    let sealed = platform.keys.seal(&platform.rng, &place(user, id), secret.bytes());
    store::insert(conn, user, id, MethodKind::AuthenticatorApp, &sealed, step, now).await?;
    Ok(id)
}

/// Takes a code of one of the user's authenticators, if it is right and fresh: at most one of any number of the same
/// code succeeds, whatever it is for.
///
/// # Errors
/// When the database fails or a secret does not open.
pub async fn take_code(conn: &mut Conn, platform: &Platform, user: UserRef, digits: &str) -> Result<bool> {
    let now = platform.now();
    for row in apps(conn, user).await? {
        let matching = open(platform, user, &row)?.matching_step(digits, now);
        if let Some(step) = matching.filter(|step| step.is_fresh(Some(Step(row.last_step)))) {
            return store::take_step(conn, user, row.id, step, now).await;
        }
    }
    Ok(false)
}

/// The code that the user's newest authenticator shows now: the demo plays the user's phone.
///
/// # Errors
/// When the database fails or the secret does not open.
pub async fn code_now(conn: &mut Conn, platform: &Platform, user: UserRef) -> Result<Option<String>> {
    let rows = apps(conn, user).await?;
    rows.last().map(|row| Ok(open(platform, user, row)?.code(platform.now()))).transpose()
}

/// Gives one of the user's methods a name, or takes it away; it says nothing about who gets in.
///
/// # Errors
/// When the database fails.
pub async fn set_name(conn: &mut Conn, user: UserRef, id: MethodId, name: Option<&str>) -> Result<()> {
    store::set_name(conn, user, id, name).await
}

/// Deletes one method of `user`; says whether it was there.
///
/// # Errors
/// When the database fails.
pub async fn delete(conn: &mut Conn, user: UserRef, id: MethodId) -> Result<bool> {
    store::delete(conn, user, id).await
}

/// Deletes every method of these users; says how many there were.
///
/// # Errors
/// When the database fails.
pub async fn delete_all(conn: &mut Conn, customer: CustomerId, users: &[UserId]) -> Result<u64> {
    store::delete_all(conn, customer, users).await
}

/// Those that show codes.
async fn apps(conn: &mut Conn, user: UserRef) -> Result<Vec<store::Row>> {
    let mut rows = store::of_user(conn, user).await?;
    rows.retain(|row| row.kind == MethodKind::AuthenticatorApp);
    Ok(rows)
}

fn open(platform: &Platform, user: UserRef, row: &store::Row) -> Result<TotpSecret> {
    let bytes = platform.keys.open(&place(user, row.id), &row.secret)?;
    let bytes = <[u8; 20]>::try_from(bytes.as_slice()).map_err(|_| Fault::Sealed)?;
    Ok(TotpSecret::from_bytes(bytes))
}

/// Where a secret lies: sealed for one place, it opens in no other.
fn place(user: UserRef, id: MethodId) -> String {
    format!("method {} {} {id}", user.customer, user.id)
}
