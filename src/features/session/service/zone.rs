//! The time zone of a user: that of the browser they signed in with last. It is for mails. A browser that says nothing is in UTC
//! even where its user is known: a password alone shall not tell where somebody is.

use super::super::store::reader as store;
use super::NewToken;
use crate::domain::user::UserRef;
use crate::platform::keys::sha256;
use crate::platform::{Platform, Result};

/// Writes down where whoever a session was just opened for is: where their browser says.
///
/// # Errors
/// When the database fails.
pub async fn of_session(platform: &Platform, token: &NewToken, told: &str) -> Result<()> {
    let found = store::by_session(&mut *platform.db.read().await?, &sha256(token.0.as_bytes())).await?;
    match found {
        Some(found) if found.zone.as_deref() != Some(told) => set(platform, found.user(), told).await,
        _ => Ok(()),
    }
}

/// Has the mails to `user` be in the zone of this name.
///
/// # Errors
/// When the database fails.
pub async fn set(platform: &Platform, user: UserRef, name: &str) -> Result<()> {
    let mut tx = platform.db.begin().await?;
    store::set_zone(&mut tx, user, name).await?;
    tx.commit().await
}
