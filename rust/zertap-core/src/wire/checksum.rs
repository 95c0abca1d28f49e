//! Internet checksums (RFC 1071), verified only on request: captures of a sending host are full of wrong ones, because
//! its network card fills them in later (EDGE_CASES TCP-16).

use super::cut::Cut;
use super::walk::Ends;

/// Whether an IPv4 header, options included, sums up.
#[cold]
pub(super) fn header_holds(header: &[u8]) -> bool {
    fold(sum(header)) == 0xffff
}

/// Whether a TCP segment sums up with its pseudo-header; one that the capture cut cannot be judged and holds.
#[cold]
pub(super) fn tcp_holds(ends: &Ends, segment: Cut<'_>) -> bool {
    if !segment.is_whole() {
        return true;
    }
    // The ten octets of the mapped prefix sum to 0xffff, which is zero in this arithmetic: one formula for 4 and 6.
    let pseudo = sum(&ends.source.0) + sum(&ends.destination.0) + u64::from(segment.wire) + TCP;
    fold(pseudo + sum(segment.octets)) == 0xffff
}

/// The sum of 16-bit words, an odd last octet padded with zero.
fn sum(octets: &[u8]) -> u64 {
    let (words, last) = octets.as_chunks::<2>();
    let words: u64 = words.iter().map(|word| u64::from(u16::from_be_bytes(*word))).sum();
    words + last.first().map_or(0, |octet| u64::from(*octet) << 8)
}

/// Adds the carries back until sixteen bits remain.
fn fold(mut sum: u64) -> u64 {
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    sum
}

/// The protocol number in the pseudo-header.
const TCP: u64 = 6;
