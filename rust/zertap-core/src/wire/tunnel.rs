//! Tunnels: packets inside packets. Those over UDP stand in `udp`.
//!
//! What a tunnel's own header says wrong is `BadTunnel`; what its content says wrong is the content's reason.

use super::cut::{Cut, be16};
use super::skip::Skip;
use super::walk::{Decoded, Tag, Walk};

impl<'a> Walk<'a> {
    /// IP directly in IP (RFC 2003, RFC 2473, RFC 4213).
    pub(super) fn inner_ip(&mut self, cut: Cut<'a>) -> Decoded<'a> {
        self.deeper()?;
        self.bare(cut)
    }

    /// Ethernet inside something else.
    pub(super) fn inner_ethernet(&mut self, cut: Cut<'a>) -> Decoded<'a> {
        self.deeper()?;
        self.ethernet(cut)
    }

    /// What an inner EtherType announces.
    pub(super) fn inner_ethertype(&mut self, kind: u16, cut: Cut<'a>) -> Decoded<'a> {
        self.deeper()?;
        self.ethertype(kind, cut)
    }

    /// GRE (RFC 2784, key and sequence number of RFC 2890) and its version 1 for PPTP (RFC 2637 section 4.1).
    pub(super) fn gre(&mut self, cut: Cut<'a>) -> Decoded<'a> {
        let (header, mut rest) = cut.header::<4>(Skip::BadTunnel)?;
        let (flags, kind) = (be16(header[0], header[1]), be16(header[2], header[3]));
        let version = flags & 0x0007;
        if version > 1 || flags & gre::ROUTING != 0 {
            return Err(Skip::BadTunnel);
        }
        if flags & gre::CHECKSUM != 0 {
            rest = rest.skip(4, Skip::BadTunnel)?;
        }
        if flags & gre::KEY != 0 {
            let (key, after) = rest.header::<4>(Skip::BadTunnel)?;
            rest = after;
            // In version 1 the field holds a length and a call number that differs between the two directions.
            if version == 0 {
                self.fold_gre_key(u32::from_be_bytes(*key), kind);
            }
        }
        if flags & gre::SEQUENCE != 0 {
            rest = rest.skip(4, Skip::BadTunnel)?;
        }
        if version == 1 && flags & gre::ACKNOWLEDGMENT != 0 {
            rest = rest.skip(4, Skip::BadTunnel)?;
        }
        self.gre_payload(kind, flags & gre::SEQUENCE != 0, rest)
    }

    /// In bridged Ethernet the low octet of a key from 0x100000 on is NVGRE's entropy (RFC 7637 section 3.2).
    fn fold_gre_key(&mut self, key: u32, kind: u16) {
        if kind == gre::ETHERNET && key >= 0x0010_0000 {
            self.fold(Tag::GreLow, key >> 8);
        } else {
            self.fold(Tag::GreLow, key & 0xffff);
            if key > 0xffff {
                self.fold(Tag::GreHigh, key >> 16);
            }
        }
    }

    /// What a GRE protocol type announces: EtherTypes, and the few that exist only here.
    fn gre_payload(&mut self, kind: u16, numbered: bool, cut: Cut<'a>) -> Decoded<'a> {
        match kind {
            gre::PPP => self.ppp(cut),
            // ERSPAN: type I has no header of its own, type II always comes with a sequence number.
            gre::ERSPAN if numbered => self.inner_ethernet(cut.skip(8, Skip::BadTunnel)?),
            gre::ERSPAN => self.inner_ethernet(cut),
            gre::ERSPAN_3 => self.erspan_3(cut),
            // WCCP version 2 puts four octets before the packet, version 1 none.
            gre::WCCP => match cut.header::<1>(Skip::BadTunnel)?.0[0] >> 4 {
                4 => self.inner_ip(cut),
                _ => self.inner_ip(cut.skip(4, Skip::BadTunnel)?),
            },
            gre::ARUBA..=gre::ARUBA_LAST if kind.is_multiple_of(16) => self.wireless(cut),
            _ => self.inner_ethertype(kind, cut),
        }
    }

    /// ERSPAN type III (draft-foschiano-erspan-03 section 4.3): twelve octets, eight more if the last bit says so.
    fn erspan_3(&mut self, cut: Cut<'a>) -> Decoded<'a> {
        let (header, rest) = cut.header::<12>(Skip::BadTunnel)?;
        let more = if header[11] & 1 != 0 { 8 } else { 0 };
        self.inner_ethernet(rest.skip(more, Skip::BadTunnel)?)
    }

    /// Ethernet in IP (RFC 3378).
    pub(super) fn etherip(&mut self, cut: Cut<'a>) -> Decoded<'a> {
        match cut.header::<2>(Skip::BadTunnel)? {
            ([0x30, _], rest) => self.inner_ethernet(rest),
            _ => Err(Skip::BadTunnel),
        }
    }

    /// MPLS labels down to the bottom of the stack (RFC 3032), then what the first four bits suggest (RFC 4928):
    /// IP, or a pseudowire's control word before an Ethernet frame (RFC 4448 section 4.6).
    pub(super) fn mpls(&mut self, mut cut: Cut<'a>) -> Decoded<'a> {
        self.deeper()?;
        loop {
            let (label, rest) = cut.header::<4>(Skip::BadTunnel)?;
            cut = rest;
            if label[2] & 1 != 0 {
                break;
            }
        }
        match cut.header::<1>(Skip::BadTunnel)?.0[0] >> 4 {
            4 => self.ipv4(cut),
            6 => self.ipv6(cut),
            0 => self.ethernet(cut.skip(4, Skip::BadTunnel)?),
            _ => Err(Skip::NotIp),
        }
    }

    /// A PPPoE session packet (RFC 2516 section 4); discovery never comes here.
    pub(super) fn pppoe(&mut self, cut: Cut<'a>) -> Decoded<'a> {
        let ([0x11, 0, s1, s0, l1, l0], rest) = cut.header::<6>(Skip::BadTunnel)? else {
            return Err(Skip::BadTunnel);
        };
        self.fold(Tag::Pppoe, u32::from(be16(*s1, *s0)));
        self.ppp(rest.declared(u32::from(be16(*l1, *l0))))
    }

    /// PPP (RFC 1661 section 2), with or without the address and control octets of RFC 1662, the protocol in one
    /// octet or two.
    pub(super) fn ppp(&mut self, cut: Cut<'a>) -> Decoded<'a> {
        self.deeper()?;
        let cut = match cut.header::<2>(Skip::BadTunnel)? {
            ([0xff, 0x03], rest) => rest,
            _ => cut,
        };
        let (kind, rest) = match cut.header::<1>(Skip::BadTunnel)? {
            ([kind], rest) if kind & 1 != 0 => (u16::from(*kind), rest),
            _ => {
                let (kind, rest) = cut.header::<2>(Skip::BadTunnel)?;
                (u16::from_be_bytes(*kind), rest)
            }
        };
        match kind {
            0x0021 => self.ipv4(rest),
            0x0057 => self.ipv6(rest),
            0x0281 | 0x0283 => self.mpls(rest),
            _ => Err(Skip::NotIp),
        }
    }
}

/// Flags and protocol types of GRE.
mod gre {
    pub(super) const CHECKSUM: u16 = 0x8000;
    pub(super) const ROUTING: u16 = 0x4000;
    pub(super) const KEY: u16 = 0x2000;
    pub(super) const SEQUENCE: u16 = 0x1000;
    pub(super) const ACKNOWLEDGMENT: u16 = 0x0080;

    pub(super) const ERSPAN_3: u16 = 0x22eb;
    pub(super) const ETHERNET: u16 = 0x6558;
    /// Aruba's tunnels from access point to controller: 802.11, a number for each virtual access point, every sixteenth.
    pub(super) const ARUBA: u16 = 0x8200;
    pub(super) const ARUBA_LAST: u16 = 0x8370;
    pub(super) const PPP: u16 = 0x880b;
    pub(super) const WCCP: u16 = 0x883e;
    pub(super) const ERSPAN: u16 = 0x88be;
}
