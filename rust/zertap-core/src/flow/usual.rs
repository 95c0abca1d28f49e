//! The usual segment, of which nothing has to be asked twice: it takes the short road.

use super::connection::{Beyond, Connection, Extras, LISTENED, Life};
use crate::handshake::Side;
use crate::stream::Seq;
use crate::time::Timestamp;
use crate::wire::{Segment, TcpFlags, Usual};

/// The flags that make a segment more than octets and an acknowledgement.
pub(super) const TELLING: u8 =
    TcpFlags::SYN.0 | TcpFlags::FIN.0 | TcpFlags::RST.0 | TcpFlags::URG.0 | TcpFlags::ACK.0;

/// What the usual segment says: nothing of its payload is missing, and it came in one piece.
#[derive(Clone, Copy, Debug)]
pub struct Octets<'a> {
    pub(super) sequence: Seq,
    pub(super) acknowledgment: Seq,
    pub(super) flags: TcpFlags,
    pub(super) payload: &'a [u8],
}

impl<'a> Octets<'a> {
    /// That of a frame of the usual shape.
    #[inline]
    pub fn of(usual: &Usual<'a>) -> Self {
        Self {
            sequence: Seq(usual.sequence()),
            acknowledgment: Seq(usual.acknowledgment()),
            flags: usual.flags(),
            payload: usual.payload(),
        }
    }

    /// That of a segment, if it is whole.
    pub(super) fn of_whole(segment: &Segment<'a>) -> Option<Self> {
        let Segment { sequence, acknowledgment, flags, payload, .. } = *segment;
        let whole = !segment.fragment_overlap && payload.len() as u64 == u64::from(segment.payload_on_wire);
        let (sequence, acknowledgment) = (Seq(sequence), Seq(acknowledgment));
        whole.then_some(Self { sequence, acknowledgment, flags, payload })
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
#[inline]
pub fn take_usual(conn: &mut Connection, side: Side, at: Timestamp, octets: Octets<'_>) -> Taken {
    let Octets { sequence, acknowledgment, flags, payload } = octets;
    let [half, other] = [&conn.stream.halves[side], &conn.stream.halves[side.other()]];
    let calm = flags.0 & TELLING == TcpFlags::ACK.0
        && conn.life == Life::Established
        && conn.stream.holding.is_none()
        && conn.extras.as_deref().is_none_or(Extras::is_calm);
    // Nothing that the other side sent is missing, and it is captured.
    let heard = half.is_known() && half.is_visible() && other.is_caught_up(acknowledgment);
    let next = payload.is_empty() || half.next() == sequence && conn.has(LISTENED) && !half.fin_delivered();
    if !(calm && heard && next) {
        return Taken::No;
    }
    conn.latest = at;
    conn.stream.halves[side].count_usual(acknowledgment, payload.len() as u32);
    let walked = match &mut conn.beyond {
        _ if payload.is_empty() => true,
        _ if conn.listening.is_some() => false,
        Beyond::Walks(walks) => walks[side].pass_inside(payload.len()),
        Beyond::Nothing | Beyond::Closed(..) => true,
    };
    if walked { Taken::Done } else { Taken::Heard }
}
