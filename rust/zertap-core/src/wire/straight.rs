//! The straight road: Ethernet, at most one VLAN tag, IPv4 without options or IPv6 without extension headers, TCP,
//! everything captured.
//!
//! Nearly every packet of nearly every capture looks like this, so it is read here in one step, with one length check
//! for all headers together. Whatever is different in any way gives `None` and is walked layer by layer instead. The
//! walk reads these frames too, and the test below holds the two equal.

use super::WireConfig;
use super::cut::be16;
use super::link::ethertype;
use super::segment::{Corners, Ipv4Corners, Naming, Usual};
use super::walk::{Tag, fold};

/// Octets of all headers, without tag and options.
const IPV4_HEADERS: usize = 14 + 20 + 20;
/// See [`IPV4_HEADERS`].
const IPV6_HEADERS: usize = 14 + 40 + 20;

/// The EtherType of IPv4, version 4, and no options.
const BARE_IPV4: u32 = u32::from_ne_bytes([8, 0, 0x45, 0]);
const BARE_IPV4_MASK: u32 = u32::from_ne_bytes([0xff, 0xff, 0xff, 0]);
/// The EtherType of IPv6, and version 6.
const IPV6: u32 = u32::from_ne_bytes([0x86, 0xdd, 0x60, 0]);
const IPV6_MASK: u32 = u32::from_ne_bytes([0xff, 0xff, 0xf0, 0]);

/// How the frame's corners are named, and what it holds of TCP, if it is of the usual shape: by reference, so that no value
/// is made that nobody may want.
#[inline]
pub(super) fn find<'a, N: Naming>(
    config: &WireConfig,
    frame: &'a [u8],
    naming: N,
) -> Option<(N::Name, Usual<'a>)> {
    let (frame, lane) =
        if kind(frame)? == ethertype::VLAN.to_be() { untagged(config, frame)? } else { (frame, 0) };
    let kind = beginning(frame)?;
    if kind & BARE_IPV4_MASK == BARE_IPV4 {
        let (corners, usual) = ipv4(frame, lane)?;
        Some((naming.ipv4(corners), usual))
    } else if kind & IPV6_MASK == IPV6 {
        let (corners, usual) = ipv6(frame, lane)?;
        Some((naming.ipv6(corners), usual))
    } else {
        None
    }
}

/// The tag is four octets that stand before the EtherType: without the frame's first four, it reads like any other.
#[inline]
fn untagged<'a>(config: &WireConfig, frame: &'a [u8]) -> Option<(&'a [u8], u32)> {
    let number = be16(*frame.get(14)?, *frame.get(15)?) & 0x0fff;
    let lane = if number == 0 || config.ignore_vlan { 0 } else { fold(0, Tag::Vlan, u32::from(number)) };
    let inner = frame.get(4..).filter(|_| config.nesting > 0)?;
    Some((inner, lane))
}

#[inline]
fn ipv4(frame: &[u8], lane: u32) -> Option<(Ipv4Corners, Usual<'_>)> {
    let (headers, behind) = frame.split_first_chunk::<IPV4_HEADERS>()?;
    let (ip, header) = headers.get(14..)?.split_first_chunk::<20>()?;
    let header = header.first_chunk::<20>()?;
    // Offset 0 and no more fragments, any time to live, TCP.
    if word(ip, 6) & 0x3fff_00ff != 6 {
        return None;
    }
    let usual = tcp(header, behind, usize::from(be16(ip[2], ip[3])).wrapping_sub(40))?;
    let [from, to] = ports(header);
    Some((Ipv4Corners { source: word(ip, 12), destination: word(ip, 16), from, to, lane }, usual))
}

#[inline]
fn ipv6(frame: &[u8], lane: u32) -> Option<(Corners, Usual<'_>)> {
    let (headers, behind) = frame.split_first_chunk::<IPV6_HEADERS>()?;
    let (ip, header) = headers.get(14..)?.split_first_chunk::<40>()?;
    let header = header.first_chunk::<20>()?;
    if ip[6] != 6 {
        return None;
    }
    let usual = tcp(header, behind, usize::from(be16(ip[4], ip[5])).wrapping_sub(20))?;
    let (source, destination) = ip.get(8..)?.split_first_chunk()?;
    let addresses = [u128::from_ne_bytes(*source), u128::from_ne_bytes(*destination.first_chunk()?)];
    Some((Corners { addresses, ports: ports(header), lane }, usual))
}

/// TCP with so many octets behind its header; lengths that do not fit into each other give `None`, among them the length 0
/// of IP-06. What was less than nothing has wrapped and is more than any frame holds.
#[inline]
fn tcp<'a>(header: &'a [u8; 20], behind: &'a [u8], octets: usize) -> Option<Usual<'a>> {
    let behind = behind.get(..octets)?;
    let options = usize::from(header[12] >> 2 & 0x3c).wrapping_sub(20);
    let payload = octets.checked_sub(options)?;
    Some(Usual::new(header, behind, payload as u32))
}

#[inline]
fn ports(header: &[u8; 20]) -> [u16; 2] {
    [be16(header[0], header[1]), be16(header[2], header[3])]
}

/// Four octets of an IPv4 header as a number.
#[inline]
fn word(ip: &[u8; 20], at: usize) -> u32 {
    u32::from_be_bytes([ip[at], ip[at + 1], ip[at + 2], ip[at + 3]])
}

/// The EtherType and what stands behind it, in memory order: asked together.
#[inline]
fn beginning(frame: &[u8]) -> Option<u32> {
    let headers = frame.first_chunk::<IPV4_HEADERS>()?;
    Some(u32::from_ne_bytes([headers[12], headers[13], headers[14], headers[15]]))
}

/// The EtherType of a frame that may be long enough, in memory order.
#[inline]
fn kind(frame: &[u8]) -> Option<u16> {
    frame.first_chunk::<IPV4_HEADERS>().map(|headers| u16::from_ne_bytes([headers[12], headers[13]]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::Timestamp;
    use crate::wire::cut::Cut;
    use crate::wire::{Address, Decoder, LinkType, Plain};

    /// A frame of the usual shape with room for damage: version, tag, TCP options in words, payload.
    fn frame(four: bool, tag: Option<u16>, options: u8, payload: u8) -> Vec<u8> {
        let length = 20 + options * 4 + payload;
        let mut frame = vec![2; 12];
        if let Some(number) = tag {
            frame.extend([0x81, 0, (number >> 8) as u8, number as u8]);
        }
        if four {
            frame.extend([
                8,
                0,
                0x45,
                0,
                0,
                20 + length,
                0,
                1,
                0x40,
                0,
                64,
                6,
                0,
                0,
                10,
                0,
                0,
                1,
                10,
                0,
                0,
                2,
            ]);
        } else {
            frame.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, length, 6, 64]);
            frame.extend(1..=32);
        }
        frame.extend([
            0x9c,
            0x40,
            1,
            0xbb,
            1,
            2,
            3,
            4,
            5,
            6,
            7,
            8,
            (5 + options) << 4,
            0x18,
            1,
            2,
            0,
            0,
            0,
            0,
        ]);
        frame.extend(std::iter::repeat_n(7, usize::from(options * 4 + payload)));
        frame
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4000) })]

        #[test]
        fn the_straight_road_and_the_walk_read_the_same(
            shape in (any::<bool>(), prop::option::of(0_u16..4096), 0_u8..11, 0_u8..60),
            changes in prop::collection::vec((12_usize..80, any::<u8>()), 0..3),
            length in 0_usize..260,
            ignore_vlan: bool,
            nesting in 0_u8..2,
        ) {
            let mut frame = frame(shape.0, shape.1, shape.2, shape.3);
            let usual = changes.is_empty() && length >= frame.len();
            for (at, octet) in changes {
                if let Some(place) = frame.get_mut(at) {
                    *place = octet;
                }
            }
            frame.truncate(length);
            let config = WireConfig { ignore_vlan, nesting, ..WireConfig::default() };
            let found = find(&config, &frame, Plain).map(|(corners, usual)| {
                usual.segment(corners.addresses.map(|address| Address(address.to_ne_bytes())), corners.lane)
            });
            let mut decoder = Decoder::new(config);
            let walked = decoder.walk(Timestamp(0), LinkType::ETHERNET, Cut::frame(&frame, frame.len() as u32));
            prop_assert!(found.is_some() || !usual || (shape.1.is_some() && nesting == 0));
            if let Some(segment) = found {
                prop_assert_eq!(Ok(segment), walked);
            }
        }
    }
}
