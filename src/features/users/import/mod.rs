//! People out of another directory: Microsoft Entra's and Google Workspace's "Download users", as they are. Reading a
//! file is pure; what it holds is then held against the database and added, all in the caller's one transaction.
//!
//! Imported people are invited: they have no password and no factor here, so an import lets nobody in. Their addresses
//! count as verified, since the customer's own directory vouches for them. Accounts that are suspended there are
//! suspended here.

pub mod addresses;
mod entra;
mod google;
mod plain;
pub mod table;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

pub use table::LARGEST;
use table::{Row, Table};

use super::service::{self, NewUser};
use crate::domain::authority::Role;
use crate::domain::ids::CustomerId;
use crate::domain::time::Time;
use crate::domain::user::{Address, clean_name};
use crate::platform::text::address_key;
use crate::platform::{Conn, Platform, Result};

/// Why a file is not read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    /// More than [`LARGEST`] bytes.
    #[error("it is larger than 100 MB; split it")]
    TooLarge,
    /// Nothing is in it.
    #[error("it is empty")]
    Empty,
    /// Neither UTF-8 nor UTF-16; anything else would have to be guessed, and names would suffer.
    #[error("it is neither UTF-8 nor UTF-16; save it as \"CSV UTF-8\"")]
    Encoding,
    /// Its columns are nobody's that we know.
    #[error(
        "its columns are neither those of Microsoft Entra's \"Download users\" (userPrincipalName, displayName, mail …) \
         nor those of Google Workspace's (First Name, Last Name, Email Address …) nor those of a plain list \
         (name, address and, if you like, role)"
    )]
    Columns,
    /// Two columns say the same thing, and may not say the same.
    #[error("it has the column \"{0}\" twice")]
    TwoColumns(&'static str),
    /// Everything after that quotation mark would be one cell.
    #[error("a quotation mark is opened on line {0} and never closed")]
    OpenQuote(u64),
}

/// Where a file comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Microsoft Entra.
    Entra,
    /// Google Workspace.
    Google,
    /// A list made by hand.
    List,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Entra => "Microsoft Entra",
            Self::Google => "Google Workspace",
            Self::List => "A list",
        })
    }
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportFile {
    /// Where it comes from.
    pub source: Source,
    /// Its people, in their order.
    pub lines: Vec<Line>,
}

/// One person of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where in the file they begin; its first line is 1.
    pub number: u64,
    /// Who, as the file has it: an address or, where there is none, a name. It may hold anything at all.
    pub who: String,
    /// The person, or why they are not taken.
    pub person: Result<Person, Untaken>,
}

/// Someone to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their name, clean.
    pub name: String,
    /// Their address.
    pub address: Address,
    /// Whether the other directory keeps them out.
    pub suspended: bool,
    /// When they last signed in there. A time that cannot be read is none: nothing depends on it.
    pub last_sign_in_at: Option<Time>,
    /// Their role; a member where the file says nothing of it.
    pub role: Role,
}

/// Why somebody is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untaken {
    /// Nothing to write to.
    #[error("no address")]
    NoAddress,
    /// A guest's user principal name is no address.
    #[error("a guest without an address")]
    Guest,
    /// What stands there cannot be written to.
    #[error("not a mail address")]
    BadAddress,
    /// Nothing to call them.
    #[error("no name")]
    NoName,
    /// Suspended or not? Nobody is let in on a guess.
    #[error("neither active nor suspended")]
    Status,
    /// What stands there is none of the four roles.
    #[error("not a role")]
    BadRole,
    /// Cells have slipped, as after a separator that is not in quotes.
    #[error("more cells than columns")]
    TooManyCells,
    /// Another spelling of the same address, or the same again.
    #[error("the address of line {0} again")]
    SameAs(u64),
    /// Somebody has this address already, here or at another customer.
    #[error("in Rekey already")]
    Here,
}

/// Reads a file. Encoding, separator and columns are found out; whoever cannot be taken is in it with the reason.
///
/// # Errors
/// When it is not one of the files we know; then nothing of it is used.
pub fn read(bytes: &[u8]) -> Result<ImportFile, FileProblem> {
    let text = table::decode(bytes)?;
    let (source, table) = table::read(&text, |columns| {
        directory(columns).or_else(|| plain::Columns::are_in(columns).then_some(Source::List))
    })?;
    let people: Vec<Line> = match source {
        Source::Entra => lines(&table, &entra::Columns::find(&table.columns)?),
        Source::Google => lines(&table, &google::Columns::find(&table.columns)?),
        Source::List => lines(&table, &plain::Columns::find(&table.columns)?),
    };
    Ok(ImportFile { source, lines: each_address_once(people) })
}

/// The directory whose columns these are.
fn directory(columns: &table::Columns) -> Option<Source> {
    let google = || columns.has("Email Address").then_some(Source::Google);
    columns.has("userPrincipalName").then_some(Source::Entra).or_else(google)
}

/// How one kind of file says who somebody is.
trait Reads {
    /// Who, whatever else is wrong with the row.
    fn who(&self, row: &Row<'_>) -> String;

    /// Where they are written to.
    fn address(&self, row: &Row<'_>) -> Result<Address, Untaken>;

    /// The person of a row.
    fn person(&self, row: &Row<'_>) -> Result<Person, Untaken>;
}

fn lines(table: &Table, columns: &impl Reads) -> Vec<Line> {
    let line = |row: Row<'_>| {
        let person = if row.has_slipped() { Err(Untaken::TooManyCells) } else { columns.person(&row) };
        Line { number: row.line(), who: columns.who(&row), person }
    };
    table.rows().filter(|row| !row.is_blank()).map(line).collect()
}

/// The first of those with one address is taken, however the others spell it.
fn each_address_once(mut lines: Vec<Line>) -> Vec<Line> {
    let mut seen = Seen::default();
    for line in &mut lines {
        if let Some(first) = line.person.as_ref().ok().and_then(|person| seen.before(&person.address, line.number)) {
            line.person = Err(Untaken::SameAs(first));
        }
    }
    lines
}

/// The addresses that a file has named so far, and on which line it did.
#[derive(Default)]
struct Seen(HashMap<String, u64>);

impl Seen {
    /// The line that named this address before, in whatever spelling.
    fn before(&mut self, address: &Address, line: u64) -> Option<u64> {
        match self.0.entry(address_key(address)) {
            Entry::Occupied(first) => Some(*first.get()),
            Entry::Vacant(first) => {
                first.insert(line);
                None
            }
        }
    }
}

/// The address in a cell.
fn address_in(cell: &str) -> Result<Address, Untaken> {
    if cell.is_empty() { Err(Untaken::NoAddress) } else { cell.parse().map_err(|_| Untaken::BadAddress) }
}

/// A name from a cell.
fn name(text: &str) -> Option<String> {
    Some(clean_name(text)).filter(|name| !name.is_empty())
}

/// Marks those whom Rekey has already, at whichever customer: a second import of the same file takes nobody.
///
/// # Errors
/// When the database fails.
pub async fn sift(conn: &mut Conn, file: &mut ImportFile) -> Result<()> {
    let people = file.lines.iter().filter_map(|line| line.person.as_ref().ok());
    let addresses: Vec<Address> = people.map(|person| person.address.clone()).collect();
    let here: HashSet<String> = service::taken(conn, &addresses).await?.into_iter().collect();
    for line in &mut file.lines {
        if line.person.as_ref().is_ok_and(|person| here.contains(&address_key(&person.address))) {
            line.person = Err(Untaken::Here);
        }
    }
    Ok(())
}

/// Adds those who are left to `customer`, as members; says how many.
///
/// # Errors
/// When the database fails; then the caller's transaction holds nobody.
pub async fn add(conn: &mut Conn, platform: &Platform, customer: CustomerId, file: &ImportFile) -> Result<usize> {
    let now = platform.now();
    let new = |person: &Person| NewUser {
        name: person.name.clone(),
        address: person.address.clone(),
        address_verified_at: Some(now),
        password_hash: None,
        suspended: person.suspended,
        last_sign_in_at: person.last_sign_in_at,
        role: person.role,
    };
    let people: Vec<NewUser> = file.lines.iter().filter_map(|line| line.person.as_ref().ok()).map(new).collect();
    Ok(service::add(conn, platform, customer, &people).await?.len())
}

#[cfg(test)]
mod tests;
