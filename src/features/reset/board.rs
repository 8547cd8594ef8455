//! The recovery board: where everybody in a confirmed reset stands. What is done about their links is in `board_acts`.

use super::cancel;
use super::service;
use super::store::Reset;
pub use super::store::board::Row;
use super::store::board::{self, Of, Which};
use crate::domain::authority::{Actor, Right, Scope};
use crate::domain::board::{PAGE, Stage};
use crate::domain::ids::{ResetId, UserId};
use crate::domain::progress::Progress;
use crate::domain::time::{Span, Time};
use crate::domain::user::UserRef;
use crate::platform::{Conn, Platform, Result};

/// How many people are read at once where all of them are.
const MANY: usize = 500;
/// How many steps the way back is drawn in.
const STEPS: i64 = 24;

/// A confirmed reset as its board shows it.
pub struct View {
    /// The reset.
    pub reset: Reset,
    /// How far it is.
    pub progress: Progress,
    /// How many stand where.
    pub counts: Vec<(Stage, i64)>,
    /// One page of those who were asked for.
    pub rows: Vec<Row>,
    /// Where the next page begins.
    pub next: Option<UserRef>,
    /// How many were back when, by link and in all.
    pub returns: Vec<(Time, i64, i64)>,
    /// Whether the reader may stop it now.
    pub may_cancel: bool,
    /// Whether the reader manages anybody in it.
    pub manages: bool,
}

/// A confirmed reset with users of customers whose records `actor` reads, and no others of it.
///
/// # Errors
/// When the database fails.
pub async fn seen(conn: &mut Conn, actor: &Actor, id: ResetId) -> Result<Option<Reset>> {
    Ok(found(conn, actor, id).await?.map(|(reset, _)| reset))
}

/// The same with the customers of its people of whom `actor` may read.
async fn found(conn: &mut Conn, actor: &Actor, id: ResetId) -> Result<Option<(Reset, Scope)>> {
    Ok(service::found(conn, actor, id).await?.filter(|(reset, _)| reset.confirmed_at.is_some()))
}

/// How far a reset is that `actor` may see.
///
/// # Errors
/// When the database fails.
pub async fn progress(conn: &mut Conn, actor: &Actor, id: ResetId, now: Time) -> Result<Option<Progress>> {
    // What is over is read first: whatever is counted after it has happened by then.
    let Some((reset, scope)) = found(conn, actor, id).await? else {
        return Ok(None);
    };
    let sums = board::sums(conn, &scope, id).await?;
    Ok(sums.map(|sums| of(&reset, sums, now)))
}

fn of(reset: &Reset, sums: board::Sums, now: Time) -> Progress {
    let began = reset.confirmed_at.unwrap_or(now);
    let elapsed = (reset.completed_at.unwrap_or(now) - began).as_milliseconds();
    let board::Sums { reset: done, skipped, failed, pending } = sums;
    Progress { reset: done, skipped, failed, pending, elapsed, over: reset.completed_at.is_some() }
}

/// The board of a reset for `actor`: those at `stages`, from the one after `after` on.
///
/// # Errors
/// When the database fails.
pub async fn view(
    platform: &Platform,
    actor: &Actor,
    id: ResetId,
    stages: &[Stage],
    after: Option<UserRef>,
) -> Result<Option<View>> {
    let now = platform.now();
    let mut conn = platform.db.read().await?;
    let Some((reset, scope)) = found(&mut conn, actor, id).await? else {
        return Ok(None);
    };
    let sums = board::sums(&mut conn, &scope, id).await?.unwrap_or_default();
    let counts = board::counts(&mut conn, &scope, id.into(), now).await?;
    let which = Which { stages, after: after.map(|user| (user, id)), only: None };
    let mut rows = board::page(&mut conn, &scope, id.into(), which, PAGE + 1, now).await?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let next = rows.last().filter(|_| more).map(Row::user);
    let returns = returns(&mut conn, &scope, &reset, &counts, now).await?;
    let may_cancel = cancel::offered(&mut conn, actor, &reset).await?;
    let manages = !actor.scope(Right::Manage).narrowed(scope.customers()).customers().is_empty();
    Ok(Some(View { progress: of(&reset, sums, now), reset, counts, rows, next, returns, may_cancel, manages }))
}

/// The way back over time: the first day, and on until the last one was back.
async fn returns(
    conn: &mut Conn,
    scope: &Scope,
    reset: &Reset,
    counts: &[(Stage, i64)],
    now: Time,
) -> Result<Vec<(Time, i64, i64)>> {
    let Some(since) = reset.confirmed_at.filter(|_| counts.iter().any(|(stage, _)| stage.is_back())) else {
        return Ok(Vec::new());
    };
    let last = board::last_return(conn, scope, reset.id).await?.unwrap_or(since);
    let waited_for = counts.iter().any(|(stage, _)| Stage::NOT_BACK.contains(stage));
    let until = if waited_for { now.min(last.max(since + Span::hours(24))) } else { last };
    let step = ((until - since).as_milliseconds() / STEPS + 1).max(1000);
    let found = board::returns(conn, scope, reset.id, since, step).await?;
    let at = |n: i64| {
        let back = |how: Option<&str>| -> i64 {
            let counted = found.iter().filter(|(at, ended, _)| *at < n && how.is_none_or(|how| ended == how));
            counted.map(|(.., count)| count).sum()
        };
        (Time::from_unix_milliseconds(since.unix_milliseconds() + n * step), back(Some("completed")), back(None))
    };
    Ok((0..=STEPS).map(at).collect())
}

/// Everybody in a reset, or in all, whom `scope` covers, by customer and user, at `stages`; none is all. They are handed on in
/// parts.
///
/// # Errors
/// When the database fails.
pub async fn everybody_in_parts(
    conn: &mut Conn,
    scope: &Scope,
    of: Of,
    stages: &[Stage],
    now: Time,
    mut take: impl FnMut(Vec<Row>) + Send,
) -> Result<()> {
    let mut after = None;
    loop {
        let rows = board::page(conn, scope, of, Which { stages, after, only: None }, MANY, now).await?;
        let whole = rows.len() == MANY;
        after = rows.last().map(|row| (row.user(), row.reset_id));
        take(rows);
        if !whole {
            return Ok(());
        }
    }
}

/// The same, all at once.
///
/// # Errors
/// When the database fails.
pub async fn everybody(conn: &mut Conn, scope: &Scope, of: Of, stages: &[Stage], now: Time) -> Result<Vec<Row>> {
    let mut all = Vec::new();
    everybody_in_parts(conn, scope, of, stages, now, |rows| all.extend(rows)).await?;
    Ok(all)
}

/// Whom somebody picked on a board.
#[derive(Clone, Debug)]
pub enum Picked {
    /// These, ticked one by one.
    Ticked(Vec<UserId>),
    /// Everybody at these stages; none is all.
    Matching(Vec<Stage>),
    /// These, who matched, as long as they are at these stages.
    Found(Vec<UserId>, Vec<Stage>),
}

/// The users whom a pick means, for a new plan; none where there is no such reset.
///
/// # Errors
/// When the database fails.
pub async fn picked(platform: &Platform, actor: &Actor, id: ResetId, picked: Picked) -> Result<Option<Vec<UserId>>> {
    let mut conn = platform.db.read().await?;
    let Some((_, scope)) = found(&mut conn, actor, id).await? else {
        return Ok(None);
    };
    Ok(Some(match picked {
        Picked::Ticked(users) | Picked::Found(users, _) => users,
        Picked::Matching(stages) => {
            let rows = everybody(&mut conn, &scope, id.into(), &stages, platform.now()).await?;
            rows.iter().map(|row| row.user_id).collect()
        }
    }))
}
