//! Google Workspace's "Download users". Which columns there are varies by year and choice.

use super::table::{Column, Columns as Named, Row};
use super::{FileProblem, Person, Reads, Untaken, address_in, name};
use crate::domain::authority::Role;
use crate::domain::time::{Civil, Time};
use crate::domain::user::Address;

/// Where the columns are.
pub struct Columns {
    first_name: Option<Column>,
    last_name: Option<Column>,
    address: Option<Column>,
    status: Option<Column>,
    last_sign_in: Option<Column>,
}

impl Columns {
    pub fn find(columns: &Named) -> Result<Self, FileProblem> {
        Ok(Self {
            first_name: columns.find("First Name")?,
            last_name: columns.find("Last Name")?,
            address: columns.find("Email Address")?,
            status: columns.find("Status")?,
            last_sign_in: columns.find("Last Sign In")?,
        })
    }

    fn name(&self, row: &Row<'_>) -> String {
        format!("{} {}", row.cell(self.first_name), row.cell(self.last_name))
    }
}

impl Reads for Columns {
    fn who(&self, row: &Row<'_>) -> String {
        let address = row.cell(self.address);
        if address.is_empty() { self.name(row) } else { address.to_owned() }
    }

    fn address(&self, row: &Row<'_>) -> Result<Address, Untaken> {
        address_in(row.cell(self.address))
    }

    fn person(&self, row: &Row<'_>) -> Result<Person, Untaken> {
        let address = self.address(row)?;
        Ok(Person {
            name: name(&self.name(row)).ok_or(Untaken::NoName)?,
            address,
            suspended: match row.cell(self.status).to_lowercase().as_str() {
                "active" | "" => false,
                "suspended" | "archived" => true,
                _ => return Err(Untaken::Status),
            },
            last_sign_in_at: time(row.cell(self.last_sign_in)),
            role: Role::Member,
        })
    }
}

/// `2026/04/10 04:05:20`, or with hyphens and a `T` and a `Z` as elsewhere. `Never logged in` is no time, and neither is
/// what a spreadsheet made of one: which of its numbers is the month cannot be known.
fn time(text: &str) -> Option<Time> {
    let mut numbers = text.trim_end_matches(['Z', 'z']).split(['/', '-', 'T', 't', ' ', ':']);
    let mut next = |digits: usize| {
        let part = numbers.next().filter(|part| part.len() == digits)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u16>().ok())?
    };
    let year = i64::from(next(4)?);
    let mut next = || u8::try_from(next(2)?).ok();
    let utc = Civil { year, month: next()?, day: next()?, hour: next()?, minute: next()?, second: next()? };
    if numbers.next().is_some() { None } else { utc.try_into().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_sign_ins_are_read_or_left() {
        let at = Time::from_unix_milliseconds(1_775_793_920_000);
        for text in ["2026/04/10 04:05:20", "2026-04-10T04:05:20Z", "2026-04-10 04:05:20"] {
            assert_eq!(time(text), Some(at), "{text}");
        }
        for text in [
            "Never logged in",
            "",
            "04/10/2026 04:05:20",
            "2026/13/10 04:05:20",
            "2026/04/10",
            "2026/04/10 04:05:20 +02",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
