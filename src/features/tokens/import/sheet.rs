//! Tables of tokens: Microsoft Entra's, with and without owners, and Yubico's, with and without a line of names.

use data_encoding::HEXLOWER_PERMISSIVE;

use super::{Line, Problem, Raw};
use crate::domain::token::Untaken;
use crate::domain::totp::{Moving, Profile};
use crate::features::users::import::table::{self, Column, Columns, Row};

/// The names that Yubico's table goes without.
const YUBICO: &str = "serial number,public id,secret key,moving factor";

#[derive(Clone, Copy)]
enum Kind {
    Entra,
    Yubico,
}

pub fn read(text: &str) -> Result<Vec<Line>, Problem> {
    // A table without names gets the ones it would have, in a line of its own that no number counts.
    let (named, above) = match separator_without_names(text) {
        Some(separator) => (format!("{}\n{text}", YUBICO.replace(',', separator)), 1),
        None => (text.to_owned(), 0),
    };
    let (kind, table) = table::read(&named, |columns| {
        let secret = columns.has("secret key") && columns.has("serial number");
        let entra = (secret && columns.has("time interval")).then_some(Kind::Entra);
        entra.or_else(|| (secret && columns.has("moving factor")).then_some(Kind::Yubico))
    })?;
    let columns = Cells::find(&table.columns)?;
    let line = |row: Row<'_>| {
        let token = if row.has_slipped() { Err(Untaken::Slipped) } else { columns.token(kind, &row) };
        Line { number: row.line() - above, serial: columns.serial(&row), token, same_as: None }
    };
    Ok(table.rows().filter(|row| !row.is_blank()).map(line).collect())
}

/// What parts the cells of a table that begins with a token: number, public name, a key in hexadecimal, a counter.
fn separator_without_names(text: &str) -> Option<&'static str> {
    let first = text.lines().find(|line| !line.trim().is_empty())?;
    [",", ";", "\t"].into_iter().find(|separator| {
        let cells: Vec<&str> = first.split(separator).map(|cell| cell.trim().trim_matches('"')).collect();
        let is_number = |cell: &&str| !cell.is_empty() && cell.bytes().all(|byte| byte.is_ascii_digit());
        let is_key = |cell: &&str| cell.len() >= 32 && HEXLOWER_PERMISSIVE.decode(cell.as_bytes()).is_ok();
        cells.first().is_some_and(is_number) && cells.get(2).is_some_and(is_key) && cells.get(3).is_some_and(is_number)
    })
}

/// Where the columns are.
struct Cells {
    owner: Option<Column>,
    serial: Option<Column>,
    secret: Option<Column>,
    interval: Option<Column>,
    counter: Option<Column>,
    maker: Option<Column>,
    model: Option<Column>,
}

impl Cells {
    fn find(columns: &Columns) -> Result<Self, Problem> {
        Ok(Self {
            owner: columns.find("upn")?,
            serial: columns.find("serial number")?,
            secret: columns.find("secret key")?,
            interval: columns.find("time interval")?,
            counter: columns.find("moving factor")?,
            maker: columns.find("manufacturer")?,
            model: columns.find("model")?,
        })
    }

    fn serial(&self, row: &Row<'_>) -> String {
        row.cell(self.serial).to_owned()
    }

    fn token(&self, kind: Kind, row: &Row<'_>) -> Result<super::Found, Untaken> {
        if row.cell(self.serial).is_empty() {
            return Err(Untaken::NoSerial);
        }
        let cell = row.cell(self.secret);
        if cell.is_empty() {
            return Err(Untaken::NoSecret);
        }
        let (secret, moving, counter) = match kind {
            Kind::Entra => {
                let seconds = match row.cell(self.interval) {
                    "30" => 30,
                    "60" => 60,
                    _ => return Err(Untaken::BadInterval),
                };
                (base32(cell), Moving::Time(seconds), 0)
            }
            Kind::Yubico => {
                let counter = match row.cell(self.counter) {
                    "" => 0,
                    counter => counter.parse().map_err(|_| Untaken::BadCounter)?,
                };
                (HEXLOWER_PERMISSIVE.decode(cell.as_bytes()).ok(), Moving::Counter, counter)
            }
        };
        let maker = match kind {
            Kind::Yubico if row.cell(self.maker).is_empty() => "Yubico",
            _ => row.cell(self.maker),
        };
        let raw = Raw {
            serial: row.cell(self.serial),
            maker,
            model: row.cell(self.model),
            profile: Profile { moving, ..Profile::APP },
            secret: secret.ok_or(Untaken::BadSecret)?,
            counter,
            owner: row.cell(self.owner),
        };
        raw.judged()
    }
}

/// Base32 as vendors set it: in either case, with or without padding and spaces, whatever the last bits are.
fn base32(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0u32, 0);
    for letter in text.trim_end_matches('=').bytes().filter(|byte| *byte != b' ') {
        let value = match letter.to_ascii_uppercase() {
            letter @ b'A'..=b'Z' => letter - b'A',
            digit @ b'2'..=b'7' => digit - b'2' + 26,
            _ => return None,
        };
        held = held << 5 | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits & 0xff) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::base32;

    #[test]
    fn base32_is_read_as_vendors_set_it() {
        for text in ["JBSWY3DPEE======", "jbswy3dpee", "jbsw y3dp ee"] {
            assert_eq!(base32(text).as_deref(), Some(&b"Hello!"[..]), "{text}");
        }
        for text in ["JBSWY3DP1", "JBSWY3DP0", "JBSWY3DP!", "JBSW=Y3DP"] {
            assert_eq!(base32(text), None, "{text}");
        }
    }
}
