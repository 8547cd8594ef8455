//! Whom a list means, in SQL: conditions over `users u` alone, and the order of a page.

use std::fmt::Display;

use sqlx::AssertSqlSafe;
use sqlx::FromRow;
use sqlx::any::{Any, AnyArguments};
use sqlx::query::QueryAs;

use crate::domain::authority::Scope;
use crate::domain::time::Time;
use crate::domain::user::Standing;
use crate::domain::user_filter::{AddressState, CodesState, MfaState, Seen, Sort, UserFilter};
use crate::features::session::service::{each_within, held};
use crate::platform::Conn;
use crate::platform::db::{FEW, among};
use crate::platform::text::{like_anywhere, name_key};

pub const METHODS: &str = "(SELECT COUNT(*) FROM methods x WHERE x.customer_id = u.customer_id AND x.user_id = u.id)";
pub const PASSKEYS: &str = "(SELECT COUNT(*) FROM methods x WHERE x.customer_id = u.customer_id AND x.user_id = u.id \
    AND x.kind = 'passkey')";
pub const TOKENS: &str = "(SELECT COUNT(*) FROM methods x WHERE x.customer_id = u.customer_id AND x.user_id = u.id \
    AND x.kind = 'hardware_token')";
pub const PHONES: &str = "(SELECT COUNT(*) FROM methods x WHERE x.customer_id = u.customer_id AND x.user_id = u.id \
    AND x.kind = 'phone')";
pub const CODES_LEFT: &str = "(SELECT COUNT(*) FROM backup_codes b WHERE b.customer_id = u.customer_id AND b.user_id = u.id \
    AND b.used_at IS NULL)";
const CODES_LOW: &str = "(SELECT k.codes_low FROM customers k WHERE k.id = u.customer_id)";
pub const HAS_METHOD: &str =
    "EXISTS (SELECT 1 FROM methods x WHERE x.customer_id = u.customer_id AND x.user_id = u.id)";
const ACTIVE: &str = "u.activated_at IS NOT NULL AND u.suspended_at IS NULL";

/// A value for a placeholder.
pub enum Value {
    Text(String),
    Number(i64),
}

/// Conditions with the values of their placeholders, in step.
pub struct Conditions {
    pub text: String,
    /// What stands before `users u` in the statement: the memberships that make up the scope, where the users are found by them.
    pub through: &'static str,
    values: Vec<Value>,
    /// Whether a plan for any values would be a bad one: it depends on what is searched for whether an index helps.
    is_planned_anew: bool,
}

impl Conditions {
    /// The users at home in `scope`, found by its customers; every count begins here.
    pub fn within(conn: &Conn, scope: &Scope) -> Self {
        match held(scope, 1) {
            Some((held, values)) => {
                let found = Self::at_home((format!("u.customer_id = h.customer_id AND {held}"), values));
                // The order of this join is the one that SQLite keeps to: a count ends as soon as it is high enough.
                Self { through: "memberships h CROSS JOIN ", ..found }
            }
            None => Self::at_home(among(conn, "u.customer_id", 1, scope.customers())),
        }
    }

    /// The same where identifiers say who: customers times identifiers would be looked up otherwise.
    pub fn of_known(conn: &Conn, scope: &Scope) -> Self {
        Self::at_home(each_within(conn, "u.customer_id", 1, scope))
    }

    fn at_home((text, values): (String, Vec<String>)) -> Self {
        let values = values.into_iter().map(Value::Text).collect();
        // Who was removed has no role, and is on no list.
        Self { text: format!("{text} AND u.removed_at IS NULL"), through: "", values, is_planned_anew: false }
    }

    /// The placeholder of one more value.
    pub fn bind(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    /// Only those whose `column` is one of `ids`.
    pub fn be_among<T: Display>(&mut self, conn: &Conn, column: &str, ids: &[T]) {
        let (text, values) = among(conn, column, self.values.len() + 1, ids);
        self.values.extend(values.into_iter().map(Value::Text));
        self.and(&text);
    }

    pub fn and(&mut self, condition: &str) {
        self.text.push_str(" AND ");
        self.text.push_str(condition);
    }

    /// The users of `scope` whom `filter` means at `now`.
    pub fn of(conn: &Conn, scope: &Scope, filter: &UserFilter, now: Time) -> Self {
        let mut all = Self::within(conn, scope);
        all.narrow(filter, now);
        all
    }

    /// The same for a page in the order of `filter`. In the order of everybody, the next one is more often than not of one of
    /// very many customers.
    pub fn of_page(conn: &Conn, scope: &Scope, filter: &UserFilter, now: Time) -> Self {
        let many = scope.customers().len() > FEW;
        let mut all = if many { Self::of_known(conn, scope) } else { Self::within(conn, scope) };
        all.narrow(filter, now);
        all
    }

    /// Only those whom `filter` means at `now`.
    pub fn narrow(&mut self, filter: &UserFilter, now: Time) {
        let all = self;
        if !filter.search.is_empty() {
            all.is_planned_anew = true;
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
            // As `Hold::from_facts` says it.
            Some(MfaState::Frozen) => all.and(&format!(
                "{ACTIVE} AND u.disowned_at IS NOT NULL AND (u.set_up_due_at IS NULL OR u.set_up_due_at <= u.disowned_at)"
            )),
        }
        if let Some(kind) = filter.kind {
            let n = all.bind(Value::Text(kind.to_string()));
            all.and(&format!(
                "EXISTS (SELECT 1 FROM methods x WHERE x.customer_id = u.customer_id AND x.user_id = u.id AND x.kind = {n})"
            ));
        }
        match filter.codes {
            None => {}
            Some(CodesState::Low) => all.and(&format!("{ACTIVE} AND {HAS_METHOD} AND {CODES_LEFT} <= {CODES_LOW}")),
            Some(CodesState::Unsaved) => all.and(&format!(
                "{ACTIVE} AND {HAS_METHOD} AND EXISTS (SELECT 1 FROM backup_code_sets t \
                    WHERE t.customer_id = u.customer_id AND t.user_id = u.id AND t.saved_at IS NULL)"
            )),
        }
        if !filter.roles.is_empty() {
            let roles: Vec<String> = filter.roles.iter().map(|role| all.bind(Value::Text(role.to_string()))).collect();
            all.and(&format!(
                "EXISTS (SELECT 1 FROM memberships r WHERE r.customer_id = u.customer_id AND r.user_id = u.id \
                    AND r.role IN ({}))",
                roles.join(", ")
            ));
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
    pub fn aside(&mut self, filter: &UserFilter, now: Time) -> String {
        let text = std::mem::replace(&mut self.text, "1 = 1".to_owned());
        self.narrow(filter, now);
        std::mem::replace(&mut self.text, text)
    }

    pub fn query<'q, O>(self, text: String) -> QueryAs<'q, Any, O, AnyArguments>
    where
        O: for<'r> FromRow<'r, sqlx::any::AnyRow>,
    {
        let query = sqlx::query_as(AssertSqlSafe(text)).persistent(!self.is_planned_anew);
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

/// A page of rows: those that are picked, and their order.
pub struct Picked {
    /// The conditions with their values.
    pub all: Conditions,
    /// The statement that picks no more than the page's keys, so that nothing else is looked up for a row that is not
    /// shown.
    pub text: String,
    /// The order of the page.
    pub order: String,
}

/// Picks `keys` of the rows of `from`, in the order of `sort`; `id` is the unique column among equals.
pub fn pick(
    mut all: Conditions,
    (keys, from, id): (&str, &str, &str),
    sort: Sort,
    after: Option<&After>,
    limit: i64,
) -> Picked {
    let (column, down) = sort.column();
    if let Some(after) = after
        && let Some(place) = sort.place(&after.place)
    {
        let (place, last) = (all.bind(place), all.bind(Value::Text(after.id.clone())));
        let side = if down { "<" } else { ">" };
        // SQLite begins to read where a comparison of one column says, when that column is computed.
        all.and(&format!("{column} {side}= {place} AND ({column}, {id}) {side} ({place}, {last})"));
    }
    let way = if down { "DESC" } else { "ASC" };
    let order = format!("ORDER BY {column} {way}, {id} {way}");
    // The limit is no placeholder: PostgreSQL plans by it.
    let text = format!("SELECT {keys} FROM {from} WHERE {} {order} LIMIT {limit}", all.text);
    Picked { all, text, order }
}
