//! All SQL over `users` and `memberships`. What lists need stands in `list`, where mails go in `address`.

pub mod address;
pub mod conditions;
pub mod life;
pub mod list;

use sqlx::FromRow;
use sqlx::query::QueryAs;

use crate::domain::authority::{Role, Scope};
use crate::domain::ids::{CustomerId, UserId};
use crate::domain::not_me::Hold;
use crate::domain::sign_in::Guesses;
use crate::domain::time::Time;
use crate::domain::user::{Address, UserRef};
use crate::platform::db::{among, over_users, placeholders, rows};
use crate::platform::{Conn, Result};

/// What a transaction that decides about a user needs to know.
#[derive(FromRow)]
pub struct Locked {
    pub name: String,
    pub address: Address,
    pub second_address: Option<Address>,
    pub password_hash: Option<String>,
    pub activated_at: Option<Time>,
    pub suspended_at: Option<Time>,
    pub set_up_due_at: Option<Time>,
    pub address_verified_at: Option<Time>,
    pub password_by_mail_at: Option<Time>,
    pub disowned_at: Option<Time>,
    pub wrong_codes_in_a_row: i64,
    pub wrong_codes_recent: i64,
    pub wrong_codes_since: Option<Time>,
}

/// Takes the user's lock: raising the version locks the row on both engines.
pub async fn lock(conn: &mut Conn, user: UserRef) -> Result<Option<Locked>> {
    Ok(sqlx::query_as(
        "UPDATE users SET version = version + 1 WHERE customer_id = $1 AND id = $2 \
         RETURNING name, address, second_address, password_hash, activated_at, suspended_at, set_up_due_at, address_verified_at, \
            password_by_mail_at, disowned_at, wrong_codes_in_a_row, wrong_codes_recent, wrong_codes_since",
    )
    .bind(user.customer)
    .bind(user.id)
    .fetch_optional(conn)
    .await?)
}

pub async fn set_guesses(conn: &mut Conn, user: UserRef, guesses: Guesses) -> Result<()> {
    sqlx::query(
        "UPDATE users SET wrong_codes_in_a_row = $1, wrong_codes_recent = $2, wrong_codes_since = $3 \
         WHERE customer_id = $4 AND id = $5",
    )
    .bind(guesses.in_a_row)
    .bind(guesses.recent)
    .bind(guesses.window_started_at)
    .bind(user.customer)
    .bind(user.id)
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn set_signed_in(conn: &mut Conn, user: UserRef, now: Time) -> Result<()> {
    sqlx::query("UPDATE users SET last_sign_in_at = $1 WHERE customer_id = $2 AND id = $3")
        .bind(now)
        .bind(user.customer)
        .bind(user.id)
        .execute(conn)
        .await?;
    Ok(())
}

pub async fn set_password(conn: &mut Conn, user: UserRef, hash: &str, now: Time) -> Result<()> {
    sqlx::query(
        "UPDATE users SET password_hash = $1, activated_at = COALESCE(activated_at, $2), password_by_mail_at = NULL \
         WHERE customer_id = $3 AND id = $4",
    )
    .bind(hash)
    .bind(now)
    .bind(user.customer)
    .bind(user.id)
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn set_password_by_mail(conn: &mut Conn, user: UserRef, at: Option<Time>) -> Result<()> {
    sqlx::query("UPDATE users SET password_by_mail_at = $1 WHERE customer_id = $2 AND id = $3")
        .bind(at)
        .bind(user.customer)
        .bind(user.id)
        .execute(conn)
        .await?;
    Ok(())
}

/// What holds since they said that something was not them, and whether their password was set with nothing but a mail.
pub async fn doubts(conn: &mut Conn, user: UserRef) -> Result<(Hold, bool)> {
    let text = "SELECT disowned_at, set_up_due_at, password_by_mail_at FROM users WHERE customer_id = $1 AND id = $2";
    let query = sqlx::query_as::<_, (Option<Time>, Option<Time>, Option<Time>)>(text);
    let (disowned_at, set_up_due_at, by_mail_at) =
        query.bind(user.customer).bind(user.id).fetch_optional(conn).await?.unwrap_or_default();
    Ok((Hold::from_facts(disowned_at, set_up_due_at), by_mail_at.is_some()))
}

pub async fn set_suspended(conn: &mut Conn, user: UserRef, at: Option<Time>) -> Result<()> {
    sqlx::query("UPDATE users SET suspended_at = $1 WHERE customer_id = $2 AND id = $3")
        .bind(at)
        .bind(user.customer)
        .bind(user.id)
        .execute(conn)
        .await?;
    Ok(())
}

pub async fn set_disowned(conn: &mut Conn, user: UserRef, now: Time) -> Result<()> {
    sqlx::query("UPDATE users SET disowned_at = $1 WHERE customer_id = $2 AND id = $3")
        .bind(now)
        .bind(user.customer)
        .bind(user.id)
        .execute(conn)
        .await?;
    Ok(())
}

pub async fn set_up_done(conn: &mut Conn, user: UserRef) -> Result<()> {
    sqlx::query("UPDATE users SET set_up_due_at = NULL, disowned_at = NULL WHERE customer_id = $1 AND id = $2")
        .bind(user.customer)
        .bind(user.id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Takes the locks of these users.
pub async fn lock_all(conn: &mut Conn, customer: CustomerId, users: &[UserId]) -> Result<()> {
    let text = "UPDATE users SET version = version + 1 WHERE customer_id = $1 AND id IN";
    over_users(text, customer, users).execute(conn).await?;
    Ok(())
}

/// Marks these users as due for a new set-up and forgives their wrong codes.
pub async fn set_up_due(conn: &mut Conn, customer: CustomerId, users: &[UserId], now: Time) -> Result<()> {
    let text = format!(
        "UPDATE users SET set_up_due_at = $1, wrong_codes_in_a_row = 0, wrong_codes_recent = 0, \
            wrong_codes_since = NULL \
         WHERE customer_id = $2 AND id IN ({})",
        placeholders(3, users.len())
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(now).bind(customer);
    for user in users {
        query = query.bind(*user);
    }
    query.execute(conn).await?;
    Ok(())
}

#[derive(FromRow)]
pub struct Credentials {
    pub customer_id: CustomerId,
    pub id: UserId,
    pub password_hash: Option<String>,
}

pub async fn credentials(conn: &mut Conn, address_key: &str) -> Result<Option<Credentials>> {
    Ok(sqlx::query_as("SELECT customer_id, id, password_hash FROM users WHERE address_key = $1 AND removed_at IS NULL")
        .bind(address_key)
        .fetch_optional(conn)
        .await?)
}

pub async fn name(conn: &mut Conn, user: UserRef) -> Result<Option<String>> {
    let row: Option<(String,)> = sqlx::query_as("SELECT name FROM users WHERE customer_id = $1 AND id = $2")
        .bind(user.customer)
        .bind(user.id)
        .fetch_optional(conn)
        .await?;
    Ok(row.map(|(name,)| name))
}

/// A new user with a role in their home customer.
pub struct NewRow {
    pub user: UserRef,
    pub name: String,
    pub name_key: String,
    pub address: Address,
    pub address_key: String,
    pub address_verified_at: Option<Time>,
    pub password_hash: Option<String>,
    pub activated_at: Option<Time>,
    pub suspended_at: Option<Time>,
    pub last_sign_in_at: Option<Time>,
    pub role: Role,
}

pub async fn insert(conn: &mut Conn, new: &[NewRow], now: Time) -> Result<()> {
    for part in new.chunks(500) {
        let text = format!(
            "INSERT INTO users (customer_id, id, name, name_key, address, address_key, address_verified_at, \
                password_hash, created_at, activated_at, suspended_at, last_sign_in_at) VALUES {}",
            rows(conn, part.len(), 12)
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(text));
        for row in part {
            query = query
                .bind(row.user.customer)
                .bind(row.user.id)
                .bind(&row.name)
                .bind(&row.name_key)
                .bind(row.address.clone())
                .bind(&row.address_key)
                .bind(row.address_verified_at)
                .bind(row.password_hash.clone())
                .bind(now)
                .bind(row.activated_at)
                .bind(row.suspended_at)
                .bind(row.last_sign_in_at);
        }
        query.execute(&mut *conn).await?;
        let text = format!(
            "INSERT INTO memberships (customer_id, user_customer_id, user_id, role, granted_at) VALUES {}",
            rows(conn, part.len(), 5)
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(text));
        for row in part {
            query = query.bind(row.user.customer).bind(row.user.customer).bind(row.user.id).bind(row.role).bind(now);
        }
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

pub async fn set_role(conn: &mut Conn, user: UserRef, customer: CustomerId, role: Role, now: Time) -> Result<()> {
    sqlx::query(
        "INSERT INTO memberships (customer_id, user_customer_id, user_id, role, granted_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (customer_id, user_id) DO UPDATE SET role = excluded.role, granted_at = excluded.granted_at",
    )
    .bind(customer)
    .bind(user.customer)
    .bind(user.id)
    .bind(role)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// The customers in which at least one of these users, at home in `home`, is an owner.
pub async fn owned_by(conn: &mut Conn, home: CustomerId, users: &[UserId], now: Time) -> Result<Vec<CustomerId>> {
    let mut owned = Vec::new();
    for part in users.chunks(500) {
        let text = format!(
            "SELECT DISTINCT customer_id FROM memberships \
             WHERE role = 'owner' AND (ends_at IS NULL OR ends_at > $2) AND user_customer_id = $1 AND user_id IN ({})",
            placeholders(3, part.len())
        );
        let mut query = sqlx::query_as::<_, (CustomerId,)>(sqlx::AssertSqlSafe(text)).bind(home).bind(now);
        for user in part {
            query = query.bind(*user);
        }
        owned.extend(query.fetch_all(&mut *conn).await?.into_iter().map(|(customer,)| customer));
    }
    owned.sort_unstable();
    owned.dedup();
    Ok(owned)
}

/// Whether `user` is an owner or admin of any customer: whoever takes over a technician's account holds every customer that
/// they look after. It tells not which, so it needs no scope.
pub async fn is_privileged(conn: &mut Conn, user: UserRef, now: Time) -> Result<bool> {
    let row: Option<(i64,)> = sqlx::query_as(
        "SELECT CAST(1 AS BIGINT) FROM memberships WHERE user_customer_id = $1 AND user_id = $2 \
            AND role IN ('owner', 'admin') AND (ends_at IS NULL OR ends_at > $3) LIMIT 1",
    )
    .bind(user.customer)
    .bind(user.id)
    .bind(now)
    .fetch_optional(conn)
    .await?;
    Ok(row.is_some())
}

/// An owner who can sign in.
#[derive(FromRow)]
pub struct OwnerRow {
    /// Whose owner they are.
    pub owned_id: CustomerId,
    pub customer_id: CustomerId,
    pub id: UserId,
    pub name: String,
    /// Where they are at home.
    pub customer_name: String,
    /// 1 where that is the provider of the customer they own.
    pub by_provider: i64,
}

impl OwnerRow {
    pub const fn user(&self) -> UserRef {
        UserRef { customer: self.customer_id, id: self.id }
    }
}

/// The owners of each of `customers` who are active and not frozen; with `working` those who could sign in and help now, because
/// they have a factor.
pub async fn owners(conn: &mut Conn, customers: &[CustomerId], now: Time, working: bool) -> Result<Vec<OwnerRow>> {
    if customers.is_empty() {
        return Ok(Vec::new());
    }
    let (among, values) = among(conn, "m.customer_id", 2, customers);
    let with_factor = if working {
        " AND EXISTS (SELECT 1 FROM methods x WHERE x.customer_id = u.customer_id AND x.user_id = u.id)"
    } else {
        ""
    };
    let text = format!(
        "SELECT m.customer_id AS owned_id, u.customer_id, u.id, u.name, c.name AS customer_name, \
            CAST(CASE WHEN o.provider_id = c.id THEN 1 ELSE 0 END AS BIGINT) AS by_provider \
         FROM memberships m JOIN customers o ON o.id = m.customer_id \
         JOIN users u ON u.customer_id = m.user_customer_id AND u.id = m.user_id \
         JOIN customers c ON c.id = u.customer_id \
         WHERE {among} AND m.role = 'owner' AND (m.ends_at IS NULL OR m.ends_at > $1) \
            AND u.activated_at IS NOT NULL AND u.suspended_at IS NULL AND u.disowned_at IS NULL{with_factor} \
         ORDER BY u.name_key, u.id"
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(now);
    Ok(values.into_iter().fold(query, QueryAs::bind).fetch_all(conn).await?)
}

/// The roles of a user in the customers of `scope` that have not ended: home first, the others by name.
pub async fn roles(conn: &mut Conn, scope: &Scope, user: UserRef, now: Time) -> Result<Vec<(String, Role)>> {
    let customers = scope.customers();
    if customers.is_empty() {
        return Ok(Vec::new());
    }
    let (among, values) = among(conn, "m.customer_id", 4, customers);
    let text = format!(
        "SELECT c.name, m.role FROM memberships m JOIN customers c ON c.id = m.customer_id \
         WHERE m.user_customer_id = $1 AND m.user_id = $2 AND (m.ends_at IS NULL OR m.ends_at > $3) AND {among} \
         ORDER BY CASE WHEN m.customer_id = $1 THEN 0 ELSE 1 END, c.name_key"
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(user.customer).bind(user.id).bind(now);
    Ok(values.into_iter().fold(query, QueryAs::bind).fetch_all(conn).await?)
}
