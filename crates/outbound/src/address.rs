//! What an IP address is for, by the IANA special-purpose address registries.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// What an IP address is for, as far as a request to it is concerned.
///
/// Follows the IANA IPv4 and IPv6 Special-Purpose Address Registries
/// (RFC 6890 and its successors).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressKind {
    /// A host on the public internet.
    Public,
    /// This machine: `127.0.0.0/8`, `::1`.
    Loopback,
    /// A private network: `10.0.0.0/8`, `172.16.0.0/12`, `192.168.0.0/16`
    /// (RFC 1918), `fc00::/7` (RFC 4193), `fec0::/10`, `64:ff9b:1::/48`.
    Private,
    /// A provider's shared space behind carrier-grade NAT, `100.64.0.0/10`
    /// (RFC 6598).
    CarrierNat,
    /// A metadata service of a cloud, which hands out the machine's
    /// credentials to whoever asks.
    Metadata,
    /// One link: `169.254.0.0/16`, `fe80::/10`.
    LinkLocal,
    /// No address at all: `0.0.0.0/8`, `::`. Systems connect it to themselves.
    Unspecified,
    /// A group of hosts: `224.0.0.0/4`, `ff00::/8`.
    Multicast,
    /// Set aside: documentation, benchmarks, protocol assignments, broadcast,
    /// tunnels, and all of IPv6 that is not handed out yet.
    Reserved,
}

impl AddressKind {
    /// What `address` is for.
    ///
    /// An IPv6 address that carries an IPv4 address (IPv4-mapped and
    /// IPv4-compatible of RFC 4291 §2.5.5, NAT64 of RFC 6052, 6to4 of
    /// RFC 3056) is judged by the address it carries.
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    /// Whether a node that serves a private network may permit it.
    ///
    /// True for loopback, private networks and carrier-grade NAT; the rest is
    /// either public anyway or never a place for a request.
    pub fn may_be_permitted(self) -> bool {
        match self {
            Self::Loopback | Self::Private | Self::CarrierNat => true,
            Self::Public
            | Self::Metadata
            | Self::LinkLocal
            | Self::Unspecified
            | Self::Multicast
            | Self::Reserved => false,
        }
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        if METADATA_V4.contains(&address) {
            return Self::Metadata;
        }
        V4.iter()
            .find(|(net, _)| net.contains(&address))
            .map_or(Self::Public, |(_, kind)| *kind)
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        if METADATA_V6.contains(&address) {
            return Self::Metadata;
        }
        if address.is_unspecified() {
            return Self::Unspecified;
        }
        if address.is_loopback() {
            return Self::Loopback;
        }
        if let Some(carried) = carried_v4(address) {
            return Self::of_v4(carried);
        }
        if let Some((_, kind)) = V6.iter().find(|(net, _)| net.contains(&address)) {
            return *kind;
        }
        if GLOBAL_UNICAST.contains(&address) {
            Self::Public
        } else {
            Self::Reserved
        }
    }
}

impl fmt::Display for AddressKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "a public address",
            Self::Loopback => "this machine itself",
            Self::Private => "in a private network",
            Self::CarrierNat => "in a provider's shared network",
            Self::Metadata => "a cloud's metadata service",
            Self::LinkLocal => "local to one link",
            Self::Unspecified => "no address of a host",
            Self::Multicast => "a multicast group",
            Self::Reserved => "reserved",
        })
    }
}

/// The IPv4 address inside an IPv6 address that stands for one.
fn carried_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let bits = u128::from(address);
    if IPV4_MAPPED.contains(&address)
        || IPV4_COMPATIBLE.contains(&address)
        || NAT64.contains(&address)
    {
        return Some(Ipv4Addr::from(bits as u32));
    }
    if SIX_TO_FOUR.contains(&address) {
        return Some(Ipv4Addr::from((bits >> 80) as u32));
    }
    None
}

const fn v4(a: u8, b: u8, c: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, 0), prefix)
}

const fn v6(a: u16, b: u16, c: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), prefix)
}

const IPV4_MAPPED: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96);
const IPV4_COMPATIBLE: Ipv6Net = v6(0, 0, 0, 96);
const NAT64: Ipv6Net = v6(0x64, 0xff9b, 0, 96);
const SIX_TO_FOUR: Ipv6Net = v6(0x2002, 0, 0, 16);
const GLOBAL_UNICAST: Ipv6Net = v6(0x2000, 0, 0, 3);

const METADATA_V4: [Ipv4Addr; 4] = [
    // AWS, Google, Azure, DigitalOcean, OpenStack and most others.
    Ipv4Addr::new(169, 254, 169, 254),
    // AWS container credentials.
    Ipv4Addr::new(169, 254, 170, 2),
    // Alibaba Cloud.
    Ipv4Addr::new(100, 100, 100, 200),
    // Azure's platform channel, on an otherwise public address.
    Ipv4Addr::new(168, 63, 129, 16),
];

const METADATA_V6: [Ipv6Addr; 2] = [
    // AWS.
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    // Google.
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
];

const V4: [(Ipv4Net, AddressKind); 15] = [
    (v4(0, 0, 0, 8), AddressKind::Unspecified),
    (v4(10, 0, 0, 8), AddressKind::Private),
    (v4(100, 64, 0, 10), AddressKind::CarrierNat),
    (v4(127, 0, 0, 8), AddressKind::Loopback),
    (v4(169, 254, 0, 16), AddressKind::LinkLocal),
    (v4(172, 16, 0, 12), AddressKind::Private),
    // Protocol assignments, among them Oracle's metadata service.
    (v4(192, 0, 0, 24), AddressKind::Reserved),
    (v4(192, 0, 2, 24), AddressKind::Reserved),
    // The relays of 6to4, withdrawn by RFC 7526.
    (v4(192, 88, 99, 24), AddressKind::Reserved),
    (v4(192, 168, 0, 16), AddressKind::Private),
    // Benchmarks, RFC 2544.
    (v4(198, 18, 0, 15), AddressKind::Reserved),
    (v4(198, 51, 100, 24), AddressKind::Reserved),
    (v4(203, 0, 113, 24), AddressKind::Reserved),
    (v4(224, 0, 0, 4), AddressKind::Multicast),
    (v4(240, 0, 0, 4), AddressKind::Reserved),
];

const V6: [(Ipv6Net, AddressKind); 8] = [
    // NAT64 within one network, RFC 8215: where the IPv4 address sits in it is
    // that network's choice.
    (v6(0x64, 0xff9b, 1, 48), AddressKind::Private),
    // Protocol assignments, with Teredo and the benchmarks.
    (v6(0x2001, 0, 0, 23), AddressKind::Reserved),
    (v6(0x2001, 0xdb8, 0, 32), AddressKind::Reserved),
    (v6(0x3fff, 0, 0, 20), AddressKind::Reserved),
    (v6(0xfc00, 0, 0, 7), AddressKind::Private),
    (v6(0xfe80, 0, 0, 10), AddressKind::LinkLocal),
    (v6(0xfec0, 0, 0, 10), AddressKind::Private),
    (v6(0xff00, 0, 0, 8), AddressKind::Multicast),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_range_is_known_up_to_its_edges() {
        use AddressKind::{
            CarrierNat, LinkLocal, Loopback, Metadata, Multicast, Private, Public, Reserved,
            Unspecified,
        };
        let table = [
            ("0.0.0.0", Unspecified),
            ("0.255.255.255", Unspecified),
            ("1.0.0.0", Public),
            ("9.255.255.255", Public),
            ("10.0.0.0", Private),
            ("10.255.255.255", Private),
            ("11.0.0.0", Public),
            ("100.63.255.255", Public),
            ("100.64.0.0", CarrierNat),
            ("100.127.255.255", CarrierNat),
            ("100.128.0.0", Public),
            ("100.100.100.200", Metadata),
            ("126.255.255.255", Public),
            ("127.0.0.1", Loopback),
            ("127.255.255.255", Loopback),
            ("128.0.0.0", Public),
            ("168.63.129.16", Metadata),
            ("168.63.129.17", Public),
            ("169.253.255.255", Public),
            ("169.254.0.1", LinkLocal),
            ("169.254.169.254", Metadata),
            ("169.254.170.2", Metadata),
            ("169.254.255.255", LinkLocal),
            ("169.255.0.0", Public),
            ("172.15.255.255", Public),
            ("172.16.0.0", Private),
            ("172.31.255.255", Private),
            ("172.32.0.0", Public),
            ("192.0.0.192", Reserved),
            ("192.0.1.0", Public),
            ("192.0.2.1", Reserved),
            ("192.88.99.1", Reserved),
            ("192.167.255.255", Public),
            ("192.168.0.0", Private),
            ("192.168.255.255", Private),
            ("192.169.0.0", Public),
            ("198.17.255.255", Public),
            ("198.18.0.0", Reserved),
            ("198.19.255.255", Reserved),
            ("198.20.0.0", Public),
            ("198.51.100.7", Reserved),
            ("203.0.113.7", Reserved),
            ("223.255.255.255", Public),
            ("224.0.0.1", Multicast),
            ("239.255.255.255", Multicast),
            ("240.0.0.1", Reserved),
            ("255.255.255.255", Reserved),
            ("8.8.8.8", Public),
            ("::", Unspecified),
            ("::1", Loopback),
            // IPv4-compatible, RFC 4291 §2.5.5.1.
            ("::2", Unspecified),
            ("::127.0.0.1", Loopback),
            ("::10.0.0.1", Private),
            // IPv4-mapped, RFC 4291 §2.5.5.2.
            ("::ffff:127.0.0.1", Loopback),
            ("::ffff:10.1.2.3", Private),
            ("::ffff:169.254.169.254", Metadata),
            ("::ffff:0.0.0.0", Unspecified),
            ("::ffff:8.8.8.8", Public),
            // Translated addresses of RFC 2765 are not routed.
            ("::ffff:0:7f00:1", Reserved),
            // NAT64, RFC 6052 and RFC 8215.
            ("64:ff9b::7f00:1", Loopback),
            ("64:ff9b::a00:1", Private),
            ("64:ff9b::a9fe:a9fe", Metadata),
            ("64:ff9b::808:808", Public),
            ("64:ff9b:1::808:808", Private),
            ("64:ff9b:2::808:808", Reserved),
            // 6to4, RFC 3056.
            ("2002:7f00:1::", Loopback),
            ("2002:c0a8:101::1", Private),
            ("2002:808:808::1", Public),
            ("100::1", Reserved),
            ("2001::1", Reserved),
            ("2001:1ff:ffff::1", Reserved),
            ("2001:200::1", Public),
            ("2001:db8::1", Reserved),
            ("2001:4860:4860::8888", Public),
            ("2606:4700::1111", Public),
            ("3fff::1", Reserved),
            ("3fff:1000::1", Public),
            ("4000::1", Reserved),
            ("5f00::1", Reserved),
            ("fbff::1", Reserved),
            ("fc00::1", Private),
            ("fd12:3456::1", Private),
            ("fd00:ec2::254", Metadata),
            ("fd20:ce::254", Metadata),
            ("fe00::1", Reserved),
            ("fe80::1", LinkLocal),
            ("febf::1", LinkLocal),
            ("fec0::1", Private),
            ("feff::1", Private),
            ("ff02::1", Multicast),
        ];
        for (address, kind) in table {
            assert_eq!(AddressKind::of(address.parse().unwrap()), kind, "{address}");
        }
    }

    #[test]
    fn only_networks_that_an_operator_may_own_can_be_permitted() {
        let permitted = [
            AddressKind::Loopback,
            AddressKind::Private,
            AddressKind::CarrierNat,
        ];
        let never = [
            AddressKind::Metadata,
            AddressKind::LinkLocal,
            AddressKind::Unspecified,
            AddressKind::Multicast,
            AddressKind::Reserved,
        ];
        assert!(permitted.into_iter().all(AddressKind::may_be_permitted));
        assert!(!never.into_iter().any(AddressKind::may_be_permitted));
    }

    proptest! {
        #[test]
        fn a_carried_address_is_judged_like_itself(bits: u32) {
            let plain = AddressKind::of(IpAddr::V4(Ipv4Addr::from(bits)));
            let low = u128::from(bits);
            // `::` and `::1` have a meaning of their own.
            let compatible = if bits > 1 { vec![low] } else { vec![] };
            let carriers = [0xffff << 32 | low, 0x64_ff9b << 96 | low, 0x2002 << 112 | low << 80];
            for carrier in carriers.into_iter().chain(compatible) {
                prop_assert_eq!(AddressKind::of(IpAddr::V6(Ipv6Addr::from(carrier))), plain);
            }
        }

        #[test]
        fn nothing_outside_the_routed_space_is_public(bits: u128) {
            let address = Ipv6Addr::from(bits);
            if AddressKind::of(IpAddr::V6(address)) == AddressKind::Public {
                prop_assert!(GLOBAL_UNICAST.contains(&address) || carried_v4(address).is_some());
            }
        }
    }
}
