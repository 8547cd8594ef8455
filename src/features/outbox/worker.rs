//! Sends what is due, each mail and message at least once, until a server has taken it; how one is put together is in
//! `sending`. A mail that was sent is marked so before the next one is touched: a crash repeats one mail at most, and under
//! the same Message-ID. Messages to phones leave together, since somebody waits for each.

mod sending;

use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

use sending::{Outcome, send};

use super::store::{self, Leased};
use super::transport::LONGEST;
use crate::domain::address::Place;
use crate::domain::audit::{Event, What};
use crate::domain::ids::CustomerId;
use crate::domain::mail::{Channel, Mail};
use crate::domain::time::{Span, Time};
use crate::features::audit;
use crate::platform::{Conn, Fault, Platform, Result};

pub use super::transport::Transport;

/// How many mails are taken at once. After a crash this many wait for the lease to end.
const BATCH: usize = 16;
/// After so many tries a message to a phone is given up: a gateway that answers late may have taken each of them, each costs
/// money, and whoever waits can ask for another.
const LAST_TRY: i64 = 2;
/// How long a taken mail is nobody else's.
const LEASE: Span = Span::minutes(3);
/// How long a mail waits when no mail gets through. It is not put off further: the server's absence is not its fault.
const AWAY: Span = Span::minutes(1);
/// How often the worker looks for something to do, and how far it backs off while nothing gets through.
const IDLE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// Starts the worker. It runs until the handle is aborted. A code for a phone waits for no mail: whoever asked for it sits
/// there, and ten thousand mails take minutes.
pub fn start(platform: Platform, transport: Transport) -> JoinHandle<()> {
    tokio::spawn(async move {
        tokio::join!(run(&platform, &transport, Channel::Mail), run(&platform, &transport, Channel::Phone));
    })
}

async fn run(platform: &Platform, transport: &Transport, channel: Channel) {
    let mut pause = IDLE;
    loop {
        // A task of its own: should a pass panic, the next one goes on without what panicked.
        let mut pass_alone = JoinSet::new();
        let (world, way_out) = (platform.clone(), transport.clone());
        pass_alone.spawn(async move { pass(&world, &way_out, channel).await });
        pause = match pass_alone.join_next().await {
            Some(Ok(Ok(Pass { reachable: true, .. }))) | None => IDLE,
            Some(Ok(Ok(_))) => (pause * 2).min(LONGEST_PAUSE),
            Some(Ok(Err(fault))) => {
                tracing::error!(error = %fault, %channel, "the outbox cannot be read or marked");
                (pause * 2).min(LONGEST_PAUSE)
            }
            Some(Err(error)) => {
                tracing::error!(%error, %channel, "a pass over the outbox ended early");
                IDLE
            }
        };
        sleep(pause).await;
    }
}

/// Sends everything that is due now, once; says how many mails and messages were sent.
///
/// # Errors
/// When the database fails. What was sent and marked until then stays so.
pub async fn deliver_due(platform: &Platform, transport: &Transport) -> Result<usize> {
    let mut sent = 0;
    for channel in Channel::ALL {
        sent += pass(platform, transport, *channel).await?.sent;
    }
    Ok(sent)
}

struct Pass {
    sent: usize,
    reachable: bool,
}

async fn pass(platform: &Platform, transport: &Transport, channel: Channel) -> Result<Pass> {
    let mut pass = Pass { sent: 0, reachable: true };
    let mut served = None;
    while pass.reachable && store::is_due(&mut *platform.db.read().await?, channel, platform.now()).await? {
        let until = platform.now() + LEASE;
        let mut tx = platform.db.begin().await?;
        let batch = lease(&mut tx, channel, platform.now(), until, &mut served).await?;
        tx.commit().await?;
        if batch.is_empty() {
            break;
        }
        match channel {
            Channel::Mail => deliver(platform, transport, &batch, until, &mut pass).await?,
            Channel::Phone => deliver_together(platform, transport, batch, until, &mut pass).await?,
        }
    }
    Ok(pass)
}

/// Takes a batch of what is due. It goes round among the customers from the one after `served` on, so that nobody's mail waits
/// for ten thousand of another customer's; where few have something due, each gets a larger part.
async fn lease(
    conn: &mut Conn,
    channel: Channel,
    now: Time,
    until: Time,
    served: &mut Option<CustomerId>,
) -> Result<Vec<Leased>> {
    let mut customers = store::due_customers(conn, channel, now, *served, BATCH).await?;
    if let Some(last) = served.filter(|_| customers.len() < BATCH) {
        let from_the_first = store::due_customers(conn, channel, now, None, BATCH - customers.len()).await?;
        customers.extend(from_the_first.into_iter().filter(|customer| *customer <= last));
    }
    *served = customers.last().copied();
    if customers.is_empty() {
        return Ok(Vec::new());
    }
    store::lease(conn, channel, (now, until), &customers, BATCH / customers.len()).await
}

/// Delivers a batch of mails one after the other, or as much of it as the lease is good for.
async fn deliver(
    platform: &Platform,
    transport: &Transport,
    batch: &[Leased],
    until: Time,
    pass: &mut Pass,
) -> Result<()> {
    for (done, row) in batch.iter().enumerate() {
        let left = (until - platform.now()).as_milliseconds();
        if left < i64::try_from(LONGEST.as_millis()).unwrap_or(i64::MAX) {
            return give_back(platform, &batch[done..], until, platform.now()).await;
        }
        match send(platform, transport, row, until).await? {
            Outcome::Unreachable(error) => {
                tracing::warn!(error, "no mail gets through");
                pass.reachable = false;
                return give_back(platform, &batch[done..], until, platform.now() + AWAY).await;
            }
            outcome => conclude(platform, Channel::Mail, row, until, outcome, pass).await?,
        }
    }
    Ok(())
}

/// Delivers a batch of messages to phones at once: nobody waits for somebody else's that hangs.
async fn deliver_together(
    platform: &Platform,
    transport: &Transport,
    batch: Vec<Leased>,
    until: Time,
    pass: &mut Pass,
) -> Result<()> {
    let mut sending = JoinSet::new();
    for row in batch {
        let (world, way_out) = (platform.clone(), transport.clone());
        sending.spawn(async move {
            let outcome = send(&world, &way_out, &row, until).await;
            (row, outcome)
        });
    }
    while let Some(sent) = sending.join_next().await {
        match sent {
            Ok((row, Ok(outcome))) => conclude(platform, Channel::Phone, &row, until, outcome, pass).await?,
            Ok((row, Err(fault))) => tracing::error!(mail = %row.id, error = %fault, "the message cannot be read"),
            Err(error) => tracing::error!(%error, "sending a message ended early"),
        }
    }
    Ok(())
}

/// Writes down what came of one.
async fn conclude(
    platform: &Platform,
    channel: Channel,
    row: &Leased,
    until: Time,
    outcome: Outcome,
    pass: &mut Pass,
) -> Result<()> {
    match outcome {
        Outcome::Sent => {
            settle(platform, row, None).await?;
            pass.sent += 1;
        }
        Outcome::Superseded => {
            let mut tx = platform.db.begin().await?;
            store::set_superseded(&mut tx, row.id, platform.now()).await?;
            tx.commit().await?;
        }
        Outcome::NotYet(at) => give_back(platform, std::slice::from_ref(row), until, at).await?,
        Outcome::NotNow(error) if channel == Channel::Phone && row.tries >= LAST_TRY => {
            tracing::warn!(mail = %row.id, error, "the message is given up");
            settle(platform, row, Some(&error)).await?;
        }
        Outcome::NotNow(error) | Outcome::Unreachable(error) => {
            tracing::warn!(mail = %row.id, tries = row.tries + 1, error, "it was put off");
            let mut tx = platform.db.begin().await?;
            let next = platform.now() + delay_after(channel, row.tries);
            store::set_tried(&mut tx, row.id, until, next, &error).await?;
            tx.commit().await?;
        }
        Outcome::Refused(error) => {
            tracing::warn!(mail = %row.id, error, "it cannot be delivered");
            settle(platform, row, Some(&error)).await?;
        }
        Outcome::LeaseLost => {}
    }
    Ok(())
}

/// 1, 2, 4 … 60 minutes, and never an end. Somebody waits for a code while it counts: there it begins with seconds.
fn delay_after(channel: Channel, tries: i64) -> Span {
    match channel {
        Channel::Mail => Span::minutes((1 << tries.clamp(0, 6)).min(60)),
        Channel::Phone => Span::seconds(5 << tries.clamp(0, 5)),
    }
}

async fn give_back(platform: &Platform, rows: &[Leased], until: Time, next: Time) -> Result<()> {
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let mut tx = platform.db.begin().await?;
    store::give_back(&mut tx, &ids, until, next).await?;
    tx.commit().await
}

/// Marks a mail as sent, or as refused. What was sent must be marked or it is sent again, so a database that is busy or
/// away for a moment is asked again.
async fn settle(platform: &Platform, row: &Leased, refusal: Option<&str>) -> Result<()> {
    for _ in 0..10 {
        match settle_once(platform, row, refusal).await {
            Err(Fault::Busy | Fault::Database(_)) => sleep(Duration::from_secs(1)).await,
            settled => return settled,
        }
    }
    settle_once(platform, row, refusal).await
}

async fn settle_once(platform: &Platform, row: &Leased, refusal: Option<&str>) -> Result<()> {
    let mut tx = platform.db.begin().await?;
    let now = platform.now();
    let (is_new, event) = match refusal {
        None => (store::set_sent(&mut tx, row.id, now).await?, event(now, What::MailSent, row)),
        Some(error) => {
            let event = event(now, What::MailFailed, row).with("error", error);
            (store::set_failed(&mut tx, row.id, now, error).await?, event)
        }
    };
    if is_new {
        audit::service::record(&mut tx, platform, event).await?;
    }
    tx.commit().await
}

/// What is recorded of a mail.
pub(super) fn event(now: Time, what: What, row: &Leased) -> Event {
    let event = Event::new(now, what, Some(row.customer_id)).about(row.user_id);
    let event = if row.copy_of.is_some() { event.with("to", Place::Second) } else { event };
    match serde_json::from_str::<Mail>(&row.mail) {
        Ok(mail) => event.with("mail", mail.kind()),
        Err(_) => event,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_an_hour_and_stay_there() {
        let mails = |tries| delay_after(Channel::Mail, tries).as_minutes_up();
        let minutes: Vec<i64> = (0..8).chain([63, i64::MAX]).map(mails).collect();
        assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
        let codes = |tries| delay_after(Channel::Phone, tries).as_seconds();
        let seconds: Vec<i64> = (0..7).chain([i64::MAX]).map(codes).collect();
        assert_eq!(seconds, [5, 10, 20, 40, 80, 160, 160, 160]);
    }
}
