//! Clocks are wrong at times, and corrected: by an hour, say. Nothing that has run out, or that was used, works again for it,
//! and nobody is kept out.

use rekey::domain::authority::Role;
use rekey::domain::time::Span;
use rekey::features::recovery::service::open;
use rekey::features::sign_in::service::{Factor, Finished, waiting};

use super::harness::*;

both! {
    async fn nothing_that_ran_out_works_again(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let [reset, half_way, signed_in] = [(); 3].map(|()| world.member(&world.a));
        let (reset, half_way, signed_in) = (reset.await, half_way.await, signed_in.await);
        world.reset(&admin, &[reset.user]).await;
        let link = world.link_token(reset.user).await.unwrap();
        let session = world.session_token(&signed_in).await;
        let challenge = world.begin(&half_way).await.0;
        let works = async || {
            let link = open(&world.platform, &world.origin, &link).await.unwrap().is_some();
            let challenge = waiting(&world.platform, &challenge).await.unwrap().is_some();
            (link, challenge, world.find(&session).await.is_some())
        };
        world.advance(Span::minutes(9));
        assert_eq!(works().await, (true, true, true));
        world.advance(Span::minutes(60));
        assert_eq!(works().await, (false, false, false));
        for _ in 0..3 {
            world.advance(Span::minutes(-20));
            assert_eq!(works().await, (false, false, false));
            assert!(world.prove(&link).await.is_none());
        }
        // From here on everything lives as long as it always does.
        world.advance(Span::minutes(60));
        world.reset(&admin, &[reset.user]).await;
        let link = world.link_token(reset.user).await.unwrap();
        world.advance(Span::minutes(59));
        assert!(world.prove(&link).await.is_some());
    }

    async fn no_code_counts_twice_and_nobody_else_is_kept_out(world: World) {
        let (early, late) = (world.member(&world.a).await, world.member(&world.a).await);
        let finishes = async |person: &Person, digits: &str| {
            let token = world.begin(person).await.0;
            matches!(world.finish(&token, &Factor::code(digits).unwrap()).await, Finished::SignedIn { .. })
        };
        let first = world.fresh_code(&early);
        assert!(finishes(&early, &first).await);
        world.advance(Span::hours(1));
        let second = world.fresh_code(&early);
        assert!(finishes(&early, &second).await);
        // An authenticator knows the right time.
        world.advance(Span::hours(-1));
        for used in [&first, &second] {
            assert!(!finishes(&early, used).await);
        }
        let right = late.secret.code(world.platform.wall());
        assert!(finishes(&late, &right).await);
        assert!(!finishes(&late, &right).await);
    }
}
