//! Real conversations of real programs (`bench/templates` of the shared folder) against their ground truth.
//!
//! The folder is named by `ZERTAP_SHARED`, or stands beside the repository; where it is absent the tests
//! say so and pass.

use crate::support::{Event, Start, Talk};
use std::collections::BTreeMap;
use std::path::PathBuf;
use zertap_core::handshake::{End, Fault, Options, Phase, Side};
use zertap_core::tls::{Probe, probe};

/// One template: its ground truth and what passed.
pub(crate) struct Template {
    pub(crate) name: String,
    pub(crate) facts: BTreeMap<String, String>,
    pub(crate) talk: Option<Talk>,
}

/// All TLS templates; empty, with a printed reason, where the folder is absent.
pub(crate) fn templates() -> Vec<Template> {
    let shared = std::env::var_os("ZERTAP_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = shared.join("bench/templates");
    let Ok(manifest) = std::fs::read_to_string(folder.join("manifest.json")) else {
        println!("skipped: no templates in {} (set ZERTAP_SHARED)", folder.display());
        return vec![];
    };
    let wanted = |facts: &BTreeMap<String, String>| facts.get("family").is_some_and(|family| family == "tls");
    read_manifest(&manifest)
        .into_iter()
        .filter(|(_, facts)| wanted(facts))
        .map(|(name, facts)| {
            let pcap = std::fs::read(folder.join(format!("{name}.pcap"))).expect("a template's capture");
            Template { name, facts, talk: talk(&pcap) }
        })
        .collect()
}

/// The manifest's two levels of names; it is written one entry a line.
fn read_manifest(json: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut all = BTreeMap::<String, BTreeMap<String, String>>::new();
    let mut current = String::new();
    for line in json.lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        let (key, value) = (key.trim().trim_matches('"'), value.trim().trim_matches([',', '"']));
        if value == "{" {
            key.clone_into(&mut current);
        } else {
            all.entry(current.clone()).or_default().insert(key.to_owned(), value.to_owned());
        }
    }
    all
}

/// One TCP segment of an Ethernet, IPv4 frame.
struct Segment<'a> {
    from: (u32, u16),
    sequence: u32,
    acknowledged: Option<u32>,
    flags: u8,
    payload: &'a [u8],
}

fn segment(frame: &[u8]) -> Segment<'_> {
    let ip = &frame[14..];
    assert_eq!(frame[12..14], [8, 0], "templates are IPv4 on Ethernet");
    let total = usize::from(u16::from_be_bytes([ip[2], ip[3]]));
    let tcp = &ip[usize::from(ip[0] & 15) * 4..total];
    let word = |at: usize| u32::from_be_bytes(tcp[at..at + 4].try_into().expect("four octets"));
    Segment {
        from: (
            u32::from_be_bytes(ip[12..16].try_into().expect("an address")),
            u16::from_be_bytes([tcp[0], tcp[1]]),
        ),
        sequence: word(4),
        acknowledged: (tcp[13] & 0x10 != 0).then(|| word(8)),
        flags: tcp[13],
        payload: &tcp[usize::from(tcp[12] >> 4) * 4..],
    }
}

/// The conversation of a classic little-endian pcap with one connection whose segments are in order.
fn talk(pcap: &[u8]) -> Option<Talk> {
    let mut rest = &pcap[24..];
    let mut frames = vec![];
    while rest.len() >= 16 {
        let length = u32::from_le_bytes(rest[8..12].try_into().expect("four octets")) as usize;
        frames.push(segment(&rest[16..16 + length]));
        rest = &rest[16 + length..];
    }
    let client = frames[0].from;
    let mut first = [None::<u32>; 2];
    let mut next = [0_u64; 2];
    let mut talk = Talk::new();
    talk.options = Options { offers: true, fingerprints: true, ..Options::default() };
    for frame in frames {
        let side = if frame.from == client { Side::A } else { Side::B };
        let (own, other) = (side as usize, side.other() as usize);
        if frame.flags & 2 != 0 {
            first[own] = Some(frame.sequence.wrapping_add(1));
            continue;
        }
        let base = first[own].expect("SYN comes first");
        let offset = u64::from(frame.sequence.wrapping_sub(base));
        let seen = match (frame.acknowledged, first[other]) {
            (Some(number), Some(base)) => u64::from(number.wrapping_sub(base)).min(next[other]),
            _ => 0,
        };
        if !frame.payload.is_empty() && offset == next[own] {
            next[own] += frame.payload.len() as u64;
            let bytes = frame.payload.to_vec();
            talk = talk.and(Event::Octets { side, bytes, seen, starts: true, cut: 0 });
        }
        if frame.flags & 4 != 0 {
            talk = talk.and(Event::End { side, how: End::Rst, seen });
        } else if frame.flags & 1 != 0 {
            talk = talk.and(Event::End { side, how: End::Fin, seen });
        }
    }
    let begun = talk.events.iter().find_map(|event| match event {
        Event::Octets { side, bytes, .. } => (probe(bytes) == Probe::Begun).then_some(*side),
        _ => None,
    })?;
    talk.start = Start::Tls(begun);
    Some(talk)
}

#[test]
fn real_conversations_come_out_as_their_ground_truth_says() {
    for Template { name, facts, talk } in templates() {
        let talk = talk.unwrap_or_else(|| panic!("{name}: no hello found"));
        let outcome = talk.run();
        let outcome = if talk.events.iter().any(|event| matches!(event, Event::End { .. })) {
            talk.close()
        } else {
            outcome
        };
        let (phase, fault) = (outcome.phase(), outcome.findings.fault);
        let expected = match facts["outcome"].as_str() {
            "ok" => (Phase::TlsComplete, Fault::None),
            "alert" => (Phase::TlsFailed, Fault::Alert),
            "alert-enc" => (Phase::TlsFailed, Fault::ClientCertificateRefused),
            "closed" => (Phase::TlsFailed, Fault::Closed),
            "reset" => (Phase::TlsFailed, Fault::Reset),
            "not-tls" => (Phase::TlsFailed, Fault::PeerNotTls),
            "in-progress" => (Phase::TlsBegun, Fault::None),
            other => panic!("{name}: unknown outcome {other}"),
        };
        assert_eq!((phase, fault), expected, "{name}");
        if expected.0 == Phase::TlsComplete {
            let version = match facts["version"].as_str() {
                "1.0" => 0x0301,
                "1.1" => 0x0302,
                "1.2" => 0x0303,
                _ => 0x0304,
            };
            assert_eq!(outcome.profile().version, version, "{name}");
            let resumed = facts.contains_key("resumed");
            let shape = outcome.profile().shape as u8;
            assert_eq!(shape, if resumed { 2 } else { 1 }, "{name}");
            assert_eq!(outcome.profile().hello_retry, facts.contains_key("hrr"), "{name}");
            assert_eq!(outcome.profile().early_data_offered, facts.contains_key("early_data"), "{name}");
        }
    }
}

#[test]
fn clear_alerts_of_real_conversations_are_told_with_their_description() {
    for Template { name, facts, talk } in templates() {
        let (Some(expected), Some(talk)) = (facts.get("alert"), talk) else { continue };
        let described: Vec<String> = talk
            .close()
            .alerts()
            .iter()
            .filter(|alert| alert[3] == 0)
            .map(|alert| alert[2].to_string())
            .collect();
        assert!(described.contains(expected), "{name}: {described:?} without {expected}");
    }
}
