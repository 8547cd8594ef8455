//! A customer's policy: who may read and set it, and that what its review counts is so.

mod settings;

use rekey::domain::authority::{Refusal, Right, Role};
use rekey::domain::customer::{Customer, Policy, Setting, Settings};
use rekey::domain::ids::CustomerId;
use rekey::domain::policy::{Concerned, Saved};
use rekey::domain::sign_in::{CodeProblem, Step};
use rekey::domain::time::Span;
use rekey::domain::user_filter::UserFilter;
use rekey::features::policy::service::{Asked, concerned, save, show, version};
use rekey::features::session::service::Session;
use rekey::features::sign_in::service::Begun;
use rekey::features::{customers, users};

use super::browser::*;
use super::dump::Dump;
use super::harness::*;

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
pub async fn saved(world: &World, owner: &Person, customer: &Customer, change: impl FnOnce(&mut Settings)) -> Saved {
    let asked = Asked { code: world.fresh_code(owner), ..asked(world, customer, change).await };
    try_save(world, &world.session(owner).await, customer.id, &asked).await
}

/// Every setting with another value than the default.
const OTHERS: [(Setting, fn(&mut Settings)); 16] = [
    (Setting::MfaRequired, |asked| asked.mfa_required = false),
    (Setting::GraceDays, |asked| asked.grace_days = 7),
    (Setting::TrustDays, |asked| asked.trust_days = 30),
    (Setting::PasskeysAllowed, |asked| asked.passkeys_allowed = false),
    (Setting::PasskeysVerifyUser, |asked| asked.passkeys_verify_user = true),
    (Setting::HardwareTokensAllowed, |asked| asked.hardware_tokens_allowed = false),
    (Setting::PhonesAllowed, |asked| asked.phones_allowed = false),
    (Setting::PhoneMessagesADay, |asked| asked.phone_messages_a_day = 50),
    (Setting::SetUpAtSignIn, |asked| asked.set_up_at_sign_in = false),
    (Setting::LinkMinutes, |asked| asked.link_minutes = 30),
    (Setting::ReasonRequired, |asked| asked.reason_required = false),
    (Setting::TicketRequired, |asked| asked.ticket_required = true),
    (Setting::ApproverFrom, |asked| asked.approver_from = 10),
    (Setting::ApproverAcross, |asked| asked.approver_across = true),
    (Setting::ApproverPrivileged, |asked| asked.approver_privileged = true),
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
        let right = Asked { code: world.fresh_code(&owner), ..asked(&world, &world.a, OTHERS[9].1).await };
        let before = Dump::of(&world).await;
        for (code, outcome) in [
            (String::new(), Saved::Code(CodeProblem::Malformed)),
            ("12345".into(), Saved::Code(CodeProblem::Malformed)),
            (wrong_code(&owner.secret, world.now()), Saved::Code(CodeProblem::Wrong)),
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
        assert_eq!(try_save(&world, &session, world.a.id, &theirs).await, Saved::Code(CodeProblem::Wrong));
        let (outcome, token) = save(&world.platform, &world.origin, &session, world.a.id, &right).await.unwrap();
        assert_eq!(outcome, Saved::Done);
        let session = world.find(&token.unwrap().0).await.expect("the session goes on under another token");
        let again = Asked { code: right.code, ..asked(&world, &world.a, OTHERS[8].1).await };
        assert_eq!(try_save(&world, &session, world.a.id, &again).await, Saved::Code(CodeProblem::Wrong));
        // What holds already is no change, and spends nothing.
        let same = Asked { code: world.fresh_code(&owner), ..asked(&world, &world.a, |_| ()).await };
        assert_eq!(try_save(&world, &session, world.a.id, &same).await, Saved::Same);
        let real = Asked { code: same.code, ..asked(&world, &world.a, OTHERS[8].1).await };
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
        // Methods of other kinds: two passkeys, one token, a passkey of the other customer, and a phone.
        let elsewhere = world.member(&world.b).await;
        let mut others = world.people(&world.a, Who::MEMBER, 3).await;
        others.push(elsewhere);
        others.push(world.member(&world.a).await);
        for (person, kind) in others.iter().zip(["passkey", "passkey", "hardware_token", "passkey", "phone"]) {
            world.execute(&format!("UPDATE methods SET kind = '{kind}' WHERE user_id = '{}'", person.user.id)).await;
        }
        // Trusted devices: two, one that has run out, and one of the other customer.
        for _ in 0..2 {
            world.trusted(&admin, 30).await;
        }
        let old = world.trusted(&owner, 30).await.id;
        world.execute(&format!("UPDATE trusted_devices SET ends_at = 1 WHERE id = '{old}'")).await;
        world.trusted(&others[3], 30).await;
        // Two that wait for a second person, one of them for too long.
        let others = world.people(&world.a, Who::MEMBER, 2).await;
        for (person, at) in others.iter().zip([world.now().unix_milliseconds(), 1]) {
            let asked = world.plan(&admin, &[person.user]).await;
            world.execute(&format!("UPDATE resets SET approval_asked_at = {at} WHERE id = '{asked}'")).await;
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
            requests: 1,
            few_codes: (2, 3),
            passkeys: 2,
            hardware_tokens: 1,
            phones: 1,
            phone_messages: 0,
            trusted_devices: 2,
        };
        assert_eq!(counted(4).await, expected);
        assert_eq!(counted(0).await, Concerned { few_codes: (2, 1), ..expected });
        world.advance(Span::minutes(60));
        let later = Concerned { reset_without_link: 3, links: 0, plans: 0, ..expected };
        assert_eq!(counted(4).await, later);
        // What is counted is what the page says.
        let mut browser = Browser::signed_in(&world, &owner).await;
        let review = "grace_days=0&trust_days=7&link_minutes=60&codes_low=4&phone_messages_a_day=200&approver_from=0";
        let review = format!("/customers/{}/policy/review?{review}", world.a.id);
        let page = browser.get(&review).await.body;
        for said in [
            "4 people have no second factor.",
            "They will each sign in with the password only.",
            "3 people are reset and not back yet.",
            "For 3 of them no link works any more",
            "2 people are warned now.",
            "1 person more will be: 3 in all.",
            "2 people have a passkey or security key.",
            "1 person has a hardware token.",
            "2 devices are trusted now.",
        ] {
            assert!(page.contains(said), "{said}: {page}");
        }
        // Each of these numbers opens the list of those people.
        for (name, value, total) in
            [("mfa", "none", 4), ("mfa", "reset", 3), ("codes", "low", 2), ("kind", "passkey", 2), ("kind", "hardware_token", 1)]
        {
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
        let wrong = format!("{path}/review?mfa_required=on&grace_days=91&trust_days=0&link_minutes=77&codes_low=many");
        let page = browser.get(&wrong).await.body;
        assert!(page.contains("Type a whole number from 0 to 90.") && page.contains("from 0 to 9."), "{page}");
        assert!(page.contains("value=\"91\"") && page.contains("value=\"77\"") && page.contains("value=\"many\""));
        assert!(!page.contains("/api/policy/save"));
        let review = "grace_days=0&trust_days=0&link_minutes=77&codes_low=3&phone_messages_a_day=200&approver_from=0";
        let review = format!("{path}/review?mfa_required=on&set_up_at_sign_in=on&{review}");
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
            ("typed[trust_days]", "0"),
            ("typed[link_minutes]", "77"),
            ("typed[codes_low]", "3"),
            ("typed[phone_messages_a_day]", "200"),
            ("typed[approver_from]", "0"),
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
        let review = "grace_days=0&trust_days=0&link_minutes=77&codes_low=3&phone_messages_a_day=200&approver_from=0";
        let review = format!("{path}/review?{review}");
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
}
