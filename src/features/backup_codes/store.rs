//! All SQL over `backup_codes` and `backup_code_sets`.

use sqlx::FromRow;

use crate::domain::backup_code::Used;
use crate::domain::ids::{CustomerId, UserId};
use crate::domain::time::Time;
use crate::domain::user::UserRef;
use crate::platform::db::{over_users, rows};
use crate::platform::{Conn, Result};

#[derive(FromRow)]
pub struct Row {
    pub number: i64,
    pub hash: String,
    pub used_at: Option<Time>,
    pub used_from: Option<String>,
}

pub async fn of_user(conn: &mut Conn, user: UserRef) -> Result<Vec<Row>> {
    Ok(sqlx::query_as(
        "SELECT number, hash, used_at, used_from FROM backup_codes WHERE customer_id = $1 AND user_id = $2 ORDER BY number",
    )
    .bind(user.customer)
    .bind(user.id)
    .fetch_all(conn)
    .await?)
}

pub async fn insert(conn: &mut Conn, user: UserRef, hashes: &[String], now: Time) -> Result<()> {
    sqlx::query("INSERT INTO backup_code_sets (customer_id, user_id, made_at) VALUES ($1, $2, $3)")
        .bind(user.customer)
        .bind(user.id)
        .bind(now)
        .execute(&mut *conn)
        .await?;
    let text = format!(
        "INSERT INTO backup_codes (customer_id, user_id, number, hash, made_at) VALUES {}",
        rows(conn, hashes.len(), 5)
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(text));
    for (number, hash) in (1i64..).zip(hashes) {
        query = query.bind(user.customer).bind(user.id).bind(number).bind(hash).bind(now);
    }
    query.execute(conn).await?;
    Ok(())
}

/// Spends a code that is not spent. Of any number at once, one succeeds.
pub async fn spend(conn: &mut Conn, user: UserRef, number: i64, used: &Used) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE backup_codes SET used_at = $1, used_from = $2 \
         WHERE customer_id = $3 AND user_id = $4 AND number = $5 AND used_at IS NULL",
    )
    .bind(used.at)
    .bind(&used.from)
    .bind(user.customer)
    .bind(user.id)
    .bind(number)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

#[derive(FromRow)]
pub struct Set {
    pub made_at: Time,
    pub saved_at: Option<Time>,
}

pub async fn set_of(conn: &mut Conn, user: UserRef) -> Result<Option<Set>> {
    Ok(sqlx::query_as("SELECT made_at, saved_at FROM backup_code_sets WHERE customer_id = $1 AND user_id = $2")
        .bind(user.customer)
        .bind(user.id)
        .fetch_optional(conn)
        .await?)
}

pub async fn mark_saved(conn: &mut Conn, user: UserRef, now: Time) -> Result<()> {
    sqlx::query(
        "UPDATE backup_code_sets SET saved_at = $1 WHERE customer_id = $2 AND user_id = $3 AND saved_at IS NULL",
    )
    .bind(now)
    .bind(user.customer)
    .bind(user.id)
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn delete_all(conn: &mut Conn, customer: CustomerId, users: &[UserId]) -> Result<()> {
    for text in [
        "DELETE FROM backup_codes WHERE customer_id = $1 AND user_id IN",
        "DELETE FROM backup_code_sets WHERE customer_id = $1 AND user_id IN",
    ] {
        over_users(text, customer, users).execute(&mut *conn).await?;
    }
    Ok(())
}
