//! Who is to get a link once more.

use crate::domain::ids::{CustomerId, ResetId, UserId};
use crate::domain::time::Time;
use crate::platform::db::placeholders;
use crate::platform::{Conn, Result};

/// The reset and the customer of whoever has waited longest.
pub async fn longest(conn: &mut Conn, now: Time) -> Result<Option<(ResetId, CustomerId)>> {
    let text = "SELECT reset_id, customer_id FROM reset_items WHERE remind_at <= $1 ORDER BY remind_at LIMIT 1";
    Ok(sqlx::query_as(text).bind(now).fetch_optional(conn).await?)
}

/// At most so many of a customer in a reset whose time has come.
pub async fn due(conn: &mut Conn, id: ResetId, customer: CustomerId, now: Time, most: usize) -> Result<Vec<UserId>> {
    let text = format!(
        "SELECT user_id FROM reset_items WHERE reset_id = $1 AND customer_id = $2 AND remind_at <= $3 \
         ORDER BY user_id LIMIT {most}"
    );
    let query = sqlx::query_as::<_, (UserId,)>(sqlx::AssertSqlSafe(text)).bind(id).bind(customer).bind(now);
    Ok(query.fetch_all(conn).await?.into_iter().map(|(user,)| user).collect())
}

/// Writes down that nothing more is to be done about these; says of whom that was not so before.
pub async fn settle(conn: &mut Conn, id: ResetId, customer: CustomerId, users: &[UserId]) -> Result<Vec<UserId>> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "UPDATE reset_items SET remind_at = NULL \
         WHERE reset_id = $1 AND customer_id = $2 AND remind_at IS NOT NULL AND user_id IN ({}) RETURNING user_id",
        placeholders(3, users.len())
    );
    let query = sqlx::query_as::<_, (UserId,)>(sqlx::AssertSqlSafe(text)).bind(id).bind(customer);
    let rows = users.iter().fold(query, |query, user| query.bind(*user)).fetch_all(conn).await?;
    Ok(rows.into_iter().map(|(user,)| user).collect())
}
