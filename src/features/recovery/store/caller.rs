//! All SQL over `caller_codes`.

use sqlx::FromRow;

use crate::domain::ids::{CallerCodeId, LinkId, UserId};
use crate::domain::time::Time;
use crate::domain::user::UserRef;
use crate::platform::{Conn, Result};

#[derive(FromRow)]
pub struct Row {
    pub id: CallerCodeId,
    pub key_id: String,
    pub made_by_id: UserId,
}

pub struct New<'a> {
    pub id: CallerCodeId,
    pub link: LinkId,
    pub generation: i64,
    pub key_id: &'a str,
    pub by: UserRef,
}

pub async fn insert(conn: &mut Conn, user: UserRef, new: &New<'_>, now: Time) -> Result<()> {
    sqlx::query(
        "INSERT INTO caller_codes \
            (id, customer_id, user_id, link_id, generation, key_id, made_at, made_by_customer_id, made_by_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(new.id)
    .bind(user.customer)
    .bind(user.id)
    .bind(new.link)
    .bind(new.generation)
    .bind(new.key_id)
    .bind(now)
    .bind(new.by.customer)
    .bind(new.by.id)
    .execute(conn)
    .await?;
    Ok(())
}

/// When codes were made for this user since `since`, the newest first.
pub async fn made_since(conn: &mut Conn, user: UserRef, since: Time) -> Result<Vec<Time>> {
    let rows: Vec<(Time,)> = sqlx::query_as(
        "SELECT made_at FROM caller_codes WHERE customer_id = $1 AND user_id = $2 AND made_at > $3 \
         ORDER BY made_at DESC",
    )
    .bind(user.customer)
    .bind(user.id)
    .bind(since)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(at,)| at).collect())
}

/// The code for this token of a link that counts: made after `since`, not ended, not guessed dead.
pub async fn live(conn: &mut Conn, link: LinkId, generation: i64, since: Time, most_wrong: i64) -> Result<Option<Row>> {
    Ok(sqlx::query_as(
        "SELECT id, key_id, made_by_id FROM caller_codes \
         WHERE link_id = $1 AND generation = $2 AND made_at > $3 AND ended_at IS NULL AND wrong_codes < $4 \
         ORDER BY made_at DESC, id DESC LIMIT 1",
    )
    .bind(link)
    .bind(generation)
    .bind(since)
    .bind(most_wrong)
    .fetch_optional(conn)
    .await?)
}

/// Ends a code; says whether it had not ended before. Of any number at once, one succeeds.
pub async fn end(conn: &mut Conn, id: CallerCodeId, now: Time) -> Result<bool> {
    let done = sqlx::query("UPDATE caller_codes SET ended_at = $1 WHERE id = $2 AND ended_at IS NULL")
        .bind(now)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends the codes of this user that have not ended.
pub async fn end_all(conn: &mut Conn, user: UserRef, now: Time) -> Result<()> {
    sqlx::query("UPDATE caller_codes SET ended_at = $1 WHERE customer_id = $2 AND user_id = $3 AND ended_at IS NULL")
        .bind(now)
        .bind(user.customer)
        .bind(user.id)
        .execute(conn)
        .await?;
    Ok(())
}

pub async fn raise_wrong_codes(conn: &mut Conn, id: CallerCodeId) -> Result<()> {
    sqlx::query("UPDATE caller_codes SET wrong_codes = wrong_codes + 1 WHERE id = $1").bind(id).execute(conn).await?;
    Ok(())
}

/// Forgets what is counted no more. Nothing depends on it: every read checks the time itself.
pub async fn delete_stale(conn: &mut Conn, before: Time) -> Result<()> {
    sqlx::query("DELETE FROM caller_codes WHERE made_at <= $1").bind(before).execute(conn).await?;
    Ok(())
}
