//! The list of resets: whose, in which state, found by what stands in them, in pages; and never more than its reader may see.

use rekey::domain::authority::{Right, Role};
use rekey::domain::ids::ResetId;
use rekey::domain::plan::seal;
use rekey::domain::reset_filter::{ResetFilter, Tab};
use rekey::domain::time::Span;
use rekey::features::reset::run::run;
use rekey::features::reset::service::{Confirmation, list};

use super::super::browser::*;
use super::super::harness::*;

async fn found(world: &World, reader: &Person, tab: Tab, search: &str) -> Vec<ResetId> {
    let mut conn = world.platform.db.read().await.unwrap();
    let actor = world.actor(reader).await;
    let filter = ResetFilter { tab, search: search.into() };
    let scope = actor.scope(Right::Read);
    let rows = list(&mut conn, &scope, actor.user, &filter, None, world.now(), 100).await.unwrap();
    rows.into_iter().map(|row| row.id).collect()
}

/// A reset that was confirmed with these words.
async fn confirmed(world: &World, admin: &Person, users: &[&Person], reason: &str, ticket: &str) -> ResetId {
    world.advance(Span::seconds(1));
    let users: Vec<_> = users.iter().map(|person| person.user).collect();
    let id = world.plan(admin, &users).await;
    let session = world.session(admin).await;
    let confirmation = world.confirmation(admin, id).await;
    let confirmation = Confirmation { reason: reason.into(), ticket: ticket.into(), ..confirmation };
    world.try_confirm(&session, id, &confirmation).await;
    id
}

both! {
    async fn customers_are_chosen_as_on_every_list(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        world.grant(&admin, &world.b, Role::Admin).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        let of_a = confirmed(&world, &admin, &[&ua], "Of A", "").await;
        let of_b = confirmed(&world, &admin, &[&ub], "Of B", "").await;
        let mut browser = Browser::signed_in(&world, &admin).await;
        let shown = |body: &str| [of_a, of_b].map(|id| body.contains(&format!("/resets/{id}")));
        assert_eq!(shown(&browser.get("/resets?customer=all").await.body), [true, true]);
        assert_eq!(shown(&browser.get(&format!("/resets?customer={}", world.b.id)).await.body), [false, true]);
        assert_eq!(shown(&browser.get(&format!("/resets?show=mine&customer={}", world.a.id)).await.body), [true, false]);
        // The choice is remembered, by the audit too; and what else an address asks stays in it.
        let chosen = format!("customer={}", world.a.id);
        for (asked, then) in [
            ("/resets?show=mine&q=of", format!("/resets?{chosen}&q=of&show=mine")),
            ("/resets/people?days=30&state=queued", format!("/resets/people?{chosen}&days=30&state=queued")),
            ("/audit", format!("/audit?{chosen}")),
        ] {
            let answer = browser.get(asked).await;
            assert!(answer.is_redirect() && answer.location().ends_with(&then), "{asked}: {}", answer.location());
        }
        let audit = browser.get(&format!("/audit?customer={}", world.b.id)).await.body;
        assert!(audit.contains(&ub.name) && !audit.contains(&format!(">{}<", ua.name)), "{audit}");
        // About one person it is wherever that person is.
        let about = browser.get(&format!("/audit?user={}", ua.user.id)).await;
        assert!(!about.is_redirect() && about.body.contains(&ua.name), "{}", about.body);
        assert!(!about.body.contains("choose customers"));
    }

    async fn each_stands_on_the_lists_that_it_belongs_to(world: World) {
        let (admin, other) = (world.with_role(&world.a, Role::Admin).await, world.with_role(&world.a, Role::Admin).await);
        let users = world.people(&world.a, Who::MEMBER, 4).await;
        let done = confirmed(&world, &admin, &[&users[0]], "Done", "").await;
        run(&world.platform, done).await.unwrap();
        let running = confirmed(&world, &other, &[&users[1]], "Running", "").await;
        world.set_policy(&world.a, policy(|policy| policy.approver_from = 1)).await;
        let waiting = confirmed(&world, &admin, &[&users[2]], "Waiting", "").await;
        world.advance(Span::seconds(1));
        let open = world.plan(&admin, &[users[3].user]).await;
        assert_eq!(found(&world, &admin, Tab::Customers, "").await, [running, done]);
        assert_eq!(found(&world, &admin, Tab::Mine, "").await, [open, waiting, done]);
        assert_eq!(found(&world, &other, Tab::Mine, "").await, [running]);
        assert_eq!(found(&world, &admin, Tab::Running, "").await, [running]);
        assert_eq!(found(&world, &admin, Tab::Done, "").await, [done]);
        let mut browser = Browser::signed_in(&world, &other).await;
        let page = browser.get("/resets").await.body;
        assert!(page.contains("1 reset waits for your approval."), "{page}");
        let page = browser.get("/resets?show=waiting").await.body;
        assert!(page.contains(&waiting.to_string()) && !page.contains(&open.to_string()), "{page}");
        let page = Browser::signed_in(&world, &admin).await.get("/resets?show=mine").await.body;
        assert!(page.contains("Waits for approval: 1") && page.contains("1 to confirm until"), "{page}");
        // A plan that can be confirmed no more is nothing to come back to.
        world.advance(Span::minutes(30));
        assert_eq!(found(&world, &admin, Tab::Mine, "").await, [waiting, done]);
    }

    async fn resets_are_found_by_people_words_and_plan(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let zoe = world.person(&world.a, Who { name: Some("Zoë Brückner"), ..Who::MEMBER }).await;
        let max = world.person(&world.a, Who { name: Some("Max 100%_"), ..Who::MEMBER }).await;
        let first = confirmed(&world, &admin, &[&zoe], "Telefon verloren: Übergabe", "NL-20418").await;
        let second = confirmed(&world, &admin, &[&zoe, &max], "New phones", "").await;
        let hash = world.plan_hash(first).await;
        let table: [(&str, &[ResetId]); 14] = [
            ("bruckner", &[second, first]),
            ("ZOË", &[second, first]),
            (&zoe.address, &[second, first]),
            ("max", &[second]),
            ("100%_", &[second]),
            ("%", &[second]),
            ("ubergabe", &[first]),
            ("ÜBERGABE", &[first]),
            ("nl-204", &[first]),
            ("phones", &[second]),
            ("nobody at all", &[]),
            ("' OR 1=1 --", &[]),
            (&seal(&hash), &[first]),
            (&hash, &[first]),
        ];
        for (search, expected) in table {
            assert_eq!(found(&world, &admin, Tab::Customers, search).await, expected, "{search}");
        }
        assert_eq!(found(&world, &admin, Tab::Done, "zoe").await, []);
        let mut browser = Browser::signed_in(&world, &admin).await;
        let page = browser.get("/resets?q=max").await.body;
        assert!(page.contains(&second.to_string()) && !page.contains(&first.to_string()), "{page}");
        let page = browser.get("/resets?show=done&q=%3Cscript%3Ealert(1)%3C/script%3E").await.body;
        assert!(page.contains("Nothing is found for") && !page.contains("<script>alert"), "{page}");
    }

    async fn nobody_finds_what_they_may_not_see(world: World) {
        let both = world.with_role(&world.a, Role::Admin).await;
        world.grant(&both, &world.b, Role::Admin).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        let shared = confirmed(&world, &both, &[&ua, &ub], "Shared", "").await;
        let of_b = confirmed(&world, &both, &[&ub], "Of B alone", "").await;
        let (of_a, member) = (world.with_role(&world.a, Role::Auditor).await, world.member(&world.a).await);
        for tab in Tab::ALL {
            for search in ["", "b", "of b", &ub.address, &ub.name, &world.plan_hash(of_b).await] {
                assert!(!found(&world, &of_a, *tab, search).await.contains(&of_b), "{tab} {search}");
                assert_eq!(found(&world, &member, *tab, search).await, [], "{tab} {search}");
            }
        }
        // One that is seen in part is not found by whom its reader does not see in it.
        assert_eq!(found(&world, &of_a, Tab::Customers, &ub.address).await, []);
        assert_eq!(found(&world, &of_a, Tab::Customers, &ua.address).await, [shared]);
        assert_eq!(found(&world, &both, Tab::Customers, &ub.address).await, [of_b, shared]);
    }

    async fn pages_leave_none_out_and_show_none_twice(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let mut all = Vec::new();
        for n in 0..120 {
            all.push(confirmed(&world, &admin, &[&ua], &format!("Number {n}"), "").await);
        }
        all.reverse();
        let mut browser = Browser::signed_in(&world, &admin).await;
        let (mut page, mut seen) = (browser.get("/resets?q=number").await.body, Vec::<&ResetId>::new());
        loop {
            seen.extend(all.iter().filter(|id| page.contains(&format!("href=\"/resets/{id}\""))));
            let Some(last) = seen.last().filter(|_| seen.len() < all.len()) else { break };
            let next = format!("/resets?q=number&amp;before={last}");
            assert!(page.contains(&next), "{page}");
            page = browser.get(&next.replace("&amp;", "&")).await.body;
        }
        assert_eq!(seen, all.iter().collect::<Vec<_>>());
        for odd in ["before=x", "before=", "show=x", "show=&q=", "q=%00", "before=01mcc5rm003kab9w64hq9mjq2v&show=mine"] {
            assert_eq!(browser.get(&format!("/resets?{odd}")).await.status, 200, "{odd}");
        }
    }

    async fn among_ten_thousand_the_newest_are_read_alone(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let newest = confirmed(&world, &admin, &[&ua], "The newest", "").await;
        // As many as a provider makes in years: the same row, older and older.
        let number = match world.engine() {
            rekey::platform::db::Engine::Sqlite => {
                "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 10000) SELECT n FROM n"
            }
            rekey::platform::db::Engine::Postgres => "SELECT n FROM generate_series(1, 10000) n",
        };
        world.execute(&format!(
            "INSERT INTO resets (id, requester_customer_id, requester_id, plan_hash, created_at, confirmed_at, completed_at, \
                reason, words_key) \
             SELECT '00000000000000000' || CAST(n + 100000000 AS TEXT), requester_customer_id, requester_id, plan_hash, \
                created_at - n, created_at - n, created_at - n, 'Older', 'older' \
             FROM resets, ({number}) numbers"
        )).await;
        world.execute(
            "INSERT INTO reset_items (reset_id, customer_id, user_id, authenticator_apps, backup_codes, sessions, challenges, \
                links, passkeys, hardware_tokens, phones, trusted_devices) \
             SELECT r.id, i.customer_id, i.user_id, 1, 0, 0, 0, 0, 0, 0, 0, 0 FROM resets r, reset_items i \
             WHERE r.id <> i.reset_id AND r.words_key = 'older'",
        ).await;
        for (tab, search) in [(Tab::Customers, "newest"), (Tab::Running, ""), (Tab::Mine, "the newest")] {
            assert_eq!(found(&world, &admin, tab, search).await, [newest], "{tab}");
        }
        assert_eq!(found(&world, &admin, Tab::Done, &ua.address).await.len(), 100);
    }
}
