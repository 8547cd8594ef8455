//! The server as those meet it who are no page of it: whoever is not signed in, other sites, and what nobody sends.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::header;
use axum::http::{Method, Request, StatusCode};
use rekey::domain::authority::Role;
use rekey::domain::sign_in::Step;
use rekey::domain::time::Span;
use rekey::features::outbox::mailbox::DevMailbox;
use rekey::features::outbox::worker::{Transport, deliver_due};
use rekey::platform::db::Engine;

use super::browser::*;
use super::dump::Dump;
use super::harness::*;

/// Who may call a server function at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Door {
    /// Anybody: it begins a sign-in, ends one, or looks at a link.
    Public,
    /// Whoever holds a half-finished sign-in or set-up.
    HalfWay,
    /// Whoever is signed in.
    SignedIn,
}

/// Every server function with who may call it and a call that is well-formed. One that is not here fails the tests.
pub fn functions() -> Vec<(&'static str, Door, Vec<(&'static str, &'static str)>)> {
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
        ("/api/set_up/postpone", Door::HalfWay, vec![]),
        ("/api/set_up/finish", Door::HalfWay, vec![("code", "0000 0000 0000 0000")]),
        ("/api/users/page", Door::SignedIn, vec![]),
        ("/api/users/user", Door::SignedIn, vec![("id", ID)]),
        ("/api/users/activity", Door::SignedIn, vec![("id", ID)]),
        ("/api/users/method", Door::SignedIn, vec![("id", ID), ("method", ID)]),
        ("/api/users/remove_method", Door::SignedIn, vec![("id", ID), ("method", ID), ("reason", "x"), ("code", "1")]),
        ("/api/users/end_sessions", Door::SignedIn, vec![("id", ID)]),
        ("/api/users/methods", Door::SignedIn, vec![]),
        ("/api/users/favourite", Door::SignedIn, vec![("customer", ID), ("favourite", "true")]),
        ("/api/security/page", Door::SignedIn, vec![]),
        ("/api/security/change", Door::SignedIn, vec![("method", ID)]),
        ("/api/security/end_session", Door::SignedIn, vec![("session", ID)]),
        ("/api/security/add", Door::SignedIn, vec![("code", "123456")]),
        ("/api/security/set_up", Door::SignedIn, vec![("password", "x")]),
        ("/api/security/adding", Door::SignedIn, vec![]),
        ("/api/security/register", Door::SignedIn, vec![("code", "123456"), ("name", "x")]),
        ("/api/security/rename", Door::SignedIn, vec![("method", ID), ("name", "x")]),
        ("/api/security/remove", Door::SignedIn, vec![("method", ID), ("code", "123456")]),
        ("/api/security/make_codes", Door::SignedIn, vec![("code", "123456")]),
        ("/api/security/codes", Door::SignedIn, vec![]),
        ("/api/security/save_codes", Door::SignedIn, vec![("code", "0000 0000 0000 0000")]),
        ("/api/policy/page", Door::SignedIn, vec![("id", ID)]),
        ("/api/policy/review", Door::SignedIn, vec![("id", ID), ("typed[grace_days]", "7")]),
        (
            "/api/policy/save",
            Door::SignedIn,
            vec![
                ("id", ID),
                ("typed[grace_days]", "7"),
                ("typed[link_minutes]", "60"),
                ("typed[codes_low]", "3"),
                ("version", "x"),
                ("code", "123456"),
            ],
        ),
        ("/api/reset/plan", Door::SignedIn, vec![("users[0]", ID)]),
        ("/api/reset/page", Door::SignedIn, vec![("id", ID)]),
        ("/api/reset/confirm", Door::SignedIn, vec![("id", ID), ("hash", "x"), ("code", "123456")]),
        ("/api/reset/list", Door::SignedIn, vec![]),
        ("/api/audit/page", Door::SignedIn, vec![]),
        ("/api/access/list", Door::SignedIn, vec![]),
        ("/api/access/providers", Door::SignedIn, vec![]),
        ("/api/access/add", Door::SignedIn, vec![("name", "C"), ("code", "123456")]),
        ("/api/access/customer", Door::SignedIn, vec![("id", ID)]),
        ("/api/access/people", Door::SignedIn, vec![("id", ID)]),
        ("/api/access/role", Door::SignedIn, vec![("id", ID), ("user", ID)]),
        (
            "/api/access/give",
            Door::SignedIn,
            vec![("customer", ID), ("address", "nobody@a.example"), ("code", "123456")],
        ),
        (
            "/api/access/change",
            Door::SignedIn,
            vec![("customer", ID), ("user", ID), ("role", "none"), ("code", "123456")],
        ),
        ("/api/invitation/open", Door::Public, vec![("token", "x.y")]),
        ("/api/invitation/accept", Door::Public, vec![("token", "x.y"), ("password", "x")]),
        ("/api/accounts/choices", Door::SignedIn, vec![]),
        ("/api/accounts/account", Door::SignedIn, vec![("id", ID)]),
        (
            "/api/accounts/invite",
            Door::SignedIn,
            vec![("customer", ID), ("name", "x"), ("address", "x@a.example"), ("role", "member"), ("code", "123456")],
        ),
        ("/api/accounts/invite_again", Door::SignedIn, vec![("id", ID)]),
        ("/api/accounts/suspend", Door::SignedIn, vec![("id", ID)]),
        ("/api/accounts/reactivate", Door::SignedIn, vec![("id", ID)]),
        ("/api/accounts/list", Door::SignedIn, vec![("id", ID)]),
        ("/api/accounts/confirm_list", Door::SignedIn, vec![("id", ID), ("code", "123456")]),
        ("/api/accounts/remove", Door::SignedIn, vec![("id", ID), ("code", "123456")]),
    ]
}

const CONSOLE: [&str; 24] = [
    "/users",
    "/users?q=person&customer=x",
    "/resets",
    "/audit",
    "/security",
    "/security/add",
    "/security/add/key",
    "/security/codes",
    "/security/codes/new",
    "/security/codes/print",
    "/security/methods/01mcc5rm003kab9w64hq9mjq2v/name",
    "/security/methods/01mcc5rm003kab9w64hq9mjq2v/remove",
    "/users/01mcc5rm003kab9w64hq9mjq2v",
    "/users/01mcc5rm003kab9w64hq9mjq2v/methods",
    "/users/01mcc5rm003kab9w64hq9mjq2v/methods/01mcc5rm003kab9w64hq9mjq2v/remove",
    "/users/01mcc5rm003kab9w64hq9mjq2v/activity",
    "/customers",
    "/customers/new",
    "/customers/01mcc5rm003kab9w64hq9mjq2v",
    "/customers/01mcc5rm003kab9w64hq9mjq2v/people",
    "/customers/01mcc5rm003kab9w64hq9mjq2v/people/give",
    "/customers/01mcc5rm003kab9w64hq9mjq2v/people/01mcc5rm003kab9w64hq9mjq2v",
    "/customers/01mcc5rm003kab9w64hq9mjq2v/policy",
    "/customers/01mcc5rm003kab9w64hq9mjq2v/policy/review?grace_days=7",
];
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
    run(Engine::Sqlite, |world| async move {
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
        let new = world.person(&world.a, Who::NEW).await;
        let (factor, set_up) = (world.challenge(&ua, Step::Factor).await, world.challenge(&new, Step::SetUp).await);
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
        assert_eq!(world.count("SELECT COUNT(*) FROM sessions").await, 0);
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

    async fn a_flood_of_sign_ins_is_turned_away_and_forgotten(world: World) {
        let ua = world.member(&world.a).await;
        let world = world.with_own_hasher();
        let browser = Browser::new(&world).await;
        let flood: Vec<_> = (0..500)
            .map(|n| {
                let (mut browser, address) =
                    (browser.clone(), if n % 2 == 0 { ua.address.clone() } else { format!("x{n}@a.example") });
                tokio::spawn(async move {
                    let fields = [("address", address.as_str()), ("password", "guess")];
                    browser.call("/api/sign_in/begin", &fields).await
                })
            })
            .collect();
        let (mut served, mut turned_away) = (0, 0);
        for one in flood {
            let answer = one.await.unwrap();
            if answer.status == StatusCode::OK {
                assert_eq!(answer.body, "\"Wrong\"");
                served += 1;
            } else {
                assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.body);
                assert!(!answer.header("retry-after").is_empty());
                turned_away += 1;
            }
        }
        assert!(served > 0 && turned_away > 0, "{served} served, {turned_away} turned away");
        world.sign_in(&ua).await;
    }
}

#[test]
fn a_database_that_is_locked_is_busy_and_no_more() {
    run(Engine::Sqlite, |world| async move {
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
