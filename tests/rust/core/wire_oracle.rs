//! The decoder beside etherparse, an independent reader: built frames, and the same frames damaged.

use etherparse::{LaxSlicedPacket, PacketBuilder, TransportSlice};
use proptest::prelude::*;
use zertap_core::time::Timestamp;
use zertap_core::wire::{Address, Decoder, LinkType, WireConfig};

use crate::wire_frames::*;

/// What both readers can say of a segment.
#[derive(Debug, PartialEq, Eq)]
struct Facts {
    ends: (Address, Address),
    ports: (u16, u16),
    numbers: (u32, u32),
    flags: u8,
    window: u16,
    options: Vec<u8>,
    payload: Vec<u8>,
}

fn ours(frame: &[u8], wire_length: usize) -> Option<Facts> {
    let mut decoder = Decoder::new(WireConfig::default());
    let segment = decoder.decode(Timestamp(0), LinkType::ETHERNET, frame, wire_length as u32).ok()?;
    Some(Facts {
        ends: (segment.source, segment.destination),
        ports: (segment.source_port, segment.destination_port),
        numbers: (segment.sequence, segment.acknowledgment),
        flags: segment.flags.0,
        window: segment.window,
        options: segment.options.to_vec(),
        payload: segment.payload.to_vec(),
    })
}

fn theirs(frame: &[u8]) -> Option<Facts> {
    let packet = LaxSlicedPacket::from_ethernet(frame).ok()?;
    let ends = match packet.net? {
        etherparse::LaxNetSlice::Ipv4(ip) if !ip.header().is_fragmenting_payload() => {
            (Address::v4(ip.header().source()), Address::v4(ip.header().destination()))
        }
        etherparse::LaxNetSlice::Ipv6(ip) if !ip.is_payload_fragmented() => {
            (Address(ip.header().source()), Address(ip.header().destination()))
        }
        _ => return None,
    };
    let Some(TransportSlice::Tcp(tcp)) = packet.transport else { return None };
    let bits = [tcp.fin(), tcp.syn(), tcp.rst(), tcp.psh(), tcp.ack(), tcp.urg(), tcp.ece(), tcp.cwr()];
    Some(Facts {
        ends,
        ports: (tcp.source_port(), tcp.destination_port()),
        numbers: (tcp.sequence_number(), tcp.acknowledgment_number()),
        flags: bits.iter().rev().fold(0, |flags, bit| flags << 1 | u8::from(*bit)),
        window: tcp.window_size(),
        options: tcp.options().to_vec(),
        payload: tcp.payload().to_vec(),
    })
}

prop_compose! {
    /// Our builder's frames: tags, IPv4 options or IPv6 extension headers, TCP options, padding.
    fn frame()(
        tags in prop::collection::vec((0_u16..4096, prop::bool::ANY), 0..3),
        version in prop::bool::ANY,
        ip_options in 0_usize..11,
        extensions in prop::collection::vec((prop::sample::select(vec![0_u8, 60, 43]), 0_u8..3), 0..4),
        tcp_options in prop::collection::vec(any::<[u8; 4]>(), 0..11),
        numbers in any::<[u8; 8]>(),
        control in any::<[u8; 3]>(),
        payload in prop::collection::vec(any::<u8>(), 0..100),
        padding in 0_usize..20,
    ) -> Vec<u8> {
        let mut segment = tcp_with(&tcp_options.concat(), &payload);
        segment[4..12].copy_from_slice(&numbers);
        segment[13..16].copy_from_slice(&control);
        let (mut kind, mut packet) = if version {
            (IPV4, ipv4_with(TCP, &vec![1; ip_options * 4], 9, 0x4000, &segment))
        } else {
            // Hop-by-hop only in front, as the standard has it and etherparse expects it.
            let chain = extensions.iter().enumerate().filter(|(place, (next, _))| *next != 0 || *place + 1 == extensions.len());
            let (first, body) = chain.fold((TCP, segment), |(next, body), (_, (this, units))| {
                (*this, extension(next, *units, &body))
            });
            (IPV6, ipv6(first, &body))
        };
        for (number, service) in tags {
            packet = tag(number, kind, &packet);
            kind = if service { QINQ } else { VLAN };
        }
        join(&[&ethernet(kind, &packet), &vec![0xaa; padding]])
    }
}

proptest! {
    #![proptest_config(crate::cases(1000))]

    #[test]
    fn built_frames_are_read_as_etherparse_reads_them(frame in frame()) {
        let facts = ours(&frame, frame.len());
        prop_assert!(facts.is_some());
        prop_assert_eq!(facts, theirs(&frame));
    }

    #[test]
    fn cut_frames_are_read_as_etherparse_reads_them(frame in frame(), cut in any::<prop::sample::Index>()) {
        let kept = &frame[..cut.index(frame.len() + 1)];
        match (ours(kept, frame.len()), theirs(kept)) {
            // A header cut in its options is no header to etherparse; to us the fixed part is enough.
            (Some(facts), None) => prop_assert!(facts.payload.is_empty()),
            (facts, others) => prop_assert_eq!(facts, others),
        }
    }

    #[test]
    fn damaged_frames_give_no_segment_that_etherparse_reads_differently(
        frame in frame(),
        changes in prop::collection::vec((12_usize..80, any::<u8>()), 1..4),
    ) {
        let mut frame = frame;
        for (at, octet) in changes {
            if let Some(place) = frame.get_mut(at) { *place = octet; }
        }
        // What one of the two refuses or opens further (tunnels) is no contradiction; nor is the final destination that
        // we take from a routing header with hops to go.
        if let (Some(facts), Some(mut others)) = (ours(&frame, frame.len()), theirs(&frame)) {
            others.ends.1 = facts.ends.1;
            prop_assert_eq!(facts, others);
        }
    }

    #[test]
    fn frames_that_etherparse_builds_are_read(
        source in any::<[u8; 4]>(),
        destination in any::<[u8; 4]>(),
        ports in any::<(u16, u16)>(),
        sequence: u32,
        window: u16,
        number in 1_u16..4096,
        payload in prop::collection::vec(any::<u8>(), 0..50),
    ) {
        let builder = PacketBuilder::ethernet2([1; 6], [2; 6])
            .single_vlan(etherparse::VlanId::try_new(number).expect("twelve bits"))
            .ipv4(source, destination, 60)
            .tcp(ports.0, ports.1, sequence, window)
            .syn();
        let mut frame = Vec::new();
        builder.write(&mut frame, &payload).expect("a frame");
        let facts = ours(&frame, frame.len()).expect("a segment");
        prop_assert_eq!(facts.ends, (Address::v4(source), Address::v4(destination)));
        prop_assert_eq!((facts.ports, facts.numbers.0, facts.window, facts.flags), (ports, sequence, window, 2));
        prop_assert_eq!(facts.payload, payload.clone());
        // etherparse sums for us: a third view of the checksums.
        let strict = WireConfig { verify_checksums: true, ..WireConfig::default() };
        prop_assert!(read_with(strict, LinkType::ETHERNET, &frame).is_ok());
    }
}
