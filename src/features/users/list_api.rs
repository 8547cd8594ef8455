//! The server functions of the lists: users, their authentication methods, and whose are shown.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::api::UserRow;
use crate::domain::authority::{Refusal, Role};
use crate::domain::count::Count;
use crate::domain::ids::{CustomerId, MethodId, UserId};
use crate::domain::method::MethodKind;
use crate::domain::time::Time;
use crate::domain::user_filter::UserFilter;
use crate::features::session::api::{ApiError, Console};

#[cfg(feature = "ssr")]
use super::service;
#[cfg(feature = "ssr")]
use crate::domain::authority::{Actor, Right, Scope};
#[cfg(feature = "ssr")]
use crate::features::customers;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::platform::Conn;
#[cfg(feature = "ssr")]
use crate::platform::request::Query;

/// A customer in the customer selector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerChoice {
    /// Its identifier.
    pub id: CustomerId,
    /// Its name.
    pub name: String,
    /// How many users are at home in it; none where there are too many customers to count.
    pub users: Option<i64>,
    /// Whether it is shown now.
    pub chosen: bool,
    /// Whether the reader wants it first.
    pub favourite: bool,
}

/// Whose users a list shows, and whose it could show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The chosen ones, the favourites and the first of the others, by name.
    pub customers: Vec<CustomerChoice>,
    /// How many the reader may see in all.
    pub all: usize,
    /// How many users those have; none where there are too many customers to count.
    pub users: Option<i64>,
    /// How many are chosen; 0 is all of them.
    pub chosen: usize,
    /// What was typed to find one.
    pub find: String,
    /// Whether none was found.
    pub found_none: bool,
    /// The shown customers in which the reader may reset nobody, at most three by name.
    pub forbidden_by: Vec<String>,
    /// How many those are.
    pub forbidding: usize,
    /// The shown customers without those, for the address; none where they are too many for one.
    pub allowed: Vec<CustomerId>,
}

/// The most customers that the customer selector offers at once; others are found by name.
pub const CHOICES: usize = 60;
/// Where one page of a list begins.
#[cfg(feature = "ssr")]
const OF_A_PAGE: [&str; 2] = ["after", "before"];
/// What a search in the customer selector asks.
#[cfg(feature = "ssr")]
const OF_A_SEARCH: [&str; 2] = ["find", "finding"];

/// What a list shows, of whom, and how many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListHead {
    /// What was asked for, as it was understood.
    pub filter: UserFilter,
    /// What else its address asks, which only its own page understands.
    pub rest: Vec<(String, String)>,
    /// Whose users.
    pub choice: Choice,
    /// How many users match.
    pub users: Count,
    /// How many users the chosen customers have in all.
    pub of: Count,
    /// Where this page begins, if not at the beginning.
    pub after: Option<String>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// A page of the users list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsersPage {
    /// What it shows.
    pub head: ListHead,
    /// At most 50 users.
    pub users: Vec<UserRow>,
}

/// What an address asks of a list, and the scope that this reader has of it.
#[cfg(feature = "ssr")]
struct Asked {
    filter: UserFilter,
    rest: Vec<(String, String)>,
    scope: Scope,
    after: Option<String>,
    find: String,
}

/// Reads the query of a list's address. Without a choice of customers the last one is remembered: the browser is sent to the
/// address that says so. A customer that the reader may not see is not there.
#[cfg(feature = "ssr")]
fn asked(request: &Request, actor: &Actor, path: &str, query: &str) -> Asked {
    let asked = Query::read(query);
    let value = |wanted| asked.value(wanted).map(str::to_owned);
    let mut filter = UserFilter::from_pairs(asked.pairs());
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let is_of_a_page = |name: &str| OF_A_PAGE.contains(&name) || OF_A_SEARCH.contains(&name);
    let is_rest =
        |(name, value): &(&str, &str)| !UserFilter::NAMES.contains(name) && !is_of_a_page(name) && !value.is_empty();
    let rest: Vec<(String, String)> = asked.pairs().filter(is_rest).map(owned).collect();
    let again = |filter: &UserFilter| {
        let place = asked.pairs().filter(|(name, _)| OF_A_PAGE.contains(name)).map(owned);
        with_rest(path, filter, &rest.iter().cloned().chain(place).collect::<Vec<_>>())
    };
    let whole = actor.scope(Right::Read);
    let named = asked.pairs().any(|(name, value)| name == "customer" && !value.is_empty());
    let mut chosen = whole.narrowed(&filter.customers);
    if named {
        // Foreign ones are left out, and so are all of them together: the list is then empty.
        request.remember_customers(if filter.customers.is_empty() { &[] } else { chosen.customers() });
    } else {
        chosen = whole.narrowed(&request.remembered_customers());
        filter.customers = chosen.customers().to_vec();
        if !filter.customers.is_empty() {
            request.go(&again(&filter));
        }
    }
    let scope = if filter.customers.is_empty() { whole } else { chosen };
    let find = value("find").filter(|_| value("finding").is_some()).unwrap_or_default();
    // A form sends its empty fields too: the address that stays says only what is asked.
    if named && find.is_empty() && asked.pairs().any(|(name, value)| value.is_empty() || name == "find") {
        request.go(&again(&filter));
    }
    Asked { after: value("after"), filter, rest, scope, find: find.chars().take(100).collect() }
}

/// The address of a list with this filter and what else its page understands.
#[must_use]
pub fn with_rest(path: &str, filter: &UserFilter, rest: &[(String, String)]) -> String {
    let escape = leptos_router::location::Url::escape;
    let own = filter.pairs();
    let own = own.iter().map(|(name, value)| (*name, value));
    let all = own.chain(rest.iter().map(|(name, value)| (name.as_str(), value)));
    let query: Vec<String> = all.map(|(name, value)| format!("{name}={}", escape(value))).collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

/// The address of a list with this filter, from the row after this one on.
#[must_use]
pub fn address(path: &str, filter: &UserFilter, after: Option<&str>) -> String {
    let after = after.map(|after| ("after".to_owned(), after.to_owned()));
    with_rest(path, filter, after.as_slice())
}

/// What the customer selector offers, beginning with what is chosen and what the reader wants first.
#[cfg(feature = "ssr")]
async fn choice(
    conn: &mut Conn,
    actor: &Actor,
    asked: &Asked,
    counts: Option<&[(CustomerId, i64)]>,
) -> Result<Choice, ApiError> {
    use customers::service::{favourites, first};
    let whole = actor.scope(Right::Read);
    let manage = actor.scope(Right::Manage);
    let limit = i64::try_from(CHOICES).unwrap_or(i64::MAX);
    let favourites = favourites(conn, actor.user).await?;
    let mut wanted: Vec<CustomerId> = asked.filter.customers.clone();
    wanted.extend(&favourites);
    let at_least = i64::try_from(wanted.len()).unwrap_or(i64::MAX);
    let mut named = first(conn, &whole.narrowed(&wanted), "", limit.max(at_least)).await?;
    let found = first(conn, &whole, &asked.find, limit).await?;
    let found_none = !asked.find.trim().is_empty() && found.is_empty();
    named.extend(found);
    named.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    named.dedup();
    let users = |id| counts.map(|counts| counts.iter().find(|(one, _)| *one == id).map_or(0, |(_, users)| *users));
    let customers = named
        .into_iter()
        .map(|customer| CustomerChoice {
            users: users(customer.id),
            chosen: asked.filter.customers.contains(&customer.id),
            favourite: favourites.contains(&customer.id),
            id: customer.id,
            name: customer.name,
        })
        .collect();
    let shown = asked.scope.customers();
    let (allowed, forbidden): (Vec<CustomerId>, Vec<CustomerId>) =
        shown.iter().partition(|customer| manage.covers(**customer));
    let forbidden_by = first(conn, &whole.narrowed(&forbidden), "", 3).await?;
    Ok(Choice {
        customers,
        all: whole.customers().len(),
        users: counts.map(|counts| counts.iter().map(|(_, users)| users).sum()),
        chosen: asked.filter.customers.len(),
        find: asked.find.clone(),
        found_none,
        forbidden_by: forbidden_by.into_iter().map(|customer| customer.name).collect(),
        forbidding: forbidden.len(),
        allowed: if forbidden.is_empty() || allowed.len() > CHOICES { Vec::new() } else { allowed },
    })
}

/// The users of the reader's customers whom the query of the list's address means. Whoever looks after nobody but themself is
/// sent to what is theirs: most sign-ins lead here.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "users/page")]
pub async fn list_users(#[server(default)] query: String) -> Result<Console<UsersPage>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let (actor, now) = (&session.actor, request.platform.now());
    if actor.scope(Right::Read).customers().is_empty() {
        request.go("/security");
    }
    let asked = asked(&request, actor, "/users", &query);
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let page = service::page(&mut conn, &asked.scope, &asked.filter, now, asked.after.as_deref()).await?;
    let users: Vec<UserRow> = page.rows.iter().map(|user| UserRow::of(user, actor)).collect();
    // Who are all on the first page need not be counted.
    let is_all = asked.after.is_none() && page.next.is_none();
    let all = is_all.then(|| Count::Exactly(i64::try_from(users.len()).unwrap_or(i64::MAX)));
    let head = head(&mut conn, actor, asked, page.next, all, now).await?;
    Ok(request.console(&session, UsersPage { head, users }))
}

/// What the query of the address of a list means whose rows are not users: whose rows are shown, with the customer selector,
/// and what is searched for.
///
/// # Errors
/// When the database fails.
#[cfg(feature = "ssr")]
pub async fn chosen(
    conn: &mut Conn,
    request: &Request,
    actor: &Actor,
    path: &str,
    query: &str,
) -> Result<(Scope, ListHead), ApiError> {
    let asked = asked(request, actor, path, query);
    let (scope, after) = (asked.scope.clone(), asked.after.clone());
    let head = head(conn, actor, asked, None, Some(Count::Exactly(0)), request.platform.now()).await?;
    Ok((scope, ListHead { after, ..head }))
}

/// What stands around a page; `users` is how many users match, where that is known already.
#[cfg(feature = "ssr")]
async fn head(
    conn: &mut Conn,
    actor: &Actor,
    asked: Asked,
    next: Option<String>,
    users: Option<Count>,
    now: Time,
) -> Result<ListHead, ApiError> {
    let whole = actor.scope(Right::Read);
    let counts = if whole.customers().len() <= CHOICES { Some(service::counts(conn, &whole).await?) } else { None };
    let choice = choice(conn, actor, &asked, counts.as_deref()).await?;
    let of = match &counts {
        Some(counts) => {
            let of_shown = counts.iter().filter(|(one, _)| asked.scope.covers(*one)).map(|(_, users)| users);
            Count::Exactly(of_shown.sum())
        }
        None => service::count(conn, &asked.scope, &UserFilter::default(), now).await?,
    };
    let users = match users {
        Some(users) => users,
        None if asked.filter.narrows() => service::count(conn, &asked.scope, &asked.filter, now).await?,
        None => of,
    };
    Ok(ListHead { filter: asked.filter, rest: asked.rest, choice, users, of, after: asked.after, next })
}

/// Makes a customer a favourite of the reader, or no longer.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "users/favourite")]
pub async fn set_favourite(customer: CustomerId, favourite: bool) -> Result<(), ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let scope = session.actor.scope(Right::Read);
    let mut tx = request.platform.db.begin().await.map_err(ApiError::from)?;
    customers::service::set_favourite(&mut tx, &scope, session.actor.user, customer, favourite).await?;
    Ok(tx.commit().await?)
}

/// One authentication method in the list of all, with whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ListedMethodRow {
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
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// Where mails to them go.
    pub address: String,
    /// Their home customer.
    pub customer: String,
    /// Their role there.
    pub role: Role,
    /// Why the reader may not reset them; none when they may.
    pub refusal: Option<Refusal>,
}

/// A page of the list of authentication methods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodsPage {
    /// What it shows; its users are those who have such a method.
    pub head: ListHead,
    /// How many methods they have.
    pub total: Count,
    /// At most 50 methods.
    pub methods: Vec<ListedMethodRow>,
}

/// The authentication methods of the users whom the query of the list's address means.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "users/methods")]
pub async fn list_methods(#[server(default)] query: String) -> Result<Console<MethodsPage>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let (actor, now) = (&session.actor, request.platform.now());
    let asked = asked(&request, actor, "/methods", &query);
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let page = service::methods(&mut conn, &asked.scope, &asked.filter, now, asked.after.as_deref()).await?;
    let (total, users) = service::count_methods(&mut conn, &asked.scope, &asked.filter, now).await?;
    let row = |method: &service::ListedMethod| ListedMethodRow {
        id: method.id,
        kind: method.kind,
        called: method.called.clone(),
        registered_at: method.registered_at,
        last_used_at: method.last_used_at,
        user: method.user.id,
        name: method.name.clone(),
        address: method.address.to_string(),
        customer: method.customer_name.clone(),
        role: method.role,
        refusal: actor.may_manage(method.user, method.role).err(),
    };
    let methods = page.rows.iter().map(row).collect();
    let head = head(&mut conn, actor, asked, page.next, Some(users), now).await?;
    Ok(request.console(&session, MethodsPage { head, total, methods }))
}
