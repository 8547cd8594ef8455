//! Pages as people meet them, without a script.

use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::header;
use axum::http::{Request, StatusCode};
use rekey::domain::authority::Role;
use rekey::domain::ids::ResetId;
use rekey::domain::recovery::End;
use rekey::domain::sign_in::Step;
use rekey::domain::time::Span;
use rekey::features::recovery;
use rekey::platform::db::Engine;

use super::browser::*;
use super::harness::*;

both! {
    async fn the_whole_way_without_a_script(world: World) {
        whole_way(&world).await;
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

    async fn a_stranger_cannot_tell_what_became_of_a_link(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let mut links = vec!["made.up".to_owned()];
        // Each end that there is; and the last one just runs out.
        for end in End::ALL.iter().copied().map(Some).chain([None]) {
            let ua = world.member(&world.a).await;
            world.reset(&admin, &[ua.user]).await;
            links.push(world.link_token(ua.user).await.unwrap());
            if let Some(end) = end {
                let mut tx = world.platform.db.begin().await.unwrap();
                recovery::service::end(&mut tx, &world.platform, ua.user, end).await.unwrap();
                tx.commit().await.unwrap();
            }
        }
        world.advance(Span::hours(24));
        let mut answers = Vec::new();
        for link in &links {
            let answer = Browser::new(&world).await.get(&format!("/recover/{link}")).await;
            answers.push((answer.status, without_nonce(&answer.body).replace(link, "…")));
        }
        assert_eq!(answers[0].0.as_u16(), 404);
        for answer in &answers {
            assert_eq!(answer, &answers[0]);
        }
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
                ("/api/audit/page", vec![("query", format!("customer={}", world.b.id))]),
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
}

/// From the sign-in page over a reset and its link back to the sign-in page; every secret that was on the way.
async fn whole_way(world: &World) -> Vec<String> {
    let mut secrets = vec![PASSWORD.to_owned(), encoded(PASSWORD)];
    let (admin, ua) = (world.with_role(&world.a, Role::Admin).await, world.member(&world.a).await);
    // Sign in: to the page that was asked for, by the way of a code.
    let mut browser = Browser::new(world).await;
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
    secrets.extend([first_challenge, session.clone(), code]);
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
    secrets.extend([browser.cookies[SESSION].clone(), code.clone()]);
    assert_eq!(world.rows_of("methods", ua.user).await, 0);
    assert!(browser.get(&review).await.body.contains(&ua.name));
    // The user's way back.
    let link = world.link_token(ua.user).await.unwrap();
    let page = format!("/recover/{link}");
    let mut phone = Browser::new(world).await;
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
    secrets.extend([set_up.clone(), link.clone(), link.split_once('.').unwrap().1.to_owned()]);
    let secret = world.shown_secret(&set_up).await.unwrap();
    assert!(phone.get("/set-up").await.body.contains(&rekey::domain::totp::in_fours(&secret.base32())));
    let code = secret.code(world.now());
    assert_eq!(phone.post("/api/set_up/register", "/set-up", &[("code", &code)]).await.location(), "/set-up/codes");
    assert!(!phone.get("/set-up/codes").await.body.contains(&secret.base32()));
    secrets.extend([phone.cookies["__Host-rekey-codes"].clone(), code]);
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
    assert_eq!(phone.cookies.keys().collect::<Vec<_>>(), [CHALLENGE]);
    let done = phone.get("/set-up/done").await;
    assert_eq!(done.status, StatusCode::OK);
    assert!(done.body.contains("Deleted 1 authenticator app and 10 backup codes."), "{}", done.body);
    // Wherever they go back to, they come out there; nobody else does.
    assert_eq!(phone.get("/set-up/codes").await.location(), "/set-up");
    assert_eq!(phone.get("/set-up").await.location(), "/set-up/done");
    // The link is spent; what was set up works.
    let spent = phone.get(&page).await;
    let made_up = phone.get("/recover/x.y").await;
    assert_eq!(spent.status, made_up.status);
    let (old, back) = (ua.clone(), Person { secret, ..ua });
    secrets.extend([back.secret.base32(), old.secret.base32(), admin.secret.base32(), world.sign_in(&back).await]);
    secrets.extend(codes.iter().flat_map(|code| [code.clone(), code.replace(' ', "")]));
    secrets
}

/// What is logged, as it comes.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn what_is_logged_holds_no_secret(engine: Engine) {
    run_on_one_thread(engine, |world| async move {
        let log = Log::default();
        let writer = log.clone();
        let everything = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
        let logging = tracing::subscriber::set_default(everything.with_writer(move || writer.clone()).finish());
        let mut secrets = whole_way(&world).await;
        // And what is logged when things fail half-way.
        let ua = world.member(&world.a).await;
        secrets.extend([ua.secret.base32(), ua.codes[0].shown()]);
        let challenge = world.challenge(&ua, Step::Factor).await;
        let mut browser = Browser::new(&world).await.with(CHALLENGE, &challenge);
        world.execute("ALTER TABLE audit_events RENAME TO audit_elsewhere").await;
        let code = world.fresh_code(&ua);
        for fields in [vec![("code", code.as_str())], vec![("code", &ua.codes[0].shown()), ("backup", "true")]] {
            assert!(browser.call("/api/sign_in/code", &fields).await.status.is_server_error());
        }
        let fields = [("address", ua.address.as_str()), ("password", PASSWORD)];
        assert!(browser.call("/api/sign_in/begin", &fields).await.status.is_server_error());
        secrets.extend([challenge, code]);
        drop(logging);
        let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert!(logged.contains("a use case failed") && logged.contains("audit_events"), "{logged}");
        for secret in secrets {
            // A word of its own: six digits may stand in any number.
            let is_logged = logged.match_indices(&secret).any(|(at, _)| {
                let touches = |c: char| c.is_ascii_alphanumeric();
                !logged[..at].ends_with(touches) && !logged[at + secret.len()..].starts_with(touches)
            });
            assert!(!is_logged, "{secret}");
        }
    });
}

#[test]
fn what_is_logged_holds_no_secret_on_sqlite() {
    what_is_logged_holds_no_secret(Engine::Sqlite);
}

#[test]
fn what_is_logged_holds_no_secret_on_postgres() {
    what_is_logged_holds_no_secret(Engine::Postgres);
}
