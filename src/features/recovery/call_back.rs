//! The call-back check: the words of a set-up that a link led to, and what a help desk said of them.

use super::service::of_user;
use super::store;
use crate::domain::ids::{ChallengeId, LinkId};
use crate::domain::time::Time;
use crate::domain::user::UserRef;
use crate::features::session;
use crate::features::session::service::Challenge;
use crate::platform::{Conn, Platform, Result};

/// The words of one set-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// Which set-up.
    pub set_up: ChallengeId,
    /// Three of them, as they are read out.
    pub words: String,
    /// When the set-up began.
    pub begun_at: Time,
    /// When a help desk confirmed it; none where none did.
    pub confirmed_at: Option<Time>,
}

fn words_of(platform: &Platform, row: &store::Row, set_up: ChallengeId, begun_at: Time) -> Option<Words> {
    let user = UserRef { customer: row.customer_id, id: row.user_id };
    let words = platform.keys.call_back_words(&row.key_id, set_up, user, (row.id, row.generation))?;
    let confirmed_at = row.call_back_at.filter(|_| row.call_back_challenge == Some(set_up));
    Some(Words { set_up, words, begun_at, confirmed_at })
}

/// The words of `challenge`; none where no recovery link led to it, or its key is gone.
///
/// # Errors
/// When the database fails.
pub async fn of_set_up(conn: &mut Conn, platform: &Platform, challenge: &Challenge) -> Result<Option<Words>> {
    let found = of_user(conn, challenge.user, challenge.link, platform.now()).await?;
    Ok(found.and_then(|(row, _)| words_of(platform, &row, challenge.id, challenge.created_at)))
}

/// The words of all set-ups that wait at this link of `user` for their authenticator, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn waiting(conn: &mut Conn, platform: &Platform, user: UserRef, link: Option<LinkId>) -> Result<Vec<Words>> {
    let now = platform.now();
    let Some((row, _)) = of_user(conn, user, link, now).await? else {
        return Ok(Vec::new());
    };
    let waiting = session::service::set_ups_of(conn, user.customer, row.id, now).await?;
    Ok(waiting.into_iter().filter_map(|(set_up, begun_at)| words_of(platform, &row, set_up, begun_at)).collect())
}

/// Writes down that `by` confirmed one of the set-ups that wait at this link; false where it is none of them. The caller holds
/// the user's lock and records it.
///
/// # Errors
/// When the database fails.
pub async fn confirm(
    conn: &mut Conn,
    platform: &Platform,
    user: UserRef,
    link: Option<LinkId>,
    set_up: ChallengeId,
    by: UserRef,
) -> Result<bool> {
    let waits = waiting(conn, platform, user, link).await?.iter().any(|words| words.set_up == set_up);
    match link.filter(|_| waits) {
        Some(link) => {
            store::set_call_back(conn, link, set_up, by, platform.now()).await?;
            Ok(true)
        }
        None => Ok(false),
    }
}
