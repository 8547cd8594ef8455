//! The SQL over `memberships` that reads, gives and ends roles. (The one with which somebody is added stands with the users.)
//! What is read of a customer takes a scope over that one customer; whoever writes holds its lock, which takes a scope too.

use sqlx::FromRow;

use crate::domain::authority::{Role, Scope};
use crate::domain::ids::{CustomerId, UserId};
use crate::domain::time::Time;
use crate::domain::user::{Address, UserRef};
use crate::platform::db::placeholders;
use crate::platform::{Conn, Result};

/// Somebody with a role in a customer.
#[derive(FromRow)]
pub struct Held {
    pub user_customer_id: CustomerId,
    pub user_id: UserId,
    pub name: String,
    pub name_key: String,
    pub address: Address,
    pub home_name: String,
    /// 1 where that is the provider of the customer in which the role is held, otherwise 0.
    pub by_provider: i64,
    pub role: Role,
    pub granted_at: Time,
    pub ends_at: Option<Time>,
    pub rank: i64,
}

/// The most powerful first.
const RANK: &str = "CASE m.role WHEN 'owner' THEN 0 WHEN 'admin' THEN 1 WHEN 'auditor' THEN 2 ELSE 3 END";

fn held_in(conditions: &str) -> String {
    format!(
        "SELECT m.user_customer_id, m.user_id, u.name, u.name_key, u.address, h.name AS home_name, \
            CAST(CASE WHEN c.provider_id = h.id THEN 1 ELSE 0 END AS BIGINT) AS by_provider, m.role, \
            m.granted_at, m.ends_at, CAST({RANK} AS BIGINT) AS rank \
         FROM memberships m JOIN users u ON u.customer_id = m.user_customer_id AND u.id = m.user_id \
         JOIN customers h ON h.id = m.user_customer_id JOIN customers c ON c.id = m.customer_id \
         WHERE m.customer_id = $1 AND (m.ends_at IS NULL OR m.ends_at > $2) AND u.removed_at IS NULL {conditions}"
    )
}

/// What makes somebody worth a line: more than a member, or at home elsewhere.
const NOTABLE: &str = "AND (m.role <> 'member' OR m.user_customer_id <> m.customer_id)";

/// Where a page of people begins: after rank, name and identifier of the last row of the page before.
pub type After<'a> = (i64, &'a str, UserId);

/// A page of those who hold more than a member's role in the one customer of `scope`, or any role there from elsewhere.
pub async fn people(
    conn: &mut Conn,
    scope: &Scope,
    now: Time,
    after: Option<After<'_>>,
    limit: i64,
) -> Result<Vec<Held>> {
    let Some(customer) = scope.only() else {
        return Ok(Vec::new());
    };
    let (later, last) = match after {
        Some(_) => (format!("AND ({RANK}, u.name_key, u.id) > ($3, $4, $5)"), "$6"),
        None => (String::new(), "$3"),
    };
    let text = held_in(&format!("{NOTABLE} {later} ORDER BY rank, u.name_key, u.id LIMIT {last}"));
    let mut query = sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(customer).bind(now);
    if let Some((rank, name_key, id)) = after {
        query = query.bind(rank).bind(name_key.to_owned()).bind(id);
    }
    Ok(query.bind(limit).fetch_all(conn).await?)
}

/// How many they are.
pub async fn count_people(conn: &mut Conn, scope: &Scope, now: Time) -> Result<i64> {
    let Some(customer) = scope.only() else {
        return Ok(0);
    };
    let text = format!(
        "SELECT COUNT(*) FROM memberships m JOIN users u ON u.customer_id = m.user_customer_id AND u.id = m.user_id \
         WHERE m.customer_id = $1 AND (m.ends_at IS NULL OR m.ends_at > $2) AND u.removed_at IS NULL {NOTABLE}"
    );
    let count: (i64,) = sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(customer).bind(now).fetch_one(conn).await?;
    Ok(count.0)
}

/// The role that somebody holds now in the one customer of `scope`, plain members included.
pub async fn held(conn: &mut Conn, scope: &Scope, user: UserId, now: Time) -> Result<Option<Held>> {
    let Some(customer) = scope.only() else {
        return Ok(None);
    };
    let text = held_in("AND m.user_id = $3");
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(customer).bind(now).bind(user).fetch_optional(conn).await?)
}

/// Whether somebody is at home where they were: whoever was removed is nowhere.
pub async fn is_at_home(conn: &mut Conn, user: UserRef) -> Result<bool> {
    let row: Option<(UserId,)> =
        sqlx::query_as("SELECT id FROM users WHERE customer_id = $1 AND id = $2 AND removed_at IS NULL")
            .bind(user.customer)
            .bind(user.id)
            .fetch_optional(conn)
            .await?;
    Ok(row.is_some())
}

/// Writes a role down in place of the one held before, if any.
pub async fn give(
    conn: &mut Conn,
    customer: CustomerId,
    user: UserRef,
    role: Role,
    granted_at: Time,
    ends_at: Option<Time>,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO memberships (customer_id, user_customer_id, user_id, role, granted_at, ends_at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (customer_id, user_id) DO UPDATE \
         SET role = excluded.role, granted_at = excluded.granted_at, ends_at = excluded.ends_at",
    )
    .bind(customer)
    .bind(user.customer)
    .bind(user.id)
    .bind(role)
    .bind(granted_at)
    .bind(ends_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes a role away from somebody at home elsewhere. That of somebody at home here is never taken.
pub async fn end(conn: &mut Conn, customer: CustomerId, user: UserRef) -> Result<()> {
    sqlx::query(
        "DELETE FROM memberships \
         WHERE customer_id = $1 AND user_customer_id = $2 AND user_id = $3 AND user_customer_id <> customer_id",
    )
    .bind(customer)
    .bind(user.customer)
    .bind(user.id)
    .execute(conn)
    .await?;
    Ok(())
}

/// When the roles of `user` in the customers of `scope` end, for those that do.
pub async fn ends(conn: &mut Conn, scope: &Scope, user: UserRef, now: Time) -> Result<Vec<(CustomerId, Time)>> {
    let ids = scope.customers();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT customer_id, ends_at FROM memberships \
         WHERE user_customer_id = $1 AND user_id = $2 AND ends_at > $3 AND customer_id IN ({})",
        placeholders(4, ids.len())
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(user.customer).bind(user.id).bind(now);
    Ok(ids.iter().fold(query, |query, id| query.bind(*id)).fetch_all(conn).await?)
}
