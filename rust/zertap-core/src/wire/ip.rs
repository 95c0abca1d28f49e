//! IPv4 (RFC 791) and IPv6 (RFC 8200), down to the protocol they carry.

use super::checksum;
use super::cut::{Cut, be16};
use super::fragment::{Identity, Piece};
use super::segment::Address;
use super::skip::Skip;
use super::walk::{Decoded, Ends, Walk};

impl<'a> Walk<'a> {
    /// An IPv4 packet. Total length 0 is left by network cards that segment (IP-06): then the captured length counts.
    pub(super) fn ipv4(&mut self, cut: Cut<'a>) -> Decoded<'a> {
        let (header, _) = cut.header::<20>(Skip::BadIpHeader)?;
        let length = usize::from(header[0] & 0x0f) * 4;
        let total = be16(header[2], header[3]);
        if header[0] >> 4 != 4 || length < 20 || (total != 0 && usize::from(total) < length) {
            return Err(Skip::BadIpHeader);
        }
        let packet = if total == 0 { cut } else { cut.declared(u32::from(total)) };
        let body = packet.skip(length, Skip::BadIpHeader)?;
        if self.config.verify_checksums && !packet.octets.get(..length).is_some_and(checksum::header_holds) {
            return Err(Skip::BadChecksum);
        }
        let ends = Ends {
            source: Address::v4([header[12], header[13], header[14], header[15]]),
            destination: Address::v4([header[16], header[17], header[18], header[19]]),
        };
        if be16(header[6], header[7]) & (MORE_FRAGMENTS | FRAGMENT_OFFSET) != 0 {
            return self.ipv4_fragment(header, ends, body);
        }
        self.transport(header[9], ends, body)
    }

    /// An IPv6 packet. Payload length 0 is left by jumbograms (RFC 2675) and by network cards that segment (IP-06).
    pub(super) fn ipv6(&mut self, cut: Cut<'a>) -> Decoded<'a> {
        let (header, rest) = cut.header::<40>(Skip::BadIpHeader)?;
        if header[0] >> 4 != 6 {
            return Err(Skip::BadIpHeader);
        }
        let payload_length = be16(header[4], header[5]);
        let body = if payload_length == 0 { rest } else { rest.declared(u32::from(payload_length)) };
        let ends = Ends { source: address(header, 8), destination: address(header, 24) };
        match header[6] {
            protocol::TCP => self.tcp(ends, body),
            other => self.extensions(other, ends, body),
        }
    }

    /// What an IP packet carries.
    fn transport(&mut self, carried: u8, ends: Ends, body: Cut<'a>) -> Decoded<'a> {
        match carried {
            protocol::TCP => self.tcp(ends, body),
            other => self.rare_transport(other, ends, body),
        }
    }

    /// Every protocol but TCP: tunnels are opened, the others counted.
    fn rare_transport(&mut self, carried: u8, ends: Ends, body: Cut<'a>) -> Decoded<'a> {
        match carried {
            protocol::UDP => self.udp(body),
            protocol::AH => self.extensions(carried, ends, body),
            protocol::IPV4 | protocol::IPV6 => self.inner_ip(body),
            protocol::GRE => self.gre(body),
            protocol::ETHERIP => self.etherip(body),
            protocol::MPLS => self.mpls(body),
            other => Err(uncarried(other)),
        }
    }

    /// Walks IPv6 extension headers (and AH, which IPv4 has too) to the protocol behind them.
    fn extensions(&mut self, mut next: u8, mut ends: Ends, mut body: Cut<'a>) -> Decoded<'a> {
        let mut walked = 0;
        for _ in 0..=MOST_EXTENSIONS {
            let length = match next {
                protocol::FRAGMENT => {
                    (next, body) = self.ipv6_fragment(ends, body)?;
                    continue;
                }
                protocol::AH => ah_length(body)?,
                usual if is_usual_extension(usual) => extension_length(body)?,
                protocol::TCP => return self.tcp(ends, body),
                other => return self.rare_transport(other, ends, body),
            };
            walked += length;
            if walked > MOST_EXTENSION_OCTETS {
                return Err(Skip::TooDeep);
            }
            let rest = body.skip(length, Skip::BadIpHeader)?;
            if next == protocol::ROUTING {
                ends.destination = final_destination(body, length).unwrap_or(ends.destination);
            }
            next = body.header::<1>(Skip::BadIpHeader)?.0[0];
            body = rest;
        }
        Err(Skip::TooDeep)
    }

    /// A fragment of an IPv4 packet (RFC 791 section 3.2); goes on when the packet is complete.
    fn ipv4_fragment(&mut self, header: &[u8; 20], ends: Ends, body: Cut<'a>) -> Decoded<'a> {
        let carried = header[9];
        if !may_carry_tcp(carried) {
            return Err(uncarried(carried));
        }
        let field = be16(header[6], header[7]);
        let piece = Piece {
            offset: u32::from(field & FRAGMENT_OFFSET) * 8,
            more: field & MORE_FRAGMENTS != 0,
            carried,
            body,
        };
        let number = u32::from(be16(header[4], header[5]));
        let identity =
            Identity { version: 4, carried, ends: (ends.source, ends.destination), number, lane: self.lane };
        let (carried, body) = self.reassemble(identity, piece)?;
        self.transport(carried, ends, body)
    }

    /// A fragment header (RFC 8200 section 4.5): what follows it, and the packet it belonged to once that is complete.
    /// An atomic one (RFC 6946) is alone and concerns no other fragment.
    fn ipv6_fragment(&mut self, ends: Ends, body: Cut<'a>) -> Result<(u8, Cut<'a>), Skip> {
        let (header, body) = body.header::<8>(Skip::BadIpHeader)?;
        let field = be16(header[2], header[3]);
        let piece =
            Piece { offset: u32::from(field & 0xfff8), more: field & 1 != 0, carried: header[0], body };
        if piece.offset == 0 && !piece.more {
            return Ok((piece.carried, body));
        }
        let number = u32::from_be_bytes([header[4], header[5], header[6], header[7]]);
        // The next header may differ from fragment to fragment; only the first one's counts. So it is no part of the key.
        let identity = Identity {
            version: 6,
            carried: 0,
            ends: (ends.source, ends.destination),
            number,
            lane: self.lane,
        };
        self.reassemble(identity, piece)
    }

    /// Adds a piece, and gives the whole once there is one.
    fn reassemble(&mut self, identity: Identity, piece: Piece<'a>) -> Result<(u8, Cut<'a>), Skip> {
        let Some((buffer, rest)) = std::mem::take(&mut self.room).split_first_mut() else {
            return Err(Skip::TooDeep);
        };
        self.room = rest;
        let whole = self.fragments.push(self.at, identity, piece, buffer)?;
        self.overlap |= whole.overlap;
        Ok((whole.carried, Cut::whole(buffer)))
    }
}

/// An address at a place in the fixed header.
fn address(header: &[u8; 40], at: usize) -> Address {
    Address(header.get(at..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default())
}

/// Extension headers of the usual form: next header, length in units of eight octets (IANA, IPv6 extension header types).
fn is_usual_extension(next: u8) -> bool {
    use protocol::{DESTINATION, HIP, HOP_BY_HOP, MOBILITY, ROUTING, SHIM6};
    matches!(next, HOP_BY_HOP | ROUTING | DESTINATION | MOBILITY | HIP | SHIM6)
}

/// Octets of an extension header of the usual form (RFC 6564).
fn extension_length(body: Cut<'_>) -> Result<usize, Skip> {
    let ([_, units], _) = body.header(Skip::BadIpHeader)?;
    Ok((usize::from(*units) + 1) * 8)
}

/// Octets of an authentication header (RFC 4302 section 2.2).
fn ah_length(body: Cut<'_>) -> Result<usize, Skip> {
    let ([_, units], _) = body.header(Skip::BadIpHeader)?;
    Ok((usize::from(*units) + 2) * 4)
}

/// Where a packet with hops still to go will end: the last address of types 0 and 2 (RFC 5095, RFC 6275), the first
/// entry of a segment routing list (RFC 8754), which runs backwards. Both directions of a connection then agree.
fn final_destination(body: Cut<'_>, length: usize) -> Option<Address> {
    let header = body.octets.get(..length)?;
    let list = match header {
        [_, _, _, 0, ..] => return None,
        [_, _, 0 | 2, _, _, _, _, _, list @ ..] => list.last_chunk(),
        [_, _, 4, _, _, _, _, _, list @ ..] => list.first_chunk(),
        _ => None,
    };
    list.copied().map(Address)
}

/// Whether fragments of this protocol are worth keeping.
fn may_carry_tcp(carried: u8) -> bool {
    use protocol::{AH, ETHERIP, GRE, IPV4, IPV6, MPLS, TCP, UDP};
    matches!(carried, TCP | UDP | AH | IPV4 | IPV6 | GRE | ETHERIP | MPLS)
}

/// The reason for a protocol that leads nowhere.
fn uncarried(carried: u8) -> Skip {
    match carried {
        protocol::ICMP | protocol::ICMPV6 => Skip::Icmp,
        protocol::SCTP => Skip::Sctp,
        protocol::ESP => Skip::Esp,
        _ => Skip::OtherProtocol,
    }
}

/// Protocol numbers (IANA, assigned Internet protocol numbers).
mod protocol {
    pub(super) const HOP_BY_HOP: u8 = 0;
    pub(super) const ICMP: u8 = 1;
    pub(super) const IPV4: u8 = 4;
    pub(super) const TCP: u8 = 6;
    pub(super) const UDP: u8 = 17;
    pub(super) const IPV6: u8 = 41;
    pub(super) const ROUTING: u8 = 43;
    pub(super) const FRAGMENT: u8 = 44;
    pub(super) const GRE: u8 = 47;
    pub(super) const ESP: u8 = 50;
    pub(super) const AH: u8 = 51;
    pub(super) const ICMPV6: u8 = 58;
    pub(super) const DESTINATION: u8 = 60;
    pub(super) const ETHERIP: u8 = 97;
    pub(super) const SCTP: u8 = 132;
    pub(super) const MOBILITY: u8 = 135;
    pub(super) const MPLS: u8 = 137;
    pub(super) const HIP: u8 = 139;
    pub(super) const SHIM6: u8 = 140;
}

// Bits of the IPv4 fragment field.
const MORE_FRAGMENTS: u16 = 0x2000;
const FRAGMENT_OFFSET: u16 = 0x1fff;

// EDGE_CASES IP-02.
const MOST_EXTENSIONS: usize = 16;
const MOST_EXTENSION_OCTETS: usize = 2048;
