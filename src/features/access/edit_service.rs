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
use crate::platform::request::Origin;
use crate::platform::zone::zone;
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

/// Sets what is known of a customer. From a right code on the session has a new token, whatever comes of the rest.
///
/// # Errors
/// When the database fails.
pub async fn save(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    id: CustomerId,
    (typed, code): (&Details, &str),
) -> Result<Answer<EditOutcome>> {
    let actor = &session.actor;
    let scope = match actor.governs(id) {
        Ok(scope) => scope,
        Err(refusal) => return Ok(Answer::before(refuse(platform, origin, actor, id, refusal).await?)),
    };
    let new = match read(platform, typed) {
        Ok(new) => new,
        Err(problem) => return Ok(Answer::before(problem)),
    };
    let Some(old) = customers::service::list(&mut *platform.db.read().await?, &scope).await?.pop() else {
        return Ok(Answer::before(EditOutcome::Unknown));
    };
    if old.details() == new {
        return Ok(Answer::before(EditOutcome::Same));
    }
    let about = ("customer", old.name.as_str());
    let token = match sign_in::service::prove(platform, origin, session, code, about).await? {
        Ok(token) => token,
        Err(problem) => return Ok(Answer::before(EditOutcome::Code(problem))),
    };
    Ok(Answer::after(token, apply(platform, origin, actor, &scope, id, &new).await?))
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
    let known = new.zone.as_deref().map(|name| zone(name, platform.now()));
    match known {
        Some(None) => Err(EditOutcome::Malformed),
        _ if !is_language => Err(EditOutcome::Malformed),
        known => Ok(Details { zone: known.flatten().map(|zone| zone.name().to_owned()), ..new }),
    }
}

/// The change itself, with the authority and what was there read again under the locks.
async fn apply(
    platform: &Platform,
    origin: &Origin,
    actor: &Actor,
    scope: &Scope,
    id: CustomerId,
    new: &Details,
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
    if !customers::service::set_details(&mut tx, scope, id, new).await? {
        return Ok(EditOutcome::NameTaken);
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
