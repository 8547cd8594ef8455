//! The steps of a sign-in (here), how a second factor is judged (`factor`), how codes go to phones (`phone`), on which devices
//! none is asked for (`trust`), and how somebody who is signed in proves themself again (`step_up`).

mod factor;
mod phone;
mod step_up;
mod trust;

pub use factor::{Factor, Judged, Proof, judge, read_proof};
pub use phone::{refusal, send_code, send_code_to_prove};
pub use step_up::{Asked, SteppedUp, ask_passkey, prove, step_up, step_up_with};

use crate::domain::audit::{Event, What};
use crate::domain::customer::Customer;
use crate::domain::method::MethodKind;
use crate::domain::phone::About;
use crate::domain::recovery::Fate;
use crate::domain::sign_in::{self, AfterPassword, Facts, Next, Passed, Purpose, Step, Way, advance, after_password};
use crate::domain::time::Time;
use crate::domain::user::{Address, UserRef};
use crate::features::methods::service::{passkeys, phones};
use crate::features::phones::service as phone_codes;
use crate::features::recovery::again::{self, LinkRequired};
use crate::features::session::service::{NewToken, Session};
use crate::features::{audit, backup_codes, customers, methods, recovery, session, stock, users};
use crate::platform::request::{Origin, local_path};
use crate::platform::{Conn, Platform, Result};

/// What came of an address and a password.
pub enum Begun {
    /// Not right, or not for somebody who can sign in: one answer for all.
    Wrong,
    /// Right; the browser that gets this token goes on to this step.
    Challenge(NewToken, Step),
    /// Right, but a reset waits for this user and their customer lets nobody set up again without the link: there is
    /// nothing for this browser to hold.
    LinkRequired(LinkRequired),
    /// Right, but nobody gets in before a reset: this is whom they ask.
    Frozen(Customer),
    /// Signed in at once.
    SignedIn(NewToken),
}

/// Begins a sign-in. Known and unknown addresses cost the same work and get the same answer. `device` is what the browser's
/// cookie of a trusted device holds.
///
/// # Errors
/// When the database fails or too many passwords are being checked.
pub async fn begin(
    platform: &Platform,
    origin: &Origin,
    address: &str,
    password: String,
    next: Option<&str>,
    device: Option<&str>,
) -> Result<Begun> {
    let credentials = match address.parse::<Address>() {
        Ok(address) => users::service::credentials(&mut *platform.db.read().await?, &address).await?,
        Err(_) => None,
    };
    let stored = credentials.as_ref().and_then(|credentials| credentials.password_hash.clone());
    let right = platform.hasher.verify(password, stored).await?;

    let now = platform.now();
    let mut tx = platform.db.begin().await?;
    let event = |what, user: Option<UserRef>| {
        let event = Event::new(now, what, user.map(|user| user.customer)).from(origin.address.clone());
        if let Some(user) = user { event.about(user.id) } else { event }
    };
    let claimed = credentials.as_ref().map(|credentials| credentials.user);
    let Some(credentials) = credentials.filter(|_| right) else {
        // Known and unknown alike leave one row, so that they take the same.
        audit::service::record(&mut tx, platform, event(What::PasswordWrong, claimed)).await?;
        tx.commit().await?;
        return Ok(Begun::Wrong);
    };
    let user = credentials.user;
    let Some(locked) = users::service::lock(&mut tx, user).await? else {
        return Ok(Begun::Wrong);
    };
    let Some(customer) = users::service::home(&mut tx, user).await? else {
        return Ok(Begun::Wrong);
    };
    let facts = Facts {
        standing: locked.standing,
        has_factor: !methods::service::list(&mut tx, user).await?.is_empty(),
        set_up_due: locked.set_up_due,
        password_by_mail: locked.password_by_mail,
        hold: locked.hold,
        policy: customer.policy,
    };
    // The password may have been changed while it was being checked.
    let after = if locked.has_password(&credentials) { after_password(facts) } else { AfterPassword::Refused };
    let on_trusted = match after {
        AfterPassword::Challenge(Step::Factor) => {
            trust::enter(&mut tx, platform, origin, user, &customer.policy, device).await?
        }
        _ => None,
    };
    let begun = match after {
        _ if let Some(token) = on_trusted => Begun::SignedIn(token),
        AfterPassword::Refused => {
            let refused = event(What::SignInRefused, Some(user)).with("standing", locked.standing);
            audit::service::record(&mut tx, platform, refused).await?;
            Begun::Wrong
        }
        AfterPassword::Challenge(step) => {
            let next = next.map(|next| local_path(next).to_owned());
            let token =
                session::service::open_challenge(&mut tx, platform, user, Purpose::SignIn, step, None, next).await?;
            audit::service::record(&mut tx, platform, event(What::PasswordRight, Some(user)).by(user)).await?;
            Begun::Challenge(token, step)
        }
        AfterPassword::LinkRequired => {
            let required = again::required(&mut tx, platform, &locked).await?;
            let refused = event(What::SignInRefused, Some(user)).with("why", "link_required");
            audit::service::record(&mut tx, platform, refused).await?;
            match required {
                Some(required) => Begun::LinkRequired(required),
                None => Begun::Wrong,
            }
        }
        AfterPassword::Frozen => {
            let refused = event(What::SignInRefused, Some(user)).with("why", "frozen");
            audit::service::record(&mut tx, platform, refused).await?;
            Begun::Frozen(customer)
        }
        AfterPassword::SignedIn => Begun::SignedIn(enter(&mut tx, platform, origin, user, "password", None).await?),
    };
    tx.commit().await?;
    Ok(begun)
}

/// Opens a session for someone who has passed every step; one that was let in only `until` then is out then.
///
/// # Errors
/// When the database fails.
pub async fn enter(
    conn: &mut Conn,
    platform: &Platform,
    origin: &Origin,
    user: UserRef,
    how: &str,
    until: Option<Time>,
) -> Result<NewToken> {
    let now = platform.now();
    let token = session::service::open(conn, platform, user, origin, until).await?;
    users::service::signed_in(conn, user, now).await?;
    recovery::service::needs_no_help(conn, user).await?;
    let event = Event::new(now, What::SignedIn, Some(user.customer))
        .by(user)
        .about(user.id)
        .from(origin.address.clone())
        .with("how", how);
    let event = match &origin.browser {
        Some(browser) => event.with("browser", browser),
        None => event,
    };
    audit::service::record(conn, platform, event).await?;
    Ok(token)
}

/// What came of a code at a half-finished sign-in.
pub enum Finished {
    /// Signed in.
    SignedIn {
        /// For the cookie.
        token: NewToken,
        /// For the cookie of the device, where it has become trusted.
        device: Option<NewToken>,
        /// Where to go.
        next: String,
        /// How many backup codes are left, when they are few.
        few_codes: Option<u32>,
    },
    /// The code is wrong or was used before.
    Wrong,
    /// By a passkey of which there are two: it signs nobody in any more.
    Copied,
    /// Not before this time.
    LockedUntil(Time),
    /// Not before a reset.
    Disabled,
    /// This sign-in is over: begin again.
    Dead,
}

/// Finishes a sign-in with a second factor. With `trust` the device is not asked for one again for some days, where the
/// policy allows that.
///
/// # Errors
/// When the database fails.
pub async fn finish(
    platform: &Platform,
    origin: &Origin,
    token: &str,
    factor: &Factor,
    trust: bool,
) -> Result<Finished> {
    let now = platform.now();
    let mut tx = platform.db.begin().await?;
    // Once to learn whose it is, and once more under that user's lock.
    let Some(seen) = session::service::challenge(&mut tx, token, now).await? else {
        return Ok(Finished::Dead);
    };
    let Some(locked) = users::service::lock(&mut tx, seen.user).await? else {
        return Ok(Finished::Dead);
    };
    let Some(challenge) = session::service::challenge(&mut tx, token, now).await? else {
        return Ok(Finished::Dead);
    };
    if advance(challenge.purpose, challenge.step, Passed::Factor) != Next::SignedIn {
        return Ok(Finished::Dead);
    }
    let about = About::SignIn(challenge.id);
    let finished = match judge(&mut tx, platform, origin, &locked, factor, Some(&challenge), about).await? {
        Judged::Right(proof) => {
            let (how, few_codes) = match proof {
                Proof::BackupCode(left) => ("backup code", few(&mut tx, challenge.user, left).await?),
                Proof::Method(MethodKind::AuthenticatorApp) => ("authenticator app", None),
                Proof::Method(MethodKind::Passkey) => ("passkey", None),
                Proof::Method(MethodKind::HardwareToken) => ("hardware token", None),
                Proof::Method(MethodKind::Phone) => ("code sent to a phone", None),
            };
            session::service::end_challenge(&mut tx, &challenge).await?;
            let user = challenge.user;
            if locked.password_by_mail {
                users::service::password_proved(&mut tx, user).await?;
            }
            // A backup code is for emergencies, and often typed on a machine of somebody else's.
            let trusted = match proof {
                Proof::Method(_) if trust => trust::begin(&mut tx, platform, origin, user).await?,
                Proof::Method(_) | Proof::BackupCode(_) => None,
            };
            let token = enter(&mut tx, platform, origin, user, how, None).await?;
            let device = match trusted {
                Some(trusted) => Some(trust::tell(&mut tx, platform, origin, user, &token, trusted).await?),
                None => None,
            };
            let next = challenge.next_path.unwrap_or_else(|| "/".to_owned());
            Finished::SignedIn { token, device, next, few_codes }
        }
        wrong => {
            session::service::wrong_code(&mut tx, &challenge).await?;
            let over = session::service::challenge(&mut tx, token, now).await?.is_none();
            if over {
                let event = Event::new(now, What::ChallengeEnded, Some(seen.user.customer)).about(seen.user.id);
                audit::service::record(&mut tx, platform, event.from(origin.address.clone())).await?;
            }
            match wrong {
                Judged::LockedUntil(until) => Finished::LockedUntil(until),
                Judged::Disabled => Finished::Disabled,
                _ if over => Finished::Dead,
                Judged::Copied => Finished::Copied,
                _ => Finished::Wrong,
            }
        }
    };
    tx.commit().await?;
    Ok(finished)
}

/// How many codes are left, where their customer warns of so few.
async fn few(conn: &mut Conn, user: UserRef, left: u32) -> Result<Option<u32>> {
    let customer = customers::service::of_user(conn, user.customer).await?;
    Ok(customer.filter(|customer| left <= u32::from(customer.policy.codes_low)).map(|_| left))
}

/// Ends the session with this token, and the half-finished sign-in with that one.
///
/// # Errors
/// When the database fails.
pub async fn sign_out(
    platform: &Platform,
    origin: &Origin,
    session: Option<&str>,
    challenge: Option<&str>,
) -> Result<()> {
    let now = platform.now();
    let mut tx = platform.db.begin().await?;
    let ended = match session {
        Some(token) => session::service::end(&mut tx, token).await?,
        None => None,
    };
    if let Some(token) = challenge
        && let Some(challenge) = session::service::challenge(&mut tx, token, now).await?
    {
        session::service::end_challenge(&mut tx, &challenge).await?;
    }
    // The record comes last, as everywhere: whoever holds its lock waits for nothing else.
    if let Some(user) = ended {
        let event = Event::new(now, What::SignedOut, Some(user.customer)).by(user).about(user.id);
        audit::service::record(&mut tx, platform, event.from(origin.address.clone())).await?;
    }
    tx.commit().await
}

/// Ends all sessions of the asking user but the one that asks; says how many.
///
/// # Errors
/// When the database fails.
pub async fn sign_out_elsewhere(platform: &Platform, origin: &Origin, session: &Session) -> Result<u64> {
    let user = session.actor.user;
    let mut tx = platform.db.begin().await?;
    let ended = session::service::end_elsewhere(&mut tx, session).await?;
    let event = Event::new(platform.now(), What::SessionsEnded, Some(user.customer)).by(user).about(user.id);
    let event = event.from(origin.address.clone()).with("count", ended.sessions);
    let event = if ended.devices > 0 { event.with("trusted_devices", ended.devices) } else { event };
    audit::service::record(&mut tx, platform, event).await?;
    tx.commit().await?;
    Ok(ended.sessions)
}

/// A half-finished sign-in, as its page needs it.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The user's customer.
    pub customer: Customer,
    /// What it waits for.
    pub step: Step,
    /// The most digits that an active hardware token of the user shows; none where they have none.
    pub token_digits: Option<u8>,
    /// How the user can go on, the first choice first.
    pub ways: Vec<Way>,
    /// Their phones, the one used last first.
    pub phones: Vec<phones::Phone>,
    /// The code that was sent last and counts.
    pub sent: Option<phone_codes::Waiting>,
    /// What became of the link that they may have come from.
    pub fate: Option<Fate>,
}

/// What the half-finished sign-in with this token waits for, if it is still live.
///
/// # Errors
/// When the database fails.
pub async fn waiting(platform: &Platform, token: &str) -> Result<Option<Waiting>> {
    let mut conn = platform.db.read().await?;
    let Some(challenge) = session::service::challenge(&mut conn, token, platform.now()).await? else {
        return Ok(None);
    };
    let customer = customers::service::of_user(&mut conn, challenge.user.customer).await?;
    let ways = ways(&mut conn, platform, challenge.user).await?;
    let tokens = stock::service::of_user(&mut conn, challenge.user).await?;
    let active = tokens.iter().filter(|token| token.facts.activated_at.is_some());
    let token_digits = active.map(|token| token.profile.digits).max();
    let phones = phones::list(&mut conn, platform, challenge.user).await?;
    let about = About::SignIn(challenge.id);
    let sent = phone_codes::waiting(&mut conn, platform, challenge.user, about).await?;
    let fate = again::fate(&mut conn, platform, challenge.user).await?;
    Ok(customer.map(|customer| Waiting { customer, step: challenge.step, token_digits, ways, phones, sent, fate }))
}

/// How `user` can prove a second factor, the first choice first.
///
/// # Errors
/// When the database fails.
pub async fn ways(conn: &mut Conn, platform: &Platform, user: UserRef) -> Result<Vec<Way>> {
    let mut methods = methods::service::list(conn, user).await?;
    let keys = passkeys::are_offered(platform);
    methods.retain(|method| match method.kind {
        MethodKind::Passkey => keys && method.copied_at.is_none(),
        MethodKind::Phone => platform.reaches_phones,
        MethodKind::AuthenticatorApp | MethodKind::HardwareToken => true,
    });
    let methods: Vec<_> = methods.into_iter().map(|method| (method.kind, method.last_used_at)).collect();
    Ok(sign_in::ways(&methods, backup_codes::service::left(conn, user).await?.count()))
}

/// Asks a passkey of whoever gave the right password, at the half-finished sign-in with this token. None when it is over or
/// they have no passkey. An earlier question of the same sign-in is void.
///
/// # Errors
/// When the database fails.
pub async fn ask(platform: &Platform, token: &str) -> Result<Option<String>> {
    let now = platform.now();
    let mut tx = platform.db.begin().await?;
    let Some(seen) = session::service::challenge(&mut tx, token, now).await? else {
        return Ok(None);
    };
    users::service::lock(&mut tx, seen.user).await?;
    let Some(challenge) = session::service::challenge(&mut tx, token, now).await? else {
        return Ok(None);
    };
    if advance(challenge.purpose, challenge.step, Passed::Factor) != Next::SignedIn {
        return Ok(None);
    }
    let verification = customers::service::user_verification(&mut tx, challenge.user.customer).await?;
    let Some(ceremony) = passkeys::ask(&mut tx, platform, challenge.user, verification).await? else {
        return Ok(None);
    };
    session::service::set_ceremony(&mut tx, platform, &challenge, &ceremony.state).await?;
    tx.commit().await?;
    Ok(Some(ceremony.question))
}
