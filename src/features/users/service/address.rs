//! Where mails to somebody go: their address, and the second one that copies of notices go to.

use super::store::address as store;
use crate::domain::time::Time;
use crate::domain::user::{Address, UserRef};
use crate::features::session;
use crate::platform::text::address_key;
use crate::platform::{Conn, Result};

/// Where mails to `user` go.
///
/// # Errors
/// When the database fails.
pub async fn address_of(conn: &mut Conn, user: UserRef) -> Result<Option<Address>> {
    store::get(conn, user).await
}

/// Gives `user` another address, which has just proved to reach them; half-finished sign-ins and whatever else waits for a
/// link in a mail to the old one end.
///
/// # Errors
/// When the database fails; [`crate::platform::Fault::is_taken`] when the address is somebody else's.
pub async fn change_address(conn: &mut Conn, user: UserRef, address: &Address, now: Time) -> Result<()> {
    store::set(conn, user, address, &address_key(address), now).await?;
    session::service::end_all_challenges(conn, user.customer, &[user.id]).await?;
    Ok(())
}

/// Gives `user` back an address of theirs, which has just proved to reach them, and ends everything that is open: whoever
/// changed it may have opened that. Says how many sessions ended.
///
/// # Errors
/// When the database fails; [`crate::platform::Fault::is_taken`] when the address is somebody else's.
pub async fn restore_address(conn: &mut Conn, user: UserRef, address: &Address, now: Time) -> Result<u64> {
    change_address(conn, user, address, now).await?;
    session::service::end_all(conn, user.customer, &[user.id]).await
}

/// Where copies of notices to `user` go, and since when that is known to reach them.
///
/// # Errors
/// When the database fails.
pub async fn second_address(conn: &mut Conn, user: UserRef) -> Result<Option<(Address, Time)>> {
    let row = store::second(conn, user).await?;
    Ok(row.and_then(|row| row.second_address.zip(row.second_verified_at)))
}

/// Gives `user` a second address, which has just proved to reach them, or takes it away.
///
/// # Errors
/// When the database fails.
pub async fn set_second_address(conn: &mut Conn, user: UserRef, second: Option<&Address>, now: Time) -> Result<()> {
    let second = store::Second { second_address: second.cloned(), second_verified_at: second.map(|_| now) };
    store::set_second(conn, user, &second).await
}

/// Which of `addresses` belong to somebody already, or may again, by their folded form.
///
/// # Errors
/// When the database fails.
pub async fn taken(conn: &mut Conn, addresses: &[Address]) -> Result<Vec<String>> {
    let keys: Vec<String> = addresses.iter().map(address_key).collect();
    store::taken(conn, &keys).await
}
