//! The use cases of a reset: plan, review (`review`), confirm. What runs afterwards stands in `run.rs`.

mod review;

pub use review::{Preview, View, changes, found, list, mail, plan_of, reviewed, seen, view, waiting};

use std::collections::BTreeSet;

use super::approval;
use super::store::{self, ItemRow, Reset};
use crate::domain::audit::{Event, What};
use crate::domain::authority::{Actor, Refusal, Right, Scope};
use crate::domain::customer::Customer;
use crate::domain::ids::{CustomerId, ResetId, UserId};
use crate::domain::plan::{LIFETIME, MOST_USERS, Plan, Verdict, seal};
use crate::domain::policy::{Lack, lacks};
use crate::domain::sign_in::CodeProblem;
use crate::domain::time::{Span, Time};
use crate::domain::user::{UserRef, one_line};
use crate::domain::user_filter::UserFilter;
use crate::features::session::service::{NewToken, Session};
use crate::features::{audit, customers, sign_in, users};
use crate::platform::keys::sha256;
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result};

/// How many lines of a plan are written in one transaction.
const A_PART: usize = 1000;
/// For how long a plan that was never confirmed is kept.
const KEPT: Span = Span::hours(24);

/// What came of a selection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Planned {
    /// It is stored and frozen; nothing has happened yet.
    Frozen(ResetId),
    /// Nobody was selected.
    Nobody,
    /// More than [`MOST_USERS`].
    TooMany,
    /// At least one of them is outside the actor's authority; nothing is stored.
    Refused(Refusal),
    /// It would leave this customer without an owner who can sign in; nothing is stored.
    NoOwnerLeft(String),
}

/// Whom somebody selected.
#[derive(Clone, Debug)]
pub enum Selection {
    /// These, ticked one by one on a list that shows users of these customers; of any of the actor's, where none is named.
    Ticked(Vec<UserId>, Vec<CustomerId>),
    /// Everybody who matches.
    Matching(UserFilter),
    /// Whoever is still there of this plan of the actor's own, which was not confirmed.
    Again(ResetId),
}

/// Freezes a selection. One ticked user outside the actor's authority refuses the whole, and so does a customer outside it
/// among those whose users were to match; the refusal is recorded.
///
/// # Errors
/// When the database fails.
pub async fn plan(platform: &Platform, origin: &Origin, actor: &Actor, selection: Selection) -> Result<Planned> {
    let mut conn = platform.db.read().await?;
    let scope = match &selection {
        // Nobody is reset whom the list cannot have shown, whatever else the actor looks after.
        Selection::Ticked(_, shown) if !shown.is_empty() => actor.scope(Right::Manage).narrowed(shown),
        _ => actor.scope(Right::Manage),
    };
    let is_filter = !matches!(selection, Selection::Ticked(..));
    let decide: fn(&Actor, &[_]) -> _ = match selection {
        Selection::Ticked(..) => Plan::new,
        Selection::Matching(_) | Selection::Again(_) => Plan::of_everybody,
    };
    let Some(mut selected) = selected(&mut conn, actor, selection, platform.now()).await? else {
        drop(conn);
        let why = if actor.has_mfa { Refusal::NoRole } else { Refusal::NoFactorOfYourOwn };
        let event = event(platform, origin, actor, What::ResetRefused).with("why", why).with("users", "matching");
        audit::service::record_alone(platform, event).await?;
        return Ok(Planned::Refused(why));
    };
    selected.sort_unstable();
    selected.dedup();
    if selected.is_empty() {
        return Ok(Planned::Nobody);
    }
    if selected.len() > MOST_USERS {
        return Ok(Planned::TooMany);
    }
    let found = users::service::by_ids(&mut conn, &scope, &selected).await?;
    let candidates: Vec<_> = found.iter().map(users::service::User::candidate).collect();
    let refused = match decide(actor, &candidates) {
        _ if !actor.has_mfa => Err(Refusal::NoFactorOfYourOwn),
        Err((_, refusal)) => Err(refusal),
        // Whoever is not in scope was not found: foreign and made-up ids are refused alike.
        // Of those who matched, somebody may have been removed since.
        Ok(_) if !is_filter && found.len() != selected.len() => Err(Refusal::NoRole),
        Ok(plan) => Ok(plan),
    };
    let plan = match refused {
        Ok(plan) => plan,
        Err(refusal) => {
            drop(conn);
            let event =
                event(platform, origin, actor, What::ResetRefused).with("why", refusal).with("users", selected.len());
            audit::service::record_alone(platform, event).await?;
            return Ok(Planned::Refused(refusal));
        }
    };
    if let Some(customer) = without_owner(&mut conn, &plan, platform.now()).await? {
        // Its name is told to those who may know it.
        let seen = actor.scope(Right::Read).narrowed(&[customer]);
        let name = customers::service::list(&mut conn, &seen).await?.pop().map(|customer| customer.name);
        drop(conn);
        let event = event(platform, origin, actor, What::ResetRefused).with("why", "no_owner_left");
        audit::service::record_alone(platform, event).await?;
        return Ok(Planned::NoOwnerLeft(name.unwrap_or_else(|| "Another customer".to_owned())));
    }
    drop(conn);
    let now = platform.now();
    let id = platform.rng.id(now, ResetId::new);
    let hash = sha256(plan.canonical().as_bytes());
    let mut tx = platform.db.begin().await?;
    store::begin(&mut tx, id, actor.user, now).await?;
    for (n, part) in plan.items.chunks(A_PART).enumerate() {
        if n > 0 {
            // Others write in between.
            tx.commit().await?;
            tx = platform.db.begin().await?;
        }
        store::insert(&mut tx, id, part).await?;
    }
    store::freeze(&mut tx, id, &hash).await?;
    let mut customers: Vec<CustomerId> = plan.items.iter().map(|item| item.user.customer).collect();
    customers.dedup();
    let planned = |customer: CustomerId| {
        let users = plan.items.iter().filter(|item| item.user.customer == customer).count();
        let event = Event::new(now, What::ResetPlanned, Some(customer)).by(actor.user).from(origin.address.clone());
        event.with("plan", seal(&hash)).with("users", users)
    };
    audit::service::record_all(&mut tx, platform, customers.into_iter().map(planned).collect()).await?;
    tx.commit().await?;
    Ok(Planned::Frozen(id))
}

/// Whom a selection means. None where it reaches into a customer outside the authority, and no page lets anybody leave single
/// people out of it.
async fn selected(conn: &mut Conn, actor: &Actor, selection: Selection, now: Time) -> Result<Option<Vec<UserId>>> {
    let scope = actor.scope(Right::Manage);
    let is_within = |customers: &[CustomerId]| customers.iter().all(|customer| scope.covers(*customer));
    Ok(match selection {
        Selection::Ticked(users, _) => Some(users),
        Selection::Matching(filter) => {
            let seen = actor.scope(Right::Read);
            let chosen = if filter.customers.is_empty() { seen } else { seen.narrowed(&filter.customers) };
            if !is_within(chosen.customers()) {
                return Ok(None);
            }
            Some(users::service::ids(conn, &chosen, &filter, now, MOST_USERS + 1).await?)
        }
        Selection::Again(id) => {
            let reset = store::get(conn, id).await?;
            let is_mine = |reset: Reset| reset.requester() == actor.user && reset.confirmed_at.is_none();
            if !reset.is_some_and(is_mine) {
                return Ok(Some(Vec::new()));
            }
            let customers = store::approval::customers(conn, id).await?;
            if !is_within(&customers) {
                return Ok(None);
            }
            let rows = store::items(conn, &scope.narrowed(&customers), id).await?;
            Some(rows.iter().filter(|row| row.removed_at.is_none()).map(|row| row.user_id).collect())
        }
    })
}

/// Removes the plans that nobody confirmed in a day.
///
/// # Errors
/// When the database fails.
pub async fn sweep(platform: &Platform) -> Result<()> {
    let since = platform.now() - KEPT;
    loop {
        let mut tx = platform.db.begin().await?;
        let Some(id) = store::stale(&mut tx, since).await? else {
            return Ok(());
        };
        store::remove(&mut tx, id, A_PART).await?;
        tx.commit().await?;
    }
}

/// The first customer whose last working owners are all in the plan, wherever they are at home.
async fn without_owner(conn: &mut Conn, plan: &Plan, now: Time) -> Result<Option<CustomerId>> {
    let resets = plan.resets();
    let going: BTreeSet<UserRef> = resets.values().flatten().copied().collect();
    for (home, users) in &resets {
        let users: Vec<UserId> = users.iter().map(|user| user.id).collect();
        for customer in users::service::owned_by(conn, *home, &users, now).await? {
            let owners = users::service::working_owners(conn, customer, now).await?;
            if !owners.is_empty() && owners.iter().all(|owner| going.contains(owner)) {
                return Ok(Some(customer));
            }
        }
    }
    Ok(None)
}

fn event(platform: &Platform, origin: &Origin, actor: &Actor, what: What) -> Event {
    Event::new(platform.now(), what, Some(actor.user.customer)).by(actor.user).from(origin.address.clone())
}

/// What the admin adds to a reviewed plan.
#[derive(Clone, Debug)]
pub struct Confirmation {
    /// What was [`reviewed`].
    pub plan_hash: String,
    /// Why.
    pub reason: String,
    /// The help desk's ticket.
    pub ticket: String,
    /// What the admin proves themself with: a code, or what a passkey answered.
    pub code: String,
}

/// What came of a confirmation.
pub enum Confirmed {
    /// It runs. The session has a new token.
    Running(NewToken),
    /// It waits for a second person. The session has a new token.
    Asked(NewToken),
    /// It was confirmed before: nothing happens twice.
    Already,
    /// No such plan of this actor.
    Unknown,
    /// It was reviewed too long ago.
    Expired,
    /// Not what was reviewed.
    Changed,
    /// Somebody in it has changed since it was looked at: it is to be looked at again, or made anew.
    Outdated,
    /// Nobody in it will be reset.
    Nobody,
    /// A customer of the selection needs a reason.
    ReasonMissing,
    /// A customer of the selection needs a ticket number.
    TicketMissing,
    /// The own proof was not taken.
    Code(CodeProblem),
    /// Authority over somebody in it was lost since the review.
    Refused(Refusal),
}

/// Confirms a plan with the admin's own fresh code, bound to the hash of what they reviewed. From the moment it returns
/// [`Confirmed::Running`] the reset goes to its end whatever becomes of this process: see [`super::run`].
///
/// # Errors
/// When the database fails.
pub async fn confirm(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    id: ResetId,
    confirmation: &Confirmation,
) -> Result<Confirmed> {
    let actor = &session.actor;
    let refused = |why: &str| event(platform, origin, actor, What::ResetRefused).with("why", why).with("reset", id);

    let mut conn = platform.db.read().await?;
    let Some(reset) = store::get(&mut conn, id).await? else {
        return Ok(Confirmed::Unknown);
    };
    if reset.requester() != actor.user {
        drop(conn);
        audit::service::record_alone(platform, refused("not_yours")).await?;
        return Ok(Confirmed::Unknown);
    }
    if reset.confirmed_at.is_some() || reset.approval_asked_at.is_some() {
        return Ok(Confirmed::Already);
    }
    if platform.now() >= reset.created_at + LIFETIME {
        return Ok(Confirmed::Expired);
    }
    let scope = store::within(&mut conn, &actor.scope(Right::Manage), id).await?;
    let rows = store::items(&mut conn, &scope, id).await?;
    let plan = Plan { requester: actor.user, items: rows.iter().map(ItemRow::item).collect() };
    let whole = sha256(plan.canonical().as_bytes()) == reset.plan_hash;
    let (customers, authority) =
        (policies(&mut conn, &scope, &plan).await?, still_may(&mut conn, actor, &scope, &plan).await?);
    // Whoever changes from here on is judged by the run, one by one.
    let changes = changes(&mut conn, &scope, &reset, &rows, platform.now()).await?;
    drop(conn);

    if let Err(refusal) = authority {
        audit::service::record_alone(platform, refused(refusal.as_str())).await?;
        return Ok(Confirmed::Refused(refusal));
    }
    if !whole || plan_of(&confirmation.plan_hash) != reset.plan_hash {
        audit::service::record_alone(platform, refused("changed")).await?;
        return Ok(Confirmed::Changed);
    }
    if confirmation.plan_hash != reviewed(&reset.plan_hash, &changes) {
        audit::service::record_alone(platform, refused("outdated")).await?;
        return Ok(Confirmed::Outdated);
    }
    if plan.items.iter().all(|item| item.verdict != Verdict::Reset) {
        return Ok(Confirmed::Nobody);
    }
    let (reason, ticket) = (one_line(&confirmation.reason), one_line(&confirmation.ticket));
    match lacks(customers.iter().map(|customer| &customer.policy), reason.is_some(), ticket.is_some()) {
        Some(Lack::Reason) => return Ok(Confirmed::ReasonMissing),
        Some(Lack::Ticket) => return Ok(Confirmed::TicketMissing),
        None => {}
    }
    let seal = seal(&reset.plan_hash);
    let token = match sign_in::service::prove(platform, origin, session, &confirmation.code, ("plan", &seal)).await? {
        Ok(token) => token,
        Err(problem) => return Ok(Confirmed::Code(problem)),
    };
    let mut tx = platform.db.begin().await?;
    // Nobody changes these policies until it is known whether one of them asks for a second person.
    customers::service::hold(&mut tx, plan.resets().into_keys()).await?;
    let customers = policies(&mut tx, &scope, &plan).await?;
    if !approval::needed(&mut tx, id, &plan, &customers, platform.now()).await?.is_empty() {
        let (reason, ticket) = (reason.as_deref(), ticket.as_deref());
        let request = approval::Request { reset: &reset, rows: &rows, reason, ticket };
        approval::ask(&mut tx, platform, origin, actor, &request).await?;
        tx.commit().await?;
        return Ok(Confirmed::Asked(token));
    }
    let from = origin.address.as_deref();
    // Of two that confirm at once with two codes, one sets it going; both were right, and both sessions go on.
    store::confirm(&mut tx, id, reason.as_deref(), ticket.as_deref(), from, platform.now()).await?;
    tx.commit().await?;
    Ok(Confirmed::Running(token))
}

async fn policies(conn: &mut Conn, scope: &Scope, plan: &Plan) -> Result<Vec<Customer>> {
    let ids: Vec<CustomerId> = plan.resets().into_keys().collect();
    customers::service::list(conn, &scope.narrowed(&ids)).await
}

/// Whether the actor still has authority over everyone whom the plan resets.
async fn still_may(conn: &mut Conn, actor: &Actor, scope: &Scope, plan: &Plan) -> Result<Result<(), Refusal>> {
    let ids: Vec<UserId> = plan.resets().values().flatten().map(|user| user.id).collect();
    let found = users::service::by_ids(conn, scope, &ids).await?;
    let refusal = found.iter().find_map(|user| actor.may_manage(user.user, user.role).err());
    Ok(refusal.map_or(Ok(()), Err))
}

/// Whether `actor` may reset `user`, for buttons and check-boxes that say so beforehand.
#[must_use]
pub fn offered(actor: &Actor, user: UserRef, role: crate::domain::authority::Role) -> Option<Refusal> {
    actor.may_manage(user, role).err()
}
