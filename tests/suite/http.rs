//! The server as those meet it who are no page of it: who may call what, and that nothing is done by looking.

mod compressed;
mod odd_requests;
mod other_sites;

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use rekey::domain::authority::Role;
use rekey::domain::sign_in::Step;
use rekey::domain::time::Span;
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
        ("/api/sign_in/passkey", Door::HalfWay, vec![("answer", "{}")]),
        ("/api/sign_in/ask_passkey", Door::HalfWay, vec![]),
        ("/api/sign_in/send_code", Door::HalfWay, vec![("phone", ID)]),
        ("/api/sign_in/send_code_to_prove", Door::SignedIn, vec![]),
        ("/api/sign_in/prove", Door::SignedIn, vec![]),
        ("/api/sign_in/waiting", Door::HalfWay, vec![]),
        ("/api/sign_in/out", Door::Public, vec![]),
        ("/api/session/choose_language", Door::Public, vec![("language", "de")]),
        ("/api/session/tell_zone", Door::Public, vec![("name", "Asia/Tokyo")]),
        ("/api/sign_in/out_elsewhere", Door::SignedIn, vec![]),
        ("/api/recovery/open", Door::Public, vec![("token", "x.y")]),
        ("/api/recovery/prove", Door::Public, vec![("token", "x.y"), ("password", "x")]),
        ("/api/recovery/send_again", Door::Public, vec![("again", "x")]),
        ("/api/recovery/prove_caller", Door::Public, vec![("token", "x.y"), ("code", "1234 5678")]),
        ("/api/recovery/ask_for_help", Door::Public, vec![("help", "x")]),
        ("/api/not_me/open", Door::Public, vec![("token", "x.y.z")]),
        ("/api/not_me/say", Door::Public, vec![("token", "x.y.z")]),
        ("/api/addresses/open", Door::Public, vec![("token", "x.y")]),
        ("/api/addresses/confirm", Door::Public, vec![("token", "x.y")]),
        ("/api/addresses/open_undo", Door::Public, vec![("token", "x.y.z")]),
        ("/api/addresses/undo", Door::Public, vec![("token", "x.y.z")]),
        ("/api/forgotten/ask", Door::Public, vec![("address", "nobody@a.example")]),
        ("/api/forgotten/open", Door::Public, vec![("token", "x.y")]),
        ("/api/forgotten/set", Door::Public, vec![("token", "x.y"), ("password", "tide over gravel")]),
        ("/api/set_up/for_password", Door::HalfWay, vec![]),
        ("/api/set_up/choose_password", Door::HalfWay, vec![("password", "x")]),
        ("/api/set_up/show", Door::HalfWay, vec![]),
        ("/api/set_up/new", Door::HalfWay, vec![]),
        ("/api/set_up/register", Door::HalfWay, vec![("code", "123456")]),
        ("/api/set_up/codes", Door::HalfWay, vec![]),
        ("/api/set_up/postpone", Door::HalfWay, vec![]),
        ("/api/set_up/finish", Door::HalfWay, vec![("code", "0000 0000 0000 0000")]),
        ("/api/users/page", Door::SignedIn, vec![]),
        ("/api/users/user", Door::SignedIn, vec![("id", ID)]),
        ("/api/users/activity", Door::SignedIn, vec![("id", ID)]),
        ("/api/users/method", Door::SignedIn, vec![("id", ID), ("method", ID)]),
        ("/api/users/remove_method", Door::SignedIn, vec![("id", ID), ("method", ID), ("reason", "x"), ("code", "1")]),
        ("/api/users/call_back_page", Door::SignedIn, vec![("id", ID)]),
        ("/api/users/call_back", Door::SignedIn, vec![("id", ID), ("set_up", ID), ("code", "1")]),
        ("/api/users/caller_code_page", Door::SignedIn, vec![("id", ID)]),
        ("/api/users/caller_code", Door::SignedIn, vec![("id", ID), ("identified", "in_person"), ("code", "1")]),
        ("/api/users/end_sessions", Door::SignedIn, vec![("id", ID)]),
        ("/api/users/methods", Door::SignedIn, vec![]),
        ("/api/users/favourite", Door::SignedIn, vec![("customer", ID), ("favourite", "true")]),
        ("/api/security/page", Door::SignedIn, vec![]),
        ("/api/security/change", Door::SignedIn, vec![("method", ID)]),
        ("/api/security/end_session", Door::SignedIn, vec![("session", ID)]),
        ("/api/security/end_device", Door::SignedIn, vec![("device", ID)]),
        ("/api/users/end_device", Door::SignedIn, vec![("id", ID), ("device", ID)]),
        ("/api/security/add", Door::SignedIn, vec![("code", "123456")]),
        ("/api/security/set_up", Door::SignedIn, vec![("password", "x")]),
        ("/api/security/adding", Door::SignedIn, vec![]),
        ("/api/security/ask_passkey", Door::SignedIn, vec![]),
        ("/api/security/add_passkey", Door::SignedIn, vec![("answer", "{}"), ("name", "x")]),
        ("/api/security/address", Door::SignedIn, vec![("address", "nobody@a.example"), ("code", "123456")]),
        ("/api/security/remove_second_address", Door::SignedIn, vec![("code", "123456")]),
        ("/api/security/password_page", Door::SignedIn, vec![]),
        ("/api/security/password", Door::SignedIn, vec![("old", "x"), ("new", "tide over gravel"), ("code", "123456")]),
        ("/api/security/new_phone", Door::SignedIn, vec![]),
        ("/api/security/send_code", Door::SignedIn, vec![("country", "DE"), ("number", "0171 3920012")]),
        ("/api/security/add_phone", Door::SignedIn, vec![("code", "123456"), ("name", "x")]),
        ("/api/security/register", Door::SignedIn, vec![("code", "123456"), ("name", "x")]),
        ("/api/security/rename", Door::SignedIn, vec![("method", ID), ("name", "x")]),
        ("/api/security/remove", Door::SignedIn, vec![("method", ID), ("code", "123456")]),
        ("/api/security/make_codes", Door::SignedIn, vec![("code", "123456")]),
        ("/api/security/codes", Door::SignedIn, vec![]),
        ("/api/security/save_codes", Door::SignedIn, vec![("code", "0000 0000 0000 0000")]),
        ("/api/tokens/page", Door::SignedIn, vec![]),
        ("/api/tokens/choices", Door::SignedIn, vec![]),
        ("/api/tokens/import", Door::SignedIn, vec![("id", ID)]),
        ("/api/tokens/confirm", Door::SignedIn, vec![("id", ID), ("code", "123456")]),
        ("/api/tokens/token", Door::SignedIn, vec![("id", ID)]),
        ("/api/tokens/assign", Door::SignedIn, vec![("id", ID), ("address", "x@a.example"), ("code", "123456")]),
        ("/api/tokens/return", Door::SignedIn, vec![("id", ID)]),
        ("/api/tokens/lose", Door::SignedIn, vec![("id", ID)]),
        ("/api/tokens/waiting", Door::SignedIn, vec![("id", ID)]),
        ("/api/tokens/activate", Door::SignedIn, vec![("id", ID), ("code", "123456"), ("first", "123456")]),
        ("/api/policy/page", Door::SignedIn, vec![("id", ID)]),
        ("/api/policy/review", Door::SignedIn, vec![("id", ID), ("typed[grace_days]", "7")]),
        (
            "/api/policy/save",
            Door::SignedIn,
            vec![
                ("id", ID),
                ("typed[grace_days]", "7"),
                ("typed[trust_days]", "0"),
                ("typed[link_minutes]", "60"),
                ("typed[codes_low]", "3"),
                ("typed[phone_messages_a_day]", "200"),
                ("typed[approver_from]", "0"),
                ("typed[remind_after_hours]", "0"),
                ("version", "x"),
                ("code", "123456"),
            ],
        ),
        ("/api/reset/plan", Door::SignedIn, vec![("users[0]", ID)]),
        ("/api/reset/page", Door::SignedIn, vec![("id", ID)]),
        ("/api/reset/list_text", Door::SignedIn, vec![]),
        ("/api/reset/listed", Door::SignedIn, vec![("id", ID)]),
        ("/api/reset/again", Door::SignedIn, vec![("id", ID)]),
        ("/api/reset/plan_list", Door::SignedIn, vec![("id", ID)]),
        ("/api/reset/cancel", Door::SignedIn, vec![("id", ID)]),
        ("/api/reset/back_notices", Door::SignedIn, vec![("id", ID), ("on", "true")]),
        ("/api/reset/select", Door::SignedIn, vec![("id", ID), ("all", "true"), ("state", "failed")]),
        ("/api/reset/links", Door::SignedIn, vec![("id", ID), ("act", "revoke"), ("all", "true")]),
        ("/api/reset/people", Door::SignedIn, vec![]),
        ("/api/reset/people/select", Door::SignedIn, vec![("users[0]", "x.y")]),
        ("/api/reset/people/links", Door::SignedIn, vec![("act", "revoke"), ("all", "true")]),
        ("/api/reset/confirm", Door::SignedIn, vec![("id", ID), ("hash", "x"), ("code", "123456")]),
        ("/api/reset/list", Door::SignedIn, vec![]),
        ("/api/reset/approve", Door::SignedIn, vec![("id", ID), ("hash", "x"), ("code", "123456")]),
        ("/api/reset/decline", Door::SignedIn, vec![("id", ID), ("decision", "declined"), ("why", "x")]),
        ("/api/reset/withdraw", Door::SignedIn, vec![("id", ID)]),
        ("/api/audit/page", Door::SignedIn, vec![]),
        ("/api/access/list", Door::SignedIn, vec![]),
        ("/api/access/providers", Door::SignedIn, vec![]),
        ("/api/access/add", Door::SignedIn, vec![("name", "C"), ("code", "123456")]),
        ("/api/access/customer", Door::SignedIn, vec![("id", ID)]),
        ("/api/access/details", Door::SignedIn, vec![("id", ID)]),
        ("/api/access/edit", Door::SignedIn, vec![("id", ID), ("name", "C"), ("code", "123456")]),
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

const CONSOLE: [&str; 37] = [
    "/tokens",
    "/tokens/import",
    "/tokens/01mcc5rm003kab9w64hq9mjq2v",
    "/security/tokens/01mcc5rm003kab9w64hq9mjq2v",
    "/users",
    "/users?q=person&customer=x",
    "/resets",
    "/resets/from-list",
    "/resets/from-list/01mcc5rm003kab9w64hq9mjq2v",
    "/audit",
    "/security",
    "/security/add",
    "/security/address",
    "/security/second-address",
    "/security/second-address/remove",
    "/security/add/key",
    "/security/add/passkey",
    "/security/codes",
    "/security/codes/new",
    "/security/codes/print",
    "/security/methods/01mcc5rm003kab9w64hq9mjq2v/name",
    "/security/methods/01mcc5rm003kab9w64hq9mjq2v/remove",
    "/users/01mcc5rm003kab9w64hq9mjq2v",
    "/users/01mcc5rm003kab9w64hq9mjq2v/methods",
    "/users/01mcc5rm003kab9w64hq9mjq2v/methods/01mcc5rm003kab9w64hq9mjq2v/remove",
    "/users/01mcc5rm003kab9w64hq9mjq2v/call-back",
    "/users/01mcc5rm003kab9w64hq9mjq2v/caller-code",
    "/users/01mcc5rm003kab9w64hq9mjq2v/activity",
    "/customers",
    "/customers/new",
    "/customers/01mcc5rm003kab9w64hq9mjq2v",
    "/customers/01mcc5rm003kab9w64hq9mjq2v/edit",
    "/customers/01mcc5rm003kab9w64hq9mjq2v/people",
    "/customers/01mcc5rm003kab9w64hq9mjq2v/people/give",
    "/customers/01mcc5rm003kab9w64hq9mjq2v/people/01mcc5rm003kab9w64hq9mjq2v",
    "/customers/01mcc5rm003kab9w64hq9mjq2v/policy",
    "/customers/01mcc5rm003kab9w64hq9mjq2v/policy/review?grace_days=7",
];
const CALM: [&str; 11] = [
    "/sign-in",
    "/sign-in/code",
    "/set-up",
    "/set-up/password",
    "/set-up/codes",
    "/set-up/codes/print",
    "/set-up/codes.txt",
    "/set-up/done",
    "/recover/x.y",
    "/forgot-password",
    "/new-password/x.y",
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
        for page in CALM.into_iter().filter(|page| !["/sign-in", "/recover/x.y", "/forgot-password", "/new-password/x.y"].contains(page)) {
            let answer = Browser::new(&world).await.get(page).await;
            assert!(answer.is_redirect(), "{page}: {}", answer.status);
        }
        for (path, door, fields) in functions().into_iter().filter(|(_, door, _)| *door == Door::HalfWay) {
            let answer = Browser::new(&world).await.call(path, &fields).await;
            assert!(["\"Over\"", "null"].contains(&answer.body.as_str()), "{door:?} {path}: {}", answer.body);
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM sessions").await, 0);
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
