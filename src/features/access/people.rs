//! Who holds which role in a customer.

use super::store;
use crate::domain::authority::{Actor, Right, Role, Scope};
use crate::domain::ids::{CustomerId, UserId};
use crate::domain::time::Time;
use crate::domain::user::{Address, UserRef};
use crate::platform::{Conn, Result};

/// How many people are on a page of the list.
pub const PAGE: i64 = 50;

/// Somebody with a role in a customer.
#[derive(Clone, Debug)]
pub struct Held {
    /// Who.
    pub user: UserRef,
    /// Their name.
    pub name: String,
    /// Their address.
    pub address: Address,
    /// The name of their home customer, for those who may know it ([`Scope::knows_home`]).
    pub home: Option<String>,
    /// Their role.
    pub role: Role,
    /// Since when.
    pub since: Time,
    /// When it ends by itself.
    pub ends_at: Option<Time>,
}

impl Held {
    /// What whoever reads the records of `readable` is told.
    fn of(row: store::Held, readable: &Scope) -> Self {
        let is_known = readable.knows_home(row.user_customer_id, row.by_provider == 1);
        Self {
            user: UserRef { customer: row.user_customer_id, id: row.user_id },
            name: row.name,
            address: row.address,
            home: is_known.then_some(row.home_name),
            role: row.role,
            since: row.granted_at,
            ends_at: row.ends_at,
        }
    }
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page {
    /// At most [`PAGE`] people, the most powerful first.
    pub people: Vec<Held>,
    /// How many there are in all.
    pub total: i64,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// Those who hold more than a member's role in `customer`, or any role there from elsewhere, after `cursor`; none for a
/// customer in whose records `actor` may not look.
///
/// # Errors
/// When the database fails.
pub async fn people(
    conn: &mut Conn,
    actor: &Actor,
    customer: CustomerId,
    cursor: Option<&str>,
    now: Time,
) -> Result<Option<Page>> {
    let scope = actor.scope(Right::Read).narrowed(&[customer]);
    if scope.only().is_none() {
        return Ok(None);
    }
    let after = cursor.filter(|cursor| !cursor.contains('\0')).and_then(|cursor| {
        let mut parts = cursor.splitn(3, '~');
        let (rank, id) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some((rank, parts.next()?, id))
    });
    let total = store::count_people(conn, &scope, now).await?;
    let mut rows = store::people(conn, &scope, now, after, PAGE + 1).await?;
    let full = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let more = rows.len() > full;
    rows.truncate(full);
    let next = more.then(|| rows.last().map(|row| format!("{}~{}~{}", row.rank, row.user_id, row.name_key))).flatten();
    let readable = actor.scope(Right::Read);
    Ok(Some(Page { people: rows.into_iter().map(|row| Held::of(row, &readable)).collect(), total, next }))
}

/// The role that somebody holds in a customer in whose records `actor` may look.
///
/// # Errors
/// When the database fails.
pub async fn held(
    conn: &mut Conn,
    actor: &Actor,
    customer: CustomerId,
    user: UserId,
    now: Time,
) -> Result<Option<Held>> {
    let readable = actor.scope(Right::Read);
    let held = store::held(conn, &readable.narrowed(&[customer]), user, now).await?;
    Ok(held.map(|row| Held::of(row, &readable)))
}
