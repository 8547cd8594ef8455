//! The SQL over plans that wait for a second person.

use sqlx::FromRow;
use sqlx::query::QueryAs;

use crate::domain::approval::{Decision, LIFETIME};
use crate::domain::authority::Scope;
use crate::domain::ids::{CustomerId, ResetId, UserId};
use crate::domain::time::Time;
use crate::domain::user::UserRef;
use crate::platform::db::{among, placeholders, rows};
use crate::platform::{Conn, Result};

/// What the requester said of a plan when they confirmed it.
pub struct Words<'a> {
    pub reason: Option<&'a str>,
    pub ticket: Option<&'a str>,
    pub from: Option<&'a str>,
}

/// Writes down that a plan waits for a second person. Of two who confirm at once, one succeeds.
pub async fn ask(conn: &mut Conn, id: ResetId, words: &Words<'_>, now: Time) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE resets SET approval_asked_at = $1, reason = $2, ticket = $3, from_address = $4, words_key = $6 \
         WHERE id = $5 AND confirmed_at IS NULL AND approval_asked_at IS NULL",
    )
    .bind(now)
    .bind(words.reason.map(str::to_owned))
    .bind(words.ticket.map(str::to_owned))
    .bind(words.from.map(str::to_owned))
    .bind(id)
    .bind(super::list::words_key(words.reason, words.ticket))
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes down who was asked.
pub async fn set_approvers(conn: &mut Conn, id: ResetId, approvers: &[UserRef]) -> Result<()> {
    for part in approvers.chunks(500) {
        let text = format!(
            "INSERT INTO reset_approvers (reset_id, customer_id, user_id) VALUES {}",
            rows(conn, part.len(), 3)
        );
        let query = part.iter().fold(sqlx::query(sqlx::AssertSqlSafe(text)), |query, user| {
            query.bind(id).bind(user.customer).bind(user.id)
        });
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

/// Who was asked, and is still there.
pub async fn approvers(conn: &mut Conn, id: ResetId) -> Result<Vec<UserRef>> {
    let text = "SELECT a.customer_id, a.user_id FROM reset_approvers a \
         JOIN users u ON u.customer_id = a.customer_id AND u.id = a.user_id \
         WHERE a.reset_id = $1 AND u.removed_at IS NULL ORDER BY a.customer_id, a.user_id";
    let rows: Vec<(CustomerId, UserId)> = sqlx::query_as(text).bind(id).fetch_all(conn).await?;
    Ok(rows.into_iter().map(|(customer, id)| UserRef { customer, id }).collect())
}

/// A plan about which nobody decided in time, the oldest first.
pub async fn overdue(conn: &mut Conn, now: Time) -> Result<Option<ResetId>> {
    let text = "SELECT id FROM resets WHERE approval_asked_at <= $1 AND decided_at IS NULL AND confirmed_at IS NULL \
         ORDER BY approval_asked_at, id LIMIT 1";
    let row: Option<(ResetId,)> = sqlx::query_as(text).bind(now - LIFETIME).fetch_optional(conn).await?;
    Ok(row.map(|(id,)| id))
}

/// Writes down that nobody decided in time. Of two at once, one succeeds.
pub async fn expire(conn: &mut Conn, id: ResetId, now: Time) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE resets SET decided_at = $1, decision = $2 \
         WHERE id = $3 AND approval_asked_at <= $4 AND decided_at IS NULL AND confirmed_at IS NULL",
    )
    .bind(now)
    .bind(Decision::Expired)
    .bind(id)
    .bind(now - LIFETIME)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A decision, before it is written.
pub struct Decided<'a> {
    pub decision: Decision,
    pub by: UserRef,
    pub why: Option<&'a str>,
    pub from: Option<&'a str>,
}

/// Writes a decision about a plan that waits; an approval lets it run. Of two at once, one succeeds.
pub async fn decide(conn: &mut Conn, id: ResetId, decided: &Decided<'_>, now: Time) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE resets SET decided_at = $1, decision = $2, decided_by_customer_id = $3, decided_by_id = $4, \
            decided_why = $5, decided_from = $6, confirmed_at = $7 \
         WHERE id = $8 AND approval_asked_at > $9 AND decided_at IS NULL AND confirmed_at IS NULL",
    )
    .bind(now)
    .bind(decided.decision)
    .bind(decided.by.customer)
    .bind(decided.by.id)
    .bind(decided.why.map(str::to_owned))
    .bind(decided.from.map(str::to_owned))
    .bind((decided.decision == Decision::Approved).then_some(now))
    .bind(id)
    .bind(now - LIFETIME)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The customers of everybody in a plan. It tells nothing about them, so it needs no scope.
pub async fn customers(conn: &mut Conn, id: ResetId) -> Result<Vec<CustomerId>> {
    let rows: Vec<(CustomerId,)> =
        sqlx::query_as("SELECT DISTINCT customer_id FROM reset_items WHERE reset_id = $1 ORDER BY customer_id")
            .bind(id)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(|(customer,)| customer).collect())
}

/// Whether somebody who will be reset is an owner or admin, in whatever customer: whoever takes over a technician's account
/// holds every customer that they look after. It tells neither who nor where, so it needs no scope.
pub async fn has_privileged(conn: &mut Conn, id: ResetId, now: Time) -> Result<bool> {
    let row: Option<(i64,)> = sqlx::query_as(
        "SELECT CAST(1 AS BIGINT) FROM reset_items i \
         JOIN memberships m ON m.user_customer_id = i.customer_id AND m.user_id = i.user_id \
         WHERE i.reset_id = $1 AND i.skip IS NULL AND m.role IN ('owner', 'admin') \
            AND (m.ends_at IS NULL OR m.ends_at > $2) LIMIT 1",
    )
    .bind(id)
    .bind(now)
    .fetch_optional(conn)
    .await?;
    Ok(row.is_some())
}

#[derive(FromRow)]
pub struct Candidate {
    pub customer_id: CustomerId,
    pub user_id: UserId,
}

/// Those who can sign in with a second factor and are owners or admins in each customer of `scope`, without the requester
/// and those whom the plan resets: the owners first, then by name.
pub async fn candidates(
    conn: &mut Conn,
    scope: &Scope,
    id: ResetId,
    requester: UserRef,
    now: Time,
) -> Result<Vec<Candidate>> {
    let customers = scope.customers();
    if customers.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT u.customer_id, u.id AS user_id FROM memberships m \
         JOIN users u ON u.customer_id = m.user_customer_id AND u.id = m.user_id \
         WHERE m.role IN ('owner', 'admin') AND (m.ends_at IS NULL OR m.ends_at > $1) \
            AND u.activated_at IS NOT NULL AND u.suspended_at IS NULL AND u.removed_at IS NULL \
            AND EXISTS (SELECT 1 FROM methods x WHERE x.customer_id = u.customer_id AND x.user_id = u.id) \
            AND NOT (u.customer_id = $2 AND u.id = $3) \
            AND NOT EXISTS (SELECT 1 FROM reset_items i WHERE i.reset_id = $4 AND i.customer_id = u.customer_id \
                AND i.user_id = u.id AND i.skip IS NULL) \
            AND m.customer_id IN ({}) \
         GROUP BY u.customer_id, u.id, u.name_key HAVING COUNT(*) = {} \
         ORDER BY SUM(CASE m.role WHEN 'owner' THEN 0 ELSE 1 END), u.name_key, u.id LIMIT 100",
        placeholders(5, customers.len()),
        customers.len()
    );
    let query =
        sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(now).bind(requester.customer).bind(requester.id).bind(id);
    Ok(customers.iter().fold(query, |query, customer| query.bind(*customer)).fetch_all(conn).await?)
}

/// The plans that wait, oldest first: those that `requester` asked for, and those of which everybody is in `scope`.
pub async fn waiting(conn: &mut Conn, scope: &Scope, requester: UserRef, now: Time) -> Result<Vec<ResetId>> {
    let customers = scope.customers();
    let (mine, values) = among(conn, "i.customer_id", 4, customers);
    // Nobody is in none of no customers.
    let whole = if customers.is_empty() {
        "1 = 0".to_owned()
    } else {
        format!("NOT EXISTS (SELECT 1 FROM reset_items i WHERE i.reset_id = r.id AND NOT ({mine}))")
    };
    let text = format!(
        "SELECT r.id FROM resets r \
         WHERE r.approval_asked_at > $1 AND r.decided_at IS NULL \
            AND ((r.requester_customer_id = $2 AND r.requester_id = $3) OR {whole}) \
         ORDER BY r.approval_asked_at, r.id LIMIT 100"
    );
    let query = sqlx::query_as::<_, (ResetId,)>(sqlx::AssertSqlSafe(text))
        .bind(now - LIFETIME)
        .bind(requester.customer)
        .bind(requester.id);
    let rows = values.into_iter().fold(query, QueryAs::bind).fetch_all(conn).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}
