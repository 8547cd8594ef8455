//! The second person whom some resets need: asked for by policy, given once, by somebody else, for the plan that was seen.

mod given;
mod told;

use rekey::domain::approval::{Answered, Decision, State};
use rekey::domain::authority::Role;
use rekey::domain::customer::Customer;
use rekey::domain::ids::ResetId;
use rekey::domain::policy::Policy;
use rekey::domain::time::Span;
use rekey::domain::user::UserRef;
use rekey::features::reset::approval::{approve, decline, withdraw};
use rekey::features::reset::run;
use rekey::features::reset::service::Confirmed;

use super::dump::Dump;
use super::harness::*;

/// Every reset in this customer needs a second person.
async fn always(world: &World, customer: &Customer) {
    world.set_policy(customer, policy(|policy| policy.approver_from = 1)).await;
}

/// What comes of confirming a plan.
async fn confirmed(world: &World, requester: &Person, id: ResetId) -> &'static str {
    let session = world.session(requester).await;
    let confirmation = world.confirmation(requester, id).await;
    named_confirmation(&world.try_confirm(&session, id, &confirmation).await)
}

/// A plan that waits for a second person.
async fn asked(world: &World, requester: &Person, selected: &[UserRef]) -> ResetId {
    let id = world.plan(requester, selected).await;
    assert_eq!(confirmed(world, requester, id).await, "asked");
    id
}

/// Approves what they see, or what is stored, with this code.
async fn approve_with(world: &World, person: &Person, id: ResetId, code: &str) -> Answered {
    let (session, stored) = (world.session(person).await, world.plan_hash(id).await);
    let hash = world.looked_at(person, id).await.unwrap_or(stored);
    approve(&world.platform, &world.origin, &session, id, &hash, code).await.unwrap().0
}

/// The same with a fresh code of their own.
async fn approved_by(world: &World, person: &Person, id: ResetId) -> Answered {
    let code = world.fresh_code(person);
    approve_with(world, person, id, &code).await
}

async fn declined_by(world: &World, person: &Person, id: ResetId, wants_changes: bool, why: &str) -> Answered {
    let session = world.session(person).await;
    decline(&world.platform, &world.origin, &session, id, wants_changes, why).await.unwrap()
}

async fn withdrawn_by(world: &World, person: &Person, id: ResetId) -> Answered {
    withdraw(&world.platform, &world.origin, &world.actor(person).await, id).await.unwrap()
}

/// Everything but the record, and but what a session and a wrong code leave.
async fn rest(world: &World) -> Dump {
    let left = ["sessions", "users.wrong_codes_in_a_row", "users.wrong_codes_recent", "users.wrong_codes_since"];
    Dump::of(world).await.but_the_record().without(&left)
}

both! {
    // ---- When it is needed ------------------------------------------------------------------------------------------

    async fn policies_say_when_a_second_person_is_needed(world: World) {
        let owner = world.with_role(&world.a, Role::Owner).await;
        world.grant(&owner, &world.b, Role::Owner).await;
        let (a, b) = (world.people(&world.a, Who::MEMBER, 3).await, world.people(&world.b, Who::MEMBER, 2).await);
        let new = world.people(&world.a, Who::NEW, 5).await;
        let admin = world.with_role(&world.a, Role::Admin).await;
        // At home a member, and admin of another customer for a while.
        let technician = world.member(&world.a).await;
        world.grant(&technician, &world.b, Role::Admin).await;
        let auditor = world.with_role(&world.a, Role::Auditor).await;
        let from = |from| policy(|policy| policy.approver_from = from);
        let across = policy(|policy| policy.approver_across = true);
        let privileged = policy(|policy| policy.approver_privileged = true);
        let off = Policy::default();
        let of = |people: &[&[Person]]| people.iter().flat_map(|people| users_of(people)).collect::<Vec<_>>();
        let table = [
            ("off", off, off, of(&[&a, &b]), false),
            ("fewer", from(4), off, of(&[&a]), false),
            ("as many", from(3), off, of(&[&a]), true),
            ("who is skipped does not count", from(4), off, of(&[&a, &new]), false),
            ("each counts its own", from(4), off, of(&[&a, &b]), false),
            ("any may ask for it", off, from(2), of(&[&a, &b]), true),
            ("one customer is not across", across, off, of(&[&a]), false),
            ("across", across, off, of(&[&a[..1], &b[..1]]), true),
            ("across for the other", off, across, of(&[&a[..1], &b[..1]]), true),
            ("members", privileged, off, of(&[&a]), false),
            ("auditors", privileged, off, vec![auditor.user], false),
            ("an admin", privileged, off, vec![a[0].user, admin.user], true),
            ("an admin of elsewhere", privileged, off, vec![technician.user], true),
            ("of another customer", off, privileged, vec![admin.user], false),
            ("for all in it", off, privileged, vec![admin.user, b[0].user], true),
        ];
        for (what, of_a, of_b, users, expected) in table {
            world.set_policy(&world.a, of_a).await;
            world.set_policy(&world.b, of_b).await;
            let id = world.plan(&owner, &users).await;
            let expected = if expected { "asked" } else { "running" };
            assert_eq!(confirmed(&world, &owner, id).await, expected, "{what}");
        }
    }

    async fn what_waits_runs_when_a_second_person_approves_it(world: World) {
        always(&world, &world.a).await;
        let (admin, other) = (world.with_role(&world.a, Role::Admin).await, world.with_role(&world.a, Role::Admin).await);
        let users = world.people(&world.a, Who::MEMBER, 3).await;
        let id = asked(&world, &admin, &users_of(&users)).await;
        // Whoever confirms once more, from an older form, confirms nothing; and nothing runs by itself.
        assert_eq!(confirmed(&world, &admin, id).await, "already");
        run::resume(&world.platform).await.unwrap();
        run::run(&world.platform, id).await.unwrap();
        assert_eq!(world.rows_of("methods", users[0].user).await, 1);
        // Long after the plan itself could have been confirmed.
        world.advance(Span::hours(23));
        assert_eq!(approved_by(&world, &other, id).await, Answered::Done(Decision::Approved));
        run::run(&world.platform, id).await.unwrap();
        for user in &users {
            assert_eq!(world.rows_of("methods", user.user).await, 0);
            assert!(world.prove(&world.link_token(user.user).await.unwrap()).await.is_some());
        }
        let approved = Answered::Over(State::Decided(Decision::Approved));
        assert_eq!(approved_by(&world, &other, id).await, approved);
        assert_eq!(declined_by(&world, &other, id, false, "no").await, approved);
        assert_eq!(withdrawn_by(&world, &admin, id).await, approved);
        world.assert_chains_whole().await;
    }

    async fn a_policy_switched_on_after_the_review_counts(world: World) {
        let (admin, other) = (world.with_role(&world.a, Role::Admin).await, world.with_role(&world.a, Role::Owner).await);
        let ua = world.member(&world.a).await;
        let id = world.plan(&admin, &[ua.user]).await;
        always(&world, &world.a).await;
        assert_eq!(confirmed(&world, &admin, id).await, "asked");
        // Switched off, what waits goes on waiting.
        world.set_policy(&world.a, Policy::default()).await;
        assert_eq!(confirmed(&world, &admin, id).await, "already");
        run::resume(&world.platform).await.unwrap();
        assert_eq!(world.rows_of("methods", ua.user).await, 1);
        // What is demanded of a reset since is demanded of it too.
        world.set_policy(&world.a, policy(|policy| policy.reason_required = true)).await;
        world.execute(&format!("UPDATE resets SET reason = NULL WHERE id = '{id}'")).await;
        let before = rest(&world).await;
        assert_eq!(approve_with(&world, &other, id, "000000").await, Answered::Lacking);
        assert_eq!(before, rest(&world).await);
        world.execute(&format!("UPDATE resets SET reason = 'lost' WHERE id = '{id}'")).await;
        assert_eq!(approved_by(&world, &other, id).await, Answered::Done(Decision::Approved));
    }

    async fn a_request_waits_for_a_day_to_the_second(world: World) {
        always(&world, &world.a).await;
        let (admin, other) = (world.with_role(&world.a, Role::Admin).await, world.with_role(&world.a, Role::Admin).await);
        let users = world.people(&world.a, Who::MEMBER, 2).await;
        let early = asked(&world, &admin, &[users[0].user]).await;
        world.advance(Span::seconds(1));
        let late = world.plan(&admin, &[users[1].user]).await;
        let confirmation = world.confirmation(&admin, late).await;
        let session = world.session(&admin).await;
        assert!(matches!(world.try_confirm(&session, late, &confirmation).await, Confirmed::Asked(_)));
        // The later one has a second left, the earlier one none.
        world.advance(Span::seconds(24 * 3600 - 1));
        let code = other.secret.code(world.now());
        let expired = Answered::Over(State::Expired);
        let before = rest(&world).await;
        assert_eq!(approve_with(&world, &other, early, &code).await, expired);
        assert_eq!(declined_by(&world, &other, early, false, "no").await, expired);
        assert_eq!(withdrawn_by(&world, &admin, early).await, expired);
        assert_eq!(before, rest(&world).await);
        assert_eq!(approve_with(&world, &other, late, &code).await, Answered::Done(Decision::Approved));
        run::resume(&world.platform).await.unwrap();
        assert_eq!((world.rows_of("methods", users[0].user).await, world.rows_of("methods", users[1].user).await), (1, 0));
    }

    async fn what_was_not_approved_never_runs(world: World) {
        always(&world, &world.a).await;
        let (admin, other) = (world.with_role(&world.a, Role::Admin).await, world.with_role(&world.a, Role::Admin).await);
        for decision in [Decision::Declined, Decision::ChangesAsked, Decision::Withdrawn] {
            let ua = world.member(&world.a).await;
            let id = asked(&world, &admin, &[ua.user]).await;
            let answered = if decision == Decision::Withdrawn {
                withdrawn_by(&world, &admin, id).await
            } else {
                for nothing in ["", " \r\n\t"] {
                    assert_eq!(declined_by(&world, &other, id, true, nothing).await, Answered::ReasonMissing);
                }
                declined_by(&world, &other, id, decision == Decision::ChangesAsked, " Not\r\nall of them ").await
            };
            assert_eq!(answered, Answered::Done(decision));
            let before = rest(&world).await;
            let over = Answered::Over(State::Decided(decision));
            assert_eq!(approve_with(&world, &other, id, "000000").await, over);
            assert_eq!(declined_by(&world, &other, id, false, "again").await, over);
            assert_eq!(withdrawn_by(&world, &admin, id).await, over);
            // The requester's older form, with a right code.
            let session = world.session(&admin).await;
            let confirmation = world.confirmation(&admin, id).await;
            assert!(matches!(world.try_confirm(&session, id, &confirmation).await, Confirmed::Already));
            run::run(&world.platform, id).await.unwrap();
            run::resume(&world.platform).await.unwrap();
            assert_eq!(before, rest(&world).await, "{decision}");
            assert_eq!(world.rows_of("methods", ua.user).await, 1);
        }
        let why = "SELECT COUNT(*) FROM resets WHERE decided_why = 'Not all of them'";
        assert_eq!(world.count(why).await, 2);
        assert_eq!(world.count("SELECT COUNT(*) FROM resets WHERE confirmed_at IS NOT NULL").await, 0);
    }
}
