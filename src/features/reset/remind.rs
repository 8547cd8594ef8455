//! Writes once more to whoever is not back so many hours after their reset, where their customer's policy had it so then.

use super::board_acts::Doing;
use super::store::{self, remind as waiting};
use crate::domain::board::{Act, Stage};
use crate::domain::ids::{CustomerId, ResetId, UserId};
use crate::domain::plan::CHUNK;
use crate::features::{customers, session};
use crate::platform::{Platform, Result};

/// Whom a new link helps: the mail got there once, and nobody took the link back.
const STAGES: [Stage; 5] = [Stage::Sent, Stage::Opened, Stage::Proved, Stage::Expired, Stage::Exhausted];

/// Sends a new link to everybody whose time has come. Of two processes that do it at once, one writes to each. Who cannot be
/// written to for what is stored of them keeps nobody else waiting.
///
/// # Errors
/// When the database fails; what was committed until then stays.
pub async fn remind(platform: &Platform) -> Result<()> {
    loop {
        let now = platform.now();
        let mut conn = platform.db.read().await?;
        let Some((id, customer)) = waiting::longest(&mut conn, now).await? else {
            return Ok(());
        };
        let users = waiting::due(&mut conn, id, customer, now, CHUNK).await?;
        drop(conn);
        match write(platform, id, customer, &users, true).await {
            Err(fault) if !fault.is_passing() => {
                tracing::error!(reset = %id, error = %fault, "nobody of a chunk could be reminded");
                write(platform, id, customer, &users, false).await?;
            }
            written => written?,
        }
    }
}

/// Settles these, and writes to those who are not back; in the name and with the authority of whoever reset them: who has
/// none any more writes to nobody.
async fn write(platform: &Platform, id: ResetId, customer: CustomerId, users: &[UserId], mails: bool) -> Result<()> {
    let mut tx = platform.db.begin().await?;
    customers::service::hold(&mut tx, [customer]).await?;
    let users = waiting::settle(&mut tx, id, customer, users).await?;
    if mails
        && !users.is_empty()
        && let Some(reset) = store::get(&mut tx, id).await?
        && let Some(actor) = session::service::actor_in(&mut tx, reset.requester(), customer, platform.now()).await?
    {
        let (act, stages) = (Act::SendAgain, STAGES.to_vec());
        let doing = Doing { platform, origin: None, actor: &actor, reset: &reset, act, stages };
        doing.chunk(&mut tx, customer, &users).await?;
    }
    tx.commit().await
}
