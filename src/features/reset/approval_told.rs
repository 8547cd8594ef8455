//! What is recorded and written when a plan waits for a second person, and when it no longer does.

use std::collections::BTreeMap;

use super::approval::{concerned, going};
use super::store::{self, ItemRow, Reset};
use crate::domain::approval::Decision;
use crate::domain::audit::{Event, What};
use crate::domain::authority::Actor;
use crate::domain::ids::CustomerId;
use crate::domain::mail::Mail;
use crate::domain::plan::seal;
use crate::domain::time::Time;
use crate::features::outbox::service::Letter;
use crate::features::{audit, customers, outbox};
use crate::platform::request::Origin;
use crate::platform::{Platform, Result, Tx};

/// An event in the chain of each customer of a plan, given how many of its users are reset.
pub(super) fn each(rows: &[ItemRow], event: impl Fn(CustomerId, usize) -> Event) -> Vec<Event> {
    let users = |customer| going(rows).filter(|(user, _)| user.customer == customer).count();
    concerned(rows).into_iter().map(|customer| event(customer, users(customer))).collect()
}

/// An event about a plan.
pub(super) fn about(
    now: Time,
    what: What,
    customer: CustomerId,
    actor: &Actor,
    origin: &Origin,
    reset: &Reset,
) -> Event {
    let event = Event::new(now, what, Some(customer)).by(actor.user).from(origin.address.clone());
    event.with("reset", reset.id).with("plan", seal(&reset.plan_hash))
}

/// Records and writes chain by chain: a mail is recorded too, at its reader's home, and two who write to several chains must
/// take them in one order.
pub(super) async fn tell(tx: &mut Tx, platform: &Platform, events: Vec<Event>, letters: Vec<Letter>) -> Result<()> {
    let mut chains: BTreeMap<Option<CustomerId>, (Vec<Event>, Vec<Letter>)> = BTreeMap::new();
    for event in events {
        chains.entry(event.customer).or_default().0.push(event);
    }
    for letter in letters {
        chains.entry(Some(letter.user.customer)).or_default().1.push(letter);
    }
    for (events, letters) in chains.into_values() {
        audit::service::record_all(tx, platform, events).await?;
        if !letters.is_empty() {
            outbox::service::enqueue(tx, platform, letters).await?;
        }
    }
    Ok(())
}

/// What tells those who were asked that a plan no longer waits for them: all but whoever decided.
pub(super) async fn over(
    tx: &mut Tx,
    reset: &Reset,
    decider: Option<&Actor>,
    people: usize,
    (decision, at): (Decision, Time),
) -> Result<Vec<Letter>> {
    let by = decider.map_or((reset.requester_name.as_str(), reset.requester_customer_id), |decider| {
        (decider.name.as_str(), decider.user.customer)
    });
    let mut letters = Vec::new();
    for user in store::approval::approvers(tx, reset.id).await? {
        if decider.is_some_and(|decider| decider.user == user) {
            continue;
        }
        let by = customers::service::introduced_from(tx, by, user.customer).await?;
        let mail = Mail::ApprovalOver { reset: reset.id, at, by, people, decision };
        letters.push(Letter { user, mail, link: None });
    }
    Ok(letters)
}
