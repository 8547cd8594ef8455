//! Tells whoever asked for a reset, and wants to know, how many are back: by mail, at most once an hour, and when all are.

use super::service;
use super::store::{self, returned};
use crate::domain::authority::Actor;
use crate::domain::ids::ResetId;
use crate::domain::mail::Mail;
use crate::domain::progress::Returned;
use crate::features::outbox::service::Letter;
use crate::features::{outbox, session};
use crate::platform::{Platform, Result};

/// Switches the mails about one's own reset on or off; says whether it is one's own, and was confirmed.
///
/// # Errors
/// When the database fails.
pub async fn set(platform: &Platform, actor: &Actor, id: ResetId, on: bool) -> Result<bool> {
    let mut tx = platform.db.begin().await?;
    let reset = store::get(&mut tx, id).await?;
    let is_mine = reset.is_some_and(|reset| reset.requester() == actor.user && reset.confirmed_at.is_some());
    if is_mine {
        let back = returned::count(&mut tx, id).await?.back;
        returned::set(&mut tx, id, on.then(|| (platform.now(), back))).await?;
        tx.commit().await?;
    }
    Ok(is_mine)
}

/// Writes what is due. Of two processes that do it at once, one writes.
///
/// # Errors
/// When the database fails; what was committed until then stays.
pub async fn tell(platform: &Platform) -> Result<()> {
    let now = platform.now();
    let wanted = returned::wanted(&mut *platform.db.read().await?, now).await?;
    for wanted in wanted {
        let returned = returned::count(&mut *platform.db.read().await?, wanted.id).await?;
        if !returned.is_told((wanted.back_told_at, wanted.back_told), now) {
            continue;
        }
        let mut tx = platform.db.begin().await?;
        let Some(reset) = store::get(&mut tx, wanted.id).await? else {
            continue;
        };
        // Whoever may no longer look at it hears no more of it, and once everybody is back nothing is left to tell.
        let may_look = match session::service::actor(&mut tx, reset.requester(), now).await? {
            Some(actor) => service::seen(&mut tx, &actor, reset.id).await?.is_some(),
            None => false,
        };
        let told = (may_look && !returned.is_everybody()).then_some((now, returned.back));
        if returned::move_on(&mut tx, wanted, told).await? && may_look {
            let Returned { back, of } = returned;
            let lately = back - wanted.back_told;
            let mail = Mail::PeopleBack { reset: reset.id, since: wanted.back_told_at, lately, back, of };
            outbox::service::enqueue(&mut tx, platform, vec![Letter { user: reset.requester(), mail, link: None }])
                .await?;
        }
        tx.commit().await?;
    }
    Ok(())
}
