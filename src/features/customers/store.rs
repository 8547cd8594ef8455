//! All SQL over `customers`.

use sqlx::query::QueryAs;
use sqlx::{AssertSqlSafe, FromRow};

use crate::domain::authority::Scope;
use crate::domain::customer::{Customer, Details};
use crate::domain::ids::CustomerId;
use crate::domain::policy::Policy;
use crate::domain::time::Time;
use crate::domain::user::UserRef;
use crate::features::session::service::each_within;
use crate::platform::db::{FEW, among};
use crate::platform::{Conn, Result};

/// What a [`Row`] is read from.
const COLUMNS: &str = "id, name, help_desk, language, zone, policy";

#[derive(FromRow)]
struct Row {
    id: CustomerId,
    name: String,
    help_desk: Option<String>,
    language: Option<String>,
    zone: Option<String>,
    policy: String,
}

impl From<Row> for Customer {
    fn from(row: Row) -> Self {
        // A policy that cannot be read is the default one: the strict one.
        let policy = serde_json::from_str(&row.policy).unwrap_or_default();
        let Row { id, name, help_desk, language, zone, .. } = row;
        Self { id, name, help_desk, language, zone, policy }
    }
}

pub async fn insert(
    conn: &mut Conn,
    customer: &Customer,
    name_key: &str,
    provider: Option<CustomerId>,
    now: Time,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO customers (id, name, name_key, help_desk, policy, codes_low, provider_id, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (name_key) DO NOTHING",
    )
    .bind(customer.id)
    .bind(&customer.name)
    .bind(name_key)
    .bind(customer.help_desk.clone())
    .bind(serde_json::to_string(&customer.policy).expect("a policy is always JSON"))
    .bind(i64::from(customer.policy.codes_low))
    .bind(provider)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// One customer by its identifier, whoever asks: for what its own users go through before they are signed in.
pub async fn get(conn: &mut Conn, id: CustomerId) -> Result<Option<Customer>> {
    let text = format!("SELECT {COLUMNS} FROM customers WHERE id = $1");
    let row: Option<Row> = sqlx::query_as(AssertSqlSafe(text)).bind(id).fetch_optional(conn).await?;
    Ok(row.map(Customer::from))
}

pub async fn named(conn: &mut Conn, name_key: &str) -> Result<Option<Customer>> {
    let text = format!("SELECT {COLUMNS} FROM customers WHERE name_key = $1");
    let row: Option<Row> = sqlx::query_as(AssertSqlSafe(text)).bind(name_key).fetch_optional(conn).await?;
    Ok(row.map(Customer::from))
}

pub async fn list(conn: &mut Conn, scope: &Scope) -> Result<Vec<Customer>> {
    let ids = scope.customers();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (mine, values) = among(conn, "id", 1, ids);
    let text = format!("SELECT {COLUMNS} FROM customers WHERE {mine} ORDER BY name_key");
    let query = values.into_iter().fold(sqlx::query_as::<_, Row>(AssertSqlSafe(text)), QueryAs::bind);
    Ok(query.fetch_all(conn).await?.into_iter().map(Customer::from).collect())
}

/// A row that was written is locked until the transaction ends, on both engines.
const LOCK: &str = "UPDATE customers SET policy = policy WHERE id = $1";

/// Takes the customer's lock: whoever resets its users waits here for whoever does so already.
pub async fn lock(conn: &mut Conn, scope: &Scope, id: CustomerId) -> Result<Option<Customer>> {
    if !scope.covers(id) {
        return Ok(None);
    }
    let text = format!("{LOCK} RETURNING {COLUMNS}");
    let row: Option<Row> = sqlx::query_as(AssertSqlSafe(text)).bind(id).fetch_optional(conn).await?;
    Ok(row.map(Customer::from))
}

/// The same for whoever learns nothing of it.
pub async fn hold(conn: &mut Conn, id: CustomerId) -> Result<()> {
    sqlx::query(LOCK).bind(id).execute(conn).await?;
    Ok(())
}

pub async fn set_provider_since(conn: &mut Conn, id: CustomerId, now: Time) -> Result<()> {
    sqlx::query("UPDATE customers SET provider_since = COALESCE(provider_since, $1) WHERE id = $2")
        .bind(now)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

pub async fn set_provider(conn: &mut Conn, id: CustomerId, provider: CustomerId) -> Result<()> {
    sqlx::query("UPDATE customers SET provider_id = $1 WHERE id = $2").bind(provider).bind(id).execute(conn).await?;
    Ok(())
}

pub async fn providers(conn: &mut Conn, scope: &Scope) -> Result<Vec<Customer>> {
    let ids = scope.customers();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (mine, values) = among(conn, "id", 1, ids);
    let text = format!("SELECT {COLUMNS} FROM customers WHERE {mine} AND provider_since IS NOT NULL ORDER BY name_key");
    let query = values.into_iter().fold(sqlx::query_as::<_, Row>(AssertSqlSafe(text)), QueryAs::bind);
    Ok(query.fetch_all(conn).await?.into_iter().map(Customer::from).collect())
}

/// Whether `provider` is that of any customer in `scope`.
pub async fn is_provider_of(conn: &mut Conn, provider: CustomerId, scope: &Scope) -> Result<bool> {
    if scope.customers().is_empty() {
        return Ok(false);
    }
    let (theirs, values) = among(conn, "id", 2, scope.customers());
    let text = format!("SELECT 1 FROM customers WHERE provider_id = $1 AND {theirs} LIMIT 1");
    let query = sqlx::query_as::<_, (i32,)>(AssertSqlSafe(text)).bind(provider);
    Ok(values.into_iter().fold(query, QueryAs::bind).fetch_optional(conn).await?.is_some())
}

/// A page of the customers in `scope` whose name contains `pattern`, by name, after the name `after`.
pub async fn page(
    conn: &mut Conn,
    scope: &Scope,
    pattern: Option<&str>,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Customer>> {
    let ids = scope.customers();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    // Of very many, those of the page come sooner by their names than by their identifiers; of few the other way about.
    let (name, (mine, values)) = if ids.len() > FEW {
        ("name_key", each_within(conn, "customers.id", 1, scope))
    } else {
        ("(name_key || '')", among(conn, "id", 1, ids))
    };
    let mut text = format!("SELECT {COLUMNS} FROM customers WHERE {mine}");
    let mut next = values.len() + 1;
    for (bound, condition) in [(pattern, "LIKE"), (after, ">")] {
        if bound.is_some() {
            let escape = if condition == "LIKE" { " ESCAPE '\\'" } else { "" };
            text.push_str(&format!(" AND name_key {condition} ${next}{escape}"));
            next += 1;
        }
    }
    text.push_str(&format!(" ORDER BY {name} LIMIT {limit}"));
    let mut query = values.into_iter().fold(sqlx::query_as::<_, Row>(AssertSqlSafe(text)), QueryAs::bind);
    for bound in [pattern, after].into_iter().flatten() {
        query = query.bind(bound.to_owned());
    }
    Ok(query.fetch_all(conn).await?.into_iter().map(Customer::from).collect())
}

/// How many customers in `scope` match.
pub async fn count(conn: &mut Conn, scope: &Scope, pattern: Option<&str>) -> Result<i64> {
    let ids = scope.customers();
    if ids.is_empty() {
        return Ok(0);
    }
    let (mine, values) = among(conn, "id", 1, ids);
    let mut text = format!("SELECT COUNT(*) FROM customers WHERE {mine}");
    if pattern.is_some() {
        text.push_str(&format!(" AND name_key LIKE ${} ESCAPE '\\'", values.len() + 1));
    }
    let mut query = values.into_iter().fold(sqlx::query_as::<_, (i64,)>(AssertSqlSafe(text)), QueryAs::bind);
    if let Some(pattern) = pattern {
        query = query.bind(pattern.to_owned());
    }
    Ok(query.fetch_one(conn).await?.0)
}

/// What only a customer's own pages show.
#[derive(FromRow)]
pub struct Facts {
    pub created_at: Time,
    pub provider_since: Option<Time>,
    pub provider_id: Option<CustomerId>,
    pub provider_name: Option<String>,
}

#[derive(FromRow)]
struct Whole {
    #[sqlx(flatten)]
    row: Row,
    #[sqlx(flatten)]
    facts: Facts,
}

pub async fn profile(conn: &mut Conn, scope: &Scope, id: CustomerId) -> Result<Option<(Customer, Facts)>> {
    if !scope.covers(id) {
        return Ok(None);
    }
    let whole: Option<Whole> = sqlx::query_as(
        "SELECT c.id, c.name, c.help_desk, c.language, c.zone, c.policy, c.created_at, c.provider_since, c.provider_id, \
            p.name AS provider_name \
         FROM customers c LEFT JOIN customers p ON p.id = c.provider_id WHERE c.id = $1",
    )
    .bind(id)
    .fetch_optional(conn)
    .await?;
    Ok(whole.map(|whole| (whole.row.into(), whole.facts)))
}

pub async fn favourites(conn: &mut Conn, user: UserRef) -> Result<Vec<CustomerId>> {
    let rows: Vec<(CustomerId,)> = sqlx::query_as(
        "SELECT customer_id FROM favourite_customers WHERE user_customer_id = $1 AND user_id = $2 ORDER BY customer_id",
    )
    .bind(user.customer)
    .bind(user.id)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

pub async fn add_favourite(conn: &mut Conn, scope: &Scope, user: UserRef, customer: CustomerId) -> Result<()> {
    if !scope.covers(customer) {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO favourite_customers (user_customer_id, user_id, customer_id) VALUES ($1, $2, $3) \
         ON CONFLICT (user_customer_id, user_id, customer_id) DO NOTHING",
    )
    .bind(user.customer)
    .bind(user.id)
    .bind(customer)
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn remove_favourite(conn: &mut Conn, user: UserRef, customer: CustomerId) -> Result<()> {
    sqlx::query("DELETE FROM favourite_customers WHERE user_customer_id = $1 AND user_id = $2 AND customer_id = $3")
        .bind(user.customer)
        .bind(user.id)
        .bind(customer)
        .execute(conn)
        .await?;
    Ok(())
}

pub async fn set_details(
    conn: &mut Conn,
    scope: &Scope,
    id: CustomerId,
    details: &Details,
    name_key: &str,
) -> Result<()> {
    if !scope.covers(id) {
        return Ok(());
    }
    sqlx::query(
        "UPDATE customers SET name = $1, name_key = $2, help_desk = $3, language = $4, zone = $5 WHERE id = $6",
    )
    .bind(&details.name)
    .bind(name_key)
    .bind(details.help_desk.clone())
    .bind(details.language.clone())
    .bind(details.zone.clone())
    .bind(id)
    .execute(conn)
    .await?;
    Ok(())
}

/// `codes_low` stands in a column of its own too, for the conditions of lists: both are written at once.
pub async fn set_policy(conn: &mut Conn, scope: &Scope, id: CustomerId, policy: &Policy) -> Result<()> {
    if !scope.covers(id) {
        return Ok(());
    }
    sqlx::query("UPDATE customers SET policy = $1, codes_low = $2 WHERE id = $3")
        .bind(serde_json::to_string(policy).expect("a policy is always JSON"))
        .bind(i64::from(policy.codes_low))
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}
