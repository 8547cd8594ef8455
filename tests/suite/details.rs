//! A user's details: who sees what of whom. What help desks take away alone is in `removal`.

mod removal;

use axum::http::StatusCode;
use rekey::domain::authority::Role;
use rekey::domain::sign_in::Step;
use rekey::domain::time::Span;
use rekey::features::security::user_service::view;
use rekey::features::sign_in::service::{Factor, Finished};

use super::browser::*;
use super::harness::*;

both! {
    async fn an_auditor_sees_all_tabs_and_no_button(world: World) {
        let auditor = world.with_role(&world.a, Role::Auditor).await;
        let (ua, admin) = (world.member(&world.a).await, world.with_role(&world.a, Role::Admin).await);
        world.session_token(&ua).await;
        let user = format!("/users/{}", ua.user.id);
        let pages = [user.clone(), format!("{user}/methods"), format!("{user}/activity")];
        let buttons = ["<form method=\"post\" action=\"/api/reset/plan\"", "/api/users/end_sessions", "/remove\"", "/suspend\""];
        for (reader, may) in [(&auditor, false), (&admin, true)] {
            let mut browser = Browser::signed_in(&world, reader).await;
            let mut seen = String::new();
            for page in &pages {
                let answer = browser.get(page).await;
                assert_eq!(answer.status, StatusCode::OK, "{page}");
                assert!(answer.body.contains(&ua.address), "{page}");
                seen.push_str(&answer.body);
            }
            for button in buttons {
                assert_eq!(seen.contains(button), may, "{button}");
            }
            // The button stands where factors are looked at, and not on what happened.
            let last = browser.get(&pages[2]).await.body;
            assert!(!last.contains("Reset all multi-factor authentications"));
        }
        // A member, and an admin of another customer, see nothing.
        for reader in [world.member(&world.a).await, world.with_role(&world.b, Role::Admin).await] {
            let mut browser = Browser::signed_in(&world, &reader).await;
            for page in &pages {
                let answer = browser.get(page).await;
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{page}");
                assert!(!answer.body.contains(&ua.address) && !answer.body.contains(&ua.name), "{page}");
            }
        }
    }

    async fn details_say_how_a_user_stands(world: World) {
        let (admin, ua) = (world.with_role(&world.a, Role::Admin).await, world.member(&world.a).await);
        world.grant(&ua, &world.b, Role::Auditor).await;
        world.sign_in(&ua).await;
        let user = format!("/users/{}", ua.user.id);
        let mut browser = Browser::signed_in(&world, &admin).await;
        let page = browser.get(&user).await.body;
        for words in ["Authenticator app", "10 left, none was ever typed back", "1 open", "192.0.2.1", " (member)"] {
            assert!(page.contains(words), "{words}");
        }
        // What the user is elsewhere is for readers of that place.
        assert!(!page.contains("Also has roles in"));
        world.grant(&admin, &world.b, Role::Auditor).await;
        assert!(browser.get(&user).await.body.contains(" (auditor)"));
        world.reset(&admin, &[ua.user]).await;
        let page = browser.get(&user).await.body;
        for words in ["A recovery link is on its way.", "The mail is not sent yet.", "Not opened yet.", "None, waiting", "None open"] {
            assert!(page.contains(words), "{words}");
        }
        let link = world.link_token(ua.user).await.unwrap();
        Browser::new(&world).await.get(&format!("/recover/{link}")).await;
        assert!(browser.get(&user).await.body.contains("not finished yet."));
        world.execute(&format!("UPDATE outbox SET failed_at = 1, last_error = '550 no <such> box', next_try_at = NULL WHERE user_id = '{}'", ua.user.id)).await;
        let page = browser.get(&user).await.body;
        assert!(page.contains("came back.") && page.contains("550 no &lt;such&gt; box"));
        world.execute(&format!("UPDATE outbox SET failed_at = NULL, sent_at = 1 WHERE user_id = '{}'", ua.user.id)).await;
        world.advance(Span::minutes(61));
        let mut browser = Browser::signed_in(&world, &admin).await;
        assert!(browser.get(&user).await.body.contains("The last recovery link has expired."));
        // The pages hold no token and no secret.
        let all = format!("{page}{}", browser.get(&format!("{user}/activity")).await.body);
        assert!(!all.contains(&link) && !all.contains(&ua.secret.base32()));
    }

    async fn activity_is_paged_and_of_one_chain(world: World) {
        let auditor = world.with_role(&world.a, Role::Auditor).await;
        let ua = world.member(&world.a).await;
        world.grant(&ua, &world.b, Role::Admin).await;
        // In B they reset somebody; in A they mistype their password.
        let ub = world.member(&world.b).await;
        world.reset(&ua, &[ub.user]).await;
        let (token, _) = world.begin(&ua).await;
        for _ in 0..4 {
            world.finish(&token, &Factor::Code(wrong_code(&ua.secret, world.now()))).await;
        }
        for _ in 0..60 {
            world.execute_event(&ua).await;
        }
        let mut browser = Browser::signed_in(&world, &auditor).await;
        let mut path = format!("/users/{}/activity", ua.user.id);
        let (mut pages, mut seen) = (0, 0);
        loop {
            let page = browser.get(&path).await.body;
            pages += 1;
            let list: &str = page.split_once("class=\"content days\"").unwrap().1.split_once("</main>").unwrap().0;
            seen += list.matches("<li>").count();
            assert!(!page.contains(&ub.name), "nothing of another customer's chain");
            let Some((_, rest)) = page.split_once("/activity?before=") else { break };
            let before = rest.split_once('"').unwrap().0.to_owned();
            path = format!("/users/{}/activity?before={before}", ua.user.id);
        }
        let about = format!(
            "SELECT COUNT(*) FROM audit_events WHERE chain = '{}' AND target_id = '{}' AND what <> 'mail_queued'",
            world.a.id, ua.user.id
        );
        assert_eq!(i64::try_from(seen).unwrap(), world.count(&about).await);
        assert_eq!(pages, 2);
        for odd in ["?before=x", "?before=-1", "?before=99999999999999999999"] {
            let path = format!("/users/{}/activity{odd}", ua.user.id);
            assert_eq!(browser.get(&path).await.status, StatusCode::OK, "{odd}");
        }
    }

    async fn all_sessions_end_without_a_script(world: World) {
        let (admin, ua) = (world.with_role(&world.a, Role::Admin).await, world.member(&world.a).await);
        let (one, two) = (world.session_token(&ua).await, world.second_node().await.session_token(&ua).await);
        let half = world.challenge(&ua, Step::Factor).await;
        let mut browser = Browser::signed_in(&world, &admin).await;
        let path = format!("/users/{}/methods", ua.user.id);
        assert!(browser.get(&path).await.body.contains("2 open"));
        browser.post("/api/users/end_sessions", &path, &[("id", &ua.user.id.to_string())]).await;
        let page = browser.get(&path).await.body;
        assert!(page.contains("2 sessions ended.") && page.contains("none open"));
        assert!(world.find(&one).await.is_none() && world.find(&two).await.is_none());
        assert!(matches!(world.finish(&half, &Factor::Code(world.fresh_code(&ua))).await, Finished::Dead));
        let (what, details) = world.last_recorded(world.a.id).await;
        assert!(what == "sessions_ended" && details.contains("\"count\":\"2\""), "{what} {details}");
        world.sign_in(&ua).await;
    }

    async fn the_last_sign_ins_are_told_however_much_has_happened_since(world: World) {
        let admin = world.with_role(&world.a, Role::Auditor).await;
        let (ua, other) = (world.member(&world.a).await, world.member(&world.a).await);
        let mut at = Vec::new();
        for _ in 0..6 {
            world.sign_in(&ua).await;
            at.push(world.now());
        }
        world.sign_in(&other).await;
        for _ in 0..70 {
            world.execute_event(&ua).await;
        }
        let actor = world.actor(&admin).await;
        let mut conn = world.platform.db.read().await.unwrap();
        let view = view(&mut conn, &actor, ua.user.id, world.now()).await.unwrap().unwrap();
        at.reverse();
        assert_eq!(view.sign_ins.iter().map(|entry| entry.event.at).collect::<Vec<_>>(), at[..5]);
    }
}

impl World {
    /// One more thing that happened to somebody.
    async fn execute_event(&self, person: &Person) {
        use rekey::domain::audit::{Event, What};
        let event = Event::new(self.now(), What::PasswordWrong, Some(person.user.customer)).about(person.user.id);
        rekey::features::audit::service::record_alone(&self.platform, event).await.unwrap();
    }
}
