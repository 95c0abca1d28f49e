//! One direction of a stream: what was delivered, acknowledged, counted.

use super::Seq;

// The lowest bits of `counted`.
const KNOWN: u64 = 1;
const ACKED: u64 = 2;
const FIN_DELIVERED: u64 = 4;
const BITS: u64 = 7;
/// One segment.
const ONE: u64 = 8;

/// How far beyond the last octet seen an acknowledgement may point and still be believed.
///
/// Larger than any window a sender fills between two captured packets of its own; a forged acknowledgement
/// far outside must not make the tap skip what is still to come.
const BELIEVABLE_ACK: i32 = 1 << 24;

/// One direction of a stream, packed: every connection has two.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, packed(4))]
pub struct Half {
    /// Stream offset of `next`: octets delivered or declared lost.
    delivered: u64,
    /// Distinct payload octets seen.
    octets: u64,
    /// Segments seen, with or without payload, above the bits.
    counted: u64,
    next: Seq,
    highest: Seq,
    ack: Seq,
}

impl Half {
    /// Fixes where the stream begins: the sequence number of its first octet.
    pub fn begin(&mut self, first: Seq) {
        self.next = first;
        self.highest = first;
        self.delivered = 0;
        self.counted |= KNOWN;
    }

    /// Fixes another beginning (of several SYNs another one counts); what was seen since is forgotten.
    pub(super) fn rebegin(&mut self, first: Seq, seen: u64) {
        self.counted &= !BITS | ACKED;
        self.octets = self.octets.saturating_sub(seen);
        self.begin(first);
    }

    /// The sequence number of the stream's first octet, once it is fixed.
    pub fn first(&self) -> Option<Seq> {
        self.is_known().then(|| self.next.minus(self.delivered as u32))
    }

    /// Whether the stream's beginning is fixed.
    pub fn is_known(&self) -> bool {
        self.counted & KNOWN != 0
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
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Distinct payload octets seen.
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// Segments seen.
    pub fn segments(&self) -> u64 {
        self.counted / ONE
    }

    /// Counts one segment.
    pub fn count_segment(&mut self) {
        self.counted += ONE;
    }

    /// Takes the count of one segment back that turned out to belong to another connection.
    pub fn uncount_segment(&mut self) {
        if self.counted >= ONE {
            self.counted -= ONE;
        }
    }

    /// Whether any segment of this direction was seen.
    pub fn is_visible(&self) -> bool {
        self.counted >= ONE
    }

    /// Whether more than one segment of this direction was seen.
    pub fn is_past_first_segment(&self) -> bool {
        self.counted >= 2 * ONE
    }

    /// The furthest acknowledgement this side sent.
    pub fn ack(&self) -> Option<Seq> {
        (self.counted & ACKED != 0).then_some(self.ack)
    }

    pub(super) fn acknowledge(&mut self, ack: Seq) {
        if self.counted & ACKED == 0 || self.ack.distance_to(ack) > 0 {
            self.ack = ack;
            self.counted |= ACKED;
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

    /// Whether all that `ack` acknowledges of this side was delivered, and the side is captured.
    #[inline]
    pub fn is_caught_up(&self, ack: Seq) -> bool {
        self.is_known() && self.is_visible() && self.awaited().distance_to(ack) <= 0
    }

    /// One segment in its turn: its acknowledgement, and its octets, which are the next ones.
    #[inline]
    pub fn count_usual(&mut self, ack: Seq, octets: u32) {
        self.counted += ONE;
        self.acknowledge(ack);
        self.advance(octets);
        self.count(octets);
        self.reach(self.next);
    }

    pub(super) fn advance(&mut self, octets: u32) {
        self.next = self.next.plus(octets);
        self.delivered += u64::from(octets);
    }

    pub(super) fn count(&mut self, octets: u32) {
        self.octets += u64::from(octets);
    }

    pub(super) fn reach(&mut self, end: Seq) {
        if self.highest.distance_to(end) > 0 {
            self.highest = end;
        }
    }

    /// The stream offset that a sequence number stands for; zero below the beginning.
    pub fn offset(&self, seq: Seq) -> u64 {
        self.delivered.saturating_add_signed(i64::from(self.next.distance_to(seq)))
    }

    /// As `offset`, but `None` below the beginning.
    pub fn offset_of(&self, seq: Seq) -> Option<u64> {
        self.delivered.checked_add_signed(i64::from(self.next.distance_to(seq)))
    }

    /// Whether the FIN was reached in order.
    pub fn fin_delivered(&self) -> bool {
        self.counted & FIN_DELIVERED != 0
    }

    pub(super) fn deliver_fin(&mut self) {
        self.counted |= FIN_DELIVERED;
    }
}
