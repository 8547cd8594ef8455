//! `rekey migrate`.

use super::{Outcome, say};
use crate::platform::{Config, open};

pub async fn migrate(config: &Config) -> Outcome {
    let platform = open::open(config).await?;
    platform.db.close().await;
    say("The database is of this version.");
    Ok(())
}
