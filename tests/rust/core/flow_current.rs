//! The connections that live now, for somebody who comes late: complete, as they stand, and nothing comes of asking.

use crate::support::*;
use crate::tls_talk::{client_hello, full_12, sealed};
use proptest::prelude::*;
use zertap_core::event::{Row, RowKind};
use zertap_core::handshake::Phase;
use zertap_core::tap::Tap;

/// A tap that was fed the packets up to a moment.
fn fed(packets: &[Packet]) -> Tap {
    let mut tap = Tap::new(asking_for_all());
    for packet in packets {
        tap.push_segment(zertap_core::time::Timestamp(packet.at), &packet.segment());
    }
    tap
}

/// All live connections, asked for in pieces.
fn current(tap: &mut Tap, most: usize) -> Vec<Row> {
    let (mut found, mut from) = (Vec::new(), Some(0));
    while let Some(start) = from {
        let (rows, next) = tap.current(start, most);
        assert!(rows.len() <= most);
        found.extend(rows);
        from = next;
    }
    found
}

fn packets(conversations: Vec<Conversation>) -> Vec<Packet> {
    let mut all: Vec<Packet> = conversations.into_iter().flat_map(|each| each.packets).collect();
    all.sort_by_key(|packet| packet.at);
    all
}

#[test]
fn a_live_connection_is_told_as_it_stands() {
    let talk = Conversation::of(&full_12()).waits(20 * SECOND).client(sealed(100));
    let rows = current(&mut fed(&talk.packets), 10);
    let [row] = rows.as_slice() else { panic!("{} rows", rows.len()) };
    assert_eq!((row.kind, row.phase, row.due_passed), (RowKind::Unfinished, Phase::TlsComplete, true));
    assert!(row.settled.as_ref().is_some_and(|settled| settled.profile.is_some()));
}

#[test]
fn attempts_and_ended_connections_are_not_told() {
    let ended = Conversation::open().on_ports(1, 80).client(b"x").closes(CLIENT);
    let attempt = Conversation::silent().on_ports(2, 80).syn(CLIENT);
    let hanging = Conversation::open().on_ports(3, 443).client(client_hello());
    let rows = current(&mut fed(&packets(vec![ended, attempt, hanging])), 10);
    assert_eq!(rows.iter().map(|row| (row.ports[0], row.phase)).collect::<Vec<_>>(), [(3, Phase::TlsBegun)]);
}

proptest! {
    #[test]
    fn asking_at_any_moment_changes_nothing(asked in 0_usize..12, most in 1_usize..4) {
        let talks = (0..4_u16).map(|port| {
            let talk = Conversation::of(&full_12()).on_ports(1000 + port, 443);
            if port % 2 == 0 { talk.waits(20 * SECOND).closes(CLIENT) } else { talk }
        });
        let all = packets(talks.collect());
        let mut quiet = fed(&all);
        let mut tap = fed(&all[..asked.min(all.len())]);
        let live = tap.live();
        prop_assert!(current(&mut tap, most).len() <= live);
        for packet in &all[asked.min(all.len())..] {
            tap.push_segment(zertap_core::time::Timestamp(packet.at), &packet.segment());
        }
        tap.finish();
        quiet.finish();
        prop_assert_eq!(tap.ledger(), quiet.ledger());
        let [told, expected] = [tap.drain(), quiet.drain()].map(|rows| format!("{rows:?}"));
        prop_assert_eq!(told, expected);
    }
}
