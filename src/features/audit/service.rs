//! Records events in their customer's chain, reads them, and verifies that nobody changed them.

use std::collections::BTreeMap;

use super::store::{self, Head};
use crate::domain::audit::{Entry, Event, What};
use crate::domain::authority::{Actor, Refusal, Scope};
use crate::domain::ids::CustomerId;
use crate::domain::user::UserRef;
use crate::platform::keys::Purpose;
use crate::platform::request::Origin;
use crate::platform::{Conn, Keys, Platform, Result};

/// The chain of what belongs to no customer.
const INSTALLATION: &str = "rekey";
/// How many sign-ins are looked at to know from where somebody comes.
const SIGN_INS: i64 = 50;

/// Records one event, in the caller's transaction: if that rolls back, nothing happened and nothing is recorded.
///
/// # Errors
/// When the database fails.
pub async fn record(conn: &mut Conn, platform: &Platform, event: Event) -> Result<()> {
    record_all(conn, platform, vec![event]).await
}

/// Records events in their order.
///
/// # Errors
/// When the database fails.
pub async fn record_all(conn: &mut Conn, platform: &Platform, events: Vec<Event>) -> Result<()> {
    // In the order of the chains, so that two transactions that write to several cannot wait for each other.
    let mut by_chain: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    for event in events {
        by_chain.entry(chain_of(&event)).or_default().push(event);
    }
    for (chain, events) in by_chain {
        let mut head = store::lock_head(conn, &chain).await?;
        let mut entries = Vec::with_capacity(events.len());
        for event in events {
            let entry = Entry { number: head.number + 1, event };
            head.number = entry.number;
            head.hash = platform.keys.keyed_hash(Purpose::Audit, &entry.canonical(&head.hash));
            entries.push((entry, head.hash.clone()));
        }
        head.seal = platform.keys.keyed_hash(Purpose::Audit, &head_form(&chain, &head));
        store::insert(conn, &chain, &entries).await?;
        store::set_head(conn, &chain, &head).await?;
    }
    Ok(())
}

/// Records, in the chain of `actor`'s own customer, that they were refused to change something of the customer `of`.
///
/// # Errors
/// When the database fails.
pub async fn record_refusal(
    platform: &Platform,
    origin: &Origin,
    actor: &Actor,
    (change, of): (&str, CustomerId),
    why: Refusal,
) -> Result<()> {
    let event = Event::new(platform.now(), What::ChangeRefused, Some(actor.user.customer)).by(actor.user);
    let event = event.from(origin.address.clone()).with("change", change).with("of", of).with("why", why);
    record_alone(platform, event).await
}

/// Records one event in a transaction of its own: for refusals, which must outlive what they refuse.
///
/// # Errors
/// When the database fails.
pub async fn record_alone(platform: &Platform, event: Event) -> Result<()> {
    let mut tx = platform.db.begin().await?;
    record(&mut tx, platform, event).await?;
    tx.commit().await
}

fn chain_of(event: &Event) -> String {
    event.customer.map_or_else(|| INSTALLATION.to_owned(), |customer| customer.to_string())
}

fn head_form(chain: &str, head: &Head) -> Vec<u8> {
    format!("head {chain} {} {}", head.number, head.hash).into_bytes()
}

/// An event as it is read: with its hash and the names of those it speaks of.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The event in its place.
    pub entry: Entry,
    /// Its hash.
    pub hash: String,
    /// The customer's name.
    pub customer_name: String,
    /// Who did it, if a user did.
    pub actor_name: Option<String>,
    /// Whom it concerns, if a user.
    pub target_name: Option<String>,
}

/// The newest events in `scope`, at most `limit`, older than `before` (time, number and customer of the last one seen), about and
/// by `target` where one is named.
///
/// # Errors
/// When the database fails.
pub async fn newest(
    conn: &mut Conn,
    scope: &Scope,
    target: Option<UserRef>,
    before: Option<store::Place>,
    limit: i64,
) -> Result<Vec<Recorded>> {
    let rows = store::newest(conn, scope, target, before, limit).await?;
    Ok(rows.into_iter().map(recorded).collect())
}

/// The newest events about `user`, at most `limit`, older than number `before`: those in their home customer's chain, for
/// whoever reads that customer. Nobody else gets any.
///
/// # Errors
/// When the database fails.
pub async fn about(
    conn: &mut Conn,
    scope: &Scope,
    user: UserRef,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Recorded>> {
    if !scope.covers(user.customer) {
        return Ok(Vec::new());
    }
    let rows = store::about(conn, user, false, before.unwrap_or(i64::MAX), limit).await?;
    Ok(rows.into_iter().map(recorded).collect())
}

/// The network addresses from which `user` signed in lately, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn signed_in_from(conn: &mut Conn, user: UserRef) -> Result<Vec<String>> {
    let sign_ins = last(conn, user, What::SignedIn, SIGN_INS).await?;
    Ok(sign_ins.into_iter().filter_map(|entry| entry.event.from).collect())
}

/// The newest events of one kind about `user` in their home customer's chain, at most `limit`, the newest first: for their own
/// eyes, and for whoever reads that customer.
///
/// # Errors
/// When the database fails.
pub async fn last(conn: &mut Conn, user: UserRef, what: What, limit: i64) -> Result<Vec<Entry>> {
    Ok(store::last(conn, user, what, limit).await?.into_iter().map(entry).collect())
}

/// The newest events about or by somebody in their home customer's chain, at most `limit`, for their own eyes.
///
/// # Errors
/// When the database fails.
pub async fn own(conn: &mut Conn, actor: &Actor, limit: i64) -> Result<Vec<Recorded>> {
    let rows = store::about(conn, actor.user, true, i64::MAX, limit).await?;
    Ok(rows.into_iter().map(recorded).collect())
}

fn recorded(listed: store::Listed) -> Recorded {
    Recorded {
        hash: listed.row.hash.clone(),
        entry: entry(listed.row),
        customer_name: listed.customer_name,
        actor_name: listed.actor_name,
        target_name: listed.target_name,
    }
}

fn entry(row: store::Row) -> Entry {
    let actor = row.actor_customer_id.zip(row.actor_id).map(|(customer, id)| UserRef { customer, id });
    let event = Event {
        customer: row.chain.parse().ok(),
        at: row.at,
        what: row.what,
        actor,
        target: row.target_id,
        from: row.from_address,
        details: serde_json::from_str(&row.details).unwrap_or_default(),
    };
    Entry { number: row.number, event }
}

/// Where a chain is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Break {
    /// The chain: a customer's identifier, or `rekey`.
    pub chain: String,
    /// The first row that is not as it was written.
    pub number: i64,
    /// What is wrong with it.
    pub why: &'static str,
}

/// What the verifier found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// How many chains were read.
    pub chains: u64,
    /// How many rows were read.
    pub rows: u64,
    /// The first break of each broken chain.
    pub breaks: Vec<Break>,
}

/// Reads every chain from its first row to its head and names the first row of each that was changed, removed,
/// reordered or cut off.
///
/// # Errors
/// When the database fails.
pub async fn verify(conn: &mut Conn, keys: &Keys) -> Result<Verified> {
    let mut verified = Verified::default();
    for chain in store::chains(conn).await? {
        verified.chains += 1;
        if let Some((number, why)) = first_break(conn, keys, &chain, &mut verified.rows).await? {
            verified.breaks.push(Break { chain, number, why });
        }
    }
    Ok(verified)
}

async fn first_break(conn: &mut Conn, keys: &Keys, chain: &str, read: &mut u64) -> Result<Option<(i64, &'static str)>> {
    // The head comes before the rows: whatever is written meanwhile, the rows it counts are there.
    let head = store::head(conn, chain).await?;
    let (mut number, mut hash) = (0, String::new());
    loop {
        let rows = store::after(conn, chain, number, 1000).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            *read += 1;
            if row.number != number + 1 {
                return Ok(Some((number + 1, "the row is missing")));
            }
            let changed = Ok(Some((row.number, "the row is not as it was written")));
            let Some(row) = row.read() else { return changed };
            // What is hashed is what is stored: details in another spelling are a change too.
            let (row_hash, details) = (row.hash.clone(), row.details.clone());
            let entry = entry(row);
            let same_details = serde_json::to_string(&entry.event.details).is_ok_and(|text| text == details);
            if !same_details || !keys.is_keyed_hash(Purpose::Audit, &entry.canonical(&hash), &row_hash) {
                return changed;
            }
            (number, hash) = (entry.number, row_hash);
        }
    }
    // Rows beyond the head were written meanwhile, and then it has moved on with them.
    let counted = head.as_ref().map_or(0, |head| head.number);
    let head = if counted < number { store::head(conn, chain).await? } else { head };
    Ok(match head {
        None => Some((1, "the head is missing")),
        Some(head) if !keys.is_keyed_hash(Purpose::Audit, &head_form(chain, &head), &head.seal) => {
            Some((number + 1, "the head is not as it was written"))
        }
        Some(_) if counted > number => Some((number + 1, "the row is missing")),
        Some(head) if head.number < number => Some((head.number + 1, "the row is beyond the head")),
        Some(_) => None,
    })
}
