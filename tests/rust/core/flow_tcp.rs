//! EDGE_CASES A2, A8 and the TCP catalogue, each by its number.

use crate::support::*;
use crate::tls_talk::{client_hello, full_12, full_13, server_hello_12};
use zertap_core::event::RowKind;
use zertap_core::handshake::{Fault, Flag, Phase};
use zertap_core::tap::Tap;
use zertap_core::time::Timestamp;
use zertap_core::wire::TcpFlags;

// Places in the packets of `tls()`.
const HELLO: usize = 3;
const FLIGHT: usize = 4;
const ANSWER: usize = 5;

/// SYN, SYN/ACK, ACK, hello, the server's flight, the client's answer, the server's Finished.
fn tls() -> Conversation {
    Conversation::of(&full_12())
}

/// The same with both FINs.
fn whole() -> Conversation {
    tls().closes(CLIENT)
}

fn is_unharmed(conversation: &Conversation) {
    let run = conversation.run();
    let row = run.only();
    assert_eq!((row.kind, row.phase, row.flags()), (RowKind::Closed, Phase::TlsComplete, vec![]));
    assert_eq!(row.octets, whole().run().only().octets);
}

// ---- A2: when a connection exists ----

#[test]
fn a2_a_connection_is_established_by_the_acknowledgement_of_the_syn_ack() {
    let run = Conversation::open().waits(SECOND).client(b"GET /").run();
    assert_eq!(run.only().established_ms(), Some(2));
    assert_eq!((run.only().start.0, run.only().first_packet), (EPOCH, 1));
}

#[test]
fn a2_a_connection_is_established_by_payload_behind_the_syn_ack() {
    let run = Conversation::silent().syn(CLIENT).syn_ack(SERVER).server(b"220 hello\r\n").run();
    assert_eq!(run.only().established_ms(), Some(2));
}

#[test]
fn a2_a_syn_ack_alone_establishes_nothing() {
    let run = Conversation::silent().syn(CLIENT).syn_ack(SERVER).syn_ack(SERVER).run();
    let row = run.only();
    assert_eq!(
        (row.established, row.phase, row.flags()),
        (None, Phase::Silent, vec![Flag::NeverEstablished])
    );
}

#[test]
fn a2_where_only_the_client_is_captured_its_acknowledgement_establishes() {
    let run = Conversation::open().without(|packet| packet.from == SERVER).run();
    assert_eq!(run.only().established_ms(), Some(2));
}

#[test]
fn a2_where_only_the_server_is_captured_its_acknowledgement_establishes() {
    let all =
        Conversation::open().client(client_hello()).ack(SERVER).waits(SECOND).server(server_hello_12(0xC02F));
    assert_eq!(all.without(|packet| packet.from == CLIENT).run().only().established_ms(), Some(4));
}

#[test]
fn a2_a_refused_attempt_ends_at_its_reset_and_was_never_established() {
    let run = Conversation::silent().syn(CLIENT).rst(SERVER).run();
    let row = run.only();
    assert_eq!((row.kind, row.established, row.end_ms()), (RowKind::Reset, None, 1));
    assert_eq!(row.flags(), [Flag::NeverEstablished]);
    assert_eq!((run.tap.table_counters().opened, run.tap.table_counters().established), (1, 0));
}

#[test]
fn a2_a_connection_ends_at_the_acknowledgement_of_the_second_fin() {
    let run = Conversation::open().fin(CLIENT).fin(SERVER).waits(SECOND).ack(CLIENT).run();
    assert_eq!((run.only().kind, run.only().end_ms(), run.only().packet), (RowKind::Closed, 1_005, 6));
}

#[test]
fn a2_without_that_acknowledgement_it_ends_at_the_second_fin() {
    for patience in [0, 100 * SECOND] {
        let run = Conversation::open().fin(CLIENT).fin(SERVER).waits(patience).run();
        assert_eq!((run.only().kind, run.only().end_ms()), (RowKind::Closed, 4), "after {patience} ns");
    }
}

// ---- A8: gaps ----

#[test]
fn a8_an_acknowledged_hole_is_a_gap_after_one_second_without_a_packet() {
    let run = tls().without_number(FLIGHT).waits(2 * SECOND).run_all();
    assert!(run.last().has(Flag::Gap));
    let mut tap = Tap::new(asking_for_all());
    let lost = Conversation::open().loses(SERVER, 100).client(b"GET /").fin(CLIENT);
    feed(&mut tap, &lost.packets);
    tap.advance(Timestamp(EPOCH + SECOND + 2 * MILLISECOND));
    assert_eq!(tap.drain().last().expect("rows").phase, Phase::Silent);
    tap.advance(Timestamp(EPOCH + SECOND + 3 * MILLISECOND));
    tap.finish();
    assert_eq!(tap.drain().last().expect("rows").phase, Phase::Clear);
}

#[test]
fn a8_an_acknowledged_hole_is_a_gap_after_64_further_packets() {
    let hole = |further: usize| {
        let lost = Conversation::open().server(b"220 hi\r\n").loses(CLIENT, 50).ack(SERVER);
        let mut config = asking_for_all();
        config.stream.gap_span = zertap_core::time::Span::seconds(1_000);
        let mut tap = Tap::new(config);
        feed(&mut tap, &(0..further).fold(lost, |lost, _| lost.ack(CLIENT)).packets);
        tap.advance(Timestamp(EPOCH + 20 * SECOND));
        tap.drain().last().expect("the due row").has(Flag::Gap)
    };
    assert!(!hole(63));
    assert!(hole(64));
}

#[test]
fn a8_a_tap_that_always_shows_acknowledgements_before_their_octets_makes_no_gap() {
    let mut talk = Conversation::open().client(b"EHLO me\r\n");
    for _ in 0..300 {
        talk = talk.server([b'x'; 100]).ack(CLIENT);
    }
    // The server's octets come eleven packets late.
    let (mut late, mut shown) = (std::collections::VecDeque::new(), vec![]);
    for packet in talk.packets.drain(..) {
        if packet.from == SERVER && !packet.payload.is_empty() {
            late.push_back(packet);
            if late.len() > 5 {
                shown.extend(late.pop_front());
            }
        } else {
            shown.push(packet);
        }
    }
    shown.extend(late);
    talk.packets = shown;
    let run = talk.restamped().closes(CLIENT).run();
    assert_eq!((run.only().flags(), run.only().octets), (vec![], [9, 30_000]));
}

#[test]
fn a8_a_gap_ends_where_the_acknowledgement_ends() {
    // Octets 0..100 of the server were acknowledged and lost; 100..200 come late, after an island above.
    let late = Conversation::open().client(b"hi").loses(SERVER, 100).ack(CLIENT);
    let first = late.next[1];
    let mut late = late.loses(SERVER, 100).server([b'c'; 50]).waits(2 * SECOND).ack(SERVER);
    let ack = Some(late.next[0]);
    late = late.packet(SERVER, first, ack, TcpFlags::PSH, &[b'b'; 100]);
    let run = late.closes(CLIENT).run();
    assert_eq!(run.only().octets, [2, 150]);
    assert!(!run.only().has(Flag::BeyondFin));
}

#[test]
fn a8_no_alert_is_judged_while_the_other_direction_has_an_open_hole() {
    let closing = tls().server(crate::tls_talk::alert(1, 0)).fin(SERVER).fin(CLIENT).ack(SERVER);
    let run = closing.without_number(ANSWER).run();
    assert_ne!(run.only().phase, Phase::TlsFailed);
    assert!(run.only().has(Flag::Gap));
}

#[test]
fn a8_a_reset_waits_for_octets_that_its_sender_had_seen() {
    // The tap shows the server's RST before the client's last octets, which it acknowledges.
    let reset = || Conversation { packets: tls().packets[..=ANSWER].to_vec(), ..tls() };
    let mut all = reset();
    all.next[1] = all.packets[ANSWER].ack.expect("an acknowledgement");
    let all = all.rst(SERVER).moved(ANSWER + 1, ANSWER);
    let run = all.run();
    let row = run.only();
    assert_eq!((row.kind, row.phase, row.fault()), (RowKind::Reset, Phase::TlsFailed, Fault::Reset));
    assert_eq!((row.flags(), row.octets[0], row.end_ms()), (vec![], reset().run().only().octets[0], 5));
}

#[test]
fn a8_a_reset_that_waits_in_vain_ends_the_connection_at_its_own_time() {
    let mut all = Conversation { packets: tls().packets[..=ANSWER].to_vec(), ..tls() };
    all.next[1] = all.packets[ANSWER].ack.expect("an acknowledgement");
    let run = all.rst(SERVER).waits(3 * SECOND).without_number(ANSWER).run();
    let row = run.only();
    assert_eq!((row.kind, row.end_ms()), (RowKind::Reset, 7));
    assert!(row.has(Flag::Gap));
}

// ---- the catalogue ----

#[test]
fn tcp_01_one_octet_segments_give_the_same_verdict() {
    is_unharmed(&whole().cut_to(1));
}

#[test]
fn tcp_02_packets_of_the_two_sides_may_be_swapped() {
    for number in 0..9 {
        if whole().packets[number].from != whole().packets[number + 1].from {
            is_unharmed(&whole().moved(number + 1, number));
        }
    }
}

#[test]
fn tcp_02_segments_of_one_side_may_be_swapped() {
    let cut = whole().cut_to(200);
    for number in 3..cut.packets.len() - 1 {
        if cut.packets[number].from == cut.packets[number + 1].from {
            is_unharmed(&cut.clone().moved(number + 1, number));
        }
    }
}

#[test]
fn tcp_02_duplicates_are_counted_as_segments_and_not_as_octets() {
    for number in 0..whole().packets.len() {
        is_unharmed(&whole().repeated(number));
    }
    let run = whole().repeated(FLIGHT).run();
    assert_eq!(run.only().segments, [6, 5]);
}

#[test]
fn tcp_03_overlaps_of_equal_content_change_nothing() {
    is_unharmed(&whole().overlapping(FLIGHT, 100, 300));
    is_unharmed(&whole().overlapping(FLIGHT, 100, 300).moved(FLIGHT + 1, FLIGHT));
    is_unharmed(&whole().overlapping(HELLO, 0, 60));
}

#[test]
fn tcp_04_of_two_contents_the_first_seen_wins() {
    let mut forged = whole();
    let mut copy = forged.packets[HELLO].clone();
    copy.payload.fill(b'x');
    forged.packets.insert(HELLO + 1, copy);
    let run = forged.restamped().run();
    assert_eq!(
        (run.only().phase, run.only().flags()),
        (Phase::TlsComplete, vec![Flag::OverlapConflict, Flag::Desync])
    );
}

#[test]
fn tcp_04_after_a_conflict_no_octets_are_called_clear_text() {
    // The second half of the flight is held when its forged copy comes.
    let mut forged = tls().cut_to(200);
    let second = forged.packets.remove(FLIGHT + 1);
    let mut copy = second.clone();
    copy.payload.fill(b'x');
    let first = forged.packets.remove(FLIGHT);
    for packet in [second, copy, first].into_iter().rev() {
        forged.packets.insert(FLIGHT, packet);
    }
    let run = forged.restamped().server(b"clear text").run();
    assert_eq!(run.only().phase, Phase::TlsComplete);
    assert!(run.only().has(Flag::OverlapConflict));
    assert_eq!(tls().server(b"clear text").run().only().phase, Phase::TlsThenClear);
}

#[test]
fn tcp_05_sequence_numbers_wrap_at_any_place() {
    let step = |places: u32| (0..whole().run().only().octets[1] as u32 + 8).step_by(places as usize);
    for before in step(1) {
        let mut wrapped = whole().cut_to(150);
        for packet in &mut wrapped.packets {
            let [own, other] =
                if packet.from == CLIENT { [CLIENT_ISN, SERVER_ISN] } else { [SERVER_ISN, CLIENT_ISN] };
            packet.sequence = packet.sequence.wrapping_sub(own).wrapping_sub(before);
            packet.ack = packet.ack.map(|ack| ack.wrapping_sub(other).wrapping_sub(before));
        }
        is_unharmed(&wrapped.moved(5, 4));
    }
}

#[test]
fn tcp_06_a_handshake_without_syns_is_followed_and_marked() {
    let run = whole().without(|packet| packet.is(TcpFlags::SYN)).run();
    assert_eq!((run.only().phase, run.only().flags()), (Phase::TlsComplete, vec![Flag::Midstream]));
    assert_eq!((run.only().start.0, run.only().established_ms()), (EPOCH + 2 * MILLISECOND, Some(2)));
}

#[test]
fn tcp_06_without_a_visible_start_nobody_listens() {
    let cut = Conversation { packets: tls().packets[FLIGHT + 1..].to_vec(), ..tls() };
    let run = cut.client(crate::tls_talk::sealed(300)).run();
    assert_eq!(run.only().phase, Phase::Unseen);
    assert_eq!(run.only().flags(), [Flag::Midstream, Flag::RoleGuessed]);
}

#[test]
fn tcp_07_one_direction_is_enough_and_nothing_waits_for_the_other() {
    let run = Conversation::of(&full_12().client(crate::tls_talk::sealed(80)))
        .without(|packet| packet.from == SERVER)
        .waits(20 * SECOND)
        .run();
    assert_eq!((run.only().phase, run.only().flags()), (Phase::TlsComplete, vec![Flag::OneSided]));
    let run = Conversation::of(&full_13()).closes(CLIENT).without(|packet| packet.from == SERVER).run();
    assert_eq!(run.only().phase, Phase::TlsComplete);
    assert!(!run.only().has(Flag::Gap));
}

#[test]
fn tcp_08_octets_that_were_acknowledged_and_never_captured_are_a_gap() {
    let run = whole().without_number(FLIGHT).run();
    assert!(run.only().has(Flag::Gap));
    assert_eq!(
        run.only().octets[1],
        whole().run().only().octets[1] - whole().packets[FLIGHT].payload.len() as u64
    );
}

/// A client hello as data of the SYN.
fn fast_open(octets: &[u8]) -> Conversation {
    Conversation::silent().sends(CLIENT, TcpFlags::SYN, octets)
}

fn rest_of_tls(conversation: Conversation) -> Conversation {
    full_12().events[1..].iter().fold(conversation, |conversation, event| match event {
        crate::tls_talk::Event::Octets { side, bytes, .. } => conversation.says(*side, bytes),
        other => panic!("{other:?}"),
    })
}

#[test]
fn tcp_09_octets_of_an_accepted_syn_count_once() {
    let run = rest_of_tls(fast_open(&client_hello()).syn_ack(SERVER)).run();
    assert_eq!((run.only().phase, run.only().flags()), (Phase::TlsComplete, vec![]));
    assert_eq!(run.only().octets, tls().run().only().octets);
}

#[test]
fn tcp_09_octets_of_a_syn_that_are_sent_again_count_once() {
    let mut opened = fast_open(&client_hello());
    opened.next[0] = CLIENT_ISN + 1;
    let run = rest_of_tls(opened.syn_ack(SERVER).ack(CLIENT).client(client_hello())).run();
    assert_eq!((run.only().phase, run.only().flags()), (Phase::TlsComplete, vec![]));
    assert_eq!(run.only().octets, tls().run().only().octets);
}

#[test]
fn tcp_09_octets_of_a_syn_that_was_not_accepted_are_nobodys() {
    for early_answer in [false, true] {
        let mut opened = fast_open(b"GET / HTTP/1.0\r\n\r\n");
        opened.next[0] = CLIENT_ISN + 1;
        let mut all = rest_of_tls(opened.syn_ack(SERVER).ack(CLIENT).client(client_hello()));
        if early_answer {
            all = all.moved(1, 0);
        }
        let run = all.run();
        assert_eq!((run.only().phase, run.only().flags()), (Phase::TlsComplete, vec![]), "{early_answer}");
        assert_eq!(run.only().octets, tls().run().only().octets);
    }
}

#[test]
fn tcp_09_octets_of_a_syn_that_nobody_answers_are_counted_and_begin_nothing() {
    let run = fast_open(&client_hello()).run();
    assert_eq!((run.only().phase, run.only().octets), (Phase::Silent, [client_hello().len() as u64, 0]));
    assert_eq!(run.only().flags(), [Flag::NeverEstablished]);
}

#[test]
fn tcp_09_both_sides_may_open() {
    let mut both = Conversation::silent().syn(CLIENT).syn(SERVER);
    both.next = [CLIENT_ISN, SERVER_ISN];
    let both = both.syn_ack(CLIENT);
    let mut both = Conversation { next: [CLIENT_ISN, SERVER_ISN + 1], ..both };
    both = both.packet(CLIENT, CLIENT_ISN, Some(SERVER_ISN + 1), TcpFlags(18), b"");
    both = both.packet(SERVER, SERVER_ISN, Some(CLIENT_ISN + 1), TcpFlags(18), b"");
    both.next = [CLIENT_ISN + 1, SERVER_ISN + 1];
    let run = rest_of_tls(both.client(client_hello())).closes(SERVER).run();
    assert_eq!((run.only().phase, run.only().flags()), (Phase::TlsComplete, vec![]));
    assert_eq!(run.only().octets, tls().run().only().octets);
}

#[test]
fn tcp_09_a_split_handshake_is_established_by_the_last_acknowledgement() {
    let split = Conversation::silent()
        .packet(CLIENT, CLIENT_ISN, None, TcpFlags::SYN, b"")
        .packet(SERVER, SERVER_ISN, None, TcpFlags::SYN, b"")
        .packet(CLIENT, CLIENT_ISN, Some(SERVER_ISN + 1), TcpFlags(18), b"");
    let split = Conversation { next: [CLIENT_ISN + 1, SERVER_ISN + 1], ..split };
    let run = rest_of_tls(split.ack(SERVER).client(client_hello())).closes(SERVER).run();
    assert_eq!((run.only().phase, run.only().flags()), (Phase::TlsComplete, vec![]));
    assert_eq!(run.only().established_ms(), Some(3));
}

#[test]
fn tcp_10_a_reset_at_the_expected_number_ends_the_connection() {
    for side in [CLIENT, SERVER] {
        let run = tls().rst_off_by(side, 0).run();
        assert_eq!((run.only().kind, run.only().end_ms()), (RowKind::Reset, 7));
    }
}

#[test]
fn tcp_10_a_reset_outside_the_window_is_ignored() {
    for offset in [-1_000, -5, 1 << 21, i32::MIN] {
        let run = tls().rst_off_by(SERVER, offset).client(b"more").closes(CLIENT).run();
        assert_eq!(run.only().kind, RowKind::Closed, "{offset}");
        assert!(run.only().has(Flag::ResetIgnored), "{offset}");
    }
}

#[test]
fn tcp_10_a_reset_inside_the_window_ends_the_connection_at_its_own_time_if_nothing_follows() {
    let run = tls().rst_off_by(SERVER, 20).waits(SECOND).run();
    assert_eq!((run.only().kind, run.only().end_ms()), (RowKind::Reset, 7));
}

#[test]
fn tcp_10_a_reset_inside_the_window_is_contradicted_by_new_octets_of_either_side() {
    for side in [CLIENT, SERVER] {
        let run = tls().rst_off_by(SERVER, 20).says(side, crate::tls_talk::sealed(9)).run();
        assert_eq!(run.only().kind, RowKind::Unfinished);
        assert!(run.only().has(Flag::ResetIgnored));
    }
}

#[test]
fn tcp_10_a_reset_tells_how_far_its_sender_had_come() {
    // The client's last octets were never captured, nor acknowledged; its RST stands behind them.
    let resumed = Conversation::of(&crate::tls_talk::resumed_12()).rst_off_by(CLIENT, 0);
    assert_eq!(resumed.run().only().phase, Phase::TlsComplete);
    let run = resumed.without_number(5).run();
    assert_eq!((run.only().kind, run.only().phase), (RowKind::Reset, Phase::TlsLost));
}

#[test]
fn tcp_10_a_repetition_or_a_challenge_contradicts_no_reset() {
    let doubted = tls().ack(CLIENT).rst_off_by(SERVER, 20);
    let last = doubted.packets[6].clone();
    let (sequence, ack, octets) = (last.sequence, last.ack, last.payload);
    let run = doubted.clone().packet(SERVER, sequence, ack, TcpFlags::PSH, &octets).run();
    assert_eq!((run.only().kind, run.only().end_ms()), (RowKind::Reset, 8), "a repetition");
    let run = doubted.ack(CLIENT).run();
    assert_eq!((run.only().kind, run.only().end_ms()), (RowKind::Reset, 8), "RFC 5961's challenge");
}

#[test]
fn tcp_10_the_reset_of_a_syn_must_acknowledge_it() {
    let refused = |ack: u32| {
        Conversation::silent()
            .syn(CLIENT)
            .packet(SERVER, 0, Some(ack), TcpFlags::RST, b"")
            .syn_ack(SERVER)
            .ack(CLIENT)
            .run()
            .last()
            .kind
    };
    assert_eq!(refused(CLIENT_ISN + 1), RowKind::Reset);
    assert_eq!(refused(CLIENT_ISN + 500_000_000), RowKind::Unfinished);
    assert_eq!(refused(CLIENT_ISN), RowKind::Unfinished);
}

#[test]
fn tcp_10_a_syn_with_a_reset_is_a_reset() {
    let both = TcpFlags(TcpFlags::SYN.0 | TcpFlags::RST.0);
    let run = Conversation::silent().packet(CLIENT, CLIENT_ISN, None, both, b"").run();
    assert_eq!((run.only().kind, run.only().phase), (RowKind::Reset, Phase::Unseen));
    assert_eq!(run.only().flags(), [Flag::Midstream, Flag::OneSided, Flag::RoleGuessed]);
    let run = tls().packet(CLIENT, CLIENT_ISN + 77, None, both, b"").run();
    assert_eq!(run.rows.len(), 1);
}

#[test]
fn tcp_10_a_reset_that_acknowledges_octets_of_an_attempt_ends_an_established_connection() {
    let lost = Conversation::silent().syn(CLIENT).packet(
        SERVER,
        SERVER_ISN + 1,
        Some(CLIENT_ISN + 3),
        TcpFlags::RST,
        b"",
    );
    let at = Timestamp(lost.packets[1].at);
    let ended = lost.clone().run();
    assert_eq!((ended.only().kind, ended.only().flags()), (RowKind::Reset, vec![Flag::Gap]));
    let run = lost.packet(CLIENT, CLIENT_ISN + 1, None, TcpFlags::PSH, b"").run();
    assert_eq!((run.only().kind, run.only().established, run.only().end), (RowKind::Reset, Some(at), at));
}

#[test]
fn tcp_10_whoever_goes_on_with_the_opening_has_not_heeded_a_reset_in_doubt() {
    let talk = Conversation::silent().syn(CLIENT).packet(SERVER, SERVER_ISN, None, TcpFlags::RST, b"");
    let run = rest_of_tls(talk.syn_ack(SERVER).ack(CLIENT).client(client_hello())).run();
    assert_eq!((run.only().kind, run.only().phase), (RowKind::Unfinished, Phase::TlsComplete));
    assert_eq!(run.only().flags(), [Flag::ResetIgnored]);
}

#[test]
fn tcp_10_in_mid_life_a_server_may_reset_without_having_seen_everything() {
    let client = |talk: Conversation| talk.without(|packet| packet.is(TcpFlags::SYN));
    let seen = Conversation::open().client(b"one");
    let (sequence, ack) = (seen.next[1], seen.next[0]);
    let run = client(seen.client(b"two").packet(SERVER, sequence, Some(ack), TcpFlags::RST, b"")).run();
    assert_eq!(run.last().kind, RowKind::Reset);
}

const OTHER_ISN: u32 = 77_000_000;

fn second_life() -> Conversation {
    Conversation::with_numbers(OTHER_ISN, 3 * OTHER_ISN)
}

#[test]
fn tcp_11_an_answered_syn_with_another_number_begins_a_new_connection() {
    let run = tls().then(second_life().syn(CLIENT).syn_ack(SERVER).ack(CLIENT).client(b"GET /")).run();
    assert_eq!(run.kinds(), [RowKind::Replaced, RowKind::Unfinished]);
    let (old, new) = (&run.rows[0], &run.rows[1]);
    assert_eq!((old.phase, old.end_ms(), old.ordinal), (Phase::TlsComplete, 7, 1));
    assert_eq!(old.segments, [4, 3], "the new SYN and its answer are not the old connection's");
    assert_eq!(
        (new.phase, new.start.0, new.established_ms()),
        (Phase::Clear, EPOCH + 7 * MILLISECOND, Some(9))
    );
    assert_eq!((new.ordinal, new.first_packet, new.segments, new.octets), (2, 8, [3, 1], [5, 0]));
}

#[test]
fn tcp_11_a_repeated_new_syn_is_counted_from_its_first_copy() {
    let run = tls().then(second_life().syn(CLIENT).syn_ack(SERVER).ack(CLIENT)).repeated(7).run();
    assert_eq!((run.rows[0].end_ms(), run.rows[1].start.0), (7, EPOCH + 7 * MILLISECOND));
    assert_eq!(run.rows[0].segments, [4, 3]);
}

#[test]
fn tcp_11_an_unanswered_syn_with_another_number_changes_nothing() {
    let lives = tls();
    let run = lives
        .packet(CLIENT, OTHER_ISN, None, TcpFlags::SYN, b"")
        .ack(SERVER)
        .client(crate::tls_talk::sealed(50))
        .closes(CLIENT)
        .run();
    assert_eq!((run.only().kind, run.only().phase), (RowKind::Closed, Phase::TlsComplete));
}

#[test]
fn tcp_11_after_fins_or_a_reset_a_syn_begins_a_new_connection_at_once() {
    let again = || second_life().syn(CLIENT);
    for (ended, kind) in [
        (whole(), RowKind::Closed),
        (tls().fin(CLIENT).fin(SERVER), RowKind::Closed),
        (tls().rst(CLIENT), RowKind::Reset),
        (tls().without_number(ANSWER).rst(SERVER), RowKind::Reset),
    ] {
        let run = ended.then(again()).run();
        assert_eq!(run.kinds(), [kind, RowKind::Unfinished]);
        assert_eq!(run.rows[1].ordinal, 2);
        assert_eq!(run.rows[1].segments, [1, 0]);
    }
}

#[test]
fn tcp_11_a_reset_in_doubt_is_the_end_when_a_new_connection_follows() {
    let run = tls().rst_off_by(CLIENT, 9).then(second_life().syn(CLIENT).syn_ack(SERVER).ack(CLIENT)).run();
    assert_eq!((run.rows[0].kind, run.rows[0].end_ms()), (RowKind::Reset, 7));
    assert_eq!((run.rows[1].start.0, run.rows[1].ordinal), (EPOCH + 8 * MILLISECOND, 2));
}

#[test]
fn tcp_11_where_only_the_client_is_captured_its_next_segment_confirms_the_new_syn() {
    let both = tls().then(second_life().syn(CLIENT).syn_ack(SERVER).ack(CLIENT).client(b"GET /"));
    let run = both.without(|packet| packet.from == SERVER).run();
    assert_eq!(run.rows.len(), 2);
    assert_eq!((run.rows[0].kind, run.rows[0].end_ms()), (RowKind::Replaced, 7));
    assert_eq!((run.rows[1].phase, run.rows[1].segments), (Phase::Clear, [3, 0]));
}

#[test]
fn tcp_12_a_half_closed_connection_lives_and_its_timer_runs() {
    let half = Conversation::open().client(b"GET /\r\n").fin(CLIENT).waits(300 * SECOND).server(b"200\r\n");
    let run = half.closes(SERVER).run_all();
    assert_eq!(run.row(RowKind::Due).end_ms(), 4);
    assert_eq!(run.row(RowKind::Due).at.0, EPOCH + 10 * SECOND + 2 * MILLISECOND);
    assert_eq!((run.last().kind, run.last().octets), (RowKind::Closed, [7, 5]));
}

#[test]
fn tcp_13_keep_alives_carry_no_payload() {
    for octets in [&b""[..], b"\0"] {
        for after in [FLIGHT, 7] {
            let mut kept = Conversation { packets: tls().packets[..after].to_vec(), ..tls() };
            let (sequence, ack) = (kept.next[0].wrapping_sub(1), Some(kept.next[1]));
            if after == FLIGHT {
                let hello = kept.packets[HELLO].clone();
                kept =
                    kept.packet(CLIENT, hello.sequence + hello.on_wire - 1, hello.ack, TcpFlags::ACK, octets);
                kept.packets.extend(tls().packets.drain(after..));
            } else {
                kept = kept.packet(CLIENT, sequence, ack, TcpFlags::ACK, octets);
            }
            is_unharmed(&kept.restamped().closes(CLIENT));
        }
    }
}

#[test]
fn tcp_13_a_keep_alive_behind_one_octet_segments_is_no_conflict() {
    let typed = Conversation::open().client(b"a").client(b"b");
    let (sequence, ack) = (typed.next[0] - 1, Some(typed.next[1]));
    let run = typed.packet(CLIENT, sequence, ack, TcpFlags::ACK, b"\0").closes(CLIENT).run();
    assert_eq!((run.only().flags(), run.only().octets), (vec![], [2, 0]));
}

#[test]
fn tcp_13_a_zero_window_probe_counts_its_octet_once() {
    let stalled = Conversation::open();
    let (sequence, ack) = (stalled.next[0], Some(stalled.next[1]));
    let run =
        stalled.packet(CLIENT, sequence, ack, TcpFlags::ACK, b"G").client(b"GET /").closes(CLIENT).run();
    assert_eq!((run.only().flags(), run.only().octets), (vec![], [5, 0]));
}

#[test]
fn tcp_14_octets_beyond_the_fin_are_ignored_and_marked() {
    let run = tls().fin(CLIENT).client(b"clear text").run();
    assert_eq!((run.only().phase, run.only().flags()), (Phase::TlsComplete, vec![Flag::BeyondFin]));
    assert_eq!(run.only().octets, tls().run().only().octets);
}

#[test]
fn tcp_14_octets_below_the_first_are_ignored_and_marked() {
    let run = Conversation::open()
        .packet(CLIENT, CLIENT_ISN - 20, Some(SERVER_ISN + 1), TcpFlags::PSH, b"GET / HTTP/1.0\r\n\r\n")
        .client(client_hello())
        .run();
    assert_eq!((run.only().phase, run.only().flags()), (Phase::TlsBegun, vec![Flag::BeyondFin]));
}

#[test]
fn tcp_15_of_several_syns_the_acknowledged_one_counts() {
    for numbers in [[CLIENT_ISN, 5_000_000], [5_000_000, CLIENT_ISN]] {
        let mut opened = Conversation::silent();
        for number in numbers {
            opened = opened.packet(CLIENT, number, None, TcpFlags::SYN, b"");
        }
        opened.next = [CLIENT_ISN + 1, SERVER_ISN];
        let run = rest_of_tls(opened.syn_ack(SERVER).ack(CLIENT).client(client_hello())).closes(CLIENT).run();
        assert_eq!((run.only().phase, run.only().flags()), (Phase::TlsComplete, vec![]), "{numbers:?}");
        assert_eq!(run.only().octets, tls().run().only().octets);
    }
}

#[test]
fn tcp_15_a_syn_that_comes_after_another_was_answered_changes_nothing() {
    let opened = Conversation::silent().syn(CLIENT).syn_ack(SERVER).packet(
        CLIENT,
        5_000_000,
        None,
        TcpFlags::SYN,
        b"",
    );
    let run = rest_of_tls(opened.ack(CLIENT).client(client_hello())).closes(CLIENT).run();
    assert_eq!((run.only().phase, run.only().flags()), (Phase::TlsComplete, vec![]));
}

#[test]
fn tcp_15_of_several_syn_acks_the_acknowledged_one_counts() {
    for numbers in [[SERVER_ISN, 5_000_000], [5_000_000, SERVER_ISN]] {
        let mut opened = Conversation::silent().syn(CLIENT);
        for number in numbers {
            opened = opened.packet(SERVER, number, Some(CLIENT_ISN + 1), TcpFlags(18), b"");
        }
        opened.next = [CLIENT_ISN + 1, SERVER_ISN + 1];
        let run = rest_of_tls(opened.ack(CLIENT).client(client_hello())).closes(CLIENT).run();
        assert_eq!((run.only().phase, run.only().flags()), (Phase::TlsComplete, vec![]), "{numbers:?}");
        assert_eq!(run.only().octets, tls().run().only().octets);
    }
}

#[test]
fn tcp_17_time_never_runs_backwards_and_a_jump_fires_timers_once() {
    let mut odd = whole();
    odd.packets[HELLO].at -= 100 * SECOND;
    let run = odd.run();
    assert_eq!((run.only().phase, run.only().start.0), (Phase::TlsComplete, EPOCH));
    assert_eq!(run.tap.counters().clock_backwards, 1);
    let run = tls().waits(365 * 86_400 * SECOND).client(crate::tls_talk::sealed(9)).run_all();
    let due: Vec<u64> = run.rows.iter().filter(|row| row.kind == RowKind::Due).map(|row| row.at.0).collect();
    assert_eq!(due, [EPOCH + 10 * SECOND + 2 * MILLISECOND]);
}

#[test]
fn tcp_18_urgent_octets_are_read_in_line_and_marked() {
    let mut urgent = whole();
    urgent.packets[FLIGHT].flags = TcpFlags::URG;
    let run = urgent.run();
    assert_eq!((run.only().phase, run.only().flags()), (Phase::TlsComplete, vec![Flag::Urgent]));
}

#[test]
fn tcp_19_interleaved_connections_do_not_touch_each_other() {
    let plain = |port: u16| Conversation::open().on_ports(port, 80);
    let mut all: Vec<Conversation> = (0..50u16)
        .map(|n| match n % 3 {
            0 => Conversation::of(&full_12()),
            1 => Conversation::of(&full_13()),
            _ => plain(1).client(b"GET /").server(b"200").client(b"x").server(b"y"),
        })
        .collect();
    for (n, conversation) in (0u16..).zip(&mut all) {
        for packet in &mut conversation.packets {
            packet.ports = [30_000 + n, 443];
            packet.lane = u32::from(n / 25);
        }
    }
    let mut tap = Tap::new(zertap_core::config::Config::default());
    for number in 0..7 {
        for packet in all.iter().filter_map(|conversation| conversation.packets.get(number)) {
            tap.push_segment(Timestamp(EPOCH + number as u64), &packet.segment());
        }
    }
    tap.finish();
    for (number, row) in tap.drain().iter().enumerate() {
        let expected = if number % 3 == 2 { Phase::Clear } else { Phase::TlsComplete };
        assert_eq!((row.phase, row.flags()), (expected, vec![]), "{number}");
        assert_eq!(row.connection, number as u64 + 1);
    }
}

#[test]
fn tcp_19_the_same_addresses_on_two_lanes_are_two_connections() {
    let mut both = Conversation::open().on_lane(7);
    for packet in &mut both.packets {
        packet.lane = 9;
    }
    let both = both.client(b"GET /").then(Conversation::silent().on_lane(7).syn(CLIENT));
    let run = both.run();
    assert_eq!(run.rows.iter().map(|row| row.lane).collect::<Vec<_>>(), [9, 7]);
    assert_eq!(run.rows.iter().map(|row| row.ordinal).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn tcp_20_a_fin_below_octets_already_sent_is_ignored_and_marked() {
    let mut cut = whole().cut_to(200);
    let forged = cut.packets[FLIGHT].clone();
    // A FIN inside the flight, captured when the octets behind it are there but wait for a lost segment's copy.
    let late = cut.packets.remove(FLIGHT + 1);
    let at = late.sequence + 10;
    cut.packets.insert(FLIGHT + 3, late);
    let fin =
        Conversation { packets: vec![], ..cut.clone() }.packet(SERVER, at, forged.ack, TcpFlags::FIN, b"");
    cut.packets.insert(FLIGHT + 3, fin.packets[0].clone());
    let run = cut.restamped().run();
    assert_eq!((run.only().kind, run.only().phase), (RowKind::Closed, Phase::TlsComplete));
    assert_eq!(run.only().flags(), [Flag::BeyondFin]);
}

#[test]
fn tcp_20_a_fin_ahead_is_forgotten_when_octets_pass_it() {
    let ahead = Conversation::open();
    let (sequence, ack) = (ahead.next[0] + 40, Some(ahead.next[1]));
    let forged = ahead.packet(CLIENT, sequence, ack, TcpFlags::FIN, b"");
    let run = rest_of_tls(forged.client(client_hello())).closes(CLIENT).run();
    assert_eq!((run.only().kind, run.only().phase), (RowKind::Closed, Phase::TlsComplete));
    assert_eq!(run.only().flags(), [Flag::BeyondFin]);
}

#[test]
fn tcp_20_an_acknowledgement_of_octets_nobody_sent_holds_nothing_up() {
    for ahead in [1u32 << 25, 1 << 30] {
        let mut forged = tls();
        forged.packets[HELLO].ack = forged.packets[HELLO].ack.map(|ack| ack.wrapping_add(ahead));
        let run = forged.run_all();
        assert_eq!(run.rows[1].phase, Phase::TlsBegun, "{ahead}");
    }
    let run = Conversation::open().fin(SERVER);
    let (sequence, ack) = (run.next[0], run.next[1] + 500);
    let run = run.packet(CLIENT, sequence, Some(ack), TcpFlags::PSH, b"GET / HTTP/1.0\r\n\r\n").run();
    assert_eq!((run.only().phase, run.only().octets), (Phase::Clear, [18, 0]));
}

#[test]
fn tcp_22_what_follows_the_end_writes_no_second_row() {
    let done = whole();
    let (sequence, ack) = (done.next[1] - 1, Some(done.next[0]));
    let fin = done.packet(SERVER, sequence, ack, TcpFlags::FIN, b"").ack(CLIENT).rst(SERVER).rst(CLIENT);
    let run = fin.run();
    assert_eq!((run.only().kind, run.only().end_ms()), (RowKind::Closed, 9));
    assert_eq!(run.tap.table_counters().stragglers, 4);
    let run = tls().fin(CLIENT).fin(SERVER).rst(CLIENT).run();
    assert_eq!((run.only().kind, run.only().phase), (RowKind::Closed, Phase::TlsComplete));
}

#[test]
fn tcp_23_idle_days_end_nothing() {
    let run = tls().waits(5 * 86_400 * SECOND).client(crate::tls_talk::sealed(9)).closes(SERVER).run();
    assert_eq!((run.only().kind, run.only().phase), (RowKind::Closed, Phase::TlsComplete));
}

#[test]
fn tcp_24_the_server_may_speak_first_and_both_at_once() {
    let run = Conversation::open().server(b"220 hi\r\n").client(b"EHLO\r\n").run();
    assert_eq!((run.only().phase, run.only().flags()), (Phase::Clear, vec![]));
    let mut both = Conversation::open().client(b"one").server(b"two");
    both.packets[4].ack = both.packets[3].ack.map(|_| CLIENT_ISN + 1);
    let run = both.run();
    assert_eq!((run.only().phase, run.only().octets), (Phase::Clear, [3, 3]));
}

#[test]
fn state_20_reused_addresses_are_told_apart_by_connection_and_ordinal() {
    let run = whole().then(second_life().syn(CLIENT).syn_ack(SERVER).ack(CLIENT).client(b"x")).run();
    let told: Vec<_> = run.rows.iter().map(|row| (row.connection, row.ordinal, row.phase)).collect();
    assert_eq!(told, [(1, 1, Phase::TlsComplete), (2, 2, Phase::Clear)]);
}

#[test]
fn state_20_ordinals_are_remembered_after_stragglers_are_forgotten() {
    let later = whole().waits(3_600 * SECOND).then(second_life().syn(CLIENT).syn_ack(SERVER).ack(CLIENT));
    assert_eq!(later.run().last().ordinal, 2);
}

#[test]
fn state_20_where_only_the_server_is_captured_a_new_syn_ack_begins_a_new_connection() {
    let both =
        tls().rst(SERVER).then(second_life().syn(CLIENT).syn_ack(SERVER).ack(CLIENT).server(b"220 hi\r\n"));
    let run = both.without(|packet| packet.from == CLIENT).run();
    assert_eq!(run.rows.len(), 2);
    assert_eq!((run.rows[1].phase, run.rows[1].ordinal), (Phase::Clear, 2));
}

#[test]
fn state_21_a_connection_seen_twice_by_a_tap_is_one_record() {
    let mut twice = whole();
    twice.packets = twice.packets.iter().flat_map(|packet| [packet.clone(), packet.clone()]).collect();
    is_unharmed(&twice.restamped());
}

#[test]
fn state_22_octets_and_segments_are_counted_as_seen() {
    let run = whole().run();
    let sent = |side| {
        whole().packets.iter().filter(|packet| packet.from == side).map(|p| u64::from(p.on_wire)).sum()
    };
    assert_eq!(run.only().octets, [sent(CLIENT), sent(SERVER)]);
    assert_eq!(run.only().segments, [6, 4]);
    let run = whole().snapped(60).run();
    assert_eq!(run.only().octets, [sent(CLIENT), sent(SERVER)], "by the lengths on the wire");
    assert!(run.only().has(Flag::Truncated));
}
