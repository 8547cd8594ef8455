//! The request that a server function or a page serves: its cookies, its origin, its session.

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;
use serde::Serialize;
use std::net::{IpAddr, SocketAddr};

use super::api::{ApiError, Console, Me, Proofs};
use super::flash::Flash;
use super::service::{self, NewToken, Session};
use crate::domain::authority::Right;
use crate::domain::ids::CustomerId;
use crate::domain::zone::Zone;
use crate::platform::cookies::Cookie;
use crate::platform::language::Language;
use crate::platform::request::{Origin, cookie, local_path};
use crate::platform::webauthn::RelyingParty;
use crate::platform::{Fault, Platform, zone};

impl From<Fault> for ApiError {
    /// The one boundary at which a failure is logged, once.
    fn from(fault: Fault) -> Self {
        if matches!(fault, Fault::Busy) {
            tracing::warn!("too busy");
            if let Some(response) = use_context::<ResponseOptions>() {
                response.set_status(StatusCode::SERVICE_UNAVAILABLE);
                response.insert_header(header::RETRY_AFTER, header::HeaderValue::from_static("2"));
            }
            return Self::Busy;
        }
        tracing::error!(error = %fault, "a use case failed");
        Self::Failed
    }
}

impl ApiError {
    /// For a form that says itself when too much happens at once: `busy` then, and the error of any other failure.
    ///
    /// # Errors
    /// Whatever the failure is, unless it is [`Fault::Busy`].
    pub fn unless_busy<T>(fault: Fault, busy: T) -> Result<T, Self> {
        match Self::from(fault) {
            Self::Busy => Ok(busy),
            error => Err(error),
        }
    }
}

/// The request that is being served.
pub struct Request {
    /// The world of the use cases.
    pub platform: Platform,
    /// Where it comes from.
    pub origin: Origin,
    parts: Parts,
    response: ResponseOptions,
}

impl Request {
    /// The request in whose context this runs.
    ///
    /// # Errors
    /// Outside of a request.
    pub fn current() -> Result<Self, ApiError> {
        let platform = use_context::<Platform>().ok_or(ApiError::Failed)?;
        let parts = use_context::<Parts>().ok_or(ApiError::Failed)?;
        let response = use_context::<ResponseOptions>().ok_or(ApiError::Failed)?;
        let origin = origin(&parts, platform.config.trusted_proxies);
        Ok(Self { platform, origin, parts, response })
    }

    fn https(&self) -> bool {
        self.platform.config.is_https()
    }

    /// The value of a cookie.
    #[must_use]
    pub fn cookie(&self, which: Cookie) -> Option<String> {
        cookie(&self.parts.headers, which.name(self.https())).filter(|value| !value.is_empty())
    }

    /// Sets a cookie.
    pub fn set(&self, which: Cookie, value: &str) {
        self.response.append_header(header::SET_COOKIE, which.set(self.https(), value));
    }

    /// Sets the cookie of a session or challenge.
    pub fn set_token(&self, which: Cookie, token: &NewToken) {
        self.set(which, &token.0);
    }

    /// Sets the cookie of a session or challenge that was just opened, and from here on the browser speaks its user's language.
    /// Whoever has none yet gets that of the request.
    pub async fn enter(&self, which: Cookie, token: &NewToken) {
        self.set_token(which, token);
        self.settle_language(which, token).await;
        if which == Cookie::Session {
            self.settle_zone(token).await;
        }
    }

    async fn settle_language(&self, which: Cookie, token: &NewToken) {
        let language = self.language();
        let settled = match which {
            Cookie::Session => service::language::of_session(&self.platform, token, language).await,
            _ => service::language::of_challenge(&self.platform, token, language).await,
        };
        match settled {
            // A language is no reason to refuse anybody.
            Err(fault) => tracing::error!(error = %fault, "the language of a user could not be settled"),
            Ok(settled) => {
                if let Some(settled) = settled.filter(|settled| *settled != language) {
                    self.set(Cookie::Language, &settled.cookie());
                }
            }
        }
    }

    /// Whoever signs in where their browser says where it is, has mails that are there too.
    async fn settle_zone(&self, token: &NewToken) {
        if let Some(zone) = self.told_zone()
            && let Err(fault) = service::zone::of_session(&self.platform, token, zone.name()).await
        {
            tracing::error!(error = %fault, "the time zone of a user could not be settled");
        }
    }

    /// Where whoever reads its answer is; UTC where that is not known.
    #[must_use]
    pub fn zone(&self) -> Zone {
        self.told_zone().unwrap_or_default()
    }

    fn told_zone(&self) -> Option<Zone> {
        zone::of(&self.parts.headers, self.https(), self.platform.now())
    }

    /// The language in which it wants its answer.
    #[must_use]
    pub fn language(&self) -> Language {
        Language::of(&self.parts.headers, self.https())
    }

    /// Removes a cookie.
    pub fn clear(&self, which: Cookie) {
        self.response.append_header(header::SET_COOKIE, which.clear(self.https()));
    }

    /// Remembers which customers were chosen, for lists whose address does not say; none forgets them. More than a cookie
    /// holds are not remembered.
    pub fn remember_customers(&self, chosen: &[CustomerId]) {
        let value: Vec<String> = chosen.iter().map(ToString::to_string).collect();
        if chosen.is_empty() || chosen.len() > 60 {
            if self.cookie(Cookie::Customers).is_some() {
                self.clear(Cookie::Customers);
            }
        } else if self.cookie(Cookie::Customers) != Some(value.join(".")) {
            self.set(Cookie::Customers, &value.join("."));
        }
    }

    /// The customers that were chosen last in this browser.
    #[must_use]
    pub fn remembered_customers(&self) -> Vec<CustomerId> {
        let value = self.cookie(Cookie::Customers).unwrap_or_default();
        value.split('.').filter_map(|id| id.parse().ok()).collect()
    }

    /// Says that there is no such page, where one is being made. Whoever calls from a page reads that in the answer: with the
    /// status of an error it would be read as one.
    pub fn not_found(&self) {
        if !self.is_call() {
            self.response.set_status(StatusCode::NOT_FOUND);
        }
    }

    /// Sends the browser to a page of this site.
    pub fn go(&self, path: &str) {
        leptos_axum::redirect(local_path(path));
    }

    /// Leaves the outcome of a form, and what was typed, for the page that a browser without WebAssembly loads next.
    /// With WebAssembly the outcome goes back to the page itself.
    pub fn leave(&self, form: &str, outcome: impl Serialize, typed: &[(&str, &str)]) {
        if self.is_plain_form() {
            self.set(Cookie::Flash, &Flash::encode(form, outcome, typed));
        }
    }

    /// Whether a server function is called, by a form or from a page that is there already.
    fn is_call(&self) -> bool {
        self.parts.uri.path().starts_with("/api/")
    }

    fn is_plain_form(&self) -> bool {
        let accepts_html = |value: &header::HeaderValue| value.to_str().is_ok_and(|value| value.contains("text/html"));
        self.parts.method == Method::POST && self.parts.headers.get(header::ACCEPT).is_some_and(accepts_html)
    }

    /// The path and query of the page that is being loaded, or from which a server function was called.
    #[must_use]
    pub fn page(&self) -> String {
        if !self.is_call() {
            return self.parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
        }
        let referer = self.parts.headers.get(header::REFERER).and_then(|value| value.to_str().ok());
        referer.and_then(|referer| url::Url::parse(referer).ok()).map_or_else(
            || "/".to_owned(),
            |url| url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path())),
        )
    }

    /// Who is signed in. Nobody: the browser is sent to sign in, and from there back to where it was.
    ///
    /// # Errors
    /// [`ApiError::SignedOut`], or when the database fails.
    pub async fn signed_in(&self) -> Result<Session, ApiError> {
        if let Some(session) = self.session().await? {
            return Ok(session);
        }
        let next: String = url::form_urlencoded::byte_serialize(self.page().as_bytes()).collect();
        leptos_axum::redirect(&format!("/sign-in?next={next}"));
        if self.is_call() && !self.is_plain_form() {
            self.response.set_status(StatusCode::UNAUTHORIZED);
        }
        Err(ApiError::SignedOut)
    }

    /// Who is signed in, if anybody.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session(&self) -> Result<Option<Session>, ApiError> {
        match self.cookie(Cookie::Session) {
            Some(token) => Ok(service::find(&self.platform, &token).await?),
            None => Ok(None),
        }
    }

    /// What the reader can prove themself with once more.
    #[must_use]
    pub fn proofs(&self, session: &Session) -> Proofs {
        let used = RelyingParty::of(&self.platform.config).is_some();
        let phones = session.proofs.phones && self.platform.reaches_phones;
        Proofs { passkeys: session.proofs.passkeys && used, phones, ..session.proofs }
    }

    fn me(&self, session: &Session) -> Me {
        Me {
            name: session.actor.name.clone(),
            customer: session.customer_name.clone(),
            has_mfa: session.actor.has_mfa,
            proofs: self.proofs(session),
            reads: !session.actor.scope(Right::Read).customers().is_empty(),
            manages: !session.actor.scope(Right::Manage).customers().is_empty(),
        }
    }

    /// A console page for `session`.
    #[must_use]
    pub fn console<T>(&self, session: &Session, page: T) -> Console<T> {
        Console { me: self.me(session), now: self.platform.now(), page }
    }
}

/// Where a request comes from: the peer, or what the trusted proxies before it say.
#[must_use]
pub fn origin(parts: &Parts, trusted_proxies: usize) -> Origin {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let forwarded = trusted_proxies.checked_sub(1).and_then(|nth| {
        let all: Vec<&str> = parts
            .headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        all.into_iter().rev().nth(nth)?.trim().parse::<IpAddr>().ok()
    });
    Origin::new(forwarded.or(peer), &parts.headers)
}
