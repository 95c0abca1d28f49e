//! A stretch of a capture: whose its packets are, and the octets in which they stand.

use std::ops::Range;

use zertap_core::tap::{RawFrame, Scout, Stretch};
use zertap_core::wire::{Ground, LinkType};

use super::oddities::Oddities;
use crate::error::Fault;
use crate::frame::Frame;
use crate::mapped::{Onlooker, View};

/// Packets that were scouted together.
pub(super) struct Piece {
    pub(super) stretch: Stretch,
    octets: Octets,
    /// How much of the stored file had been read behind it. Unit: octets.
    pub(super) bytes_read: u64,
}

enum Octets {
    /// Of a file that is read: copies, since the reader's buffer goes on.
    Copied(Vec<u8>),
    /// Of a file that is mapped: they lie in this view.
    Viewed(View),
}

impl Octets {
    /// Where a frame's octets stand among all: where they are, or copied.
    #[inline]
    fn place(&mut self, bytes: &[u8]) -> usize {
        match self {
            Self::Copied(octets) => {
                octets.extend_from_slice(bytes);
                octets.len() - bytes.len()
            }
            // Where nothing is, it stands anywhere.
            Self::Viewed(view) => bytes.as_ptr().addr().wrapping_sub(view.octets.as_ptr().addr()),
        }
    }
}

/// As much may be copied into a piece before it counts as full. Unit: octets.
const FULL: usize = 512 << 10;

impl Piece {
    pub(super) fn new(stretch: Stretch) -> Self {
        Self { stretch, octets: Octets::Copied(Vec::new()), bytes_read: 0 }
    }

    /// Forgets all, and keeps the room for as much.
    pub(super) fn clear(&mut self) {
        self.stretch.clear();
        match &mut self.octets {
            Octets::Copied(octets) if octets.capacity() <= 2 * FULL => octets.clear(),
            _ => self.octets = Octets::Copied(Vec::new()),
        }
    }

    /// Whether it has so many packets, or as many octets as it should.
    pub(super) fn is_full(&self, packets: usize) -> bool {
        self.stretch.packets() >= packets || self.copied() >= FULL
    }

    /// Octets that were copied.
    pub(super) fn copied(&self) -> usize {
        match &self.octets {
            Octets::Copied(octets) => octets.len(),
            Octets::Viewed(_) => 0,
        }
    }

    /// Whether frames in this view, or in none, may be added.
    pub(super) fn takes(&self, view: Option<&View>) -> bool {
        self.stretch.packets() == 0
            || match (&self.octets, view) {
                (Octets::Copied(_), None) => true,
                (Octets::Viewed(view), Some(other)) => view.is(other),
                _ => false,
            }
    }

    /// Adds frames, which stand in this view or in a buffer, until there are so many packets.
    pub(super) fn add<'f>(
        &mut self,
        scout: &mut Scout,
        oddities: &mut Oddities,
        view: Option<&View>,
        frames: impl Iterator<Item = Frame<'f>>,
        packets: usize,
    ) {
        self.prepare(view);
        for frame in frames {
            oddities.note(&frame);
            let start = self.octets.place(frame.bytes);
            scout.look(&mut self.stretch, &raw(&frame), start);
            if self.stretch.packets() >= packets {
                break;
            }
        }
    }

    /// Before the first frame: where the octets of all will stand.
    fn prepare(&mut self, view: Option<&View>) {
        if self.stretch.packets() > 0 {
            return;
        }
        match (view, &self.octets) {
            (Some(view), _) => self.octets = Octets::Viewed(view.clone()),
            (None, Octets::Viewed(_)) => self.octets = Octets::Copied(Vec::new()),
            (None, Octets::Copied(_)) => {}
        }
    }

    /// Shows the octets, in their place if the onlooker may look there, or read into `room`. Fewer than there were, and
    /// why, if they cannot be had any more.
    pub(super) fn octets<'a>(
        &'a self,
        onlooker: &mut Onlooker,
        room: &'a mut Vec<u8>,
    ) -> (Ground<'a>, Option<Fault>) {
        let view = match &self.octets {
            Octets::Copied(octets) => return (Ground::new(octets, 0), None),
            Octets::Viewed(view) => view,
        };
        if onlooker.may_look(view) {
            return (Ground::new(&view.octets, 0), None);
        }
        let Range { start, end } = self.stretch.range();
        let outcome = view.read(start, end - start, room);
        let offset = view.base + (start + room.len()) as u64;
        let fault = match outcome {
            Err(error) => Some(Fault::read(offset, error)),
            Ok(()) if start + room.len() < end => {
                Some(Fault::bad(offset, "the file was shortened meanwhile"))
            }
            Ok(()) => None,
        };
        (Ground::new(room, start), fault)
    }
}

fn raw<'a>(frame: &Frame<'a>) -> RawFrame<'a> {
    RawFrame { at: frame.at, link: LinkType(frame.link), bytes: frame.bytes, wire_length: frame.wire_length }
}
