//! Where the clock of a reader is: as their browser says, on its pages and in the mails to whoever signs in there.

use rekey::domain::authority::Role;
use rekey::domain::time::Span;

use super::browser::*;
use super::harness::*;
use super::outbox::{deliver, transport};
use super::smtp_sink::Sink;

async fn zone_of(world: &World, person: &Person) -> Option<String> {
    world.text(&format!("SELECT zone FROM users WHERE id = '{}'", person.user.id)).await
}

async fn tell(browser: &mut Browser, name: &str) -> Answer {
    browser.call("/api/session/tell_zone", &[("name", name)]).await
}

impl World {
    /// Signs in by password and code in a browser that says that it is in `zone`, or nothing.
    async fn signs_in_from(&self, person: &Person, zone: &str) -> Browser {
        let mut browser = Browser::new(self).await;
        if !zone.is_empty() {
            browser = browser.with(ZONE, zone);
        }
        browser.post("/api/sign_in/begin", "/sign-in", &[("address", &person.address), ("password", PASSWORD)]).await;
        let code = self.fresh_code(person);
        browser.post("/api/sign_in/code", "/sign-in/code", &[("code", &code)]).await;
        browser
    }
}

both! {
    async fn a_page_is_where_its_browser_says(world: World) {
        let (admin, ua) = (world.with_role(&world.a, Role::Admin).await, world.member(&world.a).await);
        world.advance(Span::minutes(45));
        world.reset(&admin, &[ua.user]).await;
        let link = format!("/recover/{}", world.link_token(ua.user).await.unwrap());
        let mut browser = Browser::new(&world).await;
        // The test's clock begins on 15 January 2027 at 08:00 UTC.
        let page = browser.get(&link).await.body;
        assert!(page.contains("reset today at 08:45 UTC.") && !page.contains("data-zone"), "{page}");
        for (name, known, time) in [
            ("asia/kathmandu", "Asia/Kathmandu", "14:30 UTC+5:45"),
            ("America/New_York", "America/New_York", "03:45 UTC−5"),
            ("Europe/London", "Europe/London", "08:45 UTC"),
        ] {
            let answer = tell(&mut browser, name).await;
            assert!(answer.body.contains(&format!("\"{known}\"")), "{}", answer.body);
            assert_eq!(browser.cookies[ZONE], known);
            let page = browser.get(&link).await.body;
            assert!(page.contains(&format!("reset today at {time}.")), "{page}");
            assert!(page.contains(&format!("data-zone=\"{{&quot;name&quot;:&quot;{known}&quot;")), "{page}");
        }
        // Half an hour later, and where midnight lies between, it was yesterday.
        world.advance(Span::minutes(30));
        tell(&mut browser, "America/Anchorage").await;
        let page = browser.get(&link).await.body;
        assert!(page.contains("14 January 2027, 23:45 UTC−9"), "{page}");
    }

    async fn it_is_kept_for_mails(world: World) {
        let ua = world.member(&world.a).await;
        let mut silent = world.signs_in_from(&ua, "").await;
        assert_eq!((zone_of(&world, &ua).await, silent.cookies.get(ZONE)), (None, None));
        world.signs_in_from(&ua, "Europe/Berlin").await;
        assert_eq!(zone_of(&world, &ua).await.as_deref(), Some("Europe/Berlin"));
        // Who travels takes it along, and a right password alone moves nobody.
        let mut half = Browser::new(&world).await.with(ZONE, "Asia/Tokyo");
        half.post("/api/sign_in/begin", "/sign-in", &[("address", &ua.address), ("password", PASSWORD)]).await;
        assert_eq!(zone_of(&world, &ua).await.as_deref(), Some("Europe/Berlin"));
        world.signs_in_from(&ua, "Asia/Tokyo").await;
        assert_eq!(zone_of(&world, &ua).await.as_deref(), Some("Asia/Tokyo"));
        // A browser that says nothing learns nothing, and changes nothing.
        let elsewhere = world.signs_in_from(&ua, "").await;
        assert!(!elsewhere.cookies.contains_key(ZONE));
        assert_eq!(zone_of(&world, &ua).await.as_deref(), Some("Asia/Tokyo"));
        tell(&mut silent, "America/Lima").await;
        assert_eq!(zone_of(&world, &ua).await.as_deref(), Some("America/Lima"));
    }

    async fn what_is_no_zone_changes_nothing(world: World) {
        let ua = world.member(&world.a).await;
        let mut browser = Browser::signed_in(&world, &ua).await;
        for made_up in ["", "Mars/Olympus", "../../etc/passwd", "Europe/Berlin; Path=/x", "+01:00", "UTC\r\nSet-Cookie: a=b"] {
            let answer = tell(&mut browser, made_up).await;
            assert!(answer.status.is_success(), "{made_up:?}: {}", answer.status);
            assert!(!browser.cookies.contains_key(ZONE), "{made_up:?}");
        }
        assert_eq!(zone_of(&world, &ua).await, None);
        // A cookie of somebody else's making is no more than what it names.
        let mut browser = browser.with(ZONE, "\"><script>");
        let page = browser.get("/security").await;
        assert!(page.status.is_success() && !page.body.contains("data-zone"), "{}", page.body);
    }

    async fn a_mail_is_where_its_reader_is(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let people = world.people(&world.a, Who::MEMBER, 3).await;
        world.execute(&format!("UPDATE customers SET zone = 'Europe/Berlin', language = 'nl' WHERE id = '{}'", world.a.id)).await;
        world.execute(&format!("UPDATE users SET zone = 'Asia/Tokyo', language = 'en' WHERE id = '{}'", people[1].user.id)).await;
        world.execute(&format!("UPDATE users SET zone = 'Mars/Olympus', language = 'fr' WHERE id = '{}'", people[2].user.id)).await;
        world.reset(&admin, &users_of(&people)).await;
        let sink = Sink::open();
        deliver(&world, &transport(&sink)).await;
        let arrived = sink.arrived();
        for (person, says) in people.iter().zip([
            ["15 januari 2027 om 09:00 UTC+1", "uw tweede factor"],
            ["15 January 2027, 17:00 UTC+9", "your second factor"],
            ["15 janvier 2027 à 08:00 UTC", "votre second facteur"],
        ]) {
            let mail = arrived.iter().find(|mail| mail.to == person.address).unwrap();
            for part in says {
                assert!(mail.text.contains(part), "{part} in {}", mail.text);
            }
        }
    }
}
