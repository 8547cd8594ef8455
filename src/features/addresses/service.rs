//! Takes requests for another address, gives it by the link in the mail to it, and undoes that by the link in the mail to the
//! old one.
//!
//! A change that waits is a half-finished way like a sign-in: whatever ends those ends it too, a reset and a freeze included.

use super::store;
use crate::domain::address::{MOST, Place, UNDO, WINDOW, falls_with};
use crate::domain::audit::{Event, What};
use crate::domain::customer::Customer;
use crate::domain::mail::Mail;
use crate::domain::recovery::End;
use crate::domain::sign_in::{Purpose, Step};
use crate::domain::time::Time;
use crate::domain::user::{Address, UserRef};
use crate::features::outbox::service::Letter;
use crate::features::session::service::Challenge;
use crate::features::users::service::Locked;
use crate::features::{audit, customers, outbox, recovery, session, users};
use crate::platform::request::Origin;
use crate::platform::text::address_key;
use crate::platform::{Conn, Platform, Result};

/// What came of asking for another address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A mail is on its way to it.
    Waiting,
    /// They have that one already.
    Same,
    /// Too many of late.
    TooMany,
}

/// Takes a request of somebody who has just proved themself, and whose lock the caller holds; what they asked for before ends.
///
/// The same is done whoever has that address: nothing is looked up, and its mailbox gets the same mail, which speaks of nobody
/// but who asks. Whether the address is free is decided once its link is followed, so that only its own reader learns it.
///
/// # Errors
/// When the database fails.
pub async fn ask(
    conn: &mut Conn,
    platform: &Platform,
    locked: &Locked,
    place: Place,
    address: &Address,
) -> Result<Asked> {
    let (user, now) = (locked.user, platform.now());
    // Their second address may become the first one, and is the second no more then.
    let had = [Some(&locked.address), locked.second_address.as_ref().filter(|_| place == Place::Second)];
    if had.into_iter().flatten().any(|had| address_key(had) == address_key(address)) {
        return Ok(Asked::Same);
    }
    if store::asked(conn, user, now - WINDOW).await? >= MOST {
        return Ok(Asked::TooMany);
    }
    let opened = session::service::open_mailed(conn, platform, user, Purpose::NewAddress, Step::Confirm).await?;
    store::insert(conn, opened.challenge, user, place, address, now).await?;
    let mail =
        Mail::NewAddress { challenge: opened.challenge, key_id: opened.key_id, at: now, expires_at: opened.until };
    tell(conn, platform, user, mail, Some(address)).await?;
    Ok(Asked::Waiting)
}

/// An address that waits for its link.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// What it is to be.
    pub place: Place,
    /// Which.
    pub address: Address,
    /// Until when.
    pub until: Time,
}

/// The address of `user` that waits for its link.
///
/// # Errors
/// When the database fails.
pub async fn waiting(conn: &mut Conn, user: UserRef, now: Time) -> Result<Option<Waiting>> {
    let row = store::waiting(conn, user, now).await?;
    Ok(row.map(|row| Waiting { place: row.place, address: row.address, until: row.until }))
}

/// What the page of a working link shows.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The user's customer.
    pub customer: Customer,
    /// The address that it gives, or gives back.
    pub address: Address,
    /// As what.
    pub place: Place,
}

/// The change that waits for this token. Unknown, forged and dead ones are all the same none.
async fn live(conn: &mut Conn, platform: &Platform, token: &str) -> Result<Option<(Challenge, store::Row)>> {
    let found = session::service::challenge(conn, token, platform.now()).await?;
    let Some(challenge) = found.filter(|challenge| challenge.purpose == Purpose::NewAddress) else {
        return Ok(None);
    };
    Ok(store::get(conn, challenge.id).await?.map(|row| (challenge, row)))
}

/// Shows the link to a new address; nothing is changed by it.
///
/// # Errors
/// When the database fails.
pub async fn open(platform: &Platform, token: &str) -> Result<Option<Opened>> {
    let mut conn = platform.db.read().await?;
    let Some((_, row)) = live(&mut conn, platform, token).await? else {
        return Ok(None);
    };
    let customer = customers::service::of_user(&mut conn, row.customer_id).await?;
    Ok(customer.map(|customer| Opened { customer, address: row.address, place: row.place }))
}

/// What came of the link to a new address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// It is theirs from now on.
    Done(Place),
    /// It is somebody else's.
    Taken,
    /// The link does not work.
    Dead,
}

/// Gives the new address to whoever asked for it, and tells all of theirs. With another first address, the recovery link in the
/// old mailbox ends.
///
/// That the address is taken is recorded nowhere: it would stand where whoever asked can read it.
///
/// # Errors
/// When the database fails.
pub async fn confirm(platform: &Platform, origin: &Origin, token: &str) -> Result<Confirmed> {
    match change(platform, origin, token).await {
        // Two at once.
        Err(fault) if fault.is_taken() => Ok(Confirmed::Taken),
        changed => changed,
    }
}

async fn change(platform: &Platform, origin: &Origin, token: &str) -> Result<Confirmed> {
    let mut tx = platform.db.begin().await?;
    let Some((_, seen)) = live(&mut tx, platform, token).await? else {
        return Ok(Confirmed::Dead);
    };
    let Some(locked) = users::service::lock(&mut tx, seen.user()).await? else {
        return Ok(Confirmed::Dead);
    };
    // Everything that could have changed since, under the user's lock.
    let Some((challenge, row)) = live(&mut tx, platform, token).await? else {
        return Ok(Confirmed::Dead);
    };
    let done = match row.place {
        Place::Primary => set_first(&mut tx, platform, origin, &locked, (&challenge, row.address)).await?,
        Place::Second => set_second(&mut tx, platform, origin, &locked, (&challenge, row.address)).await?,
    };
    if matches!(done, Confirmed::Done(_)) {
        tx.commit().await?;
    }
    Ok(done)
}

async fn set_first(
    conn: &mut Conn,
    platform: &Platform,
    origin: &Origin,
    locked: &Locked,
    (challenge, new): (&Challenge, Address),
) -> Result<Confirmed> {
    let (user, now, key) = (locked.user, platform.now(), address_key(&new));
    if store::is_taken(conn, user, &key, now - UNDO).await? {
        return Ok(Confirmed::Taken);
    }
    let (old, change) = (&locked.address, challenge.id);
    outbox::service::pin(conn, user, old).await?;
    users::service::change_address(conn, user, &new, now).await?;
    if locked.second_address.as_ref().is_some_and(|second| address_key(second) == key) {
        users::service::set_second_address(conn, user, None, now).await?;
    }
    recovery::service::end(conn, platform, user, End::AddressChanged).await?;
    let until = if let Some(since) = store::given_up_at(conn, user, &key, now - UNDO).await? {
        store::settle(conn, user, since).await?;
        store::set_confirmed(conn, change, now, None, None).await?;
        None
    } else {
        store::set_confirmed(conn, change, now, Some(old), Some(&address_key(old))).await?;
        Some(now + UNDO)
    };
    tell(conn, platform, user, Mail::AddressChanged { at: now, address: new.masked() }, None).await?;
    let lost = Mail::AddressLost { change, at: now, address: new.masked(), until };
    tell(conn, platform, user, lost, Some(old)).await?;
    let event = event(now, What::AddressChanged, user, origin).with("old", old.masked()).with("new", new.masked());
    audit::service::record(conn, platform, event).await?;
    Ok(Confirmed::Done(Place::Primary))
}

async fn set_second(
    conn: &mut Conn,
    platform: &Platform,
    origin: &Origin,
    locked: &Locked,
    (challenge, new): (&Challenge, Address),
) -> Result<Confirmed> {
    let (user, now) = (locked.user, platform.now());
    session::service::end_challenge(conn, challenge).await?;
    if let Some(old) = &locked.second_address {
        remove_second(conn, platform, user, old).await?;
    }
    users::service::set_second_address(conn, user, Some(&new), now).await?;
    store::set_confirmed(conn, challenge.id, now, None, None).await?;
    let mail = Mail::SecondAddress { at: now, address: new.masked(), added: true };
    tell(conn, platform, user, mail, None).await?;
    let event = event(now, What::SecondAddressAdded, user, origin).with("new", new.masked());
    audit::service::record(conn, platform, event).await?;
    Ok(Confirmed::Done(Place::Second))
}

/// Takes the second address from `user`, whose lock the caller holds, and tells both. The caller records it.
///
/// # Errors
/// When the database fails.
pub async fn remove_second(conn: &mut Conn, platform: &Platform, user: UserRef, second: &Address) -> Result<()> {
    let now = platform.now();
    users::service::set_second_address(conn, user, None, now).await?;
    let mail = Mail::SecondAddress { at: now, address: second.masked(), added: false };
    tell(conn, platform, user, mail.clone(), None).await?;
    tell(conn, platform, user, mail, Some(second)).await
}

/// Writes to `user`: at their addresses, or at one that is not theirs any more.
async fn tell(conn: &mut Conn, platform: &Platform, user: UserRef, mail: Mail, at: Option<&Address>) -> Result<()> {
    let letter = Letter { user, mail, link: None };
    match at {
        None => outbox::service::enqueue(conn, platform, vec![letter]).await,
        Some(address) => outbox::service::enqueue_to(conn, platform, letter, address.clone()).await,
    }
}

/// Nobody has signed in here: it is recorded about the user, and by nobody. Addresses stand in the audit masked, since what is
/// recorded stays.
fn event(now: Time, what: What, user: UserRef, origin: &Origin) -> Event {
    Event::new(now, what, Some(user.customer)).about(user.id).from(origin.address.clone())
}

/// A change that can be undone.
struct Undoable {
    user: UserRef,
    /// What it brings back.
    old: Address,
    /// From when on everything is undone with it.
    since: Time,
}

/// The change that this token undoes. Unknown, forged and late ones are all the same none.
async fn undoable(conn: &mut Conn, platform: &Platform, token: &str) -> Result<Option<Undoable>> {
    let Some(id) = token.split_once('.').and_then(|(id, _)| id.parse().ok()) else {
        return Ok(None);
    };
    let Some(row) = store::get(conn, id).await? else {
        return Ok(None);
    };
    let (user, change) = (row.user(), row.change());
    let undo = change.undo(platform.now()).filter(|_| platform.keys.is_undo_address_token(id, user, token));
    Ok(undo.map(|(old, since)| Undoable { user, old: old.clone(), since }))
}

/// Shows the link that undoes a change; nothing is changed by it.
///
/// # Errors
/// When the database fails.
pub async fn open_undo(platform: &Platform, token: &str) -> Result<Option<Opened>> {
    let mut conn = platform.db.read().await?;
    let Some(found) = undoable(&mut conn, platform, token).await? else {
        return Ok(None);
    };
    let customer = customers::service::of_user(&mut conn, found.user.customer).await?;
    Ok(customer.map(|customer| Opened { customer, address: found.old, place: Place::Primary }))
}

/// Brings an old address back, with every change since undone, and ends whatever is open: sessions, trusted devices,
/// half-finished ways, the recovery link. A second address that came since or shortly before goes too. It frees nobody who is
/// frozen or suspended. Says whether the token was good for it.
///
/// # Errors
/// When the database fails.
pub async fn undo(platform: &Platform, origin: &Origin, token: &str) -> Result<bool> {
    let mut tx = platform.db.begin().await?;
    let Some(seen) = undoable(&mut tx, platform, token).await? else {
        return Ok(false);
    };
    let Some(locked) = users::service::lock(&mut tx, seen.user).await? else {
        return Ok(false);
    };
    // Everything that could have changed since, under the user's lock.
    let Some(Undoable { user, old, since }) = undoable(&mut tx, platform, token).await? else {
        return Ok(false);
    };
    let (now, dropped) = (platform.now(), locked.address);
    let sessions = users::service::restore_address(&mut tx, user, &old, now).await?;
    recovery::service::end(&mut tx, platform, user, End::AddressChanged).await?;
    // Whoever changed the one may have brought the other along.
    let second = users::service::second_address(&mut tx, user).await?;
    let second = second.filter(|(_, confirmed_at)| falls_with(*confirmed_at, since)).map(|(address, _)| address);
    if second.is_some() {
        users::service::set_second_address(&mut tx, user, None, now).await?;
    }
    store::settle(&mut tx, user, since).await?;
    let mail = Mail::AddressRestored { at: now, address: old.masked() };
    tell(&mut tx, platform, user, mail.clone(), None).await?;
    for address in [Some(&dropped), second.as_ref()].into_iter().flatten() {
        tell(&mut tx, platform, user, mail.clone(), Some(address)).await?;
    }
    let event = event(now, What::AddressRestored, user, origin);
    let event = event.with("old", dropped.masked()).with("new", old.masked()).with("sessions_ended", sessions);
    audit::service::record(&mut tx, platform, event).await?;
    tx.commit().await?;
    Ok(true)
}

/// Forgets what `user` asked for and could take back, at the end of their account.
///
/// # Errors
/// When the database fails.
pub async fn forget(conn: &mut Conn, user: UserRef) -> Result<()> {
    store::delete_all(conn, user).await
}

/// Forgets changes that can be undone no more, and what was asked for and never confirmed.
///
/// # Errors
/// When the database fails.
pub async fn sweep(platform: &Platform) -> Result<()> {
    let mut tx = platform.db.begin().await?;
    store::delete_stale(&mut tx, platform.now() - UNDO).await?;
    tx.commit().await
}
