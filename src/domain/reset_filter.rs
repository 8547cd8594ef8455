//! Which resets a list shows. Its one text form is the query of the list's address.

use serde::{Deserialize, Serialize};

use super::spelled;

/// One of the lists of resets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tab {
    /// What was confirmed in the reader's customers, by whomever.
    #[default]
    Customers,
    /// What the reader asked for, plans that can still be confirmed among it.
    Mine,
    /// What waits for a second person: for the reader, and for somebody else where the reader asked.
    Waiting,
    /// What has not come to its end.
    Running,
    /// What has.
    Done,
}
spelled!(Tab {
    Customers => "customers",
    Mine => "mine",
    Waiting => "waiting",
    Running => "running",
    Done => "done",
});

impl Tab {
    /// In words.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Customers => "My customers’",
            Self::Mine => "Mine",
            Self::Waiting => "Waiting for approval",
            Self::Running => "Running",
            Self::Done => "Done",
        }
    }
}

/// What is asked of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetFilter {
    /// Which list.
    pub tab: Tab,
    /// Any part of the name or address of somebody in it, of its reason or its ticket; or the beginning of its plan.
    pub search: String,
}

impl ResetFilter {
    /// What an address asks for. What is not understood asks nothing.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut filter = Self::default();
        for (name, value) in pairs {
            match name {
                "show" => filter.tab = value.parse().unwrap_or_default(),
                "q" => value.trim().chars().take(200).collect::<String>().clone_into(&mut filter.search),
                _ => {}
            }
        }
        filter
    }

    /// What stands in the address. The values are not yet percent-encoded.
    #[must_use]
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let tab = (self.tab != Tab::default()).then(|| ("show", self.tab.to_string()));
        let search = (!self.search.is_empty()).then(|| ("q", self.search.clone()));
        tab.into_iter().chain(search).collect()
    }

    /// The beginning of a plan's hash, where that may be what is searched for: `7F3A 91C2` as people read it from its seal.
    #[must_use]
    pub fn plan(&self) -> Option<String> {
        let hash: String = self.search.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
        let hash = hash.strip_prefix("plan").unwrap_or(&hash);
        let is_hash = (4..=64).contains(&hash.len()) && hash.chars().all(|c| c.is_ascii_hexdigit());
        is_hash.then(|| hash.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_seal_is_known_as_people_write_it() {
        let plan = |search: &str| ResetFilter { search: search.into(), ..ResetFilter::default() }.plan();
        assert_eq!(plan("7F3A 91C2").as_deref(), Some("7f3a91c2"));
        assert_eq!(plan("Plan 7f3a").as_deref(), Some("7f3a"));
        assert_eq!(plan("7f3"), None);
        assert_eq!(plan("Zoë 7f3a"), None);
    }

    proptest! {
        #[test]
        fn an_address_carries_the_whole_filter(tab in prop::sample::select(Tab::ALL), search in "[a-zé%&=]{0,8}") {
            let filter = ResetFilter { tab, search };
            let pairs = filter.pairs();
            let read = ResetFilter::from_pairs(pairs.iter().map(|(name, value)| (*name, value.as_str())));
            prop_assert_eq!(read, filter);
        }
    }
}
