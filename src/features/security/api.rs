//! The server functions of one's own security page.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::ids::SessionId;
use crate::domain::time::Time;
use crate::features::session::api::{ApiError, Console};
use crate::features::users::api::{CodesRow, MethodRow};

#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::features::users::api::credentials;

/// One session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRow {
    /// Its name.
    pub id: SessionId,
    /// Whether it is the one that asks.
    pub is_this: bool,
    /// When it began.
    pub created_at: Time,
    /// When it was last used.
    pub last_seen_at: Time,
    /// The network address it began from.
    pub address: Option<String>,
    /// What the browser calls itself.
    pub browser: Option<String>,
}

/// One's own security.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityPage {
    /// The own methods.
    pub methods: Vec<MethodRow>,
    /// The own backup codes.
    pub codes: CodesRow,
    /// With this many of them left or fewer the own customer warns.
    pub codes_low: usize,
    /// The own sessions, the last used first.
    pub sessions: Vec<SessionRow>,
}

/// One's own methods, codes and sessions.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "security/page")]
pub async fn show_security() -> Result<Console<SecurityPage>, ApiError> {
    use crate::features::{customers, session};
    let request = Request::current()?;
    let asking = request.signed_in().await?;
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let (methods, codes) = credentials(&mut conn, asking.actor.user).await?;
    let home = customers::service::of_user(&mut conn, asking.actor.user.customer).await?;
    let codes_low = usize::from(home.map(|home| home.policy).unwrap_or_default().codes_low);
    let sessions = session::service::list(&mut conn, asking.actor.user, request.platform.now()).await?;
    let row = |open: session::service::OpenSession| SessionRow {
        id: open.id,
        is_this: open.id == asking.id,
        created_at: open.created_at,
        last_seen_at: open.last_seen_at,
        address: open.origin.address,
        browser: open.origin.browser,
    };
    let sessions = sessions.into_iter().map(row).collect();
    Ok(request.console(&asking, SecurityPage { methods, codes, codes_low, sessions }))
}
