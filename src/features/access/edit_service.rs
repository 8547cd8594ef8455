//! Changing what is known of a customer: its name and help desk, and what its mails speak before anything is known of the user.
//! All of it stands in mails that people trust, so it takes an owner and a code.

use super::service::Answer;
use crate::domain::access::EditOutcome;
use crate::domain::audit::{Event, What};
use crate::domain::authority::{Actor, Refusal, Right, Scope};
use crate::domain::customer::{Details, NameProblem, TooLong, read_help_desk, read_name};
use crate::domain::ids::CustomerId;
use crate::domain::user::one_line;
use crate::features::session::service::Session;
use crate::features::{audit, customers, session, sign_in, users};
use crate::platform::request::Origin;
use crate::platform::text::version_of;
use crate::platform::zone::{self as zones, is_of_a_place};
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
    /// The [`version_of`] what was known.
    pub version: String,
    /// The own six digits.
    pub code: String,
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
    if version_of(&old.details()) != asked.version {
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
    let name = read_name(&typed.name).map_err(EditOutcome::Name)?;
    let help_desk = typed.help_desk.as_deref().unwrap_or_default();
    let help_desk = read_help_desk(help_desk).map_err(|TooLong| EditOutcome::HelpDeskTooLong)?;
    let kept = |value: &Option<String>| value.as_deref().and_then(one_line);
    let (language, zone) = (kept(&typed.language), kept(&typed.zone));
    let is_language = |tag: &str| tagged(tag).is_some();
    let is_zone =
        |name: &str| is_of_a_place(name) && zones::zone(name, platform.now()).is_some_and(|zone| zone.name() == name);
    if language.as_deref().is_none_or(is_language) && zone.as_deref().is_none_or(is_zone) {
        Ok(Details { name, help_desk, language, zone })
    } else {
        Err(EditOutcome::Malformed)
    }
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
    if version_of(&customer.details()) != asked.version {
        return Ok(EditOutcome::Changed);
    }
    match customers::service::set_details(&mut tx, scope, id, new).await {
        Err(fault) if fault.is_taken() => return Ok(EditOutcome::Name(NameProblem::Taken)),
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
    audit::service::record_refusal(platform, origin, actor, ("customer", id), why).await?;
    let reads = actor.scope(Right::Read).covers(id);
    Ok(if reads { EditOutcome::Refused(why) } else { EditOutcome::Unknown })
}
