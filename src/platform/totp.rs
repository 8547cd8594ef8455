//! The arithmetic of time-based codes (RFC 6238 over RFC 4226, HMAC-SHA-1), by totp-rs.

use totp_rs::{Algorithm, Builder, Secret, Totp};

use crate::domain::time::Time;
use crate::domain::totp::{DIGITS, SECRET_BYTES, STEP_SECONDS, Step, TOLERANCE};

/// The shared secret of an authenticator. Its `Debug` says nothing.
#[derive(Clone)]
pub struct TotpSecret([u8; SECRET_BYTES]);

impl TotpSecret {
    /// From random bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; SECRET_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes, to be sealed.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; SECRET_BYTES] {
        &self.0
    }

    /// As authenticator apps take it: Base32 without padding.
    #[must_use]
    pub fn base32(&self) -> String {
        data_encoding::BASE32_NOPAD.encode(&self.0)
    }

    /// The step whose code `digits` is: the one of `now`, or one either side. Says nothing about replay: see
    /// [`Step::is_fresh`].
    #[must_use]
    pub fn matching_step(&self, digits: &str, now: Time) -> Option<Step> {
        let step = self.totp().check(digits, now.unix_seconds())?;
        i64::try_from(step).ok().map(Step)
    }

    /// The code of the step that `now` lies in: what the authenticator shows. The demo plays the user's phone with it.
    #[must_use]
    pub fn code(&self, now: Time) -> String {
        self.totp().generate(now.unix_seconds()).to_string()
    }

    fn totp(&self) -> Totp {
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(u8::try_from(DIGITS).expect("six is a small number"))
            .with_skew(TOLERANCE)
            .with_step_duration(STEP_SECONDS)
            .with_secret(Secret::from(self.0.to_vec()))
            .build()
            .expect("160 bits, 6 digits and 30 seconds satisfy RFC 4226")
    }
}

impl std::fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_rfc_6238() {
        // Appendix B, SHA-1, the last six of its eight digits.
        let secret = TotpSecret::from_bytes(*b"12345678901234567890");
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let now = Time::from_unix_milliseconds(seconds * 1000);
            assert_eq!(secret.code(now), code);
            assert_eq!(secret.matching_step(code, now), Some(Step::at(now)));
        }
    }
}
