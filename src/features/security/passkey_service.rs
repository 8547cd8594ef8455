//! Adds a passkey or security key to one's own methods.

use super::method_service::{Added, own_addition};
use super::service::{end_all_else, event, myself, named, still_asking};
use crate::domain::audit::What;
use crate::domain::mail::Mail;
use crate::domain::method::{MOST_METHODS, MethodKind};
use crate::domain::sign_in::Purpose;
use crate::features::methods::service::passkeys;
use crate::features::outbox::service::Letter;
use crate::features::session::service::Session;
use crate::features::{audit, customers, methods, outbox, session};
use crate::platform::request::Origin;
use crate::platform::{Platform, Result};

/// Asks for a new key, where a fresh factor opened an addition in this browser. None when there is none, or keys cannot be
/// used here. An earlier question of the same addition is void.
///
/// # Errors
/// When the database fails.
pub async fn ask(platform: &Platform, session: &Session, token: &str) -> Result<Option<String>> {
    let user = session.actor.user;
    let mut tx = platform.db.begin().await?;
    if still_asking(&mut tx, session).await?.is_none() {
        return Ok(None);
    }
    let Some(challenge) = own_addition(&mut tx, session, token, platform.now()).await? else {
        return Ok(None);
    };
    let Some((_, address)) = myself(&mut tx, session).await? else {
        return Ok(None);
    };
    if !customers::service::allows(&mut tx, user.customer, MethodKind::Passkey).await? {
        return Ok(None);
    }
    let verification = customers::service::user_verification(&mut tx, user.customer).await?;
    let called = (address.as_str(), session.actor.name.as_str());
    let asked = passkeys::ask_new(&mut tx, platform, user, called, verification).await?;
    let Some(ceremony) = asked else {
        return Ok(None);
    };
    session::service::set_ceremony(&mut tx, platform, &challenge, &ceremony.state).await?;
    tx.commit().await?;
    Ok(Some(ceremony.question))
}

/// Registers the key that gave this answer, under this name.
///
/// # Errors
/// When the database fails.
pub async fn add(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    token: &str,
    answer: &str,
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
    // The policy may have changed since the key was asked for.
    let allowed = customers::service::allows(&mut tx, user.customer, MethodKind::Passkey).await?;
    if !allowed || methods::service::list(&mut tx, user).await?.len() >= MOST_METHODS {
        return Ok(Added::Over);
    }
    let registered = match session::service::take_ceremony(&mut tx, platform, &challenge).await? {
        Some(state) => passkeys::register(&mut tx, platform, user, &state, answer, name).await?,
        None => None,
    };
    if registered.is_none() {
        session::service::wrong_code(&mut tx, &challenge).await?;
        let over = session::service::challenge(&mut tx, token, now).await?.is_none();
        let wrong = event(platform, origin, session, What::CodeWrong).with("at", "add_passkey");
        audit::service::record(&mut tx, platform, wrong).await?;
        tx.commit().await?;
        return Ok(if over { Added::Over } else { Added::Wrong });
    }
    let ended = end_all_else(&mut tx, session).await?;
    let mail = Mail::MethodAdded { at: now, method: MethodKind::Passkey, name: name.map(str::to_owned) };
    outbox::service::enqueue(&mut tx, platform, vec![Letter { user, mail, link: None }]).await?;
    let added = event(platform, origin, session, What::PasskeyAdded).with("through", Purpose::AddMethod);
    audit::service::record(&mut tx, platform, named(added, name).with("sessions_ended", ended)).await?;
    tx.commit().await?;
    Ok(Added::Right)
}
