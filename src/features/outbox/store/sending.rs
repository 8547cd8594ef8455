//! What sending needs to read of a user, their customer, a link or a code.

use sqlx::FromRow;

use crate::domain::ids::{ChallengeId, LinkId, MailId, PhoneCodeId};
use crate::domain::recovery::End;
use crate::domain::time::Time;
use crate::domain::user::{Address, UserRef};
use crate::platform::{Conn, Result};

#[derive(FromRow)]
pub struct Addressed {
    pub name: String,
    pub language: Option<String>,
    pub zone: Option<String>,
    pub address: Address,
    pub second_address: Option<Address>,
    pub second_verified_at: Option<Time>,
    pub customer_name: String,
    pub help_desk: Option<String>,
    pub link_id: Option<LinkId>,
    pub generation: Option<i64>,
    pub key_id: Option<String>,
    pub expires_at: Option<Time>,
    pub ended_how: Option<End>,
    pub invited_generation: Option<i64>,
    pub invited_key_id: Option<String>,
    pub invited_until: Option<Time>,
    pub invited_ended_at: Option<Time>,
}

/// None when the lease that ends at `until` is no longer held.
pub async fn addressed(conn: &mut Conn, id: MailId, until: Time) -> Result<Option<Addressed>> {
    Ok(sqlx::query_as(
        "SELECT u.name, COALESCE(u.language, c.language) AS language, COALESCE(u.zone, c.zone) AS zone, \
            COALESCE(o.address, u.address) AS address, u.second_address, u.second_verified_at, \
            c.name AS customer_name, c.help_desk, o.link_id, l.generation, l.key_id, l.expires_at, l.ended_how, \
            i.generation AS invited_generation, i.key_id AS invited_key_id, i.expires_at AS invited_until, \
            i.ended_at AS invited_ended_at \
         FROM outbox o \
         JOIN customers c ON c.id = o.customer_id \
         JOIN users u ON u.customer_id = o.customer_id AND u.id = o.user_id \
         LEFT JOIN links l ON l.id = o.link_id AND l.customer_id = o.customer_id AND l.user_id = o.user_id \
         LEFT JOIN invitations i ON i.id = o.link_id AND i.customer_id = o.customer_id AND i.user_id = o.user_id \
         WHERE o.id = $1 AND o.next_try_at = $2",
    )
    .bind(id)
    .bind(until)
    .fetch_optional(conn)
    .await?)
}

/// What sending a code to a phone needs to know.
#[derive(FromRow)]
pub struct Texted {
    pub number: Option<String>,
    pub key_id: Option<String>,
    pub asked_at: Option<Time>,
    pub used_at: Option<Time>,
    pub language: Option<String>,
}

/// None when the lease that ends at `until` is no longer held; nothing in it when the code is forgotten.
pub async fn texted(conn: &mut Conn, id: MailId, code: PhoneCodeId, until: Time) -> Result<Option<Texted>> {
    Ok(sqlx::query_as(
        "SELECT p.number, p.key_id, p.asked_at, p.used_at, COALESCE(u.language, c.language) AS language \
         FROM outbox o \
         JOIN customers c ON c.id = o.customer_id \
         JOIN users u ON u.customer_id = o.customer_id AND u.id = o.user_id \
         LEFT JOIN phone_codes p ON p.id = $1 AND p.customer_id = o.customer_id AND p.user_id = o.user_id \
         WHERE o.id = $2 AND o.next_try_at = $3",
    )
    .bind(code)
    .bind(id)
    .bind(until)
    .fetch_optional(conn)
    .await?)
}

/// Whether this half-finished way to a new password has not ended.
pub async fn challenge_lives(conn: &mut Conn, user: UserRef, challenge: ChallengeId) -> Result<bool> {
    let row: Option<(ChallengeId,)> =
        sqlx::query_as("SELECT id FROM challenges WHERE customer_id = $1 AND user_id = $2 AND id = $3")
            .bind(user.customer)
            .bind(user.id)
            .bind(challenge)
            .fetch_optional(conn)
            .await?;
    Ok(row.is_some())
}
