//! All SQL over `users` and `memberships` at an account's beginning and end.

use sqlx::FromRow;
use sqlx::query::QueryAs;

use crate::domain::authority::{Role, Scope};
use crate::domain::ids::{CustomerId, UserId};
use crate::domain::time::Time;
use crate::domain::user::{Address, UserRef};
use crate::platform::db::{among, placeholders};
use crate::platform::{Conn, Result};

/// Says whether the account was waiting for this.
pub async fn activate(conn: &mut Conn, user: UserRef, password_hash: &str, now: Time) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE users SET password_hash = $1, activated_at = $2, address_verified_at = $2 \
         WHERE customer_id = $3 AND id = $4 AND activated_at IS NULL AND suspended_at IS NULL AND removed_at IS NULL",
    )
    .bind(password_hash)
    .bind(now)
    .bind(user.customer)
    .bind(user.id)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn unsuspend(conn: &mut Conn, user: UserRef) -> Result<()> {
    sqlx::query("UPDATE users SET suspended_at = NULL WHERE customer_id = $1 AND id = $2 AND removed_at IS NULL")
        .bind(user.customer)
        .bind(user.id)
        .execute(conn)
        .await?;
    Ok(())
}

pub async fn remove(conn: &mut Conn, user: UserRef, address: &str, now: Time) -> Result<()> {
    sqlx::query(
        "UPDATE users SET removed_at = $1, suspended_at = COALESCE(suspended_at, $1), address = $2, address_key = $2, \
            address_verified_at = NULL, second_address = NULL, second_verified_at = NULL, password_hash = NULL, set_up_due_at = NULL, wrong_codes_in_a_row = 0, \
            wrong_codes_recent = 0, wrong_codes_since = NULL \
         WHERE customer_id = $3 AND id = $4",
    )
    .bind(now)
    .bind(address)
    .bind(user.customer)
    .bind(user.id)
    .execute(&mut *conn)
    .await?;
    sqlx::query("DELETE FROM memberships WHERE user_customer_id = $1 AND user_id = $2")
        .bind(user.customer)
        .bind(user.id)
        .execute(conn)
        .await?;
    Ok(())
}

#[derive(FromRow)]
pub struct Removed {
    pub name: String,
    pub at: Time,
    pub customer_name: String,
}

pub async fn removed(conn: &mut Conn, scope: &Scope, id: UserId) -> Result<Option<Removed>> {
    let customers = scope.customers();
    if customers.is_empty() {
        return Ok(None);
    }
    let (among, values) = among(conn, "u.customer_id", 2, customers);
    let text = format!(
        "SELECT u.name, u.removed_at AS at, c.name AS customer_name FROM users u JOIN customers c ON c.id = u.customer_id \
         WHERE u.removed_at IS NOT NULL AND u.id = $1 AND {among}"
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(id);
    Ok(values.into_iter().fold(query, QueryAs::bind).fetch_optional(conn).await?)
}

/// Which of these address keys belong to somebody in `scope`.
pub async fn taken_in(conn: &mut Conn, scope: &Scope, address_keys: &[String]) -> Result<Vec<String>> {
    let customers = scope.customers();
    let mut taken = Vec::new();
    if customers.is_empty() {
        return Ok(taken);
    }
    for part in address_keys.chunks(500) {
        let (whose, values) = among(conn, "customer_id", part.len() + 1, customers);
        let text =
            format!("SELECT address_key FROM users WHERE address_key IN ({}) AND {whose}", placeholders(1, part.len()));
        let mut query = sqlx::query_as::<_, (String,)>(sqlx::AssertSqlSafe(text));
        for value in part.iter().chain(&values) {
            query = query.bind(value);
        }
        taken.extend(query.fetch_all(&mut *conn).await?.into_iter().map(|(key,)| key));
    }
    Ok(taken)
}

/// Who in `scope` has these address keys.
pub async fn ids_at(conn: &mut Conn, scope: &Scope, address_keys: &[String]) -> Result<Vec<UserId>> {
    let mut found = Vec::new();
    if scope.customers().is_empty() {
        return Ok(found);
    }
    for part in address_keys.chunks(500) {
        let (whose, values) = among(conn, "customer_id", part.len() + 1, scope.customers());
        let text = format!(
            "SELECT id FROM users WHERE removed_at IS NULL AND address_key IN ({}) AND {whose}",
            placeholders(1, part.len())
        );
        let mut query = sqlx::query_as::<_, (UserId,)>(sqlx::AssertSqlSafe(text));
        for key in part {
            query = query.bind(key);
        }
        for value in values {
            query = query.bind(value);
        }
        found.extend(query.fetch_all(&mut *conn).await?.into_iter().map(|(id,)| id));
    }
    Ok(found)
}

#[derive(FromRow)]
pub struct Found {
    pub customer_id: CustomerId,
    pub id: UserId,
    pub name: String,
    pub address: Address,
    pub address_key: String,
    pub customer_name: String,
    pub role: Role,
}

/// Who in `scope` has these address keys, with what a list shows of them.
pub async fn found(conn: &mut Conn, scope: &Scope, address_keys: &[String]) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    if scope.customers().is_empty() {
        return Ok(found);
    }
    for part in address_keys.chunks(500) {
        let (whose, values) = among(conn, "u.customer_id", part.len() + 1, scope.customers());
        let text = format!(
            "SELECT u.customer_id, u.id, u.name, u.address, u.address_key, c.name AS customer_name, m.role FROM users u \
             JOIN customers c ON c.id = u.customer_id \
             JOIN memberships m ON m.customer_id = u.customer_id AND m.user_id = u.id \
             WHERE u.removed_at IS NULL AND u.address_key IN ({}) AND {whose}",
            placeholders(1, part.len())
        );
        let query = part.iter().fold(sqlx::query_as(sqlx::AssertSqlSafe(text)), QueryAs::bind);
        let query = values.into_iter().fold(query, QueryAs::bind);
        found.extend(query.fetch_all(&mut *conn).await?);
    }
    Ok(found)
}

/// Every customer in which this user holds a role, the ended ones included.
pub async fn member_of(conn: &mut Conn, user: UserRef) -> Result<Vec<CustomerId>> {
    let rows: Vec<(CustomerId,)> = sqlx::query_as(
        "SELECT customer_id FROM memberships WHERE user_customer_id = $1 AND user_id = $2 ORDER BY customer_id",
    )
    .bind(user.customer)
    .bind(user.id)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(customer,)| customer).collect())
}
