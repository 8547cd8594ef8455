//! The server as a browser meets it, and as those meet it who are no browser.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::header::{self, HeaderMap};
use axum::http::{Method, Request, StatusCode};
use rekey::domain::authority::Role;
use rekey::domain::ids::ResetId;
use rekey::domain::sign_in::Step;
use rekey::domain::time::Span;
use rekey::features::outbox::mailbox::DevMailbox;
use rekey::features::outbox::worker::{Transport, deliver_due};
use rekey::server::router;
use tower::ServiceExt as _;

use super::dump::Dump;
use super::harness::*;

const HOST: &str = "rekey.example";
const SESSION: &str = "__Host-rekey";
const CHALLENGE: &str = "__Host-rekey-challenge";

/// While a router is made, Leptos lets no page of this process load anything, for good: see its issue 4773. A server makes
/// one, before it serves.
static RENDERING: tokio::sync::RwLock<()> = tokio::sync::RwLock::const_new(());

/// What came back.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn location(&self) -> &str {
        self.header("location")
    }

    fn is_redirect(&self) -> bool {
        self.status.is_redirection()
    }
}

/// A browser with its cookies, before the server of one world.
#[derive(Clone)]
struct Browser {
    server: Router,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    async fn new(world: &World) -> Self {
        let _alone = RENDERING.write().await;
        Self { server: router(world.platform.clone(), None), cookies: BTreeMap::new() }
    }

    async fn signed_in(world: &World, person: &Person) -> Self {
        Self::new(world).await.with(SESSION, &world.session_token(person).await)
    }

    fn with(mut self, cookie: &str, value: &str) -> Self {
        self.cookies.insert(cookie.to_owned(), value.to_owned());
        self
    }

    async fn send(&mut self, mut request: Request<Body>) -> Answer {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request.headers_mut().insert(header::COOKIE, cookies.join("; ").parse().unwrap());
        }
        if !request.headers().contains_key(header::HOST) {
            request.headers_mut().insert(header::HOST, HOST.parse().unwrap());
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
        Answer { status: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&body).into_owned() }
    }

    async fn get(&mut self, path: &str) -> Answer {
        let request = Request::get(path).header("accept", "text/html").header("sec-fetch-site", "none");
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// A form of a page of this site, sent without WebAssembly.
    async fn post(&mut self, path: &str, page: &str, fields: &[(&str, &str)]) -> Answer {
        let request = Request::post(path)
            .header("accept", "text/html,application/xhtml+xml")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", format!("https://{HOST}"))
            .header("sec-fetch-site", "same-origin")
            .header("referer", format!("https://{HOST}{page}"));
        self.send(request.body(form(fields)).unwrap()).await
    }

    /// The same as the WebAssembly of a page sends it.
    async fn call(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = Request::post(path)
            .header("accept", "application/json")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", format!("https://{HOST}"))
            .header("sec-fetch-site", "same-origin");
        self.send(request.body(form(fields)).unwrap()).await
    }
}

fn form(fields: &[(&str, &str)]) -> Body {
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    Body::from(pairs.join("&"))
}

/// Who may call a server function at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Door {
    /// Anybody: it begins a sign-in, ends one, or looks at a link.
    Public,
    /// Whoever holds a half-finished sign-in or set-up.
    HalfWay,
    /// Whoever is signed in.
    SignedIn,
}

/// Every server function with who may call it and a call that is well-formed. One that is not here fails the tests.
fn functions() -> Vec<(&'static str, Door, Vec<(&'static str, &'static str)>)> {
    const ID: &str = "01mcc5rm003kab9w64hq9mjq2v";
    vec![
        ("/api/sign_in/begin", Door::Public, vec![("address", "nobody@a.example"), ("password", "x")]),
        ("/api/sign_in/code", Door::HalfWay, vec![("code", "123456")]),
        ("/api/sign_in/waiting", Door::HalfWay, vec![]),
        ("/api/sign_in/out", Door::Public, vec![]),
        ("/api/sign_in/out_elsewhere", Door::SignedIn, vec![]),
        ("/api/recovery/open", Door::Public, vec![("token", "x.y")]),
        ("/api/recovery/prove", Door::Public, vec![("token", "x.y"), ("password", "x")]),
        ("/api/set_up/show", Door::HalfWay, vec![]),
        ("/api/set_up/register", Door::HalfWay, vec![("code", "123456")]),
        ("/api/set_up/codes", Door::HalfWay, vec![]),
        ("/api/set_up/finish", Door::HalfWay, vec![("code", "0000 0000 0000 0000")]),
        ("/api/users/page", Door::SignedIn, vec![]),
        ("/api/users/user", Door::SignedIn, vec![("id", ID)]),
        ("/api/security/page", Door::SignedIn, vec![]),
        ("/api/reset/plan", Door::SignedIn, vec![("users[0]", ID)]),
        ("/api/reset/page", Door::SignedIn, vec![("id", ID)]),
        ("/api/reset/confirm", Door::SignedIn, vec![("id", ID), ("hash", "x"), ("code", "123456")]),
        ("/api/reset/list", Door::SignedIn, vec![]),
        ("/api/audit/page", Door::SignedIn, vec![]),
    ]
}

const CONSOLE: [&str; 6] =
    ["/users", "/users?q=person&customer=x", "/resets", "/audit", "/security", "/users/01mcc5rm003kab9w64hq9mjq2v"];
const CALM: [&str; 8] = [
    "/sign-in",
    "/sign-in/code",
    "/set-up",
    "/set-up/codes",
    "/set-up/codes/print",
    "/set-up/codes.txt",
    "/set-up/done",
    "/recover/x.y",
];

#[test]
fn every_server_function_is_in_the_table() {
    // Registering them is a matter of the router: making one is enough.
    run(rekey::platform::db::Engine::Sqlite, |world| async move {
        let _ = Browser::new(&world).await;
        let registered: BTreeSet<String> =
            leptos::server_fn::axum::server_fn_paths().map(|(path, _)| path.to_owned()).collect();
        let table: BTreeSet<String> = functions().into_iter().map(|(path, ..)| path.to_owned()).collect();
        assert_eq!(registered, table);
    });
}

both! {
    async fn whoever_is_not_signed_in_gets_nothing(world: World) {
        let admin = world.with_role(&world.a, Role::Owner).await;
        let ua = world.member(&world.a).await;
        let over = world.session_token(&admin).await;
        world.advance(Span::hours(13));
        let factor = world.challenge(&admin, Step::Factor).await;
        let set_up = world.challenge(&ua, Step::SetUp).await;
        let browsers = [
            ("nobody", Browser::new(&world).await),
            ("a session that is over", Browser::new(&world).await.with(SESSION, &over)),
            ("a made-up session", Browser::new(&world).await.with(SESSION, &"A".repeat(43))),
            ("half a sign-in", Browser::new(&world).await.with(CHALLENGE, &factor)),
            ("half a sign-in as a session", Browser::new(&world).await.with(SESSION, &factor)),
            ("half a set-up", Browser::new(&world).await.with(CHALLENGE, &set_up).with(SESSION, &set_up)),
            (
                "a session without its prefix",
                Browser::new(&world).await.with("rekey", &world.session_token(&admin).await),
            ),
        ];
        let before = Dump::of(&world).await;
        for (who, browser) in &browsers {
            for page in CONSOLE {
                let answer = browser.clone().get(page).await;
                assert!(answer.is_redirect(), "{who} at {page}: {}", answer.status);
                assert!(answer.location().starts_with("/sign-in?next=%2F"), "{who} at {page}: {}", answer.location());
                assert!(!answer.body.contains("a.example") && !answer.body.contains("Person"), "{who} at {page}");
            }
            for (path, door, fields) in functions() {
                if door == Door::SignedIn {
                    let answer = browser.clone().call(path, &fields).await;
                    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{who} at {path}: {}", answer.body);
                    let answer = browser.clone().post(path, "/users", &fields).await;
                    assert!(answer.location().starts_with("/sign-in?next="), "{who} at {path}: {}", answer.status);
                }
            }
        }
        assert_eq!(before, Dump::of(&world).await);
    }

    async fn each_step_of_a_sign_in_opens_its_own_door_only(world: World) {
        let ua = world.member(&world.a).await;
        let (factor, set_up) = (world.challenge(&ua, Step::Factor).await, world.challenge(&ua, Step::SetUp).await);
        let sealed = world.shown_secret(&set_up).await.unwrap();
        for (token, page, elsewhere) in [
            (&factor, "/sign-in/code", vec!["/set-up", "/set-up/codes", "/set-up/codes/print", "/set-up/codes.txt"]),
            (&set_up, "/set-up", vec!["/sign-in/code", "/set-up/codes", "/set-up/codes/print", "/set-up/codes.txt"]),
        ] {
            let mut browser = Browser::new(&world).await.with(CHALLENGE, token);
            assert_eq!(browser.get(page).await.status, StatusCode::OK, "{page}");
            for page in elsewhere {
                let answer = browser.clone().get(page).await;
                assert!(answer.is_redirect(), "{page}: {}", answer.status);
                assert!(!answer.body.contains(&sealed.base32()));
            }
        }
        // Without any, every calm page that waits for one sends the browser back to the beginning.
        for page in CALM.into_iter().filter(|page| !["/sign-in", "/set-up/done", "/recover/x.y"].contains(page)) {
            let answer = Browser::new(&world).await.get(page).await;
            assert!(answer.is_redirect(), "{page}: {}", answer.status);
        }
        for (path, door, fields) in functions().into_iter().filter(|(_, door, _)| *door == Door::HalfWay) {
            let answer = Browser::new(&world).await.call(path, &fields).await;
            assert!(["\"Over\"", "null"].contains(&answer.body.as_str()), "{door:?} {path}: {}", answer.body);
        }
        assert_eq!(world.rows_of("sessions", ua.user).await, 0);
    }

    async fn a_request_from_another_site_is_refused(world: World) {
        let admin = world.with_role(&world.a, Role::Owner).await;
        let mut browser = Browser::signed_in(&world, &admin).await;
        let foreign: [&[(&str, &str)]; 8] = [
            &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")],
            &[("origin", "https://evil.example")],
            &[("origin", "https://sibling.rekey.example"), ("sec-fetch-site", "same-site")],
            &[("origin", "https://sibling.rekey.example")],
            &[("origin", "null"), ("sec-fetch-site", "cross-site")],
            &[("origin", "null")],
            &[("sec-fetch-site", "cross-site")],
            &[("origin", "https://rekey.example.evil.example"), ("x-forwarded-host", "rekey.example")],
        ];
        let kinds = [
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "text/plain",
            "application/json",
            "",
        ];
        let before = Dump::of(&world).await;
        for (path, _, fields) in functions() {
            for headers in foreign {
                for kind in kinds {
                    let mut request = Request::post(path);
                    for (name, value) in headers {
                        request = request.header(*name, *value);
                    }
                    if !kind.is_empty() {
                        request = request.header("content-type", kind);
                    }
                    let answer = browser.send(request.body(form(&fields)).unwrap()).await;
                    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {headers:?} {kind}");
                    assert!(answer.headers.get(header::SET_COOKIE).is_none());
                }
            }
        }
        assert_eq!(before, Dump::of(&world).await);
        // The same site is served, whether it sends both headers or the older one alone.
        for headers in [&[("origin", "https://rekey.example")][..], &[("sec-fetch-site", "same-origin")]] {
            let mut request = Request::post("/api/security/page").header("accept", "application/json");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let request =
                request.header("content-type", "application/x-www-form-urlencoded").body(Body::empty()).unwrap();
            assert_eq!(browser.send(request).await.status, StatusCode::OK, "{headers:?}");
        }
    }

    async fn nothing_is_done_by_looking(world: World) {
        let admin = world.with_role(&world.a, Role::Owner).await;
        let mut browser = Browser::signed_in(&world, &admin).await;
        let before = Dump::of(&world).await;
        for (path, _, fields) in functions() {
            let query: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
            for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::PATCH] {
                let request = Request::builder()
                    .method(&method)
                    .uri(format!("{path}?{}", query.join("&").replace(' ', "+")))
                    .header("origin", format!("https://{HOST}"));
                let answer = browser.send(request.body(Body::empty()).unwrap()).await;
                assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            }
        }
        assert_eq!(before, Dump::of(&world).await);
    }

    async fn every_answer_has_the_same_armour(world: World) {
        let admin = world.with_role(&world.a, Role::Owner).await;
        let ua = world.member(&world.a).await;
        world.reset(&admin, &[ua.user]).await;
        let link = format!("/recover/{}", world.link_token(ua.user).await.unwrap());
        let set_up = world.challenge(&ua, Step::SetUp).await;
        let user = format!("/users/{}", ua.user.id);
        let mut browser = Browser::signed_in(&world, &admin).await.with(CHALLENGE, &set_up);
        let mut answers = Vec::new();
        let others =
            ["/", &link, &user, "/nothing/here", "/healthz", "/readyz", "/robots.txt", "/assets/none.css", "/api/none"];
        for page in CONSOLE.into_iter().chain(CALM).chain(others) {
            answers.push((page.to_owned(), browser.clone().get(page).await));
            answers.push((page.to_owned(), Browser::new(&world).await.get(page).await));
        }
        for (path, _, fields) in functions() {
            answers.push((path.to_owned(), browser.clone().call(path, &fields).await));
            answers.push((path.to_owned(), browser.clone().get(path).await));
            let foreign = Request::post(path).header("origin", "https://evil.example").body(Body::empty()).unwrap();
            answers.push((path.to_owned(), browser.send(foreign).await));
        }
        let large = Request::post("/api/sign_in/begin").header("sec-fetch-site", "same-origin");
        let large =
            large.header("content-type", "application/x-www-form-urlencoded").header("content-length", "2000000");
        answers.push(("too large".into(), browser.send(large.body(Body::from("x".repeat(2_000_000))).unwrap()).await));

        let mut nonces = BTreeSet::new();
        let mut pages = 0;
        for (place, answer) in &answers {
            let at = format!("{place}: {}", answer.status);
            assert!(answer.header("strict-transport-security").starts_with("max-age=63072000"), "{at}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{at}");
            assert_eq!(answer.header("x-frame-options"), "DENY", "{at}");
            assert_eq!(answer.header("referrer-policy"), "same-origin", "{at}");
            if place != "/robots.txt" {
                assert_eq!(answer.header("cache-control"), "no-store", "{at}");
            }
            assert!(!answer.header("cache-control").contains("immutable"), "{at}");
            let policy = answer.header("content-security-policy");
            assert!(
                policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"),
                "{at}: {policy}"
            );
            assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{at}: {policy}");
            if answer.header("content-type").starts_with("text/html") && !answer.body.is_empty() {
                pages += 1;
                let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
                assert!(nonce.len() >= 16 && nonces.insert(nonce.to_owned()), "{at}: {nonce} was there before");
                assert_inert(&answer.body, nonce, &at);
            }
        }
        assert!(pages > 20, "{pages}");
    }

    async fn cookies_are_bound_to_the_host(world: World) {
        let ua = world.member(&world.a).await;
        for (base, prefix, secure) in [("https://rekey.example", "__Host-", true), ("http://rekey.example", "", false)]
        {
            let there = world.with_config(config(&["--base-url", base]));
            let mut browser = Browser::new(&there).await;
            let address = ("address", ua.address.as_str());
            let answers = [
                browser.post("/api/sign_in/begin", "/sign-in", &[address, ("password", "wrong")]).await,
                browser.post("/api/sign_in/begin", "/sign-in", &[address, ("password", PASSWORD)]).await,
                browser.post("/api/sign_in/code", "/sign-in/code", &[("code", &world.fresh_code(&ua))]).await,
                browser.post("/api/sign_in/out", "/users", &[]).await,
            ];
            let mut set = 0;
            for cookie in answers.iter().flat_map(|answer| answer.headers.get_all(header::SET_COOKIE)) {
                let cookie = cookie.to_str().unwrap();
                set += 1;
                assert!(cookie.starts_with(&format!("{prefix}rekey")), "{cookie}");
                assert!(cookie.contains("; Path=/;") && cookie.contains("; HttpOnly; SameSite=Lax"), "{cookie}");
                assert_eq!(cookie.ends_with("; Secure"), secure, "{cookie}");
                assert!(!cookie.to_lowercase().contains("domain="), "{cookie}");
            }
            assert!(set >= 7, "{set}");
            assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
            world.advance(Span::seconds(30));
        }
    }

    async fn the_whole_way_without_a_script(world: World) {
        let (admin, ua) = (world.with_role(&world.a, Role::Admin).await, world.member(&world.a).await);
        // Sign in: to the page that was asked for, by the way of a code.
        let mut browser = Browser::new(&world).await;
        let sent_to = browser.get("/users?q=person").await.location().to_owned();
        assert_eq!(sent_to, "/sign-in?next=%2Fusers%3Fq%3Dperson");
        let fields = [("address", admin.address.as_str()), ("password", PASSWORD), ("next", "/users?q=person")];
        assert_eq!(browser.post("/api/sign_in/begin", &sent_to, &fields).await.location(), "/sign-in/code");
        let code = world.fresh_code(&admin);
        let first_challenge = browser.cookies[CHALLENGE].clone();
        let answer = browser.post("/api/sign_in/code", "/sign-in/code", &[("code", &code)]).await;
        assert_eq!(answer.location(), "/users?q=person");
        assert!(!browser.cookies.contains_key(CHALLENGE));
        let session = browser.cookies[SESSION].clone();
        assert_ne!(session, first_challenge);
        assert!(browser.get("/users?q=person").await.body.contains(&ua.address));
        // Plan, review, confirm.
        let answer = browser.post("/api/reset/plan", "/users", &[("users[0]", &ua.user.id.to_string())]).await;
        let review = answer.location().to_owned();
        let id: ResetId = review.strip_prefix("/resets/").unwrap().parse().unwrap();
        let hash = world.plan_hash(id).await;
        assert!(browser.get(&review).await.body.contains(&hash));
        let id_text = id.to_string();
        let mut fields = vec![("id", id_text.as_str()), ("hash", &hash), ("reason", "Lost phone"), ("code", "000")];
        let answer = browser.post("/api/reset/confirm", &review, &fields).await;
        assert_eq!(answer.location(), format!("https://{HOST}{review}?"));
        let page = browser.get(&review).await;
        assert!(page.body.contains("Lost phone"), "what was typed is still there");
        let code = world.fresh_code(&admin);
        fields[3].1 = &code;
        assert_eq!(browser.post("/api/reset/confirm", &review, &fields).await.location(), review);
        assert_ne!(browser.cookies[SESSION], session, "a step-up changes the session's token");
        assert_eq!(world.rows_of("methods", ua.user).await, 0);
        assert!(browser.get(&review).await.body.contains(&ua.name));
        // The user's way back.
        let link = world.link_token(ua.user).await.unwrap();
        let page = format!("/recover/{link}");
        let mut phone = Browser::new(&world).await;
        for _ in 0..20 {
            assert_eq!(phone.get(&page).await.status, StatusCode::OK);
            let head = Request::head(&page).body(Body::empty()).unwrap();
            assert!(phone.send(head).await.status.is_success());
        }
        let answer = phone.post("/api/recovery/prove", &page, &[("token", &link), ("password", "guess")]).await;
        assert_eq!(answer.location(), format!("https://{HOST}{page}?"));
        assert!(!phone.cookies.contains_key(CHALLENGE));
        let answer = phone.post("/api/recovery/prove", &page, &[("token", &link), ("password", PASSWORD)]).await;
        assert_eq!(answer.location(), "/set-up");
        let set_up = phone.cookies[CHALLENGE].clone();
        let secret = world.shown_secret(&set_up).await.unwrap();
        assert!(phone.get("/set-up").await.body.contains(&rekey::domain::totp::in_fours(&secret.base32())));
        let code = secret.code(world.now());
        assert_eq!(phone.post("/api/set_up/register", "/set-up", &[("code", &code)]).await.location(), "/set-up/codes");
        assert!(!phone.get("/set-up/codes").await.body.contains(&secret.base32()));
        let file = phone.get("/set-up/codes.txt").await;
        assert!(file.header("content-disposition").starts_with("attachment"));
        let codes: Vec<String> = file
            .body
            .lines()
            .filter_map(|line| line.trim_start().split_once("  "))
            .map(|(_, code)| code.to_owned())
            .filter(|code| rekey::domain::backup_code::BackupCode::read(code).is_some())
            .collect();
        assert_eq!(codes.len(), 10, "{}", file.body);
        for page in ["/set-up/codes", "/set-up/codes/print"] {
            let body = phone.get(page).await.body;
            assert!(codes.iter().all(|code| body.contains(code)), "{page}");
        }
        let answer = phone.post("/api/set_up/finish", "/set-up/codes", &[("code", &codes[4])]).await;
        assert_eq!(answer.location(), "/set-up/done");
        assert!(phone.cookies.is_empty(), "{:?}", phone.cookies.keys());
        assert_eq!(phone.get("/set-up/done").await.status, StatusCode::OK);
        // The link is spent; what was set up works.
        let spent = phone.get(&page).await;
        let made_up = phone.get("/recover/x.y").await;
        assert_eq!(spent.status, made_up.status);
        let back = Person { secret, ..ua };
        world.sign_in(&back).await;
    }

    async fn a_landing_page_gives_its_token_to_nobody(world: World) {
        let (admin, ua) = (world.with_role(&world.a, Role::Admin).await, world.member(&world.a).await);
        world.reset(&admin, &[ua.user]).await;
        let link = world.link_token(ua.user).await.unwrap();
        let answer = Browser::new(&world).await.get(&format!("/recover/{link}")).await;
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        // Nothing is loaded from elsewhere, no link leads elsewhere, and none carries the token.
        let policy = answer.header("content-security-policy");
        assert_inert(
            &answer.body,
            policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap(),
            "the landing page",
        );
        for Element { name, attributes } in elements(&answer.body) {
            for (attribute, value) in attributes.iter().filter(|(_, value)| value.contains(&link)) {
                assert!(name == "input" && attribute == "value", "{name} {attribute}={value}");
            }
        }
        // Dead, forged and unknown ones look the same, and none says whose it was.
        let forged = format!("{}.{}", link.split_once('.').unwrap().0, "A".repeat(43));
        let (mut answers, tokens) = (Vec::new(), [forged.as_str(), "made.up", "no-such-link"]);
        for token in tokens {
            let answer = Browser::new(&world).await.get(&format!("/recover/{token}")).await;
            assert!(!answer.body.contains(&ua.address) && !answer.body.contains(&ua.name));
            answers.push((answer.status, without_nonce(&answer.body).replace(token, "…")));
        }
        assert_eq!(answers[0], answers[1]);
        assert_eq!(answers[0], answers[2]);
    }

    async fn what_a_request_says_of_the_host_is_not_believed(world: World) {
        let (admin, ua) = (world.with_role(&world.a, Role::Admin).await, world.member(&world.a).await);
        let mut browser = Browser::signed_in(&world, &admin).await;
        let lies = [
            ("host", "evil.example"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "http"),
            ("forwarded", "host=evil.example;proto=http"),
            ("x-original-host", "evil.example"),
            ("x-forwarded-port", "1"),
            ("x-forwarded-for", "203.0.113.9"),
            ("sec-fetch-site", "same-origin"),
            ("accept", "text/html"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let lying =
            |path: &str| lies.iter().fold(Request::post(path), |request, (name, value)| request.header(*name, *value));
        let user = ua.user.id.to_string();
        let planned = browser.send(lying("/api/reset/plan").body(form(&[("users[0]", &user)])).unwrap()).await;
        let id = planned.location().strip_prefix("/resets/").unwrap().to_owned();
        let hash = world.plan_hash(id.parse().unwrap()).await;
        let code = world.fresh_code(&admin);
        let fields = [("id", id.as_str()), ("hash", &hash), ("reason", "r"), ("code", &code)];
        let confirmed = browser.send(lying("/api/reset/confirm").body(form(&fields)).unwrap()).await;
        assert_eq!(confirmed.location(), format!("/resets/{id}"));
        let mailbox = DevMailbox::new();
        let transport = Transport::Mailbox(mailbox.clone());
        assert_eq!(deliver_due(&world.platform, &transport).await.unwrap(), 1);
        let mails = mailbox.newest_first();
        let link = world.link_token(ua.user).await.unwrap();
        let mail = format!("{:?}", mails[0]);
        assert!(mail.contains(&format!("https://rekey.example/recover/{link}")), "{mail}");
        assert!(!mail.contains("evil"), "{mail}");
        // Nor is what it says of its own address, as long as no proxy is trusted.
        assert_eq!(world.text("SELECT DISTINCT from_address FROM resets").await.unwrap(), "198.51.100.7");
        let from = "SELECT DISTINCT from_address FROM audit_events WHERE what = 'reset_planned'";
        assert_eq!(world.text(from).await.unwrap(), "198.51.100.7");
    }

    async fn trusted_proxies_are_counted_from_the_last(world: World) {
        for (trusted, sent, believed) in [
            ("0", "203.0.113.9", "198.51.100.7"),
            ("1", "203.0.113.9", "203.0.113.9"),
            ("1", "203.0.113.66, 203.0.113.9", "203.0.113.9"),
            ("2", "203.0.113.66, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
            ("2", "10.0.0.1", "198.51.100.7"),
            ("1", "<script>", "198.51.100.7"),
        ] {
            let flags = ["--base-url", "https://rekey.example", "--trusted-proxies", trusted];
            let there = world.with_config(config(&flags));
            let request = Request::post("/api/sign_in/begin")
                .header("x-forwarded-for", sent)
                .header("content-type", "application/x-www-form-urlencoded");
            let request = request.body(form(&[("address", "x@a.example"), ("password", "x")])).unwrap();
            Browser::new(&there).await.send(request).await;
            let newest = "SELECT from_address FROM audit_events WHERE chain = 'rekey' ORDER BY number DESC LIMIT 1";
            assert_eq!(world.text(newest).await.unwrap(), believed, "{trusted} {sent}");
        }
    }

    async fn only_local_addresses_are_gone_to(world: World) {
        let ua = world.member(&world.a).await;
        for next in [
            "//evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/\\evil.example",
            "/a\r\nSet-Cookie: x=y",
        ] {
            let page = Browser::new(&world).await.get(&format!("/sign-in?next={}", encoded(next))).await;
            assert!(!page.body.contains("href=\"javascript") && !page.body.contains("action=\"//"), "{next}");
            let mut browser = Browser::new(&world).await;
            let fields = [("address", ua.address.as_str()), ("password", PASSWORD), ("next", next)];
            browser.post("/api/sign_in/begin", "/sign-in", &fields).await;
            let answer = browser.post("/api/sign_in/code", "/sign-in/code", &[("code", &world.fresh_code(&ua))]).await;
            assert_eq!(answer.location(), "/", "{next}");
        }
    }

    async fn an_idle_session_leads_back_to_where_it_was(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let mut browser = Browser::signed_in(&world, &admin).await;
        assert_eq!(browser.get("/audit").await.status, StatusCode::OK);
        world.advance(Span::minutes(60));
        assert_eq!(browser.call("/api/audit/page", &[]).await.status, StatusCode::UNAUTHORIZED);
        let sent_to = browser.get("/audit?user=x").await.location().to_owned();
        assert_eq!(sent_to, "/sign-in?next=%2Faudit%3Fuser%3Dx");
        let sign_in = browser.get(&sent_to).await;
        assert!(sign_in.body.contains("value=\"/audit?user=x\""), "the form carries it on");
    }

    async fn signing_out_half_way_wipes_the_browser(world: World) {
        let ua = world.member(&world.a).await;
        let mut browser = Browser::new(&world).await;
        let fields = [("address", ua.address.as_str()), ("password", PASSWORD)];
        browser.post("/api/sign_in/begin", "/sign-in", &fields).await;
        let token = browser.cookies[CHALLENGE].clone();
        assert_eq!(browser.post("/api/sign_in/out", "/sign-in/code", &[]).await.location(), "/sign-in");
        assert!(browser.cookies.is_empty());
        assert_eq!(world.rows_of("challenges", ua.user).await, 0);
        let answer =
            browser.with(CHALLENGE, &token).call("/api/sign_in/code", &[("code", &world.fresh_code(&ua))]).await;
        assert_eq!(answer.body, "\"Over\"");
    }

    async fn names_are_inert_wherever_they_stand(world: World) {
        const EVIL: &str = "</script><img src=x onerror=alert(1)>\"'&{{}}`";
        let admin = world.person(&world.a, Who { name: Some(EVIL), role: Role::Owner, ..Who::MEMBER }).await;
        let ua = world.person(&world.a, Who { name: Some(EVIL), ..Who::MEMBER }).await;
        let escaped = EVIL.replace('\'', "''");
        world.execute(&format!("UPDATE customers SET name = '{escaped}', help_desk = '{escaped}'")).await;
        let mut browser = Browser::signed_in(&world, &admin).await;
        let planned = browser.post("/api/reset/plan", "/users", &[("users[0]", &ua.user.id.to_string())]).await;
        let review = planned.location().to_owned();
        let id = review.strip_prefix("/resets/").unwrap().to_owned();
        let hash = world.plan_hash(id.parse().unwrap()).await;
        let mut pages = vec![(review.clone(), browser.get(&review).await)];
        // What was typed comes back into the form, and into the record.
        let mut fields = vec![("id", id.as_str()), ("hash", &hash), ("reason", EVIL), ("ticket", EVIL), ("code", "1")];
        browser.post("/api/reset/confirm", &review, &fields).await;
        pages.push(("a form sent back".into(), browser.get(&review).await));
        let code = world.fresh_code(&admin);
        fields[4].1 = &code;
        browser.post("/api/reset/confirm", &review, &fields).await;
        let person = format!("/users/{}", ua.user.id);
        let query = format!("/users?q={}", encoded(EVIL));
        let link = format!("/recover/{}", world.link_token(ua.user).await.unwrap());
        let next = format!("/sign-in?next={}", encoded(EVIL));
        let mut wrong = Browser::new(&world).await;
        wrong.post("/api/sign_in/begin", "/sign-in", &[("address", EVIL), ("password", "x")]).await;
        pages.push(("a wrong address".into(), wrong.get("/sign-in").await));
        let set_up = world.challenge(&ua, Step::SetUp).await;
        browser = browser.with(CHALLENGE, &set_up);
        for page in ["/users", &query, &person, "/resets", &review, "/audit", "/security", &link, &next, "/set-up"] {
            pages.push((page.to_owned(), browser.get(page).await));
        }
        let factor = world.challenge(&ua, Step::Factor).await;
        pages.push((
            "/sign-in/code".into(),
            Browser::new(&world).await.with(CHALLENGE, &factor).get("/sign-in/code").await,
        ));
        let evil_path = format!("/{}", encoded(EVIL));
        pages.push((evil_path.clone(), browser.get(&evil_path).await));
        for (place, answer) in &pages {
            let policy = answer.header("content-security-policy");
            let nonce = policy.split("'nonce-").nth(1).unwrap_or_else(|| panic!("{place}: {}", answer.status));
            assert_inert(&answer.body, nonce.split('\'').next().unwrap(), place);
        }
        let as_text = "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;";
        let shown = pages.iter().filter(|(_, answer)| answer.body.contains(as_text)).count();
        assert!(shown >= 8, "they are shown, as text: {shown}");
    }

    async fn strangers_and_known_people_get_one_answer(world: World) {
        let ua = world.member(&world.a).await;
        let suspended = world.person(&world.a, Who { suspended: true, ..Who::MEMBER }).await;
        let locked = world.member(&world.a).await;
        world.execute(&format!("UPDATE users SET wrong_codes_in_a_row = 100 WHERE id = '{}'", locked.user.id)).await;
        let people = [
            (ua.address.as_str(), "wrong"),
            (suspended.address.as_str(), PASSWORD),
            (locked.address.as_str(), "wrong"),
            ("nobody@a.example", PASSWORD),
        ];
        let mut answers = Vec::new();
        for (address, password) in people {
            let mut browser = Browser::new(&world).await;
            let fields = [("address", address), ("password", password)];
            let called = browser.call("/api/sign_in/begin", &fields).await;
            let sent = browser.post("/api/sign_in/begin", "/sign-in", &fields).await;
            let page = browser.get("/sign-in").await;
            let seen = |answer: &Answer| {
                let mut headers = answer.headers.clone();
                // The browser gets back what it sent, and a policy with a nonce.
                headers.remove(header::SET_COOKIE);
                headers.remove(header::CONTENT_SECURITY_POLICY);
                (answer.status, headers, without_nonce(&answer.body).replace(address, "…"))
            };
            assert!(page.body.contains(address), "what was typed is still there");
            answers.push([seen(&called), seen(&sent), seen(&page)]);
        }
        for answer in &answers[1..] {
            assert_eq!(answers[0], *answer);
        }
    }

    async fn a_page_shows_its_readers_customers_only(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let member = world.member(&world.a).await;
        let (owner_b, ub) = (world.with_role(&world.b, Role::Owner).await, world.member(&world.b).await);
        let id = world.reset(&owner_b, &[ub.user]).await;
        let user = format!("/users/{}", ub.user.id);
        let reset = format!("/resets/{id}");
        let in_b = format!("/users?customer={}", world.b.id);
        let about = format!("/audit?user={}", ub.user.id);
        for (reader, reads) in [(&admin, true), (&member, false)] {
            let mut browser = Browser::signed_in(&world, reader).await;
            for page in ["/users", "/users?q=b.example", &in_b, &user, &reset, "/resets", "/audit", &about, "/security"]
            {
                let answer = browser.get(page).await;
                assert!(!answer.body.contains("@b.example") && !answer.body.contains(&ub.name), "{page}");
                if page == user || page == reset {
                    assert_eq!(answer.status, StatusCode::NOT_FOUND, "{page}");
                }
                assert_eq!(page == "/users" && reads, answer.body.contains("@a.example") && page == "/users", "{page}");
            }
            for (path, fields) in [
                ("/api/users/page", vec![("customer", world.b.id.to_string())]),
                ("/api/users/user", vec![("id", ub.user.id.to_string())]),
                ("/api/reset/page", vec![("id", id.to_string())]),
                ("/api/audit/page", vec![("customer", world.b.id.to_string())]),
            ] {
                let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let answer = browser.call(path, &fields).await;
                assert!(
                    !answer.body.contains("b.example") && !answer.body.contains(&ub.name),
                    "{path}: {}",
                    answer.body
                );
            }
        }
    }

    async fn a_password_of_a_megabyte_is_refused_before_it_is_hashed(world: World) {
        let ua = world.member(&world.a).await;
        let mut browser = Browser::new(&world).await;
        let long = "x".repeat(900_000);
        let answer = browser.call("/api/sign_in/begin", &[("address", &ua.address), ("password", &long)]).await;
        assert_eq!(answer.body, "\"Wrong\"");
        let longer = "x".repeat((1 << 20) + 1);
        let too_long = Request::post("/api/sign_in/begin").header("content-length", longer.len().to_string());
        assert_eq!(
            browser.send(too_long.body(Body::from(longer)).unwrap()).await.status,
            StatusCode::PAYLOAD_TOO_LARGE
        );
        assert_eq!(world.count("SELECT COUNT(*) FROM audit_events WHERE what = 'password_wrong'").await, 1);
    }

    async fn what_no_page_sends_is_refused_calmly(world: World) {
        let admin = world.with_role(&world.a, Role::Owner).await;
        let mut browser = Browser::signed_in(&world, &admin).await;
        let bodies: [&[u8]; 8] =
            [b"", b"=", b"&&&", b"%", b"%ff%fe", b"id=%00", b"{\"id\":1}", b"users[99999999999]=x&id[a]=b"];
        for (path, ..) in functions().into_iter().filter(|(path, ..)| *path != "/api/sign_in/out") {
            for body in bodies {
                for kind in ["application/x-www-form-urlencoded", "application/json", "text/plain"] {
                    let request = Request::post(path).header("content-type", kind).header("accept", "application/json");
                    let answer = browser.send(request.body(Body::from(body)).unwrap()).await;
                    assert!(answer.status.as_u16() < 600 && answer.body.len() < 20_000, "{path}");
                    assert!(
                        !answer.body.contains("panicked") && !answer.body.contains("sqlx"),
                        "{path}: {}",
                        answer.body
                    );
                }
            }
        }
        assert!(browser.get("/users").await.status.is_success(), "the server is alive");
        let odd = [
            "/users?after=%ff~%00",
            "/users?q=%00",
            "/users?customer=%27",
            "/resets/%00",
            "/recover/%00",
            "/audit?before=1.2.3",
        ];
        for path in odd {
            let answer = browser.get(path).await;
            assert!(!answer.status.is_server_error(), "{path}: {}", answer.status);
        }
    }
}

#[test]
fn a_database_that_is_locked_is_busy_and_no_more() {
    run(rekey::platform::db::Engine::Sqlite, |world| async move {
        let ua = world.member(&world.a).await;
        let mut browser = Browser::new(&world).await;
        let before = Dump::of(&world).await;
        // Another program holds the file, longer than anybody waits for it.
        let holder = world.second_node().await;
        let tx = holder.platform.db.begin().await.unwrap();
        let fields = [("address", ua.address.as_str()), ("password", PASSWORD)];
        let answer = browser.call("/api/sign_in/begin", &fields).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(!answer.header("retry-after").is_empty());
        assert!(browser.cookies.is_empty());
        drop(tx);
        assert_eq!(before, Dump::of(&world).await);
        assert_eq!(browser.call("/api/sign_in/begin", &fields).await.status, StatusCode::OK);
    });
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A page with its nonce taken out, to be compared.
fn without_nonce(page: &str) -> String {
    let parts: Vec<&str> = page.split("nonce=\"").collect();
    let rest = parts[1..].iter().map(|part| part.split_once('"').unwrap().1);
    std::iter::once(parts[0]).chain(rest).collect()
}

/// One element of a page, as a browser reads it.
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
}

/// The elements of a page. Quotes, comments and raw text are read as browsers read them, so that what only looks like
/// an element inside of them is none.
fn elements(page: &str) -> Vec<Element> {
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
fn assert_inert(page: &str, nonce: &str, at: &str) {
    let elements = elements(page);
    assert!(elements.iter().any(|element| element.name == "main" || element.name == "body"), "{at}: no page");
    for Element { name, attributes } in elements {
        let value = |wanted: &str| attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        if name == "script" {
            assert_eq!(value("nonce"), Some(nonce), "{at}: a script without nonce");
        }
        assert!(!["img", "iframe", "object", "embed", "style", "base"].contains(&name.as_str()), "{at}: <{name}>");
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
fn elements_are_read_as_browsers_read_them() {
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
