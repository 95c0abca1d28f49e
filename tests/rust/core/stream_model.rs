//! The stream follower against a model that keeps every octet: whatever comes in whatever order, what is delivered is
//! a gapless beginning of what was sent, each octet once, and everything once everything came.

use crate::support::{CLIENT, SERVER};
use proptest::prelude::*;
use zertap_core::handshake::{Flag, Flags, Side};
use zertap_core::stream::{Care, Delivery, Overdue, Piece, Seq, Stream, StreamLimits};
use zertap_core::time::{Span, Timestamp};

const LENGTH: usize = 600;

fn octet(place: usize) -> u8 {
    (place * 7 % 251) as u8
}

fn sent() -> Vec<u8> {
    (0..LENGTH).map(octet).collect()
}

/// A stream of which one direction begins here.
struct Kit {
    stream: Stream,
    first: Seq,
    limits: StreamLimits,
    flags: Flags,
    got: Vec<u8>,
    gaps: Vec<u64>,
}

impl Kit {
    fn new(first: u32) -> Self {
        let first = Seq(first);
        let mut stream = Stream::default();
        stream.halves[CLIENT].begin(first);
        stream.halves[CLIENT].count_segment();
        let (limits, flags) = (StreamLimits::default(), Flags::default());
        Self { stream, first, limits, flags, got: vec![], gaps: vec![] }
    }

    fn comes(&mut self, start: usize, octets: &[u8]) {
        let piece = Piece {
            seq: self.first.plus(start as u32),
            bytes: octets,
            length: octets.len() as u32,
            ack: None,
        };
        if let Some(delivery) = self.stream.offer(CLIENT, piece, Care::Octets, &mut self.flags) {
            self.take(CLIENT, &delivery);
        }
        self.settle();
    }

    fn settle(&mut self) {
        while let Some((side, delivery)) = self.stream.release(Care::Octets, &self.limits) {
            self.take(side, &delivery);
        }
    }

    fn take(&mut self, side: Side, delivery: &Delivery<'_>) {
        assert_eq!(side, CLIENT);
        match delivery {
            Delivery::Data { bytes, .. } => self.got.extend(bytes.iter()),
            Delivery::Gap(length) => self.gaps.push(*length),
            Delivery::Fin { .. } => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_pieces_of_one_direction_give_its_octets_in_order_and_each_once(
        first in prop_oneof![any::<u32>(), (u32::MAX - 700)..=u32::MAX],
        pieces in prop::collection::vec((0..LENGTH, 1usize..90), 0..60),
    ) {
        let all = sent();
        let mut kit = Kit::new(first);
        let mut came = [false; LENGTH];
        for (start, length) in pieces {
            let end = (start + length).min(LENGTH);
            came[start..end].fill(true);
            kit.comes(start, &all[start..end]);
            let beginning = came.iter().take_while(|came| **came).count();
            prop_assert_eq!(&kit.got, &all[..beginning]);
            prop_assert_eq!(kit.stream.halves[CLIENT].delivered(), beginning as u64);
            prop_assert_eq!(kit.stream.halves[CLIENT].octets(), came.iter().filter(|came| **came).count() as u64);
            let reached = came.iter().rposition(|came| *came).map_or(0, |last| last + 1);
            prop_assert_eq!(kit.stream.halves[CLIENT].highest(), Seq(first).plus(reached as u32));
        }
        kit.comes(0, &all);
        prop_assert_eq!(&kit.got, &all);
        prop_assert!(kit.gaps.is_empty() && kit.stream.holding.is_none());
        prop_assert!(!kit.flags.contains(Flag::OverlapConflict));
    }

    /// Other octets in the same places: those that came first are delivered, and the conflict is marked where the
    /// first copy is still held.
    #[test]
    fn what_came_first_wins(
        pieces in prop::collection::vec((1..LENGTH, 1usize..90, any::<bool>()), 0..40),
    ) {
        let all = sent();
        let mut kit = Kit::new(0);
        let mut model: Vec<Option<u8>> = vec![None; LENGTH];
        let mut conflict = false;
        for (start, length, forged) in pieces {
            let end = (start + length).min(LENGTH);
            let octets: Vec<u8> = all[start..end].iter().map(|octet| if forged { !octet } else { *octet }).collect();
            for (place, octet) in model[start..end].iter_mut().zip(&octets) {
                conflict |= place.is_some_and(|kept| kept != *octet);
                place.get_or_insert(*octet);
            }
            kit.comes(start, &octets);
        }
        prop_assert_eq!(kit.flags.contains(Flag::OverlapConflict), conflict);
        for (place, octet) in model.iter().enumerate().filter(|(_, octet)| octet.is_none()).map(|(place, _)| (place, octet(place))).collect::<Vec<_>>() {
            kit.comes(place, &[octet]);
        }
        let expected: Vec<u8> = model.iter().enumerate().map(|(place, kept)| kept.unwrap_or_else(|| octet(place))).collect();
        prop_assert_eq!(kit.got, expected);
    }

    /// The number of octets held never passes the limit by more than what one piece brings.
    #[test]
    fn holes_are_given_up_from_the_lowest_when_too_much_is_held(
        pieces in prop::collection::vec((1..LENGTH, 1usize..20), 1..200),
    ) {
        let all = sent();
        let mut kit = Kit::new(77);
        kit.limits = StreamLimits { held_octets: 64, held_islands: 5, ..StreamLimits::default() };
        for (start, length) in pieces {
            let end = (start + length).min(LENGTH);
            kit.comes(start, &all[start..end]);
            let half = &kit.stream.halves[CLIENT];
            let held = half.octets() - kit.got.len() as u64;
            prop_assert!(held <= 64, "{} held", held);
            prop_assert_eq!(half.delivered(), kit.got.len() as u64 + kit.gaps.iter().sum::<u64>());
        }
    }
}

fn acknowledged(kit: &mut Kit, octets: u32) {
    let ack = kit.first.plus(octets);
    kit.stream.acknowledge(SERVER, ack);
}

#[test]
fn a_hole_is_one_only_when_the_other_side_acknowledged_it() {
    let mut kit = Kit::new(5);
    assert!(!kit.stream.has_acknowledged_hole(CLIENT));
    acknowledged(&mut kit, 10);
    assert!(kit.stream.has_acknowledged_hole(CLIENT));
    kit.comes(0, &sent()[..10]);
    assert!(!kit.stream.has_acknowledged_hole(CLIENT));
}

#[test]
fn a_hole_is_overdue_after_its_span_and_its_successor_waits_anew() {
    let mut kit = Kit::new(5);
    let at = |seconds| Timestamp(0).after(Span::seconds(seconds));
    acknowledged(&mut kit, 10);
    assert!(matches!(kit.stream.overdue(at(1), &kit.limits), Overdue::Wait(deadline) if deadline == at(2)));
    kit.comes(0, &sent()[..10]);
    acknowledged(&mut kit, 20);
    assert!(matches!(kit.stream.overdue(at(2), &kit.limits), Overdue::Wait(deadline) if deadline == at(3)));
    assert!(matches!(kit.stream.overdue(at(3), &kit.limits), Overdue::Gap(CLIENT, Delivery::Gap(10))));
}

#[test]
fn octets_wait_for_what_their_sender_had_seen() {
    let mut kit = Kit::new(5);
    kit.stream.halves[SERVER].begin(Seq(100));
    kit.stream.halves[SERVER].count_segment();
    kit.stream.acknowledge(CLIENT, Seq(103));
    let answer = Piece { seq: kit.first, bytes: b"answer", length: 6, ack: Some(Seq(103)) };
    assert!(kit.stream.offer(CLIENT, answer, Care::Causal, &mut kit.flags).is_none());
    assert!(kit.stream.release(Care::Causal, &kit.limits).is_none());
    let question = Piece { seq: Seq(100), bytes: b"why", length: 3, ack: Some(kit.first) };
    assert!(kit.stream.offer(SERVER, question, Care::Causal, &mut kit.flags).is_some());
    let released = kit.stream.release(Care::Causal, &kit.limits);
    assert!(matches!(released, Some((CLIENT, Delivery::Data { seen: 3, .. }))), "{released:?}");
}

#[test]
fn octets_that_wait_for_each_other_do_not_wait_for_ever() {
    let mut kit = Kit::new(5);
    kit.stream.halves[SERVER].begin(Seq(100));
    kit.stream.halves[SERVER].count_segment();
    kit.stream.acknowledge(CLIENT, Seq(103));
    kit.stream.acknowledge(SERVER, Seq(8));
    for (side, seq, ack) in [(CLIENT, Seq(5), Seq(103)), (SERVER, Seq(100), Seq(8))] {
        let piece = Piece { seq, bytes: b"abc", length: 3, ack: Some(ack) };
        assert!(kit.stream.offer(side, piece, Care::Causal, &mut kit.flags).is_none());
    }
    assert!(kit.stream.release(Care::Causal, &kit.limits).is_some());
    assert!(kit.stream.release(Care::Causal, &kit.limits).is_some());
    assert!(kit.stream.release(Care::Causal, &kit.limits).is_none());
    assert!(kit.stream.holding.is_none());
}

#[test]
fn a_fin_is_delivered_behind_the_last_octet_and_once() {
    let mut kit = Kit::new(u32::MAX - 1);
    let fin = kit.first.plus(10);
    assert!(kit.stream.offer_fin(CLIENT, fin, None, Care::Octets, &mut kit.flags).is_none());
    assert_eq!(kit.stream.fin(CLIENT), Some(fin));
    kit.comes(0, &sent()[..10]);
    assert!(kit.stream.halves[CLIENT].fin_delivered());
    assert!(kit.stream.offer_fin(CLIENT, fin, None, Care::Octets, &mut kit.flags).is_none());
    assert_eq!((kit.stream.fin(CLIENT), kit.flags), (Some(fin), Flags::default()));
    kit.comes(10, b"more");
    assert!(kit.flags.contains(Flag::BeyondFin));
}

#[test]
fn distances_are_exact_across_the_wrap() {
    assert_eq!(Seq(u32::MAX).distance_to(Seq(1)), 2);
    assert_eq!(Seq(1).distance_to(Seq(u32::MAX)), -2);
    assert_eq!((Seq(u32::MAX).octets_to(Seq(1)), Seq(1).octets_to(Seq(u32::MAX))), (2, 0));
    assert_eq!(Seq(u32::MAX).plus(2), Seq(1));
    assert_eq!(Seq(1).minus(2), Seq(u32::MAX));
}

/// The server's octets are lost; the client's, which acknowledge them, wait, and its FIN stands behind them.
#[test]
fn a_piece_that_waits_for_the_other_side_is_no_hole_though_a_fin_follows_it() {
    let (mut stream, mut flags, limits) = (Stream::default(), Flags::default(), StreamLimits::default());
    for (side, first) in [(CLIENT, 100), (SERVER, 200)] {
        stream.halves[side].begin(Seq(first));
        stream.halves[side].count_segment();
    }
    let ack = Some(Seq(300));
    stream.acknowledge(CLIENT, Seq(300));
    let piece = Piece { seq: Seq(100), bytes: &[1; 7], length: 7, ack };
    assert!(stream.offer(CLIENT, piece, Care::Causal, &mut flags).is_none());
    assert!(stream.offer_fin(CLIENT, Seq(107), ack, Care::Causal, &mut flags).is_none());
    assert!(stream.release(Care::Causal, &limits).is_none());
    assert!(matches!(stream.flush(), Some((SERVER, Delivery::Gap(100)))));
    let Some((CLIENT, Delivery::Data { bytes, .. })) = stream.release(Care::Causal, &limits) else {
        panic!("the client's octets were captured")
    };
    assert_eq!(*bytes, [1; 7]);
    assert!(matches!(stream.release(Care::Causal, &limits), Some((CLIENT, Delivery::Fin { .. }))));
    assert!(stream.flush().is_none());
}
