//! All SQL over `address_changes`, and whether one of them still waits.

use sqlx::FromRow;

use crate::domain::address::{Change, Place};
use crate::domain::ids::{ChallengeId, CustomerId, UserId};
use crate::domain::time::Time;
use crate::domain::user::{Address, UserRef};
use crate::platform::{Conn, Result};

pub async fn insert(
    conn: &mut Conn,
    id: ChallengeId,
    user: UserRef,
    place: Place,
    address: &Address,
    now: Time,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO address_changes (id, customer_id, user_id, place, address, asked_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(id)
    .bind(user.customer)
    .bind(user.id)
    .bind(place)
    .bind(address.clone())
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// How many addresses this user asked for since `since`.
pub async fn asked(conn: &mut Conn, user: UserRef, since: Time) -> Result<i64> {
    let query = sqlx::query_as::<_, (i64,)>(
        "SELECT COUNT(*) FROM address_changes WHERE customer_id = $1 AND user_id = $2 AND asked_at > $3",
    );
    Ok(query.bind(user.customer).bind(user.id).bind(since).fetch_one(conn).await?.0)
}

#[derive(FromRow)]
pub struct Row {
    pub customer_id: CustomerId,
    pub user_id: UserId,
    pub place: Place,
    pub address: Address,
    pub confirmed_at: Option<Time>,
    pub old_address: Option<Address>,
}

impl Row {
    pub const fn user(&self) -> UserRef {
        UserRef { customer: self.customer_id, id: self.user_id }
    }

    pub fn change(&self) -> Change {
        Change { confirmed_at: self.confirmed_at, old_address: self.old_address.clone() }
    }
}

pub async fn get(conn: &mut Conn, id: ChallengeId) -> Result<Option<Row>> {
    Ok(sqlx::query_as(
        "SELECT customer_id, user_id, place, address, confirmed_at, old_address FROM address_changes WHERE id = $1",
    )
    .bind(id)
    .fetch_optional(conn)
    .await?)
}

/// The address that waits for its link, and until when.
#[derive(FromRow)]
pub struct Waiting {
    pub place: Place,
    pub address: Address,
    pub until: Time,
}

pub async fn waiting(conn: &mut Conn, user: UserRef, now: Time) -> Result<Option<Waiting>> {
    Ok(sqlx::query_as(
        "SELECT a.place, a.address, c.expires_at AS until FROM address_changes a JOIN challenges c ON c.id = a.id \
         WHERE c.customer_id = $1 AND c.user_id = $2 AND c.expires_at > $3",
    )
    .bind(user.customer)
    .bind(user.id)
    .bind(now)
    .fetch_optional(conn)
    .await?)
}

/// Writes down that a change took effect, and what can be taken back.
pub async fn set_confirmed(
    conn: &mut Conn,
    id: ChallengeId,
    now: Time,
    old: Option<&Address>,
    old_key: Option<&str>,
) -> Result<()> {
    sqlx::query("UPDATE address_changes SET confirmed_at = $1, old_address = $2, old_address_key = $3 WHERE id = $4")
        .bind(now)
        .bind(old.cloned())
        .bind(old_key)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Whether this address key is somebody else's, or was given up by somebody else since `since` and can be taken back.
pub async fn is_taken(conn: &mut Conn, user: UserRef, address_key: &str, since: Time) -> Result<bool> {
    let row: Option<(UserId,)> = sqlx::query_as(
        "SELECT id FROM users WHERE address_key = $1 AND NOT (customer_id = $2 AND id = $3) \
         UNION SELECT user_id FROM address_changes \
         WHERE old_address_key = $1 AND confirmed_at > $4 AND NOT (customer_id = $2 AND user_id = $3) LIMIT 1",
    )
    .bind(address_key)
    .bind(user.customer)
    .bind(user.id)
    .bind(since)
    .fetch_optional(conn)
    .await?;
    Ok(row.is_some())
}

/// When this user first gave up this address since `since`, and can take it back.
pub async fn given_up_at(conn: &mut Conn, user: UserRef, address_key: &str, since: Time) -> Result<Option<Time>> {
    let query = sqlx::query_as::<_, (Option<Time>,)>(
        "SELECT MIN(confirmed_at) FROM address_changes \
         WHERE customer_id = $1 AND user_id = $2 AND old_address_key = $3 AND confirmed_at > $4",
    );
    let (at,) = query.bind(user.customer).bind(user.id).bind(address_key).bind(since).fetch_one(conn).await?;
    Ok(at)
}

/// Forgets the changes of this user that took effect at `since` or later: nothing of them can be undone any more.
pub async fn settle(conn: &mut Conn, user: UserRef, since: Time) -> Result<()> {
    sqlx::query("DELETE FROM address_changes WHERE customer_id = $1 AND user_id = $2 AND confirmed_at >= $3")
        .bind(user.customer)
        .bind(user.id)
        .bind(since)
        .execute(conn)
        .await?;
    Ok(())
}

pub async fn delete_all(conn: &mut Conn, user: UserRef) -> Result<()> {
    sqlx::query("DELETE FROM address_changes WHERE customer_id = $1 AND user_id = $2")
        .bind(user.customer)
        .bind(user.id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets what is over: an address can then be anybody's.
pub async fn delete_stale(conn: &mut Conn, before: Time) -> Result<()> {
    sqlx::query("DELETE FROM address_changes WHERE COALESCE(confirmed_at, asked_at) <= $1")
        .bind(before)
        .execute(conn)
        .await?;
    Ok(())
}
