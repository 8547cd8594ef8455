//! What each setting of a policy does from then on.

use rekey::domain::authority::Role;
use rekey::domain::policy::{Policy, Saved, Settings};
use rekey::domain::sign_in::Step;
use rekey::domain::time::{Span, Time};
use rekey::features::reset::service::{Confirmation, Confirmed};
use rekey::features::set_up;
use rekey::features::set_up::service::{Postponed, Registered, postpone};
use rekey::features::sign_in::service::{Begun, Factor, Finished};

use super::super::browser::*;
use super::super::dump::Dump;
use super::super::harness::*;
use super::{saved, stored};

/// MFA required since the world began, with so many days of grace.
fn grace(days: u16) -> Policy {
    policy(|policy| {
        policy.mfa_required_since = Some(START);
        policy.grace_days = days;
    })
}

async fn put_off(world: &World, token: &str) -> Postponed {
    postpone(&world.platform, &world.origin, token).await.unwrap()
}

both! {
    async fn the_lifetime_of_a_link_is_that_of_its_reset_to_the_second(world: World) {
        let (owner, admin) = (world.with_role(&world.a, Role::Owner).await, world.with_role(&world.a, Role::Admin).await);
        let people = world.people(&world.a, Who::MEMBER, 2).await;
        assert_eq!(saved(&world, &owner, &world.a, |asked| asked.link_minutes = 1440).await, Saved::Done);
        world.reset(&admin, &[people[0].user]).await;
        assert_eq!(saved(&world, &owner, &world.a, |asked| asked.link_minutes = 7).await, Saved::Done);
        world.reset(&admin, &[people[1].user]).await;
        let short = world.link_token(people[1].user).await.unwrap();
        world.advance(Span::seconds(7 * 60 - 1));
        assert!(world.prove(&short).await.is_some());
        world.advance(Span::seconds(1));
        assert!(world.prove(&short).await.is_none());
        // The older link keeps the longer life that it was given.
        let long = world.link_token(people[0].user).await.unwrap();
        let facts = world.link_facts(world.link(people[0].user).await.unwrap().0).await;
        assert_eq!(facts.expires_at - facts.issued_at, Span::hours(24));
        assert!(world.prove(&long).await.is_some());
    }

    async fn a_plan_that_waits_needs_what_the_policy_asks_for_when_it_is_confirmed(world: World) {
        let (owner, admin) = (world.with_role(&world.a, Role::Owner).await, world.with_role(&world.a, Role::Admin).await);
        let ua = world.member(&world.a).await;
        let id = world.plan(&admin, &[ua.user]).await;
        let nothing = Confirmation {
            reason: String::new(),
            ticket: String::new(),
            ..world.confirmation(&admin, id).await
        };
        let session = world.session(&admin).await;
        assert!(matches!(world.try_confirm(&session, id, &nothing).await, Confirmed::ReasonMissing));
        let ticket = |asked: &mut Settings| {
            asked.reason_required = false;
            asked.ticket_required = true;
        };
        assert_eq!(saved(&world, &owner, &world.a, ticket).await, Saved::Done);
        assert!(matches!(world.try_confirm(&session, id, &nothing).await, Confirmed::TicketMissing));
        assert_eq!(saved(&world, &owner, &world.a, |asked| asked.ticket_required = false).await, Saved::Done);
        let nothing = Confirmation { code: world.fresh_code(&admin), ..nothing };
        assert!(matches!(world.try_confirm(&session, id, &nothing).await, Confirmed::Running(_)));
    }

    async fn switching_mfa_on_begins_the_grace_at_that_moment(world: World) {
        let owner = world.with_role(&world.a, Role::Owner).await;
        let new = world.person(&world.a, Who::NEW).await;
        assert_eq!(saved(&world, &owner, &world.a, |asked| asked.mfa_required = false).await, Saved::Done);
        assert!(matches!(world.begin_with(&new.address, PASSWORD).await, Begun::SignedIn(_)));
        let on = |asked: &mut Settings| {
            asked.mfa_required = true;
            asked.grace_days = 3;
        };
        assert_eq!(saved(&world, &owner, &world.a, on).await, Saved::Done);
        let since: Time = world.now();
        assert_eq!(stored(&world, &world.a).await.mfa_required_since, Some(since));
        // Another number of days counts from the same moment.
        assert_eq!(saved(&world, &owner, &world.a, |asked| asked.grace_days = 1).await, Saved::Done);
        let policy = stored(&world, &world.a).await;
        assert_eq!((policy.mfa_required_since, policy.grace_until()), (Some(since), Some(since + Span::hours(24))));
        let token = world.begin(&new).await.0;
        assert!(matches!(put_off(&world, &token).await, Postponed::SignedIn { .. }));
        let left = (since + Span::hours(24)) - world.now();
        world.advance(left);
        let token = world.begin(&new).await.0;
        assert!(matches!(put_off(&world, &token).await, Postponed::Refused));
    }

    // ---- Grace ------------------------------------------------------------------------------------------------------

    async fn a_set_up_is_put_off_until_the_last_second_of_the_grace(world: World) {
        world.set_policy(&world.a, grace(2)).await;
        let early = world.person(&world.a, Who::NEW).await;
        let (token, step) = world.begin(&early).await;
        assert_eq!(step, Step::SetUp, "they are led to the set-up first");
        let Postponed::SignedIn { token: session, next } = put_off(&world, &token).await else { panic!("refused") };
        assert_eq!(next, "/");
        assert!(!world.find(&session.0).await.unwrap().actor.has_mfa);
        assert!(matches!(put_off(&world, &token).await, Postponed::Dead), "once");
        let recorded = world.recorded(world.a.id).await;
        assert_eq!(recorded[recorded.len() - 2..], ["set_up_postponed", "signed_in"]);

        // Whoever comes later has the same end.
        world.advance(Span::seconds(2 * 86_400 - 1));
        let late = world.person(&world.a, Who::NEW).await;
        let (first, second) = (world.begin(&early).await.0, world.begin(&late).await.0);
        let Postponed::SignedIn { token: short, .. } = put_off(&world, &first).await else { panic!("refused") };
        assert!(world.find(&short.0).await.is_some());
        world.advance(Span::seconds(1));
        assert!(world.find(&short.0).await.is_none(), "a session let in for the grace ends with it");
        let before = Dump::of(&world).await;
        assert!(matches!(put_off(&world, &second).await, Postponed::Refused), "the page was shown a second ago");
        assert_eq!(before.but_the_record(), Dump::of(&world).await.but_the_record());
        let (what, details) = world.last_recorded(world.a.id).await;
        assert_eq!((what.as_str(), details.contains("no_grace")), ("sign_in_refused", true));
        // They are still in the set-up, and it takes them in.
        let (_, codes) = world.register(&second).await.unwrap();
        let finished = world.save_codes(&second, &codes[0]).await;
        assert!(matches!(finished, set_up::service::Finished::SignedIn { .. }));
        let (token, _) = world.begin(&early).await;
        assert!(matches!(put_off(&world, &token).await, Postponed::Refused));
    }

    async fn whoever_was_reset_puts_nothing_off(world: World) {
        world.set_policy(&world.a, grace(30)).await;
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        world.reset(&admin, &[ua.user]).await;
        let (token, step) = world.begin(&ua).await;
        assert_eq!(step, Step::SetUp);
        assert!(matches!(put_off(&world, &token).await, Postponed::Refused));
        let mut browser = Browser::new(&world).await.with(CHALLENGE, &token);
        assert!(!browser.get("/set-up").await.body.contains("/api/set_up/postpone"));
        // Not by the link either.
        let by_link = world.prove(&world.link_token(ua.user).await.unwrap()).await.unwrap();
        assert!(matches!(put_off(&world, &by_link).await, Postponed::Refused));
        assert_eq!(world.rows_of("sessions", ua.user).await, 0);
    }

    async fn what_changes_between_page_and_button_counts(world: World) {
        world.set_policy(&world.a, grace(30)).await;
        let new = world.person(&world.a, Who::NEW).await;
        let token = world.begin(&new).await.0;
        let mut browser = Browser::new(&world).await.with(CHALLENGE, &token);
        let page = browser.get("/set-up").await.body;
        assert!(page.contains("/api/set_up/postpone") && page.contains("for 30 more days"), "{page}");
        // A reset by another hand, which would have ended the half-finished sign-in.
        let due = |at: &str| format!("UPDATE users SET set_up_due_at = {at} WHERE id = '{}'", new.user.id);
        world.execute(&due("1")).await;
        assert!(matches!(put_off(&world, &token).await, Postponed::Refused));
        world.execute(&due("NULL")).await;
        // The days of grace taken away, or MFA not required any more: then nothing is to be put off.
        for other in [grace(0), policy(|policy| policy.mfa_required = false)] {
            world.set_policy(&world.a, other).await;
            let answer = browser.post("/api/set_up/postpone", "/set-up", &[]).await;
            assert!(answer.location().contains("/set-up"), "{}", answer.location());
            let page = browser.get("/set-up").await.body;
            assert!(page.contains("This cannot be put off any more."), "{page}");
            assert!(!page.contains("/api/set_up/postpone"));
        }
        world.set_policy(&world.a, grace(1)).await;
        assert!(browser.get("/set-up").await.body.contains("for 1 more day."));
        world.advance(Span::minutes(1));
        assert!(browser.get("/set-up").await.body.contains("for 23 more hours."));
        let answer = browser.post("/api/set_up/postpone", "/set-up", &[]).await;
        assert!(answer.location().ends_with('/') && browser.cookies.contains_key(SESSION), "{}", answer.location());
        assert!(!browser.cookies.contains_key(CHALLENGE));
    }

    async fn a_factor_ends_the_grace_of_whoever_has_it(world: World) {
        world.set_policy(&world.a, grace(30)).await;
        let ua = world.member(&world.a).await;
        // Such a set-up was begun before the factor was there.
        let token = world.challenge(&ua, Step::SetUp).await;
        assert!(matches!(put_off(&world, &token).await, Postponed::Refused));
        assert!(world.shown_secret(&token).await.is_none());
        let registered = set_up::service::register(&world.platform, &world.origin, &token, "000000").await.unwrap();
        assert!(matches!(registered, Registered::Dead));
        assert_eq!(world.begin(&ua).await.1, Step::Factor);
        let factor = world.challenge(&ua, Step::Factor).await;
        assert!(matches!(put_off(&world, &factor).await, Postponed::Refused));
        assert_eq!(world.rows_of("sessions", ua.user).await, 0);
    }

    // ---- The link is required ---------------------------------------------------------------------------------------

    async fn where_the_link_is_required_it_is_the_only_way_back(world: World) {
        world.set_policy(&world.a, policy(|policy| policy.set_up_at_sign_in = false)).await;
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        world.reset(&admin, &[ua.user]).await;
        let before = Dump::of(&world).await;
        let Begun::LinkRequired(told) = world.begin_with(&ua.address, PASSWORD).await else { panic!("let in") };
        assert_eq!((told.customer.as_str(), told.help_desk.as_deref()), ("A", Some("+49 40 1111")));
        assert!(told.masked.starts_with("p\u{2022}") && told.masked.ends_with("@a.example"));
        assert_eq!(before.but_the_record(), Dump::of(&world).await.but_the_record());
        let (what, details) = world.last_recorded(world.a.id).await;
        assert_eq!((what.as_str(), details.contains("link_required")), ("sign_in_refused", true));

        // The page says so, to whoever has the password and to nobody else.
        let mut browser = Browser::new(&world).await;
        let said = "The way back in is in your mailbox";
        for (password, is_told) in [(PASSWORD, true), ("guess", false)] {
            let fields = [("address", ua.address.as_str()), ("password", password)];
            browser.post("/api/sign_in/begin", "/sign-in", &fields).await;
            let page = browser.get("/sign-in").await.body;
            assert_eq!(page.contains(said), is_told, "{page}");
            assert_eq!(page.contains("+49 40 1111"), is_told);
            assert!(!page.contains(&ua.address) || !is_told);
            assert!(!browser.cookies.contains_key(SESSION) && !browser.cookies.contains_key(CHALLENGE));
        }
        let answer = browser.call("/api/sign_in/begin", &[("address", "nobody@a.example"), ("password", "x")]).await;
        assert_eq!(answer.body, "\"Wrong\"");

        let token = world.prove(&world.link_token(ua.user).await.unwrap()).await.unwrap();
        let (secret, _) = world.register(&token).await.unwrap();
        world.advance(Span::seconds(30));
        let (token, step) = world.begin(&ua).await;
        assert_eq!(step, Step::Factor);
        assert!(matches!(world.finish(&token, &Factor::Code(secret.code(world.now()))).await, Finished::SignedIn { .. }));
        // Somebody new has no link and needs none.
        let new = world.person(&world.a, Who::NEW).await;
        assert_eq!(world.begin(&new).await.1, Step::SetUp);
    }

    async fn a_set_up_begun_at_sign_in_ends_when_the_link_becomes_required(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        world.reset(&admin, &[ua.user]).await;
        let (token, _) = world.begin(&ua).await;
        let secret = world.shown_secret(&token).await.unwrap();
        world.set_policy(&world.a, policy(|policy| policy.set_up_at_sign_in = false)).await;
        assert!(world.shown_secret(&token).await.is_none());
        let code = secret.code(world.now());
        let registered = set_up::service::register(&world.platform, &world.origin, &token, &code).await.unwrap();
        assert!(matches!(registered, Registered::Dead));
        assert_eq!(world.rows_of("methods", ua.user).await, 0);
        assert!(world.prove(&world.link_token(ua.user).await.unwrap()).await.is_some());
    }

    // ---- Few codes --------------------------------------------------------------------------------------------------

    async fn the_customer_says_when_codes_are_few(world: World) {
        for (codes_low, warned) in [(9, vec![9, 8]), (8, vec![8]), (0, vec![])] {
            world.set_policy(&world.a, policy(|policy| policy.codes_low = codes_low)).await;
            let ua = world.member(&world.a).await;
            world.execute("UPDATE backup_code_sets SET saved_at = 1").await;
            let mut said = Vec::new();
            for code in &ua.codes[..2] {
                let token = world.challenge(&ua, Step::Factor).await;
                let Finished::SignedIn { few_codes, token, .. } =
                    world.finish(&token, &Factor::BackupCode(code.clone())).await
                else {
                    panic!("refused")
                };
                said.extend(few_codes);
                let page = Browser::new(&world).await.with(SESSION, &token.0).get("/security").await.body;
                assert_eq!(page.contains("backup codes left."), few_codes.is_some(), "{codes_low} {few_codes:?}");
            }
            assert_eq!(said, warned, "{codes_low}");
        }
    }
}
