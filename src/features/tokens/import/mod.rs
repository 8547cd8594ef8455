//! Hardware tokens out of the files that vendors send: Microsoft Entra's CSV, Yubico's CSV, and PSKC (RFC 6030). Reading
//! a file is pure; what it holds is then held against the database and added, all in one transaction.

mod pskc;
mod sheet;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::domain::token::{MOST_TOKENS, Untaken, read_serial, serial_key};
use crate::domain::totp::{Profile, Step};
use crate::domain::user::clean_name;
use crate::features::users::import::FileProblem;
use crate::features::users::import::table::decode;
use crate::platform::totp::OathSecret;

/// Why a file is not read at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It is no table, or its columns are nobody's that we know.
    File(FileProblem),
    /// It begins like XML and is none.
    Xml,
    /// It declares a document type: entities could make it larger than any memory.
    Doctype,
    /// It is XML, and no PSKC.
    NotPskc,
    /// It is encrypted: the key is missing.
    KeyMissing,
    /// What was given is no key of 128 bits in hexadecimal.
    KeyMalformed,
    /// It is encrypted in a way that we do not know.
    Encryption,
    /// It is encrypted without anything that would show whether it was changed.
    NoMac,
    /// The key does not open it.
    WrongKey,
    /// It holds more than [`MOST_TOKENS`].
    TooMany,
    /// No token is in it.
    Nothing,
}

impl From<FileProblem> for Problem {
    fn from(problem: FileProblem) -> Self {
        Self::File(problem)
    }
}

/// A line of a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Line {
    /// Where in the file it begins; its first line is 1.
    pub number: u64,
    /// Its serial number, as far as there is one. It may hold anything at all.
    pub serial: String,
    /// The token, or why it is not taken.
    pub token: Result<Found, Untaken>,
    /// The line whose serial number it has again.
    pub same_as: Option<u64>,
}

/// A token in a file.
#[derive(Clone, Serialize, Deserialize)]
pub struct Found {
    /// Its serial number.
    pub serial: String,
    /// Who made it.
    pub maker: Option<String>,
    /// What they call it.
    pub model: Option<String>,
    /// How its codes are made.
    pub profile: Profile,
    /// What they are made from, in hexadecimal.
    secret: String,
    /// The last counter that counts no more.
    last: i64,
    /// Whose it is to be: an address.
    pub owner: Option<String>,
}

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Found({})", self.serial)
    }
}

impl Found {
    /// What its codes are made from.
    #[must_use]
    pub fn secret(&self) -> Option<OathSecret> {
        HEX.decode(self.secret.as_bytes()).ok().and_then(OathSecret::from_bytes)
    }

    /// The last step or counter that counts no more.
    #[must_use]
    pub const fn last(&self) -> Step {
        Step(self.last)
    }
}

const HEX: data_encoding::Encoding = data_encoding::HEXLOWER_PERMISSIVE;

/// What the readers of files find out about a token, before it is judged.
struct Raw<'a> {
    serial: &'a str,
    maker: &'a str,
    model: &'a str,
    profile: Profile,
    secret: Vec<u8>,
    /// The next counter (HOTP).
    counter: i64,
    owner: &'a str,
}

impl Raw<'_> {
    fn judged(self) -> Result<Found, Untaken> {
        let word = |text: &str| Some(clean_name(text)).filter(|word| !word.is_empty());
        let serial = read_serial(self.serial).map_err(|_| Untaken::NoSerial)?;
        if serial_key(&serial).is_empty() {
            return Err(Untaken::NoSerial);
        }
        if self.counter < 0 {
            return Err(Untaken::BadCounter);
        }
        let secret = OathSecret::from_bytes(self.secret).ok_or(Untaken::SecretLength)?;
        Ok(Found {
            serial,
            maker: word(self.maker).map(short),
            model: word(self.model).map(short),
            profile: self.profile,
            secret: HEX.encode(secret.bytes()),
            last: self.counter - 1,
            owner: word(self.owner),
        })
    }
}

fn short(text: String) -> String {
    text.chars().take(crate::domain::token::LONGEST_SERIAL).collect()
}

/// Reads a file with the key or password that opens it, if it needs one. Encoding, separator, columns and kind are found
/// out; whatever cannot be taken is in it with the reason.
///
/// # Errors
/// When it is none of the files we know; then nothing of it is used.
pub fn read(bytes: &[u8], key: &str) -> Result<Vec<Line>, Problem> {
    let text = decode(bytes)?;
    let lines = if text.trim_start().starts_with('<') { pskc::read(&text, key)? } else { sheet::read(&text)? };
    match lines.len() {
        0 => Err(Problem::Nothing),
        1..=MOST_TOKENS => Ok(each_serial_once(lines)),
        _ => Err(Problem::TooMany),
    }
}

/// The first of those with one serial number is taken.
fn each_serial_once(mut lines: Vec<Line>) -> Vec<Line> {
    let mut first: HashMap<String, u64> = HashMap::new();
    for line in &mut lines {
        let Ok(token) = &line.token else { continue };
        let number = *first.entry(serial_key(&token.serial)).or_insert(line.number);
        if number != line.number {
            (line.token, line.same_as) = (Err(Untaken::Twice), Some(number));
        }
    }
    lines
}

#[cfg(test)]
mod tests;
