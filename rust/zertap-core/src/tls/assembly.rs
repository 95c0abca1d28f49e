//! The message layer: handshake messages out of record bodies, however both were cut (TLS-01 to TLS-04).
//!
//! A message that lies whole in the octets in hand is read where it lies, without a copy. Otherwise as many
//! of its first octets as anybody will read are gathered, up to a cap (A10); the rest is skipped by length.
//!
//! ```text
//! records   |22 ..│  body   │22 ..│     body      │        gathered: only what `wanted` asks for,
//! messages       ├─hdr─┤ content ─────┤─hdr─┤ con…         handed over once, then skipped by length
//! ```

use crate::compact::compact;
use crate::reader::Reader;
use std::borrow::Cow;

/// Octets kept of a hello or a key exchange (A10).
pub(super) const HELLO_LIMIT: usize = 16 * 1024;
/// Octets kept of a Certificate message (A10).
pub(super) const CERTIFICATE_LIMIT: usize = 32 * 1024;

/// Numbers of handshake messages that an observer asks about (RFC 8446 section 4, RFC 5246 7.4).
pub(super) mod kind {
    pub(crate) const CLIENT_HELLO: u8 = 1;
    pub(crate) const SERVER_HELLO: u8 = 2;
    /// HelloRetryRequest of TLS 1.3 drafts before 22 (TLS-49).
    pub(crate) const HELLO_RETRY_DRAFT: u8 = 6;
    pub(crate) const CERTIFICATE: u8 = 11;
    pub(crate) const SERVER_KEY_EXCHANGE: u8 = 12;
    pub(crate) const CERTIFICATE_REQUEST: u8 = 13;
    pub(crate) const SERVER_HELLO_DONE: u8 = 14;
    pub(crate) const CLIENT_KEY_EXCHANGE: u8 = 16;
}

/// What one step over handshake octets gave.
pub(super) enum Part<'a> {
    /// Everything in hand was consumed.
    Need,
    /// A message header is whole.
    Begins(u8),
    /// As much of a message's content as is ever read; said once per message.
    Content(Content<'a>),
    /// The first message is not the hello it must be (A3).
    NotHello,
}

/// The content of one message, as far as it is kept.
pub(super) struct Content<'a> {
    /// Message type.
    pub(super) kind: u8,
    /// Its first octets.
    pub(super) octets: Cow<'a, [u8]>,
    /// All of the message is there.
    pub(super) whole: bool,
    /// The cap was met.
    pub(super) capped: bool,
}

/// Assembles the messages of one direction.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    /// Content octets gathered of the current message.
    gathered: Vec<u8>,
    header: [u8; 4],
    have: u8,
    /// The message types with which this direction must begin (bits), until that is settled.
    must_begin: u8,
    /// Nothing more is wanted of the current message.
    told: bool,
    /// A header was lost: only a message that fills a record is believed.
    lost: bool,
    /// Octets of the current message's content still to come.
    left: u32,
}

impl Assembly {
    /// Nothing was seen.
    pub(super) const NOTHING: Assembly = Assembly {
        gathered: Vec::new(),
        header: [0; 4],
        have: 0,
        must_begin: 0,
        told: false,
        lost: false,
        left: 0,
    };

    /// The next message must be of one of these types (bit numbers), and its version's major 3.
    pub(super) fn must_begin_with(&mut self, kinds: u8) {
        self.must_begin = kinds;
    }

    /// Whether it is still open if this is the beginning of a handshake at all (A3).
    pub(super) const fn is_candidate(&self) -> bool {
        self.must_begin != 0
    }

    /// Whether the next octet is the first of a message header.
    pub(super) const fn is_between_messages(&self) -> bool {
        self.have == 0
    }

    /// Whether a message header was lost.
    pub(super) const fn is_lost(&self) -> bool {
        self.lost
    }

    /// Forgets the current message; framing of messages is unknown (A8).
    pub(super) fn lose(&mut self) {
        *self = Self { lost: true, ..Self::default() };
    }

    /// Forgets the current message; the next octet begins a new one.
    pub(super) fn restart(&mut self) {
        *self = Self::default();
    }

    /// The next message, where all of it is in hand and nothing about it is in doubt: its type and as much of its content
    /// as is ever read. What `step` would come to in two steps.
    #[inline]
    pub(super) fn whole<'a>(&mut self, input: &mut &'a [u8]) -> Option<Content<'a>> {
        let (header, tail) = input.split_first_chunk::<4>()?;
        if self.have > 0 || self.lost {
            return None;
        }
        let claimed = u32::from_be_bytes(*header) & 0x00FF_FFFF;
        let (content, tail) = tail.split_at_checked(usize::try_from(claimed).ok()?)?;
        let kind = header[0];
        if self.is_candidate() {
            let fits = self.may_begin(kind) && content.first().is_some_and(|major| major_fits(kind, *major));
            fits.then(|| self.must_begin = 0)?;
        }
        *input = tail;
        let (wanted, capped) = wanted(kind, content.len(), content);
        let octets = Cow::Borrowed(content.get(..wanted).unwrap_or(content));
        Some(Content { kind, octets, whole: wanted == content.len(), capped })
    }

    /// The next step over `input`, which is shortened by what was consumed. What must be gathered is gathered in `spare`,
    /// where that has room.
    pub(super) fn step<'a>(&mut self, input: &mut &'a [u8], spare: &mut Vec<u8>) -> Part<'a> {
        if self.have < 4 {
            return self.step_header(input);
        }
        if self.told {
            self.skip_content(input);
            return if self.have == 0 && !input.is_empty() { self.step_header(input) } else { Part::Need };
        }
        if self.is_candidate() {
            // A hello without content has no version; what follows it is none of its own.
            match input.first() {
                Some(&major) if self.left > 0 && major_fits(self.header[0], major) => self.must_begin = 0,
                None if self.left > 0 => return Part::Need,
                Some(_) | None => return Part::NotHello,
            }
        }
        self.step_content(input, spare)
    }

    fn step_header<'a>(&mut self, input: &mut &[u8]) -> Part<'a> {
        if self.have == 0
            && let Some((header, tail)) = input.split_first_chunk::<4>()
            && self.may_begin(header[0])
        {
            *input = tail;
            self.header = *header;
            self.have = 4;
            return self.begin();
        }
        self.step_cut_header(input)
    }

    /// Whether a message of this type may stand here.
    const fn may_begin(&self, octet: u8) -> bool {
        !self.is_candidate() || (octet <= 7 && self.must_begin & (1 << octet) != 0)
    }

    /// Octet by octet: a header that is cut, or of which a part is already no hello's.
    fn step_cut_header<'a>(&mut self, input: &mut &[u8]) -> Part<'a> {
        while let Some((&octet, tail)) = input.split_first() {
            *input = tail;
            if let Some(place) = self.header.get_mut(usize::from(self.have)) {
                *place = octet;
            }
            self.have += 1;
            if self.have == 1 && !self.may_begin(octet) {
                return Part::NotHello;
            }
            if self.have == 4 {
                return self.begin();
            }
        }
        Part::Need
    }

    const fn begin<'a>(&mut self) -> Part<'a> {
        self.told = false;
        self.left = self.claimed();
        Part::Begins(self.header[0])
    }

    /// Content length that the header claims.
    pub(super) const fn claimed(&self) -> u32 {
        let [_, high, middle, low] = self.header;
        u32::from_be_bytes([0, high, middle, low])
    }

    fn step_content<'a>(&mut self, input: &mut &'a [u8], spare: &mut Vec<u8>) -> Part<'a> {
        let here = input.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let (content, _) = input.split_at(here);
        if self.gathered.is_empty() {
            let (wanted, capped) = self.wanted(content);
            if here >= wanted {
                self.skip_content(input);
                return self.tell(Cow::Borrowed(content.get(..wanted).unwrap_or(content)), capped);
            }
        }
        if self.gathered.capacity() == 0 {
            self.gathered = std::mem::take(spare);
        }
        self.gather(input)
    }

    fn gather<'a>(&mut self, input: &mut &'a [u8]) -> Part<'a> {
        loop {
            let (wanted, capped) = self.wanted(&self.gathered);
            if self.gathered.len() >= wanted {
                let octets = std::mem::take(&mut self.gathered);
                return self.tell(Cow::Owned(octets), capped);
            }
            if input.is_empty() {
                return Part::Need;
            }
            let (octets, tail) = input.split_at(input.len().min(wanted - self.gathered.len()));
            self.gathered.extend_from_slice(octets);
            self.left = self.left.saturating_sub(octets.len() as u32);
            *input = tail;
        }
    }

    /// Hands the content over.
    fn tell<'a>(&mut self, octets: Cow<'a, [u8]>, capped: bool) -> Part<'a> {
        self.told = true;
        let kind = self.header[0];
        let whole = octets.len() == usize::try_from(self.claimed()).unwrap_or(usize::MAX);
        if self.left == 0 {
            self.have = 0;
        }
        Part::Content(Content { kind, octets, whole, capped })
    }

    fn skip_content(&mut self, input: &mut &[u8]) {
        let count = input.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        *input = input.get(count..).unwrap_or(&[]);
        self.left -= count as u32;
        if self.left == 0 {
            self.have = 0;
        }
    }

    /// How many content octets of the current message are wanted, given its first ones; and whether the
    /// cap cut that down.
    fn wanted(&self, content: &[u8]) -> (usize, bool) {
        wanted(self.header[0], usize::try_from(self.claimed()).unwrap_or(usize::MAX), content)
    }

    /// `count` octets of the handshake stream were lost inside record bodies; what was gathered of a
    /// message that is damaged by it is returned (A8).
    pub(super) fn skip(&mut self, count: u64) -> Option<Content<'static>> {
        if count == 0 {
            return None;
        }
        if self.have < 4 || count > u64::from(self.left) {
            let damaged = self.damaged();
            self.lose();
            return damaged;
        }
        let damaged = self.damaged();
        self.must_begin = 0;
        self.told = true;
        self.left -= u32::try_from(count).unwrap_or(self.left);
        if self.left == 0 {
            self.have = 0;
        }
        damaged
    }

    fn damaged(&mut self) -> Option<Content<'static>> {
        let octets = std::mem::take(&mut self.gathered);
        let told = self.told || self.have < 4 || self.wanted(&octets).0 == 0;
        (!told).then(|| Content {
            kind: self.header[0],
            octets: Cow::Owned(octets),
            whole: false,
            capped: false,
        })
    }

    /// A believable message stands again at a record's start.
    pub(super) fn found(&mut self) {
        self.lost = false;
    }
}

/// Whether anything is read from the content of messages of this type.
#[inline]
pub(super) const fn tells_by_content(message: u8) -> bool {
    matches!(
        message,
        kind::CLIENT_HELLO
            | kind::SERVER_HELLO
            | kind::HELLO_RETRY_DRAFT
            | kind::CERTIFICATE
            | kind::SERVER_KEY_EXCHANGE
    )
}

/// How many octets of a message of this type and length are wanted, given its first ones; and whether the cap cut that
/// down.
#[inline]
fn wanted(message: u8, claimed: usize, content: &[u8]) -> (usize, bool) {
    match message {
        kind::CLIENT_HELLO | kind::SERVER_HELLO | kind::HELLO_RETRY_DRAFT | kind::SERVER_KEY_EXCHANGE => {
            (claimed.min(HELLO_LIMIT), claimed > HELLO_LIMIT)
        }
        kind::CERTIFICATE => {
            let leaf = leaf_end(content).unwrap_or(6).min(claimed);
            (leaf.min(CERTIFICATE_LIMIT), leaf > CERTIFICATE_LIMIT)
        }
        _ => (0, false),
    }
}

/// Drafts of TLS 1.3 put 7f into ServerHello's own version (TLS-49).
const fn major_fits(message: u8, major: u8) -> bool {
    major == 3 || (major == 0x7F && message == kind::SERVER_HELLO)
}

/// Where the first certificate of a Certificate message up to TLS 1.2 ends (RFC 5246 7.4.2).
fn leaf_end(content: &[u8]) -> Option<usize> {
    let mut reader = Reader::new(content);
    reader.skip(3)?;
    Some(6 + usize::try_from(reader.u24()?).ok()?)
}

compact!(struct Assembly { gathered, header, have, must_begin, told, lost, left });
