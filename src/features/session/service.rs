//! Opens, finds and ends sessions; half-finished sign-ins are in `challenges`, trusted devices in `devices`. Cookies hold
//! random tokens, tables their hashes.

mod challenges;
pub mod devices;
pub mod language;
pub mod zone;

pub use challenges::{
    Challenge, Mailed, challenge, choose_password, end_all_challenges, end_challenge, end_challenges_of,
    end_other_challenges, move_on, open_challenge, open_invitation, open_mailed, pending_secret, set_ceremony,
    set_ups_of, take_ceremony, wrong_code,
};

pub use super::store::scope::{each_within, held};

use super::api::Proofs;
use super::store;
use crate::domain::authority::Actor;
use crate::domain::ids::{CustomerId, SessionId, UserId};
use crate::domain::sign_in::{Purpose, SESSION_IDLE, SESSION_LIFETIME};
use crate::domain::time::{Span, Time};
use crate::domain::user::UserRef;
use crate::platform::keys::{new_token, sha256};
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result};

/// Someone signed in.
#[derive(Clone, Debug)]
pub struct Session {
    /// Who, and what they may do.
    pub actor: Actor,
    /// The name of their home customer.
    pub customer_name: String,
    /// This session, as lists of sessions name it.
    pub id: SessionId,
    /// What they can prove themself with once more, where passkeys and phones can be used at all.
    pub proofs: Proofs,
    token_hash: String,
}

/// One session in a list.
#[derive(Clone, Debug)]
pub struct OpenSession {
    /// Its name.
    pub id: SessionId,
    /// When it began.
    pub created_at: Time,
    /// When it was last used, to the minute.
    pub last_seen_at: Time,
    /// Where it began.
    pub origin: Origin,
}

/// A token for a cookie. It exists only on the way to the browser.
pub struct NewToken(pub String);

/// How often a session's last use is written down.
const TOUCH_EVERY: Span = Span::minutes(1);

/// Opens a session, which is over after [`SESSION_LIFETIME`], or at `until` if that is sooner.
///
/// # Errors
/// When the database fails.
pub async fn open(
    conn: &mut Conn,
    platform: &Platform,
    user: UserRef,
    origin: &Origin,
    until: Option<Time>,
) -> Result<NewToken> {
    let now = platform.now();
    let latest = now + SESSION_LIFETIME;
    let ends_at = until.map_or(latest, |until| until.min(latest));
    let token = new_token(&platform.rng);
    let id = platform.rng.id(now, SessionId::new);
    store::insert_session(conn, &sha256(token.as_bytes()), id, user, now, ends_at, origin).await?;
    Ok(NewToken(token))
}

/// Gives a session another token, so that one overheard before a step-up is worth nothing after it. None when the session
/// has ended since it was found, or has another token already.
///
/// # Errors
/// When the database fails.
pub async fn rotate(conn: &mut Conn, platform: &Platform, session: &Session) -> Result<Option<NewToken>> {
    let token = new_token(&platform.rng);
    let there = store::set_token(conn, &session.token_hash, &sha256(token.as_bytes())).await?;
    Ok(there.then_some(NewToken(token)))
}

/// Who holds this token, if its session is neither idle nor over and its user can sign in. It counts as a use.
///
/// # Errors
/// When the database fails.
pub async fn find(platform: &Platform, token: &str) -> Result<Option<Session>> {
    let Some((session, last_seen_at)) = seen(platform, token).await? else {
        return Ok(None);
    };
    let now = platform.now();
    if now >= last_seen_at + TOUCH_EVERY {
        let mut tx = platform.db.begin().await?;
        store::touch_session(&mut tx, &session.token_hash, now).await?;
        tx.commit().await?;
    }
    Ok(Some(session))
}

/// The same for a page that asks by itself, which counts as no use: nobody may be there.
///
/// # Errors
/// When the database fails.
pub async fn still(platform: &Platform, token: &str) -> Result<Option<Session>> {
    Ok(seen(platform, token).await?.map(|(session, _)| session))
}

/// Who holds this token, and when they last used it.
async fn seen(platform: &Platform, token: &str) -> Result<Option<(Session, Time)>> {
    let now = platform.now();
    let token_hash = sha256(token.as_bytes());
    let mut conn = platform.db.read().await?;
    let Some(store::Asking { session: row, person }) = store::asking(&mut conn, &token_hash).await? else {
        return Ok(None);
    };
    if now >= row.last_seen_at + SESSION_IDLE || now >= row.ends_at {
        return Ok(None);
    }
    let user = UserRef { customer: row.customer_id, id: row.user_id };
    let proofs = Proofs {
        apps: person.methods > person.passkeys + person.phones + person.tokens,
        token_digits: u8::try_from(person.token_digits).unwrap_or(0),
        passkeys: person.passkeys_good > 0,
        phones: person.phones > 0,
    };
    let (actor, customer_name) = actor_of(&mut conn, user, person, None, now).await?;
    Ok(Some((Session { actor, customer_name, id: row.id, proofs, token_hash }, row.last_seen_at)))
}

/// What `user` may do at this moment, for work that goes on after the request. None when they cannot sign in any more.
///
/// # Errors
/// When the database fails.
pub async fn actor(conn: &mut Conn, user: UserRef, now: Time) -> Result<Option<Actor>> {
    match store::person(conn, user).await? {
        Some(person) => Ok(Some(actor_of(conn, user, person, None, now).await?.0)),
        None => Ok(None),
    }
}

/// The same as far as one customer goes: whoever looks after thousands has no need of all of them for work on one.
///
/// # Errors
/// When the database fails.
pub async fn actor_in(conn: &mut Conn, user: UserRef, customer: CustomerId, now: Time) -> Result<Option<Actor>> {
    match store::person(conn, user).await? {
        Some(person) => Ok(Some(actor_of(conn, user, person, Some(customer), now).await?.0)),
        None => Ok(None),
    }
}

async fn actor_of(
    conn: &mut Conn,
    user: UserRef,
    person: store::PersonRow,
    only: Option<CustomerId>,
    now: Time,
) -> Result<(Actor, String)> {
    let roles = store::roles(conn, user, only, now).await?;
    let actor =
        Actor { user, name: person.name, roles, all_as_of: only.is_none().then_some(now), has_mfa: person.methods > 0 };
    Ok((actor, person.customer_name))
}

/// The sessions of `user`, the last used first, without those that are over.
///
/// # Errors
/// When the database fails.
pub async fn list(conn: &mut Conn, user: UserRef, now: Time) -> Result<Vec<OpenSession>> {
    let rows = store::sessions_of(conn, user).await?;
    let open = |row: &store::SessionRow| now < row.last_seen_at + SESSION_IDLE && now < row.ends_at;
    let session = |row: store::SessionRow| OpenSession {
        id: row.id,
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
        origin: Origin { address: row.from_address, browser: row.browser },
    };
    Ok(rows.into_iter().filter(open).map(session).collect())
}

/// Ends the session with this token; says whose it was.
///
/// # Errors
/// When the database fails.
pub async fn end(conn: &mut Conn, token: &str) -> Result<Option<UserRef>> {
    store::delete_session(conn, &sha256(token.as_bytes())).await
}

/// Ends one session of `user`, and the trust in the device it was on; says whether there was one.
///
/// # Errors
/// When the database fails.
pub async fn end_one(conn: &mut Conn, user: UserRef, id: SessionId) -> Result<bool> {
    store::devices::delete_of_session(conn, user, id).await?;
    // What was asked for there and takes effect by a mail days later ends too.
    store::delete_challenges_for(conn, user, Purpose::NewAddress).await?;
    Ok(store::delete_session_by_id(conn, user, id).await? > 0)
}

/// What ended with the other sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// How many sessions.
    pub sessions: u64,
    /// How many trusted devices.
    pub devices: u64,
}

/// Ends all sessions of the asking user but the one that asks, and with them the devices they trust, but the one that the
/// asking session belongs to.
///
/// # Errors
/// When the database fails.
pub async fn end_elsewhere(conn: &mut Conn, session: &Session) -> Result<Ended> {
    // The devices first, here and below: a sign-in by one of them holds its row, and its session is there when that is free.
    let devices = store::devices::delete_but_of(conn, session.actor.user, session.id).await?;
    store::delete_challenges_for(conn, session.actor.user, Purpose::NewAddress).await?;
    let sessions = store::delete_sessions_but(conn, session.actor.user, session.id).await?;
    Ok(Ended { sessions, devices })
}

/// The same; says how many sessions.
///
/// # Errors
/// When the database fails.
pub async fn end_others(conn: &mut Conn, session: &Session) -> Result<u64> {
    Ok(end_elsewhere(conn, session).await?.sessions)
}

/// Whether `session` has not been ended since it was found: whoever changes something for it asks under its user's lock.
///
/// # Errors
/// When the database fails.
pub async fn is_open(conn: &mut Conn, session: &Session) -> Result<bool> {
    store::is_there(conn, session.actor.user, session.id).await
}

/// Ends all sessions of these users; says how many. With them end the devices they trust: whoever ends what is open would
/// not leave a way in that asks for less.
///
/// # Errors
/// When the database fails.
pub async fn end_all(conn: &mut Conn, customer: CustomerId, users: &[UserId]) -> Result<u64> {
    store::devices::delete_all(conn, customer, users).await?;
    store::delete_sessions(conn, customer, users).await
}

/// Removes rows that are over anyway.
///
/// # Errors
/// When the database fails.
pub async fn sweep(platform: &Platform) -> Result<()> {
    let now = platform.now();
    let idle_before = now - SESSION_IDLE;
    let mut tx = platform.db.begin().await?;
    store::delete_stale(&mut tx, idle_before, now).await?;
    store::devices::delete_stale(&mut tx, now).await?;
    tx.commit().await
}
