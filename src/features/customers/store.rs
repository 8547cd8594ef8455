//! All SQL over `customers`.

use sqlx::FromRow;

use crate::domain::authority::Scope;
use crate::domain::customer::Customer;
use crate::domain::ids::CustomerId;
use crate::domain::time::Time;
use crate::platform::db::placeholders;
use crate::platform::{Conn, Result};

#[derive(FromRow)]
struct Row {
    id: CustomerId,
    name: String,
    help_desk: Option<String>,
    policy: String,
}

impl From<Row> for Customer {
    fn from(row: Row) -> Self {
        // A policy that cannot be read is the default one: the strict one.
        let policy = serde_json::from_str(&row.policy).unwrap_or_default();
        Self { id: row.id, name: row.name, help_desk: row.help_desk, policy }
    }
}

pub async fn insert(conn: &mut Conn, customer: &Customer, name_key: &str, now: Time) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO customers (id, name, name_key, help_desk, policy, codes_low, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name_key) DO NOTHING",
    )
    .bind(customer.id)
    .bind(&customer.name)
    .bind(name_key)
    .bind(customer.help_desk.clone())
    .bind(serde_json::to_string(&customer.policy).expect("a policy is always JSON"))
    .bind(i64::from(customer.policy.codes_low))
    .bind(now)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// One customer by its identifier, whoever asks: for what its own users go through before they are signed in.
pub async fn get(conn: &mut Conn, id: CustomerId) -> Result<Option<Customer>> {
    let row: Option<Row> = sqlx::query_as("SELECT id, name, help_desk, policy FROM customers WHERE id = $1")
        .bind(id)
        .fetch_optional(conn)
        .await?;
    Ok(row.map(Customer::from))
}

pub async fn named(conn: &mut Conn, name_key: &str) -> Result<Option<Customer>> {
    let row: Option<Row> = sqlx::query_as("SELECT id, name, help_desk, policy FROM customers WHERE name_key = $1")
        .bind(name_key)
        .fetch_optional(conn)
        .await?;
    Ok(row.map(Customer::from))
}

pub async fn list(conn: &mut Conn, scope: &Scope) -> Result<Vec<Customer>> {
    let ids = scope.customers();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT id, name, help_desk, policy FROM customers WHERE id IN ({}) ORDER BY name_key",
        placeholders(1, ids.len())
    );
    let mut query = sqlx::query_as::<_, Row>(sqlx::AssertSqlSafe(text));
    for id in ids {
        query = query.bind(*id);
    }
    Ok(query.fetch_all(conn).await?.into_iter().map(Customer::from).collect())
}

/// Takes the customer's lock: whoever resets its users waits here for whoever does so already.
pub async fn lock(conn: &mut Conn, id: CustomerId) -> Result<Option<Customer>> {
    let row: Option<Row> =
        sqlx::query_as("UPDATE customers SET policy = policy WHERE id = $1 RETURNING id, name, help_desk, policy")
            .bind(id)
            .fetch_optional(conn)
            .await?;
    Ok(row.map(Customer::from))
}
