//! Where only the link leads back in, whoever has the right password is told where it went and when, and may have it sent
//! again: within the limits, once for each right password, and never by anybody else.

use rekey::domain::authority::Role;
use rekey::domain::board::{Act, Stage};
use rekey::domain::recovery::{End, Fate, LinkState};
use rekey::domain::sign_in::Step;
use rekey::domain::time::Span;
use rekey::domain::user::Address;
use rekey::features::recovery::again::{Again, LinkRequired, send};
use rekey::features::recovery::help::{Asked, ask};
use rekey::features::recovery::service::open;
use rekey::features::reset::board::Picked;
use rekey::features::reset::board_acts::{Acted, act};
use rekey::features::set_up::service as set_up;
use rekey::features::sign_in::service::{self as sign_in, Begun, Factor, Finished};

use super::browser::*;
use super::dump::Dump;
use super::harness::*;
use super::races::at_once;

/// Somebody who was reset where the link is required, and their mail was sent.
async fn locked_out(world: &World) -> (Person, Person, String) {
    world.set_policy(&world.a, policy(|policy| policy.set_up_at_sign_in = false)).await;
    let admin = world.with_role(&world.a, Role::Admin).await;
    let ua = world.member(&world.a).await;
    world.reset(&admin, &[ua.user]).await;
    sent(world).await;
    let link = world.link_token(ua.user).await.unwrap();
    (admin, ua, link)
}

/// What waits in the outbox was sent now.
async fn sent(world: &World) {
    let now = world.now().unix_milliseconds();
    let text = format!("UPDATE outbox SET sent_at = {now}, next_try_at = NULL WHERE next_try_at IS NOT NULL");
    world.execute(&text).await;
}

async fn told(world: &World, person: &Person) -> LinkRequired {
    match world.begin_with(&person.address, PASSWORD).await {
        Begun::LinkRequired(told) => told,
        _ => panic!("{} does not need the link", person.name),
    }
}

async fn again(world: &World, sealed: &str) -> Again {
    send(&world.platform, &world.origin, sealed).await.unwrap()
}

async fn works(world: &World, link: &str) -> bool {
    open(&world.platform, &world.origin, link).await.unwrap().is_some()
}

async fn asks_for_help(world: &World, sealed: &str) -> Option<Fate> {
    match ask(&world.platform, &world.origin, sealed).await.unwrap() {
        Asked::OnTheBoard(told) => told.fate,
        Asked::Over => None,
    }
}

both! {
    async fn whoever_cannot_go_on_asks_and_stands_on_the_board_until_somebody_helps(world: World) {
        world.set_policy(&world.a, policy(|policy| policy.set_up_at_sign_in = false)).await;
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let reset = world.reset(&admin, &[ua.user]).await;
        sent(&world).await;
        let actor = world.actor(&admin).await;
        let does = async |what: Act| {
            let picks = vec![(reset, Picked::Ticked(vec![ua.user.id]))];
            act(&world.platform, &world.origin, &actor, what, picks).await.unwrap()
        };
        world.advance(Span::minutes(61));
        let seen = told(&world, &ua).await.fate.unwrap();
        assert_eq!((seen.state, seen.help_asked_at), (LinkState::Expired, None));
        assert_eq!(world.stage_of(&admin, reset).await, Stage::Expired);
        let request = seen.help.unwrap();
        let asked = asks_for_help(&world, &request).await.unwrap();
        assert_eq!((asked.help_asked_at, asked.help), (Some(world.now()), None));
        assert_eq!(world.stage_of(&admin, reset).await, Stage::AsksForHelp);
        // Once an hour, whatever is pressed.
        world.advance(Span::minutes(5));
        let before = Dump::of(&world).await;
        assert!(asks_for_help(&world, &request).await.is_some());
        assert_eq!(before, Dump::of(&world).await);
        world.advance(Span::minutes(55));
        let again = told(&world, &ua).await.fate.unwrap().help.unwrap();
        assert_eq!(asks_for_help(&world, &again).await.unwrap().help_asked_at, Some(world.now()));
        let count = world.recorded(world.a.id).await.iter().filter(|what| *what == "help_asked").count();
        assert_eq!(count, 2);
        // A new link answers it.
        assert_eq!(does(Act::SendAgain).await, Acted::Done(1, 0));
        assert_eq!(world.stage_of(&admin, reset).await, Stage::Queued);
        assert!(asks_for_help(&world, &again).await.is_none(), "it was about the link before");
        // The same of a link that was taken back, which leaves nothing to send again.
        sent(&world).await;
        assert_eq!(does(Act::Revoke).await, Acted::Done(1, 0));
        let seen = told(&world, &ua).await;
        assert!(seen.again.is_none());
        let fate = seen.fate.unwrap();
        assert_eq!((fate.state, fate.ended_at), (LinkState::Ended(End::Revoked), Some(world.now())));
        asks_for_help(&world, &fate.help.unwrap()).await.unwrap();
        assert_eq!(world.stage_of(&admin, reset).await, Stage::AsksForHelp);
        world.advance(Span::minutes(30));
        assert_eq!(does(Act::SendAgain).await, Acted::Done(1, 0));
        let set_up = world.prove(&world.link_token(ua.user).await.unwrap()).await.unwrap();
        assert!(world.register(&set_up).await.is_some());
        assert_eq!(world.stage_of(&admin, reset).await, Stage::Back);
        world.assert_chains_whole().await;
    }

    async fn where_no_link_is_needed_its_fate_is_told_with_the_set_up_and_with_the_code(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let unknown = world.begin(&ua).await.0;
        assert_eq!(sign_in::waiting(&world.platform, &unknown).await.unwrap().unwrap().fate, None, "there never was a link");
        let reset = world.reset(&admin, &[ua.user]).await;
        sent(&world).await;
        world.advance(Span::minutes(61));
        let (set_up, step) = world.begin(&ua).await;
        assert_eq!(step, Step::SetUp);
        let fate = set_up::show(&world.platform, &set_up).await.unwrap().unwrap().fate.unwrap();
        assert_eq!((fate.state, fate.ended_at), (LinkState::Expired, None));
        asks_for_help(&world, &fate.help.unwrap()).await.unwrap();
        assert_eq!(world.stage_of(&admin, reset).await, Stage::AsksForHelp);
        let (secret, _) = world.register(&set_up).await.unwrap();
        assert_eq!(world.stage_of(&admin, reset).await, Stage::BackAtSignIn, "they need no help any more");

        // Who set that up? Whoever has the password may say that they cannot go on, and stops saying it once they are in.
        let set_up_at = world.now();
        world.advance(Span::minutes(5));
        let (code, step) = world.begin(&ua).await;
        assert_eq!(step, Step::Factor);
        let fate = sign_in::waiting(&world.platform, &code).await.unwrap().unwrap().fate.unwrap();
        assert_eq!((fate.state, fate.ended_at), (LinkState::Ended(End::CompletedAtSignIn), Some(set_up_at)));
        let asked = asks_for_help(&world, &fate.help.unwrap()).await.unwrap();
        assert_eq!((asked.help, asked.help_asked_at), (None, Some(world.now())));
        assert_eq!(world.stage_of(&admin, reset).await, Stage::AsksForHelp);
        let digits = secret.code(world.now());
        let done = world.finish(&code, &Factor::code(&digits).unwrap()).await;
        assert!(matches!(done, Finished::SignedIn { .. }));
        assert_eq!(world.stage_of(&admin, reset).await, Stage::BackAtSignIn);

        // Another reset answers it too; and after a week nobody comes from a link.
        let again = world.begin(&ua).await.0;
        let fate = sign_in::waiting(&world.platform, &again).await.unwrap().unwrap().fate.unwrap();
        asks_for_help(&world, &fate.help.unwrap()).await.unwrap();
        assert_eq!(world.stage_of(&admin, reset).await, Stage::AsksForHelp);
        world.reset(&admin, &[ua.user]).await;
        assert_eq!(world.stage_of(&admin, reset).await, Stage::BackAtSignIn);
        let set_up = world.prove(&world.link_token(ua.user).await.unwrap()).await.unwrap();
        assert_eq!(set_up::show(&world.platform, &set_up).await.unwrap().unwrap().fate, None, "they came by it");
        assert!(world.register(&set_up).await.is_some());
        let fate = async || {
            let code = world.begin(&ua).await.0;
            sign_in::waiting(&world.platform, &code).await.unwrap().unwrap().fate
        };
        assert_eq!(fate().await.unwrap().state, LinkState::Ended(End::Completed));
        world.advance(Span::hours(7 * 24));
        assert_eq!(fate().await, None);
        world.assert_chains_whole().await;
    }

    async fn help_is_asked_for_by_nobody_else(world: World) {
        let (admin, ua, link) = locked_out(&world).await;
        let seen = told(&world, &ua).await;
        let (request, again) = (seen.fate.unwrap().help.unwrap(), seen.again.unwrap());
        for none in ["", ".", link.as_str(), again.as_str(), &request[..request.len() - 1]] {
            assert!(asks_for_help(&world, none).await.is_none(), "{none}");
        }
        world.reset(&admin, &[ua.user]).await;
        assert!(asks_for_help(&world, &request).await.is_none(), "it was about the link before");
        let request = told(&world, &ua).await.fate.unwrap().help.unwrap();
        world.advance(Span::minutes(10));
        assert!(asks_for_help(&world, &request).await.is_none(), "it waits ten minutes");
        assert!(!world.recorded(world.a.id).await.contains(&"help_asked".to_owned()));
    }

    async fn it_says_when_the_mail_went_and_sends_it_again(world: World) {
        let (_, ua, old) = locked_out(&world).await;
        let half_way = world.prove(&old).await.unwrap();
        let sent_at = world.now();
        world.advance(Span::minutes(70));
        let before = Dump::of(&world).await;
        let told = told(&world, &ua).await;
        assert_eq!(told.sent_at, Some(sent_at));
        assert_eq!(before.but_the_record(), Dump::of(&world).await.but_the_record(), "asking leaves nothing behind");
        // It had run out: a new one takes its place, and has its whole time.
        let request = told.again.unwrap();
        let Again::OnItsWay(next) = again(&world, &request).await else { panic!("not sent") };
        assert_eq!(next.sent_at, None);
        let new = world.link_token(ua.user).await.unwrap();
        assert!(new != old && works(&world, &new).await && !works(&world, &old).await);
        assert!(world.shown_secret(&half_way).await.is_none());
        let mail = "SELECT mail FROM outbox WHERE next_try_at IS NOT NULL AND link_id IS NOT NULL";
        let mail = world.text(mail).await.unwrap();
        assert!(mail.contains("\"generation\":2") && mail.contains("Lost phone"), "{mail}");
        let (_, details) = world.recorded_with_details(world.a.id, "link_renewed").await;
        assert!(details.contains("sign_in"), "{details}");
        assert_eq!(again(&world, &request).await, Again::Over, "one request, one mail");
        assert!(matches!(again(&world, &next.again.unwrap()).await, Again::Already(_)));
        let token = world.prove(&new).await.unwrap();
        assert!(world.register(&token).await.is_some());
        world.assert_chains_whole().await;
    }

    async fn three_mails_an_hour(world: World) {
        let (_, ua, _) = locked_out(&world).await;
        let first = world.now();
        for n in 0..2 {
            world.advance(Span::minutes(5));
            let request = told(&world, &ua).await.again.unwrap();
            assert!(matches!(again(&world, &request).await, Again::OnItsWay(_)), "{n}");
            sent(&world).await;
        }
        let link = world.link_token(ua.user).await.unwrap();
        let request = told(&world, &ua).await.again.unwrap();
        let before = Dump::of(&world).await;
        let Again::NotBefore(at, _) = again(&world, &request).await else { panic!("a fourth") };
        assert_eq!(at, first + Span::hours(1));
        assert_eq!(before.but_the_record(), Dump::of(&world).await.but_the_record());
        assert!(works(&world, &link).await, "the newest one works on");
        world.advance(at - world.now());
        let request = told(&world, &ua).await.again.unwrap();
        assert!(matches!(again(&world, &request).await, Again::OnItsWay(_)));
    }

    async fn whoever_sends_it_again_themself_still_asks_for_help(world: World) {
        let (_, ua, _) = locked_out(&world).await;
        let now = world.now().unix_milliseconds();
        world.execute(&format!("UPDATE links SET help_asked_at = {now} WHERE user_id = '{}'", ua.user.id)).await;
        world.advance(Span::minutes(5));
        let request = told(&world, &ua).await.again.unwrap();
        assert!(matches!(again(&world, &request).await, Again::OnItsWay(_)));
        let asks = format!("SELECT help_asked_at FROM links WHERE user_id = '{}'", ua.user.id);
        assert_eq!(world.count(&asks).await, now, "nobody has helped them");
    }

    async fn a_request_is_nobody_elses_and_ends_with_what_it_was_for(world: World) {
        let (admin, ua, link) = locked_out(&world).await;
        let request = told(&world, &ua).await.again.unwrap();
        let mut changed = request.clone();
        changed.pop();
        for none in ["", ".", link.as_str(), "x.AAAA", changed.as_str()] {
            assert_eq!(again(&world, none).await, Again::Over, "{none}");
        }
        // It waits ten minutes.
        world.advance(Span::seconds(600));
        assert_eq!(again(&world, &request).await, Again::Over);
        assert!(works(&world, &link).await);
        // A newer reset, another policy, a suspension, the way back in, a link taken back.
        for how in ["reset", "policy", "suspension", "completion", "revoked"] {
            let (_, ua, link) = locked_out(&world).await;
            let request = told(&world, &ua).await.again.unwrap();
            match how {
                "reset" => drop(world.reset(&admin, &[ua.user]).await),
                "policy" => world.set_policy(&world.a, policy(|_| ())).await,
                "suspension" => world.suspend(&ua).await,
                "completion" => {
                    let token = world.prove(&link).await.unwrap();
                    world.register(&token).await.unwrap();
                }
                _ => {
                    world.execute("UPDATE links SET ended_at = 1, ended_how = 'revoked' WHERE ended_at IS NULL").await;
                    let told = told(&world, &ua).await;
                    assert_eq!((told.sent_at, told.again), (None, None), "nothing to send");
                }
            }
            let before = Dump::of(&world).await;
            assert_eq!(again(&world, &request).await, Again::Over, "{how}");
            assert_eq!(before, Dump::of(&world).await, "{how}");
        }
    }

    async fn of_many_at_once_one_mail_goes(world: World) {
        let (_, ua, _) = locked_out(&world).await;
        let request = told(&world, &ua).await.again.unwrap();
        let mails = world.mails(&ua, "reset").await;
        let answers = at_once(&world, 20, |world, _| {
            let request = request.clone();
            async move { send(&world.platform, &world.origin, &request).await }
        })
        .await;
        assert_eq!(answers.iter().filter(|answer| matches!(answer, Again::OnItsWay(_))).count(), 1);
        assert_eq!(world.mails(&ua, "reset").await, mails + 1);
    }

    async fn both_pages_tell_it_without_script(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        world.reset(&admin, &[ua.user]).await;
        world.advance(Span::minutes(61));
        let mut browser = Browser::new(&world).await;
        let fields = [("address", ua.address.as_str()), ("password", PASSWORD)];
        browser.post("/api/sign_in/begin", "/sign-in", &fields).await;
        let body = browser.get("/set-up").await.body;
        assert!(body.contains("That link has run out.") && body.contains("You do not need it"), "{body}");
        let request = body.split("name=\"help\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let sent = browser.post("/api/recovery/ask_for_help", "/set-up", &[("help", &request)]).await;
        assert!(sent.location().contains("/set-up"), "{}", sent.location());
        let body = browser.get("/set-up").await.body;
        assert!(body.contains("Your administrators were asked.") && !body.contains("name=\"help\""), "{body}");
        let set_up = world.begin(&ua).await.0;
        assert!(world.register(&set_up).await.is_some());
        browser.post("/api/sign_in/begin", "/sign-in", &fields).await;
        let body = browser.get("/sign-in/code").await.body;
        assert!(body.contains("a new authenticator was set up at sign-in") && body.contains("name=\"help\""), "{body}");
    }

    async fn the_page_without_script(world: World) {
        let (_, ua, old) = locked_out(&world).await;
        let mut browser = Browser::new(&world).await;
        let fields = [("address", ua.address.as_str()), ("password", PASSWORD)];
        browser.post("/api/sign_in/begin", "/sign-in", &fields).await;
        let body = browser.get("/sign-in").await.body;
        assert!(body.contains("today at") && body.contains("Send the link again"), "{body}");
        let masked = ua.address.parse::<Address>().unwrap().masked();
        assert!(body.contains(&masked) && !body.contains(&ua.address), "{masked}: {body}");
        let request = body.split("name=\"again\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        browser.post("/api/recovery/send_again", "/sign-in", &[("again", &request)]).await;
        let body = browser.get("/sign-in").await.body;
        assert!(body.contains("A new link is on its way.") && body.contains("+49 40 1111"), "{body}");
        assert!(!works(&world, &old).await && !body.contains(&ua.address));
        let request = body.split("name=\"help\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        browser.post("/api/recovery/ask_for_help", "/sign-in", &[("help", &request)]).await;
        let body = browser.get("/sign-in").await.body;
        assert!(body.contains("Your administrators were asked.") && !body.contains("name=\"help\""), "{body}");
        browser.post("/api/recovery/send_again", "/sign-in", &[("again", "x")]).await;
        browser.post("/api/recovery/send_again", "/sign-in", &[("again", &request)]).await;
        let body = browser.get("/sign-in").await.body;
        assert!(!body.contains("Send the link again") && body.contains("name=\"password\""), "who begins anew signs in");
        assert!(!browser.cookies.contains_key(SESSION) && !browser.cookies.contains_key(CHALLENGE));
    }
}
