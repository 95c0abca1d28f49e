//! What one connection, and what all together, may cost (EDGE_CASES A10, DESIGN section 5).

use crate::support::*;
use crate::tls_talk::full_12;
use zertap_core::config::Config;
use zertap_core::event::RowKind;
use zertap_core::flow::Connection;
use zertap_core::handshake::{Flag, Phase};
use zertap_core::tap::Tap;
use zertap_core::time::{Span, Timestamp};

fn syn(port: u16) -> Vec<Packet> {
    Conversation::silent().on_ports(port, 80).syn(CLIENT).packets
}

fn established(port: u16) -> Vec<Packet> {
    Conversation::open().on_ports(port, 80).packets
}

fn ended(port: u16) -> Vec<Packet> {
    Conversation::open().closes(CLIENT).on_ports(port, 80).packets
}

#[test]
fn a_parked_connection_is_one_slot_of_at_most_256_octets() {
    assert!(size_of::<Connection>() <= 256, "{}", size_of::<Connection>());
}

#[test]
fn of_too_many_attempts_the_oldest_are_dropped_and_counted() {
    let mut tap = Tap::new(Config { max_half_open: 3, ..Config::default() });
    for port in 1..=5 {
        feed(&mut tap, &syn(port));
    }
    feed(&mut tap, &established(9));
    assert_eq!((tap.live(), tap.table_counters().half_open_dropped), (3, 3));
    tap.finish();
    assert_eq!(tap.drain().iter().map(|row| row.ports[0]).collect::<Vec<_>>(), [4, 5, 9]);
}

#[test]
fn an_answered_attempt_makes_room_for_another() {
    let mut tap = Tap::new(Config { max_half_open: 2, ..Config::default() });
    for port in 1..=50 {
        feed(&mut tap, &established(port));
        feed(&mut tap, &Conversation::silent().on_ports(port + 100, 80).syn(CLIENT).rst(SERVER).packets);
    }
    assert_eq!((tap.live(), tap.table_counters().half_open_dropped), (50, 0));
}

/// A refused attempt is counted off once: counted twice, each would lift the limit by one.
#[test]
fn refused_attempts_do_not_widen_the_limit_for_others() {
    let mut tap = Tap::new(Config { max_half_open: 3, ..Config::default() });
    for port in 1..=40 {
        feed(&mut tap, &Conversation::silent().on_ports(port, 80).syn(CLIENT).rst(SERVER).packets);
        feed(&mut tap, &syn(port + 100));
    }
    assert_eq!((tap.live(), tap.table_counters().half_open_dropped), (3, 37));
}

/// The copy of a SYN that comes behind the refusal opens nothing; a SYN with another number does.
#[test]
fn a_late_copy_of_a_refused_syn_is_no_other_attempt() {
    let mut tap = Tap::new(Config::default());
    let refused = Conversation::silent().on_ports(7, 80).syn(CLIENT).rst(SERVER).packets;
    feed(&mut tap, &refused);
    feed(&mut tap, &refused[..1]);
    assert_eq!((tap.table_counters().opened, tap.table_counters().stragglers), (1, 1));
    // Its sender may have sent it once more, not having heard of the refusal.
    let mut again = Tap::new(Config::default());
    feed(&mut again, &refused);
    feed(&mut again, &Conversation::silent().on_ports(7, 80).waits(SECOND).syn(CLIENT).packets);
    assert_eq!((again.table_counters().opened, again.live()), (2, 1));
    let mut another = Conversation::silent().on_ports(7, 80);
    another.next[0] += 1_000_000;
    feed(&mut tap, &another.syn(CLIENT).packets);
    assert_eq!((tap.table_counters().opened, tap.live()), (2, 1));
}

#[test]
fn a_full_table_evicts_the_longest_idle_and_says_so() {
    let mut tap = Tap::new(Config { max_connections: 3, ..Config::default() });
    for port in 1..=3 {
        feed(&mut tap, &established(port));
    }
    tap.advance(Timestamp(EPOCH + SECOND));
    // The first one speaks again, so the second is the longest idle.
    let spoken = Conversation::open().client(b"GET /").on_ports(1, 80);
    let packet = Packet { at: EPOCH + SECOND, ..spoken.packets[3].clone() };
    feed(&mut tap, &[packet]);
    feed(&mut tap, &established(4));
    let rows = tap.drain();
    assert_eq!(rows.iter().map(|row| (row.kind, row.ports[0])).collect::<Vec<_>>(), [(RowKind::Evicted, 2)]);
    assert!(rows[0].has(Flag::Evicted));
    assert_eq!((tap.live(), tap.table_counters().evicted), (3, 1));
}

#[test]
fn an_evicted_connection_that_goes_on_is_the_next_of_its_addresses() {
    let mut tap = Tap::new(Config { max_connections: 1, ..Config::default() });
    feed(&mut tap, &established(10_001));
    feed(&mut tap, &established(10_002));
    feed(&mut tap, &Conversation::open().client(b"GET /").on_ports(10_001, 80).packets[3..]);
    tap.finish();
    let told: Vec<_> = tap.drain().iter().map(|row| (row.ports[0], row.ordinal, row.phase)).collect();
    assert_eq!(told, [(10_001, 1, Phase::Silent), (10_002, 1, Phase::Silent), (10_001, 2, Phase::Unseen)]);
}

#[test]
fn ended_connections_are_forgotten_before_live_ones() {
    let mut tap = Tap::new(Config { max_connections: 3, ..Config::default() });
    feed(&mut tap, &established(1));
    for port in 2..200 {
        feed(&mut tap, &ended(port));
    }
    assert_eq!((tap.live(), tap.table_counters().evicted), (1, 0));
}

#[test]
fn of_too_many_ended_connections_the_oldest_are_forgotten() {
    let mut tap = Tap::new(Config { max_ended: 2, ..Config::default() });
    for port in 1..=3 {
        feed(&mut tap, &ended(port));
    }
    let stragglers = |tap: &mut Tap, port: u16| {
        let before = tap.table_counters().stragglers;
        feed(tap, &ended(port)[5..]);
        tap.table_counters().stragglers - before
    };
    assert_eq!([stragglers(&mut tap, 3), stragglers(&mut tap, 2), stragglers(&mut tap, 1)], [1, 1, 0]);
}

#[test]
fn ended_connections_are_forgotten_in_time() {
    let mut tap = Tap::new(Config { linger_span: Span::seconds(60), ..Config::default() });
    feed(&mut tap, &Conversation::open().closes(CLIENT).packets);
    tap.advance(Timestamp(EPOCH + 61 * SECOND));
    feed(&mut tap, &Conversation::open().closes(CLIENT).packets[5..]);
    assert_eq!((tap.table_counters().stragglers, tap.live()), (0, 1));
}

/// Long after an end nothing is a straggler, and what begins then is still the next of its addresses.
#[test]
fn a_connection_long_after_the_end_of_another_one_is_counted_behind_it() {
    let mut tap = Tap::new(Config::default());
    let ended = Conversation::open().closes(CLIENT);
    feed(&mut tap, &ended.packets);
    for days in 1..=3 {
        let later = |packet: &Packet| Packet { at: packet.at + days * 86_400 * SECOND, ..packet.clone() };
        feed(&mut tap, &ended.packets.iter().map(later).collect::<Vec<_>>());
    }
    let ordinals: Vec<_> = tap.drain().iter().map(|row| row.ordinal).collect();
    assert_eq!((ordinals, tap.table_counters().stragglers), (vec![1, 2, 3, 4], 0));
}

/// However few live, 16,384 ended ones are remembered; where more live, as many as do.
#[test]
fn as_many_ended_connections_are_remembered_as_live() {
    let fewest = 16_384;
    for (living, remembered) in [(0, fewest), (fewest + 500, fewest + 500)] {
        let mut tap = Tap::new(Config::default());
        for port in 1..=living {
            feed(&mut tap, &established(port));
        }
        let first = living + 1;
        for port in first..=first + remembered {
            feed(&mut tap, &ended(port));
        }
        let straggler = |tap: &mut Tap, port: u16| {
            let before = tap.table_counters().stragglers;
            feed(tap, &ended(port)[5..]);
            tap.table_counters().stragglers - before
        };
        // One more ended than are remembered; what opens here lives, so one more is remembered then.
        let ports = [first + remembered, first + 1, first];
        assert_eq!(ports.map(|port| straggler(&mut tap, port)), [1, 1, 0], "{living}");
    }
}

/// What one connection holds when octets come that cannot be delivered yet.
fn held(packets: impl IntoIterator<Item = (u32, Vec<u8>)>, ack: u32) -> Run {
    let mut flood = Conversation::open().client(b"hello ").server(b"x");
    let first = flood.next[0];
    let ack = flood.next[1].wrapping_add(ack);
    for (offset, octets) in packets {
        flood = flood.packet(
            CLIENT,
            first.wrapping_add(offset),
            Some(ack),
            zertap_core::wire::TcpFlags::PSH,
            &octets,
        );
    }
    // Nothing may be left for the end of input to declare: what is told is told by the limit.
    for packet in &mut flood.packets {
        packet.at = EPOCH;
    }
    let mut tap = Tap::new(asking_for_all());
    feed(&mut tap, &flood.packets);
    tap.advance(Timestamp(EPOCH + 11 * SECOND));
    Run { rows: tap.drain(), tap }
}

#[test]
fn octets_above_a_hole_are_kept_up_to_32_kib() {
    let above = |pieces: u32| held((0..pieces).map(|n| (10 + n * 1024, vec![b'x'; 1024])), 0);
    assert!(!above(32).row(RowKind::Due).has(Flag::Gap));
    assert!(above(33).row(RowKind::Due).has(Flag::Gap));
}

#[test]
fn islands_above_a_hole_are_kept_up_to_64() {
    let above = |pieces: u32| held((0..pieces).map(|n| (10 + n * 10, b"island".to_vec())), 0);
    assert!(!above(64).row(RowKind::Due).has(Flag::Gap));
    assert!(above(65).row(RowKind::Due).has(Flag::Gap));
}

#[test]
fn the_limit_holds_for_octets_that_wait_for_the_other_direction() {
    let waiting = |pieces: u32| held((0..pieces).map(|n| (n * 1024, vec![b'x'; 1024])), 500);
    assert!(waiting(40).row(RowKind::Due).has(Flag::Gap));
}

#[test]
fn one_octet_segments_cost_the_same_however_many_came_before() {
    const BATCH: u32 = 4_000;
    let opened = Conversation::of(&full_12());
    let mut tap = Tap::new(Config::default());
    feed(&mut tap, &opened.packets);
    let next = opened.clone().client(b"x").packets.pop().expect("a packet");
    let octet = |place: u32| Packet { sequence: next.sequence.wrapping_add(place), ..next.clone() };
    let costs: Vec<_> = (0..20)
        .map(|batch| {
            // Each pair is swapped, so that something is always held.
            let packets: Vec<Packet> = (0..BATCH).map(|place| octet(batch * BATCH + (place ^ 1))).collect();
            let begun = std::time::Instant::now();
            feed(&mut tap, &packets);
            begun.elapsed()
        })
        .collect();
    tap.finish();
    let sent = full_12().sent[0] + 20 * u64::from(BATCH);
    assert_eq!(tap.drain().last().map(|row| row.octets[0]), Some(sent));
    let least = |costs: &[std::time::Duration]| costs.iter().min().copied().unwrap_or_default();
    let (early, late) = (least(&costs[..8]), least(&costs[12..]));
    assert!(late < early * 8, "{early:?} at first, {late:?} at last");
}

/// Every connection that was opened is somewhere, at any moment and under every limit; every row too.
#[test]
fn the_account_balances_after_every_packet_whatever_is_dropped_on_the_way() {
    let limits = Config { max_connections: 5, max_half_open: 3, max_ended: 2, ..asking_for_all() };
    let mut tap = Tap::new(limits);
    let kinds: [fn(u16) -> Vec<Packet>; 3] = [syn, established, ended];
    let refused = |port| Conversation::silent().on_ports(port, 443).syn(CLIENT).rst(SERVER).packets;
    let midstream = |port| established(port).split_off(3);
    for (port, step) in (1..400u16).zip(0u64..) {
        let packets = match port % 7 {
            0 => refused(port),
            1 => Conversation::open().on_ports(port, 443).client(b"GET /\r\n\r\n").packets.split_off(3),
            2 => midstream(port),
            kind => kinds[usize::from(kind) % 3](port),
        };
        for packet in packets {
            tap.push_segment(Timestamp(EPOCH + step * 700 * MILLISECOND), &packet.segment());
            assert_eq!(tap.ledger().imbalances(), Vec::<String>::new());
        }
        if port % 50 == 0 {
            tap.drain();
        }
    }
    tap.finish();
    let ledger = tap.ledger();
    assert_eq!((ledger.imbalances(), ledger.live), (vec![], 0));
    let fates = ledger.fates;
    for (fate, count) in [
        ("ended", fates.ended),
        ("evicted", fates.evicted),
        ("unseen", fates.unseen),
        ("never established", fates.never_established),
    ] {
        assert!(count > 10, "{fate}: {fates:?}");
    }
}

#[test]
fn an_account_that_does_not_balance_says_where() {
    let mut tap = Tap::new(Config::default());
    feed(&mut tap, &ended(1));
    let sound = tap.ledger();
    assert!(sound.imbalances().is_empty());
    let wrong = zertap_core::ledger::Ledger { opened: 2, rows: 7, frames: 9, ..sound };
    assert_eq!(wrong.imbalances().len(), 3);
}
