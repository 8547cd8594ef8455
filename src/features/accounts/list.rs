//! Inviting a list of people: read from a file, frozen line by line, confirmed with the own code, and then carried out in
//! chunks, each whole. A second press, a crash or another process finds what is left and does nothing twice.

use std::collections::HashSet;

use super::invite::invite_all;
use super::service::record_refusal;
use super::store;
pub use super::store::{Line, List};
use crate::domain::authority::{Actor, Refusal, Right, Role};
use crate::domain::ids::{CustomerId, InviteListId};
use crate::domain::invitation::{LIST_LIFETIME, MOST_PEOPLE, Untaken};
use crate::domain::sign_in::CodeProblem;
use crate::domain::time::{Span, Time};
use crate::domain::user::{Address, clean_name};
use crate::features::session::service::{NewToken, Session};
use crate::features::users::import::{self, FileProblem};
use crate::features::{customers, session, sign_in, users};
use crate::platform::request::Origin;
use crate::platform::text::address_key;
use crate::platform::{Platform, Result, Tx};

/// How many people are invited in one transaction.
const CHUNK: i64 = 100;
/// How long the report of a list is kept.
const REPORT_KEPT: Span = Span::hours(30 * 24);

/// What came of a file.
pub enum Read {
    /// It is stored line by line; nobody is invited yet.
    Frozen(InviteListId),
    /// It cannot be read.
    Unreadable(FileProblem),
    /// It holds more than [`MOST_PEOPLE`].
    TooMany,
    /// Nobody is in it.
    Nobody,
    /// No authority to invite to that customer.
    Refused(Refusal),
}

/// Reads a list and freezes what would become of each line.
///
/// # Errors
/// When the database fails.
pub async fn read(
    platform: &Platform,
    origin: &Origin,
    actor: &Actor,
    customer: CustomerId,
    bytes: &[u8],
) -> Result<Read> {
    if let Err(refusal) = actor.may_invite(customer, Role::Member) {
        record_refusal(platform, origin, actor.user, "invite_list", refusal.as_str()).await?;
        return Ok(Read::Refused(refusal));
    }
    let file = match import::read(bytes) {
        Ok(file) => file,
        Err(problem) => return Ok(Read::Unreadable(problem)),
    };
    if file.lines.is_empty() {
        return Ok(Read::Nobody);
    }
    if file.lines.len() > MOST_PEOPLE {
        return Ok(Read::TooMany);
    }
    let addresses: Vec<Address> =
        file.lines.iter().filter_map(|line| line.person.as_ref().ok()).map(|person| person.address.clone()).collect();
    let mut tx = platform.db.begin().await?;
    let taken: HashSet<String> = users::service::taken(&mut tx, &addresses).await?.into_iter().collect();
    let scope = actor.scope(Right::Read);
    let here: HashSet<String> =
        users::service::life::taken_in(&mut tx, &scope, &addresses).await?.into_iter().collect();
    let line = |line: &import::Line| {
        let (untaken, same_as) = match &line.person {
            Ok(person) => {
                let key = address_key(&person.address);
                let untaken = if here.contains(&key) {
                    Some(Untaken::Here)
                } else if taken.contains(&key) {
                    Some(Untaken::Cannot)
                } else if person.suspended {
                    Some(Untaken::Suspended)
                } else {
                    actor.may_invite(customer, person.role).is_err().then_some(Untaken::OwnersOnly)
                };
                (untaken, None)
            }
            Err(import::Untaken::SameAs(first)) => (Some(Untaken::Twice), i64::try_from(*first).ok()),
            Err(why) => (Some(untaken(why)), None),
        };
        let person = line.person.as_ref().ok();
        Line {
            number: i64::try_from(line.number).unwrap_or(i64::MAX),
            who: clean_name(&line.who),
            name: person.map(|person| person.name.clone()),
            address: person.map(|person| person.address.clone()),
            role: person.map(|person| person.role),
            untaken,
            same_as,
            user_id: None,
        }
    };
    let lines: Vec<Line> = file.lines.iter().map(line).collect();
    let now = platform.now();
    let id = platform.rng.id(now, InviteListId::new);
    store::insert(&mut tx, id, customer, actor.user, &lines, now).await?;
    tx.commit().await?;
    Ok(Read::Frozen(id))
}

const fn untaken(why: &import::Untaken) -> Untaken {
    match why {
        import::Untaken::NoAddress => Untaken::NoAddress,
        import::Untaken::Guest => Untaken::Guest,
        import::Untaken::BadAddress => Untaken::BadAddress,
        import::Untaken::NoName => Untaken::NoName,
        import::Untaken::Status => Untaken::Status,
        import::Untaken::BadRole => Untaken::BadRole,
        import::Untaken::TooManyCells => Untaken::Slipped,
        import::Untaken::SameAs(_) => Untaken::Twice,
        import::Untaken::Here => Untaken::Here,
    }
}

/// A list with its lines, for whoever asked for it and still may.
///
/// # Errors
/// When the database fails.
pub async fn view(platform: &Platform, actor: &Actor, id: InviteListId) -> Result<Option<(List, Vec<Line>)>> {
    let mut conn = platform.db.read().await?;
    let Some(list) = store::get(&mut conn, id).await? else {
        return Ok(None);
    };
    let over = list.confirmed_at.is_none() && platform.now() >= list.created_at + LIST_LIFETIME;
    if over || list.requester() != actor.user || !actor.scope(Right::Read).covers(list.customer_id) {
        return Ok(None);
    }
    let lines = store::lines(&mut conn, id).await?;
    Ok(Some((list, lines)))
}

/// What came of a confirmation.
pub enum Confirmed {
    /// It runs. The session has a new token.
    Running(NewToken),
    /// It was confirmed before: nothing happens twice.
    Already,
    /// No such list of this actor, or it was read too long ago.
    Unknown,
    /// Nobody in it would be invited.
    Nobody,
    /// The code was not taken.
    Code(CodeProblem),
    /// No authority any more.
    Refused(Refusal),
}

/// Confirms a frozen list with the own fresh code.
///
/// # Errors
/// When the database fails.
pub async fn confirm(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    id: InviteListId,
    code: &str,
) -> Result<Confirmed> {
    let actor = &session.actor;
    let Some((list, lines)) = view(platform, actor, id).await? else {
        return Ok(Confirmed::Unknown);
    };
    if list.confirmed_at.is_some() {
        return Ok(Confirmed::Already);
    }
    if let Err(refusal) = actor.may_invite(list.customer_id, Role::Member) {
        record_refusal(platform, origin, actor.user, "invite_list", refusal.as_str()).await?;
        return Ok(Confirmed::Refused(refusal));
    }
    if lines.iter().all(|line| line.untaken.is_some()) {
        return Ok(Confirmed::Nobody);
    }
    let token = match sign_in::service::prove(platform, origin, session, code, ("invite_list", &id.to_string())).await?
    {
        Ok(token) => token,
        Err(code) => return Ok(Confirmed::Code(code)),
    };
    let mut tx = platform.db.begin().await?;
    store::confirm(&mut tx, id, origin.address.as_deref(), platform.now()).await?;
    tx.commit().await?;
    Ok(Confirmed::Running(token))
}

/// Goes on with every list that was confirmed and is not complete.
///
/// # Errors
/// When the database fails.
pub async fn resume(platform: &Platform) -> Result<()> {
    let unfinished = store::unfinished(&mut *platform.db.read().await?).await?;
    for id in unfinished {
        run(platform, id).await?;
    }
    Ok(())
}

/// Invites everybody on a confirmed list who is not invited yet.
///
/// # Errors
/// When the database fails; what was committed stays, the rest is left to [`resume`].
pub async fn run(platform: &Platform, id: InviteListId) -> Result<()> {
    // Whoever takes an address between the look and the write makes a chunk fail whole; it is tried again, and finds them.
    let mut tries = 0;
    loop {
        let mut tx = platform.db.begin().await?;
        match chunk(&mut tx, platform, id).await {
            Ok(more) => {
                tx.commit().await?;
                if !more {
                    return Ok(());
                }
                tries = 0;
            }
            Err(fault) if fault.is_taken() && tries < 10 => tries += 1,
            Err(fault) => return Err(fault),
        }
    }
}

/// One chunk, under the customer's lock; says whether there may be more.
async fn chunk(tx: &mut Tx, platform: &Platform, id: InviteListId) -> Result<bool> {
    let now = platform.now();
    let Some(list) = store::get(tx, id).await?.filter(|list| list.confirmed_at.is_some()) else {
        return Ok(false);
    };
    customers::service::hold(tx, [list.customer_id]).await?;
    let pending = store::pending(tx, id, CHUNK).await?;
    if pending.is_empty() {
        store::complete(tx, id, now).await?;
        return Ok(false);
    }
    users::service::lock(tx, list.requester()).await?;
    let actor = session::service::actor(tx, list.requester(), now).await?;
    let addresses: Vec<Address> = pending.iter().filter_map(|line| line.address.clone()).collect();
    let taken: HashSet<String> = users::service::taken(tx, &addresses).await?.into_iter().collect();
    let (mut going, mut taken_since, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for line in pending {
        let (Some(name), Some(address), Some(role)) = (line.name, line.address, line.role) else {
            refused.push(line.number);
            continue;
        };
        let may = actor.as_ref().is_some_and(|actor| actor.may_invite(list.customer_id, role).is_ok());
        if !may {
            refused.push(line.number);
        } else if taken.contains(&address_key(&address)) {
            taken_since.push(line.number);
        } else {
            going.push((line.number, (name, address, role)));
        }
    }
    store::set_untaken(tx, id, &refused, Untaken::NoAuthority).await?;
    store::set_untaken(tx, id, &taken_since, Untaken::Cannot).await?;
    if let Some(actor) = actor.filter(|_| !going.is_empty()) {
        let (numbers, people): (Vec<i64>, Vec<_>) = going.into_iter().unzip();
        let users = invite_all(tx, platform, list.from_address.clone(), &actor, list.customer_id, people).await?;
        for (number, user) in numbers.into_iter().zip(users) {
            store::set_invited(tx, id, number, user.id).await?;
        }
    }
    Ok(true)
}

/// Forgets lists that nobody confirmed in time, and old reports.
///
/// # Errors
/// When the database fails.
pub async fn sweep(platform: &Platform) -> Result<()> {
    let now = platform.now().unix_milliseconds();
    let before = |span: Span| Time::from_unix_milliseconds(now - span.as_milliseconds());
    let mut tx = platform.db.begin().await?;
    store::delete_old(&mut tx, before(LIST_LIFETIME), before(REPORT_KEPT)).await?;
    tx.commit().await
}
