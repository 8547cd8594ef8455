//! Microsoft Entra's "Download users". Older exports call some columns otherwise, but none that is read here.

use super::table::{Column, Columns as Named, Row};
use super::{FileProblem, Person, Reads, Untaken, address_in, name};
use crate::domain::authority::Role;
use crate::domain::user::Address;

/// What a guest's user principal name has in the middle: `name_domain#EXT#@tenant`.
const GUEST: &str = "#ext#";

/// Where the columns are.
pub struct Columns {
    principal_name: Option<Column>,
    display_name: Option<Column>,
    given_name: Option<Column>,
    surname: Option<Column>,
    mail: Option<Column>,
    enabled: Option<Column>,
}

impl Columns {
    pub fn find(columns: &Named) -> Result<Self, FileProblem> {
        Ok(Self {
            principal_name: columns.find("userPrincipalName")?,
            display_name: columns.find("displayName")?,
            given_name: columns.find("givenName")?,
            surname: columns.find("surname")?,
            mail: columns.find("mail")?,
            enabled: columns.find("accountEnabled")?,
        })
    }

    /// `mail`, else the user principal name, which is what most people of a directory are written to.
    fn written_to<'a>(&self, row: &'a Row<'_>) -> &'a str {
        Some(row.cell(self.mail)).filter(|mail| !mail.is_empty()).unwrap_or_else(|| row.cell(self.principal_name))
    }
}

impl Reads for Columns {
    fn who(&self, row: &Row<'_>) -> String {
        let address = self.written_to(row);
        if address.is_empty() { row.cell(self.display_name).to_owned() } else { address.to_owned() }
    }

    fn address(&self, row: &Row<'_>) -> Result<Address, Untaken> {
        match self.written_to(row) {
            guest if guest.to_lowercase().contains(GUEST) => Err(Untaken::Guest),
            address => address_in(address),
        }
    }

    fn person(&self, row: &Row<'_>) -> Result<Person, Untaken> {
        let address = self.address(row)?;
        let parts = || name(&format!("{} {}", row.cell(self.given_name), row.cell(self.surname)));
        Ok(Person {
            name: name(row.cell(self.display_name)).or_else(parts).ok_or(Untaken::NoName)?,
            address,
            suspended: match row.cell(self.enabled).to_lowercase().as_str() {
                "true" | "" => false,
                "false" => true,
                _ => return Err(Untaken::Status),
            },
            last_sign_in_at: None,
            role: Role::Member,
        })
    }
}
