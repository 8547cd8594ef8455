//! The second person whom some plans need: they are asked by mail, see the plan that was reviewed, and decide about that one
//! with a code of their own. What is approved runs like any other reset; what is not never does.

use super::approval_told::{about, each, over, tell};
use super::service::{changes, plan_of, reviewed};
use super::store::{self, ItemRow, Reset};
use crate::domain::approval::{Answered, Decision, LIFETIME, MOST_ASKED, Reason, State, Unfit, may_approve, reasons};
use crate::domain::audit::{Event, What};
use crate::domain::authority::{Actor, Right, Role, Scope};
use crate::domain::customer::Customer;
use crate::domain::ids::{CustomerId, ResetId};
use crate::domain::mail::Mail;
use crate::domain::plan::{Plan, seal};
use crate::domain::policy::lacks;
use crate::domain::time::Time;
use crate::domain::user::{UserRef, one_line};
use crate::features::outbox::service::Letter;
use crate::features::session::service::{NewToken, Session};
use crate::features::{audit, customers, session, sign_in, users};
use crate::platform::keys::sha256;
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result, Tx};

/// How many customers a mail names.
const NAMED: usize = 5;

/// Why the plan needs a second person, by the policies of the customers whose users it resets; nothing when it does not.
///
/// # Errors
/// When the database fails.
pub async fn needed(
    conn: &mut Conn,
    id: ResetId,
    plan: &Plan,
    customers: &[Customer],
    now: Time,
) -> Result<Vec<Reason>> {
    let is_asked = customers.iter().any(|customer| customer.policy.approver_privileged);
    let privileged = is_asked && store::approval::has_privileged(conn, id, now).await?;
    Ok(reasons(&plan.resets(), privileged, customers))
}

/// Those who will be reset, with their roles at home. A role that cannot be read is the one that needs the most authority.
pub(super) fn going(rows: &[ItemRow]) -> impl Iterator<Item = (UserRef, Role)> {
    rows.iter().filter(|row| row.skip.is_none()).map(|row| (row.item().user, row.role.parse().unwrap_or(Role::Owner)))
}

/// The customers of everybody in a plan that is read whole, each once.
pub(super) fn concerned(rows: &[ItemRow]) -> Vec<CustomerId> {
    let mut customers: Vec<CustomerId> = rows.iter().map(|row| row.customer_id).collect();
    customers.sort_unstable();
    customers.dedup();
    customers
}

/// Those who may decide about a plan now, the owners first: at most as many as are asked.
pub(super) async fn approvers(
    conn: &mut Conn,
    scope: &Scope,
    requester: UserRef,
    (id, rows): (ResetId, &[ItemRow]),
    now: Time,
) -> Result<Vec<Actor>> {
    let customers = concerned(rows);
    let mut found = Vec::new();
    for candidate in store::approval::candidates(conn, &scope.narrowed(&customers), id, requester, now).await? {
        let user = UserRef { customer: candidate.customer_id, id: candidate.user_id };
        let Some(actor) = session::service::actor(conn, user, now).await? else {
            continue;
        };
        if may_approve(&actor, requester, &customers, going(rows)).is_ok() {
            found.push(actor);
        }
        if found.len() == MOST_ASKED {
            break;
        }
    }
    Ok(found)
}

/// What the requester confirmed: a plan with everybody in it and with what they said of it.
pub struct Request<'a> {
    /// The plan.
    pub reset: &'a Reset,
    /// Everybody in it.
    pub rows: &'a [ItemRow],
    /// Why.
    pub reason: Option<&'a str>,
    /// The help desk's ticket.
    pub ticket: Option<&'a str>,
}

/// Has a confirmed plan wait for a second person, and writes to those who may be it.
///
/// # Errors
/// When the database fails.
pub async fn ask(
    tx: &mut Tx,
    platform: &Platform,
    origin: &Origin,
    actor: &Actor,
    request: &Request<'_>,
) -> Result<()> {
    let Request { reset, rows, reason, ticket } = *request;
    let now = platform.now();
    let words = store::approval::Words { reason, ticket, from: origin.address.as_deref() };
    if !store::approval::ask(tx, reset.id, &words, now).await? {
        return Ok(());
    }
    let scope = actor.scope(Right::Manage);
    let mut of: Vec<CustomerId> = going(rows).map(|(user, _)| user.customer).collect();
    let people = of.len();
    of.dedup();
    let mut places: Vec<String> =
        customers::service::list(tx, &scope.narrowed(&of)).await?.into_iter().map(|customer| customer.name).collect();
    let more_places = places.len().saturating_sub(NAMED);
    places.truncate(NAMED);
    let approvers = approvers(tx, &scope, actor.user, (reset.id, rows), now).await?;
    let asked: Vec<UserRef> = approvers.iter().map(|approver| approver.user).collect();
    store::approval::set_approvers(tx, reset.id, &asked).await?;
    let mut letters = Vec::new();
    for approver in approvers {
        let mail = Mail::ApprovalAsked {
            reset: reset.id,
            at: now,
            by: customers::service::introduced(tx, actor, approver.user.customer).await?,
            people,
            places: places.clone(),
            more_places,
            until: now + LIFETIME,
            reason: reason.map(str::to_owned),
            ticket: ticket.map(str::to_owned),
        };
        letters.push(Letter { user: approver.user, mail, link: None });
    }
    let events = each(rows, |customer, users| {
        let event = about(now, What::ApprovalAsked, customer, actor, origin, reset).with("users", users);
        let event = reason.map_or(event.clone(), |reason| event.with("reason", reason));
        ticket.map_or(event.clone(), |ticket| event.with("ticket", ticket))
    });
    tell(tx, platform, events, letters).await
}

/// What a decision stands on, read at one moment.
struct Asked {
    reset: Reset,
    rows: Vec<ItemRow>,
}

/// Why nothing is decided, and in one word what the audit keeps of it.
type Not = (Answered, Option<&'static str>);

/// Judges whether `actor` may decide about a plan; and where `plan_hash` says what they approve, whether it is that, whole
/// and as it may run.
async fn judge(
    conn: &mut Conn,
    actor: &Actor,
    id: ResetId,
    plan_hash: Option<&str>,
    now: Time,
) -> Result<std::result::Result<Asked, Not>> {
    let Some(reset) = store::get(conn, id).await? else {
        return Ok(Err((Answered::Unknown, None)));
    };
    let Some(asked_at) = reset.approval_asked_at else {
        return Ok(Err((Answered::Unknown, Some("not_asked"))));
    };
    let customers = store::approval::customers(conn, id).await?;
    let scope = actor.scope(Right::Manage).narrowed(&customers);
    let rows = store::items(conn, &scope, id).await?;
    match may_approve(actor, reset.requester(), &customers, going(&rows)) {
        Ok(()) => {}
        Err(unfit @ Unfit::Requester) => return Ok(Err((Answered::Yours, Some(unfit.as_str())))),
        Err(unfit @ Unfit::Outside(_)) => return Ok(Err((Answered::Unknown, Some(unfit.as_str())))),
    }
    match State::of(asked_at, reset.decision, now) {
        State::Waiting => {}
        over => return Ok(Err((Answered::Over(over), None))),
    }
    let Some(plan_hash) = plan_hash else {
        return Ok(Ok(Asked { reset, rows }));
    };
    let plan = Plan { requester: reset.requester(), items: rows.iter().map(ItemRow::item).collect() };
    if plan_of(plan_hash) != reset.plan_hash || sha256(plan.canonical().as_bytes()) != reset.plan_hash {
        return Ok(Err((Answered::Changed, Some("changed"))));
    }
    let requester = session::service::actor(conn, reset.requester(), now).await?;
    if !requester.is_some_and(|actor| going(&rows).all(|(user, role)| actor.may_manage(user, role).is_ok())) {
        return Ok(Err((Answered::RequesterMayNot, Some("requester_may_not"))));
    }
    let ids: Vec<CustomerId> = plan.resets().into_keys().collect();
    let policies = customers::service::list(conn, &scope.narrowed(&ids)).await?;
    let policies = policies.iter().map(|customer| &customer.policy);
    if lacks(policies, reset.reason.is_some(), reset.ticket.is_some()).is_some() {
        return Ok(Err((Answered::Lacking, None)));
    }
    if plan_hash != reviewed(&reset.plan_hash, &changes(conn, &scope, &reset, &rows, now).await?) {
        return Ok(Err((Answered::Outdated, Some("outdated"))));
    }
    Ok(Ok(Asked { reset, rows }))
}

/// Records what must be, and says why nothing was decided.
async fn refuse(platform: &Platform, origin: &Origin, actor: &Actor, id: ResetId, not: Not) -> Result<Answered> {
    let (answered, why) = not;
    if let Some(why) = why {
        let event = Event::new(platform.now(), What::ResetRefused, Some(actor.user.customer)).by(actor.user);
        let event = event.from(origin.address.clone()).with("why", why).with("approval_of", id);
        audit::service::record_alone(platform, event).await?;
    }
    Ok(answered)
}

/// Approves a plan with a fresh code of one's own, bound to the hash of what was seen. From a right code on the session has
/// a new token, whatever comes of the rest; from [`Answered::Done`] on the reset runs as any other does: see [`super::run`].
///
/// # Errors
/// When the database fails.
pub async fn approve(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    id: ResetId,
    plan_hash: &str,
    code: &str,
) -> Result<(Answered, Option<NewToken>)> {
    let actor = &session.actor;
    let mut conn = platform.db.read().await?;
    let judged = judge(&mut conn, actor, id, Some(plan_hash), platform.now()).await?;
    drop(conn);
    let asked = match judged {
        Ok(asked) => asked,
        Err(not) => return Ok((refuse(platform, origin, actor, id, not).await?, None)),
    };
    let seal = seal(&asked.reset.plan_hash);
    let token = match sign_in::service::prove(platform, origin, session, code, ("plan", &seal)).await? {
        Ok(token) => token,
        Err(problem) => return Ok((Answered::Code(problem), None)),
    };
    let answered = decide(platform, origin, actor, id, (Decision::Approved, None), Some(plan_hash)).await?;
    Ok((answered, Some(token)))
}

/// Declines a plan, or asks for changes to it; either way it never runs.
///
/// # Errors
/// When the database fails.
pub async fn decline(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    id: ResetId,
    wants_changes: bool,
    why: &str,
) -> Result<Answered> {
    let actor = &session.actor;
    let judged = judge(&mut *platform.db.read().await?, actor, id, None, platform.now()).await?;
    if let Err(not) = judged {
        return refuse(platform, origin, actor, id, not).await;
    }
    let Some(why) = one_line(why) else {
        return Ok(Answered::ReasonMissing);
    };
    let decision = if wants_changes { Decision::ChangesAsked } else { Decision::Declined };
    decide(platform, origin, actor, id, (decision, Some(&why)), None).await
}

/// The decision itself, with everything judged again under the locks: nobody's role or policy changes before it is written.
async fn decide(
    platform: &Platform,
    origin: &Origin,
    actor: &Actor,
    id: ResetId,
    (decision, why): (Decision, Option<&str>),
    plan_hash: Option<&str>,
) -> Result<Answered> {
    let mut tx = platform.db.begin().await?;
    let Some(reset) = store::get(&mut tx, id).await? else {
        return Ok(Answered::Unknown);
    };
    let mut held = store::approval::customers(&mut tx, id).await?;
    held.extend([actor.user.customer, reset.requester_customer_id]);
    customers::service::hold(&mut tx, held).await?;
    let mut both = [actor.user, reset.requester()];
    both.sort_unstable();
    for user in both {
        users::service::lock(&mut tx, user).await?;
    }
    let now = platform.now();
    let Some(actor) = session::service::actor(&mut tx, actor.user, now).await? else {
        return Ok(Answered::Unknown);
    };
    let Asked { reset, rows } = match judge(&mut tx, &actor, id, plan_hash, now).await? {
        Ok(asked) => asked,
        Err(not) => {
            drop(tx);
            return refuse(platform, origin, &actor, id, not).await;
        }
    };
    let from = origin.address.as_deref();
    let decided = store::approval::Decided { decision, by: actor.user, why, from };
    if !store::approval::decide(&mut tx, id, &decided, now).await? {
        return became(&mut tx, id, now).await;
    }
    let what = if decision == Decision::Approved { What::ResetApproved } else { What::ResetDeclined };
    let events = each(&rows, |customer, users| {
        let event = about(now, what, customer, &actor, origin, &reset).with("users", users).with("decision", decision);
        why.map_or(event.clone(), |why| event.with("why", why))
    });
    let people = going(&rows).count();
    let mut letters = over(&mut tx, &reset, Some(&actor), people, (decision, now)).await?;
    let by = customers::service::introduced(&mut tx, &actor, reset.requester_customer_id).await?;
    let mail = Mail::ApprovalDecided { reset: id, at: now, by, people, decision, reason: why.map(str::to_owned) };
    letters.push(Letter { user: reset.requester(), mail, link: None });
    tell(&mut tx, platform, events, letters).await?;
    tx.commit().await?;
    Ok(Answered::Done(decision))
}

/// What became of a request meanwhile.
async fn became(conn: &mut Conn, id: ResetId, now: Time) -> Result<Answered> {
    let reset = store::get(conn, id).await?;
    let state = reset.and_then(|reset| Some(State::of(reset.approval_asked_at?, reset.decision, now)));
    Ok(state.map_or(Answered::Unknown, Answered::Over))
}

/// Takes a request back; only whoever asked can.
///
/// # Errors
/// When the database fails.
pub async fn withdraw(platform: &Platform, origin: &Origin, actor: &Actor, id: ResetId) -> Result<Answered> {
    let mut tx = platform.db.begin().await?;
    let Some(reset) = store::get(&mut tx, id).await? else {
        return Ok(Answered::Unknown);
    };
    if reset.requester() != actor.user {
        drop(tx);
        return refuse(platform, origin, actor, id, (Answered::Unknown, Some("not_yours"))).await;
    }
    let now = platform.now();
    let (decision, from) = (Decision::Withdrawn, origin.address.as_deref());
    let decided = store::approval::Decided { decision, by: actor.user, why: None, from };
    if !store::approval::decide(&mut tx, id, &decided, now).await? {
        return became(&mut tx, id, now).await;
    }
    let events = store::approval::customers(&mut tx, id).await?.into_iter();
    let events = events.map(|customer| about(now, What::ApprovalWithdrawn, customer, actor, origin, &reset)).collect();
    let people = people(&mut tx, id).await?;
    let letters = over(&mut tx, &reset, Some(actor), people, (decision, now)).await?;
    tell(&mut tx, platform, events, letters).await?;
    tx.commit().await?;
    Ok(Answered::Done(decision))
}

/// How many people a plan that has not begun would reset.
async fn people(conn: &mut Conn, id: ResetId) -> Result<usize> {
    let pending = store::pending_customers(conn, id).await?;
    Ok(pending.into_iter().map(|(_, users)| usize::try_from(users).unwrap_or(0)).sum())
}

/// Writes down about which plans nobody decided in time, and tells whoever asked and whoever was asked. Until this has run
/// they count as expired all the same.
///
/// # Errors
/// When the database fails; what was committed until then stays.
pub async fn expire(platform: &Platform) -> Result<()> {
    loop {
        let mut tx = platform.db.begin().await?;
        let now = platform.now();
        let Some(id) = store::approval::overdue(&mut tx, now).await? else {
            return Ok(());
        };
        // Of two processes that do it at once, one writes.
        if store::approval::expire(&mut tx, id, now).await?
            && let Some(reset) = store::get(&mut tx, id).await?
        {
            let at = reset.approval_asked_at.map_or(now, |asked_at| asked_at + LIFETIME);
            let customers = store::approval::customers(&mut tx, id).await?.into_iter();
            let event = |customer| Event::new(now, What::ApprovalExpired, Some(customer)).with("reset", id);
            let events = customers.map(|customer| event(customer).with("plan", seal(&reset.plan_hash))).collect();
            let (people, decision) = (people(&mut tx, id).await?, Decision::Expired);
            let mut letters = over(&mut tx, &reset, None, people, (decision, at)).await?;
            let mail = Mail::ApprovalDecided { reset: id, at, by: String::new(), people, decision, reason: None };
            letters.push(Letter { user: reset.requester(), mail, link: None });
            tell(&mut tx, platform, events, letters).await?;
        }
        tx.commit().await?;
    }
}
