//! What a review says of a plan: its sums, and which of its people an address lists. Every number stands for a list.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::authority::Role;
use super::super::ids::CustomerId;
use super::super::method::Artefact;
use super::super::spelled;
use super::{Holdings, Item, Skip, Verdict};

/// Which people of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Which {
    /// Those who will be reset.
    #[default]
    Reset,
    /// Everybody in it.
    Selected,
    /// Those who keep everything.
    Skipped,
    /// Owners and admins who will be reset.
    Privileged,
    /// Those who lose an authenticator app.
    AuthenticatorApps,
    /// Those who lose a passkey or security key.
    Passkeys,
    /// Those whose hardware token is returned.
    HardwareTokens,
    /// Those who lose a phone number.
    Phones,
    /// Those who lose backup codes.
    BackupCodes,
    /// Those whose sessions end.
    Sessions,
    /// Those whose devices are trusted no longer.
    TrustedDevices,
    /// Those whose half-finished sign-ins end.
    Challenges,
    /// Those whose older recovery links end.
    Links,
}
spelled!(Which {
    Reset => "reset",
    Selected => "selected",
    Skipped => "skipped",
    Privileged => "privileged",
    AuthenticatorApps => "authenticator_apps",
    Passkeys => "passkeys",
    HardwareTokens => "hardware_tokens",
    Phones => "phones",
    BackupCodes => "backup_codes",
    Sessions => "sessions",
    TrustedDevices => "trusted_devices",
    Challenges => "half_finished_sign_ins",
    Links => "older_links",
});

impl Which {
    /// Those who lose something of this kind.
    #[must_use]
    pub fn who_lose(what: Artefact) -> Self {
        what.key().parse().unwrap_or_default()
    }

    /// What they lose, where that is what they are listed for.
    #[must_use]
    pub fn loss(self) -> Option<Artefact> {
        Artefact::all().into_iter().find(|what| what.key() == self.as_str())
    }
}

/// Which people of a plan its page lists, as the query of its address says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// Only those at home in this customer; the sums are then of them too.
    pub customer: Option<CustomerId>,
    /// Only those skipped for this reason.
    pub skip: Option<Skip>,
    /// Which of them, where no reason is asked for.
    pub which: Which,
}

impl Listing {
    /// What an address asks for. What is not understood asks nothing.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut listing = Self::default();
        for (name, value) in pairs {
            match name {
                "customer" => listing.customer = value.parse().ok(),
                "skip" => listing.skip = value.parse().ok(),
                "show" => listing.which = value.parse().unwrap_or_default(),
                _ => {}
            }
        }
        listing
    }

    /// The query of its address, from the `after`th person on.
    #[must_use]
    pub fn query(&self, after: usize) -> String {
        let mut pairs: Vec<String> = self.customer.iter().map(|id| format!("customer={id}")).collect();
        match self.skip {
            Some(skip) => pairs.push(format!("skip={skip}")),
            None if self.which != Which::default() => pairs.push(format!("show={}", self.which)),
            None => {}
        }
        if after > 0 {
            pairs.push(format!("after={after}"));
        }
        if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
    }

    /// Whether it is of this customer.
    #[must_use]
    pub fn covers(&self, item: &Item) -> bool {
        self.customer.is_none_or(|customer| customer == item.user.customer)
    }

    /// Whether it lists somebody, who has this role now.
    #[must_use]
    pub fn lists(&self, item: &Item, role: Role) -> bool {
        let going = item.verdict == Verdict::Reset;
        let meant = match (self.skip, self.which) {
            (Some(skip), _) => item.verdict == Verdict::Skip(skip),
            (None, Which::Selected) => true,
            (None, Which::Reset) => going,
            (None, Which::Skipped) => !going,
            (None, Which::Privileged) => going && is_privileged(role),
            (None, which) => going && which.loss().is_some_and(|what| item.holdings.count(what) > 0),
        };
        self.covers(item) && meant
    }
}

const fn is_privileged(role: Role) -> bool {
    matches!(role, Role::Owner | Role::Admin)
}

/// What a plan comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// How many people are in it.
    pub selected: usize,
    /// How many of them will be reset; each gets a mail.
    pub resets: usize,
    /// How many are skipped, and why.
    pub skipped: Vec<(Skip, usize)>,
    /// How many owners and admins will be reset.
    pub privileged: usize,
    /// What those who will be reset lose.
    pub losses: Holdings,
}

impl Sums {
    /// The sums over these people, each with the role they have now.
    #[must_use]
    pub fn of<'a>(items: impl IntoIterator<Item = (&'a Item, Role)>) -> Self {
        let (mut sums, mut skipped) = (Self::default(), BTreeMap::new());
        for (item, role) in items {
            sums.selected += 1;
            match item.verdict {
                Verdict::Reset => {
                    sums.resets += 1;
                    sums.privileged += usize::from(is_privileged(role));
                    sums.losses = sums.losses + item.holdings;
                }
                Verdict::Skip(skip) => *skipped.entry(skip).or_default() += 1,
            }
        }
        sums.skipped = skipped.into_iter().collect();
        sums
    }

    /// How many are skipped for this reason.
    #[must_use]
    pub fn skipped_for(&self, reason: Skip) -> usize {
        self.skipped.iter().filter(|(skip, _)| *skip == reason).map(|(_, count)| count).sum()
    }

    /// How many are skipped.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.selected - self.resets
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::ids::UserId;
    use super::super::super::time::Time;
    use super::super::super::user::UserRef;
    use super::*;

    fn customer(n: u8) -> CustomerId {
        CustomerId::new(Time::from_unix_milliseconds(0), [n; 10])
    }

    fn people() -> impl Strategy<Value = Vec<(Item, Role)>> {
        let verdict = prop_oneof![
            3 => Just(Verdict::Reset),
            1 => prop::sample::select(Skip::ALL).prop_map(Verdict::Skip),
        ];
        let one = (0u8..3, prop::sample::select(Role::ALL), verdict, prop::collection::vec(0i64..3, 9));
        prop::collection::vec(one, 0..30).prop_map(|all| {
            let person = |(n, (home, role, verdict, has)): (u8, (u8, Role, Verdict, Vec<i64>))| {
                let id = UserId::new(Time::from_unix_milliseconds(0), [n; 10]);
                let holdings = Holdings {
                    authenticator_apps: has[0],
                    passkeys: has[1],
                    hardware_tokens: has[2],
                    phones: has[3],
                    backup_codes: has[4],
                    sessions: has[5],
                    trusted_devices: has[6],
                    challenges: has[7],
                    links: has[8],
                };
                (Item { user: UserRef { customer: customer(home), id }, role: Some(role), verdict, holdings }, role)
            };
            (0..).zip(all).map(person).collect()
        })
    }

    #[test]
    fn every_loss_has_its_list() {
        for what in Artefact::all() {
            assert_eq!(Which::who_lose(what).loss(), Some(what));
        }
        assert_eq!(Which::ALL.iter().filter(|which| which.loss().is_some()).count(), Artefact::all().len());
    }

    proptest! {
        #[test]
        fn an_address_carries_the_whole_listing(
            home in prop::option::of(0u8..3),
            skip in prop::option::of(prop::sample::select(Skip::ALL)),
            which in prop::sample::select(Which::ALL),
            after in 0usize..200,
        ) {
            let which = if skip.is_some() { Which::default() } else { which };
            let listing = Listing { customer: home.map(customer), skip, which };
            let query = listing.query(after);
            let pairs = query.trim_start_matches('?').split('&').filter_map(|pair| pair.split_once('='));
            prop_assert_eq!(Listing::from_pairs(pairs), listing);
        }

        #[test]
        fn a_number_is_as_long_as_its_list(people in people(), home in prop::option::of(0u8..3)) {
            let whole = Listing { customer: home.map(customer), ..Listing::default() };
            let within = || people.iter().filter(|(item, _)| whole.covers(item)).map(|(item, role)| (item, *role));
            let sums = Sums::of(within());
            let listed = |listing: Listing| people.iter().filter(|(item, role)| listing.lists(item, *role)).count();
            let which = |which| listed(Listing { which, ..whole });
            prop_assert_eq!(which(Which::Selected), sums.selected);
            prop_assert_eq!(which(Which::Reset), sums.resets);
            prop_assert_eq!(which(Which::Skipped), sums.kept());
            prop_assert_eq!(which(Which::Privileged), sums.privileged);
            for skip in Skip::ALL {
                prop_assert_eq!(listed(Listing { skip: Some(*skip), ..whole }), sums.skipped_for(*skip));
            }
            for what in Artefact::all() {
                prop_assert_eq!(which(Which::who_lose(what)) > 0, sums.losses.count(what) > 0);
            }
            // And the customers' sums are those of the whole.
            if home.is_none() {
                let each = (0..3).map(|n| Listing { customer: Some(customer(n)), which: Which::Reset, skip: None });
                prop_assert_eq!(each.map(listed).sum::<usize>(), sums.resets);
            }
        }
    }
}
