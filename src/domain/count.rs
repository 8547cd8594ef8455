//! How many there are, as far as anybody counted: a list's numbers.

use serde::{Deserialize, Serialize};

/// A number that costs no more than it is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Count {
    /// So many.
    Exactly(i64),
    /// More than so many: there the count ended.
    MoreThan(i64),
}

impl Count {
    /// What has been counted once `found` were found, where a count goes to `limit` and one more.
    #[must_use]
    pub const fn up_to(limit: i64, found: i64) -> Self {
        if found > limit { Self::MoreThan(limit) } else { Self::Exactly(found) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_says_where_it_ended() {
        let counted = [0, 9, 10, 11, 12].map(|found| Count::up_to(10, found));
        let [none, nine, ten, more, many] = counted;
        assert_eq!([none, nine, ten], [0, 9, 10].map(Count::Exactly));
        assert_eq!([more, many], [Count::MoreThan(10); 2]);
    }
}
