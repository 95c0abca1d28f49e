//! Any cut, any causal order, same findings: the promise that everything above stands on.

use crate::support::*;
use crate::templates::templates;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use zertap_core::handshake::{Evidence, Phase, Side};

/// A conversation cut and delivered otherwise: `choices` says where and in which order.
///
/// Octets of one side stay in order; what a side sent comes only after what it had seen of the other (A8),
/// an end included: a FIN takes a sequence number, so an acknowledgement tells it too.
fn shuffled(talk: &Talk, choices: &[u16]) -> Talk {
    let mut choices = choices.iter().copied().cycle();
    let mut choose = |below: usize| usize::from(choices.next().unwrap_or(0)) % below.max(1);
    let mut queues: [Vec<(Event, [bool; 2])>; 2] = [vec![], vec![]];
    let mut ended = [false; 2];
    for event in &talk.events {
        match event {
            Event::Octets { side, bytes, seen, .. } => {
                for piece in pieces(bytes, &mut choose) {
                    let octets =
                        Event::Octets { side: *side, bytes: piece, seen: *seen, starts: true, cut: 0 };
                    queues[*side as usize].push((octets, ended));
                }
            }
            Event::End { side, .. } => {
                queues[*side as usize].push((event.clone(), ended));
                ended[*side as usize] = true;
            }
            other => panic!("not a matter of order: {other:?}"),
        }
    }
    for queue in &mut queues {
        queue.reverse();
    }
    let mut cut = Talk { events: vec![], ..talk.clone() };
    let mut delivered = [0_u64; 2];
    let mut ended = [false; 2];
    while queues.iter().any(|queue| !queue.is_empty()) {
        let wish = if choose(2) == 0 { Side::A } else { Side::B };
        let side = [wish, wish.other()]
            .into_iter()
            .find(|&side| {
                queues[side as usize].last().is_some_and(|(event, ends)| {
                    may_come(event, delivered)
                        && (ended[side.other() as usize] || !ends[side.other() as usize])
                })
            })
            .expect("a causal order exists");
        let (event, _) = queues[side as usize].pop().expect("an event");
        match &event {
            Event::Octets { bytes, .. } => delivered[side as usize] += bytes.len() as u64,
            _ => ended[side as usize] = true,
        }
        cut.events.push(event);
    }
    cut
}

fn may_come(event: &Event, delivered: [u64; 2]) -> bool {
    match event {
        Event::Octets { side, seen, .. } | Event::End { side, seen, .. } => {
            *seen <= delivered[side.other() as usize]
        }
        _ => true,
    }
}

/// `bytes` in up to eight pieces.
fn pieces(bytes: &[u8], choose: &mut impl FnMut(usize) -> usize) -> Vec<Vec<u8>> {
    let mut cuts: Vec<usize> = (0..choose(8)).map(|_| choose(bytes.len())).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|pair| bytes[pair[0]..pair[1]].to_vec()).filter(|piece| !piece.is_empty()).collect()
}

/// Conversations of each kind, built by hand.
fn conversations() -> Vec<Talk> {
    let psk = message(2, &Hello::server_13(0x1301).with(extension(41, &[0, 0])).answer());
    let early = message(1, &Hello::client().with(extension(42, &[])).offer());
    let retry = join(&[message(2, &Hello::retry().answer()), ccs()]);
    vec![
        full_12(),
        resumed_12(),
        full_13(),
        certified_13(),
        certified_13().server(sealed(250)),
        certified_13().server(sealed(19)).server_fin().client_fin(),
        certified_13().client(sealed(19)).server(sealed(19)).server_fin(),
        certified_13().server(b"clear text"),
        full_12().client(b"clear text"),
        full_13().client(join(&[sealed(100), b"clear text".to_vec()])),
        flight_13(0x1302).client(join(&[ccs(), sealed(19)])).client_fin().server_fin(),
        Talk::new().client(client_hello()).server(alert(2, 40)).server_fin().client_fin(),
        Talk::new().client(client_hello()).server(b"HTTP/1.1 400 Bad Request\r\n"),
        Talk::new().client(client_hello()).server(server_hello_12(0xC02F)).client_rst(),
        Talk::new()
            .client(join(&[early, sealed(400)]))
            .server(join(&[psk, sealed(27), sealed(53)]))
            .client(join(&[sealed(21), sealed(53)])),
        Talk::new()
            .client(client_hello())
            .server(retry)
            .client(join(&[ccs(), client_hello()]))
            .server(join(&[server_hello_13(0x1301), server_flight_13()]))
            .client(sealed(53)),
        Talk::new().client(recut(&client_hello(), 7)).server(recut(&server_hello_12(0xC02F), 3)).server_fin(),
    ]
}

fn same(name: &str, talk: &Talk, choices: &[u16]) -> Result<(), TestCaseError> {
    let cut = shuffled(talk, choices);
    let (expected, got) = (talk.close(), cut.close());
    prop_assert_eq!(got.summary(), expected.summary(), "{}", name);
    prop_assert_eq!(got.phases.last(), expected.phases.last(), "{}", name);
    Ok(())
}

/// Failures found at random are kept here and tried first.
const REGRESSIONS: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/rust/core/tls_any_cut.regressions");

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 256,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(REGRESSIONS))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_cut_of_a_built_conversation_gives_the_same_findings(choices in prop::collection::vec(any::<u16>(), 1..400)) {
        for (number, talk) in conversations().iter().enumerate() {
            same(&format!("conversation {number}"), talk, &choices)?;
        }
    }

    /// After random octets were put into a conversation, cuts must still not matter.
    #[test]
    fn any_cut_of_a_damaged_conversation_gives_the_same_findings(
        which in any::<prop::sample::Index>(),
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        choices in prop::collection::vec(any::<u16>(), 1..200),
    ) {
        let all = conversations();
        let mut talk = all[which.index(all.len())].clone();
        let mut octets: Vec<&mut u8> = talk.events.iter_mut().flat_map(|event| match event {
            Event::Octets { bytes, .. } => bytes.iter_mut(),
            _ => [].iter_mut(),
        }).collect();
        for (place, value) in places {
            let place = place.index(octets.len());
            *octets[place] = value;
        }
        same("damaged", &talk, &choices)?;
    }

    #[test]
    fn a_gap_anywhere_never_turns_a_complete_handshake_into_a_failed_one(
        which in 0_usize..5,
        side in any::<bool>(),
        start in any::<prop::sample::Index>(),
        length in 1_usize..200,
    ) {
        let talk = conversations()[which].clone().client_fin().server_fin();
        let side = if side { Side::A } else { Side::B };
        let total = talk.sent[side as usize] as usize;
        let holed = with_gap(&talk, side, start.index(total), length);
        let outcome = holed.close();
        let hello = client_hello().len();
        if side == Side::A && start.index(total) < hello.min(11) {
            return Ok(());
        }
        prop_assert_ne!(outcome.phase(), Phase::Clear);
        prop_assert_ne!(outcome.phase(), Phase::TlsThenClear);
        prop_assert_ne!(outcome.phase(), Phase::TlsFailed);
    }
}

/// Two gaps, one in each direction, and any cut: never a failure, never clear text, and never a panic.
#[test]
fn gaps_in_both_directions_never_turn_a_complete_handshake_into_a_failed_one() {
    for talk in [full_13(), full_12(), resumed_12(), certified_13().server(sealed(250))] {
        let talk = talk.client_fin().server_fin();
        for server in (0..talk.sent[1] as usize).step_by(17) {
            for client in (11..talk.sent[0] as usize).step_by(13) {
                let holed = with_gap(&with_gap(&talk, SERVER, server, 90), CLIENT, client, 30);
                let phase = holed.close().phase();
                assert!(
                    matches!(phase, Phase::TlsComplete | Phase::TlsLost),
                    "{phase:?}: {server}, {client}"
                );
            }
        }
    }
}

/// A ServerHello of 1.3 cut right behind its compression method reads like one of 1.2 without extensions:
/// it was taken for 1.2, and the handshake failed at its end.
#[test]
fn a_gap_at_any_place_of_the_server_hello_never_fails_a_complete_handshake() {
    for talk in [full_13(), full_12(), resumed_12()].map(|talk| talk.client_fin().server_fin()) {
        for start in 0..200 {
            for length in [1, 2, 5, 40, 199] {
                let outcome = with_gap(&talk, SERVER, start, length).close();
                assert_ne!(outcome.phase(), Phase::TlsFailed, "{length} octets from {start}");
            }
        }
    }
}

/// The same conversation with `length` octets of one side never captured.
fn with_gap(talk: &Talk, side: Side, start: usize, length: usize) -> Talk {
    let mut holed = Talk { events: vec![], ..talk.clone() };
    let mut at = 0;
    for event in &talk.events {
        let Some(bytes) = octets_of(event, side) else {
            holed.events.push(event.clone());
            continue;
        };
        let from = start.clamp(at, at + bytes.len()) - at;
        let to = (start + length).clamp(at, at + bytes.len()) - at;
        at += bytes.len();
        if from > 0 {
            holed.events.push(octets_like(event, &bytes[..from], true));
        }
        if to > from {
            holed.events.push(Event::Gap { side, length: (to - from) as u64 });
        }
        if to < bytes.len() && from < bytes.len() {
            holed.events.push(octets_like(event, &bytes[to..], to == 0));
        }
    }
    holed
}

fn octets_of(event: &Event, of: Side) -> Option<&[u8]> {
    match event {
        Event::Octets { side, bytes, .. } if *side == of => Some(bytes),
        _ => None,
    }
}

fn octets_like(event: &Event, piece: &[u8], starts: bool) -> Event {
    match event {
        Event::Octets { side, seen, cut, .. } => {
            Event::Octets { side: *side, bytes: piece.to_vec(), seen: *seen, starts, cut: *cut }
        }
        other => other.clone(),
    }
}

#[test]
fn any_cut_of_a_real_conversation_gives_the_same_findings() {
    let mut state = 7_u32;
    for template in templates() {
        let Some(talk) = template.talk else { continue };
        for round in 0..40 {
            let choices: Vec<u16> = (0..500)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 16) as u16
                })
                .collect();
            let outcome = same(&template.name, &talk, &choices);
            assert!(outcome.is_ok(), "{} round {round}: {outcome:?}", template.name);
        }
    }
}

#[test]
fn an_outcome_is_told_with_its_evidence() {
    assert_eq!(full_12().run().profile().evidence_outcome, Evidence::Negotiated);
    assert_eq!(full_13().run().profile().evidence_outcome, Evidence::Inferred);
    assert_eq!(certified_13().run().profile().evidence_outcome, Evidence::Inferred);
    assert_eq!(flight_13(0x1301).run().profile().evidence_outcome, Evidence::NotVisible);
}
