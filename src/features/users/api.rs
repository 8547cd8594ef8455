//! The server functions of a user's details.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::authority::{Refusal, Role};
use crate::domain::ids::UserId;
use crate::domain::method::MethodKind;
use crate::domain::time::Time;
use crate::domain::user::Standing;
use crate::features::session::api::{ApiError, Console};

#[cfg(feature = "ssr")]
use super::service;
#[cfg(feature = "ssr")]
use crate::domain::authority::{Actor, Right};
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;

/// One user of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRow {
    /// Who.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Where mails go.
    pub address: String,
    /// Whether that address is known to reach them.
    pub address_verified: bool,
    /// Their home customer.
    pub customer: String,
    /// Their role there.
    pub role: Role,
    /// Whether they can sign in.
    pub standing: Standing,
    /// When they finished their set-up.
    pub activated_at: Option<Time>,
    /// When they last signed in.
    pub last_sign_in_at: Option<Time>,
    /// Since when a new set-up is due.
    pub set_up_due_at: Option<Time>,
    /// How many authentication methods they have.
    pub methods: i64,
    /// How many backup codes are not spent.
    pub codes_left: i64,
    /// As few as this their customer warns of.
    pub codes_low: i64,
    /// How many sessions they have.
    pub sessions: i64,
    /// Until when their recovery link works.
    pub link_expires_at: Option<Time>,
    /// Why the reader may not reset them; none when they may.
    pub refusal: Option<Refusal>,
}

#[cfg(feature = "ssr")]
impl UserRow {
    /// The user as `actor` sees them.
    pub(super) fn of(user: &service::User, actor: &Actor) -> Self {
        Self {
            id: user.user.id,
            name: user.name.clone(),
            address: user.address.to_string(),
            address_verified: user.address_verified_at.is_some(),
            customer: user.customer_name.clone(),
            role: user.role,
            standing: user.standing,
            activated_at: user.activated_at,
            last_sign_in_at: user.last_sign_in_at,
            set_up_due_at: user.set_up_due_at,
            methods: user.methods,
            codes_left: user.codes_left,
            codes_low: user.codes_low,
            sessions: user.sessions,
            link_expires_at: user.link.map(|(_, until)| until),
            refusal: actor.may_manage(user.user, user.role).err(),
        }
    }
}

/// One authentication method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodRow {
    /// What it is.
    pub kind: MethodKind,
    /// When it was registered.
    pub registered_at: Time,
    /// When it was last used.
    pub last_used_at: Option<Time>,
}

/// How backup codes stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodesRow {
    /// When the set was made; none when there is no set.
    pub made_at: Option<Time>,
    /// When one was typed back.
    pub saved_at: Option<Time>,
    /// When each was used, in their order.
    pub used_at: Vec<Option<Time>>,
}

/// A user's details.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserPage {
    /// The user.
    pub user: UserRow,
    /// Their methods.
    pub methods: Vec<MethodRow>,
    /// Their backup codes.
    pub codes: CodesRow,
}

/// A user's details; none for a user the reader may not see, whether there is one or not.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "users/user")]
pub async fn show_user(id: UserId) -> Result<Console<Option<UserPage>>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let mut conn = request.platform.db.read().await.map_err(ApiError::from)?;
    let scope = session.actor.scope(Right::Read);
    let found = service::by_ids(&mut conn, &scope, &[id]).await?;
    let Some(user) = found.first() else {
        request.status(axum::http::StatusCode::NOT_FOUND);
        return Ok(request.console(&session, None));
    };
    let row = UserRow::of(user, &session.actor);
    let (methods, codes) = credentials(&mut conn, user.user).await?;
    Ok(request.console(&session, Some(UserPage { user: row, methods, codes })))
}

/// A person's methods and codes, as pages show them.
///
/// # Errors
/// When the database fails.
#[cfg(feature = "ssr")]
pub async fn credentials(
    conn: &mut crate::platform::Conn,
    user: crate::domain::user::UserRef,
) -> Result<(Vec<MethodRow>, CodesRow), ApiError> {
    use crate::features::{backup_codes, methods};
    let methods = methods::service::list(conn, user).await?;
    let codes = backup_codes::service::left(conn, user).await?;
    let row = |method: methods::service::Method| MethodRow {
        kind: method.kind,
        registered_at: method.registered_at,
        last_used_at: method.last_used_at,
    };
    let codes = CodesRow { made_at: codes.made_at, saved_at: codes.saved_at, used_at: codes.used_at };
    Ok((methods.into_iter().map(row).collect(), codes))
}
