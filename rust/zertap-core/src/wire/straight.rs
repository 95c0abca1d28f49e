//! The straight road: Ethernet, at most one VLAN tag, IPv4 without options or IPv6 without extension headers, TCP,
//! everything captured.
//!
//! Nearly every packet of nearly every capture looks like this, so it is read here in one step, with one length check
//! for all headers together. Whatever is different in any way gives `None` and is walked layer by layer instead. The
//! walk reads these frames too, and the test below holds the two equal.

use super::WireConfig;
use super::cut::be16;
use super::link::ethertype;
use super::segment::{Corners, Usual};
use super::walk::{Tag, fold};

/// What such a frame says, by reference: no value is made that nobody may want.
///
/// Addresses are numbers here, their octets in memory order: a copy of freshly written small fields has to wait for each
/// of them.
pub(super) type Straight<'a> = (Corners, Usual<'a>);

/// The parts of the frame, if it is of the usual shape.
#[inline]
pub(super) fn find<'a>(config: &WireConfig, frame: &'a [u8]) -> Option<Straight<'a>> {
    if config.verify_checksums {
        return None;
    }
    match kind(frame)? {
        ethertype::IPV4 => ipv4(frame, 0),
        ethertype::IPV6 => ipv6(frame, 0),
        ethertype::VLAN => vlan(config, frame),
        _ => None,
    }
}

/// The tag is four octets that stand before the EtherType: without the frame's first four, it reads like any other.
#[inline]
fn vlan<'a>(config: &WireConfig, frame: &'a [u8]) -> Option<Straight<'a>> {
    let number = be16(*frame.get(14)?, *frame.get(15)?) & 0x0fff;
    let lane = if number == 0 || config.ignore_vlan { 0 } else { fold(0, Tag::Vlan, u32::from(number)) };
    let inner = frame.get(4..).filter(|_| config.nesting > 0)?;
    match kind(inner)? {
        ethertype::IPV4 => ipv4(inner, lane),
        ethertype::IPV6 => ipv6(inner, lane),
        _ => None,
    }
}

#[inline]
fn ipv4(frame: &[u8], lane: u32) -> Option<Straight<'_>> {
    let headers = frame.first_chunk::<54>()?;
    let (ip, rest) = headers.get(14..)?.split_first_chunk::<20>()?;
    // Version 4 and no options; offset 0 and no more fragments; TCP.
    let usual = ip[0] == 0x45 && (ip[6] & 0x3f) | ip[7] == 0 && ip[9] == 6;
    let end = 14 + usize::from(be16(ip[2], ip[3]));
    let ends = [mapped([ip[12], ip[13], ip[14], ip[15]]), mapped([ip[16], ip[17], ip[18], ip[19]])];
    if usual { tcp(frame, rest.first_chunk()?, 34, end, ends, lane) } else { None }
}

#[inline]
fn ipv6(frame: &[u8], lane: u32) -> Option<Straight<'_>> {
    let headers = frame.first_chunk::<74>()?;
    let (ip, rest) = headers.get(14..)?.split_first_chunk::<40>()?;
    let usual = ip[0] >> 4 == 6 && ip[6] == 6;
    let end = 54 + usize::from(be16(ip[4], ip[5]));
    let (source, destination) = ip.get(8..)?.split_first_chunk()?;
    let ends = [u128::from_ne_bytes(*source), u128::from_ne_bytes(*destination.first_chunk()?)];
    if usual { tcp(frame, rest.first_chunk()?, 54, end, ends, lane) } else { None }
}

/// TCP from octet `start` of the frame to the packet's `end`; lengths that do not fit into each other give `None`,
/// among them the length 0 of IP-06.
#[inline]
fn tcp<'a>(
    frame: &'a [u8],
    header: &'a [u8; 20],
    start: usize,
    end: usize,
    addresses: [u128; 2],
    lane: u32,
) -> Option<Straight<'a>> {
    let data = start + usize::from(header[12] >> 4) * 4;
    let payload = frame.get(data..end)?;
    let options = frame.get(start + 20..data)?;
    let ports = [be16(header[0], header[1]), be16(header[2], header[3])];
    Some((Corners { addresses, ports, lane }, Usual { header, options, payload }))
}

/// The EtherType.
#[inline]
fn kind(frame: &[u8]) -> Option<u16> {
    frame.first_chunk::<14>().map(|header| be16(header[12], header[13]))
}

/// An IPv4 address in its mapped form, octets in memory order.
#[inline]
fn mapped(address: [u8; 4]) -> u128 {
    (0xffff_0000_0000 | u128::from(u32::from_be_bytes(address))).to_be()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::Timestamp;
    use crate::wire::cut::Cut;
    use crate::wire::{Address, Decoder, LinkType};

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
            let found = find(&config, &frame).map(|(corners, usual)| {
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
