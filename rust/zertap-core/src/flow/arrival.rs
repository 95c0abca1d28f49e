//! What a segment brings to the connection that it belongs to.

use crate::wire::{Segment, TcpFlags, Usual};

/// A segment without what names its connection and what nobody asks: a quarter of [`Segment`], which is made for nearly a third
/// of all packets.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// See [`Segment::payload`].
    pub payload: &'a [u8],
    /// See [`Segment::payload_on_wire`].
    pub payload_on_wire: u32,
    /// See [`Segment::sequence`].
    pub sequence: u32,
    /// See [`Segment::acknowledgment`].
    pub acknowledgment: u32,
    /// See [`Segment::flags`].
    pub flags: TcpFlags,
    /// See [`Segment::fragment_overlap`].
    pub fragment_overlap: bool,
}

impl<'a> Arrival<'a> {
    /// That of a segment.
    #[inline]
    pub fn of(segment: &Segment<'a>) -> Self {
        let Segment { payload, payload_on_wire, sequence, acknowledgment, flags, fragment_overlap, .. } =
            *segment;
        Self { payload, payload_on_wire, sequence, acknowledgment, flags, fragment_overlap }
    }

    /// That of a frame of the usual shape.
    #[inline]
    pub fn of_usual(usual: &Usual<'a>) -> Self {
        Self {
            payload: usual.payload(),
            payload_on_wire: usual.octets(),
            sequence: usual.sequence(),
            acknowledgment: usual.acknowledgment(),
            flags: usual.flags(),
            fragment_overlap: false,
        }
    }

    /// A SYN and nothing else.
    pub fn of_syn(sequence: u32) -> Self {
        let flags = TcpFlags::SYN;
        Self { payload: &[], payload_on_wire: 0, sequence, acknowledgment: 0, flags, fragment_overlap: false }
    }

    /// Whether payload octets that were on the wire are missing here.
    #[inline]
    pub const fn is_truncated(&self) -> bool {
        (self.payload.len() as u64) < self.payload_on_wire as u64
    }

    /// Whether it has nothing but its header to tell.
    #[inline]
    pub const fn is_bare(&self) -> bool {
        self.payload_on_wire == 0 && self.payload.is_empty() && !self.fragment_overlap
    }
}
