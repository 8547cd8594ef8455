//! What help desks see of a user, and the single things they take away: one method, or all sessions.

use std::collections::BTreeMap;

use crate::domain::approval::reasons;
use crate::domain::audit::{Event, What};
use crate::domain::authority::{Actor, Refusal, Right, Role, Scope};
use crate::domain::customer::Customer;
use crate::domain::ids::{MethodId, UserId};
use crate::domain::mail::Mail;
use crate::domain::method::Removal;
use crate::domain::recovery::Link;
use crate::domain::sign_in::CodeProblem;
use crate::domain::time::Time;
use crate::domain::user::clean_name;
use crate::features::audit::service::Recorded;
use crate::features::backup_codes::service::CodesLeft;
use crate::features::methods::service::Method;
use crate::features::outbox::service::{Delivery, Letter};
use crate::features::session::service::devices::Device;
use crate::features::session::service::{NewToken, OpenSession, Session};
use crate::features::users::service::User;
use crate::features::{audit, backup_codes, customers, methods, outbox, recovery, session, sign_in, users};
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result};

use super::service::named;

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
    /// What happened last.
    pub happened: Vec<Recorded>,
}

/// How many of the newest events the details look through.
const EVENTS: i64 = 60;

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
    let removal = removal(conn, &user, &home, listed.len(), now).await?;
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
        happened: audit::service::about(conn, &scope, who, None, EVENTS).await?,
        user,
        home,
    }))
}

async fn find(conn: &mut Conn, scope: &Scope, id: UserId) -> Result<Option<(User, Customer)>> {
    let Some(user) = users::service::by_ids(conn, scope, &[id]).await?.pop() else {
        return Ok(None);
    };
    let home = customers::service::of_user(conn, user.user.customer).await?;
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

/// What an admin says when they remove a method.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// Why.
    pub reason: String,
    /// The help desk's ticket.
    pub ticket: String,
    /// The admin's own six digits.
    pub code: String,
}

/// What came of removing a method.
pub enum Removed {
    /// It is gone. The session goes on with this token.
    Done(NewToken),
    /// Outside the actor's authority; nothing was changed. With the new token, if the code was right.
    Refused(Refusal, Option<NewToken>),
    /// The user has no such method; somebody else's is none.
    NoMethod(Option<NewToken>),
    /// It is the last one, and whoever loses it needs a recovery link: a reset sends one.
    LinkNeeded(Option<NewToken>),
    /// It is the last one of the last owner who could sign in.
    LastOwner(Option<NewToken>),
    /// The user's customer needs a reason.
    ReasonMissing,
    /// The user's customer needs a ticket number.
    TicketMissing,
    /// The own code was not taken.
    Code(CodeProblem),
}

/// Why a removal is not possible.
enum Against {
    Authority(Refusal),
    NoMethod,
    LinkNeeded,
    LastOwner,
}

impl Against {
    const fn why(&self) -> &'static str {
        match self {
            Self::Authority(refusal) => refusal.as_str(),
            Self::NoMethod => "no_such_method",
            Self::LinkNeeded => "link_needed",
            Self::LastOwner => "no_owner_left",
        }
    }

    const fn removed(self, token: Option<NewToken>) -> Removed {
        match self {
            Self::Authority(refusal) => Removed::Refused(refusal, token),
            Self::NoMethod => Removed::NoMethod(token),
            Self::LinkNeeded => Removed::LinkNeeded(token),
            Self::LastOwner => Removed::LastOwner(token),
        }
    }
}

/// Everything that a removal decides by, as it is now.
struct Reviewed {
    user: User,
    home: Customer,
    method: Method,
    removal: Removal,
}

async fn review(
    conn: &mut Conn,
    actor: &Actor,
    id: UserId,
    method: MethodId,
    now: Time,
) -> Result<std::result::Result<Reviewed, Against>> {
    let (user, home) = match manageable(conn, actor, id).await? {
        Ok(found) => found,
        Err(refusal) => return Ok(Err(Against::Authority(refusal))),
    };
    let listed = methods::service::list(conn, user.user).await?;
    let removal = removal(conn, &user, &home, listed.len(), now).await?;
    let Some(method) = listed.into_iter().find(|listed| listed.id == method) else {
        return Ok(Err(Against::NoMethod));
    };
    match removal {
        Removal::Refused => return Ok(Err(Against::LinkNeeded)),
        Removal::TakesLast if is_last_owner(conn, &user, now).await? => return Ok(Err(Against::LastOwner)),
        Removal::TakesLast | Removal::KeepsOthers => {}
    }
    Ok(Ok(Reviewed { user, home, method, removal }))
}

/// What it comes to that an admin takes one of so many methods.
async fn removal(conn: &mut Conn, user: &User, home: &Customer, methods: usize, now: Time) -> Result<Removal> {
    let alone = BTreeMap::from([(home.id, vec![user.user])]);
    let privileged = home.policy.approver_privileged && users::service::is_privileged(conn, user.user, now).await?;
    let needs_second = !reasons(&alone, privileged, std::slice::from_ref(home)).is_empty();
    // A password that was chosen by mail leads to no set-up at sign-in: only a reset sends what would.
    let by_mail = users::service::is_password_by_mail(conn, user.user).await?;
    Ok(Removal::by_admin(methods, needs_second || by_mail || home.policy.link_required()))
}

/// Whether some customer would be left without an owner who can sign in.
async fn is_last_owner(conn: &mut Conn, user: &User, now: Time) -> Result<bool> {
    let who = user.user;
    for customer in users::service::owned_by(conn, who.customer, &[who.id], now).await? {
        if users::service::working_owners(conn, customer, now).await? == [who] {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Removes one method of a user, after the admin's own fresh code. The user keeps their others; without any, the next
/// sign-in is a set-up. All their sessions end with it.
///
/// # Errors
/// When the database fails.
pub async fn remove_method(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    id: UserId,
    method: MethodId,
    order: &Order,
) -> Result<Removed> {
    let actor = &session.actor;
    let refused = |against: &Against| {
        let refused = event(platform, origin, actor, What::ChangeRefused).with("change", "remove_method");
        refused.with("why", against.why())
    };
    let mut conn = platform.db.read().await?;
    let reviewed = review(&mut conn, actor, id, method, platform.now()).await?;
    drop(conn);
    let policy = match reviewed {
        Ok(reviewed) => reviewed.home.policy,
        Err(against) => {
            audit::service::record_alone(platform, refused(&against)).await?;
            return Ok(against.removed(None));
        }
    };
    let (reason, ticket) = (one_line(&order.reason), one_line(&order.ticket));
    if reason.is_none() && policy.reason_required {
        return Ok(Removed::ReasonMissing);
    }
    if ticket.is_none() && policy.ticket_required {
        return Ok(Removed::TicketMissing);
    }
    let about = method.to_string();
    let about = ("remove_method", about.as_str());
    let token = match sign_in::service::prove(platform, origin, session, &order.code, about).await? {
        Ok(token) => token,
        Err(problem) => return Ok(Removed::Code(problem)),
    };

    let now = platform.now();
    let mut tx = platform.db.begin().await?;
    // Authority and facts once more, under the locks: customer first, then the user.
    let held = locked(&mut tx, actor, id).await?;
    let open = session::service::is_open(&mut tx, session).await?;
    let reviewed = match session::service::actor(&mut tx, actor.user, now).await?.filter(|_| held && open) {
        Some(actor) => review(&mut tx, &actor, id, method, now).await?,
        None => Err(Against::Authority(Refusal::NoRole)),
    };
    let Reviewed { user, method, removal, .. } = match reviewed {
        Ok(reviewed) => reviewed,
        Err(against) => {
            audit::service::record(&mut tx, platform, refused(&against)).await?;
            tx.commit().await?;
            return Ok(against.removed(Some(token)));
        }
    };
    let who = user.user;
    methods::service::delete(&mut tx, who, method.id, actor.user, now).await?;
    let last = removal == Removal::TakesLast;
    if last {
        backup_codes::service::delete_all(&mut tx, who.customer, &[who.id]).await?;
        users::service::set_up_due(&mut tx, who.customer, &[who.id], now).await?;
    }
    let ended = session::service::end_all(&mut tx, who.customer, &[who.id]).await?;
    session::service::end_all_challenges(&mut tx, who.customer, &[who.id]).await?;
    let mail = Mail::MethodRemoved {
        at: now,
        method: method.kind,
        name: method.name.clone(),
        by: Some(introduced(session, &user)),
        reason: reason.clone(),
        ticket: ticket.clone(),
        last,
    };
    outbox::service::enqueue(&mut tx, platform, vec![Letter { user: who, mail, link: None }]).await?;
    let removed = Event::new(now, What::MethodRemoved, Some(who.customer)).by(actor.user).about(who.id);
    let removed = removed.from(origin.address.clone()).with("kind", method.kind).with("sessions_ended", ended);
    let mut removed = named(removed, method.name.as_deref());
    for (name, value) in [("reason", reason), ("ticket", ticket), ("last", last.then(|| "yes".to_owned()))] {
        if let Some(value) = value {
            removed = removed.with(name, value);
        }
    }
    audit::service::record(&mut tx, platform, removed).await?;
    tx.commit().await?;
    Ok(Removed::Done(token))
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

/// What was typed, on one line; none when nothing was.
pub(super) fn one_line(typed: &str) -> Option<String> {
    let line = clean_name(typed);
    (!line.is_empty()).then_some(line)
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
