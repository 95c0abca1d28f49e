//! The account of a tap: where every frame and every connection went. It must balance at any time, or the tap is wrong.

use crate::event::RowKind;

/// How connections left the table; each left in exactly one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fates {
    /// The TCP connection ended: FINs, a RST, or a new one took its place.
    pub ended: u64,
    /// Dropped from memory before it ended.
    pub evicted: u64,
    /// The input ended before it did.
    pub unfinished: u64,
    /// Picked up in mid-life or behind a loss: no start was seen (A8).
    pub unseen: u64,
    /// An attempt that was never accepted, however it ended (A2).
    pub never_established: u64,
}

impl Fates {
    /// Counts a connection at its last row, whether anybody wants the row or not.
    pub(crate) const fn count(&mut self, kind: RowKind, attempt: bool, unseen: bool) {
        let fate = match kind {
            _ if attempt => &mut self.never_established,
            _ if unseen => &mut self.unseen,
            RowKind::Evicted => &mut self.evicted,
            RowKind::Unfinished => &mut self.unfinished,
            _ => &mut self.ended,
        };
        *fate += 1;
    }

    const fn all(self) -> u64 {
        self.ended + self.evicted + self.unfinished + self.unseen + self.never_established
    }
}

/// One tap's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// Frames and segments pushed.
    pub frames: u64,
    /// Of these, TCP segments that reached the table.
    pub segments: u64,
    /// Of these, frames skipped, for whatever reason.
    pub skipped: u64,
    /// Connections and attempts opened.
    pub opened: u64,
    /// Of these, still in the table.
    pub live: u64,
    /// Of these, those that left it with a last row; half-open attempts that were dropped are among the never established.
    pub fates: Fates,
    /// Rows written.
    pub rows: u64,
    /// Of these, fetched.
    pub rows_fetched: u64,
    /// Of these, waiting to be fetched.
    pub rows_waiting: u64,
}

impl Ledger {
    /// The account of taps that saw the same frames and shared the connections: frames count once.
    #[must_use]
    pub fn with_share(self, other: Ledger) -> Ledger {
        let (ours, theirs) = (self.fates, other.fates);
        Ledger {
            opened: self.opened + other.opened,
            live: self.live + other.live,
            fates: Fates {
                ended: ours.ended + theirs.ended,
                evicted: ours.evicted + theirs.evicted,
                unfinished: ours.unfinished + theirs.unfinished,
                unseen: ours.unseen + theirs.unseen,
                never_established: ours.never_established + theirs.never_established,
            },
            rows: self.rows + other.rows,
            rows_fetched: self.rows_fetched + other.rows_fetched,
            rows_waiting: self.rows_waiting + other.rows_waiting,
            ..self
        }
    }

    /// The sums that do not come out, each as `name: whole = parts`; none, or the tap is wrong.
    pub fn imbalances(&self) -> Vec<String> {
        let sums = [
            ("frames", self.frames, self.segments + self.skipped),
            ("connections", self.opened, self.live + self.fates.all()),
            ("rows", self.rows, self.rows_fetched + self.rows_waiting),
        ];
        sums.iter()
            .filter(|(_, whole, parts)| whole != parts)
            .map(|(name, whole, parts)| format!("{name}: {whole} are not {parts}"))
            .collect()
    }
}
