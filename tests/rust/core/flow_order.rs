//! Any cut, any order a network or a tap can make, same rows; and what loss may never do.

use crate::contradictions::contradictions;
use crate::ssh_talk::{CLIENT_LINE, Offer, SERVER_LINE, newkeys, packet, string};
use crate::support::*;
use crate::tls_talk::{
    alert, ccs, certified_13, client_hello, flight_13, full_12, full_13, join, message, resumed_12, sealed,
    server_hello_12,
};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use std::path::PathBuf;
use zertap_core::event::Row;
use zertap_core::handshake::{Flag, Phase};
use zertap_core::wire::TcpFlags;

/// Conversations of each kind, built by hand, with the end of their TCP connections.
pub(crate) fn built() -> Vec<Conversation> {
    let ssh = Conversation::open()
        .server(SERVER_LINE)
        .client(CLIENT_LINE)
        .client(Offer::default().packet())
        .server(Offer::default().packet())
        .client(packet(30, &string(&[7; 32])))
        .server([packet(31, &string(&crate::ssh_talk::ed25519_key())), newkeys()].concat())
        .client(newkeys())
        .client([0xE5; 200])
        .server([0xE5; 300]);
    let tls = |talk: crate::tls_talk::Talk| Conversation::of(&talk);
    vec![
        tls(full_12()).client(sealed(100)).server(sealed(5_000)).closes(CLIENT),
        tls(full_12()).client(sealed(100)).client(b"clear text").server(b"and back").closes(CLIENT),
        tls(resumed_12()).server(sealed(100)).rst(CLIENT),
        tls(full_13()).client(sealed(300)).server(sealed(4_000)).closes(SERVER),
        tls(certified_13()).server(sealed(250)).client(sealed(70)).closes(CLIENT),
        tls(certified_13()).server(sealed(19)).closes(SERVER),
        tls(flight_13(0x1302)).client(join(&[ccs(), sealed(19)])).closes(CLIENT),
        Conversation::open().client(client_hello()).server(alert(2, 40)).closes(SERVER),
        Conversation::open().client(client_hello()).server(b"HTTP/1.1 400 Bad Request\r\n").closes(SERVER),
        Conversation::open().client(client_hello()).server(server_hello_12(0xC02F)).rst(CLIENT),
        Conversation::open().client(client_hello()).rst(SERVER),
        Conversation::open()
            .client(b"GET / HTTP/1.1\r\n\r\n")
            .server(b"HTTP/1.1 200 OK\r\n\r\n")
            .closes(CLIENT),
        Conversation::open()
            .server(b"220 hi\r\n")
            .client(b"AUTH TLS\r\n")
            .server(b"234 go\r\n")
            .closes(CLIENT),
        Conversation::open().closes(CLIENT),
        Conversation::open().rst(SERVER),
        Conversation::silent().syn(CLIENT).rst(SERVER),
        ssh.closes(CLIENT),
        Conversation::open().server(SERVER_LINE).closes(CLIENT),
        Conversation::open().server(SERVER_LINE).client(b"GET / HTTP/1.0\r\n\r\n").closes(SERVER),
        Conversation::open().server(b"lines\r\n").server(SERVER_LINE).client(CLIENT_LINE).closes(SERVER),
        Conversation::open().client(message(1, b"too short")).server(alert(2, 50)).closes(SERVER),
    ]
}

/// Conversations of real programs; none, with a printed reason, where the shared folder is absent.
pub(crate) fn real() -> Vec<(String, Conversation)> {
    let shared = std::env::var_os("ZERTAP_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let Ok(folder) = std::fs::read_dir(shared.join("bench/templates")) else {
        println!("skipped: no templates in {} (set ZERTAP_SHARED)", shared.display());
        return vec![];
    };
    let mut found: Vec<_> = folder
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "pcap"))
        .map(|path| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            (name, read(&std::fs::read(&path).expect("a template's capture")))
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// The packets of a classic little-endian pcap of Ethernet, IPv4, one connection.
fn read(pcap: &[u8]) -> Conversation {
    let mut rest = &pcap[24..];
    let mut all = Conversation::silent();
    let mut client = None;
    while rest.len() >= 16 {
        let length = u32::from_le_bytes(rest[8..12].try_into().expect("four octets")) as usize;
        let ip = &rest[30..16 + length];
        let total = usize::from(u16::from_be_bytes([ip[2], ip[3]]));
        let tcp = &ip[usize::from(ip[0] & 15) * 4..total];
        let word = |at: usize| u32::from_be_bytes(tcp[at..at + 4].try_into().expect("four octets"));
        let sender = (&ip[12..16], &tcp[..2]);
        let from = if sender == *client.get_or_insert(sender) { CLIENT } else { SERVER };
        let ack = (tcp[13] & TcpFlags::ACK.0 != 0).then(|| word(8));
        all = all.packet(from, word(4), ack, TcpFlags(tcp[13]), &tcp[usize::from(tcp[12] >> 4) * 4..]);
        rest = &rest[16 + length..];
    }
    all
}

/// Where and how to disturb: an endless supply of small numbers.
pub(crate) struct Choices<'a>(std::iter::Cycle<std::slice::Iter<'a, u16>>);

impl<'a> Choices<'a> {
    pub(crate) fn new(numbers: &'a [u16]) -> Self {
        Self(numbers.iter().cycle())
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0.next().map_or(0, |number| usize::from(*number) % limit.max(1))
    }
}

/// The same conversation as another network, another tap would show it.
///
/// Payloads are cut anew, segments of one side overtake each other or come twice, overlap, and the two directions are
/// swapped: but never a packet before its sender's SYN, nor behind the end of the connection.
pub(crate) fn disturbed(talk: &Conversation, choices: &mut Choices<'_>) -> Conversation {
    let mut pieces: Vec<Packet> = vec![];
    for packet in &talk.packets {
        let length = packet.payload.len();
        let cuts = length > 1 && !packet.is(TcpFlags::SYN);
        let size = if cuts { 1 + choices.below(length.min(1_500)) } else { length.max(1) };
        let whole = Conversation { packets: vec![packet.clone()], ..talk.clone() };
        for (mut piece, start) in whole.cut_to(size).packets.into_iter().zip((0..).step_by(size)) {
            if start > 0 && choices.below(6) == 0 {
                // It brings octets again that came with the piece before.
                let early = choices.below(start.min(40) + 1);
                piece = packet.part(start - early, start + piece.payload.len());
            }
            let twice = choices.below(8) == 0 && !piece.is(TcpFlags::RST) && !piece.is(TcpFlags::SYN);
            pieces.extend(twice.then(|| piece.clone()));
            pieces.push(piece);
        }
    }
    let opening = pieces.iter().take_while(|packet| packet.payload.is_empty()).count().min(3);
    let end = pieces.iter().rposition(|packet| !packet.payload.is_empty()).map_or(opening, |last| last + 1);
    // Neighbours change places, some of them several times: both directions, both orders. None moves further than a
    // network moves it: a hole is waited for only so long (A8).
    for _ in 0..choices.below(3) {
        let mut at = opening;
        while at + 1 < end {
            if choices.below(3) == 0 {
                pieces.swap(at, at + 1);
                at += 1;
            }
            at += 1;
        }
    }
    Conversation { packets: pieces, ..talk.clone() }.restamped()
}

/// The same with all sequence numbers of each side moved by so much.
fn renumbered(talk: &Conversation, by: [u32; 2]) -> Conversation {
    let mut moved = talk.clone();
    for packet in &mut moved.packets {
        let (own, other) = (packet.from as usize, packet.from.other() as usize);
        packet.sequence = packet.sequence.wrapping_add(by[own]);
        packet.ack = packet.ack.map(|ack| ack.wrapping_add(by[other]));
    }
    for side in [CLIENT, SERVER] {
        moved.next[side as usize] = moved.next[side as usize].wrapping_add(by[side as usize]);
    }
    moved
}

/// The tap shows one direction some packets later than the other.
fn skewed(talk: &Conversation, choices: &mut Choices<'_>) -> Conversation {
    let late = if choices.below(2) == 0 { CLIENT } else { SERVER };
    let by = 1 + choices.below(5) as u64;
    let mut packets: Vec<(u64, Packet)> = (0..).zip(talk.packets.iter().cloned()).collect();
    for (at, packet) in packets.iter_mut().skip(3) {
        *at = *at * 2 + if packet.from == late { 2 * by + 1 } else { 0 };
    }
    packets.sort_by_key(|(at, _)| *at);
    Conversation { packets: packets.into_iter().map(|(_, packet)| packet).collect(), ..talk.clone() }
        .restamped()
}

/// All of a last row that must not depend on cut and order.
pub(crate) fn told(row: &Row) -> String {
    let settled = row.settled.as_ref().map(|settled| {
        let profile = settled.profile.as_ref().map(|(_, profile)| profile);
        let texts: Vec<_> = row.texts().collect();
        format!(
            "{profile:?} {:?} {:?} {:?} {:?} {:?} {texts:?}",
            settled.fault,
            settled.gave_up,
            settled.protocol_client,
            settled.server_certificate,
            settled.client_certificate
        )
    });
    let history: Vec<_> = row.history.entries().iter().map(|entry| entry.phase).collect();
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?}\n{settled:?}",
        row.kind,
        row.phase,
        row.octets,
        row.flags(),
        row.ports,
        row.established.is_some(),
        history
    )
}

fn rows(talk: &Conversation) -> Vec<String> {
    talk.run().rows.iter().map(told).collect()
}

pub(crate) fn persistence() -> ProptestConfig {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/rust/core/flow_order.regressions");
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(96),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(file))),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(persistence())]

    #[test]
    fn any_cut_and_order_of_a_built_conversation_gives_the_same_rows(numbers in prop::collection::vec(any::<u16>(), 1..300)) {
        for (which, talk) in built().iter().enumerate() {
            let other = disturbed(talk, &mut Choices::new(&numbers));
            prop_assert_eq!(rows(&other), rows(talk), "conversation {}", which);
            prop_assert_eq!(told_twice(&other), Vec::<String>::new());
        }
    }

    #[test]
    fn a_tap_that_shows_one_direction_late_gives_the_same_rows(numbers in prop::collection::vec(any::<u16>(), 1..20)) {
        for (which, talk) in built().iter().enumerate() {
            let other = skewed(talk, &mut Choices::new(&numbers));
            prop_assert_eq!(rows(&other), rows(talk), "conversation {}", which);
        }
    }

    #[test]
    fn any_cut_and_order_of_a_real_conversation_gives_the_same_rows(numbers in prop::collection::vec(any::<u16>(), 1..300)) {
        for (name, talk) in &real_ones() {
            let other = disturbed(talk, &mut Choices::new(&numbers));
            prop_assert_eq!(rows(&other), rows(talk), "{}", name);
            let other = skewed(talk, &mut Choices::new(&numbers));
            prop_assert_eq!(rows(&other), rows(talk), "{}, one side late", name);
        }
    }

    /// The numbers may begin anywhere, also so that they wrap in the middle of it (TCP-05).
    #[test]
    fn any_beginning_of_the_sequence_numbers_gives_the_same_rows(
        ahead in (0u32..6_000, 0u32..6_000),
        numbers in prop::collection::vec(any::<u16>(), 1..100),
    ) {
        for (which, talk) in built().iter().enumerate() {
            let moved = renumbered(talk, [CLIENT_ISN.wrapping_add(ahead.0).wrapping_neg(), SERVER_ISN.wrapping_add(ahead.1).wrapping_neg()]);
            let other = disturbed(&moved, &mut Choices::new(&numbers));
            prop_assert_eq!(rows(&other), rows(talk), "conversation {}", which);
        }
    }

    /// Copies with other octets behind the first ones: the first win, and what was learned of them stays (TCP-04). Only
    /// data in clear is not told any more, since the framing is not exact (A7).
    #[test]
    fn forged_copies_change_no_verdict(numbers in prop::collection::vec(any::<u16>(), 1..100)) {
        for (which, talk) in built().iter().enumerate() {
            let mut choices = Choices::new(&numbers);
            let mut forged = talk.clone();
            forged.packets = talk.packets.iter().flat_map(|packet| {
                let mut copy = packet.clone();
                copy.payload.iter_mut().for_each(|octet| *octet ^= 0x55);
                let twice = !packet.payload.is_empty() && choices.below(3) == 0;
                std::iter::once(packet.clone()).chain(twice.then_some(copy))
            }).collect();
            let (run, truth) = (forged.restamped().run(), talk.run());
            let (row, truth) = (run.only(), truth.only());
            let kept = row.phase == truth.phase || (truth.phase, row.phase) == (Phase::TlsThenClear, Phase::TlsComplete);
            prop_assert!(kept, "conversation {}: {:?} from {:?}, {:?}", which, row.phase, truth.phase, row.flags());
            prop_assert_eq!((row.fault(), row.octets), (truth.fault(), truth.octets), "conversation {}", which);
        }
    }

    /// A lost segment is never called clear text, and makes no success of a failure unless it held the failure.
    #[test]
    fn loss_never_ends_protection_and_never_makes_a_success_of_a_failure(
        lost in prop::collection::vec(any::<prop::sample::Index>(), 1..4),
        numbers in prop::collection::vec(any::<u16>(), 1..100),
    ) {
        for (which, talk) in built().iter().enumerate() {
            let truth = talk.run().rows[0].phase;
            let mut torn = disturbed(talk, &mut Choices::new(&numbers));
            let mut deciding = false;
            for index in &lost {
                if torn.packets.len() > 1 {
                    let gone = torn.packets.remove(index.index(torn.packets.len()));
                    deciding |= gone.from == SERVER || gone.is(TcpFlags::FIN) || gone.is(TcpFlags::RST);
                }
            }
            let run = torn.waits(30 * SECOND).run();
            for row in &run.rows {
                let phase = row.phase;
                prop_assert!(phase != Phase::TlsThenClear || truth == Phase::TlsThenClear, "{}: {:?}", which, truth);
                let made_up = phase.is_complete() && matches!(truth, Phase::TlsFailed | Phase::SshFailed);
                prop_assert!(!made_up || deciding, "{}: {:?} from {:?}, {:?}", which, phase, truth, row.flags());
                // Data in clear may stand where the handshake went on unseen; there the observer cannot know better.
                // So too where the loss makes a ChangeCipherSpec look early (TLS-53), which is then not counted.
                let unclear = truth == Phase::TlsThenClear || row.has(Flag::EarlyCcs);
                let protected = truth.is_complete() && !unclear;
                let blamed = matches!(phase, Phase::TlsFailed | Phase::SshFailed) && protected;
                prop_assert!(!blamed || !row.has(Flag::Gap), "{}: {:?} {:?} {:?}", which, phase, row.flags(), row.fault());
            }
        }
    }

    /// Whatever comes in whatever form: nothing panics, nothing is counted twice, each connection has one last row.
    #[test]
    fn any_segments_at_all_give_each_connection_exactly_one_last_row(
        wild in prop::collection::vec((any::<bool>(), 0u32..60_000, 0u32..60_000, 0u8..64, 0usize..900, any::<bool>(), 0u64..3_000), 1..120)
    ) {
        let source = built();
        let octets: Vec<u8> = source[0].packets.iter().flat_map(|packet| packet.payload.clone()).collect();
        let mut talk = Conversation::open();
        for (client, sequence, ack, flags, length, near, wait) in wild {
            let from = if client { CLIENT } else { SERVER };
            let spread = if near { 1 } else { 100_000 };
            let sequence = talk.next[from as usize].wrapping_add(sequence.wrapping_mul(spread));
            let ack = (flags & TcpFlags::ACK.0 != 0).then(|| talk.next[from.other() as usize].wrapping_add(ack.wrapping_mul(spread)));
            let start = length.min(octets.len());
            let payload = &octets[start / 2..start];
            talk = talk.waits(wait * MILLISECOND).packet(from, sequence, ack, TcpFlags(flags), payload);
        }
        let run = talk.run();
        let mut numbers: Vec<u64> = run.rows.iter().map(|row| row.connection).collect();
        numbers.sort_unstable();
        let expected: Vec<u64> = (1..=run.tap.table_counters().opened).collect();
        prop_assert_eq!(numbers, expected);
        prop_assert_eq!(run.tap.live(), 0);
        prop_assert_eq!(told_twice(&talk), Vec::<String>::new());
    }
}

/// What the rows of a conversation, of every kind, contradict themselves in.
fn told_twice(talk: &Conversation) -> Vec<String> {
    talk.run_all().rows.iter().flat_map(contradictions).collect()
}

/// Few enough to be quick; each kind of ending is there.
pub(crate) fn real_ones() -> Vec<(String, Conversation)> {
    static ALL: std::sync::OnceLock<Vec<(String, Conversation)>> = std::sync::OnceLock::new();
    ALL.get_or_init(real).clone()
}

#[test]
fn real_conversations_are_whole_and_unmarked_when_undisturbed() {
    for (name, talk) in real_ones() {
        let run = talk.run();
        let row = run.only();
        for flag in [
            Flag::Gap,
            Flag::Truncated,
            Flag::OverlapConflict,
            Flag::Midstream,
            Flag::BeyondFin,
            Flag::ResetIgnored,
        ] {
            assert!(!row.has(flag), "{name}: {:?}", row.flags());
        }
    }
}
