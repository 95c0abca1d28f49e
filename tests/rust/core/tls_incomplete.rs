//! What was never captured: gaps, snap-length cuts, one direction only, pickup in mid-life (A8, TLS-45, TLS-46).

use crate::support::*;
use Phase::{TlsAgreed, TlsBegun, TlsComplete, TlsFailed, TlsLost, TlsProvisional};
use zertap_core::handshake::{Evidence, Fault, Flag, Phase, Side, TextKind, TlsShape};
use zertap_core::tls::{Probe, WalkEvent, probe_server_hello};

fn lost(talk: &Talk) {
    let outcome = talk.close();
    assert_eq!(
        (outcome.phase(), outcome.findings.fault),
        (TlsLost, Fault::CaptureLoss),
        "{:?}",
        outcome.phases
    );
    assert_eq!(outcome.findings.gave_up, None);
}

fn complete(talk: &Talk) -> Outcome {
    let outcome = talk.run();
    assert_eq!(outcome.phase(), TlsComplete, "{:?}", outcome.phases);
    outcome
}

/// The first `keep` octets are captured, the rest is lost.
fn cut_off(talk: Talk, side: Side, octets: &[u8], keep: usize) -> Talk {
    talk.says_cut(side, &octets[..keep], u32::try_from(octets.len() - keep).expect("a segment"))
}

#[test]
fn tls_46_a_gap_inside_a_body_is_skipped_by_length_and_what_was_read_is_kept() {
    let flight = join(&[server_hello_12(0xC02F), rest_of_server_flight()]);
    let talk = Talk::new().client(client_hello());
    // Lost: the middle of the certificate.
    let hello = server_hello_12(0xC02F).len();
    let talk = talk.server(&flight[..hello + 100]).loses(SERVER, 300).server(&flight[hello + 400..]);
    let outcome = complete(
        &talk.client(join(&[message(16, &[1; 33]), ccs(), finished()])).server(join(&[ccs(), finished()])),
    );
    let profile = outcome.profile();
    assert_eq!((profile.version, profile.cipher, profile.group), (0x0303, Some(0xC02F), Some(29)));
    assert_eq!(profile.shape, TlsShape::Full);
    assert!(outcome.has(Flag::Gap));
}

#[test]
fn tls_46_a_hello_cut_by_the_snap_length_gives_what_it_held() {
    let hello = client_hello();
    let talk = cut_off(Talk::new(), CLIENT, &hello, hello.len() - 7);
    let outcome = complete(
        &talk.server(join(&[server_hello_13(0x1301), server_flight_13()])).client(join(&[ccs(), sealed(53)])),
    );
    assert_eq!(outcome.text(TextKind::ServerName), b"example.org");
    assert!(!outcome.has(Flag::Malformed));
}

#[test]
fn tls_46_a_server_hello_cut_before_its_extensions_is_told_by_its_suite() {
    for (suite, octets, version) in
        [(0x1302_u16, server_hello_13(0x1302), 0x0304), (0xC02F, server_hello_12(0xC02F), 0x0303)]
    {
        // With an extension lost behind suite and compression.
        let octets = if suite == 0xC02F {
            message(2, &Hello::server_12(0xC02F).with(extension(23, &[])).answer())
        } else {
            octets
        };
        let outcome =
            cut_off(Talk::new().client(client_hello()), SERVER, &octets, 5 + 4 + 2 + 32 + 33 + 3 + 1).run();
        assert_eq!(outcome.phases, [TlsAgreed]);
        let profile = outcome.profile();
        assert_eq!((profile.version, profile.cipher), (version, Some(u32::from(suite))));
        assert_eq!(profile.evidence_parameters, Evidence::Inferred);
        assert_eq!((profile.shape, profile.extended_master_secret), (TlsShape::Unknown, None));
    }
}

#[test]
fn tls_46_a_lost_server_hello_leaves_version_and_cipher_unknown() {
    let hello = server_hello_13(0x1302);
    let talk = Talk::new().client(client_hello()).server(&hello[..9]).loses(SERVER, hello.len() as u64 - 9);
    let talk = talk.server(server_flight_13()).client(ccs());
    assert_eq!(talk.run().phase(), TlsBegun);
    let outcome = complete(&talk.client(sealed(69)));
    let profile = outcome.profile();
    assert_eq!(
        (profile.version, profile.cipher, profile.evidence_parameters),
        (0, None, Evidence::NotVisible)
    );
    assert!(outcome.has(Flag::SuiteAssumed) && outcome.has(Flag::Gap));
    let hello = server_hello_12(0xC02F);
    let talk = Talk::new().client(client_hello()).server(&hello[..9]).loses(SERVER, hello.len() as u64 - 9);
    let talk = talk
        .server(rest_of_server_flight())
        .client(join(&[message(16, &[1; 33]), ccs(), finished()]))
        .server(join(&[ccs(), finished()]));
    let outcome = complete(&talk);
    assert_eq!((outcome.profile().version, outcome.profile().cipher), (0, None));
}

#[test]
fn tls_46_a_lost_record_header_is_found_again_only_at_a_segment_whose_lengths_agree() {
    let talk = full_12();
    let Talk { events, .. } = talk;
    let mut talk = Talk { events: events[..3].to_vec(), ..Talk::new() };
    talk.sent = [500, 2000];
    let blind = talk.loses(SERVER, 51);
    // Not the end of a segment, and nothing plausible behind: not believed.
    assert_eq!(blind.clone().server(&sealed(300)[..200]).run().phase(), TlsAgreed);
    assert_eq!(blind.clone().server(join(&[sealed(300), b"??".to_vec()])).run().phase(), TlsAgreed);
    lost(&blind.clone().server_fin().client_fin());
    let outcome = complete(&blind.clone().server(sealed(300)));
    assert!(outcome.has(Flag::Gap) && outcome.has(Flag::Desync));
    assert_eq!(outcome.profile().evidence_outcome, Evidence::Inferred);
    complete(&blind.says_cut(SERVER, &sealed(300)[..200], 105));
}

#[test]
fn tls_46_both_directions_found_again_count_as_complete() {
    let talk = Talk::new().client(client_hello()).loses(SERVER, 4000).loses(CLIENT, 90);
    assert_eq!(talk.clone().client(sealed(300)).run().phase(), TlsBegun);
    complete(&talk.client(sealed(300)).server(sealed(300)));
}

#[test]
fn no_failure_is_said_where_a_gap_could_hide_the_deciding_octets() {
    let flight = join(&[server_hello_12(0xC02F), rest_of_server_flight()]);
    let begun = Talk::new().client(client_hello()).server(flight);
    // The client's own octets are missing.
    lost(&begun.clone().loses(CLIENT, 89).server(join(&[ccs(), finished()])).client_fin().server_fin());
    // The server's are: its Finished may be among them, and the client's alert a normal end.
    let client = begun.client(join(&[message(16, &[1; 33]), ccs(), finished()]));
    lost(&client.clone().loses(SERVER, 51).client(record(21, &[0xA1; 26])).client_fin().server_fin());
    lost(&client.loses(SERVER, 51).client_rst());
    lost(&flight_13(0x1301).loses(CLIENT, 64).client_fin().server_fin());
    let unanswered = Talk::new().client(client_hello()).loses(SERVER, 100).server_fin();
    assert_eq!(unanswered.run().phase(), TlsBegun);
}

#[test]
fn a_failure_that_no_gap_could_undo_is_said_all_the_same() {
    let talk = Talk::new().client(client_hello()).loses(SERVER, 4000);
    for (talk, fault, by) in [
        (talk.clone().client(alert(2, 48)), Fault::Alert, CLIENT),
        (talk.clone().client_fin(), Fault::Closed, CLIENT),
        (talk.server(alert(2, 40)), Fault::Alert, SERVER),
    ] {
        let outcome = talk.close();
        assert_eq!((outcome.phase(), outcome.findings.fault), (TlsFailed, fault));
        assert_eq!(outcome.findings.gave_up, Some(by));
    }
}

#[test]
fn acknowledged_octets_that_never_came_are_a_loss_and_not_a_failure() {
    let talk = Talk::new().client(client_hello()).says_having_seen(CLIENT, join(&[ccs(), sealed(53)]), 3000);
    assert!(!talk.run().over);
    lost(&talk);
}

#[test]
fn a_provisional_completion_is_not_undone_where_the_servers_answer_was_lost() {
    let talk = certified_13().loses(SERVER, 300);
    assert_eq!(talk.run().phase(), TlsProvisional);
    complete(&talk.server_fin());
}

/// Random loss over recorded handshakes found these three: a refusal was seen, and the handshake called complete.
#[test]
fn a_refusal_that_is_seen_makes_no_success_where_the_rest_of_the_answer_was_lost() {
    lost(&certified_13().server(sealed(19)).loses(SERVER, 24).server_fin());
    lost(&certified_13().loses(SERVER, 24).server_rst());
    complete(&certified_13().server(sealed(19)).loses(SERVER, 60).server_fin());
}

#[test]
fn a_refused_certificate_is_no_success_where_the_server_hello_was_lost() {
    let flight = join(&[sealed(27), sealed(66), sealed(900), sealed(53)]);
    let begun = Talk::new().client(client_hello()).loses(SERVER, 133).server(flight);
    let certificate = begun.clone().client(join(&[ccs(), sealed(25), sealed(53)]));
    assert_eq!(certificate.run().phase(), TlsProvisional);
    lost(&certificate.clone().server(sealed(19)).server_rst());
    complete(&certificate.server(sealed(250)));
    // A lone Finished, of whatever suite, has no certificate before it.
    for finished in [53, 69] {
        complete(&begun.clone().client(join(&[ccs(), sealed(finished)])));
    }
    let resumed = Hello::client().with(extension(41, &[0; 40]));
    let resumed = Talk::new().client(message(1, &resumed.offer())).loses(SERVER, 133).server(sealed(27));
    complete(&resumed.client(join(&[ccs(), sealed(25), sealed(53)])));
}

#[test]
fn flights_found_again_on_both_sides_are_no_answer_to_the_clients_certificate() {
    let talk = Talk::new()
        .client(client_hello())
        .loses(SERVER, 133)
        .loses(CLIENT, 6)
        .server(join(&[sealed(27), sealed(125), sealed(684), sealed(53)]))
        .client(join(&[sealed(683), sealed(281), sealed(53)]));
    assert_eq!(talk.run().phase(), TlsProvisional);
    lost(&talk.clone().server(sealed(19)).server_fin());
    complete(&talk.server(sealed(250)));
}

#[test]
fn tls_45_the_client_alone_completes_1_2_with_application_data() {
    let talk = Talk::new()
        .client(client_hello())
        .client(join(&[message(16, &[1; 33]), ccs(), finished()]))
        .and(Event::OneSided(CLIENT));
    assert_eq!(talk.run().phase(), TlsBegun);
    let outcome = complete(&talk.clone().client(sealed(200)));
    assert!(outcome.has(Flag::OneSided));
    assert_eq!((outcome.profile().version, outcome.profile().cipher), (0, None));
    assert_eq!(outcome.text(TextKind::ServerName), b"example.org");
    lost(&talk.client_fin());
}

#[test]
fn tls_45_the_client_alone_completes_whenever_it_becomes_known() {
    let late = Talk::new()
        .client(client_hello())
        .client(join(&[message(16, &[1; 33]), ccs(), finished(), sealed(200)]))
        .and(Event::OneSided(CLIENT));
    complete(&late);
    let abbreviated = Talk::new()
        .client(client_hello())
        .client(join(&[ccs(), finished(), sealed(200)]))
        .and(Event::OneSided(CLIENT));
    complete(&abbreviated);
    let retried = Talk::new().client(client_hello()).client(join(&[ccs(), client_hello()]));
    let talk = retried.and(Event::OneSided(CLIENT));
    assert_eq!(talk.run().phase(), TlsBegun);
    complete(&talk.client(sealed(53)));
}

#[test]
fn tls_45_the_client_alone_completes_1_3_with_the_sum_rule() {
    let talk = Talk::new().client(client_hello()).and(Event::OneSided(CLIENT)).client(ccs());
    let outcome = complete(&talk.clone().client(sealed(53)));
    assert!(outcome.has(Flag::SuiteAssumed));
    let refused = talk.client(sealed(19)).client_fin();
    assert_eq!(refused.close().phase(), TlsFailed);
}

#[test]
fn tls_45_the_server_alone_shows_full_attributes() {
    let flight = join(&[server_hello_12(0xC02F), rest_of_server_flight()]);
    assert_eq!(probe_server_hello(&flight), Probe::Begun);
    let talk = Talk::begun(Start::Midstream(SERVER))
        .says_having_seen(SERVER, flight, 200)
        .says_having_seen(SERVER, join(&[ccs(), finished()]), 300)
        .and(Event::OneSided(SERVER));
    assert_eq!(talk.run().phase(), TlsAgreed);
    let outcome = complete(&talk.says_having_seen(SERVER, sealed(500), 400));
    let profile = outcome.profile();
    assert_eq!((profile.version, profile.cipher, profile.group), (0x0303, Some(0xC02F), Some(29)));
    assert_eq!(outcome.findings.client, Some(CLIENT));
}

#[test]
fn tls_45_the_server_alone_completes_1_3_when_it_goes_on_after_the_clients_flight() {
    let talk = Talk::begun(Start::Midstream(SERVER))
        .says_having_seen(SERVER, join(&[server_hello_13(0x1301), server_flight_13()]), 200)
        .and(Event::OneSided(SERVER));
    assert_eq!(talk.run().phase(), TlsAgreed);
    complete(&talk.clone().says_having_seen(SERVER, sealed(250), 264));
    // An alert, or no more than an alert of the client acknowledged.
    assert_eq!(talk.clone().says_having_seen(SERVER, sealed(19), 264).run().phase(), TlsAgreed);
    assert_eq!(talk.clone().says_having_seen(SERVER, sealed(250), 230).run().phase(), TlsAgreed);
    lost(&talk.server_fin());
}

#[test]
fn a_pickup_that_begins_with_the_server_hello_is_followed() {
    let outcome = complete(
        &Talk::begun(Start::Midstream(SERVER))
            .says_having_seen(SERVER, join(&[server_hello_12(0xC02F), rest_of_server_flight()]), 200)
            .client(join(&[message(16, &[1; 33]), ccs(), finished()]))
            .server(join(&[ccs(), finished()])),
    );
    assert_eq!(outcome.findings.client, Some(CLIENT));
    let outcome = complete(
        &Talk::begun(Start::Midstream(SERVER))
            .says_having_seen(SERVER, join(&[server_hello_13(0x1301), server_flight_13()]), 200)
            .client(join(&[ccs(), sealed(53)])),
    );
    assert_eq!(outcome.profile().version, 0x0304);
}

#[test]
fn a_pickup_that_begins_with_the_client_hello_is_an_ordinary_one() {
    let talk = full_13();
    let outcome = complete(&Talk { start: Start::Midstream(CLIENT), ..talk });
    assert_eq!(outcome.findings.client, Some(CLIENT));
}

#[test]
fn after_a_gap_or_a_conflict_no_boundary_is_exact_and_clear_text_is_not_claimed() {
    for talk in [
        full_12().loses(CLIENT, 20),
        full_12().and(Event::Conflict(CLIENT)),
        full_13().client(&sealed(100)[..50]).loses(CLIENT, 55),
    ] {
        assert_eq!(talk.client(b"clear text").run().phase(), TlsComplete);
    }
    let before = Talk::new().client(client_hello()).and(Event::Conflict(CLIENT));
    let outcome =
        complete(&before.server(join(&[server_hello_13(0x1301), server_flight_13()])).client(sealed(53)));
    let walks = outcome.observer.walk().expect("a walk").0;
    assert_eq!(walks.map(|walk| walk.standing()), [WalkEvent::Desync, WalkEvent::Ok]);
    assert!(outcome.has(Flag::Desync));
}

#[test]
fn sslv2_records_survive_a_gap_inside_and_are_lost_by_one_over_a_header() {
    let hello = [&[0x80, 0x1C, 1, 0, 2, 0, 3, 0, 0, 0, 16][..], &[1, 0, 0x80], &[6; 16]].concat();
    let server =
        [&[0x80, 0x26, 4, 0, 1, 0, 2, 0, 5, 0, 3, 0, 16][..], &[0x30; 5], &[1, 0, 0x80], &[8; 19]].concat();
    let key = [&[0x80, 12, 2, 1, 0, 0x80, 0, 0, 0, 2, 0, 0][..], &[7, 7]].concat();
    let sealed = [&[0x80, 33][..], &[0xEE; 33]].concat();
    let talk = Talk::begun(Start::Ssl2(CLIENT)).client(hello);
    let inside = talk.clone().server(&server[..20]).loses(SERVER, server.len() as u64 - 20);
    complete(&inside.client(join(&[key.clone(), sealed.clone()])).server(sealed.clone()));
    let over = talk.server(server).client(join(&[key, sealed.clone()])).loses(SERVER, 20);
    lost(&over.server(sealed).server_fin());
}

/// Found by loss at random: the server's answer to a client certificate was lost, and the handshake told as complete.
#[test]
fn tls_16_a_refusal_that_may_have_been_lost_leaves_the_outcome_unknown() {
    let closes =
        |talk: Talk| [talk.clone().client_fin().server_fin(), talk.clone().client_rst(), talk.server_fin()];
    for hole in [24, 48] {
        for talk in closes(certified_13().loses(SERVER, hole)) {
            lost(&talk);
        }
    }
    for talk in closes(certified_13().loses(SERVER, 300)) {
        complete(&talk);
    }
    // Behind the client's own closing sign, seen by the server, an alert is a farewell whatever is lost later.
    complete(&certified_13().client(sealed(19)).server(sealed(19)).loses(SERVER, 24).client_rst());
    // Nothing was said since the Finished; a hole before it hides no answer.
    complete(&certified_13().client_fin().server_fin());
}

/// So it is while the connection is open: nothing is told as protected whose refusal may have been lost (A8).
#[test]
fn tls_16_while_a_refusal_may_have_been_lost_the_outcome_is_open() {
    for doubtful in [certified_13().loses(SERVER, 24), certified_13().server(sealed(19)).loses(SERVER, 24)] {
        let outcome = doubtful.run();
        assert_eq!(outcome.phases, [TlsAgreed, TlsProvisional, TlsAgreed]);
        assert_eq!(outcome.profile().evidence_outcome, Evidence::NotVisible);
        // The waiting span says nothing about what was lost,
        let due = doubtful.clone().and(Event::Due);
        assert_eq!(due.run().phase(), TlsAgreed);
        lost(&due.clone().client_fin().server_fin());
        // and what the server says later settles it.
        complete(&doubtful.clone().server(sealed(250)));
        complete(&due.server(sealed(250)));
        assert_eq!(doubtful.loses(SERVER, 60).run().phase(), TlsProvisional);
    }
}

/// Found by loss at random: the client's closing alert was lost, and the server's answer to it told as a refusal.
#[test]
fn tls_16_a_farewell_that_may_have_been_lost_makes_no_refusal_of_the_answer() {
    let before = certified_13().sent[0];
    for hole in [24, 300] {
        let talk = certified_13().loses(CLIENT, hole);
        lost(&talk.clone().server_fin());
        lost(&talk.clone().server_rst());
        complete(&talk.clone().server(sealed(250)));
        complete(&talk.clone().client_fin().server_fin());
        let parted = talk.clone().server(sealed(19));
        assert_eq!(parted.run().phase(), TlsAgreed);
        assert_eq!(parted.clone().and(Event::Due).run().phase(), TlsAgreed);
        lost(&parted.clone().server_fin());
        complete(&parted.server(sealed(250)));
        // What the server said before it can have seen any of it is a refusal.
        let refused = talk.says_having_seen(SERVER, sealed(19), before).server_fin();
        assert_eq!(refused.run().findings.fault, Fault::ClientCertificateRefused);
    }
}

/// Found by loss at random: with the ServerHello the suite was lost, and a Finished of another length taken for none.
#[test]
fn a_finished_of_whatever_length_is_no_failure_where_the_server_hello_was_lost() {
    let early = message(1, &Hello::client().with(extension(42, &[])).offer());
    for (hello, finished) in [(client_hello(), 45), (early.clone(), 45), (early, 69)] {
        let talk = Talk::new().client(hello).loses(SERVER, 1161);
        lost(&talk.clone().client(sealed(finished)).client_fin().server_fin());
        // An alert is no Finished under any suite.
        assert_eq!(talk.client(sealed(19)).client_fin().close().phase(), TlsFailed);
    }
    // Where the server's octets were all seen there is no hello among them: early data that nobody answered.
    let talk = Talk::new().client(client_hello()).client(sealed(69)).client_fin().server_fin();
    assert_eq!(talk.close().phase(), TlsFailed);
}

/// Found by loss at random: the server's Finished was lost, and the data in clear that followed it taken for a violation.
#[test]
fn data_in_clear_is_no_violation_where_the_other_sides_finished_may_have_been_lost() {
    let flight = join(&[server_hello_12(0xC02F), rest_of_server_flight()]);
    let client = join(&[message(16, &[1; 33]), ccs(), finished()]);
    let begun = Talk::new().client(client_hello()).server(flight).client(client);
    lost(&begun.clone().loses(SERVER, 51).client(b"clear text").client_fin().server_fin());
    // Nothing lost: its sender cannot have seen a Finished.
    let outcome = begun.client(b"clear text").run();
    assert_eq!((outcome.phase(), outcome.findings.fault), (TlsFailed, Fault::ProtocolViolation));
}

#[test]
fn one_side_found_again_is_not_enough_and_an_answer_without_an_acknowledgement_counts() {
    assert_eq!(flight_13(0x1301).loses(SERVER, 100).server(sealed(300)).run().phase(), TlsAgreed);
    complete(&certified_13().says_having_seen(SERVER, sealed(250), 0));
}
