//! Passkeys and security keys, with a key in software: registered, asked at sign-in and for a step-up, copied, replayed, and
//! dead after a reset.

use rekey::domain::authority::Role;
use rekey::domain::sign_in::{CodeProblem, Step, Way};
use rekey::domain::time::Span;
use rekey::features::methods;
use rekey::features::reset::service::Confirmed;
use rekey::features::security::method_service;
use rekey::features::security::service::{Changed, Refused};
use rekey::features::sign_in::service::{self as sign_in, Factor, Finished, SteppedUp, step_up};

use super::browser::*;
use super::dump::Dump;
use super::harness::*;
use super::soft_key::SoftKey;

/// What a server function asks, if it asks anything.
fn question(answer: &Answer) -> Option<String> {
    serde_json::from_str::<Option<String>>(&answer.body).unwrap_or_else(|_| panic!("{}", answer.body))
}

/// Opens an addition with a fresh code, and asks for a new key.
async fn asked_for_new(world: &World, person: &Person, browser: &mut Browser) -> String {
    let code = world.fresh_code(person);
    let fields = [("code", code.as_str()), ("kind", "passkey")];
    let answer = browser.post("/api/security/add", "/security/add?kind=passkey", &fields).await;
    assert_eq!(answer.location(), "/security/add/passkey");
    question(&browser.call("/api/security/ask_passkey", &[]).await).expect("an addition is open")
}

/// Registers `key` the whole way, in a browser that is signed in.
pub async fn register(world: &World, person: &Person, key: &mut SoftKey, name: &str) {
    let mut browser = Browser::signed_in(world, person).await;
    let asked = asked_for_new(world, person, &mut browser).await;
    let answer = key.create(&asked);
    let done = browser.call("/api/security/add_passkey", &[("answer", &answer), ("name", name)]).await;
    assert_eq!(done.body, "\"GoOn\"");
}

/// A browser in which the right password was given, and the question to the keys of that person.
async fn half_way(world: &World, person: &Person) -> (Browser, String) {
    let (token, step) = world.begin(person).await;
    assert_eq!(step, Step::Factor);
    let mut browser = Browser::new(world).await.with(CHALLENGE, &token);
    let asked = question(&browser.call("/api/sign_in/ask_passkey", &[]).await).expect("there is a key to ask");
    (browser, asked)
}

async fn answer(browser: &mut Browser, answer: &str) -> String {
    browser.call("/api/sign_in/passkey", &[("answer", answer)]).await.body
}

/// What stands in the field of a form when a passkey answered.
async fn proof(world: &World, person: &Person, key: &mut SoftKey) -> String {
    let session = world.session(person).await;
    let asked = sign_in::ask_passkey(&world.platform, &session).await.unwrap().expect("there is a key to ask");
    format!("passkey {} {}", asked.token.0, key.get(&asked.question))
}

async fn stepped_up(world: &World, person: &Person, proof: &str) -> bool {
    let session = world.session(person).await;
    let done = step_up(&world.platform, &world.origin, &session, proof, ("change", "test")).await.unwrap();
    matches!(done, SteppedUp::Right(_))
}

async fn ways(world: &World, person: &Person) -> Vec<Way> {
    let mut conn = world.platform.db.read().await.unwrap();
    sign_in::ways(&mut conn, &world.platform, person.user).await.unwrap()
}

both! {
    async fn a_passkey_is_added_named_used_and_removed(world: World) {
        let ua = world.member(&world.a).await;
        let elsewhere = world.session_token(&ua).await;
        let mut key = SoftKey::new(1);
        register(&world, &ua, &mut key, "Blue key").await;
        assert!(world.find(&elsewhere).await.is_none(), "a change of factors ends every other session");
        assert_eq!(world.mails(&ua, "method_added").await, 1);
        let (what, details) = world.last_recorded(world.a.id).await;
        assert!(what == "passkey_added" && details.contains("Blue key"), "{what} {details}");
        // At sign-in it comes first where it was used last, and its page says what no script means.
        assert_eq!(ways(&world, &ua).await, [Way::App, Way::Passkey, Way::BackupCode]);
        let (mut browser, asked) = half_way(&world, &ua).await;
        assert!(browser.get("/sign-in/code?with=passkey").await.body.contains("A passkey needs scripts"));
        world.advance(Span::seconds(1));
        let done = answer(&mut browser, &key.get(&asked)).await;
        assert_eq!(done, "\"GoOn\"");
        let page = browser.get("/security").await.body;
        assert!(page.contains("Blue key") && page.contains("Signed in with passkey"), "{page}");
        assert_eq!(ways(&world, &ua).await, [Way::Passkey, Way::App, Way::BackupCode]);
        let (mut browser, _) = half_way(&world, &ua).await;
        assert!(browser.get("/sign-in/code").await.body.contains("Use your passkey"));
        // The passkey itself proves that it may go.
        let session = world.session(&ua).await;
        let id = methods::service::list(&mut world.platform.db.read().await.unwrap(), ua.user).await.unwrap()[1].id;
        let with = Factor::proof(&proof(&world, &ua, &mut key).await).unwrap();
        let removed = method_service::remove(&world.platform, &world.origin, &session, id, &with).await.unwrap();
        assert!(matches!(removed, Changed::Done(..)));
        assert_eq!(ways(&world, &ua).await, [Way::App, Way::BackupCode]);
        assert_eq!(world.mails(&ua, "method_removed").await, 1);
        world.assert_chains_whole().await;
    }

    async fn a_device_is_trusted_with_a_passkey_too(world: World) {
        world.set_policy(&world.a, policy(|policy| policy.trust_days = 30)).await;
        let ua = world.member(&world.a).await;
        let mut key = SoftKey::new(1);
        register(&world, &ua, &mut key, "").await;
        for trust in ["", "true"] {
            let (mut browser, asked) = half_way(&world, &ua).await;
            let answer = key.get(&asked);
            let fields: Vec<_> = [("answer", answer.as_str()), ("trust", trust)].into_iter().filter(|(_, value)| !value.is_empty()).collect();
            assert_eq!(browser.call("/api/sign_in/passkey", &fields).await.body, "\"GoOn\"");
            assert_eq!(browser.cookies.contains_key(DEVICE), !trust.is_empty());
        }
        assert_eq!(world.rows_of("trusted_devices", ua.user).await, 1);
    }

    async fn a_policy_without_passkeys_takes_no_more_and_leaves_those_there_are(world: World) {
        let ua = world.member(&world.a).await;
        let mut key = SoftKey::new(1);
        register(&world, &ua, &mut key, "Blue key").await;
        // One more is asked for, and the policy changes before it answers.
        let mut browser = Browser::signed_in(&world, &ua).await;
        let asked = asked_for_new(&world, &ua, &mut browser).await;
        world.set_policy(&world.a, policy(|policy| policy.passkeys_allowed = false)).await;
        let mut second = SoftKey::new(2);
        let created = second.create(&asked);
        let refused = browser.call("/api/security/add_passkey", &[("answer", &created), ("name", "")]).await;
        assert_eq!(refused.body, "\"Over\"");
        let page = browser.get("/security").await.body;
        assert!(page.contains("Blue key") && !page.contains("Add a passkey"), "{page}");
        assert_eq!(question(&browser.call("/api/security/ask_passkey", &[]).await), None);
        assert_eq!(ways(&world, &ua).await, [Way::App, Way::Passkey, Way::BackupCode]);
        let (mut browser, asked) = half_way(&world, &ua).await;
        world.advance(Span::seconds(1));
        assert_eq!(answer(&mut browser, &key.get(&asked)).await, "\"GoOn\"");
    }

    async fn a_key_that_asks_its_holder_nothing_counts_where_the_policy_lets_it(world: World) {
        let ua = world.member(&world.a).await;
        let mut key = SoftKey { verifies: false, ..SoftKey::new(1) };
        register(&world, &ua, &mut key, "").await;
        let (mut browser, asked) = half_way(&world, &ua).await;
        assert!(asked.contains("\"userVerification\":\"preferred\""), "{asked}");
        assert_eq!(answer(&mut browser, &key.get(&asked)).await, "\"GoOn\"");
        // From the policy on it does not, even to a question from before it.
        let (mut before, asked_before) = half_way(&world, &ua).await;
        world.set_policy(&world.a, policy(|policy| policy.passkeys_verify_user = true)).await;
        assert_eq!(answer(&mut before, &key.get(&asked_before)).await, "\"Wrong\"");
        let (mut browser, asked) = half_way(&world, &ua).await;
        assert!(asked.contains("\"userVerification\":\"required\""), "{asked}");
        assert_eq!(answer(&mut browser, &key.get(&asked)).await, "\"Wrong\"");
        let with = proof(&world, &ua, &mut key).await;
        assert!(!stepped_up(&world, &ua, &with).await);
        key.verifies = true;
        let with = proof(&world, &ua, &mut key).await;
        assert!(stepped_up(&world, &ua, &with).await);
        let mut browser = Browser::signed_in(&world, &ua).await;
        assert!(asked_for_new(&world, &ua, &mut browser).await.contains("\"userVerification\":\"required\""));
    }

    async fn a_passkey_alone_is_a_factor_and_never_taken_away_as_the_last(world: World) {
        let ua = world.member(&world.a).await;
        let mut key = SoftKey::new(1);
        register(&world, &ua, &mut key, "").await;
        let rows = methods::service::list(&mut world.platform.db.read().await.unwrap(), ua.user).await.unwrap();
        let session = world.session(&ua).await;
        let with = Factor::proof(&proof(&world, &ua, &mut key).await).unwrap();
        let removed = method_service::remove(&world.platform, &world.origin, &session, rows[0].id, &with).await.unwrap();
        assert!(matches!(removed, Changed::Done(..)));
        // Nothing shows codes any more: nobody is asked for one.
        let mut browser = Browser::signed_in(&world, &ua).await;
        let page = browser.get("/security/codes/new").await.body;
        assert!(page.contains("Use a passkey") && !page.contains("one-time-code"), "{page}");
        let session = world.session(&ua).await;
        let with = Factor::proof(&proof(&world, &ua, &mut key).await).unwrap();
        let removed = method_service::remove(&world.platform, &world.origin, &session, rows[1].id, &with).await.unwrap();
        assert!(matches!(removed, Changed::Refused(Refused::LastOne, None)));
        let (mut browser, asked) = half_way(&world, &ua).await;
        assert_eq!(answer(&mut browser, &key.get(&asked)).await, "\"GoOn\"");
    }

    async fn an_answer_counts_once_and_for_its_own_question_only(world: World) {
        let ua = world.member(&world.a).await;
        let mut key = SoftKey::new(1);
        register(&world, &ua, &mut key, "").await;
        let (mut browser, asked) = half_way(&world, &ua).await;
        let (token, asked_later) = (browser.clone(), question(&browser.call("/api/sign_in/ask_passkey", &[]).await));
        // The second question voids the first.
        let stale = key.get(&asked);
        assert_eq!(answer(&mut browser, &stale).await, "\"Wrong\"");
        // Whatever it was worth, it used the question up.
        let late = key.get(&asked_later.unwrap());
        assert_eq!(answer(&mut browser, &late).await, "\"Wrong\"");
        let asked = question(&browser.call("/api/sign_in/ask_passkey", &[]).await).unwrap();
        let right = key.get(&asked);
        assert_eq!(answer(&mut browser, &right).await, "\"GoOn\"");
        // Replayed at the same sign-in, at another one, and for a step-up.
        assert_eq!(answer(&mut token.clone(), &right).await, "\"Over\"");
        let (mut other, _) = half_way(&world, &ua).await;
        assert_eq!(answer(&mut other, &right).await, "\"Wrong\"");
        let session = world.session(&ua).await;
        let asked = sign_in::ask_passkey(&world.platform, &session).await.unwrap().unwrap();
        assert!(!stepped_up(&world, &ua, &format!("passkey {} {right}", asked.token.0)).await);
        let fresh = key.get(&asked.question);
        assert!(!stepped_up(&world, &ua, &format!("passkey {} {fresh}", asked.token.0)).await, "its question is used up");
        let once = proof(&world, &ua, &mut key).await;
        assert!(stepped_up(&world, &ua, &once).await);
        assert!(!stepped_up(&world, &ua, &once).await);
        // A question of a step-up opens no session.
        let session = world.session(&ua).await;
        let asked = sign_in::ask_passkey(&world.platform, &session).await.unwrap().unwrap();
        let mut browser = Browser::new(&world).await.with(CHALLENGE, &asked.token.0);
        assert_eq!(answer(&mut browser, &key.get(&asked.question)).await, "\"Over\"");
    }

    async fn another_site_another_key_and_nonsense_are_refused(world: World) {
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        let (mut key, mut foreign) = (SoftKey::new(1), SoftKey::new(2));
        register(&world, &ua, &mut key, "").await;
        register(&world, &ub, &mut foreign, "").await;
        let phished = SoftKey { origin: "https://rekey.example.evil.example".into(), ..key.clone() };
        let other_port = SoftKey { origin: "https://rekey.example:8443".into(), ..key.clone() };
        let plain = SoftKey { origin: "http://rekey.example".into(), ..key.clone() };
        let posing = SoftKey { id: key.id.clone(), ..foreign.clone() };
        let (mut browser, _) = half_way(&world, &ua).await;
        for (who, mut stranger) in [("phished", phished), ("another port", other_port), ("without TLS", plain), ("foreign", foreign.clone()), ("posing", posing)] {
            let (mut browser, asked) = half_way(&world, &ua).await;
            assert_eq!(answer(&mut browser, &stranger.get(&asked)).await, "\"Wrong\"", "{who}");
            world.execute("UPDATE users SET wrong_codes_in_a_row = 0, wrong_codes_recent = 0").await;
        }
        let asked = question(&browser.call("/api/sign_in/ask_passkey", &[]).await).unwrap();
        let elsewhere = key.get_elsewhere(&asked, "evil.example");
        assert_eq!(answer(&mut browser, &elsewhere).await, "\"Wrong\"");
        for nonsense in ["", "{}", "null", "[]", "\u{0}", &"x".repeat(20_000)] {
            assert!(["\"Wrong\"", "\"Over\""].contains(&answer(&mut browser, nonsense).await.as_str()), "{nonsense:.20}");
        }
        // Somebody else's proof is none, and five wrong answers end a sign-in like five wrong codes.
        let theirs = proof(&world, &ub, &mut foreign).await;
        assert!(!stepped_up(&world, &ua, &theirs).await);
        assert_eq!(world.rows_of("sessions", ua.user).await, 1 + 1);
    }

    async fn a_key_of_somebody_is_taken_by_nobody_else(world: World) {
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        let mut key = SoftKey::new(1);
        register(&world, &ua, &mut key, "").await;
        for thief in [&ub, &ua] {
            let mut browser = Browser::signed_in(&world, thief).await;
            let asked = asked_for_new(&world, thief, &mut browser).await;
            let stolen = key.create(&asked);
            assert_eq!(browser.call("/api/security/add_passkey", &[("answer", &stolen)]).await.body, "\"Wrong\"");
        }
        assert_eq!((world.rows_of("methods", ua.user).await, world.rows_of("methods", ub.user).await), (2, 1));
        // A registration is bound to its question, too, and to this site.
        let mut browser = Browser::signed_in(&world, &ub).await;
        let asked = asked_for_new(&world, &ub, &mut browser).await;
        let mut phished = SoftKey { origin: "https://evil.example".into(), ..SoftKey::new(3) };
        let answer = phished.create(&asked);
        assert_eq!(browser.call("/api/security/add_passkey", &[("answer", &answer)]).await.body, "\"Wrong\"");
        let late = SoftKey::new(3).create(&asked);
        assert_eq!(browser.call("/api/security/add_passkey", &[("answer", &late)]).await.body, "\"Wrong\"");
        let session = world.session(&ub).await;
        assert!(sign_in::ask_passkey(&world.platform, &session).await.unwrap().is_none());
    }

    async fn a_counter_that_goes_back_marks_the_key(world: World) {
        let ua = world.member(&world.a).await;
        let mut key = SoftKey::new(1);
        register(&world, &ua, &mut key, "Blue key").await;
        let mut copy = key.clone();
        for _ in 0..3 {
            let (mut browser, asked) = half_way(&world, &ua).await;
            assert_eq!(answer(&mut browser, &key.get(&asked)).await, "\"GoOn\"");
        }
        let (mut browser, asked) = half_way(&world, &ua).await;
        let sessions = world.rows_of("sessions", ua.user).await;
        assert_eq!(answer(&mut browser, &copy.get(&asked)).await, "\"Copied\"");
        assert_eq!(world.rows_of("sessions", ua.user).await, sessions);
        assert!(world.recorded(world.a.id).await.contains(&"passkey_copied".to_owned()));
        assert_eq!(world.mails(&ua, "passkey_copied").await, 1);
        // From now on the real one is refused as well: nobody can tell them apart.
        assert_eq!(question(&browser.call("/api/sign_in/ask_passkey", &[]).await), None);
        assert_eq!(ways(&world, &ua).await, [Way::App, Way::BackupCode]);
        let session = world.session(&ua).await;
        assert!(sign_in::ask_passkey(&world.platform, &session).await.unwrap().is_none());
        assert!(Browser::signed_in(&world, &ua).await.get("/security").await.body.contains("Copied, refused"));
        // Keys that do not count stand at 0 for ever.
        let mut still = SoftKey { counts: false, ..SoftKey::new(2) };
        register(&world, &ua, &mut still, "").await;
        for _ in 0..2 {
            let (mut browser, asked) = half_way(&world, &ua).await;
            assert_eq!(answer(&mut browser, &still.get(&asked)).await, "\"GoOn\"");
        }
        world.assert_chains_whole().await;
    }

    async fn after_a_reset_a_passkey_is_dead_in_what_began_before_and_after(world: World) {
        let admin = world.with_role(&world.a, Role::Owner).await;
        let ua = world.member(&world.a).await;
        let mut key = SoftKey::new(1);
        register(&world, &ua, &mut key, "").await;
        let (mut before, asked) = half_way(&world, &ua).await;
        let session = world.session(&ua).await;
        let step = sign_in::ask_passkey(&world.platform, &session).await.unwrap().unwrap();
        let mut adding = Browser::signed_in(&world, &ua).await;
        let asked_for = asked_for_new(&world, &ua, &mut adding).await;
        let reset = world.reset(&admin, &[ua.user]).await;
        let lost = format!("SELECT passkeys FROM reset_items WHERE reset_id = '{reset}'");
        assert_eq!(world.count(&lost).await, 1);
        assert_eq!(world.rows_of("methods", ua.user).await, 0);
        assert_eq!(world.rows_of("challenges", ua.user).await, 0);
        // The ceremonies that began before it.
        assert_eq!(answer(&mut before, &key.get(&asked)).await, "\"Over\"");
        let proof = format!("passkey {} {}", step.token.0, key.get(&step.question));
        let done = step_up(&world.platform, &world.origin, &session, &proof, ("change", "test")).await.unwrap();
        assert!(!matches!(done, SteppedUp::Right(_)));
        let new = SoftKey::new(2).create(&asked_for);
        let added = adding.call("/api/security/add_passkey", &[("answer", &new)]).await;
        assert_eq!(added.status.as_u16(), 401);
        assert_eq!(world.rows_of("methods", ua.user).await, 0);
        // And a new one: the password leads to a set-up, where no key is asked.
        let (token, step) = world.begin(&ua).await;
        assert_eq!(step, Step::SetUp);
        let mut browser = Browser::new(&world).await.with(CHALLENGE, &token);
        assert_eq!(question(&browser.call("/api/sign_in/ask_passkey", &[]).await), None);
        assert_eq!(answer(&mut browser, &key.get(&asked)).await, "\"Over\"");
        let token = world.challenge(&ua, Step::Factor).await;
        let old = Factor::answer(key.get(&asked));
        assert!(matches!(world.finish(&token, &old).await, Finished::Wrong));
        // Set up again, the same key may be registered anew.
        world.assert_chains_whole().await;
    }

    async fn of_two_browsers_with_one_answer_one_wins(world: World) {
        let ua = world.member(&world.a).await;
        let mut key = SoftKey { counts: false, ..SoftKey::new(1) };
        register(&world, &ua, &mut key, "").await;
        for _ in 0..5 {
            let (browser, asked) = half_way(&world, &ua).await;
            let right = key.get(&asked);
            let sessions = world.rows_of("sessions", ua.user).await;
            let (mut one, mut two) = (browser.clone(), browser);
            let both = tokio::join!(answer(&mut one, &right), answer(&mut two, &right));
            let won = [&both.0, &both.1].into_iter().filter(|said| *said == "\"GoOn\"").count();
            assert_eq!(won, 1, "{both:?}");
            assert_eq!(world.rows_of("sessions", ua.user).await, sessions + 1);
            // The same for a step-up.
            let once = proof(&world, &ua, &mut key).await;
            let both = tokio::join!(stepped_up(&world, &ua, &once), stepped_up(&world, &ua, &once));
            assert_eq!(usize::from(both.0) + usize::from(both.1), 1);
        }
    }

    async fn a_passkey_confirms_a_reset(world: World) {
        let admin = world.with_role(&world.a, Role::Owner).await;
        let ua = world.member(&world.a).await;
        let mut key = SoftKey::new(1);
        register(&world, &admin, &mut key, "").await;
        let id = world.plan(&admin, &[ua.user]).await;
        let page = Browser::signed_in(&world, &admin).await.get(&format!("/resets/{id}")).await.body;
        assert!(page.contains("Use a passkey") && page.contains("one-time-code"), "{page}");
        let mut confirmation = world.confirmation(&admin, id).await;
        confirmation.code = proof(&world, &admin, &mut key).await;
        let session = world.session(&admin).await;
        assert!(matches!(world.try_confirm(&session, id, &confirmation).await, Confirmed::Running(_)));
        // Once, and for nothing else.
        let ub = world.member(&world.a).await;
        let again = world.plan(&admin, &[ub.user]).await;
        let next = world.confirmation(&admin, again).await;
        let replayed = rekey::features::reset::service::Confirmation { code: confirmation.code, ..next };
        let session = world.session(&admin).await;
        assert!(matches!(world.try_confirm(&session, again, &replayed).await, Confirmed::Code(CodeProblem::Wrong)));
        world.assert_chains_whole().await;
    }

    async fn before_the_password_is_right_nothing_says_who_has_a_passkey(world: World) {
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.a).await);
        register(&world, &ua, &mut SoftKey::new(1), "").await;
        let before = Dump::of(&world).await.but_the_record();
        let mut said = Vec::new();
        for person in [&ua, &ub] {
            let mut browser = Browser::new(&world).await;
            let fields = [("address", person.address.as_str()), ("password", "wrong")];
            let body = browser.call("/api/sign_in/begin", &fields).await.body;
            let asked = browser.call("/api/sign_in/ask_passkey", &[]).await.body;
            said.push((body, asked, browser.get("/sign-in").await.body.len()));
        }
        assert_eq!(said[0], said[1]);
        assert_eq!(before, Dump::of(&world).await.but_the_record());
        // At a bare network address no browser uses a key, so none is asked.
        let bare = world.with_config(config(&["--base-url", "https://192.0.2.7"]));
        let (token, _) = world.begin(&ua).await;
        assert!(sign_in::ask(&bare.platform, &token).await.unwrap().is_none());
        assert_eq!(ways(&bare, &ua).await, [Way::App, Way::BackupCode]);
    }
}
