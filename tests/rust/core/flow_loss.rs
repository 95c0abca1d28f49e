//! What loss may never do to the recorded handshakes of `pcaps/captures`: no end of protection that was none, no success
//! of what failed while a packet that tells so was seen. And what no row may say of itself.
//!
//! Packets are dropped at random. A wrong `protected` is excused only where every packet that could tell was lost without
//! a trace: of the part of the capture that tells,
//!
//! - what was seen does not tell even when all that came before that part is given back, and
//! - it shows no hole: nothing was acknowledged, and nothing came behind it, that was not captured.
//!
//! (A connection that is still open shows as protected, as A5 says, where no hole stands in the place of the answer; where
//! one is somewhere else, it is counted apart.)
//!
//! If the first does not hold, a packet that tells was seen and not heeded; if the second does not, the outcome is not known
//! and must not be told as if it were. `LOSS_ROUNDS` asks for more rounds than CI needs; the figures are printed (`--nocapture`).

use crate::contradictions::contradictions;
use crate::support::asking_for_all;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use zertap_core::config::Config;
use zertap_core::event::{Row, RowKind, RowKinds};
use zertap_core::handshake::{Flag, Phase};
use zertap_core::tap::Tap;
use zertap_core::time::Timestamp;
use zertap_core::wire::LinkType;

/// One recorded frame.
struct Frame {
    at: Timestamp,
    octets: Vec<u8>,
    wire_length: u32,
}

/// A recorded capture, and what its rows are when nothing is lost.
struct Recorded {
    name: String,
    link: LinkType,
    frames: Vec<Frame>,
    truth: BTreeMap<Key, Vec<Row>>,
}

/// A connection by its addresses, ports and lane, whichever end is called the client.
type Key = ([String; 2], u32);

fn key(row: &Row) -> Key {
    let mut ends = [0, 1].map(|end| format!("{} {}", row.addresses[end], row.ports[end]));
    ends.sort();
    (ends, row.lane)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pcaps/captures")
}

/// Every capture of ours that is a classic pcap in little-endian order.
fn recorded() -> &'static [Recorded] {
    static ALL: OnceLock<Vec<Recorded>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
            .expect("captures of ours")
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|end| end == "pcap"))
            .collect();
        files.sort();
        files.iter().filter_map(|path| read(path)).collect()
    })
}

fn read(path: &Path) -> Option<Recorded> {
    let file = std::fs::read(path).ok()?;
    let word = |at: usize| Some(u32::from_le_bytes(file.get(at..at + 4)?.try_into().ok()?));
    let tick = match word(0)? {
        0xa1b2_c3d4 => 1_000,
        0xa1b2_3c4d => 1,
        _ => return None,
    };
    let (mut frames, mut at) = (vec![], 24);
    while let (Some(seconds), Some(part), Some(captured)) = (word(at), word(at + 4), word(at + 8)) {
        let octets = file.get(at + 16..at + 16 + captured as usize)?.to_vec();
        let time = u64::from(seconds) * 1_000_000_000 + u64::from(part) * tick;
        frames.push(Frame { at: Timestamp(time), octets, wire_length: word(at + 12)? });
        at += 16 + captured as usize;
    }
    let name = path.file_stem()?.to_string_lossy().into_owned();
    let mut one = Recorded { name, link: LinkType(word(20)? as u16), frames, truth: BTreeMap::new() };
    for row in rows(&one, |_| true, RowKinds::LAST) {
        one.truth.entry(key(&row)).or_default().push(row);
    }
    Some(one)
}

/// The rows of those frames that `kept` lets pass.
fn rows(recorded: &Recorded, kept: impl Fn(usize) -> bool, kinds: RowKinds) -> Vec<Row> {
    let mut tap = Tap::new(Config { rows: kinds, ..Config::default() });
    let mut last = Timestamp(0);
    for (frame, number) in recorded.frames.iter().zip(0..) {
        if kept(number) {
            tap.push_frame(frame.at, recorded.link, &frame.octets, frame.wire_length);
        }
        last = last.max(frame.at);
    }
    // The tap looks on for a while: what was acknowledged and never came is then known to be lost.
    tap.advance(Timestamp(last.0 + 30_000_000_000));
    tap.finish();
    tap.drain()
}

/// A small generator with a known sequence (xorshift64*): a failure repeats.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// True so many times out of a thousand.
    fn falls(&mut self, per_mille: u64) -> bool {
        (self.next() >> 16) % 1_000 < per_mille
    }
}

/// What became of the connections of one rate of loss.
#[derive(Debug, Default)]
struct Figures {
    connections: u64,
    /// Phase and everything negotiated as without loss.
    known: u64,
    /// No row at all, or none that says more than "picked up in mid-life".
    unseen: u64,
    /// A handshake whose outcome is told as lost.
    lost: u64,
    /// Told as failed although it completed.
    blamed: u64,
    /// Told as protected although it failed: all that told was lost without a trace.
    excused: u64,
    /// The same with a trace, of a connection whose end was lost too.
    open: u64,
}

fn failed(phase: Phase) -> bool {
    matches!(phase, Phase::TlsFailed | Phase::SshFailed)
}

fn profile(row: &Row) -> String {
    let settled = row.settled.as_ref();
    format!("{:?}", settled.and_then(|settled| settled.profile.as_ref()).map(|(_, profile)| profile))
}

/// Compares the rows of a torn capture with those of the whole one.
fn judge(recorded: &Recorded, dropped: &[bool], figures: &mut Figures) {
    let kept = |number: usize| !dropped[number];
    let mut torn: BTreeMap<Key, Vec<Row>> = BTreeMap::new();
    for row in rows(recorded, kept, asking_for_all().rows) {
        let told = contradictions(&row);
        assert!(told.is_empty(), "{}: {told:?}", recorded.name);
        torn.entry(key(&row)).or_default().push(row);
    }
    for (key, truth) in &recorded.truth {
        let last: Vec<&Row> = torn.get(key).into_iter().flatten().filter(|row| row.kind.is_last()).collect();
        let ended = |rows: &[Row]| rows.iter().any(|row| row.phase == Phase::TlsThenClear);
        let told = torn.get(key).map_or(&[][..], Vec::as_slice);
        assert!(!ended(told) || ended(truth), "{}: protection ended that did not: {last:?}", recorded.name);
        if truth.len() != 1 {
            continue;
        }
        let (truth, told) = (&truth[0], last.last());
        figures.connections += 1;
        let Some(told) = told.filter(|row| row.phase != Phase::Unseen) else {
            figures.unseen += 1;
            continue;
        };
        figures.known += u64::from(told.phase == truth.phase && profile(told) == profile(truth));
        figures.lost += u64::from(matches!(told.phase, Phase::TlsLost | Phase::SshLost));
        if failed(told.phase) && truth.phase.is_complete() {
            figures.blamed += 1;
            show("failed, though complete", recorded, dropped, told, truth);
        }
        if failed(truth.phase) && told.phase.is_complete() {
            match without_a_trace(recorded, dropped, key) {
                Loss::Untraced => figures.excused += 1,
                // A5: so long as the connection is open, a handshake whose refusal may yet come shows as protected.
                Loss::Traced if told.kind == RowKind::Unfinished => {
                    figures.open += 1;
                    show("open", recorded, dropped, told, truth);
                }
                other => panic!(
                    "{}: a success of what failed, {other:?} (without packets {:?}): {told:?}",
                    recorded.name,
                    gone(dropped)
                ),
            }
        }
    }
}

/// The numbers of the packets that are dropped, from 1.
fn gone(dropped: &[bool]) -> Vec<usize> {
    (1..).zip(dropped).filter(|(_, lost)| **lost).map(|(number, _)| number).collect()
}

/// `LOSS_SHOW=1` names each connection that the figures count as told wrongly.
fn show(what: &str, recorded: &Recorded, dropped: &[bool], told: &Row, truth: &Row) {
    if std::env::var_os("LOSS_SHOW").is_some() {
        println!(
            "{what}: {} {:?}, {:?} {:?} {:?} {:?} for {:?}, without packets {:?}",
            recorded.name,
            told.ports,
            told.kind,
            told.phase,
            told.settled.as_ref().map(|settled| settled.fault),
            told.flags,
            truth.phase,
            gone(dropped)
        );
    }
}

/// What loss did to the packets that could tell of a failure.
#[derive(Debug, PartialEq, Eq)]
enum Loss {
    /// All of them were lost, and nothing shows it.
    Untraced,
    /// All of them were lost, and a hole shows it.
    Traced,
    /// Enough of them were seen.
    Seen,
}

/// All that came before the part that tells is given back: does the rest of what was seen tell, or show a hole?
fn without_a_trace(recorded: &Recorded, dropped: &[bool], of: &Key) -> Loss {
    let part = telling_part(recorded, of);
    let rows = rows(recorded, |number| number < part || !dropped[number], RowKinds::LAST);
    let of: Vec<&Row> = rows.iter().filter(|row| key(row) == *of).collect();
    if !of.iter().all(|row| row.phase.is_complete()) {
        Loss::Seen
    } else if of.iter().any(|row| row.flags.contains(Flag::Gap)) {
        Loss::Traced
    } else {
        Loss::Untraced
    }
}

/// The number of the first packet that can tell of the failure: the one behind a handshake that looks complete, or, where
/// none ever does, the one at which it fails.
fn telling_part(recorded: &Recorded, of: &Key) -> usize {
    let phase = |length: usize| {
        let all = rows(recorded, |number| number < length, RowKinds::LAST);
        all.iter().rfind(|row| key(row) == *of).map_or(Phase::Silent, |row| row.phase)
    };
    let lengths = 0..=recorded.frames.len();
    let looks_complete = lengths.clone().find(|length| phase(*length).is_complete());
    let fails = || lengths.clone().find(|length| failed(phase(*length))).map_or(0, |length| length - 1);
    looks_complete.unwrap_or_else(fails)
}

/// A rate in packets of a thousand, torn so many times with each capture.
fn tear(per_mille: u64, rounds: u64) -> Figures {
    let mut figures = Figures::default();
    for (recorded, which) in recorded().iter().zip(1..) {
        let mut dice = Dice(per_mille << 32 | which);
        for _ in 0..rounds {
            let dropped: Vec<bool> = recorded.frames.iter().map(|_| dice.falls(per_mille)).collect();
            if dropped.contains(&true) {
                judge(recorded, &dropped, &mut figures);
            }
        }
    }
    figures
}

/// Loss of 0.1, 1, 5 and 20 of a hundred packets; fewer rounds are needed where each tears more.
#[test]
fn loss_ends_no_protection_and_makes_no_success_of_a_failure_that_was_told() {
    assert!(recorded().len() > 100, "too few captures");
    let more: u64 = std::env::var("LOSS_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1);
    for (per_mille, rounds) in [(1, 40), (10, 20), (50, 10), (200, 10)] {
        let figures = tear(per_mille, rounds * more);
        println!("{per_mille} of 1000 packets lost, torn captures only: {figures:?}");
        assert!(figures.connections > 100, "hardly anything was torn: {figures:?}");
        assert!((figures.blamed + figures.open) * 1_000 <= figures.connections, "told wrongly: {figures:?}");
    }
}

/// One packet is lost, each in its turn: the same promises, exhaustively.
#[test]
fn losing_any_one_packet_ends_no_protection_and_makes_no_success_of_a_failure_that_was_told() {
    let mut figures = Figures::default();
    for recorded in recorded().iter().filter(|recorded| recorded.frames.len() <= 60) {
        for gone in 0..recorded.frames.len() {
            let dropped: Vec<bool> = (0..recorded.frames.len()).map(|number| number == gone).collect();
            judge(recorded, &dropped, &mut figures);
        }
    }
    println!("each packet lost in its turn: {figures:?}");
    assert!(figures.known * 2 > figures.connections, "{figures:?}");
    assert_eq!(
        (figures.blamed, figures.open),
        (0, 0),
        "a lost packet tells nothing of what was in it: {figures:?}"
    );
}

/// Nothing is lost: no row contradicts itself either.
#[test]
fn no_row_of_a_recorded_capture_contradicts_itself() {
    for recorded in recorded() {
        for row in rows(recorded, |_| true, asking_for_all().rows) {
            let told = contradictions(&row);
            assert!(told.is_empty(), "{}: {told:?}", recorded.name);
        }
    }
}
