//! The use cases over one token: look at it, give it to somebody, take it back, lose it. Activating is in `activate`.

use super::outcome::ActOutcome;
use crate::domain::audit::{Event, What};
use crate::domain::authority::{Actor, Refusal, Right, Role};
use crate::domain::ids::{CustomerId, TokenId};
use crate::domain::mail::Mail;
use crate::domain::method::MethodKind;
use crate::domain::token::TokenAct;
use crate::domain::user::{Address, UserRef};
use crate::features::outbox::service::Letter;
use crate::features::session::service::{NewToken, Session};
use crate::features::stock::service::{Happened, Token};
use crate::features::{audit, customers, methods, outbox, session, sign_in, stock, users};
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result, Tx};

/// Whether `actor` may look after the stock of `customer`.
///
/// # Errors
/// Why not.
pub(super) fn outside(actor: &Actor, customer: CustomerId) -> std::result::Result<(), Refusal> {
    if actor.scope(Right::Manage).covers(customer) {
        Ok(())
    } else if actor.has_mfa {
        Err(Refusal::NoRole)
    } else {
        Err(Refusal::NoFactorOfYourOwn)
    }
}

/// Whether `actor` may give a token to somebody: to whomever they may manage, and to themself. It opens nothing before its
/// holder has shown their own second factor.
///
/// # Errors
/// Why not.
pub(super) fn may_give(actor: &Actor, user: UserRef, role: Role) -> std::result::Result<(), Refusal> {
    match actor.may_manage(user, role) {
        Err(Refusal::Yourself) => outside(actor, user.customer),
        other => other,
    }
}

/// Records that somebody tried what they may not: in the chain of a customer into whose records they may look, otherwise
/// in that of their own home.
pub(super) async fn record_refusal(
    platform: &Platform,
    origin: &Origin,
    actor: &Actor,
    customer: CustomerId,
    change: &str,
    why: &str,
) -> Result<()> {
    let chain = if actor.scope(Right::Read).covers(customer) { customer } else { actor.user.customer };
    let event = Event::new(platform.now(), What::ChangeRefused, Some(chain)).by(actor.user);
    let event = event.from(origin.address.clone()).with("change", change).with("why", why);
    audit::service::record_alone(platform, event).await
}

/// A token with all that its page shows.
pub struct View {
    /// The token.
    pub token: Token,
    /// What was done with it, the newest first.
    pub happened: Vec<Happened>,
    /// The method that it is, where it is active.
    pub method: Option<crate::domain::ids::MethodId>,
    /// Why the reader does nothing with it.
    pub refusal: Option<Refusal>,
}

/// A token that `actor` may see; none for any other, whether there is one or not.
///
/// # Errors
/// When the database fails.
pub async fn view(conn: &mut Conn, actor: &Actor, id: TokenId) -> Result<Option<View>> {
    let scope = actor.scope(Right::Read);
    let Some(token) = stock::service::by_id(conn, &scope, id).await? else {
        return Ok(None);
    };
    let happened = stock::service::history(conn, &token).await?;
    let (mut method, mut refusal) = (None, outside(actor, token.customer).err());
    if let Some((holder, _)) = &token.holder {
        let listed = methods::service::list(conn, *holder).await?;
        method = listed.into_iter().find(|method| method.token == Some(id)).map(|method| method.id);
        refusal = refusal.or(against_holder(conn, actor, *holder).await?);
    }
    Ok(Some(View { token, happened, method, refusal }))
}

/// Why `actor` takes nothing from whoever holds a token.
async fn against_holder(conn: &mut Conn, actor: &Actor, holder: UserRef) -> Result<Option<Refusal>> {
    let found = users::service::by_ids(conn, &actor.scope(Right::Read), &[holder.id]).await?.pop();
    Ok(found.and_then(|user| may_give(actor, user.user, user.role).err()))
}

/// Who asks, from where.
pub struct Asking<'a> {
    /// The world.
    pub platform: &'a Platform,
    /// Where the request comes from.
    pub origin: &'a Origin,
    /// Whose session.
    pub session: &'a Session,
}

impl Asking<'_> {
    pub(super) const fn actor(&self) -> &Actor {
        &self.session.actor
    }

    async fn refuse(&self, customer: CustomerId, act: TokenAct, why: &str) -> Result<()> {
        let change = format!("token_{act}");
        record_refusal(self.platform, self.origin, self.actor(), customer, &change, why).await
    }

    /// The token, if whoever asks may do `act` with it now.
    async fn review(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        id: TokenId,
        act: TokenAct,
    ) -> Result<std::result::Result<Token, ActOutcome>> {
        let Some(token) = stock::service::by_id(conn, &actor.scope(Right::Read), id).await? else {
            return Ok(Err(ActOutcome::Gone));
        };
        if let Err(refusal) = outside(actor, token.customer) {
            return Ok(Err(ActOutcome::Refused(refusal)));
        }
        if let Some((holder, _)) = &token.holder
            && let Some(refusal) = against_holder(conn, actor, *holder).await?
        {
            return Ok(Err(ActOutcome::Refused(refusal)));
        }
        let possible = token.facts.after(act, self.platform.now()).is_some();
        Ok(if possible { Ok(token) } else { Err(ActOutcome::Changed) })
    }

    /// The same before anything is locked; a refusal is recorded.
    async fn look(&self, id: TokenId, act: TokenAct) -> Result<std::result::Result<Token, ActOutcome>> {
        let mut conn = self.platform.db.read().await?;
        let scope = self.actor().scope(Right::Read);
        let customer = stock::service::by_id(&mut conn, &scope, id).await?.map(|token| token.customer);
        let looked = self.review(&mut conn, self.actor(), id, act).await?;
        drop(conn);
        let customer = customer.unwrap_or(self.actor().user.customer);
        match &looked {
            Err(ActOutcome::Gone) => self.refuse(customer, act, "not_here").await?,
            Err(ActOutcome::Refused(refusal)) => self.refuse(customer, act, refusal.as_str()).await?,
            _ => {}
        }
        Ok(looked)
    }

    /// Gives a token to whoever at its customer has this address, after the own fresh code.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn assign(&self, id: TokenId, address: &str, code: &str) -> Result<(ActOutcome, Option<NewToken>)> {
        let seen = match self.look(id, TokenAct::Assign).await? {
            Ok(token) => token,
            Err(outcome) => return Ok((outcome, None)),
        };
        let Ok(address) = address.parse::<Address>() else {
            return Ok((ActOutcome::NoAddress, None));
        };
        let about = ("assign_token", seen.serial.as_str());
        let token = match sign_in::service::prove(self.platform, self.origin, self.session, code, about).await? {
            Ok(token) => token,
            Err(problem) => return Ok((ActOutcome::Code(problem), None)),
        };
        let mut tx = self.platform.db.begin().await?;
        let outcome = self.assign_locked(&mut tx, &seen, &address).await?;
        if let ActOutcome::Done(_) = outcome {
            tx.commit().await?;
        } else {
            drop(tx);
            if let ActOutcome::Refused(refusal) = outcome {
                self.refuse(seen.customer, TokenAct::Assign, refusal.as_str()).await?;
            }
        }
        Ok((outcome, Some(token)))
    }

    async fn assign_locked(&self, tx: &mut Tx, seen: &Token, address: &Address) -> Result<ActOutcome> {
        let (platform, now) = (self.platform, self.platform.now());
        let scope = self.actor().scope(Right::Manage).narrowed(&[seen.customer]);
        customers::service::lock(tx, &scope, seen.customer).await?;
        let found = users::service::life::at_home(tx, &scope, std::slice::from_ref(address)).await?.pop();
        let mut people: Vec<UserRef> = found.iter().map(|user| user.user).chain([self.actor().user]).collect();
        people.sort_unstable();
        people.dedup();
        for user in people {
            users::service::lock(tx, user).await?;
        }
        let Some(actor) = session::service::actor(tx, self.actor().user, now).await? else {
            return Ok(ActOutcome::Refused(Refusal::NoRole));
        };
        let token = match self.review(tx, &actor, seen.id, TokenAct::Assign).await? {
            Ok(token) => token,
            Err(outcome) => return Ok(outcome),
        };
        // Read again: they may have been removed, or become an owner, while their lock was waited for.
        let user = match found {
            Some(user) => users::service::by_ids(tx, &scope, &[user.user.id]).await?.pop(),
            None => None,
        };
        let Some(user) = user else {
            return Ok(ActOutcome::Nobody);
        };
        if let Err(refusal) = may_give(&actor, user.user, user.role) {
            return Ok(ActOutcome::Refused(refusal));
        }
        if !customers::service::allows(tx, token.customer, MethodKind::HardwareToken).await? {
            return Ok(ActOutcome::NotAllowed);
        }
        if !stock::service::act(tx, &token, TokenAct::Assign, Some(user.user.id), actor.user, now).await? {
            return Ok(ActOutcome::Changed);
        }
        let by = customers::service::introduced(tx, &actor, token.customer).await?;
        let mail = Mail::TokenAssigned { at: now, serial: token.serial.clone(), by };
        outbox::service::enqueue(tx, platform, vec![Letter { user: user.user, mail, link: None }]).await?;
        let event = self.event(What::TokenAssigned, &token).about(user.user.id);
        audit::service::record(tx, platform, event).await?;
        Ok(ActOutcome::Done(TokenAct::Assign))
    }

    fn event(&self, what: What, token: &Token) -> Event {
        let event = Event::new(self.platform.now(), what, Some(token.customer)).by(self.actor().user);
        event.from(self.origin.address.clone()).with("token", &token.serial)
    }

    /// Takes a token back that its holder never activated, or that was found again; or gives it up for lost. Neither
    /// changes who gets in.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_away(&self, id: TokenId, act: TokenAct) -> Result<ActOutcome> {
        let what = match act {
            TokenAct::Return => What::TokenReturned,
            TokenAct::Lose => What::TokenLost,
            _ => return Ok(ActOutcome::Changed),
        };
        let seen = match self.look(id, act).await? {
            Ok(token) => token,
            Err(outcome) => return Ok(outcome),
        };
        let now = self.platform.now();
        let mut tx = self.platform.db.begin().await?;
        let scope = self.actor().scope(Right::Manage);
        customers::service::lock(&mut tx, &scope, seen.customer).await?;
        users::service::lock(&mut tx, self.actor().user).await?;
        let Some(actor) = session::service::actor(&mut tx, self.actor().user, now).await? else {
            return Ok(ActOutcome::Refused(Refusal::NoRole));
        };
        let token = match self.review(&mut tx, &actor, id, act).await? {
            Ok(token) => token,
            Err(outcome) => return Ok(outcome),
        };
        if !stock::service::act(&mut tx, &token, act, None, actor.user, now).await? {
            return Ok(ActOutcome::Changed);
        }
        let event = self.event(what, &token);
        let event = token.holder.as_ref().map_or(event.clone(), |(holder, _)| event.about(holder.id));
        audit::service::record(&mut tx, self.platform, event).await?;
        tx.commit().await?;
        Ok(ActOutcome::Done(act))
    }
}
