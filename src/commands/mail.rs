//! `rekey mail bounce`.

use std::fmt::Display;
use std::io::{self, Read as _};

use super::{Outcome, Problem, say};
use crate::features::outbox::bounce::{Bounced, take};
use crate::platform::{Config, open};

/// As much as is read of a report: it says first what it has to say, and the mail itself may hang on it.
const LONGEST: u64 = 1 << 20;

/// Every failure is one that the mail server should try again after: a report that is refused would be lost.
pub async fn bounce(config: &Config, recipient: &str) -> Outcome {
    let mut report = Vec::new();
    io::stdin().take(LONGEST).read_to_end(&mut report).map_err(later)?;
    let platform = open::open_existing(config).await.map_err(later)?;
    match take(&platform, recipient, &report).await.map_err(later)? {
        Bounced::Marked => say("The mail came back: the recovery board says so."),
        Bounced::Known => say("That was known."),
        Bounced::NotFinal => say("Nothing final: nothing was done."),
        Bounced::Unknown => say("It is about no mail of ours: nothing was done."),
        Bounced::TooSoon => return Err(later("the mail is being sent at this moment")),
    }
    Ok(())
}

fn later(why: impl Display) -> Problem {
    Problem::Later(why.to_string())
}
