//! Packet boundaries of both protocol versions, as long as packets pass in clear.
//!
//! ```text
//! SSH-2  | length 4 | padding length 1 | number 1 | body ...     | padding |     RFC 4253 section 6
//! SSH-1  | length 4 | padding 1..8     | number 1 | body ... | crc 4       |     length counts from `number`
//! ```
//!
//! A packet that lies whole in one slice is lent from it; only one that is cut is gathered, at most as
//! much of it as its message number is worth. Nothing is allocated by a length that is merely claimed.

use super::ssh1::crc32;
use crate::compact::compact;

/// The range of lengths that both versions may announce (A10).
const LENGTHS: std::ops::RangeInclusive<u32> = 5..=262_144;
/// Octets kept of one KEXINIT (A10).
const KEEP_KEXINIT: u32 = 64 * 1024;
/// Octets kept of one key exchange message: enough for any host key with its certificate.
const KEEP_KEX: u32 = 32 * 1024;
/// Octets kept of one SSH-1 packet.
const KEEP_SSH1: u32 = 16 * 1024;
/// The longest header: length, eight octets of SSH-1 padding, number.
const HEADER: usize = 13;
/// The shortest header, the same for both versions; enough to tell them apart.
const SHORT_HEADER: usize = 6;

/// The protocol version that shapes the packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// SSH-1.
    One,
    /// SSH-2.
    Two,
}

/// How much of a body is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// All of it.
    Whole,
    /// Its beginning; the rest was not wanted or passed the limit.
    Limited,
    /// Its beginning; the rest was lost to the capture.
    Damaged,
}

/// One packet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet<'a> {
    /// The version it is framed by.
    pub(super) framing: Framing,
    /// The message number.
    pub(super) number: u8,
    /// What follows the number, without padding and CRC.
    pub(super) body: &'a [u8],
    /// How much of the body that is.
    pub(super) kept: Kept,
    /// SSH-1: the CRC proves that the packet passed in clear. Always true for SSH-2.
    pub(super) clear: bool,
}

/// What [`Deframer::next`] answers.
#[derive(Debug)]
pub(super) enum Step<'a> {
    /// The input is used up.
    NeedMore,
    /// One packet has ended.
    Packet(Packet<'a>),
    /// A length that the protocol forbids.
    BadLength,
}

/// Finds packets in one direction's octets.
#[derive(Debug, Default)]
pub(super) struct Deframer {
    framing: Option<Framing>,
    header: [u8; HEADER],
    filled: u8,
    state: State,
    body_left: u32,
    tail_left: u32,
    keep: u32,
    kept: Option<Kept>,
    body: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Header,
    Body,
    Delivered,
}

impl Deframer {
    /// A deframer; without a version the first packet's shape decides (a side that announced `1.99`).
    pub(super) fn new(framing: Option<Framing>) -> Self {
        Self { framing, ..Self::default() }
    }

    /// The version that shapes the packets, once known.
    pub(super) const fn framing(&self) -> Option<Framing> {
        self.framing
    }

    /// Octets held of a packet that is cut.
    #[cfg(test)]
    pub(super) fn holds(&self) -> usize {
        self.body.capacity()
    }

    /// Reads on in `input`, up to the end of one packet, and shortens it by what was used.
    pub(super) fn next<'a>(&'a mut self, input: &mut &'a [u8]) -> Step<'a> {
        if self.state == State::Delivered {
            *self = Self::new(self.framing);
        }
        if self.state == State::Header {
            match self.read_header(input) {
                Header::Open => return Step::NeedMore,
                Header::Bad => return Step::BadLength,
                Header::Complete => self.state = State::Body,
            }
        }
        self.read_body(input)
    }

    /// `length` octets will never be seen. True when they lay inside a packet whose header is known.
    pub(super) fn gap(&mut self, length: u64) -> bool {
        let left = u64::from(self.body_left) + u64::from(self.tail_left);
        if self.state != State::Body || length > left {
            return false;
        }
        let length = length as u32;
        let in_body = length.min(self.body_left);
        if in_body > 0 {
            self.kept = Some(Kept::Damaged);
            self.keep = 0;
        }
        self.body_left -= in_body;
        self.tail_left -= length - in_body;
        true
    }

    fn read_header(&mut self, input: &mut &[u8]) -> Header {
        loop {
            let want = self.header_wanted();
            let filled = usize::from(self.filled);
            if filled >= want && filled >= SHORT_HEADER {
                return self.begin_body();
            }
            let (taken, rest) = input.split_at(input.len().min(want - filled));
            let Some(room) = self.header.get_mut(filled..filled + taken.len()) else { return Header::Bad };
            room.copy_from_slice(taken);
            self.filled += taken.len() as u8;
            *input = rest;
            if usize::from(self.filled) < want {
                return Header::Open;
            }
            if !LENGTHS.contains(&self.length()) {
                return Header::Bad;
            }
            if usize::from(self.filled) >= SHORT_HEADER && self.framing.is_none() {
                self.framing = Some(self.guess_framing());
            }
        }
    }

    /// How many octets of header must be there to say more.
    fn header_wanted(&self) -> usize {
        match (self.filled, self.framing) {
            (..4, _) => 4,
            (_, Some(Framing::One)) => 5 + self.padding_one() as usize,
            _ => SHORT_HEADER,
        }
    }

    fn length(&self) -> u32 {
        let [a, b, c, d, ..] = self.header;
        u32::from_be_bytes([a, b, c, d])
    }

    fn padding_one(&self) -> u32 {
        8 - self.length() % 8
    }

    /// SSH-2 opens with KEXINIT, or with a message of the transport layer, on a multiple of eight octets
    /// (RFC 4253 section 6); SSH-1's first packet has padding where these would stand.
    fn guess_framing(&self) -> Framing {
        let [_, _, _, _, padding, number, ..] = self.header;
        let aligned = (self.length() + 4).is_multiple_of(8) && padding >= 4;
        if aligned && matches!(number, 1..=4 | 20) { Framing::Two } else { Framing::One }
    }

    fn begin_body(&mut self) -> Header {
        let length = self.length();
        let [_, _, _, _, padding, ..] = self.header;
        if self.framing == Some(Framing::One) {
            self.body_left = length - 1;
        } else {
            let Some(body) = length.checked_sub(u32::from(padding) + 2) else { return Header::Bad };
            self.body_left = body;
            self.tail_left = u32::from(padding);
        }
        self.keep = match (self.framing, self.number()) {
            (Some(Framing::One), _) => KEEP_SSH1,
            (_, 20) => KEEP_KEXINIT,
            (_, 30..=49) => KEEP_KEX,
            _ => 0,
        };
        Header::Complete
    }

    fn number(&self) -> u8 {
        usize::from(self.filled).checked_sub(1).and_then(|last| self.header.get(last)).copied().unwrap_or(0)
    }

    fn read_body<'a>(&'a mut self, input: &mut &'a [u8]) -> Step<'a> {
        let length = self.body_left as usize;
        if self.body.is_empty() && self.kept.is_none() && input.len() >= length + self.tail_left as usize {
            let (body, rest) = input.split_at(length);
            *input = rest.get(self.tail_left as usize..).unwrap_or_default();
            let kept = if length <= self.keep as usize { Kept::Whole } else { Kept::Limited };
            self.state = State::Delivered;
            return Step::Packet(self.packet(body.get(..self.keep as usize).unwrap_or(body), kept));
        }
        self.gather(input);
        if self.body_left > 0 || self.tail_left > 0 {
            return Step::NeedMore;
        }
        self.state = State::Delivered;
        Step::Packet(self.packet(&self.body, self.kept.unwrap_or(Kept::Whole)))
    }

    fn gather(&mut self, input: &mut &[u8]) {
        let (taken, rest) = input.split_at(input.len().min(self.body_left as usize));
        let wanted = taken.get(..self.keep as usize).unwrap_or(taken);
        if wanted.len() < taken.len() && self.kept.is_none() {
            self.kept = Some(Kept::Limited);
        }
        self.body.extend_from_slice(wanted);
        self.keep -= wanted.len() as u32;
        self.body_left -= taken.len() as u32;
        let tail = rest.len().min(self.tail_left as usize);
        self.tail_left -= tail as u32;
        *input = rest.get(tail..).unwrap_or_default();
    }

    fn packet<'a>(&'a self, body: &'a [u8], kept: Kept) -> Packet<'a> {
        let number = self.number();
        if self.framing != Some(Framing::One) {
            return Packet { framing: Framing::Two, number, body, kept, clear: true };
        }
        let (body, crc) = match body.split_last_chunk::<4>() {
            Some((content, crc)) if kept == Kept::Whole => (content, Some(u32::from_be_bytes(*crc))),
            _ => (body, None),
        };
        let covered = self.header.get(4..usize::from(self.filled)).unwrap_or_default();
        let clear = crc.is_some_and(|crc| crc == crc32(covered, body));
        Packet { framing: Framing::One, number, body, kept, clear }
    }
}

enum Header {
    Open,
    Complete,
    Bad,
}

compact!(
    enum Framing {
        One,
        Two,
    }
);
compact!(
    enum Kept {
        Whole,
        Limited,
        Damaged,
    }
);
compact!(
    enum State {
        Header,
        Body,
        Delivered,
    }
);
compact!(struct Deframer { framing, header, filled, state, body_left, tail_left, keep, kept, body });

#[cfg(test)]
mod tests {
    use super::{Deframer, Framing, Kept, Step};

    #[test]
    fn a_packet_whole_in_one_slice_is_lent_and_not_copied() {
        let packet = [0, 0, 0, 12, 4, 30, 1, 2, 3, 4, 5, 6, 0, 0, 0, 0];
        let mut deframer = Deframer::new(Some(Framing::Two));
        let mut input = &packet[..];
        let Step::Packet(found) = deframer.next(&mut input) else { panic!("no packet") };
        assert_eq!((found.number, found.body, found.kept), (30, &[1, 2, 3, 4, 5, 6][..], Kept::Whole));
        assert!(std::ptr::eq(found.body, &raw const packet[6..12]));
        assert!(input.is_empty());
    }

    #[test]
    fn a_claimed_length_allocates_nothing() {
        let mut deframer = Deframer::new(Some(Framing::Two));
        let mut input = &[0, 4, 0, 0, 4, 20, 9][..];
        assert!(matches!(deframer.next(&mut input), Step::NeedMore));
        assert!(deframer.body.capacity() < 64);
    }

    #[test]
    fn a_gap_is_skipped_inside_a_body_only() {
        let mut deframer = Deframer::new(Some(Framing::Two));
        let mut input = &[0, 0, 0, 28, 4, 30, 1, 2][..];
        assert!(matches!(deframer.next(&mut input), Step::NeedMore));
        assert!(!deframer.gap(25));
        assert!(deframer.gap(20));
        let mut input = &[0, 0, 0, 0][..];
        let Step::Packet(found) = deframer.next(&mut input) else { panic!("no packet") };
        assert_eq!((found.body, found.kept), (&[1, 2][..], Kept::Damaged));
        assert!(!deframer.gap(1));
    }
}
