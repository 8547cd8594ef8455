//! What a recovery board and a report read: each user of a confirmed reset with their link and its newest mail.

use sqlx::any::AnyArguments;
use sqlx::query::QueryAs;
use sqlx::{Any, FromRow};

use crate::domain::authority::{Role, Scope};
use crate::domain::board::Stage;
use crate::domain::ids::{CustomerId, LinkId, ResetId, UserId};
use crate::domain::plan::{Failure, Holdings, Skip};
use crate::domain::recovery::WRONG_PASSWORDS;
use crate::domain::time::Time;
use crate::domain::user::UserRef;
use crate::platform::db::{among, placeholders};
use crate::platform::{Conn, Result};

#[derive(Clone, FromRow)]
pub struct Row {
    pub reset_id: ResetId,
    pub customer_id: CustomerId,
    pub user_id: UserId,
    pub skip: Option<Skip>,
    pub failed_at: Option<Time>,
    pub failed_why: Option<Failure>,
    pub authenticator_apps: i64,
    pub passkeys: i64,
    pub hardware_tokens: i64,
    pub phones: i64,
    pub backup_codes: i64,
    pub sessions: i64,
    pub trusted_devices: i64,
    pub challenges: i64,
    pub links: i64,
    pub done_at: Option<Time>,
    pub link_id: Option<LinkId>,
    pub name: String,
    pub address: String,
    pub customer_name: String,
    pub role: String,
    pub opened_at: Option<Time>,
    pub proved_at: Option<Time>,
    pub ended_at: Option<Time>,
    pub expires_at: Option<Time>,
    pub sent_at: Option<Time>,
    pub bounced_at: Option<Time>,
    /// What the server said last of the newest mail, where it did not take it.
    pub mail_error: Option<String>,
    pub disowned_at: Option<Time>,
    pub help_asked_at: Option<Time>,
    pub new_network_at: Option<Time>,
    pub stage: Stage,
}

impl Row {
    /// Their role at home. One that cannot be read is no reason to show no row, and stands for the highest.
    pub fn role(&self) -> Role {
        self.role.parse().unwrap_or(Role::Owner)
    }

    pub const fn user(&self) -> UserRef {
        UserRef { customer: self.customer_id, id: self.user_id }
    }

    pub const fn holdings(&self) -> Holdings {
        Holdings {
            authenticator_apps: self.authenticator_apps,
            passkeys: self.passkeys,
            hardware_tokens: self.hardware_tokens,
            phones: self.phones,
            backup_codes: self.backup_codes,
            sessions: self.sessions,
            trusted_devices: self.trusted_devices,
            challenges: self.challenges,
            links: self.links,
        }
    }
}

/// The stage of an item, as [`Stage::of`] decides it; `$2` is now.
fn stage() -> String {
    format!(
        "CASE WHEN i.skip IS NOT NULL THEN 'skipped' WHEN i.failed_at IS NOT NULL THEN 'failed' \
            WHEN i.done_at IS NULL THEN 'pending' WHEN l.disowned_at IS NOT NULL THEN 'disowned' \
            WHEN l.help_asked_at IS NOT NULL THEN 'asks_for_help' \
            WHEN l.ended_how = 'completed' THEN 'back' \
            WHEN l.ended_how = 'completed_at_sign_in' THEN 'back_at_sign_in' \
            WHEN l.ended_how = 'superseded' THEN 'superseded' \
            WHEN l.ended_how = 'revoked' THEN 'revoked' WHEN l.ended_how = 'address_changed' THEN 'address_changed' \
            WHEN l.ended_how = 'disowned' THEN 'disowned' \
            WHEN l.expires_at <= $2 THEN 'expired' WHEN l.wrong_passwords >= {WRONG_PASSWORDS} THEN 'exhausted' \
            WHEN l.proved_at IS NOT NULL THEN 'proved' WHEN l.opened_at IS NOT NULL THEN 'opened' \
            WHEN o.failed_at IS NOT NULL THEN 'bounced' WHEN o.sent_at IS NOT NULL THEN 'sent' ELSE 'queued' END"
    )
}

/// Items with their link and the newest mail with it that no newer one made needless.
const JOINED: &str = "reset_items i LEFT JOIN links l ON l.id = i.link_id \
     LEFT JOIN outbox o ON o.id = (SELECT MAX(x.id) FROM outbox x WHERE x.link_id = i.link_id AND x.superseded_at IS NULL \
        AND x.copy_of IS NULL)";

/// Of which resets.
#[derive(Clone, Copy)]
pub enum Of {
    /// Of this one.
    Reset(ResetId),
    /// Of all, those who were reset since then, and whoever asked for help since, whenever that was.
    Since(Time),
}

impl Of {
    /// The condition on an item; it is `$1`. Those who ask are named from placeholder `next` on: whoever is on no list of theirs
    /// is found by when they were reset, and by nothing else.
    fn condition(self, asking: &Asking, next: usize) -> String {
        let count = asking.len();
        match self {
            Self::Reset(_) => "i.reset_id = $1".to_owned(),
            Self::Since(_) if count == 0 => "i.done_at > $1 AND i.skip IS NULL".to_owned(),
            Self::Since(_) => format!(
                "(i.done_at > $1 OR (i.user_id IN ({}) AND i.link_id IN ({}))) AND i.skip IS NULL",
                placeholders(next, count),
                placeholders(next + count, count)
            ),
        }
    }

    fn bind<O>(self, query: QueryAs<'_, Any, O, AnyArguments>) -> QueryAs<'_, Any, O, AnyArguments> {
        match self {
            Self::Reset(id) => query.bind(id),
            Self::Since(at) => query.bind(at),
        }
    }
}

/// Who asks for help, and at which link.
type Asking = Vec<(UserId, LinkId)>;

/// The most of them that a board of people takes in from before its time, the latest first.
const MOST_ASKING: usize = 200;

/// Those within `scope` who have asked for help since a board of people begins.
async fn asking(conn: &mut Conn, scope: &Scope, of: Of) -> Result<Asking> {
    let Of::Since(since) = of else {
        return Ok(Vec::new());
    };
    let (among, values) = among(conn, "l.customer_id", 2, scope.customers());
    let text = format!(
        "SELECT l.user_id, l.id FROM links l WHERE l.help_asked_at > $1 AND {among} \
         ORDER BY l.help_asked_at DESC LIMIT {MOST_ASKING}"
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(since);
    Ok(values.into_iter().fold(query, QueryAs::bind).fetch_all(conn).await?)
}

/// What stands for their placeholders.
fn named(asking: &Asking) -> impl Iterator<Item = String> {
    let users = asking.iter().map(|(user, _)| user.to_string());
    users.chain(asking.iter().map(|(_, link)| link.to_string()))
}

impl From<ResetId> for Of {
    fn from(id: ResetId) -> Self {
        Self::Reset(id)
    }
}

/// Which users of a reset are asked for.
#[derive(Clone, Copy, Default)]
pub struct Which<'a> {
    /// At these stages; none is all.
    pub stages: &'a [Stage],
    /// These alone.
    pub only: Option<&'a [UserId]>,
    /// Those after this one.
    pub after: Option<(UserRef, ResetId)>,
}

/// At most `limit` items that `scope` covers, by customer, user and reset.
pub async fn page(
    conn: &mut Conn,
    scope: &Scope,
    of: Of,
    which: Which<'_>,
    limit: usize,
    now: Time,
) -> Result<Vec<Row>> {
    let customers = scope.customers();
    if customers.is_empty() || which.only.is_some_and(<[UserId]>::is_empty) {
        return Ok(Vec::new());
    }
    let asking = asking(conn, scope, of).await?;
    let (stage, mut next) = (stage(), 3);
    let (among, mut values) = among(conn, "i.customer_id", next, customers);
    next += values.len();
    let mut narrower = String::new();
    if let Some(only) = which.only {
        narrower.push_str(&format!(" AND i.user_id IN ({})", placeholders(next, only.len())));
        next += only.len();
        values.extend(only.iter().map(ToString::to_string));
    }
    if let Some((after, reset)) = which.after {
        let place = placeholders(next, 3);
        narrower.push_str(&format!(" AND (i.customer_id, i.user_id, i.reset_id) > ({place})"));
        next += 3;
        values.extend([after.customer.to_string(), after.id.to_string(), reset.to_string()]);
    }
    values.extend(named(&asking));
    if !which.stages.is_empty() {
        let named: Vec<String> = which.stages.iter().map(|stage| format!("'{stage}'")).collect();
        narrower.push_str(&format!(" AND {stage} IN ({})", named.join(", ")));
    }
    let text = format!(
        "SELECT i.reset_id, i.customer_id, i.user_id, i.skip, i.failed_at, i.failed_why, i.authenticator_apps, i.passkeys, \
            i.hardware_tokens, i.phones, i.backup_codes, i.sessions, i.trusted_devices, i.challenges, i.links, i.done_at, \
            i.link_id, u.name, u.address, c.name AS customer_name, COALESCE(m.role, 'member') AS role, l.opened_at, \
            l.proved_at, l.ended_at, l.expires_at, l.disowned_at, l.help_asked_at, l.new_network_at, o.sent_at, \
            o.failed_at AS bounced_at, o.last_error AS mail_error, \
            {stage} AS stage \
         FROM {JOINED} \
         JOIN users u ON u.customer_id = i.customer_id AND u.id = i.user_id \
         LEFT JOIN memberships m ON m.customer_id = i.customer_id AND m.user_id = i.user_id \
         JOIN customers c ON c.id = i.customer_id \
         WHERE {} AND {among}{narrower} ORDER BY i.customer_id, i.user_id, i.reset_id LIMIT {limit}",
        of.condition(&asking, next)
    );
    let mut query = of.bind(sqlx::query_as(sqlx::AssertSqlSafe(text))).bind(now);
    for value in values {
        query = query.bind(value);
    }
    Ok(query.fetch_all(conn).await?)
}

/// How many items that `scope` covers stand where.
pub async fn counts(conn: &mut Conn, scope: &Scope, of: Of, now: Time) -> Result<Vec<(Stage, i64)>> {
    let customers = scope.customers();
    if customers.is_empty() {
        return Ok(Vec::new());
    }
    let asking = asking(conn, scope, of).await?;
    let (among, mut values) = among(conn, "i.customer_id", 3, customers);
    let condition = of.condition(&asking, 3 + values.len());
    values.extend(named(&asking));
    let text = format!(
        "SELECT {} AS stage, CAST(COUNT(*) AS BIGINT) FROM {JOINED} WHERE {condition} AND {among} GROUP BY 1",
        stage()
    );
    let mut query = of.bind(sqlx::query_as(sqlx::AssertSqlSafe(text))).bind(now);
    for value in values {
        query = query.bind(value);
    }
    Ok(query.fetch_all(conn).await?)
}

#[derive(Clone, Copy, Default, PartialEq, Eq, FromRow)]
pub struct Sums {
    pub reset: i64,
    pub skipped: i64,
    pub failed: i64,
    pub pending: i64,
}

/// How far a reset is, over the items that `scope` covers. It reads no link and no mail: whoever watches asks twice a
/// second. None where it covers nobody.
pub async fn sums(conn: &mut Conn, scope: &Scope, id: ResetId) -> Result<Option<Sums>> {
    let customers = scope.customers();
    if customers.is_empty() {
        return Ok(None);
    }
    let (among, values) = among(conn, "customer_id", 2, customers);
    let count = |when: &str| format!("CAST(COALESCE(SUM(CASE WHEN {when} THEN 1 ELSE 0 END), 0) AS BIGINT)");
    let text = format!(
        "SELECT {} AS reset, {} AS skipped, {} AS failed, {} AS pending FROM reset_items WHERE reset_id = $1 AND {among}",
        count("skip IS NULL AND done_at IS NOT NULL"),
        count("skip IS NOT NULL"),
        count("skip IS NULL AND failed_at IS NOT NULL"),
        count(super::run::PENDING),
    );
    let mut query = sqlx::query_as::<_, Sums>(sqlx::AssertSqlSafe(text)).bind(id);
    for value in values {
        query = query.bind(value);
    }
    Ok(Some(query.fetch_one(conn).await?).filter(|sums| *sums != Sums::default()))
}

/// How many came back in which step of time since `since`, by link or at sign-in.
pub async fn returns(
    conn: &mut Conn,
    scope: &Scope,
    id: ResetId,
    since: Time,
    step: i64,
) -> Result<Vec<(i64, String, i64)>> {
    let customers = scope.customers();
    if customers.is_empty() {
        return Ok(Vec::new());
    }
    let (among, values) = among(conn, "i.customer_id", 4, customers);
    let text = format!(
        "SELECT (l.ended_at - $2) / $3 AS step, l.ended_how, CAST(COUNT(*) AS BIGINT) \
         FROM reset_items i JOIN links l ON l.id = i.link_id \
         WHERE i.reset_id = $1 AND l.ended_how IN ('completed', 'completed_at_sign_in') AND {among} GROUP BY 1, 2"
    );
    let mut query = sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(id).bind(since).bind(step);
    for value in values {
        query = query.bind(value);
    }
    Ok(query.fetch_all(conn).await?)
}

/// When the last one came back.
pub async fn last_return(conn: &mut Conn, scope: &Scope, id: ResetId) -> Result<Option<Time>> {
    let customers = scope.customers();
    if customers.is_empty() {
        return Ok(None);
    }
    let (among, values) = among(conn, "i.customer_id", 2, customers);
    let text = format!(
        "SELECT MAX(l.ended_at) FROM reset_items i JOIN links l ON l.id = i.link_id \
         WHERE i.reset_id = $1 AND l.ended_how IN ('completed', 'completed_at_sign_in') AND {among}"
    );
    let mut query = sqlx::query_as::<_, (Option<Time>,)>(sqlx::AssertSqlSafe(text)).bind(id);
    for value in values {
        query = query.bind(value);
    }
    Ok(query.fetch_one(conn).await?.0)
}

/// Gives an item another link.
pub async fn set_link(conn: &mut Conn, id: ResetId, user: UserRef, link: LinkId) -> Result<()> {
    sqlx::query("UPDATE reset_items SET link_id = $1 WHERE reset_id = $2 AND customer_id = $3 AND user_id = $4")
        .bind(link)
        .bind(id)
        .bind(user.customer)
        .bind(user.id)
        .execute(conn)
        .await?;
    Ok(())
}
