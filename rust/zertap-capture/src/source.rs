//! A capture, opened: what it is is told by its first octets, then it hands out one frame after the other.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use zertap_core::time::Timestamp;

use crate::blocks::Blocks;
use crate::compressed;
use crate::error::{CaptureError, CaptureErrorKind, Fault};
use crate::frame::{Compression, Container, Frame, Info, Interface, Record};
use crate::mapped::{Mapped, View};
use crate::order::Order;
use crate::pcap;
use crate::pcap::{PcapReader, Whole};
use crate::pcapng;
use crate::pcapng::PcapngReader;
use crate::stdin::own_stdin;
use crate::window::{Input, Window};

/// How messages call standard input.
const STDIN: &str = "standard input";

/// A capture being read, from its first frame to its last.
pub struct Source {
    file: String,
    window: Window,
    reader: Reader,
    info: Info,
    told: Told,
    finished: bool,
    stored: Arc<AtomicU64>,
    total: Option<u64>,
    /// Octets of the window that were handed out and not yet declared used.
    used: usize,
}

/// A record with what it takes from its place in the capture.
#[derive(Clone, Copy)]
struct Found {
    record: Record,
    number: u64,
    at: Timestamp,
}

impl Found {
    #[inline]
    fn frame<'w>(&self, window: &'w Window) -> Frame<'w> {
        let record = &self.record;
        record.frame(window.octets(record.start, record.length), self.number, self.at)
    }
}

/// Frames handed out together, found as they are asked for.
struct Frames<'s, const HEADS: bool> {
    records: Records<'s>,
    /// How many of `records` may be handed out yet: one number is kept for each frame, not two.
    left: u64,
    /// Number of the last of these.
    until: u64,
    /// When the last one was captured that was handed out.
    at: Timestamp,
    /// Behind them: the one that is no usual record, where there is one.
    alone: Option<Frame<'s>>,
    began: u64,
    source: Account<'s>,
}

/// The usual records that stand in the window whole. Which they are stands apart: it is asked for each record.
#[repr(u8)]
enum Records<'s> {
    Little(Whole<'s>),
    Big(Whole<'s>),
    Pcapng(Blocks<'s>),
}

impl<'s> Records<'s> {
    #[inline]
    fn of(reader: &Reader, window: &'s Window, interfaces: &'s [Interface]) -> Self {
        match reader {
            Reader::Pcap(reader) => match reader.order() {
                Order::Little => Self::Little(reader.whole(window)),
                Order::Big => Self::Big(reader.whole(window)),
            },
            Reader::Pcapng(reader) => Self::Pcapng(reader.whole(window, interfaces)),
        }
    }

    /// The next one, as the frame of this number. `HEADS`: of the frames mostly the headers will be read.
    #[expect(
        clippy::inline_always,
        reason = "a call a record, where a program reads captures in several places, is 70 instructions"
    )]
    #[inline(always)]
    fn next<const HEADS: bool>(&mut self, number: u64) -> Option<Frame<'s>> {
        match self {
            // The byte order is asked with the format, not again for each record.
            Self::Little(records) => records.next::<HEADS>(Order::Little, number),
            Self::Big(records) => records.next_big::<HEADS>(number),
            Self::Pcapng(records) => records.next::<HEADS>(number),
        }
    }

    /// Where the next one begins in the stream.
    fn offset(&self) -> u64 {
        match self {
            Self::Little(records) | Self::Big(records) => records.offset(),
            Self::Pcapng(records) => records.offset(),
        }
    }
}

/// What was handed out last.
#[derive(Clone, Copy)]
struct Told {
    number: u64,
    at: Timestamp,
}

/// What the source keeps of it.
struct Account<'s> {
    told: &'s mut Told,
    used: &'s mut usize,
}

impl<'s, const HEADS: bool> Iterator for Frames<'s, HEADS> {
    type Item = Frame<'s>;

    #[expect(
        clippy::inline_always,
        reason = "a frame that is handed over in memory costs as much as finding it"
    )]
    #[inline(always)]
    fn next(&mut self) -> Option<Frame<'s>> {
        let Some(left) = self.left.checked_sub(1) else { return self.alone.take() };
        // As many as are left lie below `until`, so it cannot wrap.
        let frame = self.records.next::<HEADS>(self.until.wrapping_sub(left))?;
        self.left = left;
        self.at = frame.at;
        Some(frame)
    }
}

impl<const HEADS: bool> Drop for Frames<'_, HEADS> {
    /// Once for all frames, not with each.
    fn drop(&mut self) {
        *self.source.told = Told { number: self.until.saturating_sub(self.left), at: self.at };
        *self.source.used += (self.records.offset() - self.began) as usize;
    }
}

/// Most frames that are handed out before the caller is asked whether to go on.
pub const MOST: usize = 256;

/// Who finds the records.
enum Reader {
    Pcap(PcapReader),
    Pcapng(PcapngReader),
}

impl Source {
    /// Opens the capture at `path`; `-` is standard input. A FIFO is waited for until somebody writes to it.
    pub fn open(path: &Path) -> Result<Self, CaptureError> {
        if path == Path::new("-") {
            return Self::stdin();
        }
        let name = path.to_string_lossy().into_owned();
        match File::open(path) {
            Ok(file) => Self::from_file(name, file),
            Err(error) => Err(CaptureError::unreadable(&name, Fault::read(0, error))),
        }
    }

    /// Reads the capture that comes on standard input.
    pub fn stdin() -> Result<Self, CaptureError> {
        match own_stdin() {
            Ok(file) => Self::from_file(STDIN.to_owned(), file),
            Err(error) => Err(CaptureError::unreadable(STDIN, Fault::read(0, error))),
        }
    }

    /// Reads the capture that `reader` delivers; `name` stands for it in messages.
    pub fn from_reader(name: String, reader: Box<dyn Read + Send>) -> Result<Self, CaptureError> {
        Self::begin(name, reader, None)
    }

    /// The next frame, or `None` when the capture is over.
    ///
    /// Waits where the input waits. After an error of kind `Damaged` the capture is over; after `Interrupted` the
    /// same call may be made again. A frame without a usable time of its own has the last one of the capture.
    #[inline]
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, CaptureError> {
        self.resume()?;
        Ok(self.next_found()?.map(|found| found.frame(&self.window)))
    }

    /// The next frame, and often those behind it that have been read already; none when the capture is over.
    ///
    /// As `next_frame` in everything else; what is wrong behind some good frames is said by the next call.
    #[inline]
    pub fn next_frames(&mut self) -> Result<impl Iterator<Item = Frame<'_>>, CaptureError> {
        self.next_together::<false>().map(|(frames, _)| frames)
    }

    /// As `next_frames`, for one who reads mostly the headers of frames; and the view in which they stand, if the file is
    /// mapped.
    #[inline]
    pub(crate) fn next_heads(
        &mut self,
    ) -> Result<(impl Iterator<Item = Frame<'_>>, Option<&View>), CaptureError> {
        self.next_together::<true>()
    }

    #[inline]
    fn next_together<const HEADS: bool>(
        &mut self,
    ) -> Result<(Frames<'_, HEADS>, Option<&View>), CaptureError> {
        self.resume()?;
        let found = if self.has_usual() { None } else { Some(self.next_found()?) };
        let Self { window, reader, info, told, used, .. } = self;
        let window = &*window;
        let records = Records::of(reader, window, &info.interfaces);
        let (left, alone) = match found {
            None => (MOST as u64, None),
            Some(found) => (0, found.map(|found| found.frame(window))),
        };
        let (until, at) = (told.number.saturating_add(left), told.at);
        let began = records.offset();
        let frames = Frames { records, left, until, at, alone, began, source: Account { told, used } };
        Ok((frames, window.view()))
    }

    /// Whether a usual record comes next and stands in the window whole.
    #[inline(never)]
    fn has_usual(&self) -> bool {
        !self.finished
            && Records::of(&self.reader, &self.window, &self.info.interfaces).next::<false>(0).is_some()
    }

    #[inline]
    fn next_found(&mut self) -> Result<Option<Found>, CaptureError> {
        if self.finished {
            return Ok(None);
        }
        match self.find() {
            Ok(None) => {
                self.finished = true;
                Ok(None)
            }
            Ok(found) => Ok(found),
            Err(fault) => Err(self.stop(fault)),
        }
    }

    #[inline]
    fn find(&mut self) -> Result<Option<Found>, Fault> {
        let interfaces = &mut self.info.interfaces;
        let record = match &mut self.reader {
            Reader::Pcap(reader) => reader.next(&mut self.window, interfaces)?,
            Reader::Pcapng(reader) => reader.next(&mut self.window, interfaces)?,
        };
        let Some(record) = record else { return Ok(None) };
        self.told = Told { number: self.told.number + 1, at: record.at.unwrap_or(self.told.at) };
        Ok(Some(Found { record, number: self.told.number, at: self.told.at }))
    }

    /// Nothing will be asked for a while: a file that is mapped is given free for writing until the next call.
    pub fn pause(&mut self) {
        self.window.pause();
    }

    #[inline]
    fn resume(&mut self) -> Result<(), CaptureError> {
        self.window.advance(std::mem::take(&mut self.used));
        match self.window.resume() {
            Ok(()) => Ok(()),
            Err(fault) => Err(self.stop(fault)),
        }
    }

    /// What is known of the capture so far.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// How much of the stored (perhaps compressed) file has been read. Unit: octets.
    pub fn bytes_read(&self) -> u64 {
        if self.window.is_mapped() {
            self.window.offset() + self.used as u64
        } else {
            self.stored.load(Ordering::Relaxed)
        }
    }

    /// The stored file's size, if it is a regular file. Unit: octets.
    pub fn total_bytes(&self) -> Option<u64> {
        self.total
    }

    fn from_file(name: String, file: File) -> Result<Self, CaptureError> {
        let about = match file.metadata() {
            Ok(about) => about,
            Err(error) => return Err(CaptureError::unreadable(&name, Fault::read(0, error))),
        };
        if about.is_dir() {
            return Err(CaptureError::unreadable(&name, Fault::bad(0, "a directory, not a capture")));
        }
        let total = about.is_file().then_some(about.len());
        let mapped = total.and_then(|_| Mapped::of(&file));
        let mut source = Self::begin(name, Box::new(file), total)?;
        if let Some(mapped) = mapped.filter(|_| source.info.compression == Compression::None) {
            source.window.map(mapped);
        }
        Ok(source)
    }

    fn begin(file: String, input: Input, total: Option<u64>) -> Result<Self, CaptureError> {
        let stored = Arc::new(AtomicU64::new(0));
        let counted = Counted { input, octets: Arc::clone(&stored) };
        match recognise(Box::new(counted)) {
            Ok((window, reader, info)) => {
                let (told, finished) = (Told { number: 0, at: Timestamp(0) }, false);
                Ok(Self { file, window, reader, info, told, finished, stored, total, used: 0 })
            }
            Err(fault) => Err(CaptureError::unreadable(&file, fault)),
        }
    }

    #[cold]
    fn stop(&mut self, fault: Fault) -> CaptureError {
        let error = CaptureError::damaged(&self.file, fault);
        self.finished = error.kind() != CaptureErrorKind::Interrupted;
        error
    }
}

/// Finds out what the stream is and reads to the end of its first header.
fn recognise(input: Input) -> Result<(Window, Reader, Info), Fault> {
    let mut window = Window::new(input);
    let compression = compressed::recognise(head(&mut window)?);
    if compression != Compression::None {
        let plain = compressed::unpack(compression, window.into_input());
        window = Window::new(plain.map_err(|error| Fault::read(0, error))?);
    }
    let head = head(&mut window)?;
    let mut interfaces = Vec::new();
    let (container, reader) = if pcap::recognise(head) {
        (Container::Pcap, Reader::Pcap(PcapReader::open(&mut window, &mut interfaces)?))
    } else if pcapng::recognise(head) {
        (Container::Pcapng, Reader::Pcapng(PcapngReader::open(&mut window)?))
    } else {
        return Err(Fault::bad(0, foreign(head)));
    };
    let byte_order = match &reader {
        Reader::Pcap(reader) => reader.order(),
        Reader::Pcapng(reader) => reader.order(),
    };
    Ok((window, reader, Info { container, compression, byte_order, interfaces }))
}

/// The stream's first four octets, or as many as there are.
fn head(window: &mut Window) -> Result<&[u8], Fault> {
    window.need(4)?;
    let there = window.available();
    Ok(there.get(..4).unwrap_or(there))
}

/// Why `head` is not the beginning of a capture that is read here, with a way out where one is known.
fn foreign(head: &[u8]) -> String {
    match head {
        [] => "empty: there is nothing to read".to_owned(),
        [0xfd, b'7', b'z', b'X'] => "compressed with xz, which is not read: unpack it first".to_owned(),
        [b'B', b'Z', b'h', _] => "compressed with bzip2, which is not read: unpack it first".to_owned(),
        [0x04, 0x22, 0x4d, 0x18] => "compressed with lz4, which is not read: unpack it first".to_owned(),
        [b'P', b'K', 0x03, 0x04] => "a zip archive, which is not read: unpack it first".to_owned(),
        [b's', b'n', b'o', b'o'] => "a snoop capture, which is not read: convert it to pcap first".to_owned(),
        _ if compressed::recognise(head) != Compression::None => {
            "compressed twice, which is not read: unpack it once".to_owned()
        }
        _ => {
            let octets: Vec<String> = head.iter().map(|octet| format!("{octet:02x}")).collect();
            format!("not a pcap or pcapng capture: it begins with {}", octets.join(" "))
        }
    }
}

/// The stored input: counts what is read, and sleeps where an input that never blocks has nothing yet.
struct Counted {
    input: Input,
    octets: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.input.read(room) {
                Ok(read) => {
                    self.octets.fetch_add(read as u64, Ordering::Relaxed);
                    return Ok(read);
                }
                // Standard input that another program set to non-blocking: no busy loop (EDGE_CASES FILE-13).
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                Err(error) => return Err(error),
            }
        }
    }
}
