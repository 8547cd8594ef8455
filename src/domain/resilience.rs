//! How well a customer's users would get through the loss of a factor: next month's tickets, today.
//!
//! Each user has a strength: 10 with nothing wrong, 7 where a single authentication method is all that is wrong, 0 with
//! any real weakness. Each weighs 1, and 3 without any second factor, since nothing protects them but a password. The
//! score is the weighted mean of the strengths, of 100, rounded down. Whoever has a weakness adds to what is divided by
//! and nothing to what is divided: adding such a user never raises it.

use serde::{Deserialize, Serialize};

use super::spelled;
use super::user_filter::{AddressState, CodesState, MfaState, Seen, UserFilter};

/// What would keep somebody out for longer than needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Weakness {
    /// No second factor, and no reset is the cause.
    NoFactor,
    /// Exactly one authentication method: lost, and only backup codes or a reset let them in.
    OneFactor,
    /// Backup codes that were never typed back.
    CodesUnsaved,
    /// Few backup codes, or none.
    CodesLow,
    /// Nobody knows whether mails reach them.
    AddressUnverified,
    /// They never signed in.
    NeverSeen,
}
spelled!(Weakness {
    NoFactor => "no_factor",
    OneFactor => "one_factor",
    CodesUnsaved => "codes_unsaved",
    CodesLow => "codes_low",
    AddressUnverified => "address_unverified",
    NeverSeen => "never_seen",
});

impl Weakness {
    /// The list of those who have it.
    #[must_use]
    pub fn filter(self) -> UserFilter {
        let all = UserFilter::default();
        match self {
            Self::NoFactor => UserFilter { mfa: Some(MfaState::None), ..all },
            Self::OneFactor => UserFilter { mfa: Some(MfaState::One), ..all },
            Self::CodesUnsaved => UserFilter { codes: Some(CodesState::Unsaved), ..all },
            Self::CodesLow => UserFilter { codes: Some(CodesState::Low), ..all },
            Self::AddressUnverified => UserFilter { address: Some(AddressState::Unverified), ..all },
            Self::NeverSeen => UserFilter { seen: Some(Seen::Never), ..all },
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// The weaknesses of one user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weaknesses(u8);

impl Weaknesses {
    /// These.
    #[must_use]
    pub fn of(weaknesses: impl IntoIterator<Item = Weakness>) -> Self {
        Self(weaknesses.into_iter().fold(0, |all, weakness| all | weakness.bit()))
    }

    /// Whether this one is among them.
    #[must_use]
    pub const fn has(self, weakness: Weakness) -> bool {
        self.0 & weakness.bit() != 0
    }

    /// What is left once somebody saw to `weakness`. A first factor is one factor.
    #[must_use]
    fn without(self, weakness: Weakness) -> Self {
        let first = if weakness == Weakness::NoFactor && self.has(weakness) { Weakness::OneFactor.bit() } else { 0 };
        Self(self.0 & !weakness.bit() | first)
    }

    const fn strength(self) -> i64 {
        match self.0 {
            0 => 10,
            only if only == Weakness::OneFactor.bit() => 7,
            _ => 0,
        }
    }

    const fn weight(self) -> i64 {
        if self.has(Weakness::NoFactor) { 3 } else { 1 }
    }
}

/// How many users have the same weaknesses, for each combination that occurs.
pub type Census = [(Weaknesses, i64)];

/// How many users have this weakness.
#[must_use]
pub fn having(census: &Census, weakness: Weakness) -> i64 {
    census.iter().filter(|(has, _)| has.has(weakness)).map(|(_, users)| users).sum()
}

/// The score, from 0 to 100; none where there are no users.
#[must_use]
pub fn score(census: &Census) -> Option<i64> {
    let (strength, weight) = sums(census);
    (weight > 0).then(|| 10 * strength / weight)
}

/// What it would take to raise the score most: the one weakness, and the score once nobody has it any more. None where
/// seeing to no single one would raise it.
#[must_use]
pub fn most_worth(census: &Census) -> Option<(Weakness, i64)> {
    let now = sums(census);
    let mut best: Option<(Weakness, (i64, i64))> = None;
    for weakness in Weakness::ALL {
        let mended: Vec<_> = census.iter().map(|(has, users)| (has.without(*weakness), *users)).collect();
        let then = sums(&mended);
        if is_more(then, best.map_or(now, |(_, sums)| sums)) {
            best = Some((*weakness, then));
        }
    }
    best.map(|(weakness, (strength, weight))| (weakness, 10 * strength / weight))
}

/// All strengths, and all weights.
fn sums(census: &Census) -> (i64, i64) {
    census.iter().fold((0, 0), |(strength, weight), (has, users)| {
        (strength + users * has.strength(), weight + users * has.weight())
    })
}

/// Whether one share is more than another, without rounding.
fn is_more(a: (i64, i64), b: (i64, i64)) -> bool {
    i128::from(a.0) * i128::from(b.1) > i128::from(b.0) * i128::from(a.1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn weaknesses() -> impl Strategy<Value = Weaknesses> {
        // Nobody has no factor and one at once.
        prop::sample::subsequence(Weakness::ALL, 0..=6).prop_map(|all| {
            let all = Weaknesses::of(all);
            if all.has(Weakness::NoFactor) { Weaknesses(all.0 & !Weakness::OneFactor.bit()) } else { all }
        })
    }

    fn census() -> impl Strategy<Value = Vec<(Weaknesses, i64)>> {
        prop::collection::vec((weaknesses(), 0i64..1000), 0..12)
    }

    fn with(census: &Census, has: Weaknesses) -> Vec<(Weaknesses, i64)> {
        census.iter().copied().chain([(has, 1)]).collect()
    }

    const SOUND: Weaknesses = Weaknesses(0);

    #[test]
    fn the_formula_as_it_is_documented() {
        let of = |all: &[(&[Weakness], i64)]| {
            let census: Vec<_> = all.iter().map(|(has, users)| (Weaknesses::of(has.iter().copied()), *users)).collect();
            score(&census)
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[(&[], 5)]), Some(100));
        assert_eq!(of(&[(&[Weakness::OneFactor], 5)]), Some(70));
        assert_eq!(of(&[(&[], 3), (&[Weakness::CodesLow], 1)]), Some(75));
        assert_eq!(of(&[(&[], 3), (&[Weakness::CodesLow, Weakness::NeverSeen], 1)]), Some(75));
        assert_eq!(of(&[(&[], 3), (&[Weakness::NoFactor], 1)]), Some(50));
        assert_eq!(of(&[(&[Weakness::NoFactor, Weakness::NeverSeen], 4)]), Some(0));
    }

    #[test]
    fn what_is_worth_most_is_what_raises_most() {
        let census = [
            (SOUND, 10),
            (Weaknesses::of([Weakness::CodesUnsaved]), 4),
            (Weaknesses::of([Weakness::CodesLow, Weakness::AddressUnverified]), 9),
            (Weaknesses::of([Weakness::NoFactor]), 1),
        ];
        // Nine have two at once: seeing to one of them alone changes nothing.
        assert_eq!(score(&census), Some(38));
        assert_eq!(most_worth(&census), Some((Weakness::CodesUnsaved, 53)));
        assert_eq!(most_worth(&census[..1]), None);
        assert_eq!(most_worth(&census[2..3]), None);
        assert_eq!(most_worth(&[]), None);
    }

    proptest! {
        #[test]
        fn a_weak_user_never_raises_it(census in census(), has in weaknesses()) {
            let before = score(&census);
            let after = score(&with(&census, has));
            prop_assume!(before.is_some());
            if has.strength() == 0 {
                prop_assert!(after <= before, "{has:?}");
            }
            // A single factor, all else in order, is worth 70: it raises nothing that is as good.
            if has == Weaknesses::of([Weakness::OneFactor]) && before >= Some(70) {
                prop_assert!(after <= before);
            }
            prop_assert!(score(&with(&census, SOUND)) >= before);
        }

        #[test]
        fn it_is_a_share_of_a_hundred(census in census()) {
            prop_assert!(score(&census).is_none_or(|score| (0..=100).contains(&score)));
        }

        #[test]
        fn seeing_to_a_weakness_never_lowers_it(census in census(), weakness in prop::sample::select(Weakness::ALL)) {
            let mended: Vec<_> = census.iter().map(|(has, users)| (has.without(weakness), *users)).collect();
            prop_assert!(score(&mended) >= score(&census));
            prop_assert!(most_worth(&census).is_none_or(|(_, best)| Some(best) >= score(&mended)));
            prop_assert_eq!(having(&mended, weakness), 0);
        }
    }
}
