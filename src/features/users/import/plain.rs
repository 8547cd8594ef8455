//! A list made by hand: name, address and, where there is one, role.

use super::table::{Column, Columns as Named, Row};
use super::{FileProblem, Person, Reads, Untaken, address_in, name};
use crate::domain::authority::Role;
use crate::domain::user::Address;

/// What people call the column of addresses.
const ADDRESSES: [&str; 3] = ["address", "email", "mail"];

/// Where the columns are.
pub struct Columns {
    name: Option<Column>,
    address: Option<Column>,
    role: Option<Column>,
}

impl Columns {
    /// Whether a table has what such a list needs.
    pub fn are_in(columns: &Named) -> bool {
        columns.has("name") && Self::name_addresses(columns)
    }

    /// Whether a table has a column of addresses.
    pub fn name_addresses(columns: &Named) -> bool {
        ADDRESSES.iter().any(|name| columns.has(name))
    }

    pub fn find(columns: &Named) -> Result<Self, FileProblem> {
        let mut address = None;
        for name in ADDRESSES {
            let found = columns.find(name)?;
            if address.is_some() && found.is_some() {
                return Err(FileProblem::TwoColumns("address"));
            }
            address = address.or(found);
        }
        Ok(Self { name: columns.find("name")?, address, role: columns.find("role")? })
    }
}

impl Reads for Columns {
    fn who(&self, row: &Row<'_>) -> String {
        let address = row.cell(self.address);
        if address.is_empty() { row.cell(self.name).to_owned() } else { address.to_owned() }
    }

    fn address(&self, row: &Row<'_>) -> Result<Address, Untaken> {
        address_in(row.cell(self.address))
    }

    fn person(&self, row: &Row<'_>) -> Result<Person, Untaken> {
        Ok(Person {
            address: self.address(row)?,
            name: name(row.cell(self.name)).ok_or(Untaken::NoName)?,
            suspended: false,
            last_sign_in_at: None,
            role: match row.cell(self.role).to_lowercase().as_str() {
                "" => Role::Member,
                role => role.parse().map_err(|_| Untaken::BadRole)?,
            },
        })
    }
}
