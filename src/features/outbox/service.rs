//! Puts mails into the outbox, and says what became of those with links.

use std::collections::HashMap;

use super::store;
use crate::domain::address::Place;
use crate::domain::audit::{Event, What};
use crate::domain::ids::{CustomerId, LinkId, MailId, UserId};
use crate::domain::mail::Mail;
use crate::domain::time::{Span, Time};
use crate::domain::user::{Address, UserRef};
use crate::features::audit;
use crate::platform::{Conn, Platform, Result};

/// A mail to a user, at the address they have when it is sent.
#[derive(Clone, Debug)]
pub struct Letter {
    /// To whom.
    pub user: UserRef,
    /// What it says.
    pub mail: Mail,
    /// The recovery link it carries.
    pub link: Option<LinkId>,
}

/// Queues mails in the caller's transaction: if that rolls back, nobody hears of what did not happen. What its reader can say
/// was not them goes to their second address as well.
///
/// # Errors
/// When the database fails.
///
/// # Panics
/// Never: a mail is always JSON.
pub async fn enqueue(conn: &mut Conn, platform: &Platform, letters: Vec<Letter>) -> Result<()> {
    queue(conn, platform, letters, None).await
}

/// The same for one mail to an address that is not its user's own, or not for much longer.
///
/// # Errors
/// When the database fails.
pub async fn enqueue_to(conn: &mut Conn, platform: &Platform, letter: Letter, address: Address) -> Result<()> {
    queue(conn, platform, vec![letter], Some(address)).await
}

/// Has what waits for `user` go to the address that they had until now: it tells of what was done before another one.
///
/// # Errors
/// When the database fails.
pub async fn pin(conn: &mut Conn, user: UserRef, address: &Address) -> Result<()> {
    store::pin(conn, user, address).await
}

async fn queue(conn: &mut Conn, platform: &Platform, letters: Vec<Letter>, address: Option<Address>) -> Result<()> {
    let now = platform.now();
    let is_copied = |letter: &Letter| address.is_none() && letter.mail.goes_to_both();
    let told: Vec<UserRef> = letters.iter().filter(|letter| is_copied(letter)).map(|letter| letter.user).collect();
    let second = store::second_addresses(conn, &told).await?;
    let (mut rows, mut events) = (Vec::new(), Vec::new());
    for letter in letters {
        let row = store::NewRow {
            id: platform.rng.id(now, MailId::new),
            user: letter.user,
            mail: serde_json::to_string(&letter.mail).expect("a mail is always JSON"),
            channel: letter.mail.channel(),
            link: letter.link,
            address: address.clone(),
            copy_of: None,
        };
        let copy = second.get(&letter.user).filter(|_| is_copied(&letter)).map(|second| store::NewRow {
            id: platform.rng.id(now, MailId::new),
            address: Some(second.clone()),
            copy_of: Some(row.id),
            ..row.clone()
        });
        let queued = Event::new(now, What::MailQueued, Some(letter.user.customer)).about(letter.user.id);
        let queued = queued.with("mail", letter.mail.kind());
        events.extend(copy.iter().map(|_| queued.clone().with("to", Place::Second)));
        events.push(queued);
        rows.push(row);
        rows.extend(copy);
    }
    store::insert(conn, &rows, now).await?;
    audit::service::record_all(conn, platform, events).await
}

/// Makes the mails that still wait for `user` needless: all of them, or only those with links.
///
/// # Errors
/// When the database fails.
pub async fn supersede_waiting(conn: &mut Conn, platform: &Platform, user: UserRef, only_links: bool) -> Result<()> {
    store::supersede_waiting(conn, user, only_links, platform.now()).await
}

/// When mails with links went to these users of `customer` in the hour before `now`, or copies of them, which are counted
/// apart; the newest first. See [`next_link_at`](crate::domain::mail::next_link_at).
///
/// # Errors
/// When the database fails.
pub async fn links_sent(
    conn: &mut Conn,
    customer: CustomerId,
    users: &[UserId],
    copies: bool,
    now: Time,
) -> Result<Vec<(UserId, Time)>> {
    store::links_sent(conn, customer, users, copies, now - Span::hours(1)).await
}

/// When mails with `link` were queued for `user` since `since`, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn links_queued(conn: &mut Conn, user: UserRef, link: LinkId, since: Time) -> Result<Vec<Time>> {
    store::links_queued(conn, user, link, since).await
}

/// What the newest mail with this link said, as it was queued; none where there is none that can be read.
///
/// # Errors
/// When the database fails.
pub async fn newest_with(conn: &mut Conn, user: UserRef, link: LinkId) -> Result<Option<Mail>> {
    let newest = store::newest_with(conn, user, link).await?;
    Ok(newest.and_then(|mail| serde_json::from_str(&mail).ok()))
}

/// A mail as it was queued.
#[derive(Clone, Debug)]
pub struct Notice {
    /// To whom.
    pub user: UserRef,
    /// What it said.
    pub mail: Mail,
    /// When it was queued.
    pub written_at: Time,
}

/// The mail with this id; none where there is none that can be read.
///
/// # Errors
/// When the database fails.
pub async fn notice(conn: &mut Conn, id: MailId) -> Result<Option<Notice>> {
    Ok(store::get(conn, id).await?.and_then(|row| {
        let mail = serde_json::from_str(&row.mail).ok()?;
        let user = UserRef { customer: row.customer_id, id: row.user_id };
        Some(Notice { user, mail, written_at: row.created_at })
    }))
}

/// What became of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Not sent yet; it is tried until it is.
    Queued,
    /// A mail server took it.
    Sent(Time),
    /// A mail server refused it for good, at once or later, and said this.
    Failed(Time, String),
}

/// What became of the newest mail with each of these links. A link whose mail a newer one made needless is not there.
///
/// # Errors
/// When the database fails.
pub async fn delivery_of(conn: &mut Conn, links: &[LinkId]) -> Result<HashMap<LinkId, Delivery>> {
    let rows = store::by_links(conn, links).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            // What a server had taken may still come back.
            let delivery = match (row.failed_at, row.sent_at) {
                (Some(at), _) => Delivery::Failed(at, row.last_error.unwrap_or_default()),
                (None, Some(at)) => Delivery::Sent(at),
                (None, None) => Delivery::Queued,
            };
            (row.link_id, delivery)
        })
        .collect())
}
