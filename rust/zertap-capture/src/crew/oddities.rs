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
        // Asked together: nearly every frame is as it should be.
        if !frame.time_valid | frame.odd_length {
            self.count(frame.time_valid, frame.odd_length);
        }
    }

    #[cold]
    fn count(&mut self, time_valid: bool, odd_length: bool) {
        self.time_out_of_range += u64::from(!time_valid);
        self.odd_lengths += u64::from(odd_length);
    }
}
