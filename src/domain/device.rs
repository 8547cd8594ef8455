//! Trusted devices: browsers in which, for some days, a right password is enough. What people call a browser and a system stands
//! here too, since mails and pages name devices alike.

use super::time::{Span, Time};

/// The most days for which a customer may let its users trust a device.
pub const MOST_DAYS: u16 = 90;
/// Devices that one user may trust at once; of more, the oldest ends.
pub const MOST_DEVICES: i64 = 10;

/// Since when a device is trusted, and until when it was to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trust {
    /// When its user chose to trust it.
    pub trusted_at: Time,
    /// The first moment at which it is trusted no longer.
    pub ends_at: Time,
}

impl Trust {
    /// Trust that begins at `now` where the policy allows so many days of it.
    #[must_use]
    pub fn begun(now: Time, days: u16) -> Self {
        Self { trusted_at: now, ends_at: now + lasting(days) }
    }

    /// Whether it still holds at `now`, where the policy allows so many days of it by now: fewer days cut it short, more
    /// make it no longer.
    #[must_use]
    pub fn holds(self, days: u16, now: Time) -> bool {
        now < self.ends_at && now < self.trusted_at + lasting(days)
    }
}

/// For how long a device is trusted where the policy says so many days; never longer than [`MOST_DAYS`], whatever is stored.
#[must_use]
pub fn lasting(days: u16) -> Span {
    Span::hours(24 * i64::from(days.min(MOST_DAYS)))
}

/// What people call their browser, and their system, from what it says of itself.
#[must_use]
pub fn browser_and_system(agent: &str) -> (Option<&'static str>, Option<&'static str>) {
    let first =
        |names: &[(&str, &'static str)]| names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    let browser =
        first(&[("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari")]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    (browser, system)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Time = Time::from_unix_milliseconds(1_795_269_900_000);

    fn before(time: Time) -> Time {
        Time::from_unix_milliseconds(time.unix_milliseconds() - 1)
    }

    #[test]
    fn trust_ends_to_the_millisecond() {
        let trust = Trust::begun(NOW, 30);
        let end = NOW + Span::hours(30 * 24);
        assert!(trust.holds(30, NOW) && trust.holds(30, before(end)));
        assert!(!trust.holds(30, end) && !trust.holds(30, end + Span::hours(1)));
    }

    #[test]
    fn fewer_days_cut_it_short_and_more_make_it_no_longer() {
        let trust = Trust::begun(NOW, 30);
        let week = NOW + Span::hours(7 * 24);
        assert!(trust.holds(7, before(week)) && !trust.holds(7, week));
        assert!(!trust.holds(0, NOW), "switched off");
        assert!(!trust.holds(90, trust.ends_at));
        assert_eq!(Trust::begun(NOW, u16::MAX).ends_at, NOW + Span::hours(90 * 24));
    }

    proptest! {
        #[test]
        fn no_policy_makes_it_longer_than_it_was_to_be(days in 0u16..=90, other in any::<u16>(), after in 0i64..200 * 86_400) {
            let (trust, then) = (Trust::begun(NOW, days), NOW + Span::seconds(after));
            prop_assert!(!trust.holds(other, then) || then < trust.ends_at);
            prop_assert_eq!(trust.holds(days, then), then < trust.ends_at);
            prop_assert!(!trust.holds(other, then) || other > 0);
        }
    }

    #[test]
    fn browsers_are_called_what_people_call_them() {
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36";
        assert_eq!(browser_and_system(chrome), (Some("Chrome"), Some("Linux")));
        assert_eq!(
            browser_and_system("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1"),
            (Some("Safari"), Some("iPhone"))
        );
        assert_eq!(browser_and_system("curl/8.0"), (None, None));
    }
}
