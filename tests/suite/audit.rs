//! The record: a chain that names its first break, and without which nothing happens.

use rekey::domain::audit::{Event, What};
use rekey::domain::authority::{Right, Role};
use rekey::domain::time::Span;
use rekey::features::audit::service::{Break, newest, record, record_all, verify};
use rekey::features::reset;
use rekey::features::reset::service::Selection;
use rekey::features::sign_in::service::{Factor, sign_out_elsewhere};

use super::dump::Dump;
use super::harness::*;

async fn breaks(world: &World) -> Vec<Break> {
    verify(&mut world.platform.db.read().await.unwrap(), &world.platform.keys).await.unwrap().breaks
}

/// A chain of customer A with `count` rows more than the one of its making.
async fn chain(world: &World, count: i64) {
    let event = |n: i64| Event::new(world.now(), What::SignedIn, Some(world.a.id)).with("n", n);
    let mut tx = world.platform.db.begin().await.unwrap();
    record_all(&mut tx, &world.platform, (0..count).map(event).collect()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(breaks(world).await, []);
}

both! {
    async fn the_verifier_names_the_first_break(world: World) {
        chain(&world, 9).await;
        let a = world.a.id;
        let untouched = Dump::of(&world).await;
        // Each attack, the number of the first row that is wrong, and why.
        let row = |number: i64| format!("chain = '{a}' AND number = {number}");
        let set = |number, change: &str| format!("UPDATE audit_events SET {change} WHERE {}", row(number));
        let cut = |number| format!("DELETE FROM audit_events WHERE {}", row(number));
        let cut_all = format!("DELETE FROM audit_events WHERE chain = '{a}'");
        let head = |change: &str| format!("UPDATE audit_heads SET {change} WHERE chain = '{a}'");
        let no_head = format!("DELETE FROM audit_heads WHERE chain = '{a}'");
        let hash_of = |number| format!("hash = (SELECT hash FROM audit_events WHERE {})", row(number));
        let forged = "INSERT INTO audit_events (chain, number, at, what, details, hash)";
        let (changed, missing) = ("not as it was written", "missing");
        let attacks = [
            (vec![set(3, "what = 'reset'")], 3, changed),
            (vec![set(1, "at = at + 1")], 1, changed),
            (vec![set(10, "details = '{\"n\":\"9\"}'")], 10, changed),
            (vec![set(7, "details = ' ' || details")], 7, changed),
            (vec![set(7, "from_address = '::1'")], 7, changed),
            (vec![set(7, "target_id = 'nobody'")], 7, changed),
            (vec![set(7, &hash_of(8))], 7, changed),
            (vec![cut(6)], 6, missing),
            (vec![cut(1)], 1, missing),
            (vec![cut(10)], 10, missing),
            (vec![cut(8), cut(9), cut(10)], 8, missing),
            (vec![cut_all.clone()], 1, missing),
            // Closing the gap afterwards does not hide it.
            (vec![cut(6), set(7, "number = 6")], 6, changed),
            (vec![set(4, "number = -4"), set(5, "number = 4"), set(-4, "number = 5")], 4, changed),
            // Nor does turning back the head after the end was cut off, or taking everything away at once.
            (vec![cut(10), head("number = 9"), head(&hash_of(9))], 10, "head"),
            (vec![head("seal = ''")], 11, "head"),
            (vec![no_head.clone()], 1, "head"),
            (vec![cut_all, no_head], 1, "missing"),
            // A row that somebody without the key wrote, and one of another customer's chain.
            (vec![format!("{forged} VALUES ('{a}', 11, 0, 'reset', '{{}}', 'x')")], 11, changed),
            (
                vec![
                    cut(1),
                    format!("UPDATE audit_events SET chain = '{a}' WHERE chain = '{}' AND number = 1", world.b.id),
                ],
                1,
                changed,
            ),
        ];
        for (texts, number, why) in attacks {
            for text in &texts {
                world.execute(text).await;
            }
            let found = breaks(&world).await;
            let of_a: Vec<_> = found.iter().filter(|found| found.chain == a.to_string()).collect();
            assert_eq!(of_a.len(), 1, "{texts:?}");
            assert_eq!(of_a[0].number, number, "{texts:?}");
            assert!(of_a[0].why.contains(why), "{texts:?}: {}", of_a[0].why);
            restore(&world, &untouched).await;
            assert_eq!(breaks(&world).await, []);
        }
    }

    async fn without_the_key_nobody_forges(world: World) {
        chain(&world, 3).await;
        let other = rekey::platform::Keys::create(&world.folder().join("other.key"), &rekey::platform::Rng::system());
        let forger = world.with_keys(other.unwrap());
        chain_of_forger(&forger).await;
        let found = breaks(&world).await;
        assert_eq!((found.len(), found[0].number), (1, 5), "{found:?}");
    }

    async fn each_customer_has_a_chain_of_its_own(world: World) {
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        world.sign_in(&ua).await;
        world.sign_in(&ub).await;
        let _ = world.begin_with("nobody@nowhere.example", "x").await;
        let mut conn = world.platform.db.read().await.unwrap();
        let verified = verify(&mut conn, &world.platform.keys).await.unwrap();
        assert_eq!((verified.chains, verified.breaks.len()), (3, 0));
        assert_eq!(verified.rows, world.count("SELECT COUNT(*) FROM audit_events").await.unsigned_abs());
        let gaps = "SELECT COUNT(*) FROM (SELECT chain FROM audit_events GROUP BY chain HAVING MIN(number) <> 1 \
                    OR MAX(number) <> COUNT(*)) AS gaps";
        assert_eq!(world.count(gaps).await, 0);
    }

    async fn many_writers_at_once_make_one_chain(world: World) {
        let other = world.second_node().await;
        let writers: Vec<_> = (0..40)
            .map(|n| {
                let world = if n % 2 == 0 { world.clone() } else { other.clone() };
                tokio::spawn(async move {
                    let customers = [Some(world.a.id), Some(world.b.id), None];
                    let event = |n: usize| Event::new(world.now(), What::SignedIn, customers[n % 3]).with("n", n);
                    let mut tx = world.platform.db.begin().await.unwrap();
                    // In every order: the chains are locked in one order all the same.
                    record_all(&mut tx, &world.platform, vec![event(n), event(n + 1), event(n + 2)]).await.unwrap();
                    tx.commit().await.unwrap();
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        world.assert_chains_whole().await;
        // A row for the making of each customer, and forty in each chain.
        assert_eq!(world.count("SELECT COUNT(*) FROM audit_events").await, 122);
    }

    async fn it_is_verified_while_it_is_written(world: World) {
        chain(&world, 10).await;
        let writer = {
            let world = world.clone();
            tokio::spawn(async move {
                for n in 0..300 {
                    let mut tx = world.platform.db.begin().await.unwrap();
                    let event = Event::new(world.now(), What::SignedIn, Some(world.a.id)).with("n", n);
                    record(&mut tx, &world.platform, event).await.unwrap();
                    tx.commit().await.unwrap();
                }
            })
        };
        while !writer.is_finished() {
            assert_eq!(breaks(&world).await, []);
        }
        writer.await.unwrap();
        assert_eq!(breaks(&world).await, []);
    }

    async fn what_cannot_be_recorded_does_not_happen(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let users = world.people(&world.a, Who::MEMBER, 3).await;
        let (challenge, _) = world.begin(&users[0]).await;
        let session = world.session(&users[1]).await;
        world.session(&users[1]).await;
        let id = world.confirmed(&admin, &users_of(&users)).await;
        let code = Factor::Code(world.fresh_code(&users[0]));
        world.execute("ALTER TABLE audit_events RENAME TO audit_elsewhere").await;
        let before = dump_without_audit(&world).await;

        assert!(reset::run::run(&world.platform, id).await.is_err());
        let finished =
            rekey::features::sign_in::service::finish(&world.platform, &world.origin, &challenge, &code, false).await;
        assert!(finished.is_err());
        assert!(sign_out_elsewhere(&world.platform, &world.origin, &session).await.is_err());
        let actor = world.actor(&admin).await;
        let planned = reset::service::plan(&world.platform, &world.origin, &actor, Selection::Ticked(ids(&users_of(&users)), Vec::new())).await;
        assert!(planned.is_err());
        // Only the lease that the run took first is there, and it ends by itself.
        assert_eq!(before, dump_without_audit(&world).await);

        world.execute("ALTER TABLE audit_elsewhere RENAME TO audit_events").await;
        world.advance(Span::seconds(31));
        reset::run::resume(&world.platform).await.unwrap();
        for user in &users {
            assert_eq!(world.rows_of("methods", user.user).await, 0);
        }
        world.assert_chains_whole().await;
    }

    async fn the_page_shows_no_more_than_its_reader_may_see(world: World) {
        let auditor = world.with_role(&world.a, Role::Auditor).await;
        let member = world.member(&world.a).await;
        let ub = world.member(&world.b).await;
        world.sign_in(&ub).await;
        world.sign_in(&member).await;
        let mut conn = world.platform.db.read().await.unwrap();
        let scope = world.actor(&auditor).await.scope(Right::Read);
        let seen = newest(&mut conn, &scope, None, None, 1000).await.unwrap();
        assert!(!seen.is_empty());
        assert!(seen.iter().all(|seen| seen.entry.event.customer == Some(world.a.id) && seen.customer_name == "A"));
        assert!(newest(&mut conn, &scope, Some(ub.user), None, 1000).await.unwrap().is_empty());
        let nothing = world.actor(&member).await.scope(Right::Read);
        assert!(newest(&mut conn, &nothing, None, None, 1000).await.unwrap().is_empty());
    }

    async fn its_pages_follow_one_another_without_gap_or_repetition(world: World) {
        let auditor = world.with_role(&world.a, Role::Auditor).await;
        world.grant(&auditor, &world.b, Role::Auditor).await;
        for n in 0..30 {
            let customer = if n % 3 == 0 { world.b.id } else { world.a.id };
            let mut tx = world.platform.db.begin().await.unwrap();
            let event = Event::new(world.now(), What::SignedIn, Some(customer)).with("n", n);
            record(&mut tx, &world.platform, event).await.unwrap();
            tx.commit().await.unwrap();
            if n % 4 == 0 {
                world.advance(Span::seconds(1));
            }
        }
        let scope = world.actor(&auditor).await.scope(Right::Read);
        let mut conn = world.platform.db.read().await.unwrap();
        let all = newest(&mut conn, &scope, None, None, 1000).await.unwrap();
        let key = |seen: &rekey::features::audit::service::Recorded| (seen.customer_name.clone(), seen.entry.number);
        let (mut paged, mut before) = (Vec::new(), None);
        loop {
            let page = newest(&mut conn, &scope, None, before, 1).await.unwrap();
            let Some(last) = page.last() else { break };
            before = Some((last.entry.event.at, last.entry.number, last.entry.event.customer.unwrap()));
            paged.extend(page.iter().map(key));
        }
        assert_eq!(paged, all.iter().map(key).collect::<Vec<_>>());
    }
}

async fn chain_of_forger(forger: &World) {
    let mut tx = forger.platform.db.begin().await.unwrap();
    record(&mut tx, &forger.platform, Event::new(forger.now(), What::Reset, Some(forger.a.id))).await.unwrap();
    tx.commit().await.unwrap();
}

async fn dump_without_audit(world: &World) -> Dump {
    Dump::of_what_is_there(world).await.without(&[
        "audit_elsewhere",
        "audit_heads",
        "users.version",
        "resets.leased_until",
    ])
}

/// Puts the audit tables back as they were.
async fn restore(world: &World, dump: &Dump) {
    for table in ["audit_events", "audit_heads"] {
        world.execute(&format!("DELETE FROM {table}")).await;
        for row in &dump.0[table] {
            let columns: Vec<&str> = row.keys().map(String::as_str).collect();
            let value = |(column, value): (&String, &String)| match (column.as_str(), value.as_str()) {
                (_, "∅") => "NULL".to_owned(),
                ("number" | "at", value) => value.to_owned(),
                (_, value) => format!("'{}'", value.replace('\'', "''")),
            };
            let values: Vec<String> = row.iter().map(value).collect();
            world
                .execute(&format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), values.join(", ")))
                .await;
        }
    }
}
