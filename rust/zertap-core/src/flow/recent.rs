//! The latest segments of a direction whose handshake is followed, to tell a true retransmission from a forged one.

use crate::compact::{Compact, Reading, Writer};
use crate::stream::Seq;

/// How many segments of each direction are remembered.
const REMEMBERED: usize = 4;
/// A second round of places is full.
const FULL_ROUND: u8 = 2 * REMEMBERED as u8 - 1;

/// The latest segments of one direction: where they lay and a digest of what they held.
#[derive(Clone, Copy, Debug, Default)]
pub struct Recent {
    segments: [(Seq, u32, u64); REMEMBERED],
    /// How many there were; from `REMEMBERED` on it goes round, and tells only where the next one goes.
    count: u8,
}

impl Recent {
    /// Remembers a segment.
    pub fn remember(&mut self, seq: Seq, bytes: &[u8]) {
        let place = usize::from(self.count) % REMEMBERED;
        self.segments[place] = (seq, bytes.len() as u32, digest(bytes));
        // Full stays full.
        self.count = if self.count < FULL_ROUND { self.count + 1 } else { REMEMBERED as u8 };
    }

    /// Forgets all of them.
    pub fn forget(&mut self) {
        self.count = 0;
    }

    /// Whether a segment with the same place and length held other octets.
    pub fn contradicts(&self, seq: Seq, bytes: &[u8]) -> bool {
        self.segments
            .iter()
            .take(usize::from(self.count))
            .any(|(at, length, kept)| *at == seq && *length == bytes.len() as u32 && *kept != digest(bytes))
    }
}

/// A quick digest; not keyed, because it is only compared with the same connection's own octets and a
/// collision costs a flag, never a verdict.
fn digest(bytes: &[u8]) -> u64 {
    let length = bytes.len() as u64;
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    match bytes.last_chunk::<BLOCK>() {
        // What is left is no block: the last octets that are one take it in.
        Some(last) => digest_blocks(length, blocks, (!rest.is_empty()).then_some(last)),
        None => digest_few(length, bytes),
    }
}

/// Words that are added up beside each other: none waits for another.
const LANES: usize = 4;
/// Octets of one word in each lane.
const BLOCK: usize = 8 * LANES;

fn digest_blocks(length: u64, blocks: &[[u8; BLOCK]], last: Option<&[u8; BLOCK]>) -> u64 {
    let mut words = [0; 2 * LANES];
    add_up(blocks, last, &mut words);
    words.into_iter().fold(length, mix)
}

/// Sums and sums of sums, as Fletcher's checksum. Stored beside each other, so that they are added beside each other.
#[inline(never)]
fn add_up(blocks: &[[u8; BLOCK]], last: Option<&[u8; BLOCK]>, words: &mut [u64; 2 * LANES]) {
    let (mut sums, mut sums_of_sums) = ([0_u64; LANES], [0_u64; LANES]);
    let mut add = |block: &[u8; BLOCK]| {
        for (sum, word) in sums.iter_mut().zip(block.as_chunks::<8>().0) {
            *sum = sum.wrapping_add(u64::from_le_bytes(*word));
        }
        for (all, sum) in sums_of_sums.iter_mut().zip(sums) {
            *all = all.wrapping_add(sum);
        }
    };
    blocks.iter().for_each(&mut add);
    last.into_iter().for_each(&mut add);
    for (word, sum) in words.iter_mut().zip(sums.into_iter().chain(sums_of_sums)) {
        *word = sum;
    }
}

/// Less than a block.
fn digest_few(length: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let state = words.iter().fold(length, |state, word| mix(state, u64::from_le_bytes(*word)));
    match bytes.last_chunk::<8>() {
        Some(last) if !rest.is_empty() => mix(state, u64::from_le_bytes(*last)),
        Some(_) => state,
        None => mix(state, rest.iter().fold(0, |word, octet| word << 8 | u64::from(*octet))),
    }
}

#[inline]
fn mix(state: u64, word: u64) -> u64 {
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    (state ^ word).wrapping_mul(MIX).rotate_left(29)
}

impl Compact for Recent {
    /// Places that were never filled are left out.
    fn write(self, to: &mut Writer) {
        self.count.write(to);
        for (seq, length, digest) in self.segments.into_iter().take(usize::from(self.count)) {
            to.fixed(&seq.0.to_le_bytes());
            length.write(to);
            to.fixed(&digest.to_le_bytes());
        }
    }

    fn read(from: &mut Reading<'_>) -> Option<Self> {
        let mut recent = Self { count: u8::read(from)?, ..Self::default() };
        for segment in recent.segments.iter_mut().take(usize::from(recent.count)) {
            let seq = Seq(u32::from_le_bytes(from.fixed()?));
            let length = u32::read(from)?;
            *segment = (seq, length, u64::from_le_bytes(from.fixed()?));
        }
        Some(recent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(length: usize) -> Vec<u8> {
        (0..length).map(|place| (place * 7 + 3) as u8).collect()
    }

    #[test]
    fn every_octet_counts_wherever_it_stands() {
        for length in (0..140).chain([1460]) {
            let plain = octets(length);
            for place in 0..length {
                for change in [1, 0x80, 0xFF] {
                    let mut forged = plain.clone();
                    forged[place] ^= change;
                    assert_ne!(digest(&forged), digest(&plain), "{place} of {length}");
                }
            }
            assert_eq!(digest(&plain), digest(&plain.clone()));
            assert_ne!(digest(&plain), digest(&octets(length + 1)));
        }
    }

    #[test]
    fn octets_that_change_places_are_noticed() {
        let plain = octets(170);
        for distance in [1, 8, 16, BLOCK, 2 * BLOCK, 3 * BLOCK] {
            for place in 0..plain.len() - distance {
                let mut forged = plain.clone();
                forged.swap(place, place + distance);
                assert_ne!(digest(&forged), digest(&plain), "{place}, {distance}");
            }
        }
    }

    #[test]
    fn only_another_content_at_the_same_place_contradicts() {
        let mut recent = Recent::default();
        for number in 0..6_u8 {
            recent.remember(Seq(u32::from(number) * 100), &[number; 100]);
        }
        assert!(recent.contradicts(Seq(500), &[1; 100]) && recent.contradicts(Seq(200), &[1; 100]));
        assert!(!recent.contradicts(Seq(500), &[5; 100]) && !recent.contradicts(Seq(500), &[1; 99]));
        // Too many came since.
        assert!(!recent.contradicts(Seq(100), &[7; 100]));
    }
}
