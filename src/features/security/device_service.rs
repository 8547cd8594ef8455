//! The end of a trusted device, by its user or by an admin who looks after them.

use super::user_service::{event, held};
use crate::domain::audit::What;
use crate::domain::authority::Refusal;
use crate::domain::ids::{DeviceId, UserId};
use crate::domain::policy::Policy;
use crate::domain::time::Time;
use crate::domain::user::UserRef;
use crate::features::audit;
use crate::features::session::service::Session;
use crate::features::session::service::devices::{self, Device};
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result, Tx};

/// The devices that `user` trusts; none where their customer allows no trust.
///
/// # Errors
/// When the database fails.
pub async fn listed(conn: &mut Conn, user: UserRef, policy: &Policy, now: Time) -> Result<Option<Vec<Device>>> {
    Ok(match policy.trust_days {
        0 => None,
        days => Some(devices::list(conn, user, days, now).await?),
    })
}

/// Ends one of the own trusted devices; says whether there was one. Somebody else's is none.
///
/// # Errors
/// When the database fails.
pub async fn end_own(platform: &Platform, origin: &Origin, session: &Session, id: DeviceId) -> Result<bool> {
    let tx = platform.db.begin().await?;
    end(tx, platform, origin, session, session.actor.user, id).await
}

/// Ends one trusted device of a user; says whether there was one, or why not.
///
/// # Errors
/// When the database fails.
pub async fn end_of_user(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    user: UserId,
    id: DeviceId,
) -> Result<std::result::Result<bool, Refusal>> {
    let mut tx = platform.db.begin().await?;
    match held(&mut tx, session, user, platform.now()).await? {
        Ok(user) => Ok(Ok(end(tx, platform, origin, session, user.user, id).await?)),
        Err(refusal) => {
            drop(tx);
            let refused = event(platform, origin, &session.actor, What::ChangeRefused).with("change", "end_device");
            audit::service::record_alone(platform, refused.with("why", refusal)).await?;
            Ok(Err(refusal))
        }
    }
}

async fn end(
    mut tx: Tx,
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    user: UserRef,
    id: DeviceId,
) -> Result<bool> {
    let ended = devices::end_one(&mut tx, user, id, session).await?;
    let record = |what| {
        let mut event = event(platform, origin, &session.actor, what).about(user.id);
        event.customer = Some(user.customer);
        event
    };
    let record = match &ended {
        Some(Device { origin, .. }) => match &origin.browser {
            Some(browser) => record(What::DeviceEnded).with("device", browser),
            None => record(What::DeviceEnded),
        },
        None => record(What::ChangeRefused).with("change", "end_device").with("why", "no_such_device"),
    };
    audit::service::record(&mut tx, platform, record).await?;
    tx.commit().await?;
    Ok(ended.is_some())
}
