//! Carries a confirmed reset out: chunk by chunk, each in one transaction with everything that dies, the new link, the
//! mail and the record. A crash anywhere leaves every user wholly reset or untouched, and any process goes on from there.

use super::store::{self, Outcome, Reset};
use crate::domain::audit::{Event, What};
use crate::domain::authority::Right;
use crate::domain::ids::{CustomerId, ResetId, UserId};
use crate::domain::mail::Mail;
use crate::domain::plan::{CHUNK, Holdings, Skip, Verdict, decide, seal};
use crate::domain::time::{Span, Time};
use crate::features::outbox::service::Letter;
use crate::features::{audit, backup_codes, customers, methods, outbox, recovery, session, users};
use crate::platform::{Platform, Result, Tx};

/// How long a process may be silent before another takes its reset over.
const LEASE: Span = Span::seconds(30);

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
        let mut tx = platform.db.begin().await?;
        let Some(reset) = store::get(&mut tx, id).await? else {
            return Ok(());
        };
        let Some(customer) = store::next_customer(&mut tx, id).await? else {
            store::complete(&mut tx, id, platform.now()).await?;
            return tx.commit().await;
        };
        chunk(&mut tx, platform, &reset, customer).await?;
        store::extend_lease(&mut tx, id, platform.now() + LEASE).await?;
        tx.commit().await?;
    }
}

/// One chunk of one customer's users. Authority and facts are read again under the locks: whoever changed since the
/// review in a way that matters is skipped.
async fn chunk(tx: &mut Tx, platform: &Platform, reset: &Reset, customer_id: CustomerId) -> Result<()> {
    let now = platform.now();
    let limit = i64::try_from(CHUNK).unwrap_or(i64::MAX);
    let expected = store::pending(tx, reset.id, customer_id, limit).await?;
    // Wherever they are owners, nobody else may take the other owners at this moment.
    let mut held = users::service::owned_by(tx, customer_id, &expected, now).await?;
    held.push(customer_id);
    customers::service::hold(tx, &mut held).await?;
    let pending = store::pending(tx, reset.id, customer_id, limit).await?;
    let owned = users::service::owned_by(tx, customer_id, &pending, now).await?;
    if pending.is_empty() || owned.iter().any(|customer| !held.contains(customer)) {
        // Whoever held the locks before did them, or made one of them an owner elsewhere: look again.
        return Ok(());
    }
    let actor = session::service::actor(tx, reset.requester(), now).await?;
    let scope = actor.as_ref().map(|actor| actor.scope(Right::Manage));
    let customer = match &scope {
        Some(scope) => customers::service::list(tx, &scope.narrowed(&[customer_id])).await?.pop(),
        None => None,
    };
    let (Some(actor), Some(scope), Some(customer)) = (actor, scope, customer) else {
        return skip_all(tx, platform, reset, customer_id, &pending, Skip::NoAuthority).await;
    };
    users::service::lock_all(tx, customer_id, &pending).await?;
    let found = users::service::by_ids(tx, &scope, &pending).await?;
    let last_owners = last_owners(tx, customer_id, &pending, now).await?;

    let (mut going, mut outcomes) = (Vec::new(), Vec::new());
    for user in &pending {
        let candidate = found.iter().find(|found| found.user.id == *user).map(users::service::User::candidate);
        let holdings = candidate.as_ref().map_or_else(Holdings::default, |candidate| candidate.holdings);
        let skip = match candidate.map(|candidate| decide(&actor, &candidate)) {
            None => Some(Skip::Gone),
            Some(Err(_)) => Some(Skip::NoAuthority),
            Some(Ok(Verdict::Skip(skip))) => Some(skip),
            Some(Ok(Verdict::Reset)) if last_owners.contains(user) => Some(Skip::LastOwner),
            Some(Ok(Verdict::Reset)) => None,
        };
        if skip.is_none() {
            going.push(*user);
        }
        outcomes.push(Outcome { user: *user, holdings, skip, link: None });
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
    let outcome = |user: &UserId| Outcome { user: *user, holdings: Holdings::default(), skip: Some(skip), link: None };
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
        let mut event = Event::new(now, what, Some(customer))
            .by(reset.requester())
            .about(outcome.user)
            .from(reset.from_address.clone())
            .with("reset", reset.id)
            .with("plan", seal(&reset.plan_hash));
        if let Some(skip) = outcome.skip {
            return event.with("why", skip);
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
