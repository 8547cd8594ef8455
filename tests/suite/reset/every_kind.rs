//! DEAD, kind by kind: what was registered before a reset is refused at sign-in, at a step-up, at recovery, and in whatever
//! began before. A kind that is missing here does not compile.

use rekey::domain::method::MethodKind;
use rekey::domain::totp::{Profile, Step as Place};
use rekey::features::methods;
use rekey::features::session::service::Session;
use rekey::features::sign_in::service::{SteppedUp, ask, ask_passkey, send_code, send_code_to_prove, step_up};
use rekey::platform::totp::TotpSecret;

use super::*;
use crate::suite::soft_key::SoftKey;
use crate::suite::tokens::{Fob, active};
use crate::suite::{passkeys, phones};

/// One method of somebody, in the test's hands.
enum Held {
    App(TotpSecret),
    Passkey(Box<SoftKey>),
    Token(Box<Fob>),
    Phone(rekey::domain::ids::MethodId),
}

impl Held {
    async fn new(world: &World, admin: &Person, ua: &Person, kind: MethodKind) -> Self {
        match kind {
            MethodKind::AuthenticatorApp => {
                let secret = TotpSecret::from_bytes(world.platform.rng.bytes());
                let mut tx = world.platform.db.begin().await.unwrap();
                methods::service::register(&mut tx, &world.platform, ua.user, &secret, Place(0)).await.unwrap();
                tx.commit().await.unwrap();
                Self::App(secret)
            }
            MethodKind::Passkey => {
                let mut key = SoftKey::new(1);
                passkeys::register(world, ua, &mut key, "").await;
                Self::Passkey(Box::new(key))
            }
            MethodKind::HardwareToken => Self::Token(Box::new(active(world, admin, ua, Profile::APP).await)),
            MethodKind::Phone => Self::Phone(phones::registered(world, ua, "0171 3920012").await),
        }
    }

    /// What proves a sign-in that is half finished; nothing where nothing can be asked any more.
    async fn at_sign_in(&mut self, world: &World, token: &str) -> Option<String> {
        match self {
            Self::App(secret) => Some(secret.code(world.now())),
            Self::Passkey(key) => ask(&world.platform, token).await.unwrap().map(|question| key.get(&question)),
            Self::Token(fob) => Some(fob.shows(world, 0)),
            Self::Phone(id) => {
                send_code(&world.platform, &world.origin, token, *id).await.unwrap()?;
                Some(phones::sent_code(world).await)
            }
        }
    }

    /// What proves a step-up in a session.
    async fn at_step_up(&mut self, world: &World, session: &Session) -> Option<String> {
        match self {
            Self::App(secret) => Some(secret.code(world.now())),
            Self::Passkey(key) => {
                let asked = ask_passkey(&world.platform, session).await.unwrap()?;
                Some(format!("passkey {} {}", asked.token.0, key.get(&asked.question)))
            }
            Self::Token(fob) => Some(fob.shows(world, 0)),
            Self::Phone(_) => {
                send_code_to_prove(&world.platform, &world.origin, session).await.unwrap()?;
                Some(phones::sent_code(world).await)
            }
        }
    }

    fn factor(&self, proof: String) -> Factor {
        match self {
            Self::Passkey(_) => Factor::answer(proof),
            Self::App(_) | Self::Token(_) | Self::Phone(_) => Factor::Code(proof),
        }
    }
}

async fn steps_up(world: &World, session: &Session, proof: &str) -> bool {
    let done = step_up(&world.platform, &world.origin, session, proof, ("change", "test")).await.unwrap();
    matches!(done, SteppedUp::Right(_))
}

both! {
    async fn of_every_kind_nothing_is_left(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        for kind in MethodKind::ALL {
            let ua = world.member(&world.a).await;
            let mut held = Held::new(&world, &admin, &ua, *kind).await;
            world.advance(Span::minutes(2));
            // It works at both places, so that what follows is no accident.
            let token = world.challenge(&ua, Step::Factor).await;
            let proof = held.at_sign_in(&world, &token).await.unwrap();
            let signed_in = world.finish(&token, &held.factor(proof)).await;
            assert!(matches!(signed_in, Finished::SignedIn { .. }), "{kind}");
            world.advance(Span::minutes(2));
            let session = world.session(&ua).await;
            let proof = held.at_step_up(&world, &session).await.unwrap();
            assert!(steps_up(&world, &session, &proof).await, "{kind}");
            world.advance(Span::minutes(90));

            // Both begin once more, and then comes the reset.
            let token = world.challenge(&ua, Step::Factor).await;
            let session = world.session(&ua).await;
            let (at_sign_in, at_step_up) =
                (held.at_sign_in(&world, &token).await.unwrap(), held.at_step_up(&world, &session).await.unwrap());
            world.reset(&admin, &[ua.user]).await;
            let old = held.factor(at_sign_in.clone());
            assert!(matches!(world.finish(&token, &old).await, Finished::Dead), "{kind}");
            assert!(!steps_up(&world, &session, &at_step_up).await, "{kind}");
            // Nor where a sign-in begins anew.
            let token = world.challenge(&ua, Step::Factor).await;
            for proof in [Some(at_sign_in.clone()), held.at_sign_in(&world, &token).await].into_iter().flatten() {
                assert!(!matches!(world.finish(&token, &held.factor(proof)).await, Finished::SignedIn { .. }), "{kind}");
            }
            // Nor as the first code of the new authenticator, by the link.
            let set_up = world.prove(&world.link_token(ua.user).await.unwrap()).await.unwrap();
            for proof in [&at_sign_in, &at_step_up] {
                let done = set_up::service::register(&world.platform, &world.origin, &set_up, proof).await.unwrap();
                assert!(matches!(done, Registered::Wrong), "{kind}");
            }
            assert_eq!(world.rows_of("methods", ua.user).await, 0, "{kind}");
        }
        world.assert_chains_whole().await;
    }
}
