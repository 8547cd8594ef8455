//! All SQL over `tokens` and `token_history`.

use sqlx::FromRow;
use sqlx::any::AnyArguments;
use sqlx::query::QueryAs;

use crate::domain::authority::Scope;
use crate::domain::ids::{CustomerId, TokenId, UserId};
use crate::domain::time::Time;
use crate::domain::token::{Facts, TokenAct, TokenState};
use crate::domain::totp::{Digest, Moving, Profile, Step};
use crate::domain::user::UserRef;
use crate::platform::db::{among, placeholders, rows};
use crate::platform::{Conn, Fault, Result};

/// A token without its secret.
#[derive(Clone, FromRow)]
pub struct Row {
    pub customer_id: CustomerId,
    pub customer_name: String,
    pub id: TokenId,
    pub serial: String,
    pub serial_key: String,
    pub maker: Option<String>,
    pub model: Option<String>,
    pub digest: Digest,
    pub digits: i64,
    pub period: Option<i64>,
    pub added_at: Time,
    pub user_id: Option<UserId>,
    pub user_name: Option<String>,
    pub assigned_at: Option<Time>,
    pub activated_at: Option<Time>,
    pub returned_at: Option<Time>,
    pub lost_at: Option<Time>,
    pub version: i64,
}

impl Row {
    pub const fn facts(&self) -> Facts {
        Facts {
            assigned_at: self.assigned_at,
            activated_at: self.activated_at,
            returned_at: self.returned_at,
            lost_at: self.lost_at,
        }
    }

    pub fn profile(&self) -> Result<Profile> {
        profile(self.digest, self.digits, self.period)
    }
}

fn profile(digest: Digest, digits: i64, period: Option<i64>) -> Result<Profile> {
    let moving = match period {
        None => Some(Moving::Counter),
        Some(seconds) => u32::try_from(seconds).ok().map(Moving::Time),
    };
    let profile = moving.zip(u8::try_from(digits).ok()).map(|(moving, digits)| Profile { digest, digits, moving });
    profile.filter(|profile| profile.is_known()).ok_or(Fault::Unreadable(crate::domain::Unreadable("token")))
}

const TOKEN: &str = "SELECT t.customer_id, c.name AS customer_name, t.id, t.serial, t.serial_key, t.maker, t.model, \
        t.digest, t.digits, t.period, t.added_at, t.user_id, u.name AS user_name, t.assigned_at, t.activated_at, \
        t.returned_at, t.lost_at, t.version \
     FROM tokens t JOIN customers c ON c.id = t.customer_id \
     LEFT JOIN users u ON u.customer_id = t.customer_id AND u.id = t.user_id";

/// The state of a row in SQL: see [`Facts::state`].
const STATE: &str = "CASE WHEN t.lost_at IS NOT NULL THEN 'lost' WHEN t.activated_at IS NOT NULL THEN 'active' \
     WHEN t.assigned_at IS NOT NULL THEN 'assigned' WHEN t.returned_at IS NOT NULL THEN 'returned' ELSE 'in_stock' END";

/// A new token.
pub struct New {
    pub id: TokenId,
    pub serial: String,
    pub serial_key: String,
    pub maker: Option<String>,
    pub model: Option<String>,
    pub profile: Profile,
    pub secret: String,
    pub last: Step,
}

pub async fn insert(conn: &mut Conn, customer: CustomerId, by: UserRef, new: &[New], now: Time) -> Result<()> {
    for part in new.chunks(500) {
        let text = format!(
            "INSERT INTO tokens (customer_id, id, serial, serial_key, maker, model, digest, digits, period, secret, \
                last_step, added_at, version) VALUES {}",
            rows(conn, part.len(), 13)
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(text));
        for token in part {
            let period = match token.profile.moving {
                Moving::Time(seconds) => Some(i64::from(seconds)),
                Moving::Counter => None,
            };
            query = query
                .bind(customer)
                .bind(token.id)
                .bind(&token.serial)
                .bind(&token.serial_key)
                .bind(token.maker.clone())
                .bind(token.model.clone())
                .bind(token.profile.digest)
                .bind(i64::from(token.profile.digits))
                .bind(period)
                .bind(&token.secret)
                .bind(token.last.0)
                .bind(now)
                .bind(1i64);
        }
        query.execute(&mut *conn).await?;
        let text = format!(
            "INSERT INTO token_history (customer_id, token_id, number, at, act, by_customer_id, by_id) VALUES {}",
            rows(conn, part.len(), 7)
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(text));
        for token in part {
            query = query.bind(customer).bind(token.id).bind(1i64).bind(now).bind(TokenAct::Add);
            query = query.bind(by.customer).bind(by.id);
        }
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

/// Which of these serial numbers the customer has already.
pub async fn here(conn: &mut Conn, customer: CustomerId, keys: &[String]) -> Result<Vec<String>> {
    let mut here = Vec::new();
    for part in keys.chunks(500) {
        let text = format!(
            "SELECT serial_key FROM tokens WHERE customer_id = $1 AND serial_key IN ({})",
            placeholders(2, part.len())
        );
        let mut query = sqlx::query_as::<_, (String,)>(sqlx::AssertSqlSafe(text)).bind(customer);
        for key in part {
            query = query.bind(key);
        }
        here.extend(query.fetch_all(&mut *conn).await?.into_iter().map(|(key,)| key));
    }
    Ok(here)
}

/// What is asked of the stock.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// A part of a serial number or of the holder's name: their patterns.
    pub serial: Option<String>,
    pub holder: Option<String>,
    pub state: Option<TokenState>,
}

impl Asked {
    /// ` WHERE …` over the tokens of `scope`, and the values of its placeholders.
    fn conditions(&self, conn: &Conn, scope: &Scope) -> (String, Vec<String>) {
        let (text, mut values) = among(conn, "t.customer_id", 1, scope.customers());
        let mut text = format!(" WHERE {text}");
        if let (Some(serial), Some(holder)) = (&self.serial, &self.holder) {
            let n = values.len() + 1;
            text.push_str(&format!(
                " AND (t.serial_key LIKE ${n} ESCAPE '\\' OR u.name_key LIKE ${} ESCAPE '\\')",
                n + 1
            ));
            values.extend([serial.clone(), holder.clone()]);
        }
        if let Some(state) = self.state {
            text.push_str(&format!(" AND {STATE} = ${}", values.len() + 1));
            values.push(state.to_string());
        }
        (text, values)
    }
}

fn bound<T>(
    mut query: QueryAs<'_, sqlx::Any, T, AnyArguments>,
    values: Vec<String>,
) -> QueryAs<'_, sqlx::Any, T, AnyArguments> {
    for value in values {
        query = query.bind(value);
    }
    query
}

pub async fn page(
    conn: &mut Conn,
    scope: &Scope,
    asked: &Asked,
    after: Option<(&str, TokenId)>,
    limit: i64,
) -> Result<Vec<Row>> {
    if scope.customers().is_empty() {
        return Ok(Vec::new());
    }
    let (mut text, mut values) = asked.conditions(conn, scope);
    if let Some((key, id)) = after {
        text.push_str(&format!(" AND (t.serial_key, t.id) > (${}, ${})", values.len() + 1, values.len() + 2));
        values.extend([key.to_owned(), id.to_string()]);
    }
    let text = format!("{TOKEN}{text} ORDER BY t.serial_key, t.id LIMIT {limit}");
    Ok(bound(sqlx::query_as(sqlx::AssertSqlSafe(text)), values).fetch_all(conn).await?)
}

/// How many tokens there are of each state, whatever state is asked for.
pub async fn counts(conn: &mut Conn, scope: &Scope, asked: &Asked) -> Result<Vec<(String, i64)>> {
    if scope.customers().is_empty() {
        return Ok(Vec::new());
    }
    let (text, values) = Asked { state: None, ..asked.clone() }.conditions(conn, scope);
    let text = format!(
        "SELECT {STATE}, COUNT(*) FROM tokens t \
         LEFT JOIN users u ON u.customer_id = t.customer_id AND u.id = t.user_id{text} GROUP BY 1"
    );
    Ok(bound(sqlx::query_as(sqlx::AssertSqlSafe(text)), values).fetch_all(conn).await?)
}

pub async fn by_id(conn: &mut Conn, scope: &Scope, id: TokenId) -> Result<Option<Row>> {
    if scope.customers().is_empty() {
        return Ok(None);
    }
    let (text, values) = among(conn, "t.customer_id", 1, scope.customers());
    let text = format!("{TOKEN} WHERE {text} AND t.id = ${}", values.len() + 1);
    Ok(bound(sqlx::query_as(sqlx::AssertSqlSafe(text)), values).bind(id).fetch_optional(conn).await?)
}

/// The tokens in somebody's hands, the longest there first.
pub async fn of_user(conn: &mut Conn, user: UserRef) -> Result<Vec<Row>> {
    let text = format!("{TOKEN} WHERE t.customer_id = $1 AND t.user_id = $2 ORDER BY t.assigned_at, t.id");
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(user.customer).bind(user.id).fetch_all(conn).await?)
}

/// Writes what an act made of a token, if it is still as it was.
pub async fn set(
    conn: &mut Conn,
    token: &Row,
    act: TokenAct,
    facts: Facts,
    holder: Option<UserId>,
    by: UserRef,
    now: Time,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE tokens SET user_id = $1, assigned_at = $2, activated_at = $3, returned_at = $4, lost_at = $5, \
            version = version + 1 WHERE customer_id = $6 AND id = $7 AND version = $8",
    )
    .bind(holder)
    .bind(facts.assigned_at)
    .bind(facts.activated_at)
    .bind(facts.returned_at)
    .bind(facts.lost_at)
    .bind(token.customer_id)
    .bind(token.id)
    .bind(token.version)
    .execute(&mut *conn)
    .await?;
    if done.rows_affected() != 1 {
        return Ok(false);
    }
    sqlx::query(
        "INSERT INTO token_history (customer_id, token_id, number, at, act, user_id, by_customer_id, by_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(token.customer_id)
    .bind(token.id)
    .bind(token.version + 1)
    .bind(now)
    .bind(act)
    .bind(holder.or(token.user_id))
    .bind(by.customer)
    .bind(by.id)
    .execute(conn)
    .await?;
    Ok(true)
}

/// Takes from these users every token of theirs that is in `state`, back into the stock; says how many.
pub async fn take_back(
    conn: &mut Conn,
    customer: CustomerId,
    users: &[UserId],
    state: TokenState,
    act: TokenAct,
    by: UserRef,
    now: Time,
) -> Result<u64> {
    let mut taken = 0;
    for part in users.chunks(500) {
        let whose = |from: usize| {
            format!(
                "WHERE t.customer_id = ${from} AND {STATE} = ${} AND t.user_id IN ({})",
                from + 1,
                placeholders(from + 2, part.len())
            )
        };
        let text = format!(
            "INSERT INTO token_history (customer_id, token_id, number, at, act, user_id, by_customer_id, by_id) \
             SELECT t.customer_id, t.id, t.version + 1, $1, $2, t.user_id, $3, $4 FROM tokens t {}",
            whose(5)
        );
        let mut history = sqlx::query(sqlx::AssertSqlSafe(text)).bind(now).bind(act).bind(by.customer).bind(by.id);
        history = history.bind(customer).bind(state);
        let text = format!(
            "UPDATE tokens AS t SET user_id = NULL, assigned_at = NULL, activated_at = NULL, lost_at = NULL, \
                returned_at = $1, version = t.version + 1 {}",
            whose(2)
        );
        let mut update = sqlx::query(sqlx::AssertSqlSafe(text)).bind(now).bind(customer).bind(state);
        for user in part {
            history = history.bind(*user);
            update = update.bind(*user);
        }
        history.execute(&mut *conn).await?;
        taken += update.execute(&mut *conn).await?.rows_affected();
    }
    Ok(taken)
}

#[derive(FromRow)]
pub struct Event {
    pub at: Time,
    pub act: TokenAct,
    pub user_id: Option<UserId>,
    pub user_name: Option<String>,
    pub by_name: Option<String>,
}

/// What was done with a token, the newest first.
pub async fn history(conn: &mut Conn, customer: CustomerId, id: TokenId) -> Result<Vec<Event>> {
    Ok(sqlx::query_as(
        "SELECT h.at, h.act, h.user_id, u.name AS user_name, b.name AS by_name FROM token_history h \
         LEFT JOIN users u ON u.customer_id = h.customer_id AND u.id = h.user_id \
         LEFT JOIN users b ON b.customer_id = h.by_customer_id AND b.id = h.by_id \
         WHERE h.customer_id = $1 AND h.token_id = $2 ORDER BY h.number DESC LIMIT 200",
    )
    .bind(customer)
    .bind(id)
    .fetch_all(conn)
    .await?)
}

/// What judges the codes of a token.
#[derive(FromRow)]
pub struct Sealed {
    pub digest: Digest,
    pub digits: i64,
    pub period: Option<i64>,
    pub secret: String,
    pub last_step: i64,
}

impl Sealed {
    pub fn profile(&self) -> Result<Profile> {
        profile(self.digest, self.digits, self.period)
    }
}

/// The secret of a token that is in this user's hands.
pub async fn sealed(conn: &mut Conn, user: UserRef, id: TokenId) -> Result<Option<Sealed>> {
    Ok(sqlx::query_as(
        "SELECT digest, digits, period, secret, last_step FROM tokens \
         WHERE customer_id = $1 AND user_id = $2 AND id = $3 AND lost_at IS NULL",
    )
    .bind(user.customer)
    .bind(user.id)
    .bind(id)
    .fetch_optional(conn)
    .await?)
}

/// Takes a step, if it is later than the last one taken. Of any number at once, one succeeds.
pub async fn take_step(conn: &mut Conn, user: UserRef, id: TokenId, step: Step) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE tokens SET last_step = $1 WHERE customer_id = $2 AND user_id = $3 AND id = $4 AND last_step < $1",
    )
    .bind(step.0)
    .bind(user.customer)
    .bind(user.id)
    .bind(id)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
