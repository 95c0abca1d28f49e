//! Link layers that are seldom met: 802.11, FDDI, IP over InfiniBand, and what Linux' netfilter logs.

use super::cut::{Cut, be16};
use super::skip::Skip;
use super::walk::{Decoded, Walk};

impl<'a> Walk<'a> {
    /// An 802.11 frame in clear (IEEE 802.11 section 9.3.2): data that is neither encrypted, nor a fragment, nor an
    /// aggregate. Management and control frames carry no IP.
    pub(super) fn wireless(&mut self, cut: Cut<'a>) -> Decoded<'a> {
        self.deeper()?;
        let (header, rest) = cut.header::<24>(Skip::BadLinkHeader)?;
        let (kind, flags) = (header[0], header[1]);
        let data = kind & 0x0f == 0x08 && kind & 0x40 == 0;
        let fragment = flags & wireless::MORE_FRAGMENTS | header[22] & 0x0f != 0;
        if !data || fragment || flags & wireless::ENCRYPTED != 0 {
            return Err(Skip::NotIp);
        }
        // A fourth address where one access point sends to another.
        let between = if flags & wireless::BETWEEN == wireless::BETWEEN { 6 } else { 0 };
        let rest = rest.skip(between, Skip::BadLinkHeader)?;
        if kind & wireless::QUALITY == 0 {
            return self.snap(rest);
        }
        let ([quality, _], rest) = rest.header::<2>(Skip::BadLinkHeader)?;
        if quality & wireless::AGGREGATE != 0 {
            return Err(Skip::NotIp);
        }
        let control = if flags & wireless::ORDER != 0 { 4 } else { 0 };
        self.snap(rest.skip(control, Skip::BadLinkHeader)?)
    }

    /// FDDI (ISO 9314-2): frame control, two addresses, LLC. Frames of station management carry no IP.
    pub(super) fn fddi(&mut self, cut: Cut<'a>) -> Decoded<'a> {
        match cut.header::<13>(Skip::BadLinkHeader)? {
            // LLC, asynchronous of any priority or synchronous.
            ([0x50..=0x5f | 0xd0..=0xdf, ..], rest) => self.snap(rest),
            _ => Err(Skip::NotIp),
        }
    }

    /// IP over InfiniBand (RFC 4391 section 6) behind the forty octets that tell its ends.
    pub(super) fn infiniband(&mut self, cut: Cut<'a>) -> Decoded<'a> {
        let (header, rest) = cut.skip(40, Skip::BadLinkHeader)?.header::<4>(Skip::BadLinkHeader)?;
        self.ethertype(be16(header[0], header[1]), rest)
    }

    /// A packet that netfilter logged: four octets with its family, then attributes, one of which is the packet.
    pub(super) fn netfilter(&mut self, cut: Cut<'a>) -> Decoded<'a> {
        let ([family, 0, ..], mut rest) = cut.header::<4>(Skip::BadLinkHeader)? else {
            return Err(Skip::BadLinkHeader);
        };
        for _ in 0..netfilter::MOST_ATTRIBUTES {
            let (header, value) = rest.header::<4>(Skip::BadLinkHeader)?;
            let (length, kind) = netfilter::attribute(*header);
            let inside = length.checked_sub(4).ok_or(Skip::BadLinkHeader)?;
            if kind == netfilter::PAYLOAD {
                let packet = value.declared(u32::from(inside));
                return match family {
                    2 => self.ipv4(packet),
                    10 => self.ipv6(packet),
                    _ => Err(Skip::NotIp),
                };
            }
            rest = value.skip(usize::from(inside).next_multiple_of(4), Skip::BadLinkHeader)?;
        }
        Err(Skip::BadLinkHeader)
    }
}

/// Bits of an 802.11 header.
mod wireless {
    /// In the second octet: to and from the distribution system both.
    pub(super) const BETWEEN: u8 = 0x03;
    pub(super) const MORE_FRAGMENTS: u8 = 0x04;
    pub(super) const ENCRYPTED: u8 = 0x40;
    pub(super) const ORDER: u8 = 0x80;
    /// In the first octet.
    pub(super) const QUALITY: u8 = 0x80;
    /// In the quality field.
    pub(super) const AGGREGATE: u8 = 0x80;
}

/// Attributes of a logged packet (Linux, `linux/netfilter/nfnetlink_log.h`).
mod netfilter {
    pub(super) const PAYLOAD: u16 = 9;

    /// There are about twenty kinds, each at most once.
    pub(super) const MOST_ATTRIBUTES: usize = 64;

    /// Length and kind, in the byte order of the host that logged: kinds are small, so the order shows in them.
    pub(super) fn attribute(header: [u8; 4]) -> (u16, u16) {
        let [a, b, c, d] = header;
        if d == 0 {
            (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]))
        } else {
            (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]))
        }
    }
}
