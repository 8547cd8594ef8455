//! Changing what is known of a customer: its name and help desk, and what its mails speak before anything is known of the user.
//! All of it stands in mails that people trust, so it takes an owner and a code.

use super::service::{Answer, LONGEST};
use crate::domain::access::EditOutcome;
use crate::domain::audit::{Event, What};
use crate::domain::authority::{Actor, Refusal, Right, Scope};
use crate::domain::customer::Details;
use crate::domain::ids::CustomerId;
use crate::domain::user::clean_name;
use crate::features::session::service::Session;
use crate::features::{audit, customers, session, sign_in, users};
use crate::platform::keys::sha256;
use crate::platform::request::Origin;
use crate::platform::zone::{is_of_a_place, zone};
use crate::platform::{Conn, Platform, Result};
use crate::words::tagged;

/// What is known of a customer in whose records `actor` may look, and whether they may change it.
///
/// # Errors
/// When the database fails.
pub async fn show(conn: &mut Conn, actor: &Actor, id: CustomerId) -> Result<Option<(Details, Option<Refusal>)>> {
    let scope = actor.scope(Right::Read).narrowed(&[id]);
    let customer = customers::service::list(conn, &scope).await?.pop();
    Ok(customer.map(|customer| (customer.details(), actor.governs(id).err())))
}

/// What somebody asks for, and what they saw when they did.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What should be known, as it was typed.
    pub details: Details,
    /// The [`version`] of what was known.
    pub version: String,
    /// The own six digits.
    pub code: String,
}

/// What names the details of a customer as they stand: whoever opens the form saves against it.
///
/// # Panics
/// Never: they are always JSON.
#[must_use]
pub fn version(details: &Details) -> String {
    sha256(serde_json::to_string(details).expect("details are always JSON").as_bytes())
}

/// Sets what is known of a customer. From a right code on the session has a new token, whatever comes of the rest.
///
/// # Errors
/// When the database fails.
pub async fn save(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    id: CustomerId,
    asked: &Asked,
) -> Result<Answer<EditOutcome>> {
    let actor = &session.actor;
    let scope = match actor.governs(id) {
        Ok(scope) => scope,
        Err(refusal) => return Ok(Answer::before(refuse(platform, origin, actor, id, refusal).await?)),
    };
    let new = match read(platform, &asked.details) {
        Ok(new) => new,
        Err(problem) => return Ok(Answer::before(problem)),
    };
    let Some(old) = customers::service::list(&mut *platform.db.read().await?, &scope).await?.pop() else {
        return Ok(Answer::before(EditOutcome::Unknown));
    };
    // Asked once before a code is spent, and once more when nobody else can come between.
    if version(&old.details()) != asked.version {
        return Ok(Answer::before(EditOutcome::Changed));
    }
    if old.details() == new {
        return Ok(Answer::before(EditOutcome::Same));
    }
    let about = ("customer", old.name.as_str());
    let token = match sign_in::service::prove(platform, origin, session, &asked.code, about).await? {
        Ok(token) => token,
        Err(problem) => return Ok(Answer::before(EditOutcome::Code(problem))),
    };
    Ok(Answer::after(token, apply(platform, origin, actor, &scope, id, (asked, &new)).await?))
}

/// What was typed, as it is kept.
fn read(platform: &Platform, typed: &Details) -> std::result::Result<Details, EditOutcome> {
    let kept = |value: &Option<String>| value.as_deref().map(clean_name).filter(|value| !value.is_empty());
    let new = Details {
        name: clean_name(&typed.name),
        help_desk: kept(&typed.help_desk),
        language: kept(&typed.language),
        zone: kept(&typed.zone),
    };
    if new.name.is_empty() {
        return Err(EditOutcome::NameMissing);
    }
    if typed.name.trim().chars().count() > LONGEST {
        return Err(EditOutcome::NameTooLong);
    }
    let is_language = new.language.as_deref().is_none_or(|tag| tagged(tag).is_some());
    let known = |name: &str| zone(name, platform.now()).is_some_and(|zone| zone.name() == name && is_of_a_place(name));
    if !is_language || !new.zone.as_deref().is_none_or(known) {
        return Err(EditOutcome::Malformed);
    }
    Ok(new)
}

/// The change itself, with the authority and what was there read again under the locks.
async fn apply(
    platform: &Platform,
    origin: &Origin,
    actor: &Actor,
    scope: &Scope,
    id: CustomerId,
    (asked, new): (&Asked, &Details),
) -> Result<EditOutcome> {
    let now = platform.now();
    let mut tx = platform.db.begin().await?;
    let Some(customer) = customers::service::lock(&mut tx, scope, id).await? else {
        return Ok(EditOutcome::Unknown);
    };
    users::service::lock(&mut tx, actor.user).await?;
    let still = match session::service::actor(&mut tx, actor.user, now).await? {
        Some(actor) => actor.governs(id).map(drop),
        None => Err(Refusal::NoRole),
    };
    if let Err(refusal) = still {
        drop(tx);
        return refuse(platform, origin, actor, id, refusal).await;
    }
    if version(&customer.details()) != asked.version {
        return Ok(EditOutcome::Changed);
    }
    match customers::service::set_details(&mut tx, scope, id, new).await {
        Err(fault) if fault.is_taken() => return Ok(EditOutcome::NameTaken),
        set => set?,
    }
    let event = Event::new(now, What::CustomerChanged, Some(id)).by(actor.user).from(origin.address.clone());
    let changes = customer.details().changes(new);
    let event = changes.into_iter().fold(event, |event, (what, change)| event.with(what, change));
    audit::service::record(&mut tx, platform, event).await?;
    tx.commit().await?;
    Ok(EditOutcome::Done)
}

/// Writes down who may not; whoever may not even look learns no more than of a customer that is none.
async fn refuse(
    platform: &Platform,
    origin: &Origin,
    actor: &Actor,
    id: CustomerId,
    why: Refusal,
) -> Result<EditOutcome> {
    let event = Event::new(platform.now(), What::ChangeRefused, Some(actor.user.customer)).by(actor.user);
    let event = event.from(origin.address.clone()).with("change", "customer").with("of", id).with("why", why);
    audit::service::record_alone(platform, event).await?;
    let reads = actor.scope(Right::Read).covers(id);
    Ok(if reads { EditOutcome::Refused(why) } else { EditOutcome::Unknown })
}
