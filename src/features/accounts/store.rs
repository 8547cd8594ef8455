//! All SQL over `invite_lists` and `invite_list_lines`.

use sqlx::FromRow;

use crate::domain::authority::Role;
use crate::domain::ids::{CustomerId, InviteListId, UserId};
use crate::domain::invitation::Untaken;
use crate::domain::time::Time;
use crate::domain::user::{Address, UserRef};
use crate::platform::db::{placeholders, rows};
use crate::platform::{Conn, Result};

#[derive(Clone, FromRow)]
pub struct List {
    pub id: InviteListId,
    pub customer_id: CustomerId,
    pub customer_name: String,
    pub requester_customer_id: CustomerId,
    pub requester_id: UserId,
    pub created_at: Time,
    pub confirmed_at: Option<Time>,
    pub completed_at: Option<Time>,
    pub from_address: Option<String>,
}

impl List {
    pub const fn requester(&self) -> UserRef {
        UserRef { customer: self.requester_customer_id, id: self.requester_id }
    }
}

#[derive(Clone, FromRow)]
pub struct Line {
    pub number: i64,
    pub who: String,
    pub name: Option<String>,
    pub address: Option<Address>,
    pub role: Option<Role>,
    pub untaken: Option<Untaken>,
    pub same_as: Option<i64>,
    pub user_id: Option<UserId>,
}

pub async fn insert(
    conn: &mut Conn,
    id: InviteListId,
    customer: CustomerId,
    requester: UserRef,
    lines: &[Line],
    now: Time,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO invite_lists (id, customer_id, requester_customer_id, requester_id, created_at) \
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(id)
    .bind(customer)
    .bind(requester.customer)
    .bind(requester.id)
    .bind(now)
    .execute(&mut *conn)
    .await?;
    for part in lines.chunks(500) {
        let text = format!(
            "INSERT INTO invite_list_lines (list_id, number, who, name, address, role, untaken, same_as) VALUES {}",
            rows(conn, part.len(), 8)
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(text));
        for line in part {
            query = query.bind(id).bind(line.number).bind(&line.who).bind(line.name.clone());
            query = query.bind(line.address.clone()).bind(line.role).bind(line.untaken).bind(line.same_as);
        }
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

/// The list, for whoever it is that asked for it.
pub async fn get(conn: &mut Conn, id: InviteListId) -> Result<Option<List>> {
    Ok(sqlx::query_as(
        "SELECT l.id, l.customer_id, c.name AS customer_name, l.requester_customer_id, l.requester_id, l.created_at, \
            l.confirmed_at, l.completed_at, l.from_address \
         FROM invite_lists l JOIN customers c ON c.id = l.customer_id WHERE l.id = $1",
    )
    .bind(id)
    .fetch_optional(conn)
    .await?)
}

pub async fn lines(conn: &mut Conn, id: InviteListId) -> Result<Vec<Line>> {
    Ok(sqlx::query_as(
        "SELECT number, who, name, address, role, untaken, same_as, user_id FROM invite_list_lines \
         WHERE list_id = $1 ORDER BY number",
    )
    .bind(id)
    .fetch_all(conn)
    .await?)
}

/// Some of the lines whose people are still to be invited.
pub async fn pending(conn: &mut Conn, id: InviteListId, limit: i64) -> Result<Vec<Line>> {
    Ok(sqlx::query_as(
        "SELECT number, who, name, address, role, untaken, same_as, user_id FROM invite_list_lines \
         WHERE list_id = $1 AND untaken IS NULL AND user_id IS NULL ORDER BY number LIMIT $2",
    )
    .bind(id)
    .bind(limit)
    .fetch_all(conn)
    .await?)
}

/// Lets a list run. Of two that confirm at once, one succeeds.
pub async fn confirm(conn: &mut Conn, id: InviteListId, from: Option<&str>, now: Time) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE invite_lists SET confirmed_at = $1, from_address = $2 WHERE id = $3 AND confirmed_at IS NULL",
    )
    .bind(now)
    .bind(from.map(str::to_owned))
    .bind(id)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn complete(conn: &mut Conn, id: InviteListId, now: Time) -> Result<()> {
    sqlx::query("UPDATE invite_lists SET completed_at = $1 WHERE id = $2 AND completed_at IS NULL")
        .bind(now)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

pub async fn set_untaken(conn: &mut Conn, id: InviteListId, numbers: &[i64], why: Untaken) -> Result<()> {
    for part in numbers.chunks(500) {
        let text = format!(
            "UPDATE invite_list_lines SET untaken = $1 WHERE list_id = $2 AND user_id IS NULL AND number IN ({})",
            placeholders(3, part.len())
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(why).bind(id);
        for number in part {
            query = query.bind(*number);
        }
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

pub async fn set_invited(conn: &mut Conn, id: InviteListId, number: i64, user: UserId) -> Result<()> {
    sqlx::query("UPDATE invite_list_lines SET user_id = $1 WHERE list_id = $2 AND number = $3")
        .bind(user)
        .bind(id)
        .bind(number)
        .execute(conn)
        .await?;
    Ok(())
}

/// The lists that were confirmed and are not complete.
pub async fn unfinished(conn: &mut Conn) -> Result<Vec<InviteListId>> {
    let rows: Vec<(InviteListId,)> = sqlx::query_as(
        "SELECT id FROM invite_lists WHERE confirmed_at IS NOT NULL AND completed_at IS NULL ORDER BY id",
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Forgets the lists that were never confirmed and those that were, each when it is older than that.
pub async fn delete_old(conn: &mut Conn, unconfirmed_before: Time, completed_before: Time) -> Result<()> {
    let old = "SELECT id FROM invite_lists WHERE confirmed_at IS NULL AND created_at < $1 OR completed_at < $2";
    for text in [
        format!("DELETE FROM invite_list_lines WHERE list_id IN ({old})"),
        "DELETE FROM invite_lists WHERE confirmed_at IS NULL AND created_at < $1 OR completed_at < $2".to_owned(),
    ] {
        let query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(unconfirmed_before).bind(completed_before);
        query.execute(&mut *conn).await?;
    }
    Ok(())
}
