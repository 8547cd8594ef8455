//! `rekey audit verify`.

use super::{Outcome, Problem, count, plain, say};
use crate::features::audit::service::{Break, verify as verify_all};
use crate::features::customers;
use crate::platform::{Config, Conn, Result, open};

pub async fn verify(config: &Config) -> Outcome {
    let platform = open::open_existing(config).await?;
    let mut conn = platform.db.read().await?;
    let verified = verify_all(&mut conn, &platform.keys).await?;
    for broken in &verified.breaks {
        let name = name(&mut conn, broken).await?;
        say(format_args!("Broken: {name}, chain {}, row {}: {}.", plain(&broken.chain), broken.number, broken.why));
    }
    say(format_args!("Read {} and {}.", count(verified.chains, "chain"), count(verified.rows, "row")));
    match verified.breaks.len() as u64 {
        0 => {
            say("All are as they were written.");
            Ok(())
        }
        broken => Err(Problem::Failed(format!("the audit is broken in {}", count(broken, "chain")))),
    }
}

/// Whose chain it is.
async fn name(conn: &mut Conn, broken: &Break) -> Result<String> {
    let customer = match broken.chain.parse() {
        Ok(id) => customers::service::of_user(conn, id).await?,
        Err(_) => None,
    };
    Ok(customer.map_or_else(|| "what belongs to no customer".to_owned(), |customer| plain(&customer.name)))
}
