//! How many mails with a link one user gets.

use crate::domain::time::{Span, Time};

/// How long after the newest mail with a link the same user may get the next one, by how many they had in the last hour.
/// However often somebody is reset, it is three mails an hour, and the last of them has the newest link.
const GAPS: [Span; 3] = [Span::seconds(0), Span::minutes(2), Span::minutes(15)];

/// When a user may get the next mail with a link, given when they got those of the last hour, the newest first. None: at
/// once.
#[must_use]
pub fn next_link_at(sent: &[Time]) -> Option<Time> {
    let newest = *sent.first()?;
    Some(match GAPS.get(sent.len()) {
        Some(gap) => newest + *gap,
        None => sent[GAPS.len() - 1] + Span::hours(1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_links_an_hour() {
        let at = |minute: i64| Time::from_unix_milliseconds(0) + Span::minutes(minute);
        assert_eq!(next_link_at(&[]), None);
        assert_eq!(next_link_at(&[at(5)]), Some(at(7)));
        assert_eq!(next_link_at(&[at(7), at(5)]), Some(at(22)));
        assert_eq!(next_link_at(&[at(22), at(7), at(5)]), Some(at(65)));
    }
}
