//! The milestones of one connection, packed: a connection is one slot, and most of it is this.

use crate::event::{History, Milestone};
use crate::handshake::Phase;
use crate::time::Timestamp;

/// The most that a connection can have: begun, complete, in clear.
const LIMIT: usize = 3;

/// Milestones in order; what a row shows as its `History`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, packed(4))]
pub struct Milestones {
    at: [Timestamp; LIMIT],
    phases: [Phase; LIMIT],
    /// How many there are in the upper half; whether the waiting span had passed, a bit for each, in the lower.
    marks: u8,
}

impl Milestones {
    /// How many there are.
    pub fn len(&self) -> usize {
        usize::from(self.marks >> 4)
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
        let mut at = self.at;
        at[place] = milestone.at;
        self.at = at;
        self.phases[place] = milestone.phase;
        let after_due = self.marks & 0x0f & !(1 << place) | u8::from(milestone.after_due) << place;
        self.marks = (place as u8 + 1) << 4 | after_due;
    }

    /// As rows show them.
    pub fn history(&self) -> History {
        let mut history = History::default();
        self.iter().for_each(|milestone| history.push(milestone));
        history
    }

    fn iter(&self) -> impl Iterator<Item = Milestone> {
        let (at, marks) = (self.at, self.marks);
        let each = at.into_iter().zip(self.phases).zip(0..).take(self.len());
        each.map(move |((at, phase), place)| Milestone { phase, at, after_due: marks & 1 << place != 0 })
    }
}
