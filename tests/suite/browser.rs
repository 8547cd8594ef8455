//! A browser without a script engine: it keeps cookies, sends forms, and reads pages.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::header::{self, HeaderMap};
use axum::http::{Request, Response, StatusCode};
use rekey::features::reset::progress::Watchers;
use rekey::server::router;
use tower::ServiceExt as _;

use super::harness::*;

pub const HOST: &str = "rekey.example";
pub const SESSION: &str = "__Host-rekey";
pub const CHALLENGE: &str = "__Host-rekey-challenge";
pub const DEVICE: &str = "__Host-rekey-device";
pub const LANGUAGE: &str = "__Host-rekey-language";
pub const ZONE: &str = "__Host-rekey-zone";

/// While a router is made, Leptos lets no page of this process load anything, for good: see its issue 4773. A server makes
/// one, before it serves.
static RENDERING: tokio::sync::RwLock<()> = tokio::sync::RwLock::const_new(());

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn location(&self) -> &str {
        self.header("location")
    }

    pub fn is_redirect(&self) -> bool {
        self.status.is_redirection()
    }
}

/// A browser with its cookies, before the server of one world.
#[derive(Clone)]
pub struct Browser {
    server: Router,
    pub cookies: BTreeMap<String, String>,
    /// What it says of the languages it accepts; nothing if empty.
    pub accepts: &'static str,
}

impl Browser {
    pub async fn new(world: &World) -> Self {
        let _alone = RENDERING.write().await;
        let server = router(world.platform.clone(), None, Watchers::new());
        Self { server, cookies: BTreeMap::new(), accepts: "" }
    }

    pub async fn signed_in(world: &World, person: &Person) -> Self {
        Self::new(world).await.with(SESSION, &world.session_token(person).await)
    }

    pub fn with(mut self, cookie: &str, value: &str) -> Self {
        self.cookies.insert(cookie.to_owned(), value.to_owned());
        self
    }

    pub async fn send(&mut self, mut request: Request<Body>) -> Answer {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request.headers_mut().insert(header::COOKIE, cookies.join("; ").parse().unwrap());
        }
        if !request.headers().contains_key(header::HOST) {
            request.headers_mut().insert(header::HOST, HOST.parse().unwrap());
        }
        if !self.accepts.is_empty() {
            request.headers_mut().insert(header::ACCEPT_LANGUAGE, self.accepts.parse().unwrap());
        }
        let peer: SocketAddr = "198.51.100.7:4711".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        let _rendering = RENDERING.read().await;
        let response = self.server.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        for set in parts.headers.get_all(header::SET_COOKIE) {
            let (pair, attributes) = set.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let body = to_bytes(body, usize::MAX).await.unwrap();
        // Leptos marks where texts end for its hydration: no reader sees that.
        let body = String::from_utf8_lossy(&body).replace("<!>", "");
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Only the head of what comes back: the rest is still to be read, or never ends.
    pub async fn open(&self, path: &str) -> Response<Body> {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = Request::get(path).header(header::HOST, HOST).header(header::COOKIE, cookies.join("; "));
        let _rendering = RENDERING.read().await;
        self.server.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        let request = Request::get(path).header("accept", "text/html").header("sec-fetch-site", "none");
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// A form of a page of this site, sent without WebAssembly.
    pub async fn post(&mut self, path: &str, page: &str, fields: &[(&str, &str)]) -> Answer {
        let request = Request::post(path)
            .header("accept", "text/html,application/xhtml+xml")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", format!("https://{HOST}"))
            .header("sec-fetch-site", "same-origin")
            .header("referer", format!("https://{HOST}{page}"));
        self.send(request.body(form(fields)).unwrap()).await
    }

    /// A form of a page of this site with a file in it.
    pub async fn upload(&mut self, path: &str, fields: &[(&str, &str)], file: &[u8]) -> Answer {
        let mut body = Vec::new();
        for (name, value) in fields {
            body.extend(format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes());
        }
        body.extend(b"--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"people.csv\"\r\n");
        body.extend(b"content-type: text/csv\r\n\r\n");
        body.extend(file);
        body.extend(b"\r\n--x--\r\n");
        let request = Request::post(path)
            .header("accept", "text/html")
            .header("content-type", "multipart/form-data; boundary=x")
            .header("origin", format!("https://{HOST}"))
            .header("sec-fetch-site", "same-origin");
        self.send(request.body(body.into()).unwrap()).await
    }

    /// The same as the WebAssembly of a page sends it.
    pub async fn call(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = Request::post(path)
            .header("accept", "application/json")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", format!("https://{HOST}"))
            .header("sec-fetch-site", "same-origin");
        self.send(request.body(form(fields)).unwrap()).await
    }
}

pub fn form(fields: &[(&str, &str)]) -> Body {
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    Body::from(pairs.join("&"))
}

pub fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A page with its nonce taken out, to be compared.
pub fn without_nonce(page: &str) -> String {
    let parts: Vec<&str> = page.split("nonce=\"").collect();
    let rest = parts[1..].iter().map(|part| part.split_once('"').unwrap().1);
    std::iter::once(parts[0]).chain(rest).collect()
}

/// One element of a page, as a browser reads it.
pub struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
}

/// The elements of a page. Quotes, comments and raw text are read as browsers read them, so that what only looks like
/// an element inside of them is none.
pub fn elements(page: &str) -> Vec<Element> {
    let mut elements = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '/' || c == '>').unwrap_or(rest.len());
        let name = rest[..end].to_lowercase();
        rest = &rest[end..];
        let mut attributes = Vec::new();
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            if rest.is_empty() || rest.starts_with('>') {
                break;
            }
            let end = rest.find(|c: char| c.is_whitespace() || "=/>".contains(c)).unwrap_or(rest.len()).max(1);
            let attribute = rest[..end].to_lowercase();
            rest = rest[end..].trim_start();
            let mut value = "";
            if let Some(after) = rest.strip_prefix('=') {
                let after = after.trim_start();
                let quoted = after
                    .strip_prefix('"')
                    .map(|text| (text, '"'))
                    .or(after.strip_prefix('\'').map(|text| (text, '\'')));
                (value, rest) = match quoted {
                    Some((text, quote)) => text.split_once(quote).unwrap_or((text, "")),
                    None => after.split_at(after.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(after.len())),
                };
            }
            attributes.push((attribute, value.to_owned()));
        }
        if ["script", "style", "textarea", "title"].contains(&name.as_str()) {
            // ASCII letters keep their places when they become small.
            let close = format!("</{name}");
            let at = rest.to_ascii_lowercase().find(&close).unwrap_or(rest.len());
            rest = &rest[at..];
        }
        elements.push(Element { name, attributes });
    }
    elements
}

/// Every script of this page carries its nonce, and nothing in it acts by an attribute or comes from elsewhere.
pub fn assert_inert(page: &str, nonce: &str, at: &str) {
    let elements = elements(page);
    assert!(elements.iter().any(|element| element.name == "main" || element.name == "body"), "{at}: no page");
    for Element { name, attributes } in elements {
        let value = |wanted: &str| attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        if name == "script" {
            assert_eq!(value("nonce"), Some(nonce), "{at}: a script without nonce");
        }
        // A frame in which nothing runs and from which nothing leads.
        let is_still = name == "iframe" && value("sandbox") == Some("");
        let loads = ["img", "iframe", "object", "embed", "style", "base"].contains(&name.as_str());
        assert!(is_still || !loads, "{at}: <{name}>");
        for (attribute, value) in &attributes {
            assert!(
                !attribute.starts_with("on") && attribute != "style" && attribute != "srcdoc",
                "{at}: {name} {attribute}"
            );
            if ["href", "src", "action", "formaction"].contains(&attribute.as_str()) {
                let local = value.starts_with('/') && !value.starts_with("//");
                let spoken = ["tel:", "mailto:", "otpauth://totp/"].iter().any(|scheme| value.starts_with(scheme));
                assert!(
                    local || spoken || value.is_empty() || value.starts_with(['#', '?']),
                    "{at}: {name} {attribute}={value}"
                );
            }
        }
    }
}

#[test]
pub fn elements_are_read_as_browsers_read_them() {
    let read = |page: &str| {
        let text = |element: Element| format!("{} {:?}", element.name, element.attributes);
        elements(page).into_iter().map(text).collect::<Vec<_>>()
    };
    assert_eq!(
        read("<p a=\"<img onerror=x>\" b='\"' c=d e>&lt;b&gt;<!-- <i> --></p><br/>"),
        ["p [(\"a\", \"<img onerror=x>\"), (\"b\", \"\\\"\"), (\"c\", \"d\"), (\"e\", \"\")]", "br []",]
    );
    assert_eq!(read("<SCRIPT>'<img>'</script><img onerror=x>"), ["script []", "img [(\"onerror\", \"x\")]"]);
}
