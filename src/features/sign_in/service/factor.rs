//! The one way in which a second factor is judged, for sign-in and step-up alike.

use crate::domain::audit::{Event, What};
use crate::domain::backup_code::BackupCode;
use crate::domain::mail::Mail;
use crate::domain::method::MethodKind;
use crate::domain::phone::About;
use crate::domain::sign_in::{Guessing, PASSKEY};
use crate::domain::time::Time;
use crate::domain::totp::read_digits;
use crate::domain::user::UserRef;
use crate::features::methods::service::passkeys::{self, Taken};
use crate::features::outbox::service::Letter;
use crate::features::session::service::Challenge;
use crate::features::{audit, backup_codes, customers, methods, outbox, session, users};
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result};

/// A second factor as it was typed.
#[derive(Clone, Debug)]
pub enum Factor {
    /// Six digits of an authenticator app or a message, or as many as a token shows.
    Code(String),
    /// A backup code.
    BackupCode(BackupCode),
    /// What a passkey answered.
    Passkey(Answered),
}

/// What a passkey answered, and where its question is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The token of the half-finished step-up; none at a sign-in, which remembers the question itself.
    pub ceremony: Option<String>,
    /// The answer, as the browser gives it.
    pub answer: String,
}

impl Answered {
    /// What stands in the field of a form that would otherwise hold six digits: `passkey TOKEN ANSWER`.
    fn read(typed: &str) -> Option<Self> {
        let (token, answer) = typed.strip_prefix(PASSKEY)?.split_once(' ')?;
        Some(Self { ceremony: Some(token.to_owned()), answer: answer.to_owned() })
    }
}

/// What a step-up takes: six digits, or what a passkey answered. None when that is not what was sent; no backup code.
#[must_use]
pub fn read_proof(typed: &str) -> Option<String> {
    Answered::read(typed).map(|_| typed.to_owned()).or_else(|| read_digits(typed))
}

impl Factor {
    /// What [`read_proof`] takes.
    #[must_use]
    pub fn proof(typed: &str) -> Option<Self> {
        Answered::read(typed).map(Self::Passkey).or_else(|| Self::code(typed))
    }

    /// At a sign-in: what a passkey answered to the question of that sign-in.
    #[must_use]
    pub const fn answer(answer: String) -> Self {
        Self::Passkey(Answered { ceremony: None, answer })
    }

    /// Six or eight digits; none when that is not what was typed.
    #[must_use]
    pub fn code(typed: &str) -> Option<Self> {
        read_digits(typed).map(Self::Code)
    }

    /// A backup code; none when that is not what was typed.
    #[must_use]
    pub fn backup_code(typed: &str) -> Option<Self> {
        BackupCode::read(typed).map(Self::BackupCode)
    }
}

/// What a right second factor was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A code of this kind of method.
    Method(MethodKind),
    /// A backup code; so many are left.
    BackupCode(u32),
}

/// What came of a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// Right, and spent.
    Right(Proof),
    /// Wrong, or spent before.
    Wrong,
    /// By a passkey of which there are two: it is marked, and its user told.
    Copied,
    /// Too many wrong ones: not before this time.
    LockedUntil(Time),
    /// Far too many wrong ones: not before a reset.
    Disabled,
}

/// Judges a second factor of a user whose lock the caller holds. Every kind of code and every use of it shares one count
/// of wrong ones; the caller commits, whatever the verdict. A passkey answers the question that `asked` remembers, a code that
/// was sent to a phone counts for `about` alone.
///
/// # Errors
/// When the database fails.
pub async fn judge(
    conn: &mut Conn,
    platform: &Platform,
    origin: &Origin,
    locked: &users::service::Locked,
    factor: &Factor,
    asked: Option<&Challenge>,
    about: About,
) -> Result<Judged> {
    let now = platform.now();
    let user = locked.user;
    let event = |what| Event::new(now, what, Some(user.customer)).about(user.id).from(origin.address.clone());
    match locked.guesses.standing(now) {
        Guessing::Open => {}
        Guessing::LockedUntil(until) => {
            audit::service::record(conn, platform, event(What::CodeRefused).with("why", "locked")).await?;
            return Ok(Judged::LockedUntil(until));
        }
        Guessing::Disabled => {
            audit::service::record(conn, platform, event(What::CodeRefused).with("why", "disabled")).await?;
            return Ok(Judged::Disabled);
        }
    }
    let proof = match factor {
        Factor::Code(digits) => {
            methods::service::take_code(conn, platform, user, digits, Some(about)).await?.map(Proof::Method)
        }
        Factor::BackupCode(code) => {
            backup_codes::service::spend(conn, platform, origin, user, code).await?.map(Proof::BackupCode)
        }
        Factor::Passkey(Answered { answer, .. }) => {
            let state = match asked {
                Some(challenge) => session::service::take_ceremony(conn, platform, challenge).await?,
                None => None,
            };
            let taken = match state {
                Some(state) => {
                    let verification = customers::service::user_verification(conn, user.customer).await?;
                    passkeys::take(conn, platform, user, (&state, answer), verification).await?
                }
                None => Taken::Wrong,
            };
            if let Taken::Copied(name) = taken {
                return copied(conn, platform, user, name, event(What::PasskeyCopied)).await;
            }
            (taken == Taken::Right).then_some(Proof::Method(MethodKind::Passkey))
        }
    };
    let guesses = if proof.is_some() { locked.guesses.right() } else { locked.guesses.wrong(now) };
    if guesses != locked.guesses {
        users::service::set_guesses(conn, user, guesses).await?;
    }
    let Some(proof) = proof else {
        audit::service::record(conn, platform, event(What::CodeWrong)).await?;
        return Ok(match guesses.standing(now) {
            Guessing::Open => Judged::Wrong,
            Guessing::LockedUntil(until) => Judged::LockedUntil(until),
            Guessing::Disabled => Judged::Disabled,
        });
    };
    if let Proof::BackupCode(left) = proof {
        audit::service::record(conn, platform, event(What::BackupCodeUsed).by(user).with("left", left)).await?;
        let letter = Letter { user, mail: Mail::BackupCodeUsed { at: now, left }, link: None };
        outbox::service::enqueue(conn, platform, vec![letter]).await?;
    }
    Ok(Judged::Right(proof))
}

/// A passkey's counter went back. That is no guess: whoever has a copy has a right one.
async fn copied(
    conn: &mut Conn,
    platform: &Platform,
    user: UserRef,
    name: Option<String>,
    event: Event,
) -> Result<Judged> {
    let event = match &name {
        Some(name) => event.with("name", name),
        None => event,
    };
    audit::service::record(conn, platform, event).await?;
    let letter = Letter { user, mail: Mail::PasskeyCopied { at: platform.now(), name }, link: None };
    outbox::service::enqueue(conn, platform, vec![letter]).await?;
    Ok(Judged::Copied)
}
