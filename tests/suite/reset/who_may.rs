//! Nothing at all is reset where authority is missing, or was lost on the way.

use rekey::domain::audit::What;
use rekey::domain::authority::{Refusal, Role};
use rekey::domain::ids::UserId;
use rekey::domain::plan::Skip;
use rekey::domain::user::UserRef;
use rekey::features::reset::run;
use rekey::features::reset::service::{Confirmed, Planned};

use super::super::browser::*;
use super::super::dump::Dump;
use super::super::harness::*;
use super::skips;

/// A selection that must be refused whole, with nothing changed but one row in the record.
async fn assert_refused(world: &World, admin: &Person, selected: &[UserRef], refusal: Refusal) {
    let before = Dump::of(world).await;
    let planned = world.try_plan(admin, &ids(selected)).await;
    assert_eq!(planned, Planned::Refused(refusal));
    let after = Dump::of(world).await;
    assert_eq!(before.clone().but_the_record(), after.clone().but_the_record());
    assert_eq!(after.len("audit_events"), before.len("audit_events") + 1);
    let (what, details) = world.last_recorded(admin.user.customer).await;
    assert_eq!(what, What::ResetRefused.as_str());
    assert!(details.contains(refusal.as_str()), "{details}");
}

both! {
    async fn one_user_of_another_customer_refuses_the_whole(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        assert_refused(&world, &admin, &[ua.user, ub.user], Refusal::NoRole).await;
        assert_refused(&world, &admin, &[ub.user], Refusal::NoRole).await;
        // A made-up user is refused in the same words: who exists elsewhere is nobody's business.
        let made_up = UserRef { id: UserId::new(START, [7; 10]), ..ua.user };
        assert_refused(&world, &admin, &[ua.user, made_up], Refusal::NoRole).await;
    }

    async fn a_role_in_both_customers_reaches_both_and_no_third(world: World) {
        let both = world.with_role(&world.a, Role::Admin).await;
        world.grant(&both, &world.b, Role::Admin).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        let id = world.reset(&both, &[ua.user, ub.user]).await;
        assert_eq!(skips(&world, &both, id).await.len(), 2);
        // Who reads only one of the customers sees only its part of the reset.
        let auditor = world.with_role(&world.b, Role::Auditor).await;
        assert_eq!(skips(&world, &auditor, id).await, [(ub.user.id, None)]);
        // An auditor's role beside an admin's gives nothing there.
        world.grant(&both, &world.b, Role::Auditor).await;
        assert_refused(&world, &both, &[ub.user], Refusal::NoRole).await;
    }

    async fn nobody_is_reset_whom_the_list_did_not_show(world: World) {
        let both = world.with_role(&world.a, Role::Admin).await;
        world.grant(&both, &world.b, Role::Admin).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        let mut browser = Browser::signed_in(&world, &both).await;
        let of_a = format!("customer={}&q=person", world.a.id);
        let (first, second) = (ua.user.id.to_string(), ub.user.id.to_string());
        for users in [vec![&second], vec![&first, &second]] {
            let before = Dump::of(&world).await;
            let mut fields: Vec<(&str, &str)> = users.iter().map(|user| ("users[]", user.as_str())).collect();
            fields.push(("query", &of_a));
            let answer = browser.post("/api/reset/plan", "/users", &fields).await;
            assert!(!answer.location().contains("/resets/"), "{}", answer.location());
            let after = Dump::of(&world).await;
            assert_eq!(before.clone().but_the_record(), after.clone().but_the_record());
            assert_eq!(after.len("audit_events"), before.len("audit_events") + 1);
            let (what, details) = world.last_recorded(world.a.id).await;
            assert!(what == What::ResetRefused.as_str() && details.contains("no_role"), "{what} {details}");
        }
        let both_shown = format!("{of_a}&customer={}", world.b.id);
        for query in [both_shown.as_str(), "customer=all", ""] {
            let fields = [("users[]", first.as_str()), ("users[]", second.as_str()), ("query", query)];
            let answer = browser.post("/api/reset/plan", "/users", &fields).await;
            assert!(answer.location().starts_with("/resets/"), "{query}: {}", answer.location());
        }
    }

    async fn everybody_on_the_list_of_methods_has_one(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let holders = world.people(&world.a, Who::MEMBER, 2).await;
        world.people(&world.a, Who { without_factor: true, ..Who::MEMBER }, 3).await;
        let mut browser = Browser::signed_in(&world, &admin).await;
        let page = browser.get("/methods?customer=all&q=person").await.body;
        let query = page.split("name=\"query\" value=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
        let fields = [("all", "true"), ("query", query.as_str())];
        let answer = browser.post("/api/reset/plan", "/methods", &fields).await;
        let id = answer.location().trim_start_matches("/resets/").parse().unwrap();
        let mut planned: Vec<_> = skips(&world, &admin, id).await.into_iter().map(|(user, _)| user).collect();
        let mut expected: Vec<_> = holders.iter().chain([&admin]).map(|person| person.user.id).collect();
        planned.sort_unstable();
        expected.sort_unstable();
        assert_eq!(planned, expected);
    }

    async fn an_admin_at_an_owner_is_refused(world: World) {
        let (admin, owner) =
            (world.with_role(&world.a, Role::Admin).await, world.with_role(&world.a, Role::Owner).await);
        let ua = world.member(&world.a).await;
        assert_refused(&world, &admin, &[ua.user, owner.user], Refusal::OwnersOnly).await;
        let second = world.with_role(&world.a, Role::Owner).await;
        world.reset(&owner, &[admin.user, second.user]).await;
    }

    async fn nobody_resets_themself(world: World) {
        let (admin, owner) =
            (world.with_role(&world.a, Role::Admin).await, world.with_role(&world.a, Role::Owner).await);
        let ua = world.member(&world.a).await;
        assert_refused(&world, &admin, &[ua.user, admin.user], Refusal::Yourself).await;
        assert_refused(&world, &owner, &[owner.user], Refusal::Yourself).await;
    }

    async fn without_authority_or_a_factor_nobody_is_reset(world: World) {
        let ua = world.member(&world.a).await;
        for role in [Role::Auditor, Role::Member] {
            let nobody = world.with_role(&world.a, role).await;
            assert_refused(&world, &nobody, &[ua.user], Refusal::NoRole).await;
        }
        let without = world.person(&world.a, Who { role: Role::Owner, ..Who::NEW }).await;
        assert_refused(&world, &without, &[ua.user], Refusal::NoFactorOfYourOwn).await;
    }

    async fn a_customer_keeps_an_owner_who_can_sign_in(world: World) {
        // Whoever resets an owner is an owner there, and stays one. But A's only owner is at home in B, where an admin
        // may reset them.
        let admin = world.with_role(&world.b, Role::Admin).await;
        let (far_owner, ub) = (world.member(&world.b).await, world.member(&world.b).await);
        world.grant(&far_owner, &world.a, Role::Owner).await;
        let suspended = world.person(&world.a, Who { role: Role::Owner, suspended: true, ..Who::MEMBER }).await;
        world.person(&world.a, Who { role: Role::Owner, ..Who::NEW }).await;
        let before = Dump::of(&world).await.but_the_record();
        let planned = world.try_plan(&admin, &[ub.user.id, far_owner.user.id]).await;
        assert!(matches!(planned, Planned::NoOwnerLeft(_)), "{planned:?}");
        assert_eq!(before, Dump::of(&world).await.but_the_record());
        assert_eq!(world.last_recorded(world.b.id).await.0, "reset_refused");
        world.plan(&admin, &[ub.user]).await;

        // With a second one who can sign in it may begin, and stops short when that one is gone before it runs.
        let second = world.with_role(&world.a, Role::Owner).await;
        let id = world.confirmed(&admin, &[ub.user, far_owner.user]).await;
        world.suspend(&second).await;
        run::run(&world.platform, id).await.unwrap();
        let mut expected = vec![(ub.user.id, None), (far_owner.user.id, Some(Skip::LastOwner))];
        expected.sort_by_key(|(user, _)| *user);
        assert_eq!(skips(&world, &admin, id).await, expected);
        assert_eq!((world.rows_of("methods", far_owner.user).await, world.rows_of("methods", ub.user).await), (1, 0));
        let _ = suspended;
    }

    async fn demoted_between_review_and_confirmation(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let id = world.plan(&admin, &[ua.user]).await;
        world.grant(&admin, &world.a, Role::Auditor).await;
        let session = world.session(&admin).await;
        let confirmation = world.confirmation(&admin, id).await;
        let confirmed = world.try_confirm(&session, id, &confirmation).await;
        assert!(matches!(confirmed, Confirmed::Refused(_) | Confirmed::Changed), "{}", named_confirmation(&confirmed));
        assert_eq!(world.count("SELECT COUNT(*) FROM resets WHERE confirmed_at IS NOT NULL").await, 0);
        // The same when the user rises above the admin.
        world.grant(&admin, &world.a, Role::Admin).await;
        world.grant(&ua, &world.a, Role::Owner).await;
        let session = world.session(&admin).await;
        let confirmation = world.confirmation(&admin, id).await;
        assert!(matches!(
            world.try_confirm(&session, id, &confirmation).await,
            Confirmed::Refused(Refusal::OwnersOnly)
        ));
    }

    async fn demoted_between_confirmation_and_run(world: World) {
        for lost in ["demoted", "suspended", "reset themself"] {
            let (admin, owner) =
                (world.with_role(&world.a, Role::Admin).await, world.with_role(&world.a, Role::Owner).await);
            let users = world.people(&world.a, Who::MEMBER, 3).await;
            let id = world.confirmed(&admin, &users_of(&users)).await;
            match lost {
                "demoted" => world.grant(&admin, &world.a, Role::Member).await,
                "suspended" => world.suspend(&admin).await,
                _ => drop(world.reset(&owner, &[admin.user]).await),
            }
            let before = Dump::of(&world).await.without(&["resets", "reset_items"]);
            run::run(&world.platform, id).await.unwrap();
            let after = Dump::of(&world).await.without(&["resets", "reset_items"]);
            assert_eq!(before.but_the_record(), after.but_the_record(), "{lost}");
            assert!(skips(&world, &owner, id).await.iter().all(|(_, skip)| *skip == Some(Skip::NoAuthority)), "{lost}");
            let done = format!("SELECT COUNT(*) FROM resets WHERE id = '{id}' AND completed_at IS NOT NULL");
            assert_eq!(world.count(&done).await, 1);
        }
    }

    async fn demoted_in_one_customer_half_way(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        world.grant(&admin, &world.b, Role::Admin).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        let id = world.confirmed(&admin, &[ua.user, ub.user]).await;
        world.grant(&admin, &world.b, Role::Member).await;
        run::run(&world.platform, id).await.unwrap();
        assert_eq!((world.rows_of("methods", ua.user).await, world.rows_of("methods", ub.user).await), (0, 1));
        let auditor = world.with_role(&world.b, Role::Auditor).await;
        assert_eq!(skips(&world, &auditor, id).await, [(ub.user.id, Some(Skip::NoAuthority))]);
    }
}
