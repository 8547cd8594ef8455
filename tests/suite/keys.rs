//! The key file: two keys are read while one is replaced by another, and without the right one nothing opens, least of
//! all by password alone.

use std::fs;
use std::io::Write as _;

use rekey::domain::authority::Role;
use rekey::domain::sign_in::{Purpose, Step};
use rekey::features::sign_in::service::{Factor, Finished, finish};
use rekey::platform::keys::new_token;
use rekey::platform::{Fault, Keys, Rng};

use super::harness::*;

/// The same world after an operator added a new key to the file and started again.
fn with_a_newer_key(world: &World) -> World {
    let path = world.folder().join("rekey.key");
    let hex = data_encoding::HEXLOWER.encode(&Rng::system().bytes::<32>());
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    writeln!(file, "newer{} {hex}", &hex[..4]).unwrap();
    let keys = Keys::load(&path).unwrap();
    assert!(keys.newest_id().starts_with("newer"));
    world.with_keys(keys)
}

both! {
    async fn what_older_keys_made_still_works(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.a).await);
        world.reset(&admin, &[ub.user]).await;
        let link = world.link_token(ub.user).await.unwrap();
        let half_way = world.challenge_for(&ua, Purpose::Recovery, Step::SetUp).await;

        let newer = with_a_newer_key(&world);
        newer.sign_in(&ua).await;
        let token = newer.challenge(&ua, Step::Factor).await;
        let backup = Factor::BackupCode(ua.codes[0].clone());
        assert!(matches!(newer.finish(&token, &backup).await, Finished::SignedIn { .. }));
        assert!(newer.shown_secret(&half_way).await.is_some());
        let set_up = newer.prove(&link).await.unwrap();
        let (secret, codes) = newer.register(&set_up).await.unwrap();
        newer.assert_chains_whole().await;
        // A node that was not started again does not know the new key: it opens nothing of it, and says so.
        let ub = Person { secret, codes, ..ub };
        let token = world.challenge(&ub, Step::Factor).await;
        let code = Factor::Code(world.fresh_code(&ub));
        let finished = finish(&world.platform, &world.origin, &token, &code, false).await;
        assert!(matches!(finished, Err(Fault::Sealed)));
        assert!(matches!(newer.finish(&token, &code).await, Finished::SignedIn { .. }));
    }

    async fn without_the_key_nobody_comes_in_by_password_alone(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.a).await);
        world.reset(&admin, &[ub.user]).await;
        let link = world.link_token(ub.user).await.unwrap();
        let path = world.folder().join(new_token(&Rng::system()));
        let lost = world.with_keys(Keys::create(&path, &Rng::system()).unwrap());
        let (token, step) = lost.begin(&ua).await;
        assert_eq!(step, Step::Factor);
        let code = Factor::Code(lost.fresh_code(&ua));
        let finished = finish(&lost.platform, &lost.origin, &token, &code, false).await;
        assert!(matches!(finished, Err(Fault::Sealed)));
        let backup = Factor::BackupCode(ua.codes[0].clone());
        assert!(matches!(lost.finish(&token, &backup).await, Finished::Wrong));
        assert!(lost.prove(&link).await.is_none());
        assert_eq!(world.rows_of("sessions", ua.user).await, 0);
        // The codes were not spent: with the right key all is as before.
        assert!(matches!(world.finish(&token, &backup).await, Finished::SignedIn { .. }));
    }
}
