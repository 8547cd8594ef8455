//! How one mail or message is put together and sent, or why it is not, now or ever.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::super::bounce;
use super::super::mailbox::DevMail;
use super::super::message::{Heads, Unsendable, address_in, message, sender};
use super::super::render::{Recipient, Rendered, Way, html_of, locale_of, message_to_phone, render, zone_of};
use super::super::service;
use super::super::store::Leased;
use super::super::store::sending::{self as store, Addressed, Texted};
use super::super::transport::{Sending, Transport};
use crate::domain::address::gets_links;
use crate::domain::ids::{ChallengeId, PhoneCodeId};
use crate::domain::mail::{Mail, next_link_at};
use crate::domain::phone::CODE_LIFETIME;
use crate::domain::recovery::End;
use crate::domain::time::Time;
use crate::platform::{Platform, Result, phone};

/// What came of sending one.
pub(super) enum Outcome {
    Sent,
    /// A newer mail is on its way, or the user is back in already.
    Superseded,
    /// This user had enough mails for now.
    NotYet(Time),
    /// This mail does not get through now.
    NotNow(String),
    /// This mail will never get through.
    Refused(String),
    /// No mail gets through now.
    Unreachable(String),
    /// Somebody else has the mail by now.
    LeaseLost,
}

/// Puts one together and hands it over, as its row, its user and its link are now.
pub(super) async fn send(platform: &Platform, transport: &Transport, row: &Leased, until: Time) -> Result<Outcome> {
    let mut conn = platform.db.read().await?;
    let Ok(mail) = serde_json::from_str::<Mail>(&row.mail) else {
        return Ok(Outcome::Refused("the stored mail is not readable".to_owned()));
    };
    if let Mail::PhoneCode { code } = mail {
        let texted = store::texted(&mut conn, row.id, code, until).await?;
        drop(conn);
        return match texted {
            Some(texted) => text(platform, transport, row, code, texted).await,
            None => Ok(Outcome::LeaseLost),
        };
    }
    let Some(to) = store::addressed(&mut conn, row.id, until).await? else {
        return Ok(Outcome::LeaseLost);
    };
    let way = match &mail {
        Mail::Reset { generation, .. } => match way_of(platform, row, &to, *generation) {
            Err(outcome) => return Ok(outcome),
            Ok(way) => {
                let sent = service::links_sent(
                    &mut conn,
                    row.customer_id,
                    &[row.user_id],
                    row.copy_of.is_some(),
                    platform.now(),
                )
                .await?;
                let sent: Vec<Time> = sent.into_iter().map(|(_, at)| at).collect();
                if let Some(at) = next_link_at(&sent).filter(|at| *at > platform.now()) {
                    return Ok(Outcome::NotYet(at));
                }
                Some(way)
            }
        },
        Mail::Invitation { generation, .. } => match way_in(platform, row, &to, *generation) {
            Err(outcome) => return Ok(outcome),
            Ok(way) => Some(way),
        },
        Mail::NewPassword { challenge, key_id, expires_at, .. } => {
            let lives = store::challenge_lives(&mut conn, row.user(), *challenge).await?;
            match way_on(platform, row, "/new-password", (*challenge, key_id), *expires_at, lives) {
                Err(outcome) => return Ok(outcome),
                Ok(way) => Some(way),
            }
        }
        Mail::NewAddress { challenge, key_id, expires_at, .. } => {
            let lives = store::challenge_lives(&mut conn, row.user(), *challenge).await?;
            match way_on(platform, row, "/address", (*challenge, key_id), *expires_at, lives) {
                Err(outcome) => return Ok(outcome),
                Ok(way) => Some(way),
            }
        }
        // Its reader is to know of the change, however late.
        Mail::AddressLost { change, until, .. } => until.filter(|until| platform.now() < *until).map(|until| {
            let token = platform.keys.undo_address_token(*change, row.user());
            Way::Link(platform.config.absolute(&format!("/address/undo/{token}")), until)
        }),
        Mail::Disowned { user, .. } => Some(Way::Page(platform.config.absolute(&format!("/users/{user}")))),
        Mail::ApprovalAsked { reset, .. }
        | Mail::ApprovalDecided { reset, .. }
        | Mail::ApprovalOver { reset, .. }
        | Mail::PeopleBack { reset, .. } => Some(Way::Page(platform.config.absolute(&format!("/resets/{reset}")))),
        Mail::AuthenticatorAdded { .. }
        | Mail::MethodAdded { .. }
        | Mail::MethodRemoved { .. }
        | Mail::TokenAssigned { .. }
        | Mail::PasskeyCopied { .. }
        | Mail::PhoneCode { .. }
        | Mail::PasswordChanged { .. }
        | Mail::CallerCodeMade { .. }
        | Mail::CallerCodeUsed { .. }
        | Mail::NewPasswordHelp { .. }
        | Mail::PasswordSet { .. }
        | Mail::DeviceTrusted { .. }
        | Mail::Frozen { .. }
        | Mail::AddressChanged { .. }
        | Mail::AddressRestored { .. }
        | Mail::SecondAddress { .. }
        | Mail::BackupCodesMade { .. }
        | Mail::BackupCodeUsed { .. }
        | Mail::RoleGiven { .. }
        | Mail::RoleEnded { .. }
        | Mail::Suspended { .. }
        | Mail::Reactivated { .. }
        | Mail::Removed { .. } => None,
    };
    drop(conn);
    let not_me = mail.may_be_disowned().then(|| {
        let token = platform.keys.not_me_token(row.id, row.user());
        platform.config.absolute(&format!("/not-me/{token}"))
    });
    let zone = zone_of(to.zone.as_deref(), platform.now());
    let put_together = || -> Result<_, Unsendable> {
        let recipient = Recipient {
            name: &to.name,
            customer: &to.customer_name,
            help_desk: to.help_desk.as_deref(),
            locale: locale_of(to.language.as_deref()),
            zone: &zone,
            not_me: not_me.as_deref(),
        };
        let rendered = render(&mail, &recipient, way).map_err(|_| Unsendable::Message)?;
        let heads = Heads {
            id: row.id,
            at: platform.now(),
            host: &platform.config.host(),
            sender: sender(&platform.config.mail_from()).ok_or(Unsendable::Message)?,
            sender_name: &to.customer_name,
            bounces: transport.bounces().and_then(|bounces| bounce::sender(platform, bounces, row.id)),
            help_desk: to.help_desk.as_deref().and_then(address_in),
            to: &to.address,
            to_name: &to.name,
        };
        Ok((message(&heads, &rendered)?, rendered))
    };
    // No row may stop the worker, whatever lies in it.
    let (message, rendered) = match catch_unwind(AssertUnwindSafe(put_together)) {
        Ok(Ok(both)) => both,
        Ok(Err(error)) => return Ok(Outcome::Refused(error.to_string())),
        Err(_) => return Ok(Outcome::Refused(Unsendable::Message.to_string())),
    };
    let copy = || copy(platform, row, &to, rendered);
    Ok(transport.send(&message, copy).await.into())
}

impl From<Sending> for Outcome {
    fn from(sending: Sending) -> Self {
        match sending {
            Sending::Sent => Self::Sent,
            Sending::Refused(error) => Self::Refused(error),
            Sending::NotNow(error) => Self::NotNow(error),
            Sending::Unreachable(error) => Self::Unreachable(error),
        }
    }
}

/// Sends a code to a phone, while it counts.
async fn text(
    platform: &Platform,
    transport: &Transport,
    row: &Leased,
    code: PhoneCodeId,
    texted: Texted,
) -> Result<Outcome> {
    let (Some(sealed), Some(key_id), Some(asked_at)) = (texted.number, texted.key_id, texted.asked_at) else {
        return Ok(Outcome::Refused("the code ran out before it could be sent".to_owned()));
    };
    if texted.used_at.is_some() {
        return Ok(Outcome::Superseded);
    }
    if platform.now() >= asked_at + CODE_LIFETIME {
        return Ok(Outcome::Refused("the code ran out before it could be sent".to_owned()));
    }
    let Some(digits) = platform.keys.phone_code(&key_id, code, row.user()) else {
        return Ok(Outcome::NotNow("the key of the code is missing".to_owned()));
    };
    let Ok(number) = phone::open(&platform.keys, &phone::code_place(code), &sealed) else {
        return Ok(Outcome::Refused("the number does not open".to_owned()));
    };
    let message = message_to_phone(locale_of(texted.language.as_deref()), &digits, &platform.config.host());
    let copy = || DevMail {
        number: 0,
        id: format!("<{}@{}>", row.id, platform.config.host()),
        at: platform.now(),
        from: platform.config.host(),
        to: number.e164(),
        subject: "Text message".to_owned(),
        html: html_of(&message),
        text: message.clone(),
    };
    Ok(transport.text(&number, &message, copy).await.into())
}

/// Where the button leads, as the link is now; or what to do with the mail instead.
fn way_of(platform: &Platform, row: &Leased, to: &Addressed, generation: i64) -> Result<Way, Outcome> {
    let sign_in = || Way::SignIn(platform.config.absolute("/sign-in"));
    let (Some(link), Some(current), Some(key_id), Some(expires_at)) =
        (to.link_id, to.generation, to.key_id.as_deref(), to.expires_at)
    else {
        return Ok(sign_in());
    };
    // A mailbox that is theirs no more, or not for long, hears of the reset and gets no link.
    if row.copy_of.is_some() {
        let is_theirs = to.second_address.as_ref() == Some(&to.address);
        if !is_theirs || !to.second_verified_at.is_some_and(|at| gets_links(at, platform.now())) {
            return Ok(sign_in());
        }
    }
    match to.ended_how {
        // Nothing follows a link that was taken back, and the user must still hear of the reset.
        Some(End::Revoked | End::Disowned | End::AddressChanged) => return Ok(sign_in()),
        Some(End::Completed | End::CompletedAtSignIn | End::Superseded) => return Err(Outcome::Superseded),
        None if current != generation => return Err(Outcome::Superseded),
        None if platform.now() >= expires_at => return Ok(sign_in()),
        None => {}
    }
    // Without its key the link cannot be written. The operator can bring the key back, so the mail waits.
    let token = platform.keys.link_token(key_id, link, row.user(), current);
    let token = token.ok_or_else(|| Outcome::NotNow("the key of the link is missing".to_owned()))?;
    Ok(Way::Link(platform.config.absolute(&format!("/recover/{token}")), expires_at))
}

/// The same for an invitation, whose mails are counted when they are asked for. Nothing follows one that has ended.
fn way_in(platform: &Platform, row: &Leased, to: &Addressed, generation: i64) -> Result<Way, Outcome> {
    let (Some(link), Some(current), Some(key_id), Some(until)) =
        (to.link_id, to.invited_generation, to.invited_key_id.as_deref(), to.invited_until)
    else {
        return Err(Outcome::Superseded);
    };
    if to.invited_ended_at.is_some() || current != generation {
        return Err(Outcome::Superseded);
    }
    if platform.now() >= until {
        return Err(Outcome::Refused("the invitation ran out before its mail could be sent".to_owned()));
    }
    let token = platform.keys.invitation_token(key_id, link, row.user(), current);
    let token = token.ok_or_else(|| Outcome::NotNow("the key of the invitation is missing".to_owned()))?;
    Ok(Way::Link(platform.config.absolute(&format!("/invitation/{token}")), until))
}

/// The same for a way that goes on by the link, at a page: its mails are counted when they are asked for.
fn way_on(
    platform: &Platform,
    row: &Leased,
    page: &str,
    (challenge, key_id): (ChallengeId, &str),
    until: Time,
    lives: bool,
) -> Result<Way, Outcome> {
    if platform.now() >= until {
        return Err(Outcome::Refused("the link ran out before its mail could be sent".to_owned()));
    }
    if !lives {
        return Err(Outcome::Superseded);
    }
    let token = platform.keys.mailed_token(key_id, challenge, row.user());
    let token = token.ok_or_else(|| Outcome::NotNow("the key of the link is missing".to_owned()))?;
    Ok(Way::Link(platform.config.absolute(&format!("{page}/{token}")), until))
}

fn copy(platform: &Platform, row: &Leased, to: &Addressed, rendered: Rendered) -> DevMail {
    DevMail {
        number: 0,
        id: format!("<{}@{}>", row.id, platform.config.host()),
        at: platform.now(),
        from: format!("{} <{}>", to.customer_name, platform.config.mail_from()),
        to: to.address.to_string(),
        subject: rendered.subject,
        text: rendered.text,
        html: rendered.html,
    }
}
