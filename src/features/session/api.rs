//! What server functions of all slices answer with.

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

use crate::domain::time::Time;

/// Why a server function gave no answer. Closed: no free text crosses to the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum ApiError {
    /// Nobody is signed in, or the session is over.
    #[error("signed out")]
    SignedOut,
    /// Too much at once; the same may succeed in a moment.
    #[error("busy")]
    Busy,
    /// The request is not one that a page of Rekey sends.
    #[error("not understood")]
    NotUnderstood,
    /// Something failed on the server.
    #[error("failed")]
    Failed,
    /// The server could not be reached.
    #[error("unreachable")]
    Unreachable,
}

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => Self::Unreachable,
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) | ServerFnErrorErr::Deserialization(_) => {
                Self::NotUnderstood
            }
            _ => Self::Failed,
        }
    }
}

/// The person who reads a console page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// Their name.
    pub name: String,
    /// Their home customer's name.
    pub customer: String,
    /// Whether they have a second factor: without one nobody resets anybody.
    pub has_mfa: bool,
    /// What they can prove themself with once more.
    pub proofs: Proofs,
    /// Whether they may read any customer's records.
    pub reads: bool,
    /// Whether they may look after any customer's users.
    pub manages: bool,
}

/// What somebody who is signed in can prove themself with once more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proofs {
    /// An authenticator app.
    pub apps: bool,
    /// The most digits that a hardware token of theirs shows; 0 where they have none.
    pub token_digits: u8,
    /// A passkey, where browsers use one.
    pub passkeys: bool,
    /// A phone, where messages reach one.
    pub phones: bool,
}

impl Proofs {
    /// Whether they have something that shows codes.
    #[must_use]
    pub const fn show_codes(self) -> bool {
        self.apps || self.token_digits > 0
    }
}

/// A console page: what it shows, for whom, and when it was fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Console<T> {
    /// Who reads it.
    pub me: Me,
    /// When the server answered.
    pub now: Time,
    /// What it shows.
    pub page: T,
}
