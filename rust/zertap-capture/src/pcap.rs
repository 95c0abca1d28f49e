//! The classic capture format: a file header, then records (draft-ietf-opsawg-pcap; pcap-savefile(5)).
//!
//! ```text
//!  file header     magic 4 | major 2 | minor 2 | zone 4 | sigfigs 4 | snap length 4 | link type 4
//!  record          seconds 4 | fraction 4 | captured 4 | original 4 | [modified: 8 more] | octets
//! ```
//!
//! The magic number tells byte order, the fraction's unit, and whether records carry the eight more octets of the
//! "modified" libpcap. Captures glued together with `cat` have further file headers between records: they are
//! recognised and read on (EDGE_CASES FILE-07).

use zertap_core::time::Timestamp;

use crate::ahead::{ask_ahead, ask_for_heads};
use crate::clock::TimeResolution;
use crate::error::Fault;
use crate::frame::{Frame, Interface, Record};
use crate::order::Order;
use crate::window::{LIMIT, Window};

const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;
const MODIFIED_RECORD_HEADER: usize = 24;

/// libpcap's greatest snap length: a longer record is absurd, unless the file header itself announced it.
const USUAL_MOST: u32 = 262_144;

/// Most different file headers in one stream of captures glued together.
const MOST_INTERFACES: usize = 256;

/// Whether `head` begins like a pcap in either byte order.
pub(crate) fn recognise(head: &[u8]) -> bool {
    head.first_chunk().is_some_and(|&magic| Dialect::of(magic).is_some())
}

/// Finds the records of a pcap.
pub(crate) struct PcapReader {
    dialect: Dialect,
    /// Before version 2.4 some writers stored the two lengths the other way round (libpcap, sf-pcap.c).
    lengths_may_be_swapped: bool,
    link: u16,
    interface: u32,
    snap_limit: u32,
    most: u32,
}

impl PcapReader {
    /// Reads the file header that the stream begins with.
    pub(crate) fn open(window: &mut Window, interfaces: &mut Vec<Interface>) -> Result<Self, Fault> {
        if !window.need(FILE_HEADER)? {
            let there = window.available().len();
            return Err(Fault::bad(
                0,
                format!("the pcap header is cut short: {there} of {FILE_HEADER} octets"),
            ));
        }
        let Some(header) = FileHeader::parse(window.available()) else {
            return Err(Fault::bad(0, "not a pcap header"));
        };
        if header.major != 2 {
            let (major, minor) = (header.major, header.minor);
            return Err(Fault::bad(0, format!("pcap version {major}.{minor} is not supported")));
        }
        window.advance(FILE_HEADER);
        interfaces.push(header.interface());
        Ok(Self::under(&header, 0))
    }

    /// The byte order of the headers read now.
    pub(crate) fn order(&self) -> Order {
        self.dialect.order
    }

    fn under(header: &FileHeader, interface: u32) -> Self {
        Self {
            dialect: header.dialect,
            lengths_may_be_swapped: header.minor < 4,
            link: header.link,
            interface,
            snap_limit: header.interface().snap_limit(),
            most: header.snap_length.clamp(USUAL_MOST, LIMIT),
        }
    }

    /// The next record, or `None` at the end of the stream.
    #[inline]
    pub(crate) fn next(
        &mut self,
        window: &mut Window,
        interfaces: &mut Vec<Interface>,
    ) -> Result<Option<Record>, Fault> {
        loop {
            let header = self.dialect.record_header;
            if !window.need(header)? {
                return end(window, header);
            }
            let Some(mut claim) = Claim::parse(self.dialect.order, window.available()) else {
                return end(window, header);
            };
            if self.is_unusual(&claim) {
                if let Some(reader) = appended(window, interfaces)? {
                    *self = reader;
                    continue;
                }
                self.check(&mut claim, window.offset())?;
            }
            let whole = header + claim.captured as usize;
            if !window.need(whole)? {
                return Err(cut_record(window, whole));
            }
            let record = self.record(&claim, window.position(), window.offset());
            window.advance(whole);
            return Ok(Some(record));
        }
    }

    /// The usual records that stand in the window whole; walking them moves nothing.
    #[inline]
    pub(crate) fn whole<'w>(&self, window: &'w Window) -> Whole<'w> {
        let (unit, second) = self.dialect.fraction();
        let usual = self.dialect.record_header == RECORD_HEADER;
        let rest = if usual { window.available() } else { &[] };
        Whole {
            rest,
            end: window.offset() + rest.len() as u64,
            unit,
            second,
            most: self.most.min(self.snap_limit),
            link: self.link,
            interface: self.interface,
        }
    }

    /// Whether a claim needs a second look. Almost none does.
    #[inline]
    fn is_unusual(&self, claim: &Claim) -> bool {
        claim.captured > claim.original
            || claim.captured > self.snap_limit
            || claim.captured > self.most
            || claim.resembles_magic()
    }

    /// Repairs swapped lengths, refuses absurd ones.
    #[cold]
    fn check(&self, claim: &mut Claim, offset: u64) -> Result<(), Fault> {
        if self.lengths_may_be_swapped && claim.captured > claim.original {
            std::mem::swap(&mut claim.captured, &mut claim.original);
        }
        if claim.captured > self.most {
            let (captured, most) = (claim.captured, self.most);
            return Err(Fault::bad(offset, format!("the record claims {captured} octets, more than {most}")));
        }
        Ok(())
    }

    #[inline]
    fn record(&self, claim: &Claim, position: usize, offset: u64) -> Record {
        Record {
            at: self.dialect.at(claim),
            link: self.link,
            interface: self.interface,
            start: position + self.dialect.record_header,
            length: claim.captured as usize,
            wire_length: claim.original,
            offset,
            odd_length: claim.captured > claim.original || claim.captured > self.snap_limit,
        }
    }
}

/// See [`PcapReader::whole`].
pub(crate) struct Whole<'w> {
    rest: &'w [u8],
    /// Where `rest` ends in the stream: walking moves only its beginning.
    end: u64,
    unit: u16,
    second: u32,
    most: u32,
    link: u16,
    interface: u32,
}

impl<'w> Whole<'w> {
    /// Where the next record begins in the stream.
    #[inline]
    pub(crate) fn offset(&self) -> u64 {
        // `end` lies so many octets behind it; nothing is checked, so that nobody pays who does not ask.
        self.end.wrapping_sub(self.rest.len() as u64)
    }

    /// The same of the rarer byte order, which need not stand in every loop over frames.
    #[inline(never)]
    pub(crate) fn next_big<const HEADS: bool>(&mut self, number: u64) -> Option<Frame<'w>> {
        self.next::<HEADS>(Order::Big, number)
    }

    /// The next record as the frame of this number, if nothing about it is unusual. `HEADS`: of the frames mostly the headers
    /// will be read.
    #[expect(clippy::inline_always, reason = "as `Records::next`")]
    #[inline(always)]
    pub(crate) fn next<const HEADS: bool>(&mut self, order: Order, number: u64) -> Option<Frame<'w>> {
        let (header, behind) = self.rest.split_first_chunk::<RECORD_HEADER>()?;
        let claim = Claim::read(order, header);
        let unusual = claim.captured > claim.original
            || claim.captured > self.most
            || claim.fraction >= self.second
            || claim.original.wrapping_sub(LEAST_RECORD) >= ODD_RECORD - LEAST_RECORD
                && claim.resembles_magic();
        let (bytes, behind) = behind.split_at_checked(claim.captured as usize).filter(|_| !unusual)?;
        if HEADS {
            ask_for_heads(behind, RECORD_HEADER);
        } else {
            ask_ahead(behind, bytes.len());
        }
        let at = u64::from(claim.seconds) * 1_000_000_000 + u64::from(claim.fraction) * u64::from(self.unit);
        let offset = self.offset();
        self.rest = behind;
        Some(Frame {
            number,
            at: Timestamp(at),
            time_valid: true,
            link: self.link,
            interface: self.interface,
            bytes,
            wire_length: claim.original,
            offset,
            odd_length: false,
        })
    }
}

/// A plausible file header, read as a record, claims an original length of its `sigfigs`: at most 9 in its own byte
/// order, in the other one 0 or at least 2^24. Original lengths between need no look at the seconds.
const LEAST_RECORD: u32 = 10;
/// See [`LEAST_RECORD`].
const ODD_RECORD: u32 = 1 << 24;

/// The end of the stream where a record should begin: clean if nothing is left over.
#[cold]
fn end(window: &Window, whole: usize) -> Result<Option<Record>, Fault> {
    match window.available().len() {
        0 => Ok(None),
        there => Err(Fault::bad(
            window.offset(),
            format!("cut short: the record header has {there} of {whole} octets"),
        )),
    }
}

#[cold]
fn cut_record(window: &Window, whole: usize) -> Fault {
    let missing = whole - window.available().len();
    Fault::bad(window.offset(), format!("cut short: the record lacks {missing} of its {whole} octets"))
}

/// The reader for what follows, if another capture's file header stands where a record should.
#[cold]
fn appended(window: &mut Window, interfaces: &mut Vec<Interface>) -> Result<Option<PcapReader>, Fault> {
    if !recognise(window.available()) || !window.need(FILE_HEADER)? {
        return Ok(None);
    }
    let Some(header) = FileHeader::parse(window.available()).filter(FileHeader::is_plausible) else {
        return Ok(None);
    };
    let interface = header.interface();
    let known = interfaces.iter().position(|&other| other == interface);
    if known.is_none() && interfaces.len() >= MOST_INTERFACES {
        return Err(Fault::bad(window.offset(), "more file headers than any collection of captures has"));
    }
    let index = known.unwrap_or_else(|| {
        interfaces.push(interface);
        interfaces.len() - 1
    });
    window.advance(FILE_HEADER);
    Ok(Some(PcapReader::under(&header, index as u32)))
}

/// What the magic number tells.
#[derive(Clone, Copy, Debug)]
struct Dialect {
    order: Order,
    record_header: usize,
    nanoseconds: bool,
}

impl Dialect {
    fn of(magic: [u8; 4]) -> Option<Self> {
        let (order, number) = match magic {
            [0xa1, 0xb2, ..] => (Order::Big, u32::from_be_bytes(magic)),
            [.., 0xb2, 0xa1] => (Order::Little, u32::from_le_bytes(magic)),
            _ => return None,
        };
        let (record_header, nanoseconds) = match number {
            0xa1b2_c3d4 => (RECORD_HEADER, false),
            0xa1b2_3c4d => (RECORD_HEADER, true),
            0xa1b2_cd34 => (MODIFIED_RECORD_HEADER, false),
            _ => return None,
        };
        Some(Self { order, record_header, nanoseconds })
    }

    /// The record's time; a fraction of a second or more is no time.
    #[inline]
    fn at(self, claim: &Claim) -> Option<Timestamp> {
        let (unit, second) = self.fraction();
        let at = u64::from(claim.seconds) * 1_000_000_000 + u64::from(claim.fraction) * u64::from(unit);
        (claim.fraction < second).then_some(Timestamp(at))
    }

    /// Nanoseconds in one step of the fraction, and steps in a second.
    #[inline]
    fn fraction(self) -> (u16, u32) {
        if self.nanoseconds { (1, 1_000_000_000) } else { (1_000, 1_000_000) }
    }
}

/// A file header whose magic number is known.
struct FileHeader {
    dialect: Dialect,
    major: u16,
    minor: u16,
    sigfigs: u32,
    snap_length: u32,
    link: u16,
}

impl FileHeader {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let dialect = Dialect::of(*bytes.first_chunk()?)?;
        let order = dialect.order;
        Some(Self {
            dialect,
            major: order.u16(bytes, 4)?,
            minor: order.u16(bytes, 6)?,
            sigfigs: order.u32(bytes, 12)?,
            snap_length: order.u32(bytes, 16)?,
            // The upper half tells of frame check sequences; the link type is the lower.
            link: (order.u32(bytes, 20)? & 0xffff) as u16,
        })
    }

    fn interface(&self) -> Interface {
        let resolution = TimeResolution::Decimal(if self.dialect.nanoseconds { 9 } else { 6 });
        Interface::new(self.link, self.snap_length, resolution, 0)
    }

    /// Whether this is a file header and not a record of the second in 2055 whose number is the magic one: read as
    /// a record, a file header claims this one fraction, and an original length of a few octets.
    fn is_plausible(&self) -> bool {
        self.major == 2 && self.minor <= 4 && self.sigfigs <= 9
    }
}

/// What a record header says.
struct Claim {
    seconds: u32,
    fraction: u32,
    captured: u32,
    original: u32,
}

impl Claim {
    #[inline]
    fn parse(order: Order, bytes: &[u8]) -> Option<Self> {
        bytes.first_chunk().map(|header| Self::read(order, header))
    }

    #[inline]
    fn read(order: Order, header: &[u8; RECORD_HEADER]) -> Self {
        // One question of the byte order for all four numbers.
        match order {
            Order::Big => Self::read_by(header, u32::from_be_bytes),
            Order::Little => Self::read_by(header, u32::from_le_bytes),
        }
    }

    #[inline]
    fn read_by(header: &[u8; RECORD_HEADER], whole: impl Fn([u8; 4]) -> u32) -> Self {
        let number = |at: usize| whole(*header.as_chunks().0.get(at).unwrap_or(&[0; 4]));
        Self { seconds: number(0), fraction: number(1), captured: number(2), original: number(3) }
    }

    /// Whether the seconds could be the magic number of another file header, in either byte order.
    #[inline]
    fn resembles_magic(&self) -> bool {
        self.seconds >> 16 == 0xa1b2 || self.seconds & 0xffff == 0xb2a1
    }
}
