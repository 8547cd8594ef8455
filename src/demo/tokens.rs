//! The hardware tokens of the demo's customers: in the drawer, on their way, in use, returned and lost.

use crate::domain::authority::Right;
use crate::domain::ids::CustomerId;
use crate::domain::token::TokenAct;
use crate::domain::totp::{Digest, Moving, Profile, Step};
use crate::domain::user::UserRef;
use crate::features::stock::service::{self as stock, NewToken};
use crate::features::{methods, session};
use crate::platform::totp::OathSecret;
use crate::platform::{Platform, Result, Tx};

/// The first serial number, maker, model and how codes are made; so many of each.
const BOXES: [(u32, &str, &str, Profile, usize); 3] = [
    (10_001_000, "Acme", "Fob Classic", Profile::APP, 5),
    (20_001_000, "Acme", "Card 60", Profile { digits: 8, digest: Digest::Sha256, moving: Moving::Time(60) }, 4),
    (4_711_300, "Yubico", "YubiKey 5", Profile { moving: Moving::Counter, ..Profile::APP }, 3),
];

/// Fills the stock of a customer. Of its people, `users` are given tokens.
pub(super) async fn fill(
    tx: &mut Tx,
    then: &Platform,
    customer: CustomerId,
    by: UserRef,
    users: &[UserRef],
) -> Result<()> {
    let Some(actor) = session::service::actor(tx, by, then.now()).await? else {
        return Ok(());
    };
    let scope = actor.scope(Right::Manage);
    let mut new = Vec::new();
    for (serial, maker, model, profile, count) in BOXES {
        for serial in (serial..).take(count) {
            new.extend(OathSecret::from_bytes(then.rng.bytes::<20>().to_vec()).map(|secret| NewToken {
                serial: serial.to_string(),
                maker: Some(maker.to_owned()),
                model: Some(model.to_owned()),
                profile,
                secret,
                last: Step(-1),
            }));
        }
    }
    let ids = stock::add(tx, then, customer, by, new).await?;
    // What became of some of them, each act in turn.
    let lives: [(usize, &[TokenAct]); 4] = [
        (0, &[TokenAct::Assign, TokenAct::Activate]),
        (1, &[TokenAct::Assign]),
        (2, &[TokenAct::Assign, TokenAct::Activate, TokenAct::Deactivate]),
        (5, &[TokenAct::Lose]),
    ];
    for ((at, acts), user) in lives.into_iter().zip(users) {
        for act in acts {
            let Some(token) = stock::by_id(tx, &scope, ids[at]).await? else { continue };
            let by = if *act == TokenAct::Activate { *user } else { by };
            stock::act(tx, &token, *act, Some(user.id), by, then.now()).await?;
            if *act == TokenAct::Activate && acts.last() == Some(act) {
                methods::service::register_token(tx, then, *user, token.id, &token.serial).await?;
            }
        }
    }
    Ok(())
}
