//! How far a running reset is, as it is told to whoever watches.

use std::time::Duration;

use axum::body::to_bytes;
use axum::http::StatusCode;
use rekey::domain::authority::Role;
use rekey::domain::progress::Progress;
use rekey::features::reset::progress::WATCHERS;
use rekey::features::reset::run::run;
use rekey::features::session;
use tokio::time::timeout;

use super::super::browser::*;
use super::super::harness::*;

fn told(body: &str) -> Vec<Progress> {
    body.lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

both! {
    async fn it_is_told_until_it_is_over(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        world.grant(&admin, &world.b, Role::Admin).await;
        let mut users = users_of(&world.people(&world.a, Who::MEMBER, 3).await);
        users.push(world.person(&world.a, Who { suspended: true, ..Who::MEMBER }).await.user);
        users.push(world.member(&world.b).await.user);
        let id = world.confirmed(&admin, &users).await;
        let path = format!("/resets/{id}/progress");
        let auditor = world.with_role(&world.a, Role::Auditor).await;
        // Two who watch see the same of what both may see.
        let mut watching = Vec::new();
        for watcher in [&admin, &auditor] {
            let response = Browser::signed_in(&world, watcher).await.open(&path).await;
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(response.headers()["content-type"], "text/event-stream");
            watching.push(tokio::spawn(to_bytes(response.into_body(), usize::MAX)));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        run(&world.platform, id).await.unwrap();
        for (watched, all) in watching.into_iter().zip([4, 3]) {
            let body = timeout(Duration::from_secs(20), watched).await.expect("it ends").unwrap().unwrap();
            let told = told(std::str::from_utf8(&body).unwrap());
            let (first, last) = (told.first().unwrap(), told.last().unwrap());
            assert_eq!((first.reset, first.pending, first.skipped, first.over), (0, all, 1, false));
            assert_eq!((last.reset, last.pending, last.skipped, last.over), (all, 0, 1, true));
            assert!(told.windows(2).all(|pair| pair[0] != pair[1]));
        }
        // Whoever comes later is told so once.
        let late = Browser::signed_in(&world, &admin).await.get(&path).await;
        assert_eq!(told(&late.body).len(), 1);
    }

    async fn strangers_are_told_nothing(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let (ua, foreign) = (world.member(&world.a).await, world.with_role(&world.b, Role::Owner).await);
        let id = world.confirmed(&admin, &[ua.user]).await;
        let draft = world.plan(&admin, &[ua.user]).await;
        let path = format!("/resets/{id}/progress");
        assert_eq!(Browser::new(&world).await.get(&path).await.status, StatusCode::UNAUTHORIZED);
        for who in [&foreign, &ua] {
            assert_eq!(Browser::signed_in(&world, who).await.get(&path).await.status, StatusCode::NOT_FOUND);
        }
        for id in [draft.to_string(), "x".to_owned()] {
            let answer = Browser::signed_in(&world, &admin).await.get(&format!("/resets/{id}/progress")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND);
        }
    }

    async fn it_ends_with_the_session_and_has_so_many_places(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let id = world.confirmed(&admin, &[ua.user]).await;
        let path = format!("/resets/{id}/progress");
        let browser = Browser::signed_in(&world, &admin).await;
        let mut open = Vec::new();
        for _ in 0..WATCHERS {
            let response = browser.open(&path).await;
            assert_eq!(response.status(), StatusCode::OK);
            open.push(response);
        }
        let full = browser.open(&path).await;
        assert_eq!(full.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(full.headers().contains_key("retry-after"));
        let one = open.pop().unwrap();
        drop(open);
        assert_eq!(browser.open(&path).await.status(), StatusCode::OK, "whoever leaves makes room");
        let mut tx = world.platform.db.begin().await.unwrap();
        session::service::end_all(&mut tx, admin.user.customer, &[admin.user.id]).await.unwrap();
        tx.commit().await.unwrap();
        let rest = to_bytes(one.into_body(), usize::MAX);
        let body = timeout(Duration::from_secs(20), rest).await.expect("it ends").unwrap();
        assert_eq!(told(std::str::from_utf8(&body).unwrap()).len(), 1);
    }
}
