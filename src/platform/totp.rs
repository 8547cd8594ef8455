//! The arithmetic of one-time codes (RFC 6238 over RFC 4226), by totp-rs.

use totp_rs::{Algorithm, Builder, Secret};
use zeroize::Zeroizing;

use super::keys::same;
use crate::domain::time::Time;
use crate::domain::totp::{Digest, LONGEST_SECRET, Profile, SECRET_BYTES, SHORTEST_SECRET, Step, find, find_two};

/// The code of `step`: HOTP's counter is TOTP's time counted in seconds of one.
fn code(secret: &[u8], profile: Profile, step: Step) -> String {
    let algorithm = match profile.digest {
        Digest::Sha1 => Algorithm::SHA1,
        Digest::Sha256 => Algorithm::SHA256,
        Digest::Sha512 => Algorithm::SHA512,
    };
    let totp = Builder::new()
        .with_algorithm(algorithm)
        .with_digits(profile.digits)
        .with_skew(0)
        .with_step_duration(1)
        .with_secret(Secret::from(secret.to_vec()))
        .build()
        .expect("whoever makes a secret or a profile sees to RFC 4226");
    totp.generate(step.0.unsigned_abs()).to_string()
}

/// The secret of a hardware token, as its maker made it. Its `Debug` says nothing.
#[derive(Clone)]
pub struct OathSecret(Zeroizing<Vec<u8>>);

impl OathSecret {
    /// From bytes, if they are neither too few nor too many.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        let bytes = Zeroizing::new(bytes);
        (SHORTEST_SECRET..=LONGEST_SECRET).contains(&bytes.len()).then_some(Self(bytes))
    }

    /// The bytes, to be sealed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The code of `step`.
    ///
    /// # Panics
    /// When no such codes are made: see [`Profile::is_known`].
    #[must_use]
    pub fn code(&self, profile: Profile, step: Step) -> String {
        code(&self.0, profile, step)
    }

    /// The step whose code `digits` is, if it counts now and the last one taken was of step `last`.
    #[must_use]
    pub fn matching(&self, profile: Profile, digits: &str, now: Time, last: Step) -> Option<Step> {
        find(profile.window(now, last), |step| same(&self.code(profile, step), digits))
    }

    /// The step of the second of two codes in a row.
    #[must_use]
    pub fn matching_two(&self, profile: Profile, digits: [&str; 2], now: Time, last: Step) -> Option<Step> {
        let is = |wanted: usize| move |step| same(&self.code(profile, step), digits[wanted]);
        find_two(profile.window_of_two(now, last), is(0), is(1))
    }
}

impl std::fmt::Debug for OathSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OathSecret(…)")
    }
}

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
        find(Profile::APP.window(now, Step(-1)), |step| same(&code(&self.0, Profile::APP, step), digits))
    }

    /// The code of the step that `now` lies in: what the authenticator shows. The demo plays the user's phone with it.
    #[must_use]
    pub fn code(&self, now: Time) -> String {
        code(&self.0, Profile::APP, Step::at(now))
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
    use crate::domain::totp::Moving;

    #[test]
    fn the_vectors_of_rfc_4226() {
        // Appendix D.
        let secret = OathSecret::from_bytes(b"12345678901234567890".to_vec()).unwrap();
        let profile = Profile { moving: Moving::Counter, ..Profile::APP };
        let codes =
            ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
        let now = Time::from_unix_milliseconds(0);
        for (counter, code) in (0..).zip(codes) {
            assert_eq!(secret.code(profile, Step(counter)), code);
            assert_eq!(secret.matching(profile, code, now, Step(-1)), Some(Step(counter)));
            assert_eq!(secret.matching(profile, code, now, Step(counter)), None, "a counter counts once");
        }
        assert_eq!(secret.matching_two(profile, ["520489", "403154"], now, Step(-1)), Some(Step(10)));
        assert_eq!(secret.matching_two(profile, ["520489", "520489"], now, Step(-1)), None);
    }

    #[test]
    fn the_vectors_of_rfc_6238_with_every_digest() {
        // Appendix B, eight digits.
        let digits = b"1234567890".repeat(7);
        for (digest, bytes, codes) in [
            (Digest::Sha1, 20, ["94287082", "07081804", "14050471", "89005924", "69279037", "65353130"]),
            (Digest::Sha256, 32, ["46119246", "68084774", "67062674", "91819424", "90698825", "77737706"]),
            (Digest::Sha512, 64, ["90693936", "25091201", "99943326", "93441116", "38618901", "47863826"]),
        ] {
            let secret = OathSecret::from_bytes(digits[..bytes].to_vec()).unwrap();
            let profile = Profile { digest, digits: 8, moving: Moving::Time(30) };
            let times = [59, 1_111_111_109, 1_111_111_111, 1_234_567_890, 2_000_000_000, 20_000_000_000];
            for (seconds, code) in times.into_iter().zip(codes) {
                let now = Time::from_unix_milliseconds(seconds * 1000);
                assert_eq!(secret.code(profile, Step::of(now, 30)), code);
                assert_eq!(secret.matching(profile, code, now, Step(-1)), Some(Step::of(now, 30)));
                assert_eq!(secret.matching(profile, &code[2..], now, Step(-1)), None, "too few digits");
            }
        }
    }

    #[test]
    fn a_secret_has_enough_bits() {
        assert!(OathSecret::from_bytes(vec![1; 15]).is_none());
        assert!(OathSecret::from_bytes(vec![1; 16]).is_some());
        assert!(OathSecret::from_bytes(vec![1; 129]).is_none());
        assert_eq!(format!("{:?}", OathSecret::from_bytes(vec![1; 20]).unwrap()), "OathSecret(…)");
    }

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
