//! A change of a customer's policy: whom it concerns, and what comes of saving it.

use serde::{Deserialize, Serialize};

use super::super::authority::Refusal;
use super::super::sign_in::CodeProblem;

/// Whom a change concerns, at the moment of its review.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concerned {
    /// People who can sign in.
    pub active: i64,
    /// People who can sign in, have no factor and were not reset.
    pub without_factor: i64,
    /// People whose factor a reset took and who have not set up again.
    pub reset: i64,
    /// Those of them who have no link that works.
    pub reset_without_link: i64,
    /// Links that work.
    pub links: i64,
    /// Plans that wait for their confirmation.
    pub plans: i64,
    /// Plans that wait for a second person.
    pub requests: i64,
    /// People who are warned of few backup codes now, and who would be.
    pub few_codes: (i64, i64),
    /// People with a passkey or security key.
    pub passkeys: i64,
    /// People with an active hardware token.
    pub hardware_tokens: i64,
    /// People with a phone number.
    pub phones: i64,
    /// Messages that went to phones in the last day.
    pub phone_messages: i64,
    /// Devices that are trusted, and the people who trust them.
    pub trusted_devices: (i64, i64),
}

/// What came of saving a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Saved {
    /// It holds from now on.
    Done,
    /// It is what holds already.
    Same,
    /// Another one holds than the one this was reviewed against: nothing is saved.
    Changed,
    /// No customer whose policy this person reads.
    Unknown,
    /// Not theirs to set.
    Refused(Refusal),
    /// Not what a review sends.
    Malformed,
    /// The own code was not taken.
    Code(CodeProblem),
}
