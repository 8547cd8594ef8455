//! A customer's policy: who may read and set it, that what its review counts is so, and what each setting does from then on.

use rekey::domain::authority::{Refusal, Right, Role};
use rekey::domain::customer::{Customer, Policy, Setting, Settings};
use rekey::domain::ids::CustomerId;
use rekey::domain::sign_in::Step;
use rekey::domain::time::{Span, Time};
use rekey::domain::user_filter::UserFilter;
use rekey::features::policy::service::{Asked, Concerned, Saved, concerned, save, show, version};
use rekey::features::reset::service::{Confirmation, Confirmed};
use rekey::features::session::service::Session;
use rekey::features::set_up::service::{Postponed, Registered, postpone};
use rekey::features::sign_in::service::{Begun, Factor, Finished};
use rekey::features::{customers, set_up, users};

use super::browser::*;
use super::dump::Dump;
use super::harness::*;

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

async fn stored(world: &World, customer: &Customer) -> Policy {
    let mut conn = world.platform.db.read().await.unwrap();
    customers::service::of_user(&mut conn, customer.id).await.unwrap().unwrap().policy
}

/// What holds with a change.
async fn asked(world: &World, customer: &Customer, change: impl FnOnce(&mut Settings)) -> Asked {
    let policy = stored(world, customer).await;
    let mut settings = policy.settings();
    change(&mut settings);
    Asked { settings, version: version(&policy), code: String::new() }
}

async fn try_save(world: &World, session: &Session, id: CustomerId, asked: &Asked) -> Saved {
    save(&world.platform, &world.origin, session, id, asked).await.unwrap().0
}

/// Saves with a fresh code of the owner.
async fn saved(world: &World, owner: &Person, customer: &Customer, change: impl FnOnce(&mut Settings)) -> Saved {
    let asked = Asked { code: world.fresh_code(owner), ..asked(world, customer, change).await };
    try_save(world, &world.session(owner).await, customer.id, &asked).await
}

/// Every setting with another value than the default.
const OTHERS: [(Setting, fn(&mut Settings)); 7] = [
    (Setting::MfaRequired, |asked| asked.mfa_required = false),
    (Setting::GraceDays, |asked| asked.grace_days = 7),
    (Setting::SetUpAtSignIn, |asked| asked.set_up_at_sign_in = false),
    (Setting::LinkMinutes, |asked| asked.link_minutes = 30),
    (Setting::ReasonRequired, |asked| asked.reason_required = false),
    (Setting::TicketRequired, |asked| asked.ticket_required = true),
    (Setting::CodesLow, |asked| asked.codes_low = 5),
];

both! {
    // ---- Who may ----------------------------------------------------------------------------------------------------

    async fn owners_with_a_factor_set_a_policy_and_nobody_else(world: World) {
        assert_eq!(OTHERS.map(|(setting, _)| setting).as_slice(), Setting::ALL, "every setting is tried");
        let nowhere = CustomerId::new(START, [9; 10]);
        let mut people = Vec::new();
        for role in Role::ALL {
            let with = world.with_role(&world.a, *role).await;
            let without = world.person(&world.a, Who { role: *role, ..Who::NEW }).await;
            people.extend([(with, *role, true), (without, *role, false)]);
        }
        for (person, role, has_factor) in &people {
            let session = world.session(person).await;
            let reads = *role != Role::Member;
            let refusal = match role {
                Role::Owner if *has_factor => None,
                Role::Owner => Some(Refusal::NoFactorOfYourOwn),
                Role::Admin | Role::Auditor => Some(Refusal::OwnersOnly),
                Role::Member => Some(Refusal::NoRole),
            };
            let mut conn = world.platform.db.read().await.unwrap();
            for customer in [world.b.id, nowhere] {
                assert!(show(&mut conn, &session.actor, customer).await.unwrap().is_none());
            }
            let shown = show(&mut conn, &session.actor, world.a.id).await.unwrap();
            assert_eq!(shown.map(|shown| shown.refusal), reads.then_some(refusal), "{role}");
            drop(conn);
            for (setting, change) in OTHERS {
                let mut asked = asked(&world, &world.a, change).await;
                asked.code = person.secret.code(world.now());
                let before = Dump::of(&world).await;
                for customer in [world.b.id, nowhere] {
                    assert_eq!(try_save(&world, &session, customer, &asked).await, Saved::Unknown, "{role} {setting}");
                    assert_eq!(world.last_recorded(world.a.id).await.0, "change_refused");
                }
                if let Some(refusal) = refusal {
                    let expected = if reads { Saved::Refused(refusal) } else { Saved::Unknown };
                    assert_eq!(try_save(&world, &session, world.a.id, &asked).await, expected, "{role} {setting}");
                    let (what, details) = world.last_recorded(world.a.id).await;
                    assert_eq!(what, "change_refused");
                    assert!(details.contains(refusal.as_str()), "{details}");
                }
                assert_eq!(before.but_the_record(), Dump::of(&world).await.but_the_record(), "{role} {setting}");
            }
        }
        // The owner may: each setting by itself.
        let owner = &people[0].0;
        for (setting, change) in OTHERS {
            assert_eq!(saved(&world, owner, &world.a, change).await, Saved::Done, "{setting}");
            let (what, details) = world.last_recorded(world.a.id).await;
            assert_eq!((what.as_str(), details.contains(setting.as_str())), ("policy_set", true), "{details}");
        }
        let mut all = Policy::default().settings();
        for (_, change) in OTHERS {
            change(&mut all);
        }
        assert_eq!(stored(&world, &world.a).await.settings(), all);
        assert_eq!(stored(&world, &world.b).await, Policy::default(), "and nobody else's");
        assert_eq!(world.count(&format!("SELECT codes_low FROM customers WHERE id = '{}'", world.a.id)).await, 5);
        world.assert_chains_whole().await;
    }

    async fn a_policy_is_saved_with_a_fresh_code_only(world: World) {
        let owner = world.with_role(&world.a, Role::Owner).await;
        let session = world.session(&owner).await;
        let right = Asked { code: world.fresh_code(&owner), ..asked(&world, &world.a, OTHERS[5].1).await };
        let before = Dump::of(&world).await;
        for (code, outcome) in [
            (String::new(), Saved::CodeMalformed),
            ("12345".into(), Saved::CodeMalformed),
            (wrong_code(&owner.secret, world.now()), Saved::CodeWrong),
        ] {
            let asked = Asked { code, ..right.clone() };
            assert_eq!(try_save(&world, &session, world.a.id, &asked).await, outcome);
        }
        let counted = ["users.wrong_codes_in_a_row", "users.wrong_codes_recent", "users.wrong_codes_since"];
        let left = |dump: Dump| dump.but_the_record().without(&counted);
        assert_eq!(left(before), left(Dump::of(&world).await));
        // Somebody else's code is wrong too, and a code that was right is spent.
        let other = world.with_role(&world.a, Role::Owner).await;
        let theirs = Asked { code: other.secret.code(world.now()), ..right.clone() };
        assert_eq!(try_save(&world, &session, world.a.id, &theirs).await, Saved::CodeWrong);
        let (outcome, token) = save(&world.platform, &world.origin, &session, world.a.id, &right).await.unwrap();
        assert_eq!(outcome, Saved::Done);
        let session = world.find(&token.unwrap().0).await.expect("the session goes on under another token");
        let again = Asked { code: right.code, ..asked(&world, &world.a, OTHERS[4].1).await };
        assert_eq!(try_save(&world, &session, world.a.id, &again).await, Saved::CodeWrong);
        // What holds already is no change, and spends nothing.
        let same = Asked { code: world.fresh_code(&owner), ..asked(&world, &world.a, |_| ()).await };
        assert_eq!(try_save(&world, &session, world.a.id, &same).await, Saved::Same);
        let real = Asked { code: same.code, ..asked(&world, &world.a, OTHERS[4].1).await };
        assert_eq!(try_save(&world, &session, world.a.id, &real).await, Saved::Done);
    }

    async fn of_two_who_save_at_once_one_wins_and_the_other_is_told(world: World) {
        for round in 0..5u16 {
            let owners = [world.with_role(&world.a, Role::Owner).await, world.with_role(&world.a, Role::Owner).await];
            let mut tries = Vec::new();
            for (n, owner) in owners.iter().enumerate() {
                let minutes = 100 + round * 10 + u16::try_from(n).unwrap();
                let change = move |asked: &mut Settings| asked.link_minutes = minutes;
                let asked = Asked { code: world.fresh_code(owner), ..asked(&world, &world.a, change).await };
                tries.push((world.session(owner).await, asked));
            }
            // Both codes are right at one moment.
            let now = world.now();
            for ((_, asked), owner) in tries.iter_mut().zip(&owners) {
                asked.code = owner.secret.code(now);
            }
            let both: Vec<_> = tries
                .into_iter()
                .map(|(session, asked)| {
                    let world = world.clone();
                    tokio::spawn(async move {
                        (try_save(&world, &session, world.a.id, &asked).await, asked.settings.link_minutes)
                    })
                })
                .collect();
            let mut outcomes = Vec::new();
            for one in both {
                outcomes.push(one.await.unwrap());
            }
            let won: Vec<u16> =
                outcomes.iter().filter(|(saved, _)| *saved == Saved::Done).map(|(_, minutes)| *minutes).collect();
            assert_eq!(won.len(), 1, "{outcomes:?}");
            assert!(outcomes.iter().any(|(saved, _)| *saved == Saved::Changed), "{outcomes:?}");
            assert_eq!(stored(&world, &world.a).await.link_minutes, won[0]);
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM audit_events WHERE what = 'policy_set'").await, 5);
    }

    async fn whoever_loses_their_role_while_they_review_saves_nothing(world: World) {
        let owner = world.with_role(&world.a, Role::Owner).await;
        let session = world.session(&owner).await;
        let asked = Asked { code: world.fresh_code(&owner), ..asked(&world, &world.a, OTHERS[0].1).await };
        world.grant(&owner, &world.a, Role::Admin).await;
        // The session's actor was read before.
        assert_eq!(try_save(&world, &session, world.a.id, &asked).await, Saved::Refused(Refusal::OwnersOnly));
        assert_eq!(stored(&world, &world.a).await, Policy::default());
        assert_eq!(world.last_recorded(world.a.id).await.0, "change_refused");
    }

    // ---- What the review counts -------------------------------------------------------------------------------------

    async fn the_review_counts_what_is_so(world: World) {
        let owner = world.with_role(&world.a, Role::Owner).await;
        let admin = world.with_role(&world.a, Role::Admin).await;
        // Without a factor: three who can sign in, and two who cannot.
        world.people(&world.a, Who::NEW, 3).await;
        world.person(&world.a, Who { suspended: true, ..Who::NEW }).await;
        world.person(&world.a, Who { invited: true, ..Who::NEW }).await;
        // Reset: five; one of them is back, one has no link that works, one was suspended since.
        let reset = world.people(&world.a, Who::MEMBER, 5).await;
        world.reset(&admin, &users_of(&reset)).await;
        let token = world.prove(&world.link_token(reset[0].user).await.unwrap()).await.unwrap();
        world.register(&token).await.unwrap();
        world.execute(&format!("UPDATE links SET expires_at = 1 WHERE user_id = '{}'", reset[1].user.id)).await;
        world.suspend(&reset[2]).await;
        // Backup codes: one has 4 left, one 3, one none.
        let spent = [6, 7, 10];
        for (person, spent) in world.people(&world.a, Who::MEMBER, 3).await.iter().zip(spent) {
            let text = format!("UPDATE backup_codes SET used_at = 1 WHERE user_id = '{}' AND number <= {spent}", person.user.id);
            world.execute(&text).await;
        }
        // A plan that waits, one that is too old, one of nobody who is reset, and one of another customer.
        let waiting = world.member(&world.a).await;
        world.plan(&admin, &[waiting.user]).await;
        let old = world.plan(&admin, &[waiting.user]).await;
        world.execute(&format!("UPDATE resets SET created_at = 1 WHERE id = '{old}'")).await;
        let new = world.person(&world.a, Who::NEW).await;
        world.plan(&admin, &[new.user]).await;
        let foreign = world.with_role(&world.b, Role::Admin).await;
        let ub = world.people(&world.b, Who::MEMBER, 2).await;
        world.plan(&foreign, &[ub[0].user]).await;
        world.reset(&foreign, &[ub[1].user]).await;
        world.people(&world.b, Who::NEW, 7).await;

        let scope = world.actor(&owner).await.scope(Right::Govern);
        let counted = |codes_low| {
            let (world, scope) = (world.clone(), scope.clone());
            async move {
                let settings = Settings { codes_low, ..Policy::default().settings() };
                let mut conn = world.platform.db.read().await.unwrap();
                concerned(&mut conn, &scope, &world.a, &settings, world.now()).await.unwrap()
            }
        };
        let expected = Concerned {
            without_factor: 4,
            reset: 3,
            reset_without_link: 1,
            // Of the five: one was used up, one has run out. The suspended one's still works once they are let in.
            links: 3,
            plans: 1,
            few_codes: (2, 3),
        };
        assert_eq!(counted(4).await, expected);
        assert_eq!(counted(0).await, Concerned { few_codes: (2, 1), ..expected });
        world.advance(Span::minutes(60));
        let later = Concerned { reset_without_link: 3, links: 0, plans: 0, ..expected };
        assert_eq!(counted(4).await, later);
        // What is counted is what the page says.
        let mut browser = Browser::signed_in(&world, &owner).await;
        let review = format!("/customers/{}/policy/review?grace_days=0&link_minutes=60&codes_low=4", world.a.id);
        let page = browser.get(&review).await.body;
        for said in [
            "4 people have no second factor.",
            "They will each sign in with the password only.",
            "3 people are reset and not back yet.",
            "For 3 of them no link works any more",
            "2 people are warned now.",
            "1 person more will be: 3 in all.",
        ] {
            assert!(page.contains(said), "{said}: {page}");
        }
        // Each of these numbers opens the list of those people.
        for (name, value, total) in [("mfa", "none", 4), ("mfa", "reset", 3), ("codes", "low", 2)] {
            let list = format!("/users?customer={}&{name}={value}", world.a.id);
            assert!(page.replace("&amp;", "&").contains(&list), "{list}: {page}");
            let filter = UserFilter::from_pairs([(name, value)]);
            let mut conn = world.platform.db.read().await.unwrap();
            let listed = users::service::count(&mut conn, &scope, &filter, world.now()).await.unwrap();
            assert_eq!(listed, total, "{name}={value}");
        }
        // And those who are said to be let in are.
        assert_eq!(saved(&world, &owner, &world.a, |asked| asked.mfa_required = false).await, Saved::Done);
        assert!(matches!(world.begin_with(&new.address, PASSWORD).await, Begun::SignedIn(_)));
        assert!(matches!(world.begin_with(&reset[3].address, PASSWORD).await, Begun::Challenge(_, Step::SetUp)));
    }

    // ---- The pages --------------------------------------------------------------------------------------------------

    async fn an_owner_reviews_and_saves_without_a_script(world: World) {
        let owner = world.with_role(&world.a, Role::Owner).await;
        let path = format!("/customers/{}/policy", world.a.id);
        let mut browser = Browser::signed_in(&world, &owner).await;
        let page = browser.get(&path).await.body;
        assert!(page.contains("Review the changes") && page.contains("name=\"link_minutes\""), "{page}");
        // Numbers that are none: nothing typed is lost.
        let wrong = format!("{path}/review?mfa_required=on&grace_days=91&link_minutes=77&codes_low=many");
        let page = browser.get(&wrong).await.body;
        assert!(page.contains("Type a whole number from 0 to 90.") && page.contains("from 0 to 9."), "{page}");
        assert!(page.contains("value=\"91\"") && page.contains("value=\"77\"") && page.contains("value=\"many\""));
        assert!(!page.contains("/api/policy/save"));
        let review = format!("{path}/review?mfa_required=on&set_up_at_sign_in=on&grace_days=0&link_minutes=77&codes_low=3");
        let page = browser.get(&review).await.body;
        assert!(page.contains("1 hour") && page.contains("77 minutes") && page.contains("/api/policy/save"), "{page}");
        let code = world.fresh_code(&owner);
        let (id, version) = (world.a.id.to_string(), version(&Policy::default()));
        let mut fields = vec![
            ("id", id.as_str()),
            ("version", &version),
            ("typed[mfa_required]", "on"),
            ("typed[set_up_at_sign_in]", "on"),
            ("typed[grace_days]", "0"),
            ("typed[link_minutes]", "77"),
            ("typed[codes_low]", "3"),
        ];
        fields.push(("code", "000"));
        browser.post("/api/policy/save", &review, &fields).await;
        let page = browser.get(&review).await.body;
        assert!(page.contains("A code has 6 digits.") && page.contains("77 minutes"), "{page}");
        fields.pop();
        fields.push(("code", &code));
        let answer = browser.post("/api/policy/save", &review, &fields).await;
        assert_eq!(answer.location(), path);
        let page = browser.get(&path).await.body;
        assert!(page.contains("The policy is saved.") && page.contains("value=\"77\""), "{page}");
        let policy = stored(&world, &world.a).await;
        assert_eq!((policy.link_minutes, policy.reason_required), (77, false));
        assert!(!browser.get(&path).await.body.contains("The policy is saved."), "once");
        // Sent again, it was reviewed against what no longer holds.
        let next = world.fresh_code(&owner);
        fields.pop();
        fields.push(("code", &next));
        browser.post("/api/policy/save", &review, &fields).await;
        assert!(browser.get(&review).await.body.contains("Nothing was saved: somebody else changed this policy"));
    }

    async fn those_who_read_a_policy_have_nothing_to_press(world: World) {
        let path = format!("/customers/{}/policy", world.a.id);
        let review = format!("{path}/review?grace_days=0&link_minutes=77&codes_low=3");
        let seen = |person: Person| {
            let (world, paths) = (world.clone(), [path.clone(), review.clone()]);
            async move {
                let mut browser = Browser::signed_in(&world, &person).await;
                let mut answers = Vec::new();
                for path in paths {
                    answers.push(browser.get(&path).await);
                }
                answers
            }
        };
        for (role, who) in [
            (Role::Admin, "Only an owner of this customer may change it."),
            (Role::Auditor, "Only an owner of this customer may change it."),
        ] {
            for answer in seen(world.with_role(&world.a, role).await).await {
                assert!(answer.body.contains(who) && answer.body.contains("1 hour"), "{role}: {}", answer.body);
                assert!(!answer.body.contains("name=\"link_minutes\"") && !answer.body.contains("Review the changes"));
                assert!(!answer.body.contains("77 minutes"));
            }
        }
        let without = world.person(&world.a, Who { role: Role::Owner, ..Who::NEW }).await;
        assert!(seen(without).await[0].body.contains("You are an owner here without a second factor."));
        // A stranger learns nothing, not even whether there is such a customer.
        let stranger = world.with_role(&world.b, Role::Owner).await;
        let mut browser = Browser::signed_in(&world, &stranger).await;
        let made_up = CustomerId::new(START, [9; 10]).to_string();
        for path in [path, review] {
            let foreign = browser.get(&path).await;
            let nothing = browser.get(&path.replace(&world.a.id.to_string(), &made_up)).await;
            assert_eq!((foreign.status, nothing.status), (axum::http::StatusCode::NOT_FOUND, foreign.status));
            let plain = |answer: &Answer, id: &str| without_nonce(&answer.body).replace(id, "id");
            assert_eq!(plain(&foreign, &world.a.id.to_string()), plain(&nothing, &made_up));
        }
    }

    // ---- What each setting does -------------------------------------------------------------------------------------

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
        assert!(matches!(put_off(&world, &first).await, Postponed::SignedIn { .. }));
        world.advance(Span::seconds(1));
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
