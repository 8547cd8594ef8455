//! Set-up: what a forced one cannot be talked out of, and what is left behind by one that was abandoned.

use rekey::domain::authority::Role;
use rekey::domain::policy::Policy;
use rekey::domain::sign_in::Step;
use rekey::domain::time::Span;
use rekey::domain::totp::in_fours;
use rekey::features::set_up::done::what_is_new;
use rekey::features::set_up::service::{Finished, Registered, codes, register, show};
use rekey::features::sign_in::service::{Begun, Factor};
use rekey::features::{session, sign_in};
use rekey::platform::request::Origin;

use super::dump::Dump;
use super::harness::*;

async fn begin_set_up(world: &World, person: &Person) -> String {
    let (token, step) = world.begin(person).await;
    assert_eq!(step, Step::SetUp);
    token
}

both! {
    async fn a_whole_set_up_ends_in_a_session(world: World) {
        let new = world.person(&world.a, Who::NEW).await;
        let token = begin_set_up(&world, &new).await;
        let (secret, codes) = world.register(&token).await.unwrap();
        assert_eq!(codes.len(), 10);
        assert!(matches!(world.save_codes(&token, &new_code(9)).await, Finished::Wrong));
        let Finished::SignedIn { token: session, next, back } = world.save_codes(&token, &codes[6]).await else {
            panic!("not signed in")
        };
        assert_eq!((next.as_str(), back), ("/", false));
        assert!(world.find(&session.0).await.unwrap().actor.has_mfa);
        // The code typed back was not spent: all ten are there.
        assert_eq!(world.count("SELECT COUNT(*) FROM backup_codes WHERE used_at IS NULL").await, 10);
        let mut conn = world.platform.db.read().await.unwrap();
        let left = rekey::features::backup_codes::service::left(&mut conn, new.user).await.unwrap();
        assert!(left.saved_at.is_some() && left.count() == 10);
        drop(conn);
        // From now on that authenticator is asked for.
        world.advance(Span::seconds(30));
        let (token, step) = world.begin(&new).await;
        assert_eq!(step, Step::Factor);
        let code = Factor::Code(secret.code(world.now()));
        assert!(matches!(world.finish(&token, &code).await, sign_in::service::Finished::SignedIn { .. }));
    }

    async fn it_cannot_be_skipped(world: World) {
        let new = world.person(&world.a, Who::NEW).await;
        let token = begin_set_up(&world, &new).await;
        // Neither by answering as if a factor had been asked for, nor by saving codes that are not there, nor by
        // beginning again in a second tab.
        let code = Factor::Code(new.secret.code(world.now()));
        assert!(matches!(world.finish(&token, &code).await, sign_in::service::Finished::Dead));
        assert!(matches!(world.save_codes(&token, &new_code(1)).await, Finished::Dead));
        assert!(codes(&world.platform, &token, None).await.unwrap().is_none());
        let second = begin_set_up(&world, &new).await;
        assert!(world.find(&token).await.is_none() && world.find(&second).await.is_none());
        assert_eq!(world.rows_of("sessions", new.user).await, 0);
        // Each tab has a key of its own, and the one that is faster ends the other.
        let (first_secret, second_secret) =
            (world.shown_secret(&token).await.unwrap(), world.shown_secret(&second).await.unwrap());
        assert_ne!(first_secret.base32(), second_secret.base32());
        assert!(world.register(&second).await.is_some());
        let late = first_secret.code(world.now());
        assert!(matches!(register(&world.platform, &world.origin, &token, &late).await.unwrap(), Registered::Dead));
        assert_eq!(world.rows_of("methods", new.user).await, 1);
    }

    async fn abandoned_it_leaves_no_way_in_by_password_alone(world: World) {
        // Even where no factor is required: a reset took one, so one is due.
        world.set_policy(&world.a, policy(|policy| policy.mfa_required = false)).await;
        let admin = world.with_role(&world.a, rekey::domain::authority::Role::Admin).await;
        let ua = world.member(&world.a).await;
        world.reset(&admin, &[ua.user]).await;
        for _ in 0..3 {
            let token = begin_set_up(&world, &ua).await;
            assert!(world.shown_secret(&token).await.is_some());
            world.advance(Span::minutes(11));
            assert!(world.register(&token).await.is_none());
        }
        assert_eq!(world.rows_of("sessions", ua.user).await, 0);
    }

    async fn abandoned_before_the_codes_were_saved_the_user_still_comes_in(world: World) {
        let new = world.person(&world.a, Who::NEW).await;
        let token = begin_set_up(&world, &new).await;
        let (secret, _) = world.register(&token).await.unwrap();
        // The browser is gone, with the cookie that held the codes.
        world.advance(Span::minutes(11));
        let (token, step) = world.begin(&new).await;
        assert_eq!(step, Step::Factor);
        let code = Factor::Code(secret.code(world.now()));
        assert!(matches!(world.finish(&token, &code).await, sign_in::service::Finished::SignedIn { .. }));
        let mut conn = world.platform.db.read().await.unwrap();
        assert!(rekey::features::backup_codes::service::left(&mut conn, new.user).await.unwrap().saved_at.is_none());
    }

    async fn a_wrong_code_activates_nothing(world: World) {
        let new = world.person(&world.a, Who::NEW).await;
        let token = begin_set_up(&world, &new).await;
        let secret = world.shown_secret(&token).await.unwrap();
        let before = Dump::of(&world).await.but_the_record().without(&["challenges.wrong_codes"]);
        let wrong = wrong_code(&secret, world.now());
        for n in 1..=5 {
            let registered = register(&world.platform, &world.origin, &token, &wrong).await.unwrap();
            assert!(matches!(registered, Registered::Wrong) == (n < 5) && !matches!(registered, Registered::Right(_)));
        }
        let after = Dump::of(&world).await.but_the_record().without(&["challenges.wrong_codes"]);
        assert_eq!(before, after);
        // Five wrong ones end this set-up; the next one begins with another key.
        assert!(show(&world.platform, &token).await.unwrap().is_none());
        let right = secret.code(world.now());
        assert!(matches!(register(&world.platform, &world.origin, &token, &right).await.unwrap(), Registered::Dead));
        let again = begin_set_up(&world, &new).await;
        assert_ne!(world.shown_secret(&again).await.unwrap().base32(), secret.base32());
    }

    async fn once_registered_the_key_is_shown_no_more(world: World) {
        let new = world.person(&world.a, Who::NEW).await;
        let token = begin_set_up(&world, &new).await;
        let (secret, new_codes) = world.register(&token).await.unwrap();
        assert!(show(&world.platform, &token).await.unwrap().unwrap().key.is_none());
        assert!(codes(&world.platform, &token, None).await.unwrap().unwrap().codes.is_none());
        assert_eq!(world.count("SELECT COUNT(*) FROM challenges WHERE secret IS NOT NULL").await, 0);
        // A second first code changes nothing.
        world.advance(Span::seconds(30));
        let code = secret.code(world.now());
        assert!(matches!(register(&world.platform, &world.origin, &token, &code).await.unwrap(), Registered::Dead));
        assert!(matches!(world.save_codes(&token, &new_codes[0]).await, Finished::SignedIn { .. }));
        assert!(show(&world.platform, &token).await.unwrap().is_none());
        assert!(codes(&world.platform, &token, None).await.unwrap().is_none());
        let everything = Dump::of(&world).await.everything();
        assert!(!everything.contains(&secret.base32()) && !everything.contains(&in_fours(&secret.base32())));
    }

    async fn the_new_codes_show_in_their_browser_until_one_is_typed_back(world: World) {
        let (one, other) = (world.person(&world.a, Who::NEW).await, world.person(&world.a, Who::NEW).await);
        let (token, others) = (begin_set_up(&world, &one).await, begin_set_up(&world, &other).await);
        let seal = async |token: &str| {
            let code = world.shown_secret(token).await.unwrap().code(world.now());
            match register(&world.platform, &world.origin, token, &code).await.unwrap() {
                Registered::Right(sealed) => sealed,
                _ => panic!("not registered"),
            }
        };
        let (sealed, foreign) = (seal(&token).await, seal(&others).await);
        let shown = async |token: &str, sealed: &str| {
            codes(&world.platform, token, Some(sealed)).await.unwrap().and_then(|shown| shown.codes)
        };
        let first = shown(&token, &sealed).await.unwrap();
        assert_eq!(first.0, shown(&token, &sealed).await.unwrap().0, "a reload shows the same");
        // Somebody else's cookie, a changed one, or the right one with another set-up shows none.
        assert!(shown(&token, &foreign).await.is_none() && shown(&others, &sealed).await.is_none());
        let mut changed = sealed.clone().into_bytes();
        let last = changed.last_mut().unwrap();
        *last = if *last == b'A' { b'B' } else { b'A' };
        assert!(shown(&token, &String::from_utf8(changed).unwrap()).await.is_none());
        assert!(matches!(world.save_codes(&token, &first.0[0]).await, Finished::SignedIn { .. }));
        assert!(shown(&token, &sealed).await.is_none());
    }

    async fn five_wrong_codes_typed_back_end_it(world: World) {
        let new = world.person(&world.a, Who::NEW).await;
        let token = begin_set_up(&world, &new).await;
        let (_, codes) = world.register(&token).await.unwrap();
        for n in 1..=5 {
            let finished = world.save_codes(&token, &new_code(n)).await;
            assert!(if n < 5 { matches!(finished, Finished::Wrong) } else { matches!(finished, Finished::Dead) });
        }
        assert!(matches!(world.save_codes(&token, &codes[0]).await, Finished::Dead));
    }

    async fn a_set_up_ends_every_older_session(world: World) {
        world.set_policy(&world.a, policy(|policy| policy.mfa_required = false)).await;
        let new = world.person(&world.a, Who::NEW).await;
        let Begun::SignedIn(old) = world.begin_with(&new.address, PASSWORD).await else { panic!("not signed in") };
        world.set_policy(&world.a, Policy::default()).await;
        let token = begin_set_up(&world, &new).await;
        assert!(world.find(&old.0).await.is_some());
        let (_, codes) = world.register(&token).await.unwrap();
        assert!(world.find(&old.0).await.is_none());
        let Finished::SignedIn { token, .. } = world.save_codes(&token, &codes[0]).await else {
            panic!("not signed in")
        };
        assert!(world.find(&token.0).await.is_some());
    }

    async fn whoever_is_back_is_told_what_is_new_and_can_do_nothing_else_there(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let password_alone = |world: &World| {
            let (platform, user) = (world.platform.clone(), ua.user);
            async move {
                let mut tx = platform.db.begin().await.unwrap();
                session::service::open(&mut tx, &platform, user, &Origin::default(), None).await.unwrap();
                tx.commit().await.unwrap();
            }
        };
        for by_link in [true, false] {
            password_alone(&world).await;
            password_alone(&world).await;
            world.reset(&admin, &[ua.user]).await;
            let reset_at = world.now();
            world.advance(Span::minutes(5));
            let token = if by_link {
                world.prove(&world.link_token(ua.user).await.unwrap()).await.unwrap()
            } else {
                world.begin(&ua).await.0
            };
            // A session that came after the reset ends with the set-up.
            password_alone(&world).await;
            let added_at = world.now();
            let (_, new) = world.register(&token).await.unwrap();
            assert!(what_is_new(&world.platform, &token).await.unwrap().is_none(), "not before the codes are saved");
            world.advance(Span::minutes(1));
            let (session, next) = match world.save_codes(&token, &new[3]).await {
                Finished::SignedIn { token, next, back } => {
                    assert!(back);
                    (Some(token), Some(next))
                }
                Finished::BackIn => (None, None),
                _ => panic!("the codes are saved"),
            };
            assert_eq!(session.is_none(), by_link);
            let told = what_is_new(&world.platform, &token).await.unwrap().unwrap();
            assert_eq!((told.reset_at, told.added_at, told.next), (reset_at, added_at, next));
            let lost = |name: &str| told.lost.get(name).map(String::as_str);
            assert_eq!(lost("sessions"), Some("3"), "two with the reset and one with the set-up");
            assert_eq!((lost("authenticator_apps"), lost("backup_codes")), (Some("1"), Some("10")));
            assert_eq!(told.lost.get("reason"), None);
            let before = Dump::of(&world).await;
            assert!(world.shown_secret(&token).await.is_none() && world.register(&token).await.is_none());
            assert!(codes(&world.platform, &token, None).await.unwrap().is_none());
            assert!(matches!(world.save_codes(&token, &new[3]).await, Finished::Dead));
            assert!(world.find(&token).await.is_none());
            assert_eq!(before, Dump::of(&world).await);
        }
        // It is there for a while, and not after a newer reset.
        let (token, _) = {
            world.reset(&admin, &[ua.user]).await;
            world.begin(&ua).await
        };
        let (_, new) = world.register(&token).await.unwrap();
        world.save_codes(&token, &new[0]).await;
        assert!(what_is_new(&world.platform, &token).await.unwrap().is_some());
        world.reset(&admin, &[ua.user]).await;
        assert!(what_is_new(&world.platform, &token).await.unwrap().is_none());
        let (token, _) = world.begin(&ua).await;
        let (_, new) = world.register(&token).await.unwrap();
        world.save_codes(&token, &new[0]).await;
        world.advance(Span::minutes(10));
        assert!(what_is_new(&world.platform, &token).await.unwrap().is_none());
    }
}

/// A code that is nobody's.
fn new_code(n: u8) -> rekey::domain::backup_code::BackupCode {
    rekey::domain::backup_code::BackupCode::from_bytes([n; 10])
}
