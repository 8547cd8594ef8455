//! Caller codes: made by a help desk for one token of one link, and traded with that link for a set-up, in the place of a
//! password that was forgotten.

use zeroize::Zeroizing;

use super::service::{Proof, live, of_user};
use super::store::{self, caller};
use crate::domain::audit::{Event, What};
use crate::domain::caller::{LIFETIME, WINDOW, WRONG_CODES, next_at};
use crate::domain::ids::{CallerCodeId, LinkId};
use crate::domain::mail::Mail;
use crate::domain::recovery::LinkState;
use crate::domain::sign_in::{Purpose, Step};
use crate::domain::time::Time;
use crate::domain::user::UserRef;
use crate::features::outbox::service::Letter;
use crate::features::{audit, outbox, session, users};
use crate::platform::keys::same;
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result};

/// A code that was just made: to be shown once.
pub struct NewCode {
    /// Its eight digits.
    pub digits: Zeroizing<String>,
    /// The first moment at which it counts no more.
    pub until: Time,
}

/// What came of asking for a code.
pub enum Made {
    /// Here it is.
    Done(NewCode),
    /// The user has no link that works.
    NoLink,
    /// Not before this moment: there were too many.
    NotBefore(Time),
}

/// Whether a code could be made now for `link`; nothing is made.
///
/// # Errors
/// When the database fails.
pub async fn could_make(conn: &mut Conn, user: UserRef, link: Option<LinkId>, now: Time) -> Result<Option<Made>> {
    if of_user(conn, user, link, now).await?.is_none_or(|(_, state)| state != LinkState::Live) {
        return Ok(Some(Made::NoLink));
    }
    let made = caller::made_since(conn, user, now - WINDOW).await?;
    Ok(next_at(&made, now).map(Made::NotBefore))
}

/// Makes a code for `link` of `user`, as its token is now; the code before it counts no more. The caller holds the user's
/// lock, has asked whether that may be, and records it.
///
/// # Errors
/// When the database fails.
pub async fn make(
    conn: &mut Conn,
    platform: &Platform,
    user: UserRef,
    link: Option<LinkId>,
    by: UserRef,
) -> Result<Made> {
    let now = platform.now();
    if let Some(against) = could_make(conn, user, link, now).await? {
        return Ok(against);
    }
    let Some((row, _)) = of_user(conn, user, link, now).await? else {
        return Ok(Made::NoLink);
    };
    caller::end_all(conn, user, now).await?;
    let (id, key_id) = (platform.rng.id(now, CallerCodeId::new), platform.keys.newest_id());
    let new = caller::New { id, link: row.id, generation: row.generation, key_id, by };
    caller::insert(conn, user, &new, now).await?;
    let digits = platform.keys.caller_code(key_id, id, user, (row.id, row.generation));
    // The newest key is always there.
    Ok(digits.map_or(Made::NoLink, |digits| Made::Done(NewCode { digits, until: now + LIFETIME })))
}

/// Trades a link and the code that its user's help desk read out for a set-up, which begins with a new password. The link
/// lives on until the set-up is complete; the code is spent. A wrong one counts against the code and against the link.
///
/// # Errors
/// When the database fails.
pub async fn prove(platform: &Platform, origin: &Origin, token: &str, digits: &str) -> Result<Proof> {
    let now = platform.now();
    let mut tx = platform.db.begin().await?;
    // Once to learn whose it is, and once more under that user's lock.
    let Some(seen) = live(&mut tx, platform, token).await? else {
        return Ok(Proof::Dead);
    };
    let user = UserRef { customer: seen.customer_id, id: seen.user_id };
    let Some(locked) = users::service::lock(&mut tx, user).await? else {
        return Ok(Proof::Dead);
    };
    let Some(row) = live(&mut tx, platform, token).await? else {
        return Ok(Proof::Dead);
    };
    let Some(customer) = users::service::home(&mut tx, user).await? else {
        return Ok(Proof::Dead);
    };
    if !locked.may_recover() {
        return Ok(Proof::Dead);
    }
    let code = if customer.policy.second_proof.takes_caller_codes() {
        caller::live(&mut tx, row.id, row.generation, now - LIFETIME, WRONG_CODES).await?
    } else {
        None
    };
    let right = code.as_ref().is_some_and(|code| {
        let expected = platform.keys.caller_code(&code.key_id, code.id, user, (row.id, row.generation));
        expected.is_some_and(|expected| same(&expected, digits))
    });
    let event = |what| Event::new(now, what, Some(user.customer)).about(user.id).from(origin.address.clone());
    match code {
        Some(code) if right && caller::end(&mut tx, code.id, now).await? => {
            store::set_proved(&mut tx, row.id, now).await?;
            let challenge = session::service::open_challenge(
                &mut tx,
                platform,
                user,
                Purpose::Recovery,
                Step::NewPassword,
                Some(row.id),
                None,
            )
            .await?;
            let letter = Letter { user, mail: Mail::CallerCodeUsed { at: now }, link: None };
            outbox::service::enqueue(&mut tx, platform, vec![letter]).await?;
            let proved = event(What::LinkProved).with("how", "caller_code").with("made_by", code.made_by_id);
            audit::service::record(&mut tx, platform, proved).await?;
            tx.commit().await?;
            Ok(Proof::Proved(challenge))
        }
        code => {
            if let Some(code) = code {
                caller::raise_wrong_codes(&mut tx, code.id).await?;
            }
            store::raise_wrong_passwords(&mut tx, row.id).await?;
            let dead = live(&mut tx, platform, token).await?.is_none();
            let refused = event(What::LinkRefused).with("why", "caller_code");
            audit::service::record(&mut tx, platform, refused).await?;
            tx.commit().await?;
            Ok(if dead { Proof::Dead } else { Proof::Wrong })
        }
    }
}

/// Forgets codes that are counted no more.
///
/// # Errors
/// When the database fails.
pub async fn sweep(platform: &Platform) -> Result<()> {
    let mut tx = platform.db.begin().await?;
    caller::delete_stale(&mut tx, platform.now() - WINDOW).await?;
    tx.commit().await
}
