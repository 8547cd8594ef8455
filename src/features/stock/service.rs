//! What comes into the stock, what becomes of it, and whether a code is right. Who may do what to it is decided above.

use super::store;
pub use super::store::Asked;
use crate::domain::authority::Scope;
use crate::domain::ids::{CustomerId, TokenId, UserId};
use crate::domain::time::Time;
use crate::domain::token::{Facts, TokenAct, TokenState, serial_key};
use crate::domain::totp::{Profile, Step};
use crate::domain::user::{UserRef, clean_name};
use crate::platform::text::{like_anywhere, name_key};
use crate::platform::totp::OathSecret;
use crate::platform::{Conn, Fault, Platform, Result};

/// How many tokens are on a page of the list.
pub const PAGE: i64 = 50;

/// A token, without its secret.
#[derive(Clone)]
pub struct Token {
    /// Whose stock it belongs to.
    pub customer: CustomerId,
    /// That customer's name.
    pub customer_name: String,
    /// Which.
    pub id: TokenId,
    /// Its serial number.
    pub serial: String,
    /// Who made it.
    pub maker: Option<String>,
    /// What they call it.
    pub model: Option<String>,
    /// How its codes are made.
    pub profile: Profile,
    /// When it came.
    pub added_at: Time,
    /// Whose it is, and their name.
    pub holder: Option<(UserRef, String)>,
    /// What its row says.
    pub facts: Facts,
    row: store::Row,
}

impl Token {
    fn of(row: store::Row) -> Result<Self> {
        let holder = row.user_id.map(|id| UserRef { customer: row.customer_id, id });
        Ok(Self {
            customer: row.customer_id,
            customer_name: row.customer_name.clone(),
            id: row.id,
            serial: row.serial.clone(),
            maker: row.maker.clone(),
            model: row.model.clone(),
            profile: row.profile()?,
            added_at: row.added_at,
            holder: holder.zip(row.user_name.clone()),
            facts: row.facts(),
            row,
        })
    }
}

fn all(rows: Vec<store::Row>) -> Result<Vec<Token>> {
    rows.into_iter().map(Token::of).collect()
}

/// A token that comes into the stock.
pub struct NewToken {
    /// Its serial number.
    pub serial: String,
    /// Who made it.
    pub maker: Option<String>,
    /// What they call it.
    pub model: Option<String>,
    /// How its codes are made.
    pub profile: Profile,
    /// What they are made from.
    pub secret: OathSecret,
    /// The last step or counter that counts no more.
    pub last: Step,
}

/// Puts tokens into the stock of `customer`; their serial numbers must be new there: see [`here`].
///
/// # Errors
/// When the database fails, a serial number that is there included.
pub async fn add(
    conn: &mut Conn,
    platform: &Platform,
    customer: CustomerId,
    by: UserRef,
    new: Vec<NewToken>,
) -> Result<Vec<TokenId>> {
    let now = platform.now();
    let rows: Vec<store::New> = new
        .into_iter()
        .map(|new| {
            let id = platform.rng.id(now, TokenId::new);
            store::New {
                id,
                serial_key: serial_key(&new.serial),
                serial: new.serial,
                maker: new.maker,
                model: new.model,
                profile: new.profile,
                secret: platform.keys.seal(&platform.rng, &place(customer, id), new.secret.bytes()),
                last: new.last,
            }
        })
        .collect();
    store::insert(conn, customer, by, &rows, now).await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Which of these serial numbers are in the customer's stock already, as they are compared.
///
/// # Errors
/// When the database fails.
pub async fn here(conn: &mut Conn, customer: CustomerId, serials: &[String]) -> Result<Vec<String>> {
    let keys: Vec<String> = serials.iter().map(|serial| serial_key(serial)).collect();
    store::here(conn, customer, &keys).await
}

/// What a list of the stock is asked for: part of a serial number or a holder's name, and a state.
#[must_use]
pub fn asked(search: &str, state: Option<TokenState>) -> Asked {
    let search = clean_name(search);
    if search.is_empty() {
        return Asked { state, ..Asked::default() };
    }
    // A search of signs alone finds no serial number, rather than every one.
    let serial = Some(serial_key(&search)).filter(|key| !key.is_empty()).unwrap_or_else(|| search.clone());
    Asked { serial: Some(like_anywhere(&serial)), holder: Some(like_anywhere(&name_key(&search))), state }
}

/// A page of the stock, by serial number, and where the next one begins.
///
/// # Errors
/// When the database fails.
pub async fn page(
    conn: &mut Conn,
    scope: &Scope,
    asked: &Asked,
    after: Option<&str>,
) -> Result<(Vec<Token>, Option<String>)> {
    let cursor = after.and_then(|after| {
        let (key, id) = after.rsplit_once(' ')?;
        Some((key, id.parse::<TokenId>().ok()?)).filter(|_| !key.contains('\0'))
    });
    let mut rows = store::page(conn, scope, asked, cursor, PAGE + 1).await?;
    let full = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let more = rows.len() > full;
    rows.truncate(full);
    let next = more.then(|| rows.last().map(|row| format!("{} {}", row.serial_key, row.id))).flatten();
    Ok((all(rows)?, next))
}

/// How many tokens there are of each state.
///
/// # Errors
/// When the database fails.
pub async fn counts(conn: &mut Conn, scope: &Scope, asked: &Asked) -> Result<Vec<(TokenState, i64)>> {
    let counted = store::counts(conn, scope, asked).await?;
    let of =
        |state: &TokenState| counted.iter().find(|(name, _)| name == state.as_str()).map_or(0, |(_, count)| *count);
    Ok(TokenState::ALL.iter().map(|state| (*state, of(state))).collect())
}

/// A token of a customer in `scope`.
///
/// # Errors
/// When the database fails.
pub async fn by_id(conn: &mut Conn, scope: &Scope, id: TokenId) -> Result<Option<Token>> {
    store::by_id(conn, scope, id).await?.map(Token::of).transpose()
}

/// The tokens in somebody's hands, active or not yet.
///
/// # Errors
/// When the database fails.
pub async fn of_user(conn: &mut Conn, user: UserRef) -> Result<Vec<Token>> {
    all(store::of_user(conn, user).await?)
}

/// Something that was done with a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// When.
    pub at: Time,
    /// What.
    pub act: TokenAct,
    /// Whose it became or was, and their name.
    pub user: Option<(UserId, String)>,
    /// Who did it.
    pub by: Option<String>,
}

/// What was done with a token, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn history(conn: &mut Conn, token: &Token) -> Result<Vec<Happened>> {
    let events = store::history(conn, token.customer, token.id).await?;
    let happened = |event: store::Event| Happened {
        at: event.at,
        act: event.act,
        user: event.user_id.zip(event.user_name),
        by: event.by_name,
    };
    Ok(events.into_iter().map(happened).collect())
}

/// Does something with a token, if that can be done with one that is where it is and nobody was faster; says whether it
/// was done. `holder` is whom it is given to.
///
/// # Errors
/// When the database fails.
pub async fn act(
    conn: &mut Conn,
    token: &Token,
    act: TokenAct,
    holder: Option<UserId>,
    by: UserRef,
    now: Time,
) -> Result<bool> {
    let Some(facts) = token.facts.after(act, now) else {
        return Ok(false);
    };
    let holder = match facts.state() {
        TokenState::Assigned => holder,
        TokenState::Active => token.row.user_id,
        TokenState::InStock | TokenState::Returned | TokenState::Lost => None,
    };
    store::set(conn, &token.row, act, facts, holder, by, now).await
}

/// Takes every active token of these users back into the stock; says how many. It goes with their methods.
///
/// # Errors
/// When the database fails.
pub async fn deactivate_all(
    conn: &mut Conn,
    customer: CustomerId,
    users: &[UserId],
    by: UserRef,
    now: Time,
) -> Result<u64> {
    store::take_back(conn, customer, users, TokenState::Active, TokenAct::Deactivate, by, now).await
}

/// Takes one active token of `user` back into the stock, with the method that it is.
///
/// # Errors
/// When the database fails.
pub async fn deactivate(conn: &mut Conn, user: UserRef, id: TokenId, by: UserRef, now: Time) -> Result<bool> {
    let token = store::of_user(conn, user).await?.into_iter().find(|row| row.id == id);
    match token.map(Token::of).transpose()? {
        Some(token) => act(conn, &token, TokenAct::Deactivate, None, by, now).await,
        None => Ok(false),
    }
}

/// Takes every token of these users that they never activated back into the stock; says how many.
///
/// # Errors
/// When the database fails.
pub async fn return_all(
    conn: &mut Conn,
    customer: CustomerId,
    users: &[UserId],
    by: UserRef,
    now: Time,
) -> Result<u64> {
    store::take_back(conn, customer, users, TokenState::Assigned, TokenAct::Return, by, now).await
}

/// Takes a code of a token in the user's hands, if it is right and fresh: at most one of any number of the same code
/// succeeds, whatever it is for.
///
/// # Errors
/// When the database fails or the secret does not open.
pub async fn take_code(conn: &mut Conn, platform: &Platform, user: UserRef, id: TokenId, digits: &str) -> Result<bool> {
    let Some((secret, profile, last)) = open(conn, platform, user, id).await? else {
        return Ok(false);
    };
    match secret.matching(profile, digits, platform.wall(), last) {
        Some(step) => store::take_step(conn, user, id, step).await,
        None => Ok(false),
    }
}

/// The same with two codes in a row, which also finds a counter that has run far ahead.
///
/// # Errors
/// When the database fails or the secret does not open.
pub async fn take_two_codes(
    conn: &mut Conn,
    platform: &Platform,
    user: UserRef,
    id: TokenId,
    digits: [&str; 2],
) -> Result<bool> {
    let Some((secret, profile, last)) = open(conn, platform, user, id).await? else {
        return Ok(false);
    };
    match secret.matching_two(profile, digits, platform.wall(), last) {
        Some(step) => store::take_step(conn, user, id, step).await,
        None => Ok(false),
    }
}

/// The next code that the token of a user would be taken with: the demo plays the hand that presses its button.
///
/// # Errors
/// When the database fails or the secret does not open.
pub async fn code_now(conn: &mut Conn, platform: &Platform, user: UserRef, id: TokenId) -> Result<Option<String>> {
    let opened = open(conn, platform, user, id).await?;
    Ok(opened.map(|(secret, profile, last)| {
        let window = profile.window(platform.wall(), last);
        let step = match profile.moving {
            crate::domain::totp::Moving::Time(seconds) => Step::of(platform.wall(), seconds),
            crate::domain::totp::Moving::Counter => Step(*window.start()),
        };
        secret.code(profile, step)
    }))
}

async fn open(
    conn: &mut Conn,
    platform: &Platform,
    user: UserRef,
    id: TokenId,
) -> Result<Option<(OathSecret, Profile, Step)>> {
    let Some(sealed) = store::sealed(conn, user, id).await? else {
        return Ok(None);
    };
    let bytes = platform.keys.open(&place(user.customer, id), &sealed.secret)?;
    let secret = OathSecret::from_bytes(bytes.to_vec()).ok_or(Fault::Sealed)?;
    Ok(Some((secret, sealed.profile()?, Step(sealed.last_step))))
}

/// Where a secret lies: sealed for one place, it opens in no other.
fn place(customer: CustomerId, id: TokenId) -> String {
    format!("token {customer} {id}")
}
