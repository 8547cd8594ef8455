//! Who may approve, with what, and once.

use rekey::domain::approval::{Answered, Decision, State};
use rekey::domain::authority::Role;
use rekey::domain::ids::ResetId;
use rekey::domain::policy::Policy;
use rekey::domain::sign_in::{CodeProblem, Step};
use rekey::domain::time::Span;
use rekey::features::reset::approval::approve;
use rekey::features::reset::run;
use rekey::features::reset::service::Confirmed;
use rekey::features::sign_in::service::{Factor, Finished};

use super::super::harness::*;
use super::{always, approve_with, approved_by, asked, declined_by, rest, withdrawn_by};

/// Whatever this person sends is refused, changes nothing, and is recorded at their home with `why`.
async fn assert_refused(world: &World, person: &Person, id: ResetId, answer: Answered, why: &str) {
    let code = world.fresh_code(person);
    let before = rest(world).await;
    let recorded = world.count("SELECT COUNT(*) FROM audit_events").await;
    assert_eq!(approve_with(world, person, id, &code).await, answer, "{why}");
    assert_eq!(declined_by(world, person, id, true, "no").await, answer, "{why}");
    run::run(&world.platform, id).await.unwrap();
    assert_eq!(before, rest(world).await, "{why}");
    assert_eq!(world.count("SELECT COUNT(*) FROM audit_events").await, recorded + 2, "{why}");
    let (what, details) = world.last_recorded(person.user.customer).await;
    assert_eq!(what, "reset_refused");
    assert!(details.contains(&format!("\"{why}\"")) && details.contains(&id.to_string()), "{details}");
}

both! {
    async fn whoever_asked_never_approves(world: World) {
        always(&world, &world.a).await;
        let owner = world.with_role(&world.a, Role::Owner).await;
        world.grant(&owner, &world.b, Role::Owner).await;
        let other = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let id = asked(&world, &owner, &[ua.user]).await;
        // Each try is from another session of theirs.
        assert_refused(&world, &owner, id, Answered::Yours, "requester").await;
        world.grant(&owner, &world.a, Role::Admin).await;
        assert_refused(&world, &owner, id, Answered::Yours, "requester").await;
        // Nor does a plan that nobody asked approval for become one by being approved.
        let draft = world.plan(&owner, &[ua.user]).await;
        assert_refused(&world, &other, draft, Answered::Unknown, "not_asked").await;
        assert_refused(&world, &owner, draft, Answered::Unknown, "not_asked").await;
        // Only they take it back.
        let before = rest(&world).await;
        assert_eq!(withdrawn_by(&world, &other, id).await, Answered::Unknown);
        assert_eq!(before, rest(&world).await);
        let (what, details) = world.last_recorded(world.a.id).await;
        assert!(what == "reset_refused" && details.contains("not_yours"), "{what} {details}");
        assert_eq!(approved_by(&world, &other, id).await, Answered::Done(Decision::Approved));
    }

    async fn whoever_lacks_authority_over_one_of_them_does_not_approve(world: World) {
        always(&world, &world.a).await;
        let owner = world.with_role(&world.a, Role::Owner).await;
        world.grant(&owner, &world.b, Role::Owner).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        let far_owner = world.with_role(&world.a, Role::Owner).await;
        let id = asked(&world, &owner, &[ua.user, ub.user]).await;
        assert_refused(&world, &far_owner, id, Answered::Unknown, "no_role").await;
        for role in [Role::Auditor, Role::Member] {
            world.grant(&far_owner, &world.b, role).await;
            assert_refused(&world, &far_owner, id, Answered::Unknown, "no_role").await;
        }
        let stranger = world.with_role(&world.b, Role::Owner).await;
        assert_refused(&world, &stranger, id, Answered::Unknown, "no_role").await;
        assert_refused(&world, &ua, id, Answered::Unknown, "no_role").await;
        world.grant(&far_owner, &world.b, Role::Admin).await;
        // An owner in it is for owners.
        let in_it = world.with_role(&world.b, Role::Owner).await;
        let with_owner = asked(&world, &owner, &[ua.user, in_it.user]).await;
        assert_refused(&world, &far_owner, with_owner, Answered::Unknown, "owners_only").await;
        // Without a factor of their own nobody approves.
        world.execute(&format!("DELETE FROM methods WHERE user_id = '{}'", far_owner.user.id)).await;
        assert_refused(&world, &far_owner, id, Answered::Unknown, "no_factor_of_your_own").await;
        assert_eq!(world.count("SELECT COUNT(*) FROM resets WHERE decided_at IS NOT NULL").await, 0);
    }

    async fn whoever_was_reset_while_it_waited_keeps_what_they_have_by_now(world: World) {
        let (owner, admin) = (world.with_role(&world.a, Role::Owner).await, world.with_role(&world.a, Role::Admin).await);
        let users = world.people(&world.a, Who::MEMBER, 3).await;
        always(&world, &world.a).await;
        let id = asked(&world, &owner, &users_of(&users)).await;
        world.set_policy(&world.a, Policy::default()).await;
        world.advance(Span::hours(1));
        // One is back by now, and one on the way.
        world.reset(&admin, &[users[0].user, users[1].user]).await;
        let token = world.prove(&world.link_token(users[0].user).await.unwrap()).await.unwrap();
        world.register(&token).await.unwrap();
        let on_the_way = world.link_token(users[1].user).await.unwrap();
        assert_eq!(approved_by(&world, &admin, id).await, Answered::Done(Decision::Approved));
        run::run(&world.platform, id).await.unwrap();
        assert_eq!(world.rows_of("methods", users[0].user).await, 1);
        assert!(world.prove(&on_the_way).await.is_some());
        assert_eq!(world.rows_of("methods", users[2].user).await, 0);
        let skips = format!("SELECT COUNT(*) FROM reset_items WHERE reset_id = '{id}' AND skip = 'reset_since'");
        assert_eq!(world.count(&skips).await, 2);
        world.assert_chains_whole().await;
    }

    async fn whoever_is_in_it_does_not_approve_it(world: World) {
        always(&world, &world.a).await;
        let (owner, admin) = (world.with_role(&world.a, Role::Owner).await, world.with_role(&world.a, Role::Admin).await);
        let ua = world.member(&world.a).await;
        let id = asked(&world, &owner, &[ua.user, admin.user]).await;
        assert_refused(&world, &admin, id, Answered::Unknown, "yourself").await;
        // Who keeps everything loses nothing by approving it.
        world.execute(&format!("UPDATE users SET address_verified_at = NULL WHERE id = '{}'", admin.user.id)).await;
        let id = asked(&world, &owner, &[ua.user, admin.user]).await;
        assert_eq!(approved_by(&world, &admin, id).await, Answered::Done(Decision::Approved));
    }

    async fn without_a_fresh_code_for_this_very_plan_nothing_is_approved(world: World) {
        always(&world, &world.a).await;
        let (admin, other) = (world.with_role(&world.a, Role::Admin).await, world.with_role(&world.a, Role::Admin).await);
        let users = world.people(&world.a, Who::MEMBER, 2).await;
        let id = asked(&world, &admin, &[users[0].user]).await;
        let second = asked(&world, &admin, &[users[1].user]).await;
        let spent = world.fresh_code(&other);
        let token = world.challenge(&other, Step::Factor).await;
        assert!(matches!(world.finish(&token, &Factor::Code(spent.clone())).await, Finished::SignedIn { .. }));
        let session = world.session(&other).await;
        let (hash, others_hash) = (world.plan_hash(id).await, world.plan_hash(second).await);
        let wrong = wrong_code(&other.secret, world.now());
        let right = world.fresh_code(&other);
        let before = rest(&world).await;
        for (what, hash, code, expected) in [
            ("missing", &hash, String::new(), Answered::Code(CodeProblem::Malformed)),
            ("five digits", &hash, "12345".into(), Answered::Code(CodeProblem::Malformed)),
            ("a backup code", &hash, other.codes[0].shown(), Answered::Code(CodeProblem::Malformed)),
            ("wrong", &hash, wrong, Answered::Code(CodeProblem::Wrong)),
            ("replayed", &hash, spent, Answered::Code(CodeProblem::Wrong)),
            ("the requester's", &hash, admin.secret.code(world.now()), Answered::Code(CodeProblem::Wrong)),
            ("for another plan", &others_hash, right.clone(), Answered::Changed),
            ("for no plan", &String::new(), right.clone(), Answered::Changed),
        ] {
            let answered = approve(&world.platform, &world.origin, &session, id, hash, &code).await.unwrap();
            assert_eq!((answered.0, answered.1.is_some()), (expected, false), "{what}");
            run::run(&world.platform, id).await.unwrap();
            assert_eq!(before, rest(&world).await, "{what}");
        }
        assert_eq!(world.last_recorded(world.a.id).await.0, "reset_refused");
        // A right code approves one plan, and no second one.
        let (answered, token) = approve(&world.platform, &world.origin, &session, id, &hash, &right).await.unwrap();
        assert_eq!(answered, Answered::Done(Decision::Approved));
        let session = world.find(&token.unwrap().0).await.expect("the session goes on under another token");
        let again = approve(&world.platform, &world.origin, &session, second, &others_hash, &right).await.unwrap().0;
        assert_eq!(again, Answered::Code(CodeProblem::Wrong));
        let (_, details) = world.recorded_with_details(world.a.id, "step_up").await;
        assert!(details.contains(&rekey::domain::plan::seal(&hash)), "{details}");
    }

    async fn what_was_changed_underneath_is_not_approved(world: World) {
        always(&world, &world.a).await;
        let (admin, other) = (world.with_role(&world.a, Role::Admin).await, world.with_role(&world.a, Role::Admin).await);
        let (users, more) = (world.people(&world.a, Who::MEMBER, 2).await, world.member(&world.a).await);
        for change in [
            format!("UPDATE reset_items SET user_id = '{}' WHERE user_id = '{}'", more.user.id, users[0].user.id),
            format!("DELETE FROM reset_items WHERE user_id = '{}'", users[1].user.id),
            "UPDATE reset_items SET skip = 'suspended'".to_owned(),
            "UPDATE reset_items SET authenticator_apps = 2".to_owned(),
            format!("UPDATE resets SET plan_hash = '{}'", "0".repeat(64)),
        ] {
            let id = asked(&world, &admin, &users_of(&users)).await;
            let seen = world.plan_hash(id).await;
            let filter = if change.contains("WHERE") { " AND reset_id = " } else { " WHERE reset_id = " };
            let filter = if change.contains("plan_hash") { " WHERE id = " } else { filter };
            world.execute(&format!("{change}{filter}'{id}'")).await;
            let (session, code) = (world.session(&other).await, world.fresh_code(&other));
            let before = rest(&world).await;
            let hash = world.plan_hash(id).await;
            for hash in [&seen, &hash] {
                let answered = approve(&world.platform, &world.origin, &session, id, hash, &code).await.unwrap().0;
                assert_eq!(answered, Answered::Changed, "{change}");
            }
            run::resume(&world.platform).await.unwrap();
            assert_eq!(before, rest(&world).await, "{change}");
        }
    }

    async fn a_requester_who_lost_their_authority_takes_the_request_with_them(world: World) {
        always(&world, &world.a).await;
        let other = world.with_role(&world.a, Role::Owner).await;
        for lost in ["demoted", "suspended", "reset themself", "somebody rose"] {
            let admin = world.with_role(&world.a, Role::Admin).await;
            let ua = world.member(&world.a).await;
            let id = asked(&world, &admin, &[ua.user]).await;
            match lost {
                "demoted" => world.grant(&admin, &world.a, Role::Auditor).await,
                "suspended" => world.suspend(&admin).await,
                "somebody rose" => world.grant(&ua, &world.a, Role::Owner).await,
                _ => drop(world.execute(&format!("DELETE FROM methods WHERE user_id = '{}'", admin.user.id)).await),
            }
            let code = world.fresh_code(&other);
            let before = rest(&world).await;
            assert_eq!(approve_with(&world, &other, id, &code).await, Answered::RequesterMayNot, "{lost}");
            run::resume(&world.platform).await.unwrap();
            assert_eq!(before, rest(&world).await, "{lost}");
            let (what, details) = world.last_recorded(world.a.id).await;
            assert!(what == "reset_refused" && details.contains("requester_may_not"), "{what} {details}");
            // It can still be declined.
            let declined = declined_by(&world, &other, id, false, "They have left").await;
            assert_eq!(declined, Answered::Done(Decision::Declined), "{lost}");
        }
    }

    async fn of_two_who_approve_at_once_one_does(world: World) {
        always(&world, &world.a).await;
        let admin = world.with_role(&world.a, Role::Admin).await;
        let others = world.people(&world.a, Who { role: Role::Admin, ..Who::MEMBER }, 2).await;
        let second = world.second_node().await;
        for _ in 0..5 {
            let ua = world.member(&world.a).await;
            let id = asked(&world, &admin, &[ua.user]).await;
            let codes = [world.fresh_code(&others[0]), others[1].secret.code(world.now())];
            let both = [world.clone(), second.clone()].into_iter().zip(others.clone()).zip(codes);
            let both: Vec<_> = both
                .map(|((world, person), code)| tokio::spawn(async move { approve_with(&world, &person, id, &code).await }))
                .collect();
            let mut answers = Vec::new();
            for one in both {
                answers.push(one.await.unwrap());
            }
            let already = Answered::Over(State::Decided(Decision::Approved));
            assert!(answers.contains(&Answered::Done(Decision::Approved)) && answers.contains(&already), "{answers:?}");
            run::resume(&world.platform).await.unwrap();
            assert_eq!(world.rows_of("methods", ua.user).await, 0);
        }
        let approvals = "SELECT COUNT(*) FROM audit_events WHERE what = 'reset_approved'";
        assert_eq!((world.count(approvals).await, world.count("SELECT COUNT(*) FROM links").await), (5, 5));
        world.assert_chains_whole().await;
    }

    async fn of_an_approval_and_what_stops_it_at_once_one_counts(world: World) {
        always(&world, &world.a).await;
        let admin = world.with_role(&world.a, Role::Admin).await;
        let others = world.people(&world.a, Who { role: Role::Admin, ..Who::MEMBER }, 2).await;
        let second = world.second_node().await;
        for round in 0..8 {
            let ua = world.member(&world.a).await;
            let id = asked(&world, &admin, &[ua.user]).await;
            let code = world.fresh_code(&others[0]);
            let approving = {
                let (world, other) = (world.clone(), others[0].clone());
                tokio::spawn(async move { approve_with(&world, &other, id, &code).await })
            };
            let stopping = {
                let (world, admin, other) = (second.clone(), admin.clone(), others[1].clone());
                tokio::spawn(async move {
                    if round % 2 == 0 {
                        withdrawn_by(&world, &admin, id).await
                    } else {
                        declined_by(&world, &other, id, false, "no").await
                    }
                })
            };
            let answers = [approving.await.unwrap(), stopping.await.unwrap()];
            let done: Vec<_> = answers.iter().filter(|answer| matches!(answer, Answered::Done(_))).collect();
            assert_eq!(done.len(), 1, "{answers:?}");
            run::resume(&world.platform).await.unwrap();
            let runs = *done[0] == Answered::Done(Decision::Approved);
            assert_eq!(world.rows_of("methods", ua.user).await, i64::from(!runs), "{answers:?}");
            let other = answers.iter().find(|answer| !matches!(answer, Answered::Done(_)));
            assert!(matches!(other, Some(Answered::Over(State::Decided(_)))), "{answers:?}");
        }
        world.assert_chains_whole().await;
    }

    async fn of_two_confirmations_at_once_one_asks(world: World) {
        always(&world, &world.a).await;
        let admin = world.with_role(&world.a, Role::Admin).await;
        let other = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let id = world.plan(&admin, &[ua.user]).await;
        let sessions = [world.session(&admin).await, world.session(&admin).await];
        let first = world.confirmation(&admin, id).await;
        let next = world.confirmation(&admin, id).await;
        let both: Vec<_> = sessions
            .into_iter()
            .zip([first, next])
            .map(|(session, confirmation)| {
                let world = world.clone();
                tokio::spawn(async move { world.try_confirm(&session, id, &confirmation).await })
            })
            .collect();
        for one in both {
            let confirmed = one.await.unwrap();
            let named = named_confirmation(&confirmed);
            // The older of two codes is spent by the newer.
            assert!(matches!(confirmed, Confirmed::Asked(_) | Confirmed::Already | Confirmed::Code(CodeProblem::Wrong)), "{named}");
        }
        let asked = "SELECT COUNT(*) FROM audit_events WHERE what = 'approval_asked'";
        assert_eq!(world.count(asked).await, 1);
        assert_eq!(world.rows_of("outbox", other.user).await, 1);
    }
}
