//! Shows the page of a notice without effect, and freezes the account of whoever says there that it was not them.

use crate::domain::audit::{Event, What};
use crate::domain::customer::Customer;
use crate::domain::mail::Mail;
use crate::domain::not_me::{Hold, LIFETIME, in_time};
use crate::domain::time::Time;
use crate::features::outbox::service::{Letter, Notice};
use crate::features::users::service::Locked;
use crate::features::{audit, customers, outbox, recovery, users};
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result};

/// What the page of a notice shows.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The user's customer.
    pub customer: Customer,
    /// What kind of mail the notice was.
    pub notice: &'static str,
    /// When it was written.
    pub written_at: Time,
}

/// The notice of a token that is genuine and in time. Unknown, forged and late ones are all the same none.
async fn genuine(conn: &mut Conn, platform: &Platform, token: &str) -> Result<Option<Notice>> {
    let Some(id) = token.split_once('.').and_then(|(id, _)| id.parse().ok()) else {
        return Ok(None);
    };
    let Some(notice) = outbox::service::notice(conn, id).await? else {
        return Ok(None);
    };
    let genuine = platform.keys.is_not_me_token(id, notice.user, token);
    let open = notice.mail.may_be_disowned() && in_time(notice.written_at, platform.now());
    Ok((genuine && open).then_some(notice))
}

/// Shows the notice of a token; nothing is changed by it, however often it is done.
///
/// # Errors
/// When the database fails.
pub async fn open(platform: &Platform, token: &str) -> Result<Option<Shown>> {
    let mut conn = platform.db.read().await?;
    let Some(notice) = genuine(&mut conn, platform, token).await? else {
        return Ok(None);
    };
    let customer = customers::service::of_user(&mut conn, notice.user.customer).await?;
    Ok(customer.map(|customer| Shown { customer, notice: notice.mail.kind(), written_at: notice.written_at }))
}

/// What came of saying it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// The account is frozen, now or since before.
    Frozen,
    /// The token is of no notice, or of one that is too old.
    Dead,
}

/// Freezes the account whose notice this token is of, and tells its owners and the user. Said once more, it does nothing.
///
/// # Errors
/// When the database fails.
pub async fn say(platform: &Platform, origin: &Origin, token: &str) -> Result<Said> {
    let mut tx = platform.db.begin().await?;
    let Some(notice) = genuine(&mut tx, platform, token).await? else {
        return Ok(Said::Dead);
    };
    let user = notice.user;
    let Some(locked) = users::service::lock(&mut tx, user).await? else {
        return Ok(Said::Dead);
    };
    if locked.hold == Hold::Frozen {
        return Ok(Said::Frozen);
    }
    // What was said of it, or of another notice of that time, was dealt with: an old mail freezes nobody again.
    let said = audit::service::last(&mut tx, user, What::Disowned, 1).await?.pop();
    if said.is_some_and(|said| said.event.at >= notice.written_at) {
        return Ok(Said::Dead);
    }
    // Under the lock: a reset that came before is older than this.
    let now = platform.now();
    let sessions = users::service::freeze(&mut tx, user, now).await?;
    recovery::links::disown(&mut tx, platform, user, now - LIFETIME).await?;
    let letters = letters(&mut tx, &locked, &notice, now).await?;
    outbox::service::enqueue(&mut tx, platform, letters).await?;
    let event = Event::new(now, What::Disowned, Some(user.customer)).about(user.id).from(origin.address.clone());
    let event = event.with("mail", notice.mail.kind()).with("sessions_ended", sessions);
    audit::service::record(&mut tx, platform, event).await?;
    tx.commit().await?;
    Ok(Said::Frozen)
}

/// To everybody who owns the user's customer, and to the user.
async fn letters(conn: &mut Conn, locked: &Locked, notice: &Notice, now: Time) -> Result<Vec<Letter>> {
    let user = locked.user;
    let told = Mail::Disowned {
        user: user.id,
        at: now,
        name: locked.name.clone(),
        address: locked.address.to_string(),
        notice: notice.mail.kind().to_owned(),
    };
    // Whoever is locked out themself reads mails all the same.
    let owners = users::service::active_owners(conn, user.customer, now).await?;
    let mut letters: Vec<Letter> =
        owners.into_iter().map(|owner| Letter { user: owner, mail: told.clone(), link: None }).collect();
    letters.push(Letter { user, mail: Mail::Frozen { at: now }, link: None });
    Ok(letters)
}
