//! Link layers: from the first octet of a frame to the network protocol it carries.
//!
//! Frames are told apart by their tcpdump link-type number. What is not here is a link type that the observer does not
//! read.

use super::cut::{Cut, be16};
use super::skip::Skip;
use super::walk::{Decoded, Tag, Walk};

/// A link type by its number in capture files (tcpdump's `LINKTYPE_` list).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback: the address family in the capturing host's byte order.
    pub const NULL: LinkType = LinkType(0);
    /// Ethernet.
    pub const ETHERNET: LinkType = LinkType(1);
    /// PPP, with or without its address and control octets.
    pub const PPP: LinkType = LinkType(9);
    /// FDDI.
    pub const FDDI: LinkType = LinkType(10);
    /// IP without a link header; the number that OpenBSD files use.
    pub const RAW_OPENBSD: LinkType = LinkType(14);
    /// IP without a link header; the number that other BSD files use.
    pub const RAW_BSD: LinkType = LinkType(12);
    /// PPP in HDLC-like framing, or Cisco HDLC.
    pub const PPP_SERIAL: LinkType = LinkType(50);
    /// PPPoE session packets without their Ethernet header.
    pub const PPP_ETHER: LinkType = LinkType(51);
    /// IP without a link header.
    pub const RAW: LinkType = LinkType(101);
    /// Cisco HDLC.
    pub const CISCO_HDLC: LinkType = LinkType(104);
    /// OpenBSD loopback: the address family in network byte order.
    pub const LOOP: LinkType = LinkType(108);
    /// Linux cooked capture.
    pub const SLL: LinkType = LinkType(113);
    /// IPv4 without a link header.
    pub const IPV4: LinkType = LinkType(228);
    /// IPv6 without a link header.
    pub const IPV6: LinkType = LinkType(229);
    /// What Linux' netfilter logs.
    pub const NFLOG: LinkType = LinkType(239);
    /// IP over InfiniBand.
    pub const IPOIB: LinkType = LinkType(242);
    /// Linux cooked capture, version 2.
    pub const SLL2: LinkType = LinkType(276);

    /// Every link type that is read; frames of any other are `UnsupportedLink`.
    pub const READ: [LinkType; 17] = [
        Self::NULL,
        Self::ETHERNET,
        Self::PPP,
        Self::FDDI,
        Self::RAW_BSD,
        Self::RAW_OPENBSD,
        Self::PPP_SERIAL,
        Self::PPP_ETHER,
        Self::RAW,
        Self::CISCO_HDLC,
        Self::LOOP,
        Self::SLL,
        Self::IPV4,
        Self::IPV6,
        Self::NFLOG,
        Self::IPOIB,
        Self::SLL2,
    ];
}

impl<'a> Walk<'a> {
    /// A frame of any link type.
    pub(super) fn link(&mut self, link: LinkType, cut: Cut<'a>) -> Decoded<'a> {
        match link {
            LinkType::ETHERNET => self.ethernet(cut),
            LinkType::NULL | LinkType::LOOP => self.family(cut),
            LinkType::RAW | LinkType::RAW_BSD | LinkType::RAW_OPENBSD => self.bare(cut),
            LinkType::IPV4 => self.ipv4(cut),
            LinkType::IPV6 => self.ipv6(cut),
            LinkType::SLL => {
                let (header, rest) = cut.header::<16>(Skip::BadLinkHeader)?;
                self.cooked(be16(header[14], header[15]), rest)
            }
            LinkType::SLL2 => {
                let (header, rest) = cut.header::<20>(Skip::BadLinkHeader)?;
                self.cooked(be16(header[0], header[1]), rest)
            }
            LinkType::PPP | LinkType::PPP_SERIAL | LinkType::CISCO_HDLC => self.serial(cut),
            LinkType::PPP_ETHER => self.pppoe(cut),
            LinkType::FDDI => self.fddi(cut),
            LinkType::NFLOG => self.netfilter(cut),
            LinkType::IPOIB => self.infiniband(cut),
            _ => Err(Skip::UnsupportedLink),
        }
    }

    /// An Ethernet frame.
    pub(super) fn ethernet(&mut self, cut: Cut<'a>) -> Decoded<'a> {
        let (header, rest) = cut.header::<14>(Skip::BadLinkHeader)?;
        self.ethertype(be16(header[12], header[13]), rest)
    }

    /// What an EtherType announces, behind any number of VLAN tags.
    pub(super) fn ethertype(&mut self, mut kind: u16, mut cut: Cut<'a>) -> Decoded<'a> {
        while matches!(kind, ethertype::VLAN | ethertype::VLAN_SERVICE | ethertype::VLAN_OLD) {
            (kind, cut) = self.vlan(cut)?;
        }
        match kind {
            ethertype::IPV4 => self.ipv4(cut),
            ethertype::IPV6 => self.ipv6(cut),
            _ => self.rare_ethertype(kind, cut),
        }
    }

    /// One VLAN tag (IEEE 802.1Q); number 0 means priority only, and is the same network as no tag.
    fn vlan(&mut self, cut: Cut<'a>) -> Result<(u16, Cut<'a>), Skip> {
        self.deeper()?;
        let (tag, rest) = cut.header::<4>(Skip::BadLinkHeader)?;
        let number = be16(tag[0], tag[1]) & 0x0fff;
        if number != 0 {
            self.fold(Tag::Vlan, u32::from(number));
        }
        Ok((be16(tag[2], tag[3]), rest))
    }

    /// Everything an EtherType may announce besides IP and VLAN tags.
    fn rare_ethertype(&mut self, kind: u16, cut: Cut<'a>) -> Decoded<'a> {
        match kind {
            ethertype::ARP | ethertype::RARP => Err(Skip::Arp),
            ethertype::MPLS | ethertype::MPLS_UPSTREAM => self.mpls(cut),
            ethertype::PPPOE_SESSION => self.pppoe(cut),
            ethertype::ETHERNET => self.inner_ethernet(cut),
            ethertype::PROVIDER_BACKBONE => self.provider_backbone(cut),
            ethertype::FABRIC_PATH => self.inner_ethernet(cut.skip(2, Skip::BadLinkHeader)?),
            ethertype::VN_TAG => self.passed(cut.skip(4, Skip::BadLinkHeader)?),
            ethertype::CISCO_METADATA => {
                let ([_, options], _) = cut.header::<2>(Skip::BadLinkHeader)?;
                self.passed(cut.skip(2 + 4 * usize::from(*options), Skip::BadLinkHeader)?)
            }
            0..=LONGEST_802_3 => self.snap(cut),
            _ => Err(Skip::NotIp),
        }
    }

    /// A provider backbone's tag (IEEE 802.1ah): four octets that end with the service's number, then a whole frame.
    fn provider_backbone(&mut self, cut: Cut<'a>) -> Decoded<'a> {
        let ([_, a, b, c], rest) = cut.header::<4>(Skip::BadLinkHeader)?;
        self.fold(Tag::Service, u32::from_be_bytes([0, *a, *b, *c]));
        self.inner_ethernet(rest)
    }

    /// The EtherType behind a tag that says nothing about the network.
    fn passed(&mut self, cut: Cut<'a>) -> Decoded<'a> {
        self.deeper()?;
        let (kind, rest) = cut.header::<2>(Skip::BadLinkHeader)?;
        self.ethertype(u16::from_be_bytes(*kind), rest)
    }

    /// The EtherType in an LLC and SNAP header (RFC 1042); other LLC is not IP.
    pub(super) fn snap(&mut self, cut: Cut<'a>) -> Decoded<'a> {
        self.deeper()?;
        match cut.header::<8>(Skip::NotIp)? {
            ([0xaa, 0xaa, 0x03, 0, 0, 0, high, low], rest) => self.ethertype(be16(*high, *low), rest),
            _ => Err(Skip::NotIp),
        }
    }

    /// BSD loopback. The host's byte order is seen from the number: families are small.
    fn family(&mut self, cut: Cut<'a>) -> Decoded<'a> {
        let (header, rest) = cut.header::<4>(Skip::BadLinkHeader)?;
        let family = u32::from_be_bytes(*header);
        match if family > 0xffff { family.swap_bytes() } else { family } {
            2 => self.ipv4(rest),
            // AF_INET6 of Linux, Windows, NetBSD and OpenBSD, FreeBSD, macOS.
            10 | 23 | 24 | 28 | 30 => self.ipv6(rest),
            _ => Err(Skip::NotIp),
        }
    }

    /// IP without a link header: the version is in the first four bits.
    pub(super) fn bare(&mut self, cut: Cut<'a>) -> Decoded<'a> {
        match cut.header::<1>(Skip::BadIpHeader)?.0[0] >> 4 {
            4 => self.ipv4(cut),
            6 => self.ipv6(cut),
            _ => Err(Skip::BadIpHeader),
        }
    }

    /// Linux cooked capture: an EtherType, or a small number for frames that have none.
    fn cooked(&mut self, kind: u16, cut: Cut<'a>) -> Decoded<'a> {
        if kind <= LONGEST_802_3 { Err(Skip::NotIp) } else { self.ethertype(kind, cut) }
    }

    /// A serial line: Cisco HDLC shows itself by its first octet, anything else is PPP.
    fn serial(&mut self, cut: Cut<'a>) -> Decoded<'a> {
        match cut.header::<4>(Skip::BadLinkHeader)? {
            ([0x0f | 0x8f, 0, high, low], rest) => self.ethertype(be16(*high, *low), rest),
            _ => self.ppp(cut),
        }
    }
}

/// EtherTypes (IEEE registration authority).
pub(super) mod ethertype {
    pub(in crate::wire) const IPV4: u16 = 0x0800;
    pub(super) const ARP: u16 = 0x0806;
    /// A whole Ethernet frame inside (transparent Ethernet bridging).
    pub(super) const ETHERNET: u16 = 0x6558;
    pub(super) const RARP: u16 = 0x8035;
    pub(in crate::wire) const VLAN: u16 = 0x8100;
    pub(in crate::wire) const IPV6: u16 = 0x86dd;
    pub(super) const MPLS: u16 = 0x8847;
    pub(super) const MPLS_UPSTREAM: u16 = 0x8848;
    pub(super) const PPPOE_SESSION: u16 = 0x8864;
    pub(super) const VLAN_SERVICE: u16 = 0x88a8;
    pub(super) const PROVIDER_BACKBONE: u16 = 0x88e7;
    pub(super) const FABRIC_PATH: u16 = 0x8903;
    pub(super) const CISCO_METADATA: u16 = 0x8909;
    pub(super) const VN_TAG: u16 = 0x8926;
    /// QinQ before its standard.
    pub(super) const VLAN_OLD: u16 = 0x9100;
}

/// Up to here the field is the frame's length (IEEE 802.3).
const LONGEST_802_3: u16 = 1500;
