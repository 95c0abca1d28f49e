//! Records of variable length in a stream: length words of records and of blocks, spanned segments.
//!
//! ```text
//! record   | length, 2 octets, itself included | segment: 0 whole, 1 first, 2 last, 3 middle | 0 |  data ...
//! block    | length, 2 octets, itself included | 0 0 |  records ...
//! large    | 1 bit set, length in 31 bits      |        the same
//! ```
//!
//! The reader is fed octets as they come and never looks behind a damage. It joins segments and gives each record
//! one length word of its own. Source: z/OS DFSMS Using Data Sets, "Variable-length record formats"; the same rules
//! and words as `smf/framing.py`, which a test holds equal.

pub(super) const WORD: usize = 4;
/// Longest logical record, its length word included: the length must fit two octets.
const LONGEST: usize = 65_535;
/// So many octets tell blocks from plain records.
const PROBE: usize = 65_536;
const LARGE_BLOCK: u32 = 0x8000_0000;
pub(super) const WHOLE: u8 = 0;
pub(super) const FIRST: u8 = 1;
pub(super) const LAST: u8 = 2;
pub(super) const MIDDLE: u8 = 3;

/// How records lie in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// One after the other.
    Plain,
    /// In blocks, perhaps in segments.
    Blocked,
}

/// Why the stream cannot be read on; every record before this one was delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Damage {
    /// Logical records are counted from 1.
    pub(super) record: u64,
    /// In the stream.
    pub(super) offset: u64,
    pub(super) reason: String,
}

/// The place of one logical record; good until more octets are fed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Framed {
    pub(super) number: u64,
    pub(super) offset: u64,
    /// Joined from segments, or in the buffer as it came.
    joined: bool,
    start: usize,
    end: usize,
}

/// Cuts a stream into records. Memory: the octets fed last, once more where they were segments, and one record.
#[derive(Debug, Default)]
pub(super) struct Deframer {
    buffer: Vec<u8>,
    at: usize,
    passed: u64,
    framing: Option<Framing>,
    /// Octets left in the current block.
    left: usize,
    /// Records of segments, one after the other; the last one may lack segments.
    joined: Vec<u8>,
    /// Where it begins.
    joining: usize,
    began: u64,
    inside: bool,
    pub(super) records: u64,
}

/// What a step of the reader found.
enum Step {
    Segment { offset: u64, position: u8, start: usize, end: usize },
    More,
    End,
}

impl Deframer {
    pub(super) fn new(framing: Option<Framing>) -> Self {
        Self { framing, ..Self::default() }
    }

    pub(super) fn feed(&mut self, octets: &[u8]) {
        self.passed += self.at as u64;
        self.buffer.drain(..self.at);
        self.at = 0;
        self.joined.drain(..self.joining);
        self.joining = 0;
        self.buffer.extend_from_slice(octets);
    }

    /// The next record; `None`: feed more or, where the stream has `ended`, there is no more.
    fn next(&mut self, ended: bool) -> Result<Option<Framed>, Damage> {
        let Some(framing) = self.detect(ended) else { return Ok(None) };
        loop {
            let (offset, position, start, end) = match self.segment(framing, ended)? {
                Step::Segment { offset, position, start, end } => (offset, position, start, end),
                Step::End if self.inside => {
                    return Err(
                        self.damage(self.began, "the last segment of the record is missing".to_owned())
                    );
                }
                Step::More | Step::End => return Ok(None),
            };
            let in_turn = if self.inside {
                matches!(position, LAST | MIDDLE)
            } else {
                matches!(position, WHOLE | FIRST)
            };
            if !in_turn {
                return Err(self.damage(offset, out_of_turn(position, self.inside)));
            }
            if position == WHOLE {
                self.records += 1;
                return Ok(Some(Framed { number: self.records, offset, joined: false, start, end }));
            }
            if let Some(framed) = self.join(offset, position, start, end)? {
                return Ok(Some(framed));
            }
        }
    }

    /// Adds the places of the next records up to `most`. Those before a damage are added, too.
    pub(super) fn next_run(&mut self, ended: bool, most: usize, run: &mut Vec<Framed>) -> Result<(), Damage> {
        while run.len() < most
            && let Some(framed) = self.next(ended)?
        {
            run.push(framed);
        }
        Ok(())
    }

    /// The octets of a record that `next` has just told.
    pub(super) fn octets(&self, framed: &Framed) -> &[u8] {
        let octets = if framed.joined { &self.joined } else { &self.buffer };
        octets.get(framed.start..framed.end).unwrap_or_default()
    }

    /// Adds a segment; the record when it was the last one.
    fn join(
        &mut self,
        offset: u64,
        position: u8,
        start: usize,
        end: usize,
    ) -> Result<Option<Framed>, Damage> {
        if !self.inside {
            self.began = offset;
            self.joined.resize(self.joining + WORD, 0);
        }
        self.joined.extend_from_slice(self.buffer.get(start + WORD..end).unwrap_or_default());
        let Ok(length) = u16::try_from(self.joined.len() - self.joining) else {
            return Err(self.damage(self.began, format!("segments add up to more than {LONGEST} octets")));
        };
        self.inside = position != LAST;
        if self.inside {
            return Ok(None);
        }
        if let Some(word) = self.joined.get_mut(self.joining..).and_then(<[u8]>::first_chunk_mut::<2>) {
            *word = length.to_be_bytes();
        }
        self.records += 1;
        let (start, end) = (self.joining, self.joined.len());
        self.joining = end;
        Ok(Some(Framed { number: self.records, offset: self.began, joined: true, start, end }))
    }

    fn segment(&mut self, framing: Framing, ended: bool) -> Result<Step, Damage> {
        while framing == Framing::Blocked && self.left == 0 {
            let Some(head) = self.word(0) else { return self.short("a block descriptor word", true, ended) };
            let Some(length) = block_length(head) else {
                return Err(self.damage(self.offset(), format!("not a block descriptor word: `{head:08X}`")));
            };
            self.at += WORD;
            self.left = length - WORD;
        }
        let may_end = framing == Framing::Plain;
        let Some(word) = self.word(0) else { return self.short("a record descriptor word", may_end, ended) };
        let Some((length, position)) = record_word(word) else {
            return Err(self.damage(self.offset(), format!("not a record descriptor word: `{word:08X}`")));
        };
        if framing == Framing::Blocked && length > self.left {
            let reason = format!("record of {length} octets, {} left in its block", self.left);
            return Err(self.damage(self.offset(), reason));
        }
        if self.buffer.len() - self.at < length {
            return self.short(&format!("a record of {length} octets"), false, ended);
        }
        let (offset, start) = (self.offset(), self.at);
        self.at += length;
        self.left = self.left.saturating_sub(length);
        Ok(Step::Segment { offset, position, start, end: self.at })
    }

    /// Too few octets: more must come, or the stream ends here, rightly or not.
    fn short(&self, what: &str, may_end: bool, ended: bool) -> Result<Step, Damage> {
        if !ended {
            return Ok(Step::More);
        }
        if may_end && self.at == self.buffer.len() {
            return Ok(Step::End);
        }
        Err(self.damage(self.offset(), format!("file ends within {what}")))
    }

    /// The four octets at a distance from here.
    fn word(&self, distance: usize) -> Option<u32> {
        let octets = self.buffer.get(self.at + distance..)?.first_chunk::<4>()?;
        Some(u32::from_be_bytes(*octets))
    }

    fn offset(&self) -> u64 {
        self.passed + self.at as u64
    }

    fn damage(&self, offset: u64, reason: String) -> Damage {
        Damage { record: self.records + 1, offset, reason }
    }

    /// Blocked when the stream begins with a block that its records fill exactly, else plain.
    fn detect(&mut self, ended: bool) -> Option<Framing> {
        if self.framing.is_none() && (ended || self.buffer.len() >= PROBE) {
            self.framing = Some(if is_block(&self.buffer) { Framing::Blocked } else { Framing::Plain });
        }
        self.framing
    }
}

/// Length and segment of a record, if this is its word.
pub(super) fn record_word(word: u32) -> Option<(usize, u8)> {
    let [a, b, position, spare] = word.to_be_bytes();
    let length = usize::from(u16::from_be_bytes([a, b]));
    (length >= WORD && position <= MIDDLE && spare == 0).then_some((length, position))
}

/// Length that a block's word tells, itself included.
fn block_length(word: u32) -> Option<usize> {
    let large = word & LARGE_BLOCK != 0;
    let length = if large { word & !LARGE_BLOCK } else { word >> 16 } as usize;
    (length >= WORD && (large || word << 16 == 0)).then_some(length)
}

/// Whether octets begin with a block filled exactly by the segments in it, as far as they are seen.
fn is_block(octets: &[u8]) -> bool {
    let word = |at: usize| octets.get(at..)?.first_chunk::<4>().map(|word| u32::from_be_bytes(*word));
    let Some(length) = word(0).filter(|_| octets.len() > 2 * WORD).and_then(block_length) else {
        return false;
    };
    let mut at = WORD;
    while at < length {
        let Some(word) = word(at) else { break };
        let Some((size, _)) = record_word(word) else { return false };
        at += size;
    }
    at == length || (at < length && octets.len() >= PROBE)
}

fn out_of_turn(position: u8, inside: bool) -> String {
    let word = match position {
        WHOLE => "whole record",
        FIRST => "first segment",
        LAST => "last segment",
        _ => "middle segment",
    };
    if inside { format!("{word} inside another record") } else { format!("{word} without a first segment") }
}
