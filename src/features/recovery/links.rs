//! What an admin does about links that are out: a new token, more time, or an end. The caller holds the locks of their
//! users, and records it.

use super::service::{Issued, end, facts};
use super::store;
use crate::domain::board::extended;
use crate::domain::customer::Customer;
use crate::domain::ids::{CustomerId, LinkId, UserId};
use crate::domain::recovery::{End, LinkState};
use crate::domain::time::Time;
use crate::domain::user::UserRef;
use crate::features::session;
use crate::platform::{Conn, Platform, Result};

/// Whoever of these users asked for help has got it.
///
/// # Errors
/// When the database fails.
pub async fn help(conn: &mut Conn, customer: CustomerId, users: &[UserId]) -> Result<()> {
    if users.is_empty() { Ok(()) } else { store::forget_help(conn, customer, users).await }
}

/// Gives each of these links of `customer` that has not ended a new token and its whole time anew. The token before it is
/// dead, and so is every set-up that it led to.
///
/// # Errors
/// When the database fails.
pub async fn renew(conn: &mut Conn, platform: &Platform, customer: &Customer, links: &[LinkId]) -> Result<Vec<Issued>> {
    let now = platform.now();
    let expires_at = now + customer.policy.link_lifetime();
    let renewed = store::renew(conn, customer.id, links, platform.keys.newest_id(), now, expires_at).await?;
    session::service::end_challenges_of(conn, customer.id, links).await?;
    let issued = |row: store::Renewed| {
        let user = UserRef { customer: customer.id, id: row.user_id };
        Issued { link: row.id, user, generation: row.generation, expires_at }
    };
    Ok(renewed.into_iter().map(issued).collect())
}

/// Gives each of these links of `customer` that works more time, as far as its token may have more; the token stays.
///
/// # Errors
/// When the database fails.
pub async fn extend(
    conn: &mut Conn,
    platform: &Platform,
    customer: &Customer,
    links: &[LinkId],
) -> Result<Vec<Issued>> {
    let now = platform.now();
    let mut longer = Vec::new();
    for row in store::by_ids(conn, links).await? {
        let made_at = row.renewed_at.unwrap_or(row.issued_at);
        let until = extended(made_at, row.expires_at, customer.policy.link_lifetime(), now);
        let works = row.customer_id == customer.id && facts(&row).state(now) == LinkState::Live;
        if let Some(expires_at) = until.filter(|_| works) {
            store::set_expires(conn, row.id, expires_at).await?;
            let user = UserRef { customer: customer.id, id: row.user_id };
            longer.push(Issued { link: row.id, user, generation: row.generation, expires_at });
        }
    }
    Ok(longer)
}

/// Takes the links of these users back, and every set-up that one of them led to; says whose there were.
///
/// # Errors
/// When the database fails.
pub async fn revoke(
    conn: &mut Conn,
    platform: &Platform,
    customer: CustomerId,
    users: &[UserId],
) -> Result<Vec<UserId>> {
    let ended = store::end_all(conn, customer, users, End::Revoked, platform.now()).await?;
    let links: Vec<LinkId> = ended.iter().map(|(link, _)| *link).collect();
    session::service::end_challenges_of(conn, customer, &links).await?;
    Ok(ended.into_iter().map(|(_, user)| user).collect())
}

/// Ends the link of `user`, who says of a notice that it was not them, and marks the newest one that was issued since
/// `since`, whatever came of it.
///
/// # Errors
/// When the database fails.
pub async fn disown(conn: &mut Conn, platform: &Platform, user: UserRef, since: Time) -> Result<()> {
    end(conn, platform, user, End::Disowned).await?;
    store::set_disowned(conn, user, since, platform.now()).await
}
