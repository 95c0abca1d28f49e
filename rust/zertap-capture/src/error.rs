//! Why a capture could not be read, or not to its end: one line for a person at night.
//!
//! Two shapes live here. `Fault` is what the readers of this crate return: where and why. [`CaptureError`] is what
//! the caller sees: the same, with the file's name and what it means for the run. What a frame *contains* is never
//! an error of this crate.

use std::fmt::{self, Display, Write as _};
use std::io;

/// A capture could not be opened, or could not be read to its end.
///
/// `Display` is one line: `FILE: offset N: reason`, without the offset where there is none.
#[derive(Debug)]
pub struct CaptureError {
    // One pointer: the error's size is paid for in the result of every frame that is read well.
    inner: Box<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: String,
    offset: Option<u64>,
    reason: String,
    kind: CaptureErrorKind,
    source: Option<io::Error>,
}

/// What a [`CaptureError`] means for the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CaptureErrorKind {
    /// Nothing could be read: no such file, no permission, empty, or not a capture that is understood here.
    Unreadable,
    /// The capture began well and then could not be followed. Every frame before it has been delivered.
    Damaged,
    /// A signal arrived while waiting for input. Nothing is lost: after [`crate::Source::next_frame`] the caller
    /// looks at its signals and may ask again.
    Interrupted,
}

impl CaptureError {
    /// The capture's name as it was given.
    pub fn file(&self) -> &str {
        &self.inner.file
    }

    /// Where the first octet that could not be used stands in the (uncompressed) capture.
    ///
    /// Unit: octets from the start. `None` when nothing was read.
    pub fn offset(&self) -> Option<u64> {
        self.inner.offset
    }

    /// What is wrong, in a few words without a line break.
    pub fn reason(&self) -> &str {
        &self.inner.reason
    }

    /// What this means for the run.
    pub fn kind(&self) -> CaptureErrorKind {
        self.inner.kind
    }

    /// The operating system's error number, when the error came from there.
    pub fn errno(&self) -> Option<i32> {
        self.inner.source.as_ref().and_then(io::Error::raw_os_error)
    }

    /// Nothing could be read.
    pub(crate) fn unreadable(file: &str, fault: Fault) -> Self {
        let offset = Some(fault.cause.offset).filter(|&offset| offset > 0);
        Self::new(file, offset, CaptureErrorKind::Unreadable, fault)
    }

    /// The capture is bad from the fault's offset on.
    pub(crate) fn damaged(file: &str, fault: Fault) -> Self {
        Self::new(file, Some(fault.cause.offset), CaptureErrorKind::Damaged, fault)
    }

    fn new(file: &str, offset: Option<u64>, kind: CaptureErrorKind, fault: Fault) -> Self {
        let kind = if fault.is_interruption() { CaptureErrorKind::Interrupted } else { kind };
        let Cause { reason, source, .. } = *fault.cause;
        Self { inner: Box::new(Inner { file: file.to_owned(), offset, reason, kind, source }) }
    }
}

impl Display for CaptureError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A file name may hold a line break or a terminal's escape; the message stays one harmless line.
        for letter in self.inner.file.chars() {
            if letter.is_control() {
                write!(out, "{}", letter.escape_default())?;
            } else {
                out.write_char(letter)?;
            }
        }
        if let Some(offset) = self.inner.offset {
            write!(out, ": offset {offset}")?;
        }
        write!(out, ": {}", self.inner.reason)
    }
}

impl std::error::Error for CaptureError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.inner.source.as_ref().map(|source| source as _)
    }
}

/// Where in the stream reading stopped, and why. One pointer, as it rides in the result of every record.
#[derive(Debug)]
pub(crate) struct Fault {
    cause: Box<Cause>,
}

#[derive(Debug)]
struct Cause {
    offset: u64,
    reason: String,
    source: Option<io::Error>,
}

impl Fault {
    /// The bytes at `offset` cannot be what the format says.
    #[cold]
    pub(crate) fn bad(offset: u64, reason: impl Into<String>) -> Self {
        Self { cause: Box::new(Cause { offset, reason: reason.into(), source: None }) }
    }

    /// Reading on failed; `offset` is where the unfinished record began.
    #[cold]
    pub(crate) fn read(offset: u64, source: io::Error) -> Self {
        Self { cause: Box::new(Cause { offset, reason: describe(&source), source: Some(source) }) }
    }

    fn is_interruption(&self) -> bool {
        self.cause.source.as_ref().is_some_and(|source| source.kind() == io::ErrorKind::Interrupted)
    }
}

/// An I/O error in a few words; the operating system's number stands beside it, not in the text.
fn describe(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line_even_for_a_hostile_file_name() {
        let fault = Fault::bad(40, "record cut short");
        let error = CaptureError::damaged("a\nb\u{1b}[31m.pcap", fault);
        assert_eq!(error.to_string(), "a\\nb\\u{1b}[31m.pcap: offset 40: record cut short");
    }

    #[test]
    fn an_operating_system_error_keeps_its_number_beside_the_words() {
        let error = CaptureError::unreadable("x", Fault::read(0, io::Error::from_raw_os_error(13)));
        assert_eq!(error.to_string(), "x: Permission denied");
        assert_eq!(error.errno(), Some(13));
    }

    #[test]
    fn an_interrupted_read_is_neither_damage_nor_unreadable() {
        let signal = || Fault::read(9, io::Error::from(io::ErrorKind::Interrupted));
        assert_eq!(CaptureError::damaged("x", signal()).kind(), CaptureErrorKind::Interrupted);
        assert_eq!(CaptureError::unreadable("x", signal()).kind(), CaptureErrorKind::Interrupted);
    }
}
