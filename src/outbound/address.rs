//! Which addresses belong to the public internet, and a resolver that hands out no others.
//!
//! Somebody else decides what a name's addresses are. They could lead to the machine itself, to its neighbours, or to
//! the service that hands out the platform's tokens. So a client that may only call the public internet resolves names
//! here. The addresses that are checked are the ones that are connected to: a name that changes its address after a
//! check gains nothing. A name with one address that is not public is refused as a whole. When the name server is slow
//! or absent, the call's own limit ends the wait.
//!
//! Specifications: the special-purpose address registries of IANA
//! ([IPv4](https://www.iana.org/assignments/iana-ipv4-special-registry),
//! [IPv6](https://www.iana.org/assignments/iana-ipv6-special-registry)), RFC 6052 for addresses inside addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Networks that are not the public internet, by their first address and the length of their prefix.
const NOT_PUBLIC_V4: [(Ipv4Addr, u32); 16] = [
    // This network.
    (Ipv4Addr::UNSPECIFIED, 8),
    // Private.
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    // Shared between a provider and its customers.
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    // The machine itself.
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Link-local, with the metadata service of every cloud.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    // Azure's own: it looks public, and is answered by the machine's host.
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    // Protocol assignments.
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    // Documentation.
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Relays to IPv6, no longer used.
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    // Benchmarks.
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    // Multicast.
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    // Reserved, and the broadcast.
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// Networks within `2000::/3` that are not public. Outside of it nothing of IPv6 is.
const NOT_PUBLIC_V6: [(Ipv6Addr, u32); 4] = [
    // Protocol assignments, with Teredo, benchmarks and overlay identifiers.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    // Documentation.
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
    // 6to4: any IPv4 address inside.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
];

/// The prefix of IPv4 addresses that a translator makes reachable over IPv6.
const TRANSLATED: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// Whether an address belongs to the public internet.
#[must_use]
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => embedded_v4(address).map_or_else(|| is_public_v6(address), is_public_v4),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let within = |(network, length): &(Ipv4Addr, u32)| {
        u32::from(address).checked_shr(32 - length) == u32::from(*network).checked_shr(32 - length)
    };
    !NOT_PUBLIC_V4.iter().any(within)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    const PUBLIC: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
    within_v6(address, PUBLIC) && !NOT_PUBLIC_V6.iter().any(|network| within_v6(address, *network))
}

fn within_v6(address: Ipv6Addr, (network, length): (Ipv6Addr, u32)) -> bool {
    u128::from(address).checked_shr(128 - length) == u128::from(network).checked_shr(128 - length)
}

/// The IPv4 address that an IPv6 address stands for: mapped, or translated by the well-known prefix.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let translated = || {
        let [.., a, b, c, d] = address.octets();
        within_v6(address, TRANSLATED).then_some(Ipv4Addr::new(a, b, c, d))
    };
    address.to_ipv4_mapped().or_else(translated)
}

/// A name's address is not public.
#[derive(Debug, thiserror::Error)]
#[error("the name has an address that is not public")]
pub(super) struct NotPublic;

/// Resolves names as the system does, and refuses those with an address that is not public.
#[derive(Debug, Clone, Copy)]
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The port is the caller's to set.
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let addresses: Addrs = Box::new(all_public(found)?.into_iter());
            Ok(addresses)
        })
    }
}

/// The addresses of a name, if each of them is public: any of them may be connected to.
fn all_public(addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, NotPublic> {
    if addresses.iter().all(|address| is_public(address.ip())) { Ok(addresses) } else { Err(NotPublic) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::public("1.1.1.1 8.8.8.8 20.112.250.133 100.63.255.255 100.128.0.0 172.15.255.255 172.32.0.0 192.0.1.0")]
    #[case::beside_a_border(
        "11.0.0.0 126.255.255.255 128.0.0.0 168.63.129.17 169.253.255.255 198.17.255.255 223.255.255.255"
    )]
    #[case::public_v6("2606:4700:4700::1111 2001:4860:4860::8888 2001:200::1 2a01:111:f100::1 3fff:1000::1 2003::1")]
    #[case::inside_another("::ffff:8.8.8.8 64:ff9b::8.8.8.8")]
    fn the_public_internet_is_public(#[case] addresses: &str) {
        for text in addresses.split(' ') {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[rstest]
    #[case("1.1.1.1", true)]
    #[case("1.1.1.1 2606:4700:4700::1111 8.8.8.8", true)]
    #[case("10.0.0.1", false)]
    #[case("1.1.1.1 10.0.0.1", false)]
    #[case("10.0.0.1 1.1.1.1", false)]
    #[case("1.1.1.1 8.8.8.8 ::1", false)]
    #[case("2606:4700:4700::1111 169.254.169.254 1.1.1.1", false)]
    fn one_address_that_is_not_public_refuses_the_name(#[case] addresses: &str, #[case] usable: bool) {
        let addresses: Vec<SocketAddr> =
            addresses.split(' ').map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect();
        assert_eq!(all_public(addresses.clone()).ok(), usable.then_some(addresses));
    }

    #[rstest]
    #[case::unspecified("0.0.0.0 0.1.2.3 ::")]
    #[case::loopback("127.0.0.1 127.255.255.255 ::1")]
    #[case::private("10.0.0.0 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 192.168.255.255")]
    #[case::shared("100.64.0.1 100.127.255.255")]
    #[case::link_local("169.254.0.1 169.254.255.255 fe80::1 febf::1")]
    #[case::metadata("169.254.169.254 168.63.129.16 fd00:ec2::254")]
    #[case::unique_local("fc00::1 fd12:3456:789a::1")]
    #[case::site_local("fec0::1")]
    #[case::documentation("192.0.2.1 198.51.100.1 203.0.113.1 2001:db8::1 3fff::1 3fff:fff::1")]
    #[case::benchmarks("198.18.0.1 198.19.255.255 2001:2::1")]
    #[case::assignments("192.0.0.8 192.0.0.170 192.88.99.1 2001::1 2001:1ff::1 2001:20::1")]
    #[case::multicast("224.0.0.1 239.255.255.255 ff02::1 ff0e::1")]
    #[case::reserved("240.0.0.1 254.0.0.1 255.255.255.255 4000::1 100::1 5f00::1")]
    #[case::mapped("::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0.0.0.0")]
    #[case::compatible("::127.0.0.1 ::8.8.8.8")]
    #[case::translated("64:ff9b::10.0.0.1 64:ff9b::127.0.0.1 64:ff9b:1::8.8.8.8")]
    #[case::relayed("2002:7f00:1::1 2002:a00:1::1 2001:0:7f00:1::1")]
    fn everything_else_is_not(#[case] addresses: &str) {
        for text in addresses.split(' ') {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }
}
