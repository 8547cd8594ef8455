//! Customers and their policies.

use std::collections::BTreeSet;

use super::store;
use crate::domain::audit::{Event, What};
use crate::domain::authority::{Actor, Scope};
use crate::domain::customer::{Customer, Details};
use crate::domain::ids::CustomerId;
use crate::domain::method::MethodKind;
use crate::domain::policy::Policy;
use crate::domain::time::Time;
use crate::domain::user::{UserRef, clean_name};
use crate::features::audit;
use crate::platform::text::{like_anywhere, name_key};
use crate::platform::webauthn::UserVerification;
use crate::platform::{Conn, Platform, Result};

/// How many customers are on a page of the list.
pub const PAGE: i64 = 50;

/// Adds a customer; none when another already has this name.
///
/// # Errors
/// When the database fails.
pub async fn add(
    conn: &mut Conn,
    platform: &Platform,
    name: &str,
    help_desk: Option<String>,
    policy: Policy,
) -> Result<Option<Customer>> {
    let now = platform.now();
    let name = clean_name(name);
    let id = platform.rng.id(now, CustomerId::new);
    let customer = Customer { id, name, help_desk, language: None, zone: None, policy };
    if !store::insert(conn, &customer, &name_key(&customer.name), None, now).await? {
        return Ok(None);
    }
    let event = Event::new(now, What::CustomerAdded, Some(customer.id)).with("name", &customer.name);
    audit::service::record(conn, platform, event).await?;
    Ok(Some(customer))
}

/// Adds a customer through a provider, with the default policy; none when another already has this name. The record is
/// the caller's: it knows who did it.
///
/// # Errors
/// When the database fails.
pub async fn add_through(
    conn: &mut Conn,
    platform: &Platform,
    provider: CustomerId,
    name: &str,
    help_desk: Option<String>,
) -> Result<Option<Customer>> {
    let now = platform.now();
    let id = platform.rng.id(now, CustomerId::new);
    let (name, policy) = (clean_name(name), Policy::default());
    let customer = Customer { id, name, help_desk, language: None, zone: None, policy };
    let added = store::insert(conn, &customer, &name_key(&customer.name), Some(provider), now).await?;
    Ok(added.then_some(customer))
}

/// Writes down that a customer is a provider: its owners and admins add customers.
///
/// # Errors
/// When the database fails.
pub async fn make_provider(conn: &mut Conn, id: CustomerId, now: Time) -> Result<()> {
    store::set_provider_since(conn, id, now).await
}

/// Writes down through which provider a customer came.
///
/// # Errors
/// When the database fails.
pub async fn set_provider(conn: &mut Conn, id: CustomerId, provider: CustomerId) -> Result<()> {
    store::set_provider(conn, id, provider).await
}

/// The customers in `scope` that are providers, by name.
///
/// # Errors
/// When the database fails.
pub async fn providers(conn: &mut Conn, scope: &Scope) -> Result<Vec<Customer>> {
    store::providers(conn, scope).await
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page {
    /// At most [`PAGE`] customers, by name.
    pub customers: Vec<Customer>,
    /// How many match in all.
    pub total: i64,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

/// The customers in `scope` whose name contains `search`, after `cursor`.
///
/// # Errors
/// When the database fails.
pub async fn page(conn: &mut Conn, scope: &Scope, search: &str, cursor: Option<&str>) -> Result<Page> {
    let search = name_key(&clean_name(search));
    let pattern = (!search.is_empty()).then(|| like_anywhere(&search));
    // A cursor is the name after which a page begins; what a name cannot hold is no cursor.
    let after = cursor.filter(|cursor| !cursor.contains('\0'));
    let total = store::count(conn, scope, pattern.as_deref()).await?;
    let mut customers = store::page(conn, scope, pattern.as_deref(), after, PAGE + 1).await?;
    let full = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let more = customers.len() > full;
    customers.truncate(full);
    let next = more.then(|| customers.last().map(|customer| name_key(&customer.name))).flatten();
    Ok(Page { customers, total, next })
}

/// A customer with what only its own pages show.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The customer.
    pub customer: Customer,
    /// When it came.
    pub added_at: Time,
    /// Since when it is a provider.
    pub provider_since: Option<Time>,
    /// Through which provider it came: identifier and name.
    pub provider: Option<(CustomerId, String)>,
}

/// One customer in `scope` with all its facts.
///
/// # Errors
/// When the database fails.
pub async fn profile(conn: &mut Conn, scope: &Scope, id: CustomerId) -> Result<Option<Profile>> {
    let found = store::profile(conn, scope, id).await?;
    Ok(found.map(|(customer, facts)| Profile {
        customer,
        added_at: facts.created_at,
        provider_since: facts.provider_since,
        provider: facts.provider_id.zip(facts.provider_name),
    }))
}

/// A user's own customer, for what they go through before anybody has authority.
///
/// # Errors
/// When the database fails.
pub async fn of_user(conn: &mut Conn, id: CustomerId) -> Result<Option<Customer>> {
    store::get(conn, id).await
}

/// Whether the policy of a user's own customer lets them register a method of this kind.
///
/// # Errors
/// When the database fails.
pub async fn allows(conn: &mut Conn, id: CustomerId, kind: MethodKind) -> Result<bool> {
    Ok(of_user(conn, id).await?.is_some_and(|customer| customer.policy.allows(kind)))
}

/// Whether the policy of a user's own customer takes a passkey only if it verified its user.
///
/// # Errors
/// When the database fails.
pub async fn user_verification(conn: &mut Conn, id: CustomerId) -> Result<UserVerification> {
    let required = of_user(conn, id).await?.is_some_and(|customer| customer.policy.passkeys_verify_user);
    Ok(if required { UserVerification::Required } else { UserVerification::Preferred })
}

/// The customer of this name, for the command line.
///
/// # Errors
/// When the database fails.
pub async fn named(conn: &mut Conn, name: &str) -> Result<Option<Customer>> {
    store::named(conn, &name_key(&clean_name(name))).await
}

/// The customers in `scope`, by name.
///
/// # Errors
/// When the database fails.
pub async fn list(conn: &mut Conn, scope: &Scope) -> Result<Vec<Customer>> {
    store::list(conn, scope).await
}

/// The customer, with its lock held until the transaction ends: what is decided about its people and its policy follows one
/// another.
///
/// # Errors
/// When the database fails.
pub async fn lock(conn: &mut Conn, scope: &Scope, id: CustomerId) -> Result<Option<Customer>> {
    store::lock(conn, scope, id).await
}

/// Takes the locks of these customers until the transaction ends, in the one order in which two that do so cannot wait for
/// each other. It tells nothing about them, so it needs no scope: some rules hold whatever the asking one may see.
///
/// # Errors
/// When the database fails.
pub async fn hold(conn: &mut Conn, ids: impl IntoIterator<Item = CustomerId>) -> Result<()> {
    for id in ids.into_iter().collect::<BTreeSet<_>>() {
        store::hold(conn, id).await?;
    }
    Ok(())
}

/// At most `limit` customers of `scope`, by name; of those whose name contains `find`.
///
/// # Errors
/// When the database fails.
pub async fn first(conn: &mut Conn, scope: &Scope, find: &str, limit: i64) -> Result<Vec<Customer>> {
    let find = find.trim();
    let pattern = (!find.is_empty()).then(|| like_anywhere(&name_key(find)));
    store::page(conn, scope, pattern.as_deref(), None, limit).await
}

/// The customers that `user` wants first in the customer selector.
///
/// # Errors
/// When the database fails.
pub async fn favourites(conn: &mut Conn, user: UserRef) -> Result<Vec<CustomerId>> {
    store::favourites(conn, user).await
}

/// Makes `customer` a favourite of `user`, or no longer. One outside `scope` is not there.
///
/// # Errors
/// When the database fails.
pub async fn set_favourite(
    conn: &mut Conn,
    scope: &Scope,
    user: UserRef,
    customer: CustomerId,
    favourite: bool,
) -> Result<()> {
    if favourite {
        store::add_favourite(conn, scope, user, customer).await
    } else {
        store::remove_favourite(conn, user, customer).await
    }
}

/// Puts `policy` into force. The caller holds the customer's lock.
///
/// # Errors
/// When the database fails.
pub async fn set_policy(conn: &mut Conn, scope: &Scope, id: CustomerId, policy: &Policy) -> Result<()> {
    store::set_policy(conn, scope, id, policy).await
}

/// Sets what is known of a customer whose lock the caller holds.
///
/// # Errors
/// When the database fails; [`Fault::is_taken`](crate::platform::Fault::is_taken) when another has this name.
pub async fn set_details(conn: &mut Conn, scope: &Scope, id: CustomerId, details: &Details) -> Result<()> {
    store::set_details(conn, scope, id, details, &name_key(&details.name)).await
}

/// Whether `provider` is that of any customer of `scope`.
///
/// # Errors
/// When the database fails.
pub async fn is_provider_of(conn: &mut Conn, provider: CustomerId, scope: &Scope) -> Result<bool> {
    store::is_provider_of(conn, provider, scope).await
}

/// The actor as a user of `customer` may know them: by name, and from elsewhere with their customer's.
///
/// # Errors
/// When the database fails.
pub async fn introduced(conn: &mut Conn, actor: &Actor, customer: CustomerId) -> Result<String> {
    introduced_from(conn, (&actor.name, actor.user.customer), customer).await
}

/// The same of somebody who may be gone: their name and their home.
///
/// # Errors
/// When the database fails.
pub async fn introduced_from(conn: &mut Conn, who: (&str, CustomerId), customer: CustomerId) -> Result<String> {
    let (name, home) = who;
    let home = if home == customer { None } else { of_user(conn, home).await? };
    Ok(home.map_or_else(|| name.to_owned(), |home| format!("{name} ({})", home.name)))
}
