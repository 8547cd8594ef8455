//! All SQL over `audit_events` and `audit_heads`.

use sqlx::FromRow;

use crate::domain::audit::{Entry, What};
use crate::domain::authority::Scope;
use crate::domain::ids::{CustomerId, UserId};
use crate::domain::time::Time;
use crate::domain::user::UserRef;
use crate::features::session::service::each_within;
use crate::platform::db::{FEW, rows};
use crate::platform::{Conn, Result};

#[derive(FromRow)]
pub struct Head {
    pub number: i64,
    pub hash: String,
    pub seal: String,
}

/// Takes the head's lock and says where the chain stands.
pub async fn lock_head(conn: &mut Conn, chain: &str) -> Result<Head> {
    sqlx::query(
        "INSERT INTO audit_heads (chain, number, hash, seal) VALUES ($1, 0, '', '') ON CONFLICT (chain) DO NOTHING",
    )
    .bind(chain)
    .execute(&mut *conn)
    .await?;
    Ok(sqlx::query_as("UPDATE audit_heads SET number = number WHERE chain = $1 RETURNING number, hash, seal")
        .bind(chain)
        .fetch_one(conn)
        .await?)
}

pub async fn set_head(conn: &mut Conn, chain: &str, head: &Head) -> Result<()> {
    sqlx::query("UPDATE audit_heads SET number = $1, hash = $2, seal = $3 WHERE chain = $4")
        .bind(head.number)
        .bind(&head.hash)
        .bind(&head.seal)
        .bind(chain)
        .execute(conn)
        .await?;
    Ok(())
}

pub async fn insert(conn: &mut Conn, chain: &str, entries: &[(Entry, String)]) -> Result<()> {
    // Ten columns: far below SQLite's 32,766 and PostgreSQL's 65,535 parameters a statement.
    for part in entries.chunks(500) {
        let text = format!(
            "INSERT INTO audit_events (chain, number, at, what, actor_customer_id, actor_id, target_id, from_address, \
             details, hash) VALUES {}",
            rows(conn, part.len(), 10)
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(text));
        for (entry, hash) in part {
            let event = &entry.event;
            query = query
                .bind(chain)
                .bind(entry.number)
                .bind(event.at)
                .bind(event.what)
                .bind(event.actor.map(|user| user.customer))
                .bind(event.actor.map(|user| user.id))
                .bind(event.target)
                .bind(event.from.clone())
                .bind(serde_json::to_string(&event.details).expect("a map of strings is always JSON"))
                .bind(hash);
        }
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

#[derive(FromRow)]
pub struct Row {
    pub chain: String,
    pub number: i64,
    pub at: Time,
    pub what: What,
    pub actor_customer_id: Option<CustomerId>,
    pub actor_id: Option<UserId>,
    pub target_id: Option<UserId>,
    pub from_address: Option<String>,
    pub details: String,
    pub hash: String,
}

/// Every chain that is there, and every one that must be: a customer's begins with the customer.
pub async fn chains(conn: &mut Conn) -> Result<Vec<String>> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT chain FROM audit_heads UNION SELECT chain FROM audit_events \
         UNION SELECT id AS chain FROM customers ORDER BY chain",
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(chain,)| chain).collect())
}

pub async fn head(conn: &mut Conn, chain: &str) -> Result<Option<Head>> {
    Ok(sqlx::query_as("SELECT number, hash, seal FROM audit_heads WHERE chain = $1")
        .bind(chain)
        .fetch_optional(conn)
        .await?)
}

/// A row as it stands, whatever somebody made of it.
#[derive(FromRow)]
pub struct Raw {
    chain: String,
    pub number: i64,
    at: i64,
    what: String,
    actor_customer_id: Option<String>,
    actor_id: Option<String>,
    target_id: Option<String>,
    from_address: Option<String>,
    details: String,
    hash: String,
}

impl Raw {
    /// The row; none when no version of Rekey wrote it so.
    pub fn read(self) -> Option<Row> {
        Some(Row {
            chain: self.chain,
            number: self.number,
            at: Time::from_unix_milliseconds(self.at),
            what: self.what.parse().ok()?,
            actor_customer_id: self.actor_customer_id.map(|id| id.parse()).transpose().ok()?,
            actor_id: self.actor_id.map(|id| id.parse()).transpose().ok()?,
            target_id: self.target_id.map(|id| id.parse()).transpose().ok()?,
            from_address: self.from_address,
            details: self.details,
            hash: self.hash,
        })
    }
}

pub async fn after(conn: &mut Conn, chain: &str, number: i64, limit: i64) -> Result<Vec<Raw>> {
    Ok(sqlx::query_as(
        "SELECT chain, number, at, what, actor_customer_id, actor_id, target_id, from_address, details, hash \
         FROM audit_events WHERE chain = $1 AND number > $2 ORDER BY number LIMIT $3",
    )
    .bind(chain)
    .bind(number)
    .bind(limit)
    .fetch_all(conn)
    .await?)
}

#[derive(FromRow)]
pub struct Listed {
    #[sqlx(flatten)]
    pub row: Row,
    pub customer_name: String,
    pub actor_name: Option<String>,
    pub target_name: Option<String>,
}

/// The newest rows about one user in the chain of their home customer, older than row `before`; with `by` also those by
/// them. That a mail is on its way is left out: what becomes of it follows.
pub async fn about(conn: &mut Conn, user: UserRef, by: bool, before: i64, limit: i64) -> Result<Vec<Listed>> {
    let by = if by { "OR (e.actor_id = $2 AND e.actor_customer_id = $1)" } else { "" };
    let text = format!(
        "SELECT e.chain, e.number, e.at, e.what, e.actor_customer_id, e.actor_id, e.target_id, e.from_address, \
            e.details, e.hash, c.name AS customer_name, a.name AS actor_name, t.name AS target_name \
         FROM audit_events e JOIN customers c ON c.id = e.chain \
         LEFT JOIN users a ON a.customer_id = e.actor_customer_id AND a.id = e.actor_id \
         LEFT JOIN users t ON t.customer_id = e.chain AND t.id = e.target_id \
         WHERE e.chain = $1 AND (e.target_id = $2 {by}) AND e.number < $3 \
            AND e.what <> 'mail_queued' ORDER BY e.number DESC LIMIT $4"
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(user.customer).bind(user.id);
    Ok(query.bind(before).bind(limit).fetch_all(conn).await?)
}

/// The newest rows of one kind about one user in the chain of their home customer.
pub async fn last(conn: &mut Conn, user: UserRef, what: What, limit: i64) -> Result<Vec<Row>> {
    let text = "SELECT chain, number, at, what, actor_customer_id, actor_id, target_id, from_address, details, hash \
         FROM audit_events WHERE chain = $1 AND target_id = $2 AND what = $3 ORDER BY number DESC LIMIT $4";
    let query = sqlx::query_as(text).bind(user.customer).bind(user.id);
    Ok(query.bind(what).bind(limit).fetch_all(conn).await?)
}

/// Where a row stands among those of all chains: rows of two customers may share time and number.
pub type Place = (Time, i64, CustomerId);

/// The newest rows in `scope`, older than the cursor, about `target` where one is named.
pub async fn newest(
    conn: &mut Conn,
    scope: &Scope,
    target: Option<UserRef>,
    before: Option<Place>,
    limit: i64,
) -> Result<Vec<Listed>> {
    let customers = scope.customers();
    if customers.is_empty() {
        return Ok(Vec::new());
    }
    let (at, number, chain) = match before {
        Some((at, number, chain)) => (at, number, chain.to_string()),
        None => (Time::from_unix_milliseconds(i64::MAX), i64::MAX, String::new()),
    };
    // The newest of each chain are found by its index and then put in order; of very many chains, the newest of all are
    // most likely theirs.
    let (conditions, chains): (Vec<String>, Vec<String>) = if customers.len() > FEW {
        let (mine, values) = each_within(conn, "e.chain", 1, scope);
        (vec![mine], values)
    } else {
        let each = (1..=customers.len()).map(|n| format!("e.chain = ${n}"));
        (each.collect(), customers.iter().map(ToString::to_string).collect())
    };
    let n = chains.len();
    let about = match target {
        Some(_) => format!("AND (e.target_id = ${} OR e.actor_id = ${})", n + 4, n + 4),
        None => String::new(),
    };
    let newest_of = |condition: &String| {
        format!(
            "SELECT * FROM (SELECT e.chain, e.number, e.at FROM audit_events e \
             WHERE {condition} AND (e.at, e.number, e.chain) < (${}, ${}, ${}) {about} \
             ORDER BY e.at DESC, e.number DESC, e.chain DESC LIMIT {limit}) x",
            n + 1,
            n + 2,
            n + 3,
        )
    };
    let newest: Vec<String> = conditions.iter().map(newest_of).collect();
    let text = format!(
        "SELECT e.chain, e.number, e.at, e.what, e.actor_customer_id, e.actor_id, e.target_id, e.from_address, \
            e.details, e.hash, c.name AS customer_name, a.name AS actor_name, t.name AS target_name \
         FROM (SELECT * FROM ({}) q ORDER BY q.at DESC, q.number DESC, q.chain DESC LIMIT {limit}) p \
         CROSS JOIN audit_events e CROSS JOIN customers c \
         LEFT JOIN users a ON a.customer_id = e.actor_customer_id AND a.id = e.actor_id \
         LEFT JOIN users t ON t.customer_id = e.chain AND t.id = e.target_id \
         WHERE e.chain = p.chain AND e.number = p.number AND c.id = e.chain \
         ORDER BY e.at DESC, e.number DESC, e.chain DESC",
        newest.join(" UNION ALL "),
    );
    let mut query = sqlx::query_as(sqlx::AssertSqlSafe(text));
    for chain in chains {
        query = query.bind(chain);
    }
    query = query.bind(at).bind(number).bind(chain);
    if let Some(target) = target {
        query = query.bind(target.id);
    }
    Ok(query.fetch_all(conn).await?)
}
