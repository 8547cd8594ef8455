//! All SQL over `outbox`. What sending reads besides is in `sending`.

pub mod sending;

use std::collections::HashMap;

use sqlx::FromRow;

use crate::domain::ids::{CustomerId, LinkId, MailId, UserId};
use crate::domain::mail::Channel;
use crate::domain::time::Time;
use crate::domain::user::{Address, UserRef};
use crate::platform::db::{placeholders, rows};
use crate::platform::{Conn, Result};

#[derive(Clone)]
pub struct NewRow {
    pub id: MailId,
    pub user: UserRef,
    pub mail: String,
    pub channel: Channel,
    pub link: Option<LinkId>,
    pub address: Option<Address>,
    pub copy_of: Option<MailId>,
}

pub async fn insert(conn: &mut Conn, new: &[NewRow], now: Time) -> Result<()> {
    for part in new.chunks(500) {
        let text = format!(
            "INSERT INTO outbox (id, customer_id, user_id, mail, channel, link_id, address, copy_of, created_at, \
                next_try_at) VALUES {}",
            rows(conn, part.len(), 10)
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(text));
        for row in part {
            query = query
                .bind(row.id)
                .bind(row.user.customer)
                .bind(row.user.id)
                .bind(&row.mail)
                .bind(row.channel)
                .bind(row.link)
                .bind(row.address.clone())
                .bind(row.copy_of)
                .bind(now)
                .bind(now);
        }
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

/// The second addresses of those of `users` who have one.
pub async fn second_addresses(conn: &mut Conn, users: &[UserRef]) -> Result<HashMap<UserRef, Address>> {
    let mut found = HashMap::new();
    for part in users.chunks(500) {
        let mut customers: Vec<CustomerId> = part.iter().map(|user| user.customer).collect();
        customers.sort_unstable();
        customers.dedup();
        let text = format!(
            "SELECT customer_id, id, second_address FROM users \
             WHERE second_address IS NOT NULL AND customer_id IN ({}) AND id IN ({})",
            placeholders(1, customers.len()),
            placeholders(customers.len() + 1, part.len())
        );
        let query = sqlx::query_as::<_, (CustomerId, UserId, Address)>(sqlx::AssertSqlSafe(text));
        let query = customers.iter().fold(query, |query, customer| query.bind(*customer));
        let query = part.iter().fold(query, |query, user| query.bind(user.id));
        let rows = query.fetch_all(&mut *conn).await?;
        found.extend(rows.into_iter().map(|(customer, id, address)| (UserRef { customer, id }, address)));
    }
    Ok(found)
}

/// Whether anything is due. It only reads: asking every second disturbs nobody who writes.
pub async fn is_due(conn: &mut Conn, channel: Channel, now: Time) -> Result<bool> {
    let row: Option<(MailId,)> =
        sqlx::query_as("SELECT id FROM outbox WHERE channel = $1 AND next_try_at <= $2 LIMIT 1")
            .bind(channel)
            .bind(now)
            .fetch_optional(conn)
            .await?;
    Ok(row.is_some())
}

#[derive(Clone, FromRow)]
pub struct Leased {
    pub id: MailId,
    pub customer_id: CustomerId,
    pub user_id: UserId,
    pub mail: String,
    pub tries: i64,
    pub copy_of: Option<MailId>,
}

impl Leased {
    pub const fn user(&self) -> UserRef {
        UserRef { customer: self.customer_id, id: self.user_id }
    }
}

/// The customers for whom something is due on a channel, at most so many, in their order from the one after `after` on.
pub async fn due_customers(
    conn: &mut Conn,
    channel: Channel,
    now: Time,
    after: Option<CustomerId>,
    limit: usize,
) -> Result<Vec<CustomerId>> {
    // From one customer to the next by the index, whatever waits for each.
    let next = |after: &str| {
        format!(
            "(SELECT o.customer_id FROM outbox o WHERE o.channel = $1 AND o.next_try_at <= $2 AND o.customer_id > {after} \
              ORDER BY o.customer_id LIMIT 1)"
        )
    };
    let text = format!(
        "WITH RECURSIVE due (id, place) AS ( \
            SELECT {}, CAST(1 AS BIGINT) \
            UNION ALL SELECT {}, place + 1 FROM due d WHERE d.id IS NOT NULL AND d.place < {limit}) \
         SELECT id FROM due WHERE id IS NOT NULL ORDER BY place",
        next("$3"),
        next("d.id")
    );
    let after = after.map_or_else(String::new, |after| after.to_string());
    let query = sqlx::query_as::<_, (CustomerId,)>(sqlx::AssertSqlSafe(text)).bind(channel).bind(now).bind(after);
    Ok(query.fetch_all(conn).await?.into_iter().map(|(id,)| id).collect())
}

/// Takes up to `each` of what is due on a channel for each of these customers, the oldest first. The condition stands twice so
/// that PostgreSQL, where two workers may choose the same rows at once, asks again once it holds a row's lock.
pub async fn lease(
    conn: &mut Conn,
    channel: Channel,
    (now, until): (Time, Time),
    customers: &[CustomerId],
    each: usize,
) -> Result<Vec<Leased>> {
    let of = |place: usize| {
        format!(
            "SELECT id FROM (SELECT id FROM outbox WHERE channel = $3 AND customer_id = ${place} AND next_try_at <= $2 \
              ORDER BY next_try_at, id LIMIT {each}) o{place}"
        )
    };
    let chosen: Vec<String> = (0..customers.len()).map(|n| of(n + 4)).collect();
    let text = format!(
        "UPDATE outbox SET next_try_at = $1 WHERE next_try_at <= $2 AND id IN ({}) \
         RETURNING id, customer_id, user_id, mail, tries, copy_of",
        chosen.join(" UNION ALL ")
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(until).bind(now).bind(channel);
    let mut leased: Vec<Leased> =
        customers.iter().fold(query, |query, customer| query.bind(*customer)).fetch_all(conn).await?;
    leased.sort_by_key(|row| row.id);
    Ok(leased)
}

/// Whether a mail is still to be sent; none where there is no such mail.
pub async fn is_waiting(conn: &mut Conn, id: MailId) -> Result<Option<bool>> {
    let row: Option<(Option<Time>,)> =
        sqlx::query_as("SELECT next_try_at FROM outbox WHERE id = $1").bind(id).fetch_optional(conn).await?;
    Ok(row.map(|(next_try_at,)| next_try_at.is_some()))
}

/// Writes down that a mail came back that a server had taken; none where it was not, or had come back before.
pub async fn set_bounced(conn: &mut Conn, id: MailId, now: Time, error: &str) -> Result<Option<Leased>> {
    Ok(sqlx::query_as(
        "UPDATE outbox SET failed_at = $1, last_error = $2 WHERE id = $3 AND sent_at IS NOT NULL AND failed_at IS NULL \
         RETURNING id, customer_id, user_id, mail, tries, copy_of",
    )
    .bind(now)
    .bind(error)
    .bind(id)
    .fetch_optional(conn)
    .await?)
}

/// What sending needs to know beyond the mail itself, as it is now.
/// What waits for `user` and holds no link goes to this address, whichever is theirs when it leaves: it tells of what was done
/// before.
pub async fn pin(conn: &mut Conn, user: UserRef, address: &Address) -> Result<()> {
    sqlx::query(
        "UPDATE outbox SET address = $1 WHERE customer_id = $2 AND user_id = $3 AND channel = $4 \
            AND next_try_at IS NOT NULL AND address IS NULL AND link_id IS NULL",
    )
    .bind(address.clone())
    .bind(user.customer)
    .bind(user.id)
    .bind(Channel::Mail)
    .execute(conn)
    .await?;
    Ok(())
}

/// When mails with links went to these users since `since` and did not come back, or copies of them, the newest first.
pub async fn links_sent(
    conn: &mut Conn,
    customer: CustomerId,
    users: &[UserId],
    copies: bool,
    since: Time,
) -> Result<Vec<(UserId, Time)>> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let which = if copies { "IS NOT NULL" } else { "IS NULL" };
    let text = format!(
        "SELECT user_id, sent_at FROM outbox \
         WHERE customer_id = $1 AND sent_at > $2 AND failed_at IS NULL AND link_id IS NOT NULL AND copy_of {which} \
            AND user_id IN ({}) \
         ORDER BY sent_at DESC",
        placeholders(3, users.len())
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(customer).bind(since);
    Ok(users.iter().fold(query, |query, user| query.bind(*user)).fetch_all(conn).await?)
}

/// Says whether it was not settled before.
pub async fn set_sent(conn: &mut Conn, id: MailId, now: Time) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE outbox SET sent_at = $1, tries = tries + 1, last_error = NULL, next_try_at = NULL, address = NULL \
         WHERE id = $2 AND next_try_at IS NOT NULL",
    )
    .bind(now)
    .bind(id)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Says whether it was not settled before.
pub async fn set_failed(conn: &mut Conn, id: MailId, now: Time, error: &str) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE outbox SET failed_at = $1, tries = tries + 1, last_error = $2, next_try_at = NULL, address = NULL \
         WHERE id = $3 AND next_try_at IS NOT NULL",
    )
    .bind(now)
    .bind(error)
    .bind(id)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn set_superseded(conn: &mut Conn, id: MailId, now: Time) -> Result<()> {
    sqlx::query("UPDATE outbox SET superseded_at = $1, next_try_at = NULL, address = NULL WHERE id = $2 AND next_try_at IS NOT NULL")
        .bind(now)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Makes the waiting mails of a user needless, or only those with links.
pub async fn supersede_waiting(conn: &mut Conn, user: UserRef, only_links: bool, now: Time) -> Result<()> {
    let which = if only_links { " AND link_id IS NOT NULL" } else { "" };
    let text = format!(
        "UPDATE outbox SET superseded_at = $1, next_try_at = NULL, address = NULL \
         WHERE customer_id = $2 AND user_id = $3 AND next_try_at IS NOT NULL{which}"
    );
    sqlx::query(sqlx::AssertSqlSafe(text)).bind(now).bind(user.customer).bind(user.id).execute(conn).await?;
    Ok(())
}

#[derive(FromRow)]
pub struct Queued {
    pub customer_id: CustomerId,
    pub user_id: UserId,
    pub mail: String,
    pub created_at: Time,
}

pub async fn get(conn: &mut Conn, id: MailId) -> Result<Option<Queued>> {
    let query = sqlx::query_as("SELECT customer_id, user_id, mail, created_at FROM outbox WHERE id = $1");
    Ok(query.bind(id).fetch_optional(conn).await?)
}

/// When mails with this link were queued since `since`, the newest first.
pub async fn links_queued(conn: &mut Conn, user: UserRef, link: LinkId, since: Time) -> Result<Vec<Time>> {
    let rows: Vec<(Time,)> = sqlx::query_as(
        "SELECT created_at FROM outbox WHERE customer_id = $1 AND user_id = $2 AND link_id = $3 AND created_at > $4 \
            AND copy_of IS NULL ORDER BY created_at DESC",
    )
    .bind(user.customer)
    .bind(user.id)
    .bind(link)
    .bind(since)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(at,)| at).collect())
}

/// The newest mail with this link, as it was queued.
pub async fn newest_with(conn: &mut Conn, user: UserRef, link: LinkId) -> Result<Option<String>> {
    let row: Option<(String,)> = sqlx::query_as(
        "SELECT mail FROM outbox WHERE customer_id = $1 AND user_id = $2 AND link_id = $3 ORDER BY id DESC LIMIT 1",
    )
    .bind(user.customer)
    .bind(user.id)
    .bind(link)
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|(mail,)| mail))
}

/// Puts a mail off that was tried, if the lease that ends at `until` is still held.
pub async fn set_tried(conn: &mut Conn, id: MailId, until: Time, next: Time, error: &str) -> Result<()> {
    sqlx::query(
        "UPDATE outbox SET next_try_at = $1, tries = tries + 1, last_error = $2 WHERE id = $3 AND next_try_at = $4",
    )
    .bind(next)
    .bind(error)
    .bind(id)
    .bind(until)
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives leased mails back untried, to be taken again from `next` on.
pub async fn give_back(conn: &mut Conn, ids: &[MailId], until: Time, next: Time) -> Result<()> {
    let text =
        format!("UPDATE outbox SET next_try_at = $1 WHERE next_try_at = $2 AND id IN ({})", placeholders(3, ids.len()));
    let mut query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(next).bind(until);
    for id in ids {
        query = query.bind(*id);
    }
    query.execute(conn).await?;
    Ok(())
}

#[derive(FromRow)]
pub struct Facts {
    pub link_id: LinkId,
    pub sent_at: Option<Time>,
    pub failed_at: Option<Time>,
    pub last_error: Option<String>,
}

/// The mails with these links that are not superseded, the newest last.
pub async fn by_links(conn: &mut Conn, links: &[LinkId]) -> Result<Vec<Facts>> {
    let mut found = Vec::new();
    for part in links.chunks(500) {
        let text = format!(
            "SELECT link_id, sent_at, failed_at, last_error FROM outbox \
             WHERE superseded_at IS NULL AND copy_of IS NULL AND link_id IN ({}) ORDER BY id",
            placeholders(1, part.len())
        );
        let mut query = sqlx::query_as(sqlx::AssertSqlSafe(text));
        for link in part {
            query = query.bind(*link);
        }
        found.extend(query.fetch_all(&mut *conn).await?);
    }
    Ok(found)
}
