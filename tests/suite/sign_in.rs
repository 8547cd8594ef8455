//! Sign-in: nobody gets past a step but through it, and guessing is bounded.

use rekey::domain::authority::Role;
use rekey::domain::policy::Policy;
use rekey::domain::sign_in::{GUESS_WINDOW, Step};
use rekey::domain::time::Span;
use rekey::features::sign_in::service::{Begun, Factor, Finished, SteppedUp, sign_out, step_up};
use rekey::features::{session, set_up, users};

use super::browser::*;
use super::dump::Dump;
use super::harness::*;

both! {
    async fn a_half_finished_sign_in_is_no_session(world: World) {
        let ua = world.member(&world.a).await;
        let (token, step) = world.begin(&ua).await;
        assert_eq!(step, Step::Factor);
        assert!(world.find(&token).await.is_none());
        // Nor does it lead to a set-up, which would let a password alone register a new authenticator.
        assert!(set_up::service::show(&world.platform, &token).await.unwrap().is_none());
        let code = ua.secret.code(world.now());
        let registered = set_up::service::register(&world.platform, &world.origin, &token, &code).await.unwrap();
        assert!(matches!(registered, set_up::service::Registered::Dead));
        assert!(matches!(world.save_codes(&token, &ua.codes[0]).await, set_up::service::Finished::Dead));
    }

    async fn a_session_is_no_half_finished_sign_in(world: World) {
        let ua = world.member(&world.a).await;
        let token = world.session_token(&ua).await;
        let code = Factor::Code(world.fresh_code(&ua));
        assert!(matches!(world.finish(&token, &code).await, Finished::Dead));
        assert!(set_up::service::show(&world.platform, &token).await.unwrap().is_none());
    }

    async fn the_right_code_does_not_help_a_wrong_password(world: World) {
        let ua = world.member(&world.a).await;
        assert!(matches!(world.begin_with(&ua.address, "correct horse battery stable").await, Begun::Wrong));
        assert_eq!(world.rows_of("challenges", ua.user).await, 0);
        // A code counts at a half-finished sign-in only: without one, none was taken.
        let code = Factor::Code(world.fresh_code(&ua));
        assert!(matches!(world.finish("", &code).await, Finished::Dead));
        let (token, _) = world.begin(&ua).await;
        assert!(matches!(world.finish(&token, &code).await, Finished::SignedIn { .. }));
    }

    async fn strangers_and_those_kept_out_get_one_answer(world: World) {
        let suspended = world.person(&world.a, Who { suspended: true, ..Who::MEMBER }).await;
        let invited = world.person(&world.a, Who { invited: true, ..Who::MEMBER }).await;
        for address in [suspended.address.as_str(), &invited.address, "nobody@a.example", "no address", ""] {
            let before = Dump::of(&world).await;
            assert!(matches!(world.begin_with(address, PASSWORD).await, Begun::Wrong), "{address}");
            let after = Dump::of(&world).await;
            assert_eq!(before.clone().but_the_record(), after.clone().but_the_record(), "{address}");
            assert_eq!(after.len("audit_events"), before.len("audit_events") + 1, "{address}");
        }
        world.assert_chains_whole().await;
    }

    async fn five_wrong_codes_end_a_sign_in(world: World) {
        let ua = world.member(&world.a).await;
        let (token, _) = world.begin(&ua).await;
        let wrong = Factor::Code(wrong_code(&ua.secret, world.now()));
        for _ in 0..4 {
            assert!(matches!(world.finish(&token, &wrong).await, Finished::Wrong));
        }
        assert!(matches!(world.finish(&token, &wrong).await, Finished::Dead));
        let right = Factor::Code(ua.secret.code(world.now()));
        assert!(matches!(world.finish(&token, &right).await, Finished::Dead));
        assert!(world.recorded(world.a.id).await.contains(&"challenge_ended".to_owned()));
        // The next sign-in takes that very code: it was never spent.
        let (token, _) = world.begin(&ua).await;
        assert!(matches!(world.finish(&token, &right).await, Finished::SignedIn { .. }));
    }

    async fn ten_wrong_codes_lock_and_the_lock_ends(world: World) {
        let ua = world.member(&world.a).await;
        let first = world.now();
        for n in 1..=10 {
            let token = world.challenge(&ua, Step::Factor).await;
            let wrong = Factor::Code(wrong_code(&ua.secret, world.now()));
            match world.finish(&token, &wrong).await {
                Finished::Wrong if n < 10 => {}
                Finished::LockedUntil(until) if n == 10 => assert_eq!(until, first + GUESS_WINDOW),
                other => panic!("after {n}: {}", named_end(&other)),
            }
        }
        // Even a right code is refused, and not spent by it; so is a backup code, and a step-up.
        let token = world.challenge(&ua, Step::Factor).await;
        let right = Factor::Code(ua.secret.code(world.now()));
        assert!(matches!(world.finish(&token, &right).await, Finished::LockedUntil(_)));
        let backup = Factor::BackupCode(ua.codes[0].clone());
        assert!(matches!(world.finish(&token, &backup).await, Finished::LockedUntil(_)));
        let session = world.session(&ua).await;
        let code = ua.secret.code(world.now());
        let stepped_up = step_up(&world.platform, &world.origin, &session, &code, ("plan", "x")).await.unwrap();
        assert!(matches!(stepped_up, SteppedUp::LockedUntil(_)));
        let (token, _) = world.begin(&ua).await;
        world.advance(Span::seconds(15 * 60 - 1));
        assert!(matches!(world.finish(&token, &right).await, Finished::Dead), "it waited longer than ten minutes");
        let (token, _) = world.begin(&ua).await;
        let right = Factor::Code(ua.secret.code(world.now()));
        assert!(matches!(world.finish(&token, &right).await, Finished::LockedUntil(_)));
        world.advance(Span::seconds(1));
        assert!(matches!(world.finish(&token, &backup).await, Finished::SignedIn { .. }));
    }

    async fn wrong_codes_are_counted_whatever_becomes_of_the_request(world: World) {
        let ua = world.member(&world.a).await;
        let token = world.challenge(&ua, Step::Factor).await;
        for n in 1..=3 {
            let wrong = Factor::Code(wrong_code(&ua.secret, world.now()));
            // The handler gives the answer away and drops everything else, as when the client is gone.
            drop(world.finish(&token, &wrong).await);
            let counted = format!("SELECT wrong_codes_in_a_row FROM users WHERE id = '{}'", ua.user.id);
            assert_eq!(world.count(&counted).await, n);
            assert_eq!(world.count("SELECT wrong_codes FROM challenges").await, n);
        }
        // Another process counts on.
        let other = world.second_node().await;
        assert!(matches!(
            other.finish(&token, &Factor::Code(wrong_code(&ua.secret, world.now()))).await,
            Finished::Wrong
        ));
        assert!(matches!(
            other.finish(&token, &Factor::Code(wrong_code(&ua.secret, world.now()))).await,
            Finished::Dead
        ));
    }

    async fn every_kind_of_code_and_every_spelling_shares_one_count(world: World) {
        let ua = world.member(&world.a).await;
        let ub = world.member(&world.a).await;
        let session = world.session(&ua).await;
        let spellings = [ua.address.clone(), ua.address.to_uppercase(), format!(" {}\t", ua.address)];
        for n in 1..=10 {
            let wrong = wrong_code(&ua.secret, world.now());
            let locked = match n % 3 {
                0 => {
                    let stepped_up = step_up(&world.platform, &world.origin, &session, &wrong, ("plan", "x")).await;
                    matches!(stepped_up.unwrap(), SteppedUp::LockedUntil(_))
                }
                kind => {
                    let begun = world.begin_with(&spellings[n % spellings.len()], PASSWORD).await;
                    let Begun::Challenge(token, Step::Factor) = begun else { panic!("refused after {n}") };
                    let factor =
                        if kind == 1 { Factor::Code(wrong) } else { Factor::BackupCode(ub.codes[n % 10].clone()) };
                    matches!(world.finish(&token.0, &factor).await, Finished::LockedUntil(_))
                }
            };
            assert_eq!(locked, n == 10, "after {n}");
        }
    }

    async fn without_the_password_nobody_locks_anybody(world: World) {
        let ua = world.member(&world.a).await;
        for _ in 0..15 {
            assert!(matches!(world.begin_with(&ua.address, "guess").await, Begun::Wrong));
            let code = Factor::Code(wrong_code(&ua.secret, world.now()));
            assert!(matches!(world.finish("guess", &code).await, Finished::Dead));
        }
        assert_eq!(world.count("SELECT CAST(SUM(wrong_codes_in_a_row) AS BIGINT) FROM users").await, 0);
        world.sign_in(&ua).await;
    }

    async fn a_hundred_wrong_in_a_row_disable_until_a_reset(world: World) {
        let admin = world.with_role(&world.a, rekey::domain::authority::Role::Admin).await;
        let ua = world.member(&world.a).await;
        let mut disabled = 0;
        for n in 1..=100 {
            let token = world.challenge(&ua, Step::Factor).await;
            let wrong = Factor::Code(wrong_code(&ua.secret, world.now()));
            if matches!(world.finish(&token, &wrong).await, Finished::Disabled) {
                disabled = n;
            }
            if n % 10 == 0 {
                world.advance(GUESS_WINDOW);
            }
        }
        assert_eq!(disabled, 100);
        world.advance(Span::hours(1000));
        let (token, _) = world.begin(&ua).await;
        assert!(matches!(world.finish(&token, &Factor::Code(ua.secret.code(world.now()))).await, Finished::Disabled));
        assert!(matches!(world.finish(&token, &Factor::BackupCode(ua.codes[0].clone())).await, Finished::Disabled));
        world.reset(&admin, &[ua.user]).await;
        let (token, step) = world.begin(&ua).await;
        assert_eq!(step, Step::SetUp);
        assert!(world.register(&token).await.is_some());
    }

    async fn a_right_code_forgives_wrong_ones(world: World) {
        let ua = world.member(&world.a).await;
        for _ in 0..3 {
            for _ in 0..4 {
                let token = world.challenge(&ua, Step::Factor).await;
                let wrong = Factor::Code(wrong_code(&ua.secret, world.now()));
                assert!(matches!(world.finish(&token, &wrong).await, Finished::Wrong));
            }
            let token = world.challenge(&ua, Step::Factor).await;
            let right = Factor::Code(world.fresh_code(&ua));
            assert!(matches!(world.finish(&token, &right).await, Finished::SignedIn { .. }));
        }
    }

    async fn another_password_or_a_suspension_kills_what_is_half_finished(world: World) {
        for suspended in [false, true] {
            let ua = world.member(&world.a).await;
            let (token, _) = world.begin(&ua).await;
            let session = world.session_token(&ua).await;
            if suspended {
                world.suspend(&ua).await;
            } else {
                let mut tx = world.platform.db.begin().await.unwrap();
                users::service::set_password(&mut tx, ua.user, "another hash", world.now()).await.unwrap();
                tx.commit().await.unwrap();
            }
            let right = Factor::Code(world.fresh_code(&ua));
            assert!(matches!(world.finish(&token, &right).await, Finished::Dead));
            assert!(world.find(&session).await.is_none());
            assert!(matches!(world.begin_with(&ua.address, PASSWORD).await, Begun::Wrong));
        }
    }

    async fn a_suspension_by_another_hand_counts_at_once(world: World) {
        // Whoever writes the fact alone, as an import may, leaves rows behind: they must not matter.
        let ua = world.member(&world.a).await;
        let challenge = world.challenge(&ua, Step::Factor).await;
        let set_up = world.challenge(&ua, Step::SetUp).await;
        let session = world.session_token(&ua).await;
        world.execute(&format!("UPDATE users SET suspended_at = 1 WHERE id = '{}'", ua.user.id)).await;
        let right = Factor::Code(world.fresh_code(&ua));
        assert!(matches!(world.finish(&challenge, &right).await, Finished::Dead));
        assert!(world.register(&set_up).await.is_none());
        assert!(world.find(&session).await.is_none());
    }

    async fn a_sign_in_waits_ten_minutes(world: World) {
        let ua = world.member(&world.a).await;
        let (early, _) = world.begin(&ua).await;
        world.advance(Span::seconds(10 * 60 - 1));
        assert!(matches!(
            world.finish(&early, &Factor::Code(ua.secret.code(world.now()))).await,
            Finished::SignedIn { .. }
        ));
        let (late, _) = world.begin(&ua).await;
        world.advance(Span::minutes(10));
        assert!(matches!(world.finish(&late, &Factor::Code(ua.secret.code(world.now()))).await, Finished::Dead));
    }

    async fn signing_out_half_way_wipes_it(world: World) {
        let ua = world.member(&world.a).await;
        let (token, _) = world.begin(&ua).await;
        sign_out(&world.platform, &world.origin, None, Some(&token)).await.unwrap();
        assert!(matches!(world.finish(&token, &Factor::Code(world.fresh_code(&ua))).await, Finished::Dead));
        assert_eq!(world.rows_of("challenges", ua.user).await, 0);
    }

    async fn whoever_looks_after_nobody_else_is_led_to_what_is_theirs(world: World) {
        let (member, auditor) = (world.member(&world.a).await, world.with_role(&world.a, Role::Auditor).await);
        let page = Browser::signed_in(&world, &member).await.get("/users").await;
        assert!(page.is_redirect() && page.location().ends_with("/security"), "{}", page.location());
        assert!(!Browser::signed_in(&world, &auditor).await.get("/users").await.is_redirect());
    }

    async fn only_a_local_address_is_remembered(world: World) {
        let ua = world.member(&world.a).await;
        for (next, gone_to) in [("//evil.example", "/"), ("javascript:alert(1)", "/"), ("/users?q=a", "/users?q=a")] {
            let begun = rekey::features::sign_in::service::begin(
                &world.platform,
                &world.origin,
                &ua.address,
                PASSWORD.to_owned(),
                Some(next),
                None,
            );
            let Begun::Challenge(token, _) = begun.await.unwrap() else { panic!("the password is right") };
            match world.finish(&token.0, &Factor::Code(world.fresh_code(&ua))).await {
                Finished::SignedIn { next, .. } => assert_eq!(next, gone_to),
                other => panic!("{}", named_end(&other)),
            }
        }
    }

    async fn where_no_factor_is_required_nobody_is_made_to_have_one(world: World) {
        world.set_policy(&world.a, policy(|policy| policy.mfa_required = false)).await;
        let without = world.person(&world.a, Who::NEW).await;
        let Begun::SignedIn(token) = world.begin_with(&without.address, PASSWORD).await else {
            panic!("not signed in")
        };
        assert!(!world.find(&token.0).await.unwrap().actor.has_mfa);
        // But whoever has one is asked for it.
        let with = world.member(&world.a).await;
        assert!(matches!(world.begin_with(&with.address, PASSWORD).await, Begun::Challenge(_, Step::Factor)));
        // And switching it on makes the next sign-in a set-up, with no way round it.
        world.set_policy(&world.a, Policy::default()).await;
        assert!(matches!(world.begin_with(&without.address, PASSWORD).await, Begun::Challenge(_, Step::SetUp)));
    }

    async fn many_wrong_passwords_at_once_do_not_starve_each_other(world: World) {
        // More than there are connections: whoever holds one must not wait for a second.
        let ua = world.member(&world.a).await;
        let guesses: Vec<_> = (0..40)
            .map(|n| {
                let (world, address) =
                    (world.clone(), if n % 2 == 0 { ua.address.clone() } else { format!("x{n}@a.example") });
                tokio::spawn(async move { world.begin_with(&address, "guess").await })
            })
            .collect();
        for guess in guesses {
            assert!(matches!(guess.await.unwrap(), Begun::Wrong));
        }
    }

    async fn what_is_over_is_swept_and_nothing_else(world: World) {
        let ua = world.member(&world.a).await;
        let (old, _) = world.begin(&ua).await;
        let old_session = world.session_token(&ua).await;
        world.advance(Span::minutes(61));
        let (new, _) = world.begin(&ua).await;
        let new_session = world.session_token(&ua).await;
        session::service::sweep(&world.platform).await.unwrap();
        assert_eq!((world.rows_of("challenges", ua.user).await, world.rows_of("sessions", ua.user).await), (1, 1));
        assert!(world.find(&old_session).await.is_none() && world.find(&new_session).await.is_some());
        let code = Factor::Code(ua.secret.code(world.now()));
        assert!(matches!(world.finish(&old, &code).await, Finished::Dead));
        assert!(matches!(world.finish(&new, &code).await, Finished::SignedIn { .. }));
    }
}
