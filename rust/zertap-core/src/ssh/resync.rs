//! Finding packets again after a gap over a header (EDGE_CASES A8).

use crate::reader::Reader;

/// Whether a segment that begins here holds packets in clear again.
///
/// `segment` is what was captured of it, `wire_length` its length on the wire. The first header must be
/// plausible and its length lead to another plausible header or exactly to the segment's end; a NEWKEYS
/// of its one possible shape proves itself, since nothing readable follows it.
pub(super) fn resumes(segment: &[u8], wire_length: usize) -> bool {
    let Some(first) = Header::read(segment) else { return false };
    let end = first.octets;
    first.is_newkeys || end == wire_length || segment.get(end..).and_then(Header::read).is_some()
}

/// Whether a packet in clear may begin here, proven or not.
pub(super) fn may_be_clear(segment: &[u8]) -> bool {
    Header::read(segment).is_some()
}

struct Header {
    octets: usize,
    is_newkeys: bool,
}

impl Header {
    /// A plausible SSH-2 header: whole blocks of eight, padding of four or more, a number of the transport layer.
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let length = reader.u32().filter(|length| (12..=262_144).contains(length))?;
        let padding = u32::from(reader.u8().filter(|padding| *padding >= 4)?);
        let number = reader.u8().filter(|number| matches!(number, 1..=7 | 20 | 21 | 30..=49))?;
        let body = length.checked_sub(padding + 2)?;
        let aligned = (length + 4).is_multiple_of(8);
        let is_newkeys = number == 21 && body == 0 && aligned;
        aligned.then_some(Self { octets: length as usize + 4, is_newkeys })
    }
}

#[cfg(test)]
mod tests {
    use super::resumes;

    const NEWKEYS: [u8; 16] = [0, 0, 0, 12, 10, 21, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    #[test]
    fn packets_resume_only_where_lengths_prove_it() {
        let mut reply = vec![0, 0, 0, 20, 4, 31];
        reply.resize(24, 7);
        assert!(resumes(&reply, 24));
        assert!(!resumes(&reply, 30), "the length must lead to the segment's end");
        assert!(resumes(&reply[..10], 24), "cut by the snap length");
        assert!(resumes(&[reply.clone(), NEWKEYS.to_vec()].concat(), 400));
        assert!(resumes(&[NEWKEYS.to_vec(), vec![0xAB; 100]].concat(), 116));
        assert!(!resumes(&[0xAB; 100], 100));
    }
}
