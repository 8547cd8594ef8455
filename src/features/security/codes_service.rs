//! Makes one's own backup codes anew, shows them once and takes one of them typed back.

use super::service::{Changed, Refused, end_all_else, event, myself, prove, refuse, still_asking};
use crate::domain::audit::What;
use crate::domain::backup_code::BackupCode;
use crate::domain::customer::Customer;
use crate::domain::mail::Mail;
use crate::domain::sign_in::Guessing;
use crate::domain::time::Time;
use crate::domain::user::Address;
use crate::features::backup_codes::service::NewCodes;
use crate::features::outbox::service::Letter;
use crate::features::session::service::Session;
use crate::features::sign_in::service::Factor;
use crate::features::{audit, backup_codes, methods, outbox, users};
use crate::platform::request::Origin;
use crate::platform::{Platform, Result};

/// Makes new backup codes in place of the old ones; they come sealed, for a cookie of this browser.
///
/// # Errors
/// When the database fails.
pub async fn make_codes(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    factor: &Factor,
) -> Result<Changed<String>> {
    const CHANGE: &str = "make_backup_codes";
    let user = session.actor.user;
    if methods::service::list(&mut *platform.db.read().await?, user).await?.is_empty() {
        return refuse(platform, origin, session, CHANGE, Refused::NoFactor).await;
    }
    let token = match prove(platform, origin, session, factor, CHANGE).await? {
        Ok(token) => token,
        Err(wrong) => return Ok(wrong),
    };
    let mut tx = platform.db.begin().await?;
    if still_asking(&mut tx, session).await?.is_none() {
        return Ok(Changed::Refused(Refused::SessionOver, Some(token)));
    }
    if methods::service::list(&mut tx, user).await?.is_empty() {
        return Ok(Changed::Refused(Refused::NoFactor, Some(token)));
    }
    let codes = backup_codes::service::make(&mut tx, platform, user).await?;
    let ended = end_all_else(&mut tx, session).await?;
    let mail = Mail::BackupCodesMade { at: platform.now() };
    outbox::service::enqueue(&mut tx, platform, vec![Letter { user, mail, link: None }]).await?;
    let made = event(platform, origin, session, What::BackupCodesMade).with("count", codes.0.len());
    audit::service::record(&mut tx, platform, made.with("sessions_ended", ended)).await?;
    tx.commit().await?;
    Ok(Changed::Done(token, backup_codes::service::seal(platform, user, &codes)))
}

/// The new codes with what stands around them.
#[derive(Clone, Debug)]
pub struct ShownCodes {
    /// Whose customer.
    pub customer: Customer,
    /// Whose.
    pub address: Address,
    /// The codes; none when this browser cannot show them any more.
    pub codes: Option<NewCodes>,
}

/// The new codes, until one is typed back, in the browser that holds them. None when no set waits for that.
///
/// # Errors
/// When the database fails.
pub async fn codes(platform: &Platform, session: &Session, sealed: Option<&str>) -> Result<Option<ShownCodes>> {
    let user = session.actor.user;
    let mut conn = platform.db.read().await?;
    let left = backup_codes::service::left(&mut conn, user).await?;
    if left.made_at.is_none() || left.saved_at.is_some() {
        return Ok(None);
    }
    let codes = match sealed {
        Some(sealed) => backup_codes::service::open(&mut conn, platform, user, sealed).await?,
        None => None,
    };
    let whose = myself(&mut conn, session).await?;
    Ok(whose.map(|(customer, address)| ShownCodes { customer, address, codes }))
}

/// What came of a backup code that was typed back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It is one of them, and not spent by this.
    Right,
    /// It is none of them.
    Wrong,
    /// No code is looked at before this time.
    LockedUntil(Time),
    /// No code is looked at before a reset.
    Disabled,
    /// No set waits for that, or the session is over.
    Over,
}

/// Takes it that the user has the new codes, since they typed one back. Wrong ones count like those of a sign-in: whoever
/// sits at somebody's open session is not told which codes are theirs.
///
/// # Errors
/// When the database fails.
pub async fn save_codes(platform: &Platform, origin: &Origin, session: &Session, code: &BackupCode) -> Result<Saved> {
    let now = platform.now();
    let user = session.actor.user;
    let mut tx = platform.db.begin().await?;
    let Some(locked) = still_asking(&mut tx, session).await? else {
        return Ok(Saved::Over);
    };
    let left = backup_codes::service::left(&mut tx, user).await?;
    if left.made_at.is_none() || left.saved_at.is_some() {
        return Ok(Saved::Over);
    }
    match locked.guesses.standing(now) {
        Guessing::Open => {}
        Guessing::LockedUntil(until) => return Ok(Saved::LockedUntil(until)),
        Guessing::Disabled => return Ok(Saved::Disabled),
    }
    let right = backup_codes::service::rehearse(&mut tx, platform, user, code).await?;
    let record = if right {
        event(platform, origin, session, What::BackupCodesSaved)
    } else {
        users::service::set_guesses(&mut tx, user, locked.guesses.wrong(now)).await?;
        event(platform, origin, session, What::CodeWrong).with("at", "save_codes")
    };
    audit::service::record(&mut tx, platform, record).await?;
    tx.commit().await?;
    Ok(if right { Saved::Right } else { Saved::Wrong })
}
