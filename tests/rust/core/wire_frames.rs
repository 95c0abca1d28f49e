//! Frames made octet by octet, innermost layer first: `ethernet(IPV4, &ipv4(TCP, &tcp(b"hello")))`.

use crate::seeds::Said;
use zertap_core::time::Timestamp;
use zertap_core::wire::{Decoder, LinkType, Segment, Skip, WireConfig};

// EtherTypes.
pub(crate) const IPV4: u16 = 0x0800;
pub(crate) const IPV6: u16 = 0x86dd;
pub(crate) const VLAN: u16 = 0x8100;
pub(crate) const QINQ: u16 = 0x88a8;

// IP protocols.
pub(crate) const ICMP: u8 = 1;
pub(crate) const IPIP: u8 = 4;
pub(crate) const TCP: u8 = 6;
pub(crate) const UDP: u8 = 17;
pub(crate) const FRAGMENT: u8 = 44;

// Ends of every packet made here.
pub(crate) const CLIENT_4: [u8; 4] = [192, 0, 2, 1];
pub(crate) const SERVER_4: [u8; 4] = [198, 51, 100, 2];
pub(crate) const CLIENT_6: [u8; 16] = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
pub(crate) const SERVER_6: [u8; 16] = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];
pub(crate) const CLIENT_PORT: u16 = 40000;
pub(crate) const SERVER_PORT: u16 = 443;

/// Parts one behind the other.
pub(crate) fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

pub(crate) fn ethernet(kind: u16, payload: &[u8]) -> Vec<u8> {
    join(&[&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2], &kind.to_be_bytes(), payload])
}

/// A tag's number and the EtherType behind it; the tag's own EtherType is the layer before.
pub(crate) fn tag(number: u16, kind: u16, payload: &[u8]) -> Vec<u8> {
    join(&[&number.to_be_bytes(), &kind.to_be_bytes(), payload])
}

pub(crate) fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ipv4_with(protocol, &[], 7, 0x4000, payload)
}

/// `options` in whole words; `field` is flags and fragment offset.
pub(crate) fn ipv4_with(protocol: u8, options: &[u8], number: u16, field: u16, payload: &[u8]) -> Vec<u8> {
    let length = 20 + options.len();
    let first = 0x40 | (length / 4) as u8;
    let total = ((length + payload.len()) as u16).to_be_bytes();
    let mut packet = join(&[&[first, 0], &total, &number.to_be_bytes(), &field.to_be_bytes()]);
    packet.extend(join(&[&[64, protocol, 0, 0], &CLIENT_4, &SERVER_4, options]));
    let sum = checksum(&packet);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet.extend(payload);
    packet
}

pub(crate) fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u16).to_be_bytes();
    join(&[&[0x60, 0, 0, 0], &length, &[next, 64], &CLIENT_6, &SERVER_6, payload])
}

/// An extension header of `units` times eight octets more than eight.
pub(crate) fn extension(next: u8, units: u8, payload: &[u8]) -> Vec<u8> {
    join(&[&[next, units], &vec![0; 6 + 8 * usize::from(units)], payload])
}

pub(crate) fn tcp(payload: &[u8]) -> Vec<u8> {
    tcp_with(&[], payload)
}

/// `options` in whole words.
pub(crate) fn tcp_with(options: &[u8], payload: &[u8]) -> Vec<u8> {
    let offset = (5 + options.len() / 4) as u8;
    let mut segment = join(&[&CLIENT_PORT.to_be_bytes(), &SERVER_PORT.to_be_bytes()]);
    segment.extend(join(&[&0x0102_0304_u32.to_be_bytes(), &0x0506_0708_u32.to_be_bytes()]));
    segment.extend(join(&[&[offset << 4, 0x18, 0x20, 0, 0, 0, 0, 0], options, payload]));
    segment
}

/// The same with the checksum that its pseudo-header gives.
pub(crate) fn tcp_summed(source: &[u8], destination: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut segment = tcp(payload);
    let length = (segment.len() as u16).to_be_bytes();
    let sum = checksum(&join(&[source, destination, &[0, TCP], &length, &segment]));
    segment[16..18].copy_from_slice(&sum.to_be_bytes());
    segment
}

pub(crate) fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let length = (8 + payload.len() as u16).to_be_bytes();
    join(&[&5555_u16.to_be_bytes(), &port.to_be_bytes(), &length, &[0, 0], payload])
}

/// RFC 1071, word by word.
fn checksum(octets: &[u8]) -> u16 {
    let mut sum = 0_u32;
    for pair in octets.chunks(2) {
        sum += u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |low| u32::from(*low));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// What a test asks of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) source: String,
    pub(crate) destination: String,
    pub(crate) lane: u32,
    pub(crate) options: Vec<u8>,
    pub(crate) payload: Vec<u8>,
    pub(crate) payload_on_wire: u32,
    pub(crate) overlap: bool,
}

pub(crate) fn seen(segment: &Segment<'_>) -> Seen {
    Seen {
        source: format!("{} {}", segment.source, segment.source_port),
        destination: format!("{} {}", segment.destination, segment.destination_port),
        lane: segment.lane,
        options: segment.options.to_vec(),
        payload: segment.payload.to_vec(),
        payload_on_wire: segment.payload_on_wire,
        overlap: segment.fragment_overlap,
    }
}

/// One frame, whole, through a fresh decoder.
pub(crate) fn read(link: LinkType, frame: &[u8]) -> Result<Seen, Skip> {
    read_with(WireConfig::default(), link, frame)
}

pub(crate) fn read_with(config: WireConfig, link: LinkType, frame: &[u8]) -> Result<Seen, Skip> {
    let length = frame.len() as u32;
    if link == LinkType::ETHERNET {
        Said::to("frames", &[0, 8]).block(0, frame);
    }
    Decoder::new(config).decode(Timestamp(0), link, frame, length).map(|segment| seen(&segment))
}

pub(crate) fn read_ethernet(frame: &[u8]) -> Result<Seen, Skip> {
    read(LinkType::ETHERNET, frame)
}

/// Payload and lane of a frame that must decode.
pub(crate) fn payload_of(frame: &[u8]) -> Result<(Vec<u8>, u32), Skip> {
    read_ethernet(frame).map(|seen| (seen.payload, seen.lane))
}
