//! What carrying a reset out reads and writes: its lease, who is pending, and what became of whom.

use super::{Reset, get};
use crate::domain::ids::{CustomerId, LinkId, ResetId, UserId};
use crate::domain::plan::{Failure, Holdings, Skip};
use crate::domain::time::Time;
use crate::domain::user::UserRef;
use crate::platform::db::rows;
use crate::platform::{Conn, Result};

/// Takes the lease of a confirmed reset that is not complete and that nobody works on.
pub async fn lease(conn: &mut Conn, id: ResetId, now: Time, until: Time) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE resets SET leased_until = $1 WHERE id = $2 AND confirmed_at IS NOT NULL AND completed_at IS NULL \
            AND (leased_until IS NULL OR leased_until < $3)",
    )
    .bind(until)
    .bind(id)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Extends the lease and takes the reset's lock until the transaction ends: whoever cancels waits for this chunk, and the
/// next one sees it.
pub async fn hold(conn: &mut Conn, id: ResetId, until: Time) -> Result<Option<Reset>> {
    sqlx::query("UPDATE resets SET leased_until = $1 WHERE id = $2").bind(until).bind(id).execute(&mut *conn).await?;
    get(conn, id).await
}

/// Stops what has not begun, once; waits for the chunk under way.
pub async fn cancel(conn: &mut Conn, id: ResetId, by: UserRef, now: Time) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE resets SET cancelled_at = $1, cancelled_by_customer_id = $2, cancelled_by_id = $3 \
         WHERE id = $4 AND confirmed_at IS NOT NULL AND completed_at IS NULL AND cancelled_at IS NULL",
    )
    .bind(now)
    .bind(by.customer)
    .bind(by.id)
    .bind(id)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn complete(conn: &mut Conn, id: ResetId, now: Time) -> Result<()> {
    sqlx::query("UPDATE resets SET completed_at = $1, leased_until = NULL WHERE id = $2 AND completed_at IS NULL")
        .bind(now)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// The resets that were confirmed, are not complete, and that nobody works on.
pub async fn unfinished(conn: &mut Conn, now: Time) -> Result<Vec<ResetId>> {
    let rows: Vec<(ResetId,)> = sqlx::query_as(
        "SELECT id FROM resets WHERE confirmed_at IS NOT NULL AND completed_at IS NULL \
            AND (leased_until IS NULL OR leased_until < $1) ORDER BY id",
    )
    .bind(now)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// What an item is that nobody has begun.
pub(super) const PENDING: &str = "skip IS NULL AND done_at IS NULL AND failed_at IS NULL";

/// The first customer with users still to be reset.
pub async fn next_customer(conn: &mut Conn, id: ResetId) -> Result<Option<CustomerId>> {
    let text =
        format!("SELECT customer_id FROM reset_items WHERE reset_id = $1 AND {PENDING} ORDER BY customer_id LIMIT 1");
    let row: Option<(CustomerId,)> = sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(id).fetch_optional(conn).await?;
    Ok(row.map(|(customer,)| customer))
}

/// The customers with users still to be reset, and how many each has.
pub async fn pending_customers(conn: &mut Conn, id: ResetId) -> Result<Vec<(CustomerId, i64)>> {
    let text = format!(
        "SELECT customer_id, CAST(COUNT(*) AS BIGINT) FROM reset_items WHERE reset_id = $1 AND {PENDING} \
         GROUP BY customer_id ORDER BY customer_id"
    );
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(id).fetch_all(conn).await?)
}

/// Some of the users of `customer` who are still to be reset, or `only` one of them.
pub async fn pending(
    conn: &mut Conn,
    id: ResetId,
    customer: CustomerId,
    only: Option<UserId>,
    limit: i64,
) -> Result<Vec<UserId>> {
    let which = if only.is_some() { " AND user_id = $4" } else { "" };
    let text = format!(
        "SELECT user_id FROM reset_items WHERE reset_id = $1 AND customer_id = $2 AND {PENDING}{which} \
         ORDER BY user_id LIMIT $3"
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(id).bind(customer).bind(limit);
    let query = if let Some(user) = only { query.bind(user) } else { query };
    let rows: Vec<(UserId,)> = query.fetch_all(conn).await?;
    Ok(rows.into_iter().map(|(user,)| user).collect())
}

/// Writes down that somebody could not be reset; says whether they still waited for it.
pub async fn set_failed(conn: &mut Conn, id: ResetId, user: UserRef, why: Failure, now: Time) -> Result<bool> {
    let text = format!(
        "UPDATE reset_items SET failed_at = $1, failed_why = $2 \
         WHERE reset_id = $3 AND customer_id = $4 AND user_id = $5 AND {PENDING}"
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(now).bind(why).bind(id).bind(user.customer).bind(user.id);
    Ok(query.execute(conn).await?.rows_affected() == 1)
}

/// What became of one user of a chunk.
pub struct Outcome {
    pub user: UserId,
    pub holdings: Holdings,
    pub skip: Option<Skip>,
    pub link: Option<LinkId>,
    pub remind_at: Option<Time>,
}

pub async fn set_outcomes(
    conn: &mut Conn,
    id: ResetId,
    customer: CustomerId,
    outcomes: &[Outcome],
    now: Time,
) -> Result<()> {
    // An upsert of rows that are all there: the one portable way to set many rows to different values at once.
    let text = format!(
        "INSERT INTO reset_items (reset_id, customer_id, user_id, skip, authenticator_apps, passkeys, hardware_tokens, \
            phones, backup_codes, sessions, trusted_devices, challenges, links, done_at, link_id, remind_at) VALUES {} \
         ON CONFLICT (reset_id, customer_id, user_id) DO UPDATE SET skip = excluded.skip, \
            authenticator_apps = excluded.authenticator_apps, passkeys = excluded.passkeys, \
            hardware_tokens = excluded.hardware_tokens, phones = excluded.phones, \
            backup_codes = excluded.backup_codes, \
            sessions = excluded.sessions, trusted_devices = excluded.trusted_devices, \
            challenges = excluded.challenges, links = excluded.links, \
            done_at = excluded.done_at, link_id = excluded.link_id, remind_at = excluded.remind_at",
        rows(conn, outcomes.len(), 16)
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(text));
    for outcome in outcomes {
        query = query
            .bind(id)
            .bind(customer)
            .bind(outcome.user)
            .bind(outcome.skip)
            .bind(outcome.holdings.authenticator_apps)
            .bind(outcome.holdings.passkeys)
            .bind(outcome.holdings.hardware_tokens)
            .bind(outcome.holdings.phones)
            .bind(outcome.holdings.backup_codes)
            .bind(outcome.holdings.sessions)
            .bind(outcome.holdings.trusted_devices)
            .bind(outcome.holdings.challenges)
            .bind(outcome.holdings.links)
            .bind(now)
            .bind(outcome.link)
            .bind(outcome.remind_at);
    }
    query.execute(conn).await?;
    Ok(())
}
