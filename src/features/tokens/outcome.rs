//! What comes of what is done with tokens and their files.

use serde::{Deserialize, Serialize};

use crate::domain::authority::Refusal;
use crate::domain::ids::TokenImportId;
use crate::domain::sign_in::CodeProblem;
use crate::domain::token::TokenAct;

/// What came of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReadOutcome {
    /// It waits, sealed, for its confirmation; nothing is in the stock yet.
    Waits(TokenImportId),
    /// More than a mebibyte.
    TooLarge,
    /// More tokens than one file brings.
    TooMany,
    /// No token is in it.
    Nothing,
    /// Neither UTF-8 nor UTF-16.
    Encoding,
    /// Its columns are none that we know.
    Columns,
    /// Two columns say the same thing.
    TwoColumns,
    /// A quotation mark is opened on this line and never closed.
    OpenQuote(u64),
    /// It begins like XML and is none.
    Xml,
    /// It declares a document type.
    Doctype,
    /// It is XML, and no PSKC.
    NotPskc,
    /// It is encrypted, and no key was given.
    KeyMissing,
    /// What was given is no key.
    KeyMalformed,
    /// It is encrypted in a way that we do not know.
    Encryption,
    /// Nothing in it shows whether it was changed.
    NoMac,
    /// The key does not open it.
    WrongKey,
    /// No customer was chosen.
    NoCustomer,
    /// No authority there.
    Refused(Refusal),
}

/// What came of confirming a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImportOutcome {
    /// Its tokens are in the stock, or were already.
    Done,
    /// No such file, or it was read too long ago.
    Unknown,
    /// Nothing in it would be taken.
    Nothing,
    /// The own code was not taken.
    Code(CodeProblem),
    /// No authority any more.
    Refused(Refusal),
}

/// What came of doing something with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ActOutcome {
    /// It is so now.
    Done(TokenAct),
    /// No such token.
    Gone,
    /// That cannot be done with it any more: somebody was faster.
    Changed,
    /// What was typed is no address.
    NoAddress,
    /// Nobody at home at this customer has the address.
    Nobody,
    /// The customer's policy allows no hardware tokens.
    NotAllowed,
    /// The own code was not taken.
    Code(CodeProblem),
    /// No authority for that.
    Refused(Refusal),
}

/// What came of activating a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ActivateOutcome {
    /// It is a second factor from now on.
    Done,
    /// It was one already, and its codes are taken again.
    InStep,
    /// No such token waits for whoever asks.
    Gone,
    /// Whoever asks has no second factor yet: a token is never the first.
    NoFactor,
    /// They have as many methods as one may have.
    TooMany,
    /// Their customer's policy allows no hardware token any more.
    NotAllowed,
    /// The own code was not taken, or the backup code.
    Code(CodeProblem),
    /// What was typed as the token's code is none.
    Malformed,
    /// A second code is needed, and only one was typed.
    TwoNeeded,
    /// The token does not show that code, or not these two in a row.
    Wrong,
    /// The session ended while the codes were typed.
    Over,
}
