//! Adds a passkey or security key to one's own methods.

use super::method_service::{Added, added_one, missed, own_addition};
use super::service::{myself, still_asking};
use crate::domain::audit::What;
use crate::domain::method::{MOST_METHODS, MethodKind};
use crate::features::methods::service::passkeys;
use crate::features::session::service::Session;
use crate::features::{customers, methods, session};
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
        return missed(tx, platform, origin, session, (&challenge, token), "add_passkey").await;
    }
    added_one(tx, platform, origin, session, (What::PasskeyAdded, MethodKind::Passkey), name).await
}
