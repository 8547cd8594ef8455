//! The time zone of a user: that of the browser they signed in with last.

use super::super::store::reader as store;
use super::NewToken;
use crate::domain::user::UserRef;
use crate::platform::keys::sha256;
use crate::platform::{Platform, Result};

/// Where whoever a session was just opened for is: where their browser says, and from now on their mails are there too; where
/// they were last if it says nothing.
///
/// # Errors
/// When the database fails.
pub async fn of_session(platform: &Platform, token: &NewToken, told: Option<String>) -> Result<Option<String>> {
    let Some(found) = store::by_session(&mut *platform.db.read().await?, &sha256(token.0.as_bytes())).await? else {
        return Ok(told);
    };
    match told {
        None => Ok(found.zone),
        Some(told) => {
            if found.zone.as_ref() != Some(&told) {
                set(platform, found.user(), &told).await?;
            }
            Ok(Some(told))
        }
    }
}

/// The same where a right password was given and no more: it changes nothing of what is known.
///
/// # Errors
/// When the database fails.
pub async fn of_challenge(platform: &Platform, token: &NewToken, told: Option<String>) -> Result<Option<String>> {
    if told.is_some() {
        return Ok(told);
    }
    let found = store::by_challenge(&mut *platform.db.read().await?, &sha256(token.0.as_bytes())).await?;
    Ok(found.and_then(|found| found.zone))
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
