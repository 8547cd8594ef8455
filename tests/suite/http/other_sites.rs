//! What the server tells browsers and believes of requests: other sites, headers, cookies, hosts, proxies.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use rekey::domain::authority::Role;
use rekey::domain::sign_in::Step;
use rekey::domain::time::Span;
use rekey::features::outbox::mailbox::DevMailbox;
use rekey::features::outbox::worker::{Transport, deliver_due};

use super::super::browser::*;
use super::super::dump::Dump;
use super::super::harness::*;
use super::{CALM, CONSOLE, functions};

both! {
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
}
