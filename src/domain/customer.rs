//! A customer (tenant).

use serde::{Deserialize, Serialize};

use super::ids::CustomerId;
use super::policy::Policy;

/// An organisation whose users Rekey looks after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Its identifier.
    pub id: CustomerId,
    /// Its name, as people of it write it.
    pub name: String,
    /// How its users reach a person: a phone number or an address, as it stands in mails and on calm pages.
    pub help_desk: Option<String>,
    /// What it asks of its users and of those who reset them.
    pub policy: Policy,
}
