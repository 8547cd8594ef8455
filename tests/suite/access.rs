//! Access: who may give which role where, access that ends by itself, customers that are added, and what their readers see.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use rekey::domain::access::{AddOutcome, CodeProblem, EndProblem, RoleOutcome, last_day};
use rekey::domain::authority::{Refusal, Right, Role};
use rekey::domain::customer::Customer;
use rekey::domain::ids::{CustomerId, UserId};
use rekey::domain::resilience::{self, Weakness};
use rekey::domain::time::{Span, Time};
use rekey::domain::user_filter::UserFilter;
use rekey::features::access::people;
use rekey::features::access::roles::{self, Whom, Wish};
use rekey::features::access::service::{self, NewCustomer};
use rekey::features::outbox::mailbox::DevMailbox;
use rekey::features::outbox::worker::{Transport, deliver_due};
use rekey::features::{backup_codes, customers, users};

use super::browser::*;
use super::dump::Dump;
use super::harness::*;

/// What is asked of a role, with a fresh code.
fn wish(world: &World, asking: &Person, customer: CustomerId, whom: Whom, role: &str, until: &str) -> Wish {
    Wish { customer, whom, role: role.to_owned(), until: until.to_owned(), code: world.fresh_code(asking) }
}

/// Asks for it in a session of its own.
async fn ask(world: &World, asking: &Person, wish: &Wish) -> RoleOutcome {
    let session = world.session(asking).await;
    let answer = roles::change(&world.platform, &world.origin, &session, wish).await.unwrap();
    // A token comes with a code that was taken, and only then.
    let taken = !matches!(answer.outcome, RoleOutcome::Code(_));
    if let Some(token) = answer.token {
        assert!(taken && world.find(&token.0).await.is_some());
    }
    answer.outcome
}

async fn change(world: &World, asking: &Person, customer: &Customer, target: &Person, role: &str) -> RoleOutcome {
    ask(world, asking, &wish(world, asking, customer.id, Whom::User(target.user.id), role, "")).await
}

async fn give(
    world: &World,
    asking: &Person,
    customer: &Customer,
    address: &str,
    role: &str,
    until: &str,
) -> RoleOutcome {
    ask(world, asking, &wish(world, asking, customer.id, Whom::Address(address.to_owned()), role, until)).await
}

async fn role_in(world: &World, person: &Person, customer: &Customer) -> Option<Role> {
    world.actor(person).await.role_in(customer.id)
}

/// Somebody at home in B who holds this role in A, until then.
async fn guest(world: &World, role: Role, ends_at: Option<Time>) -> Person {
    let person = world.member(&world.b).await;
    let mut tx = world.platform.db.begin().await.unwrap();
    roles::give(&mut tx, world.a.id, person.user, role, world.now(), ends_at).await.unwrap();
    tx.commit().await.unwrap();
    person
}

fn in_days(world: &World, days: i64) -> String {
    last_day(world.now() + Span::hours(24 * days))
}

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

async fn make_provider(world: &World, customer: &Customer) {
    let mut tx = world.platform.db.begin().await.unwrap();
    customers::service::make_provider(&mut tx, customer.id, world.now()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn add(world: &World, asking: &Person, name: &str, code: &str) -> AddOutcome {
    let session = world.session(asking).await;
    let new =
        NewCustomer { provider: None, name: name.to_owned(), help_desk: " room\n7 ".to_owned(), code: code.to_owned() };
    service::add(&world.platform, &world.origin, &session, &new).await.unwrap().outcome
}

both! {
    async fn roles_are_given_as_the_table_says(world: World) {
        // A second owner of A, so that nobody is the last one.
        world.with_role(&world.a, Role::Owner).await;
        let mut asking = Vec::new();
        for role in Role::ALL {
            asking.push((Some(*role), true, world.with_role(&world.a, *role).await));
        }
        let bare = Who { role: Role::Owner, ..Who::NEW };
        asking.push((Some(Role::Owner), false, world.person(&world.a, bare).await));
        asking.push((None, true, world.with_role(&world.b, Role::Owner).await));
        for (mine, has_mfa, asking) in &asking {
            for from in Role::ALL {
                for to in ["owner", "admin", "auditor", "none"] {
                    let at = format!("{mine:?} ({has_mfa}) makes {from} {to}");
                    let target = world.with_role(&world.a, *from).await;
                    let made = to.parse().unwrap_or(Role::Member);
                    let may = *has_mfa && mine.is_some_and(|mine| {
                        matches!(mine, Role::Owner)
                            || mine == Role::Admin && *from != Role::Owner && made != Role::Owner
                    });
                    let wish = wish(&world, asking, world.a.id, Whom::User(target.user.id), to, "");
                    let before = Dump::of(&world).await;
                    let outcome = ask(&world, asking, &wish).await;
                    let after = Dump::of(&world).await;
                    let role = role_in(&world, &target, &world.a).await;
                    if !may {
                        // Refused before any code was taken: nothing but the record.
                        let untouched = |dump: Dump| dump.but_the_record().without(&["sessions"]);
                        assert_eq!(untouched(before.clone()), untouched(after.clone()), "{at}");
                        assert_eq!(after.len("audit_events"), before.len("audit_events") + 1, "{at}");
                        assert_eq!(role, Some(*from), "{at}");
                        let refusal = match (mine, has_mfa) {
                            (_, false) => Refusal::NoFactorOfYourOwn,
                            (Some(Role::Admin), _) => Refusal::OwnersOnly,
                            _ => Refusal::NoRole,
                        };
                        // Whoever may not look into A is not told that there is such a customer.
                        let looks = mine.is_some_and(Role::reads);
                        let expected = if looks { RoleOutcome::Refused(refusal) } else { RoleOutcome::Unknown };
                        assert_eq!(outcome, expected, "{at}");
                        let chain = if looks { world.a.id } else { asking.user.customer };
                        let (what, details) = world.last_recorded(chain).await;
                        assert_eq!(what, "change_refused", "{at}");
                        let why = if looks { refusal } else { Refusal::NoRole };
                        assert!(details.contains(why.as_str()), "{at}: {details}");
                    } else if made == *from {
                        assert_eq!(outcome, RoleOutcome::Same, "{at}");
                        assert_eq!(before.len("outbox"), after.len("outbox"), "{at}");
                    } else {
                        let name = target.name.clone();
                        assert_eq!(outcome, RoleOutcome::Given { name, role: made, until: None }, "{at}");
                        assert_eq!(role, Some(made), "{at}");
                        assert_eq!(after.len("outbox"), before.len("outbox") + 1, "{at}");
                        assert_eq!(world.rows_of("outbox", target.user).await, 1, "{at}");
                        assert!(world.recorded(world.a.id).await.contains(&"role_given".to_owned()));
                    }
                }
            }
        }
        world.assert_chains_whole().await;
    }

    async fn nobody_changes_their_own_role(world: World) {
        for role in [Role::Owner, Role::Admin] {
            let me = world.with_role(&world.a, role).await;
            for to in ["owner", "auditor", "none"] {
                assert_eq!(change(&world, &me, &world.a, &me, to).await, RoleOutcome::Refused(Refusal::Yourself));
            }
            let address = me.address.to_uppercase();
            assert_eq!(give(&world, &me, &world.a, &address, "auditor", "").await, RoleOutcome::Refused(Refusal::Yourself));
            assert_eq!(role_in(&world, &me, &world.a).await, Some(role));
        }
    }

    async fn access_is_given_to_an_exact_address_or_to_nobody(world: World) {
        let owner = world.with_role(&world.a, Role::Owner).await;
        let ub = world.member(&world.b).await;
        let suspended = world.person(&world.b, Who { suspended: true, ..Who::MEMBER }).await;
        let removed = world.member(&world.b).await;
        let gone = removed.user.id;
        world.execute(&format!("DELETE FROM memberships WHERE user_id = '{gone}'")).await;
        world.execute(&format!("UPDATE users SET removed_at = 1 WHERE id = '{gone}'")).await;
        // Unknown, suspended and removed are one answer, and no trace of a difference.
        let mut traces = BTreeSet::new();
        for address in ["nobody@b.example", suspended.address.as_str(), removed.address.as_str()] {
            let before = Dump::of(&world).await.but_the_record().without(&["sessions", "methods"]);
            assert_eq!(give(&world, &owner, &world.a, address, "auditor", "").await, RoleOutcome::Nobody, "{address}");
            assert_eq!(before, Dump::of(&world).await.but_the_record().without(&["sessions", "methods"]));
            traces.insert(world.last_recorded(world.a.id).await);
        }
        assert_eq!(traces.len(), 1, "{traces:?}");
        for typed in ["", "ines", "a@b@c.example"] {
            assert_eq!(give(&world, &owner, &world.a, typed, "auditor", "").await, RoleOutcome::NoAddress, "{typed}");
        }
        for role in ["", "none", "member", "root"] {
            assert_eq!(give(&world, &owner, &world.a, &ub.address, role, "").await, RoleOutcome::NoRole, "{role}");
        }
        assert_eq!(role_in(&world, &ub, &world.a).await, None);
        let given = give(&world, &owner, &world.a, &ub.address.to_uppercase(), "auditor", "").await;
        assert_eq!(given, RoleOutcome::Given { name: ub.name.clone(), role: Role::Auditor, until: None });
        assert_eq!(role_in(&world, &ub, &world.a).await, Some(Role::Auditor));
        // It ends at once, for good, and what they are at home stays.
        assert_eq!(change(&world, &owner, &world.a, &ub, "none").await, RoleOutcome::Ended { name: ub.name.clone() });
        assert_eq!(role_in(&world, &ub, &world.a).await, None);
        assert_eq!(role_in(&world, &ub, &world.b).await, Some(Role::Member));
        assert_eq!(change(&world, &owner, &world.a, &ub, "none").await, RoleOutcome::Unknown);
    }

    async fn a_wrong_code_changes_nothing(world: World) {
        let (owner, ua) = (world.with_role(&world.a, Role::Owner).await, world.member(&world.a).await);
        let used = world.fresh_code(&owner);
        let mut right = wish(&world, &owner, world.a.id, Whom::User(ua.user.id), "admin", "");
        right.code.clone_from(&used);
        assert!(matches!(ask(&world, &owner, &right).await, RoleOutcome::Given { .. }));
        let before = Dump::of(&world).await;
        for (code, problem) in [
            (String::new(), CodeProblem::Malformed),
            ("12345".to_owned(), CodeProblem::Malformed),
            (wrong_code(&owner.secret, world.now()), CodeProblem::Wrong),
            (used, CodeProblem::Wrong),
            (ua.secret.code(world.now()), CodeProblem::Wrong),
        ] {
            let wish = Wish { code, role: "auditor".into(), ..right.clone() };
            assert_eq!(ask(&world, &owner, &wish).await, RoleOutcome::Code(problem));
        }
        let after = Dump::of(&world).await;
        for table in ["memberships", "outbox"] {
            assert_eq!(before.0[table], after.0[table]);
        }
        assert_eq!(role_in(&world, &ua, &world.a).await, Some(Role::Admin));
    }

    async fn access_ends_to_the_second_in_sessions_that_are_open(world: World) {
        let owner = world.with_role(&world.a, Role::Owner).await;
        let ub = world.member(&world.b).await;
        for (until, problem) in [
            ("soon", EndProblem::NoDate),
            (&in_days(&world, -1), EndProblem::Past),
            (&in_days(&world, 6 * 366), EndProblem::TooFar),
        ] {
            assert_eq!(give(&world, &owner, &world.a, &ub.address, "admin", until).await, RoleOutcome::End(problem));
        }
        let day = in_days(&world, 3);
        let given = give(&world, &owner, &world.a, &ub.address, "admin", &day).await;
        let RoleOutcome::Given { until: Some(ends_at), .. } = given else { panic!("{given:?}") };
        assert_eq!(last_day(ends_at), day);
        world.advance(ends_at - (world.now() + Span::seconds(1)));
        let token = world.session_token(&ub).await;
        let mut browser = Browser::new(&world).await.with(SESSION, &token);
        let role = async || world.find(&token).await.unwrap().actor.role_in(world.a.id);
        assert_eq!(role().await, Some(Role::Admin));
        assert_eq!(browser.get(&format!("/customers/{}", world.a.id)).await.status, StatusCode::OK);
        assert!(browser.get("/users").await.body.contains(&owner.address));
        world.advance(Span::seconds(1));
        assert_eq!(role().await, None);
        assert_eq!(browser.get(&format!("/customers/{}", world.a.id)).await.status, StatusCode::NOT_FOUND);
        assert!(!browser.get("/users").await.body.contains(&owner.address));
        // What is over is no role: it can be given anew, and the list no longer has it.
        let actor = world.actor(&owner).await;
        let mut conn = world.platform.db.read().await.unwrap();
        let people = people::people(&mut conn, &actor, world.a.id, None, world.now()).await.unwrap().unwrap();
        drop(conn);
        assert_eq!((people.total, people.people.len()), (1, 1));
        assert_eq!(change(&world, &owner, &world.a, &ub, "none").await, RoleOutcome::Unknown);
        let again = give(&world, &owner, &world.a, &ub.address, "auditor", "").await;
        assert_eq!(again, RoleOutcome::Given { name: ub.name.clone(), role: Role::Auditor, until: None });
    }

    async fn an_end_is_moved_and_the_role_stays_as_old_as_it_is(world: World) {
        let owner = world.with_role(&world.a, Role::Owner).await;
        let guest = guest(&world, Role::Admin, None).await;
        let held = async || {
            let actor = world.actor(&owner).await;
            let mut conn = world.platform.db.read().await.unwrap();
            people::held(&mut conn, &actor, world.a.id, guest.user.id, world.now()).await.unwrap().unwrap()
        };
        let since = held().await.since;
        let day = in_days(&world, 30);
        let wished = wish(&world, &owner, world.a.id, Whom::User(guest.user.id), "admin", &day);
        assert!(matches!(ask(&world, &owner, &wished).await, RoleOutcome::Given { until: Some(_), .. }));
        assert_eq!(held().await.since, since);
        assert_eq!(held().await.ends_at.map(last_day), Some(day));
        // The same again is nothing new, and nobody is written to.
        let mails = world.rows_of("outbox", guest.user).await;
        let wished = Wish { code: world.fresh_code(&owner), ..wished };
        assert_eq!(ask(&world, &owner, &wished).await, RoleOutcome::Same);
        assert_eq!(world.rows_of("outbox", guest.user).await, mails);
        // Another role is a new one.
        assert!(matches!(change(&world, &owner, &world.a, &guest, "auditor").await, RoleOutcome::Given { .. }));
        assert!(held().await.since > since && held().await.ends_at.is_none());
    }

    async fn whoever_is_at_home_keeps_a_membership_without_end(world: World) {
        let (owner, ua) = (world.with_role(&world.a, Role::Owner).await, world.member(&world.a).await);
        let day = in_days(&world, 10);
        assert_eq!(give(&world, &owner, &world.a, &ua.address, "admin", &day).await, RoleOutcome::AtHome);
        let wished = wish(&world, &owner, world.a.id, Whom::User(ua.user.id), "admin", &day);
        assert_eq!(ask(&world, &owner, &wished).await, RoleOutcome::AtHome);
        assert!(matches!(give(&world, &owner, &world.a, &ua.address, "admin", "").await, RoleOutcome::Given { .. }));
        let back = change(&world, &owner, &world.a, &ua, "none").await;
        assert_eq!(back, RoleOutcome::Given { name: ua.name.clone(), role: Role::Member, until: None });
        let ends = "SELECT COUNT(*) FROM memberships WHERE customer_id = user_customer_id AND ends_at IS NOT NULL";
        assert_eq!(world.count(ends).await, 0);
        assert_eq!(role_in(&world, &ua, &world.a).await, Some(Role::Member));
    }

    async fn an_owner_for_good_always_stays(world: World) {
        let last = world.with_role(&world.a, Role::Owner).await;
        let until = world.now() + Span::hours(24 * 20);
        let passing = guest(&world, Role::Owner, Some(until)).await;
        // Those who could not sign in do not count.
        let no_help = world.person(&world.a, Who { role: Role::Owner, suspended: true, ..Who::MEMBER }).await;
        world.person(&world.a, Who { role: Role::Owner, ..Who::NEW }).await;
        let before = Dump::of(&world).await;
        for to in ["admin", "auditor", "none"] {
            assert_eq!(change(&world, &passing, &world.a, &last, to).await, RoleOutcome::NoOwnerLeft, "{to}");
            let (what, details) = world.last_recorded(world.a.id).await;
            assert!(what == "change_refused" && details.contains("no_owner_left"), "{what} {details}");
        }
        let after = Dump::of(&world).await;
        for table in ["memberships", "outbox"] {
            assert_eq!(before.0[table], after.0[table]);
        }
        assert!(matches!(change(&world, &passing, &world.a, &no_help, "none").await, RoleOutcome::Given { .. }));
        // With another one for good it is a matter of the two.
        let second = guest(&world, Role::Owner, None).await;
        assert!(matches!(change(&world, &passing, &world.a, &last, "admin").await, RoleOutcome::Given { .. }));
        // Nor is an end put to the last one's role.
        let day = in_days(&world, 10);
        let wished = wish(&world, &passing, world.a.id, Whom::User(second.user.id), "owner", &day);
        assert_eq!(ask(&world, &passing, &wished).await, RoleOutcome::NoOwnerLeft);
    }

    async fn of_two_owners_who_unmake_each_other_one_stays(world: World) {
        let other_node = world.second_node().await;
        for round in 0..8 {
            let customer = if round % 2 == 0 { &world.a } else { &world.b };
            let (one, two) = (world.with_role(&world.a, Role::Owner).await, world.with_role(&world.b, Role::Owner).await);
            for (person, home) in [(&one, &world.a), (&two, &world.b)] {
                if home.id != customer.id {
                    world.grant(person, customer, Role::Owner).await;
                }
            }
            world.advance(Span::seconds(60));
            let wishes = [(&one, &two), (&two, &one)].map(|(asking, target)| Wish {
                customer: customer.id,
                whom: Whom::User(target.user.id),
                role: "auditor".into(),
                until: String::new(),
                code: asking.secret.code(world.now()),
            });
            let sessions = [world.session(&one).await, world.session(&two).await];
            let tasks: Vec<_> = [world.clone(), other_node.clone()]
                .into_iter()
                .zip(sessions)
                .zip(wishes)
                .map(|((world, session), wish)| {
                    tokio::spawn(async move {
                        roles::change(&world.platform, &world.origin, &session, &wish).await.unwrap().outcome
                    })
                })
                .collect();
            let mut outcomes = Vec::new();
            for task in tasks {
                outcomes.push(task.await.unwrap());
            }
            let won = outcomes.iter().filter(|outcome| matches!(outcome, RoleOutcome::Given { .. })).count();
            let lost = outcomes.iter().filter(|outcome| matches!(outcome, RoleOutcome::Refused(_))).count();
            assert_eq!((won, lost), (1, 1), "round {round}: {outcomes:?}");
            let owners = [role_in(&world, &one, customer).await, role_in(&world, &two, customer).await];
            assert_eq!(owners.iter().filter(|role| **role == Some(Role::Owner)).count(), 1, "round {round}");
        }
        world.assert_chains_whole().await;
    }

    async fn the_person_concerned_is_told_and_nobody_else(world: World) {
        let owner = world.with_role(&world.a, Role::Owner).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        let day = in_days(&world, 10);
        give(&world, &owner, &world.a, &ub.address, "auditor", &day).await;
        change(&world, &owner, &world.a, &ub, "none").await;
        change(&world, &owner, &world.a, &ua, "admin").await;
        let mailbox = DevMailbox::new();
        deliver_due(&world.platform, &Transport::Mailbox(mailbox.clone())).await.unwrap();
        let mut mails: Vec<String> = mailbox.newest_first().iter().map(|mail| format!("{mail:?}")).collect();
        mails.reverse();
        assert_eq!(mails.len(), 3);
        let has = |words: &[&str]| mails.iter().filter(|mail| words.iter().all(|word| mail.contains(word))).count();
        // Whoever gives from elsewhere is introduced; whoever is at home in the same customer is known there.
        let elsewhere = format!("{} (A)", owner.name);
        assert_eq!(has(&[&ub.address, "role of auditor in A", "ends by itself after", &elsewhere]), 1, "{mails:?}");
        assert_eq!(has(&[&ub.address, "ended your access to A"]), 1);
        assert_eq!(has(&[&ua.address, "role of admin in A"]), 1);
        assert_eq!(has(&[&owner.address]), 0);
        let stored = Dump::of(&world).await.0["outbox"].clone();
        assert!(!format!("{stored:?}").contains(&ub.secret.base32()));
    }

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
            assert_eq!(profile.customer.policy, rekey::domain::customer::Policy::default());
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
            ("", AddOutcome::NameMissing),
            ("\r\n\0", AddOutcome::NameMissing),
            (&"x".repeat(201), AddOutcome::NameTooLong),
            ("a", AddOutcome::NameTaken),
            ("Ａ", AddOutcome::NameTaken),
            // Without a code nobody learns that there is a B.
            ("b", AddOutcome::Code(CodeProblem::Malformed)),
            ("C", AddOutcome::Code(CodeProblem::Malformed)),
        ] {
            assert_eq!(add(&world, &owner, name, "").await, outcome, "{name}");
            untouched().await;
        }
        let code = world.fresh_code(&owner);
        assert_eq!(add(&world, &owner, "b", &code).await, AddOutcome::NameTaken);
        assert_eq!(world.count("SELECT COUNT(*) FROM customers").await, 2);
    }

    async fn a_form_that_was_refused_keeps_what_was_typed(world: World) {
        let (owner, ub) = (world.with_role(&world.a, Role::Owner).await, world.member(&world.b).await);
        make_provider(&world, &world.a).await;
        let mut browser = Browser::signed_in(&world, &owner).await;
        assert!(browser.get("/customers").await.body.contains("/customers/new"));
        let fields = [("name", "a"), ("help_desk", "+49 40 7"), ("code", "123456")];
        let answer = browser.post("/api/access/add", "/customers/new", &fields).await;
        assert!(answer.location().starts_with(&format!("https://{HOST}/customers/new")), "{}", answer.location());
        let page = browser.get("/customers/new").await.body;
        assert!(page.contains("There is a customer with this name already.") && page.contains("+49 40 7"), "{page}");
        let give_page = format!("/customers/{}/people/give", world.a.id);
        let (customer, day) = (world.a.id.to_string(), in_days(&world, 3));
        let code = world.fresh_code(&owner);
        let mut fields = [
            ("customer", customer.as_str()),
            ("address", "nobody@b.example"),
            ("role", "auditor"),
            ("until", &day),
            ("code", &code),
        ];
        browser.post("/api/access/give", &give_page, &fields).await;
        let page = browser.get(&give_page).await.body;
        assert!(page.contains("Nobody with this address can be given access here."), "{page}");
        assert!(page.contains("nobody@b.example") && page.contains(&day), "{page}");
        let code = world.fresh_code(&owner);
        (fields[1].1, fields[4].1) = (&ub.address, &code);
        let answer = browser.post("/api/access/give", &give_page, &fields).await;
        let people = format!("/customers/{}/people", world.a.id);
        assert_eq!(answer.location(), people);
        let page = browser.get(&people).await.body;
        assert!(page.contains("They were told by mail.") && page.contains(&ub.name), "{page}");
        // A customer that was added opens.
        let code = world.fresh_code(&owner);
        let fields = [("name", "Nord"), ("help_desk", ""), ("code", code.as_str())];
        let answer = browser.post("/api/access/add", "/customers/new", &fields).await;
        assert!(answer.location().starts_with("/customers/"), "{}", answer.location());
        let page = browser.get(answer.location()).await.body;
        assert!(page.contains("is a customer now"), "{page}");
    }

    async fn a_foreign_customer_answers_like_a_made_up_one(world: World) {
        let (ua, secret_owner) = (world.member(&world.a).await, world.with_role(&world.a, Role::Owner).await);
        let made_up = CustomerId::new(START, [9; 10]).to_string();
        let nobody = UserId::new(START, [9; 10]).to_string();
        let (a, person) = (world.a.id.to_string(), ua.user.id.to_string());
        for asking in [world.with_role(&world.b, Role::Owner).await, world.member(&world.b).await, ua.clone()] {
            let mut browser = Browser::signed_in(&world, &asking).await;
            for path in ["/customers/C", "/customers/C/people", "/customers/C/people/give", "/customers/C/people/U"] {
                let there = browser.get(&path.replace('C', &a).replace('U', &person)).await;
                let nowhere = browser.get(&path.replace('C', &made_up).replace('U', &nobody)).await;
                assert_eq!((there.status, nowhere.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND), "{path}");
                let plain = |answer: &Answer, customer: &str, user: &str| {
                    without_nonce(&answer.body).replace(customer, "").replace(user, "")
                };
                assert_eq!(plain(&there, &a, &person), plain(&nowhere, &made_up, &nobody), "{path}");
                assert!(!there.body.contains(&secret_owner.name), "{path}");
            }
            let code = world.fresh_code(&asking);
            for path in ["/api/access/customer", "/api/access/people", "/api/access/role"] {
                let there = browser.call(path, &[("id", &a), ("user", &person)]).await;
                let nowhere = browser.call(path, &[("id", &made_up), ("user", &nobody)]).await;
                assert_eq!((there.status, &there.body), (nowhere.status, &nowhere.body), "{path}");
            }
            for (path, whom) in [("/api/access/give", "address"), ("/api/access/change", "user")] {
                let call = |customer: String, target: String| {
                    vec![
                        ("customer", customer),
                        (whom, target),
                        ("role", "admin".to_owned()),
                        ("code", code.clone()),
                    ]
                };
                let mut answers = Vec::new();
                for (customer, user, address) in
                    [(&a, &person, ua.address.as_str()), (&made_up, &nobody, "nobody@b.example")]
                {
                    let target = if whom == "user" { user.clone() } else { address.to_owned() };
                    let fields = call(customer.clone(), target);
                    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
                    let answer = browser.call(path, &fields).await;
                    answers.push((answer.status, answer.body));
                    let (what, _) = world.last_recorded(asking.user.customer).await;
                    assert_eq!(what, "change_refused", "{path}");
                }
                assert_eq!(answers[0], answers[1], "{path}");
                assert_eq!(answers[0].1, "\"Unknown\"", "{path}");
            }
        }
        assert_eq!(role_in(&world, &ua, &world.a).await, Some(Role::Member));
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
            backup_codes::service::spend(&mut tx, &world.platform, ready[0].user, code).await.unwrap();
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
            assert_eq!((number, number), (count, i64::try_from(list.rows.len()).unwrap()), "{filter:?}");
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

    async fn the_people_of_a_customer_are_those_who_may_do_something_there(world: World) {
        let owner = world.with_role(&world.a, Role::Owner).await;
        let auditors = world.people(&world.a, Who { role: Role::Auditor, ..Who::MEMBER }, 60).await;
        let admin = world.with_role(&world.a, Role::Admin).await;
        let from_elsewhere = guest(&world, Role::Auditor, Some(world.now() + Span::hours(1))).await;
        world.people(&world.a, Who::MEMBER, 5).await;
        world.with_role(&world.b, Role::Owner).await;
        let reader = world.actor(&auditors[0]).await;
        let mut conn = world.platform.db.read().await.unwrap();
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = people::people(&mut conn, &reader, world.a.id, cursor.as_deref(), world.now()).await.unwrap();
            let page = page.unwrap();
            assert_eq!(page.total, 63);
            seen.extend(page.people);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), 63);
        assert_eq!((seen[0].user, seen[1].user), (owner.user, admin.user));
        let once: BTreeSet<UserId> = seen.iter().map(|held| held.user.id).collect();
        assert_eq!(once.len(), 63);
        let guest = seen.iter().find(|held| held.user == from_elsewhere.user).unwrap();
        assert_eq!((guest.home.as_str(), guest.role, guest.ends_at.is_some()), ("B", Role::Auditor, true));
        for cursor in ["", "~~", "9~x~y", "-1~01mcc5rm003kab9w64hq9mjq2v~", "\0"] {
            let page = people::people(&mut conn, &reader, world.a.id, Some(cursor), world.now()).await.unwrap();
            assert!(page.is_some(), "{cursor:?}");
        }
        assert!(people::people(&mut conn, &reader, world.b.id, None, world.now()).await.unwrap().is_none());
    }
}
