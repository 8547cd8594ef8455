//! Changes one's own password. It is never a way round the second factor: whoever has one shows it first, and every other
//! session and trusted device ends.

use super::service::{end_all_else, event, myself, still_asking};
use crate::domain::audit::What;
use crate::domain::mail::Mail;
use crate::domain::password::{Weakness, shortest};
use crate::domain::sign_in::{CodeProblem, Guessing};
use crate::domain::user::Address;
use crate::features::outbox::service::Letter;
use crate::features::session::service::{NewToken, Session};
use crate::features::sign_in::service::Factor;
use crate::features::{audit, methods, outbox, session, sign_in, users};
use crate::platform::request::Origin;
use crate::platform::{Platform, Result, common};

/// What came of a new password.
pub enum Set {
    /// It is the password from now on. The session goes on with this token.
    Done(NewToken),
    /// It is not taken; nothing else was looked at.
    Weak(Weakness),
    /// The old one is wrong. With the session's new token, if a second factor was right.
    WrongPassword(Option<NewToken>),
    /// The second factor was not taken.
    Code(CodeProblem),
    /// The session ended meanwhile, or the password was changed elsewhere.
    Over,
}

/// What the page of the own password says.
pub struct Shown {
    /// Under which address this password is kept.
    pub address: Address,
    /// How many characters a new one has at least.
    pub shortest: u16,
}

/// What the page of the own password says; nothing is changed by it.
///
/// # Errors
/// When the database fails.
pub async fn show(platform: &Platform, session: &Session) -> Result<Option<Shown>> {
    let mut conn = platform.db.read().await?;
    let found = myself(&mut conn, session).await?;
    Ok(found.map(|(customer, address)| Shown { address, shortest: shortest(customer.policy.mfa_required) }))
}

/// Sets a new password of the asking user, after a second factor where they have one, and after the old password.
///
/// # Errors
/// When the database fails or too many passwords are being checked.
pub async fn change(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    factor: Option<&Factor>,
    (old, new): (String, String),
) -> Result<Set> {
    let user = session.actor.user;
    let mut conn = platform.db.read().await?;
    let (Some((customer, address)), Some(credentials)) =
        (myself(&mut conn, session).await?, users::service::credentials_of(&mut conn, user).await?)
    else {
        return Ok(Set::Over);
    };
    let has_factor = !methods::service::list(&mut conn, user).await?.is_empty();
    drop(conn);
    if let Err(weakness) = common::check(&new, customer.policy.mfa_required, &[address.as_str(), &session.actor.name]) {
        return Ok(Set::Weak(weakness));
    }
    let token = match (has_factor, factor) {
        (false, _) => None,
        (true, None) => return Ok(Set::Code(CodeProblem::Malformed)),
        (true, Some(factor)) => {
            let about = ("change", "password");
            let done = sign_in::service::step_up_with(platform, origin, session, factor, about).await?;
            match done.or_problem(platform.now()) {
                Ok(token) => Some(token),
                Err(problem) => return Ok(Set::Code(problem)),
            }
        }
    };
    let now = platform.now();
    let locked_out = |guessing| match guessing {
        Guessing::Open => None,
        Guessing::LockedUntil(until) => Some(CodeProblem::Locked { until, now }),
        Guessing::Disabled => Some(CodeProblem::Disabled),
    };
    // With a second factor each try costs a code. Without one it is counted as wrong codes are.
    let mut tx = platform.db.begin().await?;
    let Some(locked) = still_asking(&mut tx, session).await? else {
        return Ok(Set::Over);
    };
    drop(tx);
    if let Some(problem) = locked_out(locked.guesses.standing(now)).filter(|_| !has_factor) {
        return Ok(Set::Code(problem));
    }
    let right = platform.hasher.verify(old, credentials.password_hash.clone()).await?;
    let hash = if right { Some(platform.hasher.hash(new, platform.rng.bytes()).await?) } else { None };

    let mut tx = platform.db.begin().await?;
    let Some(locked) = still_asking(&mut tx, session).await? else {
        return Ok(Set::Over);
    };
    let Some(hash) = hash else {
        if !has_factor {
            users::service::set_guesses(&mut tx, user, locked.guesses.wrong(now)).await?;
        }
        audit::service::record(&mut tx, platform, event(platform, origin, session, What::PasswordWrong)).await?;
        tx.commit().await?;
        return Ok(Set::WrongPassword(token));
    };
    if !locked.has_password(&credentials) {
        return Ok(Set::Over);
    }
    users::service::change_password(&mut tx, user, &hash, now).await?;
    let ended = end_all_else(&mut tx, session).await?;
    // A second factor has given the session another token already.
    let token = match token {
        Some(token) => Some(token),
        None => session::service::rotate(&mut tx, platform, session).await?,
    };
    let Some(token) = token else {
        return Ok(Set::Over);
    };
    let letter = Letter { user, mail: Mail::PasswordChanged { at: now }, link: None };
    outbox::service::enqueue(&mut tx, platform, vec![letter]).await?;
    let set = event(platform, origin, session, What::PasswordSet).with("at", "security");
    audit::service::record(&mut tx, platform, set.with("sessions_ended", ended)).await?;
    tx.commit().await?;
    Ok(Set::Done(token))
}
