//! Who hears of a request, who sees it, and what is recorded.

use rekey::domain::approval::{Answered, Decision};
use rekey::domain::authority::Role;
use rekey::domain::ids::ResetId;
use rekey::domain::mail::Mail;
use rekey::domain::time::Span;
use rekey::domain::user::UserRef;
use rekey::features::outbox::worker::{Transport, deliver_due};
use rekey::features::reset::approval::expire;
use rekey::features::reset::approval_view::waiting;
use rekey::features::reset::run;
use rekey::features::reset::service::view;

use super::super::browser::*;
use super::super::dump::Dump;
use super::super::harness::*;
use super::super::smtp_sink::Sink;
use super::{always, approved_by, asked, declined_by, withdrawn_by};

/// Who has a mail of this kind about this reset.
async fn mailed(world: &World, kind: &str, id: ResetId) -> Vec<(UserRef, Mail)> {
    let mut conn = world.platform.db.read().await.unwrap();
    let rows: Vec<(rekey::domain::ids::CustomerId, rekey::domain::ids::UserId, String)> =
        sqlx::query_as("SELECT customer_id, user_id, mail FROM outbox ORDER BY customer_id, user_id")
            .fetch_all(&mut *conn)
            .await
            .unwrap();
    let read =
        |(customer, id, mail): (_, _, String)| (UserRef { customer, id }, serde_json::from_str::<Mail>(&mail).unwrap());
    let about = |mail: &Mail| match mail {
        Mail::ApprovalAsked { reset, .. } | Mail::ApprovalDecided { reset, .. } | Mail::ApprovalOver { reset, .. } => {
            *reset == id
        }
        _ => false,
    };
    rows.into_iter().map(read).filter(|(_, mail)| mail.kind() == kind && about(mail)).collect()
}

fn sorted(people: &[&Person]) -> Vec<UserRef> {
    let mut users: Vec<UserRef> = people.iter().map(|person| person.user).collect();
    users.sort_unstable();
    users
}

both! {
    async fn where_an_approver_is_at_home_is_told_to_who_may_know_it(world: World) {
        always(&world, &world.a).await;
        let owner = world.with_role(&world.a, Role::Owner).await;
        let far = world.with_role(&world.b, Role::Member).await;
        world.grant(&far, &world.a, Role::Owner).await;
        let id = asked(&world, &owner, &[world.member(&world.a).await.user]).await;
        let mut browser = Browser::signed_in(&world, &owner).await;
        let path = format!("/resets/{id}");
        let introduced = format!("{} (B)", far.name);
        let page = browser.get(&path).await.body;
        assert!(page.contains(&far.name) && !page.contains(&introduced), "{page}");
        let provider = format!("UPDATE customers SET provider_id = '{}' WHERE id = '{}'", world.b.id, world.a.id);
        world.execute(&provider).await;
        let page = browser.get(&path).await.body;
        assert!(page.contains(&introduced), "{page}");
    }

    async fn those_who_may_approve_are_mailed_and_nobody_else(world: World) {
        always(&world, &world.a).await;
        let admin = world.with_role(&world.a, Role::Admin).await;
        world.grant(&admin, &world.b, Role::Admin).await;
        let (in_a, in_b) = (world.with_role(&world.a, Role::Owner).await, world.with_role(&world.b, Role::Owner).await);
        let of_both = world.with_role(&world.a, Role::Admin).await;
        world.grant(&of_both, &world.b, Role::Admin).await;
        let from_b = world.with_role(&world.b, Role::Owner).await;
        world.grant(&from_b, &world.a, Role::Owner).await;
        // A role elsewhere that reads, one that has ended, no factor, suspended, and in the plan: none of them may.
        let reads = world.with_role(&world.a, Role::Owner).await;
        world.grant(&reads, &world.b, Role::Auditor).await;
        let mut none = Vec::new();
        for who in [Who::NEW, Who { suspended: true, ..Who::MEMBER }, Who { invited: true, ..Who::MEMBER }] {
            none.push(world.person(&world.a, Who { role: Role::Owner, ..who }).await);
        }
        none.push(world.with_role(&world.a, Role::Owner).await);
        for person in &none {
            world.grant(person, &world.b, Role::Owner).await;
        }
        world.execute(&format!("UPDATE memberships SET ends_at = 1 WHERE user_id = '{}' AND customer_id = '{}'", none[3].user.id, world.b.id)).await;
        let in_plan = world.with_role(&world.a, Role::Admin).await;
        world.grant(&in_plan, &world.b, Role::Admin).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);

        let id = asked(&world, &admin, &[ua.user, in_plan.user, ub.user]).await;
        let mails = mailed(&world, "approval_asked", id).await;
        assert_eq!(mails.iter().map(|(user, _)| *user).collect::<Vec<_>>(), sorted(&[&of_both, &from_b]));
        for (user, mail) in mails {
            let Mail::ApprovalAsked { by, people, places, more_places, until, reason, ticket, at, .. } = mail else {
                panic!("another mail")
            };
            let from_elsewhere = format!("{} (A)", admin.name);
            assert_eq!(by, if user.customer == world.a.id { admin.name.clone() } else { from_elsewhere });
            assert_eq!((people, places.as_slice(), more_places), (3, ["A".to_owned(), "B".to_owned()].as_slice(), 0));
            assert_eq!((reason.as_deref(), ticket.as_deref()), (Some("Lost phone"), Some("T-1")));
            assert_eq!((at, until), (world.now(), world.now() + Span::hours(24)));
        }
        // Of one customer, its owners and admins; with an owner in it, its owners.
        let id = asked(&world, &admin, &[ua.user]).await;
        let in_one: Vec<UserRef> = mailed(&world, "approval_asked", id).await.into_iter().map(|(user, _)| user).collect();
        assert_eq!(in_one, sorted(&[&in_a, &of_both, &from_b, &reads, &none[3], &in_plan]));
        let id = asked(&world, &in_a, &[reads.user]).await;
        let owners: Vec<UserRef> = mailed(&world, "approval_asked", id).await.into_iter().map(|(user, _)| user).collect();
        assert_eq!(owners, sorted(&[&from_b, &none[3]]));
        assert_eq!(world.rows_of("outbox", in_b.user).await, 0);
        // However many may, twenty are asked, the owners among them.
        world.people(&world.a, Who { role: Role::Admin, ..Who::MEMBER }, 30).await;
        let id = asked(&world, &admin, &[ua.user]).await;
        let mails = mailed(&world, "approval_asked", id).await;
        assert_eq!(mails.len(), 20);
        for owner in [&in_a, &from_b, &reads, &none[3]] {
            assert!(mails.iter().any(|(user, _)| *user == owner.user));
        }
        world.assert_chains_whole().await;
    }

    async fn the_mail_leads_to_the_plan_and_the_answer_back(world: World) {
        always(&world, &world.a).await;
        let (admin, other) = (world.with_role(&world.a, Role::Admin).await, world.with_role(&world.a, Role::Admin).await);
        let ua = world.member(&world.a).await;
        let sink = Sink::open();
        let servers = config(&["--smtp-url", &sink.url(), "--base-url", "https://rekey.example"]);
        let transport = Transport::servers(&servers).unwrap();
        let mut decided = Vec::new();
        for decision in [Decision::Approved, Decision::Declined, Decision::ChangesAsked] {
            let id = asked(&world, &admin, &[ua.user]).await;
            let answered = match decision {
                Decision::Approved => approved_by(&world, &other, id).await,
                _ => declined_by(&world, &other, id, decision == Decision::ChangesAsked, "Ask Ines first").await,
            };
            assert_eq!(answered, Answered::Done(decision));
            let mails = mailed(&world, "approval_decided", id).await;
            let [(user, Mail::ApprovalDecided { by, people, decision: told, reason, .. })] = mails.as_slice() else {
                panic!("{mails:?}")
            };
            assert_eq!((*user, by, *people, *told), (admin.user, &other.name, 1, decision));
            assert_eq!(reason.as_deref(), (decision != Decision::Approved).then_some("Ask Ines first"));
            decided.push(id);
        }
        deliver_due(&world.platform, &transport).await.unwrap();
        let taken = sink.arrived();
        for id in decided {
            let way = format!("https://rekey.example/resets/{id}");
            let to = |person: &Person| {
                taken.iter().filter(|mail| mail.to.contains(&person.address) && mail.text.contains(&way)).count()
            };
            assert_eq!((to(&other), to(&admin)), (1, 1));
        }
    }

    async fn everybody_who_was_asked_hears_when_it_is_over(world: World) {
        always(&world, &world.a).await;
        let admin = world.with_role(&world.a, Role::Admin).await;
        let (one, two) = (world.with_role(&world.a, Role::Admin).await, world.with_role(&world.a, Role::Owner).await);
        let elsewhere = world.with_role(&world.b, Role::Admin).await;
        world.grant(&elsewhere, &world.a, Role::Admin).await;
        let gone = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        for decision in Decision::ALL {
            let id = asked(&world, &admin, &[ua.user]).await;
            if *decision == Decision::Withdrawn {
                world.execute(&format!("UPDATE users SET removed_at = 1 WHERE id = '{}'", gone.user.id)).await;
            }
            let (done, asked_at) = (Answered::Done(*decision), world.now());
            match decision {
                Decision::Approved => assert_eq!(approved_by(&world, &one, id).await, done),
                Decision::Declined => assert_eq!(declined_by(&world, &one, id, false, "No").await, done),
                Decision::ChangesAsked => assert_eq!(declined_by(&world, &one, id, true, "No").await, done),
                Decision::Withdrawn => assert_eq!(withdrawn_by(&world, &admin, id).await, done),
                Decision::Expired => {
                    world.advance(Span::hours(24));
                    let other = world.second_node().await;
                    let (here, there) = tokio::join!(expire(&world.platform), expire(&other.platform));
                    here.unwrap();
                    there.unwrap();
                    let (_, details) = world.recorded_with_details(world.a.id, "approval_expired").await;
                    assert!(details.contains(&id.to_string()), "{details}");
                }
            }
            let mut told = vec![&two, &elsewhere];
            if matches!(decision, Decision::Withdrawn | Decision::Expired) {
                told.push(&one);
            } else {
                told.push(&gone);
            }
            let mails = mailed(&world, "approval_over", id).await;
            assert_eq!(mails.iter().map(|(user, _)| *user).collect::<Vec<_>>(), sorted(&told), "{decision}");
            for (user, mail) in mails {
                let Mail::ApprovalOver { by, people, decision: said, at: when, .. } = mail else { panic!("{mail:?}") };
                let who = if matches!(decision, Decision::Withdrawn | Decision::Expired) { &admin } else { &one };
                let name = if user == elsewhere.user { format!("{} (A)", who.name) } else { who.name.clone() };
                // A code of theirs is taken some time after they were asked.
                let is_late = *decision == Decision::Expired;
                let over_at = if is_late { asked_at + Span::hours(24) } else { world.now() };
                assert_eq!((by, people, said, when), (name, 1, *decision, over_at));
            }
            let to_requester = mailed(&world, "approval_decided", id).await;
            let expected = usize::from(*decision != Decision::Withdrawn);
            assert_eq!(to_requester.len(), expected, "who takes it back knows");
            assert!(to_requester.iter().all(|(user, _)| *user == admin.user));
        }
        // Nothing is left to expire, and what is over stays as it was.
        let before = Dump::of(&world).await;
        expire(&world.platform).await.unwrap();
        assert_eq!(before, Dump::of(&world).await);
        world.assert_chains_whole().await;
    }

    async fn a_request_is_seen_by_those_who_may_decide(world: World) {
        always(&world, &world.a).await;
        let admin = world.with_role(&world.a, Role::Admin).await;
        world.grant(&admin, &world.b, Role::Admin).await;
        let of_both = world.with_role(&world.b, Role::Admin).await;
        world.grant(&of_both, &world.a, Role::Admin).await;
        let in_a = world.with_role(&world.a, Role::Owner).await;
        let auditor = world.with_role(&world.a, Role::Auditor).await;
        world.grant(&auditor, &world.b, Role::Auditor).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        let in_both = asked(&world, &admin, &[ua.user, ub.user]).await;
        let in_one = asked(&world, &admin, &[ua.user]).await;
        let draft = world.plan(&admin, &[ua.user]).await;
        let sees = async |person: &Person| {
            let actor = world.actor(person).await;
            let mut seen = Vec::new();
            for id in [in_both, in_one, draft] {
                let view = view(&world.platform, &actor, id).await.unwrap();
                seen.push(view.is_some());
                if let Some(view) = view {
                    assert_eq!(view.reset.plan_hash, world.plan_hash(id).await);
                    assert_eq!(view.items.len(), if id == in_both { 2 } else { 1 }, "whole");
                }
            }
            let mut conn = world.platform.db.read().await.unwrap();
            let listed = waiting(&mut conn, &actor, world.now()).await.unwrap();
            let listed: Vec<_> = listed.into_iter().map(|row| (row.reset.id, row.people, row.is_mine)).collect();
            (seen, listed)
        };
        let both = |is_mine| vec![(in_both, 2, is_mine), (in_one, 1, is_mine)];
        assert_eq!(sees(&admin).await, (vec![true, true, true], both(true)));
        assert_eq!(sees(&of_both).await, (vec![true, true, false], both(false)));
        assert_eq!(sees(&in_a).await, (vec![false, true, false], vec![(in_one, 1, false)]));
        for person in [&auditor, &ua, &ub] {
            assert_eq!(sees(person).await, (vec![false, false, false], vec![]));
        }
        // What is decided leaves the list; whoever could have decided still sees what became of it.
        assert_eq!(declined_by(&world, &in_a, in_one, false, "no").await, Answered::Done(Decision::Declined));
        assert_eq!(sees(&of_both).await, (vec![true, true, false], vec![(in_both, 2, false)]));
        world.advance(Span::hours(24));
        assert_eq!(sees(&of_both).await, (vec![true, true, false], vec![]));
    }

    async fn what_is_recorded_stands_in_each_customer_concerned(world: World) {
        always(&world, &world.a).await;
        let admin = world.with_role(&world.a, Role::Admin).await;
        world.grant(&admin, &world.b, Role::Admin).await;
        let other = world.with_role(&world.b, Role::Admin).await;
        world.grant(&other, &world.a, Role::Admin).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        let id = asked(&world, &admin, &[ua.user, ub.user]).await;
        let seal = rekey::domain::plan::seal(&world.plan_hash(id).await);
        let recorded = async |what: &str, said: &[&str]| {
            for customer in [world.a.id, world.b.id] {
                let (_, details) = world.recorded_with_details(customer, what).await;
                for said in said.iter().chain([&seal.as_str(), &id.to_string().as_str()]) {
                    assert!(details.contains(said), "{what}: {said} in {details}");
                }
            }
        };
        recorded("approval_asked", &["\"users\":\"1\"", "Lost phone", "T-1"]).await;
        assert_eq!(approved_by(&world, &other, id).await, Answered::Done(Decision::Approved));
        recorded("reset_approved", &["\"decision\":\"approved\""]).await;
        run::run(&world.platform, id).await.unwrap();
        let by = format!(
            "SELECT COUNT(*) FROM audit_events WHERE what = 'reset_approved' AND actor_id = '{}'",
            other.user.id
        );
        assert_eq!(world.count(&by).await, 2);
        let id = asked(&world, &admin, &[ua.user, ub.user]).await;
        assert_eq!(declined_by(&world, &other, id, true, "Only Ub").await, Answered::Done(Decision::ChangesAsked));
        for customer in [world.a.id, world.b.id] {
            let (_, details) = world.recorded_with_details(customer, "reset_declined").await;
            assert!(details.contains("\"why\":\"Only Ub\"") && details.contains("changes_asked"), "{details}");
        }
        world.assert_chains_whole().await;
    }

    async fn the_whole_way_without_a_script(world: World) {
        always(&world, &world.a).await;
        let (admin, other) = (world.with_role(&world.a, Role::Admin).await, world.with_role(&world.a, Role::Owner).await);
        let ua = world.member(&world.a).await;
        let mut browser = Browser::signed_in(&world, &admin).await;
        let review = async |browser: &mut Browser| {
            let planned = browser.post("/api/reset/plan", "/users", &[("users[0]", &ua.user.id.to_string())]).await;
            let path = planned.location().to_owned();
            let id: ResetId = path.strip_prefix("/resets/").unwrap().parse().unwrap();
            let page = browser.get(&path).await.body;
            assert!(page.contains("A second person has to approve this."), "{page}");
            assert!(page.contains("1 person of one customer would be reset; it asks for that from 1 on."), "{page}");
            assert!(page.contains(&other.name) && page.contains("Ask for approval") && !page.contains("Reset 1 user"));
            let (hash, code) = (world.plan_hash(id).await, world.fresh_code(&admin));
            let (id, reason) = (id.to_string(), ("reason", "Lost phone"));
            let fields = [("id", id.as_str()), ("hash", &hash), reason, ("ticket", "T-1"), ("code", &code)];
            let sent = browser.post("/api/reset/confirm", &path, &fields).await;
            assert_eq!(sent.location(), path);
            (path, id, hash)
        };
        let (path, id, hash) = review(&mut browser).await;
        let page = browser.get(&path).await.body;
        assert!(page.contains("Waiting for approval") && page.contains("/api/reset/withdraw"), "{page}");
        assert!(page.contains(&other.name) && !page.contains("/api/reset/approve"), "{page}");
        let list = browser.get("/resets?show=waiting").await.body;
        assert!(list.contains("Waiting for somebody’s approval") && list.contains(&path), "{list}");

        let mut approver = Browser::signed_in(&world, &other).await;
        let list = approver.get("/resets?show=waiting").await.body;
        assert!(list.contains("Waiting for your approval") && list.contains(&path), "{list}");
        let page = approver.get(&path).await.body;
        assert!(page.contains("Review before you approve") && page.contains("Approve and reset 1 user"), "{page}");
        assert!(page.contains("Lost phone") && page.contains("T-1") && page.contains(&admin.name), "{page}");
        assert!(page.contains(&rekey::domain::plan::seal(&hash)), "the same seal");
        // Nothing typed is lost but the code.
        approver.post("/api/reset/approve", &path, &[("id", &id), ("hash", &hash), ("code", "1")]).await;
        assert!(approver.get(&path).await.body.contains("A code has 6 digits."));
        approver.post("/api/reset/decline", &path, &[("id", &id), ("decision", "declined"), ("why", " ")]).await;
        assert!(approver.get(&path).await.body.contains("Say in a few words why."));
        let fields = [("id", id.as_str()), ("decision", "changes_asked"), ("why", "Call them first")];
        approver.post("/api/reset/decline", &path, &fields).await;
        for browser in [&mut approver, &mut browser] {
            let page = browser.get(&path).await.body;
            assert!(page.contains("Changes are asked for") && page.contains("Call them first"), "{page}");
            assert!(page.contains(&other.name) && !page.contains("/api/reset/approve"), "{page}");
        }

        let (path, id, hash) = review(&mut browser).await;
        // Of the requester's own, whatever they send.
        let code = world.fresh_code(&admin);
        browser.post("/api/reset/approve", &path, &[("id", &id), ("hash", &hash), ("code", &code)]).await;
        let page = browser.get(&path).await.body;
        assert!(page.contains("You asked for this reset yourself.") && page.contains("Waiting for approval"), "{page}");
        let code = world.fresh_code(&other);
        let sent = approver.post("/api/reset/approve", &path, &[("id", &id), ("hash", &hash), ("code", &code)]).await;
        assert_eq!(sent.location(), path);
        let page = approver.get(&path).await.body;
        assert!(page.contains("0</b> of 1 person is back") || page.contains("of 1 person is back"), "{page}");
        assert!(page.contains("approved by") && page.contains(&other.name), "{page}");
        assert_eq!(world.rows_of("methods", ua.user).await, 0);

        world.prove(&world.link_token(ua.user).await.unwrap()).await.unwrap();
        let (path, id, _) = review(&mut browser).await;
        browser.post("/api/reset/withdraw", &path, &[("id", &id)]).await;
        let page = browser.get(&path).await.body;
        assert!(page.contains("Withdrawn") && page.contains("Nobody was reset by this plan"), "{page}");
        assert!(!approver.get("/resets?show=waiting").await.body.contains("Waiting for your"));
    }
}
