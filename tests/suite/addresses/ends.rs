//! What ends a change of address that waits for its link.

use super::*;

both! {
    async fn whatever_ends_a_sign_in_ends_a_change_that_waits(world: World) {
        let owner = world.with_role(&world.a, Role::Owner).await;
        let people = world.people(&world.a, Who::MEMBER, 5).await;
        let mut links = Vec::new();
        for (n, ua) in people.iter().enumerate() {
            links.push(world.asked_for(ua, &format!("zoe{n}@new.example")).await);
            assert!(open(&world.platform, &links[n]).await.unwrap().is_some());
        }
        world.reset(&owner, &[people[0].user]).await;
        world.reset(&owner, &[people[1].user]).await;
        let not_me = world.not_me_token(&people[1], "reset").await.unwrap();
        rekey::features::not_me::service::say(&world.platform, &world.origin, &not_me).await.unwrap();
        world.suspend(&people[2]).await;
        let session = world.session(&people[3]).await;
        let code = Factor::Code(world.fresh_code(&people[3]));
        rekey::features::security::codes_service::make_codes(&world.platform, &world.origin, &session, &code).await.unwrap();
        let mut browser = Browser::signed_in(&world, &owner).await;
        let (gone, code) = (people[4].user.id.to_string(), world.fresh_code(&owner));
        browser.call("/api/accounts/remove", &[("id", &gone), ("code", &code)]).await;
        assert_eq!(world.rows_of("address_changes", people[4].user).await, 0);
        // Who is frozen has no session to ask with, and none can be had.
        assert!(world.rows_of("sessions", people[1].user).await == 0);
        for (ua, link) in people.iter().zip(&links) {
            assert!(open(&world.platform, link).await.unwrap().is_none(), "{}", ua.name);
            assert_eq!(world.confirm(link).await, Confirmed::Dead, "{}", ua.name);
        }
        let sink = Sink::open();
        deliver(&world, &transport(&sink)).await;
        assert!(sink.arrived().iter().all(|mail| !mail.to.ends_with("@new.example")), "their mails are needless");
        assert!(!Dump::of(&world).await.0["outbox"].iter().any(|row| row["address"].contains("@new.example")));
        // The old mailbox may undo for who is frozen, which frees nobody.
        let frozen = world.member(&world.a).await;
        let token = world.moved(&frozen, "frozen@new.example").await;
        let not_me = world.not_me_token(&frozen, "address_changed").await.unwrap();
        rekey::features::not_me::service::say(&world.platform, &world.origin, &not_me).await.unwrap();
        assert!(world.undo(&token).await);
        assert!(matches!(world.begin_with(&frozen.address, PASSWORD).await, Begun::Frozen(_)));
        world.assert_chains_whole().await;
    }

    async fn whoever_ends_sessions_ends_what_was_asked_for_there(world: World) {
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.a).await);
        for person in [&ua, &ub] {
            let link = world.asked_for(person, "thief@new.example").await;
            let session = world.session(person).await;
            let (platform, origin) = (&world.platform, &world.origin);
            if person.user == ua.user {
                rekey::features::sign_in::service::sign_out_elsewhere(platform, origin, &session).await.unwrap();
            } else {
                rekey::features::security::service::end_session(platform, origin, &session, session.id).await.unwrap();
            }
            assert_eq!(world.confirm(&link).await, Confirmed::Dead);
        }
    }
}
