//! The block format: sections of blocks, interfaces that keep their own time (draft-ietf-opsawg-pcapng).
//!
//! ```text
//!  every block     type 4 | length 4 | body, padded to 4 | length 4
//! ```
//!
//! This file walks the blocks, because where and why a file is damaged, the limit on a block and frames that borrow
//! from our own window are decided there; a packet block is then five numbers at fixed places, and its options are
//! not looked at. The option list of an interface comes from `pcap-parser`. Its ready-made blocks are not used: they
//! allocate per packet, read `if_tsoffset` of big-endian files in the wrong order, know no power-of-two
//! `if_tsresol` and no obsolete packet block. A test reads every shared capture both ways and compares.

use pcap_parser::{OptionCode, PcapError, PcapNGOption, parse_option_be, parse_option_le};

use crate::blocks::{Blocks, ENHANCED_PACKET};
use crate::clock::TimeResolution;
use crate::error::Fault;
use crate::frame::{Interface, Record};
use crate::order::Order;
use crate::window::{LIMIT, Window};

/// Type, first length, and the four octets that are the byte-order magic in a section header.
const BLOCK_START: usize = 12;
/// Reads the same in both byte orders, so that it can be found before the order is known.
const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;

/// Most interfaces over all sections of one capture.
const MOST_INTERFACES: usize = 65_536;

/// Whether `head` begins like a pcapng.
pub(crate) fn recognise(head: &[u8]) -> bool {
    head.starts_with(&SECTION_HEADER.to_be_bytes())
}

/// Finds the packets of a pcapng.
pub(crate) struct PcapngReader {
    order: Order,
    /// Index of the section's interface 0 among all interfaces of the capture.
    section: usize,
}

impl PcapngReader {
    /// Reads the section header that the stream begins with.
    pub(crate) fn open(window: &mut Window) -> Result<Self, Fault> {
        let mut reader = Self { order: Order::Little, section: 0 };
        let Some(block) = reader.block(window)? else {
            return Err(Fault::bad(0, "not a pcapng section header"));
        };
        check_section(&block, window)?;
        window.advance(block.length);
        Ok(reader)
    }

    /// The byte order of the section being read.
    pub(crate) fn order(&self) -> Order {
        self.order
    }

    /// The next packet, or `None` at the end of the stream.
    #[inline]
    pub(crate) fn next(
        &mut self,
        window: &mut Window,
        interfaces: &mut Vec<Interface>,
    ) -> Result<Option<Record>, Fault> {
        loop {
            let Some(block) = self.block(window)? else {
                return Ok(None);
            };
            let record = match block.kind {
                ENHANCED_PACKET | OBSOLETE_PACKET => Some(self.packet(&block, window, interfaces)?),
                SIMPLE_PACKET => Some(self.simple_packet(&block, window, interfaces)?),
                INTERFACE_DESCRIPTION => {
                    add_interface(&block, window, interfaces)?;
                    None
                }
                SECTION_HEADER => {
                    check_section(&block, window)?;
                    self.section = interfaces.len();
                    None
                }
                _ => None,
            };
            window.advance(block.length);
            if record.is_some() {
                return Ok(record);
            }
        }
    }

    /// The usual packets that stand in the window whole; walking them moves nothing.
    #[inline]
    pub(crate) fn whole<'w>(&self, window: &'w Window, interfaces: &'w [Interface]) -> Blocks<'w> {
        let own = interfaces.get(self.section..).unwrap_or_default();
        Blocks::new(window.available(), window.offset(), self.order, own, self.section)
    }

    /// The block that begins here, wholly available; `None` at a clean end.
    #[inline]
    fn block(&mut self, window: &mut Window) -> Result<Option<Block>, Fault> {
        if !window.need(BLOCK_START)? {
            return end(window);
        }
        let [kind, length, magic] = *window.available().as_chunks().0.first_chunk().unwrap_or(&[[0; 4]; 3]);
        if kind == SECTION_HEADER.to_be_bytes() {
            self.order = section_order(magic, window.offset())?;
        }
        let (kind, length) = (self.order.whole(kind), self.order.whole(length));
        check_length(kind, length, window.offset())?;
        let whole = length as usize;
        if !window.need(whole)? {
            let missing = whole - window.available().len();
            return Err(Fault::bad(
                window.offset(),
                format!("cut short: the block lacks {missing} of its {whole} octets"),
            ));
        }
        let block = Block { kind, order: self.order, length: whole };
        let trailing = block.u32(window, whole - 4);
        if trailing != length {
            let reason = format!("the block's two lengths differ: {length} and {trailing}");
            return Err(Fault::bad(window.offset(), reason));
        }
        Ok(Some(block))
    }

    /// Enhanced (section 4.3) and obsolete (appendix A) packet blocks differ only in how they name the interface.
    #[inline]
    fn packet(&self, block: &Block, window: &Window, interfaces: &[Interface]) -> Result<Record, Fault> {
        let id = match block.kind {
            OBSOLETE_PACKET => u32::from(block.order.u16(window.available(), 8).unwrap_or_default()),
            _ => block.u32(window, 8),
        };
        let (index, interface) = self.interface(id, window, interfaces)?;
        let ticks = u64::from(block.u32(window, 12)) << 32 | u64::from(block.u32(window, 16));
        let (captured, original) = (block.u32(window, 20), block.u32(window, 24));
        Ok(Record {
            at: interface.clock.at(ticks),
            link: interface.link,
            interface: index,
            start: window.position() + 28,
            length: block.holds(captured, 28, window)?,
            wire_length: original,
            offset: window.offset(),
            odd_length: captured > original || captured > interface.snap_limit(),
        })
    }

    /// A simple packet (section 4.4): interface 0, no time, and the captured length only by the snap length.
    fn simple_packet(
        &self,
        block: &Block,
        window: &Window,
        interfaces: &[Interface],
    ) -> Result<Record, Fault> {
        let (index, interface) = self.interface(0, window, interfaces)?;
        let original = block.u32(window, 8);
        let captured = original.min(interface.snap_limit());
        Ok(Record {
            at: None,
            link: interface.link,
            interface: index,
            start: window.position() + 12,
            length: block.holds(captured, 12, window)?,
            wire_length: original,
            offset: window.offset(),
            odd_length: false,
        })
    }

    /// The section's interface `id` and its index over all sections.
    #[inline]
    fn interface<'i>(
        &self,
        id: u32,
        window: &Window,
        interfaces: &'i [Interface],
    ) -> Result<(u32, &'i Interface), Fault> {
        let index = self.section + id as usize;
        match interfaces.get(index) {
            Some(interface) => Ok((index as u32, interface)),
            None => Err(unknown_interface(id, interfaces.len() - self.section, window.offset())),
        }
    }
}

/// A block that is wholly available at the front of the window, its lengths checked.
struct Block {
    kind: u32,
    order: Order,
    /// The whole block. Unit: octets.
    length: usize,
}

impl Block {
    /// The number at `at` within the block; the smallest length of each type has been checked.
    #[inline]
    fn u32(&self, window: &Window, at: usize) -> u32 {
        self.order.u32(window.available(), at).unwrap_or_default()
    }

    /// `captured` as a length, if so many octets fit between `from` and the trailing length.
    #[inline]
    fn holds(&self, captured: u32, from: usize, window: &Window) -> Result<usize, Fault> {
        let room = self.length - from - 4;
        if captured as usize > room {
            let reason = format!("the packet claims {captured} octets in a block with room for {room}");
            return Err(Fault::bad(window.offset(), reason));
        }
        Ok(captured as usize)
    }
}

/// Nothing is left, or the beginning of a block.
#[cold]
fn end(window: &Window) -> Result<Option<Block>, Fault> {
    match window.available().len() {
        0 => Ok(None),
        there => Err(Fault::bad(
            window.offset(),
            format!("cut short: the block header has {there} of {BLOCK_START} octets"),
        )),
    }
}

#[cold]
fn unknown_interface(id: u32, described: usize, offset: u64) -> Fault {
    Fault::bad(offset, format!("a packet of interface {id}, but the section has described {described}"))
}

/// The byte order that a section header's magic tells.
fn section_order(magic: [u8; 4], offset: u64) -> Result<Order, Fault> {
    match magic {
        [0x1a, 0x2b, 0x3c, 0x4d] => Ok(Order::Big),
        [0x4d, 0x3c, 0x2b, 0x1a] => Ok(Order::Little),
        [a, b, c, d] => {
            let reason = format!("the section header's byte-order magic is {a:02x}{b:02x}{c:02x}{d:02x}");
            Err(Fault::bad(offset, reason))
        }
    }
}

/// Refuses a length before anything is read because of it.
#[inline]
fn check_length(kind: u32, length: u32, offset: u64) -> Result<(), Fault> {
    let least = match kind {
        SECTION_HEADER => 28,
        INTERFACE_DESCRIPTION => 20,
        OBSOLETE_PACKET | ENHANCED_PACKET => 32,
        SIMPLE_PACKET => 16,
        _ => 12,
    };
    if length < least || length > LIMIT || !length.is_multiple_of(4) {
        return Err(Fault::bad(
            offset,
            format!("a block of type {kind:#x} claims a length of {length} octets"),
        ));
    }
    Ok(())
}

/// A section of another major version may mean anything.
fn check_section(block: &Block, window: &Window) -> Result<(), Fault> {
    match block.order.u16(window.available(), 12) {
        Some(1) => Ok(()),
        version => {
            let major = version.unwrap_or_default();
            Err(Fault::bad(window.offset(), format!("pcapng version {major} is not supported")))
        }
    }
}

/// Notes an interface description (section 4.2).
#[cold]
fn add_interface(block: &Block, window: &Window, interfaces: &mut Vec<Interface>) -> Result<(), Fault> {
    if interfaces.len() >= MOST_INTERFACES {
        return Err(Fault::bad(window.offset(), format!("more than {MOST_INTERFACES} interfaces")));
    }
    let link = block.order.u16(window.available(), 8).unwrap_or_default();
    let snap_length = block.u32(window, 12);
    let options = window.available().get(16..block.length - 4).unwrap_or_default();
    let Some((resolution, offset)) = time_options(block.order, options) else {
        return Err(Fault::bad(window.offset(), "an interface's options do not fit their block"));
    };
    interfaces.push(Interface::new(link, snap_length, resolution, offset));
    Ok(())
}

/// `if_tsresol` and `if_tsoffset`, or their defaults; `None` if the list does not hold together.
fn time_options(order: Order, mut list: &[u8]) -> Option<(TimeResolution, i64)> {
    let mut resolution = TimeResolution::Decimal(6);
    let mut offset = 0;
    while !list.is_empty() {
        let (rest, option) = parse_option(order, list)?;
        match option.code {
            OptionCode::EndOfOpt => break,
            OptionCode::IfTsresol => resolution = time_resolution(*option.value.first()?),
            OptionCode::IfTsoffset => offset = order.i64(&option.value)?,
            _ => {}
        }
        list = rest;
    }
    Some((resolution, offset))
}

fn parse_option(order: Order, list: &[u8]) -> Option<(&[u8], PcapNGOption<'_>)> {
    match order {
        Order::Big => parse_option_be::<PcapError<&[u8]>>(list).ok(),
        Order::Little => parse_option_le::<PcapError<&[u8]>>(list).ok(),
    }
}

/// The highest bit chooses the base, the others are the negative exponent.
fn time_resolution(octet: u8) -> TimeResolution {
    match octet {
        0x80.. => TimeResolution::Binary(octet & 0x7f),
        _ => TimeResolution::Decimal(octet),
    }
}
