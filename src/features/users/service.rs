//! Finds people within a scope (`list`), adds them, and keeps what decides whether they can sign in. Where their mails go is
//! in `address`.

mod address;
pub mod life;
mod list;

pub use address::{address_of, change_address, restore_address, second_address, set_second_address, taken};
pub use list::{ListedMethod, PAGE, Page, User, by_ids, census, count, count_methods, counts, ids, methods, page};

use super::store;
pub use super::store::OwnerRow;
use crate::domain::audit::{Event, What};
use crate::domain::authority::{Role, Scope};
use crate::domain::customer::Customer;
use crate::domain::ids::{CustomerId, UserId};
use crate::domain::not_me::{Hold, in_time};
use crate::domain::sign_in::{Guesses, may_recover};
use crate::domain::time::Time;
use crate::domain::user::{Address, Standing, UserRef, clean_name};
use crate::features::{audit, customers, session};
use crate::platform::text::{address_key, name_key};
use crate::platform::{Conn, Platform, Result};

/// A user whose lock this transaction holds: what is decided about them now cannot be overtaken.
#[derive(Clone, Debug)]
pub struct Locked {
    /// Who.
    pub user: UserRef,
    /// Their name.
    pub name: String,
    /// Where mails go.
    pub address: Address,
    /// Where copies of notices go.
    pub second_address: Option<Address>,
    /// Whether they can sign in.
    pub standing: Standing,
    /// Whether a new set-up is due.
    pub set_up_due: bool,
    /// Whether their address is known to reach them.
    pub address_verified: bool,
    /// Whether their password was set with nothing but a mail, and no second factor was given with it since.
    pub password_by_mail: bool,
    /// What holds since they said of a notice that it was not them.
    pub hold: Hold,
    /// Their wrong codes.
    pub guesses: Guesses,
    password_hash: Option<String>,
}

impl Locked {
    /// Whether a recovery link can lead them anywhere.
    #[must_use]
    pub fn may_recover(&self) -> bool {
        may_recover(self.standing, self.hold)
    }

    /// Whether their password is still the one that was verified before the lock was taken.
    #[must_use]
    pub fn has_password(&self, verified: &Credentials) -> bool {
        self.password_hash == verified.password_hash
    }
}

/// Takes a user's lock until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn lock(conn: &mut Conn, user: UserRef) -> Result<Option<Locked>> {
    Ok(store::lock(conn, user).await?.map(|row| Locked {
        user,
        name: row.name,
        address: row.address,
        second_address: row.second_address,
        standing: Standing::from_facts(row.activated_at, row.suspended_at),
        set_up_due: row.set_up_due_at.is_some(),
        address_verified: row.address_verified_at.is_some(),
        password_by_mail: row.password_by_mail_at.is_some(),
        hold: Hold::from_facts(row.disowned_at, row.set_up_due_at),
        guesses: Guesses {
            in_a_row: row.wrong_codes_in_a_row,
            recent: row.wrong_codes_recent,
            window_started_at: row.wrong_codes_since,
        },
        password_hash: row.password_hash,
    }))
}

/// Takes the locks of these users until the transaction ends. Whoever takes many holds their customer's lock first, so
/// that two who do cannot wait for each other.
///
/// # Errors
/// When the database fails.
pub async fn lock_all(conn: &mut Conn, customer: CustomerId, users: &[UserId]) -> Result<()> {
    store::lock_all(conn, customer, users).await
}

/// What a password is verified against, before any lock is taken.
#[derive(Clone)]
pub struct Credentials {
    /// Whose.
    pub user: UserRef,
    /// The stored hash; none while the set-up is not finished.
    pub password_hash: Option<String>,
}

/// The credentials of whoever signs in with `address`, in whatever spelling.
///
/// # Errors
/// When the database fails.
pub async fn credentials(conn: &mut Conn, address: &Address) -> Result<Option<Credentials>> {
    Ok(store::credentials(conn, &address_key(address)).await?.map(|row| Credentials {
        user: UserRef { customer: row.customer_id, id: row.id },
        password_hash: row.password_hash,
    }))
}

/// The same, of a user who is known already. The lock is not kept.
///
/// # Errors
/// When the database fails.
pub async fn credentials_of(conn: &mut Conn, user: UserRef) -> Result<Option<Credentials>> {
    Ok(store::lock(conn, user).await?.map(|row| Credentials { user, password_hash: row.password_hash }))
}

/// What `user` is called.
///
/// # Errors
/// When the database fails.
pub async fn name_of(conn: &mut Conn, user: UserRef) -> Result<Option<String>> {
    store::name(conn, user).await
}

/// Writes down a user's wrong codes.
///
/// # Errors
/// When the database fails.
pub async fn set_guesses(conn: &mut Conn, user: UserRef, guesses: Guesses) -> Result<()> {
    store::set_guesses(conn, user, guesses).await
}

/// Writes down that a user signed in.
///
/// # Errors
/// When the database fails.
pub async fn signed_in(conn: &mut Conn, user: UserRef, now: Time) -> Result<()> {
    store::set_signed_in(conn, user, now).await
}

/// Writes down that a user has set up again.
///
/// # Errors
/// When the database fails.
pub async fn set_up_done(conn: &mut Conn, user: UserRef) -> Result<()> {
    store::set_up_done(conn, user).await
}

/// Freezes the account of `user`, who says of a notice that it was not them: every session, trusted device and half-finished
/// sign-in ends, and a second address goes that came no longer ago than what can be disowned; says how many sessions.
///
/// # Errors
/// When the database fails.
pub async fn freeze(conn: &mut Conn, user: UserRef, now: Time) -> Result<u64> {
    store::set_disowned(conn, user, now).await?;
    // Whoever it was may have brought a second address along.
    let second = second_address(conn, user).await?;
    if second.is_some_and(|(_, confirmed_at)| in_time(confirmed_at, now)) {
        set_second_address(conn, user, None, now).await?;
    }
    session::service::end_all_challenges(conn, user.customer, &[user.id]).await?;
    session::service::end_all(conn, user.customer, &[user.id]).await
}

/// Writes down that a reset took these users' factors: they must set up again, and their wrong codes are forgiven.
///
/// # Errors
/// When the database fails.
pub async fn set_up_due(conn: &mut Conn, customer: CustomerId, users: &[UserId], now: Time) -> Result<()> {
    store::set_up_due(conn, customer, users, now).await
}

/// The customers in which at least one of these users, at home in `home`, is an owner.
///
/// # Errors
/// When the database fails.
pub async fn owned_by(conn: &mut Conn, home: CustomerId, users: &[UserId], now: Time) -> Result<Vec<CustomerId>> {
    store::owned_by(conn, home, users, now).await
}

/// The owners of `customer` who could sign in and help now.
///
/// # Errors
/// When the database fails.
pub async fn working_owners(conn: &mut Conn, customer: CustomerId, now: Time) -> Result<Vec<UserRef>> {
    Ok(working_owners_of(conn, &[customer], now).await?.iter().map(OwnerRow::user).collect())
}

/// The owners of a customer who are active, whether they could sign in now or not.
///
/// # Errors
/// When the database fails.
pub async fn active_owners(conn: &mut Conn, customer: CustomerId, now: Time) -> Result<Vec<UserRef>> {
    Ok(store::owners(conn, &[customer], now, false).await?.iter().map(OwnerRow::user).collect())
}

/// The same of several customers at once, each owner with the customer that they own.
///
/// # Errors
/// When the database fails.
pub async fn working_owners_of(conn: &mut Conn, customers: &[CustomerId], now: Time) -> Result<Vec<OwnerRow>> {
    store::owners(conn, customers, now, true).await
}

/// Whether `user` is an owner or admin of any customer.
///
/// # Errors
/// When the database fails.
pub async fn is_privileged(conn: &mut Conn, user: UserRef, now: Time) -> Result<bool> {
    store::is_privileged(conn, user, now).await
}

/// Someone to add.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Their name.
    pub name: String,
    /// Where mails go.
    pub address: Address,
    /// When that address was known to reach them.
    pub address_verified_at: Option<Time>,
    /// Their hashed password; without one their set-up is not finished.
    pub password_hash: Option<String>,
    /// Whether they are kept out.
    pub suspended: bool,
    /// When they last signed in, where another system knows.
    pub last_sign_in_at: Option<Time>,
    /// Their role in their home customer.
    pub role: Role,
}

/// Adds users to `customer`, in the caller's transaction. Their addresses must be free: see [`taken`].
///
/// # Errors
/// When the database fails, a taken address included.
pub async fn add(conn: &mut Conn, platform: &Platform, customer: CustomerId, new: &[NewUser]) -> Result<Vec<UserRef>> {
    let now = platform.now();
    let rows: Vec<store::NewRow> = new
        .iter()
        .map(|new| store::NewRow {
            user: UserRef { customer, id: platform.rng.id(now, UserId::new) },
            name_key: name_key(&clean_name(&new.name)),
            name: clean_name(&new.name),
            address_key: address_key(&new.address),
            address: new.address.clone(),
            address_verified_at: new.address_verified_at,
            password_hash: new.password_hash.clone(),
            activated_at: new.password_hash.is_some().then_some(now),
            suspended_at: new.suspended.then_some(now),
            last_sign_in_at: new.last_sign_in_at,
            role: new.role,
        })
        .collect();
    store::insert(conn, &rows, now).await?;
    let added = |row: &store::NewRow| {
        Event::new(now, What::UserAdded, Some(customer)).about(row.user.id).with("role", row.role)
    };
    audit::service::record_all(conn, platform, rows.iter().map(added).collect()).await?;
    Ok(rows.into_iter().map(|row| row.user).collect())
}

/// Gives `user` a role in `customer`, in place of the one they had there.
///
/// # Errors
/// When the database fails.
pub async fn set_role(conn: &mut Conn, user: UserRef, customer: CustomerId, role: Role, now: Time) -> Result<()> {
    store::set_role(conn, user, customer, role, now).await
}

/// Gives `user` another password. Sessions and half-finished sign-ins end: they were opened with the old one.
///
/// # Errors
/// When the database fails.
pub async fn set_password(conn: &mut Conn, user: UserRef, hash: &str, now: Time) -> Result<()> {
    store::set_password(conn, user, hash, now).await?;
    end_everything(conn, user).await
}

/// The same for the user themself, whose caller ends everything but the session that asks.
///
/// # Errors
/// When the database fails.
pub async fn change_password(conn: &mut Conn, user: UserRef, hash: &str, now: Time) -> Result<()> {
    store::set_password(conn, user, hash, now).await
}

/// The same with a password that was chosen with nothing but a mail: until a second factor was given with it, it counts for
/// less. See `domain/forgotten.rs`.
///
/// # Errors
/// When the database fails.
pub async fn set_password_by_mail(conn: &mut Conn, user: UserRef, hash: &str, now: Time) -> Result<()> {
    store::set_password(conn, user, hash, now).await?;
    store::set_password_by_mail(conn, user, Some(now)).await?;
    end_everything(conn, user).await
}

/// Writes down that a second factor was given with a password that was set by mail.
///
/// # Errors
/// When the database fails.
pub async fn password_proved(conn: &mut Conn, user: UserRef) -> Result<()> {
    store::set_password_by_mail(conn, user, None).await
}

/// Whether the password of `user` was set with nothing but a mail, and no second factor was given with it since.
///
/// # Errors
/// When the database fails.
pub async fn is_password_by_mail(conn: &mut Conn, user: UserRef) -> Result<bool> {
    Ok(store::doubts(conn, user).await?.1)
}

/// The customer of `user`, with its policy as it counts for the recovery of this user.
///
/// # Errors
/// When the database fails.
pub async fn home(conn: &mut Conn, user: UserRef) -> Result<Option<Customer>> {
    let Some(customer) = customers::service::of_user(conn, user.customer).await? else {
        return Ok(None);
    };
    let (hold, password_by_mail) = store::doubts(conn, user).await?;
    Ok(Some(Customer { policy: customer.policy.in_doubt(hold, password_by_mail), ..customer }))
}

/// Keeps `user` out; their sessions and half-finished sign-ins end.
///
/// # Errors
/// When the database fails.
pub async fn suspend(conn: &mut Conn, user: UserRef, now: Time) -> Result<()> {
    store::set_suspended(conn, user, Some(now)).await?;
    end_everything(conn, user).await
}

async fn end_everything(conn: &mut Conn, user: UserRef) -> Result<()> {
    session::service::end_all(conn, user.customer, &[user.id]).await?;
    session::service::end_all_challenges(conn, user.customer, &[user.id]).await?;
    Ok(())
}

/// The roles of `user` in the customers of `scope` that have not ended, with the customers' names: home first, the others
/// by name.
///
/// # Errors
/// When the database fails.
pub async fn roles(conn: &mut Conn, scope: &Scope, user: UserRef, now: Time) -> Result<Vec<(String, Role)>> {
    store::roles(conn, scope, user, now).await
}
