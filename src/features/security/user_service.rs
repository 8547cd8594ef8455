//! What help desks see of a user, and what they end: all sessions. One method goes in `user_removal`.

use crate::domain::audit::{Entry, Event, What};
use crate::domain::authority::{Actor, Refusal, Right, Role, Scope};
use crate::domain::customer::Customer;
use crate::domain::ids::UserId;
use crate::domain::method::Removal;
use crate::domain::recovery::Link;
use crate::domain::time::Time;
use crate::features::audit::service::Recorded;
use crate::features::backup_codes::service::CodesLeft;
use crate::features::methods::service::Method;
use crate::features::outbox::service::Delivery;
use crate::features::session::service::devices::Device;
use crate::features::session::service::{OpenSession, Session};
use crate::features::users::service::User;
use crate::features::{audit, backup_codes, customers, methods, outbox, recovery, session, users};
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result};

use super::user_removal;

/// A user with all that their details show.
pub struct View {
    /// The user.
    pub user: User,
    /// Their home customer.
    pub home: Customer,
    /// Their methods, with what taking each away comes to.
    pub methods: Vec<(Method, Removal)>,
    /// Their backup codes.
    pub codes: CodesLeft,
    /// Their sessions.
    pub sessions: Vec<OpenSession>,
    /// The devices they trust; none where their customer allows no trust.
    pub devices: Option<Vec<Device>>,
    /// Their roles in the customers that the reader may see, home first.
    pub roles: Vec<(String, Role)>,
    /// The recovery link that has not ended.
    pub link: Option<Link>,
    /// What became of its mail.
    pub delivery: Option<Delivery>,
    /// Their last sign-ins.
    pub sign_ins: Vec<Entry>,
    /// What happened last.
    pub happened: Vec<Recorded>,
}

/// How many of the newest events the details show.
const EVENTS: i64 = 6;
/// How many of the last sign-ins the details show.
const SIGN_INS: i64 = 5;

/// The details of a user whom `actor` may see; none for any other, whether there is one or not.
///
/// # Errors
/// When the database fails.
pub async fn view(conn: &mut Conn, actor: &Actor, id: UserId, now: Time) -> Result<Option<View>> {
    let scope = actor.scope(Right::Read);
    let Some((user, home)) = find(conn, &scope, id).await? else {
        return Ok(None);
    };
    let who = user.user;
    let listed = methods::service::list(conn, who).await?;
    let removal = user_removal::removal(conn, &user, &home, listed.len(), now).await?;
    let ids: Vec<_> = user.link.iter().map(|(link, _)| *link).collect();
    let link = recovery::service::states(conn, &ids).await?.pop().map(|(_, link)| link);
    let delivery = outbox::service::delivery_of(conn, &ids).await?.into_values().next();
    Ok(Some(View {
        methods: listed.into_iter().map(|method| (method, removal)).collect(),
        codes: backup_codes::service::left(conn, who).await?,
        sessions: session::service::list(conn, who, now).await?,
        devices: super::device_service::listed(conn, who, &home.policy, now).await?,
        roles: users::service::roles(conn, &scope, who, now).await?,
        link,
        delivery,
        sign_ins: audit::service::last(conn, who, What::SignedIn, SIGN_INS).await?,
        happened: audit::service::about(conn, &scope, who, None, EVENTS).await?,
        user,
        home,
    }))
}

async fn find(conn: &mut Conn, scope: &Scope, id: UserId) -> Result<Option<(User, Customer)>> {
    let Some(user) = users::service::by_ids(conn, scope, &[id]).await?.pop() else {
        return Ok(None);
    };
    let home = users::service::home(conn, user.user).await?;
    Ok(home.map(|home| (user, home)))
}

/// A user whom `actor` may see, with a page of what happened to them, older than event `before`.
///
/// # Errors
/// When the database fails.
pub async fn activity(
    conn: &mut Conn,
    actor: &Actor,
    id: UserId,
    before: Option<i64>,
    limit: i64,
) -> Result<Option<(User, Vec<Recorded>)>> {
    let scope = actor.scope(Right::Read);
    let Some(user) = users::service::by_ids(conn, &scope, &[id]).await?.pop() else {
        return Ok(None);
    };
    let happened = audit::service::about(conn, &scope, user.user, before, limit).await?;
    Ok(Some((user, happened)))
}

pub(super) fn event(platform: &Platform, origin: &Origin, actor: &Actor, what: What) -> Event {
    Event::new(platform.now(), what, Some(actor.user.customer)).by(actor.user).from(origin.address.clone())
}

/// Whether `actor` may take something away from the user; whoever is out of their reach is refused like nobody at all.
pub(super) async fn manageable(
    conn: &mut Conn,
    actor: &Actor,
    id: UserId,
) -> Result<std::result::Result<(User, Customer), Refusal>> {
    if !actor.has_mfa {
        return Ok(Err(Refusal::NoFactorOfYourOwn));
    }
    Ok(match find(conn, &actor.scope(Right::Manage), id).await? {
        None => Err(Refusal::NoRole),
        Some((user, home)) => actor.may_manage(user.user, user.role).map(|()| (user, home)),
    })
}

/// Takes the locks of the user's customer and of the user; says whether both are within the actor's reach.
pub(super) async fn locked(conn: &mut Conn, actor: &Actor, id: UserId) -> Result<bool> {
    let scope = actor.scope(Right::Manage);
    let Some(user) = users::service::by_ids(conn, &scope, &[id]).await?.pop() else {
        return Ok(false);
    };
    let home = customers::service::lock(conn, &scope, user.user.customer).await?;
    Ok(home.is_some() && users::service::lock(conn, user.user).await?.is_some())
}

/// The admin as the user may know them: by name, and from elsewhere with their customer's.
pub(super) fn introduced(session: &Session, user: &User) -> String {
    let name = &session.actor.name;
    if session.actor.user.customer == user.user.customer {
        name.clone()
    } else {
        format!("{name} ({})", session.customer_name)
    }
}

/// The user, under the locks, if the asking admin may take something away from them now; or why not.
pub(super) async fn held(
    conn: &mut Conn,
    session: &Session,
    id: UserId,
    now: Time,
) -> Result<std::result::Result<User, Refusal>> {
    Ok(match session::service::actor(conn, session.actor.user, now).await? {
        Some(actor) if locked(conn, &actor, id).await? => manageable(conn, &actor, id).await?.map(|(user, _)| user),
        Some(actor) if !actor.has_mfa => Err(Refusal::NoFactorOfYourOwn),
        _ => Err(Refusal::NoRole),
    })
}

/// Ends all sessions of a user, what they had half finished and their trusted devices; says how many sessions, or why not.
///
/// # Errors
/// When the database fails.
pub async fn end_sessions(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    id: UserId,
) -> Result<std::result::Result<u64, Refusal>> {
    let mut tx = platform.db.begin().await?;
    let actor = &session.actor;
    let found = held(&mut tx, session, id, platform.now()).await?;
    let user = match found {
        Ok(user) => user,
        Err(refusal) => {
            drop(tx);
            let refused = event(platform, origin, actor, What::ChangeRefused).with("change", "end_sessions");
            audit::service::record_alone(platform, refused.with("why", refusal)).await?;
            return Ok(Err(refusal));
        }
    };
    let (user, devices) = (user.user, user.trusted_devices);
    let ended = session::service::end_all(&mut tx, user.customer, &[user.id]).await?;
    session::service::end_all_challenges(&mut tx, user.customer, &[user.id]).await?;
    let record = Event::new(platform.now(), What::SessionsEnded, Some(user.customer)).by(actor.user).about(user.id);
    let record = record.from(origin.address.clone()).with("count", ended);
    let record = if devices > 0 { record.with("trusted_devices", devices) } else { record };
    audit::service::record(&mut tx, platform, record).await?;
    tx.commit().await?;
    Ok(Ok(ended))
}
