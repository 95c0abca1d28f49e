//! Stretches of one capture that were scouted and not yet followed by all workers, and whose turn it is to scout.
//!
//! Whoever has come nearest to the last stretch scouts the next one before he follows; so nobody waits for another one as long as
//! all are about equally fast, and who has less to follow scouts more. Stretches that all have passed are given back.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::oddities::Oddities;
use super::piece::Piece;
use super::scouting::{Found, Scouting};
use crate::error::CaptureError;
use crate::source::Source;

/// A worker with fewer stretches before it than this scouts one more, unless another one does or has fewer still.
const AHEAD: u64 = 8;

/// Stretches that may lie between the slowest worker and the last one scouted.
const MOST: usize = 24;

/// Octets that may be copied into them. Unit: octets.
const MOST_COPIED: usize = 32 << 20;

/// How often a worker looks whether another one has scouted a stretch, which takes some 60 us, before it goes to sleep. To be woken
/// would take as long, and the lease on the file would have to be given back and taken again.
const LOOKS: usize = 32;

/// Pauses of the processor between two looks, one or two us.
const BETWEEN_LOOKS: usize = 32;

/// Most stretches that are scouted at once.
const AT_ONCE: usize = 2;

/// The stretches of one capture.
pub(super) struct Trail {
    state: Mutex<State>,
    news: Condvar,
}

struct State {
    /// Stretches that not all have passed.
    pieces: VecDeque<Arc<Piece>>,
    /// The number of the first of them.
    first: u64,
    /// Octets that were copied into them.
    copied: usize,
    /// The stretch that each worker follows next; none if it has left.
    next: Vec<Option<u64>>,
    /// Who scouts does so with this, meanwhile it is not here.
    scouting: Option<Box<Scouting>>,
    scouts: Option<usize>,
    /// Nothing more will be scouted.
    over: bool,
    error: Option<CaptureError>,
    waiting: usize,
    spare: Vec<Piece>,
}

/// What a worker is to do next.
pub(super) enum Turn {
    /// Read a stretch, and bring it by `lay`.
    Scout(Box<Scouting>, Vec<Piece>),
    /// Follow this one.
    Follow(Arc<Piece>),
    /// Nothing: all is followed.
    Over,
}

/// What is left of a capture.
#[derive(Default)]
pub(super) struct Rest {
    pub(super) source: Option<Source>,
    pub(super) error: Option<CaptureError>,
    pub(super) oddities: Oddities,
}

impl State {
    /// The number of the first stretch that is not scouted.
    fn end(&self) -> u64 {
        self.first + self.pieces.len() as u64
    }

    /// Whether the worker who follows `next` should scout, if nobody does: who has more before it than another one leaves it to
    /// that one, so that they take turns and neither comes to an end while the other one scouts.
    fn is_near(&self, next: u64) -> bool {
        let room = self.pieces.len() < MOST && self.copied < MOST_COPIED;
        let is_first = || self.next.iter().flatten().all(|other| *other <= next);
        let left = self.end() - next;
        !self.over && (left == 0 || left < AHEAD && is_first()) && (room || self.pieces.is_empty())
    }

    fn turn(&mut self, worker: usize) -> Option<Turn> {
        let Some(next) = self.next.get(worker).copied().flatten() else { return Some(Turn::Over) };
        if self.is_near(next)
            && let Some(scouting) = self.scouting.take()
        {
            self.scouts = Some(worker);
            let spare = self.spare.split_off(self.spare.len().saturating_sub(AT_ONCE));
            return Some(Turn::Scout(scouting, spare));
        }
        match self.pieces.get((next - self.first) as usize) {
            Some(piece) => Some(Turn::Follow(Arc::clone(piece))),
            None => (self.over && self.scouts.is_none()).then_some(Turn::Over),
        }
    }

    /// Lets go of what all have passed.
    fn prune(&mut self) {
        let slowest = self.next.iter().flatten().min().copied().unwrap_or_else(|| self.end());
        while self.first < slowest {
            let Some(piece) = self.pieces.pop_front() else { return };
            self.first += 1;
            self.copied -= piece.copied();
            self.spare.extend(Arc::into_inner(piece));
        }
    }
}

impl Trail {
    pub(super) fn new(scouting: Scouting, workers: usize) -> Self {
        let state = State {
            pieces: VecDeque::new(),
            first: 0,
            copied: 0,
            next: vec![Some(0); workers],
            scouting: Some(Box::new(scouting)),
            scouts: None,
            over: false,
            error: None,
            waiting: 0,
            spare: Vec::new(),
        };
        Self { state: Mutex::new(state), news: Condvar::new() }
    }

    /// What a worker is to do, who has followed `done`. Calls `before_waiting` before it waits for others.
    pub(super) fn next(
        &self,
        worker: usize,
        done: Option<Arc<Piece>>,
        mut before_waiting: impl FnMut(),
    ) -> Turn {
        let mut looks = LOOKS;
        let mut state = self.state();
        if done.is_some() {
            drop(done);
            if let Some(Some(next)) = state.next.get_mut(worker) {
                *next += 1;
            }
            state.prune();
            self.tell(&state);
        }
        loop {
            if let Some(turn) = state.turn(worker) {
                return turn;
            }
            if looks > 0 {
                looks -= 1;
                drop(state);
                (0..BETWEEN_LOOKS).for_each(|_| std::hint::spin_loop());
                state = self.state();
                continue;
            }
            before_waiting();
            state.pause();
            state.waiting += 1;
            state = self.news.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
    }

    /// Brings what was scouted.
    pub(super) fn lay(&self, scouting: Box<Scouting>, found: Found) {
        let mut state = self.state();
        state.spare.extend(found.spare);
        for piece in found.pieces {
            if piece.stretch.packets() == 0 {
                state.spare.push(piece);
                continue;
            }
            state.copied += piece.copied();
            state.pieces.push_back(Arc::new(piece));
        }
        (state.scouting, state.scouts) = (Some(scouting), None);
        match found.more {
            Ok(more) => state.over |= !more,
            Err(error) => state.fail(error),
        }
        self.tell(&state);
    }

    /// Nobody scouts any more; all follow what was scouted.
    pub(super) fn stop(&self) {
        let mut state = self.state();
        state.over = true;
        self.tell(&state);
    }

    /// The same, because of this.
    pub(super) fn fail(&self, error: CaptureError) {
        let mut state = self.state();
        state.fail(error);
        self.tell(&state);
    }

    /// A worker takes no further turn, for whatever reason.
    pub(super) fn leave(&self, worker: usize) {
        let mut state = self.state();
        if let Some(next) = state.next.get_mut(worker) {
            *next = None;
        }
        if state.scouts == Some(worker) {
            // It did not come back.
            (state.scouts, state.over) = (None, true);
        }
        state.prune();
        self.tell(&state);
    }

    /// A worker will wait for others: the file is not kept from writers meanwhile, unless somebody reads it just now.
    pub(super) fn pause(&self) {
        self.state().pause();
    }

    /// Everybody has left: what there is to know of the capture.
    pub(super) fn rest(&self) -> Rest {
        let mut state = self.state();
        let error = state.error.take();
        state.pause();
        match state.scouting.take() {
            None => Rest { error, ..Rest::default() },
            Some(scouting) => Rest { oddities: scouting.oddities, source: scouting.into_source(), error },
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something has changed. Nearly always nobody waits for it.
    fn tell(&self, state: &State) {
        if state.waiting > 0 {
            self.news.notify_all();
        }
    }
}

impl State {
    fn pause(&mut self) {
        if let Some(scouting) = &mut self.scouting {
            scouting.pause();
        }
    }

    /// Only the first error is told.
    fn fail(&mut self, error: CaptureError) {
        self.over = true;
        self.error.get_or_insert(error);
    }
}
