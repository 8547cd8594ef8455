//! Somebody whose account is about to change, with every lock that decides about it.

use crate::domain::authority::{Actor, Refusal, Right};
use crate::domain::ids::{CustomerId, UserId};
use crate::features::session::service::Session;
use crate::features::users::service::User;
use crate::features::{customers, session, users};
use crate::platform::{Conn, Fault, Platform, Result};

/// A user, and whoever acts on them, as both are under the locks.
pub struct Held {
    /// Who acts.
    pub actor: Actor,
    /// On whom.
    pub user: User,
    /// The home customer of that user and every other in which they have a role.
    pub customers: Vec<CustomerId>,
}

/// Takes the locks of everybody whom a change to `id` concerns, customers before users and each in ascending order, and
/// reads under them who may do what. The error is the refusal; none where there is nobody whom the actor may see, which is
/// the same for the users of others and for those who are not there.
///
/// # Errors
/// When the database fails; [`Fault::Busy`] when roles changed at the same moment.
pub async fn hold(
    conn: &mut Conn,
    platform: &Platform,
    session: &Session,
    id: UserId,
) -> Result<Result<Held, Option<Refusal>>> {
    let scope = session.actor.scope(Right::Read);
    let Some(seen) = users::service::by_ids(conn, &scope, &[id]).await?.pop() else {
        return Ok(Err(None));
    };
    let target = seen.user;
    let locked = concerned(conn, &seen).await?;
    customers::service::hold(conn, locked.iter().copied()).await?;
    let mut people = [session.actor.user, target];
    people.sort_unstable();
    for person in people {
        users::service::lock(conn, person).await?;
    }
    let Some(actor) = session::service::actor(conn, session.actor.user, platform.now()).await? else {
        return Ok(Err(Some(Refusal::NoRole)));
    };
    let scope = actor.scope(Right::Read);
    let Some(user) = users::service::by_ids(conn, &scope, &[id]).await?.pop() else {
        return Ok(Err(None));
    };
    let customers = concerned(conn, &user).await?;
    if customers.iter().any(|customer| !locked.contains(customer)) {
        return Err(Fault::Busy);
    }
    Ok(match actor.may_manage(target, user.role) {
        Ok(()) => Ok(Held { actor, user, customers }),
        Err(refusal) => Err(Some(refusal)),
    })
}

async fn concerned(conn: &mut Conn, user: &User) -> Result<Vec<CustomerId>> {
    let mut customers = users::service::life::member_of(conn, user.user).await?;
    customers.push(user.user.customer);
    customers.sort_unstable();
    customers.dedup();
    Ok(customers)
}
