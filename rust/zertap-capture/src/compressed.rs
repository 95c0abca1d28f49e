//! Unpacking while reading: gzip and zstd, recognised by their first octets, never by a file's name.
//!
//! The two decoders are fed by hand for one reason: where compressed data breaks, everything that was decoded
//! before the break is delivered first, and only then the error. The stock readers drop what they had decoded in
//! the same call. Both read on over several members or frames; memory does not depend on the file's size.

use std::io::{self, BufRead, BufReader, Read};

use flate2::{Decompress, FlushDecompress, Status};
use zstd::stream::raw::{Decoder, Operation};

use crate::frame::Compression;
use crate::window::Input;

const STORED_CHUNK: usize = 64 << 10;

/// The compression whose magic number `head` begins with.
pub(crate) fn recognise(head: &[u8]) -> Compression {
    match head {
        [0x1f, 0x8b, ..] => Compression::Gzip,
        // A frame (RFC 8878 section 3.1.1), or a skippable frame before it (section 3.1.2).
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Compression::Zstd,
        _ => Compression::None,
    }
}

/// The uncompressed stream of `input`.
pub(crate) fn unpack(compression: Compression, input: Input) -> io::Result<Input> {
    Ok(match compression {
        Compression::None => input,
        Compression::Gzip => Box::new(Unpacking::new(input, Gzip::default())),
        Compression::Zstd => Box::new(Unpacking::new(input, Zstd::new()?)),
    })
}

/// One decoder of a compressed format.
trait Unpack {
    /// Decodes some of `stored` (empty at its end) into `room`.
    fn step(&mut self, stored: &[u8], room: &mut [u8]) -> Step;

    /// Whether the stored data may end here.
    fn complete(&self) -> bool;

    /// The format's name in messages.
    const NAME: &'static str;
}

/// What one call of a decoder did.
struct Step {
    used: usize,
    made: usize,
    /// Why it can go no further, in the format's own words.
    broken: Option<String>,
}

/// A decoder and its stored data, as a reader.
struct Unpacking<D> {
    stored: BufReader<Input>,
    decoder: D,
    broken: Option<io::Error>,
}

impl<D: Unpack> Unpacking<D> {
    fn new(input: Input, decoder: D) -> Self {
        Self { stored: BufReader::with_capacity(STORED_CHUNK, input), decoder, broken: None }
    }
}

impl<D: Unpack> Read for Unpacking<D> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if room.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some(error) = self.broken.take() {
                return Err(error);
            }
            let stored = self.stored.fill_buf()?;
            let ended = stored.is_empty();
            if ended && self.decoder.complete() {
                return Ok(0);
            }
            let step = self.decoder.step(stored, room);
            self.stored.consume(step.used);
            if let Some(reason) = step.broken {
                let text = format!("the {} data is corrupt: {reason}", D::NAME);
                self.broken = Some(io::Error::new(io::ErrorKind::InvalidData, text));
            } else if step.used == 0 && step.made == 0 && !(ended && self.decoder.complete()) {
                let what = if ended { "is cut short" } else { "does not continue" };
                let text = format!("the {} data {what}", D::NAME);
                self.broken = Some(io::Error::new(io::ErrorKind::UnexpectedEof, text));
            }
            if step.made > 0 {
                return Ok(step.made);
            }
        }
    }
}

/// gzip members one after the other (RFC 1952 section 2.2), as `cat` and block compressors write them.
#[derive(Default)]
struct Gzip {
    member: Option<Decompress>,
}

impl Unpack for Gzip {
    const NAME: &'static str = "gzip";

    fn step(&mut self, stored: &[u8], room: &mut [u8]) -> Step {
        let Some(member) = &mut self.member else {
            return self.between_members(stored, room);
        };
        let (used, made) = (member.total_in(), member.total_out());
        let outcome = member.decompress(stored, room, FlushDecompress::None);
        let used = (member.total_in() - used) as usize;
        let made = (member.total_out() - made) as usize;
        let broken = outcome.as_ref().err().map(|_| "it does not decode or its checksum is wrong".to_owned());
        if matches!(outcome, Ok(Status::StreamEnd)) {
            self.member = None;
        }
        Step { used, made, broken }
    }

    fn complete(&self) -> bool {
        self.member.is_none()
    }
}

impl Gzip {
    /// Skips the zeros that tapes and disks pad with, or begins the member that follows.
    fn between_members(&mut self, stored: &[u8], room: &mut [u8]) -> Step {
        let padding = stored.iter().take_while(|&&octet| octet == 0).count();
        if padding > 0 {
            return Step { used: padding, made: 0, broken: None };
        }
        if stored.first() != Some(&0x1f) {
            return Step { used: 0, made: 0, broken: Some("something else follows it".to_owned()) };
        }
        // 32 KiB of history, the only window that gzip knows.
        self.member = Some(Decompress::new_gzip(15));
        self.step(stored, room)
    }
}

/// zstd frames one after the other, fed one block at a time so that a broken block takes no good one with it. Always the
/// whole block: of one that trickles in, zstd would deliver a part before it is known to be broken.
struct Zstd {
    decoder: Decoder<'static>,
    /// How much the decoder wants next: at most to the end of the current block.
    wanted: usize,
    /// The part of it that came before the rest.
    held: Vec<u8>,
    complete: bool,
}

/// The longest block and the header behind it (RFC 8878 section 3.1.1.2.4); what may be skipped is longer. Unit: octets.
const LONGEST_BLOCK: usize = (128 << 10) + 3;

/// Enough to begin a frame's header (RFC 8878 section 3.1.1: magic number and descriptor).
const FRAME_START: usize = 5;

impl Zstd {
    fn new() -> io::Result<Self> {
        Ok(Self { decoder: Decoder::new()?, wanted: FRAME_START, held: Vec::new(), complete: false })
    }
}

impl Zstd {
    fn feed(&mut self, piece: &[u8], room: &mut [u8]) -> Step {
        match self.decoder.run_on_buffers(piece, room) {
            Ok(status) => {
                self.complete = status.remaining == 0;
                self.wanted = if self.complete { FRAME_START } else { status.remaining };
                Step { used: status.bytes_read, made: status.bytes_written, broken: None }
            }
            Err(error) => Step { used: 0, made: 0, broken: Some(error.to_string()) },
        }
    }
}

impl Unpack for Zstd {
    const NAME: &'static str = "zstd";

    fn step(&mut self, stored: &[u8], room: &mut [u8]) -> Step {
        let wanted = self.wanted.min(LONGEST_BLOCK);
        if let Some(whole) = stored.get(..wanted).filter(|_| self.held.is_empty()) {
            return self.feed(whole, room);
        }
        let missing = wanted.saturating_sub(self.held.len());
        let come = stored.get(..missing).unwrap_or(stored);
        self.held.extend_from_slice(come);
        if come.len() < missing && !come.is_empty() {
            return Step { used: come.len(), made: 0, broken: None };
        }
        let mut held = std::mem::take(&mut self.held);
        let step = self.feed(held.get(..wanted).unwrap_or(&held), room);
        held.drain(..step.used);
        self.held = held;
        let only_of_held = step.used > 0 && step.made == 0 && come.is_empty() && step.broken.is_none();
        if only_of_held && !(stored.is_empty() && self.held.is_empty()) {
            return self.step(stored, room);
        }
        Step { used: come.len(), ..step }
    }

    fn complete(&self) -> bool {
        self.complete
    }
}
