//! Issues invitations, shows them without effect, and trades a link and a first password for a set-up or, where no second
//! factor is required, for an active account.

use super::store;
use crate::domain::audit::{Event, What};
use crate::domain::customer::Customer;
use crate::domain::ids::LinkId;
use crate::domain::invitation::{End, Invitation, LIFETIME};
use crate::domain::password::{Weakness, shortest};
use crate::domain::time::Time;
use crate::domain::user::{Address, Standing, UserRef};
use crate::features::session::service::{Challenge, NewToken};
use crate::features::{audit, customers, session, users};
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result, common, keys};

/// An invitation that was just issued.
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

/// Issues an invitation to each of these users, whose locks the caller holds or who are new. Older links of theirs are dead,
/// and so is every set-up that one of them led to.
///
/// # Errors
/// When the database fails.
pub async fn issue(conn: &mut Conn, platform: &Platform, users: &[UserRef]) -> Result<Vec<Issued>> {
    let now = platform.now();
    let expires_at = now + LIFETIME;
    for user in users {
        session::service::end_all_challenges(conn, user.customer, &[user.id]).await?;
    }
    let new: Vec<(LinkId, UserRef)> = users.iter().map(|user| (platform.rng.id(now, LinkId::new), *user)).collect();
    let issued = store::issue(conn, &new, platform.keys.newest_id(), now, expires_at).await?;
    let of = |row: store::Issued| {
        let user = users.iter().find(|user| user.id == row.user_id)?;
        Some(Issued { link: row.id, user: *user, generation: row.generation, expires_at })
    };
    Ok(issued.into_iter().filter_map(of).collect())
}

/// Ends the invitation of `user`, if there is one that has not ended.
///
/// # Errors
/// When the database fails.
pub async fn end(conn: &mut Conn, platform: &Platform, user: UserRef, how: End) -> Result<()> {
    let now = platform.now();
    if store::end(conn, user, how, now).await? {
        let event = Event::new(now, What::InvitationEnded, Some(user.customer)).about(user.id).with("how", how);
        audit::service::record(conn, platform, event).await?;
    }
    Ok(())
}

/// How the invitation of `user` stands.
///
/// # Errors
/// When the database fails.
pub async fn of_user(conn: &mut Conn, user: UserRef) -> Result<Option<(LinkId, Invitation)>> {
    Ok(store::of_user(conn, user).await?.map(|row| (row.id, facts(&row))))
}

fn facts(row: &store::Row) -> Invitation {
    Invitation {
        issued_at: row.issued_at,
        expires_at: row.expires_at,
        opened_at: row.opened_at,
        ended: row.ended_at.zip(row.ended_how),
    }
}

/// The row of a token that is genuine and works at `now`. Unknown, forged, used and dead ones are all the same none.
async fn live(conn: &mut Conn, platform: &Platform, token: &str) -> Result<Option<store::Row>> {
    let Some(id) = token.split_once('.').and_then(|(id, _)| id.parse().ok()) else {
        return Ok(None);
    };
    let Some(row) = store::waiting(conn, id).await? else {
        return Ok(None);
    };
    let user = UserRef { customer: row.customer_id, id: row.user_id };
    let expected = platform.keys.invitation_token(&row.key_id, row.id, user, row.generation);
    let genuine = expected.is_some_and(|expected| keys::same(&expected, token));
    Ok((genuine && facts(&row).is_live(platform.now())).then_some(row))
}

/// What the page of a working link shows.
#[derive(Clone, Debug)]
pub struct Opened {
    /// To which customer.
    pub customer: Customer,
    /// The address that was invited.
    pub address: Address,
    /// Until when the link works.
    pub expires_at: Time,
}

/// Shows an invitation. However often it is done, nothing about it changes: that it was opened is written down, and no
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
    let Some(customer) = customers::service::of_user(&mut conn, row.customer_id).await? else {
        return Ok(None);
    };
    drop(conn);
    if row.opened_at.is_none() {
        let mut tx = platform.db.begin().await?;
        if store::set_opened(&mut tx, row.id, row.generation, now).await? {
            let event = Event::new(now, What::LinkOpened, Some(row.customer_id))
                .about(row.user_id)
                .from(origin.address.clone())
                .with("link", "invitation");
            audit::service::record(&mut tx, platform, event).await?;
        }
        tx.commit().await?;
    }
    Ok(Some(Opened { customer, address: row.address, expires_at: row.expires_at }))
}

/// What came of a password at an invitation.
pub enum Accepted {
    /// The link does not work.
    Dead,
    /// The password is not taken.
    Weak(Weakness),
    /// Set-up begins, in the browser that gets this token; the account becomes active when its first code is right.
    SetUp(NewToken),
    /// The account is active. A second factor can be set up in the browser that gets this token, and need not be.
    Active(NewToken),
}

/// Takes the first password of somebody invited. Where a second factor is required the password waits, out of reach of
/// sign-in, until the factor is there: an account with a password alone never exists, and the link lives on until then.
///
/// # Errors
/// When the database fails or too many passwords are being hashed.
pub async fn accept(platform: &Platform, origin: &Origin, token: &str, password: String) -> Result<Accepted> {
    let mut conn = platform.db.read().await?;
    let Some(row) = live(&mut conn, platform, token).await? else {
        return Ok(Accepted::Dead);
    };
    let Some(customer) = customers::service::of_user(&mut conn, row.customer_id).await? else {
        return Ok(Accepted::Dead);
    };
    drop(conn);
    let required = customer.policy.mfa_required;
    if let Err(weakness) = common::check(&password, required, &[row.address.as_str(), &row.name]) {
        return Ok(Accepted::Weak(weakness));
    }
    let characters = password.chars().count();
    let hash = platform.hasher.hash(password, platform.rng.bytes()).await?;

    let user = UserRef { customer: row.customer_id, id: row.user_id };
    let mut tx = platform.db.begin().await?;
    let Some(locked) = users::service::lock(&mut tx, user).await? else {
        return Ok(Accepted::Dead);
    };
    // Everything that could have changed since, under the user's lock.
    if live(&mut tx, platform, token).await?.is_none() || locked.standing != Standing::Invited {
        return Ok(Accepted::Dead);
    }
    let Some(customer) = customers::service::of_user(&mut tx, user.customer).await? else {
        return Ok(Accepted::Dead);
    };
    let required = customer.policy.mfa_required;
    if characters < usize::from(shortest(required)) {
        return Ok(Accepted::Weak(Weakness::Short(shortest(required))));
    }
    let proved = Event::new(platform.now(), What::LinkProved, Some(user.customer))
        .about(user.id)
        .from(origin.address.clone())
        .with("link", "invitation");
    let accepted = if required {
        let challenge = session::service::open_invitation(&mut tx, platform, user, Some(hash)).await?;
        audit::service::record(&mut tx, platform, proved).await?;
        Accepted::SetUp(challenge)
    } else {
        audit::service::record(&mut tx, platform, proved).await?;
        if !activate(&mut tx, platform, origin, user, &hash).await? {
            return Ok(Accepted::Dead);
        }
        session::service::end_all_challenges(&mut tx, user.customer, &[user.id]).await?;
        Accepted::Active(session::service::open_invitation(&mut tx, platform, user, None).await?)
    };
    tx.commit().await?;
    Ok(accepted)
}

/// The first factor of somebody invited was right: the account becomes active with the password that waited for it. False
/// when it may not: it was active already with a factor, or somebody else was faster. The caller holds the user's lock.
///
/// # Errors
/// When the database fails.
pub async fn complete(
    conn: &mut Conn,
    platform: &Platform,
    origin: &Origin,
    challenge: &Challenge,
    has_factor: bool,
) -> Result<bool> {
    match &challenge.password_hash {
        Some(hash) => activate(conn, platform, origin, challenge.user, hash).await,
        None => Ok(!has_factor),
    }
}

async fn activate(conn: &mut Conn, platform: &Platform, origin: &Origin, user: UserRef, hash: &str) -> Result<bool> {
    let now = platform.now();
    if !users::service::life::activate(conn, user, hash, now).await? {
        return Ok(false);
    }
    let event = Event::new(now, What::PasswordSet, Some(user.customer)).by(user).about(user.id);
    let event = event.from(origin.address.clone()).with("at", "invitation");
    audit::service::record(conn, platform, event).await?;
    end(conn, platform, user, End::Accepted).await?;
    Ok(true)
}
