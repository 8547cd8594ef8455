//! A forgotten password: one answer for every address, a mail, and a new password that leads to the second factor and never
//! round it. One mailbox never opens two doors.

use axum::http::StatusCode;
use rekey::domain::authority::Role;
use rekey::domain::caller::SecondProof;
use rekey::domain::forgotten::{MOST_FOR_AN_ADDRESS, MOST_FROM_AN_ORIGIN};
use rekey::domain::ids::ChallengeId;
use rekey::domain::password::Weakness;
use rekey::domain::sign_in::Step;
use rekey::domain::time::Span;
use rekey::features::forgotten::service::{Asked, Set, answer_waiting, ask, open, set, sweep};
use rekey::features::recovery::service::{Proof, prove};
use rekey::features::sign_in::service::{Begun, Factor, Finished};
use rekey::platform::request::Origin;

use super::browser::*;
use super::dump::Dump;
use super::harness::*;
use super::races::at_once;

/// A password that nobody had before.
const NEW: &str = "tide over gravel and sand";

impl World {
    async fn forgot(&self, address: &str) -> Asked {
        ask(&self.platform, &self.origin, address).await.unwrap()
    }

    /// Asks, has it answered, and takes the link out of the mail that was written last.
    pub async fn password_link(&self, person: &Person) -> Option<String> {
        assert_eq!(self.forgot(&person.address).await, Asked::Taken);
        answer_waiting(&self.platform).await.unwrap();
        self.newest_password_link(person).await
    }

    async fn newest_password_link(&self, person: &Person) -> Option<String> {
        let text = format!("SELECT id FROM challenges WHERE user_id = '{}' AND purpose = 'forgotten'", person.user.id);
        let challenge: ChallengeId = self.text(&text).await?.parse().unwrap();
        self.platform.keys.mailed_token(self.platform.keys.newest_id(), challenge, person.user)
    }

    pub async fn set_by_mail(&self, link: &str, password: &str) -> Set {
        set(&self.platform, &self.origin, link, password.to_owned()).await.unwrap()
    }

    async fn opens(&self, link: &str) -> bool {
        open(&self.platform, link).await.unwrap().is_some()
    }
}

both! {
    async fn a_new_password_leads_to_the_second_factor_and_no_further(world: World) {
        world.set_policy(&world.a, policy(|policy| policy.trust_days = 30)).await;
        let ua = world.member(&world.a).await;
        let elsewhere = world.session_token(&ua).await;
        let device = world.trusted(&ua, 30).await.token.0;
        let half_way = world.challenge(&ua, Step::Factor).await;
        let link = world.password_link(&ua).await.unwrap();
        assert_eq!(world.mails(&ua, "new_password").await, 1);
        // Looking changes nothing, however often.
        let before = Dump::of(&world).await;
        for _ in 0..5 {
            assert!(world.opens(&link).await);
        }
        for (password, weakness) in
            [("short", Weakness::Short(8)), ("password1", Weakness::Common), (&ua.address, Weakness::Yourself)]
        {
            assert_eq!(world.set_by_mail(&link, password).await, Set::Weak(weakness));
        }
        assert_eq!(before, Dump::of(&world).await);
        assert_eq!(world.set_by_mail(&link, NEW).await, Set::Done);
        assert!(world.find(&elsewhere).await.is_none());
        let code = Factor::Code(world.fresh_code(&ua));
        assert!(matches!(world.finish(&half_way, &code).await, Finished::Dead));
        assert!(!world.opens(&link).await);
        assert_eq!(world.set_by_mail(&link, "gravel under tide and sand").await, Set::Dead, "once");
        assert!(matches!(world.begin_with(&ua.address, PASSWORD).await, Begun::Wrong));
        // The factor is asked for, on the device that was trusted too.
        let Begun::Challenge(token, step) = world.begin_on(&ua.address, NEW, Some(&device)).await else { panic!("let in") };
        assert_eq!(step, Step::Factor);
        assert_eq!(world.rows_of("sessions", ua.user).await, 0);
        let code = Factor::Code(world.fresh_code(&ua));
        assert!(matches!(world.finish(&token.0, &code).await, Finished::SignedIn { .. }));
        assert_eq!(world.mails(&ua, "password_set").await, 1);
        let (_, details) = world.recorded_with_details(world.a.id, "password_set").await;
        assert!(details.contains("forgotten"), "{details}");
        let everything = Dump::of(&world).await.everything();
        assert!(!everything.contains(NEW) && !everything.contains(&link));
        world.assert_chains_whole().await;
    }

    async fn every_address_gets_the_same_answer_and_the_same_is_done(world: World) {
        let ua = world.member(&world.a).await;
        let suspended = world.person(&world.a, Who { suspended: true, ..Who::MEMBER }).await;
        let invited = world.person(&world.a, Who { invited: true, ..Who::MEMBER }).await;
        let unverified = world.person(&world.a, Who { unverified: true, ..Who::MEMBER }).await;
        let mut bodies = Vec::new();
        for address in
            [&ua.address, &suspended.address, &invited.address, &unverified.address, &"nobody@a.example".to_owned()]
        {
            let before = Dump::of(&world).await;
            let mut browser = Browser::new(&world).await;
            let answer = browser.call("/api/forgotten/ask", &[("address", address)]).await;
            bodies.push((answer.status, answer.body));
            let after = Dump::of(&world).await;
            assert_eq!(after.len("password_requests"), before.len("password_requests") + 1, "{address}");
            assert_eq!(before.without(&["password_requests"]), after.without(&["password_requests"]), "{address}");
        }
        assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
        assert_eq!(bodies[0], (StatusCode::OK, "\"Taken\"".to_owned()));
        assert_eq!(answer_waiting(&world.platform).await.unwrap(), 5);
        let mails = world.count("SELECT COUNT(*) FROM outbox").await;
        assert_eq!((mails, world.mails(&ua, "new_password").await), (1, 1), "whoever cannot sign in is not written to");
        // What was typed is forgotten as soon as it is answered, and the rest when it is counted no more.
        assert_eq!(world.count("SELECT COUNT(*) FROM password_requests WHERE address IS NOT NULL").await, 0);
        world.advance(Span::hours(1));
        sweep(&world.platform).await.unwrap();
        assert_eq!(world.count("SELECT COUNT(*) FROM password_requests").await, 0);
        assert_eq!(world.forgot("no address").await, Asked::Malformed);
    }

    async fn who_was_reset_or_never_set_up_is_sent_to_the_help_desk(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let (ua, new) = (world.member(&world.a).await, world.person(&world.a, Who::NEW).await);
        world.reset(&admin, &[ua.user]).await;
        for person in [&ua, &new] {
            assert!(world.password_link(person).await.is_none(), "the mailbox would open both doors");
            assert_eq!(world.mails(person, "new_password_help").await, 1);
            assert_eq!(world.mails(person, "new_password").await, 0);
        }
        // Where no factor is required, the password is all that there is.
        world.set_policy(&world.a, policy(|policy| policy.mfa_required = false)).await;
        assert!(world.password_link(&ua).await.is_none(), "after a reset one is due all the same");
        let link = world.password_link(&new).await.unwrap();
        // Whatever changes until the link is used counts.
        world.set_policy(&world.a, policy(|_| ())).await;
        assert_eq!(world.set_by_mail(&link, NEW).await, Set::Dead);
        world.set_policy(&world.a, policy(|policy| policy.mfa_required = false)).await;
        assert_eq!(world.set_by_mail(&link, "tide over grave").await, Set::Done);
        assert!(matches!(world.begin_with(&new.address, "tide over grave").await, Begun::SignedIn(_)));
    }

    async fn whatever_changes_the_account_ends_the_link(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        for how in ["reset", "newer", "suspension", "password", "expiry", "removed"] {
            let ua = world.member(&world.a).await;
            let link = world.password_link(&ua).await.unwrap();
            match how {
                "reset" => drop(world.reset(&admin, &[ua.user]).await),
                "newer" => assert_ne!(world.password_link(&ua).await.unwrap(), link),
                "suspension" => world.suspend(&ua).await,
                "password" => {
                    let hash = world.platform.hasher.hash("new password".into(), [3; 16]).await.unwrap();
                    let mut tx = world.platform.db.begin().await.unwrap();
                    rekey::features::users::service::set_password(&mut tx, ua.user, &hash, world.now()).await.unwrap();
                    tx.commit().await.unwrap();
                }
                "removed" => {
                    let gone = format!("UPDATE users SET address_verified_at = NULL WHERE id = '{}'", ua.user.id);
                    world.execute(&gone).await;
                }
                _ => {
                    world.advance(Span::seconds(30 * 60 - 1));
                    assert!(world.opens(&link).await);
                    world.advance(Span::seconds(1));
                }
            }
            assert_eq!(world.set_by_mail(&link, NEW).await, Set::Dead, "{how}");
            assert!(matches!(world.begin_with(&ua.address, NEW).await, Begun::Wrong), "{how}");
            world.execute("DELETE FROM password_requests").await;
        }
    }

    async fn a_password_by_mail_is_no_second_proof_until_a_factor_was_given_with_it(world: World) {
        world.set_policy(&world.a, policy(|policy| policy.second_proof = SecondProof::PasswordOrCallerCode)).await;
        let admin = world.with_role(&world.a, Role::Admin).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.a).await);
        for person in [&ua, &ub] {
            let link = world.password_link(person).await.unwrap();
            assert_eq!(world.set_by_mail(&link, NEW).await, Set::Done);
        }
        // One gave the factor with it: the password is theirs.
        let Begun::Challenge(token, _) = world.begin_with(&ub.address, NEW).await else { panic!("refused") };
        let code = Factor::Code(world.fresh_code(&ub));
        assert!(matches!(world.finish(&token.0, &code).await, Finished::SignedIn { .. }));
        world.reset(&admin, &[ua.user, ub.user]).await;
        let by_password = |link: String| {
            let world = world.clone();
            async move { prove(&world.platform, &world.origin, &link, NEW.to_owned()).await.unwrap() }
        };
        let (link, other) = (world.link_token(ua.user).await.unwrap(), world.link_token(ub.user).await.unwrap());
        assert!(matches!(by_password(link.clone()).await, Proof::ByMail), "the mailbox alone");
        assert!(matches!(by_password(other).await, Proof::Proved(_)));
        assert_eq!(world.rows_of("challenges", ua.user).await, 0);
        let (_, details) = world.recorded_with_details(world.a.id, "link_refused").await;
        assert!(details.contains("password_by_mail"), "{details}");
        // Nor does it lead to a set-up at sign-in, where others may set up there.
        assert!(matches!(world.begin_with(&ua.address, NEW).await, Begun::LinkRequired(_)));
        assert!(matches!(world.begin_with(&ub.address, NEW).await, Begun::Challenge(_, Step::SetUp)));
        let mut browser = Browser::new(&world).await;
        let page = format!("/recover/{link}");
        browser.post("/api/recovery/prove", &page, &[("token", &link), ("password", NEW)]).await;
        assert!(browser.get(&page).await.body.contains("This password does not count here yet."));
    }

    async fn so_many_for_an_address_and_so_many_from_a_place(world: World) {
        let ua = world.member(&world.a).await;
        for _ in 0..MOST_FOR_AN_ADDRESS + 3 {
            // However it is spelled.
            assert_eq!(world.forgot(&ua.address.to_uppercase()).await, Asked::Taken, "the same answer");
        }
        answer_waiting(&world.platform).await.unwrap();
        assert_eq!(world.mails(&ua, "new_password").await, MOST_FOR_AN_ADDRESS);
        assert!(world.opens(&world.newest_password_link(&ua).await.unwrap()).await, "the newest works");
        for n in MOST_FOR_AN_ADDRESS..MOST_FROM_AN_ORIGIN {
            assert_eq!(world.forgot(&format!("nobody{n}@a.example")).await, Asked::Taken, "{n}");
        }
        assert_eq!(world.forgot("nobody@a.example").await, Asked::TooMany);
        let elsewhere = Origin { address: Some("192.0.2.99".into()), browser: None };
        assert_eq!(ask(&world.platform, &elsewhere, "nobody@a.example").await.unwrap(), Asked::Taken);
        world.advance(Span::hours(1));
        assert_eq!(world.forgot(&ua.address).await, Asked::Taken);
        answer_waiting(&world.platform).await.unwrap();
        assert_eq!(world.mails(&ua, "new_password").await, MOST_FOR_AN_ADDRESS + 1);
    }

    async fn a_forged_token_is_no_link(world: World) {
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.a).await);
        let link = world.password_link(&ua).await.unwrap();
        let other = world.password_link(&ub).await.unwrap();
        let (id, tag) = link.split_once('.').unwrap();
        let (other_id, _) = other.split_once('.').unwrap();
        let sign_in = world.challenge(&ua, Step::Factor).await;
        let before = Dump::of(&world).await;
        for token in ["", ".", id, &format!("{other_id}.{tag}"), &format!("{link}A"), &format!(" {link}"), &sign_in] {
            assert!(!world.opens(token).await, "{token}");
            assert_eq!(world.set_by_mail(token, NEW).await, Set::Dead, "{token}");
        }
        assert_eq!(before, Dump::of(&world).await);
        // And it is nothing else: no half-finished sign-in, no set-up.
        assert!(world.shown_secret(&link).await.is_none());
        let code = Factor::Code(world.fresh_code(&ua));
        assert!(matches!(world.finish(&link, &code).await, Finished::Dead));
        assert!(world.opens(&link).await && tag.len() == 43, "256 bits");
    }

    async fn one_link_at_once_sets_one_password(world: World) {
        let ua = world.member(&world.a).await;
        let link = world.password_link(&ua).await.unwrap();
        let answers = at_once(&world, 12, |world, n| {
            let link = link.clone();
            async move { set(&world.platform, &world.origin, &link, format!("{NEW} {n}")).await }
        })
        .await;
        assert_eq!(answers.iter().filter(|answer| **answer == Set::Done).count(), 1);
        assert_eq!(world.mails(&ua, "password_set").await, 1);
    }

    async fn one_request_is_answered_once(world: World) {
        let ua = world.member(&world.a).await;
        world.forgot(&ua.address).await;
        let answers = at_once(&world, 8, |world, _| async move { answer_waiting(&world.platform).await }).await;
        assert_eq!(answers.iter().sum::<usize>(), 1);
        assert_eq!(world.mails(&ua, "new_password").await, 1);
    }

    async fn a_new_password_against_a_reset(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        for _ in 0..4 {
            let ua = world.member(&world.a).await;
            let link = world.password_link(&ua).await.unwrap();
            world.execute("DELETE FROM password_requests").await;
            let reset = world.confirmed(&admin, &[ua.user]).await;
            let (one, two) = (world.clone(), world.clone());
            let setting = tokio::spawn(async move { one.set_by_mail(&link, NEW).await });
            let resetting = tokio::spawn(async move { rekey::features::reset::run::run(&two.platform, reset).await });
            let set = setting.await.unwrap();
            resetting.await.unwrap().unwrap();
            let recovery = world.link_token(ua.user).await.unwrap();
            let proof = prove(&world.platform, &world.origin, &recovery, NEW.to_owned()).await.unwrap();
            // Whichever came first: the mailbox alone does not get in.
            assert!(matches!(proof, Proof::ByMail | Proof::Wrong));
            assert_eq!(matches!(proof, Proof::ByMail), set == Set::Done);
        }
    }

    async fn the_pages_without_script(world: World) {
        let ua = world.member(&world.a).await;
        let mut browser = Browser::new(&world).await;
        assert!(browser.get("/sign-in").await.body.contains("href=\"/forgot-password\""));
        browser.post("/api/forgotten/ask", "/forgot-password", &[("address", "none")]).await;
        let body = browser.get("/forgot-password").await.body;
        assert!(body.contains("That is no mail address.") && body.contains("value=\"none\""), "{body}");
        browser.post("/api/forgotten/ask", "/forgot-password", &[("address", &ua.address)]).await;
        let body = browser.get("/forgot-password").await.body;
        assert!(body.contains("If that address is known here") && !body.contains(&ua.address), "{body}");
        let link = world.password_link(&ua).await.unwrap();
        let page = format!("/new-password/{link}");
        assert!(browser.get(&page).await.body.contains("At least 8 characters"));
        browser.post("/api/forgotten/set", &page, &[("token", &link), ("password", "short")]).await;
        assert!(browser.get(&page).await.body.contains("aria-invalid=\"true\""));
        let answer = browser.post("/api/forgotten/set", &page, &[("token", &link), ("password", NEW)]).await;
        assert_eq!(answer.location(), "/sign-in?password=new");
        assert!(browser.get("/sign-in?password=new").await.body.contains("Your new password counts"));
        assert!(!browser.cookies.contains_key(SESSION) && !browser.cookies.contains_key(CHALLENGE));
        let dead = browser.get(&page).await;
        assert_eq!(dead.status, StatusCode::NOT_FOUND);
        assert!(dead.body.contains("This link no longer works") && !dead.body.contains(&ua.address));
    }

    async fn the_link_is_in_the_mail_and_nowhere_else(world: World) {
        let ua = world.member(&world.a).await;
        let link = world.password_link(&ua).await.unwrap();
        let mailbox = rekey::features::outbox::mailbox::DevMailbox::new();
        let transport = rekey::features::outbox::worker::Transport::Mailbox(mailbox.clone());
        rekey::features::outbox::worker::deliver_due(&world.platform, &transport).await.unwrap();
        let mail = mailbox.newest_first().remove(0);
        assert!(mail.text.contains(&format!("https://rekey.example/new-password/{link}")), "{}", mail.text);
        assert!(!Dump::of(&world).await.everything().contains(link.split_once('.').unwrap().1));
        // A link that has ended is not sent any more.
        world.password_link(&ua).await.unwrap();
        world.suspend(&ua).await;
        assert_eq!(rekey::features::outbox::worker::deliver_due(&world.platform, &transport).await.unwrap(), 0);
    }
}
