//! Whoever reads very many customers: the same answers by other statements, and how far a search is counted.

use rekey::domain::authority::{Right, Role, Scope};
use rekey::domain::count::Count;
use rekey::domain::customer::Customer;
use rekey::domain::ids::{CustomerId, UserId};
use rekey::domain::time::Time;
use rekey::domain::user_filter::{COUNTED_IN_SEARCH, UserFilter};
use rekey::features::{audit, customers, users};

use super::super::browser::Browser;
use super::super::harness::*;
use super::{Dice, listed, some_filter, somebody};

/// The `n`th customer more, in which `reader` has a role: given when, and until when.
async fn one_more(world: &World, n: i64, name: &str, reader: &Person, role: &str) -> Customer {
    let (id, name) = (CustomerId::new(Time::from_unix_milliseconds(n), [9; 10]), format!("{name}{n}"));
    let customer = format!(
        "INSERT INTO customers (id, name, name_key, policy, created_at) VALUES ('{id}', '{name}', '{name}', '{{}}', 0)"
    );
    world.execute(&customer).await;
    let (home, user) = (reader.user.customer, reader.user.id);
    let membership = format!(
        "INSERT INTO memberships (customer_id, user_customer_id, user_id, role, granted_at, ends_at) \
         VALUES ('{id}', '{home}', '{user}', {role})"
    );
    world.execute(&membership).await;
    Customer { id, name, ..world.a.clone() }
}

both! {
    async fn who_looks_after_very_many_customers_reads_as_others_do(world: World) {
        let (few, many) = (world.member(&world.a).await, world.member(&world.a).await);
        for reader in [&few, &many] {
            world.grant(reader, &world.a, Role::Auditor).await;
            world.grant(reader, &world.b, Role::Auditor).await;
        }
        // Nobody is in these, but they take the statements for many customers.
        for n in 0..70 {
            one_more(&world, n, "zz ", &many, "'auditor', 0, NULL").await;
        }
        // And whose people they may not see: a role that has ended, and one that reads nothing.
        let ended = format!("'owner', 0, {}", world.now().unix_milliseconds());
        let shut = [one_more(&world, 70, "zy", &many, &ended).await, one_more(&world, 71, "zy", &many, "'member', 0, NULL").await];
        let homes = [&world.a, &world.b, &shut[0], &shut[1]];
        let mut dice = Dice(11);
        for _ in 0..60 {
            let home = dice.one(&homes);
            somebody(&world, home, &mut dice).await;
        }
        let narrow = world.actor(&few).await.scope(Right::Read);
        let wide = world.actor(&many).await.scope(Right::Read);
        assert_eq!((narrow.customers().len(), wide.customers().len()), (2, 72));
        // Whoever chooses nearly all of them names them one by one.
        let chosen = wide.narrowed(&wide.customers()[1..]);
        assert!(wide.held().is_some() && chosen.held().is_none() && chosen.covers(world.a.id) && chosen.covers(world.b.id));
        let now = world.now();
        let mut conn = world.platform.db.read().await.unwrap();
        for _ in 0..200 {
            let filter = some_filter(&mut dice, &[]);
            let (shown, count) = (
                listed(&world, &narrow, &filter).await,
                users::service::count(&mut conn, &narrow, &filter, now).await.unwrap(),
            );
            for scope in [&wide, &chosen] {
                assert_eq!(listed(&world, scope, &filter).await, shown, "{filter:?}");
                assert_eq!(users::service::count(&mut conn, scope, &filter, now).await.unwrap(), count, "{filter:?}");
                let ids = users::service::ids(&mut conn, scope, &filter, now, 1000).await.unwrap();
                assert!(ids.len() == shown.len() && shown.iter().all(|user| ids.contains(&user.id)), "{filter:?}");
            }
            let methods = users::service::methods(&mut conn, &wide, &filter, now, None).await.unwrap();
            let same = users::service::methods(&mut conn, &narrow, &filter, now, None).await.unwrap();
            let ids = |page: &users::service::Page<users::service::ListedMethod>| -> Vec<String> {
                page.rows.iter().map(|row| row.id.to_string()).collect()
            };
            assert_eq!((ids(&methods), methods.next), (ids(&same), same.next), "{filter:?}");
        }
        let ids = users::service::ids(&mut conn, &narrow, &UserFilter::default(), now, 1000).await.unwrap();
        let found = users::service::by_ids(&mut conn, &wide, &ids).await.unwrap();
        assert_eq!(found, users::service::by_ids(&mut conn, &narrow, &ids).await.unwrap());
        assert_eq!(found.len(), ids.len());
        let everybody: Vec<(String,)> =
            sqlx::query_as("SELECT id FROM users").fetch_all(&mut *conn).await.unwrap();
        let everybody: Vec<UserId> = everybody.iter().map(|(id,)| id.parse().unwrap()).collect();
        assert!(everybody.len() > ids.len() + 10);
        assert_eq!(users::service::by_ids(&mut conn, &wide, &everybody).await.unwrap(), found);
        // The newest records, page by page.
        let mut before = None;
        loop {
            let mut pages = Vec::new();
            for scope in [&narrow, &wide] {
                let rows = audit::service::newest(&mut conn, scope, None, before, 7).await.unwrap();
                pages.push(rows.into_iter().map(|row| (row.entry.event.at, row.entry.number, row.entry.event.customer)).collect::<Vec<_>>());
            }
            assert_eq!(pages[0], pages[1]);
            let Some((at, number, Some(customer))) = pages[0].last().copied() else { break };
            assert!(pages[0].windows(2).all(|two| two[0] > two[1]));
            before = Some((at, number, customer));
        }
        assert!(before.is_some());
        let first = customers::service::first(&mut conn, &wide, "", 60).await.unwrap();
        assert_eq!(first.len(), 60);
        assert!(first.is_sorted_by_key(|customer| customer.name.to_lowercase()));
        let found = customers::service::page(&mut conn, &wide, "zz 6", None).await.unwrap();
        assert_eq!((found.customers.len(), found.total), (11, 11));
        assert_eq!(customers::service::list(&mut conn, &wide).await.unwrap().len(), 72);
    }

    async fn a_search_among_very_many_customers_is_counted_to_a_thousand(world: World) {
        let (few, many) = (world.with_role(&world.a, Role::Admin).await, world.with_role(&world.a, Role::Admin).await);
        for n in 0..70 {
            one_more(&world, n, "zz ", &many, "'admin', 0, NULL").await;
        }
        let narrow = world.actor(&few).await.scope(Right::Read);
        let wide = world.actor(&many).await.scope(Right::Read);
        let now = world.now();
        let named = Who { name: Some("Searched"), ..Who::NEW };
        world.people(&world.a, named, usize::try_from(COUNTED_IN_SEARCH).unwrap()).await;
        let found = UserFilter { search: "searched".into(), ..UserFilter::default() };
        let count = async |scope: &Scope, filter: &UserFilter| {
            let mut conn = world.platform.db.read().await.unwrap();
            users::service::count(&mut conn, scope, filter, now).await.unwrap()
        };
        for scope in [&narrow, &wide] {
            assert_eq!(count(scope, &found).await, Count::Exactly(COUNTED_IN_SEARCH));
        }
        world.people(&world.a, named, 2).await;
        assert_eq!(count(&narrow, &found).await, Count::Exactly(COUNTED_IN_SEARCH + 2));
        assert_eq!(count(&wide, &found).await, Count::MoreThan(COUNTED_IN_SEARCH));
        // The methods of those who are found, and those who have one.
        world
            .execute(
                "INSERT INTO methods (customer_id, user_id, id, kind, secret, last_step, registered_at) \
                 SELECT customer_id, id, id, 'passkey', '', 0, 0 FROM users WHERE name = 'Searched'",
            )
            .await;
        for (scope, counted) in
            [(&narrow, Count::Exactly(COUNTED_IN_SEARCH + 2)), (&wide, Count::MoreThan(COUNTED_IN_SEARCH))]
        {
            let mut conn = world.platform.db.read().await.unwrap();
            let both = users::service::count_methods(&mut conn, scope, &found, now).await.unwrap();
            assert_eq!(both, (counted, counted));
        }
        // One of the very many, and everybody, are counted as ever.
        assert_eq!(count(&wide.narrowed(&[world.a.id]), &found).await, Count::Exactly(COUNTED_IN_SEARCH + 2));
        assert_eq!(count(&wide, &UserFilter::default()).await, Count::Exactly(COUNTED_IN_SEARCH + 4));
        let mut browser = Browser::signed_in(&world, &many).await;
        let page = browser.get("/users?q=searched").await.body;
        assert!(page.contains("more than 1,000 of 1,004 people"), "{page}");
        assert!(page.contains("Select everybody who matches, more than 1,000"), "{page}");
        let page = browser.get("/methods?q=searched").await.body;
        assert!(page.contains("more than 1,000 methods of more than 1,000 people"), "{page}");
    }
}
