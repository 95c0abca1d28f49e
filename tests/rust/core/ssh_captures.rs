//! Real SSH conversations: the shared captures against the oracle's rows, the bench templates against their ground truth.
//!
//! Where the shared material lies: `ZERTAP_SHARED`, else `../shared` beside the repository; absent, the tests say so and
//! pass. The TCP follower below is as small as will do for clean captures.

#[path = "ssh_pcap.rs"]
mod pcap;
#[path = "../seeds.rs"]
mod seeds;
#[path = "ssh_support.rs"]
mod support;

use pcap::{Connection, connections};
use serde_json::Value;
use std::path::{Path, PathBuf};
use support::text;
use zertap_core::handshake::{
    Chunk, CryptoProfile, End, Fault, Findings, Flag, Observe, Options, PerSide, Phase, Progress, Room, Side,
    TextKind,
};
use zertap_core::ssh::SshObserver;

fn shared() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let path = std::env::var_os("ZERTAP_SHARED").map_or_else(beside, PathBuf::from);
    let found = path.join("captures/index.csv").is_file();
    if !found {
        println!("skipped: no shared captures at {}; set ZERTAP_SHARED", path.display());
    }
    found.then_some(path)
}

/// Plays a connection in causal order; `None` for the phase when it stays open.
fn observe(connection: &Connection) -> (Phase, Findings) {
    let mut observer = SshObserver::new(Options::default());
    let mut room = Room::default();
    let mut phase = Phase::Silent;
    let mut note = |progress: Progress| match progress {
        Progress::NeedMore => false,
        Progress::Moved(to) => {
            phase = to;
            false
        }
        Progress::Finished(to) => {
            phase = to;
            true
        }
    };
    if let Some(visible) = connection.visible
        && note(observer.one_sided(visible))
    {
        return (phase, observer.findings());
    }
    let mut ended = PerSide([false; 2]);
    for event in connection.events() {
        let finished = match event {
            pcap::Event::Bytes { side, bytes, seen, cut } => {
                let chunk = Chunk { bytes: &bytes, seen, starts_segment: true, cut };
                note(observer.push(side, chunk, &mut room))
            }
            pcap::Event::Gap { side, length } => note(observer.gap(side, length)),
            pcap::Event::Fin { side, seen } => {
                ended[side] = true;
                note(observer.end(side, End::Fin, seen))
            }
            pcap::Event::Rst { side } => note(observer.end(side, End::Rst, 0)),
        };
        if finished {
            return (phase, observer.findings());
        }
    }
    if ended == PerSide([true; 2]) {
        note(observer.close());
    }
    (phase, observer.findings())
}

#[test]
fn bench_templates_come_out_as_they_were_made() {
    let Some(shared) = shared() else { return };
    let folder = shared.join("bench/templates");
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    let mut seen = 0;
    for (name, entry) in manifest.as_object().unwrap() {
        if entry["family"] != "ssh" {
            continue;
        }
        let file = std::fs::read(folder.join(format!("{name}.pcap"))).unwrap();
        let [connection] = &connections(&file)[..] else { panic!("{name}: one connection expected") };
        let (phase, findings) = observe(connection);
        let expected = match entry["outcome"].as_str().unwrap() {
            "ok" | "ok-auth-fail" => (Phase::SshComplete, Fault::None),
            // The server said a line that is not SSH, and reset.
            "closed" => (Phase::SshFailed, Fault::PeerNotSsh),
            "in-progress" => (Phase::SshBegun, Fault::None),
            _ => (Phase::SshFailed, Fault::NoCommonAlgorithm),
        };
        assert_eq!((phase, findings.fault), expected, "{name}");
        if phase == Phase::SshComplete {
            assert!(text(&findings, TextKind::HostKeyFingerprint).is_some(), "{name}");
        }
        seen += 1;
    }
    assert_eq!(seen, 11);
}

#[test]
fn shared_captures_agree_with_the_oracle() {
    let Some(shared) = shared() else { return };
    let index = std::fs::read_to_string(shared.join("captures/index.csv")).unwrap();
    let (mut rows, mut wrong) = (0, Vec::new());
    for file in index.lines().skip(1).filter_map(|line| line.split(',').next()) {
        let Ok(expected) =
            std::fs::read_to_string(shared.join("captures/expected").join(format!("{file}.jsonl")))
        else {
            continue;
        };
        let expected = expected.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let expected: Vec<_> = expected.filter(|row| row["protection"] == "ssh").collect();
        if expected.is_empty() || file.starts_with("corrupt/") {
            continue;
        }
        let found = connections(&std::fs::read(shared.join("captures").join(file)).unwrap());
        for row in &expected {
            let Some(connection) = found.iter().find(|connection| connection.is(row)) else {
                println!("not reached: {file} {}", row["decoded_via"]);
                continue;
            };
            let firm = row["grade"] == "firm";
            let (phase, findings) = observe(connection);
            for difference in differences(row, phase, &findings) {
                let argument = argument(file, &difference);
                let note = format!("{file} {} {}: {difference}", row["client"], row["soft_because"]);
                println!("{}: {note}", if firm { argument.unwrap_or("differs") } else { "soft" });
                if firm && argument.is_none() {
                    wrong.push(note);
                }
            }
            rows += 1;
        }
    }
    println!("{rows} connections compared");
    assert!(rows >= 80, "{rows}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Where the oracle is wrong or asks another question, by file and the fields concerned.
const ARGUED: [(&str, &str, &str); 4] = [
    (
        "ssh2-malformed.pcap",
        "outcome",
        "NEWKEYS from both is there; the oracle stops at a malformed host key",
    ),
    ("ssh2-moloch-crash.pcap", "outcome", "as ssh2-malformed.pcap"),
    ("kex-quadratic-1000.pcap", "outcome", "the capture ends before the connection does (A6, A9)"),
    (
        "reverse-ssh.pcap",
        "_",
        "TCP's acceptor is the SSH client; the oracle negotiates as if it were the server",
    ),
];

fn argument(file: &str, difference: &str) -> Option<&'static str> {
    let applies = |(name, field, _): &&(&str, &str, &str)| {
        file.ends_with(name) && difference.split(':').next().is_some_and(|what| what.contains(field))
    };
    ARGUED.iter().find(applies).map(|(_, _, reason)| *reason)
}

/// What differs between a row of the oracle and what we say.
fn differences(row: &Value, phase: Phase, findings: &Findings) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, oracle: Option<String>, ours: Option<String>| {
        if oracle.is_some() && oracle != ours {
            found.push(format!("{what}: oracle {oracle:?}, ours {ours:?}"));
        }
    };
    let word = |value: &Value| value.as_str().map(str::to_owned);
    let outcome = match phase {
        Phase::SshComplete if findings.flags.contains(Flag::OneSided) => "one_sided",
        Phase::SshComplete => "established",
        Phase::SshFailed => "failed",
        Phase::SshBegun | Phase::SshAgreed => "in_progress",
        other => other.name(),
    };
    compare("outcome", word(&row["outcome"]), Some(outcome.to_owned()));
    let profile = match &findings.profile {
        Some(CryptoProfile::Ssh(profile)) => profile.as_ref().clone(),
        _ => zertap_core::handshake::SshProfile::default(),
    };
    let ssh = &row["ssh"];
    let version = match profile.version {
        1 => Some("1.x".to_owned()),
        2 => Some("2.0".to_owned()),
        _ => None,
    };
    compare("version", word(&ssh["version"]).filter(|version| !version.ends_with('?')), version);
    let banner = |kind| text(findings, kind).map(|banner| String::from_utf8_lossy(&banner).into_owned());
    // The oracle speaks of TCP's client, we of SSH's.
    let straight = findings.client != Some(Side::B);
    let (first, second) = if straight { ("c2s", "s2c") } else { ("s2c", "c2s") };
    compare("client banner", word(&ssh["banners"][first]), banner(TextKind::ClientBanner));
    compare("server banner", word(&ssh["banners"][second]), banner(TextKind::ServerBanner));
    let negotiated = &ssh["negotiated"];
    let pairs = [
        ("kex", &profile.kex),
        ("hostkey", &profile.host_key),
        ("enc_c2s", &profile.cipher_c2s),
        ("enc_s2c", &profile.cipher_s2c),
        ("mac_c2s", &profile.mac_c2s),
        ("mac_s2c", &profile.mac_s2c),
        ("comp_c2s", &profile.compression_c2s),
        ("comp_s2c", &profile.compression_s2c),
    ];
    for (name, ours) in pairs {
        let oracle = word(&negotiated[name])
            .map(|name| if name == "<implicit>" { "implicit".to_owned() } else { name });
        compare(name, oracle, ours.as_deref().map(str::to_owned));
    }
    if outcome == "established" {
        compare("host key", word(&ssh["hostkey_type"]), profile.host_key_type.as_deref().map(str::to_owned));
        let bits = ssh["hostkey_bits"].as_u64().map(|bits| bits.to_string());
        compare("host key bits", bits, profile.host_key_bits.map(|bits| bits.to_string()));
    }
    found
}
