//! One worker: follows its share of stretch after stretch, scouts where its turn comes, and tells every few thousand packets
//! what it saw.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};

use zertap_core::tap::{SharedRows, Tap};
use zertap_core::time::Timestamp;

use super::piece::Piece;
use super::trail::{Trail, Turn};
use crate::error::CaptureError;
use crate::mapped::Onlooker;

/// Packets between two messages.
const APART: u64 = 8192;

/// What a worker needs.
pub(super) struct Work {
    pub(super) tap: Tap,
    pub(super) place: Place,
    /// How messages call the capture.
    pub(super) name: String,
    pub(super) sender: SyncSender<Message>,
}

/// A worker's place among those who follow a capture; it leaves when this goes, also in a panic.
pub(super) struct Place {
    pub(super) worker: usize,
    pub(super) trail: Arc<Trail>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.trail.leave(self.worker);
    }
}

/// What a worker tells.
pub(super) struct Message {
    pub(super) rows: SharedRows,
    /// The last packet that it has passed.
    pub(super) position: u64,
    pub(super) clock: Option<(Timestamp, Timestamp)>,
    /// Unit: octets.
    pub(super) bytes_read: u64,
    /// The capture is over for it: its tap.
    pub(super) end: Option<Box<Tap>>,
}

impl Work {
    /// Follows the capture to its end, or as far as it is scouted.
    pub(super) fn run(mut self) {
        let (mut onlooker, mut room) = (Onlooker::default(), Vec::new());
        let (mut told, mut bytes_read, mut done) = (self.tap.counters().frames, 0, None);
        loop {
            let Place { worker, trail } = &self.place;
            match trail.next(*worker, done.take(), || onlooker.pause()) {
                Turn::Over => break,
                Turn::Scout(mut scouting, spare) => {
                    let found = scouting.read(spare);
                    trail.lay(scouting, found);
                }
                Turn::Follow(piece) => {
                    self.follow(&piece, &mut onlooker, &mut room);
                    bytes_read = piece.bytes_read;
                    done = Some(piece);
                }
            }
            if self.tap.counters().frames - told >= APART {
                told = self.tap.counters().frames;
                let message = self.message(bytes_read);
                if !self.send(message, &mut onlooker) {
                    return;
                }
            }
        }
        drop(onlooker);
        let mut last = self.message(bytes_read);
        last.position = u64::MAX;
        let Self { tap, sender, .. } = self;
        last.end = Some(Box::new(tap));
        // Whoever waits for no message any more needs no tap either.
        let _ = sender.send(last);
    }

    /// Tells it; `false` if nobody listens any more.
    fn send(&self, message: Message, onlooker: &mut Onlooker) -> bool {
        match self.sender.try_send(message) {
            Ok(()) => true,
            Err(TrySendError::Disconnected(_)) => false,
            Err(TrySendError::Full(message)) => {
                // Whoever listens may take his time; the file is everybody's meanwhile.
                onlooker.pause();
                self.place.trail.pause();
                self.sender.send(message).is_ok()
            }
        }
    }

    fn follow(&mut self, piece: &Piece, onlooker: &mut Onlooker, room: &mut Vec<u8>) {
        let (ground, fault) = piece.octets(onlooker, room);
        self.tap.push_stretch(&piece.stretch, ground);
        if let Some(fault) = fault {
            self.place.trail.fail(CaptureError::damaged(&self.name, fault));
        }
    }

    fn message(&mut self, bytes_read: u64) -> Message {
        let rows = self.tap.take_shared();
        let (position, clock) = (self.tap.counters().frames, self.tap.clock());
        Message { rows, position, clock, bytes_read, end: None }
    }
}
