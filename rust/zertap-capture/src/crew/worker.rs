//! One worker: steps through the capture with a reader of its own, and tells every few thousand packets what it saw.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use zertap_core::tap::{RawFrame, SharedRow, Tap};
use zertap_core::time::Timestamp;
use zertap_core::wire::LinkType;

use super::gate::Gate;
use crate::error::{CaptureError, CaptureErrorKind};
use crate::frame::Frame;
use crate::mapped::Shelf;
use crate::source::Source;

/// Packets between two messages.
const STRETCH: u64 = 8192;

/// More than a reader hands out at once, so that no stretch is overrun by as much.
const SLACK: u64 = 1024;

/// What a worker needs.
pub(super) struct Work {
    pub(super) tap: Tap,
    pub(super) path: PathBuf,
    pub(super) views: Shelf,
    pub(super) gate: Arc<Gate>,
    pub(super) sender: SyncSender<Message>,
}

/// What a worker tells.
pub(super) struct Message {
    pub(super) rows: Vec<SharedRow>,
    pub(super) openings: Vec<u64>,
    /// The last packet that it has passed.
    pub(super) position: u64,
    pub(super) clock: Option<(Timestamp, Timestamp)>,
    /// Unit: octets.
    pub(super) bytes_read: u64,
    /// The capture is over for it.
    pub(super) end: Option<Box<End>>,
}

/// What a worker leaves behind.
pub(super) struct End {
    pub(super) tap: Tap,
    pub(super) source: Option<Source>,
    pub(super) error: Option<CaptureError>,
    pub(super) oddities: Oddities,
}

/// Frames with something odd about them, as all workers count them.
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
    fn note(&mut self, frame: &Frame<'_>) {
        self.time_out_of_range += u64::from(!frame.time_valid);
        self.odd_lengths += u64::from(frame.odd_length);
    }
}

impl Work {
    /// Reads to the end, or as far as the gate lets it.
    pub(super) fn run(mut self) {
        let mut oddities = Oddities::default();
        let (source, error) = match open(&self.path, &self.views) {
            Err(error) => (None, Some(error)),
            Ok(mut source) => {
                let error = loop {
                    let outcome = self.stretch(&mut source, &mut oddities);
                    // Whoever listens may take his time; the file is everybody's meanwhile.
                    source.pause();
                    match outcome {
                        Err(error) => break Some(error),
                        Ok(false) => break None,
                        Ok(true) if !self.tell(source.bytes_read()) => return,
                        Ok(true) => {}
                    }
                };
                (Some(source), error)
            }
        };
        let bytes_read = source.as_ref().map_or(0, Source::bytes_read);
        let mut last = self.message(bytes_read);
        last.position = u64::MAX;
        let Self { tap, sender, .. } = self;
        last.end = Some(Box::new(End { tap, source, error, oddities }));
        // Whoever waits for no message any more needs no tap either.
        let _ = sender.send(last);
    }

    /// Reads a stretch; whether there is more.
    fn stretch(&mut self, source: &mut Source, oddities: &mut Oddities) -> Result<bool, CaptureError> {
        let until = self.tap.counters().frames + STRETCH;
        let stop = self.gate.pass(until + SLACK);
        while self.tap.counters().frames < stop.unwrap_or(until) {
            let before = self.tap.counters().frames;
            let room = stop.map_or(u64::MAX, |stop| stop - before);
            let frames = match source.next_frames() {
                Err(error) if error.kind() == CaptureErrorKind::Interrupted => continue,
                frames => frames?,
            };
            self.tap.push_shared(&mut frames.take(room as usize).map(|frame| {
                oddities.note(&frame);
                raw(&frame)
            }));
            if self.tap.counters().frames == before {
                return Ok(false);
            }
        }
        Ok(stop.is_none())
    }

    /// Whether somebody listens.
    fn tell(&mut self, bytes_read: u64) -> bool {
        let message = self.message(bytes_read);
        self.sender.send(message).is_ok()
    }

    fn message(&mut self, bytes_read: u64) -> Message {
        let (rows, openings) = self.tap.drain_shared();
        let (position, clock) = (self.tap.counters().frames, self.tap.clock());
        Message { rows, openings, position, clock, bytes_read, end: None }
    }
}

fn open(path: &std::path::Path, views: &Shelf) -> Result<Source, CaptureError> {
    loop {
        match Source::open_beside(path, Some(views)) {
            Err(error) if error.kind() == CaptureErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

fn raw<'a>(frame: &Frame<'a>) -> RawFrame<'a> {
    RawFrame { at: frame.at, link: LinkType(frame.link), bytes: frame.bytes, wire_length: frame.wire_length }
}
