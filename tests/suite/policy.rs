//! A customer's policy: who may read and set it, that what its review counts is so, and what each setting does from then on.

use rekey::domain::authority::Role;
use rekey::domain::customer::Policy;
use rekey::domain::sign_in::Step;
use rekey::domain::time::Span;
use rekey::features::set_up;
use rekey::features::set_up::service::{Postponed, Registered, postpone};
use rekey::features::sign_in::service::{Begun, Factor, Finished};

use super::browser::*;
use super::dump::Dump;
use super::harness::*;

/// MFA required since the world began, with so many days of grace.
fn grace(days: u16) -> Policy {
    policy(|policy| {
        policy.mfa_required_since = Some(START);
        policy.grace_days = days;
    })
}

async fn put_off(world: &World, token: &str) -> Postponed {
    postpone(&world.platform, &world.origin, token).await.unwrap()
}

both! {
    // ---- Grace ------------------------------------------------------------------------------------------------------

    async fn a_set_up_is_put_off_until_the_last_second_of_the_grace(world: World) {
        world.set_policy(&world.a, grace(2)).await;
        let early = world.person(&world.a, Who::NEW).await;
        let (token, step) = world.begin(&early).await;
        assert_eq!(step, Step::SetUp, "they are led to the set-up first");
        let Postponed::SignedIn { token: session, next } = put_off(&world, &token).await else { panic!("refused") };
        assert_eq!(next, "/");
        assert!(!world.find(&session.0).await.unwrap().actor.has_mfa);
        assert!(matches!(put_off(&world, &token).await, Postponed::Dead), "once");
        let recorded = world.recorded(world.a.id).await;
        assert_eq!(recorded[recorded.len() - 2..], ["set_up_postponed", "signed_in"]);

        // Whoever comes later has the same end.
        world.advance(Span::seconds(2 * 86_400 - 1));
        let late = world.person(&world.a, Who::NEW).await;
        let (first, second) = (world.begin(&early).await.0, world.begin(&late).await.0);
        assert!(matches!(put_off(&world, &first).await, Postponed::SignedIn { .. }));
        world.advance(Span::seconds(1));
        let before = Dump::of(&world).await;
        assert!(matches!(put_off(&world, &second).await, Postponed::Refused), "the page was shown a second ago");
        assert_eq!(before.but_the_record(), Dump::of(&world).await.but_the_record());
        let (what, details) = world.last_recorded(world.a.id).await;
        assert_eq!((what.as_str(), details.contains("no_grace")), ("sign_in_refused", true));
        // They are still in the set-up, and it takes them in.
        let (_, codes) = world.register(&second).await.unwrap();
        let finished = world.save_codes(&second, &codes[0]).await;
        assert!(matches!(finished, set_up::service::Finished::SignedIn { .. }));
        let (token, _) = world.begin(&early).await;
        assert!(matches!(put_off(&world, &token).await, Postponed::Refused));
    }

    async fn whoever_was_reset_puts_nothing_off(world: World) {
        world.set_policy(&world.a, grace(30)).await;
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        world.reset(&admin, &[ua.user]).await;
        let (token, step) = world.begin(&ua).await;
        assert_eq!(step, Step::SetUp);
        assert!(matches!(put_off(&world, &token).await, Postponed::Refused));
        let mut browser = Browser::new(&world).await.with(CHALLENGE, &token);
        assert!(!browser.get("/set-up").await.body.contains("/api/set_up/postpone"));
        // Not by the link either.
        let by_link = world.prove(&world.link_token(ua.user).await.unwrap()).await.unwrap();
        assert!(matches!(put_off(&world, &by_link).await, Postponed::Refused));
        assert_eq!(world.rows_of("sessions", ua.user).await, 0);
    }

    async fn what_changes_between_page_and_button_counts(world: World) {
        world.set_policy(&world.a, grace(30)).await;
        let new = world.person(&world.a, Who::NEW).await;
        let token = world.begin(&new).await.0;
        let mut browser = Browser::new(&world).await.with(CHALLENGE, &token);
        let page = browser.get("/set-up").await.body;
        assert!(page.contains("/api/set_up/postpone") && page.contains("for 30 more days"), "{page}");
        // A reset by another hand, which would have ended the half-finished sign-in.
        let due = |at: &str| format!("UPDATE users SET set_up_due_at = {at} WHERE id = '{}'", new.user.id);
        world.execute(&due("1")).await;
        assert!(matches!(put_off(&world, &token).await, Postponed::Refused));
        world.execute(&due("NULL")).await;
        // The days of grace taken away, or MFA not required any more: then nothing is to be put off.
        for other in [grace(0), policy(|policy| policy.mfa_required = false)] {
            world.set_policy(&world.a, other).await;
            let answer = browser.post("/api/set_up/postpone", "/set-up", &[]).await;
            assert!(answer.location().contains("/set-up"), "{}", answer.location());
            let page = browser.get("/set-up").await.body;
            assert!(page.contains("This cannot be put off any more."), "{page}");
            assert!(!page.contains("/api/set_up/postpone"));
        }
        world.set_policy(&world.a, grace(1)).await;
        assert!(browser.get("/set-up").await.body.contains("for 1 more day."));
        world.advance(Span::minutes(1));
        assert!(browser.get("/set-up").await.body.contains("for 23 more hours."));
        let answer = browser.post("/api/set_up/postpone", "/set-up", &[]).await;
        assert!(answer.location().ends_with('/') && browser.cookies.contains_key(SESSION), "{}", answer.location());
        assert!(!browser.cookies.contains_key(CHALLENGE));
    }

    async fn a_factor_ends_the_grace_of_whoever_has_it(world: World) {
        world.set_policy(&world.a, grace(30)).await;
        let ua = world.member(&world.a).await;
        // Such a set-up was begun before the factor was there.
        let token = world.challenge(&ua, Step::SetUp).await;
        assert!(matches!(put_off(&world, &token).await, Postponed::Refused));
        assert!(world.shown_secret(&token).await.is_none());
        let registered = set_up::service::register(&world.platform, &world.origin, &token, "000000").await.unwrap();
        assert!(matches!(registered, Registered::Dead));
        assert_eq!(world.begin(&ua).await.1, Step::Factor);
        let factor = world.challenge(&ua, Step::Factor).await;
        assert!(matches!(put_off(&world, &factor).await, Postponed::Refused));
        assert_eq!(world.rows_of("sessions", ua.user).await, 0);
    }

    // ---- The link is required ---------------------------------------------------------------------------------------

    async fn where_the_link_is_required_it_is_the_only_way_back(world: World) {
        world.set_policy(&world.a, policy(|policy| policy.set_up_at_sign_in = false)).await;
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        world.reset(&admin, &[ua.user]).await;
        let before = Dump::of(&world).await;
        let Begun::LinkRequired(told) = world.begin_with(&ua.address, PASSWORD).await else { panic!("let in") };
        assert_eq!((told.customer.as_str(), told.help_desk.as_deref()), ("A", Some("+49 40 1111")));
        assert!(told.masked.starts_with("p\u{2022}") && told.masked.ends_with("@a.example"));
        assert_eq!(before.but_the_record(), Dump::of(&world).await.but_the_record());
        let (what, details) = world.last_recorded(world.a.id).await;
        assert_eq!((what.as_str(), details.contains("link_required")), ("sign_in_refused", true));

        // The page says so, to whoever has the password and to nobody else.
        let mut browser = Browser::new(&world).await;
        let said = "The way back in is in your mailbox";
        for (password, is_told) in [(PASSWORD, true), ("guess", false)] {
            let fields = [("address", ua.address.as_str()), ("password", password)];
            browser.post("/api/sign_in/begin", "/sign-in", &fields).await;
            let page = browser.get("/sign-in").await.body;
            assert_eq!(page.contains(said), is_told, "{page}");
            assert_eq!(page.contains("+49 40 1111"), is_told);
            assert!(!page.contains(&ua.address) || !is_told);
            assert!(!browser.cookies.contains_key(SESSION) && !browser.cookies.contains_key(CHALLENGE));
        }
        let answer = browser.call("/api/sign_in/begin", &[("address", "nobody@a.example"), ("password", "x")]).await;
        assert_eq!(answer.body, "\"Wrong\"");

        let token = world.prove(&world.link_token(ua.user).await.unwrap()).await.unwrap();
        let (secret, _) = world.register(&token).await.unwrap();
        world.advance(Span::seconds(30));
        let (token, step) = world.begin(&ua).await;
        assert_eq!(step, Step::Factor);
        assert!(matches!(world.finish(&token, &Factor::Code(secret.code(world.now()))).await, Finished::SignedIn { .. }));
        // Somebody new has no link and needs none.
        let new = world.person(&world.a, Who::NEW).await;
        assert_eq!(world.begin(&new).await.1, Step::SetUp);
    }

    async fn a_set_up_begun_at_sign_in_ends_when_the_link_becomes_required(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        world.reset(&admin, &[ua.user]).await;
        let (token, _) = world.begin(&ua).await;
        let secret = world.shown_secret(&token).await.unwrap();
        world.set_policy(&world.a, policy(|policy| policy.set_up_at_sign_in = false)).await;
        assert!(world.shown_secret(&token).await.is_none());
        let code = secret.code(world.now());
        let registered = set_up::service::register(&world.platform, &world.origin, &token, &code).await.unwrap();
        assert!(matches!(registered, Registered::Dead));
        assert_eq!(world.rows_of("methods", ua.user).await, 0);
        assert!(world.prove(&world.link_token(ua.user).await.unwrap()).await.is_some());
    }

    // ---- Few codes --------------------------------------------------------------------------------------------------

    async fn the_customer_says_when_codes_are_few(world: World) {
        for (codes_low, warned) in [(9, vec![9, 8]), (8, vec![8]), (0, vec![])] {
            world.set_policy(&world.a, policy(|policy| policy.codes_low = codes_low)).await;
            let ua = world.member(&world.a).await;
            let mut said = Vec::new();
            for code in &ua.codes[..2] {
                let token = world.challenge(&ua, Step::Factor).await;
                let Finished::SignedIn { few_codes, token, .. } =
                    world.finish(&token, &Factor::BackupCode(code.clone())).await
                else {
                    panic!("refused")
                };
                said.extend(few_codes);
                let page = Browser::new(&world).await.with(SESSION, &token.0).get("/security").await.body;
                assert_eq!(page.contains("backup codes left."), few_codes.is_some(), "{codes_low} {few_codes:?}");
            }
            assert_eq!(said, warned, "{codes_low}");
        }
    }
}
