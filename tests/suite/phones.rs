//! Phone numbers: added with a code, asked at sign-in and for a step-up, bounded in number and price, and dead after a reset.

mod gateway;

use rekey::domain::authority::Role;
use rekey::domain::ids::MethodId;
use rekey::domain::phone::About;
use rekey::domain::sign_in::Step;
use rekey::domain::time::Span;
use rekey::features::methods;
use rekey::features::methods::service::phones;
use rekey::features::outbox::mailbox::DevMailbox;
use rekey::features::outbox::worker::{Transport, deliver_due};
use rekey::features::phones::service::Sent;
use rekey::features::set_up::service as set_up;
use rekey::features::sign_in::service::{self as sign_in, Factor, Finished, SteppedUp};
use rekey::platform::phone;

use super::browser::*;
use super::dump::Dump;
use super::harness::*;

/// What the last message to a phone says, and to which.
async fn last_message(world: &World) -> (String, String) {
    let mailbox = DevMailbox::default();
    deliver_due(&world.platform, &Transport::Mailbox(mailbox.clone())).await.unwrap();
    let texts = mailbox.newest_first();
    let message = texts.into_iter().find(|mail| mail.subject == "Text message").expect("a message was sent");
    (message.to, message.text)
}

fn code_in(message: &str) -> String {
    message.rsplit_once("@rekey.example #").expect("the last line is for the phone").1.to_owned()
}

/// The code that was sent last.
pub async fn sent_code(world: &World) -> String {
    code_in(&last_message(world).await.1)
}

/// Another code than this.
fn another(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

/// Opens an addition with a fresh code, in a browser that is signed in.
async fn adding(world: &World, person: &Person) -> Browser {
    let mut browser = Browser::signed_in(world, person).await;
    let code = world.fresh_code(person);
    let fields = [("code", code.as_str()), ("kind", "phone")];
    let answer = browser.post("/api/security/add", "/security/add?kind=phone", &fields).await;
    assert_eq!(answer.location(), "/security/add/phone");
    browser
}

async fn asked(browser: &mut Browser, country: &str, number: &str) -> String {
    browser.call("/api/security/send_code", &[("country", country), ("number", number)]).await.body
}

async fn added(browser: &mut Browser, code: &str, name: &str) -> String {
    browser.call("/api/security/add_phone", &[("code", code), ("name", name)]).await.body
}

/// A number as if it had been added the whole way.
pub async fn registered(world: &World, person: &Person, number: &str) -> MethodId {
    let number = phone::read("DE", number).unwrap();
    let mut tx = world.platform.db.begin().await.unwrap();
    let id = phones::register(&mut tx, &world.platform, person.user, &number, None).await.unwrap();
    tx.commit().await.unwrap();
    id
}

/// Asks for a code at a half-finished sign-in.
async fn send(world: &World, token: &str, phone: MethodId) -> Option<Sent> {
    sign_in::send_code(&world.platform, &world.origin, token, phone).await.unwrap()
}

async fn is_right(world: &World, token: &str, code: &str) -> bool {
    let factor = Factor::code(code).unwrap();
    matches!(world.finish(token, &factor).await, Finished::SignedIn { .. })
}

both! {
    async fn a_number_is_added_with_the_code_that_went_to_it(world: World) {
        let ua = world.member(&world.a).await;
        let elsewhere = world.session_token(&ua).await;
        let mut browser = adding(&world, &ua).await;
        let page = browser.get("/security/add/phone").await.body;
        assert!(page.contains("Germany (+49)") && page.contains("taken over"), "{page}");
        for (country, number, problem) in [
            ("DE", "12", "NotANumber"),
            ("", "0171 3920012", "NotANumber"),
            ("DE", "030 123456", "NotAMobile"),
            ("DE", "0900 1 123456", "NotAMobile"),
        ] {
            assert_eq!(asked(&mut browser, country, number).await, format!("\"{problem}\""), "{number}");
        }
        assert!(asked(&mut browser, "DE", "0171 3920012").await.contains("+49 •••• 12"));
        let (to, message) = last_message(&world).await;
        assert_eq!(to, "+491713920012");
        assert!(message.chars().count() <= 160 && message.is_ascii(), "one message: {message}");
        let code = code_in(&message);
        // The page knows of it after a reload too, and shows no more of the number.
        let page = browser.get("/security/add/phone").await.body;
        assert!(page.contains("+49 •••• 12") && !page.contains("1713920012") && !page.contains(&code), "{page}");
        assert_eq!(added(&mut browser, &another(&code), "").await, "\"Wrong\"");
        assert_eq!(added(&mut browser, &code, "Work").await, "\"GoOn\"");
        assert!(world.find(&elsewhere).await.is_none(), "a change of factors ends every other session");
        assert_eq!(world.mails(&ua, "method_added").await, 1);
        let page = browser.get("/security").await.body;
        assert!(page.contains("Work (+49 •••• 12)") && page.contains("Added the phone number"), "{page}");
        assert_eq!(added(&mut browser, &code, "").await, "\"Over\"", "it counts once");
        // A second time the same number is none.
        let mut browser = adding(&world, &ua).await;
        assert_eq!(asked(&mut browser, "PT", "+49 171 3920012").await, "\"Known\"");
        world.assert_chains_whole().await;
    }

    async fn whoever_goes_on_to_another_number_proves_that_one(world: World) {
        let ua = world.member(&world.a).await;
        let mut browser = adding(&world, &ua).await;
        asked(&mut browser, "DE", "0171 3920012").await;
        let first = sent_code(&world).await;
        asked(&mut browser, "DE", "0171 3920013").await;
        let second = sent_code(&world).await;
        if first != second {
            assert_eq!(added(&mut browser, &first, "").await, "\"Wrong\"");
        }
        assert_eq!(added(&mut browser, &second, "").await, "\"GoOn\"");
        let mut conn = world.platform.db.read().await.unwrap();
        let phones = phones::list(&mut conn, &world.platform, ua.user).await.unwrap();
        assert_eq!(phones.iter().map(|phone| phone.number.e164()).collect::<Vec<_>>(), ["+491713920013"]);
    }

    async fn neither_number_nor_code_lies_anywhere(world: World) {
        let ua = world.member(&world.a).await;
        let mut browser = adding(&world, &ua).await;
        asked(&mut browser, "DE", "0171 3920012").await;
        let code = sent_code(&world).await;
        let holds = |dump: &Dump, what: &str| dump.everything().contains(what);
        let before = Dump::of(&world).await;
        added(&mut browser, &code, "").await;
        let id = registered(&world, &ua, "0171 3920077").await;
        let token = world.challenge(&ua, Step::Factor).await;
        send(&world, &token, id).await;
        let next = sent_code(&world).await;
        for dump in [before, Dump::of(&world).await] {
            for secret in ["1713920012", "1713920077", "3920012"] {
                assert!(!holds(&dump, secret), "{secret}");
            }
            // Six digits may stand in any time or hash by chance; a value of their own is none.
            for code in [&code, &next] {
                assert!(dump.everything().lines().all(|value| value != code.as_str()));
            }
        }
        // A sealed number opens in its own row alone.
        let other = registered(&world, &ua, "0171 3920078").await;
        let text = format!("UPDATE methods SET secret = (SELECT m.secret FROM methods m WHERE m.id = '{id}') WHERE id = '{other}'");
        world.execute(&text).await;
        let mut conn = world.platform.db.read().await.unwrap();
        assert!(phones::list(&mut conn, &world.platform, ua.user).await.is_err());
    }

    async fn a_code_signs_in_once_and_only_where_it_was_asked_for(world: World) {
        let ua = world.member(&world.a).await;
        let id = registered(&world, &ua, "0171 3920012").await;
        let (token, other) = (world.challenge(&ua, Step::Factor).await, world.challenge(&ua, Step::Factor).await);
        assert!(matches!(send(&world, &token, id).await, Some(Sent::OnItsWay(_))));
        let code = sent_code(&world).await;
        assert!(!is_right(&world, &other, &code).await, "another sign-in");
        let session = world.session(&ua).await;
        let stepped = sign_in::step_up(&world.platform, &world.origin, &session, &code, ("change", "test")).await;
        assert!(!matches!(stepped.unwrap(), SteppedUp::Right(_)), "a step-up");
        assert!(is_right(&world, &token, &code).await);
        let (what, details) = world.last_recorded(world.a.id).await;
        assert!(what == "signed_in" && details.contains("code sent to a phone"), "{what} {details}");
        assert!(!is_right(&world, &token, &code).await, "used");
    }

    async fn a_code_counts_for_ten_minutes(world: World) {
        let ua = world.member(&world.a).await;
        let id = registered(&world, &ua, "0171 3920012").await;
        let session = world.session(&ua).await;
        let prove = async |code: &str| {
            let done = sign_in::step_up(&world.platform, &world.origin, &session, code, ("change", "test")).await;
            matches!(done.unwrap(), SteppedUp::Right(_))
        };
        let send = async || sign_in::send_code_to_prove(&world.platform, &world.origin, &session).await.unwrap();
        assert!(matches!(send().await, Some(Sent::OnItsWay(_))));
        let code = sent_code(&world).await;
        world.advance(Span::minutes(10));
        assert!(!prove(&code).await);
        assert!(matches!(send().await, Some(Sent::OnItsWay(_))));
        let code = sent_code(&world).await;
        world.advance(Span::seconds(599));
        assert!(prove(&code).await);
        let mut conn = world.platform.db.read().await.unwrap();
        let used = methods::service::list(&mut conn, ua.user).await.unwrap();
        assert!(used.iter().any(|method| method.id == id && method.last_used_at == Some(world.now())));
    }

    async fn five_wrong_ones_end_a_code(world: World) {
        let ua = world.member(&world.a).await;
        registered(&world, &ua, "0171 3920012").await;
        let session = world.session(&ua).await;
        sign_in::send_code_to_prove(&world.platform, &world.origin, &session).await.unwrap();
        let code = sent_code(&world).await;
        let take = async |code: &str| {
            let mut tx = world.platform.db.begin().await.unwrap();
            let about = Some(About::StepUp(session.id));
            let taken = methods::service::take_code(&mut tx, &world.platform, ua.user, code, about).await.unwrap();
            tx.commit().await.unwrap();
            taken.is_some()
        };
        for _ in 0..5 {
            assert!(!take(&another(&code)).await);
        }
        assert!(!take(&code).await);
    }

    async fn three_messages_an_hour_to_a_number_and_nobody_uses_up_somebody_elses(world: World) {
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        // Somebody of another customer tries to add the number, again and again.
        let mut browser = adding(&world, &ua).await;
        for _ in 0..3 {
            assert!(asked(&mut browser, "DE", "0171 3920012").await.contains("OnItsWay"));
        }
        assert!(asked(&mut browser, "DE", "0171 3920012").await.contains("NotBefore"));
        let uc = world.member(&world.a).await;
        let mut browser = adding(&world, &uc).await;
        assert!(asked(&mut browser, "DE", "0171 3920012").await.contains("NotBefore"), "whoever adds it");
        let ib = registered(&world, &ub, "0171 3920012").await;
        let first = world.now();
        for _ in 0..3 {
            let token = world.challenge(&ub, Step::Factor).await;
            assert!(matches!(send(&world, &token, ib).await, Some(Sent::OnItsWay(_))));
            world.advance(Span::minutes(1));
        }
        let token = world.challenge(&ub, Step::Factor).await;
        assert_eq!(send(&world, &token, ib).await, Some(Sent::NotBefore(first + Span::minutes(60))));
        assert_eq!(world.last_recorded(world.b.id).await.0, "phone_code_refused");
        // The page says when, and that there are other ways.
        let mut browser = Browser::new(&world).await.with(CHALLENGE, &token);
        let phone = ib.to_string();
        let answer = browser.post("/api/sign_in/send_code", "/sign-in/code?with=phone", &[("phone", &phone)]).await;
        let page = browser.get(answer.location()).await.body;
        assert!(page.contains("No more messages for now.") && page.contains("Use a backup code"), "{page}");
        world.advance(Span::minutes(57));
        let token = world.challenge(&ub, Step::Factor).await;
        assert!(matches!(send(&world, &token, ib).await, Some(Sent::OnItsWay(_))));
    }

    async fn of_many_that_ask_at_once_three_get_a_message(world: World) {
        let ua = world.member(&world.a).await;
        let id = registered(&world, &ua, "0171 3920012").await;
        let mut tokens = Vec::new();
        for _ in 0..12 {
            tokens.push(world.challenge(&ua, Step::Factor).await);
        }
        let asking = tokens.into_iter().map(|token| {
            let world = world.clone();
            tokio::spawn(async move { matches!(send(&world, &token, id).await, Some(Sent::OnItsWay(_))) })
        });
        let mut sent = 0;
        for one in asking.collect::<Vec<_>>() {
            sent += usize::from(one.await.unwrap());
        }
        assert_eq!(sent, 3);
    }

    async fn a_customer_pays_for_so_many_a_day(world: World) {
        let people = world.people(&world.a, Who::MEMBER, 3).await;
        world.set_policy(&world.a, policy(|policy| policy.phone_messages_a_day = 2)).await;
        let mut outcomes = Vec::new();
        for (person, number) in people.iter().zip(["0171 3920012", "0171 3920013", "0171 3920014"]) {
            let id = registered(&world, person, number).await;
            let token = world.challenge(person, Step::Factor).await;
            outcomes.push(send(&world, &token, id).await.unwrap());
        }
        assert!(matches!(outcomes[..], [Sent::OnItsWay(_), Sent::OnItsWay(_), Sent::SpentForToday]), "{outcomes:?}");
        // Of another customer nothing is spent.
        let ub = world.member(&world.b).await;
        let id = registered(&world, &ub, "0171 3920015").await;
        let token = world.challenge(&ub, Step::Factor).await;
        assert!(matches!(send(&world, &token, id).await, Some(Sent::OnItsWay(_))));
        world.advance(Span::hours(24));
        let id = registered(&world, &people[2], "0171 3920016").await;
        let token = world.challenge(&people[2], Step::Factor).await;
        assert!(matches!(send(&world, &token, id).await, Some(Sent::OnItsWay(_))));
    }

    async fn a_policy_without_phones_takes_no_more_and_leaves_those_there_are(world: World) {
        let ua = world.member(&world.a).await;
        let id = registered(&world, &ua, "0171 3920012").await;
        let mut browser = adding(&world, &ua).await;
        asked(&mut browser, "DE", "0171 3920013").await;
        let code = sent_code(&world).await;
        world.set_policy(&world.a, policy(|policy| policy.phones_allowed = false)).await;
        assert_eq!(asked(&mut browser, "DE", "0171 3920014").await, "\"NotAllowed\"");
        assert_eq!(added(&mut browser, &code, "").await, "\"Over\"");
        assert!(!browser.get("/security").await.body.contains("Add a phone number"));
        let token = world.challenge(&ua, Step::Factor).await;
        send(&world, &token, id).await;
        let code = sent_code(&world).await;
        assert!(is_right(&world, &token, &code).await);
    }

    async fn without_a_gateway_no_phone_is_offered(world: World) {
        let ua = world.member(&world.a).await;
        let id = registered(&world, &ua, "0171 3920012").await;
        let mut world = world;
        world.platform.reaches_phones = false;
        let mut browser = Browser::signed_in(&world, &ua).await;
        assert!(!browser.get("/security").await.body.contains("Add a phone number"));
        let token = world.challenge(&ua, Step::Factor).await;
        assert_eq!(send(&world, &token, id).await, None);
        let mut browser = Browser::new(&world).await.with(CHALLENGE, &token);
        assert!(!browser.get("/sign-in/code").await.body.contains("text message"));
    }

    async fn after_a_reset_a_phone_is_dead(world: World) {
        let (oa, ua) = (world.with_role(&world.a, Role::Owner).await, world.member(&world.a).await);
        let id = registered(&world, &ua, "0171 3920012").await;
        // A sign-in, a step-up and an addition that began before it.
        let token = world.challenge(&ua, Step::Factor).await;
        send(&world, &token, id).await;
        let at_sign_in = sent_code(&world).await;
        let mut browser = adding(&world, &ua).await;
        asked(&mut browser, "DE", "0171 3920013").await;
        let at_addition = sent_code(&world).await;
        let session = world.session(&ua).await;
        sign_in::send_code_to_prove(&world.platform, &world.origin, &session).await.unwrap();
        let at_step_up = sent_code(&world).await;

        world.reset(&oa, &[ua.user]).await;
        assert_eq!(world.rows_of("methods", ua.user).await, 0);
        assert!(!is_right(&world, &token, &at_sign_in).await);
        assert!(added(&mut browser, &at_addition, "").await.contains("SignedOut"));
        let stepped = sign_in::step_up(&world.platform, &world.origin, &session, &at_step_up, ("change", "test")).await;
        assert!(!matches!(stepped.unwrap(), SteppedUp::Right(_)));
        // Nor is it kept where they went.
        assert_eq!(world.count("SELECT COUNT(*) FROM phone_codes WHERE number <> ''").await, 0);
        // At recovery, what the phone gets is no code of the new authenticator.
        let link = world.link_token(ua.user).await.unwrap();
        let set_up = world.prove(&link).await.expect("the link lives");
        for code in [&at_sign_in, &at_addition, &at_step_up] {
            let tried = set_up::register(&world.platform, &world.origin, &set_up, code).await;
            assert!(!matches!(tried.unwrap(), set_up::Registered::Right(_)));
        }
        let (what, details) = world.recorded_with_details(world.a.id, "reset").await;
        assert!(what == "reset" && details.contains("\"phones\":\"1\""), "{details}");
    }

    async fn a_phone_keeps_showing_which_number_it_is(world: World) {
        let ua = world.member(&world.a).await;
        let id = registered(&world, &ua, "0171 3920012").await;
        let mut browser = Browser::signed_in(&world, &ua).await;
        for (typed, shown) in [
            ("Work", "Work (+49 •••• 12)"),
            ("Work (+49 •••• 12)", "Work (+49 •••• 12)"),
            ("Old (+49 •••• 67)", "Old (+49 •••• 67) (+49 •••• 12)"),
            ("", "+49 •••• 12"),
        ] {
            let fields = [("method", id.to_string()), ("name", typed.to_owned())];
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            assert_eq!(browser.call("/api/security/rename", &fields).await.body, "\"GoOn\"");
            let mut conn = world.platform.db.read().await.unwrap();
            let methods = methods::service::list(&mut conn, ua.user).await.unwrap();
            assert!(methods.iter().any(|method| method.id == id && method.name.as_deref() == Some(shown)), "{shown}");
        }
    }

    async fn of_many_with_the_same_code_one_gets_in(world: World) {
        let ua = world.member(&world.a).await;
        let id = registered(&world, &ua, "0171 3920012").await;
        let token = world.challenge(&ua, Step::Factor).await;
        send(&world, &token, id).await;
        let code = sent_code(&world).await;
        let asking = (0..20).map(|_| {
            let (world, token, code) = (world.clone(), token.clone(), code.clone());
            tokio::spawn(async move { is_right(&world, &token, &code).await })
        });
        let mut right = 0;
        for one in asking.collect::<Vec<_>>() {
            right += usize::from(one.await.unwrap());
        }
        assert_eq!(right, 1);
    }

    async fn somebody_elses_phone_gets_no_code(world: World) {
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        let id = registered(&world, &ub, "0171 3920012").await;
        let token = world.challenge(&ua, Step::Factor).await;
        assert_eq!(send(&world, &token, id).await, None);
        assert_eq!(world.rows_of("phone_codes", ub.user).await, 0);
    }
}
