//! Recording intervals: rows at their boundaries, and nothing else changed by them.

use crate::support::*;
use crate::tls_talk::{Event, full_12, sealed};
use proptest::prelude::*;
use zertap_core::config::Config;
use zertap_core::event::{Facts, Row, RowKind, RowKinds};
use zertap_core::tap::Tap;
use zertap_core::time::{Recurring, Span, Timestamp};

/// Every kind of row, and boundaries at each multiple of `seconds` after `EPOCH`.
fn every(seconds: u64) -> Config {
    let interval = Recurring::new(Span(seconds * SECOND), Span(EPOCH));
    Config { interval, ..asking_for_all() }
}

fn intervals(run: &Run) -> Vec<(u64, [u64; 2])> {
    let rows = run.rows.iter().filter(|row| row.kind == RowKind::Interval);
    rows.map(|row| ((row.at.0 - EPOCH) / SECOND, row.octets_delta)).collect()
}

/// What a row says apart from what it says of its connection's previous row. (Open handshakes that are told take
/// numbers of profiles, so not the number but the profile is compared.)
fn told(row: &Row) -> String {
    let mut row = row.clone();
    (row.octets_delta, row.segments_delta) = ([0; 2], [0; 2]);
    let settled = row.settled.take();
    let profile = settled.as_ref().and_then(|settled| settled.profile.clone()).map(|(_, profile)| profile);
    let texts: Option<Vec<_>> = settled.as_ref().map(|settled| settled.texts().collect());
    let facts = settled.as_ref().map(|settled| Facts { profile: None, ..(**settled.facts()).clone() });
    format!("{row:?} {profile:?} {facts:?} {texts:?}")
}

#[test]
fn a_boundary_splits_the_traffic_of_a_connection_that_lives_across_it() {
    let talk = Conversation::of(&full_12()).waits(59 * SECOND).client(sealed(100)).waits(2 * SECOND);
    let run = talk.server(sealed(40)).waits(90 * SECOND).closes(CLIENT).run_with(every(60));
    let before: u64 =
        run.rows.iter().filter(|row| row.at.0 < EPOCH + 59 * SECOND).map(|row| row.octets_delta[0]).sum();
    let sent = 100 + 5;
    assert_eq!(intervals(&run), [(60, [sent, 0]), (120, [0, 40 + 5])]);
    assert_eq!(run.last().octets[0], before + sent);
    assert_eq!(run.last().octets_delta, [0, 0]);
}

#[test]
fn a_boundary_comes_before_the_packet_that_passes_it_and_before_a_timer_of_the_same_moment() {
    let open = Conversation::open();
    let established = open.packets.last().expect("three packets").at;
    let offset = Span(established + 10 * SECOND);
    let config = Config { interval: Recurring::new(Span(60 * SECOND), offset), ..asking_for_all() };
    let run = open.client(b"GET /").waits(20 * SECOND).server(b"200").run_with(config);
    assert_eq!(run.kinds(), [RowKind::Opened, RowKind::Interval, RowKind::Due, RowKind::Unfinished]);
    let (interval, due) = (&run.rows[1], &run.rows[2]);
    assert_eq!((interval.at, interval.due_passed), (due.at, false));
    assert_eq!((interval.octets, interval.end.0), ([5, 0], established + MILLISECOND));
}

#[test]
fn a_silent_connection_is_told_once_however_many_boundaries_pass() {
    let silent = Conversation::open().client(b"x").waits(100 * 3600 * SECOND).server(b"y").waits(61 * SECOND);
    let run = silent.run_with(every(60));
    assert_eq!(
        intervals(&run),
        [(360_060, [0, 1])],
        "what came before was told when the waiting span had passed"
    );
    let without_due = Config { rows: RowKinds::LAST.with(RowKind::Interval), ..every(60) };
    assert_eq!(intervals(&silent.run_with(without_due)), [(60, [1, 0]), (360_060, [0, 1])]);
}

#[test]
fn rows_of_one_boundary_are_in_order_of_first_packets() {
    let mut tap = Tap::new(every(5));
    for port in [9, 3, 7, 5] {
        feed(&mut tap, &Conversation::open().on_ports(port, 80).client(b"x").packets);
    }
    tap.advance(Timestamp(EPOCH + 5 * SECOND));
    let rows: Vec<Row> = tap.drain().into_iter().filter(|row| row.kind == RowKind::Interval).collect();
    assert_eq!(rows.iter().map(|row| row.ports[0]).collect::<Vec<_>>(), [9, 3, 7, 5]);
}

#[test]
fn attempts_and_ended_connections_have_no_rows_at_boundaries() {
    let attempt = Conversation::silent().syn(CLIENT).waits(61 * SECOND).run_with(every(60));
    assert_eq!(attempt.kinds(), [RowKind::Unfinished]);
    let ended = Conversation::open().client(b"x").closes(CLIENT).waits(61 * SECOND).run_with(every(60));
    assert!(intervals(&ended).is_empty());
}

#[test]
fn one_that_waits_for_its_last_acknowledgement_still_lives() {
    let closing =
        Conversation::open().client(b"x").waits(59 * SECOND).fin(CLIENT).fin(SERVER).waits(9 * SECOND);
    let run = closing.run_with(every(60));
    assert_eq!(intervals(&run).len(), 1);
    assert_eq!(run.last().kind, RowKind::Closed);
}

#[test]
fn without_an_interval_or_without_the_wish_there_are_no_such_rows() {
    let talk = Conversation::open().client(b"x").waits(200 * SECOND);
    assert!(intervals(&talk.run_all()).is_empty());
    assert!(
        intervals(&talk.run_with(Config { interval: every(60).interval, ..Config::default() })).is_empty()
    );
}

proptest! {
    /// Whatever the interval, the other rows say the same; and time may pass in any number of steps.
    #[test]
    fn boundaries_change_no_other_row(
        seconds in 1u64..40,
        pauses in proptest::collection::vec(0u64..15, 12),
        steps in 1u64..50,
    ) {
        let mut talk = Conversation::open();
        for (event, pause) in full_12().events.iter().zip(&pauses) {
            let Event::Octets { side, bytes, .. } = event else { continue };
            talk = talk.says(*side, bytes).waits(pause * SECOND);
        }
        let talk = talk.client(sealed(80)).waits(pauses[10] * SECOND).server(sealed(9)).closes(SERVER).waits(9 * SECOND);
        let (plain, run) = (talk.run_all(), talk.run_with(every(seconds)));
        let others: Vec<String> = run.rows.iter().filter(|row| row.kind != RowKind::Interval).map(told).collect();
        prop_assert_eq!(others, plain.rows.iter().map(told).collect::<Vec<_>>());
        let octets = run.rows.iter().fold([0; 2], |sum, row| [0, 1].map(|side| sum[side] + row.octets_delta[side]));
        prop_assert_eq!(octets, run.last().octets);

        let mut tap = Tap::new(every(seconds));
        let mut now = 0;
        for packet in &talk.packets {
            for step in 1..steps {
                tap.advance(Timestamp(now + (packet.at - now) * step / steps));
            }
            tap.push_segment(Timestamp(packet.at), &packet.segment());
            now = packet.at;
        }
        tap.advance(Timestamp(talk.now));
        tap.finish();
        let stepwise: Vec<(RowKind, u64, [u64; 2])> =
            tap.drain().iter().map(|row| (row.kind, row.at.0, row.octets_delta)).collect();
        let at_once: Vec<(RowKind, u64, [u64; 2])> =
            run.rows.iter().map(|row| (row.kind, row.at.0, row.octets_delta)).collect();
        prop_assert_eq!(stepwise, at_once);
    }
}
