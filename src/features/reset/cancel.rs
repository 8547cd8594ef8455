//! Stops a reset: a chunk under way finishes, and whoever was not begun keeps everything they have.

use super::store;
use crate::domain::audit::{Event, What};
use crate::domain::authority::{Actor, Refusal, Right};
use crate::domain::ids::{CustomerId, ResetId};
use crate::domain::plan::seal;
use crate::features::audit;
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result};

/// What came of stopping a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// Nobody else is begun. So many had not been.
    Stopped(i64),
    /// Nobody was left.
    Over,
    /// No reset that this actor may see.
    Unknown,
    /// Somebody else's, over customers that this actor does not manage.
    Refused(Refusal),
}

/// Stops what has not begun of a reset: for whoever asked for it, and for whoever manages every customer that it still has
/// to do with. Those who were not begun are skipped by the next steps of [`super::run::run`].
///
/// # Errors
/// When the database fails.
pub async fn cancel(platform: &Platform, origin: &Origin, actor: &Actor, id: ResetId) -> Result<Cancelled> {
    let now = platform.now();
    let mut tx = platform.db.begin().await?;
    let Some(reset) = store::get(&mut tx, id).await? else {
        return Ok(Cancelled::Unknown);
    };
    let is_mine = reset.requester() == actor.user;
    let is_seen = is_mine || !store::within(&mut tx, &actor.scope(Right::Read), id).await?.customers().is_empty();
    if reset.confirmed_at.is_none() || !is_seen {
        return Ok(Cancelled::Unknown);
    }
    // Taken first: whoever is left once the chunk under way is done, is left.
    let first = store::cancel(&mut tx, id, actor.user, now).await?;
    let left = store::pending_customers(&mut tx, id).await?;
    if !first || left.is_empty() {
        return Ok(Cancelled::Over);
    }
    let event = |what, customer| {
        Event::new(now, what, Some(customer)).by(actor.user).from(origin.address.clone()).with("reset", id)
    };
    let customers: Vec<CustomerId> = left.iter().map(|(customer, _)| *customer).collect();
    if let Some(refusal) = (!is_mine).then(|| refusal(actor, &customers)).flatten() {
        drop(tx);
        let event = event(What::ResetRefused, actor.user.customer).with("why", refusal).with("what", "stop");
        audit::service::record_alone(platform, event).await?;
        return Ok(Cancelled::Refused(refusal));
    }
    let stopped = |(customer, users): &(CustomerId, i64)| {
        event(What::ResetCancelled, *customer).with("plan", seal(&reset.plan_hash)).with("users", users)
    };
    audit::service::record_all(&mut tx, platform, left.iter().map(stopped).collect()).await?;
    tx.commit().await?;
    Ok(Cancelled::Stopped(left.iter().map(|(_, users)| users).sum()))
}

/// Whether `actor` may stop this reset now, for a button.
///
/// # Errors
/// When the database fails.
pub async fn offered(conn: &mut Conn, actor: &Actor, reset: &store::Reset) -> Result<bool> {
    if reset.confirmed_at.is_none() || reset.completed_at.is_some() || reset.cancelled_at.is_some() {
        return Ok(false);
    }
    if reset.requester() == actor.user {
        return Ok(true);
    }
    let left = store::pending_customers(conn, reset.id).await?;
    let customers: Vec<CustomerId> = left.iter().map(|(customer, _)| *customer).collect();
    Ok(refusal(actor, &customers).is_none())
}

fn refusal(actor: &Actor, customers: &[CustomerId]) -> Option<Refusal> {
    if !actor.has_mfa {
        return Some(Refusal::NoFactorOfYourOwn);
    }
    let scope = actor.scope(Right::Manage);
    customers.iter().any(|customer| !scope.covers(*customer)).then_some(Refusal::NoRole)
}
