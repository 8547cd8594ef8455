//! Giving, changing and ending a role in a customer. Who holds which is in `people`.

use super::people;
use super::service::Answer;
use super::store;
use crate::domain::access::{RoleOutcome, last_day, read_end};
use crate::domain::audit::{Event, What};
use crate::domain::authority::{Actor, Refusal, Right, Role};
use crate::domain::customer::Customer;
use crate::domain::ids::{CustomerId, UserId};
use crate::domain::mail::Mail;
use crate::domain::time::Time;
use crate::domain::user::{Address, Standing, UserRef};
use crate::features::outbox::service::Letter;
use crate::features::session::service::Session;
use crate::features::{audit, customers, outbox, session, sign_in, users};
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result, Tx};

/// No role ends after this: whoever is an owner then is one for good.
const FOREVER: Time = Time::from_unix_milliseconds(i64::MAX);

/// Whether `actor` may give `role` in `customer` to somebody who holds none there, whoever that is.
///
/// # Errors
/// The first reason against it.
pub fn may_offer(actor: &Actor, customer: CustomerId, role: Role) -> std::result::Result<(), Refusal> {
    actor.may_give(customer, anybody(customer), None, Some(role))
}

/// Nobody in particular: what a rule is asked about before it is known who it will be.
fn anybody(customer: CustomerId) -> UserRef {
    UserRef { customer, id: UserId::new(Time::from_unix_milliseconds(0), [0; 10]) }
}

/// Gives a role, outside of any question of authority: for the demo and the command line, whose operator has it all.
///
/// # Errors
/// When the database fails.
pub async fn give(
    conn: &mut Conn,
    customer: CustomerId,
    user: UserRef,
    role: Role,
    now: Time,
    ends_at: Option<Time>,
) -> Result<()> {
    store::give(conn, customer, user, role, now, ends_at).await
}

/// Whom a change concerns.
#[derive(Clone, Debug)]
pub enum Whom {
    /// Somebody with a role in the customer.
    User(UserId),
    /// Whoever has this address, as it was typed.
    Address(String),
}

/// A change of one role.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Where.
    pub customer: CustomerId,
    /// Whose.
    pub whom: Whom,
    /// Which role, as it was chosen: `owner`, `admin` or `auditor`; `none` leaves somebody at home a member, and
    /// somebody from elsewhere nothing.
    pub role: String,
    /// The last day, as it was typed.
    pub until: String,
    /// The own six digits.
    pub code: String,
}

impl Wish {
    /// The role; none where none is left.
    fn to(&self) -> std::result::Result<Option<Role>, RoleOutcome> {
        match self.role.parse() {
            Ok(role @ (Role::Owner | Role::Admin | Role::Auditor)) => Ok(Some(role)),
            Err(_) if self.role == "none" && matches!(self.whom, Whom::User(_)) => Ok(None),
            _ => Err(RoleOutcome::NoRole),
        }
    }
}

/// What is left of a wish once it has been read.
struct Change {
    customer: CustomerId,
    whom: Target,
    to: Option<Role>,
    ends_at: Option<Time>,
}

enum Target {
    User(UserRef),
    Address(Address),
}

/// Gives, changes or ends a role. Authority over it is judged before a code is asked for, and once more under the locks.
///
/// # Errors
/// When the database fails.
pub async fn change(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    wish: &Wish,
) -> Result<Answer<RoleOutcome>> {
    let asking = Asking { platform, origin, session };
    let change = match asking.read(wish).await? {
        Ok(change) => change,
        Err(outcome) => return Ok(Answer::before(outcome)),
    };
    let about = ("role_in", wish.customer.to_string());
    let token = match sign_in::service::prove(platform, origin, session, &wish.code, (about.0, &about.1)).await? {
        Ok(token) => token,
        Err(problem) => return Ok(Answer::before(RoleOutcome::Code(problem))),
    };
    let mut tx = platform.db.begin().await?;
    let outcome = asking.carry_out(&mut tx, &change).await?;
    match outcome {
        Ok(done) => {
            tx.commit().await?;
            Ok(Answer::after(token, done))
        }
        Err(not) => {
            drop(tx);
            match not {
                RoleOutcome::Refused(why) => asking.refuse(wish, why.as_str()).await?,
                RoleOutcome::NoOwnerLeft => asking.refuse(wish, "no_owner_left").await?,
                _ => {}
            }
            Ok(Answer::after(token, not))
        }
    }
}

/// Who asks.
struct Asking<'a> {
    platform: &'a Platform,
    origin: &'a Origin,
    session: &'a Session,
}

impl Asking<'_> {
    const fn actor(&self) -> &Actor {
        &self.session.actor
    }

    /// Reads a wish; refuses one that its asker has no authority for. A customer in whose records they may not look is
    /// no customer to them.
    async fn read(&self, wish: &Wish) -> Result<std::result::Result<Change, RoleOutcome>> {
        let (actor, now) = (self.actor(), self.platform.now());
        if !actor.scope(Right::Read).covers(wish.customer) {
            self.refuse(wish, Refusal::NoRole.as_str()).await?;
            return Ok(Err(RoleOutcome::Unknown));
        }
        let held = match &wish.whom {
            Whom::Address(_) => None,
            Whom::User(id) => {
                match people::held(&mut *self.platform.db.read().await?, actor, wish.customer, *id, now).await? {
                    Some(held) => Some(held),
                    None => return Ok(Err(RoleOutcome::Unknown)),
                }
            }
        };
        // Whose an address is, is looked up only after the code: until then it is judged as anybody's.
        let (target, from) = held.map_or((anybody(wish.customer), None), |held| (held.user, Some(held.role)));
        let to = wish.to();
        if let Err(refusal) = actor.may_give(wish.customer, target, from, *to.as_ref().unwrap_or(&None)) {
            self.refuse(wish, refusal.as_str()).await?;
            return Ok(Err(RoleOutcome::Refused(refusal)));
        }
        let whom = match &wish.whom {
            Whom::User(_) => Target::User(target),
            Whom::Address(typed) => match typed.parse() {
                Ok(address) => Target::Address(address),
                Err(_) => return Ok(Err(RoleOutcome::NoAddress)),
            },
        };
        let to = match to {
            Ok(to) => to,
            Err(none) => return Ok(Err(none)),
        };
        // What ends now needs no later end.
        let typed = if to.is_some() { wish.until.as_str() } else { "" };
        Ok(read_end(typed, now)
            .map(|ends_at| Change { customer: wish.customer, whom, to, ends_at })
            .map_err(RoleOutcome::End))
    }

    /// The change itself, in the open transaction: what came of it, or why nothing may be kept. The customer's lock comes
    /// first: of two owners who unmake each other at once, the second is none any more.
    async fn carry_out(&self, tx: &mut Tx, change: &Change) -> Result<std::result::Result<RoleOutcome, RoleOutcome>> {
        let now = self.platform.now();
        let scope = self.actor().scope(Right::Manage);
        let Some(customer) = customers::service::lock(tx, &scope, change.customer).await? else {
            return Ok(Err(RoleOutcome::Refused(Refusal::NoRole)));
        };
        let target = match &change.whom {
            Target::User(user) => Some(*user),
            Target::Address(address) => users::service::credentials(tx, address).await?.map(|found| found.user),
        };
        let Some(target) = target else {
            return Ok(Err(RoleOutcome::Nobody));
        };
        let locked = self.lock_both(tx, target).await?;
        let by_address = matches!(change.whom, Target::Address(_));
        let is_there = store::is_at_home(tx, target).await?;
        let Some(locked) = locked.filter(|locked| !by_address || (is_there && locked.standing != Standing::Suspended))
        else {
            return Ok(Err(RoleOutcome::Nobody));
        };
        let Some(actor) = session::service::actor(tx, self.actor().user, now).await? else {
            return Ok(Err(RoleOutcome::Refused(Refusal::NoRole)));
        };
        let held = people::held(tx, &actor, change.customer, target.id, now).await?;
        let from = held.as_ref().map(|held| held.role);
        if let Err(refusal) = actor.may_give(change.customer, target, from, change.to) {
            return Ok(Err(RoleOutcome::Refused(refusal)));
        }
        if !by_address && held.is_none() {
            return Ok(Err(RoleOutcome::Unknown));
        }
        let at_home = target.customer == change.customer;
        if at_home && change.ends_at.is_some() {
            return Ok(Err(RoleOutcome::AtHome));
        }
        let to = if at_home { change.to.or(Some(Role::Member)) } else { change.to };
        if held.as_ref().is_some_and(|held| Some(held.role) == to && held.ends_at == change.ends_at) {
            return Ok(Err(RoleOutcome::Same));
        }
        if (to != Some(Role::Owner) || change.ends_at.is_some()) && is_last_owner(tx, customer.id, target).await? {
            return Ok(Err(RoleOutcome::NoOwnerLeft));
        }
        // An end that moves leaves the role as old as it is.
        let since = held.as_ref().filter(|held| Some(held.role) == to).map_or(now, |held| held.since);
        match to {
            Some(role) => store::give(tx, customer.id, target, role, since, change.ends_at).await?,
            None => store::end(tx, customer.id, target).await?,
        }
        let done = Done { customer, target, name: locked.name, from, to, ends_at: change.ends_at };
        self.tell(tx, &done).await.map(Ok)
    }

    /// Takes the locks of asker and target, in their order; gives back the target.
    async fn lock_both(&self, tx: &mut Tx, target: UserRef) -> Result<Option<users::service::Locked>> {
        let mut both = [self.actor().user, target];
        both.sort_unstable();
        let mut found = None;
        for user in both {
            let locked = users::service::lock(tx, user).await?;
            found = found.or(locked.filter(|locked| locked.user == target));
        }
        Ok(found)
    }

    /// Records what was done, and writes to whom it concerns.
    async fn tell(&self, tx: &mut Tx, done: &Done) -> Result<RoleOutcome> {
        let Done { customer, target, name, from, to, ends_at } = done;
        let (platform, actor, now) = (self.platform, self.actor(), self.platform.now());
        let what = if to.is_some() { What::RoleGiven } else { What::RoleEnded };
        let mut event = self.event(what, customer.id).about(target.id).with("name", name);
        for (key, role) in [("role", to), ("was", from)] {
            event = role.map_or(event.clone(), |role| event.with(key, role));
        }
        event = ends_at.map_or(event.clone(), |at| event.with("last_day", last_day(at)));
        let by = if actor.user.customer == target.customer {
            actor.name.clone()
        } else {
            format!("{} ({})", actor.name, self.session.customer_name)
        };
        let (place, name) = (customer.name.clone(), name.clone());
        let (mail, outcome) = match *to {
            Some(role) => (
                Mail::RoleGiven { at: now, place, by, role, until: *ends_at },
                RoleOutcome::Given { name, role, until: *ends_at },
            ),
            None => (Mail::RoleEnded { at: now, place, by }, RoleOutcome::Ended { name }),
        };
        let letters = vec![Letter { user: *target, mail, link: None }];
        // Both write to a chain: the customer's, and that of the target's home. In the order of the chains, so that two
        // changes in two customers cannot wait for each other.
        if customer.id <= target.customer {
            audit::service::record(tx, platform, event).await?;
            outbox::service::enqueue(tx, platform, letters).await?;
        } else {
            outbox::service::enqueue(tx, platform, letters).await?;
            audit::service::record(tx, platform, event).await?;
        }
        Ok(outcome)
    }

    fn event(&self, what: What, chain: CustomerId) -> Event {
        Event::new(self.platform.now(), what, Some(chain)).by(self.actor().user).from(self.origin.address.clone())
    }

    /// Records a refusal: in the chain of a customer into whose records the asker may look, otherwise in that of their
    /// own home, whether there is such a customer or not.
    async fn refuse(&self, wish: &Wish, why: &str) -> Result<()> {
        let actor = self.actor();
        let chain = if actor.scope(Right::Read).covers(wish.customer) { wish.customer } else { actor.user.customer };
        let event = self.event(What::ChangeRefused, chain).with("change", "role").with("why", why);
        let event = if chain == wish.customer { event } else { event.with("customer", wish.customer) };
        let event = match wish.whom {
            Whom::User(id) if chain == wish.customer => event.about(id),
            _ => event,
        };
        audit::service::record_alone(self.platform, event).await
    }
}

/// A change that was made.
struct Done {
    customer: Customer,
    target: UserRef,
    name: String,
    from: Option<Role>,
    to: Option<Role>,
    ends_at: Option<Time>,
}

/// Whether nobody but `target` is an owner of `customer` who can sign in and whose role does not end.
async fn is_last_owner(conn: &mut Conn, customer: CustomerId, target: UserRef) -> Result<bool> {
    let owners = users::service::working_owners(conn, customer, FOREVER).await?;
    Ok(!owners.is_empty() && owners.iter().all(|owner| *owner == target))
}
