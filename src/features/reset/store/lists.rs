//! All SQL over `reset_lists`.

use sqlx::FromRow;

use crate::domain::ids::ResetListId;
use crate::domain::time::Time;
use crate::domain::user::UserRef;
use crate::platform::{Conn, Result};

#[derive(FromRow)]
pub struct List {
    pub text: String,
    pub created_at: Time,
}

/// Keeps a list in place of the one that its reader had.
pub async fn keep(conn: &mut Conn, id: ResetListId, requester: UserRef, text: &str, now: Time) -> Result<()> {
    sqlx::query(
        "INSERT INTO reset_lists (requester_customer_id, requester_id, id, text, created_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (requester_customer_id, requester_id) DO UPDATE SET id = excluded.id, text = excluded.text, \
            created_at = excluded.created_at",
    )
    .bind(requester.customer)
    .bind(requester.id)
    .bind(id)
    .bind(text.to_owned())
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// A list of this reader that is younger than `since`.
pub async fn get(conn: &mut Conn, id: ResetListId, requester: UserRef, since: Time) -> Result<Option<List>> {
    Ok(sqlx::query_as(
        "SELECT text, created_at FROM reset_lists \
         WHERE requester_customer_id = $1 AND requester_id = $2 AND id = $3 AND created_at > $4",
    )
    .bind(requester.customer)
    .bind(requester.id)
    .bind(id)
    .bind(since)
    .fetch_optional(conn)
    .await?)
}

pub async fn delete_old(conn: &mut Conn, before: Time) -> Result<()> {
    sqlx::query("DELETE FROM reset_lists WHERE created_at <= $1").bind(before).execute(conn).await?;
    Ok(())
}
