//! Who may give which role where, access that ends by itself, and who holds what.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use rekey::domain::access::{EndProblem, RoleOutcome, last_day};
use rekey::domain::authority::{Actor, Refusal, Role};
use rekey::domain::ids::UserId;
use rekey::domain::sign_in::CodeProblem;
use rekey::domain::time::Span;
use rekey::features::access::people;
use rekey::features::access::roles::{self, Whom, Wish};
use rekey::features::outbox::mailbox::DevMailbox;
use rekey::features::outbox::worker::{Transport, deliver_due};

use super::super::browser::*;
use super::super::dump::Dump;
use super::super::harness::*;
use super::{ask, change, give, guest, in_days, role_in, wish};

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
        assert_eq!((guest.role, guest.ends_at.is_some()), (Role::Auditor, true));
        // Who else is a customer here is told to those who know it, and the provider's name to its customers.
        assert_eq!(guest.home, None);
        let home_of = async |reader: &Actor| {
            let mut conn = world.platform.db.read().await.unwrap();
            people::held(&mut conn, reader, world.a.id, from_elsewhere.user.id, world.now()).await.unwrap().unwrap().home
        };
        assert_eq!(home_of(&reader).await, None);
        world.grant(&auditors[0], &world.b, Role::Auditor).await;
        assert_eq!(home_of(&world.actor(&auditors[0]).await).await.as_deref(), Some("B"));
        let mut tx = world.platform.db.begin().await.unwrap();
        rekey::features::customers::service::set_provider(&mut tx, world.a.id, world.b.id).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(home_of(&reader).await.as_deref(), Some("B"));
        for cursor in ["", "~~", "9~x~y", "-1~01mcc5rm003kab9w64hq9mjq2v~", "\0"] {
            let page = people::people(&mut conn, &reader, world.a.id, Some(cursor), world.now()).await.unwrap();
            assert!(page.is_some(), "{cursor:?}");
        }
        assert!(people::people(&mut conn, &reader, world.b.id, None, world.now()).await.unwrap().is_none());
    }
}
