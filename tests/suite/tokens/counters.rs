//! Tokens that count presses: how far they may run ahead, and how they are brought into step.

use axum::http::StatusCode;
use rekey::domain::authority::Role;
use rekey::domain::time::Span;
use rekey::features::tokens::outcome::ActivateOutcome;

use super::super::browser::*;
use super::super::harness::*;
use super::{EIGHT, HOTP, activate, active, fob, hand_over, signs_in};

both! {
    async fn a_counter_may_run_ahead_a_little_and_two_codes_find_it_again(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let fob = fob(&world, &world.a, &admin, HOTP).await;
        hand_over(&world, &fob, &admin, &ua).await;
        let code = |presses: i64| fob.shows(&world, presses);
        world.advance(Span::seconds(60));
        assert_eq!(activate(&world, &ua, &fob, (&code(300), "")).await, ActivateOutcome::TwoNeeded);
        world.advance(Span::seconds(60));
        assert_eq!(activate(&world, &ua, &fob, (&code(301), &code(303))).await, ActivateOutcome::Wrong);
        world.advance(Span::seconds(60));
        assert_eq!(activate(&world, &ua, &fob, (&code(304), &code(305))).await, ActivateOutcome::Done);
        assert!(!signs_in(&world, &ua, &code(305)).await && !signs_in(&world, &ua, &code(299)).await);
        assert!(signs_in(&world, &ua, &code(315)).await, "ten presses may go astray");
        assert!(!signs_in(&world, &ua, &code(310)).await, "what was skipped is spent");
        assert!(!signs_in(&world, &ua, &code(326)).await && signs_in(&world, &ua, &code(316)).await);
    }

    async fn an_active_counter_that_ran_far_ahead_is_brought_into_step(world: World) {
        let (admin, ua) = (world.with_role(&world.a, Role::Admin).await, world.member(&world.a).await);
        let fob = active(&world, &admin, &ua, HOTP).await;
        let far = 300;
        assert!(!signs_in(&world, &ua, &fob.shows(&world, far)).await);
        // The page asks for two, and takes no single one.
        let mut browser = Browser::signed_in(&world, &ua).await;
        assert!(browser.get("/security").await.body.contains("Out of step?"));
        let page = browser.get(&format!("/security/tokens/{}", fob.id)).await.body;
        assert!(page.contains("Bring your token into step") && page.contains("name=\"second\""), "{page}");
        let next = fob.shows(&world, far + 1);
        assert_eq!(activate(&world, &ua, &fob, (&next, "")).await, ActivateOutcome::TwoNeeded);
        world.advance(Span::seconds(30));
        assert_eq!(activate(&world, &ua, &fob, (&next, &fob.shows(&world, far + 3))).await, ActivateOutcome::Wrong);
        world.advance(Span::seconds(30));
        assert_eq!(activate(&world, &ua, &fob, (&next, &fob.shows(&world, far + 2))).await, ActivateOutcome::InStep);
        assert!(!signs_in(&world, &ua, &fob.shows(&world, far + 2)).await, "it counts once");
        assert!(signs_in(&world, &ua, &fob.shows(&world, far + 3)).await);
        // A clock keeps its own step: there is no such page.
        let clock = active(&world, &admin, &world.member(&world.a).await, EIGHT).await;
        assert_eq!(browser.get(&format!("/security/tokens/{}", clock.id)).await.status, StatusCode::NOT_FOUND);
        world.assert_chains_whole().await;
    }
}
