//! Inviting people: the account and the mail with the link come together, or not at all.

use super::service::record_refusal;
use crate::domain::audit::{Event, What};
use crate::domain::authority::{Actor, Refusal, Right, Role};
use crate::domain::ids::{CustomerId, UserId};
use crate::domain::mail::Mail;
use crate::domain::sign_in::CodeProblem;
use crate::domain::user::{Address, UserRef, clean_name};
use crate::features::outbox::service::Letter;
use crate::features::session::service::{NewToken, Session};
use crate::features::users::service::NewUser;
use crate::features::{audit, customers, invitation, outbox, session, sign_in, users};
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result};

/// Somebody to invite, as it was typed.
#[derive(Clone, Debug)]
pub struct Invitee {
    /// To which customer.
    pub customer: CustomerId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub address: String,
    /// Their role.
    pub role: Role,
    /// The own code of whoever invites; asked for above a member.
    pub code: String,
}

/// What came of an invitation.
pub enum Invited {
    /// The mail is on its way. Where a code was asked for, the session has a new token.
    Done(UserId, Option<NewToken>),
    /// No name.
    NoName,
    /// Not an address.
    BadAddress,
    /// This address cannot be invited: somebody has it, here or elsewhere, and nobody learns where.
    CannotInvite,
    /// The code was not taken.
    Code(CodeProblem),
    /// No authority for that.
    Refused(Refusal),
}

/// Invites one person: the account and the mail with the link come together, or not at all.
///
/// # Errors
/// When the database fails.
pub async fn invite(platform: &Platform, origin: &Origin, session: &Session, invitee: &Invitee) -> Result<Invited> {
    let refused = |refusal: Refusal| record_refusal(platform, origin, session.actor.user, "invite", refusal.as_str());
    if let Err(refusal) = session.actor.may_invite(invitee.customer, invitee.role) {
        refused(refusal).await?;
        return Ok(Invited::Refused(refusal));
    }
    let name = clean_name(&invitee.name);
    if name.is_empty() {
        return Ok(Invited::NoName);
    }
    let Ok(address) = invitee.address.parse::<Address>() else {
        return Ok(Invited::BadAddress);
    };
    let own = std::slice::from_ref(&address);
    if !users::service::taken(&mut *platform.db.read().await?, own).await?.is_empty() {
        return Ok(Invited::CannotInvite);
    }
    let mut token = None;
    if invitee.role != Role::Member {
        token =
            match sign_in::service::prove(platform, origin, session, &invitee.code, ("invite", invitee.role.as_str()))
                .await?
            {
                Ok(token) => Some(token),
                Err(code) => return Ok(Invited::Code(code)),
            };
    }
    let now = platform.now();
    let mut tx = platform.db.begin().await?;
    let locked = customers::service::lock(&mut tx, &session.actor.scope(Right::Manage), invitee.customer).await?;
    users::service::lock(&mut tx, session.actor.user).await?;
    let actor = session::service::actor(&mut tx, session.actor.user, now).await?;
    let allowed = actor.as_ref().map_or(Err(Refusal::NoRole), |actor| actor.may_invite(invitee.customer, invitee.role));
    let actor = match (actor, allowed) {
        (Some(actor), Ok(())) if locked.is_some() => actor,
        (_, allowed) => {
            drop(tx);
            let refusal = allowed.err().unwrap_or(Refusal::NoRole);
            refused(refusal).await?;
            return Ok(Invited::Refused(refusal));
        }
    };
    let person = (name, address, invitee.role);
    match invite_all(&mut tx, platform, origin.address.clone(), &actor, invitee.customer, vec![person]).await {
        Ok(added) => {
            tx.commit().await?;
            Ok(added.first().map_or(Invited::CannotInvite, |user| Invited::Done(user.id, token)))
        }
        // Whoever took the address at the same moment, anywhere, was faster.
        Err(fault) if fault.is_taken() => Ok(Invited::CannotInvite),
        Err(fault) => Err(fault),
    }
}

/// Adds these people to `customer` and queues their mails. The caller holds the customer's lock and has asked about
/// authority.
///
/// # Errors
/// When the database fails; [`crate::platform::Fault::is_taken`] when one of the addresses is somebody's.
pub(super) async fn invite_all(
    conn: &mut Conn,
    platform: &Platform,
    from: Option<String>,
    actor: &Actor,
    customer: CustomerId,
    people: Vec<(String, Address, Role)>,
) -> Result<Vec<UserRef>> {
    let new: Vec<NewUser> = people
        .into_iter()
        .map(|(name, address, role)| NewUser {
            name,
            address,
            // Known once the link that goes there comes back.
            address_verified_at: None,
            password_hash: None,
            suspended: false,
            last_sign_in_at: None,
            role,
        })
        .collect();
    let users = users::service::add(conn, platform, customer, &new).await?;
    send(conn, platform, from, actor, customer, &users).await?;
    Ok(users)
}

/// Issues and mails invitations to users of one customer. Whether `actor` may is for the caller to know.
///
/// # Errors
/// When the database fails.
pub async fn send(
    conn: &mut Conn,
    platform: &Platform,
    from: Option<String>,
    actor: &Actor,
    customer: CustomerId,
    users: &[UserRef],
) -> Result<()> {
    let now = platform.now();
    let by = customers::service::introduced(conn, actor, customer).await?;
    let issued = invitation::service::issue(conn, platform, users).await?;
    let letter = |issued: &invitation::service::Issued| Letter {
        user: issued.user,
        link: Some(issued.link),
        mail: Mail::Invitation {
            link: issued.link,
            generation: issued.generation,
            expires_at: issued.expires_at,
            at: now,
            by: by.clone(),
        },
    };
    outbox::service::enqueue(conn, platform, issued.iter().map(letter).collect()).await?;
    let event = |issued: &invitation::service::Issued| {
        let event = Event::new(now, What::UserInvited, Some(customer)).by(actor.user).about(issued.user.id);
        event.from(from.clone()).with("time", issued.generation)
    };
    audit::service::record_all(conn, platform, issued.iter().map(event).collect()).await
}
