//! `rekey serve`.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

use super::{Outcome, Problem};
use crate::features::outbox::transport::Transport;
use crate::platform::{Config, Platform, open};
use crate::server;

pub async fn serve(config: &Config) -> Outcome {
    log(config)?;
    let mail = Transport::servers(config).map_err(|settings| Problem::Input(settings.to_string()))?;
    until_stopped(open::open_real(config).await?, mail).await
}

/// Serves until the process is told to stop.
pub async fn until_stopped(platform: Platform, mail: Transport) -> Outcome {
    let listen = platform.config.listen;
    let served = server::serve(platform, mail).await;
    served.map_err(|error| Problem::Failed(format!("cannot serve at {listen} ({error})")))
}

/// Writes the log to standard error.
pub fn log(config: &Config) -> Outcome {
    let filter = EnvFilter::try_new(&config.log)
        .map_err(|error| Problem::Input(format!("REKEY_LOG is not a filter of a log ({error})")))?;
    // What is sent to the gateway holds numbers and codes, and is written down nowhere.
    let silent = ["ureq=off", "ureq_proto=off"].map(|directive| directive.parse().expect("these are directives"));
    let filter = silent.into_iter().fold(filter, EnvFilter::add_directive);
    let in_colour = io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(in_colour).with_writer(io::stderr).init();
    Ok(())
}
