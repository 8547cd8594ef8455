//! Networks, as far as an address tells: whether somebody comes from where they came from before.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What addresses of one place mostly share: the first 24 bits of IPv4, the first 48 of IPv6, which is what one site is given
/// (RFC 6177 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpAddr);

impl Network {
    /// The network of an address; none where that is no address.
    #[must_use]
    pub fn of(address: &str) -> Option<Self> {
        Some(Self(match address.parse::<IpAddr>().ok()?.to_canonical() {
            IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() & (u32::MAX << 8)).into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 80)).into(),
        }))
    }
}

/// Whether `from` lies in none of the networks of the addresses seen before. Where nothing is known of one side, nothing is
/// new.
#[must_use]
pub fn is_new(from: Option<&str>, before: &[String]) -> bool {
    let mut known = before.iter().filter_map(|address| Network::of(address)).peekable();
    let from = from.and_then(Network::of);
    known.peek().is_some() && from.is_some_and(|from| known.all(|known| known != from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_share_a_network() {
        let same = |one, other| Network::of(one) == Network::of(other);
        assert!(same("192.0.2.1", "192.0.2.254") && same("192.0.2.1", "::ffff:192.0.2.9"));
        assert!(same("2001:db8:1:2::3", "2001:db8:1:ffff::1"));
        assert!(!same("192.0.2.1", "192.0.3.1") && !same("2001:db8:1::1", "2001:db8:2::1"));
        assert_eq!(Network::of("somewhere"), None);
    }

    #[test]
    fn new_is_what_was_not_seen_before() {
        let seen = ["192.0.2.1".to_owned(), "odd".to_owned(), "2001:db8::1".to_owned()];
        assert!(is_new(Some("198.51.100.7"), &seen) && is_new(Some("2001:db8:9::1"), &seen));
        assert!(!is_new(Some("192.0.2.77"), &seen) && !is_new(Some("2001:db8::2"), &seen));
        // Of whom nothing is known, nothing is said.
        assert!(!is_new(Some("198.51.100.7"), &[]) && !is_new(Some("198.51.100.7"), &seen[1..2]));
        assert!(!is_new(None, &seen) && !is_new(Some("odd"), &seen));
    }
}
