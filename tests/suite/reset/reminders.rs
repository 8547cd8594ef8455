//! Who is not back some hours after a reset gets a link once more, where the policy says so.

use rekey::domain::authority::Role;
use rekey::domain::board::{Act, Stage};
use rekey::domain::ids::ResetId;
use rekey::domain::time::Span;
use rekey::features::reset::board::Picked;
use rekey::features::reset::board_acts::act;
use rekey::features::reset::remind::remind;

use super::super::harness::*;
use super::board::{mailed, stages};

/// Who has got how many mails with a link.
async fn mails(world: &World, people: &[&Person]) -> Vec<i64> {
    let mut counts = Vec::new();
    for person in people {
        let text = format!("SELECT COUNT(*) FROM outbox WHERE link_id IS NOT NULL AND user_id = '{}'", person.user.id);
        counts.push(world.count(&text).await);
    }
    counts
}

/// Three people who were reset, with mails that arrived.
async fn reset(world: &World, admin: &Person, hours: u16) -> (ResetId, Vec<Person>) {
    world.set_policy(&world.a, policy(|policy| policy.remind_after_hours = hours)).await;
    let users = world.people(&world.a, Who::MEMBER, 3).await;
    let id = world.reset(admin, &users_of(&users)).await;
    for user in &users {
        mailed(world, user, "sent_at").await;
    }
    (id, users)
}

both! {
    async fn who_is_not_back_hears_once_more_and_once_only(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let (id, users) = reset(&world, &admin, 24).await;
        let [late, back, revoked] = [&users[0], &users[1], &users[2]];
        let old = world.link_token(late.user).await.unwrap();
        let token = world.prove(&world.link_token(back.user).await.unwrap()).await.unwrap();
        world.register(&token).await.unwrap();
        let (actor, picked) = (world.actor(&admin).await, Picked::Ticked(vec![revoked.user.id]));
        act(&world.platform, &world.origin, &actor, Act::Revoke, vec![(id, picked)]).await.unwrap();
        world.advance(Span::minutes(24 * 60 - 1));
        remind(&world.platform).await.unwrap();
        assert_eq!(mails(&world, &[late, back, revoked]).await, [1, 1, 1], "too early");
        assert_eq!(stages(&world, &admin, id).await[&late.user.id], Stage::Expired);
        world.advance(Span::minutes(1));
        // Two processes at once.
        let (one, other) = tokio::join!(remind(&world.platform), remind(&world.platform));
        one.and(other).unwrap();
        assert_eq!(mails(&world, &[late, back, revoked]).await, [2, 1, 1]);
        let mail = world.text("SELECT mail FROM outbox WHERE next_try_at IS NOT NULL AND link_id IS NOT NULL").await.unwrap();
        assert!(mail.contains("\"reminder\":true") && mail.contains("\"generation\":2"), "{mail}");
        let (_, details) = world.recorded_with_details(world.a.id, "link_renewed").await;
        assert!(details.contains("reminder") && details.contains(&id.to_string()), "{details}");
        let new = world.link_token(late.user).await.unwrap();
        assert!(world.prove(&old).await.is_none() && world.prove(&new).await.is_some());
        world.advance(Span::hours(100));
        remind(&world.platform).await.unwrap();
        assert_eq!(mails(&world, &[late, back, revoked]).await, [2, 1, 1]);
        world.assert_chains_whole().await;
    }

    async fn nobody_is_where_it_was_not_said_at_the_reset(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let (_, users) = reset(&world, &admin, 0).await;
        world.set_policy(&world.a, policy(|policy| policy.remind_after_hours = 1)).await;
        world.advance(Span::hours(200));
        remind(&world.platform).await.unwrap();
        assert_eq!(mails(&world, &[&users[0], &users[1], &users[2]]).await, [1, 1, 1]);
    }

    async fn a_requester_without_authority_reminds_nobody(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let (_, users) = reset(&world, &admin, 2).await;
        world.execute(&format!("DELETE FROM memberships WHERE user_id = '{}'", admin.user.id)).await;
        world.advance(Span::hours(2));
        remind(&world.platform).await.unwrap();
        assert_eq!(mails(&world, &[&users[0], &users[1], &users[2]]).await, [1, 1, 1]);
        assert_eq!(world.count("SELECT COUNT(*) FROM reset_items WHERE remind_at IS NOT NULL").await, 0);
    }

    async fn a_newer_reset_is_left_alone(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let (_, users) = reset(&world, &admin, 2).await;
        world.advance(Span::hours(1));
        world.reset(&admin, &[users[0].user]).await;
        let link = world.link_token(users[0].user).await.unwrap();
        world.advance(Span::minutes(59));
        world.advance(Span::minutes(1));
        remind(&world.platform).await.unwrap();
        let generation = format!("SELECT COUNT(*) FROM links WHERE generation = 1 AND ended_at IS NULL AND user_id = '{}'", users[0].user.id);
        assert_eq!(world.count(&generation).await, 1);
        assert!(!link.is_empty());
        assert_eq!(mails(&world, &[&users[0], &users[1], &users[2]]).await, [2, 2, 2]);
    }
}
