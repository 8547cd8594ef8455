//! Customers: how they are added, and what their readers see of them.

use axum::http::StatusCode;
use rekey::domain::access::AddOutcome;
use rekey::domain::authority::{Refusal, Right, Role};
use rekey::domain::count::Count;
use rekey::domain::customer::NameProblem;
use rekey::domain::ids::CustomerId;
use rekey::domain::resilience::{self, Weakness};
use rekey::domain::sign_in::CodeProblem;
use rekey::domain::time::Span;
use rekey::domain::user_filter::UserFilter;
use rekey::features::access::service::{self, NewCustomer};
use rekey::features::{backup_codes, users};

use super::super::browser::*;
use super::super::dump::Dump;
use super::super::harness::*;
use super::{guest, make_provider};

/// Makes customers out of nothing, with `owner` as their owner.
async fn customers(world: &World, owner: &Person, names: &[String]) {
    for (part, names) in names.chunks(500).enumerate() {
        let id = |n: usize| CustomerId::new(START + Span::seconds(i64::try_from(part * 500 + n).unwrap()), [7; 10]);
        let rows = |row: &dyn Fn(usize, &str) -> String| {
            names.iter().enumerate().map(|(n, name)| row(n, name)).collect::<Vec<_>>().join(", ")
        };
        let made = rows(&|n, name| format!("('{}', '{name}', '{}', '{{}}', 0)", id(n), name.to_lowercase()));
        world.execute(&format!("INSERT INTO customers (id, name, name_key, policy, created_at) VALUES {made}")).await;
        let (home, user) = (owner.user.customer, owner.user.id);
        let owned = rows(&|n, _| format!("('{}', '{home}', '{user}', 'owner', 0)", id(n)));
        world
            .execute(&format!(
                "INSERT INTO memberships (customer_id, user_customer_id, user_id, role, granted_at) VALUES {owned}"
            ))
            .await;
    }
}

async fn add(world: &World, asking: &Person, name: &str, code: &str) -> AddOutcome {
    add_with(world, asking, name, " room\n7 ", code).await
}

async fn add_with(world: &World, asking: &Person, name: &str, help_desk: &str, code: &str) -> AddOutcome {
    let session = world.session(asking).await;
    let [name, help_desk, code] = [name, help_desk, code].map(str::to_owned);
    let new = NewCustomer { provider: None, name, help_desk, code };
    service::add(&world.platform, &world.origin, &session, &new).await.unwrap().outcome
}

both! {
    async fn a_provider_adds_customers_and_its_people_become_their_owners(world: World) {
        let (owner, admin) = (world.with_role(&world.a, Role::Owner).await, world.with_role(&world.a, Role::Admin).await);
        let auditor = world.with_role(&world.a, Role::Auditor).await;
        let bare = world.person(&world.a, Who { role: Role::Owner, ..Who::NEW }).await;
        let elsewhere = world.with_role(&world.b, Role::Owner).await;
        let passing = guest(&world, Role::Admin, None).await;
        // A is no provider yet: nobody adds anything, and each attempt is recorded at home.
        let refused = async |who: &Person, why: Refusal| {
            let before = Dump::of(&world).await;
            let code = world.fresh_code(who);
            assert_eq!(add(&world, who, "Nord", &code).await, AddOutcome::Refused(why), "{}", who.name);
            let after = Dump::of(&world).await;
            assert_eq!(after.len("audit_events"), before.len("audit_events") + 1);
            let untouched = |dump: Dump| dump.but_the_record().without(&["sessions"]);
            assert_eq!(untouched(before), untouched(after));
            let (what, details) = world.last_recorded(who.user.customer).await;
            assert!(what == "change_refused" && details.contains("add_customer"), "{what} {details}");
        };
        refused(&owner, Refusal::NoRole).await;
        make_provider(&world, &world.a).await;
        refused(&auditor, Refusal::NoRole).await;
        refused(&bare, Refusal::NoFactorOfYourOwn).await;
        refused(&elsewhere, Refusal::NoRole).await;
        for (who, name) in [(&owner, "Nord"), (&admin, "Süd"), (&passing, "  Ost\r\nGmbH ")] {
            let code = world.fresh_code(who);
            let AddOutcome::Added(id) = add(&world, who, name, &code).await else { panic!("{name}") };
            let actor = world.actor(who).await;
            assert_eq!(actor.role_in(id), Some(Role::Owner));
            assert!(actor.scope(Right::Govern).covers(id));
            // Nobody else of the provider is anything there.
            for other in [&owner, &admin, &passing, &auditor].into_iter().filter(|other| other.user != who.user) {
                assert_eq!(world.actor(other).await.role_in(id), None);
            }
            let mut conn = world.platform.db.read().await.unwrap();
            let (profile, ends_at) = service::profile(&mut conn, &actor, id, world.now()).await.unwrap().unwrap();
            assert_eq!(profile.provider, Some((world.a.id, "A".to_owned())));
            assert_eq!((profile.provider_since, ends_at), (None, None));
            assert_eq!(profile.customer.help_desk.as_deref(), Some("room 7"));
            assert_eq!(profile.customer.policy, rekey::domain::policy::Policy::default());
            drop(conn);
            assert_eq!(world.recorded(id).await, ["customer_added", "role_given"]);
        }
        assert!(world.text("SELECT name FROM customers WHERE name = 'Ost GmbH'").await.is_some());
        world.assert_chains_whole().await;
    }

    async fn a_name_that_is_taken_is_told_at_once_only_where_it_is_seen(world: World) {
        let owner = world.with_role(&world.a, Role::Owner).await;
        make_provider(&world, &world.a).await;
        let before = Dump::of(&world).await.but_the_record().without(&["sessions"]);
        let untouched = async || assert_eq!(before, Dump::of(&world).await.but_the_record().without(&["sessions"]));
        for (name, outcome) in [
            ("", AddOutcome::Name(NameProblem::Missing)),
            ("\r\n\0", AddOutcome::Name(NameProblem::Missing)),
            (&"x".repeat(201), AddOutcome::Name(NameProblem::TooLong)),
            ("a", AddOutcome::Name(NameProblem::Taken)),
            ("Ａ", AddOutcome::Name(NameProblem::Taken)),
            // Without a code nobody learns that there is a B.
            ("b", AddOutcome::Code(CodeProblem::Malformed)),
            ("C", AddOutcome::Code(CodeProblem::Malformed)),
        ] {
            assert_eq!(add(&world, &owner, name, "").await, outcome, "{name}");
            untouched().await;
        }
        assert_eq!(add_with(&world, &owner, "C", &"1".repeat(201), "").await, AddOutcome::HelpDeskTooLong);
        untouched().await;
        let code = world.fresh_code(&owner);
        assert_eq!(add(&world, &owner, "b", &code).await, AddOutcome::Name(NameProblem::Taken));
        assert_eq!(world.count("SELECT COUNT(*) FROM customers").await, 2);
    }

    async fn the_list_holds_the_readers_customers_by_the_thousand(world: World) {
        let reader = world.with_role(&world.a, Role::Owner).await;
        world.people(&world.b, Who::MEMBER, 3).await;
        // Ten thousand, in another order than that of their names.
        let names: Vec<String> = (0..10_000).map(|n| format!("Kunde {:05}", n * 7919 % 10_000)).collect();
        customers(&world, &reader, &names).await;
        let actor = world.actor(&reader).await;
        let mut conn = world.platform.db.read().await.unwrap();
        for (search, count) in [("", 10_001), ("kunde 00", 1000), ("KUNDE 0001", 10), ("b", 0), ("%", 0), ("x", 0)] {
            let (mut seen, mut cursor) = (Vec::new(), None);
            for _ in 0..4 {
                let page = service::page(&mut conn, &actor, search, cursor.as_deref(), world.now()).await.unwrap();
                assert_eq!(page.total, count, "{search}");
                assert!(page.customers.len() <= 50 && !page.may_add);
                seen.extend(page.customers.into_iter().map(|listed| listed.customer.name));
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(i64::try_from(seen.len()).unwrap(), count.min(200), "{search}");
            assert!(seen.is_sorted() && !seen.contains(&"B".to_owned()), "{search}");
        }
        // Whatever stands in a cursor shows no more.
        for cursor in ["", "\0", "zzz", "b", "'"] {
            let page = service::page(&mut conn, &actor, "", Some(cursor), world.now()).await.unwrap();
            assert!(page.customers.iter().all(|listed| actor.scope(Right::Read).covers(listed.customer.id)));
        }
        drop(conn);
        let mut browser = Browser::signed_in(&world, &reader).await;
        for path in ["/customers?q=b", "/customers?q=%00", "/customers?after=%ff", "/customers?after=%00"] {
            let answer = browser.get(path).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            assert!(!answer.body.contains("b.example") && !answer.body.contains(&world.b.id.to_string()), "{path}");
        }
        assert!(browser.get("/customers?q=b").await.body.contains("No customer is called"));
        let member = world.member(&world.a).await;
        let page = Browser::signed_in(&world, &member).await.get("/customers").await.body;
        assert!(page.contains("No customers to look after") && !page.contains("/customers/new"));
    }

    async fn every_number_is_as_long_as_the_list_it_opens(world: World) {
        let owner = world.with_role(&world.a, Role::Owner).await;
        world.person(&world.a, Who { invited: true, unverified: true, ..Who::MEMBER }).await;
        world.person(&world.a, Who::NEW).await;
        let suspended = Who { suspended: true, ..Who::MEMBER };
        world.person(&world.a, suspended).await;
        let ready = world.people(&world.a, Who::MEMBER, 4).await;
        let mut tx = world.platform.db.begin().await.unwrap();
        for person in &ready[..3] {
            backup_codes::service::rehearse(&mut tx, &world.platform, person.user, &person.codes[0]).await.unwrap();
        }
        for code in &ready[0].codes[2..] {
            backup_codes::service::spend(&mut tx, &world.platform, &world.origin, ready[0].user, code).await.unwrap();
        }
        for person in &ready[..2] {
            users::service::signed_in(&mut tx, person.user, world.now()).await.unwrap();
        }
        tx.commit().await.unwrap();
        // Another customer's people count nowhere.
        world.people(&world.b, Who::NEW, 3).await;
        let actor = world.actor(&owner).await;
        let scope = actor.scope(Right::Read).narrowed(&[world.a.id]);
        let mut conn = world.platform.db.read().await.unwrap();
        let figures = service::figures(&mut conn, &actor, world.a.id, world.now()).await.unwrap();
        let mut page = Browser::signed_in(&world, &owner).await;
        let overview = page.get(&format!("/customers/{}", world.a.id)).await.body;
        let mut tiles: Vec<(UserFilter, i64)> = Vec::new();
        for weakness in Weakness::ALL {
            tiles.push((weakness.filter(), resilience::having(&figures.census, *weakness)));
        }
        for (standing, users) in &figures.standings {
            tiles.push((UserFilter { standing: Some(*standing), ..UserFilter::default() }, *users));
        }
        let numbers: Vec<i64> = tiles.iter().map(|(_, number)| *number).collect();
        // No factor, one, unsaved, low, unverified, never; invited, active, suspended.
        assert_eq!(numbers, [1, 5, 2, 1, 1, 6, 1, 6, 1]);
        for (filter, number) in tiles {
            let filter = UserFilter { customers: vec![world.a.id], ..filter };
            let count = users::service::count(&mut conn, &scope, &filter, world.now()).await.unwrap();
            let list = users::service::page(&mut conn, &scope, &filter, world.now(), None).await.unwrap();
            assert_eq!(count, Count::Exactly(number), "{filter:?}");
            assert_eq!(number, i64::try_from(list.rows.len()).unwrap(), "{filter:?}");
            let pairs: Vec<String> = filter.pairs().iter().map(|(name, value)| format!("{name}={value}")).collect();
            let address = format!("/users?{}", pairs.join("&"));
            let link = format!(" href=\"{}\"", address.replace('&', "&amp;"));
            let shown = overview.split(&link).nth(1).and_then(|rest| rest.split("</a>").next());
            assert!(shown.is_some_and(|shown| shown.ends_with(&format!(">{number}"))), "{address}: {shown:?}");
            let opened = page.get(&address).await.body;
            for user in &list.rows {
                assert!(opened.contains(user.address.as_str()), "{address}");
            }
        }
        assert!(!overview.contains("b.example"));
        // Nobody is in the census twice, and nobody is missing.
        let all: i64 = figures.census.iter().map(|(_, users)| users).sum();
        assert_eq!(all, 8);
        let stranger = world.actor(&world.with_role(&world.b, Role::Owner).await).await;
        let foreign = service::figures(&mut conn, &stranger, world.a.id, world.now()).await.unwrap();
        assert!(foreign.census.is_empty() && foreign.standings.iter().all(|(_, users)| *users == 0));
    }
}
