//! Shows a mail's HTML part inside a page of ours: in a frame of its own, with its inline styles and nothing else.

use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse as _, Response};

/// What a mail may do in a frame: look as it was written. No script runs, nothing is loaded.
const STILL: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox";
/// The same, and its links open outside of the frame: no page of ours lets itself be shown in one.
const LEADS_OUT: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; \
    sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation";

/// The answer that a frame shows. Its links lead nowhere unless the mail was sent: `leads_out`.
pub fn framed(html: &str, leads_out: bool) -> Response {
    let policy = if leads_out { LEADS_OUT } else { STILL };
    let html = html.replacen("<head>", "<head><base target=\"_top\">", 1);
    let headers = [
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
    ];
    (headers, Html(html)).into_response()
}
