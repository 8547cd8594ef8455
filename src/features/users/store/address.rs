//! The SQL over the addresses of users.

use sqlx::FromRow;

use crate::domain::time::Time;
use crate::domain::user::{Address, UserRef};
use crate::platform::db::placeholders;
use crate::platform::{Conn, Result};

pub async fn get(conn: &mut Conn, user: UserRef) -> Result<Option<Address>> {
    let row: Option<(Address,)> = sqlx::query_as("SELECT address FROM users WHERE customer_id = $1 AND id = $2")
        .bind(user.customer)
        .bind(user.id)
        .fetch_optional(conn)
        .await?;
    Ok(row.map(|(address,)| address))
}

pub async fn set(conn: &mut Conn, user: UserRef, address: &Address, key: &str, now: Time) -> Result<()> {
    sqlx::query(
        "UPDATE users SET address = $1, address_key = $2, address_verified_at = $3 WHERE customer_id = $4 AND id = $5",
    )
    .bind(address.clone())
    .bind(key)
    .bind(now)
    .bind(user.customer)
    .bind(user.id)
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(FromRow)]
pub struct Second {
    pub second_address: Option<Address>,
    pub second_verified_at: Option<Time>,
}

pub async fn second(conn: &mut Conn, user: UserRef) -> Result<Option<Second>> {
    Ok(sqlx::query_as("SELECT second_address, second_verified_at FROM users WHERE customer_id = $1 AND id = $2")
        .bind(user.customer)
        .bind(user.id)
        .fetch_optional(conn)
        .await?)
}

pub async fn set_second(conn: &mut Conn, user: UserRef, second: &Second) -> Result<()> {
    sqlx::query("UPDATE users SET second_address = $1, second_verified_at = $2 WHERE customer_id = $3 AND id = $4")
        .bind(second.second_address.clone())
        .bind(second.second_verified_at)
        .bind(user.customer)
        .bind(user.id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Which of these address keys are taken: somebody's, or somebody's who gave them up and can take them back.
pub async fn taken(conn: &mut Conn, address_keys: &[String]) -> Result<Vec<String>> {
    let mut taken = Vec::new();
    for part in address_keys.chunks(500) {
        let keys = placeholders(1, part.len());
        let text = format!(
            "SELECT address_key FROM users WHERE address_key IN ({keys}) \
             UNION SELECT old_address_key FROM address_changes WHERE old_address_key IN ({keys})"
        );
        let mut query = sqlx::query_as::<_, (String,)>(sqlx::AssertSqlSafe(text));
        for key in part {
            query = query.bind(key);
        }
        taken.extend(query.fetch_all(&mut *conn).await?.into_iter().map(|(key,)| key));
    }
    Ok(taken)
}
