//! All SQL over `invitations`.

use sqlx::FromRow;

use crate::domain::ids::{CustomerId, LinkId, UserId};
use crate::domain::invitation::End;
use crate::domain::time::Time;
use crate::domain::user::{Address, UserRef};
use crate::platform::db::rows;
use crate::platform::{Conn, Result};

#[derive(FromRow)]
pub struct Issued {
    pub id: LinkId,
    pub user_id: UserId,
    pub generation: i64,
}

/// One invitation a user: whoever has one gets its next generation, as alive as the first.
pub async fn issue(
    conn: &mut Conn,
    new: &[(LinkId, UserRef)],
    key_id: &str,
    now: Time,
    expires_at: Time,
) -> Result<Vec<Issued>> {
    let mut issued = Vec::with_capacity(new.len());
    for part in new.chunks(500) {
        let text = format!(
            "INSERT INTO invitations (customer_id, user_id, id, generation, key_id, issued_at, expires_at) VALUES {} \
             ON CONFLICT (customer_id, user_id) DO UPDATE SET generation = invitations.generation + 1, \
                key_id = excluded.key_id, issued_at = excluded.issued_at, expires_at = excluded.expires_at, \
                opened_at = NULL, ended_at = NULL, ended_how = NULL \
             RETURNING id, user_id, generation",
            rows(conn, part.len(), 7)
        );
        let mut query = sqlx::query_as(sqlx::AssertSqlSafe(text));
        for (id, user) in part {
            query = query.bind(user.customer).bind(user.id).bind(*id).bind(1i64);
            query = query.bind(key_id).bind(now).bind(expires_at);
        }
        let mut part: Vec<Issued> = query.fetch_all(&mut *conn).await?;
        issued.append(&mut part);
    }
    Ok(issued)
}

#[derive(FromRow)]
pub struct Row {
    pub id: LinkId,
    pub generation: i64,
    pub key_id: String,
    pub issued_at: Time,
    pub expires_at: Time,
    pub opened_at: Option<Time>,
    pub ended_at: Option<Time>,
    pub ended_how: Option<End>,
    pub customer_id: CustomerId,
    pub user_id: UserId,
    pub name: String,
    pub address: Address,
}

const ROW: &str = "SELECT i.id, i.generation, i.key_id, i.issued_at, i.expires_at, i.opened_at, i.ended_at, i.ended_how, \
        i.customer_id, i.user_id, u.name, u.address \
     FROM invitations i JOIN users u ON u.customer_id = i.customer_id AND u.id = i.user_id";

/// The invitation of somebody who is still to accept one.
pub async fn waiting(conn: &mut Conn, id: LinkId) -> Result<Option<Row>> {
    let text =
        format!("{ROW} WHERE i.id = $1 AND u.activated_at IS NULL AND u.suspended_at IS NULL AND u.removed_at IS NULL");
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(id).fetch_optional(conn).await?)
}

pub async fn of_user(conn: &mut Conn, user: UserRef) -> Result<Option<Row>> {
    let text = format!("{ROW} WHERE i.customer_id = $1 AND i.user_id = $2");
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(user.customer).bind(user.id).fetch_optional(conn).await?)
}

/// Writes down the first opening; says whether this was it.
pub async fn set_opened(conn: &mut Conn, id: LinkId, generation: i64, now: Time) -> Result<bool> {
    let done =
        sqlx::query("UPDATE invitations SET opened_at = $1 WHERE id = $2 AND generation = $3 AND opened_at IS NULL")
            .bind(now)
            .bind(id)
            .bind(generation)
            .execute(conn)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// Says whether there was one to end.
pub async fn end(conn: &mut Conn, user: UserRef, end: End, now: Time) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE invitations SET ended_at = $1, ended_how = $2 \
         WHERE customer_id = $3 AND user_id = $4 AND ended_at IS NULL",
    )
    .bind(now)
    .bind(end)
    .bind(user.customer)
    .bind(user.id)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
