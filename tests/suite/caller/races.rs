//! Caller codes and everything else at once: in whatever order it comes, the same holds.

use super::super::races::at_once;
use super::super::recovery::assert_one_authenticator;
use super::*;

both! {
    async fn one_code_a_hundred_times_at_once(world: World) {
        let called = world.called().await;
        let digits = world.caller_code(&called).await;
        let answers = at_once(&world, 40, |world, _| {
            let (link, digits) = (called.link.clone(), digits.clone());
            async move { caller::prove(&world.platform, &world.origin, &link, &digits).await }
        })
        .await;
        assert_eq!(answers.iter().filter(|answer| matches!(answer, Proof::Proved(_))).count(), 1);
        assert_eq!(world.rows_of("challenges", called.user.user).await, 1);
        world.assert_chains_whole().await;
    }

    async fn guesses_at_once_are_all_counted(world: World) {
        let called = world.called().await;
        let digits = world.caller_code(&called).await;
        let wrong = other_than(&digits);
        let answers = at_once(&world, 30, |world, _| {
            let (link, wrong) = (called.link.clone(), wrong.clone());
            async move { caller::prove(&world.platform, &world.origin, &link, &wrong).await }
        })
        .await;
        let judged = answers.iter().filter(|answer| matches!(answer, Proof::Wrong)).count();
        assert!(judged < usize::try_from(WRONG_PASSWORDS).unwrap(), "{judged}");
        assert!(world.proved(&called.link, &digits).await.is_none());
        assert!(world.prove(&called.link).await.is_none());
    }

    async fn a_code_against_the_link_sent_again(world: World) {
        for _ in 0..6 {
            let called = world.called().await;
            world.execute("UPDATE outbox SET sent_at = 1, next_try_at = NULL").await;
            let digits = world.caller_code(&called).await;
            let proving = {
                let (world, link, digits) = (world.clone(), called.link.clone(), digits.clone());
                tokio::spawn(async move { world.proved(&link, &digits).await })
            };
            let sending = {
                let (world, admin, reset, user) =
                    (world.clone(), called.admin.clone(), called.reset, called.user.user.id);
                tokio::spawn(async move {
                    let actor = world.actor(&admin).await;
                    let picked = Picked::Ticked(vec![user]);
                    act(&world.platform, &world.origin, &actor, Act::SendAgain, vec![(reset, picked)]).await.unwrap()
                })
            };
            assert_eq!(sending.await.unwrap(), Acted::Done(1, 0));
            // Whether it was taken before or not at all: nothing of the older link is left.
            if let Some(token) = proving.await.unwrap() {
                assert!(matches!(world.choose(&token, NEW).await, Chosen::Dead));
            }
            let newer = world.link_token(called.user.user).await.unwrap();
            assert!(world.proved(&newer, &digits).await.is_none());
            assert_eq!(world.rows_of("challenges", called.user.user).await, 0);
        }
    }

    async fn of_two_help_desks_at_once_one_code_counts(world: World) {
        for _ in 0..4 {
            let called = world.called().await;
            let others = world.people(&world.a, Who { role: Role::Admin, ..Who::MEMBER }, 2).await;
            let mut asking = Vec::new();
            for admin in &others {
                asking.push((world.session(admin).await, admin.clone()));
            }
            world.advance(Span::seconds(30));
            let making: Vec<_> = asking
                .into_iter()
                .map(|(session, admin)| {
                    let (world, user) = (world.clone(), called.user.clone());
                    let code = admin.secret.code(world.now());
                    let order = Order { identified: Some(Identified::InPerson), note: String::new(), code };
                    tokio::spawn(async move { world.try_code(&session, &user, &order).await })
                })
                .collect();
            let mut digits = Vec::new();
            for one in making {
                let Made::Done { digits: made, .. } = one.await.unwrap() else { panic!("not made") };
                digits.push(made.to_string());
            }
            let mut taken = 0;
            for one in &digits {
                taken += usize::from(world.proved(&called.link, one).await.is_some());
            }
            assert_eq!(taken, 1);
        }
    }

    async fn password_and_code_at_once_end_with_one_authenticator(world: World) {
        for _ in 0..4 {
            let called = world.called().await;
            let digits = world.caller_code(&called).await;
            let by_password = {
                let (world, link) = (world.clone(), called.link.clone());
                tokio::spawn(async move { world.register(&world.prove(&link).await?).await })
            };
            let by_code = {
                let (world, link) = (world.clone(), called.link.clone());
                tokio::spawn(async move {
                    let token = world.proved(&link, &digits).await?;
                    matches!(world.choose(&token, NEW).await, Chosen::GoOn).then_some(())?;
                    world.register(&token).await
                })
            };
            let (by_password, by_code) = (by_password.await.unwrap(), by_code.await.unwrap());
            assert!(by_password.is_some() != by_code.is_some());
            let (now, never) = if by_code.is_some() { (NEW, PASSWORD) } else { (PASSWORD, NEW) };
            assert!(matches!(world.begin_with(&called.user.address, now).await, Begun::Challenge(..)));
            assert!(matches!(world.begin_with(&called.user.address, never).await, Begun::Wrong));
            world.execute("DELETE FROM challenges").await;
            assert_one_authenticator(&world, &called.user, by_code.or(by_password).unwrap()).await;
        }
        world.assert_chains_whole().await;
    }

    async fn two_tabs_that_choose_a_password_end_with_one(world: World) {
        let called = world.called().await;
        let token = world.proved(&called.link, &world.caller_code(&called).await).await.unwrap();
        at_once(&world, 6, |world, n| {
            let token = token.clone();
            async move { choose(&world.platform, &token, format!("{NEW} {n}")).await.map(drop) }
        })
        .await;
        assert!(world.register(&token).await.is_some());
        let mut taken = 0;
        for n in 0..6 {
            let begun = world.begin_with(&called.user.address, &format!("{NEW} {n}")).await;
            taken += usize::from(matches!(begun, Begun::Challenge(..)));
        }
        assert_eq!(taken, 1);
    }
}
