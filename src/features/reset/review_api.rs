//! What the page of a plan shows: its sums, the people whom its address lists, who has changed, and the mail.

use serde::{Deserialize, Serialize};

use super::approval_api::Approval;
use crate::domain::authority::Role;
use crate::domain::ids::{CustomerId, ResetId, UserId};
use crate::domain::plan::{Change, Holdings, Listing, Sums, Verdict};
use crate::domain::time::Time;

#[cfg(feature = "ssr")]
use super::service::{self, View};
#[cfg(feature = "ssr")]
use super::store;
#[cfg(feature = "ssr")]
use crate::domain::plan::{Item, LIFETIME, seal};
#[cfg(feature = "ssr")]
use crate::domain::policy::Policy;
#[cfg(feature = "ssr")]
use crate::platform::request::Query;

/// How many people are listed at once.
pub const PAGE: usize = 50;

/// One user of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemRow {
    /// Who.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// Where mails go.
    pub address: String,
    /// Their home customer.
    pub customer: String,
    /// Their role there.
    pub role: Role,
    /// What they have.
    pub holdings: Holdings,
    /// What will become of them once it is confirmed.
    pub verdict: Verdict,
}

/// Somebody in a plan who is not as they were reviewed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedRow {
    /// Who.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// How.
    pub change: Change,
}

/// What a plan comes to in one customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerSums {
    /// Which.
    pub id: CustomerId,
    /// Its name.
    pub name: String,
    /// The sums over its users.
    pub sums: Sums,
    /// Which of its owners can sign in meanwhile.
    pub owners_left: Vec<String>,
}

/// The mail that one of them will get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailPreview {
    /// To whom.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
}

/// A plan to review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetPage {
    /// Which.
    pub id: ResetId,
    /// The short form of the plan's hash.
    pub seal: String,
    /// What is reviewed: the plan, and who in it has changed since.
    pub hash: String,
    /// Whether the reader asked for it.
    pub is_mine: bool,
    /// Who asked for it.
    pub requester: String,
    /// When the plan was frozen.
    pub created_at: Time,
    /// Until when it can be confirmed.
    pub confirm_until: Time,
    /// Why.
    pub reason: Option<String>,
    /// The help desk's ticket.
    pub ticket: Option<String>,
    /// The customers of the selection that need a reason.
    pub reason_required_by: Vec<String>,
    /// The customers of the selection that need a ticket.
    pub ticket_required_by: Vec<String>,
    /// How many people it resets in all.
    pub going: usize,
    /// Which of its people the address lists.
    pub listing: Listing,
    /// What it comes to, in the customer that the address asks for or in all.
    pub sums: Sums,
    /// What it comes to in each customer, by name.
    pub customers: Vec<CustomerSums>,
    /// How many people are listed.
    pub found: usize,
    /// How many of them come before these.
    pub before: usize,
    /// At most [`PAGE`] of them.
    pub rows: Vec<ItemRow>,
    /// The mail that one of them gets.
    pub mail: Option<MailPreview>,
    /// What there is to say of a second person's approval.
    pub approval: Option<Approval>,
    /// How many people in it have changed since it was frozen.
    pub changed: usize,
    /// Who they are, those whom the address lists.
    pub changes: Vec<ChangedRow>,
    /// How many of those come before these.
    pub changes_before: usize,
}

/// The page of a plan, as the query of its address asks for it.
#[cfg(feature = "ssr")]
pub(super) fn page(view: &View, query: &str) -> ResetPage {
    let query = Query::read(query);
    let place = |wanted: &str| query.value(wanted).and_then(|value| value.parse::<usize>().ok()).unwrap_or(0);
    let mut listing = Listing::from_pairs(query.pairs());
    // A customer that is not in it, or not the reader's, is none.
    listing.customer = listing.customer.filter(|id| view.customers.iter().any(|customer| customer.id == *id));
    let items: Vec<(&store::ItemRow, Item, Role)> =
        view.items.iter().map(|row| (row, row.item(), row.role.parse().unwrap_or(Role::Member))).collect();
    let sums = |of: Listing| {
        Sums::of(items.iter().filter(|(_, item, _)| of.covers(item)).map(|(_, item, role)| (item, *role)))
    };
    let customers = view.customers.iter().map(|customer| CustomerSums {
        id: customer.id,
        name: customer.name.clone(),
        sums: sums(Listing { customer: Some(customer.id), ..Listing::default() }),
        owners_left: view.owners_left.get(&customer.id).cloned().unwrap_or_default(),
    });
    let listed: Vec<_> = items.iter().filter(|(_, item, role)| listing.lists(item, *role)).collect();
    let before = place("after").min(listed.len());
    let row = |(row, item, role): &&(&store::ItemRow, Item, Role)| ItemRow {
        user: row.user_id,
        name: row.name.clone(),
        address: row.address.to_string(),
        customer: row.customer_name.clone(),
        role: *role,
        holdings: item.holdings,
        verdict: item.verdict,
    };
    let names = |needs: fn(&Policy) -> bool| {
        view.customers.iter().filter(|customer| needs(&customer.policy)).map(|customer| customer.name.clone()).collect()
    };
    let changed = |change: &Change| ChangedRow {
        user: change.planned.user.id,
        name: items
            .iter()
            .find(|(_, item, _)| item.user == change.planned.user)
            .map(|(row, ..)| row.name.clone())
            .unwrap_or_default(),
        change: change.clone(),
    };
    let changes_before = place("changed").min(view.changes.len());
    let mail = view.mail.as_ref().map(|service::Preview { to, mail }| MailPreview {
        to: to.clone(),
        subject: mail.subject.clone(),
        text: mail.text.clone(),
    });
    let reset = &view.reset;
    ResetPage {
        id: reset.id,
        seal: seal(&reset.plan_hash),
        hash: service::reviewed(&reset.plan_hash, &view.changes),
        is_mine: view.is_mine,
        requester: reset.requester_name.clone(),
        created_at: reset.created_at,
        confirm_until: reset.created_at + LIFETIME,
        reason: reset.reason.clone(),
        ticket: reset.ticket.clone(),
        reason_required_by: names(|policy| policy.reason_required),
        ticket_required_by: names(|policy| policy.ticket_required),
        going: items.iter().filter(|(_, item, _)| item.verdict == Verdict::Reset).count(),
        listing,
        sums: sums(listing),
        customers: customers.collect(),
        found: listed.len(),
        before,
        rows: listed.iter().skip(before).take(PAGE).map(row).collect(),
        mail,
        approval: view.approval.clone(),
        changed: view.changes.len(),
        changes: view.changes.iter().skip(changes_before).take(PAGE).map(changed).collect(),
        changes_before,
    }
}
