//! The milestones of one connection, packed: a connection is one slot, and most of it is this.

use crate::event::{History, Milestone};
use crate::handshake::Phase;
use crate::time::Timestamp;

/// The most that a connection can have: begun, complete, in clear.
const LIMIT: usize = 3;

/// Milestones in order; what a row shows as its `History`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Milestones {
    at: [Timestamp; LIMIT],
    phases: [Phase; LIMIT],
    after_due: [bool; LIMIT],
    length: u8,
}

impl Milestones {
    /// How many there are.
    pub fn len(&self) -> usize {
        usize::from(self.length)
    }

    /// Whether a phase was reached.
    pub fn contains(&self, phase: Phase) -> bool {
        self.iter().any(|milestone| milestone.phase == phase)
    }

    /// How it began.
    pub fn first(&self) -> Option<Milestone> {
        self.iter().next().filter(|first| matches!(first.phase, Phase::TlsBegun | Phase::SshBegun))
    }

    /// Adds one; beyond the limit the last is overwritten, so that the end stays true.
    pub fn push(&mut self, milestone: Milestone) {
        let place = self.len().min(LIMIT - 1);
        self.at[place] = milestone.at;
        self.phases[place] = milestone.phase;
        self.after_due[place] = milestone.after_due;
        self.length = place as u8 + 1;
    }

    /// As rows show them.
    pub fn history(&self) -> History {
        let mut history = History::default();
        self.iter().for_each(|milestone| history.push(milestone));
        history
    }

    fn iter(&self) -> impl Iterator<Item = Milestone> {
        let marks = self.phases.iter().zip(&self.after_due);
        self.at.iter().zip(marks).take(self.len()).map(|(at, (phase, after_due))| Milestone {
            phase: *phase,
            at: *at,
            after_due: *after_due,
        })
    }
}
