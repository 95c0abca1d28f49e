//! The part of the stream that is being read: one buffer, filled by large reads, grown only by what has arrived.
//!
//! ```text
//!          base               base + start       base + end          offsets in the stream
//!           |   already used   |   available       |   room   |
//!  buffer   0                start                end       len
//! ```
//!
//! A record that is not wholly there moves to the front and the room behind it is filled. Nothing is allocated
//! because a length was *claimed*: the buffer doubles only when it is full of real octets, and callers refuse
//! claims above [`LIMIT`] before they ask (EDGE_CASES A10).

use std::io::{Cursor, Read};

use crate::error::Fault;

/// Most octets of one record or block (EDGE_CASES A10).
pub(crate) const LIMIT: u32 = 16 << 20;

/// How much is read at once. Small enough to stay in a core's own cache, large enough to make a read cheap.
const CHUNK: usize = 256 << 10;

/// The buffer's greatest size: one record at the limit, and its header.
const MOST: usize = LIMIT as usize + 4096;

/// Whatever bytes come from.
pub(crate) type Input = Box<dyn Read + Send>;

/// A stream and the octets of it that have been read and not yet used.
pub(crate) struct Window {
    input: Input,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    base: u64,
    ended: bool,
}

impl Window {
    pub(crate) fn new(input: Input) -> Self {
        Self { input, buffer: vec![0; CHUNK], start: 0, end: 0, base: 0, ended: false }
    }

    /// Whether `count` octets are available, after reading as much as that takes and no more.
    ///
    /// `false` means that the stream ends before. `count` must not exceed [`LIMIT`] by more than a header.
    #[inline]
    pub(crate) fn need(&mut self, count: usize) -> Result<bool, Fault> {
        if self.end - self.start >= count { Ok(true) } else { self.fill(count) }
    }

    /// The octets read and not yet used.
    #[inline]
    pub(crate) fn available(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// `length` octets at `start`, as [`Window::position`] told it, also when they have been used since.
    #[inline]
    pub(crate) fn octets(&self, start: usize, length: usize) -> &[u8] {
        self.buffer.get(start..start + length).unwrap_or_default()
    }

    /// Where the available octets begin in the buffer; holds until the next `need`.
    #[inline]
    pub(crate) fn position(&self) -> usize {
        self.start
    }

    /// Where the available octets begin in the stream.
    #[inline]
    pub(crate) fn offset(&self) -> u64 {
        self.base + self.start as u64
    }

    /// Declares `count` available octets used.
    #[inline]
    pub(crate) fn advance(&mut self, count: usize) {
        self.start = self.end.min(self.start + count);
    }

    /// The whole stream from the first available octet on.
    pub(crate) fn into_input(mut self) -> Input {
        self.buffer.truncate(self.end);
        let mut seen = Cursor::new(self.buffer);
        seen.set_position(self.start as u64);
        Box::new(seen.chain(self.input))
    }

    #[cold]
    #[inline(never)]
    fn fill(&mut self, count: usize) -> Result<bool, Fault> {
        while self.end - self.start < count {
            if self.ended {
                return Ok(false);
            }
            self.make_room();
            let room = self.buffer.get_mut(self.end..).unwrap_or_default();
            let most = room.len().min(CHUNK);
            match self.input.read(room.get_mut(..most).unwrap_or_default()) {
                Ok(0) => self.ended = true,
                Ok(read) => self.end += read.min(most),
                Err(error) => return Err(Fault::read(self.offset(), error)),
            }
        }
        Ok(true)
    }

    fn make_room(&mut self) {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.base += self.start as u64;
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            self.buffer.resize(MOST.min(self.buffer.len() * 2), 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buffer_grows_with_what_arrives_and_not_with_what_is_asked_for() {
        let mut window = Window::new(Box::new(std::io::repeat(7).take(1000)));
        assert!(!window.need(LIMIT as usize).unwrap());
        assert_eq!(window.available().len(), 1000);
        assert_eq!(window.buffer.len(), CHUNK);
    }

    #[test]
    fn the_buffer_holds_a_record_at_the_limit_and_stops_growing() {
        let mut window = Window::new(Box::new(std::io::repeat(7)));
        assert!(window.need(LIMIT as usize + 24).unwrap());
        window.advance(LIMIT as usize);
        assert!(window.need(LIMIT as usize + 24).unwrap());
        assert!(window.buffer.len() <= MOST);
        assert_eq!(window.offset(), u64::from(LIMIT));
    }

    #[test]
    fn what_was_peeked_is_read_again_by_the_next_reader() {
        let mut window = Window::new(Box::new(&b"abcdefgh"[..]));
        assert!(window.need(4).unwrap());
        window.advance(2);
        let mut rest = String::new();
        window.into_input().read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "cdefgh");
    }
}
