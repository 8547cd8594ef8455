//! All SQL over `sessions` and `challenges`, and the one query that says who a session's user is. That over trusted
//! devices is in `devices`, what a scope is in SQL in `scope`.

pub mod devices;
pub mod reader;
pub mod scope;

use sqlx::{AssertSqlSafe, FromRow};

use crate::domain::authority::Role;
use crate::domain::ids::{ChallengeId, CustomerId, LinkId, SessionId, UserId};
use crate::domain::sign_in::{Purpose, Step, WRONG_CODES};
use crate::domain::time::Time;
use crate::domain::user::UserRef;
use crate::platform::db::{joined, over_users, placeholders};
use crate::platform::request::Origin;
use crate::platform::{Conn, Result};

#[derive(FromRow)]
pub struct SessionRow {
    pub id: SessionId,
    pub customer_id: CustomerId,
    pub user_id: UserId,
    pub created_at: Time,
    pub last_seen_at: Time,
    pub ends_at: Time,
    pub from_address: Option<String>,
    pub browser: Option<String>,
}

#[derive(FromRow)]
pub struct PersonRow {
    pub name: String,
    pub customer_name: String,
    pub methods: i64,
    pub passkeys: i64,
    pub passkeys_good: i64,
    pub phones: i64,
    pub tokens: i64,
    pub token_digits: i64,
}

pub async fn insert_session(
    conn: &mut Conn,
    token_hash: &str,
    id: SessionId,
    user: UserRef,
    now: Time,
    ends_at: Time,
    origin: &Origin,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO sessions \
            (token_hash, id, customer_id, user_id, created_at, last_seen_at, ends_at, from_address, browser) \
         VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8)",
    )
    .bind(token_hash)
    .bind(id)
    .bind(user.customer)
    .bind(user.id)
    .bind(now)
    .bind(ends_at)
    .bind(origin.address.clone())
    .bind(origin.browser.clone())
    .execute(conn)
    .await?;
    Ok(())
}

/// A session with its user, if they are active.
#[derive(FromRow)]
pub struct Asking {
    #[sqlx(flatten)]
    pub session: SessionRow,
    #[sqlx(flatten)]
    pub person: PersonRow,
}

/// What every request begins with, in one statement.
pub async fn asking(conn: &mut Conn, token_hash: &str) -> Result<Option<Asking>> {
    let text = format!(
        "SELECT s.id, s.customer_id, s.user_id, s.created_at, s.last_seen_at, s.ends_at, s.from_address, s.browser, {PERSON} \
         JOIN sessions s ON s.customer_id = u.customer_id AND s.user_id = u.id WHERE s.token_hash = $1 AND {ACTIVE}"
    );
    Ok(sqlx::query_as(AssertSqlSafe(text)).bind(token_hash).fetch_optional(conn).await?)
}

pub async fn sessions_of(conn: &mut Conn, user: UserRef) -> Result<Vec<SessionRow>> {
    Ok(sqlx::query_as(
        "SELECT id, customer_id, user_id, created_at, last_seen_at, ends_at, from_address, browser FROM sessions \
         WHERE customer_id = $1 AND user_id = $2 ORDER BY last_seen_at DESC",
    )
    .bind(user.customer)
    .bind(user.id)
    .fetch_all(conn)
    .await?)
}

pub async fn touch_session(conn: &mut Conn, token_hash: &str, now: Time) -> Result<()> {
    sqlx::query("UPDATE sessions SET last_seen_at = $1 WHERE token_hash = $2")
        .bind(now)
        .bind(token_hash)
        .execute(conn)
        .await?;
    Ok(())
}

/// Says whether the session was still there.
pub async fn set_token(conn: &mut Conn, old_hash: &str, new_hash: &str) -> Result<bool> {
    let done = sqlx::query("UPDATE sessions SET token_hash = $1 WHERE token_hash = $2")
        .bind(new_hash)
        .bind(old_hash)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// The name of a user, of their home customer, and how many methods they have: in all, passkeys, passkeys that are taken,
/// phone numbers, and tokens, with the digits that those show.
const PERSON: &str = "u.name, c.name AS customer_name, \
    (SELECT COUNT(*) FROM methods m WHERE m.customer_id = u.customer_id AND m.user_id = u.id) AS methods, \
    (SELECT COUNT(*) FROM methods m WHERE m.customer_id = u.customer_id AND m.user_id = u.id AND m.kind = 'passkey') \
        AS passkeys, \
    (SELECT COUNT(*) FROM methods m WHERE m.customer_id = u.customer_id AND m.user_id = u.id AND m.kind = 'passkey' \
        AND m.copied_at IS NULL) AS passkeys_good, \
    (SELECT COUNT(*) FROM methods m WHERE m.customer_id = u.customer_id AND m.user_id = u.id AND m.kind = 'phone') \
        AS phones, \
    (SELECT COUNT(*) FROM methods m WHERE m.customer_id = u.customer_id AND m.user_id = u.id AND m.token_id IS NOT NULL) \
        AS tokens, \
    (SELECT COALESCE(MAX(t.digits), 0) FROM tokens t WHERE t.customer_id = u.customer_id AND t.user_id = u.id \
        AND t.activated_at IS NOT NULL) AS token_digits \
    FROM users u JOIN customers c ON c.id = u.customer_id";
/// Who can do anything at all. Nobody does it in the name of whoever said that something was not them.
const ACTIVE: &str = "u.activated_at IS NOT NULL AND u.suspended_at IS NULL AND u.disowned_at IS NULL";

/// An active user.
pub async fn person(conn: &mut Conn, user: UserRef) -> Result<Option<PersonRow>> {
    let text = format!("SELECT {PERSON} WHERE u.customer_id = $1 AND u.id = $2 AND {ACTIVE}");
    Ok(sqlx::query_as(AssertSqlSafe(text)).bind(user.customer).bind(user.id).fetch_optional(conn).await?)
}

/// The roles that have not ended, or only that in one customer, by customer. Whoever looks after thousands of customers is asked
/// for at each of their requests: a row for each role, not for each customer, is read in a fraction of the time.
pub async fn roles(
    conn: &mut Conn,
    user: UserRef,
    only: Option<CustomerId>,
    now: Time,
) -> Result<Vec<(CustomerId, Role)>> {
    let which = if only.is_some() { " AND customer_id = $4" } else { "" };
    let text = format!(
        "SELECT role, {} AS customers FROM memberships \
         WHERE user_customer_id = $1 AND user_id = $2 AND (ends_at IS NULL OR ends_at > $3){which} GROUP BY role",
        joined(conn, "customer_id")
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(user.customer).bind(user.id).bind(now);
    let query = if let Some(customer) = only { query.bind(customer) } else { query };
    let rows: Vec<(Role, String)> = query.fetch_all(conn).await?;
    let mut roles = Vec::new();
    for (role, customers) in rows {
        for customer in customers.split(',') {
            roles.push((customer.parse()?, role));
        }
    }
    roles.sort_unstable_by_key(|(customer, _)| *customer);
    Ok(roles)
}

pub async fn delete_session(conn: &mut Conn, token_hash: &str) -> Result<Option<UserRef>> {
    let row: Option<(CustomerId, UserId)> =
        sqlx::query_as("DELETE FROM sessions WHERE token_hash = $1 RETURNING customer_id, user_id")
            .bind(token_hash)
            .fetch_optional(conn)
            .await?;
    Ok(row.map(|(customer, id)| UserRef { customer, id }))
}

pub async fn delete_session_by_id(conn: &mut Conn, user: UserRef, id: SessionId) -> Result<u64> {
    let done = sqlx::query("DELETE FROM sessions WHERE customer_id = $1 AND user_id = $2 AND id = $3")
        .bind(user.customer)
        .bind(user.id)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}

pub async fn is_there(conn: &mut Conn, user: UserRef, id: SessionId) -> Result<bool> {
    let row: Option<(SessionId,)> =
        sqlx::query_as("SELECT id FROM sessions WHERE customer_id = $1 AND user_id = $2 AND id = $3")
            .bind(user.customer)
            .bind(user.id)
            .bind(id)
            .fetch_optional(conn)
            .await?;
    Ok(row.is_some())
}

/// Ends all sessions of one user but `keep`, whose token a step-up may have changed.
pub async fn delete_sessions_but(conn: &mut Conn, user: UserRef, keep: SessionId) -> Result<u64> {
    let done = sqlx::query("DELETE FROM sessions WHERE customer_id = $1 AND user_id = $2 AND id <> $3")
        .bind(user.customer)
        .bind(user.id)
        .bind(keep)
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}

pub async fn delete_sessions(conn: &mut Conn, customer: CustomerId, users: &[UserId]) -> Result<u64> {
    let text = "DELETE FROM sessions WHERE customer_id = $1 AND user_id IN";
    Ok(over_users(text, customer, users).execute(conn).await?.rows_affected())
}

pub async fn delete_challenges(conn: &mut Conn, customer: CustomerId, users: &[UserId]) -> Result<u64> {
    let text = "DELETE FROM challenges WHERE customer_id = $1 AND user_id IN";
    Ok(over_users(text, customer, users).execute(conn).await?.rows_affected())
}

/// Ends the challenges of one user for this purpose.
pub async fn delete_challenges_for(conn: &mut Conn, user: UserRef, purpose: Purpose) -> Result<()> {
    sqlx::query("DELETE FROM challenges WHERE customer_id = $1 AND user_id = $2 AND purpose = $3")
        .bind(user.customer)
        .bind(user.id)
        .bind(purpose)
        .execute(conn)
        .await?;
    Ok(())
}

/// Deletes what these recovery links of one customer led to.
pub async fn delete_challenges_of(conn: &mut Conn, customer: CustomerId, links: &[LinkId]) -> Result<()> {
    let text =
        format!("DELETE FROM challenges WHERE customer_id = $1 AND link_id IN ({})", placeholders(2, links.len()));
    let query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(customer);
    links.iter().fold(query, |query, link| query.bind(*link)).execute(conn).await?;
    Ok(())
}

#[derive(FromRow)]
pub struct ChallengeRow {
    pub id: ChallengeId,
    pub customer_id: CustomerId,
    pub user_id: UserId,
    pub purpose: Purpose,
    pub step: Step,
    pub link_id: Option<LinkId>,
    pub secret: Option<String>,
    pub password_hash: Option<String>,
    /// Set apart from the rest: no challenge begins with one.
    #[sqlx(default)]
    pub ceremony: Option<String>,
    pub next_path: Option<String>,
    pub wrong_codes: i64,
    pub created_at: Time,
    pub expires_at: Time,
    /// Of the user, as it stands now; see `users`.
    #[sqlx(default)]
    pub set_up_due_at: Option<Time>,
}

pub async fn insert_challenge(conn: &mut Conn, token_hash: &str, row: &ChallengeRow) -> Result<()> {
    sqlx::query(
        "INSERT INTO challenges \
            (token_hash, id, customer_id, user_id, purpose, step, link_id, secret, password_hash, next_path, created_at, \
             expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(token_hash)
    .bind(row.id)
    .bind(row.customer_id)
    .bind(row.user_id)
    .bind(row.purpose)
    .bind(row.step)
    .bind(row.link_id)
    .bind(row.secret.clone())
    .bind(row.password_hash.clone())
    .bind(row.next_path.clone())
    .bind(row.created_at)
    .bind(row.expires_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// A challenge whose user can sign in, or was invited and is about to; a suspension kills it at once.
pub async fn challenge(conn: &mut Conn, token_hash: &str) -> Result<Option<ChallengeRow>> {
    Ok(sqlx::query_as(
        "SELECT c.id, c.customer_id, c.user_id, c.purpose, c.step, c.link_id, c.secret, c.password_hash, c.ceremony, \
            c.next_path, c.wrong_codes, c.created_at, c.expires_at, u.set_up_due_at \
         FROM challenges c JOIN users u ON u.customer_id = c.customer_id AND u.id = c.user_id \
         WHERE c.token_hash = $1 AND (u.activated_at IS NOT NULL OR c.purpose = 'invitation') AND u.suspended_at IS NULL",
    )
    .bind(token_hash)
    .fetch_optional(conn)
    .await?)
}

/// The set-ups of this recovery link that are live and wait for their authenticator, the newest first.
pub async fn set_ups_of(
    conn: &mut Conn,
    customer: CustomerId,
    link: LinkId,
    now: Time,
) -> Result<Vec<(ChallengeId, Time)>> {
    Ok(sqlx::query_as(
        "SELECT id, created_at FROM challenges \
         WHERE customer_id = $1 AND link_id = $2 AND step = $3 AND expires_at > $4 AND wrong_codes < $5 \
         ORDER BY created_at DESC, id DESC",
    )
    .bind(customer)
    .bind(link)
    .bind(Step::SetUp)
    .bind(now)
    .bind(WRONG_CODES)
    .fetch_all(conn)
    .await?)
}

pub async fn raise_wrong_codes(conn: &mut Conn, id: ChallengeId) -> Result<()> {
    sqlx::query("UPDATE challenges SET wrong_codes = wrong_codes + 1 WHERE id = $1").bind(id).execute(conn).await?;
    Ok(())
}

/// Moves a challenge on and forgets the secrets it held.
pub async fn set_step(conn: &mut Conn, id: ChallengeId, step: Step) -> Result<()> {
    sqlx::query("UPDATE challenges SET step = $1, secret = NULL, password_hash = NULL, ceremony = NULL, wrong_codes = 0 WHERE id = $2")
        .bind(step)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Moves a challenge that waits for a new password on to the set-up; says whether it did wait for one.
pub async fn set_password(conn: &mut Conn, id: ChallengeId, hash: &str, secret: &str) -> Result<bool> {
    let text =
        "UPDATE challenges SET step = $1, password_hash = $2, secret = $3, wrong_codes = 0 WHERE id = $4 AND step = $5";
    let done = sqlx::query(text)
        .bind(Step::SetUp)
        .bind(hash)
        .bind(secret)
        .bind(id)
        .bind(Step::NewPassword)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn set_ceremony(conn: &mut Conn, id: ChallengeId, ceremony: &str) -> Result<()> {
    sqlx::query("UPDATE challenges SET ceremony = $1 WHERE id = $2").bind(ceremony).bind(id).execute(conn).await?;
    Ok(())
}

/// Takes this ceremony away; says whether it was still there. Of any number at once, one succeeds.
pub async fn end_ceremony(conn: &mut Conn, id: ChallengeId, ceremony: &str) -> Result<bool> {
    let done = sqlx::query("UPDATE challenges SET ceremony = NULL WHERE id = $1 AND ceremony = $2")
        .bind(id)
        .bind(ceremony)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn delete_challenge(conn: &mut Conn, id: ChallengeId) -> Result<u64> {
    Ok(sqlx::query("DELETE FROM challenges WHERE id = $1").bind(id).execute(conn).await?.rows_affected())
}

/// Ends all challenges of one user but `keep`.
pub async fn delete_challenges_but(conn: &mut Conn, user: UserRef, keep: ChallengeId) -> Result<u64> {
    let done = sqlx::query("DELETE FROM challenges WHERE customer_id = $1 AND user_id = $2 AND id <> $3")
        .bind(user.customer)
        .bind(user.id)
        .bind(keep)
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}

/// Deletes what is over anyway. Nothing depends on it: every read checks the time itself.
pub async fn delete_stale(conn: &mut Conn, idle_before: Time, now: Time) -> Result<()> {
    sqlx::query("DELETE FROM sessions WHERE last_seen_at < $1 OR ends_at <= $2")
        .bind(idle_before)
        .bind(now)
        .execute(&mut *conn)
        .await?;
    sqlx::query("DELETE FROM challenges WHERE expires_at <= $1").bind(now).execute(conn).await?;
    Ok(())
}
