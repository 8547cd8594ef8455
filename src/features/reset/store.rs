//! All SQL over `resets` and `reset_items`. What boards and reports need stands in `board`.

pub mod approval;
pub mod board;
pub mod list;
pub mod lists;
pub mod remind;
pub mod returned;
mod run;

pub use run::{
    Outcome, cancel, complete, hold, lease, next_customer, pending, pending_customers, set_failed, set_outcomes,
    unfinished,
};

use sqlx::FromRow;
use sqlx::query::QueryAs;

use crate::domain::approval::Decision;
use crate::domain::authority::{Role, Scope};
use crate::domain::ids::{CustomerId, LinkId, ResetId, UserId};
use crate::domain::plan::{Holdings, Item, Skip, Verdict};
use crate::domain::time::Time;
use crate::domain::user::{Address, UserRef};
use crate::platform::db::{among, rows};
use crate::platform::{Conn, Result};

#[derive(Clone, FromRow)]
pub struct Reset {
    pub id: ResetId,
    pub requester_customer_id: CustomerId,
    pub requester_id: UserId,
    pub requester_name: String,
    pub plan_hash: String,
    pub created_at: Time,
    pub reason: Option<String>,
    pub ticket: Option<String>,
    pub confirmed_at: Option<Time>,
    pub completed_at: Option<Time>,
    pub from_address: Option<String>,
    pub approval_asked_at: Option<Time>,
    pub decided_at: Option<Time>,
    pub decision: Option<Decision>,
    pub decided_why: Option<String>,
    pub decider_name: Option<String>,
    pub cancelled_at: Option<Time>,
    pub cancelled_by_customer_id: Option<CustomerId>,
    pub cancelled_by_id: Option<UserId>,
    pub back_told_at: Option<Time>,
}

impl Reset {
    pub const fn requester(&self) -> UserRef {
        UserRef { customer: self.requester_customer_id, id: self.requester_id }
    }

    /// Who stopped it, if anybody did.
    pub fn cancelled_by(&self) -> Option<UserRef> {
        let (customer, id) = self.cancelled_by_customer_id.zip(self.cancelled_by_id)?;
        Some(UserRef { customer, id })
    }
}

const RESET: &str = "SELECT r.id, r.requester_customer_id, r.requester_id, u.name AS requester_name, r.plan_hash, \
        r.created_at, r.reason, r.ticket, r.confirmed_at, r.completed_at, r.from_address, r.cancelled_at, \
        r.cancelled_by_customer_id, r.cancelled_by_id, r.back_told_at, \
        r.approval_asked_at, r.decided_at, r.decision, r.decided_why, d.name AS decider_name \
     FROM resets r JOIN users u ON u.customer_id = r.requester_customer_id AND u.id = r.requester_id \
     LEFT JOIN users d ON d.customer_id = r.decided_by_customer_id AND d.id = r.decided_by_id";

/// Begins a plan. Until it is frozen it has no hash, and nobody finds it.
pub async fn begin(conn: &mut Conn, id: ResetId, requester: UserRef, now: Time) -> Result<()> {
    sqlx::query(
        "INSERT INTO resets (id, requester_customer_id, requester_id, plan_hash, created_at) VALUES ($1, $2, $3, '', $4)",
    )
    .bind(id)
    .bind(requester.customer)
    .bind(requester.id)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// Freezes a plan that has all its items.
pub async fn freeze(conn: &mut Conn, id: ResetId, hash: &str) -> Result<()> {
    sqlx::query("UPDATE resets SET plan_hash = $1 WHERE id = $2").bind(hash).bind(id).execute(conn).await?;
    Ok(())
}

/// A plan from before `since` that was neither confirmed nor shown to a second person.
pub async fn stale(conn: &mut Conn, since: Time) -> Result<Option<ResetId>> {
    let row: Option<(ResetId,)> = sqlx::query_as(
        "SELECT id FROM resets WHERE confirmed_at IS NULL AND approval_asked_at IS NULL AND created_at < $1 LIMIT 1",
    )
    .bind(since)
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|(id,)| id))
}

/// Removes at most so many items of a plan that never ran and, once it has none, the plan.
pub async fn remove(conn: &mut Conn, id: ResetId, most: usize) -> Result<()> {
    let text = format!(
        "DELETE FROM reset_items WHERE reset_id = $1 AND user_id IN \
            (SELECT user_id FROM reset_items WHERE reset_id = $1 LIMIT {most})"
    );
    let done = sqlx::query(sqlx::AssertSqlSafe(text)).bind(id).execute(&mut *conn).await?;
    if done.rows_affected() == 0 {
        sqlx::query("DELETE FROM resets WHERE id = $1").bind(id).execute(conn).await?;
    }
    Ok(())
}

pub async fn insert(conn: &mut Conn, id: ResetId, items: &[Item]) -> Result<()> {
    for part in items.chunks(500) {
        let text = format!(
            "INSERT INTO reset_items (reset_id, customer_id, user_id, role, skip, authenticator_apps, passkeys, \
                hardware_tokens, phones, backup_codes, sessions, trusted_devices, challenges, links) VALUES {}",
            rows(conn, part.len(), 14)
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(text));
        for item in part {
            query = query
                .bind(id)
                .bind(item.user.customer)
                .bind(item.user.id)
                .bind(item.role)
                .bind(skip_of(item.verdict))
                .bind(item.holdings.authenticator_apps)
                .bind(item.holdings.passkeys)
                .bind(item.holdings.hardware_tokens)
                .bind(item.holdings.phones)
                .bind(item.holdings.backup_codes)
                .bind(item.holdings.sessions)
                .bind(item.holdings.trusted_devices)
                .bind(item.holdings.challenges)
                .bind(item.holdings.links);
        }
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

const fn skip_of(verdict: Verdict) -> Option<Skip> {
    match verdict {
        Verdict::Reset => None,
        Verdict::Skip(skip) => Some(skip),
    }
}

pub async fn get(conn: &mut Conn, id: ResetId) -> Result<Option<Reset>> {
    let text = format!("{RESET} WHERE r.id = $1 AND r.plan_hash <> ''");
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(id).fetch_optional(conn).await?)
}

/// What `scope` comes to in a reset: of the customers of its people those that it covers. Whoever looks after thousands has no
/// need of all of them for a reset in one.
pub async fn within(conn: &mut Conn, scope: &Scope, id: ResetId) -> Result<Scope> {
    Ok(scope.narrowed(&approval::customers(conn, id).await?))
}

/// Who is in a reset, and what became of them.
#[derive(FromRow)]
pub struct ItemRow {
    pub customer_id: CustomerId,
    pub user_id: UserId,
    pub skip: Option<Skip>,
    pub authenticator_apps: i64,
    pub passkeys: i64,
    pub hardware_tokens: i64,
    pub phones: i64,
    pub backup_codes: i64,
    pub sessions: i64,
    pub trusted_devices: i64,
    pub challenges: i64,
    pub links: i64,
    pub done_at: Option<Time>,
    pub link_id: Option<LinkId>,
    pub name: String,
    pub address: Address,
    pub customer_name: String,
    pub role: String,
    /// The role they had when the plan was frozen.
    pub planned_role: Option<Role>,
    pub removed_at: Option<Time>,
    pub language: Option<String>,
    pub zone: Option<String>,
}

impl ItemRow {
    pub fn item(&self) -> Item {
        Item {
            user: UserRef { customer: self.customer_id, id: self.user_id },
            role: self.planned_role,
            verdict: self.skip.map_or(Verdict::Reset, Verdict::Skip),
            holdings: Holdings {
                authenticator_apps: self.authenticator_apps,
                passkeys: self.passkeys,
                hardware_tokens: self.hardware_tokens,
                phones: self.phones,
                backup_codes: self.backup_codes,
                sessions: self.sessions,
                trusted_devices: self.trusted_devices,
                challenges: self.challenges,
                links: self.links,
            },
        }
    }
}

/// The items of a reset that `scope` covers, in the order of the plan. Whoever has left since stays in it.
pub async fn items(conn: &mut Conn, scope: &Scope, id: ResetId) -> Result<Vec<ItemRow>> {
    some_items(conn, scope, id, ("", "")).await
}

/// The first of them who is to be reset.
pub async fn first_going(conn: &mut Conn, scope: &Scope, id: ResetId) -> Result<Option<ItemRow>> {
    Ok(some_items(conn, scope, id, (" AND i.skip IS NULL", " LIMIT 1")).await?.pop())
}

async fn some_items(conn: &mut Conn, scope: &Scope, id: ResetId, (which, limit): (&str, &str)) -> Result<Vec<ItemRow>> {
    let customers = scope.customers();
    if customers.is_empty() {
        return Ok(Vec::new());
    }
    let (among, values) = among(conn, "i.customer_id", 2, customers);
    let text = format!(
        "SELECT i.customer_id, i.user_id, i.skip, i.authenticator_apps, i.passkeys, i.hardware_tokens, \
            i.phones, i.backup_codes, i.sessions, i.trusted_devices, i.challenges, i.links, i.done_at, i.link_id, \
            u.name, u.address, c.name AS customer_name, COALESCE(m.role, 'member') AS role, i.role AS planned_role, \
            u.removed_at, COALESCE(u.language, c.language) AS language, COALESCE(u.zone, c.zone) AS zone \
         FROM reset_items i \
         JOIN users u ON u.customer_id = i.customer_id AND u.id = i.user_id \
         LEFT JOIN memberships m ON m.customer_id = i.customer_id AND m.user_id = i.user_id \
         JOIN customers c ON c.id = i.customer_id \
         WHERE i.reset_id = $1{which} AND {among} ORDER BY i.customer_id, i.user_id{limit}"
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(id);
    Ok(values.into_iter().fold(query, QueryAs::bind).fetch_all(conn).await?)
}

/// The customers of which somebody whom a plan resets is an owner. It tells neither who nor how many, so it needs no scope.
pub async fn owned(conn: &mut Conn, id: ResetId, now: Time) -> Result<Vec<CustomerId>> {
    let rows: Vec<(CustomerId,)> = sqlx::query_as(
        "SELECT DISTINCT m.customer_id FROM reset_items i \
         JOIN memberships m ON m.user_customer_id = i.customer_id AND m.user_id = i.user_id \
         WHERE i.reset_id = $1 AND i.skip IS NULL AND m.role = 'owner' AND (m.ends_at IS NULL OR m.ends_at > $2)",
    )
    .bind(id)
    .bind(now)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(customer,)| customer).collect())
}

/// Whom a plan resets to whom a link was issued after `since`. It is for the judgement of the plan alone, and needs no scope.
pub async fn reset_since(conn: &mut Conn, id: ResetId, since: Time) -> Result<Vec<UserRef>> {
    let rows: Vec<(CustomerId, UserId)> = sqlx::query_as(
        "SELECT DISTINCT i.customer_id, i.user_id FROM links l \
         JOIN reset_items i ON i.customer_id = l.customer_id AND i.user_id = l.user_id \
         WHERE i.reset_id = $1 AND i.skip IS NULL AND l.issued_at > $2",
    )
    .bind(id)
    .bind(since)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(customer, id)| UserRef { customer, id }).collect())
}

/// Binds reason and ticket to a plan that needs no second person and lets it run. Of two that confirm at once, one succeeds.
pub async fn confirm(
    conn: &mut Conn,
    id: ResetId,
    reason: Option<&str>,
    ticket: Option<&str>,
    from: Option<&str>,
    now: Time,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE resets SET confirmed_at = $1, reason = $2, ticket = $3, from_address = $4, words_key = $6 \
         WHERE id = $5 AND confirmed_at IS NULL AND approval_asked_at IS NULL",
    )
    .bind(now)
    .bind(reason.map(str::to_owned))
    .bind(ticket.map(str::to_owned))
    .bind(from.map(str::to_owned))
    .bind(id)
    .bind(list::words_key(reason, ticket))
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
