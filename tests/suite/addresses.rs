//! Another address: asked for with a fresh second factor, given by the link in the mail to it, told to both, and undone by the
//! link in the mail to the old one, whatever came after.

mod ends;
mod second;
mod undo;

use axum::http::StatusCode;
use rekey::domain::address::{LIFETIME, MOST, Place, UNDO};
use rekey::domain::authority::Role;
use rekey::domain::board::Stage;
use rekey::domain::ids::ChallengeId;
use rekey::domain::mail::Mail;
use rekey::domain::recovery::{End, LinkState};
use rekey::domain::sign_in::Step;
use rekey::domain::time::Span;
use rekey::features::addresses::service::{Asked, Confirmed, confirm, open, open_undo, sweep, undo};
use rekey::features::security::address_service::{ask, remove_second};
use rekey::features::security::service::{Changed, Refused};
use rekey::features::sign_in::service::{Begun, Factor, Finished};
use rekey::features::{recovery, users};

use super::browser::*;
use super::dump::Dump;
use super::harness::*;
use super::outbox::{deliver, transport};
use super::races::at_once;
use super::smtp_sink::{Arrived, Sink};

impl World {
    async fn ask_for(&self, person: &Person, address: &str) -> Asked {
        self.ask_for_place(person, Place::Primary, address).await
    }

    async fn ask_for_place(&self, person: &Person, place: Place, address: &str) -> Asked {
        let (session, code) = (self.session(person).await, Factor::Code(self.fresh_code(person)));
        let wanted = (place, &address.parse().unwrap());
        match ask(&self.platform, &self.origin, &session, &code, wanted).await.unwrap() {
            Changed::Done(_, asked) => asked,
            Changed::Refused(..) | Changed::Code(_) => panic!("{} was refused", person.name),
        }
    }

    /// Asks for an address; the token in the mail to it.
    pub async fn asked_for(&self, person: &Person, address: &str) -> String {
        assert_eq!(self.ask_for(person, address).await, Asked::Waiting);
        self.token_to_confirm(person).await
    }

    async fn token_to_confirm(&self, person: &Person) -> String {
        let text =
            format!("SELECT id FROM challenges WHERE user_id = '{}' AND purpose = 'new_address'", person.user.id);
        let challenge = self.text(&text).await.unwrap().parse().unwrap();
        self.platform.keys.mailed_token(self.platform.keys.newest_id(), challenge, person.user).unwrap()
    }

    async fn confirm(&self, token: &str) -> Confirmed {
        confirm(&self.platform, &self.origin, token).await.unwrap()
    }

    /// Asks for an address and confirms it; the token that undoes it.
    async fn moved(&self, person: &Person, address: &str) -> String {
        let token = self.asked_for(person, address).await;
        assert_eq!(self.confirm(&token).await, Confirmed::Done(Place::Primary));
        self.undo_token(person).await
    }

    /// The token in the newest mail to an address that was given up.
    pub async fn undo_token(&self, person: &Person) -> String {
        let text = format!(
            "SELECT mail FROM outbox WHERE user_id = '{}' AND mail LIKE '%\"kind\":\"address_lost\"%' ORDER BY id DESC LIMIT 1",
            person.user.id
        );
        let mail: Mail = serde_json::from_str(&self.text(&text).await.unwrap()).unwrap();
        let Mail::AddressLost { change, .. } = mail else { panic!("{mail:?}") };
        self.platform.keys.undo_address_token(change, person.user)
    }

    async fn undo(&self, token: &str) -> bool {
        undo(&self.platform, &self.origin, token).await.unwrap()
    }

    async fn address_of(&self, person: &Person) -> String {
        self.text(&format!("SELECT address FROM users WHERE id = '{}'", person.user.id)).await.unwrap()
    }

    /// Gives somebody a second address.
    async fn seconded(&self, person: &Person, address: &str) {
        assert_eq!(self.ask_for_place(person, Place::Second, address).await, Asked::Waiting);
        let token = self.token_to_confirm(person).await;
        assert_eq!(self.confirm(&token).await, Confirmed::Done(Place::Second));
    }

    async fn second_of(&self, person: &Person) -> Option<String> {
        self.text(&format!("SELECT second_address FROM users WHERE id = '{}'", person.user.id)).await
    }

    /// A recovery link out of nothing.
    async fn linked(&self, person: &Person) {
        let mut tx = self.platform.db.begin().await.unwrap();
        recovery::service::issue(&mut tx, &self.platform, &self.a, &[person.user.id]).await.unwrap();
        tx.commit().await.unwrap();
    }
}

/// The path of the link with this beginning in a mail.
fn path_in(mail: &Arrived, beginning: &str) -> Option<String> {
    let (_, rest) = mail.text.split_once(&format!("https://rekey.example{beginning}"))?;
    Some(format!("{beginning}{}", rest.lines().next()?))
}

fn token_in(path: &str) -> &str {
    path.rsplit_once('/').unwrap().1
}

/// To whom the mails went that arrived since so many, in the order of their addresses.
fn recipients(sink: &Sink, since: usize) -> Vec<String> {
    let mut to: Vec<String> = sink.arrived()[since..].iter().map(|mail| mail.to.clone()).collect();
    to.sort();
    to
}

both! {
    async fn the_whole_way_and_back_without_script(world: World) {
        world.set_policy(&world.a, policy(|policy| policy.trust_days = 30)).await;
        let (sink, ua) = (Sink::open(), world.member(&world.a).await);
        let smtp = transport(&sink);
        let device = world.trusted(&ua, 30).await.token.0;
        let mut own = Browser::signed_in(&world, &ua).await;
        let page = own.get("/security").await.body;
        assert!(page.contains(&ua.address) && page.contains("href=\"/security/address\""), "{page}");
        assert!(own.get("/security/address").await.body.contains("action=\"/api/security/address\""));
        let code = world.fresh_code(&ua);
        let answer = own.post("/api/security/address", "/security/address", &[("address", "zoe@new.example"), ("code", &code)]).await;
        assert_eq!(answer.location(), "/security?done=address_asked");
        assert!(own.get("/security").await.body.contains("zoe@new.example"), "it is seen to wait");
        assert_eq!(world.address_of(&ua).await, ua.address);

        deliver(&world, &smtp).await;
        assert_eq!(recipients(&sink, 0), ["zoe@new.example"]);
        let link = path_in(&sink.arrived()[0], "/address/").unwrap();
        let before = Dump::of(&world).await;
        for _ in 0..5 {
            let answer = Browser::new(&world).await.get(&link).await;
            assert!(answer.body.contains("Confirm the address") && answer.body.contains("zoe@new.example"), "{}", answer.body);
            assert_eq!(answer.header("cache-control"), "no-store");
        }
        assert_eq!(before, Dump::of(&world).await, "nothing is done by looking");
        let mut mailbox = Browser::new(&world).await;
        assert!(mailbox.post("/api/addresses/confirm", &link, &[("token", token_in(&link))]).await.is_redirect());
        let answer = mailbox.get(&link).await;
        assert!(answer.status == StatusCode::OK && answer.body.contains("The address is confirmed"), "{}", answer.body);
        assert_eq!(mailbox.get(&link).await.status, StatusCode::NOT_FOUND, "once");
        assert_eq!(world.address_of(&ua).await, "zoe@new.example");
        assert!(matches!(world.begin_with(&ua.address, PASSWORD).await, Begun::Wrong));
        let moved = Person { address: "zoe@new.example".into(), ..ua.clone() };
        let elsewhere = world.sign_in(&moved).await;

        deliver(&world, &smtp).await;
        assert_eq!(recipients(&sink, 1), [ua.address.as_str(), "zoe@new.example"]);
        let told = sink.arrived();
        let undo = told[1..].iter().find_map(|mail| path_in(mail, "/address/undo/").filter(|_| mail.to == ua.address)).unwrap();
        assert!(told[1..].iter().all(|mail| mail.text.contains("z••••@new.example")));
        assert!(told.iter().all(|mail| mail.to == ua.address || path_in(mail, "/address/undo/").is_none()));
        let before = Dump::of(&world).await;
        let mut old = Browser::new(&world).await;
        let answer = old.get(&undo).await;
        assert!(answer.body.contains("Undo the change") && answer.body.contains(&ua.address), "{}", answer.body);
        assert_eq!(before, Dump::of(&world).await);
        assert!(old.post("/api/addresses/undo", &undo, &[("token", token_in(&undo))]).await.is_redirect());
        let answer = old.get(&undo).await;
        assert!(answer.status == StatusCode::OK && answer.body.contains("Your address is back"), "{}", answer.body);
        assert_eq!(old.get(&undo).await.status, StatusCode::NOT_FOUND, "once");

        assert_eq!(world.address_of(&ua).await, ua.address);
        assert!(world.find(&elsewhere).await.is_none() && own.get("/security").await.is_redirect());
        let Begun::Challenge(_, step) = world.begin_on(&ua.address, PASSWORD, Some(&device)).await else { panic!("let in") };
        assert_eq!(step, Step::Factor, "no device is trusted any more");
        world.sign_in(&ua).await;
        let since = sink.arrived().len();
        deliver(&world, &smtp).await;
        assert_eq!(recipients(&sink, since), [ua.address.as_str(), "zoe@new.example"]);
        let recorded = world.recorded(world.a.id).await;
        for what in ["address_asked", "address_changed", "address_restored"] {
            assert_eq!(recorded.iter().filter(|one| *one == what).count(), 1, "{what}");
        }
        let (_, details) = world.recorded_with_details(world.a.id, "address_changed").await;
        assert!(details.contains("z••••@new.example") && !details.contains("zoe@"), "masked: {details}");
        assert!(!Dump::of(&world).await.everything().contains("zoe@new.example"), "nothing holds the address any more");
        world.assert_chains_whole().await;
    }

    async fn a_taken_address_is_answered_like_a_free_one(world: World) {
        let colleague = world.member(&world.a).await;
        let suspended = world.person(&world.b, Who { suspended: true, ..Who::MEMBER }).await;
        let asking = world.people(&world.a, Who::MEMBER, 4).await;
        let given_up = world.member(&world.b).await;
        world.moved(&given_up, "elsewhere@new.example").await;
        let addresses =
            ["free@a.example", colleague.address.as_str(), suspended.address.as_str(), given_up.address.as_str()];
        let mut answers = Vec::new();
        for (ua, address) in asking.iter().zip(addresses) {
            let before = Dump::of(&world).await;
            let code = world.fresh_code(ua);
            let mut browser = Browser::signed_in(&world, ua).await;
            let fields = [("address", address), ("code", code.as_str())];
            let answer = browser.post("/api/security/address", "/security/address", &fields).await;
            let page = browser.get("/security").await.body;
            assert!(page.contains(address));
            let after = Dump::of(&world).await;
            let grown: Vec<_> = after.0.iter().map(|(table, rows)| (table.clone(), rows.len() - before.len(table))).collect();
            answers.push((answer.status, answer.location().to_owned(), answer.body, grown));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        // Its own reader learns that it cannot be used, and nobody else does.
        let sink = Sink::open();
        deliver(&world, &transport(&sink)).await;
        let before = Dump::of(&world).await;
        for address in &addresses[1..] {
            let mail = sink.arrived().into_iter().find(|mail| mail.to == **address && path_in(mail, "/address/undo").is_none());
            let link = path_in(&mail.unwrap(), "/address/").unwrap();
            assert_eq!(world.confirm(token_in(&link)).await, Confirmed::Taken, "{address}");
            let mut browser = Browser::new(&world).await;
            browser.post("/api/addresses/confirm", &link, &[("token", token_in(&link))]).await;
            let page = browser.get(&link).await.body;
            assert!(page.contains("This address cannot be used") && !page.contains("Person"), "{page}");
        }
        assert_eq!(before, Dump::of(&world).await);
        // What was given up is nobody else's as long as it can be taken back.
        let address = [given_up.address.parse().unwrap()];
        let taken = async || users::service::taken(&mut world.platform.db.read().await.unwrap(), &address).await.unwrap().len();
        assert_eq!(taken().await, 1);
        world.advance(UNDO);
        sweep(&world.platform).await.unwrap();
        assert_eq!(taken().await, 0);
        world.moved(&asking[0], &given_up.address).await;
        world.assert_chains_whole().await;
    }

    async fn few_addresses_an_hour_and_only_with_a_second_factor(world: World) {
        let ua = world.member(&world.a).await;
        let mut links = Vec::new();
        for n in 0..MOST {
            links.push(world.asked_for(&ua, &format!("zoe{n}@new.example")).await);
        }
        assert_eq!(world.ask_for(&ua, "zoe9@new.example").await, Asked::TooMany);
        assert_eq!(world.mails(&ua, "new_address").await, MOST);
        assert!(open(&world.platform, &links[2]).await.unwrap().is_some());
        for older in &links[..2] {
            assert!(open(&world.platform, older).await.unwrap().is_none(), "only what was asked for last waits");
        }
        world.advance(Span::hours(1));
        assert_eq!(world.ask_for(&ua, &ua.address.to_uppercase()).await, Asked::Same);
        assert_eq!(world.ask_for(&ua, "zoe9@new.example").await, Asked::Waiting);
        let mut browser = Browser::signed_in(&world, &ua).await;
        let wrong = wrong_code(&ua.secret, world.now());
        for (address, code, words) in [
            ("zoe", "123456", "That is not a mail address."),
            ("zoe@late.example", "1", "A code has 6 digits."),
            ("zoe@late.example", wrong.as_str(), "That code is not right"),
        ] {
            browser.post("/api/security/address", "/security/address", &[("address", address), ("code", code)]).await;
            let page = browser.get("/security/address").await.body;
            assert!(page.contains(words) && page.contains(address), "{page}");
        }
        let without = world.person(&world.a, Who::NEW).await;
        let session = world.session(&without).await;
        let code = Factor::Code("123456".into());
        let refused = ask(&world.platform, &world.origin, &session, &code, (Place::Primary, &"x@new.example".parse().unwrap())).await;
        assert!(matches!(refused.unwrap(), Changed::Refused(Refused::NoFactor, None)));
        let mut browser = Browser::signed_in(&world, &without).await;
        assert!(browser.get("/security/address").await.body.contains("Set up a second factor first"));
        assert_eq!(world.mails(&without, "new_address").await, 0);
    }

    async fn only_the_right_token_does_anything(world: World) {
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        let undoes = world.moved(&ua, "zoe@one.example").await;
        let link = world.asked_for(&ua, "zoe@two.example").await;
        let new_password = world.password_link(&ub).await.unwrap();
        let keys = &world.platform.keys;
        let id = |token: &str| token.split_once('.').unwrap().0.parse::<ChallengeId>().unwrap();
        let (change, waiting) = (id(&undoes), id(&link));
        let cut = |token: &str| token[..token.len() - 1].to_owned();
        let before = Dump::of(&world).await;
        for wrong in [
            keys.mailed_token(keys.newest_id(), waiting, ub.user).unwrap(),
            keys.mailed_token(keys.newest_id(), change, ua.user).unwrap(),
            keys.undo_address_token(waiting, ua.user),
            keys.undo_address_token(change, ub.user),
            format!("{change}.{}", keys.not_me_token(rekey::domain::ids::MailId::new(world.now(), [1; 10]), ua.user)),
            new_password,
            cut(&link),
            cut(&undoes),
            "x.y.z".to_owned(),
            String::new(),
        ] {
            assert_eq!(world.confirm(&wrong).await, Confirmed::Dead, "{wrong}");
            assert!(!world.undo(&wrong).await, "{wrong}");
            assert!(open(&world.platform, &wrong).await.unwrap().is_none());
            assert!(open_undo(&world.platform, &wrong).await.unwrap().is_none());
        }
        assert_eq!(world.confirm(&undoes).await, Confirmed::Dead);
        assert!(!world.undo(&link).await);
        assert_eq!(before, Dump::of(&world).await);
        world.advance(LIFETIME);
        assert_eq!(world.confirm(&link).await, Confirmed::Dead, "it waits for a day");
        for path in ["/address/x.y", "/address/undo/x.y.z"] {
            assert_eq!(Browser::new(&world).await.get(path).await.status, StatusCode::NOT_FOUND);
        }
    }

    async fn of_many_at_once_one_wins(world: World) {
        let people = world.people(&world.a, Who::MEMBER, 4).await;
        let mut links = Vec::new();
        for ua in &people {
            links.push(world.asked_for(ua, "everybody@new.example").await);
        }
        let confirmed = at_once(&world, 20, |world, n| {
            let link = links[n % links.len()].clone();
            async move { confirm(&world.platform, &world.origin, &link).await }
        })
        .await;
        assert_eq!(confirmed.iter().filter(|one| matches!(one, Confirmed::Done(_))).count(), 1, "{confirmed:?}");
        assert_eq!(world.count("SELECT COUNT(*) FROM users WHERE address = 'everybody@new.example'").await, 1);
        let mut winner = None;
        for ua in &people {
            if world.address_of(ua).await == "everybody@new.example" {
                winner = Some(ua.clone());
            }
        }
        let token = world.undo_token(&winner.unwrap()).await;
        let undone = at_once(&world, 20, |world, _| {
            let token = token.clone();
            async move { undo(&world.platform, &world.origin, &token).await }
        })
        .await;
        assert_eq!(undone.iter().filter(|done| **done).count(), 1, "{undone:?}");
        world.assert_chains_whole().await;
    }

    async fn notices_of_what_was_done_before_go_to_the_old_mailbox(world: World) {
        let ua = world.member(&world.a).await;
        let session = world.session(&ua).await;
        let code = Factor::Code(world.fresh_code(&ua));
        rekey::features::security::codes_service::make_codes(&world.platform, &world.origin, &session, &code).await.unwrap();
        world.moved(&ua, "thief@new.example").await;
        let sink = Sink::open();
        deliver(&world, &transport(&sink)).await;
        let of_codes = |mail: &&Arrived| mail.text.contains("backup codes");
        let told: Vec<String> = sink.arrived().iter().filter(of_codes).map(|mail| mail.to.clone()).collect();
        assert_eq!(told, [ua.address.as_str()]);
    }
}
