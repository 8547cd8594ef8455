//! What is shown of plans and resets, and to whom; and who in a plan has changed since it was frozen.

use std::collections::{BTreeMap, BTreeSet};

use super::super::approval_api::Approval;
use super::super::approval_view::{self, Waiting};
use super::super::store::list::Summary;
use super::super::store::{self, ItemRow, Reset};
use crate::domain::Unreadable;
use crate::domain::authority::{Actor, Right, Scope};
use crate::domain::customer::Customer;
use crate::domain::ids::{CustomerId, LinkId, ResetId, UserId};
use crate::domain::mail::Mail;
use crate::domain::plan::{self, Against, Change, Item, Verdict};
use crate::domain::reset_filter::{ResetFilter, Tab};
use crate::domain::time::Time;
use crate::domain::user::UserRef;
use crate::features::outbox::render::{Recipient, Rendered, Way, locale_of, render, zone_of};
use crate::features::users::service::OwnerRow;
use crate::features::{customers, session, users};
use crate::platform::keys::sha256;
use crate::platform::text::name_key;
use crate::platform::{Conn, Platform, Result};

/// A reset with all that its page shows.
pub struct View {
    /// The reset.
    pub reset: Reset,
    /// Its lines, as far as the reader may see them.
    pub items: Vec<ItemRow>,
    /// The customers concerned, with their policies.
    pub customers: Vec<Customer>,
    /// Whether the reader is the one who asked for it.
    pub is_mine: bool,
    /// What there is to say of its approval.
    pub approval: Option<Approval>,
    /// Who has changed since it was frozen, while it can still be confirmed or approved.
    pub changes: Vec<Change>,
    /// Which owners each customer keeps who can sign in meanwhile.
    pub owners_left: BTreeMap<CustomerId, Vec<String>>,
    /// The mail that one of them gets.
    pub mail: Option<Preview>,
}

/// The mail that somebody in a plan will get.
pub struct Preview {
    /// Who.
    pub to: String,
    /// What.
    pub mail: Rendered,
}

/// A reset that `actor` may see: their own, or one with users of customers whose records they read. A plan that is not
/// confirmed is its requester's alone, and theirs who may approve it once they are asked.
///
/// # Errors
/// When the database fails.
pub async fn seen(conn: &mut Conn, actor: &Actor, id: ResetId) -> Result<Option<Reset>> {
    Ok(found(conn, actor, id).await?.map(|(reset, _)| reset))
}

/// The same with those of its people's customers whose records `actor` reads.
///
/// # Errors
/// When the database fails.
pub async fn found(conn: &mut Conn, actor: &Actor, id: ResetId) -> Result<Option<(Reset, Scope)>> {
    let Some(reset) = store::get(conn, id).await? else {
        return Ok(None);
    };
    let scope = store::within(conn, &actor.scope(Right::Read), id).await?;
    if reset.confirmed_at.is_none() && reset.requester() != actor.user {
        let rows = store::items(conn, &scope, id).await?;
        if !approval_view::may_see(conn, actor, &reset, &rows).await? {
            return Ok(None);
        }
    }
    Ok((!scope.customers().is_empty()).then_some((reset, scope)))
}

/// The same with all that its page shows.
///
/// # Errors
/// When the database fails.
pub async fn view(platform: &Platform, actor: &Actor, id: ResetId) -> Result<Option<View>> {
    let now = platform.now();
    let mut conn = platform.db.read().await?;
    let Some((reset, scope)) = found(&mut conn, actor, id).await? else {
        return Ok(None);
    };
    let rows = store::items(&mut conn, &scope, id).await?;
    let mut ids: Vec<CustomerId> = rows.iter().map(|row| row.customer_id).collect();
    ids.dedup();
    let customers = customers::service::list(&mut conn, &scope.narrowed(&ids)).await?;
    let approval = approval_view::shown(&mut conn, actor, (&reset, &rows), &customers, now).await?;
    let is_over = reset.confirmed_at.is_some() || reset.decision.is_some();
    let changes = if is_over { Vec::new() } else { changes(&mut conn, &scope, &reset, &rows, now).await? };
    let is_mine = reset.requester() == actor.user;
    let going: BTreeSet<UserRef> = rows.iter().filter(|row| row.skip.is_none()).map(|row| row.item().user).collect();
    let owners = users::service::working_owners_of(&mut conn, &ids, now).await?;
    let readable = actor.scope(Right::Read);
    let mut owners_left: BTreeMap<CustomerId, Vec<String>> = ids.iter().map(|id| (*id, Vec::new())).collect();
    for owner in owners.into_iter().filter(|owner| !going.contains(&owner.user())) {
        let is_told =
            owner.customer_id != owner.owned_id && readable.knows_home(owner.customer_id, owner.by_provider == 1);
        let name = if is_told { format!("{} ({})", owner.name, owner.customer_name) } else { owner.name };
        owners_left.entry(owner.owned_id).or_default().push(name);
    }
    let first = rows.iter().find(|row| row.skip.is_none());
    let mail = match first.and_then(|row| Some((row, customers.iter().find(|one| one.id == row.customer_id)?))) {
        Some((row, customer)) => Some(preview(&mut conn, platform, &reset, row, customer).await?),
        None => None,
    };
    Ok(Some(View { reset, items: rows, customers, is_mine, approval, changes, owners_left, mail }))
}

/// The mail that one of the people in a reset gets whom `actor` may see.
///
/// # Errors
/// When the database fails.
pub async fn mail(platform: &Platform, actor: &Actor, id: ResetId) -> Result<Option<Preview>> {
    let mut conn = platform.db.read().await?;
    let Some((reset, scope)) = found(&mut conn, actor, id).await? else {
        return Ok(None);
    };
    let Some(row) = store::first_going(&mut conn, &scope, id).await? else {
        return Ok(None);
    };
    let customers = customers::service::list(&mut conn, &scope.narrowed(&[row.customer_id])).await?;
    match customers.first() {
        Some(customer) => Ok(Some(preview(&mut conn, platform, &reset, &row, customer).await?)),
        None => Ok(None),
    }
}

/// What one of them will get, as far as it is known before.
async fn preview(
    conn: &mut Conn,
    platform: &Platform,
    reset: &Reset,
    row: &ItemRow,
    customer: &Customer,
) -> Result<Preview> {
    let now = platform.now();
    let requester = session::service::actor(conn, reset.requester(), now).await?;
    let requester = match requester {
        Some(actor) => customers::service::introduced(conn, &actor, customer.id).await?,
        None => reset.requester_name.clone(),
    };
    let expires_at = now + customer.policy.link_lifetime();
    let mail = Mail::Reset {
        link: LinkId::new(now, [0; 10]),
        generation: 1,
        expires_at,
        reset_at: now,
        requester,
        reason: reset.reason.clone(),
        ticket: reset.ticket.clone(),
        reminder: false,
    };
    let not_me = format!("{}…", platform.config.absolute("/not-me/"));
    let zone = zone_of(row.zone.as_deref(), now);
    let to = Recipient {
        name: &row.name,
        customer: &customer.name,
        help_desk: customer.help_desk.as_deref(),
        locale: locale_of(row.language.as_deref()),
        zone: &zone,
        not_me: Some(&not_me),
    };
    let way = Way::Link(format!("{}…", platform.config.absolute("/recover/")), expires_at);
    let mail = render(&mail, &to, Some(way)).map_err(|_| Unreadable("mail"))?;
    Ok(Preview { to: row.name.clone(), mail })
}

/// Who of a plan is not as they were reviewed, judged as whoever asked for it may act now. `rows` is everybody in it whom
/// `scope` covers.
///
/// # Errors
/// When the database fails.
pub async fn changes(
    conn: &mut Conn,
    scope: &Scope,
    reset: &Reset,
    rows: &[ItemRow],
    now: Time,
) -> Result<Vec<Change>> {
    let requester = session::service::actor(conn, reset.requester(), now).await?;
    let ids: Vec<UserId> = rows.iter().map(|row| row.user_id).collect();
    let found = users::service::by_ids(conn, scope, &ids).await?;
    let found: Vec<_> = found.iter().map(users::service::User::candidate).collect();
    let planned: Vec<Item> = rows.iter().map(ItemRow::item).collect();
    let resets = |item: &&Item| item.verdict == Verdict::Reset;
    let going: BTreeSet<UserRef> = planned.iter().filter(resets).map(|item| item.user).collect();
    let owned = store::owned(conn, reset.id, now).await?;
    let owners = users::service::working_owners_of(conn, &owned, now).await?;
    let against = Against {
        last_owners: last_owners(&owners, &going),
        reset_since: store::reset_since(conn, reset.id, reset.created_at).await?.into_iter().collect(),
    };
    Ok(plan::changes(requester.as_ref(), &planned, &found, &against))
}

/// The owners of customers all of whose owners are going.
fn last_owners(owners: &[OwnerRow], going: &BTreeSet<UserRef>) -> BTreeSet<UserRef> {
    let stays: BTreeSet<CustomerId> =
        owners.iter().filter(|owner| !going.contains(&owner.user())).map(|owner| owner.owned_id).collect();
    owners.iter().filter(|owner| !stays.contains(&owner.owned_id)).map(OwnerRow::user).collect()
}

/// At most `limit` resets that `filter` means, before `before`, of those that concern the customers of `scope`; some of
/// the filter asks for those of `reader`.
///
/// # Errors
/// When the database fails.
pub async fn list(
    conn: &mut Conn,
    scope: &Scope,
    reader: UserRef,
    filter: &ResetFilter,
    before: Option<ResetId>,
    now: Time,
    limit: usize,
) -> Result<Vec<Summary>> {
    store::list::page(conn, scope, reader, filter, before, now, limit).await
}

/// What waits for a second person, as far as `filter` means it.
///
/// # Errors
/// When the database fails.
pub async fn waiting(conn: &mut Conn, actor: &Actor, filter: &ResetFilter, now: Time) -> Result<Vec<Waiting>> {
    let mut waiting = approval_view::waiting(conn, actor, now).await?;
    let (part, plan) = (name_key(&filter.search), filter.plan());
    waiting.retain(|one| {
        let reset = &one.reset;
        filter.tab != Tab::Waiting
            || name_key(&reset.requester_name).contains(&part)
            || store::list::words_key(reset.reason.as_deref(), reset.ticket.as_deref()).contains(&part)
            || plan.as_ref().is_some_and(|plan| reset.plan_hash.starts_with(plan))
    });
    Ok(waiting)
}

/// What somebody has before them when they decide about a plan: the plan and, where people in it have changed since, who
/// they are and how. Nobody confirms what they have not seen.
#[must_use]
pub fn reviewed(plan_hash: &str, changes: &[Change]) -> String {
    if changes.is_empty() {
        return plan_hash.to_owned();
    }
    format!("{plan_hash}-{}", sha256(plan::canonical_changes(changes).as_bytes()))
}

/// The hash of the plan in what somebody reviewed.
#[must_use]
pub fn plan_of(reviewed: &str) -> &str {
    reviewed.split_once('-').map_or(reviewed, |(plan, _)| plan)
}
