//! Half-finished sign-ins and set-ups: opened, found, moved on, guessed dead and ended.

use super::super::store::{self, ChallengeRow};
use super::NewToken;
use crate::domain::ids::{ChallengeId, CustomerId, LinkId, UserId};
use crate::domain::sign_in::{Purpose, Step, WRONG_CODES};
use crate::domain::time::Time;
use crate::domain::user::UserRef;
use crate::platform::keys::{new_token, sha256};
use crate::platform::totp::TotpSecret;
use crate::platform::{Conn, Fault, Platform, Result};

/// A half-finished sign-in or set-up.
#[derive(Clone, Debug)]
pub struct Challenge {
    /// Its identifier.
    pub id: ChallengeId,
    /// Whose.
    pub user: UserRef,
    /// Where it comes from.
    pub purpose: Purpose,
    /// What it waits for.
    pub step: Step,
    /// The recovery link that led to it.
    pub link: Option<LinkId>,
    /// When it began.
    pub created_at: Time,
    /// Where to go after sign-in.
    pub next_path: Option<String>,
    /// Whether a reset waits for its user to set up again, at the moment this was read.
    pub set_up_due: bool,
    secret: Option<String>,
    ceremony: Option<String>,
    /// The password that somebody invited, or let in by a caller code, has chosen, hashed, until their new factor is right.
    pub password_hash: Option<String>,
}

impl Challenge {
    /// Whether it came from a recovery link and a caller code: its user has not given their password.
    #[must_use]
    pub fn is_by_caller_code(&self) -> bool {
        self.step == Step::NewPassword || (self.purpose == Purpose::Recovery && self.password_hash.is_some())
    }
}

/// Opens a challenge. One that waits for a set-up gets the secret of the authenticator-to-be at once, so that showing
/// the page changes nothing.
///
/// # Errors
/// When the database fails.
pub async fn open_challenge(
    conn: &mut Conn,
    platform: &Platform,
    user: UserRef,
    purpose: Purpose,
    step: Step,
    link: Option<LinkId>,
    next_path: Option<String>,
) -> Result<NewToken> {
    let row = new_challenge(platform, user, purpose, step);
    insert(conn, platform, ChallengeRow { link_id: link, next_path, ..row }).await
}

/// Opens the set-up of somebody invited. It holds their first password, hashed, until their first factor is right; where
/// none is required it has taken effect already and is none. From there they go to their own security page.
///
/// # Errors
/// When the database fails.
pub async fn open_invitation(
    conn: &mut Conn,
    platform: &Platform,
    user: UserRef,
    password_hash: Option<String>,
) -> Result<NewToken> {
    let row = new_challenge(platform, user, Purpose::Invitation, Step::SetUp);
    insert(conn, platform, ChallengeRow { password_hash, next_path: Some("/security".to_owned()), ..row }).await
}

/// Opens a way that goes on by a link in a mail; those before it for the same purpose are over. Its token is derived, so that
/// it can be written into a mail when that is sent; nothing stores it.
///
/// # Errors
/// When the database fails.
pub async fn open_mailed(
    conn: &mut Conn,
    platform: &Platform,
    user: UserRef,
    purpose: Purpose,
    step: Step,
) -> Result<Mailed> {
    store::delete_challenges_for(conn, user, purpose).await?;
    let row = new_challenge(platform, user, purpose, step);
    let key_id = platform.keys.newest_id().to_owned();
    let token = platform.keys.mailed_token(&key_id, row.id, user).ok_or(Fault::Sealed)?;
    store::insert_challenge(conn, &sha256(token.as_bytes()), &row).await?;
    Ok(Mailed { challenge: row.id, key_id, until: row.expires_at })
}

/// A way by a link in a mail that was just opened.
#[derive(Clone, Debug)]
pub struct Mailed {
    /// Its challenge.
    pub challenge: ChallengeId,
    /// With which key its token is derived.
    pub key_id: String,
    /// The first moment at which it is over.
    pub until: Time,
}

fn new_challenge(platform: &Platform, user: UserRef, purpose: Purpose, step: Step) -> ChallengeRow {
    let now = platform.now();
    let id = platform.rng.id(now, ChallengeId::new);
    let secret = (step == Step::SetUp).then(|| new_secret(platform, id));
    ChallengeRow {
        id,
        customer_id: user.customer,
        user_id: user.id,
        purpose,
        step,
        link_id: None,
        secret,
        password_hash: None,
        ceremony: None,
        next_path: None,
        wrong_codes: 0,
        created_at: now,
        expires_at: now + purpose.lifetime(),
        set_up_due_at: None,
    }
}

fn new_secret(platform: &Platform, id: ChallengeId) -> String {
    platform.keys.seal(&platform.rng, &place(id), &platform.rng.bytes::<20>())
}

async fn insert(conn: &mut Conn, platform: &Platform, row: ChallengeRow) -> Result<NewToken> {
    let token = new_token(&platform.rng);
    store::insert_challenge(conn, &sha256(token.as_bytes()), &row).await?;
    Ok(NewToken(token))
}

/// The live challenge with this token: not over, not guessed dead, its user not suspended.
///
/// # Errors
/// When the database fails.
pub async fn challenge(conn: &mut Conn, token: &str, now: Time) -> Result<Option<Challenge>> {
    let row = store::challenge(conn, &sha256(token.as_bytes())).await?;
    Ok(row.filter(|row| now < row.expires_at && row.wrong_codes < WRONG_CODES).map(|row| Challenge {
        id: row.id,
        user: UserRef { customer: row.customer_id, id: row.user_id },
        purpose: row.purpose,
        step: row.step,
        link: row.link_id,
        created_at: row.created_at,
        next_path: row.next_path,
        set_up_due: row.set_up_due_at.is_some(),
        secret: row.secret,
        ceremony: row.ceremony,
        password_hash: row.password_hash,
    }))
}

/// The secret of the authenticator that `challenge` waits to see set up; none at any other step.
///
/// # Errors
/// [`Fault::Sealed`] when it does not open.
pub fn pending_secret(platform: &Platform, challenge: &Challenge) -> Result<Option<TotpSecret>> {
    let Some(sealed) = challenge.secret.as_ref().filter(|_| challenge.step == Step::SetUp) else {
        return Ok(None);
    };
    let bytes = platform.keys.open(&place(challenge.id), sealed)?;
    let bytes = <[u8; 20]>::try_from(bytes.as_slice()).map_err(|_| Fault::Sealed)?;
    Ok(Some(TotpSecret::from_bytes(bytes)))
}

fn place(id: ChallengeId) -> String {
    format!("challenge {id}")
}

/// Keeps what is to be remembered until a passkey has answered. What an earlier question left is forgotten.
///
/// # Errors
/// When the database fails.
pub async fn set_ceremony(conn: &mut Conn, platform: &Platform, challenge: &Challenge, state: &str) -> Result<()> {
    let sealed = platform.keys.seal(&platform.rng, &ceremony_place(challenge.id), state.as_bytes());
    store::set_ceremony(conn, challenge.id, &sealed).await
}

/// Takes what was kept for this answer, whatever the answer is worth: none takes it a second time.
///
/// # Errors
/// When the database fails, or [`Fault::Sealed`] when it does not open.
pub async fn take_ceremony(conn: &mut Conn, platform: &Platform, challenge: &Challenge) -> Result<Option<String>> {
    let Some(sealed) = &challenge.ceremony else {
        return Ok(None);
    };
    if !store::end_ceremony(conn, challenge.id, sealed).await? {
        return Ok(None);
    }
    let bytes = platform.keys.open(&ceremony_place(challenge.id), sealed)?;
    String::from_utf8(bytes.to_vec()).map(Some).map_err(|_| Fault::Sealed)
}

fn ceremony_place(id: ChallengeId) -> String {
    format!("ceremony {id}")
}

/// Keeps the password that somebody let in by a caller code has chosen, hashed, until their new factor is right, and moves
/// on to that: the challenge gets the secret of the authenticator-to-be. Says whether it still waited for the password.
///
/// # Errors
/// When the database fails.
pub async fn choose_password(conn: &mut Conn, platform: &Platform, challenge: &Challenge, hash: &str) -> Result<bool> {
    let secret = new_secret(platform, challenge.id);
    store::set_password(conn, challenge.id, hash, &secret).await
}

/// Counts a wrong code against the challenge; the fifth ends it.
///
/// # Errors
/// When the database fails.
pub async fn wrong_code(conn: &mut Conn, challenge: &Challenge) -> Result<()> {
    store::raise_wrong_codes(conn, challenge.id).await
}

/// Moves a challenge to its next step.
///
/// # Errors
/// When the database fails.
pub async fn move_on(conn: &mut Conn, challenge: &Challenge, step: Step) -> Result<()> {
    store::set_step(conn, challenge.id, step).await
}

/// Ends a challenge; says whether it was still there, so that of two that finish it at once one wins.
///
/// # Errors
/// When the database fails.
pub async fn end_challenge(conn: &mut Conn, challenge: &Challenge) -> Result<bool> {
    Ok(store::delete_challenge(conn, challenge.id).await? > 0)
}

/// Ends the user's other challenges.
///
/// # Errors
/// When the database fails.
pub async fn end_other_challenges(conn: &mut Conn, challenge: &Challenge) -> Result<u64> {
    store::delete_challenges_but(conn, challenge.user, challenge.id).await
}

/// Ends all challenges of these users; says how many.
///
/// # Errors
/// When the database fails.
pub async fn end_all_challenges(conn: &mut Conn, customer: CustomerId, users: &[UserId]) -> Result<u64> {
    store::delete_challenges(conn, customer, users).await
}

/// The set-ups that wait at this recovery link for their authenticator at `now`, with when they began, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn set_ups_of(
    conn: &mut Conn,
    customer: CustomerId,
    link: LinkId,
    now: Time,
) -> Result<Vec<(ChallengeId, Time)>> {
    store::set_ups_of(conn, customer, link, now).await
}

/// Ends what these recovery links of one customer led to.
///
/// # Errors
/// When the database fails.
pub async fn end_challenges_of(conn: &mut Conn, customer: CustomerId, links: &[LinkId]) -> Result<()> {
    if links.is_empty() { Ok(()) } else { store::delete_challenges_of(conn, customer, links).await }
}
