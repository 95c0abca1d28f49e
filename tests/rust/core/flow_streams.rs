//! Streams without packets, names of connections, and the way back down.

use zertap_core::config::Config;
use zertap_core::event::{RowKind, RowKinds};
use zertap_core::flow::{ConnectionRef, Endpoint};
use zertap_core::handshake::{
    Advice, CryptoProfile, Evidence, Fault, Flag, Outcome, Phase, Side, TlsProfile,
};
use zertap_core::tap::{StreamEnd, Tap};
use zertap_core::time::{Span, Timestamp};
use zertap_core::wire::Address;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\n\r\n";
const BANNER: &[u8] = b"SSH-2.0-Example\r\n";

fn end(last: u8, port: u16) -> Endpoint {
    Endpoint { address: Address::v4([192, 0, 2, last]), port }
}

fn tap(rows: RowKinds) -> Tap {
    Tap::new(Config { rows, ..Config::default() })
}

fn open(tap: &mut Tap) -> ConnectionRef {
    tap.open_stream(Timestamp(1), end(1, 50_000), end(2, 443), 0)
}

fn advice(outcome: Outcome) -> Advice {
    let tls = TlsProfile {
        provider: Some("Example".into()),
        version: 0x0304,
        cipher: Some(0x1301),
        ..TlsProfile::default()
    };
    Advice {
        profile: CryptoProfile::Tls(tls),
        outcome: Some(outcome),
        fault: Fault::None,
        gave_up: None,
        client: Some(Side::A),
        server_certificate: None,
        client_certificate: None,
        texts: Vec::new(),
    }
}

#[test]
fn a_stream_is_followed_from_its_first_octet_to_its_end() {
    let mut tap = tap(RowKinds::LAST);
    let name = open(&mut tap);
    assert!(tap.push_stream(Timestamp(2), name, Side::B, BANNER, None));
    assert!(tap.push_stream(Timestamp(3), name, Side::A, REQUEST, None));
    assert!(tap.end_stream(Timestamp(4), name, StreamEnd::Closed(Side::A)));
    assert!(tap.end_stream(Timestamp(4), name, StreamEnd::Closed(Side::A)), "said twice, it is said");
    assert!(tap.end_stream(Timestamp(5), name, StreamEnd::Closed(Side::B)));
    let rows = tap.drain();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].kind, rows[0].phase), (RowKind::Closed, Phase::SshFailed));
    assert_eq!(rows[0].octets, [REQUEST.len() as u64, BANNER.len() as u64]);
    assert!(!rows[0].flags.contains(Flag::BeyondFin));
}

#[test]
fn a_name_names_nothing_once_its_connection_is_gone_though_the_slot_is_taken_again() {
    let mut tap = tap(RowKinds::LAST);
    let first = open(&mut tap);
    assert!(tap.end_stream(Timestamp(2), first, StreamEnd::Reset(Side::A)));
    let second = tap.open_stream(Timestamp(3), end(3, 1), end(4, 2), 0);
    assert_ne!(first, second);
    assert!(!tap.push_stream(Timestamp(4), first, Side::A, REQUEST, None));
    assert!(!tap.mark(first, 1) && !tap.expect_handshake(first));
    assert!(!tap.advise(ConnectionRef::from_number(u64::MAX), advice(Outcome::Complete)));
    assert!(tap.mark(second, 7));
    assert_eq!((tap.counters().gone, tap.counters().late), (4, 0));
    tap.finish();
    assert_eq!(tap.drain().iter().map(|row| row.note).collect::<Vec<_>>(), [0, 7]);
}

#[test]
fn the_account_balances_when_our_view_of_a_connection_ends() {
    let mut tap = tap(RowKinds::LAST);
    let name = open(&mut tap);
    assert!(tap.end_stream(Timestamp(2), name, StreamEnd::Abandoned));
    assert!(!tap.end_stream(Timestamp(2), name, StreamEnd::Abandoned));
    let ledger = tap.ledger();
    assert_eq!((ledger.opened, ledger.live, ledger.fates.unfinished, ledger.rows), (1, 0, 1, 1));
    assert_eq!(tap.drain()[0].kind, RowKind::Unfinished);
}

#[test]
fn what_a_provider_says_stands_and_the_rest_stays_as_observed() {
    let mut tap = tap(RowKinds::LAST.with(RowKind::Moved));
    let name = open(&mut tap);
    tap.push_stream(Timestamp(2), name, Side::A, REQUEST, None);
    assert!(tap.advise(name, advice(Outcome::Complete)));
    assert!(tap.advise(name, advice(Outcome::Complete)), "the same again is no news");
    tap.push_stream(Timestamp(3), name, Side::B, b"whatever", None);
    tap.end_stream(Timestamp(4), name, StreamEnd::Reset(Side::B));
    let rows = tap.drain();
    assert_eq!(rows.iter().map(|row| row.kind).collect::<Vec<_>>(), [RowKind::Moved, RowKind::Reset]);
    assert!(rows.iter().all(|row| row.phase == Phase::TlsComplete));
    let profile = rows[1].settled.as_ref().and_then(|settled| settled.profile.clone());
    let Some((_, profile)) = profile else { panic!("a profile was told") };
    let CryptoProfile::Tls(tls) = &*profile else { panic!("it is of TLS") };
    assert_eq!((tls.version, tls.evidence_outcome), (0x0304, Evidence::Advised));
    assert_eq!(tls.evidence_certificates, Evidence::NotVisible);
}

#[test]
fn advice_is_late_once_the_protection_was_told_behind_the_waiting_span() {
    let mut tap = tap(RowKinds::LAST.with(RowKind::Due));
    let name = open(&mut tap);
    assert!(tap.advise(name, advice(Outcome::Complete)));
    tap.advance(Timestamp(1).after(Span::seconds(11)));
    assert!(!tap.advise(name, advice(Outcome::Failed)));
    assert!(tap.advise(name, advice(Outcome::ThenClear)), "that it ended can be told at any time");
    assert!(!tap.advise(name, advice(Outcome::Complete)));
    assert_eq!(tap.counters().late, 2);
    tap.finish();
    let phases: Vec<_> = tap.drain().iter().map(|row| row.phase).collect();
    assert_eq!(phases, [Phase::TlsComplete, Phase::TlsThenClear]);
}

#[test]
fn ssh_has_no_way_back_to_clear_data() {
    let profile = CryptoProfile::Ssh(Box::default());
    assert_eq!(Advice { profile, ..advice(Outcome::ThenClear) }.phase(), None);
}

#[test]
fn an_announced_handshake_is_counted_from_where_it_begins() {
    let mut tap = tap(RowKinds::LAST);
    let name = open(&mut tap);
    for at in 2..40 {
        tap.push_stream(Timestamp(at), name, Side::A, &[0; 5000], None);
        tap.push_stream(Timestamp(at), name, Side::B, &[0; 5000], None);
    }
    assert!(tap.expect_handshake(name));
    tap.push_stream(Timestamp(50), name, Side::B, BANNER, None);
    tap.push_stream(Timestamp(51), name, Side::A, REQUEST, None);
    tap.end_stream(Timestamp(52), name, StreamEnd::Reset(Side::A));
    let rows = tap.drain();
    assert_eq!(rows[0].phase, Phase::SshFailed);
    assert!(rows[0].flags.contains(Flag::Upgraded));
}
