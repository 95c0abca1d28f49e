//! TLS records inside packets of another protocol, as long as its handshake lasts (MS-TDS 7: section 2.2.6.5).
//!
//! Headers are taken off, so that the TLS observer sees one stream of records. A direction is *bare* from its first
//! packet on that is none of a handshake: records of their own, or data in clear, which the observer tells apart.
//! Types do not overlap: a packet of a handshake begins with 0x12 or 0x04, a record with 20 to 24.
//!
//! A server's packet of type 0x04 belongs to the handshake if its sender had seen nothing bare of the client: before a
//! login there is nothing to answer.
//!
//! When the handshake is complete the listener stays until both directions are bare, since only then the record walks can
//! go on alone (A7).

use crate::handshake::{Chunk, Observe, PerSide, Phase, Progress, Room, Side};
use crate::tls::{TlsObserver, WalkEvent};
use crate::upgrade::Gather;
use crate::upgrade::tds::{ANSWER, HEADER, PRELOGIN, body_length};

/// Places of headers that are remembered; a handshake has less than ten.
const PLACES: usize = 32;

/// Both directions of a wrapped handshake.
#[derive(Debug)]
pub struct Wrapping {
    client: Side,
    lanes: PerSide<Lane>,
    complete: bool,
}

/// One direction.
#[derive(Debug, Default)]
struct Lane {
    state: State,
    header: Gather<HEADER>,
    /// Octets so far.
    octets: u64,
    /// Where headers began, oldest first; more than are remembered.
    places: Vec<u64>,
    forgotten: u64,
}

/// What comes next in a direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Header,
    /// So many octets of a packet.
    Body(u32),
    /// Packets are over; the stream offset of the first octet behind them.
    Bare(u64),
    /// A header was lost: the next packet is looked for at a segment's start.
    Lost,
}

impl Wrapping {
    /// The handshake of this client.
    pub fn new(client: Side) -> Self {
        Self { client, lanes: PerSide::default(), complete: false }
    }

    /// Takes octets of one direction, counted from where the handshake begins.
    pub fn push(&mut self, tls: &mut TlsObserver, side: Side, chunk: Chunk<'_>, room: &mut Room) -> Progress {
        let answers_bare = self.has_seen_bare(side, chunk.seen);
        let seen = self.inside(side.other(), chunk.seen);
        let mut last = Progress::NeedMore;
        let mut rest = chunk.bytes;
        let mut starts_segment = chunk.starts_segment;
        while !rest.is_empty() {
            let taken = self.lanes[side].take(rest, side == self.client || answers_bare, starts_segment);
            let (used, progress) = match taken {
                Taken::Nothing(used) => (used, Progress::NeedMore),
                Taken::Lost(used) => (used, tls.gap(side, used as u64)),
                Taken::Records { held, used } => {
                    let bytes = rest.get(..used).unwrap_or(rest);
                    let cut = if used == rest.len() { chunk.cut } else { 0 };
                    let held = Chunk { bytes: held.octets(), seen, starts_segment: false, cut: 0 };
                    let first =
                        if held.bytes.is_empty() { Progress::NeedMore } else { tls.push(side, held, room) };
                    let bytes = Chunk { bytes, seen, starts_segment, cut };
                    let then =
                        if bytes.bytes.is_empty() { Progress::NeedMore } else { tls.push(side, bytes, room) };
                    starts_segment = false;
                    (used, if then == Progress::NeedMore { first } else { then })
                }
            };
            rest = rest.get(used..).unwrap_or_default();
            match progress {
                Progress::NeedMore => {}
                Progress::Finished(Phase::TlsComplete) => {
                    self.complete = true;
                    last = Progress::Moved(Phase::TlsComplete);
                }
                Progress::Finished(_) => return progress,
                Progress::Moved(_) => last = progress,
            }
        }
        if self.complete && self.may_part(tls) { Progress::Finished(Phase::TlsComplete) } else { last }
    }

    /// Octets will never be seen.
    pub fn gap(&mut self, tls: &mut TlsObserver, side: Side, length: u64) -> Progress {
        let lane = &mut self.lanes[side];
        lane.octets += length;
        lane.state = match lane.state {
            State::Body(left) if u64::from(left) >= length => State::body(left - length as u32),
            State::Bare(from) => State::Bare(from),
            _ => State::Lost,
        };
        lane.header = Gather::default();
        if self.complete {
            // A7: after a gap no record boundary is exact.
            tls.conflict(side);
            return Progress::Finished(Phase::TlsComplete);
        }
        tls.gap(side, length)
    }

    /// How many of the octets of `side` before a place were not headers.
    pub fn inside(&self, side: Side, octets: u64) -> u64 {
        let lane = &self.lanes[side];
        let headers = lane.places.iter().map(|start| octets.saturating_sub(*start).min(HEADER as u64));
        octets.saturating_sub(lane.forgotten * HEADER as u64 + headers.sum::<u64>())
    }

    /// The place of `side` behind so many octets that are not headers.
    pub fn outside(&self, side: Side, inside: u64) -> u64 {
        let lane = &self.lanes[side];
        let before = inside + lane.forgotten * HEADER as u64;
        lane.places
            .iter()
            .fold(before, |place, start| if *start < place { place + HEADER as u64 } else { place })
    }

    fn has_seen_bare(&self, side: Side, seen: u64) -> bool {
        matches!(self.lanes[side.other()].state, State::Bare(from) if seen > from)
    }

    /// Whether nothing wrapped can follow, or data in clear did.
    fn may_part(&self, tls: &TlsObserver) -> bool {
        let bare = Side::BOTH.iter().all(|side| matches!(self.lanes[*side].state, State::Bare(_)));
        let is_clear = |walks: PerSide<crate::tls::Walk>| {
            Side::BOTH.iter().any(|side| walks[*side].standing() == WalkEvent::Clear)
        };
        bare || tls.walk().is_some_and(is_clear)
    }
}

/// What octets are.
enum Taken {
    /// A header, or a part of it.
    Nothing(usize),
    /// Not to be told.
    Lost(usize),
    /// Records: those held back while they could have been a header, then so many.
    Records { held: Gather<HEADER>, used: usize },
}

impl State {
    const fn body(left: u32) -> Self {
        if left == 0 { State::Header } else { State::Body(left) }
    }
}

impl Lane {
    /// Takes the next octets, at most up to a packet's end. `may_answer`: an answer is no part of the handshake.
    fn take(&mut self, bytes: &[u8], answers: bool, starts_segment: bool) -> Taken {
        if self.state == State::Lost && starts_segment && begins_anything(bytes) {
            self.state = State::Header;
        }
        let taken = match self.state {
            State::Lost => Taken::Lost(bytes.len()),
            State::Bare(_) => Taken::Records { held: Gather::default(), used: bytes.len() },
            State::Body(left) => {
                let used = bytes.len().min(left as usize);
                self.state = State::body(left - used as u32);
                Taken::Records { held: Gather::default(), used }
            }
            State::Header => self.take_header(bytes, answers),
        };
        self.octets += match &taken {
            Taken::Nothing(used) | Taken::Lost(used) | Taken::Records { used, .. } => *used as u64,
        };
        taken
    }

    fn take_header(&mut self, bytes: &[u8], answers: bool) -> Taken {
        let held = self.header.len();
        let kind = self.header.octets().first().or(bytes.first()).copied();
        if !(kind == Some(PRELOGIN) || (kind == Some(ANSWER) && !answers)) {
            self.state = State::Bare(self.octets);
            return Taken::Records { held: Gather::default(), used: bytes.len() };
        }
        let rest = bytes.get(..HEADER - held).unwrap_or(bytes);
        self.header.push(rest);
        if self.header.len() < HEADER {
            return Taken::Nothing(rest.len());
        }
        let header = self.header.take();
        let Some(length) = body_length(header.octets()) else {
            // Neither a packet nor a record: the observer says what that means.
            self.state = State::Bare(self.octets);
            let mut before = Gather::default();
            before.push(header.octets().get(..held).unwrap_or_default());
            return Taken::Records { held: before, used: bytes.len() };
        };
        self.note(self.octets - held as u64);
        self.state = State::body(length);
        Taken::Nothing(rest.len())
    }

    fn note(&mut self, place: u64) {
        if self.places.len() == PLACES {
            self.places.remove(0);
            self.forgotten += 1;
        }
        self.places.push(place);
    }
}

/// Whether a segment begins like a packet or a record.
fn begins_anything(bytes: &[u8]) -> bool {
    matches!(bytes, [PRELOGIN | ANSWER, 0..=1, ..] | [20..=24, 3, ..])
}
