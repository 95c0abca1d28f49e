//! The usual segment, of which nothing has to be asked twice: it takes the short road.

use super::arrival::Arrival;
use super::connection::{Beyond, Connection, Extras, LISTENED, Life};
use crate::handshake::Side;
use crate::stream::Seq;
use crate::time::Timestamp;
use crate::wire::{TcpFlags, Usual};

/// The flags that make a segment more than octets and an acknowledgement.
pub(super) const TELLING: u8 =
    TcpFlags::SYN.0 | TcpFlags::FIN.0 | TcpFlags::RST.0 | TcpFlags::URG.0 | TcpFlags::ACK.0;

/// What the usual segment says in its header, and how many octets it brings.
#[derive(Clone, Copy, Debug)]
pub struct Heading {
    sequence: Seq,
    acknowledgment: Seq,
    flags: TcpFlags,
    octets: u32,
}

impl Heading {
    /// That of a frame of the usual shape.
    #[inline]
    pub fn of(usual: &Usual<'_>) -> Self {
        Self::new(usual.sequence(), usual.acknowledgment(), usual.flags(), usual.octets())
    }

    /// That of these numbers.
    #[inline]
    pub(super) fn new(sequence: u32, acknowledgment: u32, flags: TcpFlags, octets: u32) -> Self {
        Self { sequence: Seq(sequence), acknowledgment: Seq(acknowledgment), flags, octets }
    }
}

/// The usual segment with its octets: nothing of its payload is missing, and it came in one piece.
#[derive(Clone, Copy, Debug)]
pub struct Octets<'a> {
    pub(super) heading: Heading,
    pub(super) payload: &'a [u8],
}

impl<'a> Octets<'a> {
    /// That of a frame of the usual shape.
    pub fn of(usual: &Usual<'a>) -> Self {
        Self { heading: Heading::of(usual), payload: usual.payload() }
    }

    /// That of a segment, if it is whole.
    pub(super) fn of_whole(segment: &Arrival<'a>) -> Option<Self> {
        let Arrival { sequence, acknowledgment, flags, payload, payload_on_wire: octets, .. } = *segment;
        let whole = !segment.fragment_overlap && payload.len() as u64 == u64::from(octets);
        let (sequence, acknowledgment) = (Seq(sequence), Seq(acknowledgment));
        whole.then_some(Self { heading: Heading { sequence, acknowledgment, flags, octets }, payload })
    }

    /// The number of the first octet.
    pub(super) fn sequence(&self) -> Seq {
        self.heading.sequence
    }

    /// What its sender had seen.
    pub(super) fn acknowledgment(&self) -> Seq {
        self.heading.acknowledgment
    }
}

/// What became of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is not the usual one: nothing was done.
    No,
    /// All is done.
    Done,
    /// Its octets are wanted: `Workplace::hear` has to follow.
    Heard,
}

/// Takes the usual segment: an acknowledgement, or the next octets of an established connection that holds nothing back
/// and misses nothing. Nothing was waited for, and nothing will be; so this does all that `unusual` would do.
#[expect(clippy::inline_always, reason = "see `Table::straight`")]
#[inline(always)]
pub fn take_usual(conn: &mut Connection, side: Side, at: Timestamp, heading: Heading) -> Taken {
    let Heading { sequence, acknowledgment, flags, octets } = heading;
    let calm = flags.0 & TELLING == TcpFlags::ACK.0
        && conn.life == Life::Established
        && conn.stream.holding.is_none()
        && conn.extras.as_deref().is_none_or(Extras::is_calm);
    let listened = conn.has(LISTENED);
    let [half, other] = conn.stream.halves.both_mut(side);
    // Nothing that the other side sent is missing, and it is captured.
    if !(calm && other.is_caught_up(half, acknowledgment)) {
        return Taken::No;
    }
    if octets == 0 {
        conn.latest = at;
        half.count_empty(acknowledgment);
        return Taken::Done;
    }
    if half.next() != sequence || half.fin_delivered() {
        return Taken::No;
    }
    conn.latest = at;
    half.count_usual(acknowledgment, octets);
    let walked = match &mut conn.beyond {
        // The first payload brings the listener.
        _ if conn.listening.is_some() || !listened => false,
        Beyond::Walks(walks) => walks[side].pass_inside(octets),
        Beyond::Nothing | Beyond::Closed(..) => true,
    };
    if walked { Taken::Done } else { Taken::Heard }
}
