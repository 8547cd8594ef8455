//! What the review of a policy counts is so, and its pages say it.

use rekey::domain::authority::{Right, Role};
use rekey::domain::count::Count;
use rekey::domain::ids::CustomerId;
use rekey::domain::policy::{Concerned, Policy, Saved, Settings};
use rekey::domain::sign_in::Step;
use rekey::domain::time::Span;
use rekey::domain::user_filter::UserFilter;
use rekey::features::policy::service::concerned;
use rekey::features::sign_in::service::Begun;
use rekey::features::users;
use rekey::platform::text::version_of;

use super::super::browser::*;
use super::super::harness::*;
use super::{saved, stored};

both! {
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
            active: world.count(&format!(
                "SELECT COUNT(*) FROM users WHERE customer_id = '{}' AND suspended_at IS NULL AND activated_at IS NOT NULL",
                world.a.id
            ))
            .await,
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
            trusted_devices: (2, 1),
        };
        assert_eq!(counted(4).await, expected);
        assert_eq!(counted(0).await, Concerned { few_codes: (2, 1), ..expected });
        world.advance(Span::minutes(60));
        let later = Concerned { reset_without_link: 3, links: 0, plans: 0, ..expected };
        assert_eq!(counted(4).await, later);
        // What is counted is what the page says.
        let mut browser = Browser::signed_in(&world, &owner).await;
        let review = "grace_days=0&trust_days=7&link_minutes=60&codes_low=4&phone_messages_a_day=200&approver_from=0&remind_after_hours=0";
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
            "2 devices of 1 person are trusted now.",
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
            assert_eq!(listed, Count::Exactly(total), "{name}={value}");
        }
        // And those who are said to be let in are.
        assert_eq!(saved(&world, &owner, &world.a, |asked| asked.mfa_required = false).await, Saved::Done);
        assert!(matches!(world.begin_with(&new.address, PASSWORD).await, Begun::SignedIn(_)));
        assert!(matches!(world.begin_with(&reset[3].address, PASSWORD).await, Begun::Challenge(_, Step::SetUp)));
    }

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
        let review = "grace_days=0&trust_days=0&link_minutes=77&codes_low=3&phone_messages_a_day=200&approver_from=0&remind_after_hours=0";
        let review = format!("{path}/review?mfa_required=on&set_up_at_sign_in=on&{review}");
        let page = browser.get(&review).await.body;
        assert!(page.contains("1 hour") && page.contains("77 minutes") && page.contains("/api/policy/save"), "{page}");
        let code = world.fresh_code(&owner);
        let (id, version) = (world.a.id.to_string(), version_of(&Policy::default()));
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
            ("typed[remind_after_hours]", "0"),
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
        let review = "grace_days=0&trust_days=0&link_minutes=77&codes_low=3&phone_messages_a_day=200&approver_from=0&remind_after_hours=0";
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
