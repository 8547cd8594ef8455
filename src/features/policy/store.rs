//! All SQL over those whom a policy concerns.

use crate::domain::authority::Scope;
use crate::domain::ids::CustomerId;
use crate::domain::method::MethodKind;
use crate::domain::recovery::WRONG_PASSWORDS;
use crate::domain::time::Time;
use crate::domain::{approval, plan};
use crate::platform::{Conn, Result};

/// Who can sign in, of the customer that is bound as `$1`.
const ACTIVE: &str =
    "u.customer_id = $1 AND u.activated_at IS NOT NULL AND u.suspended_at IS NULL AND u.removed_at IS NULL";
const NO_FACTOR: &str = "NOT EXISTS (SELECT 1 FROM methods m WHERE m.customer_id = u.customer_id AND m.user_id = u.id)";
/// A link that works, when `$2` is now and `$3` how many wrong passwords end one.
const LIVE: &str = "l.ended_at IS NULL AND l.expires_at > $2 AND l.wrong_passwords < $3";

/// How many people can sign in.
pub async fn active(conn: &mut Conn, scope: &Scope, customer: CustomerId) -> Result<i64> {
    if !scope.covers(customer) {
        return Ok(0);
    }
    let text = format!("SELECT COUNT(*) FROM users u WHERE {ACTIVE}");
    let query = sqlx::query_as::<_, (i64,)>(sqlx::AssertSqlSafe(text)).bind(customer);
    Ok(query.fetch_one(conn).await?.0)
}

/// How many people who can sign in have no factor, and whether a reset took it.
pub async fn without_factor(conn: &mut Conn, scope: &Scope, customer: CustomerId, reset: bool) -> Result<i64> {
    if !scope.covers(customer) {
        return Ok(0);
    }
    let due = if reset { "IS NOT NULL" } else { "IS NULL" };
    let text = format!("SELECT COUNT(*) FROM users u WHERE {ACTIVE} AND {NO_FACTOR} AND u.set_up_due_at {due}");
    let query = sqlx::query_as::<_, (i64,)>(sqlx::AssertSqlSafe(text)).bind(customer);
    Ok(query.fetch_one(conn).await?.0)
}

/// How many of those whose factor a reset took have no link that works.
pub async fn without_link(conn: &mut Conn, scope: &Scope, customer: CustomerId, now: Time) -> Result<i64> {
    if !scope.covers(customer) {
        return Ok(0);
    }
    let text = format!(
        "SELECT COUNT(*) FROM users u WHERE {ACTIVE} AND {NO_FACTOR} AND u.set_up_due_at IS NOT NULL \
            AND NOT EXISTS (SELECT 1 FROM links l WHERE l.customer_id = u.customer_id AND l.user_id = u.id AND {LIVE})"
    );
    let query = sqlx::query_as::<_, (i64,)>(sqlx::AssertSqlSafe(text)).bind(customer).bind(now).bind(WRONG_PASSWORDS);
    Ok(query.fetch_one(conn).await?.0)
}

/// How many links work.
pub async fn links(conn: &mut Conn, scope: &Scope, customer: CustomerId, now: Time) -> Result<i64> {
    if !scope.covers(customer) {
        return Ok(0);
    }
    let text = format!("SELECT COUNT(*) FROM links l WHERE l.customer_id = $1 AND {LIVE}");
    let query = sqlx::query_as::<_, (i64,)>(sqlx::AssertSqlSafe(text)).bind(customer).bind(now).bind(WRONG_PASSWORDS);
    Ok(query.fetch_one(conn).await?.0)
}

/// How many people who can sign in with a factor have `most` unspent backup codes or fewer: those whom the list of users
/// marks.
pub async fn with_few_codes(conn: &mut Conn, scope: &Scope, customer: CustomerId, most: u16) -> Result<i64> {
    if !scope.covers(customer) {
        return Ok(0);
    }
    let text = format!(
        "SELECT COUNT(*) FROM users u WHERE {ACTIVE} AND NOT {NO_FACTOR} \
            AND (SELECT COUNT(*) FROM backup_codes b WHERE b.customer_id = u.customer_id AND b.user_id = u.id \
                AND b.used_at IS NULL) <= $2"
    );
    let query = sqlx::query_as::<_, (i64,)>(sqlx::AssertSqlSafe(text)).bind(customer).bind(i64::from(most));
    Ok(query.fetch_one(conn).await?.0)
}

/// How many people have a method of this kind, whether they can sign in or not: those whom the list of users shows.
pub async fn with_method(conn: &mut Conn, scope: &Scope, customer: CustomerId, kind: MethodKind) -> Result<i64> {
    if !scope.covers(customer) {
        return Ok(0);
    }
    let query = sqlx::query_as::<_, (i64,)>(
        "SELECT COUNT(DISTINCT m.user_id) FROM methods m WHERE m.customer_id = $1 AND m.kind = $2",
    );
    Ok(query.bind(customer).bind(kind).fetch_one(conn).await?.0)
}

/// How many devices are trusted, and by how many people.
pub async fn trusted_devices(conn: &mut Conn, scope: &Scope, customer: CustomerId, now: Time) -> Result<(i64, i64)> {
    if !scope.covers(customer) {
        return Ok((0, 0));
    }
    let query = sqlx::query_as(
        "SELECT COUNT(*), COUNT(DISTINCT d.user_id) FROM trusted_devices d WHERE d.customer_id = $1 AND d.ends_at > $2",
    );
    Ok(query.bind(customer).bind(now).fetch_one(conn).await?)
}

/// How many plans that reset somebody of the customer can still be confirmed.
pub async fn plans(conn: &mut Conn, scope: &Scope, customer: CustomerId, now: Time) -> Result<i64> {
    if !scope.covers(customer) {
        return Ok(0);
    }
    let oldest = now - plan::LIFETIME;
    let query = sqlx::query_as::<_, (i64,)>(
        "SELECT COUNT(DISTINCT r.id) FROM resets r JOIN reset_items i ON i.reset_id = r.id \
         WHERE i.customer_id = $1 AND i.skip IS NULL AND r.confirmed_at IS NULL AND r.approval_asked_at IS NULL \
            AND r.created_at > $2",
    );
    Ok(query.bind(customer).bind(oldest).fetch_one(conn).await?.0)
}

/// How many resets of somebody of the customer wait for a second person.
pub async fn requests(conn: &mut Conn, scope: &Scope, customer: CustomerId, now: Time) -> Result<i64> {
    if !scope.covers(customer) {
        return Ok(0);
    }
    let oldest = now - approval::LIFETIME;
    let query = sqlx::query_as::<_, (i64,)>(
        "SELECT COUNT(DISTINCT r.id) FROM resets r JOIN reset_items i ON i.reset_id = r.id \
         WHERE i.customer_id = $1 AND i.skip IS NULL AND r.decided_at IS NULL AND r.approval_asked_at > $2",
    );
    Ok(query.bind(customer).bind(oldest).fetch_one(conn).await?.0)
}
