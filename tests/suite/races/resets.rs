//! Resets at once, with each other and with what their requesters are.

use super::*;

both! {
    async fn one_code_confirms_one_plan(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let users = world.people(&world.a, Who::MEMBER, 2).await;
        let mut plans = Vec::new();
        for user in &users {
            plans.push(world.plan(&admin, &[user.user]).await);
        }
        let code = world.fresh_code(&admin);
        let mut confirmations = Vec::new();
        for id in &plans {
            let plan_hash = world.plan_hash(*id).await;
            confirmations.push(Confirmation { plan_hash, reason: "r".into(), ticket: "t".into(), code: code.clone() });
        }
        let session = world.session(&admin).await;
        let answers = at_once(&world, 9, |world, n| {
            let (id, confirmation, session) = (plans[n % 2], confirmations[n % 2].clone(), session.clone());
            async move { confirm(&world.platform, &world.origin, &session, id, &confirmation).await }
        })
        .await;
        assert_eq!(answers.iter().filter(|answer| matches!(answer, Confirmed::Running(_))).count(), 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM resets WHERE confirmed_at IS NOT NULL").await, 1);
    }

    async fn two_admins_reset_overlapping_sets_at_once(world: World) {
        let admins = world.people(&world.a, Who { role: Role::Owner, ..Who::MEMBER }, 2).await;
        for admin in &admins {
            world.grant(admin, &world.b, Role::Owner).await;
        }
        let mut users = users_of(&world.people(&world.a, Who::MEMBER, CHUNK + 60).await);
        users.extend(users_of(&world.people(&world.b, Who::MEMBER, 40).await));
        let (first, second) = (&users[..CHUNK + 80], &users[20..]);
        let mut reversed = second.to_vec();
        reversed.reverse();
        let ids = [world.confirmed(&admins[0], first).await, world.confirmed(&admins[1], &reversed).await];
        at_once(&world, 2, |world, n| async move { run(&world.platform, ids[n]).await }).await;
        for user in &users {
            assert_eq!(world.rows_of("methods", *user).await, 0);
        }
        let live = "SELECT COUNT(*) FROM links WHERE ended_at IS NULL";
        assert_eq!(world.count(live).await, i64::try_from(users.len()).unwrap());
        // Both reports are true: who was in both was reset twice, and the later link is the one that lives.
        for (id, admin, selected) in [(ids[0], &admins[0], first), (ids[1], &admins[1], second)] {
            let view = view(&world.platform, &world.actor(admin).await, id).await.unwrap().unwrap();
            assert!(view.reset.completed_at.is_some());
            assert_eq!(view.items.len(), selected.len());
            assert!(
                view.items
                    .iter()
                    .all(|item| item.done_at.is_some() && item.skip.is_none() && item.link_id.is_some())
            );
        }
        let superseded = "SELECT COUNT(*) FROM links WHERE ended_how = 'superseded'";
        let both = first.iter().filter(|user| second.contains(user)).count();
        assert_eq!(world.count(superseded).await, i64::try_from(both).unwrap());
        world.assert_chains_whole().await;
    }

    async fn of_the_last_two_owners_who_are_at_home_elsewhere_one_stays(world: World) {
        let admins = [world.with_role(&world.a, Role::Admin).await, world.with_role(&world.b, Role::Admin).await];
        for round in 0..5 {
            let mut tx = world.platform.db.begin().await.unwrap();
            let name = format!("Owned from elsewhere {round}");
            let owned = customers::service::add(&mut tx, &world.platform, &name, None, Policy::default()).await;
            let owned = owned.unwrap().unwrap();
            tx.commit().await.unwrap();
            let owners = [world.member(&world.a).await, world.member(&world.b).await];
            let mut ids = Vec::new();
            for (admin, owner) in admins.iter().zip(&owners) {
                world.grant(owner, &owned, Role::Owner).await;
                ids.push((admin, owner));
            }
            let (first, second) = (ids[0], ids[1]);
            // Each plan alone leaves the other owner.
            let ids = [world.confirmed(first.0, &[first.1.user]).await, world.confirmed(second.0, &[second.1.user]).await];
            at_once(&world, 2, |world, n| async move { run(&world.platform, ids[n]).await }).await;
            resume(&world.platform).await.unwrap();
            let mut left = 0;
            for owner in &owners {
                left += world.rows_of("methods", owner.user).await;
            }
            assert_eq!(left, 1, "round {round}");
        }
        let skipped = world.count("SELECT COUNT(*) FROM reset_items WHERE skip = 'last_owner'").await;
        assert_eq!(skipped, 5);
    }

    async fn two_processes_share_one_reset(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let users = world.people(&world.a, Who::MEMBER, CHUNK + 50).await;
        let id = world.confirmed(&admin, &users_of(&users)).await;
        // All want to run it; and while the first does, its lease runs out by a clock that jumps.
        at_once(&world, 6, |world, n| async move {
            if n > 1 {
                world.advance(Span::seconds(31));
            }
            if n % 3 == 0 { resume(&world.platform).await } else { run(&world.platform, id).await }
        })
        .await;
        resume(&world.platform).await.unwrap();
        assert_eq!(world.count("SELECT COUNT(*) FROM links").await, i64::try_from(users.len()).unwrap());
        assert_eq!(world.recorded(world.a.id).await.iter().filter(|what| *what == "reset").count(), users.len());
        assert_eq!(world.count("SELECT COUNT(*) FROM resets WHERE completed_at IS NOT NULL").await, 1);
    }
}
