//! Who makes a code, for whom, and what is asked of them first.

use axum::http::StatusCode;
use rekey::domain::authority::Refusal;
use rekey::domain::caller::MOST_IN_WINDOW;
use rekey::domain::sign_in::CodeProblem;
use rekey::features::security::caller_service::{Against, Missing};

use super::*;

/// What a right own code leaves in the tables even if nothing comes of it.
const SPENT: [&str; 3] = ["methods.last_step", "methods.last_used_at", "sessions.token_hash"];

both! {
    async fn only_those_who_may_manage_the_user(world: World) {
        let called = world.called().await;
        world.grant(&called.admin, &world.b, Role::Admin).await;
        let owner = world.with_role(&world.a, Role::Owner).await;
        let auditor = world.with_role(&world.a, Role::Auditor).await;
        let member = world.member(&world.a).await;
        let foreign = world.with_role(&world.b, Role::Owner).await;
        let bare = world.person(&world.a, Who { role: Role::Admin, ..Who::NEW }).await;
        world.with_role(&world.a, Role::Owner).await;
        world.reset(&world.with_role(&world.a, Role::Owner).await, &[owner.user]).await;
        for (who, of, refusal) in [
            (&called.admin, &owner, Refusal::OwnersOnly),
            (&called.admin, &called.admin, Refusal::Yourself),
            (&auditor, &called.user, Refusal::NoRole),
            (&member, &called.user, Refusal::NoRole),
            (&foreign, &called.user, Refusal::NoRole),
            (&bare, &called.user, Refusal::NoFactorOfYourOwn),
        ] {
            let session = world.session(who).await;
            let order = Order { code: who.secret.code(world.now()), ..world.identified(&called.admin) };
            let before = Dump::of(&world).await;
            let made = world.try_code(&session, of, &order).await;
            let Made::Against(Against::Authority(why), None) = made else { panic!("{} made a code", who.name) };
            assert_eq!(why, refusal, "{}", who.name);
            assert_eq!(before.but_the_record(), Dump::of(&world).await.but_the_record());
            let (_, details) = world.recorded_with_details(who.user.customer, "change_refused").await;
            assert!(details.contains(refusal.as_str()) && details.contains("caller_code"), "{details}");
        }
        // Whoever loses the role between the review and the code makes none.
        let session = world.session(&called.admin).await;
        let order = world.identified(&called.admin);
        world.execute(&format!("DELETE FROM memberships WHERE user_id = '{}'", called.admin.user.id)).await;
        assert!(!matches!(world.try_code(&session, &called.user, &order).await, Made::Done { .. }));
        assert_eq!(world.rows_of("caller_codes", called.user.user).await, 0);
    }

    async fn not_before_the_caller_is_identified_and_the_own_code_is_right(world: World) {
        let called = world.called().await;
        let session = world.session(&called.admin).await;
        let right = world.identified(&called.admin);
        let other = |note: &str| Order { identified: Some(Identified::Other), note: note.to_owned(), ..right.clone() };
        let before = Dump::of(&world).await;
        for (order, missing) in [
            (Order { identified: None, ..right.clone() }, Missing::Way),
            (other(""), Missing::Note),
            (other(" \n "), Missing::Note),
        ] {
            let made = world.try_code(&session, &called.user, &order).await;
            assert!(matches!(made, Made::HowMissing(what) if what == missing), "{:?}", order.note);
        }
        let wrong = wrong_code(&called.admin.secret, world.now());
        for (code, problem) in [(String::new(), CodeProblem::Malformed), (wrong, CodeProblem::Wrong)] {
            let made = world.try_code(&session, &called.user, &Order { code, ..right.clone() }).await;
            assert!(matches!(made, Made::Code(why) if why == problem));
        }
        let counted = ["users.wrong_codes_in_a_row", "users.wrong_codes_recent", "users.wrong_codes_since"];
        let left = |dump: Dump| dump.but_the_record().without(&counted).without(&SPENT);
        assert_eq!(left(before), left(Dump::of(&world).await));
        let made = world.try_code(&session, &called.user, &other("Knows the\nanswer <b>")).await;
        let Made::Done { token, until, .. } = made else { panic!("no code was made") };
        assert_eq!(until, world.now() + LIFETIME);
        assert!(world.find(&token.0).await.is_some(), "the session goes on under another token");
        let (_, details) = world.recorded_with_details(world.a.id, "caller_code_made").await;
        assert!(details.contains("Knows the answer <b>"), "{details}");
        let again = world.session(&called.admin).await;
        assert!(matches!(world.try_code(&again, &called.user, &right).await, Made::Code(_)), "the code is spent");
    }

    async fn five_an_hour_and_none_without_a_link_or_a_policy(world: World) {
        let called = world.called().await;
        for _ in 0..MOST_IN_WINDOW {
            world.caller_code(&called).await;
        }
        let session = world.session(&called.admin).await;
        let order = world.identified(&called.admin);
        let made = world.try_code(&session, &called.user, &order).await;
        let Made::Against(Against::NotBefore(at), None) = made else { panic!("a sixth") };
        world.set_policy(&world.a, policy(|policy| {
            policy.second_proof = SecondProof::PasswordOrCallerCode;
            policy.link_minutes = 1440;
        })).await;
        world.reset(&called.admin, &[called.user.user]).await;
        let made = world.try_code(&session, &called.user, &order).await;
        assert!(matches!(made, Made::Against(Against::NotBefore(_), None)), "another link, the same person");
        world.advance(at - world.now());
        rekey::features::recovery::caller::sweep(&world.platform).await.unwrap();
        let session = world.session(&called.admin).await;
        assert!(matches!(world.try_code(&session, &called.user, &world.identified(&called.admin)).await, Made::Done { .. }));

        let nobody_reset = world.member(&world.a).await;
        let session = world.session(&called.admin).await;
        let made = world.try_code(&session, &nobody_reset, &world.identified(&called.admin)).await;
        assert!(matches!(made, Made::Against(Against::NoLink, None)));
        world.set_policy(&world.a, Policy::default()).await;
        let made = world.try_code(&session, &called.user, &world.identified(&called.admin)).await;
        assert!(matches!(made, Made::Against(Against::Policy, None)));
    }

    async fn the_page_shows_it_once(world: World) {
        let called = world.called().await;
        let id = called.user.user.id.to_string();
        let (user, page) = (format!("/users/{id}"), format!("/users/{id}/caller-code"));
        let mut browser = Browser::signed_in(&world, &called.admin).await;
        for tab in [user.clone(), format!("{user}/methods")] {
            assert!(browser.get(&tab).await.body.contains(&format!("href=\"{page}\"")), "{tab}");
        }
        assert!(browser.get(&page).await.body.contains("How was the caller identified?"));
        let code = world.fresh_code(&called.admin);
        let nothing = [("id", id.as_str()), ("note", "kept"), ("code", code.as_str())];
        browser.post("/api/users/caller_code", &page, &nothing).await;
        let body = browser.get(&page).await.body;
        assert!(body.contains("Say how you made sure that it is them.") && body.contains("kept"), "{body}");
        let code = world.fresh_code(&called.admin);
        let fields = [("id", id.as_str()), ("identified", "in_person"), ("code", code.as_str())];
        let answer = browser.post("/api/users/caller_code", &page, &fields).await;
        assert!(answer.location().contains(&page), "{}", answer.location());
        let body = browser.get(&page).await.body;
        let shown = body.split("read-out-code").nth(1).and_then(|rest| rest.split("<code>").nth(1)).unwrap();
        let shown = shown.split("</code>").next().unwrap().to_owned();
        assert!(!browser.get(&page).await.body.contains(&shown), "once");
        let digits = rekey::domain::caller::read(&shown).expect("eight digits");
        assert!(world.proved(&called.link, &digits).await.is_some());
        // Both sides find it in what happened, in words.
        let told = browser.get(&format!("{user}/activity")).await.body;
        for said in ["Caller code made", "Identified: met in person", "Right caller code at the recovery link"] {
            assert!(told.contains(said), "{said}: {told}");
        }

        let mut auditor = Browser::signed_in(&world, &world.with_role(&world.a, Role::Auditor).await).await;
        assert!(!auditor.get(&user).await.body.contains(&page));
        assert!(auditor.get(&page).await.body.contains("Your role makes no caller codes."));
        let mut foreign = Browser::signed_in(&world, &world.with_role(&world.b, Role::Owner).await).await;
        assert_eq!(foreign.get(&page).await.status, StatusCode::NOT_FOUND);
    }
}
