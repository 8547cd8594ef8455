//! One's own methods: what is added and removed, what that ends, and what it asks for first.

use rekey::domain::sign_in::{CodeProblem, Step};
use rekey::domain::time::Span;
use rekey::features::security::method_service::{self, Added, First};
use rekey::features::security::service::{Changed, Refused};
use rekey::features::sign_in::service::{Begun, Factor, Finished};

use super::super::browser::*;
use super::super::dump::Dump;
use super::super::harness::*;
use super::{after, goes_to, refused};

both! {
    async fn an_authenticator_is_added_without_a_script(world: World) {
        let ua = world.member(&world.a).await;
        let mut browser = Browser::signed_in(&world, &ua).await;
        let elsewhere = world.session_token(&ua).await;
        let half = world.challenge(&ua, Step::Factor).await;
        assert!(browser.get("/security").await.body.contains("/security/add"));
        // First the factor that is there: a wrong code is said so, and a right one leads on.
        let before = browser.cookies[SESSION].clone();
        let wrong = wrong_code(&ua.secret, world.now());
        for (typed, said) in [("12 34", "A code has 6 digits."), (&wrong, "That code is not right")] {
            let answer = browser.post("/api/security/add", "/security/add", &[("code", typed)]).await;
            assert!(goes_to(&answer, "/security/add"), "{}", answer.location());
            assert!(browser.get("/security/add").await.body.contains(said), "{typed}");
        }
        let code = world.fresh_code(&ua);
        let answer = browser.post("/api/security/add", "/security/add", &[("code", &code)]).await;
        assert_eq!(answer.location(), "/security/add/key");
        assert_ne!(browser.cookies[SESSION], before, "a new token at step-up");
        let page = browser.get("/security/add/key").await.body;
        let shown = after(&page, "class=\"key\">", "<");
        let secret = secret_from_base32(shown);
        assert!(page.contains("otpauth://totp/") && page.contains(&secret.base32()) && page.contains("<svg"));
        assert_eq!(world.rows_of("methods", ua.user).await, 1, "nothing is active yet");
        assert!(world.find(&elsewhere).await.is_some());
        // A wrong first code, and a name that is too long: nothing is active, and the name comes back.
        let key = "/security/add/key";
        let long = "x".repeat(61);
        for (code, name, said) in [
            (wrong_code(&secret, world.now()), "Work phone", "That code is not right"),
            ("12".to_owned(), "Work phone", "A code has 6 digits."),
            (secret.code(world.now()), long.as_str(), "At most 60 letters"),
        ] {
            let answer = browser.post("/api/security/register", key, &[("code", &code), ("name", name)]).await;
            assert!(goes_to(&answer, key), "{said}: {}", answer.location());
            let page = browser.get(key).await.body;
            assert!(page.contains(said) && page.contains(&format!("value=\"{name}\"")), "{said}");
            assert_eq!(world.rows_of("methods", ua.user).await, 1);
        }
        let fields = [("code", secret.code(world.now())), ("name", "Work <phone>".to_owned())];
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        let answer = browser.post("/api/security/register", key, &fields).await;
        assert_eq!(answer.location(), "/security?done=added");
        // This session goes on; every other one and what was half finished is over.
        let page = browser.get("/security?done=added").await.body;
        assert!(page.contains("Work &lt;phone&gt;") && page.contains("Authenticator app added."));
        assert!(world.find(&elsewhere).await.is_none());
        assert!(matches!(world.finish(&half, &world.code(&ua)).await, Finished::Dead));
        assert_eq!(world.mails(&ua, "method_added").await, 1);
        let (what, details) = world.last_recorded(world.a.id).await;
        assert!(what == "authenticator_added" && details.contains("\"sessions_ended\":\"1\""), "{what} {details}");
        // Its first code counts no second time; the next one signs in, and so does the old app.
        let (token, _) = world.begin(&ua).await;
        let spent = Factor::Code(fields[0].1.to_owned());
        assert!(matches!(world.finish(&token, &spent).await, Finished::Wrong));
        world.advance(Span::seconds(30));
        let next = Factor::Code(secret.code(world.now()));
        assert!(matches!(world.finish(&token, &next).await, Finished::SignedIn { .. }));
        world.sign_in(&ua).await;
        // From now on no page and no answer holds the key.
        let mut said = String::new();
        for page in ["/security", key, "/security/add", "/users", "/audit", "/set-up"] {
            said.push_str(&browser.get(page).await.body);
        }
        for call in ["page", "change", "adding", "codes"] {
            said.push_str(&browser.call(&format!("/api/security/{call}"), &[]).await.body);
        }
        let dump = Dump::of(&world).await.everything();
        for text in [secret.base32(), shown.to_owned()] {
            assert!(!said.contains(&text) && !dump.contains(&text));
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM challenges WHERE secret IS NOT NULL").await, 0);
        world.assert_chains_whole().await;
    }

    async fn whoever_lost_the_phone_adds_one_with_a_backup_code(world: World) {
        let ua = world.member(&world.a).await;
        let mut browser = Browser::signed_in(&world, &ua).await;
        let path = "/security/add?with=backup";
        assert!(browser.get("/security/add").await.body.contains(path));
        assert!(browser.get(path).await.body.contains("Use your authenticator app"));
        let code = ua.codes[3].shown();
        let fields = [("code", code.as_str()), ("backup", "true")];
        assert_eq!(browser.post("/api/security/add", path, &fields).await.location(), "/security/add/key");
        // It is spent by that.
        let answer = browser.post("/api/security/add", path, &fields).await;
        assert!(goes_to(&answer, path), "{}", answer.location());
        assert!(browser.get(path).await.body.contains("That code is not one of yours, or it has been used."));
        let page = browser.get("/security").await.body;
        assert!(page.contains("9 of 10 left") && page.contains("Code 4"));
    }

    async fn nothing_is_added_without_a_fresh_code(world: World) {
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        let session = world.session(&ua).await;
        let used = world.fresh_code(&ua);
        let (token, _) = world.begin(&ua).await;
        assert!(matches!(world.finish(&token, &Factor::Code(used.clone())).await, Finished::SignedIn { .. }));
        let before = Dump::of(&world).await.but_the_record().without(&["users"]);
        // The code of the sign-in, a wrong one, somebody else's, and somebody else's backup code.
        let factors = [
            Factor::Code(used),
            Factor::Code(wrong_code(&ua.secret, world.now())),
            Factor::Code(ub.secret.code(world.now())),
            Factor::BackupCode(ub.codes[0].clone()),
        ];
        for factor in &factors {
            assert!(matches!(world.begin_adding(&session, factor).await, Changed::Code(CodeProblem::Wrong)));
            assert!(matches!(world.make_codes(&session, factor).await, Changed::Code(CodeProblem::Wrong)));
        }
        assert_eq!(before, Dump::of(&world).await.but_the_record().without(&["users"]));
        // Of a locked person none is taken at all.
        for _ in 0..2 {
            let _ = world.begin_adding(&session, &factors[1]).await;
        }
        assert!(matches!(world.begin_adding(&session, &world.code(&ua)).await, Changed::Code(CodeProblem::Locked { .. })));
    }

    async fn an_addition_is_no_set_up_and_a_set_up_no_addition(world: World) {
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.a).await);
        let session = world.session(&ua).await;
        let Changed::Done(_, adding) = world.begin_adding(&session, &world.code(&ua)).await else { panic!("not begun") };
        let shown = method_service::adding(&world.platform, &session, &adding.0).await.unwrap().unwrap();
        let secret = secret_from_base32(&shown.key.text);
        let code = secret.code(world.now());
        // At the set-up's own pages it opens nothing, and does not end in a session.
        assert!(world.shown_secret(&adding.0).await.is_none() && world.register(&adding.0).await.is_none());
        assert!(matches!(world.finish(&adding.0, &world.code(&ua)).await, Finished::Dead));
        let mut browser = Browser::new(&world).await.with(CHALLENGE, &adding.0);
        for page in ["/set-up", "/set-up/codes", "/sign-in/code"] {
            let answer = browser.get(page).await;
            assert!(answer.is_redirect() && !answer.body.contains(&secret.base32()), "{page}");
        }
        // A set-up's challenge adds nothing, nor does this one in somebody else's session.
        let set_up = world.challenge(&ua, Step::SetUp).await;
        let foreign = world.session(&ub).await;
        for (session, token) in [(&session, &set_up), (&foreign, &adding.0), (&session, &"A".repeat(43))] {
            assert!(method_service::adding(&world.platform, session, token).await.unwrap().is_none());
            let added = method_service::add(&world.platform, &world.origin, session, token, &code, None).await.unwrap();
            assert_eq!(added, Added::Over);
        }
        assert_eq!((world.rows_of("methods", ua.user).await, world.rows_of("methods", ub.user).await), (1, 1));
        // Five minutes, and five wrong codes, end it.
        world.advance(Span::minutes(5));
        let late = secret.code(world.now());
        let added = method_service::add(&world.platform, &world.origin, &session, &adding.0, &late, None).await.unwrap();
        assert_eq!(added, Added::Over);
        let session = world.session(&ua).await;
        let Changed::Done(_, adding) = world.begin_adding(&session, &world.code(&ua)).await else { panic!("not begun") };
        let shown = method_service::adding(&world.platform, &session, &adding.0).await.unwrap().unwrap();
        let secret = secret_from_base32(&shown.key.text);
        let wrong = wrong_code(&secret, world.now());
        for n in 1..=5 {
            let added = method_service::add(&world.platform, &world.origin, &session, &adding.0, &wrong, None).await.unwrap();
            assert_eq!(added, if n < 5 { Added::Wrong } else { Added::Over });
        }
        let right = secret.code(world.now());
        let added = method_service::add(&world.platform, &world.origin, &session, &adding.0, &right, None).await.unwrap();
        assert_eq!(added, Added::Over);
        assert_eq!(world.rows_of("methods", ua.user).await, 1);
    }

    async fn the_first_factor_comes_by_the_ordinary_set_up(world: World) {
        world.set_policy(&world.a, policy(|policy| policy.mfa_required = false)).await;
        let new = world.person(&world.a, Who::NEW).await;
        let Begun::SignedIn(token) = world.begin_with(&new.address, PASSWORD).await else { panic!("not signed in") };
        let mut browser = Browser::new(&world).await.with(SESSION, &token.0);
        assert!(browser.get("/security").await.body.contains("Your password alone signs you in."));
        assert!(browser.get("/security/add").await.body.contains("name=\"password\""));
        // Neither a code nor a wrong password will do.
        let answer = browser.call("/api/security/add", &[("code", "123456")]).await;
        assert_eq!(answer.body, "\"NoFactor\"");
        assert_eq!(browser.call("/api/security/make_codes", &[("code", "123456")]).await.body, "\"NoFactor\"");
        let answer = browser.post("/api/security/set_up", "/security/add", &[("password", "wrong")]).await;
        assert!(goes_to(&answer, "/security/add"));
        assert!(browser.get("/security/add").await.body.contains("That is not your password."));
        assert_eq!(world.rows_of("challenges", new.user).await, 0);
        let answer = browser.post("/api/security/set_up", "/security/add", &[("password", PASSWORD)]).await;
        assert_eq!(answer.location(), "/set-up");
        let challenge = browser.cookies[CHALLENGE].clone();
        let (_, codes) = world.register(&challenge).await.unwrap();
        assert!(world.find(&token.0).await.is_none(), "the session of before is over");
        let answer = browser.post("/api/set_up/finish", "/set-up/codes", &[("code", &codes[0].shown())]).await;
        assert_eq!(answer.location(), "/security");
        assert!(browser.get("/security").await.body.contains("10 of 10 left"));
        // Whoever has a factor is not led there again by their password.
        let session = world.session(&new).await;
        let first = method_service::begin_first(&world.platform, &world.origin, &session, PASSWORD.into()).await.unwrap();
        assert!(matches!(first, First::Refused));
    }

    async fn the_last_method_stays_where_one_is_required(world: World) {
        let ua = world.member(&world.a).await;
        let session = world.session(&ua).await;
        let own = world.methods_of(&ua).await[0].id;
        let mut browser = Browser::signed_in(&world, &ua).await;
        let path = format!("/security/methods/{own}/remove");
        let page = browser.get("/security").await.body;
        assert!(!page.contains(&path) && page.contains("It is your only one, and a second factor is required."));
        let page = browser.get(&path).await.body;
        assert!(page.contains("It is your only one.") && !page.contains("name=\"code\""));
        let before = Dump::of(&world).await.but_the_record();
        let code = world.fresh_code(&ua);
        let removed = world.remove(&session, own, &Factor::Code(code.clone())).await;
        assert_eq!(refused(&removed), Some(Refused::LastOne));
        assert_eq!(before, Dump::of(&world).await.but_the_record());
        assert_eq!(world.last_recorded(world.a.id).await.0, "change_refused");
        // Not even the code was spent.
        let (token, _) = world.begin(&ua).await;
        assert!(matches!(world.finish(&token, &Factor::Code(code)).await, Finished::SignedIn { .. }));
    }

    async fn of_two_removals_at_once_one_method_is_left(world: World) {
        let there = world.second_node().await;
        for _ in 0..8 {
            let ua = world.member(&world.a).await;
            let (second, secret) = world.further_method(&ua).await;
            let first = world.methods_of(&ua).await.into_iter().find(|method| method.id != second).unwrap().id;
            let (here, other) = (world.session(&ua).await, world.session(&ua).await);
            world.advance(Span::seconds(30));
            let codes = [ua.secret.code(world.now()), secret.code(world.now())].map(Factor::Code);
            let (one, two) = tokio::join!(
                method_service::remove(&world.platform, &world.origin, &here, first, &codes[0]),
                method_service::remove(&there.platform, &world.origin, &other, second, &codes[1]),
            );
            let done = [one.unwrap(), two.unwrap()];
            assert!(done.iter().any(|done| matches!(done, Changed::Done(..))));
            assert_eq!(world.rows_of("methods", ua.user).await, 1);
            assert_eq!(world.mails(&ua, "method_removed").await, 1);
            assert_eq!(world.rows_of("sessions", ua.user).await, 1);
        }
        // The same in one session, one after the other.
        let ua = world.member(&world.a).await;
        let (second, _) = world.further_method(&ua).await;
        let session = world.session(&ua).await;
        assert!(matches!(world.remove(&session, second, &world.code(&ua)).await, Changed::Done(..)));
        let own = world.methods_of(&ua).await[0].id;
        let session = world.session(&ua).await;
        assert_eq!(refused(&world.remove(&session, own, &world.code(&ua)).await), Some(Refused::LastOne));
        world.assert_chains_whole().await;
    }

    async fn a_method_is_removed_without_a_script(world: World) {
        let ua = world.member(&world.a).await;
        let (id, secret) = world.further_method(&ua).await;
        let mut browser = Browser::signed_in(&world, &ua).await;
        let elsewhere = world.session_token(&ua).await;
        // A name first.
        let path = format!("/security/methods/{id}/name");
        let fields = [("method", id.to_string()), ("name", "Old phone".to_owned())];
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(browser.post("/api/security/rename", &path, &fields).await.location(), "/security?done=named");
        let path = format!("/security/methods/{id}/remove");
        let page = browser.get(&path).await.body;
        assert!(page.contains("Old phone") && page.contains("signed out everywhere else"));
        let id = id.to_string();
        let remove = async |browser: &mut Browser, code: &str| {
            browser.post("/api/security/remove", &path, &[("method", &id), ("code", code)]).await
        };
        assert!(goes_to(&remove(&mut browser, "1").await, &path));
        assert!(browser.get(&path).await.body.contains("A code has 6 digits."));
        assert!(world.find(&elsewhere).await.is_some());
        assert_eq!(remove(&mut browser, &world.fresh_code(&ua)).await.location(), "/security?done=removed");
        let page = browser.get("/security?done=removed").await.body;
        assert!(page.contains("Method removed.") && page.contains("Removed the authenticator app “Old phone”"));
        assert!(world.find(&elsewhere).await.is_none() && world.find(&browser.cookies[SESSION]).await.is_some());
        assert_eq!(world.mails(&ua, "method_removed").await, 1);
        assert_eq!(world.rows_of("backup_codes", ua.user).await, 10);
        // Its codes are worth nothing from now on.
        let (token, _) = world.begin(&ua).await;
        let dead = Factor::Code(secret.code(world.now()));
        assert!(matches!(world.finish(&token, &dead).await, Finished::Wrong));
        world.sign_in(&ua).await;
    }

    async fn with_the_last_method_go_the_codes_where_none_is_required(world: World) {
        world.set_policy(&world.a, policy(|policy| policy.mfa_required = false)).await;
        let ua = world.member(&world.a).await;
        let own = world.methods_of(&ua).await[0].id;
        let mut browser = Browser::signed_in(&world, &ua).await;
        let page = browser.get(&format!("/security/methods/{own}/remove")).await.body;
        assert!(page.contains("Your backup codes go with it"));
        let session = world.session(&ua).await;
        let Changed::Done(token, _) = world.remove(&session, own, &world.code(&ua)).await else { panic!("not removed") };
        assert!(world.find(&token.0).await.is_some());
        for table in ["methods", "backup_codes", "backup_code_sets"] {
            assert_eq!(world.rows_of(table, ua.user).await, 0, "{table}");
        }
        assert!(matches!(world.begin_with(&ua.address, PASSWORD).await, Begun::SignedIn(_)));
        // Once one is required, the password opens a set-up and nothing else.
        world.set_policy(&world.a, policy(|_| ())).await;
        assert!(matches!(world.begin_with(&ua.address, PASSWORD).await, Begun::Challenge(_, Step::SetUp)));
    }
}
