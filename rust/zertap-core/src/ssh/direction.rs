//! One direction of a connection: from its first octets to the moment it turns opaque.
//!
//! ```text
//! Head ─┬─ "SSH-" ───────────────┬─ Line ── Packets ── NEWKEYS ── Opaque
//!       ├─ other text: Scan ─────┘   │         │
//!       └─ anything else: not SSH    │         └─ gap over a header: Lost ── resync ── Packets
//!                                    └─ no version in common: Mute
//! ```

use super::banner::{Banner, Line, Speaks};
use super::packet::{Deframer, Framing, Packet, Step};
use super::probe::{LineScan, Probe, SSH_PREFIX, Scan, probe};
use super::resync;
use super::said::{Notice, Said};
use crate::compact::{Compact, Reading, Writer, compact};
use crate::handshake::{Chunk, Flag, Flags, Form, Scribe, Shown, SshSeen};
use std::num::NonZeroU64;

/// What a direction has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing final.
    Open,
    /// Its first octets, or all lines within the limits, are not SSH.
    NotSsh,
    /// No line end within the limit.
    BannerTooLong,
    /// A length that the protocol forbids.
    BadLength,
    /// A disconnect in clear.
    Disconnect,
    /// A message that the protocol forbids here.
    Violation,
    /// After a gap: a segment from this offset on that is no packet in clear.
    Unreadable(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Head { octets: [u8; 4], filled: u8 },
    Scan(LineScan),
    Line,
    Packets,
    Opaque,
    Lost,
    Mute,
}

/// What one step of reading came to.
enum Flow {
    /// Something was read or the stage has changed.
    Next,
    /// The input is used up.
    Wait,
    /// All before this point was in clear, all behind it is not.
    Encrypts,
    /// A verdict ends the reading.
    Stop(Verdict),
}

/// What is at hand while octets are read.
pub(super) struct Aid<'a> {
    /// Who notes what they show.
    pub(super) scribe: Scribe<'a>,
    /// What was read before.
    pub(super) seen: &'a mut SshSeen,
}

/// One direction.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each said by its name")]
pub(super) struct Direction {
    stage: Stage,
    /// Octets of the stream so far, lost ones included.
    offset: u64,
    /// Where the identification line begins in the stream.
    begin: u64,
    /// How much of the other direction had been acknowledged with the first octet.
    first_seen: u64,
    mark: Option<NonZeroU64>,
    banner: Banner,
    deframer: Deframer,
    /// What its packets said.
    pub(super) said: Said,
    may_greet: bool,
    /// The first octets seen are the first that there were.
    pub(super) begins_here: bool,
    has_begun: bool,
    /// Where packet boundaries were last lost.
    lost_at: Option<u64>,
    has_more: bool,
}

impl Direction {
    /// A direction of which nothing was seen. `may_greet`: other lines may come before its identification.
    pub(super) fn new(may_greet: bool) -> Self {
        Self {
            stage: Stage::Head { octets: [0; 4], filled: 0 },
            offset: 0,
            begin: 0,
            first_seen: 0,
            mark: None,
            banner: Banner::default(),
            deframer: Deframer::default(),
            said: Said::default(),
            may_greet,
            begins_here: true,
            has_begun: false,
            lost_at: None,
            has_more: false,
        }
    }

    /// `octets` of other lines have passed; the identification line comes next.
    pub(super) fn skip_lines(&mut self, octets: u64) {
        self.offset = octets;
        self.said.flags.insert(Flag::LinesBeforeBanner);
    }

    /// Takes the next octets; `peer` is what the other side announced, if its line has ended.
    pub(super) fn push(&mut self, chunk: &Chunk<'_>, peer: Option<Speaks>, aid: &mut Aid<'_>) -> Verdict {
        if !self.begins_here
            && self.has_not_begun()
            && probe(chunk.bytes.get(..4).unwrap_or(chunk.bytes)) == Probe::No
        {
            // Its line may have come before the capture.
            self.gap(0, peer);
        }
        if self.stage == Stage::Lost && !self.finds_packets(chunk) {
            return self.pass_unreadable(chunk);
        }
        self.read(chunk.bytes, chunk.seen, peer, aid)
    }

    /// `length` octets will never be seen.
    pub(super) fn gap(&mut self, length: u64, peer: Option<Speaks>) -> Verdict {
        let at = self.offset;
        self.offset = at.saturating_add(length);
        match self.stage {
            Stage::Opaque => self.has_more = true,
            Stage::Mute => {}
            _ => self.said.flags.insert(Flag::Gap),
        }
        match self.stage {
            Stage::Opaque | Stage::Mute | Stage::Lost => Verdict::Open,
            Stage::Packets if self.deframer.gap(length) => {
                self.read(&[], 0, peer, &mut Aid { scribe: Scribe::none(), seen: &mut SshSeen::default() })
            }
            _ => {
                self.lost_at = Some(at);
                self.stage = Stage::Lost;
                Verdict::Open
            }
        }
    }

    fn read(&mut self, bytes: &[u8], seen: u64, peer: Option<Speaks>, aid: &mut Aid<'_>) -> Verdict {
        let mut input = bytes;
        loop {
            let before = input.len();
            let flow = match self.stage {
                Stage::Head { octets, filled } => self.read_head(octets, filled, &mut input, seen),
                Stage::Scan(scan) => self.scan(scan, &mut input),
                Stage::Line => self.read_line(&mut input, peer, aid),
                Stage::Packets => self.read_packet(&mut input, aid),
                Stage::Opaque | Stage::Lost | Stage::Mute => {
                    if self.stage == Stage::Opaque && !input.is_empty() {
                        aid.scribe.note(Shown::Octets(Form::Opaque), input.len() as u64);
                    }
                    self.has_more |= !input.is_empty();
                    input = &[];
                    Flow::Wait
                }
            };
            self.offset = self.offset.saturating_add((before - input.len()) as u64);
            match flow {
                Flow::Next => {}
                Flow::Wait => return Verdict::Open,
                Flow::Stop(verdict) => {
                    match verdict {
                        Verdict::NotSsh => aid.scribe.note(Shown::NotSsh, 0),
                        Verdict::BannerTooLong => aid.scribe.note(Shown::LongIdentification, 0),
                        Verdict::BadLength => aid.scribe.note(Shown::BadPacket, 0),
                        _ => {}
                    }
                    return verdict;
                }
                Flow::Encrypts => {
                    self.mark = NonZeroU64::new(self.offset);
                    self.stage = Stage::Opaque;
                    self.has_more = self.deframer.framing() == Some(Framing::One) && self.said.public_key;
                    self.deframer = Deframer::default();
                }
            }
        }
    }

    fn has_not_begun(&self) -> bool {
        matches!(self.stage, Stage::Head { filled: 0, .. })
    }

    fn read_head(&mut self, mut octets: [u8; 4], filled: u8, input: &mut &[u8], seen: u64) -> Flow {
        let Some((&octet, rest)) = input.split_first() else { return Flow::Wait };
        if filled == 0 {
            self.first_seen = seen;
        }
        if let Some(place) = octets.get_mut(usize::from(filled)) {
            *place = octet;
        }
        let filled = filled + 1;
        self.stage = Stage::Head { octets, filled };
        *input = rest;
        let head = octets.get(..usize::from(filled)).unwrap_or(&octets);
        match (probe(head), looks_like_tls(head)) {
            (Probe::Begun, _) => self.begin_line(self.offset.saturating_add(1).saturating_sub(4)),
            (Probe::Short, _) | (_, None) => {}
            (_, Some(false)) if self.may_greet => {
                let mut scan = LineScan::default();
                scan.push(head);
                self.stage = Stage::Scan(scan);
            }
            // A TLS record, or foreign octets of a side that may not greet.
            _ => return Flow::Stop(Verdict::NotSsh),
        }
        Flow::Next
    }

    fn scan(&mut self, mut scan: LineScan, input: &mut &[u8]) -> Flow {
        let found = scan.push(input);
        self.stage = Stage::Scan(scan);
        match found {
            Scan::More => {
                *input = &[];
                Flow::Wait
            }
            Scan::Never => Flow::Stop(Verdict::NotSsh),
            Scan::Found { next } => {
                *input = input.get(next..).unwrap_or_default();
                self.said.flags.insert(Flag::LinesBeforeBanner);
                self.begin_line(scan.start());
                Flow::Next
            }
        }
    }

    fn begin_line(&mut self, at: u64) {
        self.begin = at;
        self.has_begun = true;
        self.banner.push(SSH_PREFIX);
        self.stage = Stage::Line;
    }

    fn read_line(&mut self, input: &mut &[u8], peer: Option<Speaks>, aid: &mut Aid<'_>) -> Flow {
        match self.banner.push(input) {
            Line::Open => {
                *input = &[];
                Flow::Wait
            }
            Line::TooLong => Flow::Stop(Verdict::BannerTooLong),
            Line::Ended(used) => {
                *input = input.get(used..).unwrap_or_default();
                self.choose_framing(peer);
                aid.scribe.note(Shown::Identification, 0);
                Flow::Next
            }
        }
    }

    /// A side that speaks one version sends that; one that speaks both shows by its first packet which
    /// was chosen (EDGE_CASES SSH-03, SSH-16, SSH-17).
    fn choose_framing(&mut self, peer: Option<Speaks>) {
        let own = self.banner.speaks().unwrap_or(Speaks { one: false, two: false });
        let common = peer.map_or(own, |peer| own.both(peer));
        let framing = match (common.one, common.two) {
            (true, false) => Some(Framing::One),
            (false, true) => Some(Framing::Two),
            _ => None,
        };
        self.deframer = Deframer::new(framing);
        self.stage = if common.is_nothing() { Stage::Mute } else { Stage::Packets };
    }

    fn read_packet(&mut self, input: &mut &[u8], aid: &mut Aid<'_>) -> Flow {
        let mut rest = *input;
        let flow = match self.deframer.next(&mut rest) {
            Step::NeedMore => Flow::Wait,
            Step::BadLength => Flow::Stop(Verdict::BadLength),
            Step::Packet(packet) => {
                let notice = self.said.take(&packet, self.lost_at.is_none(), aid.seen);
                aid.scribe.note(shown(&packet), packet.body.len() as u64);
                match notice {
                    Notice::Nothing => Flow::Next,
                    Notice::Encrypts => Flow::Encrypts,
                    Notice::Disconnect => Flow::Stop(Verdict::Disconnect),
                    Notice::Violation => Flow::Stop(Verdict::Violation),
                }
            }
        };
        let used = input.len() - rest.len();
        *input = input.get(used..).unwrap_or_default();
        flow
    }

    /// After a gap: whether this segment begins with packets in clear. SSH-1 is not picked up again.
    fn finds_packets(&mut self, chunk: &Chunk<'_>) -> bool {
        let on_wire = chunk.bytes.len().saturating_add(chunk.cut as usize);
        let found = chunk.starts_segment
            && self.deframer.framing() != Some(Framing::One)
            && resync::resumes(chunk.bytes, on_wire);
        if found {
            self.deframer = Deframer::new(Some(Framing::Two));
            self.stage = Stage::Packets;
        }
        found
    }

    fn pass_unreadable(&mut self, chunk: &Chunk<'_>) -> Verdict {
        let at = self.offset;
        self.offset = self.offset.saturating_add(chunk.bytes.len() as u64);
        let unreadable =
            chunk.starts_segment && !chunk.bytes.is_empty() && !resync::may_be_clear(chunk.bytes);
        if unreadable { Verdict::Unreadable(at) } else { Verdict::Open }
    }

    /// The sides have no version in common: what else was sent has no meaning for us.
    pub(super) fn mute(&mut self) {
        let flags = self.said.flags;
        self.stage = Stage::Mute;
        self.mark = None;
        self.deframer = Deframer::default();
        self.said = Said { flags, ..Said::default() };
    }

    /// Gives back what only the handshake needed.
    pub(super) fn release(&mut self, keep_offer: bool) {
        self.deframer = Deframer::default();
        if !keep_offer {
            self.said.kexinit = None;
        }
    }

    /// Inferred after a gap: encryption began at this offset at the latest.
    pub(super) fn set_mark(&mut self, at: u64) {
        self.mark = NonZeroU64::new(at);
    }

    /// Stream offset behind the last octet in clear, once encryption has begun.
    pub(super) fn mark(&self) -> Option<u64> {
        self.mark.map(NonZeroU64::get)
    }

    /// Whether something followed that mark.
    pub(super) fn has_more(&self) -> bool {
        self.has_more
    }

    /// Whether its octets were read without losing a packet boundary, up to now or to the mark.
    pub(super) fn is_exact(&self) -> bool {
        self.lost_at.is_none() || self.stage == Stage::Opaque
    }

    /// Where packet boundaries were last lost, if they ever were.
    pub(super) fn lost_at(&self) -> Option<u64> {
        self.lost_at
    }

    /// Whether an identification line has begun.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Whether octets came that do not begin SSH so far.
    pub(super) fn is_foreign(&self) -> bool {
        match self.stage {
            Stage::Head { octets, filled } => {
                octets.get(..usize::from(filled)).is_some_and(|head| probe(head) == Probe::No)
            }
            Stage::Scan(_) => true,
            _ => false,
        }
    }

    /// Whether the first octets begin a TLS handshake.
    pub(super) fn begins_tls(&self) -> bool {
        matches!(self.stage, Stage::Head { octets: [0x16, ..], filled: 3 })
    }

    /// Whether its first octet acknowledged at least one octet of `other`'s identification line (A3).
    pub(super) fn answers(&self, other: &Direction) -> bool {
        other.has_begun && self.first_seen > other.begin
    }

    /// What it announced, once its line has ended.
    pub(super) fn speaks(&self) -> Option<Speaks> {
        self.banner.speaks()
    }

    /// The version that shapes its packets, once known.
    pub(super) fn framing(&self) -> Option<Framing> {
        self.deframer.framing()
    }

    /// The identification line, as far as read.
    pub(super) fn line(&self) -> &[u8] {
        self.banner.text()
    }

    /// Anomalies of this direction.
    pub(super) fn flags(&self) -> Flags {
        self.said.flags.union(self.banner.flags())
    }
}

/// What a packet is for the journal. SSH-1 proves by its CRC that one is in clear; others are not looked into.
fn shown(packet: &Packet<'_>) -> Shown {
    match (packet.framing, packet.clear) {
        (Framing::Two, _) => Shown::Packet(packet.number),
        (Framing::One, true) => Shown::Packet1(packet.number),
        (Framing::One, false) => Shown::Octets(Form::Opaque),
    }
}

/// Whether these octets begin a TLS record that opens or refuses a handshake; `None` while too few.
fn looks_like_tls(head: &[u8]) -> Option<bool> {
    match head {
        [0x15 | 0x16] | [0x15 | 0x16, 3] => None,
        [0x15 | 0x16, 3, 0..=4, ..] => Some(true),
        _ => Some(false),
    }
}

compact!(struct Direction {
    stage, offset, begin, first_seen, mark, banner, deframer, said, may_greet, begins_here, has_begun, lost_at, has_more,
});

impl Compact for Stage {
    fn write(self, to: &mut Writer) {
        let (number, head, scan) = match self {
            Self::Head { octets, filled } => (0, Some((octets, filled)), None),
            Self::Scan(scan) => (1, None, Some(scan)),
            Self::Line => (2, None, None),
            Self::Packets => (3, None, None),
            Self::Opaque => (4, None, None),
            Self::Lost => (5, None, None),
            Self::Mute => (6, None, None),
        };
        to.number(number);
        head.write(to);
        scan.write(to);
    }

    fn read(from: &mut Reading<'_>) -> Option<Self> {
        let number = from.number()?;
        let (head, scan) = (Option::<([u8; 4], u8)>::read(from)?, Option::read(from)?);
        Some(match number {
            0 => head.map(|(octets, filled)| Self::Head { octets, filled })?,
            1 => Self::Scan(scan?),
            2 => Self::Line,
            3 => Self::Packets,
            4 => Self::Opaque,
            5 => Self::Lost,
            6 => Self::Mute,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Aid, Direction, Verdict};
    use crate::handshake::{Chunk, Scribe, SshSeen};

    #[test]
    fn a_finished_direction_owns_no_buffer() {
        let mut direction = Direction::new(false);
        let mut bytes = b"SSH-2.0-x\r\n\0\0\0\x1C\x04\x14".to_vec();
        bytes.extend([0; 26]);
        bytes.extend(b"\0\0\x40\0\x04\x1E half of a long message");
        for piece in bytes.chunks(7) {
            let chunk = Chunk { bytes: piece, seen: 0, starts_segment: false, cut: 0 };
            let mut aid = Aid { scribe: Scribe::none(), seen: &mut SshSeen::default() };
            assert_eq!(direction.push(&chunk, None, &mut aid), Verdict::Open);
        }
        assert!(direction.said.kexinit.is_some());
        assert!(direction.deframer.holds() > 0);
        direction.release(false);
        assert!(direction.said.kexinit.is_none());
        assert_eq!(direction.deframer.holds(), 0);
    }
}
