//! The recovery board across resets: everybody who was reset lately in some customers, and where they stand.

use std::collections::BTreeMap;

use super::board::{Picked, Row, everybody};
use super::store::board::{self, Of, Which};
use crate::domain::authority::Scope;
use crate::domain::board::{PAGE, Stage};
use crate::domain::ids::{ResetId, UserId};
use crate::domain::time::Time;
use crate::domain::user::UserRef;
use crate::platform::{Conn, Result};

/// Who is asked for.
pub struct Asked {
    /// At home in these customers.
    pub scope: Scope,
    /// Reset since then.
    pub since: Time,
    /// At these stages now; none is all.
    pub stages: Vec<Stage>,
}

/// A page of them. Whoever was reset twice is in it twice.
pub struct View {
    /// How many stand where, at whatever stage.
    pub counts: Vec<(Stage, i64)>,
    /// At most [`PAGE`] of those who were asked for.
    pub rows: Vec<Row>,
    /// Where the next page begins.
    pub next: Option<(UserRef, ResetId)>,
}

/// Those who are asked for, from the one after `after` on.
///
/// # Errors
/// When the database fails.
pub async fn page(conn: &mut Conn, asked: &Asked, after: Option<(UserRef, ResetId)>, now: Time) -> Result<View> {
    let (scope, of) = (&asked.scope, Of::Since(asked.since));
    let counts = board::counts(conn, scope, of, now).await?;
    let which = Which { stages: &asked.stages, after, only: None };
    let mut rows = board::page(conn, scope, of, which, PAGE + 1, now).await?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let next = rows.last().filter(|_| more).map(|row| (row.user(), row.reset_id));
    Ok(View { counts, rows, next })
}

/// Everybody who is asked for, by reset.
///
/// # Errors
/// When the database fails.
pub async fn picks(conn: &mut Conn, asked: &Asked, now: Time) -> Result<Vec<(ResetId, Picked)>> {
    let rows = everybody(conn, &asked.scope, Of::Since(asked.since), &asked.stages, now).await?;
    let found = by_reset(rows.iter().map(|row| (row.reset_id, row.user_id)));
    Ok(found.map(|(reset, users)| (reset, Picked::Found(users, asked.stages.clone()))).collect())
}

/// Those who were ticked, by reset.
pub fn ticked(ticked: Vec<(ResetId, UserId)>) -> Vec<(ResetId, Picked)> {
    by_reset(ticked.into_iter()).map(|(reset, users)| (reset, Picked::Ticked(users))).collect()
}

fn by_reset(users: impl Iterator<Item = (ResetId, UserId)>) -> impl Iterator<Item = (ResetId, Vec<UserId>)> {
    let mut by_reset: BTreeMap<ResetId, Vec<UserId>> = BTreeMap::new();
    for (reset, user) in users {
        by_reset.entry(reset).or_default().push(user);
    }
    by_reset.into_iter()
}
