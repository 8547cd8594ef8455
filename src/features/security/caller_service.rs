//! Makes a caller code: a help desk that has identified somebody gets eight digits to read out to them, with a fresh code of
//! its own. Who made it, and how the caller was identified, is recorded, and the user is told by mail.

use zeroize::Zeroizing;

use super::user_service::{event, introduced, locked, manageable};
use crate::domain::audit::{Event, What};
use crate::domain::authority::{Actor, Refusal};
use crate::domain::caller::Identified;
use crate::domain::ids::UserId;
use crate::domain::mail::Mail;
use crate::domain::sign_in::CodeProblem;
use crate::domain::time::Time;
use crate::domain::user::{Standing, one_line};
use crate::features::outbox::service::Letter;
use crate::features::recovery::caller;
use crate::features::session::service::{NewToken, Session};
use crate::features::users::service::User;
use crate::features::{audit, outbox, session, sign_in};
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result};

/// What a help desk says when it asks for a code.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// How the caller was identified.
    pub identified: Option<Identified>,
    /// In which other way.
    pub note: String,
    /// The own six digits.
    pub code: String,
}

/// What came of asking for a code.
pub enum Made {
    /// It counts. The session goes on with this token.
    Done {
        /// Its eight digits, to be shown once.
        digits: Zeroizing<String>,
        /// The first moment at which it counts no more.
        until: Time,
        /// The session's new token.
        token: NewToken,
    },
    /// No code was made. With the new token, if the own code was right.
    Against(Against, Option<NewToken>),
    /// How the caller was identified is not said, or not in which other way.
    HowMissing(Missing),
    /// The own code was not taken.
    Code(CodeProblem),
}

/// What is not said of how a caller was identified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The way.
    Way,
    /// The line that names another way.
    Note,
}

/// Why no code is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// Outside the actor's authority.
    Authority(Refusal),
    /// The user's customer takes no caller codes.
    Policy,
    /// The user has no recovery link that works.
    NoLink,
    /// There were too many: none before this moment.
    NotBefore(Time),
}

impl Against {
    const fn why(self) -> &'static str {
        match self {
            Self::Authority(refusal) => refusal.as_str(),
            Self::Policy => "policy",
            Self::NoLink => "no_link",
            Self::NotBefore(_) => "too_many",
        }
    }
}

/// Who the code would be for, and what stands against it, as it is now.
async fn review(conn: &mut Conn, actor: &Actor, id: UserId, now: Time) -> Result<std::result::Result<User, Against>> {
    let (user, home) = match manageable(conn, actor, id).await? {
        Ok(found) => found,
        Err(refusal) => return Ok(Err(Against::Authority(refusal))),
    };
    if !home.policy.second_proof.takes_caller_codes() {
        return Ok(Err(Against::Policy));
    }
    if user.standing != Standing::Active {
        return Ok(Err(Against::NoLink));
    }
    let link = user.link.map(|(link, _)| link);
    Ok(match caller::could_make(conn, user.user, link, now).await? {
        None => Ok(user),
        Some(caller::Made::NotBefore(at)) => Err(Against::NotBefore(at)),
        Some(_) => Err(Against::NoLink),
    })
}

/// What stands against a code for this user, before anything is asked for; none where nothing does.
///
/// # Errors
/// When the database fails.
pub async fn against(conn: &mut Conn, actor: &Actor, id: UserId, now: Time) -> Result<Option<Against>> {
    Ok(review(conn, actor, id, now).await?.err())
}

/// Makes a code for the recovery link of a user, after the help desk's own fresh code.
///
/// # Errors
/// When the database fails.
pub async fn make(platform: &Platform, origin: &Origin, session: &Session, id: UserId, order: &Order) -> Result<Made> {
    let actor = &session.actor;
    let refused = |against: Against| {
        let refused = event(platform, origin, actor, What::ChangeRefused).with("change", "caller_code");
        refused.with("why", against.why())
    };
    let mut conn = platform.db.read().await?;
    let reviewed = review(&mut conn, actor, id, platform.now()).await?;
    drop(conn);
    if let Err(against) = reviewed {
        audit::service::record_alone(platform, refused(against)).await?;
        return Ok(Made::Against(against, None));
    }
    let note = one_line(&order.note);
    let identified = match (order.identified, &note) {
        (None, _) => return Ok(Made::HowMissing(Missing::Way)),
        (Some(Identified::Other), None) => return Ok(Made::HowMissing(Missing::Note)),
        (Some(identified), _) => identified,
    };
    let about = id.to_string();
    let about = ("caller_code", about.as_str());
    let token = match sign_in::service::prove(platform, origin, session, &order.code, about).await? {
        Ok(token) => token,
        Err(problem) => return Ok(Made::Code(problem)),
    };

    let now = platform.now();
    let mut tx = platform.db.begin().await?;
    // Authority and facts once more, under the locks: customer first, then the user.
    let held = locked(&mut tx, actor, id).await?;
    let open = session::service::is_open(&mut tx, session).await?;
    let reviewed = match session::service::actor(&mut tx, actor.user, now).await?.filter(|_| held && open) {
        Some(actor) => review(&mut tx, &actor, id, now).await?,
        None => Err(Against::Authority(Refusal::NoRole)),
    };
    let made = match &reviewed {
        Ok(user) => {
            let link = user.link.map(|(link, _)| link);
            match caller::make(&mut tx, platform, user.user, link, actor.user).await? {
                caller::Made::Done(code) => Ok((user, code)),
                caller::Made::NoLink => Err(Against::NoLink),
                caller::Made::NotBefore(at) => Err(Against::NotBefore(at)),
            }
        }
        Err(against) => Err(*against),
    };
    let (user, code) = match made {
        Ok(made) => made,
        Err(against) => {
            audit::service::record(&mut tx, platform, refused(against)).await?;
            tx.commit().await?;
            return Ok(Made::Against(against, Some(token)));
        }
    };
    let mail = Mail::CallerCodeMade { at: now, by: introduced(session, user), until: code.until };
    outbox::service::enqueue(&mut tx, platform, vec![Letter { user: user.user, mail, link: None }]).await?;
    let made = Event::new(now, What::CallerCodeMade, Some(user.user.customer)).by(actor.user).about(user.user.id);
    let mut made = made.from(origin.address.clone()).with("identified", identified);
    if let Some(note) = note {
        made = made.with("identified_note", note);
    }
    audit::service::record(&mut tx, platform, made).await?;
    tx.commit().await?;
    Ok(Made::Done { digits: code.digits, until: code.until, token })
}
