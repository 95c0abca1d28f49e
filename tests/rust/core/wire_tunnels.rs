//! Link types and tunnels (EDGE_CASES IP-05): the inner segment is found, and the lane tells tunnels apart.

use std::collections::HashSet;

use zertap_core::wire::{LinkType, Skip, WireConfig};

use crate::wire_frames::*;

/// The packet inside every tunnel here.
fn inner() -> Vec<u8> {
    ipv4(TCP, &tcp(b"inner"))
}

fn inner_frame() -> Vec<u8> {
    ethernet(IPV6, &ipv6(TCP, &tcp(b"inner")))
}

fn gre(header: &[u8], payload: &[u8]) -> Vec<u8> {
    ethernet(IPV4, &ipv4(47, &join(&[header, payload])))
}

fn vxlan(number: u8) -> Vec<u8> {
    ethernet(IPV4, &ipv4(UDP, &udp(4789, &join(&[&[8, 0, 0, 0, 0, 0, number, 0], &inner_frame()]))))
}

fn pppoe(session: u8, ppp: &[u8]) -> Vec<u8> {
    let length = (ppp.len() as u16).to_be_bytes();
    ethernet(0x8864, &join(&[&[0x11, 0, 0, session], &length, ppp]))
}

fn over_udp(port: u16, header: &[u8], packet: &[u8]) -> Vec<u8> {
    ethernet(IPV4, &ipv4(UDP, &udp(port, &join(&[header, packet]))))
}

/// A header of GTP-U before `inner`, `more` being what its flags announce.
fn gtp(flags: u8, message: u8, more: &[u8]) -> Vec<u8> {
    let length = ((more.len() + inner().len()) as u16).to_be_bytes();
    join(&[&[flags, message], &length, &[0, 0, 0, 7], more])
}

/// Sixteen octets of identity and twenty of signature follow.
fn ayiya(operation: u8, next: u8) -> Vec<u8> {
    vec![0x41, 0x52, 0x10 | operation, next, 0, 0, 0, 9]
}

/// The 24 octets before an 802.11 data frame's LLC.
fn wlan(kind: u8, flags: u8) -> Vec<u8> {
    join(&[&[kind, flags], &[0; 22]])
}

const SNAP: [u8; 8] = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];

/// A packet as netfilter logs it, little or big endian: one other attribute of five octets, then the packet.
fn logged(family: u8, order: fn(u16) -> [u8; 2], packet: &[u8]) -> Vec<u8> {
    let attribute = |kind: u16, length: usize| join(&[&order(4 + length as u16), &order(kind)]);
    let prefix = join(&[&attribute(10, 5), b"rule\0", &[0; 3]]);
    join(&[&[family, 0, 0, 42], &prefix, &attribute(9, packet.len()), packet])
}

/// One frame of every way in which TCP may come over Ethernet; whether the lane is 0 is told with it.
fn ways() -> Vec<(&'static str, Vec<u8>, bool)> {
    let labels: &[u8] = &[0, 1, 0, 64, 0, 2, 1, 64];
    vec![
        ("ipv4", ethernet(IPV4, &inner()), true),
        ("ipv6", inner_frame(), true),
        ("vlan", ethernet(VLAN, &tag(5, IPV4, &inner())), false),
        ("old qinq", ethernet(0x9100, &tag(5, VLAN, &tag(6, IPV4, &inner()))), false),
        ("snap", ethernet(60, &join(&[&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &inner()])), true),
        ("mpls", ethernet(0x8847, &join(&[labels, &inner()])), true),
        ("mpls ipv6", ethernet(0x8848, &join(&[labels, &ipv6(TCP, &tcp(b"inner"))])), true),
        ("pseudowire", ethernet(0x8847, &join(&[labels, &[0, 0, 0, 0], &inner_frame()])), true),
        ("pppoe", pppoe(9, &join(&[&[0, 0x21], &inner()])), false),
        ("short ppp protocol", pppoe(9, &join(&[&[0x21], &inner()])), false),
        ("gre", gre(&[0, 0, 8, 0], &inner()), true),
        ("gre, all fields", gre(&[0xb0, 0, 8, 0, 1, 2, 0, 0, 0, 0, 0, 5, 0, 0, 0, 1], &inner()), false),
        ("gre bridging", gre(&[0, 0, 0x65, 0x58], &inner_frame()), true),
        (
            "pptp",
            gre(&[0x30, 0x81, 0x88, 0x0b, 0, 30, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xff, 3, 0, 0x21], &inner()),
            true,
        ),
        ("wccp 1", gre(&[0, 0, 0x88, 0x3e], &inner()), true),
        ("wccp 2", gre(&[0, 0, 0x88, 0x3e, 0, 0, 0, 0], &inner()), true),
        ("erspan 1", gre(&[0, 0, 0x88, 0xbe], &inner_frame()), true),
        (
            "erspan 2",
            gre(&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 0, 0, 0, 0, 0, 0, 0], &inner_frame()),
            true,
        ),
        (
            "erspan 3",
            gre(&join(&[&[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20], &[0; 10], &[1], &[0; 8]]), &inner_frame()),
            true,
        ),
        ("gre in udp", ethernet(IPV4, &ipv4(UDP, &udp(4754, &join(&[&[0, 0, 8, 0], &inner()])))), true),
        ("ip in ip", ethernet(IPV4, &ipv4(IPIP, &inner())), true),
        ("6in4", ethernet(IPV4, &ipv4(41, &ipv6(TCP, &tcp(b"inner")))), true),
        ("4in6", ethernet(IPV6, &ipv6(IPIP, &inner())), true),
        ("etherip", ethernet(IPV4, &ipv4(97, &join(&[&[0x30, 0], &inner_frame()]))), true),
        ("vxlan", vxlan(7), false),
        (
            "geneve",
            ethernet(
                IPV6,
                &ipv6(UDP, &udp(6081, &join(&[&[1, 0, 0x65, 0x58, 0, 0, 7, 0, 1, 1, 1, 1], &inner_frame()]))),
            ),
            false,
        ),
        (
            "geneve ip",
            ethernet(IPV4, &ipv4(UDP, &udp(6081, &join(&[&[0, 0, 8, 0, 0, 0, 7, 0], &inner()])))),
            false,
        ),
        ("gtp-u", over_udp(2152, &gtp(0x30, 0xff, &[]), &inner()), true),
        ("gtp-u, numbered", over_udp(2152, &gtp(0x32, 0xff, &[0, 9, 0, 0]), &inner()), true),
        (
            "gtp-u, two extension headers",
            over_udp(
                2152,
                &gtp(0x34, 0xff, &[0, 0, 0, 0x85, 1, 0, 0, 0x20, 2, 0, 0, 0, 0, 0, 0, 0]),
                &inner(),
            ),
            true,
        ),
        ("teredo", over_udp(3544, &[], &ipv6(TCP, &tcp(b"inner"))), true),
        ("teredo, origin", over_udp(3544, &[0, 0, 1, 2, 3, 4, 5, 6], &ipv6(TCP, &tcp(b"inner"))), true),
        (
            "teredo, authentication and origin",
            over_udp(
                3544,
                &join(&[&[0, 1, 2, 1], &[7; 3], &[9; 9], &[0, 0, 1, 2, 3, 4, 5, 6]]),
                &ipv6(TCP, &tcp(b"inner")),
            ),
            true,
        ),
        (
            "ayiya",
            over_udp(5072, &join(&[&ayiya(1, 41), &[1; 16], &[2; 20]]), &ipv6(TCP, &tcp(b"inner"))),
            true,
        ),
        ("ayiya ipv4", over_udp(5072, &join(&[&ayiya(1, 4), &[1; 16], &[2; 20]]), &inner()), true),
        ("802.11 in gre", gre(&[0, 0, 0x82, 0x10], &join(&[&wlan(0x88, 1), &[0, 0], &SNAP, &inner()])), true),
        (
            "802.11 between points",
            gre(&[0, 0, 0x82, 0], &join(&[&wlan(8, 3), &[0; 6], &SNAP, &inner()])),
            true,
        ),
        ("provider backbone", ethernet(0x88e7, &join(&[&[0, 0, 0, 4], &inner_frame()])), false),
        ("fabric path", ethernet(0x8903, &join(&[&[0, 4], &inner_frame()])), true),
        ("vn-tag", ethernet(0x8926, &join(&[&[0, 0, 0, 4, 8, 0], &inner()])), true),
        ("cisco metadata", ethernet(0x8909, &join(&[&[1, 1, 0, 1, 0, 2, 8, 0], &inner()])), true),
        (
            "extension headers",
            ethernet(IPV6, &ipv6(0, &extension(60, 0, &extension(TCP, 1, &tcp(b"inner"))))),
            true,
        ),
    ]
}

/// The frames alone, with some that give no segment, for tests that change them.
pub(crate) fn zoo() -> Vec<Vec<u8>> {
    let mut frames: Vec<_> = ways().into_iter().map(|(_, frame, _)| frame).collect();
    frames.push(ethernet(IPV4, &ipv4_with(TCP, &[1; 8], 1, 0x2000, &tcp(&[0; 28]))));
    frames.push(ethernet(IPV6, &ipv6(FRAGMENT, &join(&[&[TCP, 0, 0, 1, 0, 0, 0, 1], &tcp(&[0; 28])]))));
    frames.push(ethernet(IPV4, &ipv4(UDP, &udp(4500, &[1; 40]))));
    frames
}

#[test]
fn ip_05_tcp_is_found_in_every_tunnel() {
    for (way, frame, no_lane) in ways() {
        let seen = read_ethernet(&frame).unwrap_or_else(|skip| panic!("{way}: {}", skip.word()));
        assert_eq!((&seen.payload[..], seen.payload_on_wire), (&b"inner"[..], 5), "{way}");
        assert_eq!(seen.lane == 0, no_lane, "{way}");
    }
}

#[test]
fn tcp_in_a_tunnel_that_the_capture_cut_keeps_its_length_on_the_wire() {
    for (way, frame, _) in ways() {
        use zertap_core::{time::Timestamp, wire::Decoder};
        let mut decoder = Decoder::new(WireConfig::default());
        let kept = &frame[..frame.len() - 3];
        let segment = decoder.decode(Timestamp(0), LinkType::ETHERNET, kept, frame.len() as u32);
        let segment = segment.unwrap_or_else(|skip| panic!("{way}: {}", skip.word()));
        assert_eq!((segment.payload, segment.payload_on_wire), (&b"in"[..], 5), "{way}");
    }
}

#[test]
fn tunnels_of_different_numbers_are_different_lanes_unless_they_are_ignored() {
    let keyed = |key: u32| gre(&join(&[&[0x20, 0, 8, 0], &key.to_be_bytes()]), &inner());
    let frames =
        [vxlan(1), vxlan(2), pppoe(1, &join(&[&[0x21], &inner()])), pppoe(2, &join(&[&[0x21], &inner()]))];
    let frames =
        frames.into_iter().chain([keyed(1), keyed(2), keyed(1 << 16), keyed(1 << 16 | 1), keyed(1 << 31)]);
    let frames: Vec<_> = frames.collect();
    let lanes: HashSet<u32> = frames.iter().map(|frame| payload_of(frame).expect("a segment").1).collect();
    assert_eq!(lanes.len(), frames.len());
    let config = WireConfig { ignore_tunnels: true, ..WireConfig::default() };
    for frame in &frames {
        assert_eq!(read_with(config, LinkType::ETHERNET, frame).expect("a segment").lane, 0);
    }
}

#[test]
fn nvgre_flows_of_one_network_share_a_lane() {
    let flow = |network: u8, flow: u8| {
        payload_of(&gre(&[0x20, 0, 0x65, 0x58, 0x10, 0, network, flow], &inner_frame())).expect("a segment").1
    };
    assert_eq!(flow(1, 1), flow(1, 2));
    assert_ne!(flow(1, 1), flow(2, 1));
}

#[test]
fn ip_05_eight_layers_are_opened_and_the_ninth_is_too_deep() {
    let nested = |layers: usize| (0..layers).fold(inner(), |inside, _| ipv4(IPIP, &inside));
    let tagged = |layers: usize| (1..layers).fold(tag(1, IPV4, &inner()), |inside, _| tag(1, VLAN, &inside));
    assert!(read_ethernet(&ethernet(IPV4, &nested(8))).is_ok());
    assert_eq!(read_ethernet(&ethernet(IPV4, &nested(9))), Err(Skip::TooDeep));
    assert!(read_ethernet(&ethernet(VLAN, &tagged(8))).is_ok());
    assert_eq!(read_ethernet(&ethernet(VLAN, &tagged(9))), Err(Skip::TooDeep));
    let flat = WireConfig { nesting: 0, ..WireConfig::default() };
    assert_eq!(read_with(flat, LinkType::ETHERNET, &ethernet(VLAN, &tagged(1))), Err(Skip::TooDeep));
}

#[test]
fn tunnel_headers_that_contradict_themselves_are_counted_as_such() {
    let cases = [
        gre(&[0x40, 0, 8, 0], &inner()),
        gre(&[0, 2, 8, 0], &inner()),
        ethernet(IPV4, &ipv4(47, &[0x20, 0, 8])),
        ethernet(0x8847, &[0, 1, 0, 64]),
        ethernet(0x8864, &[0x21, 0, 0, 1, 0, 2, 0, 0x21]),
        ethernet(IPV4, &ipv4(97, &[0x20, 0])),
    ];
    for frame in cases {
        assert_eq!(read_ethernet(&frame), Err(Skip::BadTunnel), "{frame:02x?}");
    }
    assert_eq!(read_ethernet(&ethernet(IPV4, &ipv4(UDP, &udp(4789, &[0; 60])))), Err(Skip::Udp));
    assert_eq!(read_ethernet(&ethernet(IPV4, &ipv4(UDP, &udp(6081, &[0xc0; 60])))), Err(Skip::Udp));
}

#[test]
fn a_packet_cannot_be_longer_than_the_tunnel_says() {
    let mut frame = pppoe(1, &join(&[&[0, 0x21], &inner()]));
    frame[19] -= 2;
    let seen = read_ethernet(&frame).expect("a segment");
    assert_eq!((&seen.payload[..], seen.payload_on_wire), (&b"inn"[..], 3));
}

#[test]
fn ip_05_every_link_type_leads_to_the_packet() {
    let (four, six) = (inner(), ipv6(TCP, &tcp(b"inner")));
    let cooked = |kind: u16| join(&[&[0; 14], &kind.to_be_bytes()]);
    let cases: Vec<(LinkType, Vec<u8>, &[u8])> = vec![
        (LinkType::NULL, vec![2, 0, 0, 0], &four),
        (LinkType::NULL, vec![0, 0, 0, 2], &four),
        (LinkType::NULL, vec![30, 0, 0, 0], &six),
        (LinkType::NULL, vec![0, 0, 0, 24], &six),
        (LinkType::LOOP, vec![0, 0, 0, 2], &four),
        (LinkType::LOOP, vec![0, 0, 0, 28], &six),
        (LinkType::RAW, vec![], &four),
        (LinkType::RAW_BSD, vec![], &six),
        (LinkType::RAW_OPENBSD, vec![], &four),
        (LinkType::IPV4, vec![], &four),
        (LinkType::IPV6, vec![], &six),
        (LinkType::SLL, cooked(IPV4), &four),
        (LinkType::SLL, cooked(IPV6), &six),
        (LinkType::SLL, join(&[&cooked(VLAN), &[0, 0, 8, 0]]), &four),
        (LinkType::SLL2, join(&[&[8, 0], &[0; 18]]), &four),
        (LinkType::SLL2, join(&[&[0x86, 0xdd], &[0; 18]]), &six),
        (LinkType::PPP, vec![0, 0x21], &four),
        (LinkType::PPP, vec![0xff, 3, 0, 0x57], &six),
        (LinkType::PPP_SERIAL, vec![0xff, 3, 0, 0x21], &four),
        (LinkType::PPP_SERIAL, vec![0x0f, 0, 8, 0], &four),
        (LinkType::CISCO_HDLC, vec![0x8f, 0, 0x86, 0xdd], &six),
        (LinkType::PPP_ETHER, vec![0x11, 0, 0, 0, 0, 47, 0, 0x21], &four),
        (LinkType::FDDI, join(&[&[0x50], &[7; 12], &SNAP]), &four),
        (LinkType::IPOIB, join(&[&[7; 40], &[8, 0, 0, 0]]), &four),
        (LinkType::IPOIB, join(&[&[7; 40], &[0x86, 0xdd, 0, 0]]), &six),
        (LinkType::NFLOG, logged(2, u16::to_le_bytes, &four), &[]),
        (LinkType::NFLOG, logged(2, u16::to_be_bytes, &four), &[]),
        (LinkType::NFLOG, logged(10, u16::to_le_bytes, &six), &[]),
    ];
    let mut read_here: HashSet<u16> = cases.iter().map(|(link, ..)| link.0).collect();
    read_here.insert(LinkType::ETHERNET.0);
    assert_eq!(read_here, LinkType::READ.iter().map(|link| link.0).collect());
    for (link, header, packet) in cases {
        let frame = join(&[&header, packet]);
        let seen = read(link, &frame).unwrap_or_else(|skip| panic!("{link:?} {header:?}: {}", skip.word()));
        assert_eq!(&seen.payload[..], b"inner", "{link:?} {header:?}");
        // A PPPoE session is a lane of its own.
        assert_eq!(seen.lane == 0, link != LinkType::PPP_ETHER, "{link:?} {header:?}");
    }
}

#[test]
fn a_link_type_that_is_not_listed_is_unsupported() {
    for link in 0..=u16::MAX {
        let unsupported = read(LinkType(link), &[]) == Err(Skip::UnsupportedLink);
        assert_eq!(unsupported, !LinkType::READ.contains(&LinkType(link)), "{link}");
    }
}

#[test]
fn what_only_looks_like_a_tunnel_by_its_port_is_udp() {
    let six = ipv6(TCP, &tcp(b"inner"));
    let cases = [
        over_udp(2152, &gtp(0x30, 1, &[]), &inner()),
        over_udp(2152, &gtp(0x50, 0xff, &[]), &inner()),
        over_udp(2152, &gtp(0x20, 0xff, &[]), &inner()),
        over_udp(2152, &[0x30, 0xff, 0], &[]),
        over_udp(3544, &[], &inner()),
        over_udp(3544, &[], &six[..50]),
        over_udp(3544, &[], &join(&[&six, &[0]])),
        over_udp(3544, &[0, 1, 0xff, 0xff], &six),
        over_udp(3544, &[], &[]),
        over_udp(5072, &join(&[&ayiya(0, 41), &[1; 16], &[2; 20]]), &six),
        over_udp(5072, &join(&[&ayiya(1, 17), &[1; 16], &[2; 20]]), &six),
        over_udp(5072, &ayiya(1, 41), &[0; 35]),
    ];
    for frame in cases {
        assert_eq!(read_ethernet(&frame), Err(Skip::Udp), "{frame:02x?}");
    }
}

#[test]
fn answers_of_teredo_and_ayiya_are_known_by_their_source_port() {
    let six = ipv6(TCP, &tcp(b"inner"));
    for (port, header) in [(3544_u16, vec![]), (5072, join(&[&ayiya(1, 41), &[1; 16], &[2; 20]]))] {
        let mut datagram = udp(50_000, &join(&[&header, &six]));
        datagram[..2].copy_from_slice(&port.to_be_bytes());
        let seen = read_ethernet(&ethernet(IPV4, &ipv4(UDP, &datagram))).expect("a segment");
        assert_eq!(&seen.payload[..], b"inner", "{port}");
    }
}

#[test]
fn extension_headers_of_gtp_end_or_the_tunnel_is_bad() {
    let endless = join(&[&[0, 0, 0, 0x85], &[1, 0, 0, 0x85].repeat(9)]);
    for more in [vec![0, 0, 0, 0x85, 0, 0, 0, 0], vec![0, 0, 0, 0x85, 0xff, 0, 0, 0]] {
        let frame = over_udp(2152, &gtp(0x34, 0xff, &more), &inner());
        assert_eq!(read_ethernet(&frame), Err(Skip::BadTunnel), "{more:02x?}");
    }
    assert_eq!(read_ethernet(&over_udp(2152, &gtp(0x34, 0xff, &endless), &inner())), Err(Skip::TooDeep));
}

#[test]
fn frames_of_802_11_that_hold_no_whole_packet_in_clear_are_not_ip() {
    let framed = |header: &[u8], more: &[u8]| gre(&[0, 0, 0x82, 0], &join(&[header, more, &SNAP, &inner()]));
    let mut late_fragment = wlan(0x08, 1);
    late_fragment[22] = 3;
    let cases = [
        framed(&wlan(0x80, 0), &[]),
        framed(&wlan(0x48, 1), &[]),
        framed(&wlan(0x08, 0x41), &[]),
        framed(&wlan(0x08, 0x05), &[]),
        framed(&late_fragment, &[]),
        framed(&wlan(0x88, 1), &[0x80, 0]),
    ];
    for frame in cases {
        assert_eq!(read_ethernet(&frame), Err(Skip::NotIp), "{frame:02x?}");
    }
    let ordered = framed(&wlan(0x88, 0x81), &[0; 6]);
    assert_eq!(&read_ethernet(&ordered).expect("a segment").payload[..], b"inner");
}

#[test]
fn attributes_of_a_logged_packet_that_lead_nowhere_are_a_bad_header() {
    let cases = [
        vec![2, 0, 0, 0],
        vec![2, 1, 0, 0, 4, 0, 9, 0],
        vec![2, 0, 0, 0, 3, 0, 1, 0],
        join(&[&[2, 0, 0, 0], &[4, 0, 1, 0].repeat(65), &logged(2, u16::to_le_bytes, &inner())[4..]]),
    ];
    for frame in cases {
        assert_eq!(read(LinkType::NFLOG, &frame), Err(Skip::BadLinkHeader), "{frame:02x?}");
    }
    assert_eq!(read(LinkType::NFLOG, &logged(7, u16::to_le_bytes, &inner())), Err(Skip::NotIp));
    assert_eq!(read(LinkType::FDDI, &join(&[&[0x41], &[7; 12], &SNAP, &inner()])), Err(Skip::NotIp));
}

#[test]
fn link_headers_of_other_protocols_are_not_ip() {
    assert_eq!(read(LinkType::NULL, &join(&[&[7, 0, 0, 0], &inner()])), Err(Skip::NotIp));
    assert_eq!(read(LinkType::SLL, &join(&[&[0; 14], &[0, 4], &inner()])), Err(Skip::NotIp));
    assert_eq!(read(LinkType::PPP, &[0xff, 3, 0xc0, 0x21, 1, 1]), Err(Skip::NotIp));
    assert_eq!(read(LinkType::RAW, &[0x20; 40]), Err(Skip::BadIpHeader));
    assert_eq!(read(LinkType::RAW, &[]), Err(Skip::BadIpHeader));
}
