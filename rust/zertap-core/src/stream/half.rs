//! One direction of a stream: what was delivered, acknowledged, counted.

use super::Seq;
use crate::compact::{Compact, Reading, Writer};
use crate::handshake::{PerSide, Side};

// The lowest bits of `delivered`.
const KNOWN: u64 = 1;
const ACKED: u64 = 2;
const FIN_DELIVERED: u64 = 4;
const SEEN: u64 = 8;
/// Bits below the numbers of octets.
const LOW: u32 = 8;
/// The largest number of octets. More than any connection carries; whoever claims more is not believed.
const MOST: u64 = u64::MAX >> LOW;
/// The bits below a number.
const BELOW: u64 = (1 << LOW) - 1;

/// How far beyond the last octet seen an acknowledgement may point and still be believed.
///
/// Larger than any window a sender fills between two captured packets of its own; a forged acknowledgement
/// far outside must not make the tap skip what is still to come.
const BELIEVABLE_ACK: i32 = 1 << 24;

/// One direction of a stream, packed: every connection has two.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, packed(4))]
pub struct Half {
    /// Stream offset of `next` (octets delivered or declared lost), above the bits.
    delivered: u64,
    /// Distinct payload octets seen, above the upper eight bits of `segments`.
    octets: u64,
    /// Segments seen, with or without payload.
    segments: u32,
    next: Seq,
    highest: Seq,
    ack: Seq,
}

impl Half {
    /// A direction of which one segment was seen, a SYN: the number of its first octet, and what the SYN acknowledged.
    pub fn opened(first: Seq, ack: Option<Seq>) -> Self {
        let delivered = KNOWN | SEEN | if ack.is_some() { ACKED } else { 0 };
        let ack = ack.unwrap_or_default();
        Self { delivered, octets: 0, segments: 1, next: first, highest: first, ack }
    }

    /// Fixes where the stream begins: the sequence number of its first octet.
    pub fn begin(&mut self, first: Seq) {
        self.next = first;
        self.highest = first;
        self.delivered = self.delivered & BELOW | KNOWN;
    }

    /// Fixes another beginning (of several SYNs another one counts); what was seen since is forgotten.
    pub(super) fn rebegin(&mut self, first: Seq, seen: u64) {
        self.delivered &= ACKED | SEEN;
        let octets = self.octets().saturating_sub(seen);
        self.octets = octets << LOW | self.octets & BELOW;
        self.begin(first);
    }

    /// The sequence number of the stream's first octet, once it is fixed.
    pub fn first(&self) -> Option<Seq> {
        self.is_known().then(|| self.next.minus(self.delivered() as u32))
    }

    /// Whether the stream's beginning is fixed.
    #[inline]
    pub fn is_known(&self) -> bool {
        self.delivered & KNOWN != 0
    }

    /// The next octet wanted.
    pub fn next(&self) -> Seq {
        self.next
    }

    /// The next sequence number wanted: after the FIN, the one behind it.
    pub fn awaited(&self) -> Seq {
        if self.fin_delivered() { self.next.plus(1) } else { self.next }
    }

    /// The end of the furthest octet seen.
    pub fn highest(&self) -> Seq {
        self.highest
    }

    /// Octets delivered or declared lost.
    #[inline]
    pub fn delivered(&self) -> u64 {
        self.delivered >> LOW
    }

    /// Distinct payload octets seen.
    #[inline]
    pub fn octets(&self) -> u64 {
        self.octets >> LOW
    }

    /// Segments seen.
    #[inline]
    pub fn segments(&self) -> u64 {
        (self.octets & BELOW) << 32 | u64::from(self.segments)
    }

    /// Counts one segment.
    #[inline]
    pub fn count_segment(&mut self) {
        self.delivered |= SEEN;
        self.count_one();
    }

    #[inline]
    fn count_one(&mut self) {
        let (segments, carry) = self.segments.overflowing_add(1);
        if carry { self.carry_segments() } else { self.segments = segments }
    }

    /// Counts the one that does not fit into the lower bits; what does not fit into the upper ones is left out.
    #[cold]
    fn carry_segments(&mut self) {
        if self.octets & BELOW < BELOW {
            self.octets += 1;
            self.segments = 0;
        }
    }

    /// Takes the count of one segment back that turned out to belong to another connection.
    pub fn uncount_segment(&mut self) {
        if let Some(segments) = self.segments().checked_sub(1) {
            self.octets = self.octets & !BELOW | segments >> 32;
            self.segments = segments as u32;
            if segments == 0 {
                self.delivered &= !SEEN;
            }
        }
    }

    /// Whether any segment of this direction was seen.
    #[inline]
    pub fn is_visible(&self) -> bool {
        self.delivered & SEEN != 0
    }

    /// Whether more than one segment of this direction was seen.
    pub fn is_past_first_segment(&self) -> bool {
        self.segments() > 1
    }

    /// The furthest acknowledgement this side sent.
    pub fn ack(&self) -> Option<Seq> {
        (self.delivered & ACKED != 0).then_some(self.ack)
    }

    #[inline]
    pub(super) fn acknowledge(&mut self, ack: Seq) {
        if self.delivered & ACKED == 0 || self.ack.distance_to(ack) > 0 {
            self.ack = ack;
            self.delivered |= ACKED;
        }
    }

    /// Whether an acknowledgement of this side's octets can be true.
    pub fn believes(&self, ack: Seq) -> bool {
        !self.is_known() || self.highest.distance_to(ack) <= BELIEVABLE_ACK
    }

    /// Whether an acknowledgement lies between what this side is known to have sent and a little beyond.
    pub fn may_have_sent(&self, ack: Seq) -> bool {
        self.is_known() && self.next.distance_to(ack) >= 0 && self.believes(ack)
    }

    /// Whether all that `ack` acknowledges of this side was delivered, and both sides are known and captured.
    #[inline]
    pub fn is_caught_up(&self, sender: &Half, ack: Seq) -> bool {
        // Both are asked as one.
        let both = self.delivered & sender.delivered & (KNOWN | SEEN);
        both == KNOWN | SEEN && self.awaited().distance_to(ack) <= 0
    }

    /// One segment without octets of a direction that is visible: its acknowledgement.
    #[inline]
    pub fn count_empty(&mut self, ack: Seq) {
        self.count_one();
        self.acknowledge(ack);
    }

    /// One segment in its turn, of a direction that is visible: its acknowledgement, and its octets, which are the next ones.
    #[expect(clippy::inline_always, reason = "a step of every segment's road")]
    #[inline(always)]
    pub fn count_usual(&mut self, ack: Seq, octets: u32) {
        self.count_empty(ack);
        self.advance(octets);
        self.count(octets);
        self.reach(self.next);
    }

    #[inline]
    pub(super) fn advance(&mut self, octets: u32) {
        self.next = self.next.plus(octets);
        self.delivered = more(self.delivered, octets);
    }

    #[inline]
    pub(super) fn count(&mut self, octets: u32) {
        self.octets = more(self.octets, octets);
    }

    pub(super) fn reach(&mut self, end: Seq) {
        if self.highest.distance_to(end) > 0 {
            self.highest = end;
        }
    }

    /// The stream offset that a sequence number stands for; zero below the beginning.
    pub fn offset(&self, seq: Seq) -> u64 {
        self.delivered().saturating_add_signed(i64::from(self.next.distance_to(seq)))
    }

    /// As `offset`, but `None` below the beginning.
    pub fn offset_of(&self, seq: Seq) -> Option<u64> {
        self.delivered().checked_add_signed(i64::from(self.next.distance_to(seq)))
    }

    /// Whether the FIN was reached in order.
    pub fn fin_delivered(&self) -> bool {
        self.delivered & FIN_DELIVERED != 0
    }

    /// Notes that the FIN was reached in order.
    pub fn deliver_fin(&mut self) {
        self.delivered |= FIN_DELIVERED;
    }
}

/// A number of octets and so many more, with the bits below it.
#[inline]
fn more(number: u64, octets: u32) -> u64 {
    match number.checked_add(u64::from(octets) << LOW) {
        Some(more) => more,
        None => most(number),
    }
}

/// The largest number of octets, with the bits below this one.
#[cold]
fn most(number: u64) -> u64 {
    MOST << LOW | number & BELOW
}

/// Both directions: what one has acknowledged is usually where the other goes on, and its furthest octet lies there, too.
impl Compact for PerSide<Half> {
    fn write(self, to: &mut Writer) {
        let nexts = Side::BOTH.map(|side| self[side.other()].next);
        for (half, other) in self.0.into_iter().zip(nexts) {
            let Half { delivered, octets, segments, next, highest, ack } = half;
            delivered.write(to);
            octets.write(to);
            segments.write(to);
            to.fixed(&next.0.to_le_bytes());
            highest.0.wrapping_sub(next.0).write(to);
            ack.0.wrapping_sub(other.0).write(to);
        }
    }

    fn read(from: &mut Reading<'_>) -> Option<Self> {
        let mut halves = Self::default();
        for half in &mut halves.0 {
            let (delivered, octets, segments) =
                (Compact::read(from)?, Compact::read(from)?, Compact::read(from)?);
            let next = Seq(u32::from_le_bytes(from.fixed()?));
            let highest = next.plus(Compact::read(from)?);
            *half = Half { delivered, octets, segments, next, highest, ack: Seq(Compact::read(from)?) };
        }
        for side in Side::BOTH {
            let other = halves[side.other()].next;
            halves[side].ack = other.plus(halves[side].ack.0);
        }
        Some(halves)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_beyond_the_lower_bits_are_numbered_on() {
        let mut half = Half { segments: u32::MAX - 1, ..Half::default() };
        half.begin(Seq(7));
        half.count_segment();
        half.count_usual(Seq(1), 10);
        assert_eq!((half.segments(), half.octets(), half.delivered()), (1 << 32, 10, 10));
        half.uncount_segment();
        assert_eq!((half.segments(), half.octets()), ((1 << 32) - 1, 10));
        assert!(half.is_visible() && half.is_known() && !half.fin_delivered());
    }

    #[test]
    fn numbers_without_end_stay_at_their_largest() {
        let mut half = Half { octets: (MOST << LOW) | (BELOW - 1), segments: u32::MAX, ..Half::default() };
        half.begin(Seq(7));
        half.delivered |= MOST << LOW;
        half.count_usual(Seq(1), 5);
        assert_eq!((half.octets(), half.delivered(), half.segments()), (MOST, MOST, 255 << 32));
        half.segments = u32::MAX;
        half.count_segment();
        assert_eq!(half.segments(), (256 << 32) - 1);
        assert!(half.is_known() && half.ack() == Some(Seq(1)));
    }
}
