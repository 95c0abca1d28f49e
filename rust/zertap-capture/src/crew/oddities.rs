//! What is odd about frames, counted once for all workers.

use crate::frame::Frame;

/// Frames with something odd about them.
#[derive(Clone, Copy, Default)]
pub(super) struct Oddities {
    pub(super) time_out_of_range: u64,
    pub(super) odd_lengths: u64,
}

impl Oddities {
    pub(super) fn add(&mut self, others: Oddities) {
        self.time_out_of_range += others.time_out_of_range;
        self.odd_lengths += others.odd_lengths;
    }

    #[inline]
    pub(super) fn note(&mut self, frame: &Frame<'_>) {
        self.time_out_of_range += u64::from(!frame.time_valid);
        self.odd_lengths += u64::from(frame.odd_length);
    }
}
