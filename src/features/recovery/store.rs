//! All SQL over `links`. That over the codes that go with them is in `caller`.

pub mod caller;

use sqlx::FromRow;

use crate::domain::ids::{ChallengeId, CustomerId, LinkId, UserId};
use crate::domain::recovery::End;
use crate::domain::time::Time;
use crate::domain::user::UserRef;
use crate::platform::db::{placeholders, rows};
use crate::platform::{Conn, Result};

#[derive(FromRow)]
pub struct Row {
    pub id: LinkId,
    pub customer_id: CustomerId,
    pub user_id: UserId,
    pub generation: i64,
    pub key_id: String,
    pub issued_at: Time,
    pub renewed_at: Option<Time>,
    pub expires_at: Time,
    pub opened_at: Option<Time>,
    pub proved_at: Option<Time>,
    pub wrong_passwords: i64,
    pub ended_at: Option<Time>,
    pub ended_how: Option<End>,
    pub call_back_challenge: Option<ChallengeId>,
    pub call_back_at: Option<Time>,
    pub help_asked_at: Option<Time>,
}

const COLUMNS: &str = "id, customer_id, user_id, generation, key_id, issued_at, renewed_at, expires_at, opened_at, \
    proved_at, wrong_passwords, ended_at, ended_how, call_back_challenge, call_back_at, help_asked_at";

pub async fn get(conn: &mut Conn, id: LinkId) -> Result<Option<Row>> {
    let text = format!("SELECT {COLUMNS} FROM links WHERE id = $1");
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(id).fetch_optional(conn).await?)
}

/// The link of this user that has not ended.
pub async fn open_of(conn: &mut Conn, user: UserRef) -> Result<Option<Row>> {
    let text = format!("SELECT {COLUMNS} FROM links WHERE customer_id = $1 AND user_id = $2 AND ended_at IS NULL");
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(user.customer).bind(user.id).fetch_optional(conn).await?)
}

/// The newest link of this user, whatever came of it.
pub async fn newest_of(conn: &mut Conn, user: UserRef) -> Result<Option<Row>> {
    let text = format!("SELECT {COLUMNS} FROM links WHERE customer_id = $1 AND user_id = $2 ORDER BY id DESC LIMIT 1");
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(user.customer).bind(user.id).fetch_optional(conn).await?)
}

pub async fn set_help_asked(conn: &mut Conn, id: LinkId, now: Time) -> Result<()> {
    sqlx::query("UPDATE links SET help_asked_at = $1 WHERE id = $2").bind(now).bind(id).execute(conn).await?;
    Ok(())
}

pub async fn by_ids(conn: &mut Conn, ids: &[LinkId]) -> Result<Vec<Row>> {
    let mut found = Vec::new();
    for part in ids.chunks(500) {
        let text = format!("SELECT {COLUMNS} FROM links WHERE id IN ({})", placeholders(1, part.len()));
        let mut query = sqlx::query_as(sqlx::AssertSqlSafe(text));
        for id in part {
            query = query.bind(*id);
        }
        found.extend(query.fetch_all(&mut *conn).await?);
    }
    Ok(found)
}

/// Ends the links of these users that have not ended, and says which users had one; whatever they asked for help with is
/// answered.
pub async fn end_all(
    conn: &mut Conn,
    customer: CustomerId,
    users: &[UserId],
    end: End,
    now: Time,
) -> Result<Vec<(LinkId, UserId)>> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "UPDATE links SET ended_at = $1, ended_how = $2 \
         WHERE customer_id = $3 AND ended_at IS NULL AND user_id IN ({}) RETURNING id, user_id",
        placeholders(4, users.len())
    );
    let mut query = sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(now).bind(end).bind(customer);
    for user in users {
        query = query.bind(*user);
    }
    let ended = query.fetch_all(&mut *conn).await?;
    forget_help(conn, customer, users).await?;
    Ok(ended)
}

/// None of these users asks for help any more.
pub async fn forget_help(conn: &mut Conn, customer: CustomerId, users: &[UserId]) -> Result<()> {
    let text = format!(
        "UPDATE links SET help_asked_at = NULL \
         WHERE customer_id = $1 AND help_asked_at IS NOT NULL AND user_id IN ({})",
        placeholders(2, users.len())
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(customer);
    users.iter().fold(query, |query, user| query.bind(*user)).execute(conn).await?;
    Ok(())
}

/// The newest link of a user (`$1`, `$2`) who sets up again: one that lives, or one that was taken from them before they did.
const OF_RETURN: &str = "id = (SELECT MAX(id) FROM links WHERE customer_id = $1 AND user_id = $2) \
    AND (ended_at IS NULL OR ended_how IN ('revoked', 'address_changed'))";

pub async fn set_new_network(conn: &mut Conn, user: UserRef, now: Time) -> Result<()> {
    let text = format!("UPDATE links SET new_network_at = $3 WHERE {OF_RETURN}");
    let query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(user.customer).bind(user.id);
    query.bind(now).execute(conn).await?;
    Ok(())
}

/// Writes down at a link that was taken from its user that they are back without it.
pub async fn set_returned(conn: &mut Conn, user: UserRef, end: End, now: Time) -> Result<()> {
    let text = format!("UPDATE links SET ended_at = $3, ended_how = $4 WHERE {OF_RETURN}");
    let query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(user.customer).bind(user.id);
    query.bind(now).bind(end).execute(conn).await?;
    Ok(())
}

pub async fn issued_since(conn: &mut Conn, customer: CustomerId, users: &[UserId], since: Time) -> Result<Vec<UserId>> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT DISTINCT user_id FROM links WHERE customer_id = $1 AND issued_at > $2 AND user_id IN ({})",
        placeholders(3, users.len())
    );
    let query = sqlx::query_as::<_, (UserId,)>(sqlx::AssertSqlSafe(text)).bind(customer).bind(since);
    let rows = users.iter().fold(query, |query, user| query.bind(*user)).fetch_all(conn).await?;
    Ok(rows.into_iter().map(|(user,)| user).collect())
}

pub async fn insert(
    conn: &mut Conn,
    links: &[(LinkId, UserRef)],
    key_id: &str,
    now: Time,
    expires_at: Time,
) -> Result<()> {
    let text = format!(
        "INSERT INTO links (id, customer_id, user_id, generation, key_id, issued_at, expires_at) VALUES {}",
        rows(conn, links.len(), 7)
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(text));
    for (id, user) in links {
        query = query.bind(*id).bind(user.customer).bind(user.id).bind(1i64).bind(key_id).bind(now).bind(expires_at);
    }
    query.execute(conn).await?;
    Ok(())
}

#[derive(FromRow)]
pub struct Renewed {
    pub id: LinkId,
    pub user_id: UserId,
    pub generation: i64,
}

/// Raises the generation of these links that have not ended: nothing has happened yet with the new one.
pub async fn renew(
    conn: &mut Conn,
    customer: CustomerId,
    links: &[LinkId],
    key_id: &str,
    now: Time,
    expires_at: Time,
) -> Result<Vec<Renewed>> {
    if links.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "UPDATE links SET generation = generation + 1, key_id = $1, renewed_at = $2, expires_at = $3, opened_at = NULL, \
            proved_at = NULL, wrong_passwords = 0, call_back_challenge = NULL, call_back_at = NULL, \
            call_back_by_customer_id = NULL, call_back_by_id = NULL \
         WHERE customer_id = $4 AND ended_at IS NULL AND id IN ({}) RETURNING id, user_id, generation",
        placeholders(5, links.len())
    );
    let mut query = sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(key_id).bind(now).bind(expires_at).bind(customer);
    for link in links {
        query = query.bind(*link);
    }
    Ok(query.fetch_all(conn).await?)
}

pub async fn set_expires(conn: &mut Conn, id: LinkId, expires_at: Time) -> Result<()> {
    sqlx::query("UPDATE links SET expires_at = $1, help_asked_at = NULL WHERE id = $2")
        .bind(expires_at)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Writes down the first opening of a generation; says whether this was it.
pub async fn set_opened(conn: &mut Conn, id: LinkId, generation: i64, now: Time) -> Result<bool> {
    let text = "UPDATE links SET opened_at = $1 WHERE id = $2 AND generation = $3 AND opened_at IS NULL";
    let done = sqlx::query(text).bind(now).bind(id).bind(generation).execute(conn).await?;
    Ok(done.rows_affected() == 1)
}

pub async fn set_proved(conn: &mut Conn, id: LinkId, now: Time) -> Result<()> {
    sqlx::query("UPDATE links SET proved_at = COALESCE(proved_at, $1), wrong_passwords = 0 WHERE id = $2")
        .bind(now)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Writes down that `by` confirmed this set-up of a link.
pub async fn set_call_back(conn: &mut Conn, id: LinkId, set_up: ChallengeId, by: UserRef, now: Time) -> Result<()> {
    sqlx::query(
        "UPDATE links SET call_back_challenge = $1, call_back_at = $2, call_back_by_customer_id = $3, call_back_by_id = $4 \
         WHERE id = $5",
    )
    .bind(set_up)
    .bind(now)
    .bind(by.customer)
    .bind(by.id)
    .bind(id)
    .execute(conn)
    .await?;
    Ok(())
}

/// Marks the newest link of this user, if it was issued since `since`.
pub async fn set_disowned(conn: &mut Conn, user: UserRef, since: Time, now: Time) -> Result<()> {
    sqlx::query(
        "UPDATE links SET disowned_at = $1 WHERE issued_at > $2 \
            AND id = (SELECT MAX(id) FROM links WHERE customer_id = $3 AND user_id = $4)",
    )
    .bind(now)
    .bind(since)
    .bind(user.customer)
    .bind(user.id)
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes back one that was counted and not checked.
pub async fn lower_wrong_passwords(conn: &mut Conn, id: LinkId) -> Result<()> {
    let text = "UPDATE links SET wrong_passwords = wrong_passwords - 1 WHERE id = $1 AND wrong_passwords > 0";
    sqlx::query(text).bind(id).execute(conn).await?;
    Ok(())
}

pub async fn raise_wrong_passwords(conn: &mut Conn, id: LinkId) -> Result<()> {
    sqlx::query("UPDATE links SET wrong_passwords = wrong_passwords + 1 WHERE id = $1").bind(id).execute(conn).await?;
    Ok(())
}
