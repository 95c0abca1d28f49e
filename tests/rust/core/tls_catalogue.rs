//! EDGE_CASES part B, TLS: one test or more for each number that a TLS observer can decide.
//!
//! Not here, because they are decided elsewhere: TLS-40 (upgrades) and TLS-51 (other transports).
//! TLS-45 and TLS-46 are in `tls_incomplete.rs`.

use crate::support::*;
use Phase::{Clear, TlsAgreed, TlsBegun, TlsComplete, TlsFailed, TlsProvisional, TlsThenClear};
use zertap_core::handshake::{End, Evidence, Fault, Flag, Options, Phase, Side, TextKind, TlsShape};
use zertap_core::tls::{Probe, probe, probe_ssl2};

/// The same octets, one a segment.
fn octet_by_octet(talk: &Talk) -> Talk {
    let mut cut = Talk { events: vec![], ..talk.clone() };
    for event in &talk.events {
        match event {
            Event::Octets { side, bytes, seen, .. } => {
                for &octet in bytes {
                    let octet =
                        Event::Octets { side: *side, bytes: vec![octet], seen: *seen, starts: true, cut: 0 };
                    cut = cut.and(octet);
                }
            }
            other => cut = cut.and(other.clone()),
        }
    }
    cut
}

/// Every record's body in records of its own of `size` octets.
fn in_small_records(octets: &[u8], size: usize) -> Vec<u8> {
    let mut rest = octets;
    let mut cut = vec![];
    while rest.len() >= 5 {
        let length = 5 + usize::from(u16::from_be_bytes([rest[3], rest[4]]));
        cut.extend(recut(&rest[..length], size));
        rest = &rest[length..];
    }
    cut
}

fn failed(talk: &Talk, fault: Fault, by: Side) {
    let outcome = talk.close();
    assert_eq!(
        (outcome.phase(), outcome.findings.fault, outcome.findings.gave_up),
        (TlsFailed, fault, Some(by))
    );
}

fn not_yet(talk: &Talk) {
    assert!(!talk.run().over, "{:?}", talk.run().phases);
}

#[test]
fn tls_01_handshakes_cut_into_single_octets_come_out_the_same() {
    for talk in [full_12(), resumed_12(), full_13(), certified_13()] {
        assert_eq!(octet_by_octet(&talk).run().summary(), talk.run().summary());
    }
}

#[test]
fn tls_02_messages_cut_over_single_octet_records_come_out_the_same() {
    for size in [1, 2, 3, 5, 100] {
        let flight = join(&[server_hello_12(0xC02F), rest_of_server_flight()]);
        let talk = Talk::new()
            .client(in_small_records(&client_hello(), size))
            .server(in_small_records(&flight, size))
            .client(join(&[in_small_records(&message(16, &[1; 33]), size), ccs(), finished()]))
            .server(join(&[ccs(), finished()]));
        let (cut, whole) = (talk.run(), full_12().run());
        assert_eq!(cut.phases, whole.phases, "size {size}");
        assert_eq!(cut.findings.profile, whole.findings.profile, "size {size}");
        assert_eq!(cut.findings.texts, whole.findings.texts, "size {size}");
    }
}

#[test]
fn tls_02_a_hello_in_small_records_whose_version_contradicts_is_plaintext() {
    let mut hello = Hello::client();
    hello.version = 0x1603;
    let talk = Talk::new().client(recut(&message(1, &hello.offer()), 4));
    assert_eq!(talk.run().phases, [Clear]);
}

#[test]
fn tls_03_several_messages_in_one_record_are_each_read() {
    let key_exchange = [3, 0, 29, 2, 1, 2, 4, 3, 0, 2, 9, 9];
    let flight = join(&[
        bare(2, &Hello::server_12(0xC02F).answer()),
        bare(11, &certificate_list(&[0x30; 700])),
        bare(12, &key_exchange),
        bare(13, &[1, 1, 0, 0, 0, 0]),
        bare(14, &[]),
    ]);
    let outcome = Talk::new()
        .client(client_hello())
        .server(record(22, &flight))
        .client(join(&[record(22, &join(&[bare(11, &[0, 0, 0]), bare(16, &[1; 33])])), ccs(), finished()]))
        .server(join(&[ccs(), finished()]))
        .run();
    assert_eq!(outcome.phases, [TlsAgreed, TlsComplete]);
    let profile = outcome.profile();
    assert_eq!((profile.group, profile.signature_scheme), (Some(29), Some(0x0403)));
    assert_eq!(profile.client_certificate_requested, Some(true));
}

#[test]
fn tls_04_borders_inside_both_headers_do_not_matter() {
    let hello = client_hello();
    for cut in 1..12 {
        let (first, second) = hello.split_at(cut);
        let outcome = Talk::new()
            .client(first)
            .client(second)
            .server(join(&[server_hello_13(0x1301), server_flight_13()]))
            .client(join(&[ccs(), sealed(53)]))
            .run();
        assert_eq!(outcome.phases, [TlsAgreed, TlsComplete], "cut {cut}");
    }
}

#[test]
fn tls_05_one_or_two_octets_are_too_few_and_three_begin_a_handshake() {
    let hello = client_hello();
    assert_eq!(
        [probe(&hello[..1]), probe(&hello[..2]), probe(&hello[..3])],
        [Probe::Short, Probe::Short, Probe::Begun]
    );
    let outcome = Talk::new().client(&hello[..3]).and(Event::Due).run();
    assert_eq!((outcome.phase(), outcome.over), (TlsBegun, false));
    let late = Talk::new()
        .client(&hello[..3])
        .and(Event::Due)
        .client(&hello[3..])
        .server(join(&[server_hello_13(0x1301), server_flight_13()]))
        .client(sealed(53));
    assert_eq!(late.run().phases, [TlsAgreed, TlsComplete]);
}

#[test]
fn tls_06_what_contradicts_a_hello_at_the_sixth_or_tenth_octet_is_plaintext() {
    for (place, octet) in [(3, 0x48), (5, 2), (5, 11), (9, 2), (9, 0x7F)] {
        let mut hello = client_hello();
        hello[place] = octet;
        assert_eq!(Talk::new().client(&hello[..3]).run().phase(), TlsBegun);
        assert_eq!(Talk::new().client(hello.clone()).run().phases, [Clear], "octet {place}");
        assert_eq!(octet_by_octet(&Talk::new().client(hello.clone())).run().phases, [Clear], "octet {place}");
        assert_eq!(probe(&hello), Probe::No, "octet {place}");
    }
    assert_eq!(Talk::new().client([22, 3, 1, 0, 0, 1]).run().phases, [Clear]);
}

/// Found by fuzzing: the octet behind a hello of no octets was taken for its version, if it was in hand already.
#[test]
fn tls_06_a_hello_without_content_is_plaintext_however_it_is_cut() {
    for next in [bare(3, b"\x03"), bare(0, b""), vec![3, 3, 3, 3]] {
        let talk = Talk::new().client(record(22, &[bare(1, b""), next].concat())).client_fin();
        assert_eq!(talk.run().phases, [Clear]);
        assert_eq!(octet_by_octet(&talk).run().phases, [Clear]);
    }
}

#[test]
fn tls_07_the_tcp_server_may_be_the_tls_client() {
    let outcome = Talk::begun(Start::Tls(SERVER))
        .server(client_hello())
        .client(join(&[server_hello_13(0x1301), server_flight_13()]))
        .server(join(&[ccs(), sealed(53)]))
        .run();
    assert_eq!(outcome.phases, [TlsAgreed, TlsComplete]);
    assert_eq!(outcome.findings.client, Some(Side::B));
}

#[test]
fn tls_08_a_full_handshake_is_complete_with_the_second_finished() {
    let outcome = full_12().run();
    assert_eq!(outcome.phases, [TlsAgreed, TlsComplete]);
    let profile = outcome.profile();
    assert_eq!((profile.version, profile.cipher, profile.shape), (0x0303, Some(0xC02F), TlsShape::Full));
    assert_eq!(profile.evidence_outcome, Evidence::Negotiated);
    assert_eq!(outcome.text(TextKind::ServerName), b"example.org");
    assert_eq!(outcome.text(TextKind::SessionId), [9; 32]);
}

#[test]
fn tls_08_one_finished_is_not_enough() {
    let talk = Talk::new()
        .client(client_hello())
        .server(join(&[server_hello_12(0xC02F), rest_of_server_flight()]))
        .client(join(&[message(16, &[1; 33]), ccs(), finished()]));
    not_yet(&talk);
    not_yet(&talk.clone().server(ccs()));
    failed(&talk.server(ccs()).server_fin(), Fault::Closed, SERVER);
}

#[test]
fn tls_09_change_cipher_spec_right_after_the_server_hello_is_an_abbreviated_handshake() {
    let outcome = resumed_12().run();
    assert_eq!(outcome.phases, [TlsAgreed, TlsComplete]);
    assert_eq!((outcome.profile().shape, outcome.profile().cipher), (TlsShape::Abbreviated, Some(0xC02F)));
}

#[test]
fn tls_09_the_servers_change_cipher_spec_tells_it_before_the_client_has_answered() {
    let hello = join(&[server_hello_12(0xC02F), ccs(), finished()]);
    let outcome = Talk::new().client(client_hello()).server(hello).run();
    assert_eq!((outcome.phase(), outcome.profile().shape), (TlsAgreed, TlsShape::Abbreviated));
    let half = Talk::new().client(client_hello()).server(server_hello_12(0xC02F)).run();
    assert_ne!(half.profile().shape, TlsShape::Abbreviated);
}

#[test]
fn tls_10_a_ticket_resumes_with_or_without_a_new_one_and_an_empty_session_id() {
    let hello = Hello { session: vec![], ..Hello::server_12(0xC02F) };
    for ticket in [vec![], message(4, &[0; 200])] {
        let outcome = Talk::new()
            .client(client_hello())
            .server(join(&[message(2, &hello.answer()), ticket, ccs(), finished()]))
            .client(join(&[ccs(), finished()]))
            .run();
        assert_eq!(outcome.phases, [TlsAgreed, TlsComplete]);
        assert_eq!(outcome.profile().shape, TlsShape::Abbreviated);
    }
}

#[test]
fn tls_10_a_refused_ticket_is_a_full_handshake_even_with_the_session_id_echoed() {
    let hello = Hello { session: Hello::client().session, ..Hello::server_12(0xC02F) };
    let outcome = Talk::new()
        .client(client_hello())
        .server(join(&[message(2, &hello.answer()), rest_of_server_flight()]))
        .client(join(&[message(16, &[1; 33]), ccs(), finished()]))
        .server(join(&[message(4, &[0; 200]), ccs(), finished()]))
        .run();
    assert_eq!(outcome.phases, [TlsAgreed, TlsComplete]);
    assert_eq!(outcome.profile().shape, TlsShape::Full);
}

#[test]
fn tls_11_supported_versions_of_the_server_hello_decides() {
    let outcome = full_13().run();
    assert_eq!(outcome.phases, [TlsAgreed, TlsComplete]);
    let profile = outcome.profile();
    assert_eq!((profile.version, profile.shape, profile.group), (0x0304, TlsShape::Full, Some(29)));
    assert_eq!(profile.evidence_outcome, Evidence::Inferred);
    let without = Hello { extensions: vec![], ..Hello::server_13(0xC02F) };
    let outcome = Talk::new().client(client_hello()).server(message(2, &without.answer())).run();
    assert_eq!(outcome.profile().version, 0x0303);
}

fn retried(second: &Hello) -> Talk {
    Talk::new()
        .client(client_hello())
        .server(join(&[message(2, &Hello::retry().answer()), ccs()]))
        .client(join(&[ccs(), message(1, &second.offer())]))
}

#[test]
fn tls_12_after_a_retry_the_last_server_hello_counts() {
    let outcome = retried(&Hello::client())
        .server(join(&[server_hello_13(0x1302), server_flight_13()]))
        .client(sealed(69))
        .run();
    assert_eq!(outcome.phases, [TlsAgreed, TlsComplete]);
    let profile = outcome.profile();
    assert!(profile.hello_retry);
    assert_eq!((profile.cipher, profile.group, profile.shape), (Some(0x1302), Some(29), TlsShape::Full));
    assert!(!outcome.has(Flag::SecondClientHello));
}

#[test]
fn tls_12_a_retry_without_a_second_hello_fails_when_it_ends() {
    let talk = Talk::new().client(client_hello()).server(message(2, &Hello::retry().answer()));
    not_yet(&talk);
    failed(&talk.client_fin(), Fault::Closed, CLIENT);
}

#[test]
fn tls_13_change_cipher_spec_means_nothing_in_1_3() {
    let flight =
        join(&[server_hello_13(0x1301), ccs(), ccs(), sealed(27), sealed(900), sealed(280), sealed(53)]);
    let talk = Talk::new().client(join(&[client_hello(), ccs()])).server(flight).client(ccs());
    not_yet(&talk);
    assert_eq!(talk.clone().client(sealed(53)).run().phases, [TlsAgreed, TlsComplete]);
    assert!(!talk.run().has(Flag::EarlyCcs));
    let none = Talk::new().client(client_hello()).server(join(&[server_hello_13(0x1301), sealed(1300)]));
    assert_eq!(none.client(sealed(53)).run().phases, [TlsAgreed, TlsComplete]);
}

#[test]
fn tls_14_a_finished_completes_alone_padded_or_cut_small() {
    for (suite, length) in [(0x1301, 53), (0x1302, 69), (0x1303, 53), (0x1305, 45), (0xC0B4, 69)] {
        let talk = flight_13(suite).client(ccs());
        assert_eq!(talk.clone().client(sealed(length)).run().phase(), TlsComplete, "{suite:04x}");
        not_yet(&talk.client(sealed(length - 1)));
    }
    let padded = flight_13(0x1301).client(sealed(500));
    assert_eq!(padded.run().phases, [TlsAgreed, TlsProvisional]);
    assert_eq!(padded.server(sealed(250)).run().phases, [TlsAgreed, TlsProvisional, TlsComplete]);
    let pieces = flight_13(0x1301).client(sealed(29)).client(sealed(29)).client(sealed(28));
    not_yet(&pieces);
    assert_eq!(pieces.client(sealed(18)).run().phase(), TlsProvisional);
}

#[test]
fn tls_15_a_clear_alert_after_the_server_hello_fails_whatever_its_level() {
    failed(&flight_13(0x1301).client(alert(2, 48)), Fault::Alert, CLIENT);
    failed(&flight_13(0x1301).client(join(&[ccs(), alert(1, 0)])), Fault::Alert, CLIENT);
    failed(&flight_13(0x1301).client(alert(1, 113)), Fault::Alert, CLIENT);
    assert_eq!(flight_13(0x1301).client(alert(1, 90)).run().phases, [TlsAgreed]);
}

#[test]
fn tls_15_a_clear_alert_behind_a_change_cipher_spec_is_read_from_its_first_octet() {
    let refused = flight_13(0x1301).client(join(&[ccs(), alert(2, 48)])).run();
    assert_eq!(refused.alerts(), [[CLIENT as u8, 2, 48, 0]]);
    let retry = join(&[message(2, &Hello::retry().answer()), ccs(), alert(2, 40)]);
    let talk = Talk::new().client(client_hello()).server(retry);
    failed(&talk, Fault::Alert, SERVER);
    assert_eq!(talk.run().alerts(), [[SERVER as u8, 2, 40, 0]]);
}

#[test]
fn tls_15_an_encrypted_alert_instead_of_a_finished_fails_at_the_end() {
    let talk = flight_13(0x1301).client(join(&[ccs(), sealed(19)]));
    not_yet(&talk);
    failed(&talk.clone().client_fin(), Fault::Alert, CLIENT);
    failed(&talk.clone().server_rst(), Fault::Alert, CLIENT);
    let outcome = talk.client_fin().run();
    assert_eq!(outcome.alerts(), [hid(CLIENT)]);
    assert_eq!(outcome.profile().evidence_outcome, Evidence::Inferred);
}

#[test]
fn tls_15_a_server_whose_only_record_is_an_alert_failed() {
    let talk = Talk::new().client(client_hello()).server(join(&[server_hello_13(0x1301), ccs(), sealed(19)]));
    not_yet(&talk);
    failed(&talk.server_fin(), Fault::Alert, SERVER);
}

#[test]
fn tls_16_a_refused_client_certificate_is_a_failure_in_the_end() {
    for certificate in [25, 900] {
        let talk = flight_13(0x1301).client(join(&[ccs(), sealed(certificate), sealed(53)]));
        assert_eq!(talk.run().phases, [TlsAgreed, TlsProvisional]);
        let refused = talk.clone().server(sealed(19));
        not_yet(&refused);
        failed(&refused.clone().server_fin(), Fault::ClientCertificateRefused, SERVER);
        failed(&refused.clone().server(sealed(19)).server_fin(), Fault::ClientCertificateRefused, SERVER);
        failed(&refused.clone().client(sealed(19)).client_fin(), Fault::ClientCertificateRefused, SERVER);
        failed(&refused.clone().client_rst(), Fault::ClientCertificateRefused, SERVER);
        failed(&talk.clone().server_fin(), Fault::ClientCertificateRefused, SERVER);
        failed(&talk.clone().server_rst(), Fault::ClientCertificateRefused, SERVER);
        let accepted = talk.server(sealed(250));
        assert_eq!(accepted.run().phases, [TlsAgreed, TlsProvisional, TlsComplete]);
        assert_eq!(refused.server(sealed(250)).run().phase(), TlsComplete);
    }
}

#[test]
fn tls_16_a_client_that_closes_first_was_not_refused() {
    let talk = certified_13();
    for closing in
        [talk.clone().client(sealed(19)), talk.clone().client(sealed(19)).client_fin(), talk.client_fin()]
    {
        let outcome = closing.clone().server(sealed(19)).server_fin().run();
        assert_eq!(outcome.phases, [TlsAgreed, TlsProvisional, TlsComplete]);
        assert_eq!(closing.server_fin().run().phase(), TlsComplete);
    }
    assert_eq!(certified_13().client_rst().run().phase(), TlsComplete);
}

#[test]
fn tls_16_who_closed_first_is_told_by_acknowledgements_and_not_by_arrival() {
    let talk = certified_13();
    let before = talk.sent[0];
    // The server's alert was on its way when the client said goodbye.
    let crossed = talk.client(sealed(19)).says_having_seen(SERVER, sealed(19), before).server_fin();
    failed(&crossed, Fault::ClientCertificateRefused, SERVER);
}

#[test]
fn tls_16_tickets_sent_before_the_clients_finished_do_not_accept_it() {
    let talk = flight_13(0x1301);
    let before = talk.sent[0];
    let talk =
        talk.client(join(&[ccs(), sealed(25), sealed(53)])).says_having_seen(SERVER, sealed(250), before);
    assert_eq!(talk.run().phases, [TlsAgreed, TlsProvisional]);
    failed(&talk.server(sealed(19)).server_fin(), Fault::ClientCertificateRefused, SERVER);
}

#[test]
fn tls_16_the_timer_or_data_in_clear_settles_a_provisional_completion() {
    let due = certified_13().and(Event::Due).server(sealed(19)).server_fin();
    assert_eq!(due.run().phases, [TlsAgreed, TlsProvisional, TlsComplete]);
    let clear = certified_13().server(b"220 plain again\r\n");
    let outcome = clear.run();
    assert_eq!(outcome.phases, [TlsAgreed, TlsProvisional, TlsComplete, TlsThenClear]);
    let milestones: Vec<Phase> = outcome.observer.milestones().collect();
    assert_eq!(milestones, [TlsBegun, TlsProvisional, TlsComplete, TlsThenClear]);
}

#[test]
fn tls_16_at_the_end_of_input_a_provisional_completion_stays() {
    assert_eq!(certified_13().run().phase(), TlsProvisional);
    assert_eq!(certified_13().close().phase(), TlsComplete);
}

#[test]
fn tls_17_a_chosen_pre_shared_key_is_a_resumption_and_an_offered_one_is_not() {
    let psk = message(2, &Hello::server_13(0x1301).with(extension(41, &[0, 0])).answer());
    let outcome =
        Talk::new().client(client_hello()).server(join(&[psk, ccs(), sealed(80)])).client(sealed(53)).run();
    assert_eq!(outcome.phases, [TlsAgreed, TlsComplete]);
    assert_eq!(outcome.profile().shape, TlsShape::Abbreviated);
    let offered = message(1, &Hello::client().with(extension(41, &[0; 60])).offer());
    let outcome = Talk::new()
        .client(offered)
        .server(join(&[server_hello_13(0x1301), server_flight_13()]))
        .client(sealed(53))
        .run();
    assert_eq!(outcome.profile().shape, TlsShape::Full);
}

#[test]
fn tls_17_with_a_pre_shared_key_no_client_certificate_is_suspected() {
    let psk = message(2, &Hello::server_13(0x1301).with(extension(41, &[0, 0])).answer());
    let talk = Talk::new().client(client_hello()).server(join(&[psk, sealed(80)])).client(sealed(70));
    assert_eq!(talk.server_fin().run().phases, [TlsAgreed, TlsComplete]);
}

fn early_hello() -> Vec<u8> {
    message(1, &Hello::client().with(extension(42, &[])).with(extension(41, &[0; 60])).offer())
}

fn psk_flight() -> Vec<u8> {
    let psk = message(2, &Hello::server_13(0x1301).with(extension(41, &[0, 0])).answer());
    join(&[psk, ccs(), sealed(27), sealed(53)])
}

#[test]
fn tls_18_early_data_alone_never_completes() {
    let early = Talk::new().client(join(&[early_hello(), ccs(), sealed(400), sealed(53)]));
    not_yet(&early);
    let answered = early.server(psk_flight());
    not_yet(&answered);
    assert!(answered.run().profile().early_data_offered);
    failed(&answered.clone().client_fin(), Fault::Closed, CLIENT);
    // Still on its way when the server's flight arrived.
    let before = answered.sent[1] - 100;
    let crossed = answered.says_having_seen(CLIENT, sealed(400), before);
    not_yet(&crossed);
    assert_eq!(crossed.client(join(&[sealed(21), sealed(53)])).run().phases, [TlsAgreed, TlsComplete]);
}

#[test]
fn tls_18_accepted_early_data_ends_and_then_comes_the_finished_padded_or_not() {
    let talk = Talk::new().client(join(&[early_hello(), sealed(400)])).server(psk_flight());
    assert_eq!(talk.clone().client(join(&[sealed(21), sealed(53)])).run().phase(), TlsComplete);
    assert_eq!(talk.clone().client(join(&[sealed(21), sealed(80)])).run().phase(), TlsComplete);
    assert_eq!(talk.client(sealed(57)).run().phase(), TlsComplete);
}

#[test]
fn tls_18_rejected_early_data_is_followed_by_the_finished_alone() {
    let talk = Talk::new()
        .client(join(&[early_hello(), sealed(400)]))
        .server(join(&[server_hello_13(0x1301), server_flight_13()]));
    assert_eq!(talk.client(sealed(53)).run().phase(), TlsComplete);
    let second = message(1, &Hello::client().offer());
    let retried = Talk::new()
        .client(join(&[early_hello(), ccs(), sealed(400)]))
        .server(join(&[message(2, &Hello::retry().answer()), ccs()]))
        .client(join(&[sealed(400), second]))
        .server(join(&[server_hello_13(0x1301), server_flight_13()]));
    not_yet(&retried);
    assert_eq!(retried.client(sealed(53)).run().phases, [TlsAgreed, TlsComplete]);
}

/// Records that the client sent when it knew the ServerHello, but not the rest of the flight.
#[test]
fn tls_18_early_data_behind_the_server_hello_is_no_finished_unless_its_end_came_before() {
    let hello = message(2, &Hello::server_13(0x1301).with(extension(41, &[0, 0])).answer());
    let seen = hello.len() as u64;
    let begun = Talk::new().client(join(&[early_hello(), sealed(400)])).server(hello);
    let says = |lengths: [u16; 2]| {
        let octets = join(&lengths.map(sealed));
        begun.clone().server(sealed(27)).says_having_seen(CLIENT, octets, seen).run().phase()
    };
    assert_eq!(says([100, 100]), TlsAgreed);
    assert_eq!(says([21, 60]), TlsComplete);
    assert_eq!(says([22, 60]), TlsAgreed);
}

#[test]
fn tls_18_a_clear_alert_after_early_data_fails() {
    let talk = Talk::new().client(join(&[early_hello(), sealed(400)])).server(alert(2, 40));
    failed(&talk, Fault::Alert, SERVER);
}

#[test]
fn tls_19_a_fatal_alert_fails_from_either_side_and_at_any_place() {
    let begun = Talk::new().client(client_hello());
    failed(&begun.clone().server(alert(2, 40)), Fault::Alert, SERVER);
    failed(&begun.clone().server(record(21, &[1, 112, 2, 40])), Fault::Alert, SERVER);
    failed(&begun.clone().server(join(&[record(21, &[2]), record(21, &[40])])), Fault::Alert, SERVER);
    failed(&begun.clone().client(alert(2, 80)), Fault::Alert, CLIENT);
    let outcome = begun.server(record(21, &[1, 112, 2, 40, 1, 0])).run();
    assert_eq!(outcome.alerts(), [said(SERVER, 1, 112), said(SERVER, 2, 40)]);
    assert_eq!(outcome.findings.handshake_octets.0, [client_hello().len() as u64, 9]);
}

#[test]
fn tls_20_warnings_are_noted_and_only_close_notify_fails() {
    for description in [90, 100, 112, 41, 255] {
        let talk = Talk::new().client(client_hello()).server(alert(1, description));
        not_yet(&talk);
        assert_eq!(talk.run().alerts(), [said(SERVER, 1, description)]);
        let after = talk.server(join(&[server_hello_12(0xC02F), ccs(), finished()]));
        assert_eq!(after.client(join(&[ccs(), finished()])).run().phases, [TlsAgreed, TlsComplete]);
    }
    failed(&Talk::new().client(client_hello()).server(alert(1, 0)), Fault::Alert, SERVER);
}

#[test]
fn tls_21_a_client_certificate_refused_in_1_2_is_a_clear_alert() {
    let talk = Talk::new()
        .client(client_hello())
        .server(join(&[server_hello_12(0xC02F), rest_of_server_flight()]))
        .client(join(&[message(11, &[0, 0, 0]), message(16, &[1; 33]), ccs(), finished()]));
    failed(&talk.clone().server(alert(2, 40)), Fault::Alert, SERVER);
    failed(&talk.server_fin(), Fault::Closed, SERVER);
}

#[test]
fn tls_22_a_server_certificate_refused_in_1_2_is_an_alert_or_just_an_end() {
    let talk =
        Talk::new().client(client_hello()).server(join(&[server_hello_12(0xC02F), rest_of_server_flight()]));
    failed(&talk.clone().client(alert(2, 48)), Fault::Alert, CLIENT);
    failed(&talk.clone().client_fin(), Fault::Closed, CLIENT);
    failed(&talk.client_rst(), Fault::Reset, CLIENT);
}

#[test]
fn tls_22_an_encrypted_alert_before_the_peers_finished_fails() {
    let talk = Talk::new()
        .client(client_hello())
        .server(join(&[server_hello_12(0xC02F), rest_of_server_flight()]))
        .client(join(&[message(16, &[1; 33]), ccs(), finished(), record(21, &[0xA1; 26])]));
    failed(&talk, Fault::Alert, CLIENT);
    assert_eq!(talk.run().alerts(), [hid(CLIENT)]);
}

#[test]
fn tls_23_alerts_after_completion_are_nothing_special() {
    let outcome = full_12().client(record(21, &[0xA1; 26])).server(record(21, &[0xA1; 26])).run();
    assert_eq!(outcome.phases, [TlsAgreed, TlsComplete]);
}

#[test]
fn tls_24_a_handshake_that_is_closed_at_once_was_complete() {
    for talk in [
        full_12().client(record(21, &[0xA1; 26])),
        full_13().client(sealed(19)),
        full_13().server(sealed(19)),
    ] {
        assert_eq!(talk.client_fin().server_fin().close().phase(), TlsComplete);
    }
}

#[test]
fn tls_25_data_in_clear_at_an_exact_boundary_ends_protection() {
    for talk in
        [full_12().client(record(21, &[0xA1; 26])), full_12().client(sealed(40)), full_13(), full_12()]
    {
        for side in Side::BOTH {
            let outcome = talk.clone().says(side, b"PASV\r\n").run();
            assert_eq!(outcome.phases, [TlsAgreed, TlsComplete, TlsThenClear]);
        }
    }
}

#[test]
fn tls_25_data_in_clear_in_the_segment_of_the_finished_is_noticed() {
    let talk = flight_13(0x1301).client(join(&[ccs(), sealed(53), b"PASV\r\n".to_vec()]));
    assert_eq!(talk.run().phases, [TlsAgreed, TlsComplete, TlsThenClear]);
    assert_eq!(octet_by_octet(&talk).run().phases, [TlsAgreed, TlsComplete, TlsThenClear]);
}

#[test]
fn tls_26_closing_alerts_and_an_end_change_nothing() {
    let talk =
        full_12().client(record(21, &[0xA1; 26])).server(record(21, &[0xA1; 26])).client_fin().server_rst();
    assert_eq!(talk.close().phase(), TlsComplete);
}

#[test]
fn tls_27_renegotiation_is_no_event() {
    let talk = full_12().client(join(&[finished(), ccs(), finished()])).server(join(&[
        finished(),
        ccs(),
        finished(),
    ]));
    assert_eq!(talk.run().phases, [TlsAgreed, TlsComplete]);
}

#[test]
fn tls_28_false_start_completes_as_usual_or_fails() {
    let talk = Talk::new()
        .client(client_hello())
        .server(join(&[server_hello_12(0xC02F), rest_of_server_flight()]))
        .client(join(&[message(16, &[1; 33]), ccs(), finished(), sealed(300)]));
    not_yet(&talk);
    failed(&talk.clone().server_fin(), Fault::Closed, SERVER);
    assert_eq!(talk.server(join(&[ccs(), finished()])).run().phases, [TlsAgreed, TlsComplete]);
}

#[test]
fn tls_29_encrypted_client_hello_is_flagged_and_the_name_is_kept_as_sent() {
    let hello = message(1, &Hello::client().with(extension(0xFE0D, &[0; 100])).offer());
    let outcome = Talk::new().client(hello).run();
    assert!(outcome.has(Flag::EchOffered));
    assert_eq!(outcome.text(TextKind::ServerName), b"example.org");
}

#[test]
fn tls_30_unknown_values_are_skipped_and_a_duplicate_extension_is_flagged() {
    let mut hello = Hello::client();
    hello.suites.insert(0, 0x0A0A);
    hello.extensions.insert(0, extension(0x1A1A, &[]));
    hello.extensions.extend((0..500).map(|number| extension(0x4000 + number, &[1, 2, 3])));
    let outcome = Talk::new().client(message(1, &hello.offer())).run();
    assert_eq!(outcome.findings.flags, zertap_core::handshake::Flags::default());
    assert_eq!(outcome.text(TextKind::ServerName), b"example.org");
    let twice = Hello::client().with(sni(b"second.example"));
    let outcome = Talk::new().client(message(1, &twice.offer())).run();
    assert!(outcome.has(Flag::DuplicateExtension));
    assert_eq!(outcome.text(TextKind::ServerName), b"example.org");
}

#[test]
fn tls_31_a_downgrade_mark_is_a_flag_and_no_more() {
    let mut hello = Hello::server_12(0xC02F);
    hello.random[24..].copy_from_slice(b"DOWNGRD\x01");
    let outcome = Talk::new()
        .client(client_hello())
        .server(join(&[message(2, &hello.answer()), ccs(), finished()]))
        .client(join(&[ccs(), finished()]))
        .run();
    assert!(outcome.has(Flag::DowngradeSentinel));
    assert_eq!(outcome.phase(), TlsComplete);
}

#[test]
fn tls_32_older_versions_are_told_by_the_server_hello() {
    for version in [0x0300, 0x0301, 0x0302] {
        let hello = Hello { version, ..Hello::server_12(0x009C) };
        let outcome = Talk::new()
            .client(client_hello())
            .server(join(&[
                message(2, &hello.answer()),
                message(11, &certificate_list(&[0x30; 90])),
                message(14, &[]),
            ]))
            .client(join(&[message(16, &[1; 33]), ccs(), finished()]))
            .server(join(&[ccs(), finished()]))
            .run();
        assert_eq!(outcome.phases, [TlsAgreed, TlsComplete]);
        assert_eq!(outcome.profile().version, version);
    }
}

fn ssl2(body: &[u8]) -> Vec<u8> {
    let mut octets = (0x8000 | u16::try_from(body.len()).expect("a record")).to_be_bytes().to_vec();
    octets.extend(body);
    octets
}

fn ssl2_hello(version: [u8; 2]) -> Vec<u8> {
    let mut body = vec![1, version[0], version[1], 0, 9, 0, 0, 0, 16];
    body.extend([0x01, 0x00, 0x80, 0x00, 0x00, 0x2F, 0x00, 0xC0, 0x2F]);
    body.extend([6; 16]);
    ssl2(&body)
}

fn ssl2_server_hello(hit: u8) -> Vec<u8> {
    let mut body = vec![4, hit, 1, 0, 2, 0, 5, 0, 3, 0, 16];
    body.extend([0x30; 5]);
    body.extend([0x01, 0x00, 0x80]);
    body.extend([8; 16]);
    ssl2(&body)
}

#[test]
fn tls_33_an_sslv2_hello_may_be_answered_by_tls() {
    assert_eq!(probe_ssl2(&ssl2_hello([3, 1])), Probe::Begun);
    let hello = Hello { version: 0x0301, ..Hello::server_12(0x002F) };
    let talk = Talk::begun(Start::Ssl2(CLIENT))
        .client(ssl2_hello([3, 1]))
        .server(join(&[
            message(2, &hello.answer()),
            message(11, &certificate_list(&[0x30; 90])),
            message(14, &[]),
        ]))
        .client(join(&[message(16, &[1; 33]), ccs(), finished()]))
        .server(join(&[ccs(), finished()]));
    for talk in [octet_by_octet(&talk), talk] {
        let outcome = talk.run();
        assert_eq!(outcome.phases, [TlsAgreed, TlsComplete]);
        assert_eq!((outcome.profile().version, outcome.profile().cipher), (0x0301, Some(0x002F)));
        assert!(!outcome.has(Flag::SuiteNotOffered));
        assert_eq!(outcome.observer.walk().map(|walks| walks.0.len()), Some(2));
    }
}

#[test]
fn tls_33_an_sslv2_hello_may_be_answered_by_an_alert_or_by_another_protocol() {
    let talk = Talk::begun(Start::Ssl2(CLIENT)).client(ssl2_hello([3, 1]));
    failed(&talk.clone().server(alert(2, 70)), Fault::Alert, SERVER);
    failed(&talk.clone().server(b"HTTP/1.0 400"), Fault::PeerNotTls, SERVER);
    failed(&talk.server_fin(), Fault::Closed, SERVER);
}

#[test]
fn tls_34_sslv2_throughout_is_complete_with_encrypted_records_both_ways() {
    let talk = Talk::begun(Start::Ssl2(CLIENT))
        .client(ssl2_hello([0, 2]))
        .server(ssl2_server_hello(0))
        .client(ssl2(&[2, 0x01, 0x00, 0x80, 0, 0, 0, 2, 0, 0, 7, 7]))
        .client(ssl2(&[0xEE; 33]));
    not_yet(&talk);
    let talk = talk.server(ssl2(&[0xEE; 33]));
    for talk in [octet_by_octet(&talk), talk] {
        let outcome = talk.run();
        assert_eq!(outcome.phases, [TlsAgreed, TlsComplete]);
        let profile = outcome.profile();
        assert_eq!((profile.version, profile.cipher), (0x0200, Some(0x01_0080)));
        assert_eq!(profile.shape, TlsShape::Full);
        assert!(outcome.observer.walk().is_none());
    }
}

#[test]
fn tls_34_an_sslv2_session_hit_is_abbreviated_and_an_error_fails() {
    let begun = Talk::begun(Start::Ssl2(CLIENT)).client(ssl2_hello([0, 2]));
    let outcome = begun
        .clone()
        .server(ssl2_server_hello(1))
        .client(vec![0x00, 0x20, 0x02].into_iter().chain([0xEE; 32]).collect::<Vec<u8>>())
        .server(ssl2(&[0xEE; 33]))
        .run();
    assert_eq!(outcome.phase(), TlsComplete);
    assert_eq!(outcome.profile().shape, TlsShape::Abbreviated);
    failed(&begun.clone().server(ssl2(&[0, 0, 1])), Fault::Alert, SERVER);
    failed(&begun.clone().server(ssl2_server_hello(0)).client(ssl2(&[0, 0, 4])), Fault::Alert, CLIENT);
    failed(&begun.clone().server(ssl2(&[9; 9])), Fault::PeerNotTls, SERVER);
    failed(&begun.client_rst(), Fault::Reset, CLIENT);
}

#[test]
fn tls_35_a_record_over_the_limit_is_plaintext_a_failure_or_a_loss_of_framing() {
    let long = |octets: &mut Vec<u8>| octets[3..5].copy_from_slice(&[0x48, 0x01]);
    let mut hello = client_hello();
    long(&mut hello);
    assert_eq!(Talk::new().client(hello).run().phases, [Clear]);
    let mut answer = server_hello_12(0xC02F);
    long(&mut answer);
    failed(&Talk::new().client(client_hello()).server(answer), Fault::BadLength, SERVER);
    let mut data = sealed(100);
    long(&mut data);
    let outcome = full_13().client(data).client(b"anything").run();
    assert_eq!(outcome.phases, [TlsAgreed, TlsComplete]);
    assert!(outcome.has(Flag::Desync));
    let mut limit = sealed(18_432);
    limit.extend(b"clear");
    assert_eq!(full_13().client(limit).run().phase(), TlsThenClear);
}

#[test]
fn tls_36_empty_records_are_tolerated_but_not_without_end() {
    let empties = |kind: u8, count: usize| record(kind, &[]).repeat(count);
    for kind in [20, 21, 22, 23] {
        let outcome = Talk::new()
            .client(client_hello())
            .server(join(&[empties(kind, 32), server_hello_12(0xC02F), ccs(), finished()]))
            .client(join(&[empties(kind, 3), ccs(), empties(kind, 3), finished()]))
            .run();
        assert_eq!(outcome.phases, [TlsAgreed, TlsComplete], "type {kind}");
        failed(
            &Talk::new().client(client_hello()).server(empties(kind, 33)),
            Fault::ProtocolViolation,
            SERVER,
        );
        assert_eq!(full_13().server(empties(kind, 100)).run().phase(), TlsComplete);
    }
    assert_eq!(Talk::new().client(join(&[empties(22, 1), client_hello()])).run().phases, [Clear]);
    let many = Talk::new().client(client_hello()).server(empties(22, 33)).run();
    assert!(many.has(Flag::EmptyRecords));
}

#[test]
fn tls_36_an_empty_record_after_change_cipher_spec_is_no_finished() {
    let talk = Talk::new()
        .client(client_hello())
        .server(join(&[server_hello_12(0xC02F), ccs(), finished()]))
        .client(join(&[ccs(), record(22, &[])]));
    not_yet(&talk);
    assert_eq!(talk.client(finished()).run().phase(), TlsComplete);
}

#[test]
fn tls_37_a_message_that_claims_16_mib_is_followed_without_keeping_it() {
    let mut hello = bare(1, &Hello::client().offer());
    hello[1..4].copy_from_slice(&[0xFF, 0xFF, 0xFF]);
    hello.extend(vec![0; 100_000]);
    let records: Vec<u8> = hello.chunks(16_000).flat_map(|piece| record(22, piece)).collect();
    let talk = Talk::new().client(records);
    let outcome = talk.run();
    assert!(outcome.has(Flag::MessageTooLong));
    assert_eq!(outcome.text(TextKind::ServerName), b"example.org");
    failed(&talk.client_fin(), Fault::Closed, CLIENT);
}

#[test]
fn tls_37_a_hello_over_the_limit_is_read_as_far_as_it_is_kept_whatever_the_cut() {
    let hello =
        (0..6).fold(Hello::client(), |hello, number| hello.with(extension(0x4000 + number, &[0; 4000])));
    let octets = bare(1, &hello.offer());
    let whole: Vec<u8> = octets.chunks(16_000).flat_map(|piece| record(22, piece)).collect();
    let small: Vec<u8> = octets.chunks(50).flat_map(|piece| record(22, piece)).collect();
    for records in [whole, small] {
        let talk = Talk::new()
            .client(records)
            .server(join(&[server_hello_13(0x1301), server_flight_13()]))
            .client(sealed(53));
        let outcome = talk.run();
        assert_eq!(outcome.phases, [TlsAgreed, TlsComplete]);
        assert!(outcome.has(Flag::MessageTooLong) && !outcome.has(Flag::Malformed));
        assert_eq!(outcome.text(TextKind::ServerName), b"example.org");
    }
}

#[test]
fn tls_38_a_hello_answered_by_another_protocol_fails() {
    let talk = Talk::new().client(client_hello());
    for answer in
        [&b"HTTP/1.1 400 Bad Request\r\n"[..], b"\x00", b"SSH-2.0-x\r\n", b"\x15\x03\x05", b"\x16\x02"]
    {
        failed(&talk.clone().server(answer), Fault::PeerNotTls, SERVER);
    }
    let later = talk.server(b"HTTP/1.1 400 Bad Request\r\n").client(b"GET / HTTP/1.1\r\n");
    assert_eq!(later.run().phases, [TlsFailed]);
}

#[test]
fn tls_39_text_or_an_alert_is_not_the_beginning_of_a_handshake() {
    for octets in [&b"GET / HTTP/1.1\r\n"[..], &alert(2, 40), b"\x17\x03\x03\x00\x20"] {
        assert_eq!(probe(octets), Probe::No);
        assert_eq!(probe_ssl2(octets), Probe::No);
    }
}

#[test]
fn tls_41_a_hello_and_then_an_end_from_either_side_fails() {
    let talk = Talk::new().client(client_hello());
    failed(&talk.clone().client_fin(), Fault::Closed, CLIENT);
    failed(&talk.clone().server_fin(), Fault::Closed, SERVER);
    failed(&talk.clone().client_rst(), Fault::Reset, CLIENT);
    failed(&talk.clone().server_rst(), Fault::Reset, SERVER);
    failed(&Talk::new().client(&client_hello()[..3]).client_fin(), Fault::Closed, CLIENT);
}

#[test]
fn tls_42_a_hello_and_nothing_more_stays_open() {
    let outcome = Talk::new().client(client_hello()).run();
    assert_eq!((outcome.phase(), outcome.findings.fault), (TlsBegun, Fault::None));
    assert_eq!(outcome.findings.profile, None);
    assert_eq!(outcome.findings.handshake_octets.0, [0, 0]);
}

#[test]
fn tls_43_other_messages_are_skipped_and_no_certificate_is_needed() {
    let others =
        join(&[message(22, &[1; 500]), message(23, &[1; 50]), message(21, &[2; 40]), message(99, &[3; 9])]);
    let flight = join(&[server_hello_12(0xC02F), others, message(14, &[])]);
    let outcome = Talk::new()
        .client(client_hello())
        .server(flight)
        .client(join(&[message(23, &[1; 9]), message(16, &[1; 33]), ccs(), finished()]))
        .server(join(&[ccs(), finished()]))
        .run();
    assert_eq!(outcome.phases, [TlsAgreed, TlsComplete]);
    assert_eq!(outcome.profile().shape, TlsShape::Full);
}

#[test]
fn tls_44_heartbeats_are_ignored_and_other_types_fail() {
    let flight = join(&[server_hello_12(0xC02F), record(24, &[1; 20]), ccs(), finished()]);
    let outcome = Talk::new().client(client_hello()).server(flight).client(join(&[ccs(), finished()])).run();
    assert_eq!(outcome.phases, [TlsAgreed, TlsComplete]);
    let talk = Talk::new().client(client_hello()).server(server_hello_12(0xC02F));
    for kind in [19, 25, 26] {
        failed(&talk.clone().server(record(kind, &[1; 20])), Fault::ProtocolViolation, SERVER);
    }
}

#[test]
fn tls_47_a_second_hello_without_a_retry_is_flagged_and_the_answer_decides() {
    let second = Hello { suites: vec![0xC02B], ..Hello::client() };
    let outcome = Talk::new()
        .client(client_hello())
        .client(message(1, &second.offer()))
        .server(join(&[server_hello_12(0xC02B), ccs(), finished()]))
        .client(join(&[ccs(), finished()]))
        .run();
    assert_eq!(outcome.phases, [TlsAgreed, TlsComplete]);
    assert!(outcome.has(Flag::SecondClientHello) && !outcome.has(Flag::SuiteNotOffered));
}

#[test]
fn tls_48_null_export_and_anonymous_suites_are_reported_as_they_are() {
    for suite in [0x0001, 0x0003, 0x0034] {
        let hello = Hello { suites: vec![suite], ..Hello::client() };
        let outcome = Talk::new()
            .client(message(1, &hello.offer()))
            .server(join(&[server_hello_12(suite), message(14, &[])]))
            .client(join(&[message(16, &[1; 33]), ccs(), finished()]))
            .server(join(&[ccs(), finished()]))
            .run();
        assert_eq!((outcome.phase(), outcome.profile().cipher), (TlsComplete, Some(u32::from(suite))));
    }
}

#[test]
fn tls_49_a_selected_draft_is_1_3_and_a_lower_version_is_flagged() {
    let select = |version: [u8; 2]| {
        let extensions = vec![extension(43, &version), extension(51, &[0, 29, 0, 1, 1])];
        Talk::new()
            .client(client_hello())
            .server(message(2, &Hello { extensions, ..Hello::server_13(0x1301) }.answer()))
    };
    let draft = select([0x7F, 0x1C]).server(server_flight_13()).client(sealed(53)).run();
    assert_eq!((draft.phase(), draft.profile().version), (TlsComplete, 0x7F1C));
    let odd = select([3, 3]).run();
    assert!(odd.has(Flag::SelectedVersionOdd));
    assert_eq!(odd.profile().version, 0x0303);
}

#[test]
fn tls_49_old_drafts_have_their_own_server_hello_and_retry() {
    let mut answer = vec![0x7F, 0x12];
    answer.extend([7; 32]);
    answer.extend([0x13, 0x01]);
    let share = extension(40, &[0, 29, 0, 1, 1]);
    answer.extend(u16::try_from(share.len()).expect("short").to_be_bytes());
    answer.extend(share);
    let outcome = Talk::new()
        .client(client_hello())
        .server(message(6, &[0x7F, 0x12, 0, 0]))
        .client(client_hello())
        .server(join(&[message(2, &answer), sealed(1000)]))
        .client(sealed(53))
        .run();
    assert_eq!(outcome.phases, [TlsAgreed, TlsComplete]);
    let profile = outcome.profile();
    assert_eq!((profile.version, profile.cipher, profile.group), (0x7F12, Some(0x1301), Some(29)));
    assert!(
        profile.hello_retry
            && !outcome.has(Flag::SecondClientHello)
            && !outcome.has(Flag::SessionIdNotEchoed)
    );
}

#[test]
fn tls_50_what_was_learned_before_a_failure_is_kept() {
    let outcome = Talk::new()
        .client(client_hello())
        .server(join(&[server_hello_12(0xC02F), rest_of_server_flight()]))
        .client(alert(2, 48))
        .run();
    assert_eq!(outcome.phases, [TlsAgreed, TlsFailed]);
    let profile = outcome.profile();
    assert_eq!((profile.version, profile.cipher, profile.group), (0x0303, Some(0xC02F), Some(29)));
    assert_eq!(outcome.text(TextKind::ServerName), b"example.org");
    assert_eq!(outcome.alerts(), [said(CLIENT, 2, 48)]);
}

#[test]
fn a_completion_after_the_timer_is_never_provisional() {
    let talk = flight_13(0x1301).and(Event::Due).client(join(&[ccs(), sealed(25), sealed(53)]));
    assert_eq!(talk.run().phases, [TlsAgreed, TlsComplete]);
}

#[test]
fn handshake_octets_tell_where_each_direction_finished() {
    let hello = client_hello().len() as u64;
    let flight = join(&[server_hello_13(0x1301), server_flight_13()]).len() as u64;
    let outcome = full_13().server(sealed(250)).run();
    assert_eq!(outcome.findings.handshake_octets.0, [hello + 6 + 58, flight]);
    let outcome = full_12().run();
    let Talk { sent, .. } = full_12();
    assert_eq!(outcome.findings.handshake_octets.0, sent);
}

#[test]
fn tls_52_a_suite_that_was_not_offered_and_a_session_id_not_echoed_are_flagged() {
    let outcome = Talk::new().client(client_hello()).server(server_hello_12(0xC030)).run();
    assert!(outcome.has(Flag::SuiteNotOffered) && !outcome.has(Flag::SessionIdNotEchoed));
    let hello = Hello { session: vec![1, 2], ..Hello::server_13(0x1301) };
    let outcome = Talk::new().client(client_hello()).server(message(2, &hello.answer())).run();
    assert!(outcome.has(Flag::SessionIdNotEchoed) && !outcome.has(Flag::SuiteNotOffered));
    assert_eq!(outcome.text(TextKind::SessionId), [1, 2]);
}

#[test]
fn tls_53_change_cipher_spec_before_the_key_exchange_does_not_count() {
    let injected = Talk::new()
        .client(client_hello())
        .server(join(&[server_hello_12(0xC02F), rest_of_server_flight()]))
        .client(ccs())
        .server(ccs());
    assert!(injected.run().has(Flag::EarlyCcs));
    let rest =
        injected.client(join(&[message(16, &[1; 33]), ccs(), finished()])).server(join(&[ccs(), finished()]));
    assert_eq!(rest.run().phases, [TlsAgreed, TlsComplete]);
    let before_hello = Talk::new().client(client_hello()).server(join(&[
        ccs(),
        server_hello_12(0xC02F),
        rest_of_server_flight(),
    ]));
    assert!(before_hello.run().has(Flag::EarlyCcs));
    let one_record = record(
        22,
        &join(&[
            bare(2, &Hello::server_12(0x009C).answer()),
            bare(11, &certificate_list(&[0x30; 90])),
            bare(14, &[]),
        ]),
    );
    let in_one = Talk::new().client(client_hello()).server(join(&[ccs(), one_record]));
    assert_eq!((in_one.run().phase(), in_one.run().has(Flag::EarlyCcs)), (TlsAgreed, true));
    failed(
        &before_hello.client(join(&[message(16, &[1; 33]), ccs(), finished()])).server_fin(),
        Fault::Closed,
        SERVER,
    );
}

#[test]
fn tls_54_extensions_of_the_server_hello_are_attributes() {
    let plain = full_12().run();
    assert_eq!(plain.profile().extended_master_secret, Some(false));
    assert_eq!(plain.profile().sni_acknowledged, Some(false));
    let hello = Hello::server_12(0xC02F)
        .with(extension(23, &[]))
        .with(extension(22, &[]))
        .with(extension(4, &[]))
        .with(extension(0, &[]))
        .with(extension(1, &[2]))
        .with(extension(28, &[4, 0]))
        .with(extension(0xFF01, &[0]))
        .with(extension(16, &[0, 3, 2, b'h', b'2']));
    let outcome = Talk::new().client(client_hello()).server(message(2, &hello.answer())).run();
    let profile = outcome.profile();
    assert_eq!(profile.extended_master_secret, Some(true));
    assert_eq!(profile.encrypt_then_mac, Some(true));
    assert_eq!(profile.truncated_hmac, Some(true));
    assert_eq!(profile.sni_acknowledged, Some(true));
    assert_eq!(profile.max_fragment_length, Some(2));
    assert_eq!(profile.record_size_limit, Some(0x0400));
    assert_eq!(profile.secure_renegotiation, Some(true));
    assert_eq!(profile.alpn.as_deref(), Some(&b"h2"[..]));
    assert_eq!(profile.evidence_alpn, Evidence::Negotiated);
}

#[test]
fn tls_55_a_greeting_that_acknowledges_none_of_the_hello_came_on_its_own() {
    let greeting = b"220 ready\r\n";
    let own = Talk::new().client(client_hello()).says_having_seen(SERVER, greeting, 0);
    assert_eq!(own.run().phases, [Clear]);
    let answer = Talk::new().client(client_hello()).says_having_seen(SERVER, greeting, 1);
    failed(&answer, Fault::PeerNotTls, SERVER);
}

#[test]
fn the_half_close_of_a_side_that_still_owes_octets_fails_at_once_and_else_waits() {
    let waiting = flight_13(0x1301).server_fin();
    not_yet(&waiting);
    failed(&waiting, Fault::Closed, SERVER);
    assert_eq!(waiting.client(sealed(53)).run().phases, [TlsAgreed, TlsComplete]);
    let begun = Talk::new().client(client_hello()).server(server_hello_13(0x1301));
    assert_eq!(begun.clone().server_fin().run().phases, [TlsAgreed, TlsFailed]);
    assert_eq!(begun.ends(CLIENT, End::Fin).run().phases, [TlsAgreed, TlsFailed]);
}

#[test]
fn a_server_that_closed_before_the_clients_certificate_refused_it() {
    let talk = flight_13(0x1301).server_fin().client(join(&[ccs(), sealed(25), sealed(53)]));
    failed(&talk, Fault::ClientCertificateRefused, SERVER);
}

#[test]
fn offers_are_kept_only_where_they_are_asked_for() {
    let mut talk = Talk::new().client(client_hello());
    assert!(talk.run().text(TextKind::OfferedSuites).is_empty());
    talk.options = Options { offers: true, ..Options::default() };
    let outcome = talk.run();
    assert_eq!(outcome.text(TextKind::OfferedSuites)[..4], [0x13, 0x01, 0x13, 0x02]);
    assert_eq!(outcome.text(TextKind::OfferedVersions), [3, 4, 3, 3]);
    assert_eq!(outcome.text(TextKind::OfferedExtensions), [0, 0, 0, 43]);
}

#[test]
fn without_a_server_hello_nothing_completes_where_nothing_was_lost() {
    let talk = Talk::new()
        .client(client_hello())
        .server(join(&[ccs(), finished(), sealed(80)]))
        .client(join(&[message(16, &[1; 33]), ccs(), finished(), sealed(80)]))
        .server(sealed(80));
    not_yet(&talk);
    failed(&talk.client_fin().server_fin(), Fault::Closed, CLIENT);
}
