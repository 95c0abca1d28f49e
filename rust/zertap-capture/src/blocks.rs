//! The usual blocks of a pcapng, where they stand in the window whole: the short road beside `pcapng.rs`, which takes over
//! at the first block that is anything else.

use crate::ahead::{ask_ahead, ask_for_heads};
use crate::frame::{Frame, Interface};
use crate::order::Order;
use crate::window::LIMIT;

/// The block that holds a packet, its interface and its time (section 4.3).
pub(crate) const ENHANCED_PACKET: u32 = 6;

/// From the block's type to the packet's original length.
const HEAD: usize = 28;
/// The block's length stands again behind the packet and its options.
const TAIL: usize = 4;

/// See [`PcapngReader::whole`](crate::pcapng::PcapngReader::whole).
pub(crate) struct Blocks<'w> {
    rest: &'w [u8],
    /// Where `rest` ends in the stream: walking moves only its beginning.
    end: u64,
    order: Order,
    interfaces: &'w [Interface],
    /// Index of the first of them among all interfaces of the capture.
    section: usize,
}

impl<'w> Blocks<'w> {
    /// The blocks of a section that begin with these octets, `offset` octets into the stream.
    #[inline]
    pub(crate) fn new(
        rest: &'w [u8],
        offset: u64,
        order: Order,
        interfaces: &'w [Interface],
        section: usize,
    ) -> Self {
        Self { rest, end: offset + rest.len() as u64, order, interfaces, section }
    }

    /// Where the next block begins in the stream.
    #[inline]
    pub(crate) fn offset(&self) -> u64 {
        // `end` lies so many octets behind it; nothing is checked, so that nobody pays who does not ask.
        self.end.wrapping_sub(self.rest.len() as u64)
    }

    /// The next enhanced packet (section 4.3) as the frame of this number, if nothing about it is unusual. `HEADS`: of the
    /// frames mostly the headers will be read.
    #[expect(clippy::inline_always, reason = "as `Records::next`")]
    #[inline(always)]
    pub(crate) fn next<const HEADS: bool>(&mut self, number: u64) -> Option<Frame<'w>> {
        let head = self.rest.first_chunk::<HEAD>()?;
        let [kind, length, id, high, low, captured, original] = *head.as_chunks::<4>().0.first_chunk()?;
        let [kind, whole, id, high, low, captured, original] = match self.order {
            Order::Little => [kind, length, id, high, low, captured, original].map(u32::from_le_bytes),
            Order::Big => [kind, length, id, high, low, captured, original].map(u32::from_be_bytes),
        };
        let interface = self.interfaces.get(id as usize)?;
        let unusual = kind != ENHANCED_PACKET
            || !whole.is_multiple_of(4)
            || whole > LIMIT
            || captured > original
            || captured > interface.snap_limit();
        let (block, behind) = self.rest.split_at_checked(whole as usize).filter(|_| !unusual)?;
        let (body, again) = block.get(HEAD..)?.split_last_chunk::<TAIL>()?;
        let bytes = body.get(..captured as usize).filter(|_| *again == length)?;
        let at = interface.clock.at(u64::from(high) << 32 | u64::from(low))?;
        if HEADS {
            ask_for_heads(behind, HEAD + TAIL);
        } else {
            ask_ahead(behind, bytes.len());
        }
        let offset = self.offset();
        self.rest = behind;
        Some(Frame {
            number,
            at,
            time_valid: true,
            link: interface.link,
            interface: (self.section + id as usize) as u32,
            bytes,
            wire_length: original,
            offset,
            odd_length: false,
        })
    }
}
