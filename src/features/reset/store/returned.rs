//! Who wants to be told of returns, and how many there are.

use sqlx::FromRow;

use crate::domain::ids::ResetId;
use crate::domain::progress::{RETURNS_TOLD_FOR, Returned};
use crate::domain::time::Time;
use crate::platform::{Conn, Result};

#[derive(Clone, Copy, FromRow)]
pub struct Wanted {
    pub id: ResetId,
    /// When its requester was last told, or first wanted to be.
    pub back_told_at: Time,
    /// How many were back then.
    pub back_told: i64,
}

/// The resets of which somebody wants to be told.
pub async fn wanted(conn: &mut Conn, now: Time) -> Result<Vec<Wanted>> {
    let text = "SELECT id, back_told_at, back_told FROM resets \
         WHERE back_told_at IS NOT NULL AND back_told IS NOT NULL AND confirmed_at > $1 ORDER BY id";
    Ok(sqlx::query_as(text).bind(now - RETURNS_TOLD_FOR).fetch_all(conn).await?)
}

/// How many of a reset are back, of how many who were or will be reset.
pub async fn count(conn: &mut Conn, id: ResetId) -> Result<Returned> {
    let text = "SELECT CAST(COUNT(l.id) AS BIGINT), CAST(COUNT(*) AS BIGINT) FROM reset_items i \
         LEFT JOIN links l ON l.id = i.link_id AND l.ended_how IN ('completed', 'completed_at_sign_in') \
         WHERE i.reset_id = $1 AND i.skip IS NULL AND i.failed_at IS NULL";
    let (back, of) = sqlx::query_as::<_, (i64, i64)>(text).bind(id).fetch_one(conn).await?;
    Ok(Returned { back, of })
}

/// Writes down that its requester knows of so many, or wants to know no more.
pub async fn set(conn: &mut Conn, id: ResetId, told: Option<(Time, i64)>) -> Result<()> {
    sqlx::query("UPDATE resets SET back_told_at = $1, back_told = $2 WHERE id = $3")
        .bind(told.map(|(at, _)| at))
        .bind(told.map(|(_, back)| back))
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// The same, unless another process was faster.
pub async fn move_on(conn: &mut Conn, from: Wanted, told: Option<(Time, i64)>) -> Result<bool> {
    let done = sqlx::query("UPDATE resets SET back_told_at = $1, back_told = $2 WHERE id = $3 AND back_told_at = $4")
        .bind(told.map(|(at, _)| at))
        .bind(told.map(|(_, back)| back))
        .bind(from.id)
        .bind(from.back_told_at)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}
