//! Data in clear that may yet lead to a handshake: server lines before an SSH banner, and upgrades.
//!
//! In mode `full` an upgrade is what the protocol's own grammar announces (`upgrade/`), for the connection's
//! whole life. In both modes it is also a ClientHello at a segment's start that a ServerHello answers, within
//! the first 64 KiB of each direction; mode `zert` only flags that one (EDGE_CASES, modes).
//!
//! A hello that nothing announced counts as clear until it is answered. An announced one has begun with its first octets,
//! and is also answered by an alert or an end: it was agreed upon, and it failed. Where octets were lost and TLS records
//! follow (mode `full`), the hello was among them: it has begun, too (A8).

use super::origin::Origin;
use super::sniff::Kept;
use super::wrapping::Wrapping;
use crate::handshake::{
    Chunk, End, Findings, Flag, Flags, Observe, Options, PerSide, Phase, Progress, Room, Shown, Side,
};
use crate::ssh::{LineScan, Scan, SshObserver};
use crate::tls::{self, TlsObserver};
use crate::upgrade::{Begins, Form, Heard, Here, Upgrades};

/// How far into each direction an upgrade is looked for.
const UPGRADE_WINDOW: u64 = 64 * 1024;

/// What the watch answers.
pub enum Answer {
    /// Still clear.
    Stay,
    /// Nothing can come any more.
    Done,
    /// An announced handshake has begun, or what had looked like it was none.
    Moved(Phase),
    /// A handshake was recognised and answered.
    Upgraded(Box<TlsObserver>, Origin, Progress),
    /// SSH begins in a tunnel.
    Tunnelled(Box<SshObserver>, Origin, Progress),
    /// An SSH identification line begins.
    Banner(Banner),
}

/// An SSH identification line.
#[derive(Clone, Copy, Debug)]
pub struct Banner {
    /// Where it was found.
    pub place: Place,
    /// Octets of the other side so far, where some of them were lost: its own line may be among them.
    pub missed: Option<u64>,
}

/// Where an SSH identification line was found.
#[derive(Clone, Copy, Debug)]
pub enum Place {
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
    /// Some of them were lost to the capture.
    lost: PerSide<bool>,
    /// A handshake that may have begun.
    tentative: Option<Tentative>,
    /// The grammars that can announce one.
    upgrades: Upgrades,
    /// The search for a banner in the lines of the side that spoke first.
    scan: Option<(Side, LineScan)>,
    /// How a direction ended, and what its sender had seen then.
    ended: PerSide<Option<(End, u64)>>,
    follow: bool,
    /// Octets were lost.
    holed: bool,
    flags: Flags,
    done: bool,
}

/// A handshake that was announced, or a hello that an upgrade may have begun with.
#[derive(Debug)]
struct Tentative {
    tls: Box<TlsObserver>,
    /// Where it began; of the other side, where that side first answers it.
    origin: Origin,
    /// Who sent the hello.
    by: Side,
    answered: bool,
    /// The hello was lost, but not the records behind it.
    evident: bool,
}

impl Tentative {
    /// Whether it has begun for certain, answered or not.
    fn is_certain(&self) -> bool {
        self.origin.protocol.is_some() || self.evident
    }
}

impl ClearWatch {
    /// A watch that begins with `kept`, the octets that were seen while it was undecided.
    pub fn new(speaker: Side, kept: &Kept, options: Options) -> Self {
        let other = speaker.other();
        let silent = kept.first[other].octets().is_empty() && !kept.lost[other];
        let mut watch = Self {
            octets: PerSide([0, 1].map(|side: usize| kept.first.0[side].octets().len() as u64)),
            lost: kept.lost,
            tentative: None,
            upgrades: if options.upgrades { Upgrades::default() } else { Upgrades::over() },
            scan: silent.then(|| (speaker, LineScan::default())),
            ended: kept.ended,
            follow: options.upgrades,
            holed: kept.lost.0.contains(&true),
            flags: Flags::default(),
            done: false,
        };
        if let Some((_, scan)) = &mut watch.scan {
            // The octets kept while undecided belong to the first line.
            scan.push(kept.first[speaker].octets());
        }
        for side in Side::BOTH {
            if kept.lost[side] {
                watch.upgrades.gap(side);
            }
            let first = &kept.first[side];
            // Too few to announce anything.
            watch.upgrades.push(side, first.octets(), Here { at: 0, seen: first.seen });
        }
        watch
    }

    /// Supposes a hello that `by` sent as its first `octets`, already given to `tls`.
    pub fn suppose(&mut self, tls: TlsObserver, by: Side, octets: u64) {
        self.octets[by] = octets;
        self.scan = None;
        let origin = Origin { upgraded: true, ..Origin::default() };
        self.begin(Box::new(tls), origin, by, false);
    }

    /// Takes the next octets of one direction.
    pub fn push(&mut self, side: Side, chunk: Chunk<'_>, room: &mut Room) -> Answer {
        let before = self.octets;
        // A tunnel names what goes through it, so its grammar is asked before the search for a banner.
        let here = Here { at: before[side], seen: chunk.seen };
        let heard = room.journal.is_some().then(|| self.upgrades.heard());
        let begins =
            if self.is_certain() || self.done { None } else { self.upgrades.push(side, chunk.bytes, here) };
        if let Some(heard) = heard {
            tell(heard, self.upgrades.heard(), side, room);
        }
        if self.upgrades.awaits_tunnel() {
            // A banner behind the request is the client's, not one behind a server's lines.
            self.scan = None;
        }
        if begins.is_none()
            && let Some(answer) = self.look_for_banner(side, chunk.bytes)
        {
            return answer;
        }
        // What was cut off comes as a gap.
        self.octets[side] += chunk.bytes.len() as u64;
        if self.done {
            return self.rest();
        }
        if let Some(begins) = begins {
            return match begins.form {
                Form::Ssh => Self::begin_ssh(&begins, side, chunk, before, room),
                _ => self.begin_announced(&begins, side, chunk, before, room),
            };
        }
        if self.tentative.is_none() && begins_hello(&chunk) && before[side] < UPGRADE_WINDOW {
            let origin = Origin { base: before, upgraded: true, ..Origin::default() };
            self.begin(Box::new(TlsObserver::new(side, room.options)), origin, side, false);
        }
        let lost = self.follow && self.holed && self.tentative.is_none() && before[side] < UPGRADE_WINDOW;
        if lost && goes_on(&chunk) {
            return self.begin_behind_a_loss(side, chunk, before, room);
        }
        if let Some(hello) = &mut self.tentative
            && side != hello.by
            && !hello.answered
        {
            // What was sent without having seen the hello is none of its answers.
            hello.answered = chunk.seen > hello.origin.base[hello.by];
            hello.origin.base[side] = before[side];
            if !hello.answered {
                return self.rest();
            }
            // No answer begins like that: what was lost held the beginning of this one.
            hello.evident = self.follow && self.holed && goes_on(&chunk) && !answers_hello(&chunk);
            if hello.evident
                && let answer @ (Answer::Moved(_) | Answer::Upgraded(..)) =
                    self.tell(|tls, origin| origin.gap(tls, side, 1))
            {
                return answer;
            }
        }
        self.tell(|tls, origin| origin.push(tls, side, chunk, room))
    }

    /// Octets of one direction were lost.
    pub fn gap(&mut self, side: Side, length: u64, options: Options) -> Answer {
        let before = self.octets;
        self.holed = true;
        self.octets[side] += length;
        self.lost[side] = true;
        if let Some((scanned, scan)) = &mut self.scan
            && *scanned == side
        {
            scan.gap(length);
        }
        if !self.is_certain()
            && let Some((client, protocol)) = self.upgrades.gap(side)
        {
            // The ClientHello itself is missing: the answer can still be recognised.
            let origin =
                Origin { base: before, upgraded: true, protocol: Some(protocol), ..Origin::default() };
            let mut tls = TlsObserver::midstream(client.other(), options);
            if self.lost[client.other()] {
                tls = tls.behind_loss(client.other());
            }
            self.begin(Box::new(tls), origin, client, true);
        }
        if self.tentative.as_ref().is_some_and(|hello| side != hello.by && !hello.answered) {
            return self.rest();
        }
        self.tell(|tls, origin| origin.gap(tls, side, length))
    }

    /// One direction ended.
    pub fn end(&mut self, side: Side, how: End, seen: u64) -> Answer {
        self.ended[side] = Some((how, seen));
        self.tell(|tls, origin| origin.end(tls, side, how, seen))
    }

    /// The connection is over.
    pub fn close(&mut self) -> Answer {
        self.tell(|tls, _| tls.close())
    }

    /// Only one direction is captured.
    pub fn one_sided(&mut self, visible: Side) -> Answer {
        if self.is_certain() { self.tell(|tls, _| tls.one_sided(visible)) } else { Answer::Stay }
    }

    /// A retransmission with other content was seen.
    pub fn conflict(&mut self, side: Side) {
        if let Some(hello) = &mut self.tentative {
            hello.tls.conflict(side);
        }
    }

    /// What is known now.
    pub fn findings(&self) -> Findings {
        Findings { flags: self.flags, ..Findings::default() }
    }

    fn look_for_banner(&mut self, side: Side, bytes: &[u8]) -> Option<Answer> {
        let other = side.other();
        let missed = self.lost[other].then_some(self.octets[other]);
        let (speaker, scan) = self.scan.as_mut()?;
        if side != *speaker {
            // The other side's first octets: a banner there means SSH, anything else ends the search.
            self.scan = None;
            return begins_banner(bytes)
                .then_some(Answer::Banner(Banner { place: Place::OfTheSilent, missed }));
        }
        match scan.push(bytes) {
            Scan::More => return None,
            Scan::Never => {}
            Scan::Found { next } => {
                let lines = scan.start();
                self.scan = None;
                return Some(Answer::Banner(Banner { place: Place::AfterLines { lines, next }, missed }));
            }
        }
        self.scan = None;
        None
    }

    fn is_certain(&self) -> bool {
        self.tentative.as_ref().is_some_and(Tentative::is_certain)
    }

    /// Waits for what becomes of a handshake.
    fn begin(&mut self, tls: Box<TlsObserver>, origin: Origin, by: Side, answered: bool) {
        self.tentative = Some(Tentative { tls, origin, by, answered, evident: false });
    }

    /// Follows records whose handshake lay, at least in part, in what was lost.
    fn begin_behind_a_loss(
        &mut self,
        side: Side,
        chunk: Chunk<'_>,
        before: PerSide<u64>,
        room: &mut Room,
    ) -> Answer {
        // Records hold no banner, whatever their octets look like.
        self.scan = None;
        let origin = Origin { base: before, upgraded: true, ..Origin::default() };
        let tls = Box::new(TlsObserver::midstream(side, room.options));
        self.tentative = Some(Tentative { tls, origin, by: side, answered: true, evident: true });
        for holed in Side::BOTH {
            let answer = self.tell(|tls, origin| origin.gap(tls, holed, 1));
            if !matches!(answer, Answer::Stay) {
                return answer;
            }
        }
        match self.tell(|tls, origin| origin.push(tls, side, chunk, room)) {
            Answer::Stay => Answer::Moved(Phase::TlsBegun),
            answer => answer,
        }
    }

    /// Follows the announced handshake from its first octet on.
    fn begin_announced(
        &mut self,
        begins: &Begins,
        side: Side,
        chunk: Chunk<'_>,
        before: PerSide<u64>,
        room: &mut Room,
    ) -> Answer {
        // A hello that is there is answered by no banner.
        self.scan = None;
        let mut origin = origin_of(begins, side, before);
        if begins.form == Form::TdsTls {
            origin.wrapping = Some(Box::new(Wrapping::new(begins.client)));
        }
        let make = if begins.form == Form::Ssl2 { TlsObserver::ssl2 } else { TlsObserver::new };
        self.begin(Box::new(make(begins.client, room.options)), origin, begins.client, true);
        for (from, piece) in pieces(begins, side, chunk) {
            let answer = self.tell(|tls, origin| origin.push(tls, from, piece, room));
            if !matches!(answer, Answer::Stay) {
                return answer;
            }
        }
        for side in Side::BOTH {
            if let Some((how, seen)) = self.ended[side] {
                let answer = self.tell(|tls, origin| origin.end(tls, side, how, seen));
                if !matches!(answer, Answer::Stay) {
                    return answer;
                }
            }
        }
        Answer::Moved(Phase::TlsBegun)
    }

    /// Follows SSH in a tunnel from its first octet on.
    fn begin_ssh(
        begins: &Begins,
        side: Side,
        chunk: Chunk<'_>,
        before: PerSide<u64>,
        room: &mut Room,
    ) -> Answer {
        let origin = origin_of(begins, side, before);
        let mut ssh = Box::new(SshObserver::new(room.options));
        let mut last = Progress::Moved(Phase::SshBegun);
        for (from, piece) in pieces(begins, side, chunk) {
            match ssh.push(from, origin.chunk(from, piece), room) {
                Progress::NeedMore => {}
                progress => last = progress,
            }
            if matches!(last, Progress::Finished(_)) {
                break;
            }
        }
        Answer::Tunnelled(ssh, origin, last)
    }

    /// Tells the handshake that has begun, and takes its answer.
    fn tell(&mut self, what: impl FnOnce(&mut TlsObserver, &mut Origin) -> Progress) -> Answer {
        let Some(Tentative { tls, origin, evident, .. }) = &mut self.tentative else { return self.rest() };
        let progress = what(tls, origin);
        let (certain, phase) = (origin.protocol.is_some() || *evident, tls.phase());
        if phase == Phase::TlsBegun {
            return Answer::Stay;
        }
        // An end of the side that sent the hello may come before its answer.
        let answered = phase != Phase::Clear && (certain || tls.findings().profile.is_some());
        match progress {
            Progress::Finished(_) if !answered => {
                self.tentative = None;
                if certain { Answer::Moved(Phase::Clear) } else { self.rest() }
            }
            Progress::Finished(_) => self.recognised(progress),
            _ if answered => self.recognised(Progress::Moved(phase)),
            _ => Answer::Stay,
        }
    }

    fn recognised(&mut self, progress: Progress) -> Answer {
        let Some(Tentative { tls, origin, .. }) = self.tentative.take() else { return Answer::Stay };
        if self.follow {
            return Answer::Upgraded(tls, origin, progress);
        }
        self.flags.insert(Flag::MidstreamTls);
        self.done = true;
        self.rest()
    }

    fn rest(&self) -> Answer {
        let past = Side::BOTH.iter().all(|side| self.octets[*side] >= UPGRADE_WINDOW);
        let waiting = self.tentative.is_some() || self.upgrades.is_waiting();
        if self.scan.is_none() && (self.done || (past && !waiting)) { Answer::Done } else { Answer::Stay }
    }
}

/// Tells how a conversation in clear went on, where it did.
fn tell(before: Heard, now: Heard, side: Side, room: &mut Room) {
    let shown = match (before, now) {
        _ if before == now => return,
        (_, Heard::Granted(protocol)) => Shown::Granted(protocol),
        (_, Heard::Asked(protocol)) => Shown::Asked(protocol),
        (Heard::Asked(protocol), _) => Shown::Refused(protocol),
        (Heard::Nothing, Heard::Talk(name)) => Shown::Talk(name),
        _ => return,
    };
    room.note(side, shown, 0);
}

/// Where an announced handshake begins: what was kept of it lies before `begins.next`.
fn origin_of(begins: &Begins, side: Side, before: PerSide<u64>) -> Origin {
    let mut base = before;
    base[side] += begins.next as u64;
    for side in Side::BOTH {
        base[side] = base[side].saturating_sub(begins.kept[side].octets.len() as u64);
    }
    Origin { base, upgraded: true, protocol: Some(begins.protocol), wrapping: None }
}

/// The octets of an announced handshake so far: those that were kept, the client's first, then the latest chunk's rest.
fn pieces<'a>(begins: &'a Begins, side: Side, chunk: Chunk<'a>) -> impl Iterator<Item = (Side, Chunk<'a>)> {
    let kept = [begins.client, begins.client.other()].map(|side| {
        let kept = &begins.kept[side];
        (side, Chunk { bytes: &kept.octets[..], seen: kept.seen, starts_segment: false, cut: 0 })
    });
    let bytes = chunk.bytes.get(begins.next..).unwrap_or_default();
    let starts_segment = chunk.starts_segment && begins.next == 0;
    let rest = (side, Chunk { bytes, starts_segment, ..chunk });
    kept.into_iter().chain([rest]).filter(|(_, piece)| !piece.bytes.is_empty())
}

/// Whether a segment begins like a ClientHello record: as many of its first six octets as there are.
fn begins_hello(chunk: &Chunk<'_>) -> bool {
    let matches = |at: usize, test: fn(u8) -> bool| chunk.bytes.get(at).is_none_or(|octet| test(*octet));
    chunk.starts_segment
        && matches!(tls::probe(chunk.bytes), tls::Probe::Begun | tls::Probe::Short)
        && matches(5, |kind| kind == 1)
}

/// Whether a segment consists of TLS records.
fn goes_on(chunk: &Chunk<'_>) -> bool {
    chunk.starts_segment && tls::resynchronises(chunk.bytes, chunk.cut)
}

/// Whether a segment begins as a hello is answered: by a ServerHello or an alert.
fn answers_hello(chunk: &Chunk<'_>) -> bool {
    matches!(chunk.bytes, [21, ..]) || tls::probe_server_hello(chunk.bytes) == tls::Probe::Begun
}

fn begins_banner(bytes: &[u8]) -> bool {
    matches!(crate::ssh::probe(bytes), crate::ssh::Probe::Begun)
}
