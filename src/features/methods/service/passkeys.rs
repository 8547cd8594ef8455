//! Passkeys and security keys: registers them and judges their answers. Between a question and its answer whoever asks keeps
//! what is to be remembered, so that it dies with the half-finished sign-in it belongs to.

use super::super::store;
use super::{place, unsealed};
use crate::domain::ids::MethodId;
use crate::domain::method::MethodKind;
use crate::domain::user::UserRef;
use crate::platform::webauthn::{Answer, Ceremony, RelyingParty, UserVerification};
use crate::platform::{Conn, Fault, Platform, Result};

/// Whether keys can be used with this installation at all: at a bare network address no browser uses one.
#[must_use]
pub fn are_offered(platform: &Platform) -> bool {
    RelyingParty::of(&platform.config).is_some()
}

/// Asks for an answer of one of the user's keys. None when there is none that could give one.
///
/// # Errors
/// When the database fails or a key does not open.
pub async fn ask(
    conn: &mut Conn,
    platform: &Platform,
    user: UserRef,
    verification: UserVerification,
) -> Result<Option<Ceremony>> {
    let Some(party) = RelyingParty::of(&platform.config) else {
        return Ok(None);
    };
    let mut rows = passkeys(conn, user).await?;
    rows.retain(|row| row.copied_at.is_none());
    if rows.is_empty() {
        return Ok(None);
    }
    Ok(Some(party.ask(&keys(platform, user, &rows)?, verification)?))
}

/// What came of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Right, and fresh.
    Right,
    /// Not by a key of this user, not to this question, or not for this site.
    Wrong,
    /// By the key of this name, whose counter went back. It is marked, and refused from now on.
    Copied(Option<String>),
}

/// Takes an answer to the question that `state` remembers. It is for the caller to forget that state.
///
/// # Errors
/// When the database fails.
pub async fn take(
    conn: &mut Conn,
    platform: &Platform,
    user: UserRef,
    (state, answer): (&str, &str),
    verification: UserVerification,
) -> Result<Taken> {
    let now = platform.now();
    let Some(party) = RelyingParty::of(&platform.config) else {
        return Ok(Taken::Wrong);
    };
    let (id, counter) = match party.judge(state, answer, verification)? {
        Answer::Right { id, counter } => (id, Some(counter)),
        Answer::Copied { id } => (id, None),
        Answer::Wrong => return Ok(Taken::Wrong),
    };
    // The key may have been taken away since it was asked.
    let found = passkeys(conn, user).await?.into_iter().find(|row| row.credential_id.as_ref() == Some(&id));
    let Some(row) = found.filter(|row| row.copied_at.is_none()) else {
        return Ok(Taken::Wrong);
    };
    if let Some(counter) = counter
        && store::take_counter(conn, user, row.id, i64::from(counter), now).await?
    {
        return Ok(Taken::Right);
    }
    store::set_copied(conn, user, row.id, now).await?;
    Ok(Taken::Copied(row.name))
}

/// Asks for a new key of the user, whom the key's own list will show as `address` and `name`. None where no key can be used.
///
/// # Errors
/// When the database fails or a key does not open.
pub async fn ask_new(
    conn: &mut Conn,
    platform: &Platform,
    user: UserRef,
    (address, name): (&str, &str),
    verification: UserVerification,
) -> Result<Option<Ceremony>> {
    let Some(party) = RelyingParty::of(&platform.config) else {
        return Ok(None);
    };
    let rows = passkeys(conn, user).await?;
    Ok(Some(party.ask_new(user.id, address, name, &keys(platform, user, &rows)?, verification)?))
}

/// Registers the key that answered the question that `state` remembers. None when it did not, or is somebody's already.
///
/// # Errors
/// When the database fails.
pub async fn register(
    conn: &mut Conn,
    platform: &Platform,
    user: UserRef,
    state: &str,
    answer: &str,
    name: Option<&str>,
) -> Result<Option<MethodId>> {
    let Some(party) = RelyingParty::of(&platform.config) else {
        return Ok(None);
    };
    let Some(key) = party.register(state, answer)? else {
        return Ok(None);
    };
    let now = platform.now();
    let id = platform.rng.id(now, MethodId::new);
    let secret = platform.keys.seal(&platform.rng, &place(user, id), key.key.as_bytes());
    let new = store::NewPasskey { id, credential_id: key.id, secret, name: name.map(str::to_owned) };
    Ok(store::insert_passkey(conn, user, &new, now).await?.then_some(id))
}

async fn passkeys(conn: &mut Conn, user: UserRef) -> Result<Vec<store::Row>> {
    let mut rows = store::of_user(conn, user).await?;
    rows.retain(|row| row.kind == MethodKind::Passkey);
    Ok(rows)
}

fn keys(platform: &Platform, user: UserRef, rows: &[store::Row]) -> Result<Vec<String>> {
    let text = |row: &store::Row| String::from_utf8(unsealed(platform, user, row)?.to_vec()).map_err(|_| Fault::Sealed);
    rows.iter().map(text).collect()
}
