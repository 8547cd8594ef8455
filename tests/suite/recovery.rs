//! Recovery links: looked at without effect, worth nothing without the password, dead once the user is back.

use futures_util::FutureExt;
use rekey::domain::authority::Role;
use rekey::domain::policy::Policy;
use rekey::domain::recovery::{End, LinkState, WRONG_PASSWORDS};
use rekey::domain::sign_in::Step;
use rekey::domain::time::Span;
use rekey::features::recovery::service::{Proof, open, prove};
use rekey::features::set_up::service::Finished;
use rekey::features::sign_in;
use rekey::platform::Fault;

use super::dump::Dump;
use super::harness::*;

/// A user who was reset, and their link.
async fn locked_out(world: &World) -> (Person, Person, String) {
    let admin = world.with_role(&world.a, Role::Admin).await;
    let ua = world.member(&world.a).await;
    world.reset(&admin, &[ua.user]).await;
    let link = world.link_token(ua.user).await.unwrap();
    (admin, ua, link)
}

async fn is_shown(world: &World, link: &str) -> bool {
    open(&world.platform, &world.origin, link).await.unwrap().is_some()
}

both! {
    async fn the_way_back(world: World) {
        let (_, ua, link) = locked_out(&world).await;
        let shown = open(&world.platform, &world.origin, &link).await.unwrap().unwrap();
        assert_eq!((shown.customer.name.as_str(), shown.issued_at), ("A", world.now()));
        let token = world.prove(&link).await.unwrap();
        let (secret, codes) = world.register(&token).await.unwrap();
        assert!(!is_shown(&world, &link).await, "the first code of the new authenticator spends it");
        assert!(world.prove(&link).await.is_none());
        assert!(matches!(world.save_codes(&token, &codes[3]).await, Finished::BackIn));
        assert_eq!(world.rows_of("sessions", ua.user).await, 0, "a link never ends in a session");
        let back = Person { secret, codes, ..ua };
        world.sign_in(&back).await;
        let recorded = world.recorded(world.a.id).await;
        for what in
            ["link_issued", "link_opened", "link_proved", "authenticator_added", "link_ended", "backup_codes_saved"]
        {
            assert_eq!(recorded.iter().filter(|recorded| *recorded == what).count(), 1, "{what}");
        }
        world.assert_chains_whole().await;
    }

    async fn looking_at_it_changes_nothing(world: World) {
        let (_, ua, link) = locked_out(&world).await;
        assert!(is_shown(&world, &link).await);
        let before = Dump::of(&world).await;
        let looks: Vec<_> = (0..20)
            .map(|_| {
                let (world, link) = (world.clone(), link.clone());
                tokio::spawn(async move { is_shown(&world, &link).await })
            })
            .collect();
        for look in looks {
            assert!(look.await.unwrap());
        }
        assert_eq!(before, Dump::of(&world).await, "the first look was written down, the rest left nothing");
        assert_eq!(world.rows_of("challenges", ua.user).await, 0);
        // Nor does the page of the set-up behind it, however often it is loaded.
        let token = world.prove(&link).await.unwrap();
        let before = Dump::of(&world).await;
        let first = world.shown_secret(&token).await.unwrap().base32();
        for _ in 0..20 {
            assert_eq!(world.shown_secret(&token).await.unwrap().base32(), first);
        }
        assert_eq!(before, Dump::of(&world).await);
        assert!(world.register(&token).await.is_some());
    }

    async fn a_set_up_that_was_abandoned_leaves_the_link_alive(world: World) {
        let (_, _, link) = locked_out(&world).await;
        let first = world.prove(&link).await.unwrap();
        assert!(world.shown_secret(&first).await.is_some());
        let second = world.prove(&link).await.unwrap();
        assert!(world.register(&second).await.is_some());
        assert!(world.register(&first).await.is_none());
    }

    async fn without_the_password_there_is_no_secret_and_no_session(world: World) {
        let (_, ua, link) = locked_out(&world).await;
        for password in ["", "guess", "correct horse battery staple "] {
            let proof = prove(&world.platform, &world.origin, &link, password.to_owned()).await.unwrap();
            assert!(matches!(proof, Proof::Wrong), "{password:?}");
        }
        let proof = prove(&world.platform, &world.origin, &link, "x".repeat(1 << 20)).await.unwrap();
        assert!(matches!(proof, Proof::Wrong));
        assert_eq!((world.rows_of("challenges", ua.user).await, world.rows_of("sessions", ua.user).await), (0, 0));
        // The link's token is neither a session nor a half-finished sign-in.
        assert!(world.find(&link).await.is_none());
        assert!(world.shown_secret(&link).await.is_none());
        assert!(world.prove(&link).await.is_some());
    }

    async fn guessing_at_a_link_ends_it_for_good(world: World) {
        let (admin, ua, link) = locked_out(&world).await;
        for n in 1..=WRONG_PASSWORDS {
            let proof = prove(&world.platform, &world.origin, &link, format!("guess {n}")).await.unwrap();
            assert!(matches!(proof, Proof::Wrong), "{n}");
        }
        assert!(!is_shown(&world, &link).await);
        assert!(world.prove(&link).await.is_none());
        let (id, _) = world.link(ua.user).await.unwrap();
        assert_eq!(world.link_facts(id).await.state(world.now()), LinkState::Exhausted);
        // It hurts nobody but the link: sign-in leads to the same set-up, and another reset to another link.
        let (_, step) = world.begin(&ua).await;
        assert_eq!(step, Step::SetUp);
        world.reset(&admin, &[ua.user]).await;
        assert!(world.prove(&world.link_token(ua.user).await.unwrap()).await.is_some());
    }

    async fn the_last_guess_may_be_right(world: World) {
        let (_, _, link) = locked_out(&world).await;
        for n in 1..WRONG_PASSWORDS {
            let proof = prove(&world.platform, &world.origin, &link, format!("guess {n}")).await.unwrap();
            assert!(matches!(proof, Proof::Wrong));
        }
        assert!(world.prove(&link).await.is_some());
        assert!(is_shown(&world, &link).await, "a right password forgives the wrong ones");
    }

    async fn whoever_is_told_to_come_back_loses_no_try(world: World) {
        let world = world.with_own_hasher();
        let (_, ua, link) = locked_out(&world).await;
        // Begun and then left alone, they keep their places in the queue until they are dropped.
        let mut flood: Vec<_> = (0..600).map(|_| Box::pin(world.platform.hasher.verify("x".to_owned(), None))).collect();
        let turned_away = flood.iter_mut().filter_map(FutureExt::now_or_never).filter(Result::is_err).count();
        assert!(turned_away > 0, "the queue is not full");
        for _ in 0..2 * WRONG_PASSWORDS {
            let busy = prove(&world.platform, &world.origin, &link, PASSWORD.to_owned()).await;
            assert!(matches!(busy, Err(Fault::Busy)));
        }
        drop(flood);
        let tries = format!("SELECT wrong_passwords FROM links WHERE user_id = '{}'", ua.user.id);
        assert_eq!(world.count(&tries).await, 0);
        assert!(world.prove(&link).await.is_some());
    }

    async fn it_works_until_the_last_second_and_not_after(world: World) {
        // No job cleans up here: the time alone decides.
        let (_, _, link) = locked_out(&world).await;
        world.advance(Span::seconds(60 * 60 - 1));
        assert!(is_shown(&world, &link).await);
        assert!(world.prove(&link).await.is_some());
        world.advance(Span::seconds(1));
        assert!(!is_shown(&world, &link).await);
        assert!(world.prove(&link).await.is_none());
        world.advance(Span::seconds(1));
        assert!(world.prove(&link).await.is_none());
    }

    async fn its_lifetime_is_the_customers(world: World) {
        for (minutes, lives) in [(0, 5), (5, 5), (90, 90), (1440, 1440), (u16::MAX, 1440)] {
            world.set_policy(&world.a, Policy::default().with_link_minutes(minutes)).await;
            let (_, ua, link) = locked_out(&world).await;
            world.advance(Span::seconds(lives * 60 - 1));
            assert!(is_shown(&world, &link).await, "{minutes}");
            world.advance(Span::seconds(1));
            assert!(!is_shown(&world, &link).await, "{minutes}");
            let (id, _) = world.link(ua.user).await.unwrap();
            assert_eq!(world.link_facts(id).await.state(world.now()), LinkState::Expired);
        }
    }

    async fn a_set_up_that_began_in_time_may_be_finished(world: World) {
        let (_, _, link) = locked_out(&world).await;
        world.advance(Span::seconds(60 * 60 - 1));
        let token = world.prove(&link).await.unwrap();
        world.advance(Span::minutes(14));
        assert!(world.register(&token).await.is_some());
    }

    async fn a_newer_reset_kills_the_older_link(world: World) {
        let (admin, ua, old) = locked_out(&world).await;
        let half_way = world.prove(&old).await.unwrap();
        let (old_id, _) = world.link(ua.user).await.unwrap();
        world.reset(&admin, &[ua.user]).await;
        assert!(!is_shown(&world, &old).await);
        assert!(world.prove(&old).await.is_none());
        assert!(world.register(&half_way).await.is_none());
        assert_eq!(world.link_facts(old_id).await.state(world.now()), LinkState::Ended(End::Superseded));
        let new = world.link_token(ua.user).await.unwrap();
        assert!(world.prove(&new).await.is_some());
    }

    async fn setting_up_at_sign_in_kills_the_link(world: World) {
        let (_, ua, link) = locked_out(&world).await;
        let half_way = world.prove(&link).await.unwrap();
        let (id, _) = world.link(ua.user).await.unwrap();
        let (token, step) = world.begin(&ua).await;
        assert_eq!(step, Step::SetUp);
        let (_, codes) = world.register(&token).await.unwrap();
        assert!(!is_shown(&world, &link).await);
        assert!(world.prove(&link).await.is_none());
        assert!(world.register(&half_way).await.is_none());
        assert_eq!(world.link_facts(id).await.state(world.now()), LinkState::Ended(End::CompletedAtSignIn));
        assert!(matches!(world.save_codes(&token, &codes[0]).await, Finished::SignedIn { .. }));
    }

    async fn a_forged_or_borrowed_token_is_no_link(world: World) {
        let (admin, ua, link) = locked_out(&world).await;
        let ub = world.member(&world.a).await;
        world.reset(&admin, &[ub.user]).await;
        let other = world.link_token(ub.user).await.unwrap();
        let (id, tag) = link.split_once('.').unwrap();
        let (other_id, other_tag) = other.split_once('.').unwrap();
        let newer =
            world.platform.keys.link_token(world.platform.keys.newest_id(), id.parse().unwrap(), ua.user, 2).unwrap();
        let of_other =
            world.platform.keys.link_token(world.platform.keys.newest_id(), id.parse().unwrap(), ub.user, 1).unwrap();
        let forged = [
            String::new(),
            ".".into(),
            id.into(),
            format!("{id}."),
            format!(".{tag}"),
            format!("{id}.{other_tag}"),
            format!("{other_id}.{tag}"),
            format!("{id}.{}", "A".repeat(43)),
            format!("{id}.{tag}A"),
            format!("{id}.{}", &tag[..42]),
            format!(" {link}"),
            format!("{link} "),
            link.to_uppercase(),
            newer,
            of_other,
            format!("{link}\0"),
        ];
        let before = Dump::of(&world).await;
        for token in forged {
            assert!(!is_shown(&world, &token).await, "{token:?}");
            let proof = prove(&world.platform, &world.origin, &token, PASSWORD.to_owned()).await.unwrap();
            assert!(matches!(proof, Proof::Dead), "{token:?}");
        }
        assert_eq!(before, Dump::of(&world).await);
        assert!(tag.len() == 43, "256 bits");
        assert!(is_shown(&world, &link).await && is_shown(&world, &other).await);
    }

    async fn with_another_key_no_link_works(world: World) {
        let (_, _, link) = locked_out(&world).await;
        let folder = world.folder().join("other.key");
        let keys = rekey::platform::Keys::create(&folder, &rekey::platform::Rng::system()).unwrap();
        let other = world.with_keys(keys);
        assert!(!is_shown(&other, &link).await);
        assert!(other.prove(&link).await.is_none());
    }

    async fn a_suspended_user_does_not_come_back(world: World) {
        let (_, ua, link) = locked_out(&world).await;
        let half_way = world.prove(&link).await.unwrap();
        world.suspend(&ua).await;
        assert!(world.register(&half_way).await.is_none());
        assert!(world.prove(&link).await.is_none());
        assert_eq!(world.rows_of("methods", ua.user).await, 0);
    }

    async fn another_password_ends_a_half_finished_recovery(world: World) {
        let (_, ua, link) = locked_out(&world).await;
        let half_way = world.prove(&link).await.unwrap();
        let hash = world.platform.hasher.hash("new password".into(), [3; 16]).await.unwrap();
        let mut tx = world.platform.db.begin().await.unwrap();
        rekey::features::users::service::set_password(&mut tx, ua.user, &hash, world.now()).await.unwrap();
        tx.commit().await.unwrap();
        assert!(world.register(&half_way).await.is_none());
        assert!(world.prove(&link).await.is_none());
        let proof = prove(&world.platform, &world.origin, &link, "new password".into()).await.unwrap();
        assert!(matches!(proof, Proof::Proved(_)));
    }

    async fn a_recovery_waits_a_quarter_of_an_hour(world: World) {
        let (_, _, link) = locked_out(&world).await;
        let token = world.prove(&link).await.unwrap();
        world.advance(Span::seconds(15 * 60 - 1));
        assert!(world.shown_secret(&token).await.is_some());
        world.advance(Span::seconds(1));
        assert!(world.shown_secret(&token).await.is_none());
        assert!(world.prove(&link).await.is_some());
    }

    async fn a_recovery_is_no_sign_in(world: World) {
        let (_, ua, link) = locked_out(&world).await;
        let token = world.prove(&link).await.unwrap();
        let code = sign_in::service::Factor::Code(ua.secret.code(world.now()));
        assert!(matches!(world.finish(&token, &code).await, sign_in::service::Finished::Dead));
        let (_, codes) = world.register(&token).await.unwrap();
        let code = sign_in::service::Factor::BackupCode(codes[0].clone());
        assert!(matches!(world.finish(&token, &code).await, sign_in::service::Finished::Dead));
        assert_eq!(world.count("SELECT COUNT(*) FROM backup_codes WHERE used_at IS NOT NULL").await, 0);
    }

    async fn every_interleaving_of_link_and_sign_in_ends_with_one_authenticator(world: World) {
        // Three steps each way; every order of the six in which either way keeps its own.
        let admin = world.with_role(&world.a, Role::Admin).await;
        for order in (0u8..64).filter(|order| order.count_ones() == 3) {
            let ua = world.member(&world.a).await;
            world.reset(&admin, &[ua.user]).await;
            let link = world.link_token(ua.user).await.unwrap();
            let mut ways = [Way::default(), Way::default()];
            for place in 0..6 {
                let by_link = order >> place & 1 == 1;
                let way = &mut ways[usize::from(by_link)];
                match way.step {
                    0 if by_link => way.token = world.prove(&link).await,
                    // A sign-in after the other way is through is asked for the new factor: no set-up.
                    0 => way.token = Some(world.begin(&ua).await.0),
                    1 => {
                        if let Some(token) = &way.token {
                            way.registered = world.register(token).await;
                        }
                    }
                    _ => {
                        if let (Some(token), Some((_, codes))) = (&way.token, &way.registered) {
                            let finished = world.save_codes(token, &codes[0]).await;
                            way.finished = matches!(finished, Finished::BackIn | Finished::SignedIn { .. });
                        }
                    }
                }
                way.step += 1;
            }
            let [at_sign_in, by_link] = &ways;
            assert!(at_sign_in.registered.is_some() != by_link.registered.is_some(), "order {order:06b}");
            let winner = if by_link.registered.is_some() { by_link } else { at_sign_in };
            assert!(winner.finished, "order {order:06b}");
            assert_one_authenticator(&world, &ua, winner.registered.clone().unwrap()).await;
            assert!(world.link(ua.user).await.is_none());
        }
        world.assert_chains_whole().await;
    }
}

/// How far one way back has come.
#[derive(Default)]
struct Way {
    step: u8,
    token: Option<String>,
    registered: Option<(rekey::platform::totp::TotpSecret, Vec<rekey::domain::backup_code::BackupCode>)>,
    finished: bool,
}

/// Exactly one authenticator and one set of codes are there, and both are these.
pub async fn assert_one_authenticator(
    world: &World,
    user: &Person,
    (secret, codes): (rekey::platform::totp::TotpSecret, Vec<rekey::domain::backup_code::BackupCode>),
) {
    use sign_in::service::Factor;
    assert_eq!(world.rows_of("methods", user.user).await, 1);
    assert_eq!(world.rows_of("backup_codes", user.user).await, 10);
    assert_eq!(world.rows_of("backup_code_sets", user.user).await, 1);
    let back = Person { secret, codes, ..user.clone() };
    for factor in [Factor::Code(world.fresh_code(&back)), Factor::BackupCode(back.codes[9].clone())] {
        let token = world.challenge(&back, Step::Factor).await;
        assert!(matches!(world.finish(&token, &factor).await, sign_in::service::Finished::SignedIn { .. }));
    }
}
