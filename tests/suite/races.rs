//! Everything at once. None of it waits for a moment: in whatever order things happen to come, the same must hold.

mod resets;

use std::future::Future;

use rekey::domain::authority::Role;
use rekey::domain::board::Act;
use rekey::domain::plan::CHUNK;
use rekey::domain::policy::Policy;
use rekey::domain::recovery::WRONG_PASSWORDS;
use rekey::domain::sign_in::{Purpose, Step};
use rekey::domain::time::Span;
use rekey::features::recovery::service::{Proof, prove};
use rekey::features::reset::board::Picked;
use rekey::features::reset::board_acts::act;
use rekey::features::reset::run::{resume, run};
use rekey::features::reset::service::{Confirmation, Confirmed, confirm, view};
use rekey::features::set_up::service::{Finished as SetUpFinished, Registered, register};
use rekey::features::sign_in::service::{Factor, Finished, finish, sign_out};
use rekey::features::{customers, set_up};
use rekey::platform::Fault;

use super::harness::*;
use super::recovery::assert_one_authenticator;

/// How often four ways are tried at once, on each database; `REKEY_TEST_RACES` names another number.
const ROUNDS: usize = 1000;

fn rounds() -> usize {
    std::env::var("REKEY_TEST_RACES").ok().and_then(|n| n.parse().ok()).unwrap_or(ROUNDS)
}

/// Runs `one` for every number below `count` at once, on two nodes by turns, and gathers what came of each. Being told
/// to come back is no answer: it changes nothing.
pub async fn at_once<T, F>(world: &World, count: usize, one: impl Fn(World, usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Fault>> + Send + 'static,
{
    let other = world.second_node().await;
    let all: Vec<_> =
        (0..count).map(|n| tokio::spawn(one(if n % 2 == 0 { world.clone() } else { other.clone() }, n))).collect();
    let mut answers = Vec::new();
    for one in all {
        match one.await.unwrap() {
            Ok(answer) => answers.push(answer),
            Err(Fault::Busy) => {}
            Err(fault) => panic!("{fault}"),
        }
    }
    answers
}

async fn one_winner(world: &World, user: &Person, factor: Factor, challenges: usize) {
    let sessions = world.rows_of("sessions", user.user).await;
    let mut tokens = Vec::new();
    for _ in 0..challenges {
        tokens.push(world.challenge(user, Step::Factor).await);
    }
    let answers = at_once(world, 100, |world, n| {
        let (token, factor) = (tokens[n % tokens.len()].clone(), factor.clone());
        async move { finish(&world.platform, &world.origin, &token, &factor, false).await }
    })
    .await;
    let winners = answers.iter().filter(|answer| matches!(answer, Finished::SignedIn { .. })).count();
    assert_eq!(winners, 1, "of {} answers", answers.len());
    assert_eq!(world.rows_of("sessions", user.user).await, sessions + 1);
}

both! {
    async fn one_backup_code_a_hundred_times_at_once(world: World) {
        let ua = world.member(&world.a).await;
        for (round, challenges) in [1, 100].into_iter().enumerate() {
            one_winner(&world, &ua, Factor::BackupCode(ua.codes[round].clone()), challenges).await;
            let used =
                format!("SELECT COUNT(*) FROM backup_codes WHERE used_at IS NOT NULL AND number <= {}", round + 1);
            assert_eq!(world.count(&used).await, i64::try_from(round).unwrap() + 1);
            world.advance(Span::minutes(16));
        }
        world.assert_chains_whole().await;
    }

    async fn one_code_of_an_authenticator_a_hundred_times_at_once(world: World) {
        let ua = world.member(&world.a).await;
        for challenges in [1, 100] {
            world.advance(Span::minutes(16));
            one_winner(&world, &ua, Factor::Code(ua.secret.code(world.now())), challenges).await;
        }
        world.assert_chains_whole().await;
    }

    async fn wrong_codes_at_once_are_all_counted(world: World) {
        let ua = world.member(&world.a).await;
        let wrong = wrong_code(&ua.secret, world.now());
        let mut tokens = Vec::new();
        for _ in 0..40 {
            tokens.push(world.challenge(&ua, Step::Factor).await);
        }
        let answers = at_once(&world, 40, |world, n| {
            let (token, factor) = (tokens[n].clone(), Factor::Code(wrong.clone()));
            async move { finish(&world.platform, &world.origin, &token, &factor, false).await }
        })
        .await;
        // Nine were judged wrong, the tenth locked, and none after it was judged at all.
        assert_eq!(answers.iter().filter(|answer| matches!(answer, Finished::Wrong)).count(), 9);
        assert_eq!(world.count("SELECT CAST(SUM(wrong_codes_in_a_row) AS BIGINT) FROM users").await, 10);
    }

    async fn guesses_at_a_link_at_once_are_all_counted(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        world.reset(&admin, &[ua.user]).await;
        let link = world.link_token(ua.user).await.unwrap();
        let answers = at_once(&world, 60, |world, n| {
            let link = link.clone();
            async move { prove(&world.platform, &world.origin, &link, format!("guess {n}")).await }
        })
        .await;
        let checked = answers.iter().filter(|answer| matches!(answer, Proof::Wrong)).count();
        assert!(checked <= usize::try_from(WRONG_PASSWORDS).unwrap(), "{checked} passwords were checked");
        assert!(world.prove(&link).await.is_none());
    }

    async fn one_set_up_is_registered_once(world: World) {
        let new = world.person(&world.a, Who::NEW).await;
        let tokens = [world.challenge(&new, Step::SetUp).await, world.challenge(&new, Step::SetUp).await];
        let mut codes = Vec::new();
        for token in &tokens {
            codes.push(world.shown_secret(token).await.unwrap().code(world.now()));
        }
        let answers = at_once(&world, 40, |world, n| {
            let (token, code) = (tokens[n / 2 % 2].clone(), codes[n / 2 % 2].clone());
            async move { register(&world.platform, &world.origin, &token, &code).await }
        })
        .await;
        assert_eq!(answers.iter().filter(|answer| matches!(answer, Registered::Right(_))).count(), 1);
        assert_eq!(world.rows_of("methods", new.user).await, 1);
        assert_eq!(world.rows_of("backup_codes", new.user).await, 10);
        assert_eq!(world.rows_of("challenges", new.user).await, 1);
    }

    async fn one_set_up_opens_one_session(world: World) {
        let new = world.person(&world.a, Who::NEW).await;
        let token = world.challenge(&new, Step::SetUp).await;
        let (_, codes) = world.register(&token).await.unwrap();
        let answers = at_once(&world, 40, |world, n| {
            let (token, code) = (token.clone(), codes[n % 10].clone());
            async move { set_up::service::finish(&world.platform, &world.origin, &token, &code).await }
        })
        .await;
        assert_eq!(answers.iter().filter(|answer| matches!(answer, SetUpFinished::SignedIn { .. })).count(), 1);
        assert_eq!(world.rows_of("sessions", new.user).await, 1);
    }

    async fn link_and_sign_in_at_once_end_with_one_authenticator(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        for _ in 0..6 {
            let ua = world.member(&world.a).await;
            world.reset(&admin, &[ua.user]).await;
            let link = world.link_token(ua.user).await.unwrap();
            let by_link = {
                let (world, link) = (world.clone(), link.clone());
                tokio::spawn(async move {
                    let token = world.prove(&link).await?;
                    let made = world.register(&token).await?;
                    assert!(matches!(world.save_codes(&token, &made.1[0]).await, SetUpFinished::BackIn));
                    Some(made)
                })
            };
            let at_sign_in = {
                let (world, ua) = (world.clone(), ua.clone());
                tokio::spawn(async move {
                    let (token, _) = world.begin(&ua).await;
                    let made = world.register(&token).await?;
                    assert!(matches!(world.save_codes(&token, &made.1[0]).await, SetUpFinished::SignedIn { .. }));
                    Some(made)
                })
            };
            let (by_link, at_sign_in) = (by_link.await.unwrap(), at_sign_in.await.unwrap());
            assert!(by_link.is_some() != at_sign_in.is_some());
            assert_one_authenticator(&world, &ua, by_link.or(at_sign_in).unwrap()).await;
            assert!(world.link(ua.user).await.is_none() && world.prove(&link).await.is_none());
        }
        world.assert_chains_whole().await;
    }

    async fn link_sign_in_another_reset_and_a_revocation_at_once_end_in_one_story(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let other = world.second_node().await;
        for round in 0..rounds() {
            let ua = world.member(&world.a).await;
            let first = world.reset(&admin, &[ua.user]).await;
            let link = world.link_token(ua.user).await.unwrap();
            let second = world.confirmed(&admin, &[ua.user]).await;
            let actor = world.actor(&admin).await;
            // Each begins a little later in one round than in another.
            let late = move |of: usize| async move {
                for _ in 0..(round * (of + 1) * 7) % 40 {
                    tokio::task::yield_now().await;
                }
            };
            let by_link = {
                let (world, link) = (world.clone(), link.clone());
                tokio::spawn(async move {
                    late(0).await;
                    let token = world.prove(&link).await?;
                    world.register_amid_others(&token).await
                })
            };
            let at_sign_in = {
                let (world, ua) = (other.clone(), ua.clone());
                tokio::spawn(async move {
                    late(1).await;
                    let (token, _) = world.begin(&ua).await;
                    world.register_amid_others(&token).await
                })
            };
            let resetting = {
                let world = world.clone();
                tokio::spawn(async move {
                    late(2).await;
                    run(&world.platform, second).await.unwrap();
                })
            };
            let revoking = {
                let (world, picked) = (other.clone(), Picked::Ticked(vec![ua.user.id]));
                tokio::spawn(async move {
                    late(3).await;
                    act(&world.platform, &world.origin, &actor, Act::Revoke, vec![(first, picked)]).await.unwrap();
                })
            };
            resetting.await.unwrap();
            revoking.await.unwrap();
            let made: Vec<_> = [by_link.await.unwrap(), at_sign_in.await.unwrap()].into_iter().flatten().collect();

            // What is there was made last; where the reset came last nothing is, and the way back is open.
            let mut there = None;
            for (secret, codes) in made.iter().filter_map(|(secret, codes)| Some((secret, codes.as_ref()?))) {
                let back = Person { secret: secret.clone(), codes: codes.clone(), ..ua.clone() };
                let token = world.challenge(&back, Step::Factor).await;
                let code = Factor::BackupCode(codes[0].clone());
                if matches!(world.finish(&token, &code).await, Finished::SignedIn { .. }) {
                    assert!(there.replace((secret.clone(), codes.clone())).is_none(), "both sets of codes work");
                }
            }
            assert_eq!(there.is_some(), world.rows_of("methods", ua.user).await == 1, "round {round}");
            let set_ups = made.len() + usize::from(there.is_none());
            let there = if let Some(there) = there {
                there
            } else {
                assert_eq!(world.rows_of("backup_codes", ua.user).await, 0);
                let token = world.prove(&world.link_token(ua.user).await.unwrap()).await.unwrap();
                world.register(&token).await.unwrap()
            };
            assert_eq!(world.rows_of("methods", ua.user).await, 1);
            world.advance(Span::seconds(30));
            let token = world.challenge(&ua, Step::Factor).await;
            let code = Factor::Code(there.0.code(world.now()));
            assert!(matches!(world.finish(&token, &code).await, Finished::SignedIn { .. }));
            // The record tells each set-up, and one end of each link.
            let told = async |what: &str| {
                let who = ua.user.id;
                world.count(&format!("SELECT COUNT(*) FROM audit_events WHERE what = '{what}' AND target_id = '{who}'")).await
            };
            let links = world.count(&format!("SELECT COUNT(*) FROM links WHERE user_id = '{}'", ua.user.id)).await;
            assert_eq!(told("authenticator_added").await, i64::try_from(set_ups).unwrap(), "round {round}");
            assert_eq!((links, told("link_issued").await, told("link_ended").await), (2, 2, 2), "round {round}");
            assert!(world.link(ua.user).await.is_none(), "no way in is left over");
        }
        world.assert_chains_whole().await;
    }

    async fn a_reset_beats_what_is_going_on(world: World) {
        // Registering and signing in while an admin resets: whichever comes first, nothing old or half-made is left.
        let admin = world.with_role(&world.a, Role::Admin).await;
        for _ in 0..6 {
            let ua = world.member(&world.a).await;
            let set_up = world.challenge_for(&ua, Purpose::Recovery, Step::SetUp).await;
            let sign_in = world.challenge(&ua, Step::Factor).await;
            let id = world.confirmed(&admin, &[ua.user]).await;
            let new_code = world.shown_secret(&set_up).await.unwrap().code(world.now());
            let code = Factor::Code(ua.secret.code(world.now()));
            let resetting = {
                let world = world.clone();
                tokio::spawn(async move { run(&world.platform, id).await.unwrap() })
            };
            let registering = {
                let world = world.clone();
                tokio::spawn(async move {
                    drop(register(&world.platform, &world.origin, &set_up, &new_code).await.unwrap());
                })
            };
            let signing_in = {
                let world = world.clone();
                tokio::spawn(async move { drop(world.finish(&sign_in, &code).await) })
            };
            for one in [resetting, registering, signing_in] {
                one.await.unwrap();
            }
            for table in ["methods", "backup_codes", "sessions", "challenges"] {
                assert_eq!(world.rows_of(table, ua.user).await, 0, "{table}");
            }
            assert!(world.prove(&world.link_token(ua.user).await.unwrap()).await.is_some());
        }
    }

    async fn a_suspension_beats_what_is_going_on(world: World) {
        for _ in 0..6 {
            let ua = world.member(&world.a).await;
            let sign_in = world.challenge(&ua, Step::Factor).await;
            let code = Factor::Code(world.fresh_code(&ua));
            let suspending = {
                let (world, ua) = (world.clone(), ua.clone());
                tokio::spawn(async move { world.suspend(&ua).await })
            };
            let signing_in = {
                let world = world.clone();
                tokio::spawn(async move { world.finish(&sign_in, &code).await })
            };
            suspending.await.unwrap();
            if let Finished::SignedIn { token, .. } = signing_in.await.unwrap() {
                assert!(world.find(&token.0).await.is_none());
            }
        }
    }

    async fn signing_out_while_signing_in_waits_for_nobody(world: World) {
        // One browser holds both: each takes what the other may wait for, and they must take it in one order.
        let mut browsers = Vec::new();
        for person in world.people(&world.a, Who::MEMBER, 30).await {
            let (session, challenge) =
                (world.session_token(&person).await, world.challenge(&person, Step::Factor).await);
            browsers.push((session, challenge, Factor::Code(person.secret.code(world.now()))));
        }
        at_once(&world, 60, |world, n| {
            let (session, challenge, code) = browsers[n / 2].clone();
            async move {
                if n % 2 == 0 {
                    sign_out(&world.platform, &world.origin, Some(&session), Some(&challenge)).await
                } else {
                    finish(&world.platform, &world.origin, &challenge, &code, false).await.map(drop)
                }
            }
        })
        .await;
        assert_eq!(world.count("SELECT COUNT(*) FROM challenges").await, 0);
        world.assert_chains_whole().await;
    }
}
