//! Fragments (EDGE_CASES IP-01, IP-03, IP-04, IP-12 and the limits of A10).

use proptest::prelude::*;
use zertap_core::time::{Span, Timestamp};
use zertap_core::wire::{Decoder, FragmentLimits, LinkType, Skip, WireConfig};

use crate::seeds::Said;
use crate::wire_frames::*;

/// A decoder, its clock in seconds, and frames as whole as they are.
struct Bench(Decoder, Said);

impl Bench {
    fn new() -> Self {
        Self(Decoder::new(WireConfig::default()), Said::to("frames", &[0, 8]))
    }

    fn limited(fragments: FragmentLimits) -> Self {
        Self(Decoder::new(WireConfig { fragments, ..WireConfig::default() }), Said::to("frames", &[0, 0]))
    }

    fn push(&mut self, second: u64, frame: &[u8]) -> Result<Seen, Skip> {
        let at = Timestamp(second * 1_000_000_000);
        self.1.block(0, frame);
        let segment = self.0.decode(at, LinkType::ETHERNET, frame, frame.len() as u32);
        segment.map(|segment| seen(&segment))
    }
}

/// A piece of `whole` from octet `from` to `to`, as IPv4 fragment of datagram `number`.
fn four(number: u16, whole: &[u8], from: usize, to: usize) -> Vec<u8> {
    let more = if to < whole.len() { 0x2000 } else { 0 };
    ethernet(IPV4, &ipv4_with(TCP, &[], number, more | (from / 8) as u16, &whole[from..to]))
}

/// The same as IPv6 fragment.
fn six(number: u16, whole: &[u8], from: usize, to: usize) -> Vec<u8> {
    let field = (from as u16 & 0xfff8) | u16::from(to < whole.len());
    let header = join(&[&[TCP, 0], &field.to_be_bytes(), &[0, 0], &number.to_be_bytes()]);
    ethernet(IPV6, &ipv6(FRAGMENT, &join(&[&header, &whole[from..to]])))
}

type Make = fn(u16, &[u8], usize, usize) -> Vec<u8>;
const BOTH: [Make; 2] = [four, six];

/// A segment with a payload that shows where each octet belongs.
fn segment(payload: usize) -> (Vec<u8>, Vec<u8>) {
    let payload: Vec<u8> = (0..payload).map(|at| (at * 7) as u8).collect();
    (tcp(&payload), payload)
}

proptest! {
    #![proptest_config(crate::cases(500))]

    #[test]
    fn ip_01_ip_03_pieces_in_any_order_with_duplicates_make_the_datagram(
        version in prop::sample::select(vec![0_usize, 1]),
        length in 1_usize..600,
        cuts in prop::collection::btree_set(1_usize..78, 1..12),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let (whole, payload) = segment(length);
        let mut borders: Vec<usize> = cuts.into_iter().map(|cut| cut * 8).filter(|cut| *cut < whole.len()).collect();
        prop_assume!(!borders.is_empty());
        borders.insert(0, 0);
        borders.push(whole.len());
        let pieces: Vec<_> = borders.windows(2).map(|ends| BOTH[version](1, &whole, ends[0], ends[1])).collect();
        // Any order with repetitions, then all that are missing.
        let mut sequence: Vec<usize> = order.iter().map(|index| index.index(pieces.len())).collect();
        sequence.extend(0..pieces.len());
        let (mut bench, mut here) = (Bench::new(), std::collections::BTreeSet::new());
        for piece in sequence {
            here.insert(piece);
            let result = bench.push(0, &pieces[piece]);
            if here.len() == pieces.len() {
                let seen = result.expect("the last piece completes it");
                prop_assert_eq!(&seen.payload, &payload);
                prop_assert_eq!(seen.payload_on_wire as usize, payload.len());
                prop_assert!(!seen.overlap);
                break;
            }
            prop_assert_eq!(result, Err(Skip::FragmentHeld));
        }
        let counters = bench.0.counters();
        prop_assert_eq!((counters.reassembled, counters.waiting, counters.held), (1, 0, 0));
    }

    #[test]
    fn any_pieces_at_all_stay_within_the_limits(
        pieces in prop::collection::vec((0_u16..6, 0_u16..40, 1_usize..5, any::<bool>(), any::<bool>(), 0_u64..50), 0..200),
    ) {
        let limits = FragmentLimits { octets: 3000, datagrams: 4, pieces: 5, age: Span::seconds(30) };
        let mut bench = Bench::limited(limits);
        for (number, offset, words, more, version, second) in pieces {
            let body = vec![number as u8; words * 8];
            let frame = if version {
                ethernet(IPV4, &ipv4_with(TCP, &[], number, if more { 0x2000 } else { 0 } | offset, &body))
            } else {
                let field = offset << 3 | u16::from(more);
                ethernet(IPV6, &ipv6(FRAGMENT, &join(&[&[TCP, 0], &field.to_be_bytes(), &[0, 0, 0, number as u8], &body])))
            };
            // Whatever comes out: nothing but octets that came in.
            if let Ok(seen) = bench.push(second, &frame) {
                prop_assert!(seen.payload.iter().all(|octet| *octet == number as u8));
            }
            let counters = bench.0.counters();
            prop_assert!(counters.waiting <= 4 && counters.held <= 3000, "{:?}", counters);
        }
    }
}

#[test]
fn ip_03_an_atomic_fragment_is_alone_and_disturbs_no_other() {
    let (whole, payload) = segment(100);
    let mut bench = Bench::new();
    assert_eq!(bench.push(0, &six(1, &whole, 0, 64)), Err(Skip::FragmentHeld));
    let atomic = bench.push(0, &six(1, &whole, 0, whole.len())).expect("whole at once");
    assert_eq!(atomic.payload, payload);
    assert_eq!(bench.push(0, &six(1, &whole, 64, whole.len())).expect("complete").payload, payload);
}

#[test]
fn ip_04_in_ipv4_the_first_copy_of_overlapping_octets_wins_and_is_told() {
    let (whole, payload) = segment(100);
    let mut other = whole.clone();
    other[32..48].fill(0xee);
    let mut bench = Bench::new();
    assert_eq!(bench.push(0, &four(1, &whole, 0, 48)), Err(Skip::FragmentHeld));
    assert_eq!(bench.push(0, &four(1, &other, 32, 80)), Err(Skip::FragmentHeld));
    let seen = bench.push(0, &four(1, &whole, 80, 120)).expect("complete");
    assert_eq!((seen.payload, seen.overlap), (payload, true));
    assert_eq!(bench.0.counters().overlapped, 1);
}

#[test]
fn ip_04_in_ipv4_a_piece_over_several_holes_fills_each_of_them() {
    let (whole, payload) = segment(100);
    let mut bench = Bench::new();
    for (from, to) in [(16, 32), (48, 64), (112, 120)] {
        assert_eq!(bench.push(0, &four(1, &whole, from, to)), Err(Skip::FragmentHeld));
    }
    let seen = bench.push(0, &four(1, &whole, 0, 112)).expect("complete");
    assert_eq!((seen.payload, seen.overlap), (payload, true));
}

#[test]
fn ip_04_in_ipv6_any_overlap_drops_the_whole_datagram_and_its_later_pieces() {
    let (whole, _) = segment(100);
    let mut bench = Bench::new();
    assert_eq!(bench.push(0, &six(1, &whole, 0, 48)), Err(Skip::FragmentHeld));
    assert_eq!(bench.push(0, &six(1, &whole, 40, 80)), Err(Skip::FragmentDropped));
    assert_eq!(bench.push(0, &six(1, &whole, 48, 80)), Err(Skip::FragmentDropped));
    assert_eq!(bench.push(0, &six(1, &whole, 80, 120)), Err(Skip::FragmentDropped));
    assert_eq!((bench.0.counters().spoiled, bench.0.counters().reassembled), (1, 0));
}

#[test]
fn in_ipv6_a_duplicate_with_other_octets_drops_the_datagram() {
    let (whole, _) = segment(100);
    let mut other = whole.clone();
    other[5] ^= 1;
    let mut bench = Bench::new();
    assert_eq!(bench.push(0, &six(1, &whole, 0, 48)), Err(Skip::FragmentHeld));
    assert_eq!(bench.push(0, &six(1, &other, 0, 48)), Err(Skip::FragmentDropped));
}

#[test]
fn contradictory_ends_drop_the_datagram() {
    let (whole, _) = segment(100);
    for make in BOTH {
        for second in [&whole[..64], &whole[..112]] {
            let mut bench = Bench::new();
            assert_eq!(bench.push(0, &make(1, &whole, 72, 120)), Err(Skip::FragmentHeld));
            assert_eq!(bench.push(0, &make(1, second, 48, second.len())), Err(Skip::FragmentDropped));
            assert_eq!(bench.push(0, &make(1, &whole, 0, 72)), Err(Skip::FragmentDropped));
        }
        let mut bench = Bench::new();
        assert_eq!(bench.push(0, &make(1, &[0; 300], 200, 240)), Err(Skip::FragmentHeld));
        assert_eq!(bench.push(0, &make(1, &whole, 72, 120)), Err(Skip::FragmentDropped));
    }
}

#[test]
fn impossible_fragments_are_refused() {
    let uneven = ethernet(IPV4, &ipv4_with(TCP, &[], 1, 0x2000, &[0; 13]));
    let empty = ethernet(IPV4, &ipv4_with(TCP, &[], 1, 0x2004, &[]));
    let beyond = ethernet(IPV4, &ipv4_with(TCP, &[], 1, 0x1fff, &[0; 16]));
    let mut bench = Bench::new();
    for frame in [uneven, empty, beyond] {
        assert_eq!(bench.push(0, &frame), Err(Skip::FragmentDropped));
    }
    assert_eq!((bench.0.counters().refused, bench.0.counters().waiting), (3, 0));
}

#[test]
fn a_fragment_cut_by_the_capture_is_never_joined() {
    let (whole, _) = segment(100);
    let mut decoder = Decoder::new(WireConfig::default());
    let frame = four(1, &whole, 0, 64);
    let cut = decoder.decode(Timestamp(0), LinkType::ETHERNET, &frame[..frame.len() - 1], frame.len() as u32);
    assert_eq!(cut.err(), Some(Skip::Truncated));
    assert_eq!(decoder.counters().waiting, 0);
}

#[test]
fn a_datagram_is_given_up_after_thirty_seconds() {
    let (whole, payload) = segment(100);
    for (second, completes) in [(30, true), (31, false)] {
        for make in BOTH {
            let mut bench = Bench::new();
            assert_eq!(bench.push(100, &make(1, &whole, 0, 64)), Err(Skip::FragmentHeld));
            let result = bench.push(100 + second, &make(1, &whole, 64, 120)).map(|seen| seen.payload);
            assert_eq!(result, if completes { Ok(payload.clone()) } else { Err(Skip::FragmentHeld) });
            assert_eq!(bench.0.counters().expired, u64::from(!completes));
        }
    }
}

#[test]
fn a_clock_that_jumps_ahead_and_back_leaves_nothing_behind() {
    let (whole, payload) = segment(100);
    let mut bench = Bench::new();
    assert_eq!(bench.push(1_000_000, &four(1, &whole, 0, 64)), Err(Skip::FragmentHeld));
    assert_eq!(bench.push(10, &four(1, &whole, 64, 120)), Err(Skip::FragmentHeld));
    assert_eq!(bench.push(9, &four(1, &whole, 0, 64)).expect("a little disorder is none").payload, payload);
}

#[test]
fn ip_12_number_protocol_version_and_vlan_keep_datagrams_apart() {
    let (whole, payload) = segment(100);
    let tagged =
        |number| join(&[&four(1, &whole, 0, 64)[..12], &tag(VLAN, number, &four(1, &whole, 0, 64)[12..])]);
    let other_protocol = ethernet(IPV4, &ipv4_with(UDP, &[], 1, 0x2000, &whole[..64]));
    let mut bench = Bench::new();
    for frame in
        [four(1, &whole, 0, 64), six(1, &whole, 0, 64), four(2, &whole, 0, 64), tagged(5), other_protocol]
    {
        assert_eq!(bench.push(0, &frame), Err(Skip::FragmentHeld));
    }
    assert_eq!(bench.0.counters().waiting, 5);
    assert_eq!(bench.push(0, &four(1, &whole, 64, 120)).expect("complete").payload, payload);
    assert_eq!(bench.0.counters().waiting, 4);
}

#[test]
fn in_ipv6_the_first_piece_says_what_the_datagram_carries() {
    let (whole, payload) = segment(100);
    let mut last = six(1, &whole, 64, 120);
    last[54] = 50;
    let mut bench = Bench::new();
    assert_eq!(bench.push(0, &last), Err(Skip::FragmentHeld));
    assert_eq!(bench.push(0, &six(1, &whole, 0, 64)).expect("complete").payload, payload);
}

#[test]
fn fragments_of_what_cannot_be_tcp_are_not_kept() {
    let mut bench = Bench::new();
    let frame = ethernet(IPV4, &ipv4_with(ICMP, &[], 1, 0x2000, &[0; 64]));
    assert_eq!(bench.push(0, &frame), Err(Skip::Icmp));
    assert_eq!(bench.0.counters().waiting, 0);
}

#[test]
fn fragments_of_a_tunnel_and_in_it_are_joined() {
    let (whole, payload) = segment(100);
    let mut bench = Bench::new();
    let inner: Vec<Vec<u8>> =
        [(0, 64), (64, 120)].iter().map(|(from, to)| four(1, &whole, *from, *to)[14..].to_vec()).collect();
    let mut last = Err(Skip::NotIp);
    for (number, packet) in (10..).zip(&inner) {
        for (from, to) in [(0, 40), (40, packet.len())] {
            let more = if to < packet.len() { 0x2000 } else { 0 };
            let field = more | (from / 8) as u16;
            last = bench.push(0, &ethernet(IPV4, &ipv4_with(IPIP, &[], number, field, &packet[from..to])));
        }
    }
    assert_eq!(last.expect("complete").payload, payload);
    assert_eq!(bench.0.counters().reassembled, 3);
}

#[test]
fn ip_12_a_flood_of_datagrams_drops_the_oldest() {
    let (whole, payload) = segment(100);
    let mut bench = Bench::new();
    for number in 0..1025 {
        assert_eq!(bench.push(0, &four(number, &whole, 0, 64)), Err(Skip::FragmentHeld));
    }
    let counters = bench.0.counters();
    assert_eq!((counters.waiting, counters.evicted), (1024, 1));
    assert_eq!(bench.push(0, &four(1, &whole, 64, 120)).expect("the second is still here").payload, payload);
    assert_eq!(bench.push(0, &four(0, &whole, 64, 120)), Err(Skip::FragmentHeld), "the first is gone");
}

#[test]
fn ip_12_a_flood_of_octets_stays_within_four_mib() {
    let mut bench = Bench::new();
    let body = vec![0; 60_000];
    for number in 0..500 {
        let frame = ethernet(IPV4, &ipv4_with(TCP, &[], number, 0x2000, &body));
        assert_eq!(bench.push(0, &frame), Err(Skip::FragmentHeld));
        assert!(bench.0.counters().held <= 4 * 1024 * 1024);
    }
    let counters = bench.0.counters();
    assert!(counters.held > 3 * 1024 * 1024, "the room is used: {counters:?}");
    assert_eq!(counters.evicted as usize + counters.waiting, 500);
}

#[test]
fn ip_12_a_datagram_in_more_than_64_pieces_is_given_up() {
    for (pieces, completes) in [(64, true), (65, false)] {
        for make in BOTH {
            let (whole, payload) = segment(pieces * 8 - 20);
            let mut bench = Bench::new();
            let results: Vec<_> =
                (0..pieces).map(|at| bench.push(0, &make(1, &whole, at * 8, at * 8 + 8))).collect();
            let last = results.last().expect("there are pieces").clone().map(|seen| seen.payload);
            assert_eq!(last, if completes { Ok(payload) } else { Err(Skip::FragmentDropped) });
        }
    }
}

#[test]
fn every_datagram_ends_in_one_counter() {
    let mut bench = Bench::limited(FragmentLimits { datagrams: 8, ..FragmentLimits::default() });
    let (whole, _) = segment(100);
    for number in 0..3000_u16 {
        let second = u64::from(number / 40);
        // Most complete; every seventh waits, every eleventh contradicts itself.
        let _ = bench.push(second, &six(number, &whole, 0, 64));
        if number % 11 == 0 {
            let _ = bench.push(second, &six(number, &whole, 56, 120));
        } else if number % 7 != 0 {
            let _ = bench.push(second, &six(number, &whole, 64, 120));
        }
    }
    let counters = bench.0.counters();
    let spoiled_waiting =
        3000 - counters.reassembled - counters.expired - counters.evicted - counters.spoiled;
    assert!(spoiled_waiting <= counters.waiting as u64, "{counters:?}");
    assert_eq!(counters.spoiled, 273);
    assert!(counters.held < 100_000, "{counters:?}");
}
