//! The server functions of an account's beginning and end.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::authority::Refusal;
use crate::domain::ids::{CustomerId, UserId};
use crate::domain::sign_in::CodeProblem;
use crate::domain::time::Time;
use crate::domain::user::Standing;
use crate::features::session::api::{ApiError, Console};

#[cfg(feature = "ssr")]
use super::invite::{self, Invited, Invitee};
#[cfg(feature = "ssr")]
use super::service::{self, Change, Changed};
#[cfg(feature = "ssr")]
use crate::domain::authority::{Right, Role};
#[cfg(feature = "ssr")]
use crate::features::outbox::service::Delivery;
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::platform::cookies::Cookie;

/// A customer to which the reader may invite people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Which.
    pub id: CustomerId,
    /// Its name.
    pub name: String,
    /// Whether the reader may invite owners there.
    pub owners: bool,
}

/// The customers to which the reader may invite people, by name.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "accounts/choices")]
pub async fn choices() -> Result<Console<Vec<Choice>>, ApiError> {
    use crate::features::customers;
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let actor = &session.actor;
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let customers = customers::service::list(&mut conn, &actor.scope(Right::Manage)).await?;
    let choice = |customer: crate::domain::customer::Customer| Choice {
        owners: actor.may_invite(customer.id, Role::Owner).is_ok(),
        id: customer.id,
        name: customer.name,
    };
    let choices = customers.into_iter().map(choice).collect();
    Ok(request.console(&session, choices))
}

/// What came of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InviteOutcome {
    /// The mail is on its way to this new user.
    Invited(UserId),
    /// No name.
    NoName,
    /// Not an address.
    BadAddress,
    /// This address cannot be invited.
    CannotInvite,
    /// The own code was not taken.
    Code(CodeProblem),
    /// No authority for that.
    Refused(Refusal),
}

/// Invites one person. A role above member asks for the own code.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "accounts/invite")]
pub async fn invite(
    customer: CustomerId,
    name: String,
    address: String,
    role: String,
    #[server(default)] code: String,
) -> Result<InviteOutcome, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let role = role.parse::<Role>().map_err(|_| ApiError::NotUnderstood)?;
    let invitee = Invitee { customer, name: name.clone(), address: address.clone(), role, code };
    let outcome = match invite::invite(&request.platform, &request.origin, &session, &invitee).await? {
        Invited::Done(user, token) => {
            if let Some(token) = token {
                request.set_token(Cookie::Session, &token);
            }
            InviteOutcome::Invited(user)
        }
        Invited::NoName => InviteOutcome::NoName,
        Invited::BadAddress => InviteOutcome::BadAddress,
        Invited::CannotInvite => InviteOutcome::CannotInvite,
        Invited::Code(problem) => InviteOutcome::Code(problem),
        Invited::Refused(refusal) => InviteOutcome::Refused(refusal),
    };
    request.leave("invite", outcome, &[("name", &name), ("address", &address), ("role", role.as_str())]);
    request.go(&format!("/users/invite?customer={customer}"));
    Ok(outcome)
}

/// How the mail with an invitation fares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MailState {
    /// Not sent yet.
    Waiting,
    /// A mail server took it.
    Sent(Time),
    /// A mail server refused it for good, and said this.
    Bounced(String),
}

/// An invitation of somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationRow {
    /// When it was last issued.
    pub issued_at: Time,
    /// Until when it works.
    pub expires_at: Time,
    /// When it was opened since.
    pub opened_at: Option<Time>,
    /// Whether it has ended.
    pub ended: bool,
    /// How its newest mail fares; none when there is none.
    pub mail: Option<MailState>,
}

/// Somebody whose account may be changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountPage {
    /// Who.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Their home customer.
    pub customer: String,
    /// When they were removed. Then the rest is empty.
    pub removed_at: Option<Time>,
    /// Where mails go.
    pub address: String,
    /// Whether they can sign in.
    pub standing: Standing,
    /// How many authentication methods they have.
    pub methods: i64,
    /// How many backup codes are not spent.
    pub codes_left: i64,
    /// How many sessions they have.
    pub sessions: i64,
    /// In how many other customers they have a role.
    pub elsewhere: usize,
    /// Their invitation.
    pub invitation: Option<InvitationRow>,
    /// Before when no further invitation goes out.
    pub next_mail_at: Option<Time>,
    /// Why the reader may not change their account.
    pub refusal: Option<Refusal>,
}

/// Somebody's account; none for a user the reader may not see, whether there is one or not.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "accounts/account")]
pub async fn account(id: UserId) -> Result<Console<Option<AccountPage>>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let Some(view) = service::view(&request.platform, &session.actor, id).await? else {
        request.not_found();
        return Ok(request.console(&session, None));
    };
    let page = match view {
        service::View::Removed(gone) => AccountPage {
            id,
            name: gone.name,
            customer: gone.customer_name,
            removed_at: Some(gone.at),
            address: String::new(),
            standing: Standing::Suspended,
            methods: 0,
            codes_left: 0,
            sessions: 0,
            elsewhere: 0,
            invitation: None,
            next_mail_at: None,
            refusal: None,
        },
        service::View::Here { user, elsewhere, invitation, next_mail_at } => AccountPage {
            id,
            refusal: session.actor.may_manage(user.user, user.role).err(),
            name: user.name,
            customer: user.customer_name,
            removed_at: None,
            address: user.address.to_string(),
            standing: user.standing,
            methods: user.methods,
            codes_left: user.codes_left,
            sessions: user.sessions,
            elsewhere,
            invitation: invitation.map(|(invitation, delivery)| InvitationRow {
                issued_at: invitation.issued_at,
                expires_at: invitation.expires_at,
                opened_at: invitation.opened_at,
                ended: invitation.ended.is_some(),
                mail: delivery.map(|delivery| match delivery {
                    Delivery::Queued => MailState::Waiting,
                    Delivery::Sent(at) => MailState::Sent(at),
                    Delivery::Failed(_, why) => MailState::Bounced(why),
                }),
            }),
            next_mail_at,
        },
    };
    Ok(request.console(&session, Some(page)))
}

/// What came of a change to somebody's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountOutcome {
    /// It is so now.
    Done,
    /// It was so already.
    Already,
    /// Nobody whom the reader may see.
    NotHere,
    /// No authority for that.
    Refused(Refusal),
    /// This customer would be left without an owner who can sign in; none where the reader may not know its name.
    LastOwner(Option<String>),
    /// No further invitation before `until`.
    NotBefore {
        /// When the next one may go.
        until: Time,
        /// When this was said.
        now: Time,
    },
    /// The own code was not taken.
    Code(CodeProblem),
}

#[cfg(feature = "ssr")]
async fn change(id: UserId, what: Change, page: &str, code: &str) -> Result<AccountOutcome, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let now = request.platform.now();
    let outcome = match service::change(&request.platform, &request.origin, &session, id, what, code).await? {
        Changed::Done(token) => {
            if let Some(token) = token {
                request.set_token(Cookie::Session, &token);
            }
            AccountOutcome::Done
        }
        Changed::Already => AccountOutcome::Already,
        Changed::NotHere => AccountOutcome::NotHere,
        Changed::Refused(refusal) => AccountOutcome::Refused(refusal),
        Changed::LastOwner(customer) => AccountOutcome::LastOwner(customer),
        Changed::NotBefore(until) => AccountOutcome::NotBefore { until, now },
        Changed::Code(problem) => AccountOutcome::Code(problem),
    };
    request.leave(page, &outcome, &[]);
    request.go(&format!("/users/{id}/{page}"));
    Ok(outcome)
}

/// Sends somebody's invitation again; the older link is dead.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "accounts/invite_again")]
pub async fn invite_again(id: UserId) -> Result<AccountOutcome, ApiError> {
    change(id, Change::InviteAgain, "invitation", "").await
}

/// Keeps somebody out.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "accounts/suspend")]
pub async fn suspend(id: UserId) -> Result<AccountOutcome, ApiError> {
    change(id, Change::Suspend, "suspend", "").await
}

/// Lets somebody in again, as they stood before.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "accounts/reactivate")]
pub async fn reactivate(id: UserId) -> Result<AccountOutcome, ApiError> {
    change(id, Change::Reactivate, "suspend", "").await
}

/// Removes somebody, with the own code.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "accounts/remove")]
pub async fn remove(id: UserId, #[server(default)] code: String) -> Result<AccountOutcome, ApiError> {
    change(id, Change::Remove, "remove", &code).await
}
