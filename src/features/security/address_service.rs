//! Asks for another address of one's own, or a second one, and takes the second one away. What follows is in `addresses`.

use super::service::{Changed, Refused, event, myself, prove, refuse, still_asking};
use crate::domain::address::Place;
use crate::domain::audit::What;
use crate::domain::time::Time;
use crate::domain::user::Address;
use crate::features::addresses::service::{self as addresses, Asked, Waiting};
use crate::features::session::service::{NewToken, Session};
use crate::features::sign_in::service::Factor;
use crate::features::{audit, methods, users};
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result};

/// One's own addresses.
pub struct Own {
    /// Where mails go.
    pub address: Address,
    /// Where copies go, and since when.
    pub second: Option<(Address, Time)>,
    /// What waits for its link.
    pub waiting: Option<Waiting>,
}

/// One's own addresses. None when the user is gone.
///
/// # Errors
/// When the database fails.
pub async fn own(conn: &mut Conn, platform: &Platform, session: &Session) -> Result<Option<Own>> {
    let Some((_, address)) = myself(conn, session).await? else {
        return Ok(None);
    };
    let waiting = addresses::waiting(conn, session.actor.user, platform.now()).await?;
    let second = users::service::second_address(conn, session.actor.user).await?;
    Ok(Some(Own { address, second, waiting }))
}

/// A fresh second factor. Whoever has none has nothing but a password to show, and a stolen one is not to take the addresses as
/// well.
async fn proved<T>(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    factor: &Factor,
    change: &str,
) -> Result<std::result::Result<NewToken, Changed<T>>> {
    if methods::service::list(&mut *platform.db.read().await?, session.actor.user).await?.is_empty() {
        return Ok(Err(refuse(platform, origin, session, change, Refused::NoFactor).await?));
    }
    prove(platform, origin, session, factor, change).await
}

/// Asks for another address, after a fresh second factor.
///
/// # Errors
/// When the database fails.
pub async fn ask(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    factor: &Factor,
    (place, address): (Place, &Address),
) -> Result<Changed<Asked>> {
    let change = change(place);
    let token = match proved(platform, origin, session, factor, change).await? {
        Ok(token) => token,
        Err(wrong) => return Ok(wrong),
    };
    let mut tx = platform.db.begin().await?;
    let Some(locked) = still_asking(&mut tx, session).await? else {
        return Ok(Changed::Refused(Refused::SessionOver, Some(token)));
    };
    let asked = addresses::ask(&mut tx, platform, &locked, place, address).await?;
    let refused = |why| event(platform, origin, session, What::ChangeRefused).with("change", change).with("why", why);
    let record = match asked {
        Asked::Waiting => {
            event(platform, origin, session, What::AddressAsked).with("place", place).with("new", address.masked())
        }
        Asked::Same => refused("same"),
        Asked::TooMany => refused("too_many"),
    };
    audit::service::record(&mut tx, platform, record).await?;
    tx.commit().await?;
    Ok(Changed::Done(token, asked))
}

/// Takes the second address away, after a fresh second factor.
///
/// # Errors
/// When the database fails.
pub async fn remove_second(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    factor: &Factor,
) -> Result<Changed<()>> {
    let token = match proved(platform, origin, session, factor, change(Place::Second)).await? {
        Ok(token) => token,
        Err(wrong) => return Ok(wrong),
    };
    let mut tx = platform.db.begin().await?;
    let locked = still_asking(&mut tx, session).await?;
    let Some(second) = locked.and_then(|locked| locked.second_address) else {
        return Ok(Changed::Refused(Refused::SessionOver, Some(token)));
    };
    addresses::remove_second(&mut tx, platform, session.actor.user, &second).await?;
    let removed = event(platform, origin, session, What::SecondAddressRemoved).with("old", second.masked());
    audit::service::record(&mut tx, platform, removed).await?;
    tx.commit().await?;
    Ok(Changed::Done(token, ()))
}

/// What a step-up is for.
const fn change(place: Place) -> &'static str {
    match place {
        Place::Primary => "address",
        Place::Second => "second_address",
    }
}
