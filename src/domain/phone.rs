//! Phone numbers as a second factor, and the codes that are sent to them. NIST calls this way of proving oneself
//! restricted (SP 800-63B-4 §3.2.9): numbers are taken over, and messages are read on their way.

use std::fmt;
use std::str::FromStr;

use super::Unreadable;
use super::ids::{ChallengeId, SessionId};
use super::time::{Span, Time};

/// How long a code counts (SP 800-63B-4 §3.1.3.2 allows ten minutes).
pub const CODE_LIFETIME: Span = Span::minutes(10);
/// Wrong codes that end one that was sent.
pub const WRONG_CODES: i64 = 5;
/// Over how long messages to one number and for one person are counted.
pub const WINDOW: Span = Span::hours(1);
/// Messages to one number in a [`WINDOW`]: to one that is somebody's, for them; and to one that is being added, whoever adds
/// it. The two are counted apart, so that nobody can use up what its owner signs in with.
pub const MOST_TO_A_NUMBER: usize = 3;
/// Messages for one person in a [`WINDOW`], whatever the numbers.
pub const MOST_FOR_A_USER: usize = 6;
/// Messages for one person in a [`DAY`]: no few of them use up what a customer pays for.
pub const MOST_FOR_A_USER_A_DAY: usize = 20;
/// Over how long the messages of a customer, and of each person, are counted.
pub const DAY: Span = Span::hours(24);

/// A phone number that the world can reach (ITU-T E.164). Its `Debug` shows no more of it than [`PhoneNumber::masked`].
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneNumber {
    /// The calling code of its country.
    country: u16,
    /// The rest, digits alone.
    rest: String,
}

impl PhoneNumber {
    /// The number with this calling code.
    ///
    /// # Errors
    /// When it has more than the 15 digits of E.164, fewer than 7, or anything but digits.
    pub fn new(country: u16, rest: &str) -> Result<Self, Unreadable> {
        let digits = country.to_string().len() + rest.len();
        let good = (1..=999).contains(&country) && (7..=15).contains(&digits);
        if good && rest.len() >= 4 && rest.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self { country, rest: rest.to_owned() })
        } else {
            Err(Unreadable("phone number"))
        }
    }

    /// As gateways take it: `+491701234567`.
    #[must_use]
    pub fn e164(&self) -> String {
        format!("+{}{}", self.country, self.rest)
    }

    /// As it is kept, with the end of the calling code marked (RFC 5733 §2.5): `+49.1701234567`.
    #[must_use]
    pub fn kept(&self) -> String {
        format!("+{}.{}", self.country, self.rest)
    }

    /// What its owner recognises and nobody else can use: `+49 •••• 67`.
    #[must_use]
    pub fn masked(&self) -> String {
        format!("+{} •••• {}", self.country, &self.rest[self.rest.len() - 2..])
    }
}

impl FromStr for PhoneNumber {
    type Err = Unreadable;

    /// Reads what [`PhoneNumber::kept`] wrote.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (country, rest) =
            text.strip_prefix('+').and_then(|text| text.split_once('.')).ok_or(Unreadable("phone number"))?;
        Self::new(country.parse().map_err(|_| Unreadable("phone number"))?, rest)
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

/// What a code that was sent is for: it counts nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// This half-finished sign-in.
    SignIn(ChallengeId),
    /// A step-up in this session.
    StepUp(SessionId),
    /// The addition of the number that this challenge waits for.
    Addition(ChallengeId),
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SignIn(id) => write!(f, "sign_in {id}"),
            Self::StepUp(id) => write!(f, "step_up {id}"),
            Self::Addition(id) => write!(f, "addition {id}"),
        }
    }
}

/// Whether one more message may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowance {
    /// Now.
    Now,
    /// Not before this moment: too many went to this number, or for this person.
    NotBefore(Time),
    /// The customer's messages of a day are spent.
    SpentForToday,
}

/// Decides at `now` about one more message, from when those of the last [`DAY`] were asked for, the oldest first, and from how
/// many of the `most_a_day` that the customer pays for went in it.
#[must_use]
pub fn allowance(now: Time, to_number: &[Time], for_user: &[Time], today: i64, most_a_day: u16) -> Allowance {
    let full = |asked: &[Time], most: usize, over: Span| {
        let counted: Vec<Time> = asked.iter().copied().filter(|at| *at + over > now).collect();
        // The first moment at which one of them is old enough to make room.
        counted.len().checked_sub(most).and_then(|past| counted.get(past)).map(|oldest| *oldest + over)
    };
    let not_before = full(to_number, MOST_TO_A_NUMBER, WINDOW).max(full(for_user, MOST_FOR_A_USER, WINDOW)).max(full(
        for_user,
        MOST_FOR_A_USER_A_DAY,
        DAY,
    ));
    match not_before {
        Some(time) => Allowance::NotBefore(time),
        None if today >= i64::from(most_a_day) => Allowance::SpentForToday,
        None => Allowance::Now,
    }
}

/// Six digits out of a keyed hash. One hash in 2^44 falls on a shorter rest: no number is likelier by more than that.
#[must_use]
pub fn digits(hash: [u8; 32]) -> String {
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    format!("{:06}", u64::from_be_bytes(first) % 1_000_000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_shows_its_country_and_its_end() {
        let number = PhoneNumber::new(49, "1701234567").unwrap();
        assert_eq!(number.e164(), "+491701234567");
        assert_eq!(number.masked(), "+49 •••• 67");
        assert_eq!(format!("{number:?}"), "+49 •••• 67");
        assert_eq!(number.kept().parse(), Ok(number));
        for (country, rest) in [(0, "1701234567"), (49, "17012345678901"), (1, "123"), (49, "170 123"), (49, "17a1234")]
        {
            assert!(PhoneNumber::new(country, rest).is_err(), "{country} {rest}");
        }
        for text in ["", "+491701234567", "49.1701234567", "+x.1701234567", "+49.170123456é"] {
            assert!(text.parse::<PhoneNumber>().is_err(), "{text}");
        }
    }

    fn at(minutes: i64) -> Time {
        Time::from_unix_milliseconds(0) + Span::minutes(minutes)
    }

    #[test]
    fn three_messages_an_hour_to_a_number() {
        let to = |asked: &[Time]| allowance(at(10), asked, asked, 0, 200);
        assert_eq!(to(&[at(1), at(2)]), Allowance::Now);
        assert_eq!(to(&[at(1), at(2), at(9)]), Allowance::NotBefore(at(61)));
        assert_eq!(to(&[at(1), at(2), at(9), at(10)]), Allowance::NotBefore(at(62)));
        assert_eq!(to(&[at(-51), at(-50), at(2), at(9)]), Allowance::Now);
    }

    #[test]
    fn six_for_a_person_and_so_many_a_day_for_a_customer() {
        let six: Vec<Time> = (1..=6).map(at).collect();
        let decide = |for_user: &[Time], today, most| allowance(at(10), &[], for_user, today, most);
        assert_eq!(decide(&six, 0, 200), Allowance::NotBefore(at(61)));
        assert_eq!(decide(&six[..5], 199, 200), Allowance::Now);
        assert_eq!(decide(&[], 200, 200), Allowance::SpentForToday);
        assert_eq!(decide(&[], 0, 0), Allowance::SpentForToday);
        // One in 70 minutes breaks no bound of an hour; the twentieth in a day ends it.
        let many: Vec<Time> = (0..20).map(|n| at(70 * n)).collect();
        let after = allowance(at(70 * 20), &[], &many, 20, 200);
        assert_eq!(after, Allowance::NotBefore(at(0) + DAY));
    }

    proptest! {
        #[test]
        fn every_code_has_six_digits(hash: [u8; 32]) {
            let code = digits(hash);
            prop_assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()));
        }
    }
}
