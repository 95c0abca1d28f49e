//! Lets every worker stop at the same packet, however far apart they are.
//!
//! Before each stretch of packets a worker says how far it may come. Whoever closes the gate learns the farthest that
//! any of them said; all go on to there, and none beyond.

use std::sync::{Mutex, PoisonError};

/// The gate of one capture.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    farthest: u64,
    closed: bool,
}

impl Gate {
    /// Nobody goes farther than somebody has been let already.
    pub(super) fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
    }

    /// A worker asks to come to packet `farthest` at most. Once the gate is closed: where it must stop.
    pub(super) fn pass(&self, farthest: u64) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.closed {
            state.farthest = state.farthest.max(farthest);
        }
        state.closed.then_some(state.farthest)
    }
}
