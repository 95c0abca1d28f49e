//! Data in clear that may yet lead to a handshake: server lines before an SSH banner, and upgrades.
//!
//! An upgrade is a ClientHello at a segment's start that a ServerHello answers, within the first 64 KiB of
//! each direction (EDGE_CASES, modes). Until the answer comes the connection counts as clear.

use super::sniff::Kept;
use crate::handshake::{
    Chunk, Findings, Flag, Flags, Observe, Options, PerSide, Phase, Progress, Room, Side,
};
use crate::ssh::{LineScan, Scan};
use crate::tls::{self, TlsObserver};

/// How far into each direction an upgrade is looked for.
const UPGRADE_WINDOW: u64 = 64 * 1024;

/// What the watch answers.
pub enum Answer {
    /// Still clear.
    Stay,
    /// Nothing can come any more.
    Done,
    /// A handshake was recognised and answered.
    Upgraded(Box<TlsObserver>, Progress),
    /// An SSH identification line begins.
    Banner(Banner),
}

/// Where an SSH identification line was found.
#[derive(Clone, Copy, Debug)]
pub enum Banner {
    /// In the first octets of the side that had not spoken.
    OfTheSilent,
    /// After other lines of the side that spoke first.
    AfterLines {
        /// Octets of those lines.
        lines: u64,
        /// The octets of the latest chunk up to the one behind the `SSH-`.
        next: usize,
    },
}

/// Watches a connection in clear.
#[derive(Debug)]
pub struct ClearWatch {
    /// Octets of each direction so far.
    octets: PerSide<u64>,
    /// Who has spoken in clear.
    spoke: PerSide<bool>,
    /// A handshake that may have begun.
    tentative: Option<Tentative>,
    /// The search for a banner in the lines of the side that spoke first.
    scan: Option<(Side, LineScan)>,
    follow: bool,
    flags: Flags,
    done: bool,
}

/// A hello that an upgrade may have begun with.
#[derive(Debug)]
struct Tentative {
    tls: Box<TlsObserver>,
    /// Who sent it.
    by: Side,
    /// Stream offsets at which it began; of the other side, at which that side first answers it.
    base: PerSide<u64>,
    answered: bool,
}

impl ClearWatch {
    /// A watch that begins with `kept`, the octets that were seen while it was undecided.
    pub fn new(speaker: Side, kept: &Kept, options: Options) -> Self {
        let other = speaker.other();
        let silent = kept.first[other].octets().is_empty() && !kept.lost[other];
        let mut watch = Self {
            octets: PerSide([0, 1].map(|side: usize| kept.first.0[side].octets().len() as u64)),
            spoke: PerSide::default(),
            tentative: None,
            scan: silent.then(|| (speaker, LineScan::default())),
            follow: options.upgrades,
            flags: Flags::default(),
            done: false,
        };
        watch.spoke[speaker] = true;
        watch.spoke[other] = !silent;
        if let Some((_, scan)) = &mut watch.scan {
            // The octets kept while undecided belong to the first line.
            scan.push(kept.first[speaker].octets());
        }
        watch
    }

    /// Supposes a hello that `by` sent as its first `octets`, already given to `tls`.
    pub fn suppose(&mut self, tls: TlsObserver, by: Side, octets: u64) {
        self.octets[by] = octets;
        self.spoke[by] = true;
        self.scan = None;
        self.tentative =
            Some(Tentative { tls: Box::new(tls), by, base: PerSide::default(), answered: false });
    }

    /// Takes the next octets of one direction.
    pub fn push(&mut self, side: Side, chunk: Chunk<'_>, room: &mut Room) -> Answer {
        if let Some(answer) = self.look_for_banner(side, chunk.bytes) {
            return answer;
        }
        self.spoke[side] = true;
        let before = self.octets;
        self.octets[side] += chunk.bytes.len() as u64 + u64::from(chunk.cut);
        if self.done {
            return self.rest();
        }
        if self.tentative.is_none() && begins_hello(&chunk) && before[side] < UPGRADE_WINDOW {
            let tls = Box::new(TlsObserver::new(side, room.options));
            self.tentative = Some(Tentative { tls, by: side, base: before, answered: false });
        }
        let Some(hello) = &mut self.tentative else { return self.rest() };
        if side != hello.by && !hello.answered {
            // What was sent without having seen the hello is none of its answers.
            hello.answered = chunk.seen > hello.base[hello.by];
            hello.base[side] = before[side];
            if !hello.answered {
                return self.rest();
            }
        }
        let seen = chunk.seen.saturating_sub(hello.base[side.other()]);
        match hello.tls.push(side, Chunk { seen, ..chunk }, room) {
            Progress::NeedMore | Progress::Moved(Phase::TlsBegun) => Answer::Stay,
            Progress::Finished(phase) if !phase.is_complete() => {
                self.tentative = None;
                self.rest()
            }
            progress => self.recognised(progress),
        }
    }

    /// Octets of one direction were lost.
    pub fn gap(&mut self, side: Side, length: u64) {
        self.octets[side] += length;
        if let Some(hello) = &mut self.tentative
            && (side == hello.by || hello.answered)
            && matches!(hello.tls.gap(side, length), Progress::Finished(_))
        {
            self.tentative = None;
        }
        if let Some((scanned, scan)) = &mut self.scan
            && *scanned == side
        {
            scan.gap(length);
        }
    }

    /// What is known now.
    pub fn findings(&self) -> Findings {
        Findings { flags: self.flags, ..Findings::default() }
    }

    fn look_for_banner(&mut self, side: Side, bytes: &[u8]) -> Option<Answer> {
        let (speaker, scan) = self.scan.as_mut()?;
        if side != *speaker {
            // The other side's first octets: a banner there means SSH, anything else ends the search.
            self.scan = None;
            return begins_banner(bytes).then_some(Answer::Banner(Banner::OfTheSilent));
        }
        match scan.push(bytes) {
            Scan::More => return None,
            Scan::Never => {}
            Scan::Found { next } => {
                let lines = scan.start();
                self.scan = None;
                return Some(Answer::Banner(Banner::AfterLines { lines, next }));
            }
        }
        self.scan = None;
        None
    }

    fn recognised(&mut self, progress: Progress) -> Answer {
        let Some(Tentative { tls, .. }) = self.tentative.take() else { return Answer::Stay };
        if self.follow {
            return Answer::Upgraded(tls, progress);
        }
        self.flags.insert(Flag::MidstreamTls);
        self.done = true;
        self.rest()
    }

    fn rest(&self) -> Answer {
        let past = Side::BOTH.iter().all(|side| self.octets[*side] >= UPGRADE_WINDOW);
        if self.scan.is_none() && (self.done || (past && self.tentative.is_none())) {
            Answer::Done
        } else {
            Answer::Stay
        }
    }
}

/// Whether a segment begins like a ClientHello record: as many of its first six octets as there are.
fn begins_hello(chunk: &Chunk<'_>) -> bool {
    let matches = |at: usize, test: fn(u8) -> bool| chunk.bytes.get(at).is_none_or(|octet| test(*octet));
    chunk.starts_segment
        && matches!(tls::probe(chunk.bytes), tls::Probe::Begun | tls::Probe::Short)
        && matches(5, |kind| kind == 1)
}

fn begins_banner(bytes: &[u8]) -> bool {
    matches!(crate::ssh::probe(bytes), crate::ssh::Probe::Begun)
}
