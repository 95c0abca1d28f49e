//! A stretch of a frame of which the capture may have kept less than the wire had.
//!
//! Every read in `wire/` goes through here, so every length is checked in one place. A header that is missing because
//! the capture was cut is `Truncated`; one that was never there is whatever the layer calls malformed.

use super::skip::Skip;

/// Octets as captured, with the length they had on the wire.
///
/// Always: `wire >= octets.len()`.
#[derive(Clone, Copy)]
pub(super) struct Cut<'a> {
    /// What was captured.
    pub octets: &'a [u8],
    /// How many octets there were.
    pub wire: u32,
    /// The length was declared by a header, not only noted by the capture. What lies inside cannot be longer; a
    /// capture's own note is less worth than an IP header's length.
    pub declared: bool,
}

impl<'a> Cut<'a> {
    /// A whole frame. A wire length below the captured one, or beyond [`LARGEST_FRAME`], is not believed (FILE-11).
    #[inline]
    pub(super) fn frame(octets: &'a [u8], wire_length: u32) -> Self {
        let captured = saturate(octets.len());
        Self { octets, wire: wire_length.min(LARGEST_FRAME).max(captured), declared: false }
    }

    /// Octets of which nothing is missing.
    pub(super) fn whole(octets: &'a [u8]) -> Self {
        Self { octets, wire: saturate(octets.len()), declared: true }
    }

    /// The first `N` octets and the rest. `bad` is the reason if the wire had fewer.
    #[inline]
    pub(super) fn header<const N: usize>(self, bad: Skip) -> Result<(&'a [u8; N], Cut<'a>), Skip> {
        match self.octets.split_first_chunk::<N>() {
            Some((header, rest)) => {
                Ok((header, Cut { octets: rest, wire: self.wire.saturating_sub(N as u32), ..self }))
            }
            None => Err(self.missing(N, bad)),
        }
    }

    /// What follows the first `length` octets. `bad` is the reason if the wire had fewer.
    #[inline]
    pub(super) fn skip(self, length: usize, bad: Skip) -> Result<Cut<'a>, Skip> {
        match self.octets.get(length..) {
            Some(rest) => Ok(Cut { octets: rest, wire: self.wire.saturating_sub(length as u32), ..self }),
            None => Err(self.missing(length, bad)),
        }
    }

    /// Takes the length that a header declares for this stretch: what lies behind is padding, what lacks was cut (IP-08).
    #[inline]
    pub(super) fn declared(self, length: u32) -> Cut<'a> {
        let wire = if self.declared { length.min(self.wire) } else { length };
        Cut { octets: self.octets.get(..wire as usize).unwrap_or(self.octets), wire, declared: true }
    }

    /// Whether everything that was on the wire was captured.
    #[inline]
    pub(super) fn is_whole(self) -> bool {
        self.octets.len() == self.wire as usize
    }

    /// Whose fault it is that the first `needed` octets are not all here.
    #[cold]
    fn missing(self, needed: usize, bad: Skip) -> Skip {
        if needed <= self.wire as usize { Skip::Truncated } else { bad }
    }
}

/// Reads a 16-bit number in network order.
#[inline]
pub(super) fn be16(high: u8, low: u8) -> u16 {
    u16::from_be_bytes([high, low])
}

/// A length as 32 bits; frames are far shorter.
#[inline]
fn saturate(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// No frame is longer: the limit of a capture record (EDGE_CASES A10).
const LARGEST_FRAME: u32 = 16 * 1024 * 1024;
