//! One's own password: changed with the old one and a second factor, and never round it.

use rekey::features::sign_in::service::Begun;

use super::super::browser::*;
use super::super::dump::Dump;
use super::super::harness::*;

const NEW: &str = "tide over gravel";

async fn change(browser: &mut Browser, old: &str, new: &str, code: &str) -> String {
    browser.call("/api/security/password", &[("old", old), ("new", new), ("code", code)]).await.body
}

both! {
    async fn a_password_is_changed_and_everything_else_ends(world: World) {
        let ua = world.member(&world.a).await;
        let elsewhere = world.session_token(&ua).await;
        let mut browser = Browser::signed_in(&world, &ua).await;
        let page = browser.get("/security/password").await.body;
        assert!(page.contains("autocomplete=\"current-password\"") && page.contains("At least 8 characters"), "{page}");
        let before = Dump::of(&world).await.but_the_record();
        for (new, said) in [("short", "Short"), ("password1", "Common"), (ua.address.as_str(), "Yourself")] {
            assert!(change(&mut browser, PASSWORD, new, "123456").await.contains(said), "{new}");
        }
        assert_eq!(before, Dump::of(&world).await.but_the_record(), "nothing is looked at but the new one");
        assert!(change(&mut browser, PASSWORD, NEW, "12").await.contains("Malformed"));
        let code = wrong_code(&ua.secret, world.now());
        assert!(change(&mut browser, PASSWORD, NEW, &code).await.contains("Wrong"));
        let code = world.fresh_code(&ua);
        assert_eq!(change(&mut browser, "not it", NEW, &code).await, "\"WrongPassword\"");
        assert!(change(&mut browser, PASSWORD, NEW, &code).await.contains("Wrong"), "the code is spent");
        assert!(matches!(world.begin_with(&ua.address, NEW).await, Begun::Wrong));

        let code = world.fresh_code(&ua);
        assert_eq!(change(&mut browser, PASSWORD, NEW, &code).await, "\"GoOn\"");
        assert!(world.find(&elsewhere).await.is_none());
        assert!(browser.get("/security").await.body.contains("Password changed"), "this session goes on");
        assert!(matches!(world.begin_with(&ua.address, PASSWORD).await, Begun::Wrong));
        assert!(matches!(world.begin_with(&ua.address, NEW).await, Begun::Challenge(..)), "the factor is still asked for");
        assert_eq!(world.mails(&ua, "password_changed").await, 1);
        let (_, details) = world.recorded_with_details(world.a.id, "password_set").await;
        assert!(details.contains("\"at\":\"security\""), "{details}");
        assert!(!Dump::of(&world).await.everything().contains(NEW));
        world.assert_chains_whole().await;
    }

    async fn a_changed_password_ends_trust_in_other_devices(world: World) {
        world.set_policy(&world.a, policy(|policy| policy.trust_days = 30)).await;
        let ua = world.member(&world.a).await;
        let device = world.trusted(&ua, 30).await.token.0;
        let mut browser = Browser::signed_in(&world, &ua).await;
        let code = world.fresh_code(&ua);
        assert_eq!(change(&mut browser, PASSWORD, NEW, &code).await, "\"GoOn\"");
        let begun = world.begin_on(&ua.address, NEW, Some(&device)).await;
        assert!(matches!(begun, Begun::Challenge(..)));
    }

    async fn without_a_factor_guesses_are_counted(world: World) {
        world.set_policy(&world.a, policy(|policy| policy.mfa_required = false)).await;
        let ua = world.person(&world.a, Who::NEW).await;
        let mut browser = Browser::signed_in(&world, &ua).await;
        for _ in 0..10 {
            assert_eq!(change(&mut browser, "not it", "tide over gravel and sand", "").await, "\"WrongPassword\"");
        }
        assert!(change(&mut browser, PASSWORD, "tide over gravel and sand", "").await.contains("Locked"));
        world.advance(rekey::domain::sign_in::GUESS_WINDOW);
        let mut browser = Browser::signed_in(&world, &ua).await;
        assert_eq!(change(&mut browser, PASSWORD, "tide over gravel and sand", "").await, "\"GoOn\"");
    }

    async fn of_two_changes_at_once_one_holds(world: World) {
        let ua = world.member(&world.a).await;
        let (mut one, mut two) = (Browser::signed_in(&world, &ua).await, Browser::signed_in(&world, &ua).await);
        let (first, second) = (world.fresh_code(&ua), world.fresh_code(&ua));
        let (one, two) = tokio::join!(
            change(&mut one, PASSWORD, "tide over gravel", &first),
            change(&mut two, PASSWORD, "gravel under tide", &second)
        );
        let done = [&one, &two].into_iter().filter(|body| body.as_str() == "\"GoOn\"").count();
        assert_eq!(done, 1, "{one} {two}");
    }
}
