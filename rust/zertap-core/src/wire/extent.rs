//! Where a segment of the usual shape lies, so that it is found again without being read again.

use std::ops::Range;

use super::segment::{TcpFlags, Usual};

/// Where such a segment lies, and its flags: in eight octets.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    start: u32,
    /// Octets of options and payload.
    behind: u16,
    /// Octets of options; as these are whole words, the lowest bit is free: a mark of the caller's.
    options: u8,
    flags: TcpFlags,
}

/// Octets among which segments lie.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    octets: &'a [u8],
    /// Where they begin.
    from: usize,
}

impl<'a> Ground<'a> {
    /// These octets, which begin at `from`.
    pub const fn new(octets: &'a [u8], from: usize) -> Self {
        Self { octets, from }
    }

    /// Those from one place to before another, if all of them are there.
    #[inline]
    pub fn get(&self, Range { start, end }: Range<usize>) -> Option<&'a [u8]> {
        self.octets.get(start.wrapping_sub(self.from)..end.wrapping_sub(self.from))
    }

    /// So many of them from a place on, if there are as many.
    #[inline]
    pub fn head<const OCTETS: usize>(&self, start: usize) -> Option<&'a [u8; OCTETS]> {
        self.octets.get(start.wrapping_sub(self.from)..)?.first_chunk()
    }

    /// Where they end.
    pub const fn end(&self) -> usize {
        self.from + self.octets.len()
    }
}

impl Extent {
    /// No octets.
    pub const NOWHERE: Self = Self { start: 0, behind: 0, options: 0, flags: TcpFlags(0) };

    /// From where to where the segment lies.
    #[inline]
    pub fn range(&self) -> Range<usize> {
        let start = self.start as usize;
        start..start + 20 + usize::from(self.behind)
    }

    /// The mark.
    #[inline]
    pub const fn mark(&self) -> bool {
        self.options & 1 != 0
    }

    /// Its flags.
    #[inline]
    pub const fn flags(&self) -> TcpFlags {
        self.flags
    }

    /// How many octets of payload it has.
    #[inline]
    pub const fn octets(&self) -> u32 {
        // Options are part of what is behind.
        (self.behind as u32).wrapping_sub((self.options & !1) as u32)
    }

    /// The payload, if it is there.
    #[inline]
    pub fn payload<'a>(&self, ground: Ground<'a>) -> Option<&'a [u8]> {
        let Range { start, end } = self.range();
        ground.get(start + 20 + usize::from(self.options & !1)..end)
    }

    /// The segment, if it is there.
    #[inline]
    pub fn segment<'a>(&self, ground: Ground<'a>) -> Option<Usual<'a>> {
        let (header, behind) = ground.get(self.range())?.split_first_chunk()?;
        Some(Usual::new(header, behind, self.octets()))
    }
}

impl Usual<'_> {
    /// Where it lies, if the frame that it was read from begins at `start`, below 4 GiB; with a mark.
    #[inline]
    pub fn extent(&self, frame: &[u8], start: usize, mark: bool) -> Extent {
        let header = self.header.as_ptr().addr().wrapping_sub(frame.as_ptr().addr());
        // An IP packet is at most 64 KiB long, TCP's options are at most 40 octets.
        let (behind, options) =
            (self.behind.len() as u16, (self.behind.len() as u32).wrapping_sub(self.octets()));
        let start = start.wrapping_add(header) as u32;
        Extent { start, behind, options: options as u8 | u8::from(mark), flags: self.flags() }
    }
}
