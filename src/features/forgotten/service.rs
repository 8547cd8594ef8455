//! Takes requests for a new password, answers them by mail, and sets what is chosen at the link.
//!
//! A request leaves one row, whoever is meant by it, and nothing else: known and unknown addresses take the same because the
//! same is done. Who is meant is looked up by a worker afterwards.

use super::store;
use crate::domain::audit::{Event, What};
use crate::domain::customer::Customer;
use crate::domain::forgotten::{Answer, Facts, MOST_FOR_AN_ADDRESS, MOST_FROM_AN_ORIGIN, WINDOW, answer};
use crate::domain::ids::PasswordRequestId;
use crate::domain::mail::Mail;
use crate::domain::password::{Weakness, shortest};
use crate::domain::sign_in::{Next, Passed, Purpose, Step, advance};
use crate::domain::user::{Address, UserRef};
use crate::features::outbox::service::Letter;
use crate::features::session::service::Challenge;
use crate::features::users::service::Locked;
use crate::features::{audit, customers, methods, outbox, session, users};
use crate::platform::keys::Purpose as KeyPurpose;
use crate::platform::request::Origin;
use crate::platform::text::address_key;
use crate::platform::{Conn, Platform, Result, common};

/// How many requests are answered before it is looked again.
const BATCH: i64 = 16;

/// What came of a request, as its page says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Taken, whatever its answer is.
    Taken,
    /// What was typed is no address.
    Malformed,
    /// Too many from one place.
    TooMany,
}

/// Takes a request. Nothing about its address is looked up.
///
/// # Errors
/// When the database fails.
pub async fn ask(platform: &Platform, origin: &Origin, typed: &str) -> Result<Asked> {
    let Ok(address) = typed.parse::<Address>() else {
        return Ok(Asked::Malformed);
    };
    let now = platform.now();
    let key = platform.keys.keyed_hash(KeyPurpose::PasswordRequest, address_key(&address).as_bytes());
    let from = origin.address.as_deref();
    let mut tx = platform.db.begin().await?;
    let (for_address, from_here) = store::counted(&mut tx, &key, from, now - WINDOW).await?;
    if from_here >= MOST_FROM_AN_ORIGIN {
        return Ok(Asked::TooMany);
    }
    if for_address < MOST_FOR_AN_ADDRESS {
        let id = platform.rng.id(now, PasswordRequestId::new);
        store::insert(&mut tx, id, &key, address.as_str(), from, now).await?;
        tx.commit().await?;
    }
    Ok(Asked::Taken)
}

/// Answers the requests that wait; says how many.
///
/// # Errors
/// When the database fails. What was answered until then stays so.
pub async fn answer_waiting(platform: &Platform) -> Result<usize> {
    let mut answered = 0;
    loop {
        let waiting = store::waiting(&mut *platform.db.read().await?, BATCH).await?;
        if waiting.is_empty() {
            return Ok(answered);
        }
        for id in waiting {
            let mut tx = platform.db.begin().await?;
            if let Some(row) = store::take(&mut tx, id, platform.now()).await? {
                store::forget(&mut tx, id).await?;
                answer_one(&mut tx, platform, id, row).await?;
                answered += 1;
            }
            tx.commit().await?;
        }
    }
}

async fn answer_one(conn: &mut Conn, platform: &Platform, id: PasswordRequestId, row: store::Row) -> Result<()> {
    let now = platform.now();
    // Two that came at once are counted here, in the order of their names.
    if store::place(conn, id, &row.address_key, row.asked_at - WINDOW).await? > MOST_FOR_AN_ADDRESS {
        return Ok(());
    }
    let asked = |user: Option<UserRef>, answer: Answer| {
        let event = Event::new(now, What::PasswordForgotten, user.map(|user| user.customer));
        let event = event.from(row.from_address.clone()).with("answer", answer);
        if let Some(user) = user { event.about(user.id) } else { event }
    };
    let address = row.address.as_deref().and_then(|address| address.parse::<Address>().ok());
    let known = match &address {
        Some(address) => users::service::credentials(conn, address).await?,
        None => None,
    };
    let locked = match known {
        Some(known) => users::service::lock(conn, known.user).await?,
        None => None,
    };
    let Some(locked) = locked else {
        return audit::service::record(conn, platform, asked(None, Answer::Nothing)).await;
    };
    let user = locked.user;
    let Some(customer) = customers::service::of_user(conn, user.customer).await? else {
        return Ok(());
    };
    let answer = answer(facts(conn, &customer, &locked).await?);
    let mail = match answer {
        Answer::Link => {
            let (purpose, step) = (Purpose::Forgotten, Step::NewPassword);
            let opened = session::service::open_mailed(conn, platform, user, purpose, step).await?;
            let (challenge, key_id, expires_at) = (opened.challenge, opened.key_id, opened.until);
            Some(Mail::NewPassword { challenge, key_id, at: row.asked_at, expires_at })
        }
        Answer::HelpDesk => Some(Mail::NewPasswordHelp { at: row.asked_at }),
        Answer::Nothing => None,
    };
    if let Some(mail) = mail {
        outbox::service::enqueue(conn, platform, vec![Letter { user, mail, link: None }]).await?;
    }
    audit::service::record(conn, platform, asked(Some(user), answer)).await
}

async fn facts(conn: &mut Conn, customer: &Customer, locked: &Locked) -> Result<Facts> {
    Ok(Facts {
        standing: locked.standing,
        address_verified: locked.address_verified,
        has_factor: !methods::service::list(conn, locked.user).await?.is_empty(),
        set_up_due: locked.set_up_due,
        hold: locked.hold,
        mfa_required: customer.policy.mfa_required,
    })
}

/// What the page of a working link shows.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The user's customer.
    pub customer: Customer,
    /// Whose password it is.
    pub address: Address,
}

/// The challenge of a link that works. Unknown, forged and dead ones are all the same none.
async fn live(conn: &mut Conn, platform: &Platform, token: &str) -> Result<Option<Challenge>> {
    let found = session::service::challenge(conn, token, platform.now()).await?;
    Ok(found.filter(|challenge| challenge.purpose == Purpose::Forgotten))
}

/// Shows a link; nothing is changed by it.
///
/// # Errors
/// When the database fails.
pub async fn open(platform: &Platform, token: &str) -> Result<Option<Opened>> {
    let mut conn = platform.db.read().await?;
    let Some(challenge) = live(&mut conn, platform, token).await? else {
        return Ok(None);
    };
    let customer = customers::service::of_user(&mut conn, challenge.user.customer).await?;
    let address = users::service::address_of(&mut conn, challenge.user).await?;
    Ok(customer.zip(address).map(|(customer, address)| Opened { customer, address }))
}

/// What came of a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// It is the password from now on.
    Done,
    /// It is not taken.
    Weak(Weakness),
    /// The link does not work.
    Dead,
}

/// Sets the password that was chosen at a link. Every session, trusted device and half-finished sign-in ends; the second factor
/// stays as it is, and is asked for next.
///
/// # Errors
/// When the database fails or too many passwords are being hashed.
pub async fn set(platform: &Platform, origin: &Origin, token: &str, password: String) -> Result<Set> {
    let mut conn = platform.db.read().await?;
    let Some(seen) = live(&mut conn, platform, token).await? else {
        return Ok(Set::Dead);
    };
    let user = seen.user;
    let customer = customers::service::of_user(&mut conn, user.customer).await?;
    let address = users::service::address_of(&mut conn, user).await?;
    let name = users::service::name_of(&mut conn, user).await?;
    drop(conn);
    let (Some(customer), Some(address), Some(name)) = (customer, address, name) else {
        return Ok(Set::Dead);
    };
    if let Err(weakness) = common::check(&password, customer.policy.mfa_required, &[address.as_str(), &name]) {
        return Ok(Set::Weak(weakness));
    }
    let characters = password.chars().count();
    let hash = platform.hasher.hash(password, platform.rng.bytes()).await?;

    let now = platform.now();
    let mut tx = platform.db.begin().await?;
    let Some(locked) = users::service::lock(&mut tx, user).await? else {
        return Ok(Set::Dead);
    };
    // Everything that could have changed since, under the user's lock.
    let Some(challenge) = live(&mut tx, platform, token).await? else {
        return Ok(Set::Dead);
    };
    let Some(customer) = customers::service::of_user(&mut tx, user.customer).await? else {
        return Ok(Set::Dead);
    };
    let may = answer(facts(&mut tx, &customer, &locked).await?) == Answer::Link;
    if !may || advance(challenge.purpose, challenge.step, Passed::NewPassword) != Next::BackIn {
        return Ok(Set::Dead);
    }
    let least = shortest(customer.policy.mfa_required);
    if characters < usize::from(least) {
        return Ok(Set::Weak(Weakness::Short(least)));
    }
    users::service::set_password_by_mail(&mut tx, user, &hash, now).await?;
    let letter = Letter { user, mail: Mail::PasswordSet { at: now }, link: None };
    outbox::service::enqueue(&mut tx, platform, vec![letter]).await?;
    let event = Event::new(now, What::PasswordSet, Some(user.customer)).about(user.id).from(origin.address.clone());
    audit::service::record(&mut tx, platform, event.with("at", "forgotten")).await?;
    tx.commit().await?;
    Ok(Set::Done)
}

/// Forgets requests that are counted no more.
///
/// # Errors
/// When the database fails.
pub async fn sweep(platform: &Platform) -> Result<()> {
    let mut tx = platform.db.begin().await?;
    store::delete_stale(&mut tx, platform.now() - WINDOW).await?;
    tx.commit().await
}
