//! The account of a live capture: every frame that an interface heard is in exactly one place.

use zertap_core::ledger::{Fates, Ledger};
use zertap_core::wire::Skip;

/// What one interface's frames met before they were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Frames that passed the filter, those dropped by the kernel included.
    pub received: u64,
    /// Of these, dropped by the kernel because its ring was full.
    pub dropped: u64,
    /// Dropped by the interface or its driver; the kernel never saw them.
    pub interface_dropped: u64,
}

/// What the reader counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReaderCounts {
    /// By interface: its name, what it lost, and the frames read from it.
    pub interfaces: Vec<(String, Losses, u64)>,
    /// Frames handed on: `segments + skipped`.
    pub frames: u64,
    /// Of these, TCP segments.
    pub segments: u64,
    /// Of these, skipped, by reason.
    pub skipped: [u64; Skip::ALL.len()],
    /// Segments that found the queue of their tap full.
    pub lost_here: u64,
}

/// What became of the segments of one tap, over all engines that it had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Segments observed.
    pub segments: u64,
    /// Segments that came while nothing was observed.
    pub unobserved: u64,
    /// Connections and attempts opened.
    pub opened: u64,
    /// Of these, open: still, or when the input or the observation ended.
    pub live: u64,
    /// Of these, gone.
    pub fates: Fates,
    /// Rows written and sent to the collector.
    pub rows: u64,
    /// Packets whose time lay before an earlier one's.
    pub clock_backwards: u64,
}

impl Account {
    /// The account of an engine, added to what stood here.
    pub(super) fn and(mut self, engine: &Ledger, clock_backwards: u64) -> Self {
        self.segments += engine.frames;
        self.opened += engine.opened;
        self.live += engine.live + engine.fates.unfinished;
        self.fates.ended += engine.fates.ended;
        self.fates.evicted += engine.fates.evicted;
        self.fates.unseen += engine.fates.unseen;
        self.fates.never_established += engine.fates.never_established;
        self.rows += engine.rows_fetched;
        self.clock_backwards += clock_backwards;
        self
    }
}

/// The whole account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Of the interfaces and their reader.
    pub reader: ReaderCounts,
    /// By tap.
    pub taps: Vec<Account>,
    /// Rows that wait to be collected.
    pub rows_waiting: u64,
}
