//! Sends codes to phones, and takes them. A code counts once, for what it was asked for, for ten minutes, until the fifth wrong
//! one or the next that is sent for the same.

use super::store;
use crate::domain::ids::{CustomerId, MethodId, PhoneCodeId, UserId};
use crate::domain::mail::Mail;
use crate::domain::phone::{About, Allowance, CODE_LIFETIME, DAY, PhoneNumber, WINDOW, WRONG_CODES, allowance};
use crate::domain::time::Time;
use crate::domain::user::UserRef;
use crate::features::outbox;
use crate::features::outbox::service::Letter;
use crate::platform::keys::{Purpose, same};
use crate::platform::{Conn, Platform, Result, phone};

/// A code that is on its way or there, and counts until then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The number, masked.
    pub masked: String,
    /// The first moment at which the code counts no more.
    pub until: Time,
}

/// What came of asking for a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It is on its way.
    OnItsWay(Waiting),
    /// No message before this moment: there were too many.
    NotBefore(Time),
    /// The customer's messages of a day are spent.
    SpentForToday,
}

/// Queues a code for `number`, which is `method` or is being added, in the caller's transaction. The caller holds the user's
/// lock; `most_a_day` is what the user's customer pays for.
///
/// # Errors
/// When the database fails.
pub async fn send(
    conn: &mut Conn,
    platform: &Platform,
    user: UserRef,
    (method, number): (Option<MethodId>, &PhoneNumber),
    about: About,
    most_a_day: u16,
) -> Result<Sent> {
    let now = platform.now();
    let number_key = platform.keys.keyed_hash(Purpose::PhoneNumber, number.e164().as_bytes());
    // Always in this order, so that no two wait for each other.
    store::hold(conn, &format!("customer {}", user.customer)).await?;
    // Somebody's own number is theirs to use up.
    let to_number = if let Some(method) = method {
        store::to_method(conn, user, method, now - WINDOW).await?
    } else {
        store::hold(conn, &format!("number {number_key}")).await?;
        store::to_new_number(conn, &number_key, now - WINDOW).await?
    };
    let for_user = store::for_user(conn, user, now - DAY).await?;
    let today = store::of_customer(conn, user.customer, now - DAY).await?;
    match allowance(now, &to_number, &for_user, today, most_a_day) {
        Allowance::Now => {}
        Allowance::NotBefore(time) => return Ok(Sent::NotBefore(time)),
        Allowance::SpentForToday => return Ok(Sent::SpentForToday),
    }
    // The newest counts, whatever number it goes to.
    store::spend_rest(conn, user, about, now).await?;
    let id = platform.rng.id(now, PhoneCodeId::new);
    let sealed = phone::seal(&platform.keys, &platform.rng, &phone::code_place(id), number);
    let key_id = platform.keys.newest_id();
    let new = store::New { id, method, number: &sealed, number_key: &number_key, about, key_id };
    store::insert(conn, user, &new, now).await?;
    let letter = Letter { user, mail: Mail::PhoneCode { code: id }, link: None };
    outbox::service::enqueue(conn, platform, vec![letter]).await?;
    Ok(Sent::OnItsWay(Waiting { masked: number.masked(), until: now + CODE_LIFETIME }))
}

/// How many messages the users of a customer asked for in the last day.
///
/// # Errors
/// When the database fails.
pub async fn sent_today(conn: &mut Conn, customer: CustomerId, now: Time) -> Result<i64> {
    store::of_customer(conn, customer, now - DAY).await
}

/// The newest code that counts for `about`, if there is one.
///
/// # Errors
/// When the database fails or the number does not open.
pub async fn waiting(conn: &mut Conn, platform: &Platform, user: UserRef, about: About) -> Result<Option<Waiting>> {
    let rows = live(conn, platform, user, about).await?;
    let waiting = |row: &store::Row| -> Result<Waiting> {
        let number = phone::open(&platform.keys, &phone::code_place(row.id), &row.number)?;
        Ok(Waiting { masked: number.masked(), until: row.asked_at + CODE_LIFETIME })
    };
    rows.first().map(waiting).transpose()
}

/// A right code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Of which method; none where its number is being added.
    pub method: Option<MethodId>,
    /// The number it went to.
    pub number: PhoneNumber,
}

/// Takes a code that was sent for `about`: at most one of any number of the same succeeds. A wrong one counts against it.
///
/// # Errors
/// When the database fails or a number does not open.
pub async fn take_code(
    conn: &mut Conn,
    platform: &Platform,
    user: UserRef,
    about: About,
    digits: &str,
) -> Result<Option<Taken>> {
    let now = platform.now();
    for row in live(conn, platform, user, about).await? {
        // One whose key is gone is no code any more; a wrong one still counts as wrong.
        let code = platform.keys.phone_code(&row.key_id, row.id, user);
        if code.is_some_and(|code| same(&code, digits)) {
            let first = store::spend(conn, row.id, now).await?;
            store::spend_rest(conn, user, about, now).await?;
            let number = phone::open(&platform.keys, &phone::code_place(row.id), &row.number)?;
            return Ok(first.then_some(Taken { method: row.method_id, number }));
        }
    }
    store::raise_wrong_codes(conn, user, about).await?;
    Ok(None)
}

async fn live(conn: &mut Conn, platform: &Platform, user: UserRef, about: About) -> Result<Vec<store::Row>> {
    store::live(conn, user, about, platform.now() - CODE_LIFETIME, WRONG_CODES).await
}

/// Forgets the numbers behind what was sent for these users, and ends those codes: that they were sent is still counted.
///
/// # Errors
/// When the database fails.
pub async fn forget(conn: &mut Conn, customer: CustomerId, users: &[UserId], now: Time) -> Result<()> {
    store::forget(conn, customer, users, now).await
}

/// Forgets messages that are counted no more.
///
/// # Errors
/// When the database fails.
pub async fn sweep(platform: &Platform) -> Result<()> {
    let mut tx = platform.db.begin().await?;
    store::delete_stale(&mut tx, platform.now() - DAY).await?;
    tx.commit().await
}
