//! One transaction registers the authenticator, makes the codes and ends everything older. Whichever way the user came,
//! by link or at sign-in, the first right code wins and every other way is dead at that moment.

use super::done;
use crate::domain::audit::{Event, What};
use crate::domain::backup_code::BackupCode;
use crate::domain::customer::Customer;
use crate::domain::mail::Mail;
use crate::domain::network::is_new;
use crate::domain::not_me::Hold;
use crate::domain::recovery::{End, Fate};
use crate::domain::sign_in::{Facts, Grace, Next, Passed, Purpose, Step, advance, may_postpone, may_set_up};
use crate::domain::totp::{in_fours, key_uri};
use crate::domain::user::{Address, Standing};
use crate::domain::zone::Zone;
use crate::features::backup_codes::service::NewCodes;
use crate::features::outbox::service::Letter;
use crate::features::recovery::call_back::{self, Words};
use crate::features::session::service::{Challenge, NewToken};
use crate::features::{audit, backup_codes, invitation, methods, outbox, recovery, session, sign_in, users};
use crate::platform::qr::{self, Qr};
use crate::platform::request::Origin;
use crate::platform::totp::TotpSecret;
use crate::platform::{Conn, Fault, Platform, Result};
use crate::words::Locale;
use crate::words::dates::minute;

/// Where a set-up stands, and for whom.
#[derive(Clone, Debug)]
pub struct SetUp {
    /// The customer of the user.
    pub customer: Customer,
    /// The address of the user.
    pub address: Address,
    /// Where the user came from.
    pub purpose: Purpose,
    /// What it waits for.
    pub step: Step,
    /// The key to add to an app; none once it is registered.
    pub key: Option<Key>,
    /// For how long it may still be put off; none where there is no way round it.
    pub grace: Option<Grace>,
    /// The words by which a help desk confirms it, where one must.
    pub call_back: Option<Words>,
    /// What became of the link that whoever sets up at sign-in may have come from.
    pub fate: Option<Fate>,
}

/// The key of the authenticator-to-be.
#[derive(Clone)]
pub struct Key {
    /// As a QR code.
    pub qr: Option<Qr>,
    /// As an address that opens an app on the same device.
    pub uri: String,
    /// To be typed, in groups of four.
    pub text: String,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

/// Shows a set-up that waits for a new password, for its authenticator, or for a backup code to be typed back, or that is done.
/// Showing changes nothing.
///
/// # Errors
/// When the database fails.
pub async fn show(platform: &Platform, token: &str) -> Result<Option<SetUp>> {
    let now = platform.now();
    let mut conn = platform.db.read().await?;
    let Some(challenge) = session::service::challenge(&mut conn, token, now).await? else {
        return Ok(None);
    };
    let Some((customer, address)) = whose(&mut conn, &challenge).await? else {
        return Ok(None);
    };
    let facts = facts(&mut conn, &customer, &challenge).await?;
    if !matches!(challenge.step, Step::SaveCodes | Step::Done) && !may_go_on(&challenge, facts) {
        return Ok(None);
    }
    let grace = may_postpone(facts, now).filter(|_| is_at_sign_in(&challenge));
    let call_back = to_confirm(&mut conn, platform, &customer, &challenge).await?;
    // Whoever is not confirmed yet gets nothing to add to an app.
    let secret = match &call_back {
        Some(words) if words.confirmed_at.is_none() => None,
        _ => session::service::pending_secret(platform, &challenge)?,
    };
    let key = secret.map(|secret| key(&customer, &address, &secret));
    let expected = matches!(challenge.step, Step::NewPassword | Step::SetUp | Step::SaveCodes | Step::Done);
    let (purpose, step) = (challenge.purpose, challenge.step);
    let fate = if is_at_sign_in(&challenge) {
        recovery::again::fate(&mut conn, platform, challenge.user).await?
    } else {
        None
    };
    Ok(expected.then_some(SetUp { customer, address, purpose, step, key, grace, call_back, fate }))
}

/// Whether a set-up may be shown and finished with these facts: what allowed it may have changed since.
fn may_go_on(challenge: &Challenge, facts: Facts) -> bool {
    let proved = !challenge.is_by_caller_code() || facts.policy.second_proof.takes_caller_codes();
    proved && may_set_up(challenge.purpose, facts)
}

/// The words by which a help desk confirms this set-up, where its customer asks for that.
async fn to_confirm(
    conn: &mut Conn,
    platform: &Platform,
    customer: &Customer,
    challenge: &Challenge,
) -> Result<Option<Words>> {
    let asked =
        customer.policy.call_back_check && (challenge.purpose, challenge.step) == (Purpose::Recovery, Step::SetUp);
    if !asked {
        return Ok(None);
    }
    // Without its key no words can be shown, and none can be confirmed.
    call_back::of_set_up(conn, platform, challenge).await?.map(Some).ok_or(Fault::Sealed)
}

/// Only a set-up that the sign-in page led to can end in a session without it.
fn is_at_sign_in(challenge: &Challenge) -> bool {
    (challenge.purpose, challenge.step) == (Purpose::SignIn, Step::SetUp)
}

/// What decides about a set-up, at this moment. A challenge is found only while its user can sign in.
async fn facts(conn: &mut Conn, customer: &Customer, challenge: &Challenge) -> Result<Facts> {
    Ok(Facts {
        standing: Standing::Active,
        has_factor: !methods::service::list(conn, challenge.user).await?.is_empty(),
        set_up_due: challenge.set_up_due,
        // Whose password was set so is not led to a set-up at sign-in: nothing is open that could be finished.
        password_by_mail: false,
        // Nor of whoever said that something was not them.
        hold: Hold::None,
        policy: customer.policy,
    })
}

/// A key as it is shown to whoever adds it to an app.
#[must_use]
pub fn key(customer: &Customer, address: &Address, secret: &TotpSecret) -> Key {
    let uri = key_uri(&customer.name, address.as_str(), &secret.base32());
    Key { qr: qr::draw(&uri), uri, text: in_fours(&secret.base32()) }
}

async fn whose(conn: &mut Conn, challenge: &Challenge) -> Result<Option<(Customer, Address)>> {
    let customer = users::service::home(conn, challenge.user).await?;
    let address = users::service::address_of(conn, challenge.user).await?;
    Ok(customer.zip(address))
}

/// What came of the first code of a new authenticator.
pub enum Registered {
    /// Right. The codes, sealed for a cookie of this browser.
    Right(String),
    /// Not the code that the app should show.
    Wrong,
    /// The help desk has not confirmed the words yet.
    Unconfirmed,
    /// This set-up is over, here or because another was faster.
    Dead,
}

/// Registers the authenticator whose first code this is.
///
/// # Errors
/// When the database fails.
pub async fn register(platform: &Platform, origin: &Origin, token: &str, digits: &str) -> Result<Registered> {
    let now = platform.now();
    let mut tx = platform.db.begin().await?;
    let Some(seen) = session::service::challenge(&mut tx, token, now).await? else {
        return Ok(Registered::Dead);
    };
    let Some(locked) = users::service::lock(&mut tx, seen.user).await? else {
        return Ok(Registered::Dead);
    };
    let Some(challenge) = session::service::challenge(&mut tx, token, now).await? else {
        return Ok(Registered::Dead);
    };
    let Next::To(next) = advance(challenge.purpose, challenge.step, Passed::SetUp) else {
        return Ok(Registered::Dead);
    };
    let Some(secret) = session::service::pending_secret(platform, &challenge)? else {
        return Ok(Registered::Dead);
    };
    let Some(customer) = users::service::home(&mut tx, challenge.user).await? else {
        return Ok(Registered::Dead);
    };
    if !may_go_on(&challenge, facts(&mut tx, &customer, &challenge).await?) {
        return Ok(Registered::Dead);
    }
    if to_confirm(&mut tx, platform, &customer, &challenge).await?.is_some_and(|words| words.confirmed_at.is_none()) {
        return Ok(Registered::Unconfirmed);
    }
    let user = challenge.user;
    let event = |what| Event::new(now, what, Some(user.customer)).by(user).about(user.id).from(origin.address.clone());
    let Some(step) = secret.matching_step(digits, platform.wall()) else {
        session::service::wrong_code(&mut tx, &challenge).await?;
        audit::service::record(&mut tx, platform, event(What::CodeWrong).with("at", "set-up")).await?;
        let over = session::service::challenge(&mut tx, token, now).await?.is_none();
        tx.commit().await?;
        return Ok(if over { Registered::Dead } else { Registered::Wrong });
    };

    if challenge.purpose == Purpose::Invitation {
        let has_factor = !methods::service::list(&mut tx, user).await?.is_empty();
        if !invitation::service::complete(&mut tx, platform, origin, &challenge, has_factor).await? {
            return Ok(Registered::Dead);
        }
    }
    // Exactly one secret after a re-enrolment, whatever was there.
    methods::service::delete_all(&mut tx, user.customer, &[user.id], user, now).await?;
    methods::service::register(&mut tx, platform, user, &secret, step).await?;
    let codes = backup_codes::service::make(&mut tx, platform, user).await?;
    session::service::move_on(&mut tx, &challenge, next).await?;
    session::service::end_other_challenges(&mut tx, &challenge).await?;
    let sessions_ended = session::service::end_all(&mut tx, user.customer, &[user.id]).await?;
    let end = match challenge.purpose {
        Purpose::Recovery | Purpose::Invitation => End::Completed,
        Purpose::SignIn | Purpose::AddMethod | Purpose::StepUp | Purpose::Forgotten | Purpose::NewAddress => {
            End::CompletedAtSignIn
        }
    };
    let before = audit::service::signed_in_from(&mut tx, user).await?;
    let new_network = is_new(origin.address.as_deref(), &before);
    if new_network {
        recovery::service::set_new_network(&mut tx, user, now).await?;
    }
    recovery::service::complete(&mut tx, platform, user, end).await?;
    users::service::set_up_done(&mut tx, user).await?;
    users::service::set_guesses(&mut tx, user, locked.guesses.right()).await?;
    let letter = |mail| Letter { user, mail, link: None };
    let mut letters = vec![letter(Mail::AuthenticatorAdded { at: now })];
    let added = event(What::AuthenticatorAdded).with("through", challenge.purpose);
    let added = if sessions_ended > 0 { added.with("sessions_ended", sessions_ended) } else { added };
    let mut events = vec![
        if new_network { added.with("network", "new") } else { added },
        event(What::BackupCodesMade).with("count", codes.0.len()),
    ];
    if let Some(hash) = challenge.password_hash.as_ref().filter(|_| challenge.is_by_caller_code()) {
        users::service::change_password(&mut tx, user, hash, now).await?;
        letters.push(letter(Mail::PasswordSet { at: now }));
        events.push(event(What::PasswordSet).with("at", "recovery"));
    }
    outbox::service::enqueue(&mut tx, platform, letters).await?;
    audit::service::record_all(&mut tx, platform, events).await?;
    tx.commit().await?;
    Ok(Registered::Right(backup_codes::service::seal(platform, user, &codes)))
}

/// What came of putting a set-up off.
pub enum Postponed {
    /// The user is signed in without a second factor; the next sign-in asks again.
    SignedIn {
        /// For the cookie.
        token: NewToken,
        /// Where to go.
        next: String,
    },
    /// There is no way round it, or none any more: the set-up waits on.
    Refused,
    /// This set-up is over.
    Dead,
}

/// Puts a set-up off, where the customer gave days of grace that are not over. It is decided here once more, under the
/// user's lock: whatever the page offered.
///
/// # Errors
/// When the database fails.
pub async fn postpone(platform: &Platform, origin: &Origin, token: &str) -> Result<Postponed> {
    let now = platform.now();
    let mut tx = platform.db.begin().await?;
    let Some(seen) = session::service::challenge(&mut tx, token, now).await? else {
        return Ok(Postponed::Dead);
    };
    if users::service::lock(&mut tx, seen.user).await?.is_none() {
        return Ok(Postponed::Dead);
    }
    let Some(challenge) = session::service::challenge(&mut tx, token, now).await? else {
        return Ok(Postponed::Dead);
    };
    let Some(customer) = users::service::home(&mut tx, challenge.user).await? else {
        return Ok(Postponed::Dead);
    };
    let user = challenge.user;
    let event = |what| Event::new(now, what, Some(user.customer)).about(user.id).from(origin.address.clone());
    let facts = facts(&mut tx, &customer, &challenge).await?;
    let Some(grace) = may_postpone(facts, now).filter(|_| is_at_sign_in(&challenge)) else {
        let refused = event(What::SignInRefused).with("why", "no_grace");
        audit::service::record(&mut tx, platform, refused).await?;
        tx.commit().await?;
        return Ok(Postponed::Refused);
    };
    session::service::end_challenge(&mut tx, &challenge).await?;
    let put_off = event(What::SetUpPostponed).by(user).with("until", minute(Locale::en, &Zone::UTC, grace.until));
    audit::service::record(&mut tx, platform, put_off).await?;
    let token =
        sign_in::service::enter(&mut tx, platform, origin, user, "password, set-up put off", Some(grace.until)).await?;
    tx.commit().await?;
    Ok(Postponed::SignedIn { token, next: challenge.next_path.unwrap_or_else(|| "/".to_owned()) })
}

/// The new codes with what their page, file and print sheet say around them.
#[derive(Clone, Debug)]
pub struct ShownCodes {
    /// The set-up they belong to.
    pub set_up: SetUp,
    /// The codes; none when this browser cannot show them any more.
    pub codes: Option<NewCodes>,
}

/// The new codes, while their set-up waits for one to be typed back, in the browser that holds them.
///
/// # Errors
/// When the database fails.
pub async fn codes(platform: &Platform, token: &str, sealed: Option<&str>) -> Result<Option<ShownCodes>> {
    let Some(set_up) = show(platform, token).await? else {
        return Ok(None);
    };
    let mut conn = platform.db.read().await?;
    let Some(challenge) = session::service::challenge(&mut conn, token, platform.now()).await? else {
        return Ok(None);
    };
    if challenge.step != Step::SaveCodes {
        return Ok(None);
    }
    let codes = match sealed {
        Some(sealed) => backup_codes::service::open(&mut conn, platform, challenge.user, sealed).await?,
        None => None,
    };
    Ok(Some(ShownCodes { set_up, codes }))
}

/// What came of a backup code that was typed back.
pub enum Finished {
    /// The set-up is complete and the user is signed in.
    SignedIn {
        /// For the cookie.
        token: NewToken,
        /// Where to go.
        next: String,
        /// Whether they are back after a reset: what is new is said before they go there.
        back: bool,
    },
    /// The recovery is complete; the user signs in with what they just set up.
    BackIn,
    /// Not one of the codes.
    Wrong,
    /// This set-up is over.
    Dead,
}

/// Finishes a set-up with one of its backup codes, which is not spent by it. Of whoever is back after a reset the challenge
/// stays, worth nothing but the page that says what is new.
///
/// # Errors
/// When the database fails.
pub async fn finish(platform: &Platform, origin: &Origin, token: &str, code: &BackupCode) -> Result<Finished> {
    let now = platform.now();
    let mut tx = platform.db.begin().await?;
    let Some(seen) = session::service::challenge(&mut tx, token, now).await? else {
        return Ok(Finished::Dead);
    };
    users::service::lock(&mut tx, seen.user).await?;
    let Some(challenge) = session::service::challenge(&mut tx, token, now).await? else {
        return Ok(Finished::Dead);
    };
    let next = advance(challenge.purpose, challenge.step, Passed::SaveCodes);
    if !matches!(next, Next::SignedIn | Next::BackIn) {
        return Ok(Finished::Dead);
    }
    let user = challenge.user;
    if !backup_codes::service::rehearse(&mut tx, platform, user, code).await? {
        session::service::wrong_code(&mut tx, &challenge).await?;
        let over = session::service::challenge(&mut tx, token, now).await?.is_none();
        tx.commit().await?;
        return Ok(if over { Finished::Dead } else { Finished::Wrong });
    }
    let back = done::came_back(&mut tx, user).await?.is_some();
    if back {
        session::service::move_on(&mut tx, &challenge, Step::Done).await?;
    } else {
        session::service::end_challenge(&mut tx, &challenge).await?;
    }
    let event = Event::new(now, What::BackupCodesSaved, Some(user.customer)).by(user).about(user.id);
    audit::service::record(&mut tx, platform, event.from(origin.address.clone())).await?;
    let finished = if next == Next::SignedIn {
        let token = sign_in::service::enter(&mut tx, platform, origin, user, "set-up", None).await?;
        Finished::SignedIn { token, next: challenge.next_path.unwrap_or_else(|| "/".to_owned()), back }
    } else {
        Finished::BackIn
    };
    tx.commit().await?;
    Ok(finished)
}
