//! A user's row at the beginning and at the end of an account.

use super::super::store::life as store;
use super::User;
use crate::domain::authority::{Role, Scope};
use crate::domain::ids::{CustomerId, UserId};
use crate::domain::time::Time;
use crate::domain::user::{Address, UserRef};
use crate::features::session;
use crate::platform::text::address_key;
use crate::platform::{Conn, Result};

/// Makes an invited account active, with its first password; its address has just proved to reach them. Says whether it
/// was waiting for that: of two who finish at once, one does.
///
/// # Errors
/// When the database fails.
pub async fn activate(conn: &mut Conn, user: UserRef, password_hash: &str, now: Time) -> Result<bool> {
    store::activate(conn, user, password_hash, now).await
}

/// Lets a suspended user in again, as they stood before.
///
/// # Errors
/// When the database fails.
pub async fn reactivate(conn: &mut Conn, user: UserRef) -> Result<()> {
    store::unsuspend(conn, user).await
}

/// Takes everything from `user` but the name, by which the records know them: roles, address, password, sessions and
/// half-finished sign-ins. Their address is free for somebody else at once.
///
/// # Errors
/// When the database fails.
pub async fn remove(conn: &mut Conn, user: UserRef, now: Time) -> Result<()> {
    store::remove(conn, user, &format!("{}@removed.invalid", user.id), now).await?;
    session::service::end_all(conn, user.customer, &[user.id]).await?;
    session::service::end_all_challenges(conn, user.customer, &[user.id]).await?;
    Ok(())
}

/// Somebody who was removed.
#[derive(Clone, Debug)]
pub struct Removed {
    /// Their name.
    pub name: String,
    /// Their home customer's name.
    pub customer_name: String,
    /// When.
    pub at: Time,
}

/// The removed user with this id, at home in `scope`.
///
/// # Errors
/// When the database fails.
pub async fn removed(conn: &mut Conn, scope: &Scope, id: UserId) -> Result<Option<Removed>> {
    let row = store::removed(conn, scope, id).await?;
    Ok(row.map(|row| Removed { name: row.name, customer_name: row.customer_name, at: row.at }))
}

/// Which of `addresses` belong to somebody in `scope`, by their folded form.
///
/// # Errors
/// When the database fails.
pub async fn taken_in(conn: &mut Conn, scope: &Scope, addresses: &[Address]) -> Result<Vec<String>> {
    let keys: Vec<String> = addresses.iter().map(address_key).collect();
    store::taken_in(conn, scope, &keys).await
}

/// Those at home in `scope` who have one of `addresses`, in whatever spelling.
///
/// # Errors
/// When the database fails.
pub async fn at_home(conn: &mut Conn, scope: &Scope, addresses: &[Address]) -> Result<Vec<User>> {
    let keys: Vec<String> = addresses.iter().map(address_key).collect();
    let ids = store::ids_at(conn, scope, &keys).await?;
    super::by_ids(conn, scope, &ids).await
}

/// Somebody, by an address of theirs.
#[derive(Clone, Debug)]
pub struct Found {
    /// Who.
    pub user: UserRef,
    /// Their name.
    pub name: String,
    /// Where mails go.
    pub address: Address,
    /// Its folded form.
    pub address_key: String,
    /// Their home customer's name.
    pub customer_name: String,
    /// Their role there.
    pub role: Role,
}

/// Those at home in `scope` who have one of `addresses`, in whatever spelling, by name and role alone. An address is at most
/// one person's, at whichever customer; whoever is at home elsewhere is not there.
///
/// # Errors
/// When the database fails.
pub async fn found(conn: &mut Conn, scope: &Scope, addresses: &[Address]) -> Result<Vec<Found>> {
    let keys: Vec<String> = addresses.iter().map(address_key).collect();
    let found = |row: store::Found| Found {
        user: UserRef { customer: row.customer_id, id: row.id },
        name: row.name,
        address: row.address,
        address_key: row.address_key,
        customer_name: row.customer_name,
        role: row.role,
    };
    Ok(store::found(conn, scope, &keys).await?.into_iter().map(found).collect())
}

/// Every customer in which `user` holds or held a role, in ascending order.
///
/// # Errors
/// When the database fails.
pub async fn member_of(conn: &mut Conn, user: UserRef) -> Result<Vec<CustomerId>> {
    store::member_of(conn, user).await
}
