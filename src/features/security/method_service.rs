//! Adds, renames and removes one's own authentication methods.

use super::service::{Changed, Refused, end_all_else, event, myself, named, prove, refuse, still_asking};
use crate::domain::audit::What;
use crate::domain::customer::Customer;
use crate::domain::ids::MethodId;
use crate::domain::mail::Mail;
use crate::domain::method::{MOST_METHODS, MethodKind, Removal};
use crate::domain::sign_in::{Next, Passed, Purpose, Step, advance};
use crate::domain::time::Time;
use crate::domain::user::Address;
use crate::features::methods::service::Method;
use crate::features::outbox::service::Letter;
use crate::features::session::service::{Challenge, NewToken, Session};
use crate::features::set_up::service::Key;
use crate::features::sign_in::service::Factor;
use crate::features::{audit, backup_codes, customers, methods, outbox, session, set_up, users};
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result, Tx};

// ---- Adding an authenticator ---------------------------------------------------------------------------------------

/// Begins to add an authenticator, for somebody who has one already; the browser that gets the inner token goes on.
///
/// # Errors
/// When the database fails.
pub async fn begin_adding(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    factor: &Factor,
) -> Result<Changed<NewToken>> {
    const CHANGE: &str = "add_method";
    let user = session.actor.user;
    let count = methods::service::list(&mut *platform.db.read().await?, user).await?.len();
    if count == 0 || count >= MOST_METHODS {
        let why = if count == 0 { Refused::NoFactor } else { Refused::TooMany };
        return refuse(platform, origin, session, CHANGE, why).await;
    }
    let token = match prove(platform, origin, session, factor, CHANGE).await? {
        Ok(token) => token,
        Err(wrong) => return Ok(wrong),
    };
    let mut tx = platform.db.begin().await?;
    if still_asking(&mut tx, session).await?.is_none() {
        return Ok(Changed::Refused(Refused::SessionOver, Some(token)));
    }
    let challenge =
        session::service::open_challenge(&mut tx, platform, user, Purpose::AddMethod, Step::SetUp, None, None).await?;
    tx.commit().await?;
    Ok(Changed::Done(token, challenge))
}

/// What came of a password that somebody without a second factor gave to set their first one up.
pub enum First {
    /// Right; the browser that gets this token goes on to the set-up.
    Challenge(NewToken),
    /// Wrong.
    Wrong,
    /// They have a second factor after all, or their session is over.
    Refused,
}

/// Begins the ordinary set-up for somebody who is signed in without a second factor, with their password.
///
/// # Errors
/// When the database fails or too many passwords are being checked.
pub async fn begin_first(platform: &Platform, origin: &Origin, session: &Session, password: String) -> Result<First> {
    let user = session.actor.user;
    let mut tx = platform.db.begin().await?;
    let credentials = users::service::credentials_of(&mut tx, user).await?;
    drop(tx);
    let Some(credentials) = credentials else {
        return Ok(First::Refused);
    };
    let right = platform.hasher.verify(password, credentials.password_hash.clone()).await?;
    let mut tx = platform.db.begin().await?;
    if !right {
        let wrong = event(platform, origin, session, What::PasswordWrong);
        audit::service::record(&mut tx, platform, wrong).await?;
        tx.commit().await?;
        return Ok(First::Wrong);
    }
    let Some(locked) = still_asking(&mut tx, session).await? else {
        return Ok(First::Refused);
    };
    if !locked.has_password(&credentials) || !methods::service::list(&mut tx, user).await?.is_empty() {
        return Ok(First::Refused);
    }
    let next = Some("/security".to_owned());
    let challenge =
        session::service::open_challenge(&mut tx, platform, user, Purpose::SignIn, Step::SetUp, None, next).await?;
    audit::service::record(&mut tx, platform, event(platform, origin, session, What::SetUpStarted)).await?;
    tx.commit().await?;
    Ok(First::Challenge(challenge))
}

/// An authenticator that waits for its first code.
#[derive(Clone, Debug)]
pub struct Adding {
    /// Whose customer.
    pub customer: Customer,
    /// The key to add to an app.
    pub key: Key,
    /// Whose.
    pub address: Address,
}

/// The authenticator that waits in this browser. Showing it changes nothing.
///
/// # Errors
/// When the database fails.
pub async fn adding(platform: &Platform, session: &Session, token: &str) -> Result<Option<Adding>> {
    let mut conn = platform.db.read().await?;
    let Some(challenge) = own_addition(&mut conn, session, token, platform.now()).await? else {
        return Ok(None);
    };
    let Some(secret) = session::service::pending_secret(platform, &challenge)? else {
        return Ok(None);
    };
    let Some((customer, address)) = myself(&mut conn, session).await? else {
        return Ok(None);
    };
    let key = set_up::service::key(&customer, &address, &secret);
    Ok(Some(Adding { customer, key, address }))
}

pub(super) async fn own_addition(
    conn: &mut Conn,
    session: &Session,
    token: &str,
    now: Time,
) -> Result<Option<Challenge>> {
    let challenge = session::service::challenge(conn, token, now).await?;
    Ok(challenge.filter(|challenge| {
        let next = advance(challenge.purpose, challenge.step, Passed::SetUp);
        challenge.user == session.actor.user && next == Next::Added
    }))
}

/// What came of the first code of a further authenticator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// Right: it signs the user in from now on.
    Right,
    /// Not the code that the app should show.
    Wrong,
    /// This addition is over: too many wrong codes, too late, or the session ended.
    Over,
}

/// Registers the authenticator whose first code this is, under this name.
///
/// # Errors
/// When the database fails.
pub async fn add(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    token: &str,
    digits: &str,
    name: Option<&str>,
) -> Result<Added> {
    let now = platform.now();
    let user = session.actor.user;
    let mut tx = platform.db.begin().await?;
    if still_asking(&mut tx, session).await?.is_none() {
        return Ok(Added::Over);
    }
    let Some(challenge) = own_addition(&mut tx, session, token, now).await? else {
        return Ok(Added::Over);
    };
    let Some(secret) = session::service::pending_secret(platform, &challenge)? else {
        return Ok(Added::Over);
    };
    let Some(step) = secret.matching_step(digits, platform.wall()) else {
        return missed(tx, platform, origin, session, (&challenge, token), "add_method").await;
    };
    if methods::service::list(&mut tx, user).await?.len() >= MOST_METHODS {
        return Ok(Added::Over);
    }
    let id = methods::service::register(&mut tx, platform, user, &secret, step).await?;
    methods::service::set_name(&mut tx, platform, user, id, name).await?;
    let added = (What::AuthenticatorAdded, MethodKind::AuthenticatorApp);
    added_one(tx, platform, origin, session, added, name).await
}

/// What was shown for a new method is not right: it counts against the addition that asked for it, and `at` says in the audit
/// where.
pub(super) async fn missed(
    mut tx: Tx,
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    (challenge, token): (&Challenge, &str),
    at: &str,
) -> Result<Added> {
    session::service::wrong_code(&mut tx, challenge).await?;
    let over = session::service::challenge(&mut tx, token, platform.now()).await?.is_none();
    let wrong = event(platform, origin, session, What::CodeWrong).with("at", at);
    audit::service::record(&mut tx, platform, wrong).await?;
    tx.commit().await?;
    Ok(if over { Added::Over } else { Added::Wrong })
}

/// A method was just registered, and is called `name`: everything else ends, its user is told, and it is recorded.
pub(super) async fn added_one(
    mut tx: Tx,
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    (what, method): (What, MethodKind),
    name: Option<&str>,
) -> Result<Added> {
    let ended = end_all_else(&mut tx, session).await?;
    let mail = Mail::MethodAdded { at: platform.now(), method, name: name.map(str::to_owned) };
    let letter = Letter { user: session.actor.user, mail, link: None };
    outbox::service::enqueue(&mut tx, platform, vec![letter]).await?;
    let added = event(platform, origin, session, what).with("through", Purpose::AddMethod);
    audit::service::record(&mut tx, platform, named(added, name).with("sessions_ended", ended)).await?;
    tx.commit().await?;
    Ok(Added::Right)
}

/// Gives one of the own methods another name; says whether there is such a method.
///
/// # Errors
/// When the database fails.
pub async fn rename(platform: &Platform, session: &Session, id: MethodId, name: Option<&str>) -> Result<bool> {
    let user = session.actor.user;
    let mut tx = platform.db.begin().await?;
    let there = methods::service::list(&mut tx, user).await?.iter().any(|method| method.id == id);
    if there {
        methods::service::set_name(&mut tx, platform, user, id, name).await?;
        tx.commit().await?;
    }
    Ok(there)
}

// ---- Removing a method ---------------------------------------------------------------------------------------------

/// One of the own methods, with what taking it away comes to.
#[derive(Clone, Debug)]
pub struct OwnMethod {
    /// The method.
    pub method: Method,
    /// What its removal comes to.
    pub removal: Removal,
}

/// The own methods, the oldest first.
///
/// # Errors
/// When the database fails.
pub async fn own_methods(conn: &mut Conn, session: &Session) -> Result<Vec<OwnMethod>> {
    let user = session.actor.user;
    let customer = customers::service::of_user(conn, user.customer).await?;
    let required = customer.is_none_or(|customer| customer.policy.mfa_required);
    let methods = methods::service::list(conn, user).await?;
    let removal = Removal::own(methods.len(), required);
    Ok(methods.into_iter().map(|method| OwnMethod { method, removal }).collect())
}

/// Removes one of the own methods. With the last one, where it may go at all, go the backup codes.
///
/// # Errors
/// When the database fails.
pub async fn remove(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    id: MethodId,
    factor: &Factor,
) -> Result<Changed<OwnMethod>> {
    const CHANGE: &str = "remove_method";
    // Once before the code is spent, and once more under the lock: of two removals at once the second may be the last.
    let mut conn = platform.db.read().await?;
    let seen = removable(&mut conn, session, id).await?;
    drop(conn);
    if let Err(why) = seen {
        return refuse(platform, origin, session, CHANGE, why).await;
    }
    let token = match prove(platform, origin, session, factor, CHANGE).await? {
        Ok(token) => token,
        Err(wrong) => return Ok(wrong),
    };
    let now = platform.now();
    let user = session.actor.user;
    let mut tx = platform.db.begin().await?;
    if still_asking(&mut tx, session).await?.is_none() {
        return Ok(Changed::Refused(Refused::SessionOver, Some(token)));
    }
    let own = match removable(&mut tx, session, id).await? {
        Ok(own) => own,
        Err(why) => {
            let refused = event(platform, origin, session, What::ChangeRefused).with("change", CHANGE);
            audit::service::record(&mut tx, platform, refused.with("why", why.why())).await?;
            tx.commit().await?;
            return Ok(Changed::Refused(why, Some(token)));
        }
    };
    methods::service::delete(&mut tx, user, id, user, now).await?;
    let last = own.removal == Removal::TakesLast;
    if last {
        backup_codes::service::delete_all(&mut tx, user.customer, &[user.id]).await?;
    }
    let ended = end_all_else(&mut tx, session).await?;
    let name = own.method.name.as_deref();
    let mail = Mail::MethodRemoved {
        at: now,
        method: own.method.kind,
        name: name.map(str::to_owned),
        by: None,
        reason: None,
        ticket: None,
        last,
    };
    outbox::service::enqueue(&mut tx, platform, vec![Letter { user, mail, link: None }]).await?;
    let removed = event(platform, origin, session, What::MethodRemoved).with("kind", own.method.kind);
    let removed = named(removed, name).with("sessions_ended", ended);
    let removed = if last { removed.with("last", "yes") } else { removed };
    audit::service::record(&mut tx, platform, removed).await?;
    tx.commit().await?;
    Ok(Changed::Done(token, own))
}

async fn removable(
    conn: &mut Conn,
    session: &Session,
    id: MethodId,
) -> Result<std::result::Result<OwnMethod, Refused>> {
    let own = own_methods(conn, session).await?.into_iter().find(|own| own.method.id == id);
    Ok(match own {
        None => Err(Refused::NoMethod),
        Some(own) if own.removal == Removal::Refused => Err(Refused::LastOne),
        Some(own) => Ok(own),
    })
}
