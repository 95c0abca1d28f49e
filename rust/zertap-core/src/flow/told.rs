//! The journal's view of TCP: what a segment or a timer did to the wanted connection.
//!
//! Nothing here is on the usual way of a packet: `segment_told` compares the connection before and after
//! the table handled a segment, and the calls from `follow.rs` stand where something rare happens.

use super::arrival::Arrival;
use super::connection::{Beyond, Connection, Life};
use super::follow::Workplace;
use super::table::{Guess, Identity, Table};
use crate::event::{Row, RowKind};
use crate::handshake::{Findings, Flag, Flags, Form, Journal, Moment, Phase, Shown, Side};
use crate::stream::Seq;
use crate::tls::Walk;
use crate::wire::TcpFlags;

impl Workplace<'_> {
    fn moment(&self) -> Moment {
        Moment { at: self.cause.at, packet: self.cause.packet }
    }

    /// What follows happens to this connection.
    pub(super) fn attend(&mut self, conn: &Connection) {
        let now = self.moment();
        if let Some(journal) = &mut self.room.journal {
            journal.attend(conn.number(), now);
        }
    }

    /// A connection was made for a segment that `side` sent.
    pub(super) fn opened(&mut self, conn: &Connection, side: Side, flags: TcpFlags) {
        let now = self.moment();
        if let Some(journal) = &mut self.room.journal {
            journal.opens(conn.first_packet(), conn.number(), now);
            let shown = match (flags.syn(), flags.ack()) {
                (true, false) => Shown::Syn,
                (true, true) => Shown::SynAck,
                _ => Shown::Midstream,
            };
            journal.note(Some(side), shown, 0);
        }
    }

    /// Something happened to the connection that is attended to.
    #[inline]
    pub(super) fn tell(&mut self, side: Option<Side>, shown: Shown, octets: u64) {
        if let Some(journal) = &mut self.room.journal {
            journal.note(side, shown, octets);
        }
    }

    /// Its phase is about to move.
    #[inline]
    pub(super) fn tell_move(&mut self, conn: &Connection, to: Phase) {
        if let Some(journal) = &mut self.room.journal {
            tell_move(journal, conn, to);
        }
    }

    /// A row of it was written.
    pub(super) fn tell_row(&mut self, row: &Row) {
        if let Some(journal) = &mut self.room.journal {
            journal.row(row.client);
        }
    }

    /// Its last row was written.
    pub(super) fn tell_end(&mut self, kind: RowKind) {
        if let Some(journal) = &mut self.room.journal {
            journal.ends(kind.word());
        }
    }
}

#[cold]
#[inline(never)]
fn tell_move(journal: &mut Journal, conn: &Connection, to: Phase) {
    let found = match (&conn.listening, to) {
        (Some(listening), to) if to != Phase::Clear => listening.observer.findings(),
        _ => Findings::default(),
    };
    journal.moved(conn.phase, to, found.fault, found.gave_up);
}

impl Table {
    /// As `segment`, for a tap that keeps a journal.
    #[cold]
    #[inline(never)]
    pub fn segment_told(&mut self, place: &mut Workplace<'_>, segment: &Arrival<'_>, identity: &Identity) {
        let now = place.moment();
        let Identity { key, from_low, .. } = *identity;
        let before = self.look(&key).map(|conn| Glimpse::of(conn, conn.sender(from_low)));
        let mut contents = 0;
        if let Some(journal) = &mut place.room.journal {
            match &before {
                Some(before) => {
                    journal.attend(before.number, now);
                    before.announce(segment, journal);
                }
                None => journal.turn_away(now),
            }
            contents = journal.contents();
        }
        self.segment(place, segment, identity, Guess::NONE);
        let Some(conn) = self.look(&key) else { return };
        let after = Glimpse::of(conn, conn.sender(from_low));
        let begun_before = conn.first_packet() != now.packet;
        let known = before.filter(|before| before.number == after.number);
        let (is_known, before) = (known.is_some(), known.unwrap_or_default());
        if let Some(journal) = &mut place.room.journal {
            journal.attend(after.number, now);
            if begun_before && !is_known {
                // It took another connection's place with this segment, or came by another lane.
                after.announce(segment, journal);
            }
            let read = journal.contents() > contents;
            before.compare(&after, segment, read, journal);
        }
    }
}

/// What of a connection tells how it took a segment; `side` is the segment's sender.
#[derive(Default)]
struct Glimpse {
    number: u64,
    side: Option<Side>,
    life: Life,
    phase: Phase,
    flags: Flags,
    octets: u64,
    delivered: u64,
    next: Seq,
    /// The number that a repetition of its SYN would have.
    first: Option<u32>,
    walk: Option<Walk>,
    reset_waits: bool,
}

impl Glimpse {
    fn of(conn: &Connection, side: Side) -> Self {
        let half = &conn.stream.halves[side];
        let extras = conn.extras.as_deref();
        let begin = u32::try_from(half.delivered()).ok().map(|gone| half.next().minus(gone).0);
        Self {
            number: conn.number(),
            side: Some(side),
            life: conn.life,
            phase: conn.phase,
            flags: conn.flags,
            octets: half.octets(),
            delivered: half.delivered(),
            next: half.next(),
            first: begin.filter(|_| half.is_known()),
            walk: if let Beyond::Walks(walks) = &conn.beyond { Some(walks[side]) } else { None },
            reset_waits: extras.is_some_and(|extras| extras.doubtful.or(extras.waiting_reset).is_some()),
        }
    }

    /// Tells what a segment is, before it is handled.
    fn announce(&self, segment: &Arrival<'_>, journal: &mut Journal) {
        let shown = if segment.flags.rst() {
            Shown::Rst
        } else if segment.flags.syn() && segment.flags.ack() {
            Shown::SynAck
        } else if segment.flags.syn() {
            let again = self.first == Some(segment.sequence.wrapping_add(1));
            if again || self.life == Life::HalfOpen { Shown::Syn } else { Shown::OtherSyn }
        } else {
            return;
        };
        journal.note(self.side, shown, 0);
    }

    /// Tells what a segment has done. `read`: an observer has told already what was in it.
    fn compare(&self, after: &Glimpse, segment: &Arrival<'_>, read: bool, journal: &mut Journal) {
        if segment.payload_on_wire > 0 {
            self.compare_payload(after, segment, read, journal);
        }
        for flag in after.flags.iter().filter(|flag| !self.flags.contains(*flag)) {
            // What observers notice stands in the row; it comes here too late to say which packet showed it.
            let of_tcp = (flag as u8) < Flag::MidstreamTls as u8;
            if of_tcp && !matches!(flag, Flag::Midstream | Flag::Gap | Flag::OneSided) {
                journal.note(after.side, Shown::Odd(flag), 0);
            }
        }
        if after.reset_waits && !self.reset_waits {
            journal.note(after.side, Shown::RstWaits, 0);
        }
    }

    fn compare_payload(&self, after: &Glimpse, segment: &Arrival<'_>, read: bool, journal: &mut Journal) {
        let octets = u64::from(segment.payload_on_wire);
        let moved = after.delivered.saturating_sub(self.delivered);
        if after.octets == self.octets {
            journal.note(after.side, Shown::Again, octets);
        } else if moved == 0 {
            journal.note(after.side, Shown::Waits, octets);
        } else if let Some(walk) = self.walk.filter(|_| after.walk.is_some()) {
            let in_turn = moved == octets && self.next == Seq(segment.sequence) && !segment.is_truncated();
            if !in_turn {
                return journal.note(after.side, Shown::Octets(Form::Opaque), moved);
            }
            for (kind, length) in walk.records(segment.payload) {
                journal.note(after.side, Shown::Encrypted(kind), u64::from(length));
            }
        } else if !read {
            journal.note(after.side, Shown::Octets(form(after.phase)), moved);
        }
    }
}

/// How octets were taken that no observer has told of, by what the wire has shown of their connection.
const fn form(phase: Phase) -> Form {
    match phase {
        Phase::Clear | Phase::TlsThenClear => Form::Clear,
        Phase::Unseen => Form::Unread,
        Phase::TlsComplete | Phase::SshComplete => Form::Opaque,
        Phase::TlsFailed | Phase::TlsLost | Phase::SshFailed | Phase::SshLost => Form::After,
        Phase::Silent
        | Phase::Sniffing
        | Phase::TlsBegun
        | Phase::TlsAgreed
        | Phase::TlsProvisional
        | Phase::SshBegun
        | Phase::SshAgreed => Form::Part,
    }
}
