//! Whoever asked for a reset and wants to know hears who is back: once an hour at most, and when all are.

use rekey::domain::authority::Role;
use rekey::domain::board::Stage;
use rekey::domain::ids::ResetId;
use rekey::domain::mail::Mail;
use rekey::domain::time::Span;
use rekey::features::reset::back_notices::{set, tell};

use super::super::browser::*;
use super::super::harness::*;
use super::board::board;

/// What this person was told: how many lately, how many in all, of how many; oldest first.
async fn told(world: &World, person: &Person) -> Vec<(i64, i64, i64)> {
    let mut conn = world.platform.db.read().await.unwrap();
    let rows: Vec<(String,)> = sqlx::query_as("SELECT mail FROM outbox WHERE user_id = $1 ORDER BY id")
        .bind(person.user.id)
        .fetch_all(&mut *conn)
        .await
        .unwrap();
    let numbers = |(mail,): (String,)| match serde_json::from_str(&mail).unwrap() {
        Mail::PeopleBack { lately, back, of, .. } => Some((lately, back, of)),
        _ => None,
    };
    rows.into_iter().filter_map(numbers).collect()
}

impl World {
    async fn tell(&self) {
        // Two processes at once.
        let other = self.second_node().await;
        let (one, two) = tokio::join!(tell(&self.platform), tell(&other.platform));
        one.and(two).unwrap();
    }

    async fn wants_to_know(&self, person: &Person, id: ResetId, on: bool) -> bool {
        set(&self.platform, &self.actor(person).await, id, on).await.unwrap()
    }

    /// They set up again by their link.
    async fn comes_back(&self, person: &Person) {
        let token = self.prove(&self.link_token(person.user).await.unwrap()).await.unwrap();
        self.register(&token).await.unwrap();
    }
}

both! {
    async fn the_requester_hears_of_returns_once_an_hour_and_of_the_last(world: World) {
        let (admin, other) = (world.with_role(&world.a, Role::Admin).await, world.with_role(&world.a, Role::Owner).await);
        let users = world.people(&world.a, Who::MEMBER, 5).await;
        let new = world.person(&world.a, Who::NEW).await;
        let mut all = users_of(&users);
        all.push(new.user);
        let id = world.reset(&admin, &all).await;
        world.comes_back(&users[0]).await;
        world.tell().await;
        assert_eq!(told(&world, &admin).await, [], "nobody asked");
        // Only whoever asked for the reset, and only of those who come back from then on.
        assert!(!world.wants_to_know(&other, id, true).await);
        assert!(world.wants_to_know(&admin, id, true).await);
        world.tell().await;
        world.comes_back(&users[1]).await;
        world.comes_back(&users[2]).await;
        world.advance(Span::minutes(59));
        world.tell().await;
        assert_eq!(told(&world, &admin).await, []);
        world.advance(Span::minutes(1));
        world.tell().await;
        world.tell().await;
        assert_eq!(told(&world, &admin).await, [(2, 3, 5)], "who was skipped is not waited for");
        world.advance(Span::hours(5));
        world.tell().await;
        assert_eq!(told(&world, &admin).await.len(), 1, "nobody since");
        // Links have run out meanwhile.
        for user in &users[3..] {
            let (begun, _) = world.begin(user).await;
            world.register(&begun).await.unwrap();
            world.tell().await;
        }
        assert_eq!(told(&world, &admin).await, [(2, 3, 5), (1, 4, 5), (1, 5, 5)], "an hour was over, and then all were back");
        world.advance(Span::hours(5));
        world.tell().await;
        assert_eq!((told(&world, &admin).await.len(), told(&world, &other).await.len()), (3, 0));
        world.assert_chains_whole().await;
    }

    async fn whoever_lost_the_role_hears_no_more(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let users = world.people(&world.a, Who::MEMBER, 2).await;
        let id = world.reset(&admin, &users_of(&users)).await;
        assert!(world.wants_to_know(&admin, id, true).await);
        world.comes_back(&users[0]).await;
        world.execute(&format!("UPDATE memberships SET role = 'member' WHERE user_id = '{}'", admin.user.id)).await;
        world.advance(Span::hours(2));
        world.tell().await;
        assert_eq!(told(&world, &admin).await, []);
        assert_eq!(world.count("SELECT COUNT(*) FROM resets WHERE back_told_at IS NOT NULL").await, 0);
    }

    async fn it_is_switched_on_and_off_without_script(world: World) {
        let (admin, other) = (world.with_role(&world.a, Role::Admin).await, world.with_role(&world.a, Role::Owner).await);
        let users = world.people(&world.a, Who::MEMBER, 2).await;
        let id = world.reset(&admin, &users_of(&users)).await;
        let plan = world.plan(&admin, &users_of(&users)).await;
        assert!(!world.wants_to_know(&admin, plan, true).await, "a plan has nobody to come back");
        let page = format!("/resets/{id}");
        assert!(!Browser::signed_in(&world, &other).await.get(&page).await.body.contains("Mail me who is back"));
        let mut browser = Browser::signed_in(&world, &admin).await;
        for (on, offered, said) in [
            ("true", "Mail me who is back", "You hear by mail how many are back"),
            ("false", "No more mails about it", "No more mails about this reset."),
        ] {
            assert!(browser.get(&page).await.body.contains(offered));
            let sent = browser.post("/api/reset/back_notices", &page, &[("id", &id.to_string()), ("on", on)]).await;
            assert!(sent.is_redirect());
            assert!(browser.get(&page).await.body.contains(said));
        }
        world.comes_back(&users[0]).await;
        world.advance(Span::hours(2));
        world.tell().await;
        assert_eq!(told(&world, &admin).await, []);
    }

    async fn a_return_from_a_network_never_seen_before_is_marked(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let users = world.people(&world.a, Who::MEMBER, 3).await;
        let [near, far, unknown] = [&users[0], &users[1], &users[2]];
        for person in [near, far] {
            world.sign_in(person).await;
        }
        let id = world.reset(&admin, &users_of(&users)).await;
        let from = |address: &str| {
            let mut there = world.clone();
            there.origin.address = Some(address.to_owned());
            there
        };
        from("192.0.2.200").comes_back(near).await;
        from("203.0.113.9").comes_back(far).await;
        from("203.0.113.9").comes_back(unknown).await;
        let rows = board(&world, &admin, id).await.rows;
        let marked: Vec<_> = rows.iter().filter(|row| row.new_network_at.is_some()).map(|row| row.user_id).collect();
        assert_eq!(marked, [far.user.id], "a neighbour is known, and of whom nothing is known nothing is said");
        assert!(rows.iter().all(|row| row.stage == Stage::Back));
        let page = Browser::signed_in(&world, &admin).await.get(&format!("/resets/{id}")).await.body;
        assert_eq!(page.matches("New network").count(), 1, "{page}");
        let recorded = "SELECT COUNT(*) FROM audit_events WHERE what = 'authenticator_added' AND details LIKE '%\"network\":\"new\"%'";
        assert_eq!(world.count(recorded).await, 1);
    }
}
