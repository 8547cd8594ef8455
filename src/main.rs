//! Reads the command line and starts what it names.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    rekey::commands::run().await
}
