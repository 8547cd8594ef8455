//! The command line: what can be asked for, and how an answer ends. 0: done. 1: something failed. 2: bad input.
//! 75: not now, and for machines only.

mod admin;
mod audit;
mod demo;
mod mail;
mod migrate;
mod serve;

use std::fmt::Display;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::parser::ValueSource;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::domain::user::{Address, UserRef};
use crate::features::users;
use crate::platform::{Config, Conn, Fault};

/// Resets multi-factor authentication for many users across many customers, safely, and gets every one of them back in
#[derive(Parser)]
#[command(name = "rekey", version, max_term_width = 100, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    config: Config,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the pages and send the mails
    Serve,
    /// Serve made-up people to try everything on, with a mailbox of its own unless a mail server is set
    Demo {
        #[command(subcommand)]
        command: Option<Demo>,
    },
    /// Bring the database to this version, and make an installation where there is none
    Migrate,
    /// Begin, fill and mend an installation
    #[command(subcommand)]
    Admin(Admin),
    /// Look after mails
    #[command(subcommand)]
    Mail(Mail),
    /// Look after the audit
    #[command(subcommand)]
    Audit(Audit),
}

#[derive(Subcommand)]
enum Demo {
    /// Print the six digits that a demo user's authenticator shows now
    Code {
        /// The user's address
        address: Address,
        /// What it shows at another moment, in seconds since 1970: one step either side of now is taken too
        #[arg(long, value_name = "SECONDS")]
        at: Option<u32>,
    },
}

#[derive(Subcommand)]
enum Admin {
    /// Add a customer
    CreateCustomer {
        /// Its name
        name: String,
        /// How its users reach a person: a phone number or an address, as mails show it
        #[arg(long, value_name = "TEXT")]
        help_desk: Option<String>,
        /// It is a provider: its owners and admins add customers, whose owners they become
        #[arg(long)]
        provider: bool,
    },
    /// Add an owner who signs in with a password and then sets up a second factor; adds the customer too if need be
    CreateOwner {
        /// The customer's name
        #[arg(long, value_name = "NAME")]
        customer: String,
        /// The owner's name
        #[arg(long, value_name = "NAME")]
        name: String,
        #[command(flatten)]
        password: Password,
        /// The owner's address
        address: Address,
    },
    /// Add the users of another directory: "Download users" of Microsoft Entra or Google Workspace, as it is
    ///
    /// Prints what becomes of each line. They are invited: nobody can sign in by an import alone. Whoever is in Rekey
    /// already stays as they are, so importing the same file again changes nothing.
    ImportUsers {
        /// The customer's name
        #[arg(long, value_name = "NAME")]
        customer: String,
        /// The CSV file
        file: PathBuf,
        /// Say what would happen, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Give a user another password; their sessions and half-finished sign-ins end
    SetPassword {
        #[command(flatten)]
        password: Password,
        /// The user's address
        address: Address,
    },
    /// Keep a user out; their sessions and half-finished sign-ins end
    Suspend {
        /// The user's address
        address: Address,
    },
}

#[derive(Subcommand)]
enum Mail {
    /// Take the report of a mail server, from standard input, that a mail of ours cannot be delivered
    ///
    /// The recovery board then says so, and why. For the mail server to call wherever REKEY_MAIL_BOUNCES lies; in Postfix's
    /// /etc/aliases, with recipient_delimiter = +, as in
    ///
    ///   bounces: "|rekey mail bounce"
    ///
    /// What is no report, or says nothing final, is taken and forgotten: out-of-office notes come there too. It ends with 75
    /// when the report should be handed over again later.
    Bounce {
        /// The address that the report came to, NAME+ID@HOST; Postfix says so itself
        #[arg(env = "ORIGINAL_RECIPIENT")]
        recipient: String,
    },
}

#[derive(Subcommand)]
enum Audit {
    /// Read every chain and name the first row of each that was changed, removed or reordered
    Verify,
}

/// Where a password comes from. Never from an argument: everybody on the machine can read those.
#[derive(Args, Clone, Copy)]
struct Password {
    /// Read the password from the first line of standard input and do not ask for it
    #[arg(long = "password-stdin")]
    from_stdin: bool,
}

/// Why a command did not do what it was told, in a sentence for the operator.
enum Problem {
    /// What was given cannot be used.
    Input(String),
    /// It could be used, and something failed.
    Failed(String),
    /// The same, and whoever called should call again later (EX_TEMPFAIL of sysexits.h).
    Later(String),
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault.to_string())
    }
}

type Outcome = Result<(), Problem>;

/// Does what the command line asks for.
#[must_use]
pub async fn run() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let mut config = cli.config;
    // Without a word about it, a demo stays out of the folder of real data.
    if matches!(cli.command, Command::Demo { .. }) && matches.value_source("data") == Some(ValueSource::DefaultValue) {
        config.data = PathBuf::from("rekey-demo");
    }
    let outcome = match cli.command {
        Command::Serve => serve::serve(&config).await,
        Command::Demo { command: None } => demo::serve(&config).await,
        Command::Demo { command: Some(Demo::Code { address, at }) } => demo::code(&config, &address, at).await,
        Command::Migrate => migrate::migrate(&config).await,
        Command::Admin(command) => admin::run(&config, command).await,
        Command::Mail(Mail::Bounce { recipient }) => mail::bounce(&config, &recipient).await,
        Command::Audit(Audit::Verify) => audit::verify(&config).await,
    };
    let (problem, code) = match outcome {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Problem::Failed(problem)) => (problem, 1),
        Err(Problem::Input(problem)) => (problem, 2),
        Err(Problem::Later(problem)) => (problem, 75),
    };
    complain(problem);
    ExitCode::from(code)
}

/// One line of the answer. Whoever no longer reads it does not stop what is being done.
fn say(line: impl Display) {
    let _unread = writeln!(io::stdout().lock(), "{line}");
}

/// One line beside the answer.
fn complain(line: impl Display) {
    let _unread = writeln!(io::stderr().lock(), "rekey: {line}");
}

/// Whoever signs in with this address.
async fn existing_user(conn: &mut Conn, address: &Address) -> Result<UserRef, Problem> {
    let found = users::service::credentials(conn, address).await?;
    found.map(|found| found.user).ok_or_else(|| nobody(address))
}

fn nobody(address: &Address) -> Problem {
    Problem::Input(format!("nobody has the address {address}"))
}

/// Text from outside on one line of a terminal: nothing in it moves the cursor or turns the writing direction, and at
/// most 200 characters are shown.
fn plain(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut shown = String::new();
    for c in text.chars().take(200) {
        if c.is_control() || turns(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    if text.chars().nth(200).is_some() {
        shown.push('…');
    }
    shown
}

/// `1 line`, `2 lines`.
fn count(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_variable_is_explained_with_every_command() {
        let mut main = Cli::command();
        main.build();
        let names: Vec<String> = main
            .get_arguments()
            .filter_map(|argument| argument.get_env())
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        assert!(names.len() >= 8 && names.iter().all(|name| name.starts_with("REKEY_")), "{names:?}");
        for path in
            ["", "serve", "demo", "demo code", "migrate", "admin", "admin import-users", "mail bounce", "audit verify"]
        {
            let mut command = &mut main;
            for part in path.split_whitespace() {
                command = command.find_subcommand_mut(part).unwrap();
            }
            let help = command.render_long_help().to_string();
            assert!(names.iter().all(|name| help.contains(name.as_str())), "{path}: {help}");
        }
    }

    #[test]
    fn nothing_from_outside_commands_the_terminal() {
        assert_eq!(plain("Zoë \u{1b}[2J\r\n\u{202e}x\u{9b}"), "Zoë \\u{1b}[2J\\u{d}\\u{a}\\u{202e}x\\u{9b}");
        assert_eq!(plain(&"x".repeat(300)).chars().count(), 201);
    }
}
