//! Asks for another address of one's own. What follows is in `addresses`.

use super::service::{Changed, Refused, event, myself, prove, refuse, still_asking};
use crate::domain::audit::What;
use crate::domain::user::Address;
use crate::features::addresses::service::{self as addresses, Asked, Waiting};
use crate::features::session::service::Session;
use crate::features::sign_in::service::Factor;
use crate::features::{audit, methods};
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result};

/// One's own address, and what waits to take its place.
pub struct Own {
    /// Where mails go.
    pub address: Address,
    /// What waits for its link.
    pub waiting: Option<Waiting>,
}

/// One's own address. None when the user is gone.
///
/// # Errors
/// When the database fails.
pub async fn own(conn: &mut Conn, platform: &Platform, session: &Session) -> Result<Option<Own>> {
    let Some((_, address)) = myself(conn, session).await? else {
        return Ok(None);
    };
    let waiting = addresses::waiting(conn, session.actor.user, platform.now()).await?;
    Ok(Some(Own { address, waiting }))
}

/// Asks for another address, after a fresh second factor. Whoever has none has nothing but a password to show, and a stolen one
/// is not to take the address as well.
///
/// # Errors
/// When the database fails.
pub async fn ask(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    factor: &Factor,
    address: &Address,
) -> Result<Changed<Asked>> {
    const CHANGE: &str = "address";
    if methods::service::list(&mut *platform.db.read().await?, session.actor.user).await?.is_empty() {
        return refuse(platform, origin, session, CHANGE, Refused::NoFactor).await;
    }
    let token = match prove(platform, origin, session, factor, CHANGE).await? {
        Ok(token) => token,
        Err(wrong) => return Ok(wrong),
    };
    let mut tx = platform.db.begin().await?;
    let Some(locked) = still_asking(&mut tx, session).await? else {
        return Ok(Changed::Refused(Refused::SessionOver, Some(token)));
    };
    let asked = addresses::ask(&mut tx, platform, &locked, address).await?;
    let record = match asked {
        Asked::Waiting => event(platform, origin, session, What::AddressAsked).with("new", address.masked()),
        Asked::Same => event(platform, origin, session, What::ChangeRefused).with("change", CHANGE).with("why", "same"),
        Asked::TooMany => {
            event(platform, origin, session, What::ChangeRefused).with("change", CHANGE).with("why", "too_many")
        }
    };
    audit::service::record(&mut tx, platform, record).await?;
    tx.commit().await?;
    Ok(Changed::Done(token, asked))
}
