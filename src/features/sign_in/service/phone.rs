//! Codes for phones, for whoever gave the right password and for whoever is signed in and proves themself again.

use super::Next;
use crate::domain::audit::{Event, What};
use crate::domain::ids::MethodId;
use crate::domain::phone::About;
use crate::domain::sign_in::{Passed, advance};
use crate::domain::user::{Standing, UserRef};
use crate::features::methods::service::phones;
use crate::features::phones::service::{Sent, Waiting};
use crate::features::session::service::Session;
use crate::features::{audit, customers, session, users};
use crate::platform::request::Origin;
use crate::platform::{Platform, Result, Tx};

/// Sends a code to one of the phones of whoever gave the right password, at the half-finished sign-in with this token. None
/// when that is over, or they have no such phone.
///
/// # Errors
/// When the database fails.
pub async fn send_code(platform: &Platform, origin: &Origin, token: &str, phone: MethodId) -> Result<Option<Sent>> {
    let now = platform.now();
    let mut tx = platform.db.begin().await?;
    let Some(seen) = session::service::challenge(&mut tx, token, now).await? else {
        return Ok(None);
    };
    users::service::lock(&mut tx, seen.user).await?;
    let Some(challenge) = session::service::challenge(&mut tx, token, now).await? else {
        return Ok(None);
    };
    if advance(challenge.purpose, challenge.step, Passed::Factor) != Next::SignedIn {
        return Ok(None);
    }
    send(tx, platform, origin, challenge.user, Some(phone), About::SignIn(challenge.id)).await
}

/// Sends a code to the phone that whoever is signed in used last, so that they prove themself again in this session. None
/// when they have no phone.
///
/// # Errors
/// When the database fails.
pub async fn send_code_to_prove(platform: &Platform, origin: &Origin, session: &Session) -> Result<Option<Sent>> {
    let user = session.actor.user;
    let mut tx = platform.db.begin().await?;
    let locked = users::service::lock(&mut tx, user).await?;
    let open = session::service::is_open(&mut tx, session).await?;
    if !open || locked.is_none_or(|locked| locked.standing != Standing::Active) {
        return Ok(None);
    }
    send(tx, platform, origin, user, None, About::StepUp(session.id)).await
}

async fn send(
    mut tx: Tx,
    platform: &Platform,
    origin: &Origin,
    user: UserRef,
    which: Option<MethodId>,
    about: About,
) -> Result<Option<Sent>> {
    let customer = customers::service::of_user(&mut tx, user.customer).await?;
    let most = customer.map_or(0, |customer| customer.policy.phone_messages_a_day);
    let sent = phones::send(&mut tx, platform, user, which, about, most).await?;
    if let Some(refused) = sent.as_ref().and_then(refusal) {
        let event = Event::new(platform.now(), What::PhoneCodeRefused, Some(user.customer)).about(user.id);
        audit::service::record(&mut tx, platform, event.from(origin.address.clone()).with("why", refused)).await?;
    }
    tx.commit().await?;
    Ok(sent)
}

/// Why no code was sent, for the audit.
#[must_use]
pub const fn refusal(sent: &Sent) -> Option<&'static str> {
    match sent {
        Sent::OnItsWay(Waiting { .. }) => None,
        Sent::NotBefore(_) => Some("too_many"),
        Sent::SpentForToday => Some("spent_for_today"),
    }
}
