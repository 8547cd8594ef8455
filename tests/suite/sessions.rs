//! Sessions: a new token at every step up, a bounded life, and an end everywhere at once.

use rekey::domain::authority::{Right, Role};
use rekey::domain::sign_in::{CodeProblem, Step};
use rekey::domain::time::Span;
use rekey::features::reset::service::Confirmed;
use rekey::features::session;
use rekey::features::sign_in::service::{Factor, Finished, SteppedUp, sign_out, sign_out_elsewhere, step_up};

use super::dump::Dump;
use super::harness::*;

both! {
    async fn every_step_up_gives_a_new_token(world: World) {
        let ua = world.member(&world.a).await;
        let (challenge, _) = world.begin(&ua).await;
        let code = Factor::Code(world.fresh_code(&ua));
        let Finished::SignedIn { token, .. } = world.finish(&challenge, &code).await else { panic!("not signed in") };
        let first = token.0;
        assert_ne!(first, challenge);
        let session = world.find(&first).await.unwrap();
        let code = world.fresh_code(&ua);
        let stepped_up = step_up(&world.platform, &world.origin, &session, &code, ("plan", "x")).await.unwrap();
        let SteppedUp::Right(second) = stepped_up else { panic!("refused") };
        // The one overheard before is worth nothing; the session is the same.
        assert!(world.find(&first).await.is_none());
        assert_eq!(world.find(&second.0).await.unwrap().id, session.id);
        assert_eq!(world.rows_of("sessions", ua.user).await, 1);
        // A wrong code leaves it alone.
        let session = world.find(&second.0).await.unwrap();
        let wrong = wrong_code(&ua.secret, world.now());
        let refused = step_up(&world.platform, &world.origin, &session, &wrong, ("plan", "x")).await.unwrap();
        assert!(matches!(refused, SteppedUp::Wrong));
        assert!(world.find(&second.0).await.is_some());
        // And every sign-in makes one of its own: 256 bits, none like another.
        let tokens = [challenge, first, second.0, world.sign_in(&ua).await, world.sign_in(&ua).await];
        for (n, token) in tokens.iter().enumerate() {
            assert_eq!(token.len(), 43);
            assert!(!tokens[..n].contains(token));
        }
    }

    async fn an_ended_session_steps_up_no_more(world: World) {
        let (ua, ub) = (world.with_role(&world.a, Role::Admin).await, world.member(&world.a).await);
        let session = world.session(&ua).await;
        let id = world.plan(&ua, &[ub.user]).await;
        let confirmation = world.confirmation(&ua, id).await;
        // It was found, and ends before its code is judged.
        world.execute("DELETE FROM sessions").await;
        let confirmed = world.try_confirm(&session, id, &confirmation).await;
        assert!(matches!(confirmed, Confirmed::Code(CodeProblem::Wrong)));
        assert_eq!(world.count("SELECT COUNT(*) FROM resets WHERE confirmed_at IS NOT NULL").await, 0);
        assert_eq!(world.last_recorded(ua.user.customer).await.0, "step_up_refused");
        assert_eq!(world.rows_of("methods", ub.user).await, 1);
    }

    async fn an_idle_session_ends(world: World) {
        let ua = world.member(&world.a).await;
        let token = world.session_token(&ua).await;
        for _ in 0..3 {
            world.advance(Span::seconds(60 * 60 - 1));
            assert!(world.find(&token).await.is_some());
        }
        world.advance(Span::minutes(60));
        assert!(world.find(&token).await.is_none());
        assert!(world.find("").await.is_none() && world.find("x").await.is_none());
    }

    async fn a_page_that_asks_by_itself_keeps_no_session(world: World) {
        let ua = world.member(&world.a).await;
        let token = world.session_token(&ua).await;
        for _ in 0..59 {
            world.advance(Span::minutes(1));
            assert!(session::service::still(&world.platform, &token).await.unwrap().is_some());
        }
        world.advance(Span::minutes(1));
        assert!(session::service::still(&world.platform, &token).await.unwrap().is_none());
        assert!(world.find(&token).await.is_none());
    }

    async fn a_used_session_ends_after_twelve_hours(world: World) {
        let ua = world.member(&world.a).await;
        let token = world.session_token(&ua).await;
        for _ in 0..23 {
            world.advance(Span::minutes(30));
            assert!(world.find(&token).await.is_some());
        }
        world.advance(Span::seconds(30 * 60 - 1));
        assert!(world.find(&token).await.is_some());
        world.advance(Span::seconds(1));
        assert!(world.find(&token).await.is_none());
    }

    async fn reading_a_session_writes_at_most_once_a_minute(world: World) {
        let ua = world.member(&world.a).await;
        let token = world.session_token(&ua).await;
        world.advance(Span::seconds(59));
        let before = Dump::of(&world).await;
        for _ in 0..5 {
            world.find(&token).await.unwrap();
        }
        assert_eq!(before, Dump::of(&world).await);
        world.advance(Span::seconds(1));
        world.find(&token).await.unwrap();
        let seen = world.count("SELECT last_seen_at FROM sessions").await;
        assert_eq!(seen, world.now().unix_milliseconds());
    }

    async fn signing_out_ends_one_and_signing_out_elsewhere_the_others(world: World) {
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.a).await);
        let others = world.session_token(&ub).await;
        let tokens = [world.session_token(&ua).await, world.session_token(&ua).await, world.session_token(&ua).await];
        sign_out(&world.platform, &world.origin, Some(&tokens[0]), None).await.unwrap();
        assert!(world.find(&tokens[0]).await.is_none() && world.find(&tokens[1]).await.is_some());
        let session = world.find(&tokens[1]).await.unwrap();
        assert_eq!(sign_out_elsewhere(&world.platform, &world.origin, &session).await.unwrap(), 1);
        assert!(world.find(&tokens[1]).await.is_some() && world.find(&tokens[2]).await.is_none());
        assert!(world.find(&others).await.is_some());
        // Somebody else's session is not the user's to end.
        let other = world.find(&others).await.unwrap();
        let mut tx = world.platform.db.begin().await.unwrap();
        assert!(!session::service::end_one(&mut tx, ua.user, other.id).await.unwrap());
        assert!(session::service::end_one(&mut tx, ub.user, other.id).await.unwrap());
    }

    async fn a_role_taken_away_counts_at_the_next_request(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let token = world.session_token(&admin).await;
        assert!(world.find(&token).await.unwrap().actor.scope(Right::Manage).covers(world.a.id));
        world.grant(&admin, &world.a.clone(), Role::Member).await;
        let actor = world.find(&token).await.unwrap().actor;
        assert!(actor.scope(Right::Manage).customers().is_empty() && actor.scope(Right::Read).customers().is_empty());
    }

    async fn without_a_factor_an_admin_reads_and_resets_nobody(world: World) {
        let admin = world.person(&world.a, Who { role: Role::Owner, ..Who::NEW }).await;
        let actor = world.session(&admin).await.actor;
        assert!(!actor.has_mfa);
        assert!(actor.scope(Right::Manage).customers().is_empty());
        assert_eq!(actor.scope(Right::Read).customers(), [world.a.id]);
    }

    async fn a_reset_ends_sessions_on_every_node_at_commit(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let other = world.second_node().await;
        let tokens = [world.session_token(&ua).await, other.session_token(&ua).await];
        let challenge = other.challenge(&ua, Step::Factor).await;
        assert!(world.find(&tokens[1]).await.is_some() && other.find(&tokens[0]).await.is_some());
        world.reset(&admin, &[ua.user]).await;
        for node in [&world, &other] {
            for token in &tokens {
                assert!(node.find(token).await.is_none());
            }
            assert!(matches!(node.finish(&challenge, &Factor::BackupCode(ua.codes[0].clone())).await, Finished::Dead));
        }
    }
}
