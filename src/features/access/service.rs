//! The list of customers, one customer, and adding one. Who holds which role in it stands in `roles.rs`.

use super::store;
use crate::domain::access::AddOutcome;
use crate::domain::audit::{Event, What};
use crate::domain::authority::{Actor, Refusal, Right, Role};
use crate::domain::customer::{Customer, NameProblem, TooLong, read_help_desk, read_name};
use crate::domain::ids::CustomerId;
use crate::domain::resilience::{Weakness, Weaknesses};
use crate::domain::time::Time;
use crate::domain::user::Standing;
use crate::domain::user_filter::UserFilter;
use crate::features::customers::service::Profile;
use crate::features::session::service::{NewToken, Session};
use crate::features::{audit, customers, session, sign_in, users};
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result};

/// One customer of a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The customer.
    pub customer: Customer,
    /// The reader's role there.
    pub role: Role,
    /// When that role ends by itself.
    pub ends_at: Option<Time>,
    /// How many users are at home there.
    pub users: i64,
}

/// A page of the customers in whose records `actor` may look.
#[derive(Clone, Debug)]
pub struct Page {
    /// At most 50, by name.
    pub customers: Vec<Listed>,
    /// How many match in all.
    pub total: i64,
    /// Where the next page begins.
    pub next: Option<String>,
    /// Whether the reader adds customers.
    pub may_add: bool,
}

/// The customers in whose records `actor` may look and whose name contains `search`, by name, after `cursor`.
///
/// # Errors
/// When the database fails.
pub async fn page(conn: &mut Conn, actor: &Actor, search: &str, cursor: Option<&str>, now: Time) -> Result<Page> {
    let scope = actor.scope(Right::Read);
    let page = customers::service::page(conn, &scope, search, cursor).await?;
    let shown: Vec<CustomerId> = page.customers.iter().map(|customer| customer.id).collect();
    let shown = scope.narrowed(&shown);
    let ends = store::ends(conn, &shown, actor.user, now).await?;
    let counts = users::service::counts(conn, &shown).await?;
    let of = |list: &[(CustomerId, i64)], id| list.iter().find(|(customer, _)| *customer == id).map_or(0, |(_, n)| *n);
    let listed = |customer: Customer| Listed {
        role: actor.role_in(customer.id).unwrap_or(Role::Member),
        ends_at: ends.iter().find(|(id, _)| *id == customer.id).map(|(_, at)| *at),
        users: of(&counts, customer.id),
        customer,
    };
    let may_add = !providers(conn, actor).await?.is_empty();
    Ok(Page {
        customers: page.customers.into_iter().map(listed).collect(),
        total: page.total,
        next: page.next,
        may_add,
    })
}

/// One customer in whose records `actor` may look, with their role there and its end.
///
/// # Errors
/// When the database fails.
pub async fn profile(
    conn: &mut Conn,
    actor: &Actor,
    id: CustomerId,
    now: Time,
) -> Result<Option<(Profile, Option<Time>)>> {
    let scope = actor.scope(Right::Read).narrowed(&[id]);
    let Some(profile) = customers::service::profile(conn, &scope, id).await? else {
        return Ok(None);
    };
    let ends_at = store::ends(conn, &scope, actor.user, now).await?.pop().map(|(_, at)| at);
    Ok(Some((profile, ends_at)))
}

/// What a customer's users are, in numbers.
#[derive(Clone, Debug)]
pub struct Figures {
    /// How many there are of each standing.
    pub standings: Vec<(Standing, i64)>,
    /// How many have which weaknesses.
    pub census: Vec<(Weaknesses, i64)>,
}

/// The figures of a customer in whose records `actor` may look, by the very conditions of the lists that they open.
///
/// # Errors
/// When the database fails.
pub async fn figures(conn: &mut Conn, actor: &Actor, id: CustomerId, now: Time) -> Result<Figures> {
    let scope = actor.scope(Right::Read).narrowed(&[id]);
    let of_standing = |standing: &Standing| UserFilter { standing: Some(*standing), ..UserFilter::default() };
    let filters: Vec<UserFilter> =
        Weakness::ALL.iter().map(|weakness| weakness.filter()).chain(Standing::ALL.iter().map(of_standing)).collect();
    let rows = users::service::census(conn, &scope, &filters, now).await?;
    let has = |bits: i64, n: usize| bits >> n & 1 == 1;
    let weak = |bits: i64| {
        let all = Weakness::ALL.iter().enumerate();
        Weaknesses::of(all.filter(|(n, _)| has(bits, *n)).map(|(_, weakness)| *weakness))
    };
    let with =
        |n: usize| rows.iter().filter(|(bits, _)| has(*bits, Weakness::ALL.len() + n)).map(|(_, users)| users).sum();
    Ok(Figures {
        standings: Standing::ALL.iter().enumerate().map(|(n, standing)| (*standing, with(n))).collect(),
        census: rows.iter().map(|(bits, users)| (weak(*bits), *users)).collect(),
    })
}

/// The providers through which `actor` adds customers.
///
/// # Errors
/// When the database fails.
pub async fn providers(conn: &mut Conn, actor: &Actor) -> Result<Vec<Customer>> {
    customers::service::providers(conn, &actor.scope(Right::Manage)).await
}

/// What came of something, with the session's new token where a code was taken.
pub struct Answer<T> {
    /// What came of it.
    pub outcome: T,
    /// The session's new token.
    pub token: Option<NewToken>,
}

impl<T> Answer<T> {
    /// Before any code was taken.
    pub const fn before(outcome: T) -> Self {
        Self { outcome, token: None }
    }

    /// After a code was taken.
    pub const fn after(token: NewToken, outcome: T) -> Self {
        Self { outcome, token: Some(token) }
    }
}

/// A customer to add.
#[derive(Clone, Debug)]
pub struct NewCustomer {
    /// Through which provider; may be left out by whoever has but one.
    pub provider: Option<CustomerId>,
    /// Its name.
    pub name: String,
    /// How its users reach a person.
    pub help_desk: String,
    /// The own six digits.
    pub code: String,
}

/// Adds a customer through a provider of whom `session`'s user is an owner or admin. They become its owner: a role in
/// one customer gives nothing in another, so it is written down.
///
/// # Errors
/// When the database fails.
pub async fn add(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    new: &NewCustomer,
) -> Result<Answer<AddOutcome>> {
    let actor = &session.actor;
    let mut conn = platform.db.read().await?;
    let providers = providers(&mut conn, actor).await?;
    let chosen = match new.provider {
        Some(id) => providers.iter().find(|provider| provider.id == id),
        None => providers.first().filter(|_| providers.len() == 1),
    };
    let Some(provider) = chosen else {
        drop(conn);
        if new.provider.is_none() && !providers.is_empty() {
            return Ok(Answer::before(AddOutcome::ProviderMissing));
        }
        let refusal = if actor.has_mfa { Refusal::NoRole } else { Refusal::NoFactorOfYourOwn };
        audit::service::record_alone(platform, refused(platform, origin, actor, refusal)).await?;
        return Ok(Answer::before(AddOutcome::Refused(refusal)));
    };
    let name = match read_name(&new.name) {
        Ok(name) => name,
        Err(problem) => return Ok(Answer::before(AddOutcome::Name(problem))),
    };
    let help_desk = match read_help_desk(&new.help_desk) {
        Ok(help_desk) => help_desk,
        Err(TooLong) => return Ok(Answer::before(AddOutcome::HelpDeskTooLong)),
    };
    // A name that the reader sees anyway is told at once. Whether one beyond that is taken costs a code to know.
    let taken = customers::service::named(&mut conn, &name).await?;
    if taken.is_some_and(|taken| actor.scope(Right::Read).covers(taken.id)) {
        return Ok(Answer::before(AddOutcome::Name(NameProblem::Taken)));
    }
    drop(conn);
    let token = match sign_in::service::prove(platform, origin, session, &new.code, ("new_customer", &name)).await? {
        Ok(token) => token,
        Err(problem) => return Ok(Answer::before(AddOutcome::Code(problem))),
    };
    let outcome = insert(platform, origin, actor, provider, &name, help_desk).await?;
    Ok(Answer::after(token, outcome))
}

/// Adds it, unless the authority to do so was lost since the page was opened.
async fn insert(
    platform: &Platform,
    origin: &Origin,
    actor: &Actor,
    provider: &Customer,
    name: &str,
    help_desk: Option<String>,
) -> Result<AddOutcome> {
    let now = platform.now();
    let mut tx = platform.db.begin().await?;
    customers::service::lock(&mut tx, &actor.scope(Right::Manage), provider.id).await?;
    users::service::lock(&mut tx, actor.user).await?;
    let still = match session::service::actor(&mut tx, actor.user, now).await? {
        Some(actor) => providers_hold(&mut tx, &actor, provider.id).await?,
        None => false,
    };
    if !still {
        drop(tx);
        audit::service::record_alone(platform, refused(platform, origin, actor, Refusal::NoRole)).await?;
        return Ok(AddOutcome::Refused(Refusal::NoRole));
    }
    let Some(added) = customers::service::add_through(&mut tx, platform, provider.id, name, help_desk).await? else {
        return Ok(AddOutcome::Name(NameProblem::Taken));
    };
    store::give(&mut tx, added.id, actor.user, Role::Owner, now, None).await?;
    let event = |what| Event::new(now, what, Some(added.id)).by(actor.user).from(origin.address.clone());
    let through = event(What::CustomerAdded).with("name", &added.name).with("provider", &provider.name);
    let owner = event(What::RoleGiven).about(actor.user.id).with("name", &actor.name).with("role", Role::Owner);
    audit::service::record_all(&mut tx, platform, vec![through, owner]).await?;
    tx.commit().await?;
    Ok(AddOutcome::Added(added.id))
}

async fn providers_hold(conn: &mut Conn, actor: &Actor, id: CustomerId) -> Result<bool> {
    Ok(providers(conn, actor).await?.iter().any(|provider| provider.id == id))
}

fn refused(platform: &Platform, origin: &Origin, actor: &Actor, why: Refusal) -> Event {
    Event::new(platform.now(), What::ChangeRefused, Some(actor.user.customer))
        .by(actor.user)
        .from(origin.address.clone())
        .with("change", "add_customer")
        .with("why", why)
}
