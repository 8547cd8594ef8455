//! Carries a confirmed reset out: chunk by chunk, each in one transaction with everything that dies, the new link, the
//! mail and the record. A crash anywhere leaves every user wholly reset or untouched, and any process goes on from there.

use std::time::Duration;

use super::store::{self, Outcome, Reset};
use crate::domain::audit::{Event, What};
use crate::domain::authority::Right;
use crate::domain::ids::{CustomerId, ResetId, UserId};
use crate::domain::mail::Mail;
use crate::domain::plan::{CHUNK, Failure, Holdings, Skip, Verdict, decide, seal};
use crate::domain::time::{Span, Time};
use crate::domain::user::UserRef;
use crate::features::outbox::service::Letter;
use crate::features::{audit, backup_codes, customers, methods, outbox, recovery, session, users};
use crate::platform::{Fault, Platform, Result, Tx};

/// How long a process may be silent before another takes its reset over.
const LEASE: Span = Span::seconds(30);
/// How long whoever set a reset going waits for its end.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
#[expect(clippy::cast_possible_wrap, reason = "two hundred")]
const A_CHUNK: i64 = CHUNK as i64;

/// Goes on with every reset that was confirmed, is not complete, and that nobody works on. Called at start and now and
/// then, so that what a crash interrupted is finished.
///
/// # Errors
/// When the database fails.
pub async fn resume(platform: &Platform) -> Result<()> {
    let unfinished = store::unfinished(&mut *platform.db.read().await?, platform.now()).await?;
    for id in unfinished {
        run(platform, id).await?;
    }
    Ok(())
}

/// Runs a confirmed reset to its end, unless another process does.
///
/// # Errors
/// When the database fails; what was committed stays, the rest is left to [`resume`].
pub async fn run(platform: &Platform, id: ResetId) -> Result<()> {
    let mut tx = platform.db.begin().await?;
    let leased = store::lease(&mut tx, id, platform.now(), platform.now() + LEASE).await?;
    tx.commit().await?;
    if !leased {
        return Ok(());
    }
    loop {
        match step(platform, id).await {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(fault) if fault.is_passing() => return Err(fault),
            Err(fault) => {
                tracing::error!(reset = %id, error = %fault, "a chunk failed; its users are reset one by one");
                if !one_by_one(platform, id).await? {
                    return Err(fault);
                }
            }
        }
    }
}

/// Sets a confirmed reset going, whatever becomes of whoever asks. A small one is done when this returns; nobody waits
/// for a large one.
pub async fn begin(platform: &Platform, id: ResetId) {
    let platform = platform.clone();
    let running = tokio::spawn(async move {
        if let Err(fault) = run(&platform, id).await {
            tracing::error!(reset = %id, error = %fault, "a reset stopped; it will be resumed");
        }
    });
    let _ = tokio::time::timeout(LONGEST_WAIT, running).await;
}

/// The next chunk, in one transaction; says whether more may follow.
async fn step(platform: &Platform, id: ResetId) -> Result<bool> {
    let mut tx = platform.db.begin().await?;
    let Some(reset) = store::hold(&mut tx, id, platform.now() + LEASE).await? else {
        return Ok(false);
    };
    let next = store::next_customer(&mut tx, id).await?;
    match next {
        None => store::complete(&mut tx, id, platform.now()).await?,
        Some(customer) if reset.cancelled_at.is_some() => {
            let users = store::pending(&mut tx, id, customer, None, A_CHUNK).await?;
            skip_all(&mut tx, platform, &reset, customer, &users, Skip::Cancelled).await?;
        }
        Some(customer) => chunk(&mut tx, platform, &reset, customer, None).await?,
    }
    tx.commit().await?;
    Ok(next.is_some())
}

/// Does the users of a chunk that failed each in a transaction of their own, so that whoever is to blame fails alone. Says
/// whether that led on with anybody: where it did not, the chunk would only fail again.
async fn one_by_one(platform: &Platform, id: ResetId) -> Result<bool> {
    let mut conn = platform.db.read().await?;
    let Some(customer) = store::next_customer(&mut conn, id).await? else {
        return Ok(false);
    };
    let users = store::pending(&mut conn, id, customer, None, A_CHUNK).await?;
    drop(conn);
    let mut led_on = false;
    for user in &users {
        let user = UserRef { customer, id: *user };
        match alone(platform, id, user).await {
            Ok(done) => led_on |= done,
            Err(fault) if fault.is_passing() => return Err(fault),
            Err(fault) => {
                tracing::error!(reset = %id, user = %user.id, error = %fault, "a user could not be reset");
                fail(platform, id, user, &fault).await?;
                led_on = true;
            }
        }
    }
    Ok(led_on)
}

/// One user by themself, unless the reset was stopped; says whether it was not.
async fn alone(platform: &Platform, id: ResetId, user: UserRef) -> Result<bool> {
    let mut tx = platform.db.begin().await?;
    match store::hold(&mut tx, id, platform.now() + LEASE).await? {
        Some(reset) if reset.cancelled_at.is_none() => {
            chunk(&mut tx, platform, &reset, user.customer, Some(user.id)).await?;
        }
        _ => return Ok(false),
    }
    tx.commit().await?;
    Ok(true)
}

/// Writes down that somebody could not be reset: nothing of theirs was changed.
async fn fail(platform: &Platform, id: ResetId, user: UserRef, fault: &Fault) -> Result<()> {
    let why = if fault.is_unreadable() { Failure::Unreadable } else { Failure::Refused };
    let now = platform.now();
    let mut tx = platform.db.begin().await?;
    let Some(reset) = store::hold(&mut tx, id, now + LEASE).await? else {
        return Ok(());
    };
    if store::set_failed(&mut tx, id, user, why, now).await? {
        let event = event(&reset, What::ResetFailed, user, now).with("why", why);
        audit::service::record(&mut tx, platform, event).await?;
    }
    tx.commit().await
}

/// One chunk of one customer's users, or `only` one of them. Authority and facts are read again under the locks: whoever
/// changed since the review in a way that matters is skipped.
async fn chunk(
    tx: &mut Tx,
    platform: &Platform,
    reset: &Reset,
    customer_id: CustomerId,
    only: Option<UserId>,
) -> Result<()> {
    let now = platform.now();
    let expected = store::pending(tx, reset.id, customer_id, only, A_CHUNK).await?;
    // Wherever they are owners, nobody else may take the other owners at this moment.
    let mut held = users::service::owned_by(tx, customer_id, &expected, now).await?;
    held.push(customer_id);
    customers::service::hold(tx, held.iter().copied()).await?;
    let pending = store::pending(tx, reset.id, customer_id, only, A_CHUNK).await?;
    let owned = users::service::owned_by(tx, customer_id, &pending, now).await?;
    if pending.is_empty() || owned.iter().any(|customer| !held.contains(customer)) {
        // Whoever held the locks before did them, or made one of them an owner elsewhere: look again.
        return Ok(());
    }
    let actor = session::service::actor_in(tx, reset.requester(), customer_id, now).await?;
    let scope = actor.as_ref().map(|actor| actor.scope(Right::Manage).narrowed(&[customer_id]));
    let customer = match &scope {
        Some(scope) => customers::service::list(tx, scope).await?.pop(),
        None => None,
    };
    let (Some(actor), Some(scope), Some(customer)) = (actor, scope, customer) else {
        return skip_all(tx, platform, reset, customer_id, &pending, Skip::NoAuthority).await;
    };
    users::service::lock_all(tx, customer_id, &pending).await?;
    let found = users::service::by_ids(tx, &scope, &pending).await?;
    let last_owners = last_owners(tx, customer_id, &pending, now).await?;
    // What was to die is dead since, and what they have by now is nobody's who waited for this.
    let reset_since = match reset.approval_asked_at {
        Some(asked_at) => recovery::service::issued_since(tx, customer_id, &pending, asked_at).await?,
        None => Vec::new(),
    };

    let hours = customer.policy.remind_after_hours;
    let remind_at = (hours > 0).then(|| now + Span::hours(i64::from(hours)));
    let (mut going, mut outcomes) = (Vec::new(), Vec::new());
    for user in &pending {
        let candidate = found.iter().find(|found| found.user.id == *user).map(users::service::User::candidate);
        let holdings = candidate.as_ref().map_or_else(Holdings::default, |candidate| candidate.holdings);
        let skip = match candidate.map(|candidate| decide(&actor, &candidate)) {
            None => Some(Skip::Gone),
            Some(Err(_)) => Some(Skip::NoAuthority),
            Some(Ok(Verdict::Skip(skip))) => Some(skip),
            Some(Ok(Verdict::Reset)) if reset_since.contains(user) => Some(Skip::ResetSince),
            Some(Ok(Verdict::Reset)) if last_owners.contains(user) => Some(Skip::LastOwner),
            Some(Ok(Verdict::Reset)) => None,
        };
        if skip.is_none() {
            going.push(*user);
        }
        let remind_at = remind_at.filter(|_| skip.is_none());
        outcomes.push(Outcome { user: *user, holdings, skip, link: None, remind_at });
    }
    if !going.is_empty() {
        // The one moment of death.
        methods::service::delete_all(tx, customer_id, &going, reset.requester(), now).await?;
        backup_codes::service::delete_all(tx, customer_id, &going).await?;
        session::service::end_all(tx, customer_id, &going).await?;
        session::service::end_all_challenges(tx, customer_id, &going).await?;
        users::service::set_up_due(tx, customer_id, &going, now).await?;
        let issued = recovery::service::issue(tx, platform, &customer, &going).await?;
        let requester = customers::service::introduced(tx, &actor, customer_id).await?;
        let letter = |issued: &recovery::service::Issued| Letter {
            user: issued.user,
            link: Some(issued.link),
            mail: Mail::Reset {
                link: issued.link,
                generation: issued.generation,
                expires_at: issued.expires_at,
                reset_at: now,
                requester: requester.clone(),
                reason: reset.reason.clone(),
                ticket: reset.ticket.clone(),
                reminder: false,
            },
        };
        outbox::service::enqueue(tx, platform, issued.iter().map(letter).collect()).await?;
        for issued in issued {
            if let Some(outcome) = outcomes.iter_mut().find(|outcome| outcome.user == issued.user.id) {
                outcome.link = Some(issued.link);
            }
        }
    }
    record(tx, platform, reset, customer_id, &outcomes).await?;
    store::set_outcomes(tx, reset.id, customer_id, &outcomes, now).await
}

/// Those of `users`, at home in `home`, without whom some customer would have no owner who can sign in.
async fn last_owners(tx: &mut Tx, home: CustomerId, users: &[UserId], now: Time) -> Result<Vec<UserId>> {
    let mut last = Vec::new();
    for customer in users::service::owned_by(tx, home, users, now).await? {
        let owners = users::service::working_owners(tx, customer, now).await?;
        if owners.iter().all(|owner| owner.customer == home && users.contains(&owner.id)) {
            last.extend(owners.iter().map(|owner| owner.id));
        }
    }
    Ok(last)
}

async fn skip_all(
    tx: &mut Tx,
    platform: &Platform,
    reset: &Reset,
    customer: CustomerId,
    users: &[UserId],
    skip: Skip,
) -> Result<()> {
    let outcome = |user: &UserId| Outcome {
        user: *user,
        holdings: Holdings::default(),
        skip: Some(skip),
        link: None,
        remind_at: None,
    };
    let outcomes: Vec<Outcome> = users.iter().map(outcome).collect();
    record(tx, platform, reset, customer, &outcomes).await?;
    store::set_outcomes(tx, reset.id, customer, &outcomes, platform.now()).await
}

async fn record(
    tx: &mut Tx,
    platform: &Platform,
    reset: &Reset,
    customer: CustomerId,
    outcomes: &[Outcome],
) -> Result<()> {
    let now = platform.now();
    let event = |outcome: &Outcome| {
        let what = if outcome.skip.is_some() { What::ResetSkipped } else { What::Reset };
        let mut event = event(reset, what, UserRef { customer, id: outcome.user }, now);
        if let Some(skip) = outcome.skip {
            let stopped = reset.cancelled_by().filter(|_| skip == Skip::Cancelled);
            let event = event.with("why", skip);
            return match stopped {
                Some(by) => event.by(by).from(None),
                None => event,
            };
        }
        for (name, count) in [
            ("authenticator_apps", outcome.holdings.authenticator_apps),
            ("passkeys", outcome.holdings.passkeys),
            ("hardware_tokens", outcome.holdings.hardware_tokens),
            ("phones", outcome.holdings.phones),
            ("backup_codes", outcome.holdings.backup_codes),
            ("sessions", outcome.holdings.sessions),
            ("trusted_devices", outcome.holdings.trusted_devices),
            ("half_finished_sign_ins", outcome.holdings.challenges),
            ("older_links", outcome.holdings.links),
        ] {
            if count > 0 {
                event = event.with(name, count);
            }
        }
        if let Some(reason) = &reset.reason {
            event = event.with("reason", reason);
        }
        if let Some(ticket) = &reset.ticket {
            event = event.with("ticket", ticket);
        }
        event
    };
    audit::service::record_all(tx, platform, outcomes.iter().map(event).collect()).await
}

/// What happened to one user of a reset, as its requester had it done.
fn event(reset: &Reset, what: What, user: UserRef, now: Time) -> Event {
    Event::new(now, what, Some(user.customer))
        .by(reset.requester())
        .about(user.id)
        .from(reset.from_address.clone())
        .with("reset", reset.id)
        .with("plan", seal(&reset.plan_hash))
}
