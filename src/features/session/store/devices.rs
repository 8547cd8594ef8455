//! All SQL over `trusted_devices`, and over which of them a session belongs to.

use sqlx::FromRow;

use crate::domain::authority::Scope;
use crate::domain::ids::{CustomerId, DeviceId, SessionId, UserId};
use crate::domain::time::{Span, Time};
use crate::domain::user::UserRef;
use crate::platform::db::over_users;
use crate::platform::request::Origin;
use crate::platform::{Conn, Result};

#[derive(FromRow)]
pub struct DeviceRow {
    pub id: DeviceId,
    pub trusted_at: Time,
    pub ends_at: Time,
    pub last_used_at: Time,
    pub from_address: Option<String>,
    pub browser: Option<String>,
}

const DEVICE: &str = "id, trusted_at, ends_at, last_used_at, from_address, browser";

pub async fn insert(
    conn: &mut Conn,
    token_hash: &str,
    id: DeviceId,
    user: UserRef,
    now: Time,
    ends_at: Time,
    origin: &Origin,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO trusted_devices \
            (token_hash, id, customer_id, user_id, trusted_at, ends_at, last_used_at, from_address, browser) \
         VALUES ($1, $2, $3, $4, $5, $6, $5, $7, $8)",
    )
    .bind(token_hash)
    .bind(id)
    .bind(user.customer)
    .bind(user.id)
    .bind(now)
    .bind(ends_at)
    .bind(origin.address.clone())
    .bind(origin.browser.clone())
    .execute(conn)
    .await?;
    Ok(())
}

/// Only of this user: whose token it may be otherwise is not even read.
pub async fn by_token(conn: &mut Conn, user: UserRef, token_hash: &str) -> Result<Option<DeviceRow>> {
    let text =
        format!("SELECT {DEVICE} FROM trusted_devices WHERE token_hash = $1 AND customer_id = $2 AND user_id = $3");
    let query = sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(token_hash);
    Ok(query.bind(user.customer).bind(user.id).fetch_optional(conn).await?)
}

pub async fn of_user(conn: &mut Conn, user: UserRef) -> Result<Vec<DeviceRow>> {
    let text = format!(
        "SELECT {DEVICE} FROM trusted_devices WHERE customer_id = $1 AND user_id = $2 ORDER BY last_used_at DESC, id DESC"
    );
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(user.customer).bind(user.id).fetch_all(conn).await?)
}

/// Says whether it is still there. The row is held from then on: whoever ends it meanwhile waits.
pub async fn touch(conn: &mut Conn, user: UserRef, id: DeviceId, now: Time) -> Result<bool> {
    let done =
        sqlx::query("UPDATE trusted_devices SET last_used_at = $1 WHERE customer_id = $2 AND user_id = $3 AND id = $4")
            .bind(now)
            .bind(user.customer)
            .bind(user.id)
            .bind(id)
            .execute(conn)
            .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn set_session(conn: &mut Conn, session_hash: &str, id: DeviceId) -> Result<()> {
    sqlx::query("UPDATE sessions SET device_id = $1 WHERE token_hash = $2")
        .bind(id)
        .bind(session_hash)
        .execute(conn)
        .await?;
    Ok(())
}

pub async fn of_session(conn: &mut Conn, user: UserRef, session: SessionId) -> Result<Option<DeviceId>> {
    let row: Option<(Option<DeviceId>,)> =
        sqlx::query_as("SELECT device_id FROM sessions WHERE customer_id = $1 AND user_id = $2 AND id = $3")
            .bind(user.customer)
            .bind(user.id)
            .bind(session)
            .fetch_optional(conn)
            .await?;
    Ok(row.and_then(|(id,)| id))
}

pub async fn delete_one(conn: &mut Conn, user: UserRef, id: DeviceId) -> Result<Option<DeviceRow>> {
    let text =
        format!("DELETE FROM trusted_devices WHERE customer_id = $1 AND user_id = $2 AND id = $3 RETURNING {DEVICE}");
    let query = sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(user.customer).bind(user.id).bind(id);
    Ok(query.fetch_optional(conn).await?)
}

/// Ends the sessions of one device but `keep`.
pub async fn delete_sessions_of(conn: &mut Conn, user: UserRef, id: DeviceId, keep: SessionId) -> Result<()> {
    sqlx::query("DELETE FROM sessions WHERE customer_id = $1 AND user_id = $2 AND device_id = $3 AND id <> $4")
        .bind(user.customer)
        .bind(user.id)
        .bind(id)
        .bind(keep)
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends the device of one session.
pub async fn delete_of_session(conn: &mut Conn, user: UserRef, session: SessionId) -> Result<()> {
    sqlx::query(
        "DELETE FROM trusted_devices WHERE customer_id = $1 AND user_id = $2 AND id IN \
            (SELECT s.device_id FROM sessions s WHERE s.customer_id = $1 AND s.user_id = $2 AND s.id = $3)",
    )
    .bind(user.customer)
    .bind(user.id)
    .bind(session)
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps the newest `most` of one user.
pub async fn delete_oldest(conn: &mut Conn, user: UserRef, most: i64) -> Result<u64> {
    let done = sqlx::query(
        "DELETE FROM trusted_devices WHERE customer_id = $1 AND user_id = $2 AND id NOT IN \
            (SELECT d.id FROM trusted_devices d WHERE d.customer_id = $1 AND d.user_id = $2 \
             ORDER BY d.trusted_at DESC, d.id DESC LIMIT $3)",
    )
    .bind(user.customer)
    .bind(user.id)
    .bind(most)
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

pub async fn delete_all(conn: &mut Conn, customer: CustomerId, users: &[UserId]) -> Result<u64> {
    let text = "DELETE FROM trusted_devices WHERE customer_id = $1 AND user_id IN";
    Ok(over_users(text, customer, users).execute(conn).await?.rows_affected())
}

/// Ends all of one user but the one that this session belongs to.
pub async fn delete_but_of(conn: &mut Conn, user: UserRef, session: SessionId) -> Result<u64> {
    let done = sqlx::query(
        "DELETE FROM trusted_devices WHERE customer_id = $1 AND user_id = $2 AND id NOT IN \
            (SELECT s.device_id FROM sessions s WHERE s.customer_id = $1 AND s.user_id = $2 AND s.id = $3 \
                AND s.device_id IS NOT NULL)",
    )
    .bind(user.customer)
    .bind(user.id)
    .bind(session)
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

pub async fn delete_of_customer(conn: &mut Conn, scope: &Scope, customer: CustomerId) -> Result<u64> {
    if !scope.covers(customer) {
        return Ok(0);
    }
    let done = sqlx::query("DELETE FROM trusted_devices WHERE customer_id = $1").bind(customer).execute(conn).await?;
    Ok(done.rows_affected())
}

/// Brings forward the end of those that were to last longer.
pub async fn bring_forward(conn: &mut Conn, scope: &Scope, customer: CustomerId, lasting: Span) -> Result<()> {
    if !scope.covers(customer) {
        return Ok(());
    }
    sqlx::query(
        "UPDATE trusted_devices SET ends_at = trusted_at + $1 WHERE customer_id = $2 AND ends_at > trusted_at + $1",
    )
    .bind(lasting.as_milliseconds())
    .bind(customer)
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes what is over anyway. Nothing depends on it: every read checks the time itself.
pub async fn delete_stale(conn: &mut Conn, now: Time) -> Result<()> {
    sqlx::query("DELETE FROM trusted_devices WHERE ends_at <= $1").bind(now).execute(conn).await?;
    Ok(())
}
