//! Streams without packets: what a proxy or a protocol handler sees becomes the segments that would have carried it.
//!
//! The caller opens a connection, gives what each side sent as it came, and says how it ended. Nothing is kept of it
//! beside the connection's slot: the numbers of the next segment follow from what the stream has delivered. So rows are
//! what packets would have brought, their number and the packets' numbers apart.

use super::Tap;
use crate::flow::{Arrival, ConnectionRef, Endpoint, FlowKey, Guess, Turn};
use crate::handshake::Side;
use crate::time::Timestamp;
use crate::wire::{Corners, Segment, TcpFlags};

/// How one side, or the caller's view of both, came to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEnd {
    /// This side sends no more (FIN).
    Closed(Side),
    /// This side reset the connection (RST).
    Reset(Side),
    /// The caller watches no longer; what became of the connection is not known.
    Abandoned,
}

/// The most octets of one segment; far below what acknowledgements are believed beyond.
const LARGEST: usize = 1 << 20;

impl Tap {
    /// The live connection between two ends, whoever opened it. `number`: only if rows know it by this number. None where no
    /// more than a SYN and the answer to it was seen: such a connection is not made yet.
    pub fn find(
        &mut self,
        one: Endpoint,
        other: Endpoint,
        lane: u32,
        number: Option<u64>,
    ) -> Option<ConnectionRef> {
        let turn = Turn { from: one, to: other, lane, sequence: 0, acknowledgment: 0 };
        let (key, _) = FlowKey::of(&Corners::of(&segment(&turn, TcpFlags::ACK, &[])));
        self.with_place(|table, place| table.named(place, &key, number))
    }

    /// Opens a connection whose octets will come by `push_stream`; `client` opened it, as `Side::A`.
    ///
    /// A connection of the same ends that lives is replaced, as by a new SYN.
    pub fn open_stream(
        &mut self,
        at: Timestamp,
        client: Endpoint,
        server: Endpoint,
        lane: u32,
    ) -> ConnectionRef {
        // Other numbers than those of the connection before it, so that it is not taken for that one.
        let [first, second] =
            [0, 1].map(|n: u32| (self.counters.frames as u32).wrapping_mul(2).wrapping_add(n));
        let [first, second] = [first, second].map(|n| n.wrapping_mul(0x9e37_79b1));
        let turn = |from, to, sequence, acknowledgment| Turn { from, to, lane, sequence, acknowledgment };
        let syn = turn(client, server, first, 0);
        let answer = turn(server, client, second, first.wrapping_add(1));
        let last = turn(client, server, first.wrapping_add(1), second.wrapping_add(1));
        let both = TcpFlags(TcpFlags::SYN.0 | TcpFlags::ACK.0);
        for (turn, flags) in [(syn, TcpFlags::SYN), (answer, both), (last, TcpFlags::ACK)] {
            self.push_segment(at, &segment(&turn, flags, &[]));
        }
        // Only a table without any room does not have it.
        self.find(client, server, lane, None).unwrap_or(ConnectionRef::from_number(u64::MAX))
    }

    /// Takes the next octets that `side` sent; `false` where the connection is gone.
    ///
    /// `seen`: how many octets of the other side it had got when it sent them; `None`: all that were pushed. It matters
    /// where both sides speak at once: what was sent before a hello was seen does not answer it.
    #[inline]
    pub fn push_stream(
        &mut self,
        at: Timestamp,
        whom: ConnectionRef,
        side: Side,
        octets: &[u8],
        seen: Option<u64>,
    ) -> bool {
        for piece in octets.chunks(LARGEST) {
            let Some(turn) = self.table.turn(whom, side, seen) else {
                self.counters.gone += 1;
                return false;
            };
            self.push_turn(at, whom, side, &segment(&turn, TcpFlags::ACK, piece));
        }
        true
    }

    /// Takes a segment of a connection that needs not be looked up, unless time ends it first.
    #[inline]
    fn push_turn(&mut self, at: Timestamp, whom: ConnectionRef, side: Side, segment: &Segment<'_>) {
        self.counters.frames += 1;
        self.counters.segments += 1;
        self.pass_time(at);
        let arrival = Arrival::of(segment);
        if !self.with_place(|table, place| table.segment_of(place, whom, side, &arrival)) {
            let identity = self.table.identify(&Corners::of(segment));
            self.follow(segment, &identity, Guess::NONE);
        }
    }

    /// Ends one side of a connection, or our view of it; `false` where the connection is gone.
    pub fn end_stream(&mut self, at: Timestamp, whom: ConnectionRef, how: StreamEnd) -> bool {
        let (side, flag) = match how {
            StreamEnd::Closed(side) => (side, TcpFlags::FIN),
            StreamEnd::Reset(side) => (side, TcpFlags::RST),
            StreamEnd::Abandoned => return self.abandon(at, whom),
        };
        let Some(turn) = self.table.turn(whom, side, None) else {
            self.counters.gone += 1;
            return false;
        };
        if self.table.has_closed(whom, side) && flag == TcpFlags::FIN {
            return true;
        }
        self.push_segment(at, &segment(&turn, TcpFlags(flag.0 | TcpFlags::ACK.0), &[]));
        // Where both sides are closed, the other one acknowledges it; where not, nothing waits for that.
        if let Some(turn) = self.table.turn(whom, side.other(), None)
            && self.table.is_closing(whom)
        {
            self.push_segment(at, &segment(&turn, TcpFlags::ACK, &[]));
        }
        true
    }

    fn abandon(&mut self, at: Timestamp, whom: ConnectionRef) -> bool {
        self.pass_time(at);
        let found = self.with_place(|table, place| table.abandon(place, whom));
        self.counters.gone += u64::from(!found);
        found
    }
}

fn segment<'a>(turn: &Turn, flags: TcpFlags, payload: &'a [u8]) -> Segment<'a> {
    Segment {
        source: turn.from.address,
        destination: turn.to.address,
        source_port: turn.from.port,
        destination_port: turn.to.port,
        lane: turn.lane,
        sequence: turn.sequence,
        acknowledgment: turn.acknowledgment,
        flags,
        window: 0,
        options: &[],
        payload,
        payload_on_wire: payload.len() as u32,
        fragment_overlap: false,
    }
}
