//! What is new for somebody who is back in after a reset: what the audit says that happened, not what should have.

use std::collections::BTreeMap;

use super::service::{SetUp, show};
use crate::domain::audit::{Entry, What};
use crate::domain::sign_in::{Purpose, Step};
use crate::domain::time::Time;
use crate::domain::user::UserRef;
use crate::features::{audit, session};
use crate::platform::{Conn, Platform, Result};
use crate::words::lost::COUNTS;

/// A reset, and the new authenticator with which its user came back.
#[derive(Clone, Debug)]
pub(super) struct CameBack {
    reset: Entry,
    added: Entry,
}

/// The reset from which somebody came back with the authenticator they added last; none where no reset went before it.
pub(super) async fn came_back(conn: &mut Conn, user: UserRef) -> Result<Option<CameBack>> {
    let mut added = audit::service::last(conn, user, What::AuthenticatorAdded, 2).await?.into_iter();
    let (added, before) = (added.next(), added.next().map_or(0, |before| before.number));
    let reset = audit::service::last(conn, user, What::Reset, 1).await?.pop();
    Ok(added.zip(reset).filter(|(_, reset)| before < reset.number).map(|(added, reset)| CameBack { reset, added }))
}

/// What is new for somebody who is back in.
#[derive(Clone, Debug)]
pub struct WhatIsNew {
    /// The set-up that is done.
    pub set_up: SetUp,
    /// When the new authenticator was added.
    pub added_at: Time,
    /// When the old ones were taken away.
    pub reset_at: Time,
    /// What ended, by the names under which events count it.
    pub lost: BTreeMap<String, String>,
    /// Where to go on; none for whoever signs in first.
    pub next: Option<String>,
}

/// What is new for whoever holds a set-up that is done. None without one.
///
/// # Errors
/// When the database fails.
pub async fn what_is_new(platform: &Platform, token: &str) -> Result<Option<WhatIsNew>> {
    let Some(set_up) = show(platform, token).await?.filter(|set_up| set_up.step == Step::Done) else {
        return Ok(None);
    };
    let mut conn = platform.db.read().await?;
    let Some(challenge) = session::service::challenge(&mut conn, token, platform.now()).await? else {
        return Ok(None);
    };
    let Some(CameBack { reset, added }) = came_back(&mut conn, challenge.user).await? else {
        return Ok(None);
    };
    let next = (challenge.purpose == Purpose::SignIn).then(|| challenge.next_path.unwrap_or_else(|| "/".to_owned()));
    let (added_at, reset_at) = (added.event.at, reset.event.at);
    Ok(Some(WhatIsNew { set_up, added_at, reset_at, lost: lost(reset, &added), next }))
}

/// What the reset took, and the sessions that were begun after it and ended with the set-up.
fn lost(reset: Entry, added: &Entry) -> BTreeMap<String, String> {
    let count = |entry: &Entry, name: &str| {
        entry.event.details.get(name).and_then(|count| count.parse::<u64>().ok()).unwrap_or_default()
    };
    let sessions = count(&reset, "sessions") + count(added, "sessions_ended");
    let mut lost = reset.event.details;
    lost.retain(|name, _| COUNTS.contains(&name.as_str()));
    lost.insert("sessions".to_owned(), sessions.to_string());
    lost
}
