//! Taking one method from a user, by their help desk.

use std::collections::BTreeMap;

use super::service::named;
use super::user_service::{event, introduced, locked, manageable};
use crate::domain::approval::reasons;
use crate::domain::audit::{Event, What};
use crate::domain::authority::{Actor, Refusal};
use crate::domain::customer::Customer;
use crate::domain::ids::{MethodId, UserId};
use crate::domain::mail::Mail;
use crate::domain::method::Removal;
use crate::domain::policy::{Lack, lacks};
use crate::domain::sign_in::CodeProblem;
use crate::domain::time::Time;
use crate::domain::user::one_line;
use crate::features::methods::service::Method;
use crate::features::outbox::service::Letter;
use crate::features::session::service::{NewToken, Session};
use crate::features::users::service::User;
use crate::features::{audit, backup_codes, methods, outbox, session, sign_in, users};
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result};

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
pub(super) async fn removal(
    conn: &mut Conn,
    user: &User,
    home: &Customer,
    methods: usize,
    now: Time,
) -> Result<Removal> {
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
    match lacks(std::iter::once(&policy), reason.is_some(), ticket.is_some()) {
        Some(Lack::Reason) => return Ok(Removed::ReasonMissing),
        Some(Lack::Ticket) => return Ok(Removed::TicketMissing),
        None => {}
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
