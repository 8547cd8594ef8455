//! "This was not me": said by the link in a notice, it freezes the account until a newer reset; looking changes nothing, and
//! nobody else says it.

use axum::http::StatusCode;
use rekey::domain::authority::Role;
use rekey::domain::board::{Act, Stage};
use rekey::domain::ids::{MailId, ResetId};
use rekey::domain::mail::Mail;
use rekey::domain::sign_in::Step;
use rekey::domain::time::Span;
use rekey::features::forgotten::service::{answer_waiting, ask};
use rekey::features::not_me::service::{Said, open, say};
use rekey::features::outbox;
use rekey::features::outbox::service::Letter;
use rekey::features::reset::board::{self, Picked};
use rekey::features::reset::board_acts::{Acted, act};
use rekey::features::sign_in::service::{Begun, Factor, Finished};

use super::browser::*;
use super::dump::Dump;
use super::harness::*;
use super::races::at_once;

impl World {
    /// The token in the newest mail of this kind to somebody.
    pub async fn not_me_token(&self, person: &Person, kind: &str) -> Option<String> {
        let text = format!(
            "SELECT id FROM outbox WHERE user_id = '{}' AND mail LIKE '%\"kind\":\"{kind}\"%' ORDER BY id DESC LIMIT 1",
            person.user.id
        );
        let id: MailId = self.text(&text).await?.parse().unwrap();
        Some(self.platform.keys.not_me_token(id, person.user))
    }

    pub async fn say_not_me(&self, token: &str) -> Said {
        say(&self.platform, &self.origin, token).await.unwrap()
    }

    /// Where the first one in a reset stands.
    pub async fn stage_of(&self, admin: &Person, reset: ResetId) -> Stage {
        let actor = self.actor(admin).await;
        let view = board::view(&self.platform, &actor, reset, &[], None).await.unwrap().unwrap();
        view.rows[0].stage
    }
}

both! {
    async fn it_freezes_until_a_newer_reset_whose_link_alone_leads_back_in(world: World) {
        let (owner, admin) = (world.with_role(&world.a, Role::Owner).await, world.with_role(&world.a, Role::Admin).await);
        let elsewhere = world.with_role(&world.b, Role::Owner).await;
        let ua = world.member(&world.a).await;
        let reset = world.reset(&admin, &[ua.user]).await;
        let old_link = world.link_token(ua.user).await.unwrap();
        let set_up = world.prove(&old_link).await.unwrap();
        let token = world.not_me_token(&ua, "reset").await.unwrap();
        // Looking changes nothing, however often and by whichever machine.
        let before = Dump::of(&world).await;
        for _ in 0..20 {
            let mut browser = Browser::new(&world).await;
            assert_eq!(browser.get(&format!("/not-me/{token}")).await.status, StatusCode::OK);
        }
        assert_eq!(before, Dump::of(&world).await);

        assert_eq!(world.say_not_me(&token).await, Said::Frozen);
        assert!(world.shown_secret(&set_up).await.is_none(), "the set-up that was under way is over");
        assert!(world.prove(&old_link).await.is_none());
        assert!(matches!(world.begin_with(&ua.address, PASSWORD).await, Begun::Frozen(_)));
        assert_eq!(world.stage_of(&admin, reset).await, Stage::Disowned);
        assert_eq!((world.mails(&owner, "disowned").await, world.mails(&ua, "frozen").await), (1, 1));
        assert_eq!(world.mails(&admin, "disowned").await + world.mails(&elsewhere, "disowned").await, 0);
        // Said once more it does nothing.
        let frozen = Dump::of(&world).await;
        assert_eq!(world.say_not_me(&token).await, Said::Frozen);
        assert_eq!(frozen, Dump::of(&world).await);
        // No act on the board brings back what the user does not know to be theirs.
        let actor = world.actor(&admin).await;
        for what in Act::ALL {
            let picks = vec![(reset, Picked::Ticked(vec![ua.user.id]))];
            let acted = act(&world.platform, &world.origin, &actor, *what, picks).await.unwrap();
            assert_eq!(acted, Acted::Done(0, 1), "{what}");
        }
        assert!(world.link(ua.user).await.is_none());

        // A newer reset does, and by its link alone: the password may be in wrong hands.
        world.advance(Span::minutes(5));
        world.reset(&admin, &[ua.user]).await;
        assert!(matches!(world.begin_with(&ua.address, PASSWORD).await, Begun::LinkRequired(_)));
        let set_up = world.prove(&world.link_token(ua.user).await.unwrap()).await.unwrap();
        // Nor is that enough: whoever has the mailbox too could have said it. The help desk hears three words first.
        assert!(world.shown_secret(&set_up).await.is_none());
        world.confirm_only_words(&admin, &ua).await;
        let (secret, codes) = world.register(&set_up).await.unwrap();
        world.save_codes(&set_up, &codes[0]).await;
        let back = Person { secret, ..ua };
        assert_eq!(world.say_not_me(&token).await, Said::Dead, "the old mail freezes nobody again");
        assert_eq!(world.stage_of(&admin, reset).await, Stage::Disowned, "what was said stays in the record");
        world.sign_in(&back).await;
        world.assert_chains_whole().await;
    }

    async fn an_old_notice_that_was_dealt_with_freezes_nobody_again_though_no_link_was_about(world: World) {
        // The only owner is locked out too, and is told all the same.
        let (admin, owner) = (world.with_role(&world.a, Role::Admin).await, world.with_role(&world.a, Role::Owner).await);
        world.execute(&format!("DELETE FROM methods WHERE user_id = '{}'", owner.user.id)).await;
        let ua = world.member(&world.a).await;
        world.trusted(&ua, 30).await;
        let mut tx = world.platform.db.begin().await.unwrap();
        let mail = Mail::AuthenticatorAdded { at: world.now() };
        let letter = Letter { user: ua.user, mail, link: None };
        outbox::service::enqueue(&mut tx, &world.platform, vec![letter]).await.unwrap();
        tx.commit().await.unwrap();
        let token = world.not_me_token(&ua, "authenticator_added").await.unwrap();
        world.advance(Span::minutes(1));
        assert_eq!(world.say_not_me(&token).await, Said::Frozen);
        assert_eq!(world.mails(&owner, "disowned").await, 1);
        world.advance(Span::minutes(5));
        world.reset(&admin, &[ua.user]).await;
        let set_up = world.prove(&world.link_token(ua.user).await.unwrap()).await.unwrap();
        world.confirm_only_words(&admin, &ua).await;
        let (secret, codes) = world.register(&set_up).await.unwrap();
        world.save_codes(&set_up, &codes[0]).await;
        assert_eq!(world.say_not_me(&token).await, Said::Dead);
        world.sign_in(&Person { secret, ..ua }).await;
    }

    async fn whoever_set_up_in_the_users_place_is_out_at_once(world: World) {
        let admin = world.with_role(&world.a, Role::Owner).await;
        let ua = world.member(&world.a).await;
        let reset = world.reset(&admin, &[ua.user]).await;
        // Somebody else had the password and was faster.
        let (set_up, step) = world.begin(&ua).await;
        assert_eq!(step, Step::SetUp);
        let (theirs, codes) = world.register(&set_up).await.unwrap();
        world.save_codes(&set_up, &codes[0]).await;
        let thief = Person { secret: theirs, ..ua.clone() };
        let session = world.sign_in(&thief).await;
        let half_way = world.challenge(&thief, Step::Factor).await;
        assert_eq!(world.stage_of(&admin, reset).await, Stage::BackAtSignIn);
        let token = world.not_me_token(&ua, "authenticator_added").await.unwrap();
        assert_eq!(world.say_not_me(&token).await, Said::Frozen);
        assert!(world.find(&session).await.is_none());
        let code = Factor::Code(world.fresh_code(&thief));
        assert!(matches!(world.finish(&half_way, &code).await, Finished::Dead));
        assert!(matches!(world.begin_with(&ua.address, PASSWORD).await, Begun::Frozen(_)));
        assert_eq!(world.stage_of(&admin, reset).await, Stage::Disowned);
        // Nor does a mail to the same mailbox bring them a password.
        ask(&world.platform, &world.origin, &ua.address).await.unwrap();
        answer_waiting(&world.platform).await.unwrap();
        assert_eq!((world.mails(&ua, "new_password").await, world.mails(&ua, "new_password_help").await), (0, 1));
        let mut browser = Browser::signed_in(&world, &admin).await;
        let page = browser.get(&format!("/users/{}", ua.user.id)).await.body;
        assert!(page.contains("Frozen: they say that it was not them."), "{page}");
        let page = browser.get(&format!("/resets/{reset}?state=disowned")).await.body;
        assert!(page.contains(&ua.address), "{page}");
    }

    async fn what_was_begun_in_their_name_does_not_go_on(world: World) {
        let (owner, admin) = (world.with_role(&world.a, Role::Owner).await, world.with_role(&world.a, Role::Admin).await);
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.a).await);
        world.reset(&owner, &[ua.user]).await;
        // Whoever has the admin's password and phone sets a reset going.
        let reset = world.confirmed(&admin, &[ub.user]).await;
        let mut tx = world.platform.db.begin().await.unwrap();
        let letter = Letter { user: admin.user, mail: Mail::BackupCodesMade { at: world.now() }, link: None };
        outbox::service::enqueue(&mut tx, &world.platform, vec![letter]).await.unwrap();
        tx.commit().await.unwrap();
        let token = world.not_me_token(&admin, "backup_codes_made").await.unwrap();
        assert_eq!(world.say_not_me(&token).await, Said::Frozen);
        rekey::features::reset::run::run(&world.platform, reset).await.unwrap();
        assert_eq!(world.stage_of(&owner, reset).await, Stage::Skipped);
        world.sign_in(&ub).await;
    }

    async fn whom_no_reset_brought_to_the_board_it_counts_too(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        for person in [&ua, &ub] {
            let mut tx = world.platform.db.begin().await.unwrap();
            let letter = Letter { user: person.user, mail: Mail::BackupCodesMade { at: world.now() }, link: None };
            outbox::service::enqueue(&mut tx, &world.platform, vec![letter]).await.unwrap();
            tx.commit().await.unwrap();
            let token = world.not_me_token(person, "backup_codes_made").await.unwrap();
            assert_eq!(world.say_not_me(&token).await, Said::Frozen);
        }
        let mut browser = Browser::signed_in(&world, &admin).await;
        let page = browser.get("/resets/people").await.body;
        assert!(page.contains("1 account is frozen.") && page.contains("/users?mfa=frozen"), "{page}");
        let page = browser.get("/users?mfa=frozen").await.body;
        assert!(page.contains(&ua.address) && !page.contains(&ub.address) && !page.contains(&admin.address), "{page}");
        // A reset leads back, and it is over for the board.
        world.advance(Span::minutes(5));
        world.reset(&admin, &[ua.user]).await;
        let page = browser.get("/resets/people").await.body;
        assert!(!page.contains("account is frozen"), "{page}");
    }

    async fn only_the_token_of_a_notice_in_time_says_it(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        world.reset(&admin, &[ua.user]).await;
        ask(&world.platform, &world.origin, &ub.address).await.unwrap();
        answer_waiting(&world.platform).await.unwrap();
        let token = world.not_me_token(&ua, "reset").await.unwrap();
        let id = token.split_once('.').unwrap().0;
        let somebody_elses = world.platform.keys.not_me_token(id.parse().unwrap(), ub.user);
        let of_no_change = world.not_me_token(&ub, "new_password").await.unwrap();
        let unknown = world.platform.keys.not_me_token(world.platform.rng.id(world.now(), MailId::new), ua.user);
        let before = Dump::of(&world).await;
        let cut = token[..token.len() - 1].to_owned();
        for wrong in [&somebody_elses, &of_no_change, &unknown, &cut, &id.to_owned(), &"x.y.z".to_owned(), &String::new()] {
            assert_eq!(world.say_not_me(wrong).await, Said::Dead, "{wrong}");
            assert!(open(&world.platform, wrong).await.unwrap().is_none(), "{wrong}");
        }
        world.advance(Span::hours(7 * 24));
        assert_eq!(world.say_not_me(&token).await, Said::Dead);
        assert_eq!(before, Dump::of(&world).await);
        let mut browser = Browser::new(&world).await;
        assert_eq!(browser.get(&format!("/not-me/{token}")).await.status, StatusCode::NOT_FOUND);
    }

    async fn it_is_said_by_a_form_without_script(world: World) {
        let ua = world.member(&world.a).await;
        let admin = world.with_role(&world.a, Role::Admin).await;
        world.reset(&admin, &[ua.user]).await;
        let token = world.not_me_token(&ua, "reset").await.unwrap();
        let page = format!("/not-me/{token}");
        let mut browser = Browser::new(&world).await;
        let answer = browser.get(&page).await;
        assert!(answer.body.contains("This was not you?") && !answer.body.contains(&ua.address), "{}", answer.body);
        assert_eq!(answer.header("cache-control"), "no-store");
        let answer = browser.post("/api/not_me/say", &page, &[("token", &token)]).await;
        assert!(answer.is_redirect());
        let body = browser.get(&page).await.body;
        assert!(body.contains("Your account is frozen"), "{body}");
        let sign_in = [("address", &*ua.address), ("password", PASSWORD)];
        browser.post("/api/sign_in/begin", "/sign-in", &sign_in).await;
        let body = browser.get("/sign-in").await.body;
        assert!(body.contains("Your account is frozen") && !body.contains("type=\"password\""), "{body}");
    }

    async fn said_by_many_at_once_it_is_said_once(world: World) {
        let owner = world.with_role(&world.a, Role::Owner).await;
        let ua = world.member(&world.a).await;
        world.reset(&owner, &[ua.user]).await;
        let token = world.not_me_token(&ua, "reset").await.unwrap();
        let said = at_once(&world, 20, |world, _| {
            let token = token.clone();
            async move { say(&world.platform, &world.origin, &token).await }
        })
        .await;
        assert!(!said.is_empty() && said.into_iter().all(|said| said == Said::Frozen));
        assert_eq!((world.mails(&owner, "disowned").await, world.mails(&ua, "frozen").await), (1, 1));
        assert_eq!(world.recorded(world.a.id).await.iter().filter(|what| *what == "disowned").count(), 1);
    }
}
