//! Which users a list shows, and in which order. Its one text form is the query of the list's address: a page can be
//! shared, reloaded, and selected whole, and the same words mean the same users everywhere.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::authority::Role;
use super::ids::CustomerId;
use super::method::MethodKind;
use super::spelled;
use super::time::{Span, Time};
use super::user::Standing;

/// How far those who match are counted. Beyond it the number would only cost time.
pub const COUNTED: i64 = 10_000;
/// The same for a search among the users of very many customers: each name that is counted has been read for it.
pub const COUNTED_IN_SEARCH: i64 = 1_000;

/// What is asked of a list of users. Conditions hold all at once; an empty or missing one asks nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserFilter {
    /// Any part of the name or the address.
    pub search: String,
    /// At home in one of these customers.
    pub customers: Vec<CustomerId>,
    /// Whether they can sign in.
    pub standing: Option<Standing>,
    /// How their second factor stands.
    pub mfa: Option<MfaState>,
    /// At least one method of this kind.
    pub kind: Option<MethodKind>,
    /// How their backup codes stand.
    pub codes: Option<CodesState>,
    /// One of these roles in the home customer.
    pub roles: Vec<Role>,
    /// When they last signed in.
    pub seen: Option<Seen>,
    /// Whether their address is known to reach them.
    pub address: Option<AddressState>,
    /// The order.
    pub sort: Sort,
}

/// How somebody's second factor stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MfaState {
    /// At least one authentication method.
    SetUp,
    /// Exactly one authentication method: lost, and the way in is lost.
    One,
    /// Active without any, and no reset is the cause.
    None,
    /// Reset, and not back yet.
    Reset,
    /// Frozen, since they said of a mail that it was not them.
    Frozen,
}
spelled!(MfaState { SetUp => "set_up", One => "one", None => "none", Reset => "reset", Frozen => "frozen" });

/// How the backup codes of somebody active with a second factor stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CodesState {
    /// As few as their customer's policy warns of, or none.
    Low,
    /// Made, and none was ever typed back.
    Unsaved,
}
spelled!(CodesState { Low => "low", Unsaved => "unsaved" });

/// When somebody last signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seen {
    /// Not once.
    Never,
    /// Within the last 7 days.
    Week,
    /// Within the last 30 days.
    Month,
    /// Once, but not within the last 30 days.
    NotForMonth,
    /// Once, but not within the last 90 days.
    NotForQuarter,
}
spelled!(Seen {
    Never => "never",
    Week => "7d",
    Month => "30d",
    NotForMonth => "not-30d",
    NotForQuarter => "not-90d",
});

impl Seen {
    /// The span of the condition; none for [`Seen::Never`].
    #[must_use]
    pub const fn span(self) -> Option<Span> {
        match self {
            Self::Never => None,
            Self::Week => Some(Span::hours(7 * 24)),
            Self::Month | Self::NotForMonth => Some(Span::hours(30 * 24)),
            Self::NotForQuarter => Some(Span::hours(90 * 24)),
        }
    }

    /// Whether somebody who last signed in at `at` is meant, at `now`.
    #[must_use]
    pub fn holds(self, at: Option<Time>, now: Time) -> bool {
        match (self, at, self.span()) {
            (Self::Never, at, _) => at.is_none(),
            (Self::Week | Self::Month, Some(at), Some(span)) => at + span > now,
            (Self::NotForMonth | Self::NotForQuarter, Some(at), Some(span)) => at + span <= now,
            _ => false,
        }
    }
}

/// Whether an address is known to reach its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AddressState {
    /// It is.
    Verified,
    /// It is not.
    Unverified,
}
spelled!(AddressState { Verified => "verified", Unverified => "unverified" });

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sort {
    /// By name.
    #[default]
    Name,
    /// By name, backwards.
    NameDown,
    /// Who signed in longest ago first, and before them who never did.
    SignIn,
    /// Who signed in last first.
    SignInDown,
}
spelled!(Sort { Name => "name", NameDown => "-name", SignIn => "sign-in", SignInDown => "-sign-in" });

impl UserFilter {
    /// What its parts are called in an address.
    pub const NAMES: [&'static str; 10] =
        ["q", "customer", "standing", "mfa", "kind", "codes", "role", "seen", "address", "sort"];

    /// The filter that stands in an address. What is not understood asks nothing: an address that was typed by hand shows
    /// too many rather than an error.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        fn add<T: FromStr + PartialEq>(all: &mut Vec<T>, value: &str) {
            if let Ok(value) = value.parse()
                && !all.contains(&value)
            {
                all.push(value);
            }
        }
        let mut filter = Self::default();
        for (name, value) in pairs {
            match name {
                "q" => value.trim().chars().take(200).collect::<String>().clone_into(&mut filter.search),
                "customer" => add(&mut filter.customers, value),
                "standing" => filter.standing = value.parse().ok(),
                "mfa" => filter.mfa = value.parse().ok(),
                "kind" => filter.kind = value.parse().ok(),
                "codes" => filter.codes = value.parse().ok(),
                "role" => add(&mut filter.roles, value),
                "seen" => filter.seen = value.parse().ok(),
                "address" => filter.address = value.parse().ok(),
                "sort" => filter.sort = value.parse().unwrap_or_default(),
                _ => {}
            }
        }
        filter
    }

    /// What stands in the address, in a fixed order. The values are not yet percent-encoded.
    #[must_use]
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        fn one<T: ToString>(name: &'static str, value: Option<T>) -> Option<(&'static str, String)> {
            value.map(|value| (name, value.to_string()))
        }
        let mut pairs: Vec<_> = self.customers.iter().map(|id| ("customer", id.to_string())).collect();
        pairs.extend((!self.search.is_empty()).then(|| ("q", self.search.clone())));
        pairs.extend(one("standing", self.standing));
        pairs.extend(one("mfa", self.mfa));
        pairs.extend(one("kind", self.kind));
        pairs.extend(one("codes", self.codes));
        pairs.extend(self.roles.iter().map(|role| ("role", role.to_string())));
        pairs.extend(one("seen", self.seen));
        pairs.extend(one("address", self.address));
        pairs.extend((self.sort != Sort::default()).then(|| ("sort", self.sort.to_string())));
        pairs
    }

    /// The same users without those who have no authentication method. None where no address says that.
    #[must_use]
    pub fn of_holders(&self) -> Option<Self> {
        match (self.mfa, self.kind) {
            (Some(MfaState::SetUp | MfaState::One), _) | (_, Some(_)) => Some(self.clone()),
            (None, None) => Some(Self { mfa: Some(MfaState::SetUp), ..self.clone() }),
            (Some(MfaState::None | MfaState::Reset | MfaState::Frozen), None) => None,
        }
    }

    /// Whether it asks more than whose users and in which order.
    #[must_use]
    pub fn narrows(&self) -> bool {
        let plain = Self { customers: self.customers.clone(), sort: self.sort, ..Self::default() };
        *self != plain
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_holders_are_meant_where_that_can_be_said() {
        let of = |mfa, kind| UserFilter { mfa, kind, search: "ma".into(), ..UserFilter::default() };
        let set_up = Some(MfaState::SetUp);
        assert_eq!(of(None, None).of_holders(), Some(of(set_up, None)));
        for (mfa, kind) in
            [(set_up, None), (Some(MfaState::One), None), (Some(MfaState::Frozen), Some(MethodKind::Phone))]
        {
            assert_eq!(of(mfa, kind).of_holders(), Some(of(mfa, kind)));
        }
        for mfa in [MfaState::None, MfaState::Reset, MfaState::Frozen] {
            assert_eq!(of(Some(mfa), None).of_holders(), None);
        }
    }

    fn customer(n: u8) -> CustomerId {
        CustomerId::new(Time::from_unix_milliseconds(0), [n; 10])
    }

    fn filters() -> impl Strategy<Value = UserFilter> {
        fn maybe<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = Option<T>> {
            prop::option::of(prop::sample::select(all))
        }
        let states = (
            maybe(Standing::ALL),
            maybe(MfaState::ALL),
            maybe(MethodKind::ALL),
            maybe(CodesState::ALL),
            maybe(Seen::ALL),
            maybe(AddressState::ALL),
        );
        let whose = (prop::collection::btree_set(0u8..9, 0..4), prop::sample::subsequence(Role::ALL, 0..=4));
        ("[a-zé%&=]{0,8}", whose, states, prop::sample::select(Sort::ALL)).prop_map(|(search, whose, states, sort)| {
            UserFilter {
                search,
                customers: whose.0.into_iter().map(customer).collect(),
                roles: whose.1,
                standing: states.0,
                mfa: states.1,
                kind: states.2,
                codes: states.3,
                seen: states.4,
                address: states.5,
                sort,
            }
        })
    }

    proptest! {
        #[test]
        fn an_address_carries_the_whole_filter(filter in filters()) {
            let pairs = filter.pairs();
            prop_assert!(pairs.iter().all(|(name, _)| UserFilter::NAMES.contains(name)));
            let read = UserFilter::from_pairs(pairs.iter().map(|(name, value)| (*name, value.as_str())));
            prop_assert_eq!(read, filter);
        }

        #[test]
        fn anything_in_an_address_is_some_filter(pairs in prop::collection::vec(("[a-z]{0,9}", "\\PC{0,20}"), 0..8)) {
            UserFilter::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        }
    }

    #[test]
    fn the_last_sign_in_is_judged_to_the_millisecond() {
        let now = Time::from_unix_milliseconds(1_000_000_000_000);
        let ago = |span: Span| Some(Time::from_unix_milliseconds(now.unix_milliseconds() - span.as_milliseconds()));
        let month = Span::hours(30 * 24);
        assert!(Seen::Never.holds(None, now) && !Seen::Never.holds(Some(now), now));
        assert!(Seen::NotForMonth.holds(ago(month), now) && !Seen::Month.holds(ago(month), now));
        assert!(!Seen::NotForMonth.holds(None, now));
        assert!(Seen::Week.holds(Some(now), now) && Seen::Month.holds(ago(Span::hours(24)), now));
    }

    #[test]
    fn customers_and_order_alone_do_not_narrow() {
        assert!(!UserFilter { customers: vec![customer(1)], sort: Sort::NameDown, ..UserFilter::default() }.narrows());
        assert!(UserFilter { mfa: Some(MfaState::None), ..UserFilter::default() }.narrows());
    }
}
