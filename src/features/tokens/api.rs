//! The server functions of hardware tokens; those of the files they come in are in `import_api`.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::outcome::{ActOutcome, ActivateOutcome};
use crate::domain::authority::Refusal;
use crate::domain::ids::{CustomerId, MethodId, TokenId, UserId};
use crate::domain::time::Time;
use crate::domain::token::{TokenAct, TokenState};
use crate::domain::totp::Profile;
use crate::features::session::api::{ApiError, Console, Proofs};
use crate::features::users::list_api::ListHead;

#[cfg(feature = "ssr")]
use super::service::{self, Asking};
#[cfg(feature = "ssr")]
use crate::domain::authority::Right;
#[cfg(feature = "ssr")]
use crate::features::{
    customers,
    session::{request::Request, service::Session},
    sign_in::service::Factor,
    stock::{self, service::Token},
    users::list_api::chosen,
};
#[cfg(feature = "ssr")]
use crate::platform::cookies::Cookie;
#[cfg(feature = "ssr")]
use crate::platform::request::Query;

/// A token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRow {
    /// Which.
    pub id: TokenId,
    /// Whose stock it belongs to.
    pub customer: CustomerId,
    /// That customer's name.
    pub customer_name: String,
    /// Its serial number.
    pub serial: String,
    /// Who made it.
    pub maker: Option<String>,
    /// What they call it.
    pub model: Option<String>,
    /// How its codes are made.
    pub profile: Profile,
    /// Where it is.
    pub state: TokenState,
    /// Since when.
    pub since: Time,
    /// Whose it is, and their name.
    pub holder: Option<(UserId, String)>,
}

#[cfg(feature = "ssr")]
impl From<Token> for TokenRow {
    fn from(token: Token) -> Self {
        Self {
            id: token.id,
            customer: token.customer,
            state: token.facts.state(),
            since: token.facts.since().unwrap_or(token.added_at),
            holder: token.holder.map(|(user, name)| (user.id, name)),
            customer_name: token.customer_name,
            serial: token.serial,
            maker: token.maker,
            model: token.model,
            profile: token.profile,
        }
    }
}

/// A page of the stock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokensPage {
    /// Whose tokens are shown, and what is searched for.
    pub head: ListHead,
    /// The state that is asked for.
    pub state: Option<TokenState>,
    /// How many there are of each state.
    pub counts: Vec<(TokenState, i64)>,
    /// At most 50 tokens, by serial number.
    pub tokens: Vec<TokenRow>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// Whether the reader may bring tokens into a stock.
    pub may_import: bool,
}

/// The stock of the reader's customers, as the query of the list's address asks.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "tokens/page")]
pub async fn list_tokens(#[server(default)] query: String) -> Result<Console<TokensPage>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let (scope, head) = chosen(&mut conn, &request, &session.actor, "/tokens", &query).await?;
    let state = Query::read(&query).value("state").and_then(|state| state.parse().ok());
    let asked = stock::service::asked(&head.filter.search, state);
    let (tokens, next) = stock::service::page(&mut conn, &scope, &asked, head.after.as_deref()).await?;
    let counts = stock::service::counts(&mut conn, &scope, &asked).await?;
    let may_import = !session.actor.scope(Right::Manage).customers().is_empty() && head.choice.forbidding == 0;
    let tokens = tokens.into_iter().map(TokenRow::from).collect();
    Ok(request.console(&session, TokensPage { head, state, counts, tokens, next, may_import }))
}

/// Something that was done with a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HappenedRow {
    /// When.
    pub at: Time,
    /// What.
    pub act: TokenAct,
    /// Whose it became or was, and their name.
    pub user: Option<(UserId, String)>,
    /// Who did it.
    pub by: Option<String>,
}

/// A token with its history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenPage {
    /// The token.
    pub token: TokenRow,
    /// When it came into the stock.
    pub added_at: Time,
    /// Whether whoever gets it next shows two codes in a row.
    pub two_codes: bool,
    /// What was done with it, the newest first.
    pub happened: Vec<HappenedRow>,
    /// The method of its holder that it is, where it is active.
    pub method: Option<MethodId>,
    /// What can be done with it where it is.
    pub acts: Vec<TokenAct>,
    /// Why the reader does none of it.
    pub refusal: Option<Refusal>,
}

/// A token; none for one that the reader may not see, whether there is one or not.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "tokens/token")]
pub async fn show_token(id: TokenId) -> Result<Console<Option<TokenPage>>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let now = request.platform.now();
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let Some(view) = service::view(&mut conn, &session.actor, id).await? else {
        request.not_found();
        return Ok(request.console(&session, None));
    };
    let happened = |happened: stock::service::Happened| HappenedRow {
        at: happened.at,
        act: happened.act,
        user: happened.user,
        by: happened.by,
    };
    let page = TokenPage {
        added_at: view.token.added_at,
        two_codes: view.token.facts.wants_two_codes(),
        acts: TokenAct::ALL.iter().copied().filter(|act| view.token.facts.after(*act, now).is_some()).collect(),
        token: view.token.into(),
        happened: view.happened.into_iter().map(happened).collect(),
        method: view.method,
        refusal: view.refusal,
    };
    Ok(request.console(&session, Some(page)))
}

#[cfg(feature = "ssr")]
const fn asking<'a>(request: &'a Request, session: &'a Session) -> Asking<'a> {
    Asking { platform: &request.platform, origin: &request.origin, session }
}

/// Gives a token to whoever has `address`.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "tokens/assign")]
pub async fn assign_token(
    id: TokenId,
    #[server(default)] address: String,
    #[server(default)] code: String,
) -> Result<ActOutcome, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let (outcome, token) = asking(&request, &session).assign(id, &address, &code).await?;
    if let Some(token) = token {
        request.set_token(Cookie::Session, &token);
    }
    request.leave("token", outcome, &[("address", &address)]);
    request.go(&format!("/tokens/{id}"));
    Ok(outcome)
}

/// Takes back a token that was never activated, or that was found again.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "tokens/return")]
pub async fn return_token(id: TokenId) -> Result<ActOutcome, ApiError> {
    put_away(id, TokenAct::Return).await
}

/// Gives a token up for lost.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "tokens/lose")]
pub async fn lose_token(id: TokenId) -> Result<ActOutcome, ApiError> {
    put_away(id, TokenAct::Lose).await
}

#[cfg(feature = "ssr")]
async fn put_away(id: TokenId, act: TokenAct) -> Result<ActOutcome, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let outcome = asking(&request, &session).put_away(id, act).await?;
    request.leave("token", outcome, &[]);
    request.go(&format!("/tokens/{id}"));
    Ok(outcome)
}

/// A token that waits for whoever asks, or one of theirs with a counter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingToken {
    /// Which.
    pub id: TokenId,
    /// Its serial number.
    pub serial: String,
    /// How its codes are made.
    pub profile: Profile,
    /// Whether two codes in a row are needed.
    pub two_codes: bool,
    /// Whether it is active already, and may be brought into step.
    pub is_active: bool,
    /// Whether whoever asks has a second factor already.
    pub has_factor: bool,
    /// What they can prove themself with.
    pub proofs: Proofs,
    /// Their customer's name.
    pub customer: String,
    /// Its help desk.
    pub help_desk: Option<String>,
}

/// The token that waits for whoever asks, or one of theirs with a counter; none for any other.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "tokens/waiting")]
pub async fn show_waiting(id: TokenId) -> Result<Option<WaitingToken>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let Some((token, has_factor)) = asking(&request, &session).waiting(id).await? else {
        request.not_found();
        return Ok(None);
    };
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let customer = customers::service::of_user(&mut conn, token.customer).await?;
    Ok(Some(WaitingToken {
        id,
        serial: token.serial,
        profile: token.profile,
        two_codes: token.facts.wants_two_codes(),
        is_active: token.facts.activated_at.is_some(),
        has_factor,
        proofs: request.proofs(&session),
        customer: token.customer_name,
        help_desk: customer.and_then(|customer| customer.help_desk),
    }))
}

/// Makes a token a second factor of whoever asks: their own code or backup code first, then the token's.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "tokens/activate")]
pub async fn activate_token(
    id: TokenId,
    #[server(default)] code: String,
    #[server(default)] backup: bool,
    #[server(default)] first: String,
    #[server(default)] second: String,
) -> Result<ActivateOutcome, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let factor = if backup { Factor::backup_code(&code) } else { Factor::proof(&code) };
    let asking = asking(&request, &session);
    let (outcome, token) = asking.activate(id, factor.as_ref(), (&first, &second)).await?;
    if let Some(token) = token {
        request.set_token(Cookie::Session, &token);
    }
    match outcome {
        ActivateOutcome::Done => request.go("/security?done=token"),
        ActivateOutcome::InStep => request.go("/security?done=in_step"),
        _ => {
            request.leave("activate_token", outcome, &[]);
            request.go(&format!("/security/tokens/{id}{}", if backup { "?with=backup" } else { "" }));
        }
    }
    Ok(outcome)
}
