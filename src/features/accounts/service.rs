//! The use cases over one account: send the invitation again, suspend, reactivate, remove; and what all changes of
//! accounts share. Inviting is in `invite` and `list`.

use std::iter;

use super::held::{Held, hold};
use super::invite::send;
use crate::domain::audit::{Event, What};
use crate::domain::authority::{Actor, Refusal, Right};
use crate::domain::ids::{CustomerId, UserId};
use crate::domain::invitation::{self as invited, MAIL_WINDOW, next_mail_at};
use crate::domain::mail::Mail;
use crate::domain::recovery;
use crate::domain::sign_in::CodeProblem;
use crate::domain::time::Time;
use crate::domain::user::{Standing, UserRef};
use crate::features::outbox::service::Letter;
use crate::features::session::service::{NewToken, Session};
use crate::features::{
    addresses, audit, backup_codes, customers, invitation, methods, outbox, recovery as links, sign_in, stock, users,
};
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result};

/// Records that somebody tried what they may not.
pub(super) async fn record_refusal(
    platform: &Platform,
    origin: &Origin,
    actor: UserRef,
    change: &str,
    why: &str,
) -> Result<()> {
    let event = Event::new(platform.now(), What::ChangeRefused, Some(actor.customer)).by(actor);
    let event = event.from(origin.address.clone()).with("change", change).with("why", why);
    audit::service::record_alone(platform, event).await
}

/// What came of a change to somebody's account.
pub enum Changed {
    /// It is so now. Where a code was asked for, the session has a new token.
    Done(Option<NewToken>),
    /// It was so already: nothing happened.
    Already,
    /// Nobody of that name whom the actor may see.
    NotHere,
    /// No authority for that.
    Refused(Refusal),
    /// This customer would be left without an owner who can sign in; none where the actor may not know its name.
    LastOwner(Option<String>),
    /// There were enough mails for now: the next one goes not before this time.
    NotBefore(Time),
    /// The code was not taken.
    Code(CodeProblem),
}

/// A change to one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Send the invitation again; the older link is dead.
    InviteAgain,
    /// Keep them out.
    Suspend,
    /// Let them in again, as they stood before.
    Reactivate,
    /// Take everything but the name.
    Remove,
}

impl Change {
    const fn as_str(self) -> &'static str {
        match self {
            Self::InviteAgain => "invite_again",
            Self::Suspend => "suspend",
            Self::Reactivate => "reactivate",
            Self::Remove => "remove",
        }
    }
}

/// Changes somebody's account. Removing asks for the own code, the rest does not.
///
/// # Errors
/// When the database fails, or too much happens at once.
pub async fn change(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    id: UserId,
    change: Change,
    code: &str,
) -> Result<Changed> {
    let mut token = None;
    if change == Change::Remove {
        // Whatever stands against it is said before a code is spent on it.
        let mut tx = platform.db.begin().await?;
        let held = hold(&mut tx, platform, session, id).await?;
        let against = against(&mut tx, platform, held.as_ref(), change).await?;
        drop(tx);
        if let Some(changed) = against {
            return refuse(platform, origin, session, change, changed).await;
        }
        token = match sign_in::service::prove(platform, origin, session, code, ("remove", &id.to_string())).await? {
            Ok(token) => Some(token),
            Err(code) => return Ok(Changed::Code(code)),
        };
    }
    let mut tx = platform.db.begin().await?;
    let held = hold(&mut tx, platform, session, id).await?;
    if let Some(changed) = against(&mut tx, platform, held.as_ref(), change).await? {
        drop(tx);
        return refuse(platform, origin, session, change, changed).await;
    }
    let Ok(held) = held else {
        return Ok(Changed::NotHere);
    };
    let from = origin.address.clone();
    match change {
        Change::InviteAgain => {
            let user = held.user.user;
            outbox::service::supersede_waiting(&mut tx, platform, user, true).await?;
            send(&mut tx, platform, from, &held.actor, user.customer, &[user]).await?;
        }
        Change::Suspend => suspend(&mut tx, platform, from, &held).await?,
        Change::Reactivate => reactivate(&mut tx, platform, from, &held).await?,
        Change::Remove => remove(&mut tx, platform, from, &held).await?,
    }
    tx.commit().await?;
    Ok(Changed::Done(token))
}

/// What stands against a change, if anything does.
async fn against(
    conn: &mut Conn,
    platform: &Platform,
    held: Result<&Held, &Option<Refusal>>,
    change: Change,
) -> Result<Option<Changed>> {
    let held = match held {
        Ok(held) => held,
        Err(None) => return Ok(Some(Changed::NotHere)),
        Err(Some(refusal)) => return Ok(Some(Changed::Refused(*refusal))),
    };
    let standing = held.user.standing;
    Ok(match change {
        Change::Reactivate => (standing != Standing::Suspended).then_some(Changed::Already),
        Change::Suspend if standing == Standing::Suspended => Some(Changed::Already),
        Change::Suspend | Change::Remove => last_owner(conn, platform, held).await?.map(Changed::LastOwner),
        Change::InviteAgain if standing != Standing::Invited => Some(Changed::Already),
        Change::InviteAgain => next_mail(conn, platform, held.user.user).await?.map(Changed::NotBefore),
    })
}

async fn refuse(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    change: Change,
    changed: Changed,
) -> Result<Changed> {
    let why = match &changed {
        Changed::NotHere => "not_here",
        Changed::Refused(refusal) => refusal.as_str(),
        Changed::LastOwner(_) => "last_owner",
        _ => return Ok(changed),
    };
    record_refusal(platform, origin, session.actor.user, change.as_str(), why).await?;
    Ok(changed)
}

/// When the next invitation may go to `user`, if not at once.
///
/// # Errors
/// When the database fails.
pub async fn next_mail(conn: &mut Conn, platform: &Platform, user: UserRef) -> Result<Option<Time>> {
    let now = platform.now();
    let Some((link, _)) = invitation::service::of_user(conn, user).await? else {
        return Ok(None);
    };
    let since = now - MAIL_WINDOW;
    Ok(next_mail_at(&outbox::service::links_queued(conn, user, link, since).await?, now))
}

/// The customer that would be left without an owner who can sign in, by its name where the actor may know it.
async fn last_owner(conn: &mut Conn, platform: &Platform, held: &Held) -> Result<Option<Option<String>>> {
    for customer in &held.customers {
        let owners = users::service::working_owners(conn, *customer, platform.now()).await?;
        if !owners.is_empty() && owners.iter().all(|owner| *owner == held.user.user) {
            let seen = held.actor.scope(Right::Read).narrowed(&[*customer]);
            let name = customers::service::list(conn, &seen).await?.pop().map(|customer| customer.name);
            return Ok(Some(name));
        }
    }
    Ok(None)
}

fn event(platform: &Platform, held: &Held, what: What, from: Option<String>) -> Event {
    let user = held.user.user;
    Event::new(platform.now(), what, Some(user.customer)).by(held.actor.user).about(user.id).from(from)
}

async fn suspend(conn: &mut Conn, platform: &Platform, from: Option<String>, held: &Held) -> Result<()> {
    let (user, now) = (held.user.user, platform.now());
    users::service::suspend(conn, user, now).await?;
    links::service::end(conn, platform, user, recovery::End::Revoked).await?;
    invitation::service::end(conn, platform, user, invited::End::Revoked).await?;
    // What they would lead to is closed; the news of today takes their place.
    outbox::service::supersede_waiting(conn, platform, user, true).await?;
    let by = customers::service::introduced(conn, &held.actor, user.customer).await?;
    let letter = Letter { user, mail: Mail::Suspended { at: now, by }, link: None };
    outbox::service::enqueue(conn, platform, vec![letter]).await?;
    audit::service::record(conn, platform, event(platform, held, What::UserSuspended, from)).await
}

async fn reactivate(conn: &mut Conn, platform: &Platform, from: Option<String>, held: &Held) -> Result<()> {
    let (user, now) = (held.user.user, platform.now());
    users::service::life::reactivate(conn, user).await?;
    let by = customers::service::introduced(conn, &held.actor, user.customer).await?;
    let invited = held.user.activated_at.is_none();
    let letter = Letter { user, mail: Mail::Reactivated { at: now, by, invited }, link: None };
    outbox::service::enqueue(conn, platform, vec![letter]).await?;
    audit::service::record(conn, platform, event(platform, held, What::UserReactivated, from)).await
}

async fn remove(conn: &mut Conn, platform: &Platform, from: Option<String>, held: &Held) -> Result<()> {
    let (user, now) = (held.user.user, platform.now());
    let by = held.actor.user;
    methods::service::delete_all(conn, user.customer, &[user.id], by, now).await?;
    // Tokens that they never activated are nobody's again as well.
    stock::service::return_all(conn, user.customer, &[user.id], by, now).await?;
    backup_codes::service::delete_all(conn, user.customer, &[user.id]).await?;
    links::service::end(conn, platform, user, recovery::End::Revoked).await?;
    invitation::service::end(conn, platform, user, invited::End::Revoked).await?;
    outbox::service::supersede_waiting(conn, platform, user, false).await?;
    let second = users::service::second_address(conn, user).await?.map(|(address, _)| address);
    users::service::life::remove(conn, user, now).await?;
    addresses::service::forget(conn, user).await?;
    let by = customers::service::introduced(conn, &held.actor, user.customer).await?;
    // Neither address is theirs any more.
    for address in iter::once(held.user.address.clone()).chain(second) {
        let letter = Letter { user, mail: Mail::Removed { at: now, by: by.clone() }, link: None };
        outbox::service::enqueue_to(conn, platform, letter, address).await?;
    }
    let elsewhere = held.customers.iter().filter(|customer| **customer != user.customer);
    let ended = |customer: &CustomerId| {
        let event = Event::new(now, What::RoleEnded, Some(*customer)).by(held.actor.user).about(user.id);
        event.with("why", "removed").with("name", &held.user.name)
    };
    let mut events: Vec<Event> = elsewhere.map(ended).collect();
    events.push(event(platform, held, What::UserRemoved, from));
    audit::service::record_all(conn, platform, events).await
}

/// Somebody's account, as its pages show it.
pub enum View {
    /// They were removed: the name is what is left.
    Removed(users::service::life::Removed),
    /// They are here.
    Here {
        /// Who.
        user: Box<users::service::User>,
        /// In how many other customers they have a role.
        elsewhere: usize,
        /// Their invitation, and how its newest mail fares.
        invitation: Option<(invited::Invitation, Option<outbox::service::Delivery>)>,
        /// Before when no further invitation goes out.
        next_mail_at: Option<Time>,
    },
}

/// The account with this id, if `actor` may see it.
///
/// # Errors
/// When the database fails.
pub async fn view(platform: &Platform, actor: &Actor, id: UserId) -> Result<Option<View>> {
    let scope = actor.scope(Right::Read);
    let mut conn = platform.db.read().await?;
    let Some(user) = users::service::by_ids(&mut conn, &scope, &[id]).await?.pop() else {
        return Ok(users::service::life::removed(&mut conn, &scope, id).await?.map(View::Removed));
    };
    let customers = users::service::life::member_of(&mut conn, user.user).await?;
    let elsewhere = customers.iter().filter(|customer| **customer != user.user.customer).count();
    let invitation = match invitation::service::of_user(&mut conn, user.user).await? {
        None => None,
        Some((link, facts)) => Some((facts, outbox::service::delivery_of(&mut conn, &[link]).await?.remove(&link))),
    };
    let next_mail_at = next_mail(&mut conn, platform, user.user).await?;
    Ok(Some(View::Here { user: Box::new(user), elsewhere, invitation, next_mail_at }))
}
