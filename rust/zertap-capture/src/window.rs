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
//!
//! Of a file that can be mapped the buffer is a view, moved along instead of being filled.

use std::io::{Cursor, Read};

use crate::error::Fault;
use crate::mapped::{Mapped, View};

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
    buffer: Buffer,
    mapped: Option<Mapped>,
    paused: bool,
    start: usize,
    end: usize,
    base: u64,
    ended: bool,
}

/// Where the octets stand.
enum Buffer {
    Read(Vec<u8>),
    Mapped(View),
}

impl Buffer {
    #[inline]
    fn octets(&self) -> &[u8] {
        match self {
            Self::Read(octets) => octets,
            Self::Mapped(view) => &view.octets,
        }
    }
}

impl Window {
    pub(crate) fn new(input: Input) -> Self {
        let buffer = Buffer::Read(vec![0; CHUNK]);
        Self { input, buffer, mapped: None, paused: false, start: 0, end: 0, base: 0, ended: false }
    }

    /// Goes on in views of the file that has been read so far.
    pub(crate) fn map(&mut self, file: Mapped) {
        self.mapped = Some(file);
        self.base += self.start as u64;
        (self.start, self.end) = (0, 0);
        self.ended = false;
    }

    /// Whether the octets come from views of a file.
    pub(crate) fn is_mapped(&self) -> bool {
        self.mapped.is_some()
    }

    /// The view in which the octets stand, if they do not stand in a buffer.
    pub(crate) fn view(&self) -> Option<&View> {
        match &self.buffer {
            Buffer::Read(_) => None,
            Buffer::Mapped(view) => Some(view),
        }
    }

    /// Nothing will be looked at until `resume`: others may write to the file meanwhile.
    pub(crate) fn pause(&mut self) {
        if let Some(mapped) = &mut self.mapped {
            mapped.pause();
            self.paused = true;
        }
    }

    /// Goes on after a pause.
    #[inline]
    pub(crate) fn resume(&mut self) -> Result<(), Fault> {
        if self.paused { self.wake() } else { Ok(()) }
    }

    #[cold]
    fn wake(&mut self) -> Result<(), Fault> {
        self.paused = false;
        let Some(mapped) = &mut self.mapped else { return Ok(()) };
        match mapped.resume() {
            Ok(true) => Ok(()),
            Ok(false) => self.read_on(),
            Err(error) => Err(Fault::read(self.offset(), error)),
        }
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
        self.buffer.octets().get(self.start..self.end).unwrap_or_default()
    }

    /// `length` octets at `start`, as [`Window::position`] told it, also when they have been used since.
    #[inline]
    pub(crate) fn octets(&self, start: usize, length: usize) -> &[u8] {
        self.buffer.octets().get(start..start + length).unwrap_or_default()
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
    pub(crate) fn into_input(self) -> Input {
        Box::new(Cursor::new(self.available().to_vec()).chain(self.input))
    }

    #[cold]
    #[inline(never)]
    fn fill(&mut self, count: usize) -> Result<bool, Fault> {
        while self.end - self.start < count {
            if self.ended {
                return Ok(false);
            }
            if self.mapped.is_some() {
                self.go_on(count)?;
            } else {
                self.read()?;
            }
        }
        Ok(true)
    }

    /// More of the view, or the next one.
    fn go_on(&mut self, count: usize) -> Result<(), Fault> {
        let offset = self.offset();
        let within = self.view().is_some_and(|view| self.start + count <= view.octets.len());
        let Some(mapped) = &mut self.mapped else { return Ok(()) };
        if !within {
            let Some(view) = mapped.view(offset, count) else { return self.read_on() };
            self.base = view.base;
            self.start = (offset - view.base) as usize;
            self.end = self.start;
            self.ended = view.octets.len() < self.start + count;
            self.buffer = Buffer::Mapped(view);
        }
        let Buffer::Mapped(view) = &self.buffer else { return Ok(()) };
        match mapped.populate(view, self.end, self.start + count) {
            Some(end) => self.end = end,
            None => self.read_on()?,
        }
        Ok(())
    }

    /// The file cannot be mapped any more: the rest is read.
    fn read_on(&mut self) -> Result<(), Fault> {
        let offset = self.offset();
        if let Some(mapped) = self.mapped.take() {
            self.input = mapped.into_reader(offset).map_err(|error| Fault::read(offset, error))?;
        }
        self.buffer = Buffer::Read(vec![0; CHUNK]);
        self.base = offset;
        (self.start, self.end) = (0, 0);
        Ok(())
    }

    fn read(&mut self) -> Result<(), Fault> {
        let offset = self.offset();
        let Buffer::Read(buffer) = &mut self.buffer else { return Ok(()) };
        if self.start > 0 {
            buffer.copy_within(self.start..self.end, 0);
            self.base = offset;
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == buffer.len() {
            buffer.resize(MOST.min(buffer.len() * 2), 0);
        }
        let room = buffer.get_mut(self.end..).unwrap_or_default();
        let most = room.len().min(CHUNK);
        match self.input.read(room.get_mut(..most).unwrap_or_default()) {
            Ok(0) => self.ended = true,
            Ok(read) => self.end += read.min(most),
            Err(error) => return Err(Fault::read(offset, error)),
        }
        Ok(())
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
        assert_eq!(window.buffer.octets().len(), CHUNK);
    }

    #[test]
    fn the_buffer_holds_a_record_at_the_limit_and_stops_growing() {
        let mut window = Window::new(Box::new(std::io::repeat(7)));
        assert!(window.need(LIMIT as usize + 24).unwrap());
        window.advance(LIMIT as usize);
        assert!(window.need(LIMIT as usize + 24).unwrap());
        assert!(window.buffer.octets().len() <= MOST);
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
