//! Customers and their policies.

use super::store;
use crate::domain::audit::{Event, What};
use crate::domain::authority::Scope;
use crate::domain::customer::{Customer, Policy};
use crate::domain::ids::CustomerId;
use crate::domain::user::clean_name;
use crate::features::audit;
use crate::platform::text::name_key;
use crate::platform::{Conn, Platform, Result};

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
    let customer = Customer { id: platform.rng.id(now, CustomerId::new), name, help_desk, policy };
    if !store::insert(conn, &customer, &name_key(&customer.name), now).await? {
        return Ok(None);
    }
    let event = Event::new(now, What::CustomerAdded, Some(customer.id)).with("name", &customer.name);
    audit::service::record(conn, platform, event).await?;
    Ok(Some(customer))
}

/// A user's own customer, for what they go through before anybody has authority.
///
/// # Errors
/// When the database fails.
pub async fn of_user(conn: &mut Conn, id: CustomerId) -> Result<Option<Customer>> {
    store::get(conn, id).await
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

/// The customer, with its lock held until the transaction ends: resets of one customer's users follow one another.
///
/// # Errors
/// When the database fails.
pub async fn lock(conn: &mut Conn, scope: &Scope, id: CustomerId) -> Result<Option<Customer>> {
    if scope.covers(id) { store::lock(conn, id).await } else { Ok(None) }
}
