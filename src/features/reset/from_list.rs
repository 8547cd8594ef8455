//! A selection out of a list of addresses: kept as it was pasted or uploaded, held against the people whom its reader may
//! see each time it is looked at, and frozen as any other selection. Somebody else's user answers as nobody does.

use std::collections::HashMap;

use super::service::{self, Planned, Selection};
use super::store::lists as store;
use crate::domain::audit::{Event, What};
use crate::domain::authority::{Actor, Refusal, Right};
use crate::domain::ids::ResetListId;
use crate::domain::plan::{LIST_LIFETIME, MOST_LINES, Unmatched};
use crate::domain::time::Time;
use crate::features::users::import::addresses::{self, Named};
use crate::features::users::import::{FileProblem, Untaken};
use crate::features::users::service::life;
pub use crate::features::users::service::life::Found as Person;
use crate::features::{audit, users};
use crate::platform::request::Origin;
use crate::platform::text::address_key;
use crate::platform::{Conn, Platform, Result};

/// What came of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// It is kept; nobody is selected yet.
    Kept(ResetListId),
    /// It is kept as it is, and cannot be read.
    Unreadable(Option<ResetListId>, FileProblem),
    /// It is kept, and names more than [`MOST_LINES`].
    TooMany(ResetListId),
    /// Whoever asks resets nobody.
    Refused(Refusal),
}

/// Reads a list and keeps it, in place of the one before.
///
/// # Errors
/// When the database fails.
pub async fn read(platform: &Platform, origin: &Origin, actor: &Actor, bytes: &[u8]) -> Result<Read> {
    if actor.scope(Right::Manage).customers().is_empty() {
        let why = if actor.has_mfa { Refusal::NoRole } else { Refusal::NoFactorOfYourOwn };
        let event = Event::new(platform.now(), What::ResetRefused, Some(actor.user.customer)).by(actor.user);
        let event = event.from(origin.address.clone()).with("why", why).with("users", "list");
        audit::service::record_alone(platform, event).await?;
        return Ok(Read::Refused(why));
    }
    let text = match users::import::table::decode(bytes) {
        // PostgreSQL keeps no NUL.
        Ok(text) => text.replace('\0', "\u{fffd}"),
        Err(problem) => return Ok(Read::Unreadable(None, problem)),
    };
    let named = addresses::read(&text);
    if named == Err(FileProblem::Empty) {
        return Ok(Read::Unreadable(None, FileProblem::Empty));
    }
    let now = platform.now();
    let id = platform.rng.id(now, ResetListId::new);
    let mut tx = platform.db.begin().await?;
    store::keep(&mut tx, id, actor.user, &text, now).await?;
    tx.commit().await?;
    Ok(match named {
        Ok(named) if named.len() > MOST_LINES => Read::TooMany(id),
        Ok(_) => Read::Kept(id),
        Err(problem) => Read::Unreadable(Some(id), problem),
    })
}

/// What was pasted or uploaded, for whoever goes back to change it.
///
/// # Errors
/// When the database fails.
pub async fn text(platform: &Platform, actor: &Actor, id: ResetListId) -> Result<Option<String>> {
    let mut conn = platform.db.read().await?;
    let list = store::get(&mut conn, id, actor.user, platform.now() - LIST_LIFETIME).await?;
    Ok(list.map(|list| list.text))
}

/// What a line of a list means.
#[derive(Clone, Debug)]
pub enum Means {
    /// Somebody whom the reader may select.
    Selected(Person),
    /// Somebody whom they see, and may not reset.
    LeftOut(Person, Refusal),
    /// Nobody.
    Unmatched(Unmatched),
    /// Whoever that line means already.
    Again(u64),
}

/// One address of a list, or what stands in place of one.
#[derive(Clone, Debug)]
pub struct Line {
    /// On which line.
    pub number: u64,
    /// What stands there.
    pub typed: String,
    /// What it means.
    pub means: Means,
}

/// A list, held against the people whom its reader may see now.
pub struct View {
    /// Line by line.
    pub lines: Vec<Line>,
    /// Until when it is kept.
    pub until: Time,
}

/// A list of `actor`; none where there is none of theirs.
///
/// # Errors
/// When the database fails.
pub async fn view(platform: &Platform, actor: &Actor, id: ResetListId) -> Result<Option<View>> {
    let mut conn = platform.db.read().await?;
    let Some(list) = store::get(&mut conn, id, actor.user, platform.now() - LIST_LIFETIME).await? else {
        return Ok(None);
    };
    let Some(named) = addresses::read(&list.text).ok().filter(|named| named.len() <= MOST_LINES) else {
        return Ok(None);
    };
    let lines = held_against(&mut conn, actor, named).await?;
    Ok(Some(View { lines, until: list.created_at + LIST_LIFETIME }))
}

async fn held_against(conn: &mut Conn, actor: &Actor, named: Vec<Named>) -> Result<Vec<Line>> {
    let asked: Vec<_> = named.iter().filter_map(|named| named.address.clone().ok()).collect();
    let found = life::found(conn, &actor.scope(Right::Read), &asked).await?;
    let mut found: HashMap<String, Person> =
        found.into_iter().map(|person| (person.address_key.clone(), person)).collect();
    let means = |named: &Named| match &named.address {
        Ok(address) => match found.remove(&address_key(address)) {
            Some(person) => match actor.may_manage(person.user, person.role) {
                Ok(()) => Means::Selected(person),
                Err(refusal) => Means::LeftOut(person, refusal),
            },
            None => Means::Unmatched(Unmatched::Nobody),
        },
        Err(Untaken::SameAs(first)) => Means::Again(*first),
        Err(Untaken::NoAddress) => Means::Unmatched(Unmatched::NoAddress),
        Err(Untaken::Guest) => Means::Unmatched(Unmatched::Guest),
        Err(Untaken::TooManyCells) => Means::Unmatched(Unmatched::Slipped),
        Err(_) => Means::Unmatched(Unmatched::BadAddress),
    };
    let means: Vec<Means> = named.iter().map(means).collect();
    Ok(named
        .into_iter()
        .zip(means)
        .map(|(named, means)| Line { number: named.line, typed: named.typed, means })
        .collect())
}

/// Freezes a plan of everybody whom a list means and its reader may select now.
///
/// # Errors
/// When the database fails.
pub async fn plan(platform: &Platform, origin: &Origin, actor: &Actor, id: ResetListId) -> Result<Planned> {
    let Some(view) = view(platform, actor, id).await? else {
        return Ok(Planned::Nobody);
    };
    let selected = view.lines.into_iter().filter_map(|line| match line.means {
        Means::Selected(person) => Some(person.user.id),
        _ => None,
    });
    service::plan(platform, origin, actor, Selection::Ticked(selected.collect(), Vec::new())).await
}

/// Forgets the lists that are over.
///
/// # Errors
/// When the database fails.
pub async fn sweep(platform: &Platform) -> Result<()> {
    let mut tx = platform.db.begin().await?;
    store::delete_old(&mut tx, platform.now() - LIST_LIFETIME).await?;
    tx.commit().await
}
