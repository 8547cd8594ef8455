//! Sends links again, gives them more time, and takes them back: of those who were ticked on a board, or of all who match.

use super::board::{Picked, Row, everybody, seen};
use super::store::Reset;
use super::store::board::{self, Which};
use crate::domain::audit::{Event, What};
use crate::domain::authority::{Actor, Refusal, Right, Scope};
use crate::domain::board::{Act, Stage};
use crate::domain::customer::Customer;
use crate::domain::ids::{CustomerId, LinkId, ResetId, UserId};
use crate::domain::mail::{Mail, next_link_at};
use crate::domain::plan::{CHUNK, MOST_USERS};
use crate::domain::recovery::End;
use crate::domain::sign_in::may_recover;
use crate::domain::time::{Span, Time};
use crate::domain::user::UserRef;
use crate::features::outbox::service::Letter;
use crate::features::recovery::links;
use crate::features::recovery::service::Issued;
use crate::features::{audit, customers, outbox, recovery, session, users};
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result, Tx};

/// How long a link works at least when its mail goes out; a mail that would come later ends no link that works.
const SHORTEST_USE: Span = Span::minutes(5);
/// How many ticked people are looked up at once.
const MANY: usize = 500;

/// What came of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acted {
    /// It was done to so many links; so many others it does nothing to.
    Done(i64, i64),
    /// Nobody was picked.
    Nobody,
    /// No reset that this actor may see.
    Unknown,
    /// Somebody is outside the actor's authority: nothing was done.
    Refused(Refusal),
}

/// Does something about the links of those who were picked of each reset. One ticked user outside the actor's authority
/// refuses the whole, and so does a customer outside it among those who match; the refusal is recorded. Each chunk is whole.
///
/// # Errors
/// When the database fails; what was committed until then stays.
pub async fn act(
    platform: &Platform,
    origin: &Origin,
    actor: &Actor,
    act: Act,
    picks: Vec<(ResetId, Picked)>,
) -> Result<Acted> {
    let mut conn = platform.db.read().await?;
    let (mut all, mut left) = (Vec::new(), 0);
    for (id, picked) in picks {
        let Some(reset) = seen(&mut conn, actor, id).await? else {
            return Ok(Acted::Unknown);
        };
        let stages = match &picked {
            Picked::Matching(stages) | Picked::Found(_, stages) => stages.clone(),
            Picked::Ticked(_) => Vec::new(),
        };
        match chosen(&mut conn, actor, id, picked, platform.now()).await? {
            Ok((chosen, others)) => {
                left += others;
                all.push((reset, chosen, stages));
            }
            Err(refusal) => {
                drop(conn);
                let event = Event::new(platform.now(), What::ResetRefused, Some(actor.user.customer)).by(actor.user);
                let event = event.from(origin.address.clone()).with("why", refusal).with("reset", id).with("what", act);
                audit::service::record_alone(platform, event).await?;
                return Ok(Acted::Refused(refusal));
            }
        }
    }
    drop(conn);
    if left == 0 && all.iter().all(|(_, chosen, _)| chosen.is_empty()) {
        return Ok(Acted::Nobody);
    }
    let mut done = 0;
    for (reset, chosen, stages) in all {
        let doing = Doing { platform, origin: Some(origin), actor, reset: &reset, act, stages };
        for of_customer in chosen.chunk_by(|a, b| a.customer == b.customer) {
            let customer = of_customer[0].customer;
            for chunk in of_customer.chunks(CHUNK) {
                let users: Vec<UserId> = chunk.iter().map(|user| user.id).collect();
                let mut tx = platform.db.begin().await?;
                let done_now = doing.chunk(&mut tx, customer, &users).await?;
                tx.commit().await?;
                done += done_now;
                left += count(users.len()) - done_now;
            }
        }
    }
    Ok(Acted::Done(done, left))
}

/// The users whom a pick means, in the order of their customers, and how many of those who match are left alone.
async fn chosen(
    conn: &mut Conn,
    actor: &Actor,
    id: ResetId,
    picked: Picked,
    now: Time,
) -> Result<std::result::Result<(Vec<UserRef>, i64), Refusal>> {
    if !actor.has_mfa {
        return Ok(Err(Refusal::NoFactorOfYourOwn));
    }
    let scope = actor.scope(Right::Manage);
    match picked {
        Picked::Ticked(mut users) => {
            users.sort_unstable();
            users.dedup();
            users.truncate(MOST_USERS + 1);
            let rows = among(conn, &scope, id, &users, now).await?;
            if let Some(refusal) = rows.iter().find_map(|row| actor.may_manage(row.user(), row.role()).err()) {
                return Ok(Err(refusal));
            }
            // Whoever is not in scope was not found: foreign and made-up ids are refused alike.
            if rows.len() != users.len() {
                return Ok(Err(Refusal::NoRole));
            }
            let mut users: Vec<UserRef> = rows.iter().map(Row::user).collect();
            users.sort_unstable();
            Ok(Ok((users, 0)))
        }
        Picked::Found(users, stages) => {
            let mut rows = among(conn, &actor.scope(Right::Read), id, &users, now).await?;
            rows.retain(|row| stages.is_empty() || stages.contains(&row.stage));
            Ok(manageable(actor, &scope, &rows))
        }
        Picked::Matching(stages) => {
            let rows = everybody(conn, &actor.scope(Right::Read), id.into(), &stages, now).await?;
            Ok(manageable(actor, &scope, &rows))
        }
    }
}

/// Those of everybody who matched whom the actor manages, and how many others there are; not one where a customer is outside.
fn manageable(actor: &Actor, scope: &Scope, rows: &[Row]) -> std::result::Result<(Vec<UserRef>, i64), Refusal> {
    if rows.iter().any(|row| !scope.covers(row.customer_id)) {
        return Err(Refusal::NoRole);
    }
    let may = |row: &&Row| actor.may_manage(row.user(), row.role()).is_ok();
    let users: Vec<UserRef> = rows.iter().filter(may).map(Row::user).collect();
    let left = count(rows.len() - users.len());
    Ok((users, left))
}

/// Those of these users who are in a reset.
async fn among(conn: &mut Conn, scope: &Scope, id: ResetId, users: &[UserId], now: Time) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for part in users.chunks(MANY) {
        let which = Which { only: Some(part), ..Which::default() };
        rows.extend(board::page(conn, scope, id.into(), which, MANY, now).await?);
    }
    Ok(rows)
}

fn count(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

/// One act on one reset.
pub(super) struct Doing<'a> {
    pub platform: &'a Platform,
    /// Where it is asked for; none where it is a reminder, which nobody asks for.
    pub origin: Option<&'a Origin>,
    pub actor: &'a Actor,
    pub reset: &'a Reset,
    pub act: Act,
    /// Those at other stages by now are not meant any more; none is all.
    pub stages: Vec<Stage>,
}

impl Doing<'_> {
    /// Does it to some users of one customer. Authority and stages are read again under the locks; says to how many it was
    /// done.
    pub async fn chunk(&self, tx: &mut Tx, customer: CustomerId, users: &[UserId]) -> Result<i64> {
        let (platform, now) = (self.platform, self.platform.now());
        customers::service::hold(tx, [customer]).await?;
        users::service::lock_all(tx, customer, users).await?;
        let actor = session::service::actor_in(tx, self.actor.user, customer, now).await?;
        let Some(actor) = actor.filter(|actor| actor.has_mfa) else {
            return Ok(0);
        };
        let scope = actor.scope(Right::Manage).narrowed(&[customer]);
        let Some(customer) = customers::service::list(tx, &scope).await?.pop() else {
            return Ok(0);
        };
        let found = users::service::by_ids(tx, &scope, users).await?;
        let which = Which { only: Some(users), ..Which::default() };
        let rows = board::page(tx, &scope, self.reset.id.into(), which, users.len(), now).await?;
        let sent = match self.act {
            Act::SendAgain => outbox::service::links_sent(tx, customer.id, users, false, now).await?,
            Act::Extend | Act::Revoke => Vec::new(),
        };
        // A token that works dies for no mail that comes too late.
        let in_time = |row: &Row| {
            let sent: Vec<Time> = sent.iter().filter(|(user, _)| *user == row.user_id).map(|(_, at)| *at).collect();
            let goes_at = next_link_at(&sent).unwrap_or(now);
            let works = match row.stage {
                Stage::AsksForHelp => row.ended_at.is_none() && row.expires_at.is_some_and(|until| now < until),
                stage => stage.has_live_link(),
            };
            !works || goes_at + SHORTEST_USE <= now + customer.policy.link_lifetime()
        };
        let reached = |row: &&Row| {
            let Some(user) = found.iter().find(|user| user.user == row.user()) else { return false };
            let meant = self.stages.is_empty() || self.stages.contains(&row.stage);
            let may = meant && actor.may_manage(user.user, user.role).is_ok() && self.act.applies(row.stage);
            let reaches = may_recover(user.standing, user.hold) && user.address_verified_at.is_some();
            // A link that was taken back makes room for another one, unless a newer reset or a way back came between.
            let room = row.ended_at.is_none() || (user.set_up_due_at.is_some() && user.link.is_none());
            may && (self.act == Act::Revoke || (reaches && room && in_time(row)))
        };
        let rows: Vec<Row> = rows.iter().filter(reached).cloned().collect();
        let (what, mut done) = match self.act {
            Act::SendAgain => (What::LinkRenewed, self.send_again(tx, &customer, &rows).await?),
            Act::Extend => {
                let links: Vec<LinkId> = rows.iter().filter_map(|row| row.link_id).collect();
                let longer = links::extend(tx, platform, &customer, &links).await?;
                // Whose mail is on its way yet learns it from that one.
                let told: Vec<Issued> = longer.iter().filter(|longer| !is_queued(&rows, longer)).copied().collect();
                self.tell(tx, customer.id, &rows, &told).await?;
                (What::LinkExtended, longer.iter().map(|issued| issued.user.id).collect())
            }
            Act::Revoke => {
                let users: Vec<UserId> = rows.iter().map(|row| row.user_id).collect();
                (What::LinkEnded, links::revoke(tx, platform, customer.id, &users).await?)
            }
        };
        done.sort_unstable();
        let event = |user: &UserId| {
            let event = Event::new(now, what, Some(customer.id)).about(*user).with("reset", self.reset.id);
            let event = match self.origin {
                Some(origin) => event.by(self.actor.user).from(origin.address.clone()),
                None => event.with("why", "reminder"),
            };
            if self.act == Act::Revoke { event.with("how", End::Revoked) } else { event }
        };
        audit::service::record_all(tx, platform, done.iter().map(event).collect()).await?;
        Ok(count(done.len()))
    }

    async fn send_again(&self, tx: &mut Tx, customer: &Customer, rows: &[Row]) -> Result<Vec<UserId>> {
        let (ended, live): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.ended_at.is_some());
        let links: Vec<LinkId> = live.iter().filter_map(|row| row.link_id).collect();
        let mut issued = links::renew(tx, self.platform, customer, &links).await?;
        links::help(tx, customer.id, &issued.iter().map(|issued| issued.user.id).collect::<Vec<_>>()).await?;
        let users: Vec<UserId> = ended.iter().map(|row| row.user_id).collect();
        if !users.is_empty() {
            let new = recovery::service::issue(tx, self.platform, customer, &users).await?;
            for issued in &new {
                board::set_link(tx, self.reset.id, issued.user, issued.link).await?;
            }
            issued.extend(new);
        }
        self.tell(tx, customer.id, rows, &issued).await?;
        Ok(issued.iter().map(|issued| issued.user.id).collect())
    }

    /// The mail of the reset once more, with the link as it is now.
    async fn tell(&self, tx: &mut Tx, customer: CustomerId, rows: &[Row], issued: &[Issued]) -> Result<()> {
        let (platform, reset) = (self.platform, self.reset);
        let requester = match session::service::actor_in(tx, reset.requester(), customer, platform.now()).await? {
            Some(requester) => customers::service::introduced(tx, &requester, customer).await?,
            None => reset.requester_name.clone(),
        };
        let letter = |issued: &Issued| {
            let done_at = rows.iter().find(|row| row.user_id == issued.user.id).and_then(|row| row.done_at);
            Letter {
                user: issued.user,
                link: Some(issued.link),
                mail: Mail::Reset {
                    link: issued.link,
                    generation: issued.generation,
                    expires_at: issued.expires_at,
                    reset_at: done_at.unwrap_or_else(|| platform.now()),
                    requester: requester.clone(),
                    reason: reset.reason.clone(),
                    ticket: reset.ticket.clone(),
                    reminder: self.origin.is_none(),
                },
            }
        };
        outbox::service::enqueue(tx, platform, issued.iter().map(letter).collect()).await
    }
}

fn is_queued(rows: &[Row], issued: &Issued) -> bool {
    rows.iter().any(|row| row.user_id == issued.user.id && row.sent_at.is_none() && row.bounced_at.is_none())
}
