//! All SQL over `methods`.

use sqlx::FromRow;

use crate::domain::ids::{CustomerId, MethodId, TokenId, UserId};
use crate::domain::method::MethodKind;
use crate::domain::time::Time;
use crate::domain::totp::Step;
use crate::domain::user::UserRef;
use crate::platform::db::over_users;
use crate::platform::{Conn, Result};

#[derive(FromRow)]
pub struct Row {
    pub id: MethodId,
    pub kind: MethodKind,
    pub name: Option<String>,
    pub secret: String,
    pub token_id: Option<TokenId>,
    pub last_step: i64,
    pub registered_at: Time,
    pub last_used_at: Option<Time>,
    pub credential_id: Option<String>,
    pub copied_at: Option<Time>,
}

pub async fn of_user(conn: &mut Conn, user: UserRef) -> Result<Vec<Row>> {
    Ok(sqlx::query_as(
        "SELECT id, kind, name, secret, token_id, last_step, registered_at, last_used_at, credential_id, copied_at \
         FROM methods \
         WHERE customer_id = $1 AND user_id = $2 ORDER BY id",
    )
    .bind(user.customer)
    .bind(user.id)
    .fetch_all(conn)
    .await?)
}

pub async fn insert(
    conn: &mut Conn,
    user: UserRef,
    id: MethodId,
    kind: MethodKind,
    secret: &str,
    step: Step,
    now: Time,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO methods (customer_id, user_id, id, kind, secret, last_step, registered_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(user.customer)
    .bind(user.id)
    .bind(id)
    .bind(kind)
    .bind(secret)
    .bind(step.0)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// A method whose secret lies in the stock.
pub async fn insert_token(
    conn: &mut Conn,
    user: UserRef,
    id: MethodId,
    token: TokenId,
    name: &str,
    now: Time,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO methods (customer_id, user_id, id, kind, name, secret, token_id, last_step, registered_at, last_used_at) \
         VALUES ($1, $2, $3, $4, $5, '', $6, 0, $7, $7)",
    )
    .bind(user.customer)
    .bind(user.id)
    .bind(id)
    .bind(MethodKind::HardwareToken)
    .bind(name)
    .bind(token)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// A phone number, which was just used.
pub async fn insert_phone(
    conn: &mut Conn,
    user: UserRef,
    id: MethodId,
    sealed: &str,
    name: &str,
    now: Time,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO methods (customer_id, user_id, id, kind, name, secret, last_step, registered_at, last_used_at) \
         VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $7)",
    )
    .bind(user.customer)
    .bind(user.id)
    .bind(id)
    .bind(MethodKind::Phone)
    .bind(name)
    .bind(sealed)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes down that a method was used whose codes are counted elsewhere.
pub async fn set_used(conn: &mut Conn, user: UserRef, id: MethodId, now: Time) -> Result<()> {
    sqlx::query("UPDATE methods SET last_used_at = $1 WHERE customer_id = $2 AND user_id = $3 AND id = $4")
        .bind(now)
        .bind(user.customer)
        .bind(user.id)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// A passkey as it is registered.
pub struct NewPasskey {
    pub id: MethodId,
    pub credential_id: String,
    pub secret: String,
    pub name: Option<String>,
}

/// Says whether its credential is nobody's yet: a key that somebody has is not taken a second time.
pub async fn insert_passkey(conn: &mut Conn, user: UserRef, new: &NewPasskey, now: Time) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO methods (customer_id, user_id, id, kind, secret, last_step, registered_at, name, credential_id) \
         VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8) ON CONFLICT (credential_id) DO NOTHING",
    )
    .bind(user.customer)
    .bind(user.id)
    .bind(new.id)
    .bind(MethodKind::Passkey)
    .bind(&new.secret)
    .bind(now)
    .bind(new.name.clone())
    .bind(&new.credential_id)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes the counter of a passkey, if it is later than the last one taken or the key does not count at all.
pub async fn take_counter(conn: &mut Conn, user: UserRef, id: MethodId, counter: i64, now: Time) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE methods SET last_step = $1, last_used_at = $2 \
         WHERE customer_id = $3 AND user_id = $4 AND id = $5 AND copied_at IS NULL \
            AND (last_step < $1 OR (last_step = 0 AND $1 = 0))",
    )
    .bind(counter)
    .bind(now)
    .bind(user.customer)
    .bind(user.id)
    .bind(id)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Marks a passkey of which there are two.
pub async fn set_copied(conn: &mut Conn, user: UserRef, id: MethodId, now: Time) -> Result<()> {
    sqlx::query("UPDATE methods SET copied_at = $1 WHERE customer_id = $2 AND user_id = $3 AND id = $4")
        .bind(now)
        .bind(user.customer)
        .bind(user.id)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Takes a step, if it is later than the last one taken. Of any number at once, one succeeds.
pub async fn take_step(conn: &mut Conn, user: UserRef, id: MethodId, step: Step, now: Time) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE methods SET last_step = $1, last_used_at = $2 \
         WHERE customer_id = $3 AND user_id = $4 AND id = $5 AND last_step < $1",
    )
    .bind(step.0)
    .bind(now)
    .bind(user.customer)
    .bind(user.id)
    .bind(id)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn set_name(conn: &mut Conn, user: UserRef, id: MethodId, name: Option<&str>) -> Result<()> {
    sqlx::query("UPDATE methods SET name = $1 WHERE customer_id = $2 AND user_id = $3 AND id = $4")
        .bind(name.map(str::to_owned))
        .bind(user.customer)
        .bind(user.id)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Says whether it was there.
pub async fn delete(conn: &mut Conn, user: UserRef, id: MethodId) -> Result<bool> {
    let done = sqlx::query("DELETE FROM methods WHERE customer_id = $1 AND user_id = $2 AND id = $3")
        .bind(user.customer)
        .bind(user.id)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn delete_all(conn: &mut Conn, customer: CustomerId, users: &[UserId]) -> Result<u64> {
    let text = "DELETE FROM methods WHERE customer_id = $1 AND user_id IN";
    Ok(over_users(text, customer, users).execute(conn).await?.rows_affected())
}
