//! SSLv2: its hello as the beginning of any version (TLS-33), and SSLv2 throughout (TLS-34).
//!
//! Records have a header of two octets (high bit set) or three (with padding). Clear messages are
//! CLIENT-HELLO, SERVER-HELLO, CLIENT-MASTER-KEY and ERROR; every other record is encrypted, and its
//! appearance in both directions completes the handshake. There is no record walk afterwards: encrypted
//! SSLv2 records can look like anything (A7).
//! Sources: "The SSL Protocol" version 2 (Hickman 1995); RFC 5246 E.2; RFC 6101 E.

use super::observer::TlsObserver;
use super::record::Mark;
use super::state::{Era, Saw};
use crate::handshake::{Evidence, Fault, Flag, Form, PerSide, Room, Shown, Side, TextKind, TlsShape};
use crate::reader::Reader;

const ERROR: u8 = 0;
const CLIENT_HELLO: u8 = 1;
const CLIENT_MASTER_KEY: u8 = 2;
const SERVER_HELLO: u8 = 4;

/// Octets kept of one clear message: a SERVER-HELLO carries a certificate (A10).
const MESSAGE_LIMIT: usize = 32 * 1024;

/// Record framing of both directions.
#[derive(Debug, Default)]
pub(super) struct Ssl2 {
    lanes: PerSide<Framing>,
    /// session-id-hit of the SERVER-HELLO: the session goes on without a new master key.
    hit: bool,
    /// CLIENT-MASTER-KEY was sent.
    keyed: bool,
}

/// Record framing of one direction.
#[derive(Debug, Default)]
struct Framing {
    header: [u8; 3],
    have: u8,
    length: u16,
    left: u16,
    /// Octets of the record were lost; what follows them is not gathered.
    damaged: bool,
    body: Vec<u8>,
}

impl Framing {
    /// Consumes octets up to the end of a record; says whether one ended.
    fn step(&mut self, input: &mut &[u8]) -> bool {
        while self.left == 0 {
            let Some((&octet, tail)) = input.split_first() else { return false };
            *input = tail;
            self.take_header(octet);
        }
        let (octets, tail) = input.split_at(input.len().min(usize::from(self.left)));
        *input = tail;
        self.left -= octets.len() as u16;
        let room = if self.damaged { 0 } else { MESSAGE_LIMIT.saturating_sub(self.body.len()) };
        self.body.extend_from_slice(octets.get(..room).unwrap_or(octets));
        self.left == 0
    }

    fn take_header(&mut self, octet: u8) {
        if let Some(place) = self.header.get_mut(usize::from(self.have)) {
            *place = octet;
        }
        self.have += 1;
        let short = self.header[0] & 0x80 != 0;
        if self.have == if short { 2 } else { 3 } {
            let mask = if short { 0x7F } else { 0x3F };
            self.length = u16::from_be_bytes([self.header[0] & mask, self.header[1]]);
            self.left = self.length;
            self.have = 0;
            self.damaged = false;
        }
    }

    /// Lets lost octets pass and says how many the record still holds; `None` when a header was among them.
    fn skip(&mut self, count: u64) -> Option<u16> {
        let count = u16::try_from(count).ok()?;
        (self.have == 0 && self.left > 0).then_some(())?;
        self.left = self.left.checked_sub(count)?;
        self.damaged = true;
        Some(self.left)
    }
}

impl TlsObserver {
    /// Whether the next octets of this direction are SSLv2 records; where that is open, `first` decides.
    #[inline]
    pub(super) fn is_ssl2(&mut self, side: Side, first: u8) -> bool {
        if self.lanes[side].is(Mark::Undecided) {
            self.decide_ssl2(side, first);
        }
        self.lanes[side].is(Mark::Ssl2)
    }

    #[cold]
    fn decide_ssl2(&mut self, side: Side, first: u8) {
        let era = self.era;
        let lane = &mut self.lanes[side];
        lane.unset(Mark::Undecided);
        if era == Era::Ssl2 || (!matches!(first, 20..=24) && first & 0x80 != 0) {
            lane.set(Mark::Ssl2);
            self.era = Era::Ssl2;
        }
    }

    /// Takes octets of a direction of SSLv2 records, to the end of one record.
    #[cold]
    pub(super) fn feed_ssl2(&mut self, side: Side, rest: &mut &[u8], seen: u64, room: &mut Room) {
        if self.lanes[side].is(Mark::Blind) {
            self.lanes[side].advance(rest.len());
            *rest = &[];
            return;
        }
        let before = rest.len();
        let framing = &mut self.cold().ssl2.lanes[side];
        if framing.have == 0 && framing.left == 0 {
            self.lanes[side].seen = seen;
        }
        let ended = self.cold().ssl2.lanes[side].step(rest);
        self.lanes[side].advance(before - rest.len());
        if ended {
            let (had_keys, kind) = (self.has_ssl2_keys(side), self.ssl2_kind(side));
            self.on_ssl2_record(side, Some(room));
            let clear = !had_keys || kind == Some(ERROR);
            let shown = kind.filter(|_| clear).map_or(Shown::Octets(Form::Opaque), Shown::Ssl2);
            let length = self.cold().ssl2.lanes[side].length;
            room.note(side, shown, u64::from(length));
        }
    }

    /// Octets of a direction of SSLv2 records were lost.
    #[cold]
    pub(super) fn skip_ssl2(&mut self, side: Side, count: u64) {
        self.lanes[side].lack(count);
        match self.cold().ssl2.lanes[side].skip(count) {
            None => self.lanes[side].go_blind(),
            Some(0) => self.on_ssl2_record(side, None),
            Some(_) => {}
        }
    }

    fn ssl2_kind(&mut self, side: Side) -> Option<u8> {
        self.cold().ssl2.lanes[side].body.first().copied()
    }

    /// Whether this side has sent what it sends in clear.
    fn has_ssl2_keys(&mut self, side: Side) -> bool {
        let (server, hello) = (side != self.client, self.saw(Saw::ServerHello));
        let ssl2 = &self.cold().ssl2;
        if server { hello } else { ssl2.keyed || ssl2.hit }
    }

    fn on_ssl2_record(&mut self, side: Side, room: Option<&mut Room>) {
        let framing = &mut self.cold().ssl2.lanes[side];
        let body = std::mem::take(&mut framing.body);
        let length = framing.length;
        let kind = body.first().copied();
        let client = side == self.client;
        let is_error = kind == Some(ERROR) && length == 3;
        if client && !self.saw(Saw::ClientHello) {
            self.on_ssl2_hello(side, &body);
        } else if is_error && !self.lanes[side].is(Mark::Changed) {
            let at = self.lanes[side].offset;
            self.fail(Fault::Alert, side, at, Evidence::Negotiated);
        } else if !client && !self.saw(Saw::ServerHello) {
            self.on_ssl2_server_hello(side, kind, &body, room);
        } else if client
            && kind == Some(CLIENT_MASTER_KEY)
            && !self.cold().ssl2.keyed
            && !self.cold().ssl2.hit
        {
            self.on_ssl2_master_key(side, &body);
        } else {
            self.on_ssl2_encrypted(side);
        }
    }

    /// CLIENT-HELLO: what follows in this direction is open until its first octet.
    fn on_ssl2_hello(&mut self, side: Side, body: &[u8]) {
        self.note(Saw::ClientHello);
        let lane = &mut self.lanes[side];
        lane.set(Mark::Started);
        if self.era != Era::Ssl2 {
            lane.unset(Mark::Ssl2);
            lane.set(Mark::Undecided);
        }
        if self.read_ssl2_hello(body).is_none() {
            self.flags.insert(Flag::Malformed);
        }
    }

    fn read_ssl2_hello(&mut self, body: &[u8]) -> Option<()> {
        let mut reader = Reader::new(body);
        (reader.u8()? == CLIENT_HELLO).then_some(())?;
        let version = reader.u16()?;
        let (kinds, session, challenge) = (reader.u16()?, reader.u16()?, reader.u16()?);
        let kinds = reader.take(usize::from(kinds))?;
        let session = reader.take(usize::from(session))?;
        self.kept.keep_ssl2(kinds, session);
        if self.options.offers {
            let version = version.to_be_bytes();
            let lists = [(TextKind::OfferedVersions, &version[..]), (TextKind::OfferedSuitesSsl2, kinds)];
            self.cold().offers = lists.into_iter().map(super::kept::text).collect();
        }
        reader.skip(usize::from(challenge))
    }

    fn on_ssl2_server_hello(&mut self, side: Side, kind: Option<u8>, body: &[u8], room: Option<&mut Room>) {
        match kind {
            Some(SERVER_HELLO) => {}
            None => {
                // Lost: it was one all the same, since encrypted records follow.
                self.note(Saw::ServerHello);
                return;
            }
            Some(_) => return self.refuse_foreign(side),
        }
        self.note(Saw::ServerHello);
        self.lanes[side].set(Mark::Started);
        self.facts.version = 0x0200;
        self.facts.evidence_parameters = Evidence::Negotiated;
        self.agree();
        if self.read_ssl2_server_hello(side, body, room).is_none() {
            self.flags.insert(Flag::Malformed);
        }
    }

    fn read_ssl2_server_hello(&mut self, side: Side, body: &[u8], room: Option<&mut Room>) -> Option<()> {
        let mut reader = Reader::new(body);
        reader.u8()?;
        let hit = reader.u8()? != 0;
        self.cold().ssl2.hit = hit;
        self.facts.shape = if hit { TlsShape::Abbreviated } else { TlsShape::Full };
        self.facts.evidence_shape = Evidence::Negotiated;
        reader.skip(3)?;
        let certificate = usize::from(reader.u16()?);
        reader.skip(4)?;
        let der = reader.take(certificate)?;
        if let (Some(room), false) = (room, der.is_empty()) {
            self.keep_certificate(side, der, room);
        }
        Some(())
    }

    fn on_ssl2_master_key(&mut self, side: Side, body: &[u8]) {
        self.cold().ssl2.keyed = true;
        self.lanes[side].set(Mark::Keyed);
        let mut reader = Reader::new(body);
        reader.u8();
        self.agree_on(reader.u24());
        if self.facts.cipher.is_none() {
            self.flags.insert(Flag::Malformed);
        }
    }

    /// A record that must be encrypted: it counts once there are keys, in both directions.
    fn on_ssl2_encrypted(&mut self, side: Side) {
        let ssl2 = &self.cold().ssl2;
        let has_keys = ssl2.keyed || ssl2.hit;
        if !has_keys && !self.is_hidden(self.client) {
            let at = self.lanes[side].offset;
            return self.fail(Fault::ProtocolViolation, side, at, Evidence::Negotiated);
        }
        let lane = &mut self.lanes[side];
        if !lane.is(Mark::Finished) {
            lane.set(Mark::Changed);
            lane.set(Mark::Finished);
            lane.done = lane.offset;
        }
        self.judge();
    }
}
