//! Bringing a file of tokens into the stock: read, sealed and held, looked at line by line, and then taken whole, in one
//! transaction, or not at all.

use std::collections::{HashMap, HashSet};

use super::import::{self, Found, Line, Problem};
use super::outcome::{ImportOutcome, ReadOutcome};
use super::service::{may_give, outside, record_refusal};
use super::store::{self, Import};
use crate::domain::audit::{Event, What};
use crate::domain::authority::{Actor, Right};
use crate::domain::ids::{CustomerId, TokenImportId};
use crate::domain::mail::Mail;
use crate::domain::method::MethodKind;
use crate::domain::time::{Span, Time};
use crate::domain::token::{IMPORT_LIFETIME, TokenAct, Untaken, serial_key};
use crate::domain::user::{Address, UserRef};
use crate::features::outbox::service::Letter;
use crate::features::session::service::{NewToken, Session};
use crate::features::stock::service::NewToken as NewHardware;
use crate::features::users::import::FileProblem;
use crate::features::{audit, customers, outbox, session, sign_in, stock, users};
use crate::platform::request::Origin;
use crate::platform::text::address_key;
use crate::platform::{Conn, Fault, Platform, Result};

/// How long it is remembered what came of a file.
const REPORT_KEPT: Span = Span::hours(30 * 24);

/// Reads a file and holds it, sealed, until it is confirmed.
///
/// # Errors
/// When the database fails.
pub async fn read(
    platform: &Platform,
    origin: &Origin,
    actor: &Actor,
    customer: CustomerId,
    bytes: Vec<u8>,
    key: String,
) -> Result<ReadOutcome> {
    if let Err(refusal) = outside(actor, customer) {
        record_refusal(platform, origin, actor, customer, "import_tokens", refusal.as_str()).await?;
        return Ok(ReadOutcome::Refused(refusal));
    }
    // A password is derived slowly, on purpose.
    let read = tokio::task::spawn_blocking(move || import::read(&bytes, &key)).await;
    let lines = match read.map_err(|_| Fault::Busy)? {
        Ok(lines) => lines,
        Err(problem) => return Ok(unread(&problem)),
    };
    let now = platform.now();
    let id = platform.rng.id(now, TokenImportId::new);
    let text = zeroize::Zeroizing::new(serde_json::to_vec(&lines).map_err(|_| Fault::Sealed)?);
    let sealed = platform.keys.seal(&platform.rng, &place(customer, id), &text);
    let mut tx = platform.db.begin().await?;
    store::insert(&mut tx, id, customer, actor.user, &sealed, now).await?;
    tx.commit().await?;
    Ok(ReadOutcome::Waits(id))
}

const fn unread(problem: &Problem) -> ReadOutcome {
    match problem {
        Problem::File(FileProblem::TooLarge) => ReadOutcome::TooLarge,
        Problem::File(FileProblem::Empty) | Problem::Nothing => ReadOutcome::Nothing,
        Problem::File(FileProblem::Encoding) => ReadOutcome::Encoding,
        Problem::File(FileProblem::Columns) => ReadOutcome::Columns,
        Problem::File(FileProblem::TwoColumns(_)) => ReadOutcome::TwoColumns,
        Problem::File(FileProblem::OpenQuote(line)) => ReadOutcome::OpenQuote(*line),
        Problem::Xml => ReadOutcome::Xml,
        Problem::Doctype => ReadOutcome::Doctype,
        Problem::NotPskc => ReadOutcome::NotPskc,
        Problem::KeyMissing => ReadOutcome::KeyMissing,
        Problem::KeyMalformed => ReadOutcome::KeyMalformed,
        Problem::Encryption => ReadOutcome::Encryption,
        Problem::NoMac => ReadOutcome::NoMac,
        Problem::WrongKey => ReadOutcome::WrongKey,
        Problem::TooMany => ReadOutcome::TooMany,
    }
}

/// Where a held file lies: sealed for one place, it opens in no other.
fn place(customer: CustomerId, id: TokenImportId) -> String {
    format!("token import {customer} {id}")
}

/// A line of a held file, weighed against what is there now.
pub struct Weighed {
    /// Where in the file it begins.
    pub number: u64,
    /// Its serial number, as far as there is one.
    pub serial: String,
    /// The token; none where nothing of it is taken.
    pub token: Option<Found>,
    /// Who gets it: who they are and what they are called.
    pub owner: Option<(UserRef, String)>,
    /// Why it does not come into the stock.
    pub untaken: Option<Untaken>,
    /// The line whose serial number it has again.
    pub same_as: Option<u64>,
}

/// A file, for whoever brought it and still may.
///
/// # Errors
/// When the database fails or the held file does not open.
pub async fn view(platform: &Platform, actor: &Actor, id: TokenImportId) -> Result<Option<(Import, Vec<Weighed>)>> {
    let mut conn = platform.db.read().await?;
    let Some(held) = held(&mut conn, platform, actor, id).await? else {
        return Ok(None);
    };
    let lines = weighed(&mut conn, platform, actor, &held).await?;
    Ok(Some((held, lines)))
}

async fn held(conn: &mut Conn, platform: &Platform, actor: &Actor, id: TokenImportId) -> Result<Option<Import>> {
    let import = store::get(conn, id).await?;
    let over = |import: &Import| import.confirmed_at.is_none() && platform.now() >= import.created_at + IMPORT_LIFETIME;
    let mine = |import: &Import| {
        import.requester() == actor.user && actor.scope(Right::Read).covers(import.customer_id) && !over(import)
    };
    Ok(import.filter(mine))
}

/// What would become of each line now.
async fn weighed(conn: &mut Conn, platform: &Platform, actor: &Actor, held: &Import) -> Result<Vec<Weighed>> {
    let Some(sealed) = &held.sealed else {
        return Ok(Vec::new());
    };
    let text = platform.keys.open(&place(held.customer_id, held.id), sealed)?;
    let lines: Vec<Line> = serde_json::from_slice(&text).map_err(|_| Fault::Sealed)?;
    let found = || lines.iter().filter_map(|line| line.token.as_ref().ok());
    let serials: Vec<String> = found().map(|token| token.serial.clone()).collect();
    let here: HashSet<String> = stock::service::here(conn, held.customer_id, &serials).await?.into_iter().collect();
    let addresses: Vec<Address> = found().filter_map(|token| token.owner.as_deref()?.parse().ok()).collect();
    let scope = actor.scope(Right::Read).narrowed(&[held.customer_id]);
    let people = users::service::life::at_home(conn, &scope, &addresses).await?;
    let people: HashMap<String, _> = people.into_iter().map(|user| (address_key(&user.address), user)).collect();
    let allowed = customers::service::allows(conn, held.customer_id, MethodKind::HardwareToken).await?;
    let weigh = |line: Line| {
        let mut weighed = Weighed {
            number: line.number,
            serial: line.serial,
            token: None,
            owner: None,
            untaken: None,
            same_as: line.same_as,
        };
        let judged = line.token.and_then(|token| {
            if here.contains(&serial_key(&token.serial)) {
                return Err(Untaken::Here);
            }
            let Some(owner) = &token.owner else {
                return Ok((token, None));
            };
            let address: Address = owner.parse().map_err(|_| Untaken::BadOwner)?;
            let user = people.get(&address_key(&address)).ok_or(Untaken::NoOwner)?;
            may_give(actor, user.user, user.role).map_err(|_| Untaken::OwnersOnly)?;
            if !allowed {
                return Err(Untaken::NotAllowed);
            }
            Ok((token, Some((user.user, user.name.clone()))))
        });
        match judged {
            Ok((token, owner)) => (weighed.token, weighed.owner) = (Some(token), owner),
            Err(why) => weighed.untaken = Some(why),
        }
        weighed
    };
    Ok(lines.into_iter().map(weigh).collect())
}

/// Takes a held file into the stock. Where it gives tokens to people, it asks for the own code.
///
/// # Errors
/// When the database fails or the held file does not open.
pub async fn confirm(
    platform: &Platform,
    origin: &Origin,
    session: &Session,
    id: TokenImportId,
    code: &str,
) -> Result<(ImportOutcome, Option<NewToken>)> {
    const CHANGE: &str = "import_tokens";
    let actor = &session.actor;
    let Some((import, lines)) = view(platform, actor, id).await? else {
        return Ok((ImportOutcome::Unknown, None));
    };
    if import.confirmed_at.is_some() {
        return Ok((ImportOutcome::Done, None));
    }
    if let Err(refusal) = outside(actor, import.customer_id) {
        record_refusal(platform, origin, actor, import.customer_id, CHANGE, refusal.as_str()).await?;
        return Ok((ImportOutcome::Refused(refusal), None));
    }
    let mut token = None;
    if lines.iter().any(|line| line.owner.is_some()) {
        token = match sign_in::service::prove(platform, origin, session, code, (CHANGE, &id.to_string())).await? {
            Ok(token) => Some(token),
            Err(problem) => return Ok((ImportOutcome::Code(problem), None)),
        };
    }
    let now = platform.now();
    let mut tx = platform.db.begin().await?;
    let scope = actor.scope(Right::Manage);
    let locked = customers::service::lock(&mut tx, &scope, import.customer_id).await?;
    users::service::lock(&mut tx, actor.user).await?;
    // Everything once more, under the locks: of two confirmations at once the second finds nothing left to do.
    let fresh = session::service::actor(&mut tx, actor.user, now).await?;
    let fresh = fresh.filter(|actor| locked.is_some() && outside(actor, import.customer_id).is_ok());
    let Some(actor) = fresh else {
        drop(tx);
        let refusal = crate::domain::authority::Refusal::NoRole;
        record_refusal(platform, origin, &session.actor, import.customer_id, CHANGE, refusal.as_str()).await?;
        return Ok((ImportOutcome::Refused(refusal), token));
    };
    let Some(held) = held(&mut tx, platform, &actor, id).await? else {
        return Ok((ImportOutcome::Unknown, token));
    };
    if held.confirmed_at.is_some() {
        return Ok((ImportOutcome::Done, token));
    }
    let lines = weighed(&mut tx, platform, &actor, &held).await?;
    if lines.iter().all(|line| line.token.is_none()) {
        return Ok((ImportOutcome::Nothing, token));
    }
    let Took { taken, left_out, assigned } =
        take(&mut tx, platform, &actor, held.customer_id, lines, token.is_some()).await?;
    store::confirm(&mut tx, id, taken, left_out, now).await?;
    let by = customers::service::introduced(&mut tx, &actor, held.customer_id).await?;
    let told = |(user, serial): &(UserRef, String)| Letter {
        user: *user,
        mail: Mail::TokenAssigned { at: now, serial: serial.clone(), by: by.clone() },
        link: None,
    };
    outbox::service::enqueue(&mut tx, platform, assigned.iter().map(told).collect()).await?;
    let event = Event::new(now, What::TokensImported, Some(held.customer_id)).by(actor.user);
    let event = event.from(origin.address.clone()).with("tokens", taken).with("left_out", left_out);
    let event = if assigned.is_empty() { event } else { event.with("assigned", assigned.len()) };
    let given = |(user, serial): &(UserRef, String)| {
        let event = Event::new(now, What::TokenAssigned, Some(held.customer_id)).by(actor.user).about(user.id);
        event.from(origin.address.clone()).with("token", serial)
    };
    let events = std::iter::once(event).chain(assigned.iter().map(given)).collect();
    audit::service::record_all(&mut tx, platform, events).await?;
    tx.commit().await?;
    Ok((ImportOutcome::Done, token))
}

/// What came of the lines of a file.
struct Took {
    taken: i64,
    left_out: i64,
    /// Who got which token, by its serial number.
    assigned: Vec<(UserRef, String)>,
}

/// Adds what can be taken. Whoever became an owner of a token only since the code was asked for gets it from the stock, by
/// hand.
async fn take(
    conn: &mut Conn,
    platform: &Platform,
    actor: &Actor,
    customer: CustomerId,
    lines: Vec<Weighed>,
    proved: bool,
) -> Result<Took> {
    let now = platform.now();
    let all = lines.len();
    let (mut new, mut owners) = (Vec::new(), Vec::new());
    for line in lines {
        let Some((token, secret)) = line.token.and_then(|token| token.secret().map(|secret| (token, secret))) else {
            continue;
        };
        let last = token.last();
        let Found { serial, maker, model, profile, .. } = token;
        new.push(NewHardware { serial, maker, model, profile, secret, last });
        owners.push(line.owner.filter(|_| proved));
    }
    let taken = new.len();
    let ids = stock::service::add(conn, platform, customer, actor.user, new).await?;
    let scope = actor.scope(Right::Manage).narrowed(&[customer]);
    let mut assigned = Vec::new();
    for (id, owner) in ids.into_iter().zip(owners) {
        let Some((user, _)) = owner else { continue };
        if let Some(token) = stock::service::by_id(conn, &scope, id).await? {
            stock::service::act(conn, &token, TokenAct::Assign, Some(user.id), actor.user, now).await?;
            assigned.push((user, token.serial));
        }
    }
    let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    Ok(Took { taken: count(taken), left_out: count(all - taken), assigned })
}

/// Forgets files that nobody confirmed in time, with their secrets, and old reports.
///
/// # Errors
/// When the database fails.
pub async fn sweep(platform: &Platform) -> Result<()> {
    let now = platform.now().unix_milliseconds();
    let before = |span: Span| Time::from_unix_milliseconds(now - span.as_milliseconds());
    let mut tx = platform.db.begin().await?;
    store::delete_old(&mut tx, before(IMPORT_LIFETIME), before(REPORT_KEPT)).await?;
    tx.commit().await
}
