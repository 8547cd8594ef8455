//! All SQL over `token_imports`.

use sqlx::FromRow;

use crate::domain::ids::{CustomerId, TokenImportId, UserId};
use crate::domain::time::Time;
use crate::domain::user::UserRef;
use crate::platform::{Conn, Result};

#[derive(Clone, FromRow)]
pub struct Import {
    pub id: TokenImportId,
    pub customer_id: CustomerId,
    pub customer_name: String,
    pub requester_customer_id: CustomerId,
    pub requester_id: UserId,
    pub sealed: Option<String>,
    pub created_at: Time,
    pub confirmed_at: Option<Time>,
    pub taken: Option<i64>,
    pub untaken: Option<i64>,
}

impl Import {
    pub const fn requester(&self) -> UserRef {
        UserRef { customer: self.requester_customer_id, id: self.requester_id }
    }
}

pub async fn insert(
    conn: &mut Conn,
    id: TokenImportId,
    customer: CustomerId,
    requester: UserRef,
    sealed: &str,
    now: Time,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO token_imports (id, customer_id, requester_customer_id, requester_id, sealed, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(id)
    .bind(customer)
    .bind(requester.customer)
    .bind(requester.id)
    .bind(sealed)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn get(conn: &mut Conn, id: TokenImportId) -> Result<Option<Import>> {
    Ok(sqlx::query_as(
        "SELECT i.id, i.customer_id, c.name AS customer_name, i.requester_customer_id, i.requester_id, i.sealed, \
            i.created_at, i.confirmed_at, i.taken, i.untaken \
         FROM token_imports i JOIN customers c ON c.id = i.customer_id WHERE i.id = $1",
    )
    .bind(id)
    .fetch_optional(conn)
    .await?)
}

/// Writes down what came of a file, and forgets its secrets. Of two that confirm at once, one succeeds.
pub async fn confirm(conn: &mut Conn, id: TokenImportId, taken: i64, untaken: i64, now: Time) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE token_imports SET confirmed_at = $1, taken = $2, untaken = $3, sealed = NULL \
         WHERE id = $4 AND confirmed_at IS NULL",
    )
    .bind(now)
    .bind(taken)
    .bind(untaken)
    .bind(id)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets the files that were never confirmed and those that were, each when it is older than that.
pub async fn delete_old(conn: &mut Conn, unconfirmed_before: Time, confirmed_before: Time) -> Result<()> {
    sqlx::query("DELETE FROM token_imports WHERE confirmed_at IS NULL AND created_at < $1 OR confirmed_at < $2")
        .bind(unconfirmed_before)
        .bind(confirmed_before)
        .execute(conn)
        .await?;
    Ok(())
}
