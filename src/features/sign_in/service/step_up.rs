//! Step-up: somebody who is signed in proves themself again, for one action.

use super::factor::{Answered, Factor, Judged, judge, read_proof};
use crate::domain::audit::{Event, What};
use crate::domain::phone::About;
use crate::domain::sign_in::{CodeProblem, Purpose, Step};
use crate::domain::time::Time;
use crate::domain::user::{Standing, UserRef};
use crate::features::methods::service::passkeys;
use crate::features::session::service::{Challenge, NewToken, Session};
use crate::features::{audit, customers, session, users};
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result};

/// What came of a step-up.
pub enum SteppedUp {
    /// The admin proved themself again; their session has this new token.
    Right(NewToken),
    /// The code is wrong or was used before.
    Wrong,
    /// By a passkey of which there are two.
    Copied,
    /// Not before this time.
    LockedUntil(Time),
    /// Not before a reset.
    Disabled,
}

impl SteppedUp {
    /// The session's new token, or why the proof was not taken, as it is said at `now`.
    ///
    /// # Errors
    /// Why it was not taken.
    pub fn or_problem(self, now: Time) -> std::result::Result<NewToken, CodeProblem> {
        match self {
            Self::Right(token) => Ok(token),
            Self::Wrong => Err(CodeProblem::Wrong),
            Self::Copied => Err(CodeProblem::Copied),
            Self::LockedUntil(until) => Err(CodeProblem::Locked { until, now }),
            Self::Disabled => Err(CodeProblem::Disabled),
        }
    }
}

/// What was typed into the field of a step-up, judged by [`step_up`].
///
/// # Errors
/// When the database fails.
pub async fn prove(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    typed: &str,
    about: (&str, &str),
) -> Result<std::result::Result<NewToken, CodeProblem>> {
    let Some(proof) = read_proof(typed) else {
        // Nothing is counted, since nothing was guessed; that it was tried is recorded all the same.
        let event = event(platform, origin, session, What::StepUpRefused, about).with("why", "malformed");
        audit::service::record_alone(platform, event).await?;
        return Ok(Err(CodeProblem::Malformed));
    };
    Ok(step_up(platform, origin, session, &proof, about).await?.or_problem(platform.now()))
}

/// The signed-in user proves themself again, for one action that `about` names in the audit. Only a fresh code of what
/// they have, or the answer of a passkey counts, no backup code; a right one gives the session a new token.
///
/// # Errors
/// When the database fails.
pub async fn step_up(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    proof: &str,
    about: (&str, &str),
) -> Result<SteppedUp> {
    let factor = Factor::proof(proof).unwrap_or_else(|| Factor::Code(String::new()));
    step_up_with(platform, origin, session, &factor, about).await
}

/// The same with any second factor, for what a user does to their own: whoever lost the phone has only backup codes.
///
/// # Errors
/// When the database fails.
pub async fn step_up_with(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    factor: &Factor,
    about: (&str, &str),
) -> Result<SteppedUp> {
    let user = session.actor.user;
    let mut tx = platform.db.begin().await?;
    let Some(locked) = users::service::lock(&mut tx, user).await? else {
        return Ok(SteppedUp::Wrong);
    };
    let asked = asked(&mut tx, user, factor, platform.now()).await?;
    let judged = if locked.standing == Standing::Active {
        judge(&mut tx, platform, origin, &locked, factor, asked.as_ref(), About::StepUp(session.id)).await?
    } else {
        Judged::Wrong
    };
    if let Some(asked) = asked {
        session::service::end_challenge(&mut tx, &asked).await?;
    }
    let event = |what| event(platform, origin, session, what, about);
    let stepped_up = match judged {
        // The session may have ended while the code was typed: what it asks for is then nobody's.
        Judged::Right(_) => match session::service::rotate(&mut tx, platform, session).await? {
            Some(token) => {
                audit::service::record(&mut tx, platform, event(What::StepUp)).await?;
                SteppedUp::Right(token)
            }
            None => SteppedUp::Wrong,
        },
        Judged::Wrong => SteppedUp::Wrong,
        Judged::Copied => SteppedUp::Copied,
        Judged::LockedUntil(until) => SteppedUp::LockedUntil(until),
        Judged::Disabled => SteppedUp::Disabled,
    };
    if !matches!(stepped_up, SteppedUp::Right(_)) {
        audit::service::record(&mut tx, platform, event(What::StepUpRefused)).await?;
    }
    tx.commit().await?;
    Ok(stepped_up)
}

fn event(platform: &Platform, origin: &Origin, session: &Session, what: What, about: (&str, &str)) -> Event {
    let user = session.actor.user;
    let event = Event::new(platform.now(), what, Some(user.customer)).by(user).from(origin.address.clone());
    event.with(about.0, about.1)
}

/// The question that a passkey of this user was asked for a step-up, if that is what it answers.
async fn asked(conn: &mut Conn, user: UserRef, factor: &Factor, now: Time) -> Result<Option<Challenge>> {
    let Factor::Passkey(Answered { ceremony: Some(token), .. }) = factor else {
        return Ok(None);
    };
    let challenge = session::service::challenge(conn, token, now).await?;
    Ok(challenge.filter(|challenge| challenge.user == user && challenge.purpose == Purpose::StepUp))
}

/// A question to a passkey, and where the server remembers it.
pub struct Asked {
    /// Goes back with the answer.
    pub token: NewToken,
    /// For the browser.
    pub question: String,
}

/// Asks a passkey of the signed-in user for a step-up. None when they have none.
///
/// # Errors
/// When the database fails.
pub async fn ask_passkey(platform: &Platform, session: &Session) -> Result<Option<Asked>> {
    let (user, now) = (session.actor.user, platform.now());
    let mut tx = platform.db.begin().await?;
    let locked = users::service::lock(&mut tx, user).await?;
    let open = session::service::is_open(&mut tx, session).await?;
    if !open || locked.is_none_or(|locked| locked.standing != Standing::Active) {
        return Ok(None);
    }
    let verification = customers::service::user_verification(&mut tx, user.customer).await?;
    let Some(ceremony) = passkeys::ask(&mut tx, platform, user, verification).await? else {
        return Ok(None);
    };
    let token =
        session::service::open_challenge(&mut tx, platform, user, Purpose::StepUp, Step::Factor, None, None).await?;
    let Some(challenge) = session::service::challenge(&mut tx, &token.0, now).await? else {
        return Ok(None);
    };
    session::service::set_ceremony(&mut tx, platform, &challenge, &ceremony.state).await?;
    tx.commit().await?;
    Ok(Some(Asked { token, question: ceremony.question }))
}
