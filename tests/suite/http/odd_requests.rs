//! What nobody sends: too much, too often, or nothing that is understood.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use rekey::domain::authority::Role;

use super::super::browser::*;
use super::super::harness::*;
use super::functions;

both! {
    async fn a_password_of_a_megabyte_is_refused_before_it_is_hashed(world: World) {
        let ua = world.member(&world.a).await;
        let mut browser = Browser::new(&world).await;
        let long = "x".repeat(900_000);
        let answer = browser.call("/api/sign_in/begin", &[("address", &ua.address), ("password", &long)]).await;
        assert_eq!(answer.body, "\"Wrong\"");
        let longer = "x".repeat((1 << 20) + 1);
        let too_long = Request::post("/api/sign_in/begin").header("content-length", longer.len().to_string());
        assert_eq!(
            browser.send(too_long.body(Body::from(longer)).unwrap()).await.status,
            StatusCode::PAYLOAD_TOO_LARGE
        );
        assert_eq!(world.count("SELECT COUNT(*) FROM audit_events WHERE what = 'password_wrong'").await, 1);
    }

    async fn what_no_page_sends_is_refused_calmly(world: World) {
        let admin = world.with_role(&world.a, Role::Owner).await;
        let mut browser = Browser::signed_in(&world, &admin).await;
        let bodies: [&[u8]; 8] =
            [b"", b"=", b"&&&", b"%", b"%ff%fe", b"id=%00", b"{\"id\":1}", b"users[99999999999]=x&id[a]=b"];
        for (path, ..) in functions().into_iter().filter(|(path, ..)| *path != "/api/sign_in/out") {
            for body in bodies {
                for kind in ["application/x-www-form-urlencoded", "application/json", "text/plain"] {
                    let request = Request::post(path).header("content-type", kind).header("accept", "application/json");
                    let answer = browser.send(request.body(Body::from(body)).unwrap()).await;
                    assert!(answer.status.as_u16() < 600 && answer.body.len() < 20_000, "{path}");
                    assert!(
                        !answer.body.contains("panicked") && !answer.body.contains("sqlx"),
                        "{path}: {}",
                        answer.body
                    );
                }
            }
        }
        assert!(browser.get("/users").await.status.is_success(), "the server is alive");
        let odd = [
            "/users?after=%ff~%00",
            "/users?q=%00",
            "/users?customer=%27",
            "/resets/%00",
            "/recover/%00",
            "/audit?before=1.2.3",
        ];
        for path in odd {
            let answer = browser.get(path).await;
            assert!(!answer.status.is_server_error(), "{path}: {}", answer.status);
        }
    }

    async fn a_flood_of_sign_ins_is_turned_away_and_forgotten(world: World) {
        let ua = world.member(&world.a).await;
        let world = world.with_own_hasher();
        let browser = Browser::new(&world).await;
        let flood: Vec<_> = (0..500)
            .map(|n| {
                let (mut browser, address) =
                    (browser.clone(), if n % 2 == 0 { ua.address.clone() } else { format!("x{n}@a.example") });
                tokio::spawn(async move {
                    let fields = [("address", address.as_str()), ("password", "guess")];
                    browser.call("/api/sign_in/begin", &fields).await
                })
            })
            .collect();
        let (mut served, mut turned_away) = (0, 0);
        for one in flood {
            let answer = one.await.unwrap();
            if answer.status == StatusCode::OK {
                assert_eq!(answer.body, "\"Wrong\"");
                served += 1;
            } else {
                assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.body);
                assert!(!answer.header("retry-after").is_empty());
                turned_away += 1;
            }
        }
        assert!(served > 0 && turned_away > 0, "{served} served, {turned_away} turned away");
        world.sign_in(&ua).await;
    }
}
