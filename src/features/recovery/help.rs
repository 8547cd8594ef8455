//! Whoever cannot go on asks their administrators: after the right password, at most once an hour. It stands on the recovery
//! board until somebody does something about their link, or until they are in.

use super::again::{HELP, LinkRequired, read, required};
use super::store;
use crate::domain::audit::{Event, What};
use crate::domain::recovery::may_ask_for_help;
use crate::features::{audit, users};
use crate::platform::request::Origin;
use crate::platform::{Platform, Result};

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It stands on the board, now or since less than an hour.
    OnTheBoard(LinkRequired),
    /// The request is no good any more.
    Over,
}

/// Asks the administrators of whoever gave the right password a moment ago. Nothing about the link changes.
///
/// # Errors
/// When the database fails.
pub async fn ask(platform: &Platform, origin: &Origin, sealed: &str) -> Result<Asked> {
    let now = platform.now();
    let Some(asked) = read(platform, HELP, sealed) else {
        return Ok(Asked::Over);
    };
    let user = asked.user;
    let mut tx = platform.db.begin().await?;
    let Some(locked) = users::service::lock(&mut tx, user).await? else {
        return Ok(Asked::Over);
    };
    let newest = store::newest_of(&mut tx, user).await?;
    let Some(row) = newest.filter(|row| (row.id, row.generation) == (asked.link, asked.generation)) else {
        return Ok(Asked::Over);
    };
    // Whoever has set up with the link may need help too: perhaps it was not them.
    if !locked.may_recover() {
        return Ok(Asked::Over);
    }
    let may_ask = may_ask_for_help(row.help_asked_at, now);
    if may_ask {
        store::set_help_asked(&mut tx, row.id, now).await?;
        let event = Event::new(now, What::HelpAsked, Some(user.customer)).by(user).about(user.id);
        audit::service::record(&mut tx, platform, event.from(origin.address.clone())).await?;
    }
    let told = required(&mut tx, platform, &locked).await?;
    if may_ask {
        tx.commit().await?;
    }
    Ok(told.map_or(Asked::Over, Asked::OnTheBoard))
}
