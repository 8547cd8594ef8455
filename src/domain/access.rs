//! Access that ends by itself, at the end of a day in UTC; and what comes of giving and ending it.

use serde::{Deserialize, Serialize};

use super::Unreadable;
use super::authority::{Refusal, Role};
use super::customer::NameProblem;
use super::ids::CustomerId;
use super::sign_in::CodeProblem;
use super::time::{Civil, Span, Time};

/// What came of adding a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AddOutcome {
    /// It is there.
    Added(CustomerId),
    /// It cannot be called so.
    Name(NameProblem),
    /// Its help desk would not be kept whole.
    HelpDeskTooLong,
    /// Through which of one's providers was not said.
    ProviderMissing,
    /// Not confirmed.
    Code(CodeProblem),
    /// Whoever asks adds no customers there.
    Refused(Refusal),
}

/// What came of changing what is known of a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EditOutcome {
    /// It is so now.
    Done,
    /// It was just so before.
    Same,
    /// It cannot be called so.
    Name(NameProblem),
    /// Its help desk would not be kept whole.
    HelpDeskTooLong,
    /// No language that mails speak, or no time zone.
    Malformed,
    /// Somebody else has changed it since it was opened.
    Changed,
    /// Not confirmed.
    Code(CodeProblem),
    /// Whoever asks may not.
    Refused(Refusal),
    /// No such customer, or none of the reader's.
    Unknown,
}

/// What came of giving, changing or ending a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoleOutcome {
    /// They have it.
    Given {
        /// Who.
        name: String,
        /// Which.
        role: Role,
        /// When it ends by itself.
        until: Option<Time>,
    },
    /// They have none any more.
    Ended {
        /// Who.
        name: String,
    },
    /// They had just this before.
    Same,
    /// No such customer, or nobody of that kind in it.
    Unknown,
    /// What was typed is no address.
    NoAddress,
    /// Nobody who could be given access has this address, or nobody has it at all.
    Nobody,
    /// None of the roles was chosen.
    NoRole,
    /// What was typed as the last day.
    End(EndProblem),
    /// The role of somebody at home in the customer does not end by itself.
    AtHome,
    /// The customer would be left without an owner who can sign in and whose role does not end.
    NoOwnerLeft,
    /// Not confirmed.
    Code(CodeProblem),
    /// Not theirs to change.
    Refused(Refusal),
}

/// How far ahead the end of an access may lie, in years.
pub const LONGEST_YEARS: i64 = 5;

/// Why an end is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EndProblem {
    /// What was typed is no date.
    NoDate,
    /// That day is over.
    Past,
    /// Further ahead than [`LONGEST_YEARS`].
    TooFar,
}

/// When an access ends whose last day was typed: with the end of that day in UTC. Nothing typed: it does not end.
///
/// # Errors
/// Why what was typed is no end.
pub fn read_end(typed: &str, now: Time) -> Result<Option<Time>, EndProblem> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let ends_at = end_of_day(typed).map_err(|_| EndProblem::NoDate)?;
    if ends_at <= now {
        return Err(EndProblem::Past);
    }
    if ends_at > latest(now) {
        return Err(EndProblem::TooFar);
    }
    Ok(Some(ends_at))
}

/// The last day of an access that ends at `ends_at`, as forms and address bars hold it: `2027-06-30`.
#[must_use]
pub fn last_day(ends_at: Time) -> String {
    let utc = last_moment(ends_at).utc();
    format!("{:04}-{:02}-{:02}", utc.year, utc.month, utc.day)
}

/// The last moment at which an access that ends at `ends_at` holds.
#[must_use]
pub const fn last_moment(ends_at: Time) -> Time {
    Time::from_unix_milliseconds(ends_at.unix_milliseconds() - 1)
}

/// The first moment after the day `YYYY-MM-DD`.
fn end_of_day(typed: &str) -> Result<Time, Unreadable> {
    let well_formed = typed.len() == 10
        && typed.bytes().enumerate().all(|(at, b)| if at == 4 || at == 7 { b == b'-' } else { b.is_ascii_digit() });
    if !well_formed {
        return Err(Unreadable("date"));
    }
    let part = |range: std::ops::Range<usize>| typed[range].parse::<i64>().map_err(|_| Unreadable("date"));
    let small = |range| part(range).and_then(|part| u8::try_from(part).map_err(|_| Unreadable("date")));
    Ok(midnight(part(0..4)?, small(5..7)?, small(8..10)?)? + Span::hours(24))
}

/// The end of the same day [`LONGEST_YEARS`] on; of the day before where that year has no such day.
fn latest(now: Time) -> Time {
    let Civil { year, month, day, .. } = now.utc();
    let there = |day| midnight(year + LONGEST_YEARS, month, day);
    there(day).or_else(|_| there(day - 1)).unwrap_or(now) + Span::hours(24)
}

fn midnight(year: i64, month: u8, day: u8) -> Result<Time, Unreadable> {
    Time::try_from(Civil { year, month, day, hour: 0, minute: 0, second: 0 })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOON: Time = Time::from_unix_milliseconds(1_795_269_900_000); // 2026-11-21 14:05 UTC

    #[test]
    fn an_access_ends_with_its_last_day() {
        let today = read_end("2026-11-21", NOON).unwrap().unwrap();
        assert_eq!(today.utc().day, 22);
        assert_eq!((today.utc().hour, today.utc().minute, today.utc().second), (0, 0, 0));
        assert_eq!(last_day(today), "2026-11-21");
        assert_eq!(read_end("  ", NOON), Ok(None));
    }

    #[test]
    fn what_is_no_day_ahead_is_no_end() {
        for typed in
            ["soon", "2026-11-31", "2027-02-29", "21.11.2026", "2026-1-1", "2026-11-21x", "+026-11-21", "２０２６-11"]
        {
            assert_eq!(read_end(typed, NOON), Err(EndProblem::NoDate), "{typed}");
        }
        assert_eq!(read_end("2026-11-20", NOON), Err(EndProblem::Past));
        assert!(read_end("2031-11-21", NOON).is_ok());
        assert_eq!(read_end("2031-11-22", NOON), Err(EndProblem::TooFar));
        assert_eq!(read_end("9999-12-31", NOON), Err(EndProblem::TooFar));
        // A leap day has no fifth birthday.
        let leap_day = end_of_day("2028-02-28").unwrap();
        assert!(read_end("2033-02-28", leap_day).is_ok());
        assert_eq!(read_end("2033-03-01", leap_day), Err(EndProblem::TooFar));
    }

    proptest! {
        #[test]
        fn a_last_day_that_is_shown_is_read_back(days in 1i64..1800) {
            let ends_at = end_of_day("2026-11-21").unwrap() + Span::hours(24 * days);
            prop_assert_eq!(read_end(&last_day(ends_at), NOON), Ok(Some(ends_at)));
        }

        #[test]
        fn whatever_is_typed_is_judged(typed in "\\PC{0,12}") {
            let _ = read_end(&typed, NOON);
        }
    }
}
