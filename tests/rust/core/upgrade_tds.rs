//! MS-TDS 7: the handshake travels inside PRELOGIN packets, what follows does not (MS-TDS section 2.2.6.5).

use crate::support::{CLIENT, SERVER, Talk};
use crate::tls_support::{
    alert, ccs, client_hello, finished, join, message, record, rest_of_server_flight, sealed,
    server_flight_13, server_hello_12, server_hello_13,
};
use proptest::prelude::*;
use zertap_core::handshake::{End, Flag, Phase};

const OFF: u8 = 0;
const ON: u8 = 1;
const NOT_SUPPORTED: u8 = 2;
const PRELOGIN: u8 = 0x12;
const ANSWER: u8 = 0x04;

fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u16 + 8).to_be_bytes();
    [&[kind, 1, length[0], length[1], 0, 0, 1, 0], body].concat()
}

/// VERSION, ENCRYPTION, terminator, and their values.
fn prelogin(kind: u8, encryption: u8) -> Vec<u8> {
    let options = [0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xFF];
    packet(kind, &[&options[..], &[16, 0, 0, 0, 0, 0], &[encryption]].concat())
}

fn agreed(encryption: u8) -> Talk {
    Talk::default().client(prelogin(PRELOGIN, encryption)).server(prelogin(ANSWER, encryption))
}

/// A handshake of TLS 1.2 whose server wraps in packets of `kind`.
fn handshake(talk: Talk, kind: u8) -> Talk {
    let flight = join(&[server_hello_12(0xC02F), rest_of_server_flight()]);
    let (first, rest) = flight.split_at(70);
    talk.client(packet(PRELOGIN, &client_hello()))
        .server([packet(kind, first), packet(kind, rest)].concat())
        .client(packet(PRELOGIN, &join(&[message(16, &[1; 33]), ccs(), finished()])))
        .server(packet(kind, &join(&[ccs(), finished()])))
}

/// Login and its answer in records of their own, then a query.
fn encrypted(talk: Talk) -> Talk {
    talk.client(record(23, &[9; 300])).server(record(23, &[8; 200])).client(record(23, &[7; 50]))
}

/// Login in a record, its answer in clear.
fn only_the_login(talk: Talk) -> Talk {
    talk.client(record(23, &[9; 300])).server(packet(ANSWER, &[0xAD; 40])).client(packet(1, &[b'S'; 30]))
}

#[test]
fn a_handshake_inside_packets_is_followed_and_named() {
    for kind in [PRELOGIN, ANSWER] {
        let outcome = encrypted(handshake(agreed(ON), kind)).run();
        outcome.is_upgraded("tds");
        assert!(outcome.over && !outcome.then_clear, "{outcome:?}");
    }
}

#[test]
fn what_is_in_clear_behind_an_encrypted_login_is_noticed() {
    for kind in [PRELOGIN, ANSWER] {
        let outcome = only_the_login(handshake(agreed(OFF), kind)).run();
        outcome.is_upgraded("tds");
        assert!(outcome.then_clear, "{outcome:?}");
    }
}

#[test]
fn places_are_counted_with_the_headers() {
    let talk = handshake(agreed(ON), PRELOGIN);
    assert_eq!(encrypted(talk.clone()).run().octets, [talk.sent(CLIENT), talk.sent(SERVER)]);
}

#[test]
fn without_encryption_it_stays_clear() {
    let login = packet(0x10, &[b'u'; 90]);
    agreed(NOT_SUPPORTED).client(&login).server(packet(ANSWER, &[0xAD; 40])).run().is_clear();
    agreed(ON).client(&login).server(packet(ANSWER, &[0xAA; 40])).run().is_clear();
}

#[test]
fn tls_first_is_no_upgrade() {
    let outcome = Talk::default().handshake().client(record(23, &prelogin(PRELOGIN, ON))).run();
    assert_eq!((outcome.phase, outcome.upgrade), (Phase::TlsComplete, None));
}

#[test]
fn tls_13_may_send_its_tickets_inside_packets() {
    let talk = agreed(ON)
        .client(packet(PRELOGIN, &client_hello()))
        .server(packet(PRELOGIN, &join(&[server_hello_13(0x1301), server_flight_13()])))
        .client(packet(PRELOGIN, &join(&[ccs(), sealed(53)])));
    let tickets = talk.clone().server(packet(PRELOGIN, &sealed(250)));
    for talk in [talk, tickets] {
        let outcome = encrypted(talk).run();
        assert_eq!((outcome.phase, outcome.upgrade.as_deref()), (Phase::TlsComplete, Some("tds")));
        assert!(!outcome.then_clear, "{outcome:?}");
    }
}

#[test]
fn a_refusal_inside_a_packet_fails() {
    let begun = agreed(ON).client(packet(PRELOGIN, &client_hello()));
    let refused = begun.clone().server(packet(PRELOGIN, &alert(2, 40))).run();
    assert_eq!((refused.phase, refused.upgrade.as_deref()), (Phase::TlsFailed, Some("tds")));
    let left = begun.clone().ends(SERVER, End::Fin).run();
    assert_eq!(left.phase, Phase::TlsFailed);
    let spoken = begun.server(packet(3, b"what?")).run();
    assert_eq!(spoken.phase, Phase::TlsFailed);
}

#[test]
fn lost_octets_of_a_body_are_stepped_over() {
    let flight = join(&[server_hello_12(0xC02F), rest_of_server_flight()]);
    let wrapped = packet(PRELOGIN, &flight);
    let (head, tail) = wrapped.split_at(wrapped.len() - 20);
    let outcome = agreed(ON)
        .client(packet(PRELOGIN, &client_hello()))
        .server(head)
        .loses(SERVER, tail.len() as u64)
        .client(packet(PRELOGIN, &join(&[message(16, &[1; 33]), ccs(), finished()])))
        .server(packet(PRELOGIN, &join(&[ccs(), finished()])));
    let outcome = encrypted(outcome).run();
    assert_eq!(outcome.phase, Phase::TlsComplete, "{outcome:?}");
    assert!(outcome.flags.contains(&Flag::Gap));
}

/// A lost packet is never called clear text (A7).
#[test]
fn behind_a_gap_nothing_is_called_clear() {
    let talk = handshake(agreed(ON), PRELOGIN).client(record(23, &[9; 300])).loses(SERVER, 100);
    let outcome = talk.server(packet(ANSWER, &[0xAD; 40])).run();
    assert_eq!(outcome.phase, Phase::TlsComplete);
    assert!(!outcome.then_clear, "{outcome:?}");
}

fn talks() -> [Talk; 4] {
    [
        encrypted(handshake(agreed(ON), PRELOGIN)),
        encrypted(handshake(agreed(ON), ANSWER)),
        only_the_login(handshake(agreed(OFF), PRELOGIN)),
        agreed(ON).client(packet(PRELOGIN, &client_hello())).server(packet(PRELOGIN, &alert(2, 40))),
    ]
}

#[test]
fn octet_by_octet_is_as_good_as_whole() {
    for talk in talks() {
        assert_eq!(talk.cut(|_| 1).run().summary(), talk.run().summary());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_is_as_good_as_whole(cuts in prop::collection::vec(1_usize..60, 1..50)) {
        for talk in talks() {
            let mut sizes = cuts.iter().cycle();
            let cut = talk.cut(|_| *sizes.next().unwrap_or(&1));
            prop_assert_eq!(cut.run().summary(), talk.run().summary());
        }
    }

    /// Whatever lengths and kinds packets claim: an outcome, and no panic.
    #[test]
    fn any_packets_are_survived(pieces in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 1..40), 0_u64..9), 1..30)) {
        let mut talk = agreed(ON).client(packet(PRELOGIN, &client_hello()));
        for (client, octets, lost) in pieces {
            let side = if client { CLIENT } else { SERVER };
            talk = talk.says(side, packet(if lost % 2 == 0 { PRELOGIN } else { ANSWER }, &octets)).says(side, &octets);
            if lost > 6 {
                talk = talk.loses(side, lost);
            }
        }
        let outcome = talk.run();
        prop_assert!(outcome.phase != Phase::TlsComplete);
    }
}
