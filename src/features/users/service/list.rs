//! Lists of people and of their authentication methods.

use super::super::store::{conditions, list};
use crate::domain::authority::{Role, Scope};
use crate::domain::count::Count;
use crate::domain::ids::{CustomerId, LinkId, MethodId, UserId};
use crate::domain::method::MethodKind;
use crate::domain::not_me::Hold;
use crate::domain::plan::{Candidate, Holdings};
use crate::domain::time::Time;
use crate::domain::user::{Address, Standing, UserRef};
use crate::domain::user_filter::{Sort, UserFilter};
use crate::platform::{Conn, Result};

/// How many users are on a page of the list.
pub const PAGE: i64 = 50;

/// One user of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Who.
    pub user: UserRef,
    /// Their name.
    pub name: String,
    /// Where mails go.
    pub address: Address,
    /// When that address was known to reach them.
    pub address_verified_at: Option<Time>,
    /// Their home customer's name.
    pub customer_name: String,
    /// Their role there.
    pub role: Role,
    /// Whether they can sign in.
    pub standing: Standing,
    /// When they finished their set-up.
    pub activated_at: Option<Time>,
    /// When they last signed in.
    pub last_sign_in_at: Option<Time>,
    /// Since when a new set-up is due.
    pub set_up_due_at: Option<Time>,
    /// What holds since they said of a notice that it was not them.
    pub hold: Hold,
    /// How many authentication methods they have.
    pub methods: i64,
    /// How many of them are passkeys or security keys.
    pub passkeys: i64,
    /// How many of them are hardware tokens.
    pub hardware_tokens: i64,
    /// How many of them are phone numbers.
    pub phones: i64,
    /// How many backup codes are not spent.
    pub codes_left: i64,
    /// As few as this their customer warns of.
    pub codes_low: i64,
    /// How many sessions they have.
    pub sessions: i64,
    /// How many devices they trust.
    pub trusted_devices: i64,
    /// The recovery link that has not ended, and until when it works.
    pub link: Option<(LinkId, Time)>,
    challenges: i64,
    name_key: String,
}

impl User {
    /// How many methods they have of each kind that they have.
    #[must_use]
    pub fn kinds(&self) -> Vec<(MethodKind, i64)> {
        let holdings = self.candidate().holdings;
        let counted = MethodKind::ALL.iter().map(|kind| (*kind, holdings.of(*kind)));
        counted.filter(|(_, count)| *count > 0).collect()
    }

    /// What a reset of this user decides by.
    #[must_use]
    pub const fn candidate(&self) -> Candidate {
        Candidate {
            user: self.user,
            role: self.role,
            standing: self.standing,
            address_verified: self.address_verified_at.is_some(),
            waits_for_reset: self.set_up_due_at.is_some() || matches!(self.hold, Hold::Frozen),
            holdings: Holdings {
                authenticator_apps: self.methods - self.passkeys - self.hardware_tokens - self.phones,
                passkeys: self.passkeys,
                hardware_tokens: self.hardware_tokens,
                phones: self.phones,
                backup_codes: self.codes_left,
                sessions: self.sessions,
                trusted_devices: self.trusted_devices,
                challenges: self.challenges,
                links: self.link.is_some() as i64,
            },
        }
    }
}

impl From<list::Listed> for User {
    fn from(row: list::Listed) -> Self {
        Self {
            user: UserRef { customer: row.customer_id, id: row.id },
            name: row.name,
            address: row.address,
            address_verified_at: row.address_verified_at,
            customer_name: row.customer_name,
            role: row.role,
            standing: Standing::from_facts(row.activated_at, row.suspended_at),
            activated_at: row.activated_at,
            last_sign_in_at: row.last_sign_in_at,
            set_up_due_at: row.set_up_due_at,
            hold: Hold::from_facts(row.disowned_at, row.set_up_due_at),
            methods: row.methods,
            passkeys: row.passkeys,
            hardware_tokens: row.hardware_tokens,
            phones: row.phones,
            codes_left: row.codes_left,
            codes_low: row.codes_low,
            sessions: row.sessions,
            trusted_devices: row.trusted_devices,
            link: row.link_id.zip(row.link_expires_at),
            challenges: row.challenges,
            name_key: row.name_key,
        }
    }
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// At most [`PAGE`] rows, in the order of the filter.
    pub rows: Vec<T>,
    /// The cursor of the next page, if there is one.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Of one row more than a page holds, the page and where the next one begins.
    fn of(mut rows: Vec<T>, cursor: impl Fn(&T) -> String) -> Self {
        let most = usize::try_from(PAGE).unwrap_or(usize::MAX);
        let more = rows.len() > most;
        rows.truncate(most);
        let next = rows.last().filter(|_| more).map(cursor);
        Self { rows, next }
    }
}

/// A cursor is `ID~PLACE`, for the address bar. One that is none begins at the beginning.
fn after(cursor: Option<&str>) -> Option<conditions::After> {
    let (id, place) = cursor?.split_once('~')?;
    Some(conditions::After { place: place.to_owned(), id: id.to_owned() })
}

fn cursor(sort: Sort, id: impl std::fmt::Display, name_key: &str, last_sign_in_at: Option<Time>) -> String {
    match sort {
        Sort::Name | Sort::NameDown => format!("{id}~{name_key}"),
        Sort::SignIn | Sort::SignInDown => format!("{id}~{}", last_sign_in_at.map_or(0, Time::unix_milliseconds)),
    }
}

/// The users in `scope` whom `filter` means, after `from`.
///
/// # Errors
/// When the database fails.
pub async fn page(
    conn: &mut Conn,
    scope: &Scope,
    filter: &UserFilter,
    now: Time,
    from: Option<&str>,
) -> Result<Page<User>> {
    let rows = list::page(conn, scope, filter, now, after(from).as_ref(), PAGE + 1).await?;
    let rows = rows.into_iter().map(User::from).collect();
    Ok(Page::of(rows, |user: &User| cursor(filter.sort, user.user.id, &user.name_key, user.last_sign_in_at)))
}

/// How many users in `scope` are meant, counted as far as is worth its time.
///
/// # Errors
/// When the database fails.
pub async fn count(conn: &mut Conn, scope: &Scope, filter: &UserFilter, now: Time) -> Result<Count> {
    list::count(conn, scope, filter, now).await
}

/// How many users in `scope` are meant by the same ones of `filters` (at most 60): bit `n` of the first number stands for
/// the `n`th filter, the second number says how many people they are. Sums of it are what [`count`] counts.
///
/// # Errors
/// When the database fails.
pub async fn census(conn: &mut Conn, scope: &Scope, filters: &[UserFilter], now: Time) -> Result<Vec<(i64, i64)>> {
    list::census(conn, scope, filters, now).await
}

/// Who in `scope` is meant, in no order, at most `limit` of them.
///
/// # Errors
/// When the database fails.
pub async fn ids(conn: &mut Conn, scope: &Scope, filter: &UserFilter, now: Time, limit: usize) -> Result<Vec<UserId>> {
    list::ids(conn, scope, filter, now, i64::try_from(limit).unwrap_or(i64::MAX)).await
}

/// How many users are at home in each customer of `scope`.
///
/// # Errors
/// When the database fails.
pub async fn counts(conn: &mut Conn, scope: &Scope) -> Result<Vec<(CustomerId, i64)>> {
    list::counts(conn, scope).await
}

/// One authentication method in a list, with whose it is.
#[derive(Clone, Debug)]
pub struct ListedMethod {
    /// Which.
    pub id: MethodId,
    /// What it is.
    pub kind: MethodKind,
    /// What its user calls it.
    pub called: Option<String>,
    /// When it was registered.
    pub registered_at: Time,
    /// When it was last used.
    pub last_used_at: Option<Time>,
    /// Whose.
    pub user: UserRef,
    /// Their name.
    pub name: String,
    /// Where mails to them go.
    pub address: Address,
    /// Their home customer's name.
    pub customer_name: String,
    /// Their role there.
    pub role: Role,
    name_key: String,
    last_sign_in_at: Option<Time>,
}

impl From<list::ListedMethod> for ListedMethod {
    fn from(row: list::ListedMethod) -> Self {
        Self {
            id: row.method_id,
            kind: row.kind,
            called: row.called,
            registered_at: row.registered_at,
            last_used_at: row.last_used_at,
            user: UserRef { customer: row.customer_id, id: row.id },
            name: row.name,
            address: row.address,
            customer_name: row.customer_name,
            role: row.role,
            name_key: row.name_key,
            last_sign_in_at: row.last_sign_in_at,
        }
    }
}

/// The methods of those in `scope` whom `filter` means, after `from`.
///
/// # Errors
/// When the database fails.
pub async fn methods(
    conn: &mut Conn,
    scope: &Scope,
    filter: &UserFilter,
    now: Time,
    from: Option<&str>,
) -> Result<Page<ListedMethod>> {
    let rows = list::methods(conn, scope, filter, now, after(from).as_ref(), PAGE + 1).await?;
    let rows = rows.into_iter().map(ListedMethod::from).collect();
    Ok(Page::of(rows, |row: &ListedMethod| cursor(filter.sort, row.id, &row.name_key, row.last_sign_in_at)))
}

/// How many methods they have, and how many people that are; both counted as far as is worth its time.
///
/// # Errors
/// When the database fails.
pub async fn count_methods(conn: &mut Conn, scope: &Scope, filter: &UserFilter, now: Time) -> Result<(Count, Count)> {
    list::count_methods(conn, scope, filter, now).await
}

/// Those of `ids` that are in `scope`. Whoever is not is simply not there: foreign and made-up ids answer alike.
///
/// # Errors
/// When the database fails.
pub async fn by_ids(conn: &mut Conn, scope: &Scope, ids: &[UserId]) -> Result<Vec<User>> {
    Ok(list::by_ids(conn, scope, ids).await?.into_iter().map(User::from).collect())
}
