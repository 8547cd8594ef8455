//! Customers do not see each other: what is listed, counted, searched and reset stays within the roles a person holds.

use rekey::domain::authority::{Right, Role};
use rekey::domain::count::Count;
use rekey::domain::ids::UserId;
use rekey::domain::policy::Policy;
use rekey::domain::user_filter::UserFilter;
use rekey::features::{audit, customers, reset, users};
use rekey::platform::Rng;

use super::browser::*;
use super::dump::Dump;
use super::harness::*;

both! {
    async fn a_list_shows_its_readers_customers_and_no_others(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let both = world.with_role(&world.a, Role::Auditor).await;
        world.grant(&both, &world.b, Role::Auditor).await;
        let (ua, ub) = (world.people(&world.a, Who::MEMBER, 60).await, world.people(&world.b, Who::MEMBER, 5).await);
        let mut conn = world.platform.db.read().await.unwrap();
        for (reader, a, b) in [(&admin, 62, 0), (&both, 62, 5), (&ua[0], 0, 0), (&ub[0], 0, 0)] {
            let scope = world.actor(reader).await.scope(Right::Read);
            for search in ["", "person", "PERSON", "example", "%", "_", "\\", "' OR 1=1 --", "person1@a"] {
                let (mut seen, mut cursor) = (Vec::new(), None);
                let total = loop {
                    let filter = UserFilter { search: search.into(), ..UserFilter::default() };
                    let now = world.platform.now();
                    let page = users::service::page(&mut conn, &scope, &filter, now, cursor.as_deref()).await.unwrap();
                    assert!(page.rows.len() <= 50);
                    seen.extend(page.rows);
                    cursor = page.next;
                    if cursor.is_none() {
                        break users::service::count(&mut conn, &scope, &filter, now).await.unwrap();
                    }
                };
                let in_customer = |id| seen.iter().filter(|user| user.user.customer == id).count();
                assert_eq!(Count::Exactly(i64::try_from(seen.len()).unwrap()), total, "{search}");
                if ["", "person", "PERSON", "example"].contains(&search) {
                    assert_eq!((in_customer(world.a.id), in_customer(world.b.id)), (a, b), "{search}");
                } else if search != "person1@a" {
                    assert_eq!(seen.len(), 0, "a search is literal: {search}");
                }
                let mut once: Vec<UserId> = seen.iter().map(|user| user.user.id).collect();
                once.dedup();
                assert_eq!(once.len(), seen.len(), "nobody twice");
                assert!(seen.iter().all(|user| scope.covers(user.user.customer)));
            }
        }
        // A cursor or an id of somebody else's customer opens nothing.
        let scope = world.actor(&admin).await.scope(Right::Read);
        for cursor in ["", "~", "x~y", &format!("{}~", ub[0].user.id), &format!("{}~\u{10ffff}", ub[0].user.id)] {
            let everybody = UserFilter::default();
            let page = users::service::page(&mut conn, &scope, &everybody, world.platform.now(), Some(cursor)).await.unwrap();
            assert!(page.rows.iter().all(|user| user.user.customer == world.a.id));
        }
        assert!(users::service::by_ids(&mut conn, &scope, &ids(&users_of(&ub))).await.unwrap().is_empty());
        let seen = customers::service::list(&mut conn, &scope).await.unwrap();
        assert_eq!(seen.iter().map(|customer| customer.name.as_str()).collect::<Vec<_>>(), ["A"]);
    }

    async fn no_request_of_any_role_reaches_another_customer(world: World) {
        // Every role in every customer, and random selections: what is frozen, skipped or refused is as the roles say.
        let mut people = Vec::new();
        for role in Role::ALL {
            for home in [&world.a, &world.b] {
                people.push((world.with_role(home, *role).await, *role));
            }
        }
        let rng = Rng::seeded(54);
        let pick = |below: usize| usize::from(rng.bytes::<1>()[0]) % below;
        for round in 0..60 {
            let (asking, _) = &people[pick(people.len())];
            let selected: Vec<_> = (0..=pick(3)).map(|_| people[pick(people.len())].0.user).collect();
            let actor = world.actor(asking).await;
            let allowed = selected.iter().all(|user| {
                let (_, role) = people.iter().find(|(person, _)| person.user == *user).unwrap();
                actor.may_manage(*user, *role).is_ok()
            });
            let before = Dump::of(&world).await;
            let planned = world.try_plan(asking, &ids(&selected)).await;
            assert_eq!(matches!(planned, reset::service::Planned::Frozen(_)), allowed, "round {round}: {planned:?}");
            if !allowed {
                assert_eq!(before.but_the_record(), Dump::of(&world).await.but_the_record(), "round {round}");
            }
        }
        // Nobody but A's readers reads A's record, whatever was asked for.
        for (person, role) in &people {
            let scope = world.actor(person).await.scope(Right::Read);
            assert_eq!(scope.customers().len(), usize::from(role.reads()));
            let mut conn = world.platform.db.read().await.unwrap();
            let seen = audit::service::newest(&mut conn, &scope, None, None, 10_000).await.unwrap();
            assert!(seen.iter().all(|seen| seen.entry.event.customer == Some(person.user.customer)));
        }
    }

    async fn of_five_customers_a_technician_of_three_never_sees_the_other_two(world: World) {
        let technician = world.with_role(&world.a, Role::Owner).await;
        let mut customers = vec![world.a.clone(), world.b.clone()];
        let mut tx = world.platform.db.begin().await.unwrap();
        for name in ["Cobalt", "Dahlia", "Elster"] {
            let added = customers::service::add(&mut tx, &world.platform, name, None, Policy::default()).await;
            customers.push(added.unwrap().unwrap());
        }
        tx.commit().await.unwrap();
        let (theirs, others) = ([0, 1, 2], [3, 4]);
        for n in [1, 2] {
            world.grant(&technician, &customers[n], Role::Admin).await;
        }
        let (mut people, mut resets) = (Vec::new(), Vec::new());
        for customer in &customers {
            let owner = world.with_role(customer, Role::Owner).await;
            let users = world.people(customer, Who::MEMBER, 3).await;
            resets.push(world.reset(&owner, &[users[0].user]).await);
            people.push(users);
        }
        let mut browser = Browser::signed_in(&world, &technician).await;
        let secrets: Vec<String> = others
            .iter()
            .flat_map(|n| {
                let names = people[*n].iter().flat_map(|person| [format!(">{}<", person.name), person.address.clone()]);
                names.chain([customers[*n].name.clone(), customers[*n].id.to_string()])
            })
            .collect();
        let foreign = &people[others[0]][0];
        let mut pages: Vec<String> = ["/users", "/methods", "/customers", "/resets", "/resets/people", "/audit", "/tokens", "/users/invite", "/security"]
            .into_iter()
            .flat_map(|page| [page.to_owned(), format!("{page}?customer=all"), format!("{page}?q=person&find=l&finding=true")])
            .collect();
        pages.extend(["summary", "methods", "activity", "suspend", "remove"].map(|tab| {
            format!("/users/{}/{tab}", foreign.user.id).replace("/summary", "")
        }));
        let (their_customer, their_reset) = (customers[others[0]].id, resets[others[0]]);
        pages.extend(["", "/people", "/policy", "/edit"].map(|page| format!("/customers/{their_customer}{page}")));
        pages.extend(["", "/report.csv", "/report.json", "/mail"].map(|page| format!("/resets/{their_reset}{page}")));
        pages.extend(theirs.iter().flat_map(|n| ["csv", "json"].map(|form| format!("/resets/{}/report.{form}", resets[*n]))));
        for page in &pages {
            let answer = browser.get(page).await;
            // What stands in the address was known before.
            for secret in secrets.iter().filter(|secret| !page.contains(*secret)) {
                assert!(!answer.body.contains(secret.as_str()), "{page} tells {secret}");
            }
        }
        // Errors neither: what nobody may answers as what is not there.
        let made_up = "01c00000000000000000000000";
        let ids = [foreign.user.id.to_string(), their_customer.to_string(), their_reset.to_string()];
        for (path, field, id) in [
            ("/api/reset/plan", "users[]", &ids[0]),
            ("/api/accounts/suspend", "id", &ids[0]),
            ("/api/access/edit", "id", &ids[1]),
            ("/api/reset/cancel", "id", &ids[2]),
        ] {
            let mut told = Vec::new();
            for id in [id.as_str(), made_up] {
                let answer = browser.post(path, "/users", &[(field, id), ("code", "000000")]).await;
                let after = browser.get(&answer.location().replace(id, made_up)).await;
                let said = without_nonce(&after.body).replace(id, made_up);
                assert!(secrets.iter().all(|secret| !said.contains(secret.as_str())), "{path}");
                told.push((answer.status, answer.location().replace(id, made_up), after.status));
            }
            assert_eq!(told[0], told[1], "{path}");
        }
        // And what is theirs is there: it is no empty house that keeps its secrets.
        let all = browser.get("/users?customer=all").await.body;
        let ours = theirs.map(|n| format!("'{}'", customers[n].id)).join(", ");
        let counted = world.count(&format!("SELECT COUNT(*) FROM users WHERE customer_id IN ({ours})")).await;
        assert!(all.contains(&format!("{counted} people")), "{counted} in {all}");
        for n in theirs {
            assert!(all.contains(&customers[n].name) && all.contains(&people[n][1].address), "{n}");
        }
    }
}
