//! `rekey admin …`: what the operator does beside the running server, each in one transaction and recorded.

use std::fs::File;
use std::io::{self, BufRead as _, BufWriter, IsTerminal as _, Read as _};
use std::path::Path;

use super::{Admin, Outcome, Password, Problem, complain, existing_user, nobody, plain, say};
use crate::domain::audit::{Event, What};
use crate::domain::authority::Role;
use crate::domain::customer::{Customer, NameProblem, TooLong, read_help_desk, read_name};
use crate::domain::password::{LONGEST, SHORTEST_ALONE, Weakness};
use crate::domain::policy::Policy;
use crate::domain::user::{Address, Standing, UserRef, clean_name};
use crate::features::users::import::{self, ImportFile};
use crate::features::users::service::NewUser;
use crate::features::{audit, customers, users};
use crate::platform::{Config, Conn, Platform, Result, common, open};

pub async fn run(config: &Config, command: Admin) -> Outcome {
    match command {
        Admin::CreateCustomer { name, help_desk, provider } => {
            create_customer(config, &name, help_desk, provider).await
        }
        Admin::CreateOwner { customer, name, password, address } => {
            create_owner(config, &customer, &name, password, address).await
        }
        Admin::ImportUsers { customer, file, dry_run } => import_users(config, &customer, &file, dry_run).await,
        Admin::SetPassword { password, address } => set_password(config, password, &address).await,
        Admin::Suspend { address } => suspend(config, &address).await,
    }
}

async fn create_customer(config: &Config, name: &str, help_desk: Option<String>, provider: bool) -> Outcome {
    let name = customer_named(name)?;
    let help_desk = read_help_desk(&help_desk.unwrap_or_default())
        .map_err(|TooLong| Problem::Input("a help desk has at most 200 characters".to_owned()))?;
    let platform = open::open(config).await?;
    let mut tx = platform.db.begin().await?;
    let Some(customer) = customers::service::add(&mut tx, &platform, &name, help_desk, Policy::default()).await? else {
        return Err(Problem::Failed(format!("there is a customer {name} already")));
    };
    if provider {
        customers::service::make_provider(&mut tx, customer.id, platform.now()).await?;
    }
    tx.commit().await?;
    let what = if provider { "a provider" } else { "a customer" };
    say(format_args!("{} is {what} now.", customer.name));
    Ok(())
}

async fn create_owner(config: &Config, customer: &str, name: &str, from: Password, address: Address) -> Outcome {
    let (customer_name, name) = (customer_named(customer)?, named(name)?);
    let password = password(from)?;
    let platform = open::open(config).await?;
    let there = customers::service::named(&mut *platform.db.read().await?, &customer_name).await?;
    let policy = there.map_or_else(Policy::default, |customer| customer.policy);
    judge(&password, policy.mfa_required, &[address.as_str(), &name])?;
    let hash = platform.hasher.hash(password, platform.rng.bytes()).await?;
    let mut tx = platform.db.begin().await?;
    let customer = match customers::service::named(&mut tx, &customer_name).await? {
        Some(customer) => customer,
        None => customers::service::add(&mut tx, &platform, &customer_name, None, Policy::default())
            .await?
            .ok_or_else(|| Problem::Failed(format!("there is a customer {customer_name} already")))?,
    };
    if !users::service::taken(&mut tx, std::slice::from_ref(&address)).await?.is_empty() {
        return Err(Problem::Failed(format!("somebody has the address {address} already")));
    }
    // The operator vouches for the address. The factor follows at the first sign-in, which leads through set-up.
    let owner = NewUser {
        name: name.clone(),
        address: address.clone(),
        address_verified_at: Some(platform.now()),
        password_hash: Some(hash),
        suspended: false,
        last_sign_in_at: None,
        role: Role::Owner,
    };
    users::service::add(&mut tx, &platform, customer.id, &[owner]).await?;
    tx.commit().await?;
    say(format_args!("{name} <{address}> is an owner of {} now.", customer.name));
    say(format_args!(
        "The first sign-in, at {}, leads through setting up a second factor.",
        platform.config.absolute("/sign-in")
    ));
    Ok(())
}

async fn import_users(config: &Config, customer: &str, path: &Path, dry_run: bool) -> Outcome {
    let mut file = import::read(&bytes(path)?)
        .map_err(|problem| Problem::Input(format!("{} is not imported: {problem}", plain(&path.to_string_lossy()))))?;
    let platform = open::open_existing(config).await?;
    let mut tx = platform.db.begin().await?;
    let customer = existing_customer(&mut tx, customer).await?;
    import::sift(&mut tx, &mut file).await?;
    if !dry_run {
        import::add(&mut tx, &platform, customer.id, &file).await?;
        tx.commit().await?;
    }
    // Whoever stops reading has still imported.
    let _unread = report(&mut BufWriter::new(io::stdout().lock()), &file, &customer, dry_run);
    Ok(())
}

/// The bytes of a file, and of a too large one no more than show that it is.
fn bytes(path: &Path) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(import::LARGEST + 1).read_to_end(&mut bytes));
    let problem = |error| Problem::Input(format!("{} cannot be read ({error})", plain(&path.to_string_lossy())));
    read.map_err(problem)?;
    Ok(bytes)
}

fn report(out: &mut impl io::Write, file: &ImportFile, customer: &Customer, dry_run: bool) -> io::Result<()> {
    let (mut taken, mut suspended, mut untaken) = (0, 0, 0);
    for line in &file.lines {
        let who = plain(&line.who);
        match &line.person {
            Ok(person) => {
                taken += 1;
                suspended += u64::from(person.suspended);
                let standing = if person.suspended { "taken, suspended" } else { "taken" };
                writeln!(
                    out,
                    "line {}: {standing}: {} ({})",
                    line.number,
                    plain(person.address.as_str()),
                    plain(&person.name)
                )?;
            }
            Err(why) => {
                untaken += 1;
                writeln!(out, "line {}: not taken, {why}: {who}", line.number)?;
            }
        }
    }
    let people = if taken == 1 { "1 person".to_owned() } else { format!("{taken} people") };
    writeln!(
        out,
        "{} to {}: {people} taken, {suspended} of them suspended; {untaken} not taken.",
        file.source,
        plain(&customer.name),
    )?;
    if dry_run {
        writeln!(out, "This was a dry run: nothing has changed.")?;
    }
    out.flush()
}

async fn set_password(config: &Config, from: Password, address: &Address) -> Outcome {
    let platform = open::open_existing(config).await?;
    let user = existing_user(&mut *platform.db.read().await?, address).await?;
    let password = password(from)?;
    let customer = customers::service::of_user(&mut *platform.db.read().await?, user.customer).await?;
    judge(&password, customer.is_none_or(|customer| customer.policy.mfa_required), &[address.as_str()])?;
    let hash = platform.hasher.hash(password, platform.rng.bytes()).await?;
    let mut tx = platform.db.begin().await?;
    let user = existing_user(&mut tx, address).await?;
    let Some(locked) = users::service::lock(&mut tx, user).await? else {
        return Err(nobody(address));
    };
    users::service::set_password(&mut tx, user, &hash, platform.now()).await?;
    record(&mut tx, &platform, What::PasswordSet, user).await?;
    tx.commit().await?;
    say(format_args!("{} has a new password; every session of theirs has ended.", plain(&locked.name)));
    if locked.standing == Standing::Suspended {
        complain("they are suspended and stay so");
    }
    Ok(())
}

async fn suspend(config: &Config, address: &Address) -> Outcome {
    let platform = open::open_existing(config).await?;
    let mut tx = platform.db.begin().await?;
    let user = existing_user(&mut tx, address).await?;
    let Some(locked) = users::service::lock(&mut tx, user).await? else {
        return Err(nobody(address));
    };
    if locked.standing == Standing::Suspended {
        say(format_args!("{} is suspended already.", plain(&locked.name)));
        return Ok(());
    }
    users::service::suspend(&mut tx, user, platform.now()).await?;
    record(&mut tx, &platform, What::UserSuspended, user).await?;
    tx.commit().await?;
    say(format_args!("{} is suspended; every session of theirs has ended.", plain(&locked.name)));
    Ok(())
}

async fn record(conn: &mut Conn, platform: &Platform, what: What, user: UserRef) -> Result<()> {
    let event = Event::new(platform.now(), what, Some(user.customer)).about(user.id).with("at", "command line");
    audit::service::record(conn, platform, event).await
}

async fn existing_customer(conn: &mut Conn, name: &str) -> Result<Customer, Problem> {
    let found = customers::service::named(conn, name).await?;
    found.ok_or_else(|| Problem::Input(format!("there is no customer {}", plain(name))))
}

/// A customer's name, kept whole.
fn customer_named(text: &str) -> Result<String, Problem> {
    read_name(text).map_err(|problem| match problem {
        NameProblem::TooLong => Problem::Input("a customer's name has at most 200 characters".to_owned()),
        NameProblem::Missing | NameProblem::Taken => Problem::Input("a name has at least one letter".to_owned()),
    })
}

/// A name that says something.
fn named(text: &str) -> Result<String, Problem> {
    let name = clean_name(text);
    if name.is_empty() { Err(Problem::Input("a name has at least one letter".to_owned())) } else { Ok(name) }
}

fn password(from: Password) -> Result<String, Problem> {
    let password = if from.from_stdin {
        let mut line = String::new();
        let mut input = io::stdin().lock().take(LONGEST as u64 + 3);
        input.read_line(&mut line).map_err(|error| unread(&error))?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    } else if io::stdin().is_terminal() {
        let password = rpassword::prompt_password("Password: ").map_err(|error| unread(&error))?;
        if rpassword::prompt_password("Again: ").map_err(|error| unread(&error))? != password {
            return Err(Problem::Input("the two are not the same".to_owned()));
        }
        password
    } else {
        return Err(Problem::Input("there is no terminal to ask at: use --password-stdin".to_owned()));
    };
    Ok(password)
}

/// Whether the password may be that of somebody with this address and name: the rule that holds in the browser too.
fn judge(password: &str, mfa_required: bool, own: &[&str]) -> Result<(), Problem> {
    common::check(password, mfa_required, own).map_err(|weakness| {
        Problem::Input(match weakness {
            Weakness::Short(least) => format!("a password has at least {least} characters"),
            Weakness::Long(most) => format!("a password has at most {most} bytes"),
            Weakness::Common => "that password is among those that are guessed first".to_owned(),
            Weakness::Yourself => "that is their own address or name".to_owned(),
        })
    })?;
    if password.chars().count() < usize::from(SHORTEST_ALONE) {
        complain(format_args!("{SHORTEST_ALONE} characters or more are recommended"));
    }
    Ok(())
}

fn unread(error: &io::Error) -> Problem {
    Problem::Input(format!("the password cannot be read ({error})"))
}
