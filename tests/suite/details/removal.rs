//! The single things that help desks take away: a method, and all sessions with it.

use axum::http::StatusCode;
use rekey::domain::authority::Role;
use rekey::domain::ids::MethodId;
use rekey::domain::sign_in::{CodeProblem, Step};
use rekey::features::methods;
use rekey::features::security::user_removal::{Order, Removed, remove_method};
use rekey::features::security::user_service::end_sessions;
use rekey::features::session::service::Session;
use rekey::features::sign_in::service::{Begun, Factor, Finished};
use rekey::platform::totp::TotpSecret;

use super::super::browser::*;
use super::super::dump::Dump;
use super::super::harness::*;

/// What a right code leaves in the tables even if nothing comes of it.
const SPENT: [&str; 3] = ["methods.last_step", "methods.last_used_at", "sessions.token_hash"];

impl World {
    /// The methods of a person, the oldest first, and one more of which they hold the secret.
    async fn two_methods(&self, person: &Person) -> (MethodId, MethodId) {
        let secret = TotpSecret::from_bytes(self.platform.rng.bytes());
        let mut tx = self.platform.db.begin().await.unwrap();
        let step = rekey::domain::totp::Step(0);
        let first = methods::service::list(&mut tx, person.user).await.unwrap()[0].id;
        let second = methods::service::register(&mut tx, &self.platform, person.user, &secret, step).await.unwrap();
        tx.commit().await.unwrap();
        (first, second)
    }

    async fn only_method(&self, person: &Person) -> MethodId {
        let mut conn = self.platform.db.read().await.unwrap();
        methods::service::list(&mut conn, person.user).await.unwrap()[0].id
    }

    fn order(&self, admin: &Person) -> Order {
        Order { reason: "Lost phone".into(), ticket: "T-1".into(), code: self.fresh_code(admin) }
    }

    async fn take(&self, session: &Session, of: &Person, method: MethodId, order: &Order) -> Removed {
        remove_method(&self.platform, &self.origin, session, of.user.id, method, order).await.unwrap()
    }

    async fn queued(&self) -> i64 {
        self.count("SELECT COUNT(*) FROM outbox").await
    }

    /// The method that is left signs its user in, and no other.
    async fn sign_in_with_second(&self, person: &Person, second: MethodId) {
        let (token, step) = self.begin(person).await;
        assert_eq!(step, Step::Factor);
        let dead = Factor::Code(self.fresh_code(person));
        assert!(matches!(self.finish(&token, &dead).await, Finished::Wrong));
        let mut conn = self.platform.db.read().await.unwrap();
        let left = methods::service::list(&mut conn, person.user).await.unwrap();
        assert_eq!(left.iter().map(|method| method.id).collect::<Vec<_>>(), [second]);
        let code = methods::service::code_now(&mut conn, &self.platform, person.user).await.unwrap().unwrap();
        drop(conn);
        assert!(matches!(self.finish(&token, &Factor::Code(code)).await, Finished::SignedIn { .. }));
    }
}

both! {
    async fn roles_decide_who_removes_methods_and_ends_sessions(world: World) {
        // Every role in the user's customer, an admin of another, one of both, and one without a factor.
        let mut askers = Vec::new();
        for role in Role::ALL {
            askers.push((world.with_role(&world.a, *role).await, Some(*role)));
        }
        askers.push((world.with_role(&world.b, Role::Owner).await, None));
        let both = world.with_role(&world.b, Role::Owner).await;
        world.grant(&both, &world.a, Role::Admin).await;
        askers.push((both, Some(Role::Admin)));
        askers.push((world.person(&world.a, Who { role: Role::Owner, ..Who::NEW }).await, None));
        // A customer keeps an owner who can sign in, whoever is taken something away from here.
        world.with_role(&world.a, Role::Owner).await;
        for (asker, role) in &askers {
            for target_role in Role::ALL {
                let target = world.with_role(&world.a, *target_role).await;
                let (_, second) = world.two_methods(&target).await;
                let theirs = world.session_token(&target).await;
                let may = role.is_some_and(|role| role.manages(*target_role));
                let session = world.session(asker).await;
                let place = format!("{role:?} at {target_role:?}");
                let order = world.order(asker);
                let (before, mails) = (Dump::of(&world).await.but_the_record(), world.queued().await);
                let removed = world.take(&session, &target, second, &order).await;
                assert_eq!(matches!(removed, Removed::Done(_)), may, "{place}");
                assert_eq!(matches!(removed, Removed::Refused(_, None)), !may, "{place}");
                assert_eq!(world.queued().await - mails, i64::from(may), "{place}");
                if may {
                    assert!(world.find(&theirs).await.is_none(), "{place}: all their sessions end");
                    assert_eq!(world.rows_of("methods", target.user).await, 1, "{place}");
                    assert_eq!(world.rows_of("backup_codes", target.user).await, 10, "{place}");
                } else {
                    assert_eq!(before, Dump::of(&world).await.but_the_record(), "{place}");
                    assert_eq!(world.last_recorded(asker.user.customer).await.0, "change_refused", "{place}");
                }
                world.session_token(&target).await;
                let before = Dump::of(&world).await.but_the_record();
                let session = world.session(asker).await;
                let before = before.without(&["sessions"]);
                let ended = end_sessions(&world.platform, &world.origin, &session, target.user.id).await.unwrap();
                assert_eq!(ended.is_ok(), may, "{place}");
                assert_eq!(before, Dump::of(&world).await.but_the_record().without(&["sessions"]), "{place}");
                let left = world.rows_of("sessions", target.user).await;
                assert_eq!(left == 0, may, "{place}: {left}");
                if !may {
                    assert_eq!(world.last_recorded(asker.user.customer).await.0, "change_refused", "{place}");
                }
            }
        }
        world.assert_chains_whole().await;
    }

    async fn a_removal_asks_for_a_fresh_code_and_a_reason(world: World) {
        let (admin, ua) = (world.with_role(&world.a, Role::Admin).await, world.member(&world.a).await);
        let (_, second) = world.two_methods(&ua).await;
        world.set_policy(&world.a, policy(|policy| policy.ticket_required = true)).await;
        let session = world.session(&admin).await;
        let used = world.fresh_code(&admin);
        let (token, _) = world.begin(&admin).await;
        assert!(matches!(world.finish(&token, &Factor::Code(used.clone())).await, Finished::SignedIn { .. }));
        let before = Dump::of(&world).await.but_the_record().without(&["users"]);
        let order = |reason: &str, ticket: &str, code: &str| Order {
            reason: reason.into(),
            ticket: ticket.into(),
            code: code.into(),
        };
        let theirs = ua.secret.code(world.now());
        let removed = [
            world.take(&session, &ua, second, &order(" \r\n", "T", "123456")).await,
            world.take(&session, &ua, second, &order("r", "", "123456")).await,
            world.take(&session, &ua, second, &order("r", "T", "12345")).await,
            world.take(&session, &ua, second, &order("r", "T", &used)).await,
            world.take(&session, &ua, second, &order("r", "T", &theirs)).await,
        ];
        assert!(matches!(
            removed,
            [
                Removed::ReasonMissing,
                Removed::TicketMissing,
                Removed::Code(CodeProblem::Malformed),
                Removed::Code(CodeProblem::Wrong),
                Removed::Code(CodeProblem::Wrong)
            ]
        ));
        assert_eq!(before, Dump::of(&world).await.but_the_record().without(&["users"]));
        assert!(matches!(world.take(&session, &ua, second, &world.order(&admin)).await, Removed::Done(_)));
        let (what, details) = world.last_recorded(world.a.id).await;
        assert_eq!(what, "method_removed");
        assert!(details.contains("\"reason\":\"Lost phone\"") && details.contains("\"ticket\":\"T-1\""), "{details}");
        let mail = world.text("SELECT mail FROM outbox ORDER BY id DESC LIMIT 1").await.unwrap();
        assert!(mail.contains("method_removed") && mail.contains("Lost phone"), "{mail}");
    }

    async fn without_the_last_method_the_next_sign_in_is_a_set_up(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        for required in [true, false] {
            world.set_policy(&world.a, policy(|policy| policy.mfa_required = required)).await;
            let ua = world.member(&world.a).await;
            let own = world.only_method(&ua).await;
            let theirs = world.session_token(&ua).await;
            let half = world.challenge(&ua, Step::Factor).await;
            let session = world.session(&admin).await;
            assert!(matches!(world.take(&session, &ua, own, &world.order(&admin)).await, Removed::Done(_)));
            for table in ["methods", "backup_codes", "sessions", "challenges"] {
                assert_eq!(world.rows_of(table, ua.user).await, 0, "{table}");
            }
            assert!(world.find(&theirs).await.is_none());
            let code = Factor::BackupCode(ua.codes[0].clone());
            assert!(matches!(world.finish(&half, &code).await, Finished::Dead));
            assert!(matches!(
                world.begin_with(&ua.address, PASSWORD).await,
                Begun::Challenge(_, Step::SetUp)
            ), "never the password alone");
        }
    }

    async fn where_a_link_is_needed_only_a_reset_takes_the_last_method(world: World) {
        let (admin, ua) = (world.with_role(&world.a, Role::Admin).await, world.member(&world.a).await);
        world.set_policy(&world.a, policy(|policy| policy.set_up_at_sign_in = false)).await;
        let own = world.only_method(&ua).await;
        let session = world.session(&admin).await;
        let before = Dump::of(&world).await.but_the_record();
        assert!(matches!(world.take(&session, &ua, own, &world.order(&admin)).await, Removed::LinkNeeded(None)));
        assert_eq!(before, Dump::of(&world).await.but_the_record());
        let mut browser = Browser::signed_in(&world, &admin).await;
        let page = browser.get(&format!("/users/{}/methods/{own}/remove", ua.user.id)).await.body;
        assert!(page.contains("It is their last method.") && !page.contains("name=\"code\""));
        // One of several still goes.
        let (_, second) = world.two_methods(&ua).await;
        assert!(matches!(world.take(&session, &ua, second, &world.order(&admin)).await, Removed::Done(_)));
    }

    async fn where_a_second_person_is_needed_only_a_reset_takes_the_last_method(world: World) {
        let owner = world.with_role(&world.a, Role::Owner).await;
        let (ua, technician) = (world.member(&world.a).await, world.member(&world.a).await);
        world.grant(&technician, &world.b, Role::Admin).await;
        let session = world.session(&owner).await;
        let methods = [world.only_method(&ua).await, world.only_method(&technician).await];
        let before = Dump::of(&world).await.but_the_record();
        for (setting, refused) in [
            (policy(|policy| policy.approver_from = 1), vec![(&ua, methods[0]), (&technician, methods[1])]),
            (policy(|policy| policy.approver_privileged = true), vec![(&technician, methods[1])]),
        ] {
            world.set_policy(&world.a, setting).await;
            for (person, method) in refused {
                let taken = world.take(&session, person, method, &world.order(&owner)).await;
                assert!(matches!(taken, Removed::LinkNeeded(None)));
            }
        }
        assert_eq!(before.without(&["customers"]), Dump::of(&world).await.but_the_record().without(&["customers"]));
        assert!(matches!(world.take(&session, &ua, methods[0], &world.order(&owner)).await, Removed::Done(_)));
    }

    async fn a_customer_keeps_an_owner_who_can_sign_in(world: World) {
        // The owner of B is at home in A, where another owner looks after them.
        let (here, there) = (world.with_role(&world.a, Role::Owner).await, world.member(&world.a).await);
        world.grant(&there, &world.b, Role::Owner).await;
        let own = world.only_method(&there).await;
        let session = world.session(&here).await;
        let before = Dump::of(&world).await.but_the_record();
        assert!(matches!(world.take(&session, &there, own, &world.order(&here)).await, Removed::LastOwner(None)));
        assert_eq!(before, Dump::of(&world).await.but_the_record());
        world.with_role(&world.b, Role::Owner).await;
        assert!(matches!(world.take(&session, &there, own, &world.order(&here)).await, Removed::Done(_)));
    }

    async fn somebody_elses_method_answers_like_a_made_up_one(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let (ua, other, ub) = (world.member(&world.a).await, world.member(&world.a).await, world.member(&world.b).await);
        world.two_methods(&ua).await;
        let made_up = MethodId::new(world.now(), [9; 10]);
        let (others, foreign) = (world.only_method(&other).await, world.only_method(&ub).await);
        let session = world.session(&admin).await;
        let before = Dump::of(&world).await.but_the_record().without(&SPENT);
        let mut browser = Browser::signed_in(&world, &admin).await;
        let mut pages = Vec::new();
        for method in [made_up, others, foreign] {
            let page = browser.get(&format!("/users/{}/methods/{method}/remove", ua.user.id)).await;
            pages.push((page.status, without_nonce(&page.body).replace(&method.to_string(), "…")));
        }
        assert!(pages.iter().all(|page| *page == pages[0]));
        for method in [made_up, others, foreign] {
            assert!(matches!(world.take(&session, &ua, method, &world.order(&admin)).await, Removed::NoMethod(None)));
        }
        // Nor is a user of another customer there, whichever method is named.
        let nobody = Person { user: rekey::domain::user::UserRef { id: rekey::domain::ids::UserId::new(world.now(), [9; 10]), ..ub.user }, ..ub.clone() };
        for person in [&ub, &nobody] {
            let removed = world.take(&session, person, foreign, &world.order(&admin)).await;
            assert!(matches!(removed, Removed::Refused(rekey::domain::authority::Refusal::NoRole, None)));
        }
        let mut answers = Vec::new();
        for person in [&ub, &nobody] {
            let id = person.user.id.to_string();
            let mut seen = Vec::new();
            for path in ["", "/methods", "/activity"] {
                let page = browser.get(&format!("/users/{id}{path}")).await;
                assert_eq!(page.status, StatusCode::NOT_FOUND);
                seen.push(without_nonce(&page.body).replace(&id, "…"));
            }
            let page = browser.get(&format!("/users/{id}/methods/{foreign}/remove")).await;
            seen.push(without_nonce(&page.body).replace(&id, "…"));
            for path in ["user", "activity", "end_sessions"] {
                seen.push(browser.call(&format!("/api/users/{path}"), &[("id", &id)]).await.body);
            }
            answers.push(seen);
        }
        assert_eq!(answers[0], answers[1]);
        let after = Dump::of(&world).await.but_the_record().without(&SPENT).without(&["sessions"]);
        assert_eq!(before.without(&["sessions"]), after);
    }

    async fn an_admin_removes_a_method_without_a_script(world: World) {
        let (admin, ua) = (world.with_role(&world.a, Role::Admin).await, world.member(&world.a).await);
        let (first, second) = world.two_methods(&ua).await;
        world.execute(&format!("UPDATE methods SET name = 'Old <phone>' WHERE id = '{first}'")).await;
        let mut browser = Browser::signed_in(&world, &admin).await;
        let user = format!("/users/{}", ua.user.id);
        let methods = format!("{user}/methods");
        let path = format!("{methods}/{first}/remove");
        let page = browser.get(&methods).await.body;
        assert!(page.contains(&path) && page.contains("Old &lt;phone&gt;") && page.contains(&second.to_string()));
        assert!(browser.get(&path).await.body.contains("Their other methods and their backup codes stay"));
        let (id, method) = (ua.user.id.to_string(), first.to_string());
        let mut fields = vec![("id", id.as_str()), ("method", &method), ("reason", ""), ("ticket", "NL-1"), ("code", "1")];
        for (reason, said) in [("", "Say in a few words why."), ("Stolen & gone", "A code has 6 digits.")] {
            fields[2].1 = reason;
            let answer = browser.post("/api/users/remove_method", &path, &fields).await;
            assert!(answer.location().trim_end_matches('?').ends_with(&path), "{}", answer.location());
            let page = browser.get(&path).await.body;
            assert!(page.contains(said) && page.contains("value=\"NL-1\""), "{said}");
            assert!(page.contains(&reason.replace('&', "&amp;")), "what was typed comes back");
        }
        let code = world.fresh_code(&admin);
        fields[4].1 = &code;
        let answer = browser.post("/api/users/remove_method", &path, &fields).await;
        assert_eq!(answer.location(), format!("{methods}?done=removed"));
        let page = browser.get(&format!("{methods}?done=removed")).await.body;
        assert!(page.contains("Method removed.") && !page.contains(&method));
        // It is told to the help desk as it was to the user.
        let page = browser.get(&format!("{user}/activity")).await.body;
        assert!(page.contains(&format!("Removed the authenticator app “Old &lt;phone&gt;” by {}", admin.name)));
        assert!(page.contains("“Stolen &amp; gone” NL-1"));
        world.sign_in_with_second(&ua, second).await;
    }
}
