//! Links that are out: sent again, extended, taken back; by those who may, for those it does anything for.

use rekey::domain::authority::{Refusal, Role};
use rekey::domain::board::{Act, Stage};
use rekey::domain::ids::ResetId;
use rekey::domain::sign_in::Step;
use rekey::domain::time::Span;
use rekey::domain::user::UserRef;
use rekey::features::recovery::service::open;
use rekey::features::reset::board::Picked;
use rekey::features::reset::board_acts::{Acted, act};

use super::super::browser::*;
use super::super::dump::Dump;
use super::super::harness::*;
use super::board::{mailed, stages};

async fn ticked(world: &World, person: &Person, id: ResetId, what: Act, users: &[UserRef]) -> Acted {
    let actor = world.actor(person).await;
    act(&world.platform, &world.origin, &actor, what, vec![(id, Picked::Ticked(ids(users)))]).await.unwrap()
}

async fn matching(world: &World, person: &Person, id: ResetId, what: Act, stages: &[Stage]) -> Acted {
    let actor = world.actor(person).await;
    act(&world.platform, &world.origin, &actor, what, vec![(id, Picked::Matching(stages.to_vec()))]).await.unwrap()
}

async fn works(world: &World, link: &str) -> bool {
    open(&world.platform, &world.origin, link).await.unwrap().is_some()
}

both! {
    async fn sent_again_the_newer_link_works_and_the_older_is_dead(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let id = world.reset(&admin, &[ua.user]).await;
        let early = ticked(&world, &admin, id, Act::SendAgain, &[ua.user]).await;
        assert_eq!(early, Acted::Done(0, 1), "its mail is on its way");
        mailed(&world, &ua, "sent_at").await;
        let old = world.link_token(ua.user).await.unwrap();
        let half_way = world.prove(&old).await.unwrap();
        world.advance(Span::minutes(50));
        assert_eq!(ticked(&world, &admin, id, Act::SendAgain, &[ua.user]).await, Acted::Done(1, 0));
        let new = world.link_token(ua.user).await.unwrap();
        assert!(!works(&world, &old).await && world.prove(&old).await.is_none());
        assert!(world.shown_secret(&half_way).await.is_none(), "what the older one led to is over");
        assert_eq!(stages(&world, &admin, id).await[&ua.user.id], Stage::Queued);
        let mail = "SELECT mail FROM outbox WHERE next_try_at IS NOT NULL AND link_id IS NOT NULL";
        let mail = world.text(mail).await.unwrap();
        assert!(mail.contains("\"generation\":2") && mail.contains("Lost phone"), "{mail}");
        let (_, details) = world.recorded_with_details(world.a.id, "link_renewed").await;
        assert!(details.contains(&id.to_string()), "{details}");
        // It has its whole time anew, and leads back in.
        world.advance(Span::minutes(59));
        let token = world.prove(&new).await.unwrap();
        world.register(&token).await.unwrap();
        assert_eq!(ticked(&world, &admin, id, Act::SendAgain, &[ua.user]).await, Acted::Done(0, 1), "back");
        world.assert_chains_whole().await;
    }

    async fn whoever_sets_up_at_sign_in_after_it_was_taken_back_is_back(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let id = world.reset(&admin, &[ua.user]).await;
        let link = world.link_token(ua.user).await.unwrap();
        assert_eq!(ticked(&world, &admin, id, Act::Revoke, &[ua.user]).await, Acted::Done(1, 0));
        let (token, step) = world.begin(&ua).await;
        assert_eq!((step, stages(&world, &admin, id).await[&ua.user.id]), (Step::SetUp, Stage::Revoked));
        world.register(&token).await.unwrap();
        assert_eq!(stages(&world, &admin, id).await[&ua.user.id], Stage::BackAtSignIn);
        assert!(!works(&world, &link).await);
        let ended = world.recorded(world.a.id).await.into_iter().filter(|what| what == "link_ended").count();
        assert_eq!(ended, 1, "it ended when it was taken back");
    }

    async fn taken_back_nothing_of_it_works_until_it_is_sent_again(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        world.set_policy(&world.a, policy(|policy| policy.set_up_at_sign_in = false)).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.a).await);
        let id = world.reset(&admin, &[ua.user, ub.user]).await;
        let old = world.link_token(ua.user).await.unwrap();
        let half_way = world.prove(&old).await.unwrap();
        assert_eq!(ticked(&world, &admin, id, Act::Revoke, &[ua.user]).await, Acted::Done(1, 0));
        assert!(!works(&world, &old).await && world.shown_secret(&half_way).await.is_none());
        assert!(works(&world, &world.link_token(ub.user).await.unwrap()).await);
        assert_eq!(stages(&world, &admin, id).await[&ua.user.id], Stage::Revoked);
        let (_, details) = world.recorded_with_details(world.a.id, "link_ended").await;
        assert!(details.contains("revoked"), "{details}");
        assert_eq!(ticked(&world, &admin, id, Act::Revoke, &[ua.user]).await, Acted::Done(0, 1));
        assert_eq!(ticked(&world, &admin, id, Act::Extend, &[ua.user]).await, Acted::Done(0, 1));
        // There is nothing left to reset of them: another link is the only way back.
        assert_eq!(ticked(&world, &admin, id, Act::SendAgain, &[ua.user]).await, Acted::Done(1, 0));
        assert_eq!(stages(&world, &admin, id).await[&ua.user.id], Stage::Queued);
        assert!(!works(&world, &old).await);
        let token = world.prove(&world.link_token(ua.user).await.unwrap()).await.unwrap();
        world.register(&token).await.unwrap();
        assert_eq!(stages(&world, &admin, id).await[&ua.user.id], Stage::Back);
        world.assert_chains_whole().await;
    }

    async fn who_loses_their_role_in_the_middle_goes_no_further(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let id = world.reset(&admin, &[ua.user]).await;
        let link = world.link_token(ua.user).await.unwrap();
        // What the request began with, and what holds once it has the locks.
        let before = world.actor(&admin).await;
        world.execute(&format!("DELETE FROM memberships WHERE user_id = '{}'", admin.user.id)).await;
        for what in Act::ALL {
            for picked in [Picked::Ticked(vec![ua.user.id]), Picked::Matching(Vec::new())] {
                let acted = act(&world.platform, &world.origin, &before, *what, vec![(id, picked)]).await.unwrap();
                assert_eq!(acted, Acted::Done(0, 1), "{what}");
            }
        }
        assert!(works(&world, &link).await);
    }

    async fn a_newer_reset_is_not_disturbed_by_an_older_board(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let older = world.reset(&admin, &[ua.user]).await;
        ticked(&world, &admin, older, Act::Revoke, &[ua.user]).await;
        assert_eq!(ticked(&world, &admin, older, Act::SendAgain, &[ua.user]).await, Acted::Done(1, 0));
        let newer = world.reset(&admin, &[ua.user]).await;
        let link = world.link_token(ua.user).await.unwrap();
        for what in Act::ALL {
            assert_eq!(ticked(&world, &admin, older, *what, &[ua.user]).await, Acted::Done(0, 1), "{what}");
        }
        assert!(works(&world, &link).await);
        assert_eq!(stages(&world, &admin, newer).await[&ua.user.id], Stage::Opened);
    }

    async fn extended_the_same_link_works_longer_but_not_for_ever(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let id = world.reset(&admin, &[ua.user]).await;
        mailed(&world, &ua, "sent_at").await;
        let link = world.link_token(ua.user).await.unwrap();
        let mut extended = 0;
        loop {
            world.advance(Span::minutes(59));
            if ticked(&world, &admin, id, Act::Extend, &[ua.user]).await != Acted::Done(1, 0) {
                break;
            }
            extended += 1;
            assert!(extended < 40);
        }
        // A day after it was made it is over, and nothing revives it.
        assert_eq!(extended, 24);
        world.advance(Span::minutes(60));
        assert!(!works(&world, &link).await);
        assert_eq!(ticked(&world, &admin, id, Act::Extend, &[ua.user]).await, Acted::Done(0, 1));
        assert_eq!(world.recorded(world.a.id).await.iter().filter(|what| *what == "link_extended").count(), 24);
    }

    async fn of_two_extensions_one_mail_waits(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let id = world.reset(&admin, &[ua.user]).await;
        mailed(&world, &ua, "sent_at").await;
        assert!(works(&world, &world.link_token(ua.user).await.unwrap()).await);
        for _ in 0..3 {
            world.advance(Span::minutes(10));
            assert_eq!(ticked(&world, &admin, id, Act::Extend, &[ua.user]).await, Acted::Done(1, 0));
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE next_try_at IS NOT NULL").await, 1);
    }

    async fn no_link_that_works_dies_for_a_mail_that_would_come_too_late(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        world.set_policy(&world.a, policy(|policy| policy.link_minutes = 30)).await;
        let ua = world.member(&world.a).await;
        let id = world.reset(&admin, &[ua.user]).await;
        for minutes in [2, 15] {
            mailed(&world, &ua, "sent_at").await;
            world.advance(Span::minutes(minutes));
            assert_eq!(ticked(&world, &admin, id, Act::SendAgain, &[ua.user]).await, Acted::Done(1, 0));
        }
        mailed(&world, &ua, "sent_at").await;
        // Three went out within the hour; a fourth would wait for 43 minutes.
        let link = world.link_token(ua.user).await.unwrap();
        assert_eq!(ticked(&world, &admin, id, Act::SendAgain, &[ua.user]).await, Acted::Done(0, 1));
        assert!(works(&world, &link).await);
        world.advance(Span::minutes(29));
        assert_eq!(ticked(&world, &admin, id, Act::SendAgain, &[ua.user]).await, Acted::Done(1, 0), "14 minutes");
        assert!(!works(&world, &link).await);
    }

    async fn only_over_those_whom_one_manages(world: World) {
        let both = world.with_role(&world.a, Role::Owner).await;
        world.grant(&both, &world.b, Role::Owner).await;
        world.with_role(&world.a, Role::Owner).await;
        let owner = world.with_role(&world.a, Role::Owner).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        let uninvolved = world.member(&world.a).await;
        let id = world.reset(&both, &[ua.user, ub.user, owner.user]).await;
        let admin = world.with_role(&world.a, Role::Admin).await;
        let (auditor, stranger) = (world.with_role(&world.a, Role::Auditor).await, world.member(&world.a).await);
        let made_up = UserRef { id: rekey::domain::ids::UserId::new(START, [7; 10]), ..ua.user };
        for what in Act::ALL {
            let before = Dump::of(&world).await;
            for (who, users, refusal) in [
                (&admin, vec![ua.user, ub.user], Refusal::NoRole),
                (&admin, vec![ua.user, made_up], Refusal::NoRole),
                (&admin, vec![ua.user, uninvolved.user], Refusal::NoRole),
                (&admin, vec![ua.user, owner.user], Refusal::OwnersOnly),
                (&auditor, vec![ua.user], Refusal::NoRole),
            ] {
                assert_eq!(ticked(&world, who, id, *what, &users).await, Acted::Refused(refusal), "{what}");
                let (_, details) = world.recorded_with_details(world.a.id, "reset_refused").await;
                assert!(details.contains(refusal.as_str()) && details.contains(what.as_str()), "{details}");
            }
            assert_eq!(ticked(&world, &stranger, id, *what, &[ua.user]).await, Acted::Unknown);
            assert_eq!(ticked(&world, &admin, id, *what, &[]).await, Acted::Nobody);
            let after = Dump::of(&world).await;
            assert_eq!(after.len("audit_events"), before.len("audit_events") + 5);
            assert_eq!(before.but_the_record(), after.but_the_record());
        }
        // Of everybody who matches, and of those whom an admin sees, only the owner is left alone.
        assert_eq!(matching(&world, &admin, id, Act::Revoke, &[Stage::Queued]).await, Acted::Done(1, 1));
        assert_eq!(matching(&world, &both, id, Act::Revoke, &[]).await, Acted::Done(2, 1));
        assert_eq!(matching(&world, &both, id, Act::Extend, &[Stage::Queued]).await, Acted::Nobody);
    }

    async fn the_forms_of_a_board(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let users = world.people(&world.a, Who::MEMBER, 2).await;
        let id = world.reset(&admin, &users_of(&users)).await;
        let (page, id) = (format!("/resets/{id}"), id.to_string());
        let mut browser = Browser::signed_in(&world, &admin).await;
        let first = users[0].user.id.to_string();
        let one = [("id", id.as_str()), ("state", ""), ("users[]", first.as_str()), ("act", "revoke")];
        let answer = browser.post("/api/reset/links", &page, &one).await;
        assert!(answer.location().starts_with(&format!("https://{HOST}{page}")), "{}", answer.location());
        let body = browser.get(&page).await.body;
        assert!(body.contains("Taken back from 1 person."), "{body}");
        let all = [("id", id.as_str()), ("state", "revoked"), ("all", "true"), ("act", "send_again")];
        browser.post("/api/reset/links", &page, &all).await;
        assert!(browser.get(&page).await.body.contains("Sent again to 1 person."));
        // Whoever is not back becomes a new plan.
        let state = Stage::write(&Stage::NOT_BACK);
        let answer = browser.post("/api/reset/select", &page, &[("id", &id), ("all", "true"), ("state", &state)]).await;
        let review = answer.location().to_owned();
        assert!(review.starts_with("/resets/") && review != page, "{review}");
        assert!(browser.get(&review).await.body.contains("Reset 2 users"));
        let failed = [("id", id.as_str()), ("all", "true"), ("state", "failed")];
        let answer = browser.post("/api/reset/select", &page, &failed).await;
        assert!(answer.location().starts_with(&format!("https://{HOST}{page}")), "{}", answer.location());
        assert!(browser.get(&page).await.body.contains("Nobody was selected."));
    }
}
