//! Step-up: somebody who is signed in proves themself again, for one action.

use super::factor::{Factor, Judged, judge};
use crate::domain::audit::{Event, What};
use crate::domain::time::Time;
use crate::domain::user::Standing;
use crate::features::session::service::{NewToken, Session};
use crate::features::{audit, session, users};
use crate::platform::request::Origin;
use crate::platform::{Platform, Result};

/// What came of a step-up.
pub enum SteppedUp {
    /// The admin proved themself again; their session has this new token.
    Right(NewToken),
    /// The code is wrong or was used before.
    Wrong,
    /// Not before this time.
    LockedUntil(Time),
    /// Not before a reset.
    Disabled,
}

/// The signed-in user proves themself again, for one action that `about` names in the audit. Only a fresh code of their
/// authenticator counts; a right one gives the session a new token.
///
/// # Errors
/// When the database fails.
pub async fn step_up(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    digits: &str,
    about: (&str, &str),
) -> Result<SteppedUp> {
    step_up_with(platform, origin, session, &Factor::Code(digits.to_owned()), about).await
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
    let judged = if locked.standing == Standing::Active {
        judge(&mut tx, platform, origin, &locked, factor).await?
    } else {
        Judged::Wrong
    };
    let event = |what| {
        let event = Event::new(platform.now(), what, Some(user.customer)).by(user).from(origin.address.clone());
        event.with(about.0, about.1)
    };
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
        Judged::LockedUntil(until) => SteppedUp::LockedUntil(until),
        Judged::Disabled => SteppedUp::Disabled,
    };
    if !matches!(stepped_up, SteppedUp::Right(_)) {
        audit::service::record(&mut tx, platform, event(What::StepUpRefused)).await?;
    }
    tx.commit().await?;
    Ok(stepped_up)
}
