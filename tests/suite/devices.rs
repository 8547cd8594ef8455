//! Trusted devices: where the password alone signs in, for whom, until when, and what ends that for good.

mod ended;

use rekey::domain::audit::What;
use rekey::domain::sign_in::Step;
use rekey::domain::time::Span;
use rekey::features::session;
use rekey::features::sign_in::service::{Begun, Factor, Finished, SteppedUp, finish, step_up};

use super::browser::*;
use super::dump::Dump;
use super::harness::*;

/// Customer A lets devices be trusted for so many days.
async fn allow(world: &World, days: u16) {
    world.set_policy(&world.a, policy(|policy| policy.trust_days = days)).await;
}

/// Signs in with a code and asks for trust: the tokens of session and device.
async fn trust(world: &World, person: &Person) -> (String, Option<String>) {
    let (token, step) = world.begin(person).await;
    assert_eq!(step, Step::Factor);
    finish_and_trust(world, &token, &Factor::Code(world.fresh_code(person))).await
}

async fn finish_and_trust(world: &World, token: &str, factor: &Factor) -> (String, Option<String>) {
    match finish(&world.platform, &world.origin, token, factor, true).await.unwrap() {
        Finished::SignedIn { token, device, .. } => (token.0, device.map(|device| device.0)),
        other => panic!("{}", named_end(&other)),
    }
}

/// The session's token, if the password alone signs `person` in where this cookie is.
async fn let_in(world: &World, person: &Person, device: &str) -> Option<String> {
    match world.begin_on(&person.address, PASSWORD, Some(device)).await {
        Begun::SignedIn(token) => Some(token.0),
        _ => None,
    }
}

async fn devices(world: &World, person: &Person) -> i64 {
    world.rows_of("trusted_devices", person.user).await
}

both! {
    async fn on_a_trusted_device_the_password_alone_signs_in(world: World) {
        allow(&world, 30).await;
        let ua = world.member(&world.a).await;
        let (_, device) = trust(&world, &ua).await;
        let device = device.expect("the policy allows it");
        assert_eq!(device.len(), 43, "256 bits");
        let recorded = world.recorded(world.a.id).await;
        assert_eq!(recorded[recorded.len() - 1], What::DeviceTrusted.as_str());
        let (_, details) = world.last_recorded(world.a.id).await;
        assert!(details.contains("\"days\":\"30\"") && details.contains("\"browser\":\"Test\""), "{details}");
        assert_eq!(world.mails(&ua, "device_trusted").await, 1);

        world.advance(Span::hours(24));
        let token = let_in(&world, &ua, &device).await.expect("trusted");
        let (what, details) = world.last_recorded(world.a.id).await;
        assert!(what == "signed_in" && details.contains("trusted device"), "{what} {details}");
        assert_eq!(world.find(&token).await.unwrap().actor.user, ua.user);
        let used = world.count("SELECT last_used_at FROM trusted_devices").await;
        assert_eq!(used, world.now().unix_milliseconds());
        assert_eq!(world.rows_of("challenges", ua.user).await, 0);
        // The same cookie again, and another browser without one.
        assert!(let_in(&world, &ua, &device).await.is_some());
        assert!(matches!(world.begin_with(&ua.address, PASSWORD).await, Begun::Challenge(_, Step::Factor)));
        assert_eq!(world.mails(&ua, "device_trusted").await, 1, "told once");
        world.assert_chains_whole().await;
    }

    async fn whoever_does_not_ask_for_it_trusts_nothing(world: World) {
        allow(&world, 30).await;
        let ua = world.member(&world.a).await;
        world.sign_in(&ua).await;
        assert_eq!((devices(&world, &ua).await, world.mails(&ua, "device_trusted").await), (0, 0));
    }

    async fn where_the_policy_allows_none_nothing_is_trusted(world: World) {
        let ua = world.member(&world.a).await;
        assert_eq!(trust(&world, &ua).await.1, None);
        // It counts at the moment of the code: the page was shown while it was allowed.
        allow(&world, 30).await;
        let (token, _) = world.begin(&ua).await;
        allow(&world, 0).await;
        assert_eq!(finish_and_trust(&world, &token, &Factor::Code(world.fresh_code(&ua))).await.1, None);
        assert_eq!((devices(&world, &ua).await, world.mails(&ua, "device_trusted").await), (0, 0));
    }

    async fn a_backup_code_never_trusts(world: World) {
        allow(&world, 30).await;
        let ua = world.member(&world.a).await;
        let (token, _) = world.begin(&ua).await;
        assert_eq!(finish_and_trust(&world, &token, &Factor::BackupCode(ua.codes[0].clone())).await.1, None);
        assert_eq!(devices(&world, &ua).await, 0);
    }

    async fn a_device_is_trusted_for_its_user_and_with_the_right_password_only(world: World) {
        allow(&world, 30).await;
        let (ua, other, ub) = (world.member(&world.a).await, world.member(&world.a).await, world.member(&world.b).await);
        world.set_policy(&world.b, policy(|policy| policy.trust_days = 30)).await;
        let device = trust(&world, &ua).await.1.unwrap();
        for person in [&other, &ub] {
            let begun = world.begin_on(&person.address, PASSWORD, Some(&device)).await;
            assert!(matches!(begun, Begun::Challenge(_, Step::Factor)), "asked as ever");
        }
        for token in ["", "x", &device[..42], &device.to_lowercase()] {
            assert!(let_in(&world, &ua, token).await.is_none(), "{token}");
        }
        for (address, password) in
            [(ua.address.as_str(), "correct horse battery stable"), (&ua.address, ""), ("nobody@a.example", PASSWORD)]
        {
            assert!(matches!(world.begin_on(address, password, Some(&device)).await, Begun::Wrong));
        }
        assert_eq!(world.last_recorded(world.a.id).await.0, "password_wrong");
        // A factor is skipped, and nothing else: who must set up sets up.
        let new = world.person(&world.a, Who::NEW).await;
        let theirs = world.trusted(&new, 30).await.token.0;
        let begun = world.begin_on(&new.address, PASSWORD, Some(&theirs)).await;
        assert!(matches!(begun, Begun::Challenge(_, Step::SetUp)));
        assert!(let_in(&world, &ua, &device).await.is_some(), "none of it did any harm");
    }

    async fn whoever_is_suspended_is_refused_on_a_trusted_device_too(world: World) {
        allow(&world, 30).await;
        let ua = world.member(&world.a).await;
        let device = trust(&world, &ua).await.1.unwrap();
        // By another hand, which leaves rows behind.
        let suspended = |at: &str| format!("UPDATE users SET suspended_at = {at} WHERE id = '{}'", ua.user.id);
        world.execute(&suspended("1")).await;
        assert!(matches!(world.begin_on(&ua.address, PASSWORD, Some(&device)).await, Begun::Wrong));
        assert_eq!(world.last_recorded(world.a.id).await.0, "sign_in_refused");
    }

    async fn trust_ends_with_its_last_day_whether_it_was_used_or_not(world: World) {
        allow(&world, 30).await;
        let ua = world.member(&world.a).await;
        let device = trust(&world, &ua).await.1.unwrap();
        world.advance(Span::hours(15 * 24));
        assert!(let_in(&world, &ua, &device).await.is_some());
        world.advance(Span::seconds(15 * 86_400 - 1));
        assert!(let_in(&world, &ua, &device).await.is_some());
        world.advance(Span::seconds(1));
        assert!(let_in(&world, &ua, &device).await.is_none());
        // The sweep takes it away, and nothing that still holds.
        let newer = world.trusted(&ua, 30).await.token.0;
        assert_eq!(devices(&world, &ua).await, 2);
        session::service::sweep(&world.platform).await.unwrap();
        assert_eq!(devices(&world, &ua).await, 1);
        assert!(let_in(&world, &ua, &newer).await.is_some());
    }

    async fn a_lock_after_wrong_codes_is_no_matter_to_a_trusted_device(world: World) {
        allow(&world, 30).await;
        let ua = world.member(&world.a).await;
        let device = trust(&world, &ua).await.1.unwrap();
        let text = "UPDATE users SET wrong_codes_in_a_row = 100, wrong_codes_recent = 10, wrong_codes_since";
        world.execute(&format!("{text} = {} WHERE id = '{}'", world.now().unix_milliseconds(), ua.user.id)).await;
        let token = world.begin(&ua).await.0;
        let code = Factor::Code(world.fresh_code(&ua));
        assert!(matches!(world.finish(&token, &code).await, Finished::Disabled));
        assert!(let_in(&world, &ua, &device).await.is_some());
        // It forgives nothing either.
        let counted = format!("SELECT wrong_codes_in_a_row FROM users WHERE id = '{}'", ua.user.id);
        assert_eq!(world.count(&counted).await, 100);
    }

    async fn a_step_up_asks_on_a_trusted_device_too(world: World) {
        allow(&world, 30).await;
        let ua = world.member(&world.a).await;
        let device = trust(&world, &ua).await.1.unwrap();
        let session = world.find(&let_in(&world, &ua, &device).await.unwrap()).await.unwrap();
        let tried = async |code: &str| {
            step_up(&world.platform, &world.origin, &session, code, ("plan", "x")).await.unwrap()
        };
        for typed in ["", &device, &wrong_code(&ua.secret, world.now())] {
            assert!(matches!(tried(typed).await, SteppedUp::Wrong), "{typed}");
        }
        assert!(matches!(tried(&world.fresh_code(&ua)).await, SteppedUp::Right(_)));
    }

    async fn nobody_trusts_more_than_ten(world: World) {
        allow(&world, 30).await;
        let (ua, other) = (world.member(&world.a).await, world.member(&world.a).await);
        world.trusted(&other, 30).await;
        let mut tokens = Vec::new();
        for _ in 0..10 {
            world.advance(Span::seconds(1));
            tokens.push(world.trusted(&ua, 30).await.token.0);
        }
        assert!(let_in(&world, &ua, &tokens[0]).await.is_some(), "the last used, and still the oldest");
        let newest = trust(&world, &ua).await.1.unwrap();
        assert_eq!((devices(&world, &ua).await, devices(&world, &other).await), (10, 1));
        let (_, details) = world.last_recorded(world.a.id).await;
        assert!(details.contains("\"trusted_devices\":\"1\""), "{details}");
        assert!(let_in(&world, &ua, &tokens[0]).await.is_none());
        assert!(let_in(&world, &ua, &tokens[1]).await.is_some() && let_in(&world, &ua, &newest).await.is_some());
    }

    async fn the_token_is_nowhere_but_in_the_browser(world: World) {
        allow(&world, 30).await;
        let ua = world.member(&world.a).await;
        let mut browser = Browser::new(&world).await;
        sign_in_and_trust(&world, &ua, &mut browser).await;
        let token = browser.cookies[DEVICE].clone();
        let mut said = Dump::of(&world).await.everything();
        for path in ["/security", "/users", "/audit"] {
            said.push_str(&browser.get(path).await.body);
        }
        assert!(!said.contains(&token));
        let hash = rekey::platform::keys::sha256(token.as_bytes());
        assert_eq!(said.matches(&hash).count(), 1, "its hash alone is stored");
    }

    // ---- The pages --------------------------------------------------------------------------------------------------

    async fn a_device_is_trusted_used_and_ended_without_a_script(world: World) {
        allow(&world, 30).await;
        let ua = world.member(&world.a).await;
        let mut browser = Browser::new(&world).await;
        sign_in_and_trust(&world, &ua, &mut browser).await;
        let page = browser.get("/security").await.body;
        assert!(page.contains("Trusted devices") && page.contains("Stop trusting"), "{page}");
        assert!(page.contains("Trusted a device for 30 days"), "{page}");
        // Signing out leaves the device trusted: that is what it is for.
        browser.post("/api/sign_in/out", "/security", &[]).await;
        assert!(!browser.cookies.contains_key(SESSION) && browser.cookies.contains_key(DEVICE));
        let fields = [("address", ua.address.as_str()), ("password", PASSWORD), ("next", "/security")];
        let answer = browser.post("/api/sign_in/begin", "/sign-in", &fields).await;
        assert_eq!(answer.location(), "/security");
        assert!(browser.cookies.contains_key(SESSION) && !browser.cookies.contains_key(CHALLENGE));
        let page = browser.get("/security").await.body;
        assert!(page.contains("Signed in with the password on a trusted device"), "{page}");
        assert_eq!(page.matches("This one").count(), 2, "the session and the device");
        let id = world.text("SELECT id FROM trusted_devices").await.unwrap();
        assert!(page.contains(&id));
        let answer = browser.post("/api/security/end_device", "/security", &[("device", &id)]).await;
        assert_eq!(answer.location(), "/security?done=device");
        let page = browser.get("/security?done=device").await.body;
        assert!(page.contains("That device is trusted no longer.") && page.contains("Stopped trusting a device"), "{page}");
        assert!(!page.contains("Stop trusting"), "{page}");
        assert_eq!(world.last_recorded(world.a.id).await.0, "device_ended");
        // The session goes on; the next sign-in asks.
        browser.post("/api/sign_in/out", "/security", &[]).await;
        let answer = browser.post("/api/sign_in/begin", "/sign-in", &fields).await;
        assert_eq!(answer.location(), "/sign-in/code");
    }

    async fn trust_is_offered_where_it_is_allowed_and_not_for_a_backup_code(world: World) {
        let ua = world.member(&world.a).await;
        let mut pages = Vec::new();
        for days in [0, 1, 30] {
            allow(&world, days).await;
            let mut browser = Browser::new(&world).await.with(CHALLENGE, &world.challenge(&ua, Step::Factor).await);
            for with in ["app", "passkey", "backup"] {
                pages.push(browser.get(&format!("/sign-in/code?with={with}")).await.body);
            }
            // Whoever mistypes the code finds what they ticked.
            let wrong = wrong_code(&ua.secret, world.now());
            browser.post("/api/sign_in/code", "/sign-in/code", &[("code", &wrong), ("trust", "true")]).await;
            let page = browser.get("/sign-in/code").await.body;
            let is_ticked = elements(&page).iter().any(|element| {
                let has = |name: &str| element.attributes.iter().any(|(attribute, value)| attribute == name || value == name);
                has("trust") && has("checked")
            });
            assert_eq!(is_ticked, days > 0, "{page}");
        }
        let offered: Vec<bool> = pages.iter().map(|page| page.contains("name=\"trust\"")).collect();
        assert_eq!(offered, [false, false, false, true, true, false, true, true, false]);
        assert!(pages[3].contains("Do not ask again on this device for 1 day<"), "{}", pages[3]);
        assert!(pages[6].contains("Do not ask again on this device for 30 days"), "{}", pages[6]);
        assert!(!pages.iter().any(|page| page.contains("checked")), "never ticked before anybody did");
        let mut browser = Browser::signed_in(&world, &ua).await;
        assert!(browser.get("/security").await.body.contains("Trusted devices"));
        allow(&world, 0).await;
        assert!(!browser.get("/security").await.body.contains("Trusted devices"));
    }
}

/// The whole way, as a browser without a script goes it.
async fn sign_in_and_trust(world: &World, person: &Person, browser: &mut Browser) {
    let fields = [("address", person.address.as_str()), ("password", PASSWORD)];
    let answer = browser.post("/api/sign_in/begin", "/sign-in", &fields).await;
    assert_eq!(answer.location(), "/sign-in/code");
    let code = world.fresh_code(person);
    let fields = [("code", code.as_str()), ("trust", "true")];
    let answer = browser.post("/api/sign_in/code", "/sign-in/code", &fields).await;
    assert!(answer.is_redirect() && browser.cookies.contains_key(SESSION), "{}", answer.location());
    let set = answer.headers.get_all("set-cookie").iter().map(|set| set.to_str().unwrap());
    let set = set.into_iter().find(|set| set.starts_with(DEVICE)).expect("the device has a cookie").to_owned();
    for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age=7776000"] {
        assert!(set.contains(attribute), "{set}");
    }
}
