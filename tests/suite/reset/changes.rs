//! Who changed between review and decision: it is shown, nobody decides about what they have not seen, and a new plan of the
//! same people is one press away.

use rekey::domain::approval::{Answered, Decision};
use rekey::domain::authority::Role;
use rekey::domain::ids::{ResetId, UserId};
use rekey::domain::plan::{MOST_LINES, Skip, Verdict};
use rekey::domain::user::UserRef;
use rekey::features::reset::approval::approve;
use rekey::features::reset::run::run;
use rekey::features::reset::service::{Confirmation, Planned, Selection, plan};

use super::super::browser::*;
use super::super::dump::Dump;
use super::super::harness::*;
use super::{seen, skips};

/// Who has changed, and what would become of them now.
async fn changed(world: &World, person: &Person, id: ResetId) -> Vec<(UserId, Verdict)> {
    let view = seen(world, person, id).await.expect("a plan that this person may see");
    view.changes.iter().map(|change| (change.planned.user.id, change.now.verdict)).collect()
}

async fn looked_at(world: &World, person: &Person, id: ResetId) -> String {
    world.looked_at(person, id).await.expect("a plan that this person may see")
}

async fn confirmed_as(world: &World, person: &Person, id: ResetId, plan_hash: String) -> &'static str {
    let session = world.session(person).await;
    let confirmation = Confirmation { plan_hash, ..world.confirmation(person, id).await };
    named_confirmation(&world.try_confirm(&session, id, &confirmation).await)
}

async fn again(world: &World, person: &Person, id: ResetId) -> Planned {
    let actor = world.actor(person).await;
    plan(&world.platform, &world.origin, &actor, Selection::Again(id)).await.unwrap()
}

both! {
    async fn everybody_who_changed_is_shown_and_nobody_else(world: World) {
        let owner = world.with_role(&world.a, Role::Owner).await;
        let people = world.people(&world.a, Who::MEMBER, 9).await;
        let [suspended, unverified, promoted, lost, enrolled, reset, gone, coded, _] = &people[..] else { unreachable!() };
        let back = world.person(&world.a, Who { suspended: true, ..Who::MEMBER }).await;
        let still = world.person(&world.a, Who { suspended: true, ..Who::MEMBER }).await;
        let mut all = users_of(&people);
        all.extend([back.user, still.user]);
        let id = world.plan(&owner, &all).await;
        assert_eq!(changed(&world, &owner, id).await, []);

        world.suspend(suspended).await;
        world.execute(&format!("UPDATE users SET address_verified_at = NULL WHERE id = '{}'", unverified.user.id)).await;
        world.grant(promoted, &world.a, Role::Admin).await;
        world.execute(&format!("DELETE FROM methods WHERE user_id = '{}'", lost.user.id)).await;
        world.execute(&format!(
            "INSERT INTO methods (id, customer_id, user_id, kind, secret, last_step, registered_at) \
             SELECT 'x' || id, customer_id, user_id, kind, secret, last_step, registered_at FROM methods WHERE user_id = '{}'",
            enrolled.user.id
        )).await;
        world.reset(&owner, &[reset.user]).await;
        let token = world.prove(&world.link_token(reset.user).await.unwrap()).await.unwrap();
        world.register(&token).await.unwrap();
        world.execute(&format!("UPDATE users SET removed_at = 1 WHERE id = '{}'", gone.user.id)).await;
        world.execute(&format!("DELETE FROM memberships WHERE user_id = '{}'", gone.user.id)).await;
        world.execute(&format!("UPDATE users SET suspended_at = NULL WHERE id = '{}'", back.user.id)).await;
        // What comes and goes by itself.
        world.execute(&format!("UPDATE backup_codes SET used_at = 1 WHERE user_id = '{}'", coded.user.id)).await;
        world.session(coded).await;
        world.challenge(coded, rekey::domain::sign_in::Step::Factor).await;
        world.execute(&format!("DELETE FROM methods WHERE user_id = '{}'", still.user.id)).await;

        let mut expected = vec![
            (suspended.user.id, Verdict::Skip(Skip::Suspended)),
            (unverified.user.id, Verdict::Skip(Skip::NoVerifiedAddress)),
            (promoted.user.id, Verdict::Reset),
            (lost.user.id, Verdict::Skip(Skip::NothingToReset)),
            (enrolled.user.id, Verdict::Reset),
            (reset.user.id, Verdict::Skip(Skip::ResetSince)),
            (gone.user.id, Verdict::Skip(Skip::Gone)),
            (back.user.id, Verdict::Reset),
        ];
        expected.sort_by_key(|(user, _)| *user);
        assert_eq!(changed(&world, &owner, id).await, expected);
        let mut browser = Browser::signed_in(&world, &owner).await;
        let page = browser.get(&format!("/resets/{id}")).await.body;
        for words in [
            "8 people have changed since", "Skipped: suspended", "Skipped: no longer here", "2 authenticator apps",
            "Skipped: nothing to reset · No authenticator app", "Make a new plan of the same people",
        ] {
            assert!(page.contains(words), "{words}: {page}");
        }
        for person in [suspended, gone, &back] {
            assert!(page.contains(&format!("title=\"{}\"", person.name)), "{}", person.name);
        }
    }

    async fn nobody_confirms_what_they_have_not_seen(world: World) {
        let owner = world.with_role(&world.a, Role::Owner).await;
        let users = world.people(&world.a, Who::MEMBER, 3).await;
        let id = world.plan(&owner, &users_of(&users)).await;
        let first = looked_at(&world, &owner, id).await;
        assert_eq!(first, world.plan_hash(id).await);
        world.suspend(&users[0]).await;
        let untouched = async || {
            Dump::of(&world).await.but_the_record().without(&["sessions"])
        };
        let before = untouched().await;
        assert_eq!(confirmed_as(&world, &owner, id, first.clone()).await, "outdated");
        assert_eq!(world.last_recorded(world.a.id).await.0, "reset_refused");
        assert_eq!(before, untouched().await);
        // They look again, and meanwhile another one changes.
        let second = looked_at(&world, &owner, id).await;
        world.grant(&users[1], &world.a, Role::Admin).await;
        assert_eq!(confirmed_as(&world, &owner, id, second.clone()).await, "outdated");
        // What was seen of another plan, or made up, is none of this one.
        for made_up in [format!("{first}-"), format!("{first}-x"), second.replace(&first, &"0".repeat(64)), "-".into()] {
            let confirmed = confirmed_as(&world, &owner, id, made_up).await;
            assert!(["changed", "outdated"].contains(&confirmed), "{confirmed}");
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM resets WHERE confirmed_at IS NOT NULL").await, 0);
        // Who is as they were again is no change.
        world.grant(&users[1], &world.a, Role::Member).await;
        assert_eq!(looked_at(&world, &owner, id).await, second);
        let third = looked_at(&world, &owner, id).await;
        assert_eq!(confirmed_as(&world, &owner, id, third).await, "running");
        run(&world.platform, id).await.unwrap();
        assert_eq!(world.rows_of("methods", users[0].user).await, 1, "who was suspended keeps everything");
        assert_eq!(world.rows_of("methods", users[1].user).await, 0);
    }

    async fn a_new_plan_of_the_same_people_leaves_out_who_is_gone(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let users = world.people(&world.a, Who::MEMBER, 4).await;
        let id = world.plan(&admin, &users_of(&users)).await;
        world.grant(&users[0], &world.a, Role::Owner).await;
        world.suspend(&users[1]).await;
        world.execute(&format!("UPDATE users SET removed_at = 1 WHERE id = '{}'", users[2].user.id)).await;
        world.execute(&format!("DELETE FROM memberships WHERE user_id = '{}'", users[2].user.id)).await;
        let Planned::Frozen(new) = again(&world, &admin, id).await else { panic!("not planned") };
        let mut expected = vec![
            (users[0].user.id, Some(Skip::NoAuthority)),
            (users[1].user.id, Some(Skip::Suspended)),
            (users[3].user.id, None),
        ];
        expected.sort_by_key(|(user, _)| *user);
        assert_eq!(skips(&world, &admin, new).await, expected);
        assert_eq!(changed(&world, &admin, new).await, []);
        let hash = looked_at(&world, &admin, new).await;
        assert_eq!(confirmed_as(&world, &admin, new, hash).await, "running");
        // Nobody makes one of somebody else's plan, nor of one that was confirmed, nor where a role was lost.
        let other = world.with_role(&world.a, Role::Owner).await;
        assert_eq!(again(&world, &other, id).await, Planned::Nobody);
        assert_eq!(again(&world, &admin, new).await, Planned::Nobody);
        assert_eq!(again(&world, &admin, ResetId::new(START, [9; 10])).await, Planned::Nobody);
        world.grant(&admin, &world.a, Role::Auditor).await;
        assert!(matches!(again(&world, &admin, id).await, Planned::Refused(_)));
        assert_eq!(world.last_recorded(world.a.id).await.0, "reset_refused");
    }

    async fn the_second_person_sees_who_changed_too(world: World) {
        world.set_policy(&world.a, policy(|policy| policy.approver_from = 1)).await;
        let (admin, other) = (world.with_role(&world.a, Role::Admin).await, world.with_role(&world.a, Role::Admin).await);
        let users = world.people(&world.a, Who::MEMBER, 2).await;
        let id = world.plan(&admin, &users_of(&users)).await;
        let hash = looked_at(&world, &admin, id).await;
        assert_eq!(confirmed_as(&world, &admin, id, hash.clone()).await, "asked");
        world.suspend(&users[0]).await;
        let approved = async |hash: String| {
            let session = world.session(&other).await;
            let code = world.fresh_code(&other);
            approve(&world.platform, &world.origin, &session, id, &hash, &code).await.unwrap().0
        };
        let before = Dump::of(&world).await.but_the_record().without(&["sessions"]);
        assert_eq!(approved(hash).await, Answered::Outdated);
        assert_eq!(before, Dump::of(&world).await.but_the_record().without(&["sessions"]));
        let mut browser = Browser::signed_in(&world, &other).await;
        let page = browser.get(&format!("/resets/{id}")).await.body;
        assert!(page.contains("1 person has changed since") && !page.contains("Make a new plan"), "{page}");
        let hash = looked_at(&world, &other, id).await;
        assert!(page.contains(&hash), "the form holds what its reader sees");
        assert_eq!(approved(hash).await, Answered::Done(Decision::Approved));
        run(&world.platform, id).await.unwrap();
        assert_eq!((world.rows_of("methods", users[0].user).await, world.rows_of("methods", users[1].user).await), (1, 0));
    }

    async fn a_last_owner_is_one_by_what_is_true_now(world: World) {
        let admin = world.with_role(&world.b, Role::Admin).await;
        let far_owner = world.member(&world.b).await;
        world.grant(&far_owner, &world.a, Role::Owner).await;
        let second = world.with_role(&world.a, Role::Owner).await;
        let id = world.plan(&admin, &[far_owner.user]).await;
        assert_eq!(changed(&world, &admin, id).await, []);
        world.suspend(&second).await;
        assert_eq!(changed(&world, &admin, id).await, [(far_owner.user.id, Verdict::Skip(Skip::LastOwner))]);
        assert!(matches!(again(&world, &admin, id).await, Planned::NoOwnerLeft(_)));
    }

    async fn a_browser_without_script_is_told_looks_and_plans_anew(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let users = world.people(&world.a, Who::MEMBER, 2).await;
        let id = world.plan(&admin, &users_of(&users)).await;
        let mut browser = Browser::signed_in(&world, &admin).await;
        let page = format!("/resets/{id}");
        let hash = world.plan_hash(id).await;
        world.suspend(&users[0]).await;
        let code = world.fresh_code(&admin);
        let id = id.to_string();
        let fields = [("id", id.as_str()), ("hash", hash.as_str()), ("reason", "Lost phone"), ("code", code.as_str())];
        let answer = browser.post("/api/reset/confirm", &page, &fields).await;
        let told = browser.get(answer.location()).await.body;
        assert!(told.contains("Somebody in it has changed since you looked.") && told.contains("Lost phone"), "{told}");
        let answer = browser.post("/api/reset/again", &page, &[("id", &id)]).await;
        assert!(!answer.location().contains(&id), "{}", answer.location());
        let new = browser.get(answer.location()).await.body;
        assert!(new.contains("Reset 1 user") && !new.contains("changed since"), "{new}");
    }

    async fn a_plan_from_before_roles_were_kept_is_confirmed_as_it_is(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let id = world.plan(&admin, &[ua.user]).await;
        // As the version before wrote it.
        world.execute(&format!("UPDATE reset_items SET role = NULL WHERE reset_id = '{id}'")).await;
        let text = format!(
            "rekey plan 3\n{} {}\n{} {} reset 1 0 0 0 10\n",
            admin.user.customer, admin.user.id, ua.user.customer, ua.user.id
        );
        let hash = rekey::platform::keys::sha256(text.as_bytes());
        world.execute(&format!("UPDATE resets SET plan_hash = '{hash}' WHERE id = '{id}'")).await;
        assert_eq!(confirmed_as(&world, &admin, id, hash).await, "running");
    }

    async fn ten_thousand_are_held_against_what_is_true_now(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let users: Vec<UserRef> = users_of(&world.people(&world.a, Who::MEMBER, 40).await);
        let new = users_of(&world.people(&world.a, Who::NEW, MOST_LINES - users.len()).await);
        let all: Vec<UserRef> = users.iter().chain(&new).copied().collect();
        let id = world.plan(&admin, &all).await;
        world.execute("UPDATE users SET suspended_at = 1 WHERE id <> '' AND activated_at IS NOT NULL AND NOT EXISTS \
            (SELECT 1 FROM memberships m WHERE m.user_id = users.id AND m.role <> 'member')").await;
        let found = changed(&world, &admin, id).await;
        let suspended = world.count("SELECT COUNT(*) FROM users WHERE suspended_at = 1").await;
        assert_eq!(i64::try_from(found.len()).unwrap(), suspended);
        assert_eq!(confirmed_as(&world, &admin, id, world.plan_hash(id).await).await, "outdated");
    }
}
