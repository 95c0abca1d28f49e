//! Pieces that arrived before their turn: islands above a hole, or octets that wait for the other direction.

use super::{Seq, StreamLimits};
use crate::handshake::{Flag, Flags, PerSide, Side};
use crate::time::Timestamp;

/// One held piece.
#[derive(Clone, Debug)]
pub struct Island {
    /// Sequence number of its first octet.
    pub seq: Seq,
    /// Octets on the wire.
    pub length: u32,
    /// Captured octets; empty where only lengths matter.
    pub bytes: Box<[u8]>,
    /// Acknowledgement number of the segment that brought it.
    pub ack: Option<Seq>,
    /// Whether its first octet was the first of that segment.
    pub starts_segment: bool,
}

impl Island {
    fn end(&self) -> Seq {
        self.seq.plus(self.length)
    }

    /// The part from `from` (at or after the beginning) to `to` (at or before the end).
    fn part(&self, from: Seq, to: Seq) -> Island {
        let skip = self.seq.octets_to(from) as usize;
        let length = from.octets_to(to);
        let tail = self.bytes.get(skip..).unwrap_or_default();
        let bytes = tail.get(..length as usize).unwrap_or(tail);
        Island {
            seq: from,
            length,
            bytes: bytes.into(),
            ack: self.ack,
            starts_segment: self.starts_segment && skip == 0,
        }
    }
}

/// What one connection holds; exists only while something waits.
#[derive(Debug, Default)]
pub struct Holding {
    islands: PerSide<Vec<Island>>,
    octets: PerSide<usize>,
    /// The acknowledged hole of each side that is being waited for.
    pub(super) hole: PerSide<Option<Hole>>,
    /// The FIN of each side, while it cannot be delivered yet.
    pub(super) fin: PerSide<Option<Fin>>,
}

/// A FIN that was seen before its turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fin {
    /// Its sequence number.
    pub(super) at: Seq,
    /// Acknowledgement number of its segment.
    pub(super) ack: Option<Seq>,
}

/// An acknowledged hole and how long it has been open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hole {
    /// Where it begins: when that moves, it is another hole.
    pub(super) at: Seq,
    pub(super) since: Timestamp,
    /// Packets of the connection since.
    pub(super) packets: u8,
}

impl Holding {
    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.islands.0.iter().all(Vec::is_empty)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.is_empty() && self.hole.0.iter().all(Option::is_none) && self.fin.0.iter().all(Option::is_none)
    }

    /// Keeps an island; what was seen first wins. Returns how many new octets it brought.
    pub(super) fn insert(&mut self, side: Side, island: Island, flags: &mut Flags) -> u32 {
        let list = &mut self.islands[side];
        let end = island.end();
        let mut from = island.seq;
        let mut new = 0;
        let mut fresh = Vec::new();
        for held in
            list.iter().filter(|held| held.end().distance_to(island.seq) < 0 && held.seq.distance_to(end) > 0)
        {
            if from.distance_to(held.seq) > 0 {
                fresh.push(island.part(from, held.seq));
            }
            if conflicts(held, &island) {
                flags.insert(Flag::OverlapConflict);
            }
            from = held.end();
        }
        if from.distance_to(end) > 0 {
            fresh.push(if from == island.seq { island } else { island.part(from, end) });
        }
        for part in fresh {
            new += part.length;
            self.octets[side] += part.bytes.len();
            let at = list.partition_point(|held| held.seq.distance_to(part.seq) > 0);
            list.insert(at, part);
        }
        new
    }

    /// Whether a piece at `next` with `length` octets would overlap something held.
    pub(super) fn blocks(&self, side: Side, next: Seq, length: u32) -> bool {
        self.islands[side].first().is_some_and(|held| held.seq.distance_to(next.plus(length)) > 0)
    }

    pub(super) fn starts_at(&self, side: Side, next: Seq) -> bool {
        self.first(side) == Some(next)
    }

    pub(super) fn first(&self, side: Side) -> Option<Seq> {
        self.islands[side].first().map(|held| held.seq)
    }

    /// The first island, if it begins at `next`.
    pub(super) fn ready(&self, side: Side, next: Seq) -> Option<&Island> {
        self.islands[side].first().filter(|held| held.seq == next)
    }

    /// Forgets what is held of one side. Returns how many octets that was.
    pub(super) fn forget(&mut self, side: Side) -> u64 {
        self.octets[side] = 0;
        self.fin[side] = None;
        self.islands[side].drain(..).map(|island| u64::from(island.length)).sum()
    }

    pub(super) fn pop(&mut self, side: Side) -> Option<Island> {
        if self.islands[side].is_empty() {
            return None;
        }
        let island = self.islands[side].remove(0);
        self.octets[side] -= island.bytes.len();
        Some(island)
    }

    /// Cuts away what lies below `next`.
    pub(super) fn drop_below(&mut self, side: Side, next: Seq) {
        while let Some(first) = self.islands[side].first()
            && first.seq.distance_to(next) > 0
        {
            let rest = (first.end().distance_to(next) < 0).then(|| first.part(next, first.end()));
            self.pop(side);
            if let Some(rest) = rest {
                self.octets[side] += rest.bytes.len();
                self.islands[side].insert(0, rest);
            }
        }
    }

    pub(super) fn is_over(&self, side: Side, limits: &StreamLimits) -> bool {
        self.octets[side] > limits.held_octets || self.islands[side].len() > limits.held_islands
    }
}

/// Whether two pieces give different octets for the same place.
fn conflicts(held: &Island, other: &Island) -> bool {
    let a = held.bytes.get(held.seq.octets_to(other.seq) as usize..).unwrap_or_default();
    let b = other.bytes.get(other.seq.octets_to(held.seq) as usize..).unwrap_or_default();
    a.iter().zip(b).any(|(x, y)| x != y)
}
