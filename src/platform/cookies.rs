//! The cookies Rekey sets. All are `HttpOnly` and `SameSite=Lax`; over HTTPS they are `Secure` and have the `__Host-`
//! prefix, so that no sibling host can set one.

use axum::http::HeaderValue;

use crate::domain::device::{MOST_DAYS, lasting};
use crate::domain::sign_in::{RECOVERY_LIFETIME, SESSION_LIFETIME};
use crate::domain::time::Span;

/// What a cookie is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// The token of a session.
    Session,
    /// The token of a half-finished sign-in or set-up.
    Challenge,
    /// New backup codes, sealed, until one is typed back.
    Codes,
    /// The outcome of a form that was sent without WebAssembly, for the page that follows.
    Flash,
    /// The customers that were chosen last in the customer selector.
    Customers,
    /// The token of a trusted device. Whoever signs out leaves it: it is for the next sign-in.
    Device,
    /// The language of whoever was signed in last, or of whoever chose one here since.
    Language,
    /// Where the clock of this browser is, as the name of a time zone.
    Zone,
}

impl Cookie {
    /// Its name.
    #[must_use]
    pub const fn name(self, https: bool) -> &'static str {
        match (self, https) {
            (Self::Session, true) => "__Host-rekey",
            (Self::Session, false) => "rekey",
            (Self::Challenge, true) => "__Host-rekey-challenge",
            (Self::Challenge, false) => "rekey-challenge",
            (Self::Codes, true) => "__Host-rekey-codes",
            (Self::Codes, false) => "rekey-codes",
            (Self::Flash, true) => "__Host-rekey-flash",
            (Self::Flash, false) => "rekey-flash",
            (Self::Customers, true) => "__Host-rekey-customers",
            (Self::Customers, false) => "rekey-customers",
            (Self::Device, true) => "__Host-rekey-device",
            (Self::Device, false) => "rekey-device",
            (Self::Language, true) => "__Host-rekey-language",
            (Self::Language, false) => "rekey-language",
            (Self::Zone, true) => "__Host-rekey-zone",
            (Self::Zone, false) => "rekey-zone",
        }
    }

    fn lifetime(self) -> Span {
        match self {
            Self::Session => SESSION_LIFETIME,
            Self::Challenge | Self::Codes => RECOVERY_LIFETIME,
            Self::Flash => Span::minutes(1),
            Self::Customers => Span::hours(90 * 24),
            // How long it is good for, the server knows.
            Self::Device => lasting(MOST_DAYS),
            Self::Language | Self::Zone => Span::hours(365 * 24),
        }
    }

    /// The header that sets it.
    ///
    /// # Panics
    /// When `value` is no cookie value: all of ours are Base64, identifiers, dots and names of time zones.
    #[must_use]
    pub fn set(self, https: bool, value: &str) -> HeaderValue {
        self.header(https, value, self.lifetime().as_seconds())
    }

    /// The header that removes it.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn clear(self, https: bool) -> HeaderValue {
        self.header(https, "", 0)
    }

    fn header(self, https: bool, value: &str, seconds: i64) -> HeaderValue {
        let secure = if https { "; Secure" } else { "" };
        let name = self.name(https);
        HeaderValue::from_str(&format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"))
            .expect("cookie values are Base64, identifiers, dots and names of time zones")
    }
}
