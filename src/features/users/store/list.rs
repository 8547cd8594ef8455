//! The SQL of lists: who is on them, in which order, and how many there are.

use sqlx::any::{Any, AnyArguments};
use sqlx::query::QueryAs;
use sqlx::{AssertSqlSafe, FromRow};

use crate::domain::authority::{Role, Scope};
use crate::domain::ids::{CustomerId, LinkId, MethodId, UserId};
use crate::domain::method::MethodKind;
use crate::domain::time::Time;
use crate::domain::user::{Address, Standing};
use crate::domain::user_filter::{AddressState, CodesState, MfaState, Seen, Sort, UserFilter};
use crate::platform::db::placeholders;
use crate::platform::text::{like_anywhere, name_key};
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
    pub customer_name: String,
    pub codes_low: i64,
    pub role: Role,
    pub methods: i64,
    pub codes_left: i64,
    pub sessions: i64,
    pub challenges: i64,
    pub link_id: Option<LinkId>,
    pub link_expires_at: Option<Time>,
}

const METHODS: &str = "(SELECT COUNT(*) FROM methods x WHERE x.customer_id = u.customer_id AND x.user_id = u.id)";
const CODES_LEFT: &str = "(SELECT COUNT(*) FROM backup_codes b WHERE b.customer_id = u.customer_id AND b.user_id = u.id \
    AND b.used_at IS NULL)";
const HAS_METHOD: &str = "EXISTS (SELECT 1 FROM methods x WHERE x.customer_id = u.customer_id AND x.user_id = u.id)";
const ACTIVE: &str = "u.activated_at IS NOT NULL AND u.suspended_at IS NULL";

/// Whose rows: each user with their home customer and their role in it. Who was removed has no role, and so no row.
const PEOPLE: &str = "FROM users u \
     JOIN customers c ON c.id = u.customer_id \
     JOIN memberships m ON m.customer_id = u.customer_id AND m.user_id = u.id";

/// The counts are subqueries, so that a page of 50 costs 50 look-ups by key and no scan.
fn listed() -> String {
    format!(
        "SELECT u.customer_id, u.id, u.name, u.name_key, u.address, u.address_verified_at, u.activated_at, \
            u.suspended_at, u.last_sign_in_at, u.set_up_due_at, c.name AS customer_name, c.codes_low, m.role AS role, \
            {METHODS} AS methods, {CODES_LEFT} AS codes_left, \
            (SELECT COUNT(*) FROM sessions s WHERE s.customer_id = u.customer_id AND s.user_id = u.id) AS sessions, \
            (SELECT COUNT(*) FROM challenges h WHERE h.customer_id = u.customer_id AND h.user_id = u.id) AS challenges, \
            l.id AS link_id, l.expires_at AS link_expires_at \
         {PEOPLE} \
         LEFT JOIN links l ON l.customer_id = u.customer_id AND l.user_id = u.id AND l.ended_at IS NULL"
    )
}

/// A value for a placeholder.
enum Value {
    Text(String),
    Number(i64),
}

/// Conditions with the values of their placeholders, in step.
struct Conditions {
    text: String,
    values: Vec<Value>,
}

impl Conditions {
    /// The users at home in `scope`; every list begins here.
    fn within(scope: &Scope) -> Self {
        let customers = scope.customers();
        Self {
            text: format!("u.customer_id IN ({})", placeholders(1, customers.len())),
            values: customers.iter().map(|id| Value::Text(id.to_string())).collect(),
        }
    }

    /// The placeholder of one more value.
    fn bind(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    fn and(&mut self, condition: &str) {
        self.text.push_str(" AND ");
        self.text.push_str(condition);
    }

    /// The users of `scope` whom `filter` means at `now`.
    fn of(scope: &Scope, filter: &UserFilter, now: Time) -> Self {
        let mut all = Self::within(scope);
        all.narrow(filter, now);
        all
    }

    /// Only those whom `filter` means at `now`.
    fn narrow(&mut self, filter: &UserFilter, now: Time) {
        let all = self;
        if !filter.search.is_empty() {
            let n = all.bind(Value::Text(like_anywhere(&name_key(&filter.search))));
            all.and(&format!("(u.name_key LIKE {n} ESCAPE '\\' OR u.address_key LIKE {n} ESCAPE '\\')"));
        }
        match filter.standing {
            None => {}
            Some(Standing::Active) => all.and(ACTIVE),
            Some(Standing::Invited) => all.and("u.activated_at IS NULL AND u.suspended_at IS NULL"),
            Some(Standing::Suspended) => all.and("u.suspended_at IS NOT NULL"),
        }
        match filter.mfa {
            None => {}
            Some(MfaState::SetUp) => all.and(HAS_METHOD),
            Some(MfaState::One) => all.and(&format!("{ACTIVE} AND {METHODS} = 1")),
            Some(MfaState::None) => all.and(&format!("{ACTIVE} AND u.set_up_due_at IS NULL AND NOT {HAS_METHOD}")),
            Some(MfaState::Reset) => all.and(&format!("{ACTIVE} AND u.set_up_due_at IS NOT NULL")),
        }
        if let Some(kind) = filter.kind {
            let n = all.bind(Value::Text(kind.to_string()));
            all.and(&format!(
                "EXISTS (SELECT 1 FROM methods x WHERE x.customer_id = u.customer_id AND x.user_id = u.id AND x.kind = {n})"
            ));
        }
        match filter.codes {
            None => {}
            Some(CodesState::Low) => all.and(&format!("{ACTIVE} AND {HAS_METHOD} AND {CODES_LEFT} <= c.codes_low")),
            Some(CodesState::Unsaved) => all.and(&format!(
                "{ACTIVE} AND {HAS_METHOD} AND EXISTS (SELECT 1 FROM backup_code_sets t \
                    WHERE t.customer_id = u.customer_id AND t.user_id = u.id AND t.saved_at IS NULL)"
            )),
        }
        if !filter.roles.is_empty() {
            let roles: Vec<String> = filter.roles.iter().map(|role| all.bind(Value::Text(role.to_string()))).collect();
            all.and(&format!("m.role IN ({})", roles.join(", ")));
        }
        if let Some(seen) = filter.seen {
            match seen.span() {
                None => all.and("u.last_sign_in_at IS NULL"),
                Some(span) => {
                    let then = now.unix_milliseconds() - span.as_milliseconds();
                    let n = all.bind(Value::Number(then));
                    let side = if matches!(seen, Seen::Week | Seen::Month) { ">" } else { "<=" };
                    all.and(&format!("u.last_sign_in_at {side} {n}"));
                }
            }
        }
        match filter.address {
            None => {}
            Some(AddressState::Verified) => all.and("u.address_verified_at IS NOT NULL"),
            Some(AddressState::Unverified) => all.and("u.address_verified_at IS NULL"),
        }
    }

    /// One more condition that is not asked of everybody: that `filter` means somebody.
    fn aside(&mut self, filter: &UserFilter, now: Time) -> String {
        let mut one = Self { text: "1 = 1".to_owned(), values: std::mem::take(&mut self.values) };
        one.narrow(filter, now);
        self.values = one.values;
        one.text
    }

    fn query<'q, O>(self, text: String) -> QueryAs<'q, Any, O, AnyArguments>
    where
        O: for<'r> FromRow<'r, sqlx::any::AnyRow>,
    {
        let query = sqlx::query_as(AssertSqlSafe(text));
        self.values.into_iter().fold(query, |query, value| match value {
            Value::Text(text) => query.bind(text),
            Value::Number(number) => query.bind(number),
        })
    }
}

/// Where the page after a row begins: the row's place in the order, and its identifier among equals.
pub struct After {
    pub place: String,
    pub id: String,
}

impl Sort {
    /// What is ordered by, and whether downwards. Whoever never signed in did so before everybody.
    const fn column(self) -> (&'static str, bool) {
        match self {
            Self::Name => ("u.name_key", false),
            Self::NameDown => ("u.name_key", true),
            Self::SignIn => ("COALESCE(u.last_sign_in_at, 0)", false),
            Self::SignInDown => ("COALESCE(u.last_sign_in_at, 0)", true),
        }
    }

    /// A place as it is compared; none when it is none.
    fn place(self, place: &str) -> Option<Value> {
        match self {
            Self::Name | Self::NameDown => Some(Value::Text(place.to_owned())),
            Self::SignIn | Self::SignInDown => place.parse().ok().map(Value::Number),
        }
    }
}

/// Adds order, beginning and length of a page to a query over [`PEOPLE`]; `id` is the unique column among equals.
fn paged(
    mut all: Conditions,
    select: &str,
    sort: Sort,
    id: &str,
    after: Option<&After>,
    limit: i64,
) -> (String, Conditions) {
    let (column, down) = sort.column();
    if let Some(after) = after
        && let Some(place) = sort.place(&after.place)
    {
        let (place, last) = (all.bind(place), all.bind(Value::Text(after.id.clone())));
        all.and(&format!("({column}, {id}) {} ({place}, {last})", if down { "<" } else { ">" }));
    }
    let way = if down { "DESC" } else { "ASC" };
    let limit = all.bind(Value::Number(limit));
    (format!("{select} WHERE {} ORDER BY {column} {way}, {id} {way} LIMIT {limit}", all.text), all)
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
    let all = Conditions::of(scope, filter, now);
    let (text, all) = paged(all, &listed(), filter.sort, "u.id", after, limit);
    Ok(all.query(text).fetch_all(conn).await?)
}

/// How many users in `scope` are meant.
pub async fn count(conn: &mut Conn, scope: &Scope, filter: &UserFilter, now: Time) -> Result<i64> {
    if scope.customers().is_empty() {
        return Ok(0);
    }
    let all = Conditions::of(scope, filter, now);
    let text = format!("SELECT COUNT(*) {PEOPLE} WHERE {}", all.text);
    Ok(all.query::<(i64,)>(text).fetch_one(conn).await?.0)
}

/// How many users in `scope` are meant by the same ones of `filters`: bit `n` stands for the `n`th. One pass over them.
pub async fn census(conn: &mut Conn, scope: &Scope, filters: &[UserFilter], now: Time) -> Result<Vec<(i64, i64)>> {
    if scope.customers().is_empty() {
        return Ok(Vec::new());
    }
    let mut all = Conditions::within(scope);
    let bit = |(n, filter): (usize, &UserFilter)| {
        format!("CASE WHEN {} THEN {} ELSE 0 END", all.aside(filter, now), 1_i64 << n)
    };
    let bits: Vec<String> = filters.iter().enumerate().map(bit).collect();
    let text = format!(
        "SELECT f.bits, COUNT(*) FROM (SELECT CAST({} AS BIGINT) AS bits {PEOPLE} WHERE {}) f GROUP BY f.bits",
        bits.join(" + "),
        all.text
    );
    Ok(all.query(text).fetch_all(conn).await?)
}

/// Who in `scope` is meant, at most `limit` of them.
pub async fn ids(conn: &mut Conn, scope: &Scope, filter: &UserFilter, now: Time, limit: i64) -> Result<Vec<UserId>> {
    if scope.customers().is_empty() {
        return Ok(Vec::new());
    }
    let mut all = Conditions::of(scope, filter, now);
    let limit = all.bind(Value::Number(limit));
    let text = format!("SELECT u.id {PEOPLE} WHERE {} LIMIT {limit}", all.text);
    Ok(all.query::<(UserId,)>(text).fetch_all(conn).await?.into_iter().map(|(id,)| id).collect())
}

/// Those of `ids` that are in `scope`, in the order of their keys.
pub async fn by_ids(conn: &mut Conn, scope: &Scope, ids: &[UserId]) -> Result<Vec<Listed>> {
    let mut found = Vec::new();
    if scope.customers().is_empty() {
        return Ok(found);
    }
    for part in ids.chunks(500) {
        let mut all = Conditions::within(scope);
        let part: Vec<String> = part.iter().map(|id| all.bind(Value::Text(id.to_string()))).collect();
        all.and(&format!("u.id IN ({})", part.join(", ")));
        let text = format!("{} WHERE {} ORDER BY u.customer_id, u.id", listed(), all.text);
        found.extend(all.query(text).fetch_all(&mut *conn).await?);
    }
    Ok(found)
}

/// How many users are at home in each customer of `scope`.
pub async fn counts(conn: &mut Conn, scope: &Scope) -> Result<Vec<(CustomerId, i64)>> {
    if scope.customers().is_empty() {
        return Ok(Vec::new());
    }
    let all = Conditions::within(scope);
    let text = format!(
        "SELECT u.customer_id, COUNT(*) FROM users u WHERE {} AND u.removed_at IS NULL GROUP BY u.customer_id",
        all.text
    );
    Ok(all.query(text).fetch_all(conn).await?)
}

/// One authentication method with whose it is.
#[derive(FromRow)]
pub struct ListedMethod {
    pub method_id: MethodId,
    pub kind: MethodKind,
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

const JOIN_METHODS: &str = "JOIN methods y ON y.customer_id = u.customer_id AND y.user_id = u.id";

/// The kind that is asked for is the kind that is listed.
fn methods_of(scope: &Scope, filter: &UserFilter, now: Time) -> Conditions {
    let mut all = Conditions::of(scope, &UserFilter { kind: None, ..filter.clone() }, now);
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
    let select = format!(
        "SELECT y.id AS method_id, y.kind, y.registered_at, y.last_used_at, u.customer_id, u.id, u.name, u.name_key, \
            u.address, c.name AS customer_name, m.role AS role, u.last_sign_in_at {PEOPLE} {JOIN_METHODS}"
    );
    let (text, all) = paged(methods_of(scope, filter, now), &select, filter.sort, "y.id", after, limit);
    Ok(all.query(text).fetch_all(conn).await?)
}

/// How many methods they have, and how many people that are.
pub async fn count_methods(conn: &mut Conn, scope: &Scope, filter: &UserFilter, now: Time) -> Result<(i64, i64)> {
    if scope.customers().is_empty() {
        return Ok((0, 0));
    }
    let all = methods_of(scope, filter, now);
    let text = format!("SELECT COUNT(*), COUNT(DISTINCT u.id) {PEOPLE} {JOIN_METHODS} WHERE {}", all.text);
    Ok(all.query(text).fetch_one(conn).await?)
}
