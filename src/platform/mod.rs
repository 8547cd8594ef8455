//! The server's only door to the world: configuration, database, clock, randomness, keys, hashing, text from outside.

pub mod clock;
pub mod common;
pub mod config;
pub mod cookies;
pub mod db;
pub mod keys;
pub mod language;
pub mod open;
pub mod password;
pub mod phone;
pub mod qr;
pub mod request;
pub mod rng;
pub mod text;
pub mod totp;
pub mod webauthn;
pub mod zone;

use std::sync::Arc;

use crate::domain::Unreadable;
use crate::domain::time::Time;

pub use clock::Clock;
pub use config::Config;
pub use db::{Conn, Db, Tx};
pub use keys::Keys;
pub use password::Hasher;
pub use rng::Rng;

/// What went wrong inside. No free text of it crosses to a browser; it is logged once, at the boundary.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The database refused or could not be reached.
    #[error("the database failed: {0}")]
    Database(sqlx::Error),
    /// Too much at once: the same request may succeed in a moment.
    #[error("too busy")]
    Busy,
    /// A row holds what no version of Rekey wrote there.
    #[error("stored data: {0}")]
    Unreadable(#[from] Unreadable),
    /// A sealed value did not open: wrong key, wrong row, or changed.
    #[error("a sealed value did not open")]
    Sealed,
    /// The key file is missing, unreadable or not this database's.
    #[error("the key file: {0}")]
    KeyFile(String),
    /// There is no installation here, or not the one that was meant; the sentence says which.
    #[error("{0}")]
    Installation(String),
}

impl Fault {
    /// Whether what was to be stored once is stored already.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Database(error) if error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation))
    }
}

impl Fault {
    /// Whether the same may succeed later as it is: somebody was in the way, or the database was away.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Busy => true,
            Self::Database(error) => db::is_passing(error),
            Self::Unreadable(_) | Self::Sealed | Self::KeyFile(_) | Self::Installation(_) => false,
        }
    }

    /// Whether it lies in what is stored, rather than in what was to be stored.
    #[must_use]
    pub const fn is_unreadable(&self) -> bool {
        match self {
            Self::Database(error) => db::is_unreadable(error),
            Self::Busy => false,
            Self::Unreadable(_) | Self::Sealed | Self::KeyFile(_) | Self::Installation(_) => true,
        }
    }
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        if db::is_busy(&error) { Self::Busy } else { Self::Database(error) }
    }
}

/// What a use case that may fail inside gives back.
pub type Result<T, E = Fault> = std::result::Result<T, E>;

/// Everything a use case needs from the world. Cheap to clone.
#[derive(Clone)]
pub struct Platform {
    /// The database.
    pub db: Db,
    /// What time it is.
    pub clock: Clock,
    /// Random bytes.
    pub rng: Rng,
    /// Sealing, hashing and deriving.
    pub keys: Arc<Keys>,
    /// Password hashing, bounded.
    pub hasher: Hasher,
    /// What the operator set.
    pub config: Arc<Config>,
    /// Whether codes can be sent to phones.
    pub reaches_phones: bool,
}

impl Platform {
    /// What time it is; it never goes back.
    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// What the clock on the wall shows: authenticators go by it.
    #[must_use]
    pub fn wall(&self) -> Time {
        self.clock.wall()
    }
}
