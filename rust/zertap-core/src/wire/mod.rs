//! One captured frame to one TCP segment, borrowed.
//!
//! This is where every packet passes first, so the usual one (Ethernet, perhaps a VLAN tag, IPv4 or IPv6, TCP) costs a few
//! nanoseconds and no allocation: `straight` reads it in one step. Every other frame is walked layer by layer. Nothing
//! here knows connections, and nothing here can fail: a frame that gives no segment gives the reason instead ([`Skip`]).
//!
//! A staircase of files: `cut` (checked reads), `segment` and `skip` (results), `walk` (where we stand), then one file
//! for each kind of layer, `straight` above them all.

mod checksum;
mod cut;
mod datagram;
mod extent;
mod fragment;
mod ip;
mod link;
mod rare_link;
mod segment;
mod skip;
mod straight;
pub mod tcp;
mod tunnel;
mod udp;
mod walk;

pub use extent::{Extent, Ground};
pub use fragment::{FragmentCounters, FragmentLimits};
pub use link::LinkType;
pub use segment::{Address, Corners, Ipv4Corners, Naming, Plain, Segment, TcpFlags, Usual};
pub use skip::Skip;

use std::fmt;

use crate::time::Timestamp;
use cut::Cut;
use fragment::FragmentTable;
use walk::Walk;

/// How frames are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireConfig {
    /// Leave VLAN tags out of the lane, for taps that tag the two directions differently.
    pub ignore_vlan: bool,
    /// Leave tunnel identifiers out of the lane, for tunnels that number the two directions differently.
    pub ignore_tunnels: bool,
    /// Skip packets with wrong IPv4 header or TCP checksums. Off by default: sending hosts leave them to the network card.
    pub verify_checksums: bool,
    /// Bounds of the reassembly of IP fragments.
    pub fragments: FragmentLimits,
    /// Tags and tunnels that may lie around a segment; more is [`Skip::TooDeep`].
    pub nesting: u8,
}

impl Default for WireConfig {
    fn default() -> Self {
        Self {
            ignore_vlan: false,
            ignore_tunnels: false,
            verify_checksums: false,
            fragments: FragmentLimits::default(),
            nesting: 8,
        }
    }
}

/// Reads frames; its only memory between them are IP fragments that wait for their siblings.
pub struct Decoder {
    config: WireConfig,
    /// The link type whose frames may be of the usual shape, or a number that none has.
    straight: u32,
    fragments: FragmentTable,
    room: [Vec<u8>; 2],
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new(WireConfig::default())
    }
}

impl Decoder {
    /// A decoder that holds no fragments yet.
    pub fn new(config: WireConfig) -> Self {
        let straight = if config.verify_checksums { u32::MAX } else { LinkType::ETHERNET.0.into() };
        let fragments = FragmentTable::new(config.fragments);
        Self { config, straight, fragments, room: Default::default() }
    }

    /// What a frame of the usual shape holds; `None` leaves the frame to `unusual`.
    #[inline]
    pub fn usual<'a>(&self, link: LinkType, frame: &'a [u8]) -> Option<(Corners, Usual<'a>)> {
        self.name(link, frame, Plain)
    }

    /// The same, with its corners as they are wanted.
    #[inline]
    pub fn name<'a, N: Naming>(
        &self,
        link: LinkType,
        frame: &'a [u8],
        naming: N,
    ) -> Option<(N::Name, Usual<'a>)> {
        if u32::from(link.0) == self.straight { straight::find(&self.config, frame, naming) } else { None }
    }

    /// The TCP segment in one frame, or why there is none.
    ///
    /// `frame` are the captured octets, `wire_length` how many there were; `at` only lets fragments grow old.
    #[inline]
    pub fn decode<'a>(
        &'a mut self,
        at: Timestamp,
        link: LinkType,
        frame: &'a [u8],
        wire_length: u32,
    ) -> Result<Segment<'a>, Skip> {
        match self.usual(link, frame) {
            Some((corners, usual)) => {
                let ends = corners.addresses.map(|address| Address(address.to_ne_bytes()));
                Ok(usual.segment(ends, corners.lane))
            }
            None => self.unusual(at, link, frame, wire_length),
        }
    }

    /// As `decode`, for a frame that `usual` has left.
    pub fn unusual<'a>(
        &'a mut self,
        at: Timestamp,
        link: LinkType,
        frame: &'a [u8],
        wire_length: u32,
    ) -> Result<Segment<'a>, Skip> {
        self.walk(at, link, Cut::frame(frame, wire_length))
    }

    /// Layer by layer; reads every frame.
    #[inline(never)]
    fn walk<'a>(&'a mut self, at: Timestamp, link: LinkType, frame: Cut<'a>) -> Result<Segment<'a>, Skip> {
        let mut walk = Walk {
            config: &self.config,
            fragments: &mut self.fragments,
            room: &mut self.room,
            at,
            lane: 0,
            depth: 0,
            overlap: false,
        };
        walk.link(link, frame)
    }

    /// What became of IP fragments so far, and how much is held now.
    pub fn counters(&self) -> FragmentCounters {
        self.fragments.counters()
    }
}

impl fmt::Debug for Decoder {
    /// Numbers only: what fragments carry is nobody's to print.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("config", &self.config)
            .field("counters", &self.counters())
            .finish_non_exhaustive()
    }
}
