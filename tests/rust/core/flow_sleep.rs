//! A connection that stalls is kept in few octets, and nobody can tell: its rows are those of one that was kept as it was.
//!
//! Whoever has a name of a connection keeps it awake, so the same packets go through two taps: one asks for names, the other
//! does not.

use crate::order::{Choices, built, disturbed, real};
use crate::said::said;
use crate::support::*;
use crate::tls_talk::client_hello;
use proptest::prelude::*;
use zertap_core::config::Config;
use zertap_core::event::{Row, RowKind};
use zertap_core::flow::Endpoint;
use zertap_core::handshake::{Fault, Options, Phase};
use zertap_core::tap::Tap;
use zertap_core::time::{Recurring, Span, Timestamp};
use zertap_core::wire::{Address, TcpFlags};

/// Longer than the waiting span, so that every open handshake has stalled by then.
const PAUSE: u64 = 16 * SECOND;

/// With a pause before packet `place`.
fn paused(talk: &Conversation, place: usize) -> Conversation {
    let mut talk = talk.clone();
    talk.packets.iter_mut().skip(place).for_each(|packet| packet.at += PAUSE);
    talk.now += PAUSE;
    talk
}

/// What rows say, and how many connections slept at some time, at most.
fn told(talk: &Conversation, config: &Config, keep_awake: bool) -> (Vec<String>, usize) {
    let mut tap = Tap::new(config.clone());
    let mut most = 0;
    for packet in &talk.packets {
        // What happens at this time happens before the packet.
        tap.advance(Timestamp(packet.at));
        most = most.max(tap.sleeping());
        tap.push_segment(Timestamp(packet.at), &packet.segment());
        if keep_awake {
            let ends = [(Address::v4([192, 0, 2, 1]), 0), (Address::v4([198, 51, 100, 2]), 1)];
            let [client, server] = ends.map(|(address, end)| Endpoint { address, port: packet.ports[end] });
            tap.find(client, server, packet.lane, None);
        }
    }
    tap.advance(Timestamp(talk.now));
    tap.finish();
    (tap.drain().iter().map(said).collect(), most)
}

/// Everything that a tap can be asked to look at and to write.
fn settings() -> [Config; 3] {
    let options = Options { offers: true, fingerprints: true, ..Options::default() };
    let every = Recurring::new(Span::seconds(7), Span::seconds(3)).expect("an interval");
    [
        Config::default(),
        Config { options, ..asking_for_all() },
        Config { interval: Some(every), options, ..asking_for_all() },
    ]
}

/// Rows are the same with a pause before every packet, or before some of them. How often a connection slept.
fn sleeps_unnoticed(name: &str, talk: &Conversation, most: usize) -> usize {
    let step = talk.packets.len().div_ceil(most);
    let mut slept = 0;
    for (place, config) in (0..talk.packets.len()).step_by(step).zip(settings().iter().cycle()) {
        let talk = paused(talk, place);
        let (rows, sleeping) = told(&talk, config, false);
        let (awake, none) = told(&talk, config, true);
        assert_eq!((rows, 0), (awake, none), "{name}, paused before packet {place}");
        slept += sleeping;
    }
    slept
}

#[test]
fn no_row_tells_where_a_handshake_that_was_built_has_stalled() {
    let mut slept = 0;
    for (number, talk) in built().iter().enumerate() {
        slept += sleeps_unnoticed(&format!("conversation {number}"), talk, usize::MAX);
        for size in [7, 100] {
            // Hellos and certificates in pieces; not every one of hundreds.
            let name = format!("conversation {number} in pieces of {size}");
            slept += sleeps_unnoticed(&name, &talk.clone().cut_to(size), 12);
        }
    }
    assert!(slept > 200, "{slept}");
}

#[test]
fn no_row_tells_where_a_handshake_of_real_programs_has_stalled() {
    let (mut slept, all) = (0, real());
    for (name, talk) in &all {
        slept += sleeps_unnoticed(name, talk, usize::MAX);
        slept += sleeps_unnoticed(name, &talk.clone().cut_to(200), 12);
    }
    assert!(all.is_empty() || slept > 300, "{slept}");
}

#[test]
fn the_last_row_is_that_of_a_handshake_without_a_stall_but_for_its_times() {
    for (number, talk) in built().iter().enumerate() {
        let plain = talk.run();
        if plain.last().fault() == Fault::ClientCertificateRefused {
            // Once the waiting span has passed, what was complete but for the server's word stays complete (A5).
            continue;
        }
        // Behind the ends other spans count.
        let ends = |packet: &Packet| packet.is(TcpFlags::FIN) || packet.is(TcpFlags::RST);
        let end = talk.packets.iter().position(ends).unwrap_or(talk.packets.len());
        for place in 3..=end.min(talk.packets.len() - 1) {
            let stalled = paused(talk, place).run();
            let facts = |row: &Row| {
                let settled = row.settled.as_ref();
                (
                    (
                        row.octets,
                        row.segments,
                        row.flags,
                        row.kind,
                        row.client,
                        row.ordinal,
                        row.first_packet,
                    ),
                    settled.map(|settled| {
                        settled.texts().map(|(kind, text)| (kind, text.to_vec())).collect::<Vec<_>>()
                    }),
                    settled.and_then(|settled| settled.profile.clone().map(|(_, profile)| profile)),
                    row.phase,
                )
            };
            assert_eq!(facts(stalled.last()), facts(plain.last()), "conversation {number}, packet {place}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn no_row_tells_of_several_that_have_stalled_in_any_order(
        numbers in prop::collection::vec(any::<u16>(), 40), talks in prop::collection::vec(0_usize..21, 3), far: bool,
    ) {
        let choices = &mut Choices::new(&numbers);
        let all = built();
        let mut packets = vec![];
        for (port, number) in (1_000_u16..).zip(talks) {
            let mut talk = disturbed(&all[number % all.len()], choices).on_ports(port, 443);
            for _ in 0..choices.below(4) {
                talk = paused(&talk, choices.below(talk.packets.len()));
            }
            packets.extend(if far { talk.on_lane(7) } else { talk }.packets);
        }
        packets.sort_by_key(|packet| packet.at);
        let now = packets.last().map_or(EPOCH, |packet| packet.at) + PAUSE;
        let talk = Conversation { packets, now, ..Conversation::silent() };
        let config = settings()[choices.below(3)].clone();
        prop_assert_eq!(told(&talk, &config, false).0, told(&talk, &config, true).0);
        // Where there is no room, those that sleep are among the ones that leave.
        let few = Config { max_connections: 2, ..config };
        prop_assert!(told(&talk, &few, false).0.len() >= 3);
    }
}

#[test]
fn sleepers_are_found_by_name_and_among_those_that_live_and_in_the_end() {
    let talk = |port| Conversation::open().on_ports(port, 443).client(client_hello());
    let mut tap = Tap::new(asking_for_all());
    let mut packets: Vec<Packet> = (1..=50).flat_map(|port| talk(port).packets).collect();
    packets.sort_by_key(|packet| packet.at);
    feed(&mut tap, &packets);
    assert_eq!(tap.sleeping(), 0);
    tap.advance(Timestamp(EPOCH + PAUSE));
    assert_eq!((tap.sleeping(), tap.live()), (50, 50));
    let (rows, next) = tap.current(0, 100);
    let ports: Vec<u16> = rows.iter().map(|row| row.ports[0]).collect();
    assert!(next.is_none() && rows.iter().all(|row| row.phase == Phase::TlsBegun && row.due_passed));
    assert!(ports.len() == 50 && (1..=50).all(|port| ports.contains(&port)));
    assert_eq!(tap.sleeping(), 50);
    let [client, server] = [([192, 0, 2, 1], 7), ([198, 51, 100, 2], 443)]
        .map(|(address, port)| Endpoint { address: Address::v4(address), port });
    let name = tap.find(client, server, 0, None).expect("it lives");
    assert_eq!(tap.sleeping(), 49);
    assert!(tap.mark(name, 77));
    tap.advance(Timestamp(EPOCH + 10 * PAUSE));
    assert!(tap.mark(name, 78) && tap.sleeping() == 49);
    tap.drain();
    let mut rows = vec![];
    while tap.finish_some(8) {
        assert_eq!(tap.waiting_rows(), 8);
        rows.extend(tap.drain());
    }
    rows.extend(tap.drain());
    assert!(rows.iter().all(|row| row.kind == RowKind::Unfinished));
    assert!(rows.iter().map(|row| row.connection).eq(1..=50));
    assert_eq!(rows.iter().find(|row| row.note == 78).map(|row| row.ports[0]), Some(7));
}

#[test]
fn a_stalled_connection_that_goes_on_slowly_sleeps_again_and_again() {
    let hello = client_hello();
    let mut talk = Conversation::open();
    for octet in &hello {
        talk = talk.waits(PAUSE).client([*octet]);
    }
    let mut tap = Tap::new(asking_for_all());
    for packet in &talk.packets {
        tap.advance(Timestamp(packet.at));
        assert_eq!(tap.sleeping(), usize::from(packet.at > EPOCH + SECOND), "{}", packet.at);
        tap.push_segment(Timestamp(packet.at), &packet.segment());
        assert_eq!((tap.sleeping(), tap.live()), (0, 1));
    }
}
