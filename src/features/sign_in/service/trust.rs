//! Trusted devices: where the password alone signs in, and how a browser becomes one.

use super::enter as open_session;
use crate::domain::audit::{Event, What};
use crate::domain::mail::Mail;
use crate::domain::policy::Policy;
use crate::domain::user::UserRef;
use crate::features::outbox::service::Letter;
use crate::features::session::service::NewToken;
use crate::features::session::service::devices::{self, Trusted};
use crate::features::{audit, customers, outbox};
use crate::platform::request::Origin;
use crate::platform::{Conn, Platform, Result};

/// Signs in a user whose password was right and whose factor would be asked for next, if their browser holds the token of a
/// device that they still trust. None: the factor is asked for, and nothing says why. A lock after wrong codes is no matter
/// here: this is no guess, and tells nothing about a code.
pub(super) async fn enter(
    conn: &mut Conn,
    platform: &Platform,
    origin: &Origin,
    user: UserRef,
    policy: &Policy,
    device: Option<&str>,
) -> Result<Option<NewToken>> {
    let Some(token) = device else {
        return Ok(None);
    };
    let Some(device) = devices::take(conn, user, token, policy.trust_days, platform.now()).await? else {
        return Ok(None);
    };
    let session = open_session(conn, platform, origin, user, "trusted device", None).await?;
    devices::belongs(conn, &session, device).await?;
    Ok(Some(session))
}

/// Trusts the browser of a user whose second factor was right, for so many days, if their customer allows it at this moment.
/// What is left to do once they are signed in is [`tell`]: the record comes last, as everywhere.
pub(super) async fn begin(
    conn: &mut Conn,
    platform: &Platform,
    origin: &Origin,
    user: UserRef,
) -> Result<Option<(Trusted, u16)>> {
    let home = customers::service::of_user(conn, user.customer).await?;
    Ok(match home.map_or(0, |home| home.policy.trust_days) {
        0 => None,
        days => Some((devices::trust(conn, platform, user, origin, days).await?, days)),
    })
}

/// Remembers that `session` belongs to the device that was just trusted, records it and tells the user; the token for the
/// device's cookie.
pub(super) async fn tell(
    conn: &mut Conn,
    platform: &Platform,
    origin: &Origin,
    user: UserRef,
    session: &NewToken,
    (trusted, days): (Trusted, u16),
) -> Result<NewToken> {
    let now = platform.now();
    devices::belongs(conn, session, trusted.id).await?;
    let mail = Mail::DeviceTrusted { at: now, until: trusted.until, browser: origin.browser.clone() };
    outbox::service::enqueue(conn, platform, vec![Letter { user, mail, link: None }]).await?;
    let event = Event::new(now, What::DeviceTrusted, Some(user.customer)).by(user).about(user.id);
    let event = event.from(origin.address.clone()).with("days", days);
    let event = match &origin.browser {
        Some(browser) => event.with("browser", browser),
        None => event,
    };
    let event = if trusted.ended > 0 { event.with("trusted_devices", trusted.ended) } else { event };
    audit::service::record(conn, platform, event).await?;
    Ok(trusted.token)
}
