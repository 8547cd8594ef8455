//! The recovery board across resets: everybody who was reset lately, of one's own customers, and what is done about them.

use std::collections::BTreeSet;

use rekey::domain::authority::{Refusal, Right, Role};
use rekey::domain::board::{Act, PAGE, Stage};
use rekey::domain::ids::ResetId;
use rekey::domain::time::Span;
use rekey::domain::user::UserRef;
use rekey::features::reset::board_acts::{Acted, act};
use rekey::features::reset::people::{Asked, View, page, picks, ticked};

use super::super::browser::*;
use super::super::harness::*;
use super::board::mailed;

async fn asked(world: &World, person: &Person, days: i64, stages: &[Stage]) -> Asked {
    let scope = world.actor(person).await.scope(Right::Read);
    Asked { scope, since: world.now() - Span::hours(24 * days), stages: stages.to_vec() }
}

async fn seen(world: &World, asked: &Asked, after: Option<(UserRef, ResetId)>) -> View {
    page(&mut world.platform.db.read().await.unwrap(), asked, after, world.now()).await.unwrap()
}

fn places(view: &View) -> Vec<(UserRef, ResetId)> {
    view.rows.iter().map(|row| (row.user(), row.reset_id)).collect()
}

both! {
    async fn everybody_who_was_reset_lately_of_ones_own_customers(world: World) {
        let both = world.with_role(&world.a, Role::Admin).await;
        world.grant(&both, &world.b, Role::Admin).await;
        let auditor = world.with_role(&world.b, Role::Auditor).await;
        let (ua, ub, old) = (world.member(&world.a).await, world.member(&world.b).await, world.member(&world.a).await);
        let long_ago = world.reset(&both, &[old.user]).await;
        world.advance(Span::hours(24 * 7));
        let first = world.reset(&both, &[ua.user, ub.user]).await;
        mailed(&world, &ua, "sent_at").await;
        let second = world.reset(&both, &[world.with_role(&world.a, Role::Auditor).await.user]).await;
        let token = world.prove(&world.link_token(ub.user).await.unwrap()).await.unwrap();
        world.register(&token).await.unwrap();

        let week = seen(&world, &asked(&world, &both, 7, &Stage::NOT_BACK).await, None).await;
        assert_eq!(week.rows.iter().map(|row| row.reset_id).collect::<Vec<_>>(), [first, second]);
        let mut counts = week.counts.clone();
        counts.sort_unstable();
        assert_eq!(counts, [(Stage::Queued, 1), (Stage::Sent, 1), (Stage::Back, 1)]);
        let month = seen(&world, &asked(&world, &both, 30, &[]).await, None).await;
        assert_eq!(month.rows.len(), 4);
        assert!(places(&month).contains(&(old.user, long_ago)));
        // Whoever asks for help today stands on it, however long ago they were reset.
        let now = world.now().unix_milliseconds();
        world.execute(&format!("UPDATE links SET help_asked_at = {now} WHERE user_id = '{}'", old.user.id)).await;
        let week = seen(&world, &asked(&world, &both, 7, &Stage::NOT_BACK).await, None).await;
        assert_eq!(week.rows.iter().map(|row| row.reset_id).collect::<BTreeSet<_>>(), BTreeSet::from([long_ago, first, second]));
        assert!(week.counts.contains(&(Stage::AsksForHelp, 1)) && week.counts.iter().map(|(_, count)| count).sum::<i64>() == 4);
        world.execute(&format!("UPDATE links SET help_asked_at = NULL WHERE user_id = '{}'", old.user.id)).await;
        // Whoever looks after one customer sees nobody else's.
        let of_b = seen(&world, &asked(&world, &auditor, 30, &[]).await, None).await;
        assert_eq!(places(&of_b), [(ub.user, first)]);
        assert_eq!(of_b.counts, [(Stage::Back, 1)]);
        assert!(seen(&world, &asked(&world, &ua, 30, &[]).await, None).await.rows.is_empty());
        let mut browser = Browser::signed_in(&world, &both).await;
        let body = browser.get("/resets/people").await.body;
        assert!(body.contains(&ua.address) && !body.contains(&ub.address), "{body}");
        let body = browser.get("/resets/people?state=back").await.body;
        assert!(body.contains(&ub.address) && !body.contains(&ua.address), "{body}");
    }

    async fn it_begins_nothing_where_its_reader_only_looks(world: World) {
        let both = world.with_role(&world.a, Role::Admin).await;
        world.grant(&both, &world.b, Role::Auditor).await;
        let owner = world.with_role(&world.b, Role::Owner).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        world.reset(&both, &[ua.user]).await;
        world.reset(&owner, &[ub.user]).await;
        let mut browser = Browser::signed_in(&world, &both).await;
        for (customer, shown, begins) in [(&world.a, &ua, true), (&world.b, &ub, false)] {
            let body = browser.get(&format!("/resets/people?customer={}", customer.id)).await.body;
            assert!(body.contains(&shown.address), "{body}");
            assert_eq!(body.contains("Send again"), begins, "{}", customer.name);
            assert_eq!(body.contains("name=\"users[]\""), begins, "{}", customer.name);
        }
    }

    async fn its_pages_have_everybody_once(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let users = world.people(&world.a, Who::MEMBER, PAGE + 3).await;
        world.reset(&admin, &users_of(&users)).await;
        world.reset(&admin, &[users[7].user]).await;
        let asked = asked(&world, &admin, 1, &[]).await;
        let first = seen(&world, &asked, None).await;
        let second = seen(&world, &asked, first.next).await;
        assert_eq!((first.rows.len(), second.rows.len(), second.next), (PAGE, 4, None));
        let mut all = [places(&first), places(&second)].concat();
        all.dedup();
        assert_eq!(all.len(), PAGE + 4, "whoever was reset twice is there twice");
        assert!(all.is_sorted());
    }

    async fn acts_reach_each_reset_and_are_refused_whole(world: World) {
        let both = world.with_role(&world.a, Role::Owner).await;
        world.grant(&both, &world.b, Role::Owner).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        let (first, second) = (world.reset(&both, &[ua.user]).await, world.reset(&both, &[ub.user]).await);
        let admin = world.with_role(&world.a, Role::Admin).await;
        let live = "SELECT COUNT(*) FROM links WHERE ended_at IS NULL";
        let picked = ticked(vec![(first, ua.user.id), (second, ub.user.id)]);
        let actor = world.actor(&admin).await;
        let refused = act(&world.platform, &world.origin, &actor, Act::Revoke, picked.clone()).await.unwrap();
        assert!(matches!(refused, Acted::Refused(Refusal::NoRole) | Acted::Unknown), "{refused:?}");
        assert_eq!(world.count(live).await, 2, "the first of them neither");
        let actor = world.actor(&both).await;
        assert_eq!(act(&world.platform, &world.origin, &actor, Act::Revoke, picked).await.unwrap(), Acted::Done(2, 0));
        assert_eq!(world.count(live).await, 0);
        // All who match, whatever resets they are of.
        let revoked = asked(&world, &both, 1, &[Stage::Revoked]).await;
        let all = picks(&mut world.platform.db.read().await.unwrap(), &revoked, world.now()).await.unwrap();
        assert_eq!(act(&world.platform, &world.origin, &actor, Act::SendAgain, all).await.unwrap(), Acted::Done(2, 0));
        assert_eq!(world.count(live).await, 2);
        assert_eq!(act(&world.platform, &world.origin, &actor, Act::Revoke, Vec::new()).await.unwrap(), Acted::Nobody);
        world.assert_chains_whole().await;
    }

    async fn its_forms(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let users = world.people(&world.a, Who::MEMBER, 2).await;
        let id = world.reset(&admin, &[users[0].user]).await;
        world.reset(&admin, &[users[1].user]).await;
        let page = "/resets/people";
        let mut browser = Browser::signed_in(&world, &admin).await;
        let one = format!("{id}.{}", users[0].user.id);
        browser.post("/api/reset/people/links", page, &[("query", ""), ("users[]", &one), ("act", "revoke")]).await;
        assert!(browser.get(page).await.body.contains("Taken back from 1 person."));
        let all = [("query", "state=revoked,queued"), ("all", "true"), ("act", "revoke")];
        browser.post("/api/reset/people/links", page, &all).await;
        let body = browser.get(page).await.body;
        assert!(body.contains("Taken back from 1 person. It does nothing for 1 person."), "{body}");
        let answer = browser.post("/api/reset/people/select", page, &[("query", ""), ("all", "true")]).await;
        let review = answer.location().to_owned();
        assert!(review.starts_with("/resets/") && review != page, "{review}");
    }
}
