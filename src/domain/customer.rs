//! A customer (tenant) and its policy.

use serde::{Deserialize, Serialize};

use super::ids::CustomerId;
use super::time::{Span, Time};

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

/// The policy of one customer. A setting that is missing in storage has its default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// Whether every user needs a second factor.
    pub mfa_required: bool,
    /// Since when; none: from the customer's beginning.
    pub mfa_required_since: Option<Time>,
    /// For how many days from then on a user without a factor may put off setting one up.
    pub grace_days: u16,
    /// How long a recovery link works, in minutes; see [`Policy::link_lifetime`] for the bounds.
    pub link_minutes: u16,
    /// Whether somebody who was reset may set up again at sign-in, without the link. Where not, a stolen password alone
    /// wins no race against the mail.
    pub set_up_at_sign_in: bool,
    /// Whether a reset needs a reason.
    pub reason_required: bool,
    /// Whether a reset needs a ticket number.
    pub ticket_required: bool,
    /// A user with this many backup codes left or fewer is warned.
    pub codes_low: u16,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            mfa_required: true,
            mfa_required_since: None,
            grace_days: 0,
            link_minutes: 60,
            set_up_at_sign_in: true,
            reason_required: true,
            ticket_required: false,
            codes_low: 3,
        }
    }
}

impl Policy {
    /// How long a recovery link works: never under 5 minutes nor over 24 hours, whatever is stored.
    #[must_use]
    pub fn link_lifetime(&self) -> Span {
        Span::minutes(i64::from(self.link_minutes.clamp(5, 24 * 60)))
    }

    /// Until when a user without a factor may put off setting one up; none where none is required.
    #[must_use]
    pub fn grace_until(&self) -> Option<Time> {
        let since = self.mfa_required_since.filter(|_| self.mfa_required)?;
        Some(since + Span::hours(24 * i64::from(self.grace_days)))
    }

    /// The same policy with another lifetime of links, in minutes.
    #[must_use]
    pub const fn with_link_minutes(self, minutes: u16) -> Self {
        Self { link_minutes: minutes, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_live_between_five_minutes_and_a_day() {
        let lives = |minutes| Policy::default().with_link_minutes(minutes).link_lifetime();
        assert_eq!(Policy::default().link_lifetime(), Span::minutes(60));
        assert_eq!(lives(0), Span::minutes(5));
        assert_eq!(lives(1440), Span::hours(24));
        assert_eq!(lives(u16::MAX), Span::hours(24));
    }

    #[test]
    fn settings_that_were_never_stored_have_their_default() {
        let policy: Policy = serde_json::from_str(r#"{"ticket_required":true}"#).unwrap();
        assert_eq!(policy, Policy { ticket_required: true, ..Policy::default() });
    }
}
