//! Taking an old address back: until when, and what comes of changes in between.

use super::*;

both! {
    async fn what_lies_in_the_old_mailbox_ends(world: World) {
        let admin = world.with_role(&world.a, Role::Owner).await;
        let ua = world.member(&world.a).await;
        let half_way = world.challenge(&ua, Step::Factor).await;
        let new_password = world.password_link(&ua).await.unwrap();
        let token = world.asked_for(&ua, "zoe@new.example").await;
        world.linked(&ua).await;
        let (link, _) = world.link(ua.user).await.unwrap();
        assert_eq!(world.confirm(&token).await, Confirmed::Done(Place::Primary));
        assert_eq!(world.link_facts(link).await.state(world.now()), LinkState::Ended(End::AddressChanged));
        let code = Factor::Code(world.fresh_code(&ua));
        assert!(matches!(world.finish(&half_way, &code).await, Finished::Dead));
        assert!(rekey::features::forgotten::service::open(&world.platform, &new_password).await.unwrap().is_none());
        // A reset after it goes to the new address; the undo ends its link too, and the board says why.
        let reset = world.reset(&admin, &[ua.user]).await;
        let link = world.link_token(ua.user).await.unwrap();
        assert!(world.undo(&world.undo_token(&ua).await).await);
        assert!(world.prove(&link).await.is_none());
        assert_eq!(world.stage_of(&admin, reset).await, Stage::AddressChanged);
        let mut browser = Browser::signed_in(&world, &admin).await;
        let page = browser.get(&format!("/resets/{reset}?state=address_changed")).await.body;
        assert!(page.contains("Address changed") && page.contains(&ua.address), "{page}");
        let page = browser.get(&format!("/users/{}/activity", ua.user.id)).await.body;
        assert!(page.contains("Recovery link ended with the old address"), "{page}");
        world.assert_chains_whole().await;
    }

    async fn it_can_be_undone_to_the_last_second(world: World) {
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.a).await);
        let (in_time, late) = (world.moved(&ua, "ua@new.example").await, world.moved(&ub, "ub@new.example").await);
        let confirmed_at = world.count("SELECT MIN(confirmed_at) FROM address_changes").await;
        let left = UNDO.as_milliseconds() - (world.now().unix_milliseconds() - confirmed_at);
        world.advance(Span::seconds(left / 1000 - 1));
        sweep(&world.platform).await.unwrap();
        assert!(world.undo(&in_time).await);
        assert_eq!(world.address_of(&ua).await, ua.address);
        world.advance(UNDO);
        let before = Dump::of(&world).await;
        assert!(open_undo(&world.platform, &late).await.unwrap().is_none() && !world.undo(&late).await);
        assert_eq!(before, Dump::of(&world).await);
        sweep(&world.platform).await.unwrap();
        assert_eq!(world.count("SELECT COUNT(*) FROM address_changes").await, 0);
    }

    async fn changing_twice_washes_no_undo_out(world: World) {
        let ua = world.member(&world.a).await;
        let first = world.moved(&ua, "thief@one.example").await;
        let second = world.moved(&ua, "thief@two.example").await;
        let waiting = world.asked_for(&ua, "thief@three.example").await;
        assert!(world.undo(&first).await);
        assert_eq!(world.address_of(&ua).await, ua.address);
        for token in [&first, &second] {
            assert!(!world.undo(token).await, "the later one fell with it");
        }
        assert_eq!(world.confirm(&waiting).await, Confirmed::Dead);
        assert_eq!(world.address_of(&ua).await, ua.address);
        // Undone by the later one first, the first one still has the last word.
        world.advance(Span::hours(1));
        let first = world.moved(&ua, "thief@one.example").await;
        let second = world.moved(&ua, "thief@two.example").await;
        assert!(world.undo(&second).await);
        assert_eq!(world.address_of(&ua).await, "thief@one.example");
        assert!(world.undo(&first).await);
        assert_eq!(world.address_of(&ua).await, ua.address);
        world.assert_chains_whole().await;
    }

    async fn who_changes_back_leaves_the_other_mailbox_nothing(world: World) {
        let ua = world.member(&world.a).await;
        let first = world.moved(&ua, "thief@one.example").await;
        let second = world.moved(&ua, "thief@two.example").await;
        let last = world.moved(&ua, &ua.address.clone()).await;
        for token in [&first, &second, &last] {
            assert!(open_undo(&world.platform, token).await.unwrap().is_none());
            assert!(!world.undo(token).await);
        }
        assert_eq!(world.address_of(&ua).await, ua.address);
        let sink = Sink::open();
        deliver(&world, &transport(&sink)).await;
        let undone = sink.arrived().iter().filter(|mail| path_in(mail, "/address/undo/").is_some()).count();
        assert_eq!(undone, 2, "the last one says so without a link");
    }
}
