//! The new password of somebody who came by a recovery link and a caller code. It waits, hashed and out of reach of sign-in,
//! and takes effect together with the new authenticator: until then the old one is what it was.

use super::service::show;
use crate::domain::password::{Weakness, shortest};
use crate::domain::sign_in::{Next, Passed, Step, advance};
use crate::features::{session, users};
use crate::platform::{Platform, Result, common};

/// What came of a new password in a set-up.
pub enum Chosen {
    /// It waits for the authenticator, which comes next.
    GoOn,
    /// It is not taken.
    Weak(Weakness),
    /// This set-up is over.
    Dead,
}

/// Takes the new password of a set-up that waits for one.
///
/// # Errors
/// When the database fails or too many passwords are being hashed.
pub async fn choose(platform: &Platform, token: &str, password: String) -> Result<Chosen> {
    let Some(shown) = show(platform, token).await? else {
        return Ok(Chosen::Dead);
    };
    let mut conn = platform.db.read().await?;
    let seen = session::service::challenge(&mut conn, token, platform.now()).await?;
    let name = match &seen {
        Some(seen) => users::service::name_of(&mut conn, seen.user).await?,
        None => None,
    };
    drop(conn);
    let (Some(seen), Some(name)) = (seen, name) else {
        return Ok(Chosen::Dead);
    };
    match seen.step {
        Step::NewPassword => {}
        // Another tab of this browser was faster.
        Step::SetUp if seen.is_by_caller_code() => return Ok(Chosen::GoOn),
        _ => return Ok(Chosen::Dead),
    }
    let required = shown.customer.policy.mfa_required;
    if let Err(weakness) = common::check(&password, required, &[shown.address.as_str(), &name]) {
        return Ok(Chosen::Weak(weakness));
    }
    let characters = password.chars().count();
    let hash = platform.hasher.hash(password, platform.rng.bytes()).await?;

    let mut tx = platform.db.begin().await?;
    users::service::lock(&mut tx, seen.user).await?;
    // Everything that could have changed since, under the user's lock.
    let Some(challenge) = session::service::challenge(&mut tx, token, platform.now()).await? else {
        return Ok(Chosen::Dead);
    };
    let Some(customer) = users::service::home(&mut tx, challenge.user).await? else {
        return Ok(Chosen::Dead);
    };
    if !customer.policy.second_proof.takes_caller_codes() {
        return Ok(Chosen::Dead);
    }
    let least = shortest(customer.policy.mfa_required);
    if characters < usize::from(least) {
        return Ok(Chosen::Weak(Weakness::Short(least)));
    }
    if advance(challenge.purpose, challenge.step, Passed::NewPassword) == Next::To(Step::SetUp) {
        session::service::choose_password(&mut tx, platform, &challenge, &hash).await?;
        tx.commit().await?;
    }
    Ok(Chosen::GoOn)
}
