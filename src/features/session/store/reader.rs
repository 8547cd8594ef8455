//! All SQL over the language and the time zone of users.

use sqlx::{AssertSqlSafe, FromRow};

use crate::domain::ids::{CustomerId, UserId};
use crate::domain::user::UserRef;
use crate::platform::{Conn, Result};

#[derive(FromRow)]
pub struct Found {
    pub customer_id: CustomerId,
    pub user_id: UserId,
    pub language: Option<String>,
    pub zone: Option<String>,
}

impl Found {
    pub const fn user(&self) -> UserRef {
        UserRef { customer: self.customer_id, id: self.user_id }
    }
}

/// The user of the session with this token.
pub async fn by_session(conn: &mut Conn, token_hash: &str) -> Result<Option<Found>> {
    by(conn, "sessions", token_hash).await
}

/// The user of the half-finished sign-in or set-up with this token.
pub async fn by_challenge(conn: &mut Conn, token_hash: &str) -> Result<Option<Found>> {
    by(conn, "challenges", token_hash).await
}

async fn by(conn: &mut Conn, table: &str, token_hash: &str) -> Result<Option<Found>> {
    let text = format!(
        "SELECT t.customer_id, t.user_id, u.language, u.zone FROM {table} t \
         JOIN users u ON u.customer_id = t.customer_id AND u.id = t.user_id WHERE t.token_hash = $1"
    );
    Ok(sqlx::query_as(AssertSqlSafe(text)).bind(token_hash).fetch_optional(conn).await?)
}

pub async fn set_language(conn: &mut Conn, user: UserRef, language: &str) -> Result<()> {
    sqlx::query("UPDATE users SET language = $1 WHERE customer_id = $2 AND id = $3")
        .bind(language)
        .bind(user.customer)
        .bind(user.id)
        .execute(conn)
        .await?;
    Ok(())
}

pub async fn set_zone(conn: &mut Conn, user: UserRef, zone: &str) -> Result<()> {
    sqlx::query("UPDATE users SET zone = $1 WHERE customer_id = $2 AND id = $3")
        .bind(zone)
        .bind(user.customer)
        .bind(user.id)
        .execute(conn)
        .await?;
    Ok(())
}
