//! What is chosen in the lists: customers, favourites, and everybody who matches.

use rekey::domain::authority::Role;
use rekey::domain::ids::UserId;
use rekey::domain::plan::Skip;
use rekey::domain::user_filter::UserFilter;
use rekey::features::reset;
use rekey::features::reset::service::{Planned, Selection};

use super::super::browser::*;
use super::super::dump::Dump;
use super::super::harness::*;

both! {
    async fn everybody_who_matches_is_selected_and_nobody_else(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let owner = world.with_role(&world.a, Role::Owner).await;
        let other_owner = world.with_role(&world.a, Role::Owner).await;
        let people = world.people(&world.a, Who::MEMBER, 60).await;
        let ub = world.member(&world.b).await;
        let actor = world.actor(&admin).await;
        let filter = UserFilter { customers: vec![world.a.id], ..UserFilter::default() };
        let planned = reset::service::plan(&world.platform, &world.origin, &actor, Selection::Matching(filter)).await;
        let Planned::Frozen(id) = planned.unwrap() else { panic!("not frozen") };
        let items = world.count(&format!("SELECT COUNT(*) FROM reset_items WHERE reset_id = '{id}'")).await;
        assert_eq!(items, 63);
        let skipped = async |user: UserId| {
            world.text(&format!("SELECT skip FROM reset_items WHERE reset_id = '{id}' AND user_id = '{user}'")).await
        };
        assert_eq!(skipped(admin.user.id).await.as_deref(), Some(Skip::Yourself.as_str()));
        for owner in [&owner, &other_owner] {
            assert_eq!(skipped(owner.user.id).await.as_deref(), Some(Skip::NoAuthority.as_str()));
        }
        let reset = world.count(&format!("SELECT COUNT(*) FROM reset_items WHERE reset_id = '{id}' AND skip IS NULL")).await;
        assert_eq!(reset, i64::try_from(people.len()).unwrap());
        assert_eq!(world.count(&format!("SELECT COUNT(*) FROM reset_items WHERE user_id = '{}'", ub.user.id)).await, 0);
        // And so it is confirmed: whoever keeps everything needs no authority.
        let session = world.session(&admin).await;
        let confirmation = world.confirmation(&admin, id).await;
        let confirmed = world.try_confirm(&session, id, &confirmation).await;
        assert_eq!(named_confirmation(&confirmed), "running");
    }

    async fn a_selection_of_everybody_stops_at_the_customers_of_ones_own(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        world.grant(&admin, &world.b, Role::Auditor).await;
        let without = world.person(&world.a, Who { role: Role::Owner, without_factor: true, ..Who::MEMBER }).await;
        let auditor = world.with_role(&world.a, Role::Auditor).await;
        world.people(&world.a, Who::MEMBER, 3).await;
        world.people(&world.b, Who::MEMBER, 3).await;
        let before = Dump::of(&world).await;
        let (a, b) = (world.a.id, world.b.id);
        for (who, customers) in
            [(&admin, vec![]), (&admin, vec![a, b]), (&admin, vec![b]), (&without, vec![]), (&auditor, vec![a])]
        {
            let actor = world.actor(who).await;
            let filter = UserFilter { customers, ..UserFilter::default() };
            let planned = reset::service::plan(&world.platform, &world.origin, &actor, Selection::Matching(filter)).await;
            assert!(matches!(planned.unwrap(), Planned::Refused(_)));
            assert_eq!(world.last_recorded(who.user.customer).await.0, "reset_refused");
        }
        assert_eq!(before.but_the_record(), Dump::of(&world).await.but_the_record());
    }

    async fn the_last_choice_of_customers_is_remembered_and_stands_in_the_address(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        world.grant(&admin, &world.b, Role::Admin).await;
        world.people(&world.a, Who::MEMBER, 2).await;
        world.people(&world.b, Who::MEMBER, 2).await;
        let mut browser = Browser::signed_in(&world, &admin).await;
        let both = browser.get("/users").await;
        assert!(both.body.contains("@a.example") && both.body.contains("@b.example"));
        let in_b = format!("/users?customer={}", world.b.id);
        let only = browser.get(&in_b).await;
        assert!(!only.body.contains("@a.example") && only.body.contains("@b.example"));
        // Any list goes on with it, and says so.
        let answer = browser.get("/users").await;
        assert_eq!((answer.is_redirect(), answer.location()), (true, in_b.as_str()));
        let answer = browser.get("/methods?mfa=one").await;
        assert_eq!(answer.location(), format!("/methods?customer={}&mfa=one", world.b.id));
        // All of them, until chosen again; and what is empty in a form leaves the address.
        assert!(browser.get("/users?customer=all").await.body.contains("@a.example"));
        assert!(!browser.get("/users").await.is_redirect());
        let answer = browser.get(&format!("{in_b}&standing=&mfa=none&q=")).await;
        assert_eq!(answer.location(), format!("{in_b}&mfa=none"));
        // A foreign customer and one that nobody has are the same nobody.
        let owner = world.with_role(&world.a, Role::Owner).await;
        let mut browser = Browser::signed_in(&world, &owner).await;
        let foreign = without_nonce(&browser.get(&in_b).await.body);
        let made_up = without_nonce(&browser.get("/users?customer=01mcc5rm003kab9w64hq9mjq2v").await.body);
        let same = |page: &str| page.replace(&world.b.id.to_string(), "").replace("01mcc5rm003kab9w64hq9mjq2v", "");
        assert_eq!(same(&foreign), same(&made_up));
        assert!(!foreign.contains("@b.example") && !foreign.contains("@a.example"));
    }

    async fn favourites_are_ones_own_and_of_ones_own_customers(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let mut browser = Browser::signed_in(&world, &admin).await;
        for (customer, kept) in [(world.a.id, 1), (world.b.id, 1)] {
            let id = customer.to_string();
            browser.post("/api/users/favourite", "/users", &[("customer", &id), ("favourite", "true")]).await;
            assert_eq!(world.count("SELECT COUNT(*) FROM favourite_customers").await, kept);
        }
        let page = browser.get("/users").await.body;
        assert!(page.contains("Favourites") && page.contains("No favourite any more: "));
        let id = world.a.id.to_string();
        browser.post("/api/users/favourite", "/users", &[("customer", &id), ("favourite", "false")]).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM favourite_customers").await, 0);
    }

    async fn what_one_customer_forbids_is_not_offered_for_all(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        world.grant(&admin, &world.b, Role::Auditor).await;
        world.people(&world.a, Who::MEMBER, 2).await;
        let mut browser = Browser::signed_in(&world, &admin).await;
        for page in ["/users", "/methods"] {
            let all = browser.get(&format!("{page}?customer=all")).await.body;
            assert!(all.contains("your role does not reset in "), "{page}");
            let allowed = browser.get(&format!("{page}?customer={}", world.a.id)).await.body;
            assert!(!allowed.contains("your role does not reset in "), "{page}");
        }
    }
}
