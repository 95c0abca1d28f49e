//! What a capture hands out: frames, and the facts about the capture itself.

use zertap_core::time::Timestamp;

use crate::clock::{Clock, TimeResolution};
use crate::order::Order;

/// One captured frame, borrowed until the next one is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Number of this frame in its capture, from 1.
    pub number: u64,
    /// When it was captured; the last valid time of the capture (else zero) if `time_valid` is false.
    pub at: Timestamp,
    /// Whether the frame itself carries a time that can be held (EDGE_CASES FILE-04, FILE-14).
    pub time_valid: bool,
    /// Link type by its number in the LINKTYPE_ registry (tcpdump.org).
    pub link: u16,
    /// Index of the capturing interface in [`Info::interfaces`].
    pub interface: u32,
    /// The captured octets; fewer than `wire_length` when the capture cut the frame.
    pub bytes: &'a [u8],
    /// Length of the frame on the wire as the capture tells it. Unit: octets.
    pub wire_length: u32,
    /// Where the frame's record begins in the (uncompressed) capture. Unit: octets.
    pub offset: u64,
    /// More octets were captured than the wire or the interface's snap length had (EDGE_CASES FILE-11).
    pub odd_length: bool,
}

/// What is known of a capture so far. Interfaces appear as their descriptions are met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// The file format that holds the frames.
    pub container: Container,
    /// How the stored file is compressed.
    pub compression: Compression,
    /// Byte order of the file header, or of the first section.
    pub byte_order: Order,
    /// Every interface described so far, over all sections; a pcap has one per distinct file header.
    pub interfaces: Vec<Interface>,
}

/// A format that holds frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Container {
    /// The classic format of libpcap (draft-ietf-opsawg-pcap).
    Pcap,
    /// The block format (draft-ietf-opsawg-pcapng).
    Pcapng,
}

/// How a stored capture is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip (RFC 1952), one or several members.
    Gzip,
    /// Zstandard (RFC 8878), one or several frames.
    Zstd,
}

/// One place where frames were captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Link type by its number in the LINKTYPE_ registry.
    pub link: u16,
    /// Most octets kept of one frame; 0 for no limit.
    pub snap_length: u32,
    /// The smallest step of its stamps.
    pub resolution: TimeResolution,
    /// Added to every stamp. Unit: seconds.
    pub offset_seconds: i64,
    pub(crate) clock: Clock,
}

impl Interface {
    pub(crate) fn new(link: u16, snap_length: u32, resolution: TimeResolution, offset_seconds: i64) -> Self {
        let clock = Clock::new(resolution, offset_seconds);
        Self { link, snap_length, resolution, offset_seconds, clock }
    }

    /// The snap length, where none counts as unlimited.
    pub(crate) fn snap_limit(&self) -> u32 {
        if self.snap_length == 0 { u32::MAX } else { self.snap_length }
    }
}

/// One record as a reader found it. The octets stand in the window from `start` on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    /// `None` when the record carries no time that can be held.
    pub(crate) at: Option<Timestamp>,
    pub(crate) link: u16,
    pub(crate) interface: u32,
    pub(crate) start: usize,
    pub(crate) length: usize,
    pub(crate) wire_length: u32,
    pub(crate) offset: u64,
    pub(crate) odd_length: bool,
}

impl Record {
    /// The frame, with what it takes from its place in the capture.
    #[inline]
    pub(crate) fn frame<'a>(&self, bytes: &'a [u8], number: u64, at: Timestamp) -> Frame<'a> {
        Frame {
            number,
            at,
            time_valid: self.at.is_some(),
            link: self.link,
            interface: self.interface,
            bytes,
            wire_length: self.wire_length,
            offset: self.offset,
            odd_length: self.odd_length,
        }
    }
}
