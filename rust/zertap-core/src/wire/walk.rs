//! Where the decoder stands inside one frame.
//!
//! The layers (`link`, `ip`, `tunnel`, `tcp`) are methods of [`Walk`], each in its own file and each handing what it
//! carries to the next. Tags and tunnels lead back up; that may happen at most [`WireConfig::nesting`] times, which also
//! bounds the depth of the calls.

use super::WireConfig;
use super::fragment::FragmentTable;
use super::segment::{Address, Segment};
use super::skip::Skip;
use crate::time::Timestamp;

/// What every layer returns.
pub(super) type Decoded<'a> = Result<Segment<'a>, Skip>;

/// The state of one walk from the link layer down to TCP.
pub(super) struct Walk<'a> {
    pub config: &'a WireConfig,
    pub fragments: &'a mut FragmentTable,
    /// Buffers for reassembled datagrams, one for each level of fragments inside fragments.
    pub room: &'a mut [Vec<u8>],
    pub at: Timestamp,
    /// See [`Segment::lane`].
    pub lane: u32,
    pub depth: u8,
    /// Overlapping IPv4 fragments were joined on the way.
    pub overlap: bool,
}

/// The two ends of an IP packet.
#[derive(Clone, Copy)]
pub(super) struct Ends {
    pub source: Address,
    pub destination: Address,
}

/// What can tell lanes apart. The numbers go into the mix and have no other meaning.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Vlan = 1,
    Vxlan = 2,
    Geneve = 3,
    GreHigh = 4,
    GreLow = 5,
    Pppoe = 6,
    Service = 7,
}

impl Walk<'_> {
    /// Enters one more layer: a tag, a tunnel, a pseudowire.
    #[inline]
    pub(super) fn deeper(&mut self) -> Result<(), Skip> {
        if self.depth >= self.config.nesting {
            return Err(Skip::TooDeep);
        }
        self.depth += 1;
        Ok(())
    }

    /// Folds one identifier of at most 24 bits into the lane, unless the configuration ignores its kind.
    pub(super) fn fold(&mut self, tag: Tag, identifier: u32) {
        let ignored = match tag {
            Tag::Vlan | Tag::Service => self.config.ignore_vlan,
            _ => self.config.ignore_tunnels,
        };
        if !ignored {
            self.lane = fold(self.lane, tag, identifier);
        }
    }
}

/// A lane with one more identifier.
///
/// One identifier alone always gives a lane of its own and never 0; stacks of them collide once in 2^32.
#[inline]
pub(super) fn fold(lane: u32, tag: Tag, identifier: u32) -> u32 {
    let word = (tag as u32) << 24 | (identifier & 0x00ff_ffff);
    let mixed = (lane.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b1);
    (mixed ^ mixed >> 15).max(1)
}
