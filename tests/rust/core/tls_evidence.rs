//! What an observer costs: size, and how much it keeps of hostile input.

use crate::support::*;
use zertap_core::handshake::{Flags, Observe, Options, Phase};
use zertap_core::tls::{TlsObserver, Walk, WalkEvent};

#[test]
fn an_observer_and_what_it_keeps_of_a_hello_fit_into_608_octets() {
    let size = size_of::<TlsObserver>();
    println!("size_of::<TlsObserver>() = {size}");
    // 512 before 126 octets of a ClientHello lay in it: memory of their own, as much with its header, was asked for until then.
    assert!(size <= 608, "{size}");
}

#[test]
fn a_fresh_observer_knows_nothing() {
    let observer = TlsObserver::new(CLIENT, Options::default());
    let findings = observer.findings();
    assert_eq!((findings.profile, findings.flags, findings.client), (None, Flags::default(), Some(CLIENT)));
    assert_eq!(observer.milestones().collect::<Vec<_>>(), [Phase::TlsBegun]);
    assert!(observer.walk().is_none());
}

#[test]
fn random_octets_in_every_record_neither_panic_nor_hang() {
    let mut state = 1_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    for _ in 0..2000 {
        let mut talk = Talk::new().client(client_hello());
        for _ in 0..6 {
            let body: Vec<u8> = (0..random()).map(|_| random()).collect();
            let kind = 20 + random() % 5;
            talk = if random() % 2 == 0 {
                talk.server(record(kind, &body))
            } else {
                talk.client(message(random() % 25, &body))
            };
            if random() % 8 == 0 {
                talk = talk.loses(SERVER, u64::from(random()));
            }
        }
        let outcome = talk.client_fin().server_fin().close();
        assert!(outcome.over);
    }
}

#[test]
fn alpn_is_known_to_be_none_only_where_it_was_offered_and_all_of_the_answer_was_read() {
    use zertap_core::handshake::Evidence::{Negotiated, NotVisible, Offered};
    let alpn = extension(16, &[0, 3, 2, b'h', b'2']);
    let offered = message(1, &Hello::client().with(alpn.clone()).offer());
    let answer = Hello::server_12(0xC02F).answer();
    let talk = |hello: Vec<u8>, answer: &[u8]| Talk::new().client(hello).server(message(2, answer)).run();
    let known = |outcome: &Outcome| (outcome.profile().alpn.clone(), outcome.profile().evidence_alpn);
    assert_eq!(known(&talk(offered.clone(), &answer)), (None, Negotiated));
    assert_eq!(known(&talk(client_hello(), &answer)), (None, NotVisible));
    assert_eq!(known(&talk(offered, &[&answer[..], &[0, 9, 0]].concat())), (None, Offered));
}

#[test]
fn a_client_hello_from_the_server_is_no_offer() {
    let theirs = Hello { extensions: vec![sni(b"other.example")], ..Hello::client() };
    let outcome = Talk::new().client(client_hello()).server(message(1, &theirs.offer())).run();
    assert!(outcome.has(zertap_core::handshake::Flag::Malformed));
    assert_eq!(outcome.text(zertap_core::handshake::TextKind::ServerName), b"example.org");
}

/// A7: a lost packet is never called clear text, not even where it was lost between two records.
#[test]
fn octets_that_pass_unseen_between_records_lose_the_framing() {
    let after = |unseen: u32| {
        let mut walk = Walk::default();
        walk.pass(unseen);
        walk.advance(b"HELO example.org");
        walk.standing()
    };
    assert_eq!(after(0), WalkEvent::Clear);
    assert_ne!(after(24), WalkEvent::Clear);
}
