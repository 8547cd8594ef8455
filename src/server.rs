//! The HTTP server: routes, and what every answer has in common. It starts the workers and stops them again.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use leptos::config::LeptosOptions;
use leptos::prelude::*;
use leptos_axum::{LeptosRoutes as _, ResponseOptions, generate_route_list};
use rust_embed::RustEmbed;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};
use tower_http::csrf::CsrfLayer;
use tower_http::limit::RequestBodyLimitLayer;

use crate::app::{App, Assets, shell, tell_language};
use crate::features::outbox::{mailbox, worker};
use crate::features::reset::progress::Watchers;
use crate::features::{accounts, addresses, forgotten, phones, recovery, reset, security, session, set_up, tokens};
use crate::platform::open::remember_time;
use crate::platform::{Fault, Platform};

/// The largest request: ten thousand selected users fit four times.
const LARGEST_REQUEST: usize = 1 << 20;
/// The largest form with a file: what is too large for a list is still told so by a page.
const LARGEST_UPLOAD: usize = 4 << 20;

/// The front end's files, each also compressed: inside the binary in a release, on disk while developing.
#[derive(RustEmbed)]
#[folder = "target/site"]
#[allow_missing = true]
struct Site;

/// Serves until the process is told to stop.
///
/// # Errors
/// When the address cannot be listened on, or the server fails.
pub async fn serve(platform: Platform, mail: worker::Transport) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind(platform.config.listen).await?;
    let watchers = Watchers::new();
    let router = router(platform.clone(), mail.mailbox(), watchers.clone());
    let workers = [
        worker::start(platform.clone(), mail),
        tokio::spawn(resume_resets(platform.clone())),
        tokio::spawn(answer_forgotten(platform.clone())),
        tokio::spawn(tell_of_returns(platform.clone())),
        tokio::spawn(sweep(platform.clone())),
    ];
    tracing::info!(address = %listener.local_addr()?, base = %platform.config.base_url(), "listening");
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service)
        .with_graceful_shutdown(async move {
            told_to_stop().await;
            // Whoever watches a reset would be waited for.
            watchers.send_away();
        })
        .await;
    for worker in workers {
        worker.abort();
    }
    platform.db.close().await;
    served
}

/// Everything that answers, on top of what every answer has in common.
pub fn router(platform: Platform, mailbox: Option<mailbox::DevMailbox>, watchers: Watchers) -> Router {
    let assets = assets();
    let options = LeptosOptions::builder().output_name("rekey").build();
    let context = {
        let platform = platform.clone();
        move || provide_context(platform.clone())
    };
    let document = {
        let assets = assets.clone();
        move || {
            content_security_policy();
            tell_language();
            shell(&assets)
        }
    };
    let pages = Router::new()
        .leptos_routes_with_context(&options, generate_route_list(App), context.clone(), document.clone())
        .fallback(leptos_axum::render_app_async_with_context(context, document))
        .with_state(options);
    let csrf = CsrfLayer::new()
        .add_trusted_origin(platform.config.base_url().origin().ascii_serialization())
        .unwrap_or_else(|_| CsrfLayer::new());
    let mut router = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/robots.txt", get(async |headers: HeaderMap| file("robots.txt", &headers)))
        .route("/assets/{name}", get(async |Path(name): Path<String>, headers: HeaderMap| file(&name, &headers)))
        .route("/set-up/codes.txt", get(set_up::download::codes))
        .route("/security/codes.txt", get(security::download::codes))
        .route("/users/invite/file/{list}/untaken.csv", get(accounts::files::untaken))
        .route("/resets/{id}/report.csv", get(reset::report::csv))
        .route("/resets/{id}/report.json", get(reset::report::json))
        .route("/resets/{id}/mail", get(reset::mail_frame::show))
        .route("/resets/{id}/progress", get(reset::progress::tell).layer(Extension(watchers)))
        .with_state(platform.clone())
        .merge(pages);
    if let Some(mailbox) = mailbox {
        router = router.merge(mailbox::routes(mailbox, assets.css));
    }
    let uploads = Router::new()
        .route("/api/accounts/file", post(accounts::files::upload))
        .route("/api/reset/file", post(reset::from_list_file::upload))
        .route("/api/tokens/file", post(tokens::files::upload))
        .layer(DefaultBodyLimit::max(LARGEST_UPLOAD))
        .with_state(platform);
    router
        .layer(RequestBodyLimitLayer::new(LARGEST_REQUEST))
        .merge(uploads)
        .layer(csrf)
        .layer(compression())
        .layer(middleware::from_fn(hide_length))
        .layer(middleware::from_fn(headers))
}

/// The names of the front end's files as they are now.
fn assets() -> Assets {
    let named = |end: &str| {
        Site::iter().find(|name| name.ends_with(end)).map_or_else(String::new, |name| format!("/assets/{name}"))
    };
    Assets { css: named(".css"), js: named(".js"), wasm: named(".wasm"), icon: named(".svg") }
}

/// One file of the front end, compressed for whoever takes that. A name with a fingerprint changes with its content, so
/// such a file may be kept.
fn file(name: &str, headers: &HeaderMap) -> Response {
    let content_type = match name.rsplit_once('.').map(|(_, end)| end) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain; charset=utf-8",
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let compressed = accepts.split(',').any(|one| one.trim().split(';').next() == Some("br"));
    let brotli = compressed.then(|| Site::get(&format!("{name}.br"))).flatten();
    let is_brotli = brotli.is_some();
    let Some(found) = brotli.or_else(|| Site::get(name)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut response = Response::new(Body::from(found.data.into_owned()));
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    let fingerprinted = name.matches('.').count() > 1;
    let keep = if fingerprinted { "public, max-age=31536000, immutable" } else { "no-cache" };
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    if is_brotli {
        answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    response
}

async fn ready(State(platform): State<Platform>) -> (StatusCode, &'static str) {
    match platform.db.read().await {
        Ok(_) => (StatusCode::OK, "ready\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n"),
    }
}

/// The policy of a page: its own scripts, its own styles, nothing inline but what carries this answer's nonce.
fn content_security_policy() {
    let (Some(nonce), Some(response)) = (leptos::nonce::use_nonce(), use_context::<ResponseOptions>()) else {
        return;
    };
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; font-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// Quick rather than small. The WASM lies there compressed already, and making it so anew for each who cannot read that would be
/// a second's work for anybody's asking.
fn compression() -> CompressionLayer<impl Predicate> {
    let when = DefaultPredicate::new().and(NotForContentType::const_new("application/wasm"));
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(when)
}

/// Answers travel compressed, unless their address has a query: any other site can open such an address, and what it wrote there
/// may stand in the page beside what that site shall not learn. The length of both together would tell how much they are
/// alike (BREACH). A query with which nobody can write anything is none.
async fn hide_length(mut request: Request, next: Next) -> Response {
    /// What the browser makes of a form without WebAssembly, and where the page of the three words leads.
    const SAY_NOTHING: [&str; 2] = ["", "tried=1"];
    if request.uri().query().is_some_and(|query| !SAY_NOTHING.contains(&query)) {
        request.headers_mut().remove(header::ACCEPT_ENCODING);
    }
    next.run(request).await
}

/// What every answer has, unless its maker said otherwise.
async fn headers(request: Request, next: Next) -> Response {
    const COMMON: [(HeaderName, &str); 8] = [
        (header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let mut response = next.run(request).await;
    for (name, value) in COMMON {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Finishes what a crash interrupted, at start and every few seconds.
async fn resume_resets(platform: Platform) {
    let mut every = tokio::time::interval(Duration::from_secs(5));
    loop {
        every.tick().await;
        log(reset::run::resume(&platform).await, "resets could not be resumed");
        log(accounts::list::resume(&platform).await, "invitations could not be resumed");
    }
}

/// Answers those who have forgotten their password, soon after they asked.
async fn answer_forgotten(platform: Platform) {
    let mut every = tokio::time::interval(Duration::from_secs(1));
    loop {
        every.tick().await;
        log(
            forgotten::service::answer_waiting(&platform).await.map(drop),
            "requests for passwords could not be answered",
        );
    }
}

/// Tells whoever asked for a reset, and wants to know, who is back.
async fn tell_of_returns(platform: Platform) {
    let mut every = tokio::time::interval(Duration::from_mins(1));
    loop {
        every.tick().await;
        log(reset::back_notices::tell(&platform).await, "nobody could be told who is back");
    }
}

/// Removes what is over anyway, and writes down how late it is.
async fn sweep(platform: Platform) {
    let mut every = tokio::time::interval(Duration::from_mins(10));
    loop {
        every.tick().await;
        log(remember_time(&platform).await, "the time could not be written down");
        log(session::service::sweep(&platform).await, "stale sessions could not be removed");
        log(reset::remind::remind(&platform).await, "reminders could not be written");
        log(reset::approval::expire(&platform).await, "requests for approval could not be ended");
        log(reset::service::sweep(&platform).await, "stale plans could not be removed");
        log(accounts::list::sweep(&platform).await, "stale lists could not be removed");
        log(forgotten::service::sweep(&platform).await, "stale requests for passwords could not be removed");
        log(addresses::service::sweep(&platform).await, "changes of address that are over could not be removed");
        log(recovery::caller::sweep(&platform).await, "stale caller codes could not be removed");
        log(reset::from_list::sweep(&platform).await, "stale lists of addresses could not be removed");
        log(phones::service::sweep(&platform).await, "stale codes for phones could not be removed");
        log(tokens::imports::sweep(&platform).await, "stale files of tokens could not be removed");
    }
}

fn log(result: Result<(), Fault>, what: &str) {
    if let Err(fault) = result {
        tracing::error!(error = %fault, "{what}");
    }
}

/// Waits for SIGINT or SIGTERM.
async fn told_to_stop() {
    let interrupt = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
