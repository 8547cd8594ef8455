//! All SQL over `password_requests`.

use sqlx::FromRow;

use crate::domain::ids::PasswordRequestId;
use crate::domain::time::Time;
use crate::platform::{Conn, Result};

pub async fn insert(
    conn: &mut Conn,
    id: PasswordRequestId,
    address_key: &str,
    address: &str,
    from: Option<&str>,
    now: Time,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO password_requests (id, address_key, address, from_address, asked_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(id)
    .bind(address_key)
    .bind(address)
    .bind(from)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// How many requests for this address, and how many from this network address, were made since `since`.
pub async fn counted(conn: &mut Conn, address_key: &str, from: Option<&str>, since: Time) -> Result<(i64, i64)> {
    Ok(sqlx::query_as(
        "SELECT (SELECT COUNT(*) FROM password_requests WHERE address_key = $1 AND asked_at > $3), \
            (SELECT COUNT(*) FROM password_requests WHERE from_address = $2 AND asked_at > $3)",
    )
    .bind(address_key)
    .bind(from)
    .bind(since)
    .fetch_one(conn)
    .await?)
}

/// Which requests wait for their answer, the oldest first.
pub async fn waiting(conn: &mut Conn, limit: i64) -> Result<Vec<PasswordRequestId>> {
    let rows: Vec<(PasswordRequestId,)> =
        sqlx::query_as("SELECT id FROM password_requests WHERE answered_at IS NULL ORDER BY id LIMIT $1")
            .bind(limit)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

#[derive(FromRow)]
pub struct Row {
    pub address_key: String,
    pub address: Option<String>,
    pub from_address: Option<String>,
    pub asked_at: Time,
}

/// Takes a request to answer it. Of any number at once, one gets it.
pub async fn take(conn: &mut Conn, id: PasswordRequestId, now: Time) -> Result<Option<Row>> {
    Ok(sqlx::query_as(
        "UPDATE password_requests SET answered_at = $1 WHERE id = $2 AND answered_at IS NULL \
         RETURNING address_key, address, from_address, asked_at",
    )
    .bind(now)
    .bind(id)
    .fetch_optional(conn)
    .await?)
}

/// Forgets the address of a request.
pub async fn forget(conn: &mut Conn, id: PasswordRequestId) -> Result<()> {
    sqlx::query("UPDATE password_requests SET address = NULL WHERE id = $1").bind(id).execute(conn).await?;
    Ok(())
}

/// The place of a request among those for the same address since `since`, from 1.
pub async fn place(conn: &mut Conn, id: PasswordRequestId, address_key: &str, since: Time) -> Result<i64> {
    let query = sqlx::query_as::<_, (i64,)>(
        "SELECT COUNT(*) FROM password_requests WHERE address_key = $1 AND asked_at > $2 AND id <= $3",
    );
    Ok(query.bind(address_key).bind(since).bind(id).fetch_one(conn).await?.0)
}

/// Forgets what is counted no more.
pub async fn delete_stale(conn: &mut Conn, before: Time) -> Result<()> {
    sqlx::query("DELETE FROM password_requests WHERE asked_at <= $1 AND answered_at IS NOT NULL")
        .bind(before)
        .execute(conn)
        .await?;
    Ok(())
}
