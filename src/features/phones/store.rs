//! All SQL over `phone_codes` and `phone_counts`.

use sqlx::FromRow;

use crate::domain::ids::{CustomerId, MethodId, PhoneCodeId, UserId};
use crate::domain::phone::About;
use crate::domain::time::Time;
use crate::domain::user::UserRef;
use crate::platform::db::over_users;
use crate::platform::{Conn, Result};

#[derive(FromRow)]
pub struct Row {
    pub id: PhoneCodeId,
    pub method_id: Option<MethodId>,
    pub number: String,
    pub key_id: String,
    pub asked_at: Time,
}

pub struct New<'a> {
    pub id: PhoneCodeId,
    pub method: Option<MethodId>,
    pub number: &'a str,
    pub number_key: &'a str,
    pub about: About,
    pub key_id: &'a str,
}

pub async fn insert(conn: &mut Conn, user: UserRef, new: &New<'_>, now: Time) -> Result<()> {
    sqlx::query(
        "INSERT INTO phone_codes (id, customer_id, user_id, method_id, number, number_key, about, key_id, asked_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(new.id)
    .bind(user.customer)
    .bind(user.id)
    .bind(new.method)
    .bind(new.number)
    .bind(new.number_key)
    .bind(new.about.to_string())
    .bind(new.key_id)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// The codes about `about` that count: not used, not guessed dead, asked for after `since`. The newest first.
pub async fn live(conn: &mut Conn, user: UserRef, about: About, since: Time, most_wrong: i64) -> Result<Vec<Row>> {
    Ok(sqlx::query_as(
        "SELECT id, method_id, number, key_id, asked_at FROM phone_codes \
         WHERE customer_id = $1 AND user_id = $2 AND about = $3 AND asked_at > $4 AND used_at IS NULL AND wrong_codes < $5 \
         ORDER BY asked_at DESC, id DESC",
    )
    .bind(user.customer)
    .bind(user.id)
    .bind(about.to_string())
    .bind(since)
    .bind(most_wrong)
    .fetch_all(conn)
    .await?)
}

/// Spends a code; says whether it was not spent before. Of any number at once, one succeeds.
pub async fn spend(conn: &mut Conn, id: PhoneCodeId, now: Time) -> Result<bool> {
    let done = sqlx::query("UPDATE phone_codes SET used_at = $1 WHERE id = $2 AND used_at IS NULL")
        .bind(now)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends the codes about `about` that are not spent yet.
pub async fn spend_rest(conn: &mut Conn, user: UserRef, about: About, now: Time) -> Result<()> {
    sqlx::query(
        "UPDATE phone_codes SET used_at = $1 WHERE customer_id = $2 AND user_id = $3 AND about = $4 AND used_at IS NULL",
    )
    .bind(now)
    .bind(user.customer)
    .bind(user.id)
    .bind(about.to_string())
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn raise_wrong_codes(conn: &mut Conn, user: UserRef, about: About) -> Result<()> {
    sqlx::query(
        "UPDATE phone_codes SET wrong_codes = wrong_codes + 1 \
         WHERE customer_id = $1 AND user_id = $2 AND about = $3 AND used_at IS NULL",
    )
    .bind(user.customer)
    .bind(user.id)
    .bind(about.to_string())
    .execute(conn)
    .await?;
    Ok(())
}

/// Holds what messages are counted by, until the end of the transaction: of two at once, the second counts the first.
pub async fn hold(conn: &mut Conn, key: &str) -> Result<()> {
    sqlx::query(
        "INSERT INTO phone_counts (key, version) VALUES ($1, 0) \
         ON CONFLICT (key) DO UPDATE SET version = phone_counts.version + 1",
    )
    .bind(key)
    .execute(conn)
    .await?;
    Ok(())
}

/// When messages to one of a user's phones were asked for since `since`, the oldest first.
pub async fn to_method(conn: &mut Conn, user: UserRef, method: MethodId, since: Time) -> Result<Vec<Time>> {
    let rows: Vec<(Time,)> = sqlx::query_as(
        "SELECT asked_at FROM phone_codes \
         WHERE customer_id = $1 AND user_id = $2 AND method_id = $3 AND asked_at > $4 ORDER BY asked_at",
    )
    .bind(user.customer)
    .bind(user.id)
    .bind(method)
    .bind(since)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(at,)| at).collect())
}

/// When messages to a number that anybody was adding were asked for since `since`, the oldest first.
pub async fn to_new_number(conn: &mut Conn, number_key: &str, since: Time) -> Result<Vec<Time>> {
    let rows: Vec<(Time,)> = sqlx::query_as(
        "SELECT asked_at FROM phone_codes WHERE number_key = $1 AND method_id IS NULL AND asked_at > $2 \
         ORDER BY asked_at",
    )
    .bind(number_key)
    .bind(since)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(at,)| at).collect())
}

/// When messages for a user were asked for since `since`, the oldest first.
pub async fn for_user(conn: &mut Conn, user: UserRef, since: Time) -> Result<Vec<Time>> {
    let rows: Vec<(Time,)> = sqlx::query_as(
        "SELECT asked_at FROM phone_codes WHERE customer_id = $1 AND user_id = $2 AND asked_at > $3 ORDER BY asked_at",
    )
    .bind(user.customer)
    .bind(user.id)
    .bind(since)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(at,)| at).collect())
}

/// How many messages the users of a customer asked for since `since`.
pub async fn of_customer(conn: &mut Conn, customer: CustomerId, since: Time) -> Result<i64> {
    let query =
        sqlx::query_as::<_, (i64,)>("SELECT COUNT(*) FROM phone_codes WHERE customer_id = $1 AND asked_at > $2");
    Ok(query.bind(customer).bind(since).fetch_one(conn).await?.0)
}

/// Ends the codes of these users and forgets where they went.
pub async fn forget(conn: &mut Conn, customer: CustomerId, users: &[UserId], now: Time) -> Result<()> {
    let text = format!(
        "UPDATE phone_codes SET used_at = COALESCE(used_at, {}), number = '' WHERE customer_id = $1 AND user_id IN",
        now.unix_milliseconds()
    );
    over_users(&text, customer, users).execute(conn).await?;
    Ok(())
}

/// Forgets what is counted no more. Nothing depends on it: every read checks the time itself.
pub async fn delete_stale(conn: &mut Conn, before: Time) -> Result<()> {
    sqlx::query("DELETE FROM phone_codes WHERE asked_at <= $1").bind(before).execute(&mut *conn).await?;
    // Whoever holds one of these has a customer's already, and waits for nobody: no two wait for each other.
    sqlx::query("DELETE FROM phone_counts WHERE key LIKE 'number %'").execute(conn).await?;
    Ok(())
}
