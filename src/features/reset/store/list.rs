//! The SQL of the list of resets: which are on it, found how, and how far each is.

use sqlx::FromRow;

use crate::domain::approval::Decision;
use crate::domain::authority::Scope;
use crate::domain::ids::ResetId;
use crate::domain::plan::LIFETIME;
use crate::domain::reset_filter::{ResetFilter, Tab};
use crate::domain::time::Time;
use crate::domain::user::UserRef;
use crate::platform::db::among;
use crate::platform::text::{like_anywhere, name_key};
use crate::platform::{Conn, Result};

#[derive(Clone, FromRow)]
pub struct Summary {
    pub id: ResetId,
    pub requester_name: String,
    pub plan_hash: String,
    pub reason: Option<String>,
    pub ticket: Option<String>,
    pub created_at: Time,
    pub approval_asked_at: Option<Time>,
    pub decision: Option<Decision>,
    pub confirmed_at: Option<Time>,
    pub cancelled_at: Option<Time>,
    pub completed_at: Option<Time>,
    pub resets: i64,
    pub done: i64,
    pub failed: i64,
    pub skipped: i64,
}

/// The values of a statement's placeholders, in step.
#[derive(Default)]
struct Values(Vec<String>);

impl Values {
    fn bind(&mut self, value: impl ToString) -> String {
        self.0.push(value.to_string());
        format!("${}", self.0.len())
    }
}

/// At most `limit` resets with users in `scope`, the newest first, counting those users only. Whatever is searched for is
/// found by what stands in the reset itself and by users in `scope`, never by anybody else in it.
pub async fn page(
    conn: &mut Conn,
    scope: &Scope,
    reader: UserRef,
    filter: &ResetFilter,
    before: Option<ResetId>,
    now: Time,
    limit: usize,
) -> Result<Vec<Summary>> {
    if scope.customers().is_empty() {
        return Ok(Vec::new());
    }
    let mut values = Values::default();
    let (of_items, own) = among(conn, "i.customer_id", 1, scope.customers());
    let of_users = of_items.replace("i.customer_id", "x.customer_id");
    for value in own {
        values.bind(value);
    }
    let mut all = match filter.tab {
        Tab::Customers | Tab::Waiting => vec!["r.confirmed_at IS NOT NULL".to_owned()],
        Tab::Running => vec!["r.confirmed_at IS NOT NULL AND r.completed_at IS NULL".to_owned()],
        Tab::Done => vec!["r.completed_at IS NOT NULL".to_owned()],
        Tab::Mine => {
            let (customer, id) = (values.bind(reader.customer), values.bind(reader.id));
            // A plan that can be confirmed no more is nothing to come back to.
            let since = (now - LIFETIME).unix_milliseconds();
            vec![
                format!("r.requester_customer_id = {customer} AND r.requester_id = {id}"),
                format!("(r.confirmed_at IS NOT NULL OR r.approval_asked_at IS NOT NULL OR r.created_at > {since})"),
            ]
        }
    };
    // What is still being written is no plan yet.
    all.push("r.plan_hash <> ''".to_owned());
    all.push(format!("EXISTS (SELECT 1 FROM reset_items i WHERE i.reset_id = r.id AND {of_items})"));
    if !filter.search.is_empty() {
        let part = values.bind(like_anywhere(&name_key(&filter.search)));
        let mut found = vec![
            format!("r.words_key LIKE {part} ESCAPE '\\'"),
            format!(
                "r.id IN (SELECT i.reset_id FROM users x \
                    JOIN reset_items i ON i.customer_id = x.customer_id AND i.user_id = x.id \
                    WHERE {of_users} AND (x.name_key LIKE {part} ESCAPE '\\' OR x.address_key LIKE {part} ESCAPE '\\'))"
            ),
        ];
        if let Some(plan) = filter.plan() {
            let (from, to) = (values.bind(&plan), values.bind(format!("{plan}g")));
            found.push(format!("(r.plan_hash >= {from} AND r.plan_hash < {to})"));
        }
        all.push(format!("({})", found.join(" OR ")));
    }
    if let Some(before) = before {
        let before = values.bind(before);
        all.push(format!("r.id < {before}"));
    }
    // First which, then how far each of those is: nothing is counted for a row that is not shown.
    let text = format!(
        "SELECT r.id, u.name AS requester_name, r.plan_hash, r.reason, r.ticket, r.created_at, r.approval_asked_at, \
            r.decision, r.confirmed_at, r.cancelled_at, r.completed_at, \
            CAST(SUM(CASE WHEN i.skip IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS resets, \
            CAST(SUM(CASE WHEN i.skip IS NULL AND i.done_at IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT) AS done, \
            CAST(SUM(CASE WHEN i.failed_at IS NULL THEN 0 ELSE 1 END) AS BIGINT) AS failed, \
            CAST(SUM(CASE WHEN i.skip IS NULL THEN 0 ELSE 1 END) AS BIGINT) AS skipped \
         FROM (SELECT r.id FROM resets r WHERE {} ORDER BY r.id DESC LIMIT {limit}) p \
         CROSS JOIN resets r CROSS JOIN users u CROSS JOIN reset_items i \
         WHERE r.id = p.id AND u.customer_id = r.requester_customer_id AND u.id = r.requester_id \
            AND i.reset_id = p.id AND {of_items} \
         GROUP BY r.id, u.name, r.plan_hash, r.reason, r.ticket, r.created_at, r.approval_asked_at, r.decision, \
            r.confirmed_at, r.cancelled_at, r.completed_at \
         ORDER BY r.id DESC",
        all.join(" AND ")
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(text)).persistent(filter.search.is_empty());
    Ok(values.0.into_iter().fold(query, sqlx::query::QueryAs::bind).fetch_all(conn).await?)
}

/// The reason and the ticket of a reset, as they are searched.
pub fn words_key(reason: Option<&str>, ticket: Option<&str>) -> String {
    name_key(&format!("{} {}", reason.unwrap_or_default(), ticket.unwrap_or_default()))
}
