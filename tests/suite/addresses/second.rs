//! A second address: added, removed, and what goes to it.

use super::*;

both! {
    async fn a_second_address_comes_and_goes_without_script(world: World) {
        let (sink, ua) = (Sink::open(), world.member(&world.a).await);
        let smtp = transport(&sink);
        let mut own = Browser::signed_in(&world, &ua).await;
        assert!(own.get("/security").await.body.contains("href=\"/security/second-address\""));
        let (page, second) = ("/security/second-address", "zoe@home.example");
        for (address, words) in [(&*ua.address, "You have that address already."), (second, "")] {
            let code = world.fresh_code(&ua);
            let fields = [("address", address), ("second", "true"), ("code", code.as_str())];
            let answer = own.post("/api/security/address", page, &fields).await;
            assert!(words.is_empty() == (answer.location() == "/security?done=address_asked"));
            assert!(own.get(page).await.body.contains(words));
        }
        deliver(&world, &smtp).await;
        assert_eq!(recipients(&sink, 0), [second]);
        assert_eq!(world.second_of(&ua).await, None, "it counts once it is confirmed");
        let link = path_in(&sink.arrived()[0], "/address/").unwrap();
        let mut mailbox = Browser::new(&world).await;
        assert!(mailbox.get(&link).await.body.contains("becomes the second address"));
        mailbox.post("/api/addresses/confirm", &link, &[("token", token_in(&link))]).await;
        assert!(mailbox.get(&link).await.body.contains("Notices go there as well"));
        assert_eq!((world.second_of(&ua).await.as_deref(), world.address_of(&ua).await), (Some(second), ua.address.clone()));
        deliver(&world, &smtp).await;
        assert_eq!(recipients(&sink, 1), [ua.address.as_str(), second]);
        let body = own.get("/security").await.body;
        assert!(body.contains(second) && body.contains("href=\"/security/second-address/remove\""), "{body}");
        assert!(matches!(world.begin_with(second, PASSWORD).await, Begun::Wrong), "it signs nobody in");
        // Another one takes its place, and all three hear of it.
        world.seconded(&ua, "zoe@work.example").await;
        let since = sink.arrived().len();
        deliver(&world, &smtp).await;
        let told = recipients(&sink, since);
        for (address, mails) in [(ua.address.as_str(), 2), (second, 1), ("zoe@work.example", 1)] {
            assert_eq!(told.iter().filter(|to| *to == address).count(), mails, "{address} of {told:?}");
        }
        let remove = "/security/second-address/remove";
        assert!(own.get(remove).await.body.contains("action=\"/api/security/remove_second_address\""));
        own.post("/api/security/remove_second_address", remove, &[("code", "1")]).await;
        assert!(own.get(remove).await.body.contains("A code has 6 digits."));
        let code = world.fresh_code(&ua);
        let answer = own.post("/api/security/remove_second_address", remove, &[("code", &code)]).await;
        assert_eq!(answer.location(), "/security?done=second_removed");
        assert_eq!(world.second_of(&ua).await, None);
        let since = sink.arrived().len();
        deliver(&world, &smtp).await;
        assert_eq!(recipients(&sink, since), [ua.address.as_str(), "zoe@work.example"]);
        let (session, code) = (world.session(&ua).await, Factor::Code(world.fresh_code(&ua)));
        let again = remove_second(&world.platform, &world.origin, &session, &code).await.unwrap();
        assert!(matches!(again, Changed::Refused(..)), "there is none");
        let recorded = world.recorded(world.a.id).await;
        let times = |what: &str| recorded.iter().filter(|one| *one == what).count();
        assert_eq!((times("second_address_added"), times("second_address_removed")), (2, 1));
        world.assert_chains_whole().await;
    }

    async fn copies_go_to_it_and_count_nowhere(world: World) {
        let (sink, admin) = (Sink::open(), world.with_role(&world.a, Role::Owner).await);
        let ua = world.member(&world.a).await;
        let smtp = transport(&sink);
        world.seconded(&ua, "zoe@home.example").await;
        world.advance(Span::hours(72));
        deliver(&world, &smtp).await;
        let since = sink.arrived().len();
        let reset = world.reset(&admin, &[ua.user]).await;
        assert_eq!(deliver(&world, &smtp).await, 2);
        let mails = sink.arrived()[since..].to_vec();
        assert_eq!(recipients(&sink, since), [ua.address.as_str(), "zoe@home.example"]);
        let link = world.link_token(ua.user).await.unwrap();
        let path = format!("/recover/{link}");
        assert!(mails.iter().all(|mail| path_in(mail, "/recover/").as_ref() == Some(&path)), "the same link");
        // Each says by a link of its own that it was not them.
        let not_me: Vec<String> = mails.iter().map(|mail| path_in(mail, "/not-me/").unwrap()).collect();
        assert_ne!(not_me[0], not_me[1]);
        for path in &not_me {
            assert_eq!(Browser::new(&world).await.get(path).await.status, StatusCode::OK);
        }
        let mut conn = world.platform.db.read().await.unwrap();
        let sent = async |conn: &mut rekey::platform::Conn, copies| {
            let users = [ua.user.id];
            rekey::features::outbox::service::links_sent(conn, world.a.id, &users, copies, world.now()).await.unwrap().len()
        };
        assert_eq!((sent(&mut conn, false).await, sent(&mut conn, true).await), (1, 1));
        drop(conn);
        // A copy that comes back says nothing of the mail itself.
        let copy = world.text("SELECT id FROM outbox WHERE copy_of IS NOT NULL AND link_id IS NOT NULL").await.unwrap();
        world.execute(&format!("UPDATE outbox SET failed_at = 1, last_error = 'gone' WHERE id = '{copy}'")).await;
        assert_eq!(world.stage_of(&admin, reset).await, Stage::Sent);
        // However often somebody is reset: three mails an hour to each, and the newest link.
        for _ in 0..6 {
            world.reset(&admin, &[ua.user]).await;
            deliver(&world, &smtp).await;
        }
        for _ in 0..55 {
            world.advance(Span::minutes(1));
            deliver(&world, &smtp).await;
        }
        for address in [ua.address.as_str(), "zoe@home.example"] {
            let links: Vec<String> = sink.arrived()[since..].iter().filter(|mail| mail.to == address).filter_map(|mail| path_in(mail, "/recover/")).collect();
            assert!((2..=4).contains(&links.len()), "{address}: {}", links.len());
            assert_eq!(links.last().unwrap(), &format!("/recover/{}", world.link_token(ua.user).await.unwrap()), "{address}");
        }
        // Set up again, the notices go to both; a mail that is no notice goes to one.
        let set_up = world.prove(&world.link_token(ua.user).await.unwrap()).await.unwrap();
        let since = sink.arrived().len();
        world.register(&set_up).await.unwrap();
        deliver(&world, &smtp).await;
        assert_eq!(recipients(&sink, since), [ua.address.as_str(), "zoe@home.example"]);
        let since = sink.arrived().len();
        world.password_link(&ua).await.unwrap();
        deliver(&world, &smtp).await;
        assert_eq!(recipients(&sink, since), [ua.address.as_str()], "a link to a new password is for one mailbox");
        let mut browser = Browser::signed_in(&world, &admin).await;
        let page = browser.get(&format!("/users/{}/activity", ua.user.id)).await.body;
        assert!(page.contains("To the second address."), "{page}");
        world.assert_chains_whole().await;
    }

    async fn a_copy_that_waits_has_no_link_for_an_address_that_is_gone(world: World) {
        let (sink, admin) = (Sink::open(), world.with_role(&world.a, Role::Owner).await);
        let ua = world.member(&world.a).await;
        world.seconded(&ua, "zoe@home.example").await;
        world.advance(Span::hours(72));
        deliver(&world, &transport(&sink)).await;
        let since = sink.arrived().len();
        world.reset(&admin, &[ua.user]).await;
        let mut tx = world.platform.db.begin().await.unwrap();
        users::service::set_second_address(&mut tx, ua.user, None, world.now()).await.unwrap();
        tx.commit().await.unwrap();
        deliver(&world, &transport(&sink)).await;
        assert_eq!(recipients(&sink, since), [ua.address.as_str(), "zoe@home.example"]);
        for mail in &sink.arrived()[since..] {
            assert_eq!(path_in(mail, "/recover/").is_some(), mail.to == ua.address, "{}", mail.text);
        }
    }

    async fn whether_they_may_come_in_at_all_is_told_at_both(world: World) {
        let (sink, owner) = (Sink::open(), world.with_role(&world.a, Role::Owner).await);
        let ua = world.member(&world.a).await;
        world.seconded(&ua, "zoe@home.example").await;
        deliver(&world, &transport(&sink)).await;
        let mut browser = Browser::signed_in(&world, &owner).await;
        let id = ua.user.id.to_string();
        for act in ["suspend", "reactivate", "remove"] {
            let (since, code) = (sink.arrived().len(), world.fresh_code(&owner));
            browser.call(&format!("/api/accounts/{act}"), &[("id", &id), ("code", &code)]).await;
            deliver(&world, &transport(&sink)).await;
            assert_eq!(recipients(&sink, since), [ua.address.as_str(), "zoe@home.example"], "{act}");
        }
    }

    async fn what_a_thief_brought_along_gets_no_link_and_goes(world: World) {
        let (sink, admin) = (Sink::open(), world.with_role(&world.a, Role::Owner).await);
        let ua = world.member(&world.a).await;
        world.seconded(&ua, "thief@new.example").await;
        deliver(&world, &transport(&sink)).await;
        let since = sink.arrived().len();
        world.reset(&admin, &[ua.user]).await;
        deliver(&world, &transport(&sink)).await;
        assert_eq!(recipients(&sink, since), [ua.address.as_str(), "thief@new.example"]);
        for mail in &sink.arrived()[since..] {
            assert_eq!(path_in(mail, "/recover/").is_some(), mail.to == ua.address, "{}", mail.text);
        }
        let not_me = world.not_me_token(&ua, "second_address").await.unwrap();
        rekey::features::not_me::service::say(&world.platform, &world.origin, &not_me).await.unwrap();
        assert_eq!(world.second_of(&ua).await, None);
    }

    async fn a_second_address_is_never_the_first_one_and_falls_with_an_undo(world: World) {
        let ua = world.member(&world.a).await;
        world.seconded(&ua, "zoe@home.example").await;
        assert_eq!(world.ask_for_place(&ua, Place::Second, "ZOE@home.example").await, Asked::Same);
        assert_eq!(world.ask_for_place(&ua, Place::Second, &ua.address).await, Asked::Same);
        // The second one becomes the first, and is the second no more.
        let token = world.moved(&ua, "zoe@home.example").await;
        assert_eq!((world.address_of(&ua).await.as_str(), world.second_of(&ua).await), ("zoe@home.example", None));
        // Whoever changed the one brings the other along; the undo takes both.
        world.advance(Span::hours(1));
        world.seconded(&ua, "thief@new.example").await;
        assert!(world.undo(&token).await);
        assert_eq!((world.address_of(&ua).await, world.second_of(&ua).await), (ua.address.clone(), None));
        // So does one that came shortly before, and back and forth washes nothing out.
        world.advance(Span::hours(1));
        world.seconded(&ua, "thief@new.example").await;
        let token = world.moved(&ua, "thief@other.example").await;
        world.advance(Span::hours(1));
        world.moved(&ua, "thief@third.example").await;
        world.advance(Span::hours(1));
        world.moved(&ua, "thief@other.example").await;
        assert!(world.undo(&token).await);
        assert_eq!((world.address_of(&ua).await, world.second_of(&ua).await), (ua.address.clone(), None));
        // One that was there for days before stays.
        world.advance(Span::hours(1));
        world.seconded(&ua, "zoe@home.example").await;
        world.advance(Span::hours(72));
        let token = world.moved(&ua, "thief@new.example").await;
        assert!(world.undo(&token).await);
        assert_eq!(world.second_of(&ua).await.as_deref(), Some("zoe@home.example"));
        // Nothing of it outlives the account.
        let owner = world.with_role(&world.a, Role::Owner).await;
        let mut browser = Browser::signed_in(&world, &owner).await;
        let (id, code) = (ua.user.id.to_string(), world.fresh_code(&owner));
        browser.call("/api/accounts/remove", &[("id", &id), ("code", &code)]).await;
        assert_eq!(world.second_of(&ua).await, None);
        world.assert_chains_whole().await;
    }
}
