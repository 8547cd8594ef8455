//! A reset that somebody stops: what has begun is finished, the rest keep everything.

use std::time::Duration;

use rekey::domain::authority::{Refusal, Role};
use rekey::domain::ids::ResetId;
use rekey::domain::plan::CHUNK;
use rekey::domain::time::Span;
use rekey::features::reset::cancel::{Cancelled, cancel};
use rekey::features::reset::run::{resume, run};
use rekey::platform::Fault;

use super::super::browser::*;
use super::super::crashes::cut_off;
use super::super::dump::Dump;
use super::super::harness::*;
use super::super::races::at_once;

async fn stop(world: &World, person: &Person, id: ResetId) -> Cancelled {
    cancel(&world.platform, &world.origin, &world.actor(person).await, id).await.unwrap()
}

async fn items(world: &World, which: &str) -> i64 {
    world.count(&format!("SELECT COUNT(*) FROM reset_items WHERE {which}")).await
}

/// Everybody is either reset, with all that goes with it, or skipped and untouched.
async fn assert_one_or_the_other(world: &World, all: usize) -> (i64, i64) {
    let (done, skipped) = (
        items(world, "skip IS NULL AND done_at IS NOT NULL AND link_id IS NOT NULL").await,
        items(world, "skip = 'cancelled'").await,
    );
    assert_eq!(done + skipped, i64::try_from(all).unwrap());
    assert_eq!(world.count("SELECT COUNT(*) FROM links").await, done);
    let untouched = "SELECT COUNT(*) FROM methods m JOIN reset_items i ON i.user_id = m.user_id";
    assert_eq!(world.count(untouched).await, skipped);
    let recorded = world.recorded(world.a.id).await;
    let count = |what: &str| i64::try_from(recorded.iter().filter(|recorded| *recorded == what).count()).unwrap();
    assert_eq!((count("reset"), count("reset_skipped")), (done, skipped));
    world.assert_chains_whole().await;
    (done, skipped)
}

both! {
    async fn stopped_in_the_middle_the_rest_keep_everything(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let users = world.people(&world.a, Who::MEMBER, 2 * CHUNK + 40).await;
        let id = world.confirmed(&admin, &users_of(&users)).await;
        // Cut off after more and more steps, until a chunk is done and another is not.
        for polls in (1..).map(|n| n * 5) {
            assert!(cut_off(polls, run(&world.platform, id)).await.is_none(), "it was done in one go");
            world.advance(Span::seconds(31));
            if items(&world, "done_at IS NOT NULL").await > 0 {
                break;
            }
        }
        let left = items(&world, "done_at IS NULL").await;
        assert_eq!(stop(&world, &admin, id).await, Cancelled::Stopped(left));
        assert_eq!(stop(&world, &admin, id).await, Cancelled::Over);
        resume(&world.platform).await.unwrap();
        let (done, skipped) = assert_one_or_the_other(&world, users.len()).await;
        assert!(done > 0 && skipped == left);
        assert_eq!(world.count("SELECT COUNT(*) FROM resets WHERE completed_at IS NOT NULL").await, 1);
        let (_, details) = world.recorded_with_details(world.a.id, "reset_cancelled").await;
        assert!(details.contains(&format!("\"users\":\"{left}\"")), "{details}");
    }

    async fn where_a_stop_cannot_be_recorded_the_run_ends_and_is_resumed(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let users = world.people(&world.a, Who::MEMBER, 3).await;
        let id = world.confirmed(&admin, &users_of(&users)).await;
        assert_eq!(stop(&world, &admin, id).await, Cancelled::Stopped(3));
        world.execute("ALTER TABLE audit_events RENAME TO gone").await;
        let ran = tokio::time::timeout(Duration::from_secs(30), run(&world.platform, id)).await;
        assert!(matches!(ran.expect("it tries for ever"), Err(Fault::Database(_))));
        assert_eq!(items(&world, "skip IS NULL AND failed_at IS NULL").await, 3);
        world.execute("ALTER TABLE gone RENAME TO audit_events").await;
        world.advance(Span::seconds(31));
        resume(&world.platform).await.unwrap();
        assert_eq!(assert_one_or_the_other(&world, 3).await, (0, 3));
    }

    async fn stopping_and_running_at_once(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let colleague = world.with_role(&world.a, Role::Owner).await;
        let users = world.people(&world.a, Who::MEMBER, CHUNK + 20).await;
        let id = world.confirmed(&admin, &users_of(&users)).await;
        let people = [admin, colleague];
        let answers = at_once(&world, 6, |world, n| {
            let person = people[n % 2].clone();
            async move {
                if n < 2 {
                    run(&world.platform, id).await.map(|()| None)
                } else {
                    let actor = world.actor(&person).await;
                    cancel(&world.platform, &world.origin, &actor, id).await.map(Some)
                }
            }
        })
        .await;
        let stopped = answers.iter().filter(|answer| matches!(answer, Some(Cancelled::Stopped(_)))).count();
        assert!(stopped <= 1, "{answers:?}");
        world.advance(Span::seconds(31));
        resume(&world.platform).await.unwrap();
        assert_one_or_the_other(&world, users.len()).await;
    }

    async fn it_is_stopped_by_those_who_may(world: World) {
        let both = world.with_role(&world.a, Role::Admin).await;
        world.grant(&both, &world.b, Role::Admin).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.b).await);
        let of_a = world.with_role(&world.a, Role::Owner).await;
        let (auditor, stranger) = (world.with_role(&world.a, Role::Auditor).await, world.member(&world.a).await);
        let without = world.person(&world.a, Who { role: Role::Owner, ..Who::NEW }).await;
        let id = world.confirmed(&both, &[ua.user, ub.user]).await;
        let draft = world.plan(&both, &[ua.user]).await;
        let before = Dump::of(&world).await;
        assert_eq!(stop(&world, &of_a, id).await, Cancelled::Refused(Refusal::NoRole), "half of it is not theirs");
        assert_eq!(stop(&world, &auditor, id).await, Cancelled::Refused(Refusal::NoRole));
        assert_eq!(stop(&world, &without, id).await, Cancelled::Refused(Refusal::NoFactorOfYourOwn));
        assert_eq!(stop(&world, &stranger, id).await, Cancelled::Unknown);
        assert_eq!(stop(&world, &both, draft).await, Cancelled::Unknown, "it has not begun");
        assert_eq!(stop(&world, &both, ResetId::new(START, [1; 10])).await, Cancelled::Unknown);
        let after = Dump::of(&world).await;
        assert_eq!(after.len("audit_events"), before.len("audit_events") + 3);
        assert_eq!(before.but_the_record(), after.but_the_record());
        // Once what is left is theirs alone, or by whoever asked for it.
        let only_a = world.confirmed(&both, &[ua.user]).await;
        assert_eq!(stop(&world, &of_a, only_a).await, Cancelled::Stopped(1));
        assert_eq!(stop(&world, &both, id).await, Cancelled::Stopped(2));
        resume(&world.platform).await.unwrap();
        assert_eq!(world.count("SELECT COUNT(*) FROM links").await, 0);
        assert_eq!(stop(&world, &both, id).await, Cancelled::Over);
    }

    async fn the_button_stands_on_the_page_of_a_running_reset(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let auditor = world.with_role(&world.a, Role::Auditor).await;
        let ua = world.member(&world.a).await;
        let id = world.confirmed(&admin, &[ua.user]).await;
        let page = format!("/resets/{id}");
        let body = Browser::signed_in(&world, &auditor).await.get(&page).await.body;
        assert!(body.contains("1 to go") && !body.contains("Stop what has not begun"), "{body}");
        let mut browser = Browser::signed_in(&world, &admin).await;
        assert!(browser.get(&page).await.body.contains("Stop what has not begun"));
        let answer = browser.post("/api/reset/cancel", &page, &[("id", &id.to_string())]).await;
        assert!(answer.location().starts_with(&format!("https://{HOST}{page}")), "{}", answer.location());
        let body = browser.get(&page).await.body;
        assert!(body.contains("Stopped. 1 person keeps everything they have."), "{body}");
        assert!(body.contains("Stopped at") && !body.contains("Stop what has not begun"), "{body}");
        assert_eq!(world.rows_of("methods", ua.user).await, 1);
    }
}
