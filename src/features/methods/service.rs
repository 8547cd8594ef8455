//! Registers authenticators and tokens, judges their codes, and takes them all away.

pub mod passkeys;
pub mod phones;

use super::store;
use crate::domain::ids::{CustomerId, MethodId, TokenId, UserId};
use crate::domain::method::{Artefact, Fate, MethodKind};
use crate::domain::phone::About;
use crate::domain::time::Time;
use crate::domain::totp::Step;
use crate::domain::user::UserRef;
use crate::features::stock;
use crate::platform::totp::TotpSecret;
use crate::platform::{Conn, Fault, Platform, Result};

/// One authentication method, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// Its identifier.
    pub id: MethodId,
    /// What it is.
    pub kind: MethodKind,
    /// What its user calls it.
    pub name: Option<String>,
    /// Which token of the stock it is.
    pub token: Option<TokenId>,
    /// When it was registered.
    pub registered_at: Time,
    /// When it was last used to sign in or for a step-up.
    pub last_used_at: Option<Time>,
    /// Since when it is refused: its counter went back, which only a copy of it explains.
    pub copied_at: Option<Time>,
}

/// The methods of `user`, the oldest first.
///
/// # Errors
/// When the database fails.
pub async fn list(conn: &mut Conn, user: UserRef) -> Result<Vec<Method>> {
    let rows = store::of_user(conn, user).await?;
    Ok(rows
        .into_iter()
        .map(|row| Method {
            id: row.id,
            kind: row.kind,
            name: row.name,
            token: row.token_id,
            registered_at: row.registered_at,
            last_used_at: row.last_used_at,
            copied_at: row.copied_at,
        })
        .collect())
}

/// Registers an authenticator app whose first code, of `step`, was right: that code counts no second time.
///
/// # Errors
/// When the database fails.
pub async fn register(
    conn: &mut Conn,
    platform: &Platform,
    user: UserRef,
    secret: &TotpSecret,
    step: Step,
) -> Result<MethodId> {
    let now = platform.now();
    let id = platform.rng.id(now, MethodId::new);
    let sealed = platform.keys.seal(&platform.rng, &place(user, id), secret.bytes());
    store::insert(conn, user, id, MethodKind::AuthenticatorApp, &sealed, step, now).await?;
    Ok(id)
}

/// Registers a token that is active from now on, under this name. Its secret and its steps stay in the stock.
///
/// # Errors
/// When the database fails.
pub async fn register_token(
    conn: &mut Conn,
    platform: &Platform,
    user: UserRef,
    token: TokenId,
    name: &str,
) -> Result<MethodId> {
    let now = platform.now();
    let id = platform.rng.id(now, MethodId::new);
    store::insert_token(conn, user, id, token, name, now).await?;
    Ok(id)
}

/// Takes a code of one of the user's authenticators and tokens, or one that was sent to a phone of theirs for `about`, if it is
/// right and fresh: at most one of any number of the same code succeeds, whatever it is for. Says what it was a code of.
///
/// # Errors
/// When the database fails or a secret does not open.
pub async fn take_code(
    conn: &mut Conn,
    platform: &Platform,
    user: UserRef,
    digits: &str,
    about: Option<About>,
) -> Result<Option<MethodKind>> {
    let now = platform.now();
    for row in tokens(conn, user).await? {
        let Some(token) = row.token_id else { continue };
        if stock::service::take_code(conn, platform, user, token, digits).await? {
            store::set_used(conn, user, row.id, now).await?;
            return Ok(Some(row.kind));
        }
    }
    for row in apps(conn, user).await? {
        let matching = open(platform, user, &row)?.matching_step(digits, platform.wall());
        if let Some(step) = matching.filter(|step| step.is_fresh(Some(Step(row.last_step)))) {
            return Ok(store::take_step(conn, user, row.id, step, now).await?.then_some(row.kind));
        }
    }
    match about {
        Some(about) => phones::take_code(conn, platform, user, about, digits).await,
        None => Ok(None),
    }
}

/// The code that the user's newest authenticator shows now: the demo plays the user's phone.
///
/// # Errors
/// When the database fails or the secret does not open.
pub async fn code_now(conn: &mut Conn, platform: &Platform, user: UserRef) -> Result<Option<String>> {
    if let Some(row) = apps(conn, user).await?.last() {
        return Ok(Some(open(platform, user, row)?.code(platform.wall())));
    }
    match tokens(conn, user).await?.last().and_then(|row| row.token_id) {
        Some(token) => stock::service::code_now(conn, platform, user, token).await,
        None => Ok(None),
    }
}

/// Gives one of the user's methods a name, or takes it away; it says nothing about who gets in.
///
/// # Errors
/// When the database fails.
pub async fn set_name(
    conn: &mut Conn,
    platform: &Platform,
    user: UserRef,
    id: MethodId,
    name: Option<&str>,
) -> Result<()> {
    let phones = phones::list(conn, platform, user).await?;
    let phone = phones.iter().find(|phone| phone.id == id);
    // Whatever a number is called, it is seen which it is.
    let kept = phone.map(|phone| phones::renamed(&phone.number, name));
    store::set_name(conn, user, id, kept.as_deref().or(name)).await
}

/// Takes one method from `user`; says whether it was there. A token goes back into the stock. `by` is who does it.
///
/// # Errors
/// When the database fails.
pub async fn delete(conn: &mut Conn, user: UserRef, id: MethodId, by: UserRef, now: Time) -> Result<bool> {
    let rows = store::of_user(conn, user).await?;
    if let Some(token) = rows.into_iter().find(|row| row.id == id).and_then(|row| row.token_id) {
        stock::service::deactivate(conn, user, token, by, now).await?;
    }
    // A code that is on its way to a number that is no longer theirs would be of no use.
    phones::forget(conn, user.customer, &[user.id], now).await?;
    store::delete(conn, user, id).await
}

/// Takes every method from these users; says how many there were. Their tokens go back into the stock.
///
/// # Errors
/// When the database fails.
pub async fn delete_all(
    conn: &mut Conn,
    customer: CustomerId,
    users: &[UserId],
    by: UserRef,
    now: Time,
) -> Result<u64> {
    for kind in MethodKind::ALL {
        match Artefact::Method(*kind).fate() {
            // Only what is in the stock can go back into it.
            Fate::Deactivated => {
                stock::service::deactivate_all(conn, customer, users, by, now).await?;
            }
            Fate::Deleted | Fate::Ended => {}
        }
    }
    phones::forget(conn, customer, users, now).await?;
    store::delete_all(conn, customer, users).await
}

/// Those whose secrets and steps the stock keeps.
async fn tokens(conn: &mut Conn, user: UserRef) -> Result<Vec<store::Row>> {
    let mut rows = store::of_user(conn, user).await?;
    rows.retain(|row| row.kind == MethodKind::HardwareToken);
    Ok(rows)
}

/// Those that show codes.
async fn apps(conn: &mut Conn, user: UserRef) -> Result<Vec<store::Row>> {
    let mut rows = store::of_user(conn, user).await?;
    rows.retain(|row| row.kind == MethodKind::AuthenticatorApp);
    Ok(rows)
}

fn open(platform: &Platform, user: UserRef, row: &store::Row) -> Result<TotpSecret> {
    let bytes = unsealed(platform, user, row)?;
    let bytes = <[u8; 20]>::try_from(bytes.as_slice()).map_err(|_| Fault::Sealed)?;
    Ok(TotpSecret::from_bytes(bytes))
}

fn unsealed(platform: &Platform, user: UserRef, row: &store::Row) -> Result<zeroize::Zeroizing<Vec<u8>>> {
    platform.keys.open(&place(user, row.id), &row.secret)
}

/// Where a secret lies: sealed for one place, it opens in no other.
fn place(user: UserRef, id: MethodId) -> String {
    format!("method {} {} {id}", user.customer, user.id)
}
