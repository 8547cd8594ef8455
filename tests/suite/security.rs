//! One's own security: what every change of it ends, what is somebody else's, and the end of sessions.

mod own_codes;
mod own_methods;
mod own_password;

use rekey::domain::ids::{MethodId, SessionId};
use rekey::domain::sign_in::Step;
use rekey::features::security::codes_service;
use rekey::features::security::method_service::{self, Added};
use rekey::features::security::service::{self, Changed, Refused};
use rekey::features::session::service::Session;
use rekey::features::sign_in::service::{Factor, Finished};
use rekey::features::{methods, session};
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

    pub async fn mails(&self, person: &Person, kind: &str) -> i64 {
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
