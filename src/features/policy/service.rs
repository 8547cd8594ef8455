//! Reads a policy, says beforehand whom another one concerns, and sets it with the owner's own fresh code.

use super::store;
use crate::domain::audit::{Event, What};
use crate::domain::authority::{Actor, Refusal, Right, Scope};
use crate::domain::customer::Customer;
use crate::domain::ids::CustomerId;
use crate::domain::method::MethodKind;
use crate::domain::policy::{Concerned, Saved, Settings};
use crate::domain::time::Time;
use crate::features::session::service::{NewToken, Session};
use crate::features::{audit, customers, phones, session, sign_in, users};
use crate::platform::request::Origin;
use crate::platform::text::version_of;
use crate::platform::{Conn, Platform, Result};

/// A customer's policy, for somebody who may read it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The customer.
    pub customer: Customer,
    /// Why the reader may not change it; none when they may.
    pub refusal: Option<Refusal>,
}

/// The policy of a customer; none where `actor` may not read it, whether there is one or not.
///
/// # Errors
/// When the database fails.
pub async fn show(conn: &mut Conn, actor: &Actor, id: CustomerId) -> Result<Option<Shown>> {
    let scope = actor.scope(Right::Read).narrowed(&[id]);
    let customer = customers::service::list(conn, &scope).await?.pop();
    Ok(customer.map(|customer| Shown { refusal: actor.governs(id).err(), customer }))
}

/// Counts whom the change of `policy` to `asked` concerns.
///
/// # Errors
/// When the database fails.
pub async fn concerned(
    conn: &mut Conn,
    scope: &Scope,
    customer: &Customer,
    asked: &Settings,
    now: Time,
) -> Result<Concerned> {
    let id = customer.id;
    Ok(Concerned {
        active: store::active(conn, scope, id).await?,
        without_factor: store::without_factor(conn, scope, id, false).await?,
        reset: store::without_factor(conn, scope, id, true).await?,
        reset_without_link: store::without_link(conn, scope, id, now).await?,
        links: store::links(conn, scope, id, now).await?,
        plans: store::plans(conn, scope, id, now).await?,
        requests: store::requests(conn, scope, id, now).await?,
        few_codes: (
            store::with_few_codes(conn, scope, id, customer.policy.codes_low).await?,
            store::with_few_codes(conn, scope, id, asked.codes_low).await?,
        ),
        passkeys: store::with_method(conn, scope, id, MethodKind::Passkey).await?,
        hardware_tokens: store::with_method(conn, scope, id, MethodKind::HardwareToken).await?,
        phones: store::with_method(conn, scope, id, MethodKind::Phone).await?,
        phone_messages: phones::service::sent_today(conn, id, now).await?,
        trusted_devices: store::trusted_devices(conn, scope, id, now).await?,
    })
}

/// The scope over which `actor` may set the policy of this customer; none where they may not.
#[must_use]
pub fn governed(actor: &Actor, id: CustomerId) -> Option<Scope> {
    actor.governs(id).ok()
}

/// What somebody asks for, and what they saw when they did.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What should hold.
    pub settings: Settings,
    /// The [`version_of`] the policy it was reviewed against.
    pub version: String,
    /// The own six digits.
    pub code: String,
}

/// Sets the policy of a customer. From a right code on the session has a new token, whatever comes of the rest.
///
/// # Errors
/// When the database fails.
pub async fn save(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    id: CustomerId,
    asked: &Asked,
) -> Result<(Saved, Option<NewToken>)> {
    let actor = &session.actor;
    let scope = match actor.governs(id) {
        Ok(scope) => scope,
        Err(refusal) => {
            audit::service::record_refusal(platform, origin, actor, ("policy", id), refusal).await?;
            let reads = actor.scope(Right::Read).covers(id);
            return Ok((if reads { Saved::Refused(refusal) } else { Saved::Unknown }, None));
        }
    };
    let found = customers::service::list(&mut *platform.db.read().await?, &scope).await?.pop();
    let Some(customer) = found else {
        return Ok((Saved::Unknown, None));
    };
    // Asked once before a code is spent, and once more when nobody else can come between.
    if version_of(&customer.policy) != asked.version {
        return Ok((Saved::Changed, None));
    }
    if customer.policy.settings() == asked.settings {
        return Ok((Saved::Same, None));
    }
    let about = ("policy", customer.name.as_str());
    let token = match sign_in::service::prove(platform, origin, session, &asked.code, about).await? {
        Ok(token) => token,
        Err(problem) => return Ok((Saved::Code(problem), None)),
    };
    Ok((apply(platform, origin, actor, &scope, id, asked).await?, Some(token)))
}

/// The change itself, with authority and policy read again under the locks.
async fn apply(
    platform: &Platform,
    origin: &Origin,
    actor: &Actor,
    scope: &Scope,
    id: CustomerId,
    asked: &Asked,
) -> Result<Saved> {
    let now = platform.now();
    let mut tx = platform.db.begin().await?;
    let Some(customer) = customers::service::lock(&mut tx, scope, id).await? else {
        return Ok(Saved::Unknown);
    };
    users::service::lock(&mut tx, actor.user).await?;
    let still = match session::service::actor(&mut tx, actor.user, now).await? {
        Some(actor) => actor.governs(id),
        None => Err(Refusal::NoRole),
    };
    if let Err(refusal) = still {
        drop(tx);
        audit::service::record_refusal(platform, origin, actor, ("policy", id), refusal).await?;
        return Ok(Saved::Refused(refusal));
    }
    if version_of(&customer.policy) != asked.version {
        return Ok(Saved::Changed);
    }
    let policy = customer.policy.changed_to(asked.settings, now);
    customers::service::set_policy(&mut tx, scope, id, &policy).await?;
    let (was, days) = (customer.policy.trust_days, policy.trust_days);
    session::service::devices::cut_short(&mut tx, scope, id, was, days).await?;
    let event = Event::new(now, What::PolicySet, Some(id)).by(actor.user).from(origin.address.clone());
    let old = customer.policy.settings();
    let event = old.differing(&asked.settings).into_iter().fold(event, |event, setting| {
        event.with(setting.as_str(), format!("{} → {}", old.value(setting), asked.settings.value(setting)))
    });
    audit::service::record(&mut tx, platform, event).await?;
    tx.commit().await?;
    Ok(Saved::Done)
}
