//! The TCP header (RFC 9293 section 3.1), and the two options that a follower of connections needs.

use super::checksum;
use super::cut::Cut;
use super::segment::{Segment, Usual};
use super::skip::Skip;
use super::walk::{Decoded, Ends, Walk};

impl<'a> Walk<'a> {
    /// Reads the segment; the last step of every frame that has one.
    ///
    /// Options that the capture cut short are handed on as far as they go; without the fixed header there is no segment.
    #[inline]
    pub(super) fn tcp(&mut self, ends: Ends, cut: Cut<'a>) -> Decoded<'a> {
        let (header, rest) = cut.header::<20>(Skip::BadTcpHeader)?;
        let options_length = usize::from(header[12] >> 4) * 4;
        let Some(options_length) = options_length.checked_sub(20) else { return Err(Skip::BadTcpHeader) };
        if options_length > rest.wire as usize {
            return Err(Skip::BadTcpHeader);
        }
        if self.config.verify_checksums && !checksum::tcp_holds(&ends, cut) {
            return Err(Skip::BadChecksum);
        }
        let payload = rest.octets.len().saturating_sub(options_length) as u32;
        let usual = Usual::new(header, rest.octets, payload);
        let segment = usual.segment([ends.source, ends.destination], self.lane);
        let payload_on_wire = rest.wire.saturating_sub(options_length as u32);
        Ok(Segment { payload_on_wire, fragment_overlap: self.overlap, ..segment })
    }
}

/// Window scale of a SYN: the shift count, at most 14 (RFC 7323 sections 2.2 and 2.3).
///
/// Options that cannot be read are as if absent.
pub fn window_scale(options: &[u8]) -> Option<u8> {
    option::<1>(options, WINDOW_SCALE).map(|[shift]| (*shift).min(14))
}

/// Maximum segment size of a SYN, in octets (RFC 9293 section 3.7.1).
///
/// Options that cannot be read are as if absent.
pub fn maximum_segment_size(options: &[u8]) -> Option<u16> {
    option::<2>(options, MAXIMUM_SEGMENT_SIZE).map(|size| u16::from_be_bytes(*size))
}

/// The value of the first option of this kind and length.
fn option<const N: usize>(mut options: &[u8], wanted: u8) -> Option<&[u8; N]> {
    loop {
        match options {
            [] | [END, ..] => return None,
            [NOTHING, rest @ ..] => options = rest,
            [kind, length, ..] => {
                let length = usize::from(*length);
                let value = options.get(2..length)?;
                if let (true, Ok(value)) = (*kind == wanted, value.try_into()) {
                    return Some(value);
                }
                options = options.get(length..)?;
            }
            [_] => return None,
        }
    }
}

// Option kinds (IANA, TCP parameters).
const END: u8 = 0;
const NOTHING: u8 = 1;
const MAXIMUM_SEGMENT_SIZE: u8 = 2;
const WINDOW_SCALE: u8 = 3;
