//! Issues recovery links, shows them without effect, and trades a link and a right password for a set-up; with a caller
//! code in the password's place it is done in `caller`.

use super::store;
use crate::domain::audit::{Event, What};
use crate::domain::customer::Customer;
use crate::domain::ids::{CustomerId, LinkId, UserId};
use crate::domain::recovery::{End, Link, LinkState};
use crate::domain::sign_in::{Purpose, Step};
use crate::domain::time::Time;
use crate::domain::user::UserRef;
use crate::features::session::service::NewToken;
use crate::features::{audit, session, users};
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result, keys};

/// A link that was just issued.
#[derive(Clone, Copy, Debug)]
pub struct Issued {
    /// The link.
    pub link: LinkId,
    /// For whom.
    pub user: UserRef,
    /// Which token of it works.
    pub generation: i64,
    /// Until when.
    pub expires_at: Time,
}

/// Those of `users` to whom a link was issued after `since`.
///
/// # Errors
/// When the database fails.
pub async fn issued_since(conn: &mut Conn, customer: CustomerId, users: &[UserId], since: Time) -> Result<Vec<UserId>> {
    store::issued_since(conn, customer, users, since).await
}

/// Issues a link to each of these users of `customer`; their older ones are superseded. The caller holds the locks.
///
/// # Errors
/// When the database fails.
pub async fn issue(conn: &mut Conn, platform: &Platform, customer: &Customer, users: &[UserId]) -> Result<Vec<Issued>> {
    let now = platform.now();
    let expires_at = now + customer.policy.link_lifetime();
    end_links(conn, platform, customer.id, users, End::Superseded).await?;
    let links: Vec<(LinkId, UserRef)> = users
        .iter()
        .map(|user| (platform.rng.id(now, LinkId::new), UserRef { customer: customer.id, id: *user }))
        .collect();
    store::insert(conn, &links, platform.keys.newest_id(), now, expires_at).await?;
    let issued = |(_, user): &(LinkId, UserRef)| Event::new(now, What::LinkIssued, Some(customer.id)).about(user.id);
    audit::service::record_all(conn, platform, links.iter().map(issued).collect()).await?;
    Ok(links.into_iter().map(|(link, user)| Issued { link, user, generation: 1, expires_at }).collect())
}

/// Ends the live link of `user`.
///
/// # Errors
/// When the database fails.
pub async fn end(conn: &mut Conn, platform: &Platform, user: UserRef, end: End) -> Result<()> {
    end_links(conn, platform, user.customer, &[user.id], end).await
}

/// Ends the live link of `user`, because they have set up again; of a link that was taken from them before, the boards learn
/// that they are back all the same.
///
/// # Errors
/// When the database fails.
pub async fn complete(conn: &mut Conn, platform: &Platform, user: UserRef, how: End) -> Result<()> {
    end(conn, platform, user, how).await?;
    store::set_returned(conn, user, how, platform.now()).await
}

/// Forgets that `user` asked for help: they are in.
///
/// # Errors
/// When the database fails.
pub async fn needs_no_help(conn: &mut Conn, user: UserRef) -> Result<()> {
    store::forget_help(conn, user.customer, &[user.id]).await
}

/// Writes down at the live link of `user` that they set up again from a network from which they never signed in. To be
/// called before the link ends.
///
/// # Errors
/// When the database fails.
pub async fn set_new_network(conn: &mut Conn, user: UserRef, now: Time) -> Result<()> {
    store::set_new_network(conn, user, now).await
}

async fn end_links(
    conn: &mut Conn,
    platform: &Platform,
    customer: CustomerId,
    users: &[UserId],
    end: End,
) -> Result<()> {
    let now = platform.now();
    let ended = store::end_all(conn, customer, users, end, now).await?;
    let event =
        |(_, user): &(LinkId, UserId)| Event::new(now, What::LinkEnded, Some(customer)).about(*user).with("how", end);
    audit::service::record_all(conn, platform, ended.iter().map(event).collect()).await
}

/// What the links named here have come to.
///
/// # Errors
/// When the database fails.
pub async fn states(conn: &mut Conn, ids: &[LinkId]) -> Result<Vec<(LinkId, Link)>> {
    Ok(store::by_ids(conn, ids).await?.iter().map(|row| (row.id, facts(row))).collect())
}

/// What a row says of its link.
pub(super) fn facts(row: &store::Row) -> Link {
    Link {
        issued_at: row.issued_at,
        expires_at: row.expires_at,
        opened_at: row.opened_at,
        proved_at: row.proved_at,
        wrong_passwords: row.wrong_passwords,
        ended: row.ended_at.zip(row.ended_how),
    }
}

/// The row of a token that is genuine and works at `now`. Unknown, forged and dead ones are all the same none.
pub(super) async fn live(conn: &mut Conn, platform: &Platform, token: &str) -> Result<Option<store::Row>> {
    let now = platform.now();
    let Some(id) = token.split_once('.').and_then(|(id, _)| id.parse().ok()) else {
        return Ok(None);
    };
    let Some(row) = store::get(conn, id).await? else {
        return Ok(None);
    };
    let user = UserRef { customer: row.customer_id, id: row.user_id };
    let expected = platform.keys.link_token(&row.key_id, row.id, user, row.generation);
    let genuine = expected.is_some_and(|expected| keys::same(&expected, token));
    Ok((genuine && facts(&row).state(now) == LinkState::Live).then_some(row))
}

/// This link, if it is one of `user`'s, and what it is at `now`.
pub(super) async fn of_user(
    conn: &mut Conn,
    user: UserRef,
    link: Option<LinkId>,
    now: Time,
) -> Result<Option<(store::Row, LinkState)>> {
    let Some(link) = link else {
        return Ok(None);
    };
    let row = store::get(conn, link).await?;
    Ok(row.filter(|row| (row.customer_id, row.user_id) == (user.customer, user.id)).map(|row| {
        let state = facts(&row).state(now);
        (row, state)
    }))
}

/// What the page of a working link shows.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Whose users it serves.
    pub customer: Customer,
    /// When the reset took place.
    pub issued_at: Time,
}

/// Shows a link. However often it is done, nothing about the link changes: that it was opened is written down, and no
/// more. None for a link that does not work, whatever the reason.
///
/// # Errors
/// When the database fails.
pub async fn open(platform: &Platform, origin: &Origin, token: &str) -> Result<Option<Opened>> {
    let now = platform.now();
    let mut conn = platform.db.read().await?;
    let Some(row) = live(&mut conn, platform, token).await? else {
        return Ok(None);
    };
    let Some(customer) =
        users::service::home(&mut conn, UserRef { customer: row.customer_id, id: row.user_id }).await?
    else {
        return Ok(None);
    };
    drop(conn);
    if row.opened_at.is_none() {
        let mut tx = platform.db.begin().await?;
        if store::set_opened(&mut tx, row.id, row.generation, now).await? {
            let event = Event::new(now, What::LinkOpened, Some(row.customer_id))
                .about(row.user_id)
                .from(origin.address.clone());
            audit::service::record(&mut tx, platform, event).await?;
        }
        tx.commit().await?;
    }
    Ok(Some(Opened { customer, issued_at: row.issued_at }))
}

/// What came of a password or a caller code at a link.
pub enum Proof {
    /// The link does not work.
    Dead,
    /// The password or the code is not right.
    Wrong,
    /// The password is right, but was set with nothing but a mail: it proves no more than the link does.
    ByMail,
    /// Set-up may begin, in the browser that gets this token.
    Proved(NewToken),
}

/// Trades a link and its user's password for a set-up. The link lives on until the set-up is complete.
///
/// # Errors
/// When the database fails or too many passwords are being checked.
pub async fn prove(platform: &Platform, origin: &Origin, token: &str, password: String) -> Result<Proof> {
    let mut tx = platform.db.begin().await?;
    // Once to learn whose it is, and once more under that user's lock.
    let Some(seen) = live(&mut tx, platform, token).await? else {
        return Ok(Proof::Dead);
    };
    let user = UserRef { customer: seen.customer_id, id: seen.user_id };
    let Some(credentials) = users::service::credentials_of(&mut tx, user).await? else {
        return Ok(Proof::Dead);
    };
    let Some(row) = live(&mut tx, platform, token).await? else {
        return Ok(Proof::Dead);
    };
    // Counted before it is checked: guesses that run side by side are all counted, and the right one forgives them.
    store::raise_wrong_passwords(&mut tx, row.id).await?;
    tx.commit().await?;

    let right = match platform.hasher.verify(password, credentials.password_hash.clone()).await {
        Ok(right) => right,
        Err(fault) => {
            // Nobody guessed anything: whoever is told to try again loses no try by that.
            let mut tx = platform.db.begin().await?;
            store::lower_wrong_passwords(&mut tx, row.id).await?;
            tx.commit().await?;
            return Err(fault);
        }
    };

    let now = platform.now();
    let event = |what| Event::new(now, what, Some(user.customer)).about(user.id).from(origin.address.clone());
    let mut tx = platform.db.begin().await?;
    if !right {
        audit::service::record(&mut tx, platform, event(What::LinkRefused).with("why", "password")).await?;
        tx.commit().await?;
        return Ok(Proof::Wrong);
    }
    let Some(locked) = users::service::lock(&mut tx, user).await? else {
        return Ok(Proof::Dead);
    };
    let still_live = store::get(&mut tx, row.id).await?.is_some_and(|found| {
        let link = Link { wrong_passwords: 0, ..facts(&found) };
        found.generation == row.generation && link.state(now) == LinkState::Live
    });
    if !still_live || !locked.may_recover() || !locked.has_password(&credentials) {
        return Ok(Proof::Dead);
    }
    if locked.password_by_mail {
        audit::service::record(&mut tx, platform, event(What::LinkRefused).with("why", "password_by_mail")).await?;
        tx.commit().await?;
        return Ok(Proof::ByMail);
    }
    store::set_proved(&mut tx, row.id, now).await?;
    let challenge =
        session::service::open_challenge(&mut tx, platform, user, Purpose::Recovery, Step::SetUp, Some(row.id), None)
            .await?;
    audit::service::record(&mut tx, platform, event(What::LinkProved).with("how", "password")).await?;
    tx.commit().await?;
    Ok(Proof::Proved(challenge))
}
