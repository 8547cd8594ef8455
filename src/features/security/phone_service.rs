//! Adds a phone number to one's own methods: a code goes to it, and comes back.

use super::method_service::{Added, added_one, missed, own_addition};
use super::service::{event, still_asking};
use crate::domain::audit::What;
use crate::domain::method::{MOST_METHODS, MethodKind};
use crate::domain::phone::{About, PhoneNumber};
use crate::features::methods::service::phones as own_phones;
use crate::features::phones::service::{Sent, Waiting};
use crate::features::session::service::Session;
use crate::features::sign_in::service::refusal;
use crate::features::{audit, customers, methods, phones};
use crate::platform::request::Origin;
use crate::platform::{Platform, Result};

/// What came of asking for a code for a new number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// What came of sending it.
    Sent(Sent),
    /// It is one of the own numbers already.
    Known,
    /// The customer allows no new numbers, or nothing reaches phones here.
    NotAllowed,
    /// This addition is over.
    Over,
}

/// The code that was sent last and counts, where a fresh factor opened an addition in this browser. None when there is no
/// addition.
///
/// # Errors
/// When the database fails.
pub async fn waiting(platform: &Platform, session: &Session, token: &str) -> Result<Option<Option<Waiting>>> {
    let mut conn = platform.db.read().await?;
    let Some(challenge) = own_addition(&mut conn, session, token, platform.now()).await? else {
        return Ok(None);
    };
    let about = About::Addition(challenge.id);
    Ok(Some(phones::service::waiting(&mut conn, platform, session.actor.user, about).await?))
}

/// Sends a code to a number that is to be added.
///
/// # Errors
/// When the database fails.
pub async fn send_code(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    token: &str,
    number: &PhoneNumber,
) -> Result<Asked> {
    let user = session.actor.user;
    let mut tx = platform.db.begin().await?;
    if still_asking(&mut tx, session).await?.is_none() {
        return Ok(Asked::Over);
    }
    let Some(challenge) = own_addition(&mut tx, session, token, platform.now()).await? else {
        return Ok(Asked::Over);
    };
    let customer = customers::service::of_user(&mut tx, user.customer).await?;
    let Some(policy) = customer.map(|customer| customer.policy).filter(|policy| policy.allows(MethodKind::Phone))
    else {
        return Ok(Asked::NotAllowed);
    };
    if !platform.reaches_phones {
        return Ok(Asked::NotAllowed);
    }
    if own_phones::list(&mut tx, platform, user).await?.iter().any(|own| own.number == *number) {
        return Ok(Asked::Known);
    }
    let about = About::Addition(challenge.id);
    let sent =
        phones::service::send(&mut tx, platform, user, (None, number), about, policy.phone_messages_a_day).await?;
    if let Some(why) = refusal(&sent) {
        let refused = event(platform, origin, session, What::PhoneCodeRefused).with("why", why);
        audit::service::record(&mut tx, platform, refused).await?;
    }
    tx.commit().await?;
    Ok(Asked::Sent(sent))
}

/// Registers the number whose code this is, under this name.
///
/// # Errors
/// When the database fails.
pub async fn add(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    token: &str,
    digits: &str,
    name: Option<&str>,
) -> Result<Added> {
    let now = platform.now();
    let user = session.actor.user;
    let mut tx = platform.db.begin().await?;
    if still_asking(&mut tx, session).await?.is_none() {
        return Ok(Added::Over);
    }
    let Some(challenge) = own_addition(&mut tx, session, token, now).await? else {
        return Ok(Added::Over);
    };
    // The policy may have changed since the code was sent.
    let allowed = customers::service::allows(&mut tx, user.customer, MethodKind::Phone).await?;
    if !allowed || methods::service::list(&mut tx, user).await?.len() >= MOST_METHODS {
        return Ok(Added::Over);
    }
    let about = About::Addition(challenge.id);
    let Some(taken) = phones::service::take_code(&mut tx, platform, user, about, digits).await? else {
        return missed(tx, platform, origin, session, (&challenge, token), "add_phone").await;
    };
    own_phones::register(&mut tx, platform, user, &taken.number, name).await?;
    let called = own_phones::called(&taken.number, name);
    added_one(tx, platform, origin, session, (What::PhoneAdded, MethodKind::Phone), Some(&called)).await
}
