//! `rekey demo`: a server full of made-up people, and their phones.

use std::env;

use super::{Outcome, Problem, complain, existing_user, plain, say, serve};
use crate::demo::{PASSWORD, TECHNICIAN, seed};
use crate::domain::time::Time;
use crate::domain::totp::STEP_SECONDS;
use crate::domain::user::Address;
use crate::features::methods;
use crate::features::outbox::mailbox::DevMailbox;
use crate::features::outbox::transport::{BadSettings, Transport};
use crate::platform::{Clock, Config, Platform, open};

pub async fn serve(config: &Config) -> Outcome {
    serve::log(config)?;
    let mail = match Transport::servers(config) {
        Err(BadSettings::NoServer) => Transport::Mailbox(DevMailbox::default()),
        servers => servers.map_err(|settings| Problem::Input(settings.to_string()))?,
    };
    let platform = open::open_demo(config).await?;
    seed(&platform).await?;
    let mails = match mail.mailbox() {
        Some(_) => platform.config.absolute("/dev/mailbox"),
        None => "go to the mail server".to_owned(),
    };
    say(format_args!(
        "Rekey's demo is at {}\n\n  \
         Sign in as  {TECHNICIAN}\n  \
         Password    {PASSWORD}\n  \
         Code        {}\n  \
         Mails       {mails}\n\n\
         Everybody here is made up, has the same password, and shows their code in the same way.",
        platform.config.base_url(),
        code_command(config),
    ));
    if !config.listen.ip().is_loopback() {
        complain("other machines can reach this demo, and everybody knows its password");
    }
    serve::until_stopped(platform, mail).await
}

/// What shows the technician's code, to be pasted beside the running demo.
fn code_command(config: &Config) -> String {
    let program = env::args().next().unwrap_or_else(|| "rekey".to_owned());
    format!("{} demo code {TECHNICIAN} --data {}", plain(&program), plain(&config.data.to_string_lossy()))
}

/// Plays a user's phone. Only ever that of a demo's user: what would show a real person's code would be a way in.
pub async fn code(config: &Config, address: &Address, at: Option<u32>) -> Outcome {
    let platform = open::open_existing_demo(config).await?;
    // One moment for the code and for what is left of it.
    let now = at.map_or_else(|| platform.now(), |at| Time::from_unix_milliseconds(i64::from(at) * 1000));
    let platform = Platform { clock: Clock::held(now), ..platform };
    let mut conn = platform.db.read().await?;
    let user = existing_user(&mut conn, address).await?;
    let Some(code) = methods::service::code_now(&mut conn, &platform, user).await? else {
        return Err(Problem::Failed(format!("{address} has no authenticator")));
    };
    say(code);
    complain(format_args!("{} s left", STEP_SECONDS - now.unix_seconds() % STEP_SECONDS));
    Ok(())
}
