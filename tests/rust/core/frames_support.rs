//! A conversation's packets as frames: every link type and tunnel that one packet may come in.

use crate::support::{CLIENT, Packet};
use zertap_core::wire::LinkType;

/// IP version of the packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ip {
    Four,
    Six,
}

const TCP: u8 = 6;
const UDP: u8 = 17;

fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn address(client: bool, ip: Ip) -> Vec<u8> {
    match (client, ip) {
        (true, Ip::Four) => vec![192, 0, 2, 1],
        (false, Ip::Four) => vec![198, 51, 100, 2],
        (client, Ip::Six) => [&[0x20, 1, 0xd, 0xb8][..], &[0; 11], &[if client { 1 } else { 2 }]].concat(),
    }
}

/// The TCP segment of a packet, header and payload; the checksum is left to the network card.
pub(crate) fn tcp(packet: &Packet) -> Vec<u8> {
    let segment = packet.segment();
    let mut octets = join(&[&segment.source_port.to_be_bytes(), &segment.destination_port.to_be_bytes()]);
    octets.extend(segment.sequence.to_be_bytes());
    octets.extend(segment.acknowledgment.to_be_bytes());
    octets.extend([0x50, segment.flags.0, 0xff, 0xff, 0, 0, 0, 0]);
    octets.extend(segment.payload);
    octets
}

/// An IP packet between the two ends of a conversation, from the client or to it.
pub(crate) fn packet(ip: Ip, from_client: bool, protocol: u8, payload: &[u8]) -> Vec<u8> {
    fragment(ip, from_client, protocol, payload, 0)
}

/// The same with the IPv4 field of flags and fragment offset.
pub(crate) fn fragment(ip: Ip, from_client: bool, protocol: u8, payload: &[u8], field: u16) -> Vec<u8> {
    let ends = join(&[&address(from_client, ip), &address(!from_client, ip)]);
    let length = |octets: usize| u16::try_from(octets).expect("a packet").to_be_bytes();
    match ip {
        Ip::Four => {
            let head = join(&[&[0x45, 0], &length(20 + payload.len()), &[0, 7], &field.to_be_bytes()]);
            join(&[&head, &[64, protocol, 0, 0], &ends, payload])
        }
        Ip::Six => join(&[&[0x60, 0, 0, 0], &length(payload.len()), &[protocol, 64], &ends, payload]),
    }
}

/// The IP packet that carries a conversation's packet.
pub(crate) fn ip(packet: &Packet, version: Ip) -> Vec<u8> {
    self::packet(version, packet.from == CLIENT, TCP, &tcp(packet))
}

pub(crate) fn ethernet(ip: &[u8]) -> Vec<u8> {
    join(&[&[2; 12], &kind(ip), ip])
}

/// The EtherType of an IP packet.
fn kind(ip: &[u8]) -> [u8; 2] {
    if ip[0] >> 4 == 4 { [8, 0] } else { [0x86, 0xdd] }
}

pub(crate) fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + payload.len()).expect("a datagram").to_be_bytes();
    join(&[&5_555_u16.to_be_bytes(), &port.to_be_bytes(), &length, &[0, 0], payload])
}

/// A way for an IP packet to travel, by name: its link type and what is put round it.
pub(crate) type Way = (&'static str, LinkType, fn(&[u8]) -> Vec<u8>);

fn outer(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ethernet(&packet(Ip::Four, true, protocol, payload))
}

/// Every link type that is read, and every tunnel (EDGE_CASES IP-05).
pub(crate) const WAYS: &[Way] = &[
    ("ethernet", LinkType::ETHERNET, ethernet),
    ("raw", LinkType::RAW, <[u8]>::to_vec),
    ("raw, BSD", LinkType::RAW_BSD, <[u8]>::to_vec),
    ("null, little-endian", LinkType::NULL, |ip| {
        join(&[&[if ip[0] >> 4 == 4 { 2 } else { 30 }, 0, 0, 0], ip])
    }),
    ("null, big-endian", LinkType::NULL, |ip| join(&[&[0, 0, 0, if ip[0] >> 4 == 4 { 2 } else { 24 }], ip])),
    ("loop", LinkType::LOOP, |ip| join(&[&[0, 0, 0, if ip[0] >> 4 == 4 { 2 } else { 28 }], ip])),
    ("cooked", LinkType::SLL, |ip| join(&[&[0; 14], &kind(ip), ip])),
    ("cooked, second version", LinkType::SLL2, |ip| join(&[&kind(ip), &[0; 18], ip])),
    ("ppp", LinkType::PPP, |ip| join(&[&[0xff, 3, 0, if ip[0] >> 4 == 4 { 0x21 } else { 0x57 }], ip])),
    ("cisco hdlc", LinkType::CISCO_HDLC, |ip| join(&[&[0x8f, 0], &kind(ip), ip])),
    ("vlan", LinkType::ETHERNET, |ip| join(&[&[2; 12], &[0x81, 0, 0, 5], &kind(ip), ip])),
    ("two vlans", LinkType::ETHERNET, |ip| {
        join(&[&[2; 12], &[0x88, 0xa8, 0, 5, 0x81, 0, 0, 6], &kind(ip), ip])
    }),
    ("mpls", LinkType::ETHERNET, |ip| join(&[&[2; 12], &[0x88, 0x47, 0, 1, 0, 64, 0, 2, 1, 64], ip])),
    ("pppoe", LinkType::ETHERNET, |ip| {
        let length = u16::try_from(ip.len() + 2).expect("a packet").to_be_bytes();
        let ppp = if ip[0] >> 4 == 4 { 0x21 } else { 0x57 };
        join(&[&[2; 12], &[0x88, 0x64, 0x11, 0, 0, 9], &length, &[0, ppp], ip])
    }),
    ("gre", LinkType::ETHERNET, |ip| outer(47, &join(&[&[0, 0], &kind(ip), ip]))),
    ("vxlan", LinkType::ETHERNET, |ip| {
        outer(UDP, &udp(4789, &join(&[&[8, 0, 0, 0, 0, 0, 7, 0], &ethernet(ip)])))
    }),
    ("geneve", LinkType::ETHERNET, |ip| {
        outer(UDP, &udp(6081, &join(&[&[0, 0, 0x65, 0x58, 0, 0, 7, 0], &ethernet(ip)])))
    }),
    ("ip in ip", LinkType::ETHERNET, |ip| outer(if ip[0] >> 4 == 4 { 4 } else { 41 }, ip)),
    ("a tunnel in a tunnel", LinkType::RAW, |ip| {
        let gre = packet(Ip::Six, true, 47, &join(&[&[0, 0], &kind(ip), ip]));
        packet(Ip::Four, true, 41, &gre)
    }),
];
