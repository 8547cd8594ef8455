//! What a user changes about their own way in. Each change asks for a fresh second factor, takes effect in one
//! transaction, ends every other session and half-finished sign-in in it, and is mailed and recorded. Here is what all of
//! them share, and the end of a session; the changes themselves are in `method_service` and `codes_service`.

use crate::domain::audit::{Event, What};
use crate::domain::customer::Customer;
use crate::domain::ids::SessionId;
use crate::domain::sign_in::CodeProblem;
use crate::domain::user::{Address, Standing};
use crate::features::session::service::{NewToken, Session};
use crate::features::sign_in::service::Factor;
use crate::features::users::service::Locked;
use crate::features::{audit, customers, session, sign_in, users};
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result, Tx};

/// What came of a change that asks for a fresh second factor.
pub enum Changed<T> {
    /// It is done. The session goes on with this token.
    Done(NewToken, T),
    /// Nothing was changed. If the code was right, the session goes on with a new token all the same.
    Refused(Refused, Option<NewToken>),
    /// The code was not taken.
    Code(CodeProblem),
}

/// Why a change was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The session ended while the code was typed.
    SessionOver,
    /// There is no such method; somebody else's is none.
    NoMethod,
    /// It is the last one, and a second factor is required.
    LastOne,
    /// The user has no second factor yet.
    NoFactor,
    /// The user has as many as one may have.
    TooMany,
}

impl Refused {
    pub(super) const fn why(self) -> &'static str {
        match self {
            Self::SessionOver => "session_over",
            Self::NoMethod => "no_such_method",
            Self::LastOne => "last_one",
            Self::NoFactor => "no_factor",
            Self::TooMany => "too_many",
        }
    }
}

pub(super) fn event(platform: &Platform, origin: &Origin, session: &Session, what: What) -> Event {
    let user = session.actor.user;
    Event::new(platform.now(), what, Some(user.customer)).by(user).about(user.id).from(origin.address.clone())
}

/// Refuses a change before any code is looked at, and records that it was asked for.
pub(super) async fn refuse<T>(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    change: &str,
    why: Refused,
) -> Result<Changed<T>> {
    let refused = event(platform, origin, session, What::ChangeRefused).with("change", change).with("why", why.why());
    audit::service::record_alone(platform, refused).await?;
    Ok(Changed::Refused(why, None))
}

/// Takes the asking user's lock, and looks whether the session still asks: another one may have ended it since.
pub(super) async fn still_asking(tx: &mut Tx, session: &Session) -> Result<Option<Locked>> {
    let locked = users::service::lock(tx, session.actor.user).await?;
    let open = session::service::is_open(tx, session).await?;
    Ok(locked.filter(|locked| open && locked.standing == Standing::Active))
}

/// Ends whatever else the user had begun; says how many sessions.
pub(super) async fn end_all_else(tx: &mut Tx, session: &Session) -> Result<u64> {
    let user = session.actor.user;
    session::service::end_all_challenges(tx, user.customer, &[user.id]).await?;
    session::service::end_others(tx, session).await
}

/// The user's step-up; the token of a right one, or what came of a wrong one.
pub(super) async fn prove<T>(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    factor: &Factor,
    change: &str,
) -> Result<std::result::Result<NewToken, Changed<T>>> {
    let stepped_up = sign_in::service::step_up_with(platform, origin, session, factor, ("change", change)).await?;
    Ok(stepped_up.or_problem(platform.now()).map_err(Changed::Code))
}

/// The asking user, as the pages around a change name them.
pub(super) async fn myself(conn: &mut Conn, session: &Session) -> Result<Option<(Customer, Address)>> {
    let user = session.actor.user;
    let customer = customers::service::of_user(conn, user.customer).await?;
    Ok(customer.zip(users::service::address_of(conn, user).await?))
}

pub(super) fn named(event: Event, name: Option<&str>) -> Event {
    match name {
        Some(name) => event.with("name", name),
        None => event,
    }
}

/// Ends one of the own sessions; says whether there was one. Somebody else's is none.
///
/// # Errors
/// When the database fails.
pub async fn end_session(platform: &Platform, origin: &Origin, session: &Session, id: SessionId) -> Result<bool> {
    let mut tx = platform.db.begin().await?;
    let ended = session::service::end_one(&mut tx, session.actor.user, id).await?;
    let what = if ended { What::SessionsEnded } else { What::ChangeRefused };
    let record = event(platform, origin, session, what);
    let record = if ended { record.with("count", 1) } else { record.with("change", "end_session") };
    audit::service::record(&mut tx, platform, record).await?;
    tx.commit().await?;
    Ok(ended)
}
