//! One's own security: what is added, removed and made anew, what that ends, and what it asks for first.

use axum::http::StatusCode;
use rekey::domain::ids::{MethodId, SessionId};
use rekey::domain::sign_in::Step;
use rekey::domain::time::Span;
use rekey::features::security::codes_service::{self, Saved};
use rekey::features::security::method_service::{self, Added, First};
use rekey::features::security::service::{self, Changed, Refused};
use rekey::features::session::service::Session;
use rekey::features::sign_in::service::{Begun, Factor, Finished};
use rekey::features::{backup_codes, methods, session};
use rekey::platform::totp::TotpSecret;

use super::browser::*;
use super::dump::Dump;
use super::harness::*;

/// What a step-up leaves in the tables when nothing comes of it.
const SPENT: [&str; 4] =
    ["methods.last_step", "methods.last_used_at", "sessions.token_hash", "users.wrong_codes_since"];

impl World {
    async fn methods_of(&self, person: &Person) -> Vec<methods::service::Method> {
        let mut conn = self.platform.db.read().await.unwrap();
        methods::service::list(&mut conn, person.user).await.unwrap()
    }

    /// One more authenticator out of nothing.
    async fn further_method(&self, person: &Person) -> (MethodId, TotpSecret) {
        let secret = TotpSecret::from_bytes(self.platform.rng.bytes());
        let mut tx = self.platform.db.begin().await.unwrap();
        let step = rekey::domain::totp::Step(0);
        let id = methods::service::register(&mut tx, &self.platform, person.user, &secret, step).await.unwrap();
        tx.commit().await.unwrap();
        (id, secret)
    }

    async fn mails(&self, person: &Person, kind: &str) -> i64 {
        let text = format!(
            "SELECT COUNT(*) FROM outbox WHERE customer_id = '{}' AND user_id = '{}' AND mail LIKE '%\"kind\":\"{kind}\"%'",
            person.user.customer, person.user.id
        );
        self.count(&text).await
    }

    async fn begin_adding(&self, session: &Session, factor: &Factor) -> Changed<session::service::NewToken> {
        method_service::begin_adding(&self.platform, &self.origin, session, factor).await.unwrap()
    }

    async fn remove(&self, session: &Session, id: MethodId, factor: &Factor) -> Changed<method_service::OwnMethod> {
        method_service::remove(&self.platform, &self.origin, session, id, factor).await.unwrap()
    }

    async fn make_codes(&self, session: &Session, factor: &Factor) -> Changed<String> {
        codes_service::make_codes(&self.platform, &self.origin, session, factor).await.unwrap()
    }

    fn code(&self, person: &Person) -> Factor {
        Factor::Code(self.fresh_code(person))
    }
}

fn refused<T>(changed: &Changed<T>) -> Option<Refused> {
    if let Changed::Refused(why, _) = changed { Some(*why) } else { None }
}

/// Whether a form that was refused leads back to its page.
fn goes_to(answer: &Answer, path: &str) -> bool {
    answer.is_redirect() && answer.location().trim_end_matches('?').ends_with(path)
}

/// The value of an element of a page, by what stands before it.
fn after<'a>(page: &'a str, mark: &str, end: &str) -> &'a str {
    page.split_once(mark).unwrap_or_else(|| panic!("no {mark} in {page}")).1.split_once(end).unwrap().0
}

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
            assert!(matches!(world.begin_adding(&session, factor).await, Changed::Wrong));
            assert!(matches!(world.make_codes(&session, factor).await, Changed::Wrong));
        }
        assert_eq!(before, Dump::of(&world).await.but_the_record().without(&["users"]));
        // Of a locked person none is taken at all.
        for _ in 0..2 {
            let _ = world.begin_adding(&session, &factors[1]).await;
        }
        assert!(matches!(world.begin_adding(&session, &world.code(&ua)).await, Changed::LockedUntil(_)));
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

    async fn what_is_somebody_elses_is_not_there(world: World) {
        let (ua, colleague, ub) =
            (world.member(&world.a).await, world.member(&world.a).await, world.member(&world.b).await);
        let session = world.session(&ua).await;
        world.further_method(&ua).await;
        let mut foreign = vec![MethodId::new(world.now(), [9; 10])];
        let mut sessions = vec![SessionId::new(world.now(), [9; 10])];
        for person in [&colleague, &ub] {
            world.further_method(person).await;
            foreign.push(world.methods_of(person).await[0].id);
            sessions.push(world.session(person).await.id);
        }
        let mut browser = Browser::signed_in(&world, &ua).await;
        let mut answers = Vec::new();
        let kept = async || Dump::of(&world).await.but_the_record().without(&["sessions.last_seen_at"]);
        let before_all = kept().await;
        for id in &foreign {
            let text = id.to_string();
            let removed = world.remove(&session, *id, &world.code(&ua)).await;
            assert_eq!(refused(&removed), Some(Refused::NoMethod));
            assert!(!method_service::rename(&world.platform, &session, *id, Some("mine")).await.unwrap());
            let mut seen = Vec::new();
            for (path, fields) in [
                ("/api/security/remove", vec![("method", text.as_str()), ("code", "123456")]),
                ("/api/security/rename", vec![("method", &text), ("name", "mine")]),
                ("/api/security/change", vec![("method", &text)]),
            ] {
                let answer = browser.call(path, &fields).await;
                seen.push((answer.status, answer.body));
            }
            let page = browser.get(&format!("/security/methods/{id}/remove")).await;
            seen.push((page.status, without_nonce(&page.body).replace(&text, "…")));
            answers.push(seen);
        }
        assert!(answers.iter().all(|seen| *seen == answers[0]), "foreign ones answer like made-up ones");
        for id in &sessions {
            assert!(!service::end_session(&world.platform, &world.origin, &session, *id).await.unwrap());
            assert_eq!(browser.call("/api/security/end_session", &[("session", &id.to_string())]).await.body, "false");
        }
        assert_eq!(before_all, kept().await);
        assert_eq!(world.last_recorded(world.a.id).await.0, "change_refused");
    }

    async fn new_codes_take_the_place_of_the_old_ones_without_a_script(world: World) {
        let ua = world.member(&world.a).await;
        let mut browser = Browser::signed_in(&world, &ua).await;
        let elsewhere = world.session_token(&ua).await;
        let path = "/security/codes/new";
        assert!(browser.get("/security").await.body.contains(path));
        assert!(browser.get(path).await.body.contains("The ones from before stop working"));
        assert_eq!(browser.get("/security/codes").await.status, StatusCode::OK, "ten that were never typed back");
        let code = world.fresh_code(&ua);
        let answer = browser.post("/api/security/make_codes", path, &[("code", &code)]).await;
        assert_eq!(answer.location(), "/security/codes");
        let page = browser.get("/security/codes").await.body;
        let new: Vec<String> = page
            .split("<li><code>")
            .skip(1)
            .map(|rest| rest.split_once('<').unwrap().0.to_owned())
            .collect();
        assert_eq!(new.len(), 10);
        // The old ones are dead, the caller is signed in, nobody else is.
        assert!(world.find(&elsewhere).await.is_none() && world.find(&browser.cookies[SESSION]).await.is_some());
        let (token, _) = world.begin(&ua).await;
        let old = Factor::BackupCode(ua.codes[0].clone());
        assert!(matches!(world.finish(&token, &old).await, Finished::Wrong));
        assert_eq!(world.mails(&ua, "backup_codes_made").await, 1);
        // File and print sheet hold the same; another browser of the same person shows none.
        let file = browser.get("/security/codes.txt").await;
        assert!(new.iter().all(|code| file.body.contains(code.as_str())) && file.header("content-disposition").contains("attachment"));
        assert!(browser.get("/security/codes/print").await.body.contains(&new[9]));
        let mut another = Browser::signed_in(&world, &ua).await;
        let page = another.get("/security/codes").await.body;
        assert!(!new.iter().any(|code| page.contains(code.as_str())) && page.contains("shown once"));
        assert!(another.get("/security/codes.txt").await.is_redirect());
        assert!(another.get("/security/codes/print").await.is_redirect());
        // Somebody else with this cookie sees nothing either.
        let ub = world.member(&world.a).await;
        let codes = browser.cookies["__Host-rekey-codes"].clone();
        let mut thief = Browser::signed_in(&world, &ub).await.with("__Host-rekey-codes", &codes);
        assert!(!thief.get("/security/codes").await.body.contains(&new[0]));
        // One typed back finishes it and is not spent; an old or wrong one does not.
        let save = "/api/security/save_codes";
        for (typed, said) in [("abc", "A backup code has 16"), (&ua.codes[1].shown(), "That is not one of these ten")] {
            let answer = browser.post(save, "/security/codes", &[("code", typed)]).await;
            assert!(goes_to(&answer, "/security/codes"));
            let page = browser.get("/security/codes").await.body;
            assert!(page.contains(said) && page.contains(&new[0]), "{typed}");
        }
        let answer = browser.post(save, "/security/codes", &[("code", &new[4].to_lowercase())]).await;
        assert_eq!(answer.location(), "/security?done=codes");
        assert!(browser.get("/security").await.body.contains("10 of 10 left"));
        let mut said = String::new();
        for page in ["/security", "/security/codes", "/security/codes/print", "/security/codes.txt", path, "/audit"] {
            said.push_str(&browser.clone().with("__Host-rekey-codes", &codes).get(page).await.body);
        }
        said.push_str(&browser.call("/api/security/codes", &[]).await.body);
        said.push_str(&Dump::of(&world).await.everything());
        assert!(!new.iter().any(|code| said.contains(code.as_str())), "shown once, kept nowhere");
        let (token, _) = world.begin(&ua).await;
        let typed = Factor::backup_code(&new[4]).unwrap();
        assert!(matches!(world.finish(&token, &typed).await, Finished::SignedIn { .. }));
    }

    async fn killed_after_the_codes_were_shown_the_user_makes_others(world: World) {
        let ua = world.member(&world.a).await;
        let session = world.session(&ua).await;
        let Changed::Done(_, sealed) = world.make_codes(&session, &world.code(&ua)).await else { panic!("not made") };
        // The browser and the process are gone.
        let world = world.second_node().await;
        world.advance(Span::minutes(30));
        let token = world.sign_in(&ua).await;
        let session = world.find(&token).await.unwrap();
        assert!(codes_service::codes(&world.platform, &session, None).await.unwrap().unwrap().codes.is_none());
        let Changed::Done(_, newer) = world.make_codes(&session, &world.code(&ua)).await else { panic!("not made") };
        let session = world.session(&ua).await;
        assert!(codes_service::codes(&world.platform, &session, Some(&sealed)).await.unwrap().unwrap().codes.is_none());
        let shown = codes_service::codes(&world.platform, &session, Some(&newer)).await.unwrap().unwrap();
        assert_eq!(shown.codes.unwrap().0.len(), 10);
    }

    async fn codes_typed_back_are_guessed_at_as_little_as_any(world: World) {
        let ua = world.member(&world.a).await;
        let session = world.session(&ua).await;
        let wrong = rekey::domain::backup_code::BackupCode::from_bytes([3; 10]);
        for _ in 0..10 {
            let saved = codes_service::save_codes(&world.platform, &world.origin, &session, &wrong).await.unwrap();
            assert_eq!(saved, Saved::Wrong);
        }
        let saved = codes_service::save_codes(&world.platform, &world.origin, &session, &ua.codes[0]).await.unwrap();
        assert!(matches!(saved, Saved::LockedUntil(_)));
        world.advance(Span::minutes(15));
        let session = world.session(&ua).await;
        let saved = codes_service::save_codes(&world.platform, &world.origin, &session, &ua.codes[0]).await.unwrap();
        assert_eq!(saved, Saved::Right);
        let again = codes_service::save_codes(&world.platform, &world.origin, &session, &ua.codes[0]).await.unwrap();
        assert_eq!(again, Saved::Over);
        let mut conn = world.platform.db.read().await.unwrap();
        assert_eq!(backup_codes::service::left(&mut conn, ua.user).await.unwrap().count(), 10);
    }

    async fn every_change_of_factor_ends_all_else_on_every_node(world: World) {
        let there = world.second_node().await;
        let ua = world.member(&world.a).await;
        for round in 0..3 {
            let (second, _) = world.further_method(&ua).await;
            let mine = world.session_token(&ua).await;
            let others = [world.session_token(&ua).await, there.session_token(&ua).await];
            let halves = [world.challenge(&ua, Step::Factor).await, there.challenge(&ua, Step::Factor).await];
            let session = world.find(&mine).await.unwrap();
            let token = match round {
                0 => match world.make_codes(&session, &world.code(&ua)).await {
                    Changed::Done(token, _) => token,
                    _ => panic!("not made"),
                },
                1 => match world.remove(&session, second, &world.code(&ua)).await {
                    Changed::Done(token, _) => token,
                    _ => panic!("not removed"),
                },
                _ => {
                    let Changed::Done(token, adding) = world.begin_adding(&session, &world.code(&ua)).await else {
                        panic!("not begun")
                    };
                    let session = world.find(&token.0).await.unwrap();
                    let shown = method_service::adding(&world.platform, &session, &adding.0).await.unwrap().unwrap();
                    let code = secret_from_base32(&shown.key.text).code(world.now());
                    let added = method_service::add(&there.platform, &world.origin, &session, &adding.0, &code, None).await;
                    assert_eq!(added.unwrap(), Added::Right);
                    token
                }
            };
            assert!(there.find(&mine).await.is_none(), "the token of before the step-up");
            assert!(there.find(&token.0).await.is_some(), "{round}");
            for other in &others {
                assert!(there.find(other).await.is_none() && world.find(other).await.is_none(), "{round}");
            }
            for half in &halves {
                assert!(matches!(there.finish(half, &there.code(&ua)).await, Finished::Dead), "{round}");
            }
            assert_eq!(world.rows_of("sessions", ua.user).await, 1);
            world.execute(&format!("DELETE FROM sessions WHERE user_id = '{}'", ua.user.id)).await;
            world.execute(&format!("DELETE FROM methods WHERE id = '{second}'")).await;
        }
    }

    async fn a_session_that_ended_meanwhile_changes_nothing(world: World) {
        let ua = world.member(&world.a).await;
        let session = world.session(&ua).await;
        let token = world.session_token(&ua).await;
        world.further_method(&ua).await;
        let own = world.methods_of(&ua).await[0].id;
        let other = world.find(&token).await.unwrap();
        let Changed::Done(_, adding) = world.begin_adding(&session, &world.code(&ua)).await else { panic!("not begun") };
        let shown = method_service::adding(&world.platform, &session, &adding.0).await.unwrap().unwrap();
        let mut tx = world.platform.db.begin().await.unwrap();
        session::service::end_others(&mut tx, &other).await.unwrap();
        tx.commit().await.unwrap();
        let before = Dump::of(&world).await.but_the_record().without(&SPENT);
        let code = secret_from_base32(&shown.key.text).code(world.now());
        let added = method_service::add(&world.platform, &world.origin, &session, &adding.0, &code, None).await.unwrap();
        assert_eq!(added, Added::Over);
        assert!(!matches!(world.remove(&session, own, &world.code(&ua)).await, Changed::Done(..)));
        assert!(!matches!(world.make_codes(&session, &world.code(&ua)).await, Changed::Done(..)));
        assert_eq!(before, Dump::of(&world).await.but_the_record().without(&SPENT));
    }

    async fn one_session_and_all_others_are_ended_without_a_script(world: World) {
        let ua = world.member(&world.a).await;
        let mut browser = Browser::signed_in(&world, &ua).await;
        let (one, two) = (world.session_token(&ua).await, world.session_token(&ua).await);
        let id = world.find(&one).await.unwrap().id.to_string();
        let page = browser.get("/security").await.body;
        assert!(page.contains("This one") && page.contains("192.0.2.1") && page.contains(&id));
        let answer = browser.post("/api/security/end_session", "/security", &[("session", &id)]).await;
        assert_eq!(answer.location(), "/security?done=session");
        assert!(world.find(&one).await.is_none() && world.find(&two).await.is_some());
        browser.post("/api/sign_in/out_elsewhere", "/security", &[]).await;
        assert!(browser.get("/security").await.body.contains("1 other session ended."));
        assert!(world.find(&two).await.is_none());
        assert_eq!(world.rows_of("sessions", ua.user).await, 1);
    }
}
