//! Makes sets of backup codes and spends single ones. Only keyed hashes are stored. Until the user has typed one back,
//! the codes travel sealed in a cookie of their own browser and lie nowhere else.

use std::array;

use super::store;
use crate::domain::backup_code::{BackupCode, CODE_BYTES, CODES, Used};
use crate::domain::ids::{CustomerId, UserId};
use crate::domain::time::Time;
use crate::domain::user::UserRef;
use crate::platform::keys::Purpose;
use crate::platform::request::Origin;
use crate::platform::{Conn, Keys, Platform, Result};

/// A set of new codes, on its way to the one browser that may show it.
#[derive(Clone, Debug)]
pub struct NewCodes(pub [BackupCode; CODES]);

/// How a user's codes stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodesLeft {
    /// When the set was made.
    pub made_at: Option<Time>,
    /// When a code was typed back; none while nobody has shown that they have them.
    pub saved_at: Option<Time>,
    /// The use of each code, in their order.
    pub used: Vec<Option<Used>>,
}

impl CodesLeft {
    /// How many are not spent.
    #[must_use]
    pub fn count(&self) -> usize {
        self.used.iter().filter(|used| used.is_none()).count()
    }
}

/// Makes a new set in place of the old one.
///
/// # Errors
/// When the database fails.
pub async fn make(conn: &mut Conn, platform: &Platform, user: UserRef) -> Result<NewCodes> {
    let codes: [BackupCode; CODES] = array::from_fn(|_| BackupCode::from_bytes(platform.rng.bytes()));
    let hashes: Vec<String> =
        codes.iter().map(|code| platform.keys.keyed_hash(Purpose::BackupCode, &hashed(user, code))).collect();
    store::delete_all(conn, user.customer, &[user.id]).await?;
    store::insert(conn, user, &hashes, platform.now()).await?;
    Ok(NewCodes(codes))
}

/// Spends `code`; says how many are left. None when it is not one of the user's, or spent.
///
/// # Errors
/// When the database fails.
pub async fn spend(
    conn: &mut Conn,
    platform: &Platform,
    origin: &Origin,
    user: UserRef,
    code: &BackupCode,
) -> Result<Option<u32>> {
    let rows = store::of_user(conn, user).await?;
    let Some(number) = find(&platform.keys, user, code, &rows) else {
        return Ok(None);
    };
    let used = Used { at: platform.now(), from: origin.address.clone() };
    if !store::spend(conn, user, number, &used).await? {
        return Ok(None);
    }
    let left = rows.iter().filter(|row| row.used_at.is_none()).count().saturating_sub(1);
    Ok(Some(u32::try_from(left).unwrap_or(u32::MAX)))
}

/// Whether `code` is one of the user's that is not spent; it is not spent by asking. If so, they have shown that they
/// saved the set.
///
/// # Errors
/// When the database fails.
pub async fn rehearse(conn: &mut Conn, platform: &Platform, user: UserRef, code: &BackupCode) -> Result<bool> {
    let rows = store::of_user(conn, user).await?;
    let unspent: Vec<_> = rows.into_iter().filter(|row| row.used_at.is_none()).collect();
    let known = find(&platform.keys, user, code, &unspent).is_some();
    if known {
        store::mark_saved(conn, user, platform.now()).await?;
    }
    Ok(known)
}

fn find(keys: &Keys, user: UserRef, code: &BackupCode, rows: &[store::Row]) -> Option<i64> {
    let data = hashed(user, code);
    rows.iter().find(|row| keys.is_keyed_hash(Purpose::BackupCode, &data, &row.hash)).map(|row| row.number)
}

/// How the codes of `user` stand.
///
/// # Errors
/// When the database fails.
pub async fn left(conn: &mut Conn, user: UserRef) -> Result<CodesLeft> {
    let Some(set) = store::set_of(conn, user).await? else {
        return Ok(CodesLeft::default());
    };
    let used = |row: store::Row| row.used_at.map(|at| Used { at, from: row.used_from });
    let used = store::of_user(conn, user).await?.into_iter().map(used).collect();
    Ok(CodesLeft { made_at: Some(set.made_at), saved_at: set.saved_at, used })
}

/// Deletes the codes of these users.
///
/// # Errors
/// When the database fails.
pub async fn delete_all(conn: &mut Conn, customer: CustomerId, users: &[UserId]) -> Result<()> {
    store::delete_all(conn, customer, users).await
}

/// Seals new codes for the cookie that carries them; they open for the same user only.
#[must_use]
pub fn seal(platform: &Platform, user: UserRef, codes: &NewCodes) -> String {
    let bytes: Vec<u8> = codes.0.iter().flat_map(|code| *code.bytes()).collect();
    platform.keys.seal(&platform.rng, &place(user), &bytes)
}

/// Opens what [`seal`] sealed; none when it is not this user's, changed, or no longer the current set.
///
/// # Errors
/// When the database fails.
pub async fn open(conn: &mut Conn, platform: &Platform, user: UserRef, sealed: &str) -> Result<Option<NewCodes>> {
    let Ok(bytes) = platform.keys.open(&place(user), sealed) else {
        return Ok(None);
    };
    let codes: Vec<BackupCode> = bytes
        .chunks_exact(CODE_BYTES)
        .filter_map(|chunk| <[u8; CODE_BYTES]>::try_from(chunk).ok())
        .map(BackupCode::from_bytes)
        .collect();
    let Ok(codes) = <[BackupCode; CODES]>::try_from(codes) else {
        return Ok(None);
    };
    let unsaved = store::set_of(conn, user).await?.is_some_and(|set| set.saved_at.is_none());
    let current = find(&platform.keys, user, &codes[0], &store::of_user(conn, user).await?).is_some();
    Ok((unsaved && current).then_some(NewCodes(codes)))
}

/// What is hashed: the code with whose it is, so that the same code of another user has another hash.
fn hashed(user: UserRef, code: &BackupCode) -> Vec<u8> {
    let mut bytes = format!("{} {} ", user.customer, user.id).into_bytes();
    bytes.extend(code.bytes());
    bytes
}

fn place(user: UserRef) -> String {
    format!("new backup codes {} {}", user.customer, user.id)
}
