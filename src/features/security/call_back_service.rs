//! The call-back check on the help desk's side: it sees the words of the set-ups that wait, and confirms the one whose words
//! the user reads out on the phone, with a fresh code of its own.

use super::user_service::{event, locked, manageable};
use crate::domain::audit::{Event, What};
use crate::domain::authority::{Actor, Refusal};
use crate::domain::ids::{ChallengeId, UserId};
use crate::domain::sign_in::CodeProblem;
use crate::features::recovery::call_back::{self, Words};
use crate::features::session::service::{NewToken, Session};
use crate::features::users::service::User;
use crate::features::{audit, session, sign_in};
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result};

/// What came of a confirmation.
pub enum Confirmed {
    /// The set-up may be completed. The session goes on with this token.
    Done(NewToken),
    /// Nothing is confirmed. With the new token, if the own code was right.
    Against(Against, Option<NewToken>),
    /// The own code was not taken.
    Code(CodeProblem),
}

/// Why nothing is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// Outside the actor's authority.
    Authority(Refusal),
    /// The user's customer asks for no check.
    Policy,
    /// No such set-up waits.
    Nothing,
}

impl Against {
    const fn why(self) -> &'static str {
        match self {
            Self::Authority(refusal) => refusal.as_str(),
            Self::Policy => "policy",
            Self::Nothing => "no_such_set_up",
        }
    }
}

/// The set-ups of a user that wait, with their words; or why this actor may not see them.
///
/// # Errors
/// When the database fails.
pub async fn waiting(
    conn: &mut Conn,
    platform: &Platform,
    actor: &Actor,
    id: UserId,
) -> Result<std::result::Result<(User, Vec<Words>), Against>> {
    let (user, home) = match manageable(conn, actor, id).await? {
        Ok(found) => found,
        Err(refusal) => return Ok(Err(Against::Authority(refusal))),
    };
    if !home.policy.call_back_check {
        return Ok(Err(Against::Policy));
    }
    let link = user.link.map(|(link, _)| link);
    let words = call_back::waiting(conn, platform, user.user, link).await?;
    Ok(Ok((user, words)))
}

/// Confirms the set-up whose words the user reads out, after the help desk's own fresh code.
///
/// # Errors
/// When the database fails.
pub async fn confirm(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    id: UserId,
    set_up: Option<ChallengeId>,
    code: &str,
) -> Result<Confirmed> {
    let actor = &session.actor;
    let refused = |against: Against| {
        let refused = event(platform, origin, actor, What::ChangeRefused).with("change", "call_back");
        refused.with("why", against.why())
    };
    let mut conn = platform.db.read().await?;
    let found = waiting(&mut conn, platform, actor, id).await?;
    drop(conn);
    let set_up = match (found, set_up) {
        (Err(against), _) => {
            audit::service::record_alone(platform, refused(against)).await?;
            return Ok(Confirmed::Against(against, None));
        }
        (Ok((_, waiting)), Some(set_up)) if waiting.iter().any(|words| words.set_up == set_up) => set_up,
        _ => return Ok(Confirmed::Against(Against::Nothing, None)),
    };
    let about = id.to_string();
    let about = ("call_back", about.as_str());
    let token = match sign_in::service::prove(platform, origin, session, code, about).await? {
        Ok(token) => token,
        Err(problem) => return Ok(Confirmed::Code(problem)),
    };

    let now = platform.now();
    let mut tx = platform.db.begin().await?;
    // Authority and facts once more, under the locks: customer first, then the user.
    let held = locked(&mut tx, actor, id).await?;
    let open = session::service::is_open(&mut tx, session).await?;
    let found = match session::service::actor(&mut tx, actor.user, now).await?.filter(|_| held && open) {
        Some(actor) => waiting(&mut tx, platform, &actor, id).await?,
        None => Err(Against::Authority(Refusal::NoRole)),
    };
    let confirmed = match found {
        Ok((user, _)) => {
            let link = user.link.map(|(link, _)| link);
            let done = call_back::confirm(&mut tx, platform, user.user, link, set_up, actor.user).await?;
            if done { Ok(user.user) } else { Err(Against::Nothing) }
        }
        Err(against) => Err(against),
    };
    match confirmed {
        Ok(user) => {
            let event = Event::new(now, What::CallBackConfirmed, Some(user.customer)).by(actor.user).about(user.id);
            audit::service::record(&mut tx, platform, event.from(origin.address.clone())).await?;
            tx.commit().await?;
            Ok(Confirmed::Done(token))
        }
        Err(against) => {
            audit::service::record(&mut tx, platform, refused(against)).await?;
            tx.commit().await?;
            Ok(Confirmed::Against(against, Some(token)))
        }
    }
}
