//! The catalogue's cases (EDGE_CASES IP-01 to IP-12, TCP-16, TCP-21, FILE-09, FILE-11) that need no tunnel or fragment.

use std::collections::HashSet;
use std::net::IpAddr;

use proptest::prelude::*;
use zertap_core::time::Timestamp;
use zertap_core::wire::{Address, Decoder, LinkType, Skip, TcpFlags, WireConfig, tcp as options};

use crate::seeds::Said;
use crate::wire_frames::*;

/// Decodes what the capture kept of a longer frame.
fn read_cut(frame: &[u8], kept: usize, wire_length: usize) -> Result<Seen, Skip> {
    let mut decoder = Decoder::new(WireConfig::default());
    Said::to("frames", &[0, 8]).block(wire_length.saturating_sub(kept).min(255) as u8, &frame[..kept]);
    let segment = decoder.decode(Timestamp(0), LinkType::ETHERNET, &frame[..kept], wire_length as u32);
    segment.map(|segment| seen(&segment))
}

#[test]
fn every_field_of_a_plain_segment_is_read() {
    let frame = ethernet(IPV4, &ipv4(TCP, &tcp_with(&[2, 4, 5, 0xb4], b"hello")));
    let mut decoder = Decoder::new(WireConfig::default());
    let segment =
        decoder.decode(Timestamp(0), LinkType::ETHERNET, &frame, frame.len() as u32).expect("a segment");
    assert_eq!(segment.source, Address::v4(CLIENT_4));
    assert_eq!(segment.destination, Address::v4(SERVER_4));
    assert_eq!((segment.source_port, segment.destination_port), (CLIENT_PORT, SERVER_PORT));
    assert_eq!((segment.sequence, segment.acknowledgment), (0x0102_0304, 0x0506_0708));
    assert_eq!((segment.flags, segment.window), (TcpFlags(0x18), 0x2000));
    assert!(segment.flags.psh() && segment.flags.ack() && !segment.flags.syn() && !segment.flags.fin());
    assert_eq!(segment.options, [2, 4, 5, 0xb4]);
    assert_eq!((segment.payload, segment.payload_on_wire), (&b"hello"[..], 5));
    assert_eq!((segment.lane, segment.fragment_overlap, segment.is_truncated()), (0, false, false));
}

#[test]
fn printing_a_segment_or_decoder_shows_no_payload() {
    let frame = ethernet(IPV4, &ipv4(TCP, &tcp(b"\x73\x73\x73\x73")));
    let mut decoder = Decoder::new(WireConfig::default());
    let printed = format!("{:?}", decoder.decode(Timestamp(0), LinkType::ETHERNET, &frame, 0));
    assert!(printed.contains("payload: 4,") && !printed.contains("115"), "{printed}");
}

#[test]
fn ip_08_padding_behind_the_packet_is_never_payload() {
    for packet in [ethernet(IPV4, &ipv4(TCP, &tcp(b"ab"))), ethernet(IPV6, &ipv6(TCP, &tcp(b"ab")))] {
        let seen = read_ethernet(&join(&[&packet, &[0xee; 20]])).expect("a segment");
        assert_eq!((seen.payload, seen.payload_on_wire), (b"ab".to_vec(), 2));
    }
}

#[test]
fn ip_08_a_length_beyond_the_frame_is_read_as_cut_by_the_capture() {
    let frame = ethernet(IPV4, &ipv4(TCP, &tcp(&[7; 100])));
    for wire_length in [frame.len() - 30, frame.len()] {
        let seen = read_cut(&frame, frame.len() - 30, wire_length).expect("a segment");
        assert_eq!((seen.payload, seen.payload_on_wire), (vec![7; 70], 100));
    }
}

#[test]
fn ip_08_headers_cut_by_the_capture_are_truncated_and_missing_ones_malformed() {
    let frame = ethernet(IPV4, &ipv4(TCP, &tcp_with(&[1; 8], b"ab")));
    for kept in 0..frame.len() {
        let (cut, runt) = (read_cut(&frame, kept, frame.len()), read_cut(&frame, kept, kept));
        match kept {
            0..14 => assert_eq!((cut, runt), (Err(Skip::Truncated), Err(Skip::BadLinkHeader)), "{kept}"),
            14..34 => assert_eq!((cut, runt), (Err(Skip::Truncated), Err(Skip::BadIpHeader)), "{kept}"),
            34..54 => assert_eq!((cut, runt), (Err(Skip::Truncated), Err(Skip::Truncated)), "{kept}"),
            _ => {
                let seen = cut.expect("the fixed header is there");
                assert_eq!(seen.options.len(), (kept - 54).min(8));
                assert_eq!((seen.payload.len(), seen.payload_on_wire), (kept.saturating_sub(62), 2));
            }
        }
    }
}

#[test]
fn ip_06_length_zero_takes_what_was_captured() {
    for (at, packet) in
        [(16, ethernet(IPV4, &ipv4(TCP, &tcp(b"abcd")))), (18, ethernet(IPV6, &ipv6(TCP, &tcp(b"abcd"))))]
    {
        let mut frame = packet;
        frame[at..at + 2].fill(0);
        let seen = read_ethernet(&frame).expect("a segment");
        assert_eq!((seen.payload, seen.payload_on_wire), (b"abcd".to_vec(), 4));
        let cut = read_cut(&frame, frame.len() - 2, frame.len()).expect("a segment");
        assert_eq!((cut.payload, cut.payload_on_wire), (b"ab".to_vec(), 4));
    }
}

#[test]
fn ip_06_a_jumbogram_of_more_than_64_kib_is_read_whole() {
    let jumbo = join(&[&[TCP, 0, 0xc2, 4, 0, 1, 0x86, 0xb4], &tcp(&vec![9; 100_000])]);
    let mut frame = ethernet(IPV6, &ipv6(0, &jumbo));
    frame[18..20].fill(0);
    let seen = read_ethernet(&frame).expect("a segment");
    assert_eq!((seen.payload.len(), seen.payload_on_wire), (100_000, 100_000));
}

#[test]
fn a_wire_length_below_the_captured_one_is_ignored() {
    let frame = ethernet(IPV4, &ipv4(TCP, &tcp(b"abcd")));
    assert_eq!(read_cut(&frame, frame.len(), 1), read_ethernet(&frame));
}

#[test]
fn ip_08_contradictory_ip_headers_are_counted_as_such() {
    let good = ethernet(IPV4, &ipv4(TCP, &tcp(b"ab")));
    for (at, octet) in [(14, 0x65), (14, 0x55), (14, 0x44), (17, 19), (14, 0x4f)] {
        let mut frame = good.clone();
        frame[at] = octet;
        let expected = if octet == 0x4f { Err(Skip::BadIpHeader) } else { read_ethernet(&frame) };
        assert_eq!(expected, Err(Skip::BadIpHeader), "octet {at} = {octet:#x}");
    }
    let mut six = ethernet(IPV6, &ipv6(TCP, &tcp(b"ab")));
    six[14] = 0x45;
    assert_eq!(read_ethernet(&six), Err(Skip::BadIpHeader));
}

#[test]
fn tcp_21_a_data_offset_below_five_or_beyond_the_segment_is_counted_as_bad() {
    for offset in [0, 4, 7, 15] {
        let mut frame = ethernet(IPV4, &ipv4(TCP, &tcp(b"ab")));
        frame[46] = offset << 4;
        assert_eq!(read_ethernet(&frame), Err(Skip::BadTcpHeader), "{offset}");
    }
}

#[test]
fn ip_09_what_is_not_tcp_is_counted_by_its_kind() {
    let quoted = join(&[&[3, 1, 0, 0, 0, 0, 0, 0], &ipv4(TCP, &tcp(b"ab"))]);
    let cases = [
        (ethernet(0x0806, &[0; 28]), Skip::Arp),
        (ethernet(0x88cc, &[0; 28]), Skip::NotIp),
        (ethernet(0x0026, &[0x42; 38]), Skip::NotIp),
        (ethernet(IPV4, &ipv4(ICMP, &quoted)), Skip::Icmp),
        (ethernet(IPV6, &ipv6(58, &quoted)), Skip::Icmp),
        (ethernet(IPV4, &ipv4(UDP, &udp(53, b"ab"))), Skip::Udp),
        (ethernet(IPV4, &ipv4(132, &[0; 12])), Skip::Sctp),
        (ethernet(IPV4, &ipv4(50, &[1; 40])), Skip::Esp),
        (ethernet(IPV4, &ipv4(UDP, &udp(4500, &[1; 40]))), Skip::Esp),
        (ethernet(IPV4, &ipv4(UDP, &udp(4500, &[0; 40]))), Skip::Udp),
        (ethernet(IPV4, &ipv4(UDP, &udp(4500, &[0xff]))), Skip::Udp),
        (ethernet(IPV4, &ipv4(2, &[0; 12])), Skip::OtherProtocol),
        (ethernet(IPV6, &ipv6(59, &[])), Skip::OtherProtocol),
        (ethernet(IPV6, &ipv6(253, &tcp(b"ab"))), Skip::OtherProtocol),
    ];
    for (frame, skip) in cases {
        assert_eq!(read_ethernet(&frame), Err(skip), "{frame:02x?}");
    }
    assert_eq!(read(LinkType(105), &[0; 64]), Err(Skip::UnsupportedLink));
}

#[test]
fn every_reason_has_its_place_and_a_word_of_its_own() {
    assert!(
        Skip::ALL.iter().enumerate().all(|(place, skip)| skip.index() == place && !skip.meaning().is_empty())
    );
    let words: HashSet<&str> = Skip::ALL.iter().map(|skip| skip.word()).collect();
    assert_eq!(words.len(), Skip::COUNT);
}

#[test]
fn ip_02_every_known_extension_header_is_walked() {
    let segment = tcp(b"ab");
    for next in [0, 43, 60, 135, 139, 140] {
        let frame = ethernet(IPV6, &ipv6(next, &extension(TCP, 2, &segment)));
        assert_eq!(payload_of(&frame), Ok((b"ab".to_vec(), 0)), "{next}");
    }
    let ah = join(&[&[TCP, 4], &[0; 22], &segment]);
    assert_eq!(payload_of(&ethernet(IPV6, &ipv6(51, &ah))), Ok((b"ab".to_vec(), 0)));
    assert_eq!(payload_of(&ethernet(IPV4, &ipv4(51, &ah))), Ok((b"ab".to_vec(), 0)));
}

#[test]
fn ip_02_sixteen_extension_headers_are_walked_and_not_one_more() {
    let chain = |count: usize| {
        let inner = (1..count).fold(extension(TCP, 0, &tcp(b"ab")), |inner, _| extension(60, 0, &inner));
        payload_of(&ethernet(IPV6, &ipv6(60, &inner)))
    };
    assert_eq!(chain(16), Ok((b"ab".to_vec(), 0)));
    assert_eq!(chain(17), Err(Skip::TooDeep));
}

#[test]
fn ip_02_two_kib_of_extension_headers_are_walked_and_no_more() {
    let two = |units: u8| ethernet(IPV6, &ipv6(60, &extension(60, 127, &extension(TCP, units, &tcp(b"ab")))));
    assert_eq!(payload_of(&two(127)), Ok((b"ab".to_vec(), 0)));
    assert_eq!(payload_of(&two(128)), Err(Skip::TooDeep));
}

#[test]
fn a_routing_header_with_hops_to_go_names_the_final_destination() {
    let destination = |kind: u8, left: u8, list: &[[u8; 16]]| {
        let units = 2 * list.len() as u8;
        let header = join(&[&[TCP, units, kind, left, 0, 0, 0, 0], &list.concat(), &tcp(b"ab")]);
        read_ethernet(&ethernet(IPV6, &ipv6(43, &header))).expect("a segment").destination
    };
    let (near, far) = ([1; 16], [3; 16]);
    let name = |address: [u8; 16]| format!("{} 443", Address(address));
    assert_eq!(destination(0, 2, &[near, far]), name(far));
    assert_eq!(destination(2, 1, &[far]), name(far));
    assert_eq!(destination(4, 1, &[far, near]), name(far));
    assert_eq!(destination(4, 0, &[far, near]), name(SERVER_6));
}

#[test]
fn ip_07_two_vlans_are_two_lanes_unless_tags_are_ignored() {
    let on = |number| ethernet(VLAN, &tag(number, IPV4, &ipv4(TCP, &tcp(b"ab"))));
    let lanes: HashSet<u32> = (0..4096).map(|number| payload_of(&on(number)).expect("a segment").1).collect();
    assert_eq!(lanes.len(), 4096, "every number has a lane of its own");
    assert!(lanes.contains(&0), "number 0 is a priority, not a network");
    let config = WireConfig { ignore_vlan: true, ..WireConfig::default() };
    assert_eq!(read_with(config, LinkType::ETHERNET, &on(5)).expect("a segment").lane, 0);
}

#[test]
fn a_stack_of_tags_is_a_lane_that_depends_on_their_order() {
    let stack = |outer, inner| {
        let tagged = tag(outer, VLAN, &tag(inner, IPV6, &ipv6(TCP, &tcp(b"ab"))));
        payload_of(&ethernet(QINQ, &tagged)).expect("a segment").1
    };
    let lanes: HashSet<u32> = [stack(1, 2), stack(2, 1), stack(1, 1), stack(2, 2)].into();
    assert_eq!(lanes.len(), 4);
    assert_eq!(stack(1, 2), stack(1, 2));
}

#[test]
fn tcp_16_wrong_checksums_matter_only_when_asked_for() {
    let strict = WireConfig { verify_checksums: true, ..WireConfig::default() };
    let four = ethernet(IPV4, &ipv4(TCP, &tcp_summed(&CLIENT_4, &SERVER_4, b"odd")));
    let six = ethernet(IPV6, &ipv6(TCP, &tcp_summed(&CLIENT_6, &SERVER_6, b"even")));
    for (good, corrupted) in [(&four, 24), (&four, 55), (&six, 60)] {
        assert_eq!(read_with(strict, LinkType::ETHERNET, good), read_ethernet(good));
        let mut bad = good.clone();
        bad[corrupted] ^= 0x10;
        assert!(read_ethernet(&bad).is_ok());
        assert_eq!(read_with(strict, LinkType::ETHERNET, &bad), Err(Skip::BadChecksum));
    }
    let mut decoder = Decoder::new(strict);
    let cut = decoder.decode(Timestamp(0), LinkType::ETHERNET, &four[..four.len() - 1], four.len() as u32);
    assert!(cut.is_ok(), "what the capture cut cannot be judged");
}

#[test]
fn tcp_21_options_of_a_syn_are_read_and_broken_ones_are_as_if_absent() {
    let syn = [2, 4, 0x05, 0xb4, 1, 1, 4, 2, 1, 3, 3, 7];
    assert_eq!((options::maximum_segment_size(&syn), options::window_scale(&syn)), (Some(1460), Some(7)));
    assert_eq!(options::window_scale(&[3, 3, 200]), Some(14), "RFC 7323 section 2.3");
    for broken in [
        &[3][..],
        &[3, 3],
        &[3, 4, 7],
        &[3, 2, 7],
        &[0, 3, 3, 7],
        &[8, 0, 3, 3, 7],
        &[8, 1, 3, 3, 7],
        &[8, 99, 3, 3, 7],
    ] {
        assert_eq!(options::window_scale(broken), None, "{broken:?}");
    }
    assert_eq!(
        options::window_scale(&[3, 4, 9, 9, 3, 3, 5]),
        Some(5),
        "one of a wrong length is passed over"
    );
}

#[test]
fn addresses_keep_their_standard_forms() {
    for text in ["192.0.2.1", "2001:db8::1", "::", "::1"] {
        let ip: IpAddr = text.parse().expect("an address");
        assert_eq!((Address::from(ip).to_string(), IpAddr::from(Address::from(ip))), (text.to_owned(), ip));
        assert_eq!(Address::from(ip).is_ipv4(), ip.is_ipv4());
    }
}

proptest! {
    #![proptest_config(crate::cases(500))]

    #[test]
    fn no_octets_make_it_panic(link in 0_u16..280, frame in prop::collection::vec(any::<u8>(), 0..200), wire_length: u32) {
        let mut decoder = Decoder::new(WireConfig { verify_checksums: wire_length % 2 == 0, ..WireConfig::default() });
        if let Ok(segment) = decoder.decode(Timestamp(0), LinkType(link), &frame, wire_length) {
            prop_assert!(segment.payload.len() as u64 <= u64::from(segment.payload_on_wire));
        }
    }

    #[test]
    fn no_change_to_a_frame_makes_it_panic(
        frame in prop::sample::select(crate::wire_tunnels::zoo()),
        changes in prop::collection::vec((0_usize..120, any::<u8>()), 0..6),
        kept in 0_usize..300,
    ) {
        let mut frame = frame;
        for (at, octet) in changes {
            if let Some(place) = frame.get_mut(at) { *place = octet; }
        }
        let mut decoder = Decoder::new(WireConfig::default());
        if let Ok(segment) = decoder.decode(Timestamp(0), LinkType::ETHERNET, &frame[..kept.min(frame.len())], frame.len() as u32) {
            prop_assert!(segment.payload.len() as u64 <= u64::from(segment.payload_on_wire));
        }
    }
}
