//! Which answers travel compressed.

use super::*;

both! {
    async fn an_answer_is_compressed_unless_its_address_could_be_another_sites(world: World) {
        let admin = world.with_role(&world.a, Role::Owner).await;
        let mut browser = Browser::signed_in(&world, &admin).await;
        let mut ask = async |path: &str, accepts: &str| {
            let request = Request::get(path).header("accept", "text/html").header("accept-encoding", accepts);
            browser.send(request.body(Body::empty()).unwrap()).await
        };
        for path in ["/users", "/security", "/users?", "/security?tried=1"] {
            let plain = ask(path, "identity").await;
            let small = ask(path, "br;q=0.1, gzip").await;
            assert_eq!((plain.header("content-encoding"), small.header("content-encoding")), ("", "gzip"), "{path}");
            let vary: Vec<_> = small.headers.get_all("vary").iter().map(|value| value.to_str().unwrap()).collect();
            assert!(vary.join(", ").contains("accept-encoding"), "{vary:?}");
            assert_eq!(small.header("cache-control"), plain.header("cache-control"));
        }
        // Another site can write its guess there, and read the length of the answer from the line.
        for path in ["/users?q=zoe", "/users?tried=1&q=zoe", "/users?tried=2", "/sign-in?next=%2Fusers"] {
            assert_eq!(ask(path, "gzip").await.header("content-encoding"), "", "{path}");
        }
    }
}
