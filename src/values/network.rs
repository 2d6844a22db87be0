//! The network that a request comes from.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// The part of a network address that one person cannot change at will: an IPv4 address, or the /64 of an IPv6 address,
/// which is what one household has. `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Network(IpAddr);

impl Network {
    /// The network of an address. An IPv4 address written as IPv6 is the IPv4 address.
    #[must_use]
    pub(crate) fn of(ip: IpAddr) -> Self {
        Self(match ip.to_canonical() {
            IpAddr::V6(ip) => {
                let [a, b, c, d, ..] = ip.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            v4 @ IpAddr::V4(_) => v4,
        })
    }

    /// The network as text, to be hashed: the address with zeros after the part that counts.
    #[must_use]
    pub(crate) fn reveal(&self) -> String {
        self.0.to_string()
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Network(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        Network::of(text.parse().unwrap())
    }

    #[test]
    fn is_an_ipv4_address_or_the_first_half_of_an_ipv6_address() {
        assert_eq!(network("203.0.113.7"), network("::ffff:203.0.113.7"));
        assert_ne!(network("203.0.113.7"), network("203.0.113.8"));
        assert_eq!(network("2001:db8:1:2::7"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2::7"), network("2001:db8:1:3::7"));
        assert_eq!(network("2001:db8:1:2::7").reveal(), "2001:db8:1:2::");
        assert!(!format!("{:?}", network("203.0.113.7")).contains("203"));
    }
}
