//! One-time passwords by time (TOTP, RFC 6238) and by counter (HOTP, RFC 4226). An authenticator app has a 160-bit secret,
//! SHA-1, six digits and steps of 30 seconds; a hardware token whatever its maker chose. The arithmetic of a code is a
//! library's; when a code counts is decided here.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::spelled;
use super::time::Time;

/// Seconds in a step of an authenticator app (RFC 6238 §5.2 recommends 30).
pub const STEP_SECONDS: u64 = 30;
/// How many steps before and after the current one are accepted.
pub const TOLERANCE: i64 = 1;
/// Digits of an authenticator app's code.
pub const DIGITS: usize = 6;
/// How many digits a code may have.
pub const DIGITS_KNOWN: [usize; 2] = [DIGITS, 8];
/// Bytes of a new secret (RFC 4226 §4 R6 recommends 160 bits).
pub const SECRET_BYTES: usize = 20;
/// The fewest bytes of a secret that was made elsewhere (RFC 4226 §4 R6 demands 128 bits).
pub const SHORTEST_SECRET: usize = 16;
/// The most bytes of such a secret.
pub const LONGEST_SECRET: usize = 128;
/// How many presses of the button may go astray between two codes that count (RFC 4226 §7.4).
pub const LOOK_AHEAD: i64 = 10;
/// How many may go astray before two codes in a row (RFC 4226 §7.4, resynchronisation).
pub const RESYNCHRONISATION: i64 = 1000;

/// The hash function under a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Digest {
    /// SHA-1, which HMAC still carries well.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}
spelled!(Digest { Sha1 => "sha1", Sha256 => "sha256", Sha512 => "sha512" });

/// What makes the next code another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Moving {
    /// Time, in steps of so many seconds (TOTP).
    Time(u32),
    /// A counter that each press of the button moves on (HOTP).
    Counter,
}

/// How the codes of one authenticator or token are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The hash function.
    pub digest: Digest,
    /// Digits of a code.
    pub digits: u8,
    /// What moves.
    pub moving: Moving,
}

impl Profile {
    /// Every authenticator app knows this one.
    pub const APP: Self = Self { digest: Digest::Sha1, digits: 6, moving: Moving::Time(30) };

    /// Whether codes made so are taken: six or eight digits, steps of 30 or 60 seconds.
    #[must_use]
    pub const fn is_known(self) -> bool {
        matches!(self.digits, 6 | 8) && matches!(self.moving, Moving::Time(30 | 60) | Moving::Counter)
    }

    /// Where a single code may lie to count, when the last one taken was of step `last`: never at it or before it, so that
    /// each counts once (RFC 6238 §5.2, RFC 4226 §7.2).
    #[must_use]
    pub fn window(self, now: Time, last: Step) -> RangeInclusive<i64> {
        let next = last.0.saturating_add(1);
        match self.moving {
            Moving::Time(seconds) => {
                let Step(now) = Step::of(now, seconds);
                next.max(now - TOLERANCE)..=now + TOLERANCE
            }
            Moving::Counter => next..=last.0.saturating_add(LOOK_AHEAD),
        }
    }

    /// Where the first of two codes in a row may lie. The second is of the step after it: read off a clock it comes later,
    /// so that the first may be a step older; read off a counter it says where the counter is.
    #[must_use]
    pub fn window_of_two(self, now: Time, last: Step) -> RangeInclusive<i64> {
        let next = last.0.saturating_add(1);
        match self.moving {
            Moving::Time(seconds) => {
                let Step(now) = Step::of(now, seconds);
                next.max(now - TOLERANCE - 1)..=now + TOLERANCE - 1
            }
            Moving::Counter => next..=last.0.saturating_add(RESYNCHRONISATION),
        }
    }
}

/// The step in `window` whose code this is.
#[must_use]
pub fn find(mut window: RangeInclusive<i64>, is_it: impl Fn(Step) -> bool) -> Option<Step> {
    window.find(|step| is_it(Step(*step))).map(Step)
}

/// The step of the second of two codes in a row, of which the first lies in `window`.
#[must_use]
pub fn find_two(
    mut window: RangeInclusive<i64>,
    is_first: impl Fn(Step) -> bool,
    is_second: impl Fn(Step) -> bool,
) -> Option<Step> {
    let second = |first: i64| Step(first.saturating_add(1));
    window.find(|first| is_first(Step(*first)) && is_second(second(*first))).map(second)
}

/// A place in the row of codes: whole intervals since the Unix epoch, or the counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step(pub i64);

impl Step {
    /// The step of an authenticator app that `now` lies in.
    #[must_use]
    pub const fn at(now: Time) -> Self {
        Self((now.unix_seconds() / STEP_SECONDS).cast_signed())
    }

    /// The step of so many seconds that `now` lies in.
    #[must_use]
    pub fn of(now: Time, seconds: u32) -> Self {
        Self((now.unix_seconds() / u64::from(seconds.max(1))).cast_signed())
    }

    /// The replay rule (RFC 6238 §5.2: a code is accepted once): whether a code of this step may be taken when the last
    /// one taken was of step `last`.
    #[must_use]
    pub fn is_fresh(self, last: Option<Self>) -> bool {
        last.is_none_or(|last| self > last)
    }
}

/// The digits a person typed, as many as a code has; spaces and hyphens between them do not matter.
#[must_use]
pub fn read_digits(typed: &str) -> Option<String> {
    let digits: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    (DIGITS_KNOWN.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
}

/// The address that a QR code carries to an authenticator app (the key URI format): label, secret, issuer.
#[must_use]
pub fn key_uri(issuer: &str, account: &str, base32_secret: &str) -> String {
    let issuer = percent(issuer);
    format!(
        "otpauth://totp/{issuer}:{}?secret={base32_secret}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}",
        percent(account)
    )
}

/// A key in groups of four, to be typed.
#[must_use]
pub fn in_fours(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// Percent-encodes all but RFC 3986's unreserved characters. A colon would end the label's issuer, so it goes too.
fn percent(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a string does not fail");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_uri_names_issuer_and_account() {
        assert_eq!(
            key_uri("Clínica: São Bento", "zoe@b.example", "JBSWY3DP"),
            "otpauth://totp/Cl%C3%ADnica%3A%20S%C3%A3o%20Bento:zoe%40b.example?secret=JBSWY3DP\
             &issuer=Cl%C3%ADnica%3A%20S%C3%A3o%20Bento&algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn digits_are_read_as_people_type_them() {
        for typed in ["123456", " 123 456 ", "123-456", "1 2 3 4 5 6"] {
            assert_eq!(read_digits(typed).as_deref(), Some("123456"));
        }
        assert_eq!(read_digits("1234 5678").as_deref(), Some("12345678"));
        for typed in ["", "12345", "1234567", "123456789", "12345a", "١٢٣٤٥٦", "123456.0"] {
            assert_eq!(read_digits(typed), None, "{typed}");
        }
    }

    #[test]
    fn keys_are_shown_in_fours() {
        assert_eq!(in_fours("K5QXEZLSMF"), "K5QX EZLS MF");
    }

    fn profiles() -> impl Strategy<Value = Profile> {
        let moving = prop_oneof![Just(Moving::Time(30)), Just(Moving::Time(60)), Just(Moving::Counter)];
        (prop::sample::select(Digest::ALL), prop::sample::select(vec![6u8, 8]), moving)
            .prop_map(|(digest, digits, moving)| Profile { digest, digits, moving })
    }

    #[test]
    fn windows_are_as_wide_as_promised() {
        let now = Time::from_unix_milliseconds(60_000_000_000);
        let time = |seconds| Profile { moving: Moving::Time(seconds), ..Profile::APP };
        assert_eq!(time(30).window(now, Step(-1)), 1_999_999..=2_000_001);
        assert_eq!(time(60).window(now, Step(-1)), 999_999..=1_000_001);
        assert_eq!(time(30).window_of_two(now, Step(-1)), 1_999_998..=2_000_000);
        let counter = Profile { moving: Moving::Counter, ..Profile::APP };
        assert_eq!(counter.window(now, Step(-1)), 0..=9);
        assert_eq!(counter.window(now, Step(41)), 42..=51);
        assert_eq!(counter.window_of_two(now, Step(41)), 42..=1041);
        assert!(time(30).is_known() && counter.is_known() && !time(31).is_known());
        assert!(!Profile { digits: 7, ..Profile::APP }.is_known());
    }

    proptest! {
        #[test]
        fn whatever_is_taken_is_later_than_what_was(
            profile in profiles(),
            seconds in 0i64..4_000_000_000,
            last in -1i64..140_000_000,
            offered in prop::collection::vec(-3i64..1100, 1..20),
        ) {
            // Codes in whatever order, singly and in pairs: the row of taken ones only goes up.
            let now = Time::from_unix_milliseconds(seconds * 1000);
            let mut last = Step(last);
            for (n, offset) in offered.into_iter().enumerate() {
                let base = match profile.moving {
                    Moving::Time(period) => Step::of(now, period).0,
                    Moving::Counter => last.0,
                };
                let first = Step(base + offset);
                let is = |wanted: Step| move |step: Step| step == wanted;
                let taken = if n % 2 == 0 {
                    find(profile.window(now, last), is(first))
                } else {
                    find_two(profile.window_of_two(now, last), is(first), is(Step(first.0 + 1)))
                };
                if let Some(taken) = taken {
                    prop_assert!(taken > last);
                    last = taken;
                }
            }
        }

        #[test]
        fn two_codes_count_in_their_order_and_next_to_each_other_only(
            profile in profiles(), first in 0i64..3000, second in 0i64..3000, last in -1i64..2000,
        ) {
            let now = Time::from_unix_milliseconds(30_000_000);
            let taken = find_two(profile.window_of_two(now, Step(last)), |step| step.0 == first, |step| step.0 == second);
            prop_assert_eq!(taken.is_some(), second == first + 1 && profile.window_of_two(now, Step(last)).contains(&first));
            prop_assert!(taken.is_none_or(|step| step.0 == second));
        }

        #[test]
        fn a_code_is_spent_once(steps in prop::collection::vec(0i64..40, 1..60)) {
            // Whatever is offered in whatever order, no step is taken twice, and none before one already taken.
            let mut last = None;
            let mut taken = Vec::new();
            for step in steps.into_iter().map(Step) {
                if step.is_fresh(last) {
                    last = Some(step);
                    taken.push(step);
                }
            }
            prop_assert!(taken.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}
