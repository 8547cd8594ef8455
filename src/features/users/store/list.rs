//! The SQL of lists: who is on them, in which order, and how many there are.

use sqlx::FromRow;

use super::conditions::{After, CODES_LEFT, Conditions, HAS_METHOD, METHODS, PASSKEYS, PHONES, TOKENS, Value, pick};

use crate::domain::authority::{Role, Scope};
use crate::domain::count::Count;
use crate::domain::ids::{CustomerId, LinkId, MethodId, UserId};
use crate::domain::method::MethodKind;
use crate::domain::time::Time;
use crate::domain::user::Address;
use crate::domain::user_filter::{COUNTED, COUNTED_IN_SEARCH, UserFilter};
use crate::platform::db::FEW;
use crate::platform::{Conn, Result};

/// One user as lists and the review need them.
#[derive(FromRow)]
pub struct Listed {
    pub customer_id: CustomerId,
    pub id: UserId,
    pub name: String,
    pub name_key: String,
    pub address: Address,
    pub address_verified_at: Option<Time>,
    pub activated_at: Option<Time>,
    pub suspended_at: Option<Time>,
    pub last_sign_in_at: Option<Time>,
    pub set_up_due_at: Option<Time>,
    pub disowned_at: Option<Time>,
    pub customer_name: String,
    pub codes_low: i64,
    pub role: Role,
    pub methods: i64,
    pub passkeys: i64,
    pub hardware_tokens: i64,
    pub phones: i64,
    pub codes_left: i64,
    pub sessions: i64,
    pub trusted_devices: i64,
    pub challenges: i64,
    pub link_id: Option<LinkId>,
    pub link_expires_at: Option<Time>,
}

/// Whose rows: each user with their home customer and their role in it. Who was removed has no role, and so no row.
const PEOPLE: &str = "FROM users u \
     JOIN customers c ON c.id = u.customer_id \
     JOIN memberships m ON m.customer_id = u.customer_id AND m.user_id = u.id";

/// The same for the rows of a page that was picked before. The order of these joins is the one that SQLite keeps to.
const PICKED: &str = "CROSS JOIN users u CROSS JOIN customers c CROSS JOIN memberships m";
const ARE_PICKED: &str = "u.customer_id = p.customer_id AND u.id = p.user_id AND c.id = u.customer_id \
    AND m.customer_id = u.customer_id AND m.user_id = u.id";

/// The counts are subqueries, so that a page of 50 costs 50 look-ups by key and no scan.
fn listed(from: &str) -> String {
    let count = |table: &str| {
        format!("(SELECT COUNT(*) FROM {table} s WHERE s.customer_id = u.customer_id AND s.user_id = u.id) AS {table}")
    };
    format!(
        "SELECT u.customer_id, u.id, u.name, u.name_key, u.address, u.address_verified_at, u.activated_at, \
            u.suspended_at, u.last_sign_in_at, u.set_up_due_at, u.disowned_at, c.name AS customer_name, c.codes_low, m.role AS role, \
            {METHODS} AS methods, {PASSKEYS} AS passkeys, {TOKENS} AS hardware_tokens, {PHONES} AS phones, \
            {CODES_LEFT} AS codes_left, {}, {}, {}, l.id AS link_id, l.expires_at AS link_expires_at \
         {from} LEFT JOIN links l ON l.customer_id = u.customer_id AND l.user_id = u.id AND l.ended_at IS NULL",
        count("sessions"),
        count("trusted_devices"),
        count("challenges")
    )
}

/// A page of the users in `scope` whom `filter` means.
pub async fn page(
    conn: &mut Conn,
    scope: &Scope,
    filter: &UserFilter,
    now: Time,
    after: Option<&After>,
    limit: i64,
) -> Result<Vec<Listed>> {
    if scope.customers().is_empty() {
        return Ok(Vec::new());
    }
    let all = Conditions::of_page(conn, scope, filter, now);
    let keys = ("u.customer_id, u.id AS user_id", "users u", "u.id");
    let picked = pick(all, keys, filter.sort, after, limit);
    let from = format!("FROM ({}) p {PICKED}", picked.text);
    let text = format!("{} WHERE {ARE_PICKED} {}", listed(&from), picked.order);
    Ok(picked.all.query(text).fetch_all(conn).await?)
}

/// How far those whom `filter` means in `scope` are counted.
fn limit(scope: &Scope, filter: &UserFilter) -> i64 {
    let reads_many_names = !filter.search.is_empty() && scope.customers().len() > FEW;
    if reads_many_names { COUNTED_IN_SEARCH } else { COUNTED }
}

/// How many users in `scope` are meant, as far as that is counted.
pub async fn count(conn: &mut Conn, scope: &Scope, filter: &UserFilter, now: Time) -> Result<Count> {
    if scope.customers().is_empty() {
        return Ok(Count::Exactly(0));
    }
    count_of(conn, "users u", Conditions::of(conn, scope, filter, now), limit(scope, filter)).await
}

async fn count_of(conn: &mut Conn, from: &str, all: Conditions, limit: i64) -> Result<Count> {
    let (through, one_more) = (all.through, limit + 1);
    let text = format!("SELECT COUNT(*) FROM (SELECT 1 FROM {through}{from} WHERE {} LIMIT {one_more}) f", all.text);
    let (found,): (i64,) = all.query(text).fetch_one(conn).await?;
    Ok(Count::up_to(limit, found))
}

/// How many users in `scope` are meant by the same ones of `filters`: bit `n` stands for the `n`th. One pass over them.
pub async fn census(conn: &mut Conn, scope: &Scope, filters: &[UserFilter], now: Time) -> Result<Vec<(i64, i64)>> {
    if scope.customers().is_empty() {
        return Ok(Vec::new());
    }
    let mut all = Conditions::within(conn, scope);
    let bit = |(n, filter): (usize, &UserFilter)| {
        format!("CASE WHEN {} THEN {} ELSE 0 END", all.aside(filter, now), 1_i64 << n)
    };
    let bits: Vec<String> = filters.iter().enumerate().map(bit).collect();
    let text = format!(
        "SELECT f.bits, COUNT(*) FROM (SELECT CAST({} AS BIGINT) AS bits FROM {}users u WHERE {}) f GROUP BY f.bits",
        bits.join(" + "),
        all.through,
        all.text
    );
    Ok(all.query(text).fetch_all(conn).await?)
}

/// Who in `scope` is meant, at most `limit` of them.
pub async fn ids(conn: &mut Conn, scope: &Scope, filter: &UserFilter, now: Time, limit: i64) -> Result<Vec<UserId>> {
    if scope.customers().is_empty() {
        return Ok(Vec::new());
    }
    let all = Conditions::of(conn, scope, filter, now);
    let text = format!("SELECT u.id FROM {}users u WHERE {} LIMIT {limit}", all.through, all.text);
    Ok(all.query::<(UserId,)>(text).fetch_all(conn).await?.into_iter().map(|(id,)| id).collect())
}

/// Those of `ids` that are in `scope`, in the order of their keys.
pub async fn by_ids(conn: &mut Conn, scope: &Scope, ids: &[UserId]) -> Result<Vec<Listed>> {
    if scope.customers().is_empty() || ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut all = Conditions::of_known(conn, scope);
    all.be_among(conn, "u.id", ids);
    let text = format!("{} WHERE {} ORDER BY u.customer_id, u.id", listed(PEOPLE), all.text);
    Ok(all.query(text).fetch_all(conn).await?)
}

/// How many users are at home in each customer of `scope`.
pub async fn counts(conn: &mut Conn, scope: &Scope) -> Result<Vec<(CustomerId, i64)>> {
    if scope.customers().is_empty() {
        return Ok(Vec::new());
    }
    let all = Conditions::within(conn, scope);
    let text =
        format!("SELECT u.customer_id, COUNT(*) FROM {}users u WHERE {} GROUP BY u.customer_id", all.through, all.text);
    Ok(all.query(text).fetch_all(conn).await?)
}

/// One authentication method with whose it is.
#[derive(FromRow)]
pub struct ListedMethod {
    pub method_id: MethodId,
    pub kind: MethodKind,
    pub called: Option<String>,
    pub registered_at: Time,
    pub last_used_at: Option<Time>,
    pub customer_id: CustomerId,
    pub id: UserId,
    pub name: String,
    pub name_key: String,
    pub address: Address,
    pub customer_name: String,
    pub role: Role,
    pub last_sign_in_at: Option<Time>,
}

const WITH_METHODS: &str = "users u JOIN methods y ON y.customer_id = u.customer_id AND y.user_id = u.id";

/// The kind that is asked for is the kind that is listed.
fn of_kind(mut all: Conditions, filter: &UserFilter) -> Conditions {
    if let Some(kind) = filter.kind {
        let n = all.bind(Value::Text(kind.to_string()));
        all.and(&format!("y.kind = {n}"));
    }
    all
}

/// A page of the methods of those in `scope` whom `filter` means.
pub async fn methods(
    conn: &mut Conn,
    scope: &Scope,
    filter: &UserFilter,
    now: Time,
    after: Option<&After>,
    limit: i64,
) -> Result<Vec<ListedMethod>> {
    if scope.customers().is_empty() {
        return Ok(Vec::new());
    }
    let of_any_kind = UserFilter { kind: None, ..filter.clone() };
    let all = of_kind(Conditions::of_page(conn, scope, &of_any_kind, now), filter);
    let keys = ("y.customer_id, y.user_id, y.id", WITH_METHODS, "y.id");
    let picked = pick(all, keys, filter.sort, after, limit);
    let text = format!(
        "SELECT y.id AS method_id, y.kind, y.name AS called, y.registered_at, y.last_used_at, u.customer_id, u.id, u.name, u.name_key, \
            u.address, c.name AS customer_name, m.role AS role, u.last_sign_in_at \
         FROM ({}) p {PICKED} CROSS JOIN methods y \
         WHERE {ARE_PICKED} AND y.customer_id = p.customer_id AND y.user_id = p.user_id AND y.id = p.id {}",
        picked.text, picked.order
    );
    Ok(picked.all.query(text).fetch_all(conn).await?)
}

/// How many methods they have, and how many people that are; both as far as that is counted.
pub async fn count_methods(conn: &mut Conn, scope: &Scope, filter: &UserFilter, now: Time) -> Result<(Count, Count)> {
    if scope.customers().is_empty() {
        return Ok((Count::Exactly(0), Count::Exactly(0)));
    }
    let limit = limit(scope, filter);
    let of_any_kind = UserFilter { kind: None, ..filter.clone() };
    let all = of_kind(Conditions::of(conn, scope, &of_any_kind, now), filter);
    let methods = count_of(conn, WITH_METHODS, all, limit).await?;
    let mut people = Conditions::of(conn, scope, filter, now);
    people.and(HAS_METHOD);
    Ok((methods, count_of(conn, "users u", people, limit).await?))
}
