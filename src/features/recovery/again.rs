//! A link sent again because its user asks for it: at the sign-in page, after the right password, where nobody sets up again
//! without the link. The page holds a sealed request that is good for one time and ten minutes; nothing is stored for it.
//! Whoever is not helped by that asks their administrators, in `help`.

use super::links::renew;
use super::{service, store};
use crate::domain::audit::{Event, What};
use crate::domain::ids::{CustomerId, LinkId, UserId};
use crate::domain::invitation::{MAIL_WINDOW, next_mail_at};
use crate::domain::mail::Mail;
use crate::domain::recovery::{Fate, may_ask_for_help};
use crate::domain::sign_in::SIGN_IN_LIFETIME;
use crate::domain::time::Time;
use crate::domain::user::UserRef;
use crate::features::outbox::service::{Delivery, Letter};
use crate::features::{audit, outbox, users};
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result};

const PLACE: &str = "link again";
pub(super) const HELP: &str = "link help";

/// What somebody with the right password is told who needs the link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkRequired {
    /// Where the mail with the link goes, masked.
    pub masked: String,
    /// Their customer's name.
    pub customer: String,
    /// Its help desk.
    pub help_desk: Option<String>,
    /// When the newest mail was sent; none as long as it waits, came back, or there is none.
    pub sent_at: Option<Time>,
    /// With this the link can be sent again; none where there is none, since it was taken back.
    pub again: Option<String>,
    /// What became of their newest link; none where they never had one.
    pub fate: Option<Fate>,
}

/// What became of the newest link of `user`, who gave the right password a moment ago; none where they never had one, or where
/// it is long over.
///
/// # Errors
/// When the database fails.
pub async fn fate(conn: &mut Conn, platform: &Platform, user: UserRef) -> Result<Option<Fate>> {
    Ok(store::newest_of(conn, user).await?.and_then(|row| fate_of(platform, user, &row)))
}

fn fate_of(platform: &Platform, user: UserRef, row: &store::Row) -> Option<Fate> {
    let now = platform.now();
    let link = service::facts(row);
    link.may_be_come_from(now).then(|| Fate {
        state: link.state(now),
        ended_at: row.ended_at,
        help: may_ask_for_help(row.help_asked_at, now).then(|| seal(platform, HELP, user, row)),
        help_asked_at: row.help_asked_at,
        now,
    })
}

/// What a user is told at sign-in who needs the link. The caller holds their lock.
///
/// # Errors
/// When the database fails.
pub async fn required(
    conn: &mut Conn,
    platform: &Platform,
    locked: &users::service::Locked,
) -> Result<Option<LinkRequired>> {
    let user = locked.user;
    let Some(customer) = users::service::home(conn, user).await? else {
        return Ok(None);
    };
    let newest = store::newest_of(conn, user).await?;
    let fate = newest.as_ref().and_then(|row| fate_of(platform, user, row));
    let open = newest.filter(|row| row.ended_at.is_none());
    let sent_at = match &open {
        Some(row) => match outbox::service::delivery_of(conn, &[row.id]).await?.remove(&row.id) {
            Some(Delivery::Sent(at)) => Some(at),
            Some(Delivery::Queued | Delivery::Failed(..)) | None => None,
        },
        None => None,
    };
    let again = open.map(|row| seal(platform, PLACE, user, &row));
    let (masked, help_desk) = (locked.address.masked(), customer.help_desk);
    Ok(Some(LinkRequired { masked, customer: customer.name, help_desk, sent_at, again, fate }))
}

/// What a sealed request is about.
pub(super) struct Asked {
    pub user: UserRef,
    pub link: LinkId,
    pub generation: i64,
}

/// Seals a request about a link of `user`'s, good for ten minutes at one `place`.
fn seal(platform: &Platform, place: &str, user: UserRef, row: &store::Row) -> String {
    let until = (platform.now() + SIGN_IN_LIFETIME).unix_milliseconds();
    let request = format!("{} {} {} {} {until}", user.customer, user.id, row.id, row.generation);
    platform.keys.seal(&platform.rng, place, request.as_bytes())
}

/// What a sealed request asks for, while it is good.
pub(super) fn read(platform: &Platform, place: &str, sealed: &str) -> Option<Asked> {
    let opened = platform.keys.open(place, sealed).ok()?;
    let text = std::str::from_utf8(&opened).ok()?;
    let mut parts = text.split(' ');
    let customer: CustomerId = parts.next()?.parse().ok()?;
    let id: UserId = parts.next()?.parse().ok()?;
    let link = parts.next()?.parse().ok()?;
    let generation = parts.next()?.parse().ok()?;
    let until = Time::from_unix_milliseconds(parts.next()?.parse().ok()?);
    (platform.now() < until).then_some(Asked { user: UserRef { customer, id }, link, generation })
}

/// What came of asking for the link again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Again {
    /// It is on its way. The one before it is dead.
    OnItsWay(LinkRequired),
    /// The mail before it is still on its way: nothing was done.
    Already(LinkRequired),
    /// No further mail before this moment: there were too many.
    NotBefore(Time, LinkRequired),
    /// The request was used, or is no good any more.
    Over,
}

/// Sends the link again to whoever gave the right password a moment ago. The token before it is dead, and so is every set-up
/// that it led to.
///
/// # Errors
/// When the database fails.
pub async fn send(platform: &Platform, origin: &Origin, sealed: &str) -> Result<Again> {
    let now = platform.now();
    let Some(asked) = read(platform, PLACE, sealed) else {
        return Ok(Again::Over);
    };
    let user = asked.user;
    let mut tx = platform.db.begin().await?;
    let Some(locked) = users::service::lock(&mut tx, user).await? else {
        return Ok(Again::Over);
    };
    let row = store::open_of(&mut tx, user).await?;
    let is_same = row.is_some_and(|row| (row.id, row.generation) == (asked.link, asked.generation));
    let Some(customer) = users::service::home(&mut tx, user).await? else {
        return Ok(Again::Over);
    };
    let only_link = locked.password_by_mail || customer.policy.link_required();
    if !is_same || !locked.may_recover() || !locked.set_up_due || !only_link {
        return Ok(Again::Over);
    }
    let Some(told) = required(&mut tx, platform, &locked).await? else {
        return Ok(Again::Over);
    };
    let delivery = outbox::service::delivery_of(&mut tx, &[asked.link]).await?.remove(&asked.link);
    if delivery == Some(Delivery::Queued) {
        return Ok(Again::Already(told));
    }
    let queued = outbox::service::links_queued(&mut tx, user, asked.link, now - MAIL_WINDOW).await?;
    if let Some(at) = next_mail_at(&queued, now) {
        return Ok(Again::NotBefore(at, told));
    }
    let before = outbox::service::newest_with(&mut tx, user, asked.link).await?;
    let Some(issued) = renew(&mut tx, platform, &customer, &[asked.link]).await?.pop() else {
        return Ok(Again::Over);
    };
    // The mail of the reset once more, with the link as it is now.
    let Some(Mail::Reset { reset_at, requester, reason, ticket, .. }) = before else {
        return Ok(Again::Over);
    };
    let (link, generation, expires_at) = (issued.link, issued.generation, issued.expires_at);
    let mail = Mail::Reset { link, generation, expires_at, reset_at, requester, reason, ticket, reminder: false };
    outbox::service::enqueue(&mut tx, platform, vec![Letter { user, mail, link: Some(link) }]).await?;
    let event = Event::new(now, What::LinkRenewed, Some(user.customer)).by(user).about(user.id);
    audit::service::record(&mut tx, platform, event.from(origin.address.clone()).with("at", "sign_in")).await?;
    let told = required(&mut tx, platform, &locked).await?.unwrap_or(told);
    tx.commit().await?;
    Ok(Again::OnItsWay(told))
}
