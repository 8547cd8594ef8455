//! What ends trusted devices for good, who may end one, and that nothing brings one back.

use rekey::domain::authority::{Refusal, Role};
use rekey::domain::ids::DeviceId;
use rekey::domain::policy::Saved;
use rekey::domain::sign_in::Step;
use rekey::domain::time::Span;
use rekey::features::reset::run::run;
use rekey::features::security::codes_service;
use rekey::features::security::device_service::{end_of_user, end_own};
use rekey::features::security::service::Changed;
use rekey::features::security::user_service::end_sessions;
use rekey::features::sign_in::service::{Begun, Factor, sign_out, sign_out_elsewhere};
use rekey::features::{session, users};

use super::super::browser::*;
use super::super::dump::Dump;
use super::super::harness::*;
use super::super::policy::saved;
use super::{allow, devices, let_in, trust};

impl World {
    async fn in_tx<T>(&self, work: impl AsyncFnOnce(&mut rekey::platform::Tx) -> T) -> T {
        let mut tx = self.platform.db.begin().await.unwrap();
        let done = work(&mut tx).await;
        tx.commit().await.unwrap();
        done
    }
}

both! {
    async fn a_reset_ends_them_for_good_on_every_node(world: World) {
        allow(&world, 30).await;
        let admin = world.with_role(&world.a, Role::Admin).await;
        let (ua, bystander) = (world.member(&world.a).await, world.member(&world.a).await);
        let device = trust(&world, &ua).await.1.unwrap();
        let theirs = trust(&world, &bystander).await.1.unwrap();
        let other = world.second_node().await;
        let id = world.reset(&admin, &[ua.user]).await;
        for node in [&world, &other] {
            assert!(let_in(node, &ua, &device).await.is_none());
        }
        assert_eq!(devices(&world, &ua).await, 0);
        // What was counted stands in the reset and in its record.
        let of_the_reset = format!("SELECT trusted_devices FROM reset_items WHERE reset_id = '{id}'");
        assert_eq!(world.count(&of_the_reset).await, 1);
        let details = world.text("SELECT details FROM audit_events WHERE what = 'reset'").await.unwrap();
        assert!(details.contains("\"trusted_devices\":\"1\""), "{details}");
        // Nor does it come back with the new set-up.
        let token = world.prove(&world.link_token(ua.user).await.unwrap()).await.unwrap();
        let (_, codes) = world.register(&token).await.unwrap();
        world.save_codes(&token, &codes[0]).await;
        let begun = world.begin_on(&ua.address, PASSWORD, Some(&device)).await;
        assert!(matches!(begun, Begun::Challenge(_, Step::Factor)));
        assert!(let_in(&world, &bystander, &theirs).await.is_some());
        world.assert_chains_whole().await;
    }

    async fn a_review_counts_them_and_a_new_one_makes_no_other_plan(world: World) {
        let (admin, ua) = (world.with_role(&world.a, Role::Admin).await, world.member(&world.a).await);
        world.trusted(&ua, 30).await;
        let id = world.plan(&admin, &[ua.user]).await;
        let mut browser = Browser::signed_in(&world, &admin).await;
        let page = browser.get(&format!("/resets/{id}")).await.body;
        let shown = page.split("<dt>Trusted devices</dt>").nth(1).and_then(|rest| rest.split("</dd>").next());
        assert!(shown.is_some_and(|shown| shown.ends_with(">1</a>")), "{shown:?}");
        let hash = world.plan_hash(id).await;
        world.trusted(&ua, 30).await;
        let again = world.plan(&admin, &[ua.user]).await;
        assert_eq!(world.plan_hash(again).await, hash, "they come and go by themselves");
    }

    async fn whatever_ends_sessions_ends_them(world: World) {
        allow(&world, 30).await;
        let admin = world.with_role(&world.a, Role::Admin).await;
        for way in 0..5 {
            let ua = world.member(&world.a).await;
            let device = trust(&world, &ua).await.1.unwrap();
            match way {
                0 => {
                    let session = world.session(&admin).await;
                    let ended = end_sessions(&world.platform, &world.origin, &session, ua.user.id).await.unwrap();
                    assert_eq!(ended, Ok(1));
                    let (_, details) = world.last_recorded(world.a.id).await;
                    assert!(details.contains("\"trusted_devices\":\"1\""), "{details}");
                }
                1 => world.suspend(&ua).await,
                2 => {
                    world.suspend(&ua).await;
                    world.in_tx(async |tx| users::service::life::reactivate(tx, ua.user).await.unwrap()).await;
                }
                3 => {
                    let hash = world.text(&format!("SELECT password_hash FROM users WHERE id = '{}'", ua.user.id)).await;
                    let now = world.now();
                    let hash = hash.unwrap();
                    world.in_tx(async |tx| users::service::set_password(tx, ua.user, &hash, now).await.unwrap()).await;
                }
                _ => {
                    let now = world.now();
                    world.in_tx(async |tx| users::service::life::remove(tx, ua.user, now).await.unwrap()).await;
                }
            }
            assert_eq!(devices(&world, &ua).await, 0, "{way}");
            assert!(let_in(&world, &ua, &device).await.is_none(), "{way}");
        }
    }

    async fn a_change_of_factor_keeps_the_device_it_was_made_on(world: World) {
        allow(&world, 30).await;
        let ua = world.member(&world.a).await;
        let (_, elsewhere) = trust(&world, &ua).await;
        let (first, device) = trust(&world, &ua).await;
        let (device, elsewhere) = (device.unwrap(), elsewhere.unwrap());
        let made = async |token: &str| {
            let session = world.find(token).await.unwrap();
            let factor = Factor::Code(world.fresh_code(&ua));
            let made = codes_service::make_codes(&world.platform, &world.origin, &session, &factor).await.unwrap();
            assert!(matches!(made, Changed::Done(..)));
        };
        // From the session in which it became trusted.
        made(&first).await;
        assert!(let_in(&world, &ua, &elsewhere).await.is_none());
        let second = let_in(&world, &ua, &device).await.expect("kept");
        // From a session that it let in.
        world.trusted(&ua, 30).await;
        made(&second).await;
        assert!(let_in(&world, &ua, &device).await.is_some());
        assert_eq!(devices(&world, &ua).await, 1);
        // From a session that belongs to none.
        made(&world.sign_in(&ua).await).await;
        assert!(let_in(&world, &ua, &device).await.is_none());
        assert_eq!(devices(&world, &ua).await, 0);
    }

    async fn signing_out_ends_none_and_signing_out_elsewhere_the_others(world: World) {
        allow(&world, 30).await;
        let (ua, other) = (world.member(&world.a).await, world.member(&world.a).await);
        world.trusted(&other, 30).await;
        let (gone, mine) = (trust(&world, &ua).await, trust(&world, &ua).await);
        sign_out(&world.platform, &world.origin, Some(&gone.0), None).await.unwrap();
        assert_eq!(devices(&world, &ua).await, 2);
        let session = world.find(&mine.0).await.unwrap();
        assert_eq!(sign_out_elsewhere(&world.platform, &world.origin, &session).await.unwrap(), 0);
        let (what, details) = world.last_recorded(world.a.id).await;
        assert!(what == "sessions_ended" && details.contains("\"trusted_devices\":\"1\""), "{what} {details}");
        assert!(let_in(&world, &ua, &gone.1.unwrap()).await.is_none());
        assert!(let_in(&world, &ua, &mine.1.unwrap()).await.is_some());
        assert_eq!(devices(&world, &other).await, 1);
    }

    // ---- The policy -------------------------------------------------------------------------------------------------

    async fn a_lower_policy_shortens_and_a_higher_one_lengthens_nothing(world: World) {
        allow(&world, 30).await;
        let owner = world.with_role(&world.a, Role::Owner).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        world.set_policy(&world.b, policy(|policy| policy.trust_days = 30)).await;
        let (old, foreign) = (trust(&world, &ua).await.1.unwrap(), trust(&world, &ub).await.1.unwrap());
        world.advance(Span::hours(5 * 24));
        let newer = trust(&world, &ua).await.1.unwrap();
        assert_eq!(saved(&world, &owner, &world.a, |asked| asked.trust_days = 3).await, Saved::Done);
        assert!(let_in(&world, &ua, &old).await.is_none(), "older than that");
        assert!(let_in(&world, &ua, &newer).await.is_some());
        assert_eq!(saved(&world, &owner, &world.a, |asked| asked.trust_days = 90).await, Saved::Done);
        assert!(let_in(&world, &ua, &old).await.is_none(), "what ended is not revived");
        world.advance(Span::hours(3 * 24));
        assert!(let_in(&world, &ua, &newer).await.is_none(), "what was shortened stays short");
        assert!(let_in(&world, &ub, &foreign).await.is_some(), "another customer's");
        // Nor is what was there lengthened.
        let now = trust(&world, &ua).await.1.unwrap();
        allow(&world, 30).await;
        world.advance(Span::seconds(30 * 86_400 - 60));
        assert!(let_in(&world, &ua, &now).await.is_some());
        world.advance(Span::minutes(2));
        assert!(let_in(&world, &ua, &now).await.is_none());
    }

    async fn switching_it_off_ends_all_at_once(world: World) {
        allow(&world, 30).await;
        let owner = world.with_role(&world.a, Role::Owner).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        let device = trust(&world, &ua).await.1.unwrap();
        world.trusted(&ub, 30).await;
        assert_eq!(saved(&world, &owner, &world.a, |asked| asked.trust_days = 0).await, Saved::Done);
        assert_eq!((devices(&world, &ua).await, devices(&world, &ub).await), (0, 1));
        assert!(let_in(&world, &ua, &device).await.is_none());
        // What a sign-in under way at that moment may leave is nothing, now and when it is allowed again.
        let left = world.trusted(&ua, 30).await.token.0;
        assert!(let_in(&world, &ua, &left).await.is_none());
        assert_eq!(saved(&world, &owner, &world.a, |asked| asked.trust_days = 30).await, Saved::Done);
        assert!(let_in(&world, &ua, &left).await.is_none() && let_in(&world, &ua, &device).await.is_none());
    }

    // ---- One of them ------------------------------------------------------------------------------------------------

    async fn a_device_is_nobody_elses_to_end(world: World) {
        allow(&world, 30).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        let colleague = world.member(&world.a).await;
        let id = world.trusted(&ua, 30).await.id;
        let made_up = DeviceId::new(START, [9; 10]);
        let before = Dump::of(&world).await.but_the_record().without(&["sessions"]);
        for person in [&colleague, &ub] {
            let session = world.session(person).await;
            let mut browser = Browser::signed_in(&world, person).await;
            let mut answers = Vec::new();
            for id in [id, made_up] {
                assert!(!end_own(&world.platform, &world.origin, &session, id).await.unwrap());
                assert_eq!(world.last_recorded(person.user.customer).await.0, "change_refused");
                let answer = browser.call("/api/security/end_device", &[("device", &id.to_string())]).await;
                answers.push((answer.status, answer.body));
            }
            assert_eq!(answers[0], answers[1]);
        }
        // Nor an admin's of another customer, nor an auditor's of this one; and not by the wrong user's name.
        let admins = [world.with_role(&world.b, Role::Admin).await, world.with_role(&world.a, Role::Auditor).await];
        for admin in &admins {
            let session = world.session(admin).await;
            let ended = end_of_user(&world.platform, &world.origin, &session, ua.user.id, id).await.unwrap();
            assert_eq!(ended, Err(Refusal::NoRole));
            let (what, details) = world.last_recorded(admin.user.customer).await;
            assert!(what == "change_refused" && details.contains("end_device"), "{what} {details}");
        }
        let admin = world.with_role(&world.a, Role::Admin).await;
        let session = world.session(&admin).await;
        let ended = end_of_user(&world.platform, &world.origin, &session, colleague.user.id, id).await.unwrap();
        assert_eq!(ended, Ok(false));
        let after = Dump::of(&world).await.but_the_record().without(&["sessions"]);
        assert_eq!(before.0["trusted_devices"], after.0["trusted_devices"]);
        assert_eq!(devices(&world, &ua).await, 1);
    }

    async fn a_help_desk_sees_and_ends_one_without_a_script(world: World) {
        allow(&world, 30).await;
        let ua = world.member(&world.a).await;
        let device = trust(&world, &ua).await.1.unwrap();
        let id = world.text("SELECT id FROM trusted_devices").await.unwrap();
        let path = format!("/users/{}/methods", ua.user.id);
        let auditor = world.with_role(&world.a, Role::Auditor).await;
        let page = Browser::signed_in(&world, &auditor).await.get(&path).await.body;
        assert!(page.contains("Trusted devices") && !page.contains("Stop trusting"), "{page}");
        let admin = world.with_role(&world.a, Role::Admin).await;
        let mut browser = Browser::signed_in(&world, &admin).await;
        assert!(browser.get(&path).await.body.contains("Stop trusting"));
        let user = ua.user.id.to_string();
        browser.post("/api/users/end_device", &path, &[("id", &user), ("device", &id)]).await;
        let page = browser.get(&path).await.body;
        assert!(page.contains("That device is trusted no longer.") && page.contains("Stopped trusting Test by"), "{page}");
        assert!(!page.contains("Stop trusting<"), "{page}");
        assert!(let_in(&world, &ua, &device).await.is_none());
        // Pressed once more.
        browser.post("/api/users/end_device", &path, &[("id", &user), ("device", &id)]).await;
        assert!(browser.get(&path).await.body.contains("That device was not trusted any more."));
    }

    async fn of_two_who_end_one_at_once_one_does(world: World) {
        let ua = world.member(&world.a).await;
        let session = world.session(&ua).await;
        for _ in 0..5 {
            let id = world.trusted(&ua, 30).await.id;
            let both: Vec<_> = [world.clone(), world.second_node().await]
                .into_iter()
                .map(|node| {
                    let session = session.clone();
                    tokio::spawn(async move { end_own(&node.platform, &node.origin, &session, id).await.unwrap() })
                })
                .collect();
            let mut ended = 0;
            for one in both {
                ended += u32::from(one.await.unwrap());
            }
            assert_eq!(ended, 1);
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM audit_events WHERE what = 'device_ended'").await, 5);
        world.assert_chains_whole().await;
    }

    async fn a_sign_in_at_the_moment_of_an_end_leaves_no_session(world: World) {
        allow(&world, 30).await;
        let admin = world.with_role(&world.a, Role::Admin).await;
        for round in 0..8 {
            let ua = world.member(&world.a).await;
            let device = world.trusted(&ua, 30).await.token.0;
            let reset = if round % 2 == 0 { Some(world.confirmed(&admin, &[ua.user]).await) } else { None };
            let asking = world.session(&ua).await;
            let (node, person, token) = (world.second_node().await, ua.clone(), device.clone());
            let signing_in = tokio::spawn(async move { let_in(&node, &person, &token).await });
            match reset {
                Some(id) => run(&world.platform, id).await.unwrap(),
                None => drop(sign_out_elsewhere(&world.platform, &world.origin, &asking).await.unwrap()),
            }
            // It came before the end and ended with it, or after and was asked for the factor.
            if let Some(token) = signing_in.await.unwrap() {
                assert!(world.find(&token).await.is_none(), "{round}");
            }
            assert!(let_in(&world, &ua, &device).await.is_none(), "{round}");
        }
    }

    async fn a_list_shows_what_is_trusted_and_nothing_else(world: World) {
        let ua = world.member(&world.a).await;
        let ids = [world.trusted(&ua, 30).await.id, world.trusted(&ua, 2).await.id];
        let listed = async |days| {
            let mut conn = world.platform.db.read().await.unwrap();
            let all = session::service::devices::list(&mut conn, ua.user, days, world.now()).await.unwrap();
            let mut ids: Vec<DeviceId> = all.into_iter().map(|device| device.id).collect();
            ids.sort_unstable();
            ids
        };
        let mut both = ids.to_vec();
        both.sort_unstable();
        assert_eq!(listed(30).await, both);
        world.advance(Span::hours(2 * 24));
        assert_eq!(listed(30).await, [ids[0]]);
        assert_eq!(listed(2).await, []);
        assert_eq!(listed(0).await, []);
    }
}
