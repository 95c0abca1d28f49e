//! Lines of text in one direction: their first octets, whatever their length.

use super::gather::Gather;
use memchr::memchr;

/// Octets of a line that are kept: enough for an IMAP tag of common length and every word of the table.
pub(super) const LINE: usize = 64;

/// The current line of one direction.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Line {
    start: Gather<LINE>,
    /// Octets of this line were lost: it says nothing.
    lost: bool,
}

impl Line {
    /// Takes octets up to the line's end, LF. Answers how many, and the line if it has ended.
    pub(super) fn push(&mut self, bytes: &[u8]) -> (usize, Option<Text>) {
        let end = memchr(b'\n', bytes);
        let used = end.map_or(bytes.len(), |end| end + 1);
        if !self.lost {
            self.start.push(bytes.get(..used).unwrap_or(bytes));
        }
        (used, end.map(|_| self.end()))
    }

    /// Octets are missing here.
    pub(super) fn lose(&mut self) {
        *self = Self { lost: true, ..Self::default() };
    }

    /// Whatever came before, a line begins here.
    pub(super) fn begin(&mut self) {
        *self = Self::default();
    }

    fn end(&mut self) -> Text {
        self.lost = false;
        Text(self.start.take())
    }
}

/// The first octets of a line that has ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text(Gather<LINE>);

impl Text {
    /// The words of the line; an over-long line's last word may be cut.
    pub(super) fn words(&self) -> impl Iterator<Item = &[u8]> {
        self.0.octets().split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
    }

    /// The octets kept, without line end.
    pub(super) fn octets(&self) -> &[u8] {
        self.0.octets().trim_ascii_end()
    }

    /// Whether there is nothing before the line's end.
    pub(super) fn is_blank(&self) -> bool {
        self.octets().is_empty()
    }
}
