//! Which rows are written when and with what; and who listens (EDGE_CASES A3, A7, A9; TLS-05, -40, -55; SSH-02).

use crate::ssh_talk::{CLIENT_LINE, Offer, SERVER_LINE, newkeys, packet, string};
use crate::support::*;
use crate::tls_talk::{
    certified_13, client_hello, flight_13, full_12, full_13, join, sealed, server_flight_13, server_hello_13,
};
use zertap_core::config::Config;
use zertap_core::event::{Row, RowKind, RowKinds};
use zertap_core::handshake::{Fault, Flag, Options, Phase, Side, TextKind};
use zertap_core::tap::Tap;
use zertap_core::time::Timestamp;
use zertap_core::wire::TcpFlags;

fn whole() -> Conversation {
    Conversation::of(&full_12()).closes(CLIENT)
}

/// Mode `zert`: no handshake after clear data is followed.
fn strict() -> Config {
    let options = Options { upgrades: false, ..Options::default() };
    Config { options, ..asking_for_all() }
}

// ---- rows ----

#[test]
fn all_rows_of_a_protected_connection_tell_its_whole_life() {
    use Phase::{Silent, TlsBegun, TlsComplete};
    use RowKind::{Closed, Due, Moved, Opened};
    let run = Conversation::of(&full_12()).waits(20 * SECOND).client(sealed(100)).closes(CLIENT).run_all();
    assert_eq!(run.kinds(), [Opened, Moved, Moved, Due, Closed]);
    let phases: Vec<Phase> = run.rows.iter().map(|row| row.phase).collect();
    assert_eq!(phases, [Silent, TlsBegun, TlsComplete, TlsComplete, TlsComplete]);
    let previous: Vec<Phase> = run.rows.iter().map(|row| row.previous).collect();
    assert_eq!(previous, [Silent, Silent, TlsBegun, TlsComplete, TlsComplete]);
    let packets: Vec<u64> = run.rows.iter().map(|row| row.packet).collect();
    assert_eq!(packets, [3, 4, 7, 8, 11]);
    assert!(run.rows.iter().all(|row| (row.connection, row.ordinal, row.first_packet) == (1, 1, 1)));
}

#[test]
fn the_differences_of_all_rows_add_up_to_the_totals() {
    let run = Conversation::of(&full_13()).waits(20 * SECOND).server(sealed(400)).closes(SERVER).run_all();
    let sum = |of: fn(&Row) -> [u64; 2]| {
        run.rows.iter().map(of).fold([0, 0], |sum, add| [sum[0] + add[0], sum[1] + add[1]])
    };
    assert_eq!(sum(|row| row.octets_delta), run.last().octets);
    assert_eq!(sum(|row| row.segments_delta), run.last().segments);
}

#[test]
fn milestones_carry_their_times_and_whether_the_span_had_passed() {
    let late = Conversation::open().waits(15 * SECOND);
    let late = full_12().events.iter().fold(late, |late, event| match event {
        crate::tls_talk::Event::Octets { side, bytes, .. } => late.says(*side, bytes),
        other => panic!("{other:?}"),
    });
    let run = late.run();
    let told: Vec<_> = run.only().history.entries().iter().map(|told| (told.phase, told.after_due)).collect();
    assert_eq!(told, [(Phase::TlsBegun, true), (Phase::TlsComplete, true)]);
    let (begun, complete) = run.only().handshake().expect("both");
    assert_eq!(
        (begun.at.0, complete.at.0),
        (EPOCH + 15 * SECOND + 3 * MILLISECOND, begun.at.0 + 3 * MILLISECOND)
    );
}

#[test]
fn only_the_kinds_that_were_asked_for_are_written() {
    assert_eq!(whole().waits(20 * SECOND).run().kinds(), [RowKind::Closed]);
    let none = Config { rows: zertap_core::event::RowKinds::NONE, ..Config::default() };
    assert!(whole().run_with(none).rows.is_empty());
}

/// The same, without the `moved` rows of a time in which nothing is an event.
fn late_moves() -> Config {
    Config { early_moves: false, ..asking_for_all() }
}

#[test]
fn of_early_moves_only_the_first_row_of_all_and_data_in_clear_are_written_where_they_are_not_wanted() {
    use RowKind::{Closed, Due, Moved};
    let late = Config { rows: RowKinds::LAST.with(Moved).with(Due), ..late_moves() };
    let plain = Conversation::of(&full_12()).waits(20 * SECOND).closes(CLIENT);
    assert_eq!(plain.run_with(late.clone()).kinds(), [Moved, Due, Closed]);
    assert_eq!(plain.run_with(late_moves()).kinds(), [RowKind::Opened, Due, Closed]);
    let clear = Conversation::of(&full_12()).says(CLIENT, b"QUIT\r\n").closes(CLIENT).run_with(late_moves());
    assert_eq!(clear.kinds(), [RowKind::Opened, Moved, Closed]);
    assert_eq!((clear.rows[1].phase, clear.rows[1].due_passed), (Phase::TlsThenClear, false));
}

#[test]
fn late_moves_are_written_whatever_is_said_of_early_ones() {
    // The hello comes within the span, what answers it behind.
    let mut talk = Conversation::open();
    for (number, event) in full_12().events.iter().enumerate() {
        let crate::tls_talk::Event::Octets { side, bytes, .. } = event else { panic!("{event:?}") };
        talk = if number == 1 { talk.waits(15 * SECOND) } else { talk }.says(*side, bytes);
    }
    let [all, late] = [talk.run_all(), talk.run_with(late_moves())];
    let moved = |run: &Run| {
        let rows = run.rows.iter().filter(|row| row.kind == RowKind::Moved && row.due_passed);
        rows.map(|row| (row.phase, row.at, row.history)).collect::<Vec<_>>()
    };
    assert_eq!(moved(&all), moved(&late));
    assert!(!moved(&all).is_empty());
}

#[test]
fn a_life_is_told_alike_whether_or_not_early_moves_are_written() {
    for talk in [
        Conversation::of(&full_12()).waits(20 * SECOND).client(sealed(100)).closes(CLIENT),
        Conversation::of(&full_13()).closes(SERVER),
        Conversation::open().client(&client_hello()[..30]).client(b"GET / HTTP/1.1\r\n\r\n").closes(CLIENT),
        Conversation::open().client(client_hello()).server(b"HTTP/1.1 400 Bad\r\n\r\n").closes(SERVER),
        Conversation::of(&full_12()).says(SERVER, b"220 in clear\r\n").waits(20 * SECOND),
    ] {
        let told = |run: Run| {
            let rows = run.rows.into_iter().filter(|row| row.kind != RowKind::Moved);
            rows.map(|row| (row.kind, row.phase, row.at, row.history, row.octets)).collect::<Vec<_>>()
        };
        assert_eq!(told(talk.run_all()), told(talk.run_with(late_moves())));
    }
}

#[test]
fn the_span_passes_before_the_packet_that_moves_time() {
    let at_ten = Conversation::open().waits(10 * SECOND - MILLISECOND).client(client_hello());
    let run = at_ten.run_all();
    let due = run.row(RowKind::Due);
    assert_eq!(
        (due.phase, due.at.0, due.due_passed),
        (Phase::Silent, EPOCH + 10 * SECOND + 2 * MILLISECOND, true)
    );
    assert_eq!(run.kinds()[1..3], [RowKind::Due, RowKind::Moved]);
}

#[test]
fn timers_of_several_connections_fire_in_order_of_time() {
    let mut all = vec![];
    for number in 0..5u16 {
        let mut one = Conversation::open().on_ports(1, 1).client(b"GET /").loses(SERVER, 9).ack(CLIENT);
        for packet in &mut one.packets {
            packet.ports = [50_000 + number, 80];
            packet.at += u64::from(number) * 700 * MILLISECOND;
        }
        all.extend(one.packets);
    }
    all.sort_by_key(|packet| packet.at);
    let mut tap = Tap::new(asking_for_all());
    feed(&mut tap, &all);
    tap.advance(Timestamp(EPOCH + 400 * SECOND));
    let rows = tap.drain();
    let times: Vec<u64> = rows.iter().map(|row| row.at.0).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(rows.iter().filter(|row| row.kind == RowKind::Due).count(), 5);
}

#[test]
fn file_10_at_the_end_of_input_connections_come_in_order_of_their_first_packets() {
    let mut tap = Tap::new(Config::default());
    for port in [9, 3, 7, 5] {
        feed(&mut tap, &Conversation::silent().on_ports(port, 80).syn(CLIENT).packets);
    }
    tap.finish();
    let rows = tap.drain();
    assert_eq!(rows.iter().map(|row| row.ports[0]).collect::<Vec<_>>(), [9, 3, 7, 5]);
    assert_eq!(rows.iter().map(|row| row.first_packet).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(tap.live(), 0);
}

#[test]
fn file_10_the_end_of_input_leaves_an_open_handshake_open() {
    let run = Conversation::open().client(client_hello()).run();
    assert_eq!(
        (run.only().kind, run.only().phase, run.only().fault()),
        (RowKind::Unfinished, Phase::TlsBegun, Fault::None)
    );
}

#[test]
fn what_began_behind_a_loss_was_not_monitored_though_the_input_ended_first() {
    for side in [CLIENT, SERVER] {
        let talk = Conversation::open().loses(side, 200).says(side, sealed(100));
        let alone = talk.clone().without(|packet| packet.from != side);
        for talk in [talk.ack(side.other()), alone] {
            let run = talk.waits(20 * SECOND).run();
            assert_eq!((run.only().kind, run.only().phase), (RowKind::Unfinished, Phase::Unseen));
            assert!(run.only().has(Flag::Gap));
        }
    }
}

#[test]
fn ssh_02_a_line_that_answers_an_announced_hello_fails_it_and_begins_no_ssh() {
    // PROXY protocol 2: IPv4, from 127.0.0.1:59546 to 127.0.0.1:64264.
    let header = b"\r\n\r\n\0\r\nQUIT\n!\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01\xe8\x9a\xfb\x08";
    for size in [1, 3, 1000] {
        let talk = Conversation::open().client(header).client(client_hello()).server(SERVER_LINE);
        let run = talk.cut_to(size).closes(SERVER).run_all();
        let row = run.last();
        let phases: Vec<Phase> = row.history.entries().iter().map(|entry| entry.phase).collect();
        assert_eq!(phases, [Phase::TlsBegun, Phase::TlsFailed], "{size}");
        assert_eq!((row.fault(), row.gave_up()), (Fault::PeerNotTls, Some(SERVER)), "{size}");
    }
}

#[test]
fn a_handshake_behind_a_loss_took_no_longer_than_its_packets() {
    let talk = Conversation::of(&full_13()).client(sealed(100));
    for gone in 3..talk.packets.len() - 1 {
        for row in talk.clone().without_number(gone).waits(2 * SECOND).run_all().rows {
            if let Some((begun, complete)) = row.handshake() {
                assert!(begun.at <= complete.at && complete.at <= row.end, "without {gone}: {row:?}");
            }
        }
    }
}

#[test]
fn the_end_of_the_connection_fails_an_open_handshake() {
    for (ended, fault, by) in [
        (Conversation::open().client(client_hello()).closes(SERVER), Fault::Closed, SERVER),
        (Conversation::open().client(client_hello()).rst(SERVER), Fault::Reset, SERVER),
        (Conversation::open().client(client_hello()).rst(CLIENT), Fault::Reset, CLIENT),
    ] {
        let run = ended.run();
        let row = run.only();
        assert_eq!((row.phase, row.fault(), row.gave_up()), (Phase::TlsFailed, fault, Some(by)));
        assert_eq!(row.client, CLIENT);
    }
}

#[test]
fn a_provisional_handshake_is_complete_when_the_span_passes() {
    let refused = || Conversation::of(&certified_13());
    let run = refused().waits(20 * SECOND).server(sealed(19)).fin(SERVER).run_all();
    assert_eq!((run.row(RowKind::Due).phase, run.last().phase), (Phase::TlsComplete, Phase::TlsComplete));
    let run = refused().server(sealed(19)).fin(SERVER).run_all();
    assert_eq!((run.last().phase, run.last().fault()), (Phase::TlsFailed, Fault::ClientCertificateRefused));
}

/// A8: what was acknowledged and never captured may have been the refusal.
#[test]
fn a_handshake_whose_refusal_may_have_been_lost_is_open_also_when_the_span_passes() {
    let lost = Conversation::of(&certified_13()).loses(SERVER, 24).ack(CLIENT).waits(20 * SECOND).ack(CLIENT);
    let run = lost.run_all();
    assert_eq!((run.row(RowKind::Due).phase, run.last().phase), (Phase::TlsAgreed, Phase::TlsAgreed));
    assert_eq!(run.last().kind, RowKind::Unfinished);
    let run = lost.clone().closes(CLIENT).run_all();
    assert_eq!((run.last().phase, run.last().fault()), (Phase::TlsLost, Fault::CaptureLoss));
    let run = lost.server(sealed(250)).run_all();
    let complete = *run.last().history.entries().last().expect("a milestone");
    assert_eq!((complete.phase, complete.after_due), (Phase::TlsComplete, true));
}

/// Nobody acknowledged the octets that lack below a FIN, so they are no gap yet when the span passes.
#[test]
fn a_hole_that_may_still_be_filled_leaves_a_handshake_open_when_the_span_passes() {
    let torn = || Conversation::of(&certified_13()).loses(SERVER, 24).fin(SERVER).waits(20 * SECOND);
    let run = torn().ack(SERVER).run_all();
    assert_eq!((run.row(RowKind::Due).phase, run.last().phase), (Phase::TlsAgreed, Phase::TlsLost));
    assert_eq!(torn().rst(CLIENT).run_all().last().phase, Phase::TlsLost);
    // It is filled, late: what came in it decides.
    for (octets, fault) in [(19, Fault::ClientCertificateRefused), (250, Fault::None)] {
        let mut talk = Conversation::of(&certified_13()).server(sealed(octets)).fin(SERVER);
        let late = talk.packets.remove(talk.packets.len() - 2);
        let mut talk = talk.waits(20 * SECOND).ack(SERVER);
        talk.packets.push(Packet { at: talk.now, ..late });
        let run = talk.run_all();
        assert_eq!((run.row(RowKind::Due).phase, run.last().fault()), (Phase::TlsAgreed, fault));
    }
}

/// The refusal was seen and the end of the connection was not, but for the number behind it.
#[test]
fn a_refused_handshake_whose_end_was_lost_is_open_also_when_the_span_passes() {
    let refused = Conversation::of(&certified_13()).server(sealed(19)).fin(SERVER).fin(CLIENT).ack(SERVER);
    let torn = refused.without(|packet| packet.is(TcpFlags::FIN)).waits(20 * SECOND).ack(CLIENT);
    let run = torn.run_all();
    assert_eq!((run.row(RowKind::Due).phase, run.last().phase), (Phase::TlsAgreed, Phase::TlsAgreed));
    let run = torn.rst(SERVER).run_all();
    assert_eq!((run.last().phase, run.last().fault()), (Phase::TlsLost, Fault::CaptureLoss));
}

/// A8: only the Finished was seen of the client's flight. What was lost before it may have been a certificate, which the
/// server may refuse; or not, and then its alert is a farewell.
#[test]
fn a_refusal_of_a_flight_that_was_lost_in_part_is_neither_failure_nor_success() {
    let torn = || Conversation::of(&flight_13(0x1301)).loses(CLIENT, 36).client(sealed(53)).ack(SERVER);
    for (talk, phase, fault) in [
        (torn().server(sealed(19)).closes(SERVER), Phase::TlsLost, Fault::CaptureLoss),
        (torn().closes(SERVER), Phase::TlsLost, Fault::CaptureLoss),
        (torn().server(sealed(250)).closes(SERVER), Phase::TlsComplete, Fault::None),
        (torn().closes(CLIENT), Phase::TlsComplete, Fault::None),
        (torn().waits(20 * SECOND).server(sealed(19)).closes(SERVER), Phase::TlsComplete, Fault::None),
    ] {
        let run = talk.run();
        assert_eq!((run.only().phase, run.only().fault()), (phase, fault));
        assert!(run.only().has(Flag::Gap));
    }
}

#[test]
fn without_syns_the_hello_tells_who_is_the_client() {
    // The hello comes from the side whose port looks like the server's.
    let mut odd = Conversation::of(&full_12());
    for packet in &mut odd.packets {
        packet.ports = [443, 50_000];
    }
    let run = odd.without(|packet| packet.is(zertap_core::wire::TcpFlags::SYN)).run();
    assert_eq!((run.only().ports, run.only().flags()), ([443, 50_000], vec![Flag::Midstream]));
    assert_eq!(run.only().octets, Conversation::of(&full_12()).run().only().octets);
}

// ---- A7: data in clear after protection ----

#[test]
fn a7_data_in_clear_at_a_record_boundary_ends_protection() {
    for side in [CLIENT, SERVER] {
        let run = Conversation::of(&full_12())
            .says(side, sealed(100))
            .says(side, b"QUIT\r\n")
            .closes(CLIENT)
            .run_all();
        assert_eq!(run.last().phase, Phase::TlsThenClear);
        assert_eq!(run.kinds()[3], RowKind::Moved);
        assert_eq!((run.rows[3].phase, run.rows[3].packet), (Phase::TlsThenClear, 9));
    }
}

#[test]
fn a7_data_in_clear_inside_a_record_ends_nothing() {
    let run = Conversation::of(&full_12()).client(&sealed(100)[..50]).client(b"QUIT\r\n").run();
    assert_eq!((run.only().phase, run.only().flags()), (Phase::TlsComplete, vec![]));
}

#[test]
fn a7_after_a_lost_segment_no_octets_are_called_clear() {
    let lost =
        Conversation::of(&full_12()).client(sealed(100)).loses(CLIENT, 40).client(b"QUIT\r\n").closes(CLIENT);
    let run = lost.run();
    assert_eq!(run.only().phase, Phase::TlsComplete);
    assert_eq!(run.only().flags(), [Flag::Gap, Flag::Desync]);
}

#[test]
fn a7_after_a_segment_cut_by_the_capture_no_octets_are_called_clear() {
    let mut cut = Conversation::of(&full_12()).client(sealed(100)).client(b"QUIT\r\n");
    cut.packets[7].payload.truncate(20);
    let run = cut.run();
    assert_eq!(
        (run.only().phase, run.only().flags()),
        (Phase::TlsComplete, vec![Flag::Truncated, Flag::Desync])
    );
}

#[test]
fn a7_a_lost_segment_of_one_side_leaves_the_other_exact() {
    let lost =
        Conversation::of(&full_12()).loses(SERVER, 40).client(sealed(9)).client(b"QUIT\r\n").closes(CLIENT);
    assert_eq!(lost.run().only().phase, Phase::TlsThenClear);
}

// ---- A3: who listens ----

#[test]
fn tls_05_two_octets_are_no_handshake_and_three_are() {
    let hello = client_hello();
    let slow = |first: usize| {
        let run =
            Conversation::open().client(&hello[..first]).waits(20 * SECOND).client(&hello[first..]).run_all();
        run.row(RowKind::Due).phase
    };
    assert_eq!([slow(1), slow(2), slow(3)], [Phase::Sniffing, Phase::Sniffing, Phase::TlsBegun]);
}

#[test]
fn tls_06_what_only_looked_like_a_hello_leaves_no_milestone_unless_it_was_told() {
    let mut odd = client_hello();
    odd[9] = 9;
    let slow = Conversation::open().client(&odd[..5]).client(&odd[5..]);
    let (quiet, all) = (slow.run(), slow.run_all());
    assert_eq!((quiet.only().phase, quiet.only().history.entries().len()), (Phase::Clear, 0));
    assert_eq!((all.last().phase, all.last().history.entries().len()), (Phase::Clear, 1));
    assert!(all.rows.iter().all(|row| usize::from(row.history_before) <= row.history.entries().len()));
}

#[test]
fn tls_39_text_to_a_tls_server_that_answers_by_an_alert_is_plaintext() {
    for answer in [&b"\x15\x03\x01\x00\x02\x02\x46"[..], b"HTTP/1.1 400 Bad Request\r\n\r\n"] {
        let run = Conversation::open().client(b"GET / HTTP/1.1\r\n\r\n").server(answer).closes(SERVER).run();
        assert_eq!((run.only().phase, run.only().fault()), (Phase::Clear, Fault::None));
    }
}

/// Clear text, then TLS, as of STARTTLS.
fn upgrade() -> Conversation {
    let clear = Conversation::open().server(b"220 hi\r\n").client(b"STARTTLS\r\n").server(b"220 go\r\n");
    full_12().events.iter().fold(clear, |talk, event| match event {
        crate::tls_talk::Event::Octets { side, bytes, .. } => talk.says(*side, bytes),
        other => panic!("{other:?}"),
    })
}

#[test]
fn tls_40_an_upgrade_is_followed_in_mode_full() {
    let run = upgrade().closes(CLIENT).run();
    assert_eq!((run.only().phase, run.only().flags()), (Phase::TlsComplete, vec![Flag::Upgraded]));
    let name = run
        .only()
        .texts()
        .find(|(kind, _)| *kind == TextKind::ServerName as u8)
        .map(|(_, name)| name.to_vec());
    assert_eq!(name.as_deref(), Some(&b"example.org"[..]));
}

#[test]
fn tls_40_an_upgrade_is_only_marked_in_mode_zert() {
    let run = upgrade().closes(CLIENT).run_with(strict());
    assert_eq!((run.last().phase, run.last().flags()), (Phase::Clear, vec![Flag::MidstreamTls]));
}

#[test]
fn tls_40_an_upgrade_cut_into_octets_is_the_same_upgrade() {
    let hello_apart = |size| upgrade().cut_to(size).run().only().phase;
    assert_eq!([hello_apart(1), hello_apart(7), hello_apart(100)], [Phase::TlsComplete; 3]);
}

#[test]
fn tls_40_a_hello_that_nobody_answers_is_data_in_clear() {
    let run =
        Conversation::open().server(b"220 hi\r\n").client(client_hello()).server(b"500 what?\r\n").run();
    assert_eq!((run.only().phase, run.only().flags()), (Phase::Clear, vec![]));
}

#[test]
fn tls_40_an_upgrade_behind_64_kib_of_each_side_is_not_looked_for() {
    let late = (0..9).fold(Conversation::open(), |talk, _| talk.client([b'a'; 8192]).server([b'b'; 8192]));
    let late = full_12().events.iter().fold(late, |talk, event| match event {
        crate::tls_talk::Event::Octets { side, bytes, .. } => talk.says(*side, bytes),
        other => panic!("{other:?}"),
    });
    assert_eq!((late.run().only().phase, late.run().only().flags()), (Phase::Clear, vec![]));
}

#[test]
fn tls_40_clear_data_after_an_upgrade_ends_protection() {
    assert_eq!(upgrade().client(b"QUIT\r\n").run().only().phase, Phase::TlsThenClear);
}

/// The server greets while the client's hello is on its way.
fn greeting(saw_the_hello: bool, hello_first: bool) -> Conversation {
    let mut talk = Conversation::open().server(b"220 hi\r\n").client(client_hello());
    talk.packets[4].ack = Some(SERVER_ISN + 1);
    talk.packets[3].ack = Some(if saw_the_hello { talk.next[0] } else { CLIENT_ISN + 1 });
    if hello_first { talk.moved(4, 3) } else { talk }
}

#[test]
fn tls_55_a_greeting_that_had_not_seen_the_hello_came_first() {
    for hello_first in [false, true] {
        let run = greeting(false, hello_first).closes(SERVER).run_with(strict());
        assert_eq!((run.last().phase, run.last().fault()), (Phase::Clear, Fault::None));
    }
}

#[test]
fn tls_55_a_greeting_that_had_seen_the_hello_fails_it() {
    for hello_first in [false, true] {
        let run = greeting(true, hello_first).closes(SERVER).run_with(strict());
        let row = run.last();
        assert_eq!(
            (row.phase, row.fault(), row.gave_up()),
            (Phase::TlsFailed, Fault::PeerNotTls, Some(SERVER))
        );
    }
}

#[test]
fn tls_55_tls_that_completes_behind_such_a_greeting_is_marked_or_followed_by_mode() {
    for hello_first in [false, true] {
        let complete = || {
            greeting(false, hello_first)
                .server(join(&[server_hello_13(0x1301), server_flight_13()]))
                .client(sealed(53))
                .server(sealed(250))
        };
        let run = complete().run_with(strict());
        assert_eq!(
            (run.last().phase, run.last().flags()),
            (Phase::Clear, vec![Flag::MidstreamTls]),
            "{hello_first}"
        );
        let run = complete().run();
        assert_eq!(
            (run.last().phase, run.last().flags()),
            (Phase::TlsComplete, vec![Flag::Upgraded]),
            "{hello_first}"
        );
    }
}

fn ssh(begun: Conversation) -> Conversation {
    begun
        .server(SERVER_LINE)
        .client(CLIENT_LINE)
        .client(Offer::default().packet())
        .server(Offer::default().packet())
        .client(packet(30, &string(&[7; 32])))
        .server([packet(31, &string(&crate::ssh_talk::ed25519_key())), newkeys()].concat())
        .client(newkeys())
}

#[test]
fn ssh_01_a_handshake_is_followed_from_either_side() {
    let run = ssh(Conversation::open()).closes(CLIENT).run_all();
    assert_eq!((run.last().phase, run.last().flags()), (Phase::SshComplete, vec![]));
    let run = ssh(Conversation::open()).moved(4, 3).cut_to(3).closes(CLIENT).run();
    assert_eq!((run.last().phase, run.last().flags()), (Phase::SshComplete, vec![]));
}

#[test]
fn ssh_02_lines_before_the_servers_banner_are_skipped() {
    for size in [1, 5, 1000] {
        let talk = ssh(Conversation::open().server(b"Welcome\r\nto this\nserver\r\n"));
        let run = talk.cut_to(size).closes(CLIENT).run();
        assert_eq!(
            (run.only().phase, run.only().flags()),
            (Phase::SshComplete, vec![Flag::LinesBeforeBanner]),
            "{size}"
        );
    }
}

#[test]
fn ssh_02_lines_without_a_banner_are_data_in_clear() {
    let run =
        Conversation::open().server(b"Welcome\r\nto nothing\r\n").client(b"hello\r\n").closes(CLIENT).run();
    assert_eq!(run.only().phase, Phase::Clear);
}

#[test]
fn an_unanswered_hello_of_one_side_and_its_roles_are_told() {
    // The TCP server is the TLS client (TLS-07).
    let talk = flight_13(0x1301).client(join(&[crate::tls_talk::ccs(), sealed(53)]));
    let mut turned = Conversation::open();
    for event in &talk.events {
        let crate::tls_talk::Event::Octets { side, bytes, .. } = event else { panic!("{event:?}") };
        turned = turned.says(side.other(), bytes);
    }
    let run = turned.closes(CLIENT).run();
    let row = run.only();
    assert_eq!((row.phase, row.client), (Phase::TlsComplete, CLIENT));
    assert_eq!(row.settled.as_ref().and_then(|settled| settled.protocol_client), Some(Side::B));
    assert_eq!(row.ports, [40_000, 443]);
}
